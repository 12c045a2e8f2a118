"""What the move adds: percent of the baseline's cost, computing, and labour by role in money."""

from __future__ import annotations

import math
from typing import NamedTuple

import msgspec
import numpy as np

from migrate.errors import MigrateError
from migrate.estimate.defaults import Numbers, Terms
from migrate.estimate.draws import Draws, Vector, lognormal, percentiles, triangular
from migrate.estimate.effort import Effort
from migrate.estimate.fixed import split
from migrate.estimate.pricing import KernelPrice
from migrate.model import Baseline, Percentiles, Rate, RoleCost, Scenario

STEPS = 48
"""Points in time over which the cost of being slower is averaged."""

SOURCE = "source"
"""How a scenario's card prices name the cards that the code runs on today."""

INFERENCE = "inference"

ROLES = {
    "kernel": "Kernel and performance engineers",
    "framework": "Framework and application engineers",
    "platform": "Build, packaging and platform engineers",
    "quality": "Accuracy and test engineers",
}
_ROLE_OF_PHASE = {
    "training": "framework",
    "toolchain": "platform",
    "integration": "framework",
    "accuracy": "quality",
    "performance": "kernel",
    "release": "platform",
}


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


def price_ratio(scenario: Scenario, target: str) -> float:
    """Return the price of a target card-hour over a source card-hour."""
    prices = scenario.card_prices
    if SOURCE in prices and target in prices:
        return prices[target] / prices[SOURCE]
    return scenario.price_ratio


def compute_base(scenario: Scenario, numbers: Numbers) -> float | None:
    """Return what a month of the baseline's cards costs, None when the scenario does not say."""
    if scenario.cards is None or SOURCE not in scenario.card_prices:
        return None
    return scenario.cards * scenario.card_prices[SOURCE] * numbers.card_hours_per_month


def compute_share(scenario: Scenario, numbers: Numbers) -> float:
    """Return the share of compute in the baseline's cost: as given, from cards and rates, or by the workload."""
    if scenario.compute_share is not None:
        return scenario.compute_share
    base = compute_base(scenario, numbers)
    if base is not None and scenario.rate is not None:
        staff = baseline(scenario, numbers, found=True).staff
        labour = staff * numbers.days_per_month * day_rate(scenario.rate, numbers) * (1 + scenario.overhead)
        return base / (base + labour) if base + labour else 0.0
    return numbers.compute_share_by_workload.get(scenario.workload, numbers.compute_share)


class Added(NamedTuple):
    """What the move adds, by draw."""

    percent: Vector
    """Of the baseline's whole cost."""
    compute: Vector | None = None
    """As a share of the baseline's compute; None when compute is no part of the baseline."""
    break_even: Vector | None = None
    """Price ratio at which nothing is added; 0 when none does."""


def added(days: Vector, months: Vector, draws: Draws, against: Baseline, terms: Terms) -> Added:
    """Return the added cost over the baseline's.

    `Y = l*pd/(19*staff*H) + l*i*X/H + s*(p*mean(1/eta) - 1) + s*v + s*d*X/H` with l = 1 - s: labour of the
    move, people of the baseline who wait for it, slower cards, validation, and two fleets at once. Solved for
    p at Y = 0, the same sum gives the price that breaks even.

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
    if not share:
        return Added(100 * labour)
    slowness = _slowness(draws, terms, horizon)[::every]
    validation = triangular(draws.uniform("revalidation"), numbers.revalidation)[::every]
    beside = validation + numbers.dual_running * months / horizon
    compute = price_ratio(scenario, terms.target.id) * slowness - 1 + beside
    even = (1 - beside - (1 - share) / share * labour) / slowness
    return Added(100 * ((1 - share) * labour + share * compute), compute, np.maximum(even, 0.0))


def _slowness(draws: Draws, terms: Terms, horizon: float) -> Vector:
    """Return the mean of 1/eta over the horizon, eta(t) = end - (end - start) * exp(-t / tau).

    Efficiency loads on the stack's factor with a minus: a stack on which work is hard is also a slow one.
    """
    numbers, target = terms.numbers, terms.target.id
    points = numbers.efficiency_end.get(target, numbers.efficiency_end["other"])
    if terms.scenario.workload == INFERENCE:
        points = numbers.efficiency_end_inference
    start = lognormal(draws.loaded("efficiency-start", -numbers.loading_chain), numbers.efficiency_start)
    end = lognormal(draws.loaded(f"efficiency-end:{target}", -numbers.loading_chain), points)
    tau = lognormal(draws.loaded("efficiency-months", numbers.loading_chain), numbers.efficiency_months)
    total = np.zeros(draws.size)
    for point in range(STEPS):
        passed = (point + 0.5) / STEPS * horizon
        total += 1 / (end - (end - start) * np.exp(-passed / tau))
    return total / STEPS


def compute_cost(compute: Vector | None, against: Baseline, terms: Terms) -> Percentiles | None:
    """Return the added computing in money, over the baseline's duration."""
    base = compute_base(terms.scenario, terms.numbers)
    if compute is None or base is None:
        return None
    return _money(compute * base * against.months)


# ---------------------------------------------------------------------------------------------------- labour


def roles(effort: Effort, terms: Terms) -> tuple[tuple[RoleCost, ...], Percentiles | None]:
    """Return what each role works and costs, and labour as a whole; costs are None without a rate."""
    numbers, scenario = terms.numbers, terms.scenario
    by_role = _by_role(effort, terms)
    whole = None
    if scenario.role_rates:
        whole = _money(sum((days * _role_rate(role, terms) for role, days in by_role.items()), np.zeros(1)))
    elif scenario.rate is not None:
        # From the effort as it is shown, so that both agree to the last digit.
        whole = cost(percentiles(effort.total), scenario.rate, numbers, overhead=scenario.overhead)
    made = []
    for role, days in by_role.items():
        if not days.any():
            continue
        price = _money(days * _role_rate(role, terms)) if scenario.rate else None
        made.append(RoleCost(role=role, title=ROLES[role], effort_days=percentiles(days), cost=price))
    return tuple(made), whole


def _by_role(effort: Effort, terms: Terms) -> dict[str, Vector]:
    kernels = [(index, 1.0) for index, item in enumerate(effort.items) if isinstance(item.price, KernelPrice)]
    written = {index for index, _ in kernels}
    code = [part for part in effort.parts(chain=False) if part[0] not in written]
    by_role = {role: np.zeros_like(effort.total) for role in ROLES}
    for role, parts in (("kernel", kernels), ("framework", code), ("platform", effort.parts(chain=True))):
        by_role[role] += effort.mix(parts)
    for phase, share in split(terms.scenario.stage, terms.numbers).items():
        by_role[_ROLE_OF_PHASE[phase]] += effort.fixed * share
    return by_role


def _role_rate(role: str, terms: Terms) -> float:
    scenario = terms.scenario
    assert scenario.rate is not None
    amount = scenario.role_rates.get(role, scenario.rate.amount)
    return day_rate(msgspec.structs.replace(scenario.rate, amount=amount), terms.numbers) * (1 + scenario.overhead)


def _money(draws: Vector) -> Percentiles:
    shown = percentiles(draws)
    return Percentiles(
        p10=round(shown.p10, 2), p50=round(shown.p50, 2), p80=round(shown.p80, 2), p90=round(shown.p90, 2)
    )


def cost(days: Percentiles, rate: Rate, numbers: Numbers, *, overhead: float = 0.0) -> Percentiles:
    """Return labour in money."""
    per_day = day_rate(rate, numbers) * (1 + overhead)
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
