"""From findings and a graph to months, money and a grade, as distributions.

`rules/model/defaults.yaml` holds every number with its source. The steps, a module each: `pricing` (what is
paid once, what repeats) with `kernels` and `fixed` (the reference class), `effort` (draws), `views` (what ports of
this size took, combined with the count), `schedule` and `plan` (people and order), `money`, `account` (who carries
what), `explain` (how), `grade`, `parameters`, `sensitivity`, `references` (quoted figures, located).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from migrate.config import WORKLOADS, Calibrated
from migrate.errors import MigrateError
from migrate.estimate import account, money
from migrate.estimate.defaults import UNKNOWN, Defaults, Numbers, Terms, load_defaults
from migrate.estimate.draws import Draws, Vector, curve, percentiles
from migrate.estimate.effort import Effort, draw_effort
from migrate.estimate.explain import finding_days
from migrate.estimate.fixed import Fixed, fixed_classes
from migrate.estimate.grade import Trust, grade
from migrate.estimate.parameters import parameters
from migrate.estimate.plan import Plan, make_plan, months_of_plan
from migrate.estimate.pricing import Item, Selection, price_items, select
from migrate.estimate.references import load_references, located
from migrate.estimate.risks import Scene, register
from migrate.estimate.sensitivity import Medians, tornadoes
from migrate.estimate.stages import draw_stages, stage_table, total_costs
from migrate.estimate.styles import compare
from migrate.estimate.views import Reference, combine, reference, views
from migrate.model import (
    Baseline,
    BlindSpot,
    Contribution,
    Edit,
    Estimate,
    Finding,
    Graph,
    HorizonCost,
    Mechanical,
    Parameter,
    Percentiles,
    Risk,
    Scenario,
    Sensitivity,
    SourceFile,
    Stage,
    StageEffort,
    StyleEffort,
    Target,
    Views,
)
from migrate.model import Effort as Price

__all__ = ["estimate", "load_defaults"]


class _Outcome(NamedTuple):
    """All that was drawn and derived."""

    selection: Selection
    effort: Effort
    plan: Plan
    parts: tuple[Contribution, ...]
    draws: Draws
    against: Baseline
    months: Vector
    """Added months; of every n-th draw, as the plan."""
    added: money.Added


class _Inputs(NamedTuple):
    """What is drawn from."""

    items: Sequence[Item]
    fixed: Sequence[Fixed]
    known: Reference | None
    weight: float
    """Of the count; a held input must not change how far it is trusted."""


def estimate(
    findings: Sequence[Finding],
    files: Sequence[SourceFile],
    graph: Graph,
    target: Target,
    *,
    chip: str,
    scenario: Scenario,
    prices: Mapping[str, Price],
    edits: Sequence[Edit] | None = None,
    blind_spots: Sequence[BlindSpot] = (),
    hidden: int = 0,
    defaults: Defaults | None = None,
    calibration: Mapping[str, Calibrated] | None = None,
) -> Estimate:
    """Estimate what moving to one target takes, under one scenario.

    The result depends on nothing but the arguments, and not on the order of their sequences.

    Args:
        findings: Of all roles; only owned and unsuppressed ones count. Each has an answer for the target.
        files: All that were read.
        graph: Holds every counted finding in one of its units.
        target: Where to.
        chip: Id of one of its chips.
        scenario: What the code cannot tell.
        prices: Price classes of `rules/model/effort.yaml`.
        edits: Tried edits, of any target; None when none were tried.
        blind_spots: What could not be seen.
        hidden: Number of owned findings that the scanned tree's own configuration hid.
        defaults: Other numbers than the shipped ones.
        calibration: Kind of work -> the team's own factor on it.

    Raises:
        MigrateError: The scenario asks for something impossible.
        ValueError: A counted finding is in no unit, needs work and has no price, or the graph hides a cycle.
    """
    defaults = defaults or load_defaults()
    _check(scenario, defaults)
    terms = Terms(target, chip, scenario, defaults.numbers, calibration or {})
    units = {fingerprint: unit.id for unit in graph.units for fingerprint in unit.findings}
    by_path = {file.path: file for file in files}
    selection = select(findings, by_path, units, edits or (), terms)
    items = price_items(selection, prices, terms)
    fixed = fixed_classes(selection, by_path, terms)
    draws = Draws(scenario.seed, scenario.draws, target.id)
    known = reference(selection, items, fixed, by_path, terms)
    seen = combine(draw_effort(items, fixed, draws, terms), known, draws, terms)
    effort = seen.effort
    titles = {unit.id: unit.title for unit in graph.units} | {item.id: item.title for item in items if item.is_fix}
    plan = make_plan(effort, graph, titles, draws, terms) if items else _idle(effort)
    source = "; ".join(sorted({defaults.entries[f"fixed_{one.name}"].source for one in fixed}))
    parts: tuple[Contribution, ...] = ()
    if items:
        parts = account.contributions(effort, plan, titles, terms, fixed=fixed, fixed_source=source)
    against = money.baseline(scenario, defaults.numbers, found=bool(selection.seen))
    months, added = _added(effort, plan.months, draws, against, terms)
    outcome = _Outcome(selection, effort, plan, parts, draws, against, months, added)
    unit_days = account.unit_days(parts, graph)
    inputs = _Inputs(items, fixed, known, seen.weight)
    trust = Trust(account.basis_shares(effort), _unknown_share(selection), tuple(blind_spots), hidden)
    return _result(
        outcome,
        terms,
        unit_days=unit_days,
        finding_days=finding_days(effort, selection, unit_days),
        trust=trust,
        views=views(seen, known),
        parameters=parameters(items, fixed, against, terms, defaults),
        mechanical=account.mechanical(effort, edits, target.id),
        beyond=_beyond(outcome, inputs, trust.blind, terms),
        tornado=_tornadoes(outcome, inputs, graph, terms),
    )


def _added(effort: Effort, whole: Vector, draws: Draws, against: Baseline, terms: Terms) -> tuple[Vector, money.Added]:
    """Return the months and the cost that the move adds."""
    months = whole * (1 - terms.scenario.overlap)
    if not effort.items:
        return months, money.Added(np.zeros_like(months))
    return months, money.added(effort.total, months, draws, against, terms)


def _tornadoes(
    outcome: _Outcome, inputs: _Inputs, graph: Graph, terms: Terms
) -> tuple[tuple[Sensitivity, ...], tuple[Sensitivity, ...]]:
    """Hold one input after the other; the baseline stays what it is."""
    items, fixed, known, weight = inputs
    if not items:
        return (), ()

    def run(draws: Draws, terms: Terms) -> Medians:
        effort = combine(draw_effort(items, fixed, draws, terms), known, draws, terms, weight=weight).effort
        whole = months_of_plan(effort, graph, draws, terms)
        months, added = _added(effort, whole, draws, outcome.against, terms)
        return Medians(percentiles(months).p50, percentiles(added.percent).p50)

    # What the baseline spends on compute is known; no bar may change it.
    share = money.compute_share(terms.scenario, terms.numbers)
    terms = terms._replace(scenario=msgspec.structs.replace(terms.scenario, compute_share=share))
    shown = Medians(percentiles(outcome.months).p50, percentiles(outcome.added.percent).p50)
    return tornadoes(run, items, outcome.draws, terms, shown, outside=known is not None)


class _Beyond(NamedTuple):
    """What the estimate says beside its goal; empty when nothing is to be done."""

    stages: tuple[StageEffort, ...] = ()
    upkeep: Percentiles | None = None
    total_costs: tuple[HorizonCost, ...] = ()
    styles: tuple[StyleEffort, ...] = ()
    risks: tuple[Risk, ...] = ()


def _beyond(outcome: _Outcome, inputs: _Inputs, blind: tuple[BlindSpot, ...], terms: Terms) -> _Beyond:
    """Look at the other stages, longer horizons, other styles, and risks."""
    if not inputs.items:
        return _Beyond()
    effort, draws, against = outcome.effort, outcome.draws, outcome.against
    whole = terms._replace(scenario=msgspec.structs.replace(terms.scenario, stage=Stage.PARITY))
    parity = effort.total
    if terms.scenario.stage != Stage.PARITY:
        counted = draw_effort(inputs.items, inputs.fixed, draws, whole)
        parity = combine(counted, inputs.known, draws, whole, weight=inputs.weight).effort.total
    stages = draw_stages(parity, inputs.fixed, draws, whole)
    upkeep = stages.upkeep
    native = any(one.name == "native" for one in inputs.fixed)
    chance = _abandonment(terms.scenario, terms.numbers)
    scene = Scene(
        outcome.selection,
        effort,
        outcome.months,
        upkeep,
        draws,
        terms,
        staff=against.staff,
        abandonment=chance,
        blind=blind,
    )
    return _Beyond(
        stages=stage_table(stages),
        upkeep=percentiles(upkeep),
        total_costs=total_costs(effort.total, upkeep, outcome.months, draws, against=against, terms=terms),
        styles=compare(effort, inputs.known, upkeep, draws, terms=terms, native=native),
        risks=register(scene),
    )


def _check(scenario: Scenario, defaults: Defaults) -> None:
    experience = defaults.numbers.experience
    against = money.baseline(scenario, defaults.numbers, found=True)
    problems = (
        (scenario.team < 1, "team must be at least 1"),
        (scenario.draws < 100, "draws must be at least 100"),
        (scenario.experience not in experience, f"experience must be one of {', '.join(experience)}"),
        (not 0 <= scenario.overlap <= 1, "overlap must lie between 0 and 1"),
        (not 0 <= (scenario.compute_share or 0) <= 1, "compute_share must lie between 0 and 1"),
        (against.months <= 0, "baseline_months must be more than 0"),
        (against.staff <= 0, "baseline_staff must be more than 0"),
        (scenario.hardware_wait_months < 0, "hardware_wait_months must not be negative"),
        (scenario.workload not in ("", *WORKLOADS), f"workload must be one of {', '.join(WORKLOADS)}"),
        (bool(scenario.role_rates) and scenario.rate is None, "role_rates need a rate for the other roles"),
        (
            not scenario.role_rates.keys() <= money.ROLES.keys(),
            f"role_rates may name {', '.join(money.ROLES)}",
        ),
        (scenario.overhead < 0, "overhead must not be negative"),
        (min(scenario.card_prices.values(), default=1) <= 0, "card_prices must be more than 0"),
        (not 0 <= (scenario.rework_probability or 0) <= 1, "rework_probability must lie between 0 and 1"),
        (not 0 <= (scenario.abandonment_probability or 0) <= 1, "abandonment_probability must lie between 0 and 1"),
    )
    for wrong, message in problems:
        if wrong:
            raise MigrateError(f"scenario {scenario.name!r}: {message}", slug="scenario-invalid")


def _idle(effort: Effort) -> Plan:
    """Return the plan of a code base in which nothing is to be done: not even hardware is waited for."""
    return Plan(np.zeros_like(effort.total), 1, (), (), {}, 0)


def _result(
    outcome: _Outcome,
    terms: Terms,
    *,
    unit_days: dict[str, Percentiles],
    finding_days: dict[str, float],
    trust: Trust,
    views: Views,
    parameters: tuple[Parameter, ...],
    mechanical: Mechanical | None,
    beyond: _Beyond,
    tornado: tuple[tuple[Sensitivity, ...], tuple[Sensitivity, ...]],
) -> Estimate:
    """Read the result off the draws."""
    scenario, numbers = terms.scenario, terms.numbers
    selection, effort, plan, parts, _, against, months, added = outcome
    percent = added.percent
    roles, labour = money.roles(effort, terms)
    return Estimate(
        target=terms.target.id,
        chip=terms.chip,
        scenario=scenario.name,
        stage=scenario.stage,
        baseline=against,
        effort_days=percentiles(effort.total),
        months=percentiles(months),
        inflation_percent=percentiles(percent),
        cost=labour,
        currency=scenario.rate.currency if scenario.rate else "",
        grade=grade(trust, numbers, priced=len(selection.priced) if parts else 0, baseline=against.source),
        basis_share=trust.basis,
        unknown_share=round(trust.unknown, 4),
        changes=account.change_totals(effort, selection),
        lines=account.cost_lines(effort, scenario.stage, numbers),
        drivers=parts[: account.DRIVERS],
        contributions=parts,
        schedule=plan.tasks,
        critical_path=plan.critical_path,
        curve_months=curve(months),
        curve_days=curve(effort.total),
        curve_percent=curve(percent),
        unit_days=unit_days,
        finding_days=finding_days,
        views=views,
        parameters=parameters,
        mechanical=mechanical,
        seed=scenario.seed,
        draws=scenario.draws,
        tornado_months=tornado[0],
        tornado_percent=tornado[1],
        references=located(load_references(), months, percent) if parts else (),
        roles=roles,
        stages=beyond.stages,
        upkeep_days_per_year=beyond.upkeep,
        total_costs=beyond.total_costs,
        styles=beyond.styles,
        risks=beyond.risks,
        compute_cost=money.compute_cost(added.compute, against, terms),
        break_even_price_ratio=None if added.break_even is None else percentiles(added.break_even),
        abandonment_probability=_abandonment(scenario, numbers) if parts else 0.0,
    )


def _abandonment(scenario: Scenario, numbers: Numbers) -> float:
    if scenario.abandonment_probability is not None:
        return scenario.abandonment_probability
    return numbers.abandonment.get(scenario.workload, numbers.abandonment[UNKNOWN])


def _unknown_share(selection: Selection) -> float:
    unknown = sum(case.answer.change is None for case in selection.priced)
    return unknown / len(selection.priced) if selection.priced else 0.0
