"""Names of the platform that one module of a repository takes from another: found where they are used.

A file is read alone, so `from .compat import synchronize` says nothing of CUDA. Modules tell what their names stand
for; the files that import such a name are read once more, with that knowledge.
"""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from migrate import discover
from migrate.model import LinkKind, UseKind, Vocabulary
from migrate.rulebook import Rulebook
from migrate.scan.reading import FileReport, read

_ROUNDS = 6
"""Modules that a name passes through on its way; more are not followed."""
_LANGUAGE = "python"
_NAMED = (UseKind.CALL, UseKind.ATTRIBUTE, UseKind.IMPORT)


def with_reexports(
    reports: Sequence[FileReport], root: Path, book: Rulebook, own: Collection[str], *, regular: bool
) -> list[FileReport]:
    """Read the importers of names that stand for the platform again.

    Args:
        reports: What each file gave when it was read alone.
        root: The folder of the scan.
        book: The rule book.
        own: Packages that the repository is the home of; their names are no platform here.
        regular: Leave out rules for auditors.
    """
    from migrate.languages.python import PythonFrontEnd  # a scan without Python need not load it

    modules = _Modules(reports, own, book.vocabulary(_LANGUAGE))
    modules.pass_on()
    result = []
    for report in reports:
        known = modules.known_to(report)
        text = discover.read_again(root, report.file) if known else None
        if text is None:
            result.append(report)
        else:
            extract = PythonFrontEnd(exported=known).extract
            result.append(read(report.file, text, book, regular=regular, extract=extract))
    return result


class _Modules:
    """The Python modules of a repository and what their names stand for."""

    def __init__(self, reports: Sequence[FileReport], own: Collection[str], vocabulary: Vocabulary) -> None:
        self._python = [report for report in reports if report.file.language == _LANGUAGE]
        self._paths = _module_paths([report.file.path for report in self._python])
        self._vocabulary = vocabulary
        self._exports: dict[str, dict[str, str]] = {}
        for report in self._python:
            found = {name: value for name, value in report.exports if value.partition(".")[0] not in own}
            if found:
                self._exports[report.file.path] = found

    def pass_on(self) -> None:
        """Let modules export what they import from others that export it."""
        for _ in range(_ROUNDS if self._exports else 0):
            grown = False
            for report in self._python:
                for dotted, value in self._imported(report).items():
                    name = dotted.rpartition(".")[2]
                    exports = self._exports.setdefault(report.file.path, {})
                    grown |= name not in exports
                    exports.setdefault(name, value)
            if not grown:
                return

    def known_to(self, report: FileReport) -> Mapping[str, str]:
        """Return the dotted names that a file imports, or can reach through a module, with what they stand for."""
        if report.file.language != _LANGUAGE or not self._exports:
            return {}
        known = self._imported(report)
        for dotted in self._targets(report):
            exports = self._exports_of(dotted, report.file.path)
            known |= {f"{dotted}.{name}": value for name, value in exports.items() if self._is_platform(value)}
        return {dotted: value for dotted, value in known.items() if dotted != value}

    def _imported(self, report: FileReport) -> dict[str, str]:
        known = {}
        for dotted in self._targets(report):
            module, _, name = dotted.rpartition(".")
            if value := self._exports_of(module, report.file.path).get(name):
                known[dotted] = value
        return known

    def _targets(self, report: FileReport) -> set[str]:
        return {link.to for link in report.links if link.kind == LinkKind.IMPORT}

    def _exports_of(self, module: str, asking: str) -> Mapping[str, str]:
        paths = [path for path in self._paths.get(module, ()) if path != asking]
        if not paths:
            return {}
        nearest = max(paths, key=lambda path: (len(posixpath.commonpath(["/" + path, "/" + asking])), -len(path)))
        return self._exports.get(nearest, {})

    def _is_platform(self, value: str) -> bool:
        return value.startswith("'") or any(self._vocabulary.wants(kind, value) for kind in _NAMED)


def _module_paths(python: Sequence[str]) -> dict[str, list[str]]:
    """Map dotted names to files: from the root of the tree, and from the folder of each file's top package."""
    packages = {posixpath.dirname(path) for path in python if posixpath.basename(path).startswith("__init__.")}
    paths: dict[str, list[str]] = defaultdict(list)
    for path in sorted(python):
        parts = posixpath.splitext(path)[0].split("/")
        if parts[-1] == "__init__":
            parts.pop()
        top = len(parts) - 1
        while top > 0 and "/".join(parts[:top]) in packages:
            top -= 1
        for start in {0, max(top, 0)}:
            if name := ".".join(parts[start:]):
                paths[name].append(path)
    return paths
