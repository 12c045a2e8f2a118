"""Who carries the effort: units, fixed lines, change classes, kinds of work, bases."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import msgspec

from migrate.estimate.defaults import Numbers, Terms
from migrate.estimate.draws import Single, Vector, near, percentiles, significant
from migrate.estimate.effort import Effort
from migrate.estimate.explain import parts_of_phase, parts_of_unit
from migrate.estimate.fixed import Fixed, split
from migrate.estimate.plan import TITLES, Plan, phase_id
from migrate.estimate.pricing import Selection
from migrate.model import (
    CHANGE_ORDER,
    Basis,
    Change,
    ChangeTotal,
    Contribution,
    CostLine,
    Edit,
    Graph,
    Mechanical,
    Percentiles,
    Stage,
)

DRIVERS = 10
"""How many contributions are named as drivers."""

LEVEL = 0.8
"""Percentile to which contributions add up."""

LINES = {
    "port": "Porting of code",
    "build": "Build, packaging and tool chain",
    "validation": "Accuracy validation",
    "performance": "Performance tuning",
    "training": "Training of staff",
    "integration": "Integration",
    "release": "Release and documentation",
}
_LINE_OF_PHASE = {"toolchain": "build", "accuracy": "validation"}


def contributions(
    effort: Effort,
    plan: Plan,
    titles: Mapping[str, str],
    terms: Terms,
    *,
    fixed: Sequence[Fixed],
    fixed_source: str,
) -> tuple[Contribution, ...]:
    """Return what each unit, shared fix and fixed line carries, largest first.

    Shares are means over the draws whose total lies near P80, over that total; so they sum to 1 although
    percentiles of parts never add up.

    Args:
        effort: Of at least one item.
        plan: Knows who lies on the critical path.
        titles: Of units and shared fixes, by id.
        terms: The stage decides the fixed lines.
        fixed: The reference classes that apply.
        fixed_source: Where the fixed effort's numbers come from.
    """
    band = near(effort.total, LEVEL, terms.numbers.contribution_band)
    whole = float(effort.total[band].mean())

    def part(id_: str, title: str, kind: str, source: str, days: Vector | Single) -> Contribution:
        return Contribution(
            item=id_,
            title=title,
            kind=kind,
            effort_days=percentiles(days),
            share=significant(float(days[band].mean()) / whole, 6),
            criticality=plan.criticality.get(id_, 0.0),
            source=source,
        )

    fixes = {item.id for item in effort.items if item.is_fix}
    parts = [
        part(id_, titles[id_], "shared-fix" if id_ in fixes else "unit", _source(effort, id_), effort.unit(id_))
        for id_ in effort.shares
    ]
    if effort.fixed.any():
        parts += [
            part(phase_id(phase), TITLES[phase], "fixed", fixed_source, effort.fixed * share)
            for phase, share in split(terms.scenario.stage, terms.numbers).items()
        ]
    ranked = sorted(parts, key=lambda part: (-part.share, part.item))
    return (*(_explained(part, effort, fixed, terms) for part in ranked[:DRIVERS]), *ranked[DRIVERS:])


def _explained(part: Contribution, effort: Effort, fixed: Sequence[Fixed], terms: Terms) -> Contribution:
    """Add to a contribution what it is computed from."""
    if part.kind == "fixed":
        phases = split(terms.scenario.stage, terms.numbers)
        share = next(share for phase, share in phases.items() if phase_id(phase) == part.item)
        steps = parts_of_phase(fixed, share, part.effort_days.p50, terms)
    else:
        steps = parts_of_unit(effort, part.item, terms)
    return msgspec.structs.replace(part, parts=steps)


def _source(effort: Effort, unit: str) -> str:
    """Return where the numbers of a unit's dearest item come from."""
    index, _ = max(effort.shares[unit], key=lambda part: (effort.medians[part[0]] * part[1], -part[0]))
    return effort.items[index].source


def change_totals(effort: Effort, selection: Selection) -> tuple[ChangeTotal, ...]:
    """Return what each change class amounts to, in the order of severity."""
    counts = Counter(case.answer.change for case in selection.priced)
    weights: dict[Change | None, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    places: dict[Change | None, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for index, item in enumerate(effort.items):
        for portion in item.portions:
            weights[portion.change][index] += portion.share
            places[portion.change][portion.place] += portion.share * effort.medians[index]
    return tuple(
        ChangeTotal(
            change=change,
            findings=counts[change],
            effort_days=percentiles(effort.mix(sorted(weights[change].items()))),
            where=min(places[change], key=lambda place: (-places[change][place], place), default=""),
        )
        for change in sorted(counts.keys() | weights.keys(), key=lambda change: CHANGE_ORDER[change])
    )


def cost_lines(effort: Effort, stage: Stage, numbers: Numbers) -> tuple[CostLine, ...]:
    """Return the kinds of work; their means add up to the effort's mean, their percentiles do not."""
    draws: dict[str, Vector | Single] = {
        "port": effort.mix(effort.parts(chain=False)),
        "build": effort.mix(effort.parts(chain=True)),
    }
    for phase, share in split(stage, numbers).items():
        line = _LINE_OF_PHASE.get(phase, phase)
        draws[line] = draws.get(line, 0) + effort.fixed * share
    return tuple(
        CostLine(id=line, title=title, effort_days=percentiles(draws[line]))
        for line, title in LINES.items()
        if line in draws
    )


def basis_shares(effort: Effort) -> dict[str, float]:
    """Return the share of the priced effort, at its median, that rests on each basis."""
    by_basis = {basis: _median_days(effort, effort.parts(basis=basis)) for basis in Basis}
    total = math.fsum(by_basis.values())
    return {basis.value: round(part / total, 4) if total else 0.0 for basis, part in by_basis.items()}


def _median_days(effort: Effort, parts: Sequence[tuple[int, float]]) -> float:
    return math.fsum(effort.medians[index] * share for index, share in parts)


def unit_days(parts: Sequence[Contribution], graph: Graph) -> dict[str, Percentiles]:
    """Return the effort of every unit of the graph, also of those without work."""
    nothing = Percentiles(p10=0.0, p50=0.0, p80=0.0, p90=0.0)
    known = {part.item: part.effort_days for part in parts}
    return {unit: known.get(unit, nothing) for unit in sorted(unit.id for unit in graph.units)}


def mechanical(effort: Effort, edits: Sequence[Edit] | None, target: str) -> Mechanical | None:
    """Return how much of the change a machine makes, by the likely cost of what it proved.

    Args:
        effort: With items whose portions know what was proved.
        edits: Tried, of any target; None when none were.
        target: Id.
    """
    if edits is None:
        return None
    tried = [edit for edit in edits if edit.target == target]
    total = math.fsum(effort.medians)
    proved = _median_days(effort, effort.parts(proved=True))
    return Mechanical(
        edits=len(tried),
        proved=sum(edit.proved for edit in tried),
        effort_share=round(proved / total, 4) if total else 0.0,
    )
