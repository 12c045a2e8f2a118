"""Findings to porting units: each finding belongs to exactly one."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from migrate.model import Area, Finding, SourceFile, UnitKind
from migrate.rulebook import PACKAGE

_IN_KERNEL_AREAS = frozenset({Area.KERNEL, Area.PTX, Area.PRECISION, Area.TRITON})
_BUILD_LANGUAGES = frozenset(
    {"cmake", "make", "ninja", "meson", "bazel", "requirements", "pyproject"}
    | {"setup-cfg", "pipfile", "conda", "pixi", "lock"}
)


@dataclass
class Draft:
    """A unit in the making."""

    kind: UnitKind
    title: str
    files: dict[str, None] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)


class Drafts:
    """Units in the making: each finding goes to exactly one."""

    def __init__(self, files: Mapping[str, SourceFile], findings: Sequence[Finding]) -> None:
        self.units: dict[str, Draft] = {}
        self.of_file: dict[str, list[str]] = defaultdict(list)
        """Units that a file's code belongs to, host side first; an extension stands for itself under its unit's id."""
        self._files = files
        self._kernel_files = {finding.path for finding in findings if finding.kernel is not None}
        self.kernel_lines: dict[str, int] = defaultdict(int)
        """Path -> code lines inside kernels."""
        for finding in findings:
            if finding.kernel is not None:
                self.kernel_lines[finding.path] += finding.kernel.code_lines
        self.uses: dict[tuple[str, str], int] = defaultdict(int)
        """(file, library or package unit) -> number of findings."""
        for finding in findings:
            self._place(finding)
        for path, _ in sorted(self.uses):  # last, so that the order of findings in a file does not matter
            self.home(path)

    def _place(self, finding: Finding) -> None:
        path = finding.path
        kind, name = self._belongs(finding)
        id_ = f"{kind}:{name}"
        draft = self.units.setdefault(id_, Draft(kind, name))
        draft.findings.append(finding.fingerprint)
        if kind in (UnitKind.LIBRARY, UnitKind.PACKAGE):
            self.uses[path, id_] += 1
        else:
            draft.files[path] = None
            self._register(path, id_)

    def _belongs(self, finding: Finding) -> tuple[UnitKind, str]:
        path, language = finding.path, self._files[finding.path].language
        if finding.library == PACKAGE:
            return UnitKind.PACKAGE, finding.symbol
        if finding.area == Area.LIBRARY and language == "cuda":
            return UnitKind.LIBRARY, finding.library
        in_kernel = finding.kernel is not None or finding.in_kernel
        if in_kernel or (path in self._kernel_files and language == "cuda" and finding.area in _IN_KERNEL_AREAS):
            return UnitKind.KERNEL_FAMILY, path
        return self._own_kind(path), path

    def _own_kind(self, path: str) -> UnitKind:
        language = self._files[path].language
        if language == "dockerfile":
            return UnitKind.DEPLOY
        if language in _BUILD_LANGUAGES or posixpath.basename(path) == "setup.py":
            return UnitKind.BUILD
        return UnitKind.MODULE

    def home(self, path: str) -> None:
        """Give a file a unit of its own, also when it only uses libraries or packages."""
        if not self.of_file[path]:
            kind = self._own_kind(path)
            self.units.setdefault(f"{kind}:{path}", Draft(kind, path)).files[path] = None
            self._register(path, f"{kind}:{path}")

    def _register(self, path: str, id_: str) -> None:
        if id_ not in self.of_file[path]:
            self.of_file[path].append(id_)
            self.of_file[path].sort(key=lambda unit: (unit.startswith(UnitKind.KERNEL_FAMILY), unit))

    def extension(self, name: str, declared_in: str) -> str:
        """Return the unit of a compiled extension or build target."""
        id_ = f"{UnitKind.EXTENSION}:{name}"
        self.units.setdefault(id_, Draft(UnitKind.EXTENSION, name)).files.setdefault(declared_in)
        self.of_file[id_] = [id_]
        return id_
