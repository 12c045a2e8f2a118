"""Figures that people quote, located in an estimate's own distribution; they never go into it."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from migrate.errors import RuleError
from migrate.estimate.draws import Vector
from migrate.model import Evidence, ReferenceLine, Struct
from migrate.resources import read_yaml, rules_root


class _Quoted(Struct, frozen=True):
    """An entry of `rules/model/references.yaml`."""

    title: str
    source: str
    grade: Evidence
    months: tuple[float, ...] = ()
    percent: tuple[float, ...] = ()


@functools.cache
def load_references(path: Path | None = None) -> tuple[ReferenceLine, ...]:
    """Read the quoted figures, not yet located.

    Args:
        path: Another file than the shipped one.

    Raises:
        RuleError: An entry has an unknown key or a wrong type, or quotes nothing.
    """
    path = path or rules_root() / "model" / "references.yaml"
    try:
        entries = msgspec.convert(read_yaml(path), dict[str, _Quoted])
    except msgspec.ValidationError as error:
        raise RuleError(str(error), file=str(path), slug="model-references") from None
    for id_, entry in entries.items():
        if not entry.months and not entry.percent:
            raise RuleError(f"{id_}: quotes neither months nor percent", file=str(path), slug="model-references")
    return tuple(
        ReferenceLine(
            id=id_,
            title=entry.title,
            source=entry.source,
            grade=entry.grade,
            months=entry.months,
            percent=entry.percent,
        )
        for id_, entry in entries.items()
    )


def located(lines: Sequence[ReferenceLine], months: Vector, percent: Vector) -> tuple[ReferenceLine, ...]:
    """Say for each quoted figure which share of the draws lies at or below it.

    Args:
        lines: From `load_references`.
        months: Added months, by draw.
        percent: Added cost, of the same draws.
    """
    return tuple(
        msgspec.structs.replace(
            line,
            percentile_months=tuple(_share(months <= value) for value in line.months),
            percentile_percent=tuple(_share(percent <= value) for value in line.percent),
            both=(
                _share((months <= line.months[0]) & (percent <= line.percent[0]))
                if line.months and line.percent
                else None
            ),
        )
        for line in lines
    )


def _share(below: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> float:
    return round(100 * float(below.mean()), 1)
