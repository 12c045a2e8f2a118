"""The summary of an audit for a terminal: it survives a pipe, a narrow window and an old encoding."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from migrate.model import Audit, Basis, Change, ChangeTotal, Finding, Percentiles, Role
from migrate.render import RenderOptions, numbers
from migrate.render.blind import blind_name, blind_share
from migrate.render.progress import progress_sentence
from migrate.render.reading import CHANGES, Reading
from migrate.render.text import one_line, shorten
from migrate.render.verdict import nothing_to_do

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

STYLES = {
    "none": "cyan",
    "rename": "blue",
    "adapt": "yellow",
    "unknown": "white",
    "rewrite": "red",
    "blocked": "bold magenta",
}
INDENT = 2
FIXED_COLUMNS = 42
"""Columns that change, findings, share and effort take, with the space between them."""

BLIND_SHOWN = 3
"""Blind spots that the summary names; the report lists all."""

SPELLED = {
    "…": "..",
    "\N{MINUS SIGN}": "-",
    "\N{NO-BREAK SPACE}": " ",
    "→": "->",
    "·": "-",
    "–": "-",
    "∞": "inf",
}


def render(audit: Audit, options: RenderOptions) -> str:
    """Render the summary, at most `options.width` columns wide."""
    from rich.console import Console

    reading = Reading(audit, options)
    page = io.StringIO()
    console = Console(
        file=page,
        width=options.width,
        force_terminal=options.color,
        no_color=not options.color,
        highlight=False,
        color_system="standard" if options.color else None,
        legacy_windows=False,
        emoji=False,
        markup=False,
        _environ={},
    )
    _print_summary(console, reading, options.width)
    lines = [line.rstrip() for line in page.getvalue().split("\n")]
    return _in_encoding("\n".join(lines).strip("\n") + "\n", options.encoding)


def _in_encoding(text: str, encoding: str) -> str:
    """Spell out typographic signs that an encoding lacks; what still does not fit becomes a question mark."""
    for sign, spelling in SPELLED.items():
        if sign in text and not _fits(sign, encoding):
            text = text.replace(sign, spelling)
    return text.encode(encoding, errors="replace").decode(encoding)


def _fits(text: str, encoding: str) -> bool:
    """Tell whether an encoding can carry a text."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _print_summary(console: Console, reading: Reading, width: int) -> None:
    """Print the repository, a table and an answer per target, what is apart, and what to do next."""
    from rich.text import Text

    audit, texts = reading.audit, reading.texts
    touched = len({finding.path for finding in audit.findings})
    head = Text(one_line(audit.repository.name), style="bold")
    head.append(
        "  "
        + texts(
            "terminal.repository",
            files=texts.plural("count.files", audit.repository.files),
            touched=numbers.count(touched),
            skipped=numbers.count(len(audit.skips)),
        ),
        style="not bold",
    )
    _say(console, head)
    if not audit.findings:
        _say(console, Text(texts("terminal.unseen" if audit.hidden.findings else "terminal.nothing")))
    for target in reading.targets if audit.findings else ():
        console.print()
        if len(reading.targets) > 1:
            info = audit.targets[target]
            _say(
                console,
                Text.assemble((one_line(info.name), "bold"), f"  {one_line(info.stack)}, {one_line(info.chip_name)}"),
            )
        totals = _totals(reading, target)
        if any(total.findings or total.effort_days.p50 for total in totals):
            console.print(_table(reading, target, totals, width))
        if target in reading.estimates:
            _say(console, Text(_answer(reading, target), style="bold"))
            if not nothing_to_do(reading.estimates[target]):
                _say(console, Text(_trust(reading, target)))
        if progress := progress_sentence(reading, target):
            _say(console, Text(progress))
    console.print()
    for line in (*_beside(reading), texts("terminal.next", command=texts("terminal.next.report"))):
        _say(console, Text(one_line(line)))


def _say(console: Console, text: RenderableType) -> None:
    """Print a sentence, indented and wrapped."""
    from rich.padding import Padding

    console.print(Padding(text, (0, 0, 0, INDENT)))


def _table(reading: Reading, target: str, totals: Sequence[ChangeTotal], width: int) -> RenderableType:
    """Return the change classes of one target as a table without lines."""
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    texts = reading.texts
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim", show_edge=False)
    for key in ("change", "findings", "share", "effort", "where"):
        right = key in {"findings", "share", "effort"}
        table.add_column(texts(f"terminal.{key}"), justify="right" if right else "left", no_wrap=True)
    counted = sum(total.findings for total in totals)
    for total in totals:
        if not total.findings and not total.effort_days.p50:
            continue
        name = reading.change_name(total.change)
        table.add_row(
            Text(name, style=STYLES["unknown" if total.change is None else total.change.value]),
            numbers.count(total.findings),
            numbers.share(total.findings, counted),
            reading.days_text(total.effort_days.p50) if target in reading.estimates else "",
            Text(shorten(one_line(total.where), max(8, width - INDENT - FIXED_COLUMNS))),
        )
    return Padding(table, (0, 0, 0, INDENT))


def _totals(reading: Reading, target: str) -> list[ChangeTotal]:
    """Return the change classes of a target, counted from the findings when nothing was estimated."""
    if target in reading.estimates:
        known = {total.change: total for total in reading.estimates[target].changes}
        return [known[change] for change in CHANGES if change in known]
    nothing = Percentiles(p10=0.0, p50=0.0, p80=0.0, p90=0.0)
    groups: dict[Change | None, list[Finding]] = {change: [] for change in CHANGES}
    for finding in reading.priced:
        answer = finding.answers.get(target)
        groups[answer.change if answer is not None else None].append(finding)
    return [
        ChangeTotal(change=change, findings=len(group), effort_days=nothing, where=_most_common(group))
        for change, group in groups.items()
    ]


def _most_common(findings: list[Finding]) -> str:
    """Return the file that holds most of some findings."""
    paths = Counter(finding.path for finding in findings)
    return min(paths, key=lambda path: (-paths[path], path), default="")


def _answer(reading: Reading, target: str) -> str:
    """Write a target's answer in one line."""
    estimate, texts = reading.estimates[target], reading.texts
    if nothing_to_do(estimate):
        return texts("terminal.verdict.nothing", target=reading.name(target))
    return texts(
        "terminal.verdict",
        target=reading.name(target),
        months=numbers.signed(estimate.months.p50),
        percent=numbers.signed_percent(estimate.inflation_percent.p50),
        months80=numbers.signed(estimate.months.p80),
        percent80=numbers.signed_percent(estimate.inflation_percent.p80),
    )


def _trust(reading: Reading, target: str) -> str:
    """Write how far the answer can be trusted and what it is measured against."""
    estimate, texts = reading.estimates[target], reading.texts
    checked = sum(estimate.basis_share.get(basis, 0.0) for basis in (Basis.CURATED, Basis.TABLE))
    against = texts(
        f"terminal.against.{estimate.baseline.source}",
        months=numbers.given(estimate.baseline.months),
        staff=numbers.given(estimate.baseline.staff),
    )
    evidence = texts(
        "terminal.evidence",
        letter=estimate.grade.letter,
        checked=numbers.percent(100 * checked),
        unknown=numbers.percent(100 * estimate.unknown_share),
    )
    return f"{evidence} {texts('terminal.against', baseline=against)}"


def _hidden(reading: Reading) -> str:
    """Write what the tree's own settings took out of sight, and what that would have taken."""
    hidden, texts = reading.audit.hidden, reading.texts
    days = [
        texts("terminal.hidden.days", target=reading.name(target), days=reading.hours_text(hours))
        for target, hours in hidden.hours.items()
        if hours and target in reading.audit.targets
    ]
    return texts(
        "terminal.hidden",
        source=hidden.source,
        files=texts.plural("count.files", hidden.files),
        findings=texts("list.comma").join([texts.plural("count.findings", hidden.findings), *days]),
    )


def _blind(reading: Reading) -> str:
    """Write the largest of what could not be seen."""
    texts, spots = reading.texts, reading.audit.blind_spots
    parts = [
        texts(
            "terminal.blind.part" if spot.of else "terminal.blind.part.unsized",
            what=blind_name(reading, spot),
            count=numbers.count(spot.count),
            share=blind_share(reading, spot),
        )
        for spot in spots[:BLIND_SHOWN]
    ]
    if len(spots) > BLIND_SHOWN:
        parts.append(texts("terminal.blind.more", n=numbers.count(len(spots) - BLIND_SHOWN)))
    return texts("terminal.blind", parts=texts("list.comma").join(parts))


def _beside(reading: Reading) -> list[str]:
    """Write what stands beside the totals: other people's code, suppressed, hidden, not looked at."""
    audit, texts = reading.audit, reading.texts
    comma = texts("list.comma")
    lines = []
    apart: Counter[Role] = Counter()
    for part in audit.apart:
        if part.uses:
            apart[part.role] += part.uses
    if apart:
        parts = [
            texts("terminal.apart.role", uses=texts.plural("count.uses", n), role=texts(f"role.{role}"))
            for role, n in sorted(apart.items(), key=lambda pair: (-pair[1], pair[0]))
        ]
        lines.append(texts("terminal.apart", roles=comma.join(parts)))
    suppressed = sum(finding.suppressed is not None for finding in audit.findings)
    if suppressed:
        lines.append(texts("terminal.suppressed", findings=texts.plural("count.findings", suppressed)))
    if audit.hidden.files or audit.hidden.findings:
        lines.append(_hidden(reading))
    if audit.blind_spots:
        lines.append(_blind(reading))
    reasons = Counter(skip.reason for skip in audit.skips)
    if reasons:
        parts = [
            texts("terminal.skipped.reason", n=numbers.count(n), reason=texts(f"skip.{reason}"))
            for reason, n in sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))
        ]
        lines.append(texts("terminal.skipped", reasons=comma.join(parts)))
    return lines
