"""Files of the repository that do for another vendor what a CUDA file does.

A file counts as written for a target by its content (see `BACKEND` links, imports of a vendor's package, includes of
another such file). It is the twin of a CUDA file that bears the same name once the vendors' words are left out of both
paths, or that defines the functions which the CUDA file offers.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

from migrate.languages.preprocessor import TARGET_FOLDERS, targets_of_path
from migrate.model import LinkKind, UseKind
from migrate.model.links import BACKEND, FUNCTION, PROVIDES
from migrate.scan.reading import FileReport

VENDOR_PACKAGES = {
    "torch_npu": "cann",
    "acl": "cann",
    "te": "cann",
    "mindspeed": "cann",
    "torch_musa": "musa",
    "torch_mlu": "mlu",
    "intel_extension_for_pytorch": "intel",
    "habana_frameworks": "gaudi",
    "torch_xla": "tpu",
    "aiter": "rocm",
    "amdsmi": "rocm",
}
"""Python package -> the target that code which imports it, in a folder or file of that name, is written for."""

_LEFT_OUT = frozenset({*TARGET_FOLDERS, "cuda", "gpu", "dp", "nvidia", "cu"})
"""Words that only say for whom a file is; `dp` marks what Intel's tool translated."""
_WORDS = re.compile(r"[_.-]")
_LIBRARY = re.compile(
    r"\A(?:(?:cu|hip|roc|mu)(?=(?:blas|sparse|fft|rand|solver|dnn|tensor|complex)(?:lt)?\Z)|[nrhm](?=ccl\Z)|(?:nv|roc)(?=tx\Z))"
)
"""What begins the vendors' names of one and the same library: `cusparse`, `hipsparse`."""
_FEWEST_SHARED = 2
"""Functions that two files of different names must both define to be twins; one may be a coincidence (judgement)."""
_SHORTEST_SHARED = 5
"""Letters that a function's name must have, vendors' words left out, to tell files apart: not `run`, not `init`."""
_COMMON = frozenset({"forward", "backward", "launch", "kernel", "create", "destroy", "compute", "apply"})
_NATIVE = "cuda"


class Twins:
    """For each file, its twins for other targets.

    Args:
        reports: All files.
        includes: File -> the files it includes.
        left_out: Target -> file -> those of them that the target's build never reaches from it.
    """

    def __init__(
        self,
        reports: Sequence[FileReport],
        includes: Mapping[str, Sequence[str]],
        left_out: Mapping[str, Mapping[str, AbstractSet[str]]],
    ) -> None:
        self.back_ends: dict[str, set[str]] = {}
        """File -> targets that it is written for."""
        for report in reports:
            if written_for := set(_written_for(report)):
                self.back_ends[report.file.path] = written_for
        self._through_helpers(includes)
        self._twins: dict[tuple[str, str], str] = {}
        self._same_names(reports)
        self._same_functions(reports)
        self._headers(reports, includes, left_out)

    def of(self, path: str, target: str) -> str:
        """Return the file that does the same for a target, empty when there is none."""
        return self._twins.get((path, target), "")

    def _through_helpers(self, includes: Mapping[str, Sequence[str]]) -> None:
        """Count files that bear a target's name and include a file written for it: they reach its interfaces so."""
        for path, included in includes.items():
            written_for = {target for file in included for target in self.back_ends.get(file, ())}
            if more := written_for & targets_of_path(path):
                self.back_ends.setdefault(path, set()).update(more)

    def _same_names(self, reports: Sequence[FileReport]) -> None:
        written: dict[tuple[str, str], str] = {}
        for path in sorted(self.back_ends):
            for target in self.back_ends[path]:
                written.setdefault((_plain(path), target), path)
        targets = sorted({target for _, target in written})
        for report in reports:
            path = report.file.path
            plain = _plain(path)
            for target in targets:
                twin = written.get((plain, target), "")
                if twin and self._is_native(path) and _alike(path, twin):
                    self._twins[path, target] = twin

    def _is_native(self, path: str) -> bool:
        """Tell whether a file may be the CUDA side: it is written for nobody else."""
        return path not in self.back_ends and not targets_of_path(path)

    def _same_functions(self, reports: Sequence[FileReport]) -> None:
        offered = {report.file.path: names for report in reports if (names := frozenset(_offers(report)))}
        definers: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for path in sorted(self.back_ends):
            for name in sorted(offered.get(path, ())):
                definers[name] += [(target, path) for target in sorted(self.back_ends[path])]
        for path, names in sorted(offered.items()):
            if not self._is_native(path):
                continue
            shared: Counter[tuple[str, str]] = Counter()
            for name in names:
                shared.update(definers.get(name, [])[:_MOST_DEFINERS])
            for (target, twin), count in sorted(shared.items()):
                if count >= _FEWEST_SHARED and 2 * count >= len(names):
                    self._twins.setdefault((path, target), twin)

    def _headers(
        self,
        reports: Sequence[FileReport],
        includes: Mapping[str, Sequence[str]],
        left_out: Mapping[str, Mapping[str, AbstractSet[str]]],
    ) -> None:
        """Cover what only covered files include, or others where the target has a branch: it never compiles it."""
        users: Counter[str] = Counter()
        for path, included in includes.items():
            if path not in self.back_ends:
                users.update(included)
        native = {report.file.path for report in reports if report.file.language == _NATIVE}
        for target in sorted({target for _, target in self._twins} | set(left_out)):
            left = {header: count for header, count in users.items() if header in native and self._is_native(header)}
            work = [(path, header) for path, headers in left_out.get(target, {}).items() for header in headers]
            apart = set(work)
            covered = [path for path, for_target in self._twins if for_target == target]
            work += [
                (path, header) for path in covered for header in includes.get(path, ()) if (path, header) not in apart
            ]
            work.sort(reverse=True)
            while work:
                path, header = work.pop()
                if header not in left or path in self.back_ends or (header, target) in self._twins:
                    continue
                left[header] -= 1
                if not left[header]:
                    self._twins[header, target] = self._stand_in(path, target, includes)
                    work += [(header, other) for other in includes.get(header, ()) if (header, other) not in apart]

    def _stand_in(self, path: str, target: str, includes: Mapping[str, Sequence[str]]) -> str:
        """Return what a target compiles in the place of a header: a file's twin, or what the file includes for it."""
        if twin := self._twins.get((path, target)):
            return twin
        return next((file for file in includes[path] if target in self.back_ends.get(file, ())), path)


_MOST_DEFINERS = 20
"""Back-end files that are compared for one function's name; a name in more of them tells nothing (judgement)."""


def _written_for(report: FileReport) -> Iterator[str]:
    path = report.file.path
    for link in report.links:
        if link.kind == LinkKind.BINDING and link.via == BACKEND:
            yield link.to
    if report.file.language == "python" and (named := _named(path)):
        for link in report.links:
            target = VENDOR_PACKAGES.get(link.to.partition(".")[0], "") if link.kind == LinkKind.IMPORT else ""
            if target in named:
                yield target
        for sighting in report.sightings:
            if sighting.use.kind == UseKind.IMPORT:
                continue
            yield from named.intersection(sighting.use.guarded_by)


def _named(path: str) -> set[str]:
    """Return the targets that a folder, or any word of a Python file's name, speaks of: `npu_accelerator.py`."""
    words = _WORDS.split(posixpath.basename(path).lower())
    return targets_of_path(path) | {TARGET_FOLDERS[word] for word in words if word in TARGET_FOLDERS}


def _offers(report: FileReport) -> Iterator[str]:
    """Yield the functions that a file offers, by the words that are not a vendor's."""
    for link in report.links:
        if link.kind == LinkKind.BINDING and link.via == PROVIDES and link.to.startswith(FUNCTION):
            name = _plain_words(link.to.removeprefix(FUNCTION).lower())
            if len(name) >= _SHORTEST_SHARED and name not in _COMMON:
                yield name


def _plain(path: str) -> str:
    """Return a path without its suffix and without the words that only say for whom it is."""
    *folders, name = path.lower().split("/")
    stem = posixpath.splitext(name)[0]
    return "/".join([*filter(None, map(_plain_words, folders)), _plain_words(stem)])


def _plain_words(name: str) -> str:
    words = (_LIBRARY.sub("", word) for word in _WORDS.split(name) if word not in _LEFT_OUT)
    return "_".join(word for word in words if word)


def _alike(path: str, twin: str) -> bool:
    """Tell whether both are Python, or both are not."""
    return path.endswith(".py") == twin.endswith(".py")


def folders(back_ends: Mapping[str, Iterable[str]], target: str) -> list[tuple[str, int]]:
    """Return the folders that hold a target's back ends, with their numbers of files, most first.

    A folder is the outermost one that bears the target's name, else the file's own.
    """
    counts: Counter[str] = Counter()
    for path, targets in back_ends.items():
        if target in targets:
            counts[_place(path, target)] += 1
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _place(path: str, target: str) -> str:
    parts = path.split("/")
    for depth in range(1, len(parts)):
        if target in targets_of_path("/".join([*parts[:depth], "x"])):
            return "/".join(parts[:depth])
    return posixpath.dirname(path) or "."
