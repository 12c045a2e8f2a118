"""How far an estimate can be trusted: what its answers rest on, what is unknown, what was not read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from migrate.estimate.defaults import Numbers
from migrate.model import Basis, Evidence, Grade, Skip, SkipReason, SourceFile

UNSEEN = frozenset(SkipReason) - {
    SkipReason.BINARY,
    SkipReason.EXCLUDED,
    SkipReason.LINK_OUTSIDE,
    SkipReason.LFS_POINTER,
}
"""Reasons that may hide code; the others hide data, or what the user took out."""


def unseen_share(files: Sequence[SourceFile], skips: Sequence[Skip]) -> float:
    """Return the share of lines that could not be read.

    A skipped file that was never opened counts as long as the mean of those that were.
    """
    lines = {file.path: file.lines for file in files}
    hidden = {skip.path for skip in skips if skip.reason in UNSEEN}
    if not hidden:
        return 0.0
    mean = sum(lines.values()) / len(lines) if lines else 1.0
    seen = sum(count for path, count in sorted(lines.items()) if path not in hidden)
    unseen = sum(lines.get(path, mean) for path in sorted(hidden))
    return unseen / (seen + unseen) if seen + unseen else 1.0


class Trust(NamedTuple):
    """What a grade depends on."""

    basis: dict[str, float]
    """Basis -> share of the priced effort."""
    unknown: float
    """Share of the priced findings whose answer is unknown."""
    unseen: float
    """Share of lines that could not be read."""
    hidden: int = 0
    """Findings that the scanned tree's own configuration hid."""


_BASELINES = {
    "default": "the baseline is a default, not yours: grade C at best",
    "tree": "the baseline comes from the scanned tree's own settings: grade C at best",
}
"""Source of a baseline that is not the user's -> why it lowers the grade."""


def grade(trust: Trust, numbers: Numbers, *, priced: int, baseline: str) -> Grade:
    """Grade an estimate and say why.

    Args:
        trust: What speaks for and against it.
        numbers: The thresholds.
        priced: Number of findings that are priced; when none is, only the scan can be doubted.
        baseline: Where the baseline comes from.
    """
    known = trust.basis.get(Basis.CURATED, 0.0) + trust.basis.get(Basis.TABLE, 0.0) if priced else 1.0
    out_of_sight = trust.hidden / (priced + trust.hidden) if trust.hidden else 0.0
    unseen = max(trust.unseen, out_of_sight)
    levels = ((Evidence.A, numbers.grade_a), (Evidence.B, numbers.grade_b), (Evidence.C, numbers.grade_c))
    letter = Evidence.D
    for candidate, (least_known, most_unknown, most_unseen) in levels:
        if known >= least_known and trust.unknown <= most_unknown and unseen <= most_unseen:
            letter = candidate
            break
    reasons = _reasons(trust, known, priced=bool(priced))
    if trust.hidden:
        found = "1 finding is" if trust.hidden == 1 else f"{trust.hidden} findings are"
        reasons.append(f"{found} hidden by the tree's own settings: grade C at best")
        letter = max(letter, Evidence.C)
    if priced and baseline in _BASELINES:
        reasons.append(_BASELINES[baseline])
        letter = max(letter, Evidence.C)
    return Grade(letter=letter, reasons=tuple(reasons))


def _reasons(trust: Trust, known: float, *, priced: bool) -> list[str]:
    reasons = ["nothing needs work"]
    if priced:
        reasons = [
            f"{_percent(known)} of the priced effort rests on curated or table answers",
            f"{_percent(trust.unknown)} of the priced findings have no known answer",
        ]
    read = f"{_percent(trust.unseen)} of the lines could not be read" if trust.unseen else "every file could be read"
    return [*reasons, read]


def _percent(share: float) -> str:
    return "under 1 %" if 0 < share < 0.01 else f"{round(100 * share)} %"
