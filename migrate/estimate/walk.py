"""Walk from a verdict to what it rests on: contributions, units, findings, rules, evidence or the word judgement.

Everything is read off an audit; nothing is computed again, so what adds up here adds up in the report.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from migrate.errors import InputError
from migrate.estimate.evidence import Row, behind
from migrate.model import Answer, Audit, Contribution, Estimate, Finding, PortingUnit, Struct

DAYS, HOURS = "person-days", "hours"


class Check(Struct, frozen=True):
    """A sum that must come out."""

    what: str
    parts: int
    total: float
    expected: float
    holds: bool


class Step(Struct, frozen=True):
    """One step of the walk, with what stands below it."""

    kind: str
    """`verdict`, `contribution`, `unit`, `computation`, `finding`, `rule`, `price`, or an end:
    `evidence`, `judgement`, `source`."""
    id: str
    title: str
    value: float | None = None
    unit: str = ""
    text: str = ""
    steps: tuple[Step, ...] = ()
    checks: tuple[Check, ...] = ()


def walk(audit: Audit, estimate: Estimate, item: str = "") -> Step:
    """Return the verdict of one estimate with what it rests on.

    Args:
        audit: Holds the estimate.
        estimate: One of its estimates.
        item: Id of a contribution or unit, the beginning of a finding's fingerprint, or a rule; only what leads
            there is followed, down to the evidence. Without it contributions are followed to their computation.

    Raises:
        InputError: Nothing has that id.
    """
    return _Walk(audit, estimate).verdict(item)


def failed(step: Step) -> list[Check]:
    """Return the sums that do not come out, of a step and all below it."""
    below = [check for part in step.steps for check in failed(part)]
    return [check for check in step.checks if not check.holds] + below


class _Walk:
    """One estimate, with the audit's parts by id."""

    def __init__(self, audit: Audit, estimate: Estimate) -> None:
        self.audit, self.estimate = audit, estimate
        self.units = {unit.id: unit for unit in audit.graph.units}
        self.findings = {finding.fingerprint: finding for finding in audit.findings}

    def verdict(self, item: str) -> Step:
        made = self.estimate
        wanted = self._findings_of(item)
        followed = [part for part in made.contributions if not item or self._leads(part, item, wanted)]
        if item and not followed:
            raise InputError(
                f"no contribution, unit, finding or rule {item!r} carries effort on {made.target}",
                hint="ids are in `explain` without --item, in the report, and in audit.json",
                slug="explain-item",
            )
        against = made.baseline
        return Step(
            kind="verdict",
            id=f"{made.scenario}/{made.target}",
            title=f"{made.target} on {made.chip}, to {made.stage.value}, scenario {made.scenario}",
            value=made.effort_days.p80,
            unit=DAYS,
            text=(
                f"P80 of the effort; +{made.months.p50:g} months at P50 and +{made.months.p80:g} at P80, "
                f"{made.inflation_percent.p50:+g} % and {made.inflation_percent.p80:+g} %, against {against.months:g} "
                f"months with {against.staff:g} people ({against.source}); grade {made.grade.letter.value}"
            ),
            steps=tuple(self._contribution(part, wanted, deep=bool(item)) for part in followed),
            checks=tuple(self._sums()),
        )

    def _sums(self) -> Iterator[Check]:
        made = self.estimate
        carried = [part.share * made.effort_days.p80 for part in made.contributions]
        if carried:
            yield _check("contributions are means near P80 and sum to it", carried, made.effort_days.p80)
            yield _check("effort by basis of its answers", list(made.basis_share.values()), 1.0, loose=1e-3)

    # ------------------------------------------------------------------------------------------------ finding ways

    def _findings_of(self, item: str) -> frozenset[str]:
        """Return the findings that an id means, when it means findings."""
        if not item or item in self.units or any(part.item == item for part in self.estimate.contributions):
            return frozenset()
        carrying = self.estimate.finding_days
        return frozenset(
            id_
            for id_, finding in self.findings.items()
            if id_ in carrying and (id_.startswith(item) or finding.rule == item)
        )

    def _leads(self, part: Contribution, item: str, wanted: frozenset[str]) -> bool:
        return part.item == item or not wanted.isdisjoint(self._members(part))

    def _members(self, part: Contribution) -> tuple[str, ...]:
        unit = self.units.get(part.item)
        return unit.findings if unit else ()

    # ------------------------------------------------------------------------------------------------------ steps

    def _contribution(self, part: Contribution, wanted: frozenset[str], *, deep: bool) -> Step:
        made = self.estimate
        steps = [
            Step(kind="computation", id="", title=one.title, value=one.days, unit=DAYS, text=one.text)
            for one in part.parts
        ]
        unit = self.units.get(part.item)
        if deep and unit is not None:
            steps.append(self._unit(unit, wanted))
        return Step(
            kind="contribution",
            id=part.item,
            title=part.title,
            value=part.share * made.effort_days.p80,
            unit=DAYS,
            text=f"{part.share:.1%} of P80; on the critical path in {part.criticality:.0%} of the draws",
            steps=(*steps, *_grounds(part.source)),
        )

    def _unit(self, unit: PortingUnit, wanted: frozenset[str]) -> Step:
        days = self.estimate.finding_days
        priced = [id_ for id_ in unit.findings if id_ in days]
        shown = sorted((id_ for id_ in priced if not wanted or id_ in wanted), key=lambda id_: (-days[id_], id_))
        middle = self.estimate.unit_days[unit.id].p50
        return Step(
            kind="unit",
            id=unit.id,
            title=unit.title,
            value=middle,
            unit=DAYS,
            text=f"P50; {len(priced)} findings with work in {len(unit.files)} files, wave {unit.wave}",
            steps=tuple(self._finding(self.findings[id_], days[id_]) for id_ in shown),
            checks=(_check("findings share their unit's P50", [days[id_] for id_ in priced], middle, loose=5e-3),),
        )

    def _finding(self, finding: Finding, days: float) -> Step:
        answer = finding.answers[self.estimate.target]
        change = answer.change.value if answer.change else "unknown"
        within = f"; part of the price of kernel {finding.in_kernel}" if finding.in_kernel and not days else ""
        return Step(
            kind="finding",
            id=finding.fingerprint,
            title=f"{finding.path}:{finding.span.line}: {finding.symbol}",
            value=days,
            unit=DAYS,
            text=f"{change}{f' to {answer.equivalent}' if answer.equivalent else ''}{within}",
            steps=(self._rule(finding, answer), *_price(answer)),
        )

    def _rule(self, finding: Finding, answer: Answer) -> Step:
        card = self.audit.rules.get(finding.rule)
        grounds = [Step(kind="source", id=answer.basis.value, title=answer.source)]
        grounds += [Step(kind="source", id="reference", title=ref) for ref in card.refs] if card else []
        title = card.title if card else finding.rule
        return Step(kind="rule", id=finding.rule, title=title, text=card.why if card else "", steps=tuple(grounds))


def _price(answer: Answer) -> tuple[Step, ...]:
    effort = answer.effort
    if effort is None:
        return ()
    first, each = (" / ".join(f"{hours:g}" for hours in triple) for triple in (effort.first, effort.each))
    return (
        Step(
            kind="price",
            id=effort.key,
            title=f"first {first} h, each further edit group {each} h (P10, median, P90)",
            value=effort.first[1],
            unit=HOURS,
            steps=_grounds(effort.source),
        ),
    )


def _grounds(source: str) -> tuple[Step, ...]:
    return tuple(
        Step(kind="evidence", id=row.id, title=row.title, text=f"grade {row.grade}; {row.source}")
        if isinstance(row, Row)
        else Step(kind="judgement" if row == "judgement" else "source", id="", title=source)
        for row in behind(source)
    )


def _check(what: str, parts: list[float], expected: float, *, loose: float = 1e-4) -> Check:
    total = math.fsum(parts)
    return Check(
        what=what,
        parts=len(parts),
        total=total,
        expected=expected,
        holds=math.isclose(total, expected, rel_tol=loose, abs_tol=1e-6),
    )


# ------------------------------------------------------------------------------------------------------- as text

_SHOWN = 12
"""Findings that the text shows of one unit; JSON has all."""
_ROWS = 3
"""Rows of evidence that the text shows one by one."""


def as_text(step: Step) -> str:
    """Write a walk as indented lines."""
    return "\n".join(_lines(step, 0)) + "\n"


def _lines(step: Step, depth: int) -> Iterable[str]:
    pad = "  " * depth
    value = f"{step.value:.4g} {step.unit}  " if step.value is not None else ""
    name = f" [{step.id}]" if step.id else ""
    yield f"{pad}{step.kind}: {value}{step.title}{name}"
    if step.text:
        yield f"{pad}    {step.text}"
    for check in step.checks:
        verdict = "adds up" if check.holds else "DOES NOT ADD UP"
        yield f"{pad}    {verdict}: {check.what}: {check.parts} parts, {check.total:.6g} of {check.expected:.6g}"
    findings = [part for part in step.steps if part.kind == "finding"]
    rows = [part for part in step.steps if part.kind == "evidence"]
    left_out = findings[_SHOWN:] + (rows if len(rows) > _ROWS else [])
    for part in step.steps:
        if part not in left_out:
            yield from _lines(part, depth + 1)
    if len(rows) > _ROWS:
        yield f"{pad}  evidence: {' '.join(row.id for row in rows)} (rows of evidence.csv; --format json has titles)"
    if len(findings) > _SHOWN:
        rest = math.fsum(part.value or 0.0 for part in findings[_SHOWN:])
        yield f"{pad}  {len(findings) - _SHOWN} more findings carry {rest:.4g} {DAYS}; --format json has all"
