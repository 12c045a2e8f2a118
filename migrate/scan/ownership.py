"""Whose code it is: copies, own names and packages, and what is counted apart."""

from __future__ import annotations

import posixpath
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import msgspec

from migrate.model import Apart, Role, UseKind
from migrate.scan.reading import FileReport

DUPLICATE_LINES = 10
"""Equal files below this many code lines are coincidence (empty package files, stubs), not copies. Judgement."""


INSTANCES = 3
"""Files of one folder and one shape from which they are taken for instances of one template. Judgement: two may be
alike by accident."""


def settle_roles(reports: Sequence[FileReport]) -> list[FileReport]:
    """Say whose code each file is, now that all are known: copies of NVIDIA's files, duplicates, instances."""
    return _mark_instances(_mark_duplicates(_mark_copies(reports)))


def _mark_copies(reports: Sequence[FileReport]) -> list[FileReport]:
    """Give copies of files that NVIDIA ships to NVIDIA, unless the whole repository is NVIDIA's."""
    own = [report for report in reports if report.file.role == Role.OWNED and report.file.language == "cuda"]
    by_nvidia = sum(report.file.code_lines for report in own if report.origin.nvidia and not _is_copy(report))
    others = sum(report.file.code_lines for report in own if not report.origin.nvidia)
    if by_nvidia > others:
        return list(reports)
    return [_in_role(report, Role.VENDORED) if _is_copy(report) else report for report in reports]


def _is_copy(report: FileReport) -> bool:
    return report.file.role == Role.OWNED and report.origin.shipped


def _in_role(report: FileReport, role: Role) -> FileReport:
    return report._replace(file=msgspec.structs.replace(report.file, role=role))


def _mark_duplicates(reports: Sequence[FileReport]) -> list[FileReport]:
    """Give the second and later copies of a file their role; the first by path keeps its own.

    In a folder that is a copy of another, files too small to be told from coincidence are copies too.
    """
    first: dict[str, str] = {}
    marked = []
    for report in reports:
        file = report.file
        if file.role == Role.OWNED and file.code_lines >= DUPLICATE_LINES:
            if file.content in first:
                report = _in_role(report, Role.DUPLICATE)._replace(copy_of=first[file.content])  # noqa: PLW2901
            first.setdefault(file.content, file.path)
        marked.append(report)
    found = Counter(_trees(report.file.path, report.copy_of) for report in marked if report.copy_of)
    trees = {copy: original for (copy, original), files in sorted(found.items()) if files >= COPIED_FILES}
    if not trees:
        return marked
    contents = {report.file.path: report.file.content for report in marked}
    return [_as_part_of_tree(report, trees, contents) for report in marked]


COPIED_FILES = 2
"""Equal files from which a folder is a copy of another. Judgement."""


def _trees(path: str, copy_of: str) -> tuple[str, str]:
    """Return the largest folders that may be copies of each other, given that two files are.

    Folders of the same name below different ones make those two a pair, as long as neither holds the other.
    """
    copy, original = path.split("/")[:-1], copy_of.split("/")[:-1]
    while copy and original and copy[-1] == original[-1]:
        above, beside = copy[:-1], original[:-1]
        if above == beside[: len(above)] or beside == above[: len(beside)]:
            break
        copy, original = above, beside
    return "/".join(copy), "/".join(original)


def _as_part_of_tree(report: FileReport, trees: Mapping[str, str], contents: Mapping[str, str]) -> FileReport:
    """Mark a small file that lies in a copied folder where its equal lies in the original."""
    file = report.file
    if file.role != Role.OWNED or not file.code_lines:
        return report
    folder = file.path
    while folder:
        folder = folder.rpartition("/")[0]
        if folder in trees:
            twin = (trees[folder] + file.path[len(folder) :]).lstrip("/") if folder else ""
            if twin != file.path and contents.get(twin) == file.content:
                return _in_role(report, Role.DUPLICATE)._replace(copy_of=twin)
    return report


def _mark_instances(reports: Sequence[FileReport]) -> list[FileReport]:
    """Let the first of many instances of one template stand for all of them: it is priced, the others are not.

    That holds for instances that a program wrote as well: none of them priced would be none of the work.
    """
    groups: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number, report in enumerate(reports):
        if report.origin.shape and report.file.role in (Role.OWNED, Role.GENERATED):
            groups[_folder(report.file.path), report.origin.shape].append(number)
    marked = list(reports)
    for group in groups.values():
        if len(group) >= INSTANCES:
            for place, number in enumerate(sorted(group, key=lambda one: marked[one].file.path)):
                marked[number] = _in_role(marked[number], Role.GENERATED if place else Role.OWNED)
    return marked


def without_own_names(reports: Sequence[FileReport], own: Sequence[tuple[str, str]]) -> list[FileReport]:
    """Drop what the repository defines itself: its own functions and macros, and the packages it is the home of.

    A name that a table knows stays the platform's even where a header of the repository declares it again.
    """
    names = {name for report in reports for name in report.definitions}
    kept = []
    for report in reports:
        here = {package for root, package in own if report.file.path.startswith(root)}
        sightings = tuple(
            sighting
            for sighting in report.sightings
            if not (sighting.use.kind in _PYTHON_NAMES and sighting.use.name.partition(".")[0] in here)
            and (sighting.known or sighting.symbol not in names)
        )
        kept.append(report._replace(sightings=sightings))
    return kept


_PYTHON_NAMES = frozenset({UseKind.IMPORT, UseKind.CALL, UseKind.ATTRIBUTE})
_SOURCE_FOLDERS = ("", "src/", "python/", "lib/")
"""Where a project keeps its top-level packages, below the folder of its build file."""


def own_packages(reports: Sequence[FileReport]) -> list[tuple[str, str]]:
    """Return the top-level Python packages of the repository, each with the folder whose code can import it.

    A folder that only happens to bear a package's name (`backends/torch`, stubs in `typings/torch`) owns nothing.
    """
    paths = {report.file.path for report in reports}
    projects = {"", *(_folder(path) for path in paths if path.rpartition("/")[2] in _PROJECT_FILES)}
    roots = {project + below: project for project in sorted(projects, reverse=True) for below in _SOURCE_FOLDERS}
    found = []
    for report in reports:
        path, name = report.file.path, "__init__.py"
        if report.file.role not in (Role.OWNED, Role.GENERATED) or not path.endswith("/" + name):
            continue
        package = path.removesuffix("/" + name)
        parent = _folder(package)
        if parent in roots:
            found.append((roots[parent], package.rpartition("/")[2]))
    return found


_PROJECT_FILES = frozenset({"setup.py", "pyproject.toml"})


def _folder(path: str) -> str:
    """Return the folder of a path with a slash at its end, or nothing at the root."""
    return path[: path.rfind("/") + 1]


def count_apart(reports: Sequence[FileReport]) -> tuple[Apart, ...]:
    """Count what is not the repository's own, by role and folder."""
    paths: dict[str, list[str]] = defaultdict(list)
    for report in reports:
        paths[report.file.path.rpartition("/")[2]].append(report.file.path)
    groups: dict[tuple[Role, str, str], list[FileReport]] = defaultdict(list)
    for report in reports:
        if report.file.role != Role.OWNED:
            groups[(report.file.role, *_place(report))].append(report)
    apart = []
    for (role, place, copy_of), group in groups.items():
        libraries = Counter(sighting.library for report in group for sighting in report.sightings)
        most = sorted(libraries.items(), key=lambda entry: (-entry[1], entry[0]))[:5]
        makers = {_nearest(paths.get(report.origin.generator, ()), report.file.path) for report in group}
        apart.append(
            Apart(
                role=role,
                place=place,
                files=len(group),
                code_lines=sum(report.file.code_lines for report in group),
                uses=libraries.total(),
                libraries=dict(most),
                copy_of=copy_of,
                made_by=tuple(sorted(makers - {""})[:_MAKERS]),
            )
        )
    return tuple(sorted(apart, key=lambda entry: (-entry.uses, entry.role, entry.place, entry.copy_of)))


_MAKERS = 5
"""Generators that are named for one place."""


def _nearest(paths: Sequence[str], path: str) -> str:
    """Return the path that shares the longest beginning with another, empty when there is none."""
    return max(paths, key=lambda one: len(posixpath.commonprefix((one, path))), default="")


def _place(report: FileReport) -> tuple[str, str]:
    """Return the folder that a file is counted under, and the one that it is a copy of."""
    if report.copy_of:
        copy, original = _trees(report.file.path, report.copy_of)
        return copy or ".", original or "."
    return "/".join(report.file.path.split("/")[:-1][:2]) or ".", ""
