"""From findings and a graph to months, money and a grade, as distributions.

`rules/model/defaults.yaml` holds every number with its source. The steps, a module each: `pricing` (what is
paid once, what repeats) with `kernels` and `fixed` (the reference class), `effort` (draws), `schedule` and
`plan` (people and order), `money`, `account` (who carries what), `explain` (how), `grade`, `parameters`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from migrate.errors import MigrateError
from migrate.estimate import account, money
from migrate.estimate.defaults import Defaults, Terms, load_defaults
from migrate.estimate.draws import Draws, curve, percentiles
from migrate.estimate.effort import Effort, draw_effort, draw_top_down
from migrate.estimate.explain import finding_days
from migrate.estimate.fixed import fixed_classes
from migrate.estimate.grade import Trust, grade, unseen_share
from migrate.estimate.parameters import parameters
from migrate.estimate.plan import Plan, make_plan
from migrate.estimate.pricing import Selection, price_items, select
from migrate.model import (
    Baseline,
    Contribution,
    Edit,
    Estimate,
    Finding,
    Graph,
    Mechanical,
    Parameter,
    Percentiles,
    Scenario,
    Skip,
    SourceFile,
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
    skips: Sequence[Skip] = (),
    hidden: int = 0,
    defaults: Defaults | None = None,
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
        skips: Files that were not read.
        hidden: Number of owned findings that the scanned tree's own configuration hid.
        defaults: Other numbers than the shipped ones.

    Raises:
        MigrateError: The scenario asks for something impossible.
        ValueError: A counted finding is in no unit, needs work and has no price, or the graph hides a cycle.
    """
    defaults = defaults or load_defaults()
    _check(scenario, defaults)
    terms = Terms(target, chip, scenario, defaults.numbers)
    units = {fingerprint: unit.id for unit in graph.units for fingerprint in unit.findings}
    by_path = {file.path: file for file in files}
    selection = select(findings, by_path, units, edits or (), terms)
    items = price_items(selection, prices, terms)
    fixed = fixed_classes(selection, by_path, terms)
    draws = Draws(scenario.seed, scenario.draws, target.id)
    effort = draw_effort(items, fixed, draws, terms)
    titles = {unit.id: unit.title for unit in graph.units} | {item.id: item.title for item in items if item.is_fix}
    plan = make_plan(effort, graph, titles, draws, terms) if items else _idle(effort)
    source = "; ".join(sorted({defaults.entries[f"fixed_{one.name}"].source for one in fixed}))
    parts: tuple[Contribution, ...] = ()
    if items:
        parts = account.contributions(effort, plan, titles, terms, fixed=fixed, fixed_source=source)
    against = money.baseline(scenario, defaults.numbers, found=bool(selection.seen))
    top_down = draw_top_down(fixed, draws, terms)
    unit_days = account.unit_days(parts, graph)
    trust = Trust(account.basis_shares(effort), _unknown_share(selection), unseen_share(files, skips), hidden)
    return _result(
        _Outcome(selection, effort, plan, parts, draws, against),
        terms,
        unit_days=unit_days,
        finding_days=finding_days(effort, selection, unit_days),
        trust=trust,
        top_down=None if top_down is None else percentiles(top_down),
        parameters=parameters(items, fixed, against, terms, defaults),
        mechanical=account.mechanical(effort, edits, target.id),
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
    top_down: Percentiles | None,
    parameters: tuple[Parameter, ...],
    mechanical: Mechanical | None,
) -> Estimate:
    """Read the result off the draws."""
    scenario, numbers = terms.scenario, terms.numbers
    selection, effort, plan, parts, draws, against = outcome
    months = plan.months * (1 - scenario.overlap)
    percent = money.added_percent(effort.total, months, draws, against, terms) if parts else np.zeros_like(months)
    total = percentiles(effort.total)
    return Estimate(
        target=terms.target.id,
        chip=terms.chip,
        scenario=scenario.name,
        stage=scenario.stage,
        baseline=against,
        effort_days=total,
        months=percentiles(months),
        inflation_percent=percentiles(percent),
        cost=money.cost(total, scenario.rate, numbers),
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
        views=Views(bottom_up=total, top_down=top_down),
        parameters=parameters,
        mechanical=mechanical,
        seed=scenario.seed,
        draws=scenario.draws,
    )


def _unknown_share(selection: Selection) -> float:
    unknown = sum(case.answer.change is None for case in selection.priced)
    return unknown / len(selection.priced) if selection.priced else 0.0
