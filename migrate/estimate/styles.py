"""Port styles: the one that an estimate assumes, and what the others would make of the same work."""

from __future__ import annotations

import functools
from pathlib import Path

import msgspec
import numpy as np

from migrate.errors import RuleError
from migrate.estimate.defaults import Terms, Triple
from migrate.estimate.draws import Draws, Vector, lognormal, percentiles
from migrate.estimate.effort import Effort
from migrate.estimate.views import Reference, covered
from migrate.model import Struct, StyleEffort
from migrate.resources import read_yaml, rules_root

GUARDS, BACK_END, PLUG_IN = "guards", "back-end", "plug-in"


class Style(Struct, frozen=True):
    """An entry of `rules/model/styles.yaml`."""

    title: str
    remainder: Triple
    """Share of the effort in native code that is left, beyond the fixed effort."""
    upkeep: float
    """A year's upkeep over the fixed effort."""
    native: bool
    """It is a way to port native code; otherwise a way to port code on a framework."""
    recompiled: bool | None
    """True when it needs a target that recompiles CUDA; None when it does not matter."""
    source: str


@functools.cache
def load_styles(path: Path | None = None) -> dict[str, Style]:
    """Read the styles.

    Raises:
        RuleError: An entry has a wrong shape, or a style that estimates assume is missing.
    """
    path = path or rules_root() / "model" / "styles.yaml"
    try:
        styles = msgspec.convert(read_yaml(path), dict[str, Style])
    except msgspec.ValidationError as error:
        raise RuleError(str(error), file=str(path), slug="model-styles") from None
    for id_ in (GUARDS, BACK_END, PLUG_IN):
        if id_ not in styles:
            raise RuleError(f"{id_} is missing", file=str(path), slug="model-styles")
    return styles


def assumed(terms: Terms, *, native: bool) -> str:
    """Return the style that the numbers of the estimate are about."""
    if not native:
        return PLUG_IN
    return GUARDS if terms.target.recompiles_cuda else BACK_END


def compare(
    effort: Effort, known: Reference | None, upkeep: Vector, draws: Draws, *, terms: Terms, native: bool
) -> tuple[StyleEffort, ...]:
    """Return the styles that can be chosen here, the assumed one first, then the cheapest.

    Args:
        effort: Of the estimate; the assumed style's.
        known: The reference class; says which part of the effort lies in native code.
        upkeep: Person-days a year, as the estimate has it.
        draws: Of the estimate.
        terms: Of the estimate.
        native: There is native code to port.
    """
    chosen, middle = assumed(terms, native=native), terms.numbers.upkeep_share[1]
    inside = covered(effort, known) if known else np.zeros_like(effort.total)
    made = []
    for id_, style in load_styles().items():
        if style.native != native or style.recompiled not in (None, terms.target.recompiles_cuda):
            continue
        left = lognormal(draws.loaded(f"style:{id_}", terms.numbers.loading_edit), style.remainder)
        made.append(
            StyleEffort(
                id=id_,
                title=style.title,
                assumed=id_ == chosen,
                effort_days=percentiles(effort.total - inside * (1 - np.minimum(left, 1.0))),
                upkeep_days_per_year=percentiles(upkeep * style.upkeep / middle),
                source=style.source,
            )
        )
    return tuple(sorted(made, key=lambda one: (not one.assumed, one.effort_days.p50, one.id)))
