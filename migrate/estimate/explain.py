"""Say how the largest contributions come about, and what each finding carries of its unit."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from migrate.estimate.defaults import Terms, Triple
from migrate.estimate.draws import significant
from migrate.estimate.effort import Effort, kind_of
from migrate.estimate.fixed import Fixed
from migrate.estimate.pricing import EditPrice, Item, KernelPrice, Load, Selection
from migrate.model import Part, Percentiles, Stage

MOST_PARTS = 8
"""How many parts of a contribution are named."""

FIRST, REST = "first", "rest"


# ------------------------------------------------------------------------------------------------------ findings


def finding_days(effort: Effort, selection: Selection, unit_days: Mapping[str, Percentiles]) -> dict[str, float]:
    """Return what each finding with work carries of its unit's P50.

    What is learned once falls on the first edit group of the unit, what repeats on the groups, a kernel's price
    on the kernel. Medians of items do not add up to the unit's, so they are scaled to it.
    """
    carried: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for index, item in enumerate(effort.items):
        for unit, loads in _by_unit(item).items():
            learned = math.fsum(load.once for load in loads)
            first = min(load.group for load in loads)
            learners = sum(load.group == first for load in loads)
            for load in loads:
                share = load.repeat + (learned / learners if load.group == first else 0.0)
                carried[unit][load.fingerprint] += share * effort.medians[index]
    days = dict.fromkeys((case.finding.fingerprint for case in selection.priced), 0.0)
    for unit, shares in carried.items():
        total = math.fsum(shares.values())
        for fingerprint, share in shares.items():
            days[fingerprint] = significant(unit_days[unit].p50 * share / total) if total else 0.0
    return dict(sorted(days.items()))


def _by_unit(item: Item) -> dict[str, list[Load]]:
    by_unit: dict[str, list[Load]] = defaultdict(list)
    for load in item.loads:
        by_unit[load.unit].append(load)
    return by_unit


# --------------------------------------------------------------------------------------------------------- parts


class _Step(NamedTuple):
    """Something that costs, as it is computed: before what multiplies all effort, and by the draws."""

    title: str
    kind: str
    computed: float
    """Person-days before experience and stage."""
    days: float
    text: str


def parts_of_unit(effort: Effort, unit: str, terms: Terms) -> tuple[Part, ...]:
    """Return what a unit or a shared fix is computed from, largest first."""
    steps: list[_Step] = []
    for index, share in effort.shares[unit]:
        item = effort.items[index]
        loads = [load for load in item.loads if load.unit == unit]
        made: Iterable[_Step]
        if isinstance(item.price, KernelPrice):
            made = _kernels(item.price, loads, effort.medians[index], terms)
        elif item.is_fix:
            made = (_fix(item, item.price, share, effort.medians[index], terms),)
        else:
            made = _edits(item, item.price, loads, effort.medians[index], terms)
        scale = effort.scales[index] if effort.scales else 1.0
        own = terms.own_factor(kind_of(item))
        steps += (_own(_seen(step, scale), own) for step in made)
    return _named(steps, terms)


def _own(step: _Step, factor: float) -> _Step:
    """Add the team's own factor."""
    if factor == 1:
        return step
    return step._replace(computed=step.computed * factor, text=f"{step.text} x {factor:g} by your finished items")


def _seen(step: _Step, scale: float) -> _Step:
    """Add what the view from outside makes of a step."""
    if scale == 1:
        return step
    return step._replace(computed=step.computed * scale, text=f"{step.text} x {scale:.3g} seen from outside")


def parts_of_phase(fixed: Sequence[Fixed], share: float, days: float, terms: Terms) -> tuple[Part, ...]:
    """Return what a phase of the fixed effort is computed from: its share of the dearest reference class."""
    dearest = max(fixed, key=lambda one: (one.median, one.name))
    kappa = terms.numbers.person_days_per_author_day[1]
    text = f"{share:g} x {dearest.median:.3g} author-days x {kappa:g} person-days per author-day"
    step = _Step(f"fixed effort: {dearest.name}", "fixed", share * dearest.median * kappa, days, text)
    return _named([_own(step, terms.own_factor("fixed"))], terms)


def _kernels(price: KernelPrice, loads: Sequence[Load], median: float, terms: Terms) -> Iterator[_Step]:
    kappa = terms.numbers.person_days_per_author_day[1]
    for load in loads:
        text = f"{load.text} x {kappa:g} person-days per author-day"
        yield _Step(load.title, "kernel", load.repeat * price.author_days * kappa, load.repeat * median, text)


def _edits(item: Item, price: EditPrice, loads: Sequence[Load], median: float, terms: Terms) -> Iterator[_Step]:
    """Explain a subject in one unit: its part of what is learned once, and its edit groups."""
    hours = price.first[1] + price.each[1] * price.by_hand + price.machine[1] * price.by_machine
    per_day = terms.numbers.hours_per_day
    if learned := math.fsum(load.once for load in loads):
        here = learned * hours / price.first[1]
        groups = len({load.group for load in loads})
        once = _middle(price.first, price)
        yield _Step(item.id, FIRST, here * once / per_day, learned * median, _learned(once, groups, price, terms))
    for each, by_machine in ((price.each, False), (price.machine, True)):
        made = [load for load in loads if load.by_machine == by_machine]
        if repeated := math.fsum(load.repeat for load in made):
            here = repeated * hours / each[1]
            groups = len({load.group for load in made})
            again = _middle(each, price)
            text = _repeated(again, groups, price, terms, by_machine=by_machine)
            yield _Step(item.id, "edits", here * again / per_day, repeated * median, text)


def _fix(item: Item, price: EditPrice, share: float, median: float, terms: Terms) -> _Step:
    """Explain a shared fix: it is learned and made once."""
    once = _middle(price.first, price)
    return _Step(
        item.title, FIRST, share * once / terms.numbers.hours_per_day, share * median, _learned(once, 1, price, terms)
    )


def _middle(hours: Triple, price: EditPrice) -> float:
    """Return the median of a price as it is drawn."""
    low, likely, high = hours
    if high <= low or not (price.bounded or low <= 0):
        return likely
    if likely - low >= (high - low) / 2:
        return low + math.sqrt((high - low) * (likely - low) / 2)
    return high - math.sqrt((high - low) * (high - likely) / 2)


def _learned(once: float, groups: int, price: EditPrice, terms: Terms) -> str:
    return f"{once:.3g} h once{_part_of(groups, price.groups)}{_per_day(terms)}"


def _repeated(each: float, groups: int, price: EditPrice, terms: Terms, *, by_machine: bool) -> str:
    """Write edit groups out: the repeats of one subject count together and are shared evenly."""
    everywhere = price.machine_groups if by_machine else price.groups - price.machine_groups
    units = price.by_machine if by_machine else price.by_hand
    text = f"{groups} {'group' if groups == 1 else 'groups'}{' by machine' if by_machine else ''} at {each:.3g} h"
    if price.groups > 1:
        text += f", falling with practice ({terms.target.learning_rate:g} per doubling): {each:.3g} h x {units:.3g}"
        text += _part_of(groups, everywhere)
    return text + _per_day(terms)


def _part_of(groups: int, everywhere: int) -> str:
    return f" x {groups}/{everywhere} of the groups" if groups < everywhere else ""


def _per_day(terms: Terms) -> str:
    return f" / {terms.numbers.hours_per_day:g} h a day"


def _named(steps: Sequence[_Step], terms: Terms) -> tuple[Part, ...]:
    """Name the largest steps and put the others together."""
    factor, written = _common(terms)
    ordered = sorted(steps, key=lambda step: (-step.days, step.title, step.kind, step.text))
    parts = [
        Part(
            title=step.title,
            kind=step.kind,
            days=significant(step.days),
            text=f"{step.text}{written} = {step.computed * factor:.3g} d",
        )
        for step in ordered[:MOST_PARTS]
    ]
    if rest := ordered[MOST_PARTS:]:
        days = significant(math.fsum(step.days for step in rest))
        computed = math.fsum(step.computed for step in rest) * factor
        parts.append(Part(title=f"{len(rest)} more", kind=REST, days=days, text=f"together = {computed:.3g} d"))
    return tuple(parts)


def _common(terms: Terms) -> tuple[float, str]:
    """Return the median of what multiplies all effort, and how it is written; the chance of rework is not in it."""
    numbers, scenario = terms.numbers, terms.scenario
    factor, written = numbers.experience[scenario.experience], ""
    if factor != 1:
        written = f" x {factor:g} experience"
    if scenario.stage == Stage.FUNCTIONAL:
        factor *= numbers.functional_share[1]
        written += f" x {numbers.functional_share[1]:g} to the first working state"
    return factor, written
