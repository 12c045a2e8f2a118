"""What of the code is ported already: branches, shims, twins, translation at build; and how far that brings it."""

from __future__ import annotations

import posixpath
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from migrate.languages.preprocessor import TARGET_HEADERS
from migrate.model import Answer, Change, Finding, Link, LinkKind, Role, Status, Use, UseKind
from migrate.model.links import ASKS, COMPILED, HIPIFIED, PENDING, SHIM
from migrate.model.porting import BackEnd, Cover, PortingProgress
from migrate.scan.includes import included, left_out, reached, seen_by
from migrate.scan.paths import Paths
from migrate.scan.reading import FileReport
from migrate.scan.twins import Twins, folders

HIPIFY_TARGET = "rocm"
"""The only target that PyTorch's build translates CUDA for."""
_NATIVE = "cuda"
_NAMED = frozenset({UseKind.CALL, UseKind.NAME, UseKind.MACRO, UseKind.LAUNCH})
_EVERYBODY = "*"
_COMPILES = frozenset({Change.RENAME, Change.ADAPT, None})
"""Changes that what a target's build compiles has behind it, or never needed; worse ones tell of an unfinished port."""


class Porting:
    """What the whole repository says about who already has what."""

    def __init__(self, reports: Sequence[FileReport]) -> None:
        paths = Paths(report.file.path for report in reports)
        includes = included(reports, paths)
        self._tests = _tests(reports)
        self._shims = _Shims(reports, includes)
        self._twins = Twins(reports, includes, left_out(reports, paths))
        self._hipified = _hipified(reports, paths, includes)
        self._compiled = _compiled(reports, includes, self._hipified)
        owned = {report.file.path for report in reports if report.file.role == Role.OWNED}
        self._own_back_ends = {path: who for path, who in self._twins.back_ends.items() if path in owned}

    def guards(self, use: Use) -> tuple[str, ...]:
        """Return what guards a use, tests that other files define resolved."""
        if not any(guard.startswith(PENDING) for guard in use.guarded_by):
            return use.guarded_by
        known = {guard for guard in use.guarded_by if not guard.startswith(PENDING)}
        for guard in use.guarded_by:
            if guard.startswith(PENDING):
                known |= self._tests.get(guard.removeprefix(PENDING), frozenset())
        return tuple(sorted(known))

    def covered(self, path: str, use: Use, language: str, target: str, answer: Answer) -> Answer:
        """Return a target's answer to a use, with why it is no work any more if it is none.

        Args:
            path: File of the use.
            use: With its guards resolved, see `guards`.
            language: Front end id of the code that holds it.
            target: Target id.
            answer: What the rule book says, guards included.
        """
        if answer.guarded:
            return msgspec.structs.replace(answer, cover=_of_guards(use))
        if language == _NATIVE and use.kind in _NAMED and (shim := self._shims.of(path, target, use)):
            return _done(answer, Cover.SHIM, f"{shim} gives the name its meaning there")
        if twin := self._twins.of(path, target):
            return _done(answer, Cover.TWIN, f"{twin} does the same there")
        extension = self._hipified.get(path) if target == HIPIFY_TARGET and answer.change == Change.RENAME else None
        if extension and use.kernel is None:
            return _done(answer, Cover.HIPIFY, f"the build of {extension} translates it")
        if language == _NATIVE and target in self._compiled.get(path, ()) and answer.change in _COMPILES:
            return _done(answer, Cover.BRANCH, "conditions in the file ask for its build, so it compiles this too")
        if extension:
            # What a kernel does with the device is not in its head: its features decide whether it is work.
            done = _done(answer, Cover.HIPIFY, f"the build of {extension} translates it")
            return msgspec.structs.replace(done, guarded=False)
        return answer

    def progress(self, target: str, findings: Iterable[Finding]) -> PortingProgress:
        """Count what of the owned findings that differ on a target is no work for it any more."""
        covered: Counter[Cover] = Counter()
        uses = kernels = kernels_covered = 0
        for finding in findings:
            answer = finding.answers[target]
            cover = answer.cover
            if finding.role != Role.OWNED or finding.suppressed is not None or cover == Cover.FOREIGN:
                continue
            if answer.change == Change.NONE and not answer.guarded:
                continue  # the same on both
            uses += 1
            kernels += finding.kernel is not None
            if cover is not None and answer.guarded:
                covered[cover] += 1
                kernels_covered += finding.kernel is not None
        places = folders(self._own_back_ends, target)
        return PortingProgress(
            uses=uses,
            covered=dict(sorted(covered.items())),
            kernels=kernels,
            kernels_covered=kernels_covered,
            back_ends=tuple(BackEnd(place=place, files=files) for place, files in places),
            hipified=tuple(sorted(set(self._hipified.values()))) if target == HIPIFY_TARGET else (),
        )


def _of_guards(use: Use) -> Cover:
    """Tell a branch of the target's own from a portable form and from other vendors' code."""
    if _EVERYBODY not in use.guarded_by:
        return Cover.BRANCH
    return Cover.PORTABLE if len(use.guarded_by) == 1 else Cover.FOREIGN


def _done(answer: Answer, cover: Cover, note: str) -> Answer:
    """Return the answer to a use that is no work any more, with the reason in its note."""
    return Answer(
        status=Status.SUPPORTED,
        change=Change.NONE,
        equivalent=answer.equivalent,
        basis=answer.basis,
        source=answer.source,
        guarded=True,
        note=f"{answer.note} ({note})" if answer.note else note,
        cover=cover,
    )


def _tests(reports: Sequence[FileReport]) -> dict[str, frozenset[str]]:
    """Return name -> targets that it asks about, for the functions and variables that are such tests.

    A name that several files define counts when they all ask the same.
    """
    asked: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for report in reports:
        for link in _facts(report, ASKS):
            asked[link.to][report.file.path].add(link.via.removeprefix(ASKS))
    agreed = {}
    for name, by_file in asked.items():
        answers = {frozenset(targets) for targets in by_file.values()}
        if len(answers) == 1:
            agreed[name] = answers.pop()
    return agreed


def _facts(report: FileReport, kind: str) -> Iterator[Link]:
    """Yield the links of a file that state a fact of one kind."""
    return (link for link in report.links if link.kind == LinkKind.BINDING and link.via.startswith(kind))


class _Shims:
    """CUDA names that headers of the repository map to another vendor's."""

    def __init__(self, reports: Sequence[FileReport], includes: Mapping[str, Sequence[str]]) -> None:
        self._files: list[str] = []
        self._given: dict[tuple[str, str], int] = defaultdict(int)
        """(target, name) -> bit set of the files that map it."""
        marks: dict[str, int] = {}
        for report in reports:
            links = list(_facts(report, SHIM))
            if not links:
                continue
            mark = marks[report.file.path] = 1 << len(self._files)
            self._files.append(report.file.path)
            for link in links:
                self._given[link.via.removeprefix(SHIM), link.to] |= mark
        self._seen = seen_by(marks, includes)

    def of(self, path: str, target: str, use: Use) -> str:
        """Return the file that gives a used name its meaning on a target, empty when none does."""
        seen = self._seen.get(path, 0)
        if not seen:
            return ""
        names = [use.name]
        if "::" in use.name:
            names.append(use.name.partition("::")[0] + "::")
        given = 0
        for name in names:
            given |= seen & self._given.get((target, name), 0)
        return self._files[(given & -given).bit_length() - 1] if given else ""


def _hipified(reports: Sequence[FileReport], paths: Paths, includes: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return file -> the extension with which PyTorch's build translates it to HIP.

    What is translated are an extension's sources and the files of the repository that they include.
    """
    found: dict[str, str] = {}
    for report in reports:
        if report.file.role == Role.VENDORED:
            continue  # its build is not the repository's
        for link in (*_facts(report, HIPIFIED), *_translated_by_cmake(report)):
            for file in sorted(reached(_sources(report, link.to, paths), includes)):
                found.setdefault(file, _shown(link.to, report.file.path))
    return found


def _compiled(
    reports: Sequence[FileReport], includes: Mapping[str, Sequence[str]], hipified: Iterable[str]
) -> dict[str, frozenset[str]]:
    """Return file -> the targets whose build compiles it: it asks for them, and their names reach it.

    Either a header of the vendor's is among all that it includes, or the build puts the vendor's names into it.
    """
    bits = {target: 1 << place for place, target in enumerate(sorted({*TARGET_HEADERS.values(), HIPIFY_TARGET}))}
    marks: dict[str, int] = defaultdict(int)
    for report in reports:
        for link in report.links:
            if link.kind == LinkKind.INCLUDE and (target := TARGET_HEADERS.get(link.to)):
                marks[report.file.path] |= bits[target]
    seen = seen_by(marks, includes)
    translated = dict.fromkeys(hipified, bits[HIPIFY_TARGET])
    found = {}
    for report in reports:
        path = report.file.path
        reached_by = seen.get(path, 0) | translated.get(path, 0)
        asked = {link.to for link in _facts(report, COMPILED)} if reached_by else set()
        if targets := frozenset(target for target in asked if reached_by & bits.get(target, 0)):
            found[path] = targets
    return found


def _translated_by_cmake(report: FileReport) -> Iterator[Link]:
    """Yield the targets of a CMake file that has its sources translated, each named as an extension is."""
    if report.file.language != "cmake":
        return
    kinds = (LinkKind.INCLUDE, LinkKind.REQUIRES, LinkKind.LINK)
    needs = {link.to.lower() for link in report.links if link.kind in kinds}
    if any("hipify" in need or need == "torch_hip" for need in needs):
        for name in dict.fromkeys(link.via for link in report.links if link.kind == LinkKind.BUILD and link.via):
            yield Link(kind=LinkKind.BINDING, to=name, via=HIPIFIED)


def _sources(report: FileReport, name: str, paths: Paths) -> set[str]:
    """Return the sources of an extension, or the native files below when they are put together at run time."""
    asking = report.file.path
    if name.endswith("*") and "/" in name:
        return {path for path in paths.below(_folder(asking, name)) if path.endswith(_TRANSLATED)}
    sources = {
        source
        for link in report.links
        if link.kind == LinkKind.BUILD and link.via == name
        for source in paths.sources(link.to, asking)
    }
    return sources or _native_below(posixpath.dirname(asking), paths)


def _folder(asking: str, pattern: str) -> str:
    """Return the folder that a pattern such as `csrc/*` names."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(asking), pattern.rstrip("*").rstrip("/")))


def _native_below(folder: str, paths: Paths) -> set[str]:
    """Return the native files below a folder, or below the nearest one around it that has any."""
    while True:
        found = {path for path in paths.below(folder) if path.endswith(_TRANSLATED)}
        if found or not folder:
            return found
        folder = posixpath.dirname(folder)


_TRANSLATED = (".cu", ".cuh", ".c", ".cc", ".cpp", ".cxx", ".h", ".hpp")
"""Endings of the files that PyTorch's translator looks at (torch.utils.hipify, its default)."""


def _shown(name: str, path: str) -> str:
    return path if "*" in name else f"{name} ({path})"
