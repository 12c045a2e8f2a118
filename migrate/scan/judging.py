"""From sightings to findings: the answers, the identity, and what the settings silence."""

from __future__ import annotations

import bisect
import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from migrate import discover, rulebook
from migrate.config import Config
from migrate.model import (
    Answer,
    Confidence,
    Finding,
    KernelFacts,
    LinkKind,
    Role,
    SourceFile,
    Suppression,
    Use,
    UseKind,
    glob_regex,
)
from migrate.model.links import MODULE, PROVIDES
from migrate.model.porting import PortingProgress
from migrate.rulebook import Match, Rulebook
from migrate.scan.porting import Porting
from migrate.scan.reading import FileReport, Sighting
from migrate.scan.suppression import NONE, Suppressions

BY_TREE = "config-of-tree"
"""`Suppression.by` of what the scanned tree's own settings silence."""


class Judge:
    """Turns sightings into findings, with what the whole repository has to say about them."""

    def __init__(
        self,
        reports: Sequence[FileReport],
        book: Rulebook,
        config: Config,
        chips: Mapping[str, str],
        *,
        today: dt.date | None = None,
    ) -> None:
        """Hear what the repository says.

        Args:
            reports: What its files gave.
            book: The rule book.
            config: What the settings silence.
            chips: Target -> chip.
            today: Day that dated suppressions are compared with; the system's by default.
        """
        self._today = today or dt.date.today()  # noqa: DTZ011 - a day as the user's calendar has it
        self._isolated = config.isolated
        self._book = book
        self._chips = chips
        self._silence = _Silence(config)
        self._porting = Porting(reports)
        self._own_modules = own_modules(reports)
        self._launched = {
            _base_name(link.to) for report in reports for link in report.links if link.kind == LinkKind.LAUNCH
        }

    def findings(self, report: FileReport) -> Iterator[Finding]:
        """Yield the findings of one file in the order of its text."""
        kernels = _Kernels([one.use for one in report.sightings if one.use.kind == UseKind.KERNEL])
        occurrences: dict[str, int] = defaultdict(int)
        markers = NONE if self._isolated else report.suppressions.on(self._today)
        for sighting in report.sightings:
            if self._is_own_module(sighting.use):
                continue
            identity = _identity(report.file.path, sighting)
            occurrences[identity] += 1
            finding = self._finding(report.file, sighting, kernels, _digest(f"{identity}#{occurrences[identity]}"))
            yield _as_marked(finding, markers)

    def progress(self, findings: Sequence[Finding]) -> dict[str, PortingProgress]:
        """Return how far the code has come, for each target."""
        return {target: self._porting.progress(target, findings) for target in self._chips}

    def _is_own_module(self, use: Use) -> bool:
        """Tell whether a Python name is that of an extension which the repository builds itself."""
        return use.kind in _PYTHON_NAMES and use.name.partition(".")[0] in self._own_modules

    def _finding(self, file: SourceFile, sighting: Sighting, kernels: _Kernels, fingerprint: str) -> Finding:
        use, rule = sighting.use, self._book.rules[sighting.rule]
        guards = self._porting.guards(use)
        if guards != use.guarded_by:
            use = msgspec.structs.replace(use, guarded_by=guards)
        match = Match(rule, sighting.symbol, sighting.library, sighting.known)
        named = Confidence.HIGH if sighting.known else Confidence.MEDIUM
        return Finding(
            fingerprint=fingerprint,
            rule=rule.id,
            symbol=sighting.symbol,
            library=sighting.library,
            area=rule.area,
            path=file.path,
            role=file.role,
            span=use.span,
            snippet=sighting.snippet,
            confidence=rulebook.lowest(use.confidence, rule.confidence, named),
            answers=self._answers(file, match, use, sighting.language or file.language),
            scope=use.scope,
            kernel=self._kernel(use),
            in_kernel="" if use.kernel is not None else kernels.of(use),
            suppressed=self._silence.of(file.path, rule.id),
            language=sighting.language,
        )

    def _answers(self, file: SourceFile, match: Match, use: Use, language: str) -> dict[str, Answer]:
        """Return what each target says, and why it may be no work any more."""
        return {
            target: self._porting.covered(file.path, use, language, target, self._book.answer(match, use, target, chip))
            for target, chip in self._chips.items()
        }

    def _kernel(self, use: Use) -> KernelFacts | None:
        """Say of a CUDA kernel that no launch of it is visible in the repository."""
        kernel = use.kernel
        if kernel is not None and kernel.language == "cuda" and _base_name(use.symbol) not in self._launched:
            return msgspec.structs.replace(kernel, launched=False)
        return kernel


def _as_marked(finding: Finding, markers: Suppressions) -> Finding:
    """Return a finding with what a comment in its file says of it."""
    if finding.suppressed is not None or not markers.markers:
        return finding
    marker = markers.of(finding.rule, finding.span, whole=finding.kernel is not None)
    return finding if marker is None else msgspec.structs.replace(finding, suppressed=marker.suppression())


_PYTHON_NAMES = frozenset({UseKind.IMPORT, UseKind.CALL, UseKind.ATTRIBUTE})


def own_modules(reports: Sequence[FileReport]) -> frozenset[str]:
    """Return the top-level Python modules that the repository builds from its own native code."""
    return frozenset(
        name
        for report in reports
        if report.file.role == Role.OWNED
        for link in report.links
        if link.kind == LinkKind.BINDING and link.via == PROVIDES and link.to.startswith(MODULE)
        if "." not in (name := link.to.removeprefix(MODULE))
    )


class _Kernels:
    """Answers which kernel a use is part of: by its place, or as a device function that the kernel reaches."""

    def __init__(self, uses: Sequence[Use]) -> None:
        self._kernels = sorted(uses, key=lambda use: (use.span.line, use.span.column))
        self._starts = [(use.span.line, use.span.column) for use in self._kernels]
        self._outer: list[int] = []
        """For each kernel the innermost one before it that holds its start, or -1: definitions nest or lie apart."""
        for place, start in enumerate(self._starts):
            self._outer.append(self._holding(place - 1, start))
        self._reached: dict[str, str] = {}
        for use in uses:
            for scope in use.kernel.reaches if use.kernel is not None else ():
                self._reached.setdefault(scope, use.symbol)

    def _holding(self, place: int, start: tuple[int, int]) -> int:
        while place >= 0 and (self._kernels[place].span.end_line, self._kernels[place].span.end_column) <= start:
            place = self._outer[place]
        return place

    def of(self, use: Use) -> str:
        """Return the kernel's own name, empty when the use is part of none."""
        start = (use.span.line, use.span.column)
        place = self._holding(bisect.bisect_right(self._starts, start) - 1, start)
        if place >= 0:
            return self._kernels[place].symbol
        scope = use.scope
        while scope and self._reached:
            if kernel := self._reached.get(scope):
                return kernel
            scope = scope.rpartition("::")[0]
        return ""


def _base_name(name: str) -> str:
    return name.partition("<")[0].rpartition("::")[2]


def _identity(path: str, sighting: Sighting) -> str:
    """Join what stays the same when lines move: rule, path, symbol, scope and the statement without white space."""
    use = sighting.use
    return "\0".join((sighting.rule, path, sighting.symbol, use.scope, _digest("".join(use.text.split()))))


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).hexdigest()


class _Silence:
    """What the configuration says not to count, by path and rule."""

    def __init__(self, config: Config) -> None:
        self._entries = [
            (
                discover.matcher((glob,)),
                glob_regex(rules),
                BY_TREE if config.tree_per_file.get(glob) == rules else "config",
                glob,
            )
            for glob, rules in config.settings.per_file.items()
        ]

    def of(self, path: str, rule: str) -> Suppression | None:
        """Return the suppression that a path and a rule are under."""
        for covers, rules, by, glob in self._entries:
            if rules.match(rule) and covers(path):
                return Suppression(by=by, reason=f"per-file {glob!r}")
        return None
