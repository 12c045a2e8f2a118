"""The same port to four stages, and what it costs to keep: spike, functional, parity, product."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from migrate.estimate import money
from migrate.estimate.defaults import Terms
from migrate.estimate.draws import Draws, Vector, lognormal, percentiles
from migrate.estimate.effort import author_day_factor, draw_fixed
from migrate.estimate.fixed import Fixed
from migrate.model import Baseline, HorizonCost, StageEffort

TITLES = {
    "spike": "A spike: the riskiest path runs once, on one card",
    "functional": "It builds and its tests pass",
    "parity": "Accuracy, throughput and continuous integration as before",
    "product": "Parity, kept for a year beside the NVIDIA version",
}

HORIZONS = (24.0, 36.0)
"""Months over which total cost is compared, besides the baseline's own."""


class Stages(NamedTuple):
    """Effort to each stage, by draw."""

    days: dict[str, Vector]
    upkeep: Vector
    """Person-days a year, once the port is done."""


def draw_stages(parity: Vector, fixed: Sequence[Fixed], draws: Draws, terms: Terms) -> Stages:
    """Draw what each stage takes, and the upkeep.

    A working state is a measured share of parity; a spike is a share of that. Upkeep is a share of the fixed effort
    of the same reference class: keeping a back end is paid in tool chain, tests and releases again, not in kernels.

    Args:
        parity: Effort to parity, in person-days.
        fixed: The reference classes that apply.
        draws: Of the estimate.
        terms: Of the estimate, for parity.
    """
    numbers = terms.numbers
    functional = parity * lognormal(draws.normal("functional-share"), numbers.functional_share)
    spike = functional * lognormal(draws.normal("spike-share"), numbers.spike_share)
    share = lognormal(draws.loaded("upkeep", numbers.loading_fixed), numbers.upkeep_share)
    upkeep = draw_fixed(fixed, draws, numbers) * author_day_factor(draws, terms) * terms.own_factor("fixed") * share
    return Stages({"spike": spike, "functional": functional, "parity": parity, "product": parity + upkeep}, upkeep)


def stage_table(stages: Stages) -> tuple[StageEffort, ...]:
    """Return the stages as they are shown."""
    return tuple(
        StageEffort(stage=stage, title=TITLES[stage], effort_days=percentiles(days))
        for stage, days in stages.days.items()
    )


def total_costs(
    effort: Vector, upkeep: Vector, months: Vector, draws: Draws, *, against: Baseline, terms: Terms
) -> tuple[HorizonCost, ...]:
    """Return the added cost over longer horizons, with the upkeep from the end of the port on.

    Args:
        effort: To the scenario's stage, in person-days.
        upkeep: Person-days a year.
        months: Added months, of every n-th draw.
        draws: Of the estimate.
        against: Gives the staff; the horizon takes the place of its months.
        terms: Of the estimate.
    """
    every = -(-len(effort) // len(months))
    found = []
    for horizon in HORIZONS:
        days = effort.copy()
        days[::every] += upkeep[::every] * np.maximum(horizon - months, 0.0) / 12
        longer = Baseline(months=horizon, staff=against.staff, source=against.source)
        added = money.added(days, months, draws, longer, terms)
        found.append(HorizonCost(months=horizon, percent=percentiles(added.percent)))
    return tuple(found)
