"""One checkout as the product reads it, with every sighting, whoever's code it is in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from migrate import config, discover, rulebook
from migrate.model import Finding, Role, Skip
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
    own_packages: tuple[str, ...] = ()
    """Python packages that the repository is the home of."""


def read(root: Path, *, labelled: Collection[str] = (), jobs: int | None = None) -> Checkout:
    """Read a tree twice: as single files, and as the repository that it is.

    Args:
        root: The checkout.
        labelled: Paths whose findings matter also when they are somebody else's code, which the scan only counts:
            the vendored project is then scanned as a repository of its own.
        jobs: Worker processes; by default as many as pay off.
    """
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
    findings: dict[str, list[Finding]] = defaultdict(list)
    foreign = {path for path in labelled if path in reports and reports[path].file.role == Role.VENDORED}
    own: set[str] = set()
    for base in ("", *sorted({_home(root, path) for path in foreign})):
        result = scan(root / base, book, config.load(root / base, environment={}, isolated=True), CHIPS, jobs=jobs)
        own |= set(result.own_packages)
        skips |= {base + skip.path: skip for skip in result.skips}
        for finding in result.findings:
            findings[base + finding.path].append(finding)
    return Checkout(
        root, book, reports, {path: tuple(found) for path, found in findings.items()}, skips, tuple(sorted(own))
    )


def _home(root: Path, path: str) -> str:
    """Return the folder, with a slash at its end, below which a vendored file is the project's own."""
    parts = path.split("/")[:-1]
    homes = ["/".join(parts[:count]) + "/" for count in range(1, len(parts) + 1)]
    for home in homes:
        inner, _ = discover.discover(root / home)
        if any(home + one.path == path and one.role != Role.VENDORED for one in inner):
            return home
    return homes[-1]
