"""The plain sections of the report: blockers, unknowns, what was not seen, roles, method, rules."""

from __future__ import annotations

from collections import Counter, defaultdict

from migrate.model import (
    Answer,
    Apart,
    Change,
    Finding,
    PortingUnit,
    Role,
    Struct,
)
from migrate.render import numbers
from migrate.render.blind import examples
from migrate.render.charts import Cell, Table
from migrate.render.reading import Reading, change_id, query
from migrate.render.text import shorten

LISTED_PLACES = 30

GLOSSARY = (
    "p50",
    "p80",
    "author-day",
    "person-day",
    "guarded",
    "basis",
    "grade",
    "owned",
    "wave",
    "cycle",
    "critical-path",
    "parity",
    "unknown",
)


class OpenQuestion(Struct, frozen=True):
    """A subject that is blocked or unknown on a target."""

    rule: str
    anchor: str
    title: str
    symbols: str
    findings: int
    days: str
    answer: str
    """What comes closest, or why there is no answer."""
    note: str
    filter: str


class AnswerView(Struct, frozen=True):
    """A target's prose on a rule; references that are no web address are kept as text."""

    target: str
    name: str
    equivalent: str
    becomes: str
    notes: str
    refs: tuple[str, ...]
    verified: str


class RuleView(Struct, frozen=True):
    """A rule that fired."""

    id: str
    anchor: str
    title: str
    why: str
    area: str
    findings: int
    refs: tuple[str, ...]
    answers: tuple[AnswerView, ...]


def open_questions(reading: Reading, target: str, change: Change | None) -> list[OpenQuestion]:
    """Return the rules whose findings are of a change class, dearest first."""
    days = reading.days[target]
    groups: dict[str, list[Finding]] = defaultdict(list)
    for finding in reading.priced:
        answer = finding.answers[target]
        if answer.change == change and not answer.guarded:
            groups[finding.rule].append(finding)

    def carried(rule: str) -> float:
        return sum(days.get(finding.fingerprint, 0.0) for finding in groups[rule])

    return [
        _question(reading, target, groups[rule], carried(rule))
        for rule in sorted(groups, key=lambda rule: (-carried(rule), rule))
    ]


def _question(reading: Reading, target: str, findings: list[Finding], days: float) -> OpenQuestion:
    """Put one rule's findings, all blocked or all unknown, into words."""
    rule = findings[0].rule
    symbols = Counter(finding.symbol for finding in findings)
    named = [shorten(symbol, 60) for symbol in sorted(symbols, key=lambda name: (-symbols[name], name))[:4]]
    if len(symbols) > len(named):
        named.append("…")
    first: Answer = findings[0].answers[target]
    return OpenQuestion(
        rule=rule,
        anchor=reading.rule_anchors.get(rule, "findings"),
        title=reading.rule_title(rule),
        symbols=reading.texts("list.comma").join(named),
        findings=len(findings),
        days=reading.days_text(days),
        answer=first.equivalent or first.source,
        note=first.note,
        filter=query(target=target, rule=rule, change=change_id(first.change)),
    )


def rule_views(reading: Reading) -> list[RuleView]:
    """Return the rules that fired, those with most findings first."""
    fired = Counter(finding.rule for finding in reading.audit.findings)
    cards = reading.audit.rules
    views = []
    for rule in sorted((rule for rule in fired if rule in cards), key=lambda rule: (-fired[rule], rule)):
        card = cards[rule]
        answers = tuple(
            AnswerView(
                target=target,
                name=reading.name(target),
                equivalent=answer.equivalent,
                becomes=answer.becomes,
                notes=answer.notes,
                refs=answer.refs,
                verified=answer.verified,
            )
            for target in reading.targets
            if (answer := card.answers.get(target)) is not None
        )
        views.append(
            RuleView(
                id=rule,
                anchor=reading.rule_anchors[rule],
                title=card.title,
                why=card.why,
                area=reading.texts(f"area.{card.area}"),
                findings=fired[rule],
                refs=card.refs,
                answers=answers,
            )
        )
    return views


def skip_table(reading: Reading) -> Table:
    """Count the files that were not looked at by reason, with their share of all files."""
    audit, texts = reading.audit, reading.texts
    reasons = Counter(skip.reason for skip in audit.skips)
    whole = audit.repository.files
    rows = tuple(
        (
            Cell(text=texts(f"skip.{reason}")),
            Cell(text=numbers.count(n), number=True),
            Cell(text=numbers.share(n, whole), number=True),
            Cell(text=examples([skip.path for skip in audit.skips if skip.reason is reason], texts("list.comma"))),
        )
        for reason, n in sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))
    )
    return Table(head=tuple(texts(f"table.{key}") for key in ("reason", "files", "share", "examples")), rows=rows)


def role_table(reading: Reading) -> Table:
    """Count files and findings by whose code they are."""
    audit, texts = reading.audit, reading.texts
    files = Counter(file.role for file in audit.files)
    findings = Counter(finding.role for finding in audit.findings)
    uses = Counter({Role.OWNED: findings[Role.OWNED]})
    for part in audit.apart:
        uses[part.role] += part.uses
    lines: Counter[Role] = Counter()
    for file in audit.files:
        lines[file.role] += file.code_lines
    rows = tuple(
        (
            Cell(text=texts(f"role.{role}")),
            Cell(text=numbers.count(files[role]), number=True),
            Cell(text=numbers.count(lines[role]), number=True),
            Cell(
                text=numbers.count(max(uses[role], findings[role])),
                number=True,
                href="#findings" if findings[role] else "",
                filter=query(role=role),
            ),
            Cell(text=texts("roles.priced" if role is Role.OWNED else "roles.apart")),
        )
        for role in Role
        if files[role] or findings[role] or uses[role]
    )
    head = tuple(texts(f"table.{key}") for key in ("role", "files", "code-lines", "uses", "counted"))
    return Table(head=head, rows=rows)


def apart_table(reading: Reading) -> Table:
    """List the places whose code is counted apart, those with most uses first."""
    texts, parts = reading.texts, reading.audit.apart
    rows = tuple(
        (
            Cell(text=_place(reading, part)),
            Cell(text=texts(f"role.{part.role}")),
            Cell(text=numbers.count(part.files), number=True),
            Cell(text=numbers.count(part.code_lines), number=True),
            Cell(text=numbers.count(part.uses), number=True),
            Cell(text=texts("list.comma").join(part.libraries)),
        )
        for part in parts[:LISTED_PLACES]
    )
    keys = ("place", "role", "files", "code-lines", "uses", "library")
    head = tuple(texts(f"table.{key}") for key in keys)
    return Table(head=head, rows=rows)


def _place(reading: Reading, part: Apart) -> str:
    """Name a place, with what it is a copy of and which scripts write it."""
    texts = reading.texts
    remarks = [texts("apart.copy-of", place=shorten(part.copy_of, 60))] if part.copy_of else []
    if part.made_by:
        remarks.append(texts("apart.made-by", scripts=texts.listing([shorten(path, 60) for path in part.made_by])))
    place = shorten(part.place, 60)
    return texts("apart.place", place=place, remarks=texts("list.semicolon").join(remarks)) if remarks else place


def parameter_table(reading: Reading, target: str) -> Table:
    """List every number that went into the estimate, with its source."""
    texts = reading.texts
    rows = tuple(
        (
            Cell(text=item.title),
            Cell(text=texts("unit.value", value=item.value, unit=item.unit).strip(), number=True),
            Cell(text=item.source),
        )
        for item in reading.estimates[target].parameters
    )
    return Table(head=tuple(texts(f"table.{key}") for key in ("parameter", "value", "source")), rows=rows)


def basis_table(reading: Reading, target: str) -> Table:
    """List how much of the effort rests on which kind of answer."""
    texts = reading.texts
    rows = tuple(
        (Cell(text=texts(f"basis.{basis}")), Cell(text=numbers.percent(100 * part), number=True))
        for basis, part in reading.estimates[target].basis_share.items()
    )
    return Table(head=(texts("table.basis"), texts("table.share-of-effort")), rows=rows)


def target_table(reading: Reading) -> Table:
    """Compare the targets in one row each."""
    texts = reading.texts
    rows = []
    for target, estimate in reading.estimates.items():
        mechanical = estimate.mechanical
        blocked = sum(total.findings for total in estimate.changes if total.change is Change.BLOCKED)
        cells = (
            texts.span(numbers.signed(estimate.months.p50), numbers.signed(estimate.months.p80)),
            texts.span(
                numbers.signed_percent(estimate.inflation_percent.p50),
                numbers.signed_percent(estimate.inflation_percent.p80),
            ),
            texts.span(numbers.significant(estimate.effort_days.p50), numbers.significant(estimate.effort_days.p80)),
            numbers.percent(100 * mechanical.effort_share)
            if mechanical is not None
            else texts("fact.mechanical.unproved"),
            numbers.count(blocked),
            numbers.percent(100 * estimate.unknown_share),
            estimate.grade.letter.value,
        )
        rows.append(
            (
                Cell(text=reading.name(target), href=f"#verdict-{target}", filter=query(target=target)),
                *(Cell(text=text, number=True) for text in cells),
            )
        )
    head = tuple(
        texts(f"table.{key}")
        for key in (
            "target",
            "months-range",
            "percent-range",
            "days-range",
            "mechanical",
            "blocked",
            "unknown",
            "evidence",
        )
    )
    return Table(head=head, rows=tuple(rows))


def units_table(reading: Reading) -> Table:
    """List the units of work in the order in which they can be taken, with each target's person-days."""
    texts = reading.texts
    units = sorted((reading.units[unit] for unit in reading.listed_units), key=lambda unit: (unit.wave, unit.id))
    rows = []
    for unit in units:
        points = [estimate.unit_days.get(unit.id) for estimate in reading.estimates.values()]
        ranges = [
            texts.span(numbers.significant(item.p50), numbers.significant(item.p80)) if item is not None else ""
            for item in points
        ]
        rows.append(
            (
                Cell(text=unit.title),
                Cell(text=numbers.count(unit.wave), number=True),
                Cell(text=texts(f"unit-kind.{unit.kind}")),
                *(Cell(text=text, number=True) for text in ranges),
                Cell(text=numbers.count(len(unit.findings)), number=True),
                Cell(text=numbers.count(unit.unlocks), number=True),
                Cell(text=_remarks(reading, unit)),
            )
        )
    head = (
        *(texts(f"table.{key}") for key in ("unit", "wave", "kind")),
        *(texts("table.days-of", target=reading.name(target)) for target in reading.estimates),
        *(texts(f"table.{key}") for key in ("findings", "unlocks", "remarks")),
    )
    return Table(head=head, rows=tuple(rows), ids=tuple(reading.unit_anchors[unit.id] for unit in units))


def _remarks(reading: Reading, unit: PortingUnit) -> str:
    """Say whether a unit is on a critical path or in a cycle."""
    texts = reading.texts
    on = [
        reading.name(target)
        for target in reading.estimates
        if unit.id in reading.audit.graph.critical_path.get(target, ())
    ]
    remarks = [texts("order.critical", targets=texts("list.comma").join(on))] if on else []
    if unit.cycle is not None:
        remarks.append(texts("order.in-cycle", n=unit.cycle + 1))
    return texts("list.semicolon").join(remarks)
