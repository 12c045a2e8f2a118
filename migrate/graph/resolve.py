"""Turn what files say they need (a dotted module, an include path, a kernel's name) into the files that give it."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence

from migrate.model import Finding, Link, LinkKind, Role, SourceFile
from migrate.model.links import FUNCTION, OPS, PROVIDES
from migrate.scan.paths import Paths, homes


class Resolver:
    """Names to files, for one repository.

    Ambiguous names resolve to the candidate that shares the longest leading path with the file that asks; nothing
    resolves outside the repository, and a copy of a file means the file.
    """

    def __init__(
        self, files: Sequence[SourceFile], findings: Iterable[Finding], links: Mapping[str, Sequence[Link]]
    ) -> None:
        originals = {file.content: file.path for file in reversed(files) if file.role != Role.DUPLICATE}
        self._copies = {
            file.path: originals[file.content]
            for file in files
            if file.role == Role.DUPLICATE and file.content in originals
        }
        self._paths = Paths(file.path for file in files)
        self._modules = homes(_modules(files))
        self._kernels = homes((finding.symbol, finding.path) for finding in findings if finding.kernel is not None)
        self._provided = homes(
            (link.to, path)
            for path, found in links.items()
            if path not in self._copies
            for link in found
            if link.kind == LinkKind.BINDING and link.via == PROVIDES
        )

    def module(self, dotted: str, asking: str, *, exactly: bool = False) -> str | None:
        """Return the file of a Python module, or of the module that holds an imported name unless asked exactly."""
        names = (dotted,) if exactly else (dotted, dotted.rpartition(".")[0])
        for name in names:
            if name and (found := self._modules.get(name)):
                return self._original(found.nearest(asking).path)
        return None

    def _original(self, path: str) -> str:
        """Return the file that a copy is a copy of: the work is there."""
        return self._copies.get(path, path)

    def include(self, path: str, asking: str) -> str | None:
        """Return the file of an include: beside the asking file, else the one whose path ends in it."""
        found = self._paths.include(path, asking)
        return self._original(found) if found else None

    def sources(self, pattern: str, asking: str) -> tuple[str, ...]:
        """Return the files of a source path or glob in a build file."""
        return tuple(dict.fromkeys(map(self._original, self._paths.sources(pattern, asking))))

    def kernel(self, name: str, asking: str) -> str | None:
        """Return the file that defines a kernel; the asking file first."""
        found = self._kernels.get(name.partition("<")[0].rpartition("::")[2])
        return found.nearest(asking).path if found else None

    def function(self, name: str, asking: str) -> str | None:
        """Return the file that defines a function, None when several are as near: then nobody knows which is meant."""
        found = self._provided.get(f"{FUNCTION}{name}")
        if found is None:
            return None
        choice = found.nearest(asking)
        return None if choice.rivals else choice.path

    def providers(self, binding: str, asking: str) -> Sequence[str]:
        """Return the files that offer a binding: one for a module, all that have a part in an operator.

        An operator that is registered nowhere by its name may be anything in the files of its library.
        """
        if not binding.startswith(OPS):
            found = self._provided.get(binding)
            return (found.nearest(asking).path,) if found else ()
        for name in (binding, binding.rpartition("::")[0]):
            if found := self._provided.get(name):
                return found.paths
        return ()


def _modules(files: Sequence[SourceFile]) -> Iterator[tuple[str, str]]:
    """Yield dotted names with files, from the root of the tree and from each top-level package's folder."""
    python = sorted(_imported(files))
    packages = {posixpath.dirname(path) for path in python if posixpath.basename(path).startswith("__init__.")}
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
                yield name, path


def _imported(files: Sequence[SourceFile]) -> Iterator[str]:
    """Yield the files that Python imports; what declares a Cython module stands for it only where nothing else does."""
    paths = {file.path for file in files if file.language in _IMPORTED}
    for path in paths:
        stem, suffix = posixpath.splitext(path)
        if suffix != _INCLUDED and not (suffix == _DECLARED and {f"{stem}.pyx", f"{stem}.py"} & paths):
            yield path


_IMPORTED = frozenset({"python", "cython"})
"""Languages of files that Python imports."""
_DECLARED, _INCLUDED = ".pxd", ".pxi"
