"""Files to findings: read each file once, let its front end name the uses, let the rule book claim and answer them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from migrate import discover, languages
from migrate.config import Config
from migrate.model import Apart, BlindSpot, Finding, Link, Persona, Role, Skip, SkipReason, SourceFile
from migrate.model.porting import PortingProgress
from migrate.rulebook import Rulebook
from migrate.scan.blindspots import find_blind_spots
from migrate.scan.cache import Cache
from migrate.scan.examples import check_examples
from migrate.scan.judging import BY_TREE, Judge
from migrate.scan.lines import split_lines
from migrate.scan.locks import without_declared
from migrate.scan.ownership import count_apart, own_packages, settle_roles, without_own_names
from migrate.scan.reading import SNIPPET_LENGTH, FileReport, Sighting, read
from migrate.scan.reexports import with_reexports
from migrate.scan.suppression import INLINE
from migrate.scan.workers import Progress, read_all

__all__ = [
    "BY_TREE",
    "Cache",
    "FileReport",
    "Progress",
    "ScanResult",
    "Sighting",
    "check_examples",
    "excerpts",
    "read",
    "scan",
    "split_lines",
]


@dataclass(frozen=True)
class ScanResult:
    """What the graph, the edits and the estimate start from; everything sorted."""

    root: Path
    files: tuple[SourceFile, ...]
    skips: tuple[Skip, ...]
    findings: tuple[Finding, ...]
    links: Mapping[str, tuple[Link, ...]] = field(default_factory=dict)
    apart: tuple[Apart, ...] = ()
    hidden: tuple[Finding, ...] = ()
    """Findings in owned code that the tree's own configuration takes out of sight."""
    hidden_files: tuple[SourceFile, ...] = ()
    """Files that it takes out of sight."""
    own_packages: tuple[str, ...] = ()
    """Python packages that the repository is the home of; their names are no dependency here."""
    blind_spots: tuple[BlindSpot, ...] = ()
    """What could not be seen in owned code."""
    porting: Mapping[str, PortingProgress] = field(default_factory=dict)
    """Target -> how far the code has already come."""


def scan(
    root: Path,
    book: Rulebook,
    config: Config,
    chips: Mapping[str, str],
    *,
    jobs: int | None = None,
    progress: Progress | None = None,
    cache: Cache | None = None,
) -> ScanResult:
    """Scan a tree.

    Args:
        root: The folder to scan; nothing in it is imported or executed, and links out of it are not followed.
        book: The rule book.
        config: Settings; targets and what to leave out.
        chips: Target -> chip, one for each target to answer for.
        jobs: Worker processes; by default as many as pay off.
        progress: Told about every finished file.
        cache: Of what earlier runs found; it changes the time and nothing else.

    Returns:
        Findings sorted by path and place, whatever the number of workers.
    """
    user_exclude = [pattern for pattern in config.settings.exclude if pattern not in config.tree_exclude]
    candidates, skips = discover.discover(root, exclude=user_exclude)
    is_hidden = discover.matcher(config.tree_exclude)
    hidden_paths = {candidate.path for candidate in candidates if is_hidden(candidate.path)}
    skips += [Skip(path=path, reason=SkipReason.EXCLUDED, detail=f"by {config.tree_file}") for path in hidden_paths]
    reports: list[FileReport] = []
    for outcome in read_all(candidates, book, config, jobs, progress, cache=cache):
        if isinstance(outcome, Skip):
            skips.append(outcome)
        elif _has_a_say(outcome):
            reports.append(outcome)
            if outcome.skip is not None:
                skips.append(outcome.skip)
    reports.sort(key=lambda report: report.file.path)
    own = own_packages(reports)
    regular = config.settings.persona == Persona.REGULAR
    reports = with_reexports(reports, root, book, {package for _, package in own}, regular=regular)
    reports = without_own_names(reports, own)
    # What the tree hides has no say in what the rest is: a hidden file makes no copy of it a duplicate.
    kept = without_declared(settle_roles([report for report in reports if report.file.path not in hidden_paths]))
    judge = Judge(reports, book, config, chips)
    # Vendored code is somebody else's to port: it is counted by place, see `count_apart`.
    seen = [finding for report in kept if report.file.role != Role.VENDORED for finding in judge.findings(report)]
    unseen = [report for report in reports if report.file.path in hidden_paths and report.file.role == Role.OWNED]
    hidden = [finding for report in unseen for finding in judge.findings(report)]
    hidden += [
        finding
        for finding in seen
        if finding.suppressed and finding.suppressed.by in (BY_TREE, INLINE) and finding.role == Role.OWNED
    ]
    skipped = tuple(sorted(set(skips), key=lambda skip: (skip.path, skip.reason)))
    return ScanResult(
        root=root,
        files=tuple(report.file for report in kept),
        skips=skipped,
        findings=tuple(seen),
        links={report.file.path: report.links for report in kept if report.links},
        apart=count_apart(kept),
        hidden=tuple(msgspec.structs.replace(finding, suppressed=None) for finding in hidden),
        hidden_files=tuple(report.file for report in reports if report.file.path in hidden_paths),
        own_packages=tuple(sorted({package for _, package in own})),
        blind_spots=find_blind_spots(kept, skipped, seen),
        porting=judge.progress(seen),
    )


def _has_a_say(report: FileReport) -> bool:
    """Tell whether a file belongs into the result: most configuration has nothing to do with it."""
    if report.file.language not in languages.QUIET:
        return True
    return bool(report.sightings or report.links or report.blind or report.skip)


def excerpts(result: ScanResult, findings: Iterable[Finding], *, around: int = 3) -> dict[str, dict[str, str]]:
    """Read the neighbourhood of findings again, for the reader of a report.

    Returns:
        Path -> line number -> text (at most 200 characters); lines that several findings share stand once.
    """
    wanted: dict[str, set[int]] = defaultdict(set)
    for finding in findings:
        first, last = finding.span.line, min(finding.span.end_line, finding.span.line + around)
        wanted[finding.path] |= set(range(max(1, first - around), last + around + 1))
    texts: dict[str, dict[str, str]] = {}
    contents = {file.path: file for file in result.files}
    for path in sorted(wanted):
        text = discover.read_again(result.root, contents[path])
        if text is None:
            continue
        lines = split_lines(text)
        texts[path] = {
            str(number): lines[number - 1][:SNIPPET_LENGTH] for number in sorted(wanted[path]) if number <= len(lines)
        }
    return texts
