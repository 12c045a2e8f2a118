"""Every number that went into an estimate, with its unit and source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from migrate.estimate.defaults import Defaults, Numbers, Terms, Triple
from migrate.estimate.fixed import Fixed
from migrate.estimate.money import ROLES, compute_base, compute_share
from migrate.estimate.pricing import EditPrice, Item
from migrate.model import Baseline, Parameter, Scenario, Stage, Target

_COMPUTE = frozenset(
    {
        "revalidation",
        "efficiency_end_inference",
        "dual_running",
        "efficiency_start",
        "efficiency_end",
        "efficiency_months",
    }
)
_PARITY = frozenset({"fixed_split_parity"})
_FUNCTIONAL = frozenset({"fixed_split_functional"})

_DEFAULT = "judgement (default)"


def parameters(
    items: Sequence[Item], fixed: Sequence[Fixed], against: Baseline, terms: Terms, defaults: Defaults
) -> tuple[Parameter, ...]:
    """List scenario and baseline, target, fixed effort, the method's numbers and the prices."""
    return (
        *_scenario(terms.scenario, against),
        *_target(terms.target),
        *_fixed(fixed, defaults),
        *_method(terms.scenario, defaults),
        *(
            Parameter(
                id=f"calibration.{kind}",
                title=f"Your own factor on the defaults: {kind}",
                value=f"{own.factor:g}",
                unit="factor",
                source=f"{own.source}; learned from {own.items} finished items",
            )
            for kind, own in sorted(terms.calibration.items())
        ),
        *_prices(items),
    )


def _giver(scenario: Scenario) -> str:
    """Return who gave what a scenario says."""
    return _DEFAULT if scenario.source == "default" else scenario.source


def _scenario(scenario: Scenario, against: Baseline) -> list[Parameter]:
    plain = Scenario()
    asked = (
        ("stage", "How far the port goes", ""),
        ("team", "Team", "people"),
        ("experience", "The team's experience with the target", ""),
        ("price_ratio", "Price of a target card-hour over a source card-hour", "ratio"),
        ("workload", "What the cards are used for", ""),
        ("overhead", "Share added to the price of labour", "share"),
        ("cards", "Cards of the baseline's cluster", "cards"),
        ("overlap", "Share of the move that overlaps with other work", "share"),
        ("hardware_wait_months", "Waiting time for hardware", "months"),
        ("draws", "Draws", "count"),
        ("seed", "Seed", ""),
    )
    found = [
        Parameter(
            id=f"scenario.{name}",
            title=title,
            value="not given" if getattr(scenario, name) in ("", None) else str(getattr(scenario, name)),
            unit=unit,
            source=_giver(scenario) if getattr(scenario, name) != getattr(plain, name) else _DEFAULT,
        )
        for name, title, unit in asked
    ]
    found += _money(scenario)
    source = _giver(scenario) if scenario.baseline_months is not None else _DEFAULT
    staff = _giver(scenario) if scenario.baseline_staff is not None else "judgement (the team)"
    months, people = f"{against.months:g}", f"{against.staff:g}"
    found += (
        Parameter(id="baseline.months", title="Baseline", value=months, unit="months", source=source),
        Parameter(id="baseline.staff", title="Staff of the baseline", value=people, unit="people", source=staff),
    )
    return found


def _money(scenario: Scenario) -> list[Parameter]:
    """List the rates and prices that were given; there is no default for them."""
    giver, currency = _giver(scenario), scenario.rate.currency if scenario.rate else "money"
    per = f"{currency} per {scenario.rate.per}" if scenario.rate else currency
    given = [("rate", "Rate", scenario.rate.amount, per)] if scenario.rate else []
    given += [(f"role_rates.{role}", f"Rate: {ROLES[role]}", x, per) for role, x in sorted(scenario.role_rates.items())]
    given += [
        (f"card_prices.{card}", f"Price of a card-hour: {card}", price, currency)
        for card, price in sorted(scenario.card_prices.items())
    ]
    return [
        Parameter(id=f"scenario.{id_}", title=title, value=f"{amount:g}", unit=unit, source=giver)
        for id_, title, amount, unit in given
    ]


def _target(target: Target) -> list[Parameter]:
    return [
        Parameter(
            id=f"target.{target.id}.learning_rate",
            title="Cost of a unit when the number of units doubles",
            value=f"{target.learning_rate:g}",
            unit="share",
            source="E29",
        ),
        *(
            Parameter(
                id=f"target.{target.id}.kernel.{language}",
                title=f"First 100-line kernel of a family: {language}",
                value=f"{days:g}",
                unit="author-days",
                source=target.kernel_source,
            )
            for language, days in target.kernel_author_days.items()
        ),
    ]


def _fixed(fixed: Sequence[Fixed], defaults: Defaults) -> list[Parameter]:
    return [
        Parameter(
            id=f"fixed.{one.name}",
            title=(
                f"{defaults.entries[f'fixed_{one.name}'].title}; "
                f"{one.kloc:.3g} kLOC, {100 * one.unported:.0f} % not ported"
            ),
            value=f"{one.median:.3g} / {one.p90:.3g}",
            unit="author-days, median / P90",
            source=f"measured; {defaults.entries[f'fixed_{one.name}'].source}",
        )
        for one in fixed
    ]


def _method(scenario: Scenario, defaults: Defaults) -> list[Parameter]:
    unused = _PARITY if scenario.stage == Stage.FUNCTIONAL else _FUNCTIONAL
    if not compute_share(scenario, defaults.numbers):
        unused |= _COMPUTE
    given = _overridden(scenario, defaults.numbers)
    found = []
    for id_, entry in defaults.entries.items():
        if id_ in unused:
            continue
        value, source = _shown(entry.value), entry.source
        if id_ in given:
            value, source = given[id_], _giver(scenario)
        found.append(Parameter(id=f"model.{id_}", title=entry.title, value=value, unit=entry.unit, source=source))
    return found


def _overridden(scenario: Scenario, numbers: Numbers) -> dict[str, str]:
    """Return the method's numbers that the scenario replaces."""
    given = {}
    derived = compute_base(scenario, numbers) is not None and scenario.rate is not None
    if scenario.compute_share is not None or derived:
        given["compute_share"] = f"{compute_share(scenario, numbers):.3g}"
    if scenario.rework_probability is not None:
        given["rework_probability"] = f"{scenario.rework_probability:g}"
    if scenario.abandonment_probability is not None:
        given["abandonment"] = f"{scenario.abandonment_probability:g}"
    return given


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_shown(part)}" for key, part in value.items())
    if isinstance(value, (list, tuple)):
        return " / ".join(_shown(part) for part in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _prices(items: Sequence[Item]) -> list[Parameter]:
    found = []
    for item in items:
        if isinstance(item.price, EditPrice):
            shape = "lowest, likeliest, highest" if item.price.bounded else "P10, median, P90"
            value = f"first {_triple(item.price.first)}, each {_triple(item.price.each)}"
            if item.price.by_machine:
                value += f", by machine {_triple(item.price.machine)}"
            unit = f"hours ({shape})"
        else:
            value, unit = f"{item.price.author_days:.3g}", "author-days (median)"
        found.append(Parameter(id=f"price.{item.id}", title=item.title, value=value, unit=unit, source=item.source))
    return found


def _triple(price: Triple) -> str:
    return " / ".join(f"{hours:g}" for hours in price)
