"""Which files the files of a tree include, and what that lets them see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from migrate.model import LinkKind
from migrate.model.links import APART
from migrate.scan.paths import Paths
from migrate.scan.reading import FileReport

_CYTHON = ".pyx"
"""Ending of a Cython module: it sees what the `.pxd` of its name declares, without a word (Cython's manual)."""


def included(reports: Sequence[FileReport], paths: Paths) -> dict[str, tuple[str, ...]]:
    """Return file -> the files of the tree that its include lines name, each once."""
    found = {}
    for report in reports:
        path = report.file.path
        names = dict.fromkeys(link.to for link in report.links if link.kind == LinkKind.INCLUDE)
        files = dict.fromkeys(file for name in names if (file := paths.include(name, path)) and file != path)
        if path.endswith(_CYTHON) and (header := f"{path[: -len(_CYTHON)]}.pxd") in paths:
            files[header] = None
        if files:
            found[path] = tuple(files)
    return found


def left_out(reports: Sequence[FileReport], paths: Paths) -> dict[str, dict[str, set[str]]]:
    """Return target -> file -> those of the files it includes that the target's build never reaches from it."""
    found: dict[str, dict[str, set[str]]] = {}
    for report in reports:
        for link in report.links:
            if link.kind == LinkKind.BINDING and link.via.startswith(APART):
                path, target = report.file.path, link.via.removeprefix(APART)
                if (file := paths.include(link.to, path)) and file != path:
                    found.setdefault(target, {}).setdefault(path, set()).add(file)
    return found


def reached(start: Iterable[str], includes: Mapping[str, Sequence[str]]) -> set[str]:
    """Return files and all that they include, directly or through others."""
    seen = set(start)
    work = list(seen)
    while work:
        for file in includes.get(work.pop(), ()):
            if file not in seen:
                seen.add(file)
                work.append(file)
    return seen


def seen_by(marks: Mapping[str, int], includes: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Return file -> the marks (bit sets, joined) of itself and all that it includes; files without any are left out.

    Files that include each other see the same: they are found as strongly connected components (Tarjan 1972), which
    takes one look at each include line.
    """
    walk = _Components(includes, marks)
    for file in (*includes, *marks):
        walk.visit(file)
    return {file: mark for file, mark in walk.result.items() if mark}


class _Components:
    """Tarjan's algorithm without recursion, which joins the marks of a component as it closes it."""

    def __init__(self, includes: Mapping[str, Sequence[str]], marks: Mapping[str, int]) -> None:
        self.result: dict[str, int] = {}
        """Of the files whose component is closed."""
        self._includes = includes
        self._marks = marks
        self._number: dict[str, int] = {}
        self._lowest: dict[str, int] = {}
        self._open: list[str] = []

    def visit(self, file: str) -> None:
        """Close the components of a file and of all that it reaches."""
        if file in self._number:
            return
        path = [(file, iter(self._enter(file)))]
        while path:
            current, rest = path[-1]
            following = next((one for one in rest if self._is_ahead(current, one)), None)
            if following is not None:
                path.append((following, iter(self._enter(following))))
                continue
            path.pop()
            if path:
                above = path[-1][0]
                self._lowest[above] = min(self._lowest[above], self._lowest[current])
            if self._lowest[current] == self._number[current]:
                self._close(current)

    def _enter(self, file: str) -> Sequence[str]:
        self._number[file] = self._lowest[file] = len(self._number)
        self._open.append(file)
        return self._includes.get(file, ())

    def _is_ahead(self, file: str, other: str) -> bool:
        """Tell whether a file is still to be entered; one that is open ties the two together."""
        if other not in self._number:
            return True
        if other not in self.result:
            self._lowest[file] = min(self._lowest[file], self._number[other])
        return False

    def _close(self, file: str) -> None:
        members: list[str] = []
        while not members or members[-1] != file:
            members.append(self._open.pop())
        mark = 0
        for member in members:
            mark |= self._marks.get(member, 0)
            for other in self._includes.get(member, ()):
                mark |= self.result.get(other, 0)
        self.result.update(dict.fromkeys(members, mark))
