"""What the move adds: months, percent of the baseline's cost, and labour in money."""

from __future__ import annotations

import math

import numpy as np

from migrate.errors import MigrateError
from migrate.estimate.defaults import Numbers, Terms
from migrate.estimate.draws import Draws, Vector, lognormal, triangular
from migrate.model import Baseline, Percentiles, Rate, Scenario

STEPS = 48
"""Points in time over which the cost of being slower is averaged."""


def baseline(scenario: Scenario, numbers: Numbers, *, found: bool) -> Baseline:
    """Return what the move is compared with; it is the scenario's when that gives its duration.

    Args:
        scenario: What was given, and by whom.
        numbers: Of the method, for what was not given.
        found: The code uses CUDA at all.
    """
    given = "default" if scenario.baseline_months is None else scenario.source
    return Baseline(
        months=scenario.baseline_months if scenario.baseline_months is not None else numbers.baseline_months,
        staff=scenario.baseline_staff if scenario.baseline_staff is not None else float(scenario.team),
        source=given if found else "none",
    )


def compute_share(scenario: Scenario, numbers: Numbers) -> float:
    """Return the share of compute in the baseline's cost."""
    return numbers.compute_share if scenario.compute_share is None else scenario.compute_share


def added_percent(days: Vector, months: Vector, draws: Draws, against: Baseline, terms: Terms) -> Vector:
    """Return the added cost over the baseline's, in percent.

    `Y = l*pd/(19*staff*H) + l*i*X/H + s*(p*mean(1/eta) - 1) + s*v + s*d*X/H` with l = 1 - s: labour of the
    move, people of the baseline who wait for it, slower cards, validation, and two fleets at once.

    Args:
        days: Effort in person-days.
        months: Added months X, of every n-th draw.
        draws: For efficiency and validation.
        against: Months H and staff.
        terms: Give price ratio p and compute share s; the target names a reference class of efficiency.
    """
    numbers, scenario = terms.numbers, terms.scenario
    every = -(-len(days) // len(months))
    days = days[::every]
    share = compute_share(scenario, numbers)
    horizon = against.months
    labour = days / (numbers.days_per_month * against.staff * horizon) + numbers.idle_share * months / horizon
    added = (1 - share) * labour
    if share:
        slower = scenario.price_ratio * _slowness(draws, terms.target.id, horizon, numbers)[::every] - 1
        validation = triangular(draws.uniform("revalidation"), numbers.revalidation)[::every]
        added = added + share * (slower + validation + numbers.dual_running * months / horizon)
    percent: Vector = 100 * added
    return percent


def _slowness(draws: Draws, target: str, horizon: float, numbers: Numbers) -> Vector:
    """Return the mean of 1/eta over the horizon, eta(t) = end - (end - start) * exp(-t / tau).

    Efficiency loads on the stack's factor with a minus: a stack on which work is hard is also a slow one.
    """
    points = numbers.efficiency_end.get(target, numbers.efficiency_end["other"])
    start = lognormal(draws.loaded("efficiency-start", -numbers.loading_chain), numbers.efficiency_start)
    end = lognormal(draws.loaded(f"efficiency-end:{target}", -numbers.loading_chain), points)
    tau = lognormal(draws.loaded("efficiency-months", numbers.loading_chain), numbers.efficiency_months)
    total = np.zeros(draws.size)
    for point in range(STEPS):
        passed = (point + 0.5) / STEPS * horizon
        total += 1 / (end - (end - start) * np.exp(-passed / tau))
    return total / STEPS


def cost(days: Percentiles, rate: Rate | None, numbers: Numbers) -> Percentiles | None:
    """Return labour in money, from the effort as it is shown, so that both agree to the last digit."""
    if rate is None:
        return None
    per_day = day_rate(rate, numbers)
    return Percentiles(
        p10=round(days.p10 * per_day, 2),
        p50=round(days.p50 * per_day, 2),
        p80=round(days.p80 * per_day, 2),
        p90=round(days.p90 * per_day, 2),
    )


def day_rate(rate: Rate, numbers: Numbers) -> float:
    """Return the price of a person-day.

    Raises:
        MigrateError: The rate is per something else than hour, day or month.
    """
    days = {"hour": 1 / numbers.hours_per_day, "day": 1.0, "month": numbers.days_per_month}
    if rate.per not in days or not math.isfinite(rate.amount):
        raise MigrateError(
            f"a rate per {rate.per!r} is not known", hint=f"one of {', '.join(days)}", slug="scenario-rate"
        )
    return rate.amount / days[rate.per]
