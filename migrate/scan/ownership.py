"""Whose code it is: copies, own names and packages, and what is counted apart."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

import msgspec

from migrate.model import Apart, Role, UseKind
from migrate.scan.reading import FileReport

DUPLICATE_LINES = 10
"""Equal files below this many code lines are coincidence (empty package files, stubs), not copies. Judgement."""


def mark_duplicates(reports: Sequence[FileReport]) -> list[FileReport]:
    """Give the second and later copies of a file their role; the first by path keeps its own."""
    first: set[str] = set()
    marked = []
    for report in reports:
        file = report.file
        if file.role == Role.OWNED and file.code_lines >= DUPLICATE_LINES:
            if file.content in first:
                report = report._replace(file=msgspec.structs.replace(file, role=Role.DUPLICATE))  # noqa: PLW2901
            first.add(file.content)
        marked.append(report)
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
    groups: dict[tuple[Role, str], list[FileReport]] = defaultdict(list)
    for report in reports:
        if report.file.role != Role.OWNED:
            groups[report.file.role, "/".join(report.file.path.split("/")[:-1][:2]) or "."].append(report)
    apart = []
    for (role, place), group in groups.items():
        libraries = Counter(sighting.library for report in group for sighting in report.sightings)
        most = sorted(libraries.items(), key=lambda entry: (-entry[1], entry[0]))[:5]
        apart.append(
            Apart(
                role=role,
                place=place,
                files=len(group),
                code_lines=sum(report.file.code_lines for report in group),
                uses=libraries.total(),
                libraries=dict(most),
            )
        )
    return tuple(sorted(apart, key=lambda entry: (-entry.uses, entry.role, entry.place)))
