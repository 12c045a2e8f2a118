"""What a lock file pins, as a graph: which locked package brings which."""

from __future__ import annotations

import re
from collections import defaultdict, deque
from collections.abc import Collection, Iterator
from collections.abc import Set as AbstractSet

from migrate.languages.requirement import Manifest, cuda_tag, normalised
from migrate.model import LinkKind, UseKind

_RUNTIME = re.compile(r"nvidia-[a-z-]+(?:-cu\d+)?\Z|triton\Z")
"""Libraries that frameworks bring along, for lock files that do not say who brings what."""
_MAX_VISITED = 200_000
"""Packages looked at in one file to tell what its roots bring; the largest environments have a few thousand."""


class Locked:
    """A package that is pinned, by all its entries."""

    def __init__(self, name: str, start: int, end: int) -> None:
        self.name = name
        self.start = start
        self.end = end
        """The place of its first entry."""
        self.version = ""
        self.tag = ""
        self.needs: dict[str, None] = {}
        self.binaries = False
        self.portable = False
        """Some of its files are for one platform, some for any."""

    @property
    def is_pure(self) -> bool:
        """Whether all files of it that are listed are for any platform: then it holds no device code itself."""
        return self.portable and not self.binaries

    def file(self, name: str) -> None:
        """Take note of a file it is installed from; sources tell nothing."""
        if name.endswith(("-none-any.whl", "/noarch")):
            self.portable = True
        elif name.endswith((".whl", ".conda", ".tar.bz2")):
            self.binaries = True

    def pin(self, version: str, *sources: str) -> None:
        """Take note of the version, and of where it comes from."""
        self.version = self.version or version
        self.tag = self.tag or cuda_tag(version, *sources)


class LockGraph:
    """Collects the packages of one file.

    Args:
        is_graph: Whether the file says which package needs which.
    """

    def __init__(self, *, is_graph: bool = True) -> None:
        self.packages: dict[str, Locked] = {}
        self._is_graph = is_graph

    def package(self, name: str, start: int, end: int) -> Locked:
        """Return a package by its normalised name; further entries are for other platforms or versions."""
        return self.packages.setdefault(name, Locked(name, start, end))

    def note(self, manifest: Manifest) -> None:
        """Note the packages that are asked for and that no other one brings, each with what it brings."""
        asked = {name for name in self.packages if manifest.vocabulary.wants(UseKind.DEPENDENCY, name)}
        budget = _MAX_VISITED
        for name in self._roots(asked):
            locked = self.packages[name]
            brought, visited = self._brought(name, asked, budget)
            budget -= visited
            facts = {
                "version": f"=={locked.version}" if locked.version else "",
                "tag": locked.tag or cuda_tag(name),
                "lock": "true",
                "brings": ", ".join(brought),
            }
            manifest.add(UseKind.DEPENDENCY, name, locked.start, locked.end, **facts)
            manifest.link(LinkKind.REQUIRES, name, locked.start)

    def _roots(self, asked: AbstractSet[str]) -> list[str]:
        """Return the packages that no other one brings; of those that only bring each other, the first.

        A package that holds no device code itself, such as one that loads models with torch, hides nothing that
        it brings.
        """
        bringing = [name for name in self.packages if name in asked and not self.packages[name].is_pure]
        if not self._is_graph:
            runtime = {name for name in asked if _RUNTIME.match(name)}
            return [name for name in self.packages if name in asked and not (name in runtime and asked - runtime)]
        origins = self._origins(bringing)
        roots = {name for name in asked if not any(origin != name for origin in origins[name])}
        reached = set(self._walk(roots))
        for name in bringing:
            if name not in reached:
                roots.add(name)
                reached.update(self._walk([name], reached))
        return [name for name in self.packages if name in roots]

    def _origins(self, bringing: Collection[str]) -> dict[str, list[str]]:
        """Return, for each package, up to two of those that bring it: enough to know one other than itself."""
        origins: dict[str, list[str]] = defaultdict(list)
        pending = deque((need, name) for name in bringing for need in self.packages[name].needs)
        while pending:
            name, origin = pending.popleft()
            known = origins[name]
            if len(known) < 2 and origin not in known:
                known.append(origin)
                if name in self.packages:
                    pending.extend((need, origin) for need in self.packages[name].needs)
        return origins

    def _walk(self, names: Collection[str], known: Collection[str] = ()) -> Iterator[str]:
        """Yield packages and all that they bring, each once, without those that are known."""
        seen = {name for name in names if name not in known}
        pending = deque(sorted(seen))
        while pending:
            name = pending.popleft()
            yield name
            for need in self.packages[name].needs:
                if need in self.packages and need not in seen and need not in known:
                    seen.add(need)
                    pending.append(need)

    def _brought(self, root: str, asked: Collection[str], budget: int) -> tuple[list[str], int]:
        """Return the packages that are asked for and that a root brings, and how many were looked at."""
        brought: list[str] = []
        visited = 0
        for name in self._walk([root]) if budget > 0 else ():
            visited += 1
            if name in asked and name != root:
                brought.append(name)
            if visited >= budget:
                break
        return sorted(brought, key=lambda name: (_RUNTIME.match(name) is not None, name)), visited


_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9])?", re.ASCII)


def requirement_name(text: str) -> str:
    """Return the normalised name that a requirement begins with, empty when it begins with none."""
    found = _NAME.match(text)
    return normalised(found[0]) if found else ""
