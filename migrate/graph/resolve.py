"""Turn what files say they need (a dotted module, an include path, a kernel's name) into the files that give it."""

from __future__ import annotations

import fnmatch
import posixpath
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from migrate.model import Finding, Link, LinkKind, SourceFile

PROVIDES = "provides"
"""`Link.via` of a binding that the file offers, rather than needs."""


class Resolver:
    """Names to files, for one repository.

    Ambiguous names resolve to the candidate that shares the longest leading path with the file that asks; nothing
    resolves outside the repository.
    """

    def __init__(
        self, files: Sequence[SourceFile], findings: Iterable[Finding], links: Mapping[str, Sequence[Link]]
    ) -> None:
        self.paths = {file.path for file in files}
        self._by_name: dict[str, list[str]] = defaultdict(list)
        for path in sorted(self.paths):
            self._by_name[posixpath.basename(path)].append(path)
        self._modules = _modules(files)
        self._kernels: dict[str, list[str]] = defaultdict(list)
        for finding in findings:
            if finding.kernel is not None:
                self._kernels[finding.symbol].append(finding.path)
        self._provided: dict[str, list[str]] = defaultdict(list)
        for path in sorted(links):
            for link in links[path]:
                if link.kind == LinkKind.BINDING and link.via == PROVIDES:
                    self._provided[link.to].append(path)

    def module(self, dotted: str, asking: str) -> str | None:
        """Return the file of a Python module, or of the module that holds an imported name."""
        for name in (dotted, dotted.rpartition(".")[0]):
            if name and (found := self._modules.get(name)):
                return _nearest(found, asking)
        return None

    def include(self, path: str, asking: str) -> str | None:
        """Return the file of an include: beside the asking file, else the one whose path ends in it."""
        beside = posixpath.normpath(posixpath.join(posixpath.dirname(asking), path))
        if beside in self.paths:
            return beside
        tail = posixpath.normpath(path).lstrip("./")
        found = [
            known
            for known in self._by_name.get(posixpath.basename(tail), ())
            if known == tail or known.endswith("/" + tail)
        ]
        return _nearest(found, asking) if found else None

    def sources(self, pattern: str, asking: str) -> Iterator[str]:
        """Yield the files of a source path or glob in a build file."""
        folder = posixpath.dirname(asking)
        if "*" in pattern:
            full = posixpath.normpath(posixpath.join(folder, pattern))
            shallow = "**" not in full
            depth = full.count("/")
            for path in sorted(self.paths):
                if fnmatch.fnmatchcase(path, full) and (not shallow or path.count("/") == depth):
                    yield path
        elif found := self.include(pattern, asking):
            yield found

    def kernel(self, name: str, asking: str) -> str | None:
        """Return the file that defines a kernel; the asking file first."""
        found = self._kernels.get(name.partition("<")[0].rpartition("::")[2])
        return _nearest(found, asking) if found else None

    def provider(self, binding: str, asking: str) -> str | None:
        """Return the file that offers a binding such as `module:pkg._C` or `ops:name`."""
        found = self._provided.get(binding)
        return _nearest(found, asking) if found else None


def _modules(files: Sequence[SourceFile]) -> dict[str, list[str]]:
    """Map dotted names to files, from the root of the tree and from each top-level package's folder."""
    python = sorted(file.path for file in files if file.language == "python")
    packages = {posixpath.dirname(path) for path in python if posixpath.basename(path).startswith("__init__.")}
    modules: dict[str, list[str]] = defaultdict(list)
    for path in python:
        stem = posixpath.splitext(path)[0]
        parts = stem.split("/")
        if parts[-1] == "__init__":
            parts.pop()
        top = len(parts) - 1
        while top > 0 and "/".join(parts[:top]) in packages:
            top -= 1
        for start in {0, top}:
            if name := ".".join(parts[start:]):
                modules[name].append(path)
    return modules


def _nearest(candidates: Sequence[str], asking: str) -> str:
    def shared(path: str) -> int:
        return len(posixpath.commonprefix([path.split("/"), asking.split("/")]))

    return max(candidates, key=lambda path: (path == asking, shared(path), -path.count("/")))
