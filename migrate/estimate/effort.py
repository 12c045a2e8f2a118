"""Draw the effort of every item and of the fixed cost, in person-days."""

from __future__ import annotations

import functools
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from migrate.estimate.defaults import Numbers, Terms
from migrate.estimate.draws import Draws, Single, Vector, lognormal, price_draws, triangular
from migrate.estimate.fixed import Fixed
from migrate.estimate.pricing import EditPrice, Item, KernelPrice
from migrate.model import Stage


@dataclass(frozen=True)
class Effort:
    """All draws of the effort, in person-days; the sum over items and fixed cost is the total."""

    items: Sequence[Item]
    days: Sequence[Single]
    """One vector for each item."""
    fixed: Vector
    total: Vector
    scales: Sequence[float] = ()
    """For each item, what the view from outside multiplies it by at the median; empty before it is looked at."""

    @functools.cached_property
    def shares(self) -> Mapping[str, Sequence[tuple[int, float]]]:
        """Unit -> its parts: index of an item, share of that item's effort; sorted by unit."""
        shares: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for index, item in enumerate(self.items):
            by_unit: dict[str, float] = defaultdict(float)
            for portion in item.portions:
                by_unit[portion.unit] += portion.share
            for unit, share in by_unit.items():
                shares[unit].append((index, share))
        return {unit: shares[unit] for unit in sorted(shares)}

    @functools.cached_property
    def medians(self) -> Sequence[float]:
        """The median of each item."""
        return [float(np.median(days)) for days in self.days]

    def unit(self, unit: str) -> Single:
        """Return the draws of one unit's effort."""
        return self.mix(self.shares.get(unit, ()))

    def mix(self, parts: Sequence[tuple[int, float]]) -> Single:
        """Return the draws of a sum of parts of items."""
        mixed = np.zeros(len(self.total), dtype=np.float32)
        for index, share in parts:
            mixed += np.float32(share) * self.days[index]
        return mixed

    def parts(self, **fields: object) -> list[tuple[int, float]]:
        """Return the parts of all items whose portions have the given fields."""
        found = []
        for index, item in enumerate(self.items):
            share = math.fsum(
                portion.share
                for portion in item.portions
                if all(getattr(portion, name) == value for name, value in fields.items())
            )
            if share:
                found.append((index, share))
        return found


def draw_effort(items: Sequence[Item], fixed: Sequence[Fixed], draws: Draws, terms: Terms) -> Effort:
    """Draw every item and the fixed cost.

    `pd = (hours / h + kappa * author-days) * experience * stage share * rework`, with h hours a day. The stage's
    share applies to the whole and not to its parts, because that is what the evidence measures: effort to the first
    working state over effort to parity, whatever it went into.

    The effort of unit tests that do not exist, of a vendor's people on site and of coding agents is left out:
    the code does not show them and the scenario does not ask.
    """
    numbers = terms.numbers
    kappa = _kappa(draws, numbers)
    common = common_factor(draws, terms)
    days = [
        (_item(item, draws, kappa, numbers) * (common * terms.own_factor(kind_of(item)))).astype(np.float32)
        for item in items
    ]
    fixed_days = draw_fixed(fixed, draws, numbers) * kappa * common * terms.own_factor("fixed")
    total = fixed_days.copy()
    for vector in days:
        total += vector
    return Effort(items, days, fixed_days, total)


def kind_of(item: Item) -> str:
    """Return the kind of work whose factor a team may have learned."""
    return "kernels" if isinstance(item.price, KernelPrice) else "edits"


def author_day_factor(draws: Draws, terms: Terms) -> Vector:
    """Return the person-days that one author-day of this port stands for, with all that multiplies effort."""
    return _kappa(draws, terms.numbers) * common_factor(draws, terms)


def _kappa(draws: Draws, numbers: Numbers) -> Vector:
    return triangular(draws.uniform("person-days-per-author-day"), numbers.person_days_per_author_day)


def common_factor(draws: Draws, terms: Terms) -> Vector:
    """Return what multiplies all effort: experience, stage, and the chance of doing much again."""
    numbers, scenario = terms.numbers, terms.scenario
    chance = numbers.rework_probability if scenario.rework_probability is None else scenario.rework_probability
    happens = draws.uniform("rework") < chance
    factor = np.where(happens, triangular(draws.uniform("rework-factor"), numbers.rework_factor), 1.0)
    factor *= numbers.experience[scenario.experience]
    if scenario.stage == Stage.FUNCTIONAL:
        factor *= lognormal(draws.normal("functional-share"), numbers.functional_share)
    return factor


def _item(item: Item, draws: Draws, kappa: Vector, numbers: Numbers) -> Vector:
    normal = draws.loaded(item.id, item.loading)
    if isinstance(item.price, KernelPrice):
        return item.price.author_days * lognormal(normal, numbers.kernel_spread) * kappa
    return _hours(item.price, normal) / numbers.hours_per_day


def _hours(price: EditPrice, normal: Vector) -> Vector:
    """Draw a subject: what is hard to learn is hard to repeat, so one variable moves both."""
    hours = price_draws(normal, price.first, bounded=price.bounded)
    each = price_draws(normal, price.each, bounded=price.bounded)
    if price.by_hand:
        hours = hours + price.by_hand * each
    if price.by_machine:
        # A machine never makes an edit dearer than a hand.
        hours = hours + price.by_machine * np.minimum(each, price_draws(normal, price.machine))
    return hours


def draw_fixed(fixed: Sequence[Fixed], draws: Draws, numbers: Numbers) -> Vector:
    """Draw the fixed effort in author-days: the dearest class of each draw."""
    normal = draws.loaded("fixed", numbers.loading_fixed)
    dearest = np.zeros(draws.size)
    for one in fixed:
        points = (one.median * one.median / one.p90, one.median, one.p90)
        dearest = np.maximum(dearest, lognormal(normal, points))
    return dearest
