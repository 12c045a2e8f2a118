"""Which files of the tree a path, a glob or an include means; nothing here touches the disk."""

from __future__ import annotations

import bisect
import fnmatch
import posixpath
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

_WILD = re.compile(r"[*?\[]")
_MOST_LOOKED_AT = 5_000_000
"""Paths compared with globs in one tree, for all globs together; the largest build files stay far below (judgement)."""


class Choice(NamedTuple):
    """What a name that several files give means to one that asks."""

    path: str
    rivals: int
    """How many files are as near."""


class Homes:
    """The files that give one name; whoever asks means the one that shares the longest leading path with it."""

    def __init__(self, paths: Iterable[str]) -> None:
        self.paths = sorted(set(paths))
        self._below: dict[str, Choice | None] = {}

    def nearest(self, asking: str) -> Choice:
        """Return the file that a file means: itself, else the nearest, of several the one least deep."""
        place = bisect.bisect_left(self.paths, asking)
        if self.paths[place : place + 1] == [asking]:
            return Choice(asking, 0)
        folder = posixpath.dirname(asking)
        while (found := self._under(folder)) is None:
            folder = posixpath.dirname(folder)
        return found

    def _under(self, folder: str) -> Choice | None:
        """Return the choice among the files in a folder and below; each folder is looked at once."""
        if folder not in self._below:
            found = within(self.paths, folder)
            best = min(found, key=lambda path: (path.count("/"), path), default=None)
            self._below[folder] = None if best is None else Choice(best, len(found) - 1)
        return self._below[folder]


def within(paths: Sequence[str], folder: str) -> Sequence[str]:
    """Return those of sorted paths that are in a folder or below it; the root is the empty folder."""
    if not folder:
        return paths
    first = bisect.bisect_left(paths, folder + "/")
    return paths[first : bisect.bisect_left(paths, folder + "0", first)]  # "0" follows "/"


def homes(pairs: Iterable[tuple[str, str]]) -> Mapping[str, Homes]:
    """Group (name, path) pairs by name."""
    groups: dict[str, list[str]] = defaultdict(list)
    for name, path in pairs:
        groups[name].append(path)
    return {name: Homes(paths) for name, paths in groups.items()}


class Paths:
    """The paths of one tree, indexed for the questions that build files and include lines ask."""

    def __init__(self, paths: Iterable[str]) -> None:
        self.all = sorted(set(paths))
        self._known = frozenset(self.all)
        self._turned = sorted(_turned(path) for path in self.all)
        self._by_tail: dict[str, Homes | None] = {}
        self._by_folder: dict[str, list[str]] = defaultdict(list)
        for path in self.all:
            self._by_folder[posixpath.dirname(path)].append(path)
        self._globs: dict[str, tuple[str, ...]] = {}
        self._left = _MOST_LOOKED_AT

    def __contains__(self, path: str) -> bool:
        """Tell whether the tree has this file."""
        return path in self._known

    def include(self, path: str, asking: str) -> str | None:
        """Return the file of an include: beside the asking file, else the one whose path ends in it."""
        beside = posixpath.normpath(posixpath.join(posixpath.dirname(asking), path))
        if beside in self._known:
            return beside
        found = self._ending_in(posixpath.normpath(path).lstrip("./"))
        return found.nearest(asking).path if found else None

    def _ending_in(self, tail: str) -> Homes | None:
        """Return the files whose path is this, or ends in it behind a slash."""
        if tail not in self._by_tail:
            turned = _turned(tail)
            found = [_turned(key) for key in within(self._turned, turned)] if tail else []
            found += [tail] if tail in self._known else []
            self._by_tail[tail] = Homes(found) if found else None
        return self._by_tail[tail]

    def sources(self, pattern: str, asking: str) -> tuple[str, ...]:
        """Return the files of a source path or glob in a build file."""
        if not _WILD.search(pattern):
            found = self.include(pattern, asking)
            return (found,) if found else ()
        full = posixpath.normpath(posixpath.join(posixpath.dirname(asking), pattern))
        if full not in self._globs:
            self._globs[full] = tuple(self._matching(full))
        return self._globs[full]

    def below(self, folder: str) -> Sequence[str]:
        """Return the files in a folder and below it; the root is the empty folder."""
        return within(self.all, folder)

    def _matching(self, pattern: str) -> Iterator[str]:
        wild = _WILD.search(pattern)
        fixed = posixpath.dirname(pattern[: wild.start()] if wild else pattern)
        shallow = "**" not in pattern
        candidates = self._by_folder.get(fixed, []) if fixed == posixpath.dirname(pattern) else self.below(fixed)
        self._left -= len(candidates)
        if self._left < 0:
            return
        depth = pattern.count("/")
        matches = re.compile(fnmatch.translate(pattern.replace("**/", "*"))).match
        for path in candidates:
            if (not shallow or path.count("/") == depth) and matches(path):
                yield path


def _turned(path: str) -> str:
    """Return a path from its name to its outermost folder, so that equal endings sort together."""
    return "/".join(reversed(path.split("/")))
