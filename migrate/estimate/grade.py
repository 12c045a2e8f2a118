"""How far an estimate can be trusted: what its answers rest on, what is unknown, what could not be seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from migrate.estimate.defaults import Numbers
from migrate.model import Basis, BlindSpot, BlindSpotKind, Evidence, Grade


def unseen_share(spots: Sequence[BlindSpot]) -> float:
    """Return the share of lines of owned code that could not be read."""
    return min(1.0, sum(spot.share for spot in spots if spot.of == "lines"))


def unsure_share(spots: Sequence[BlindSpot]) -> float:
    """Return the share of findings that could not be seen through, or that may be missing for that reason.

    Binaries are left out: their answer is unknown, and that share is known already.
    """
    unsure = sum(spot.share for spot in spots if spot.of == "findings" and spot.kind != BlindSpotKind.BINARY)
    return min(1.0, unsure)


class Trust(NamedTuple):
    """What a grade depends on."""

    basis: dict[str, float]
    """Basis -> share of the priced effort."""
    unknown: float
    """Share of the priced findings whose answer is unknown."""
    blind: tuple[BlindSpot, ...] = ()
    """What could not be seen."""
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
    unseen = max(unseen_share(trust.blind), out_of_sight)
    unsure = unsure_share(trust.blind)
    levels = zip(
        (Evidence.A, Evidence.B, Evidence.C),
        (numbers.grade_a, numbers.grade_b, numbers.grade_c),
        numbers.grade_unsure,
        strict=True,
    )
    letter = Evidence.D
    for candidate, (least_known, most_unknown, most_unseen), most_unsure in levels:
        seen = unseen <= most_unseen and unsure <= most_unsure
        if known >= least_known and trust.unknown <= most_unknown and seen:
            letter = candidate
            break
    caps = _caps(trust, priced=bool(priced), baseline=baseline)
    reasons = [*_reasons(trust, known, unsure, priced=bool(priced)), *(reason for _, reason in caps)]
    return Grade(letter=max([letter, *(cap for cap, _ in caps)]), reasons=tuple(reasons))


def _caps(trust: Trust, *, priced: bool, baseline: str) -> list[tuple[Evidence, str]]:
    """Return what no share tells: the best grade that it leaves, and why."""
    caps = []
    missing = sum(spot.kind == BlindSpotKind.MISSING_SUBMODULE for spot in trust.blind)
    if missing:
        those, what = ("1 submodule is", "it holds") if missing == 1 else (f"{missing} submodules are", "they hold")
        caps.append((Evidence.B, f"{those} not checked out, and what {what} is not known: grade B at best"))
    if trust.hidden:
        found = "1 finding is" if trust.hidden == 1 else f"{trust.hidden} findings are"
        caps.append((Evidence.C, f"{found} hidden by the tree's own settings: grade C at best"))
    if priced and baseline in _BASELINES:
        caps.append((Evidence.C, _BASELINES[baseline]))
    return caps


def _reasons(trust: Trust, known: float, unsure: float, *, priced: bool) -> list[str]:
    reasons = ["nothing needs work"]
    if priced:
        reasons = [
            f"{_percent(known)} of the priced effort rests on curated or table answers",
            f"{_percent(trust.unknown)} of the priced findings have no known answer",
        ]
    unseen = unseen_share(trust.blind)
    reasons.append(f"{_percent(unseen)} of the lines could not be read" if unseen else "every file could be read")
    if unsure:
        reasons.append(f"{_percent(unsure)} of the findings could not be seen through, or may be missing for that")
    return reasons


def _percent(share: float) -> str:
    return "under 1 %" if 0 < share < 0.01 else f"{round(100 * share)} %"
