"""Learn a team's factors from what its finished items took.

`factor = exp(n * m / (n + k))`, with n items whose logarithms of actual over estimated days have the mean m, and k
items that the default counts for. Two items move a class a little, twenty make it the team's own.
"""

from __future__ import annotations

import csv
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from migrate.config import CALIBRATED
from migrate.errors import InputError
from migrate.estimate.defaults import Numbers
from migrate.estimate.draws import significant
from migrate.model import Estimate, Struct

_COLUMNS = ("item", "actual_days")
_ABSURD = 1000.0
"""Actual over estimated days, either way, from which on a row is taken for a slip of the pen."""


class Finished(NamedTuple):
    """An item that is done."""

    item: str
    kind: str
    """`kernels`, `edits` or `fixed`."""
    estimated: float
    """Person-days at P50."""
    actual: float


class Learned(Struct, frozen=True):
    """What the items of one kind say."""

    kind: str
    items: int
    raw: float
    """Geometric mean of actual over estimated days."""
    factor: float
    """The same, drawn towards 1."""


def kinds(estimate: Estimate) -> dict[str, str]:
    """Return for each piece of work of an estimate what it mostly consists of."""
    found = {}
    for part in estimate.contributions:
        kind = "fixed" if part.kind == "fixed" else "edits"
        if part.item.startswith("kernel-family:") or (part.parts and part.parts[0].kind == "kernel"):
            kind = "kernels"
        found[part.item] = kind
    return found


def read_actuals(path: Path, estimate: Estimate | None) -> tuple[Finished, ...]:
    """Read what finished items took.

    Args:
        path: A CSV file with the columns item and actual_days, and for items that the estimate does not hold
            estimated_days and kind.
        estimate: Knows what was estimated for an item and of which kind it is.

    Raises:
        InputError: The file cannot be read, or a row cannot be used; the message names the line.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as table:
            reader = csv.DictReader(table)
            rows = [(reader.line_num, row) for row in reader]
            columns = reader.fieldnames or ()
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: cannot be read: {error}", slug="actuals-unreadable") from None
    if missing := [column for column in _COLUMNS if column not in columns]:
        raise InputError(
            f"{path}:1: no column {missing[0]!r}",
            hint="columns are item, actual_days and, without --audit, estimated_days and kind",
            slug="actuals-column",
        )
    if not rows:
        raise InputError(f"{path}: holds no finished item", slug="actuals-empty")
    of_kind = kinds(estimate) if estimate else {}
    known = _without_factors(estimate, of_kind) if estimate else {}
    return tuple(_finished(f"{path}:{line}", row, known, of_kind) for line, row in rows)


def _without_factors(estimate: Estimate, of_kind: Mapping[str, str]) -> dict[str, float]:
    """Return what the defaults alone would have estimated: learning twice must not count twice."""
    used = {entry.id: float(entry.value) for entry in estimate.parameters if entry.id.startswith("calibration.")}
    return {
        part.item: part.effort_days.p50 / used.get(f"calibration.{of_kind[part.item]}", 1.0)
        for part in estimate.contributions
    }


def _finished(
    place: str, row: Mapping[str, str | None], known: Mapping[str, float], of_kind: Mapping[str, str]
) -> Finished:
    item = (row["item"] or "").strip()
    actual = _days(place, row, "actual_days")
    if row.get("estimated_days"):
        estimated = _days(place, row, "estimated_days")
    elif item in known:
        estimated = known[item]
    else:
        raise InputError(
            f"{place}: nothing was estimated for {item!r}",
            hint="give estimated_days, or --audit with the audit that estimated it",
            slug="actuals-item",
        )
    kind = (row.get("kind") or "").strip() or of_kind.get(item, "")
    if kind not in CALIBRATED:
        raise InputError(f"{place}: kind is one of {', '.join(CALIBRATED)}, not {kind!r}", slug="actuals-kind")
    if not 1 / _ABSURD < actual / estimated < _ABSURD:
        raise InputError(f"{place}: {actual:g} days against {estimated:g} estimated", slug="actuals-value")
    return Finished(item, kind, estimated, actual)


def _days(place: str, row: Mapping[str, str | None], column: str) -> float:
    try:
        days = float(row[column] or "")
    except ValueError:
        days = math.nan
    if not 0 < days < math.inf:
        raise InputError(f"{place}: {column} is a number of days above 0, not {row[column]!r}", slug="actuals-value")
    return days


def learn(items: Sequence[Finished], numbers: Numbers) -> tuple[Learned, ...]:
    """Return the factor of each kind that has items."""
    ratios: dict[str, list[float]] = defaultdict(list)
    for one in items:
        ratios[one.kind].append(math.log(one.actual / one.estimated))
    learned = []
    for kind in CALIBRATED:
        if not (logs := ratios.get(kind)):
            continue
        mean, count = math.fsum(logs) / len(logs), len(logs)
        factor = math.exp(count * mean / (count + numbers.calibration_prior))
        learned.append(Learned(kind=kind, items=count, raw=significant(math.exp(mean)), factor=significant(factor)))
    return tuple(learned)


def as_toml(learned: Sequence[Learned], origin: str) -> str:
    """Write the factors as a table that settings take."""
    lines = [
        f"# Factors learned from {origin}; take them with --config, or copy the table to your settings.",
        "[calibration]",
    ]
    lines += [f"{one.kind} = {{factor = {one.factor:g}, items = {one.items}}}" for one in learned]
    return "\n".join(lines) + "\n"
