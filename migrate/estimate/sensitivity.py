"""Which input moves the result: the median with one input held at its P10 and at its P90, all else drawn as before.

Each bar is a run of its own over fewer draws, set against a run over the same draws in which nothing is held, and
then scaled to the median that the estimate shows: so the bars and the estimate never disagree about the middle.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import NormalDist
from typing import NamedTuple

import msgspec
import numpy as np

from migrate.estimate.defaults import Numbers, Terms
from migrate.estimate.draws import Draws, Vector, significant
from migrate.estimate.money import compute_share, price_ratio
from migrate.estimate.pricing import Item, KernelPrice
from migrate.model import Sensitivity, Stage

DRAWS = 500
"""Of each run. A median of 500 draws is off by some 5 % of the spread, which a bar does not show (computed)."""

_LOW, _HIGH = 0.1, 0.9
_SHOWN = 8


class Medians(NamedTuple):
    """What one run gives."""

    months: float
    percent: float


Run = Callable[[Draws, Terms], Medians]
"""Draw, schedule and price everything once."""


class _Input(NamedTuple):
    """Something that can be held: random variables by name, or a scenario's own value."""

    id: str
    title: str
    names: frozenset[str] = frozenset()
    turned: bool = False
    """High draws make the result small."""
    terms: tuple[Terms, Terms] | None = None


class _Held(Draws):
    """Draws in which some variables stand still."""

    def __init__(self, like: Draws, stack: str, held: Mapping[str, float]) -> None:
        self._held = held
        super().__init__(like.seed, DRAWS, stack)

    def uniform(self, name: str) -> Vector:
        if name in self._held:
            return np.full(self.size, self._held[name])
        return super().uniform(name)

    def normal(self, name: str) -> Vector:
        if name in self._held:
            return np.full(self.size, NormalDist().inv_cdf(self._held[name]))
        return super().normal(name)

    def loaded(self, name: str, loading: float) -> Vector:
        if name in self._held:  # the input itself is known now, whatever the stack is like
            return np.full(self.size, NormalDist().inv_cdf(self._held[name]))
        return super().loaded(name, loading)


def tornadoes(
    run: Run, items: Sequence[Item], draws: Draws, terms: Terms, shown: Medians, *, outside: bool
) -> tuple[tuple[Sensitivity, ...], tuple[Sensitivity, ...]]:
    """Return the bars for the added months and for the added percent, widest first.

    Args:
        run: The estimate as a function of draws and terms.
        items: What is priced; their ids name random variables.
        draws: Of the estimate; the seed is taken from them.
        terms: Of the estimate.
        shown: The medians that the estimate shows.
        outside: There is a view from outside, which can be held too.
    """
    stack = terms.target.id
    base = run(_Held(draws, stack, {}), terms)
    months, percent = [], []
    for one in _inputs(items, terms, outside=outside):
        low, high = _ends(one, run, draws, terms)
        months.append(_bar(one, low.months, high.months, base.months, shown.months))
        percent.append(_bar(one, low.percent, high.percent, base.percent, shown.percent))
    return _widest(months), _widest(percent)


def _ends(one: _Input, run: Run, draws: Draws, terms: Terms) -> tuple[Medians, Medians]:
    stack = terms.target.id
    if one.terms is not None:
        low, high = (run(_Held(draws, stack, {}), other) for other in one.terms)
    else:
        low, high = (run(_Held(draws, stack, dict.fromkeys(one.names, level)), terms) for level in (_LOW, _HIGH))
    return (high, low) if one.turned else (low, high)


def _bar(one: _Input, low: float, high: float, base: float, shown: float) -> Sensitivity:
    scale = shown / base if base else 1.0
    return Sensitivity(parameter=one.id, title=one.title, low=significant(low * scale), high=significant(high * scale))


def _widest(bars: Sequence[Sensitivity]) -> tuple[Sensitivity, ...]:
    moving = [bar for bar in bars if bar.low != bar.high]
    return tuple(sorted(moving, key=lambda bar: (-abs(bar.high - bar.low), bar.parameter))[:_SHOWN])


def _inputs(items: Sequence[Item], terms: Terms, *, outside: bool) -> list[_Input]:
    """List what can be held, in this estimate."""
    kernels = frozenset(item.id for item in items if isinstance(item.price, KernelPrice))
    edits = frozenset(item.id for item in items) - kernels
    stack = terms.target.id
    found = [
        _Input("stack", "Maturity of target software", frozenset({f"stack:{stack}"})),
        _Input("fixed", "Fixed effort of the port", frozenset({"fixed"})),
        _Input("person-days", "Days per author-day", frozenset({"person-days-per-author-day"})),
        # The variable says how lucky a draw is: below the chance, much has to be done again.
        _Input("rework", "A large part done again", frozenset({"rework"}), turned=True),
        _Input("ramp-up", "Ramp-up of the team", frozenset({"ramp-up"})),
    ]
    if outside:
        found.append(_Input("top-down", "What ports of this size took", frozenset({"top-down"})))
    if kernels:
        found.append(_Input("kernels", "Effort on kernels", kernels))
    if edits:
        found.append(_Input("edits", "Effort on all other code", edits))
    if terms.scenario.stage == Stage.FUNCTIONAL:
        found.append(_Input("functional", "Share of a working state", frozenset({"functional-share"})))
    return [*found, *_compute(terms), *_given(terms, terms.numbers)]


def _compute(terms: Terms) -> list[_Input]:
    if not compute_share(terms.scenario, terms.numbers):
        return []
    end = f"efficiency-end:{terms.target.id}"
    return [
        _Input("efficiency-end", "Speed of tuned cards", frozenset({end}), turned=True),
        _Input("efficiency-start", "Speed at the first run", frozenset({"efficiency-start"}), turned=True),
        _Input("efficiency-months", "Months until tuned", frozenset({"efficiency-months"})),
        _Input("revalidation", "Compute for validation", frozenset({"revalidation"})),
    ]


def _given(terms: Terms, numbers: Numbers) -> list[_Input]:
    """List the scenario's own values that a user would try first, with the range that is tried (judgement)."""
    scenario = terms.scenario

    def other(**changes: object) -> Terms:
        return terms._replace(scenario=msgspec.structs.replace(scenario, **changes))

    expert, novice = (min(numbers.experience, key=_by(numbers, sign)) for sign in (1, -1))
    found = [
        _Input(
            "team",
            f"Team of {2 * scenario.team} or {max(1, scenario.team // 2)}",
            terms=(other(team=2 * scenario.team), other(team=max(1, scenario.team // 2))),
        ),
        _Input(
            "experience",
            "Experience, much or none",
            terms=(other(experience=expert), other(experience=novice)),
        ),
    ]
    if compute_share(scenario, numbers):
        ratio = price_ratio(scenario, terms.target.id)
        cheap, dear = (round(ratio * factor, 4) for factor in (0.7, 1.3))
        found.append(
            _Input(
                "price-ratio",
                f"Price of a card-hour, {cheap:g} or {dear:g} times the source's",
                terms=(other(price_ratio=cheap, card_prices={}), other(price_ratio=dear, card_prices={})),
            )
        )
    return found


def _by(numbers: Numbers, sign: int) -> Callable[[str], float]:
    return lambda level: sign * numbers.experience[level]
