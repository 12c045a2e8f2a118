"""Lock files repeat what manifests declare, and each other: what is priced once is not priced again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from migrate.model import Role, UseKind
from migrate.scan.reading import FileReport, Sighting


def without_declared(reports: Sequence[FileReport]) -> list[FileReport]:
    """Drop what lock files pin and a manifest of the repository declares, or a lock file before them pins too.

    What only an example or a test declares does not count for lock files of the code itself.
    """
    known: dict[Role, set[str]] = defaultdict(set)
    for report in reports:
        known[report.file.role].update(
            sighting.use.name
            for sighting in report.sightings
            if sighting.use.kind == UseKind.DEPENDENCY and not _is_locked(sighting)
        )
    kept = []
    for report in reports:
        here = known[report.file.role]
        sightings = []
        for sighting in report.sightings:
            if _is_locked(sighting):
                if sighting.use.name in here or sighting.use.name in known[Role.OWNED]:
                    continue
                here.add(sighting.use.name)
            sightings.append(sighting)
        changed = len(sightings) < len(report.sightings)
        kept.append(report._replace(sightings=tuple(sightings)) if changed else report)
    return kept


def _is_locked(sighting: Sighting) -> bool:
    return "lock" in sighting.use.args
