"""One checkout as the product reads it, with every sighting, whoever's code it is in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from migrate import config, discover, rulebook
from migrate.model import Finding, Skip
from migrate.rulebook import Rulebook
from migrate.scan import FileReport, scan
from migrate.scan.workers import read_all

CHIPS = {"rocm": "cdna3", "cann": "atlas-a2"}


@dataclass(frozen=True, eq=False)
class Checkout:
    """What the front ends and the scan make of a tree."""

    root: Path
    book: Rulebook
    reports: Mapping[str, FileReport]
    """By path; before the rest of the repository had its say."""
    findings: Mapping[str, tuple[Finding, ...]]
    """By path; after it had."""
    skips: Mapping[str, Skip]


def read(root: Path, *, jobs: int | None = None) -> Checkout:
    """Read a tree twice: as single files, and as the repository that it is."""
    book = rulebook.shipped()
    settings = config.load(root, environment={}, isolated=True)
    candidates, _ = discover.discover(root)
    reports: dict[str, FileReport] = {}
    skips: dict[str, Skip] = {}
    for outcome in read_all(candidates, book, settings, jobs, None):
        if isinstance(outcome, Skip):
            skips[outcome.path] = outcome
        else:
            reports[outcome.file.path] = outcome
    result = scan(root, book, settings, CHIPS, jobs=jobs)
    skips |= {skip.path: skip for skip in result.skips}
    findings: dict[str, list[Finding]] = defaultdict(list)
    for finding in result.findings:
        findings[finding.path].append(finding)
    return Checkout(root, book, reports, {path: tuple(found) for path, found in findings.items()}, skips)
