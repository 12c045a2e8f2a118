"""From sightings to findings: the answers, the identity, and what the settings silence."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from migrate import discover, rulebook
from migrate.config import Config
from migrate.model import Confidence, Finding, KernelFacts, LinkKind, SourceFile, Suppression, Use, UseKind, glob_regex
from migrate.rulebook import Match, Rulebook
from migrate.scan.reading import FileReport, Sighting

BY_TREE = "config-of-tree"
"""`Suppression.by` of what the scanned tree's own settings silence."""


class Judge:
    """Turns sightings into findings, with what the whole repository has to say about them."""

    def __init__(self, reports: Sequence[FileReport], book: Rulebook, config: Config, chips: Mapping[str, str]) -> None:
        self._book = book
        self._chips = chips
        self._silence = _Silence(config)
        self._launched = {
            _base_name(link.to) for report in reports for link in report.links if link.kind == LinkKind.LAUNCH
        }

    def findings(self, report: FileReport) -> Iterator[Finding]:
        """Yield the findings of one file in the order of its text."""
        kernels = [sighting.use for sighting in report.sightings if sighting.use.kind == UseKind.KERNEL]
        occurrences: dict[str, int] = defaultdict(int)
        for sighting in report.sightings:
            identity = _identity(report.file.path, sighting)
            occurrences[identity] += 1
            yield self._finding(report.file, sighting, kernels, _digest(f"{identity}#{occurrences[identity]}"))

    def _finding(self, file: SourceFile, sighting: Sighting, kernels: Sequence[Use], fingerprint: str) -> Finding:
        use, rule = sighting.use, self._book.rules[sighting.rule]
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
            answers={target: self._book.answer(match, use, target, chip) for target, chip in self._chips.items()},
            scope=use.scope,
            kernel=self._kernel(use),
            in_kernel="" if use.kernel is not None else _enclosing(kernels, use),
            suppressed=self._silence.of(file.path, rule.id),
            language=sighting.language,
        )

    def _kernel(self, use: Use) -> KernelFacts | None:
        """Say of a CUDA kernel that no launch of it is visible in the repository."""
        kernel = use.kernel
        if kernel is not None and kernel.language == "cuda" and _base_name(use.symbol) not in self._launched:
            return msgspec.structs.replace(kernel, launched=False)
        return kernel


def _enclosing(kernels: Sequence[Use], use: Use) -> str:
    """Name the kernel that a use is part of: by its place, or as a device function that the kernel reaches."""
    place = (use.span.line, use.span.column)
    for kernel in kernels:
        span = kernel.span
        if (span.line, span.column) <= place < (span.end_line, span.end_column):
            return kernel.symbol
    for kernel in kernels:
        if kernel.kernel is not None and kernel.kernel.covers(use.scope):
            return kernel.symbol
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
