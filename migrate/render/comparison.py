"""What changed between two audits, as text, as Markdown for a comment, and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

import msgspec

from migrate.compare import Comparison, Effort
from migrate.model import CHANGE_ORDER, Change, Finding
from migrate.render.check_markdown import code
from migrate.render.text import plain

_MOST = 50
"""Findings of a kind that Markdown shows; JSON has all."""


def _place(finding: Finding) -> str:
    return f"{finding.path}:{finding.span.line}:{finding.span.column}"


def worst(finding: Finding) -> str:
    """Return the worst change that a finding asks for."""
    changes = [answer.change for answer in finding.answers.values() if not answer.guarded]
    change = max(changes, key=CHANGE_ORDER.__getitem__, default=Change.NONE)
    return change or "unknown"


def _effort(target: str, effort: Effort, hours: tuple[float, float]) -> str:
    came, went = hours
    said = f"{target}: {came:.1f} h came, {went:.1f} h went"
    if effort.before is None or effort.after is None:
        return said
    return f"{said}; {effort.before:.1f} to {effort.after:.1f} person-days ({effort.after - effort.before:+.1f})"


def _counts(compared: Comparison) -> str:
    return f"{len(compared.added)} added, {len(compared.removed)} removed, {len(compared.kept)} remain"


def text(compared: Comparison) -> str:
    """Write a line for each use that came or went, as a diff marks them, then the sums."""
    lines = [*_marked("+", compared.added), *_marked("-", compared.removed), _counts(compared)]
    lines += [_effort(target, compared.effort[target], hours) for target, hours in compared.hours.items()]
    return "\n".join(lines) + "\n"


def _marked(mark: str, findings: Iterable[Finding]) -> Iterator[str]:
    for finding in findings:
        yield plain(f"{mark} {_place(finding)} {worst(finding)}: {finding.symbol} [{finding.rule}]")


def markdown(compared: Comparison) -> str:
    """Write a comment for a change: the sums, and what came and went, folded."""
    lines = [f"### Lock-in: {_counts(compared)}", ""]
    lines += [f"- {_effort(target, compared.effort[target], hours)}" for target, hours in compared.hours.items()]
    lines += _table("Added", compared.added)
    lines += _table("Removed", compared.removed)
    return "\n".join(lines) + "\n"


def _table(title: str, findings: Sequence[Finding]) -> Iterator[str]:
    if not findings:
        return
    yield from ("", f"<details><summary>{title}: {len(findings)}</summary>", "")
    yield from ("| place | change | what | rule |", "| --- | --- | --- | --- |")
    for finding in findings[:_MOST]:
        cells = (code(_place(finding)), worst(finding), code(finding.symbol), code(finding.rule))
        yield f"| {' | '.join(cells)} |"
    if len(findings) > _MOST:
        yield from ("", f"{len(findings) - _MOST} more are not shown.")
    yield from ("", "</details>")


def json(compared: Comparison) -> str:
    """Write all of it as JSON."""
    return msgspec.json.format(msgspec.json.encode(compared), indent=1).decode() + "\n"


FORMATS: Mapping[str, Callable[[Comparison], str]] = MappingProxyType(
    {"text": text, "markdown": markdown, "json": json}
)


def verdict(compared: Comparison) -> str:
    """Say what a port has left to do: gone, remaining and new lock-in, the remaining by rule."""
    lines = [*_marked("+", compared.added)]
    rules = Counter(finding.rule for finding in compared.kept)
    lines += [f"  {count:>5} remain: {rule}" for rule, count in rules.most_common()]
    lines.append(f"{len(compared.removed)} gone, {len(compared.kept)} remaining, {len(compared.added)} new")
    return "\n".join(lines) + "\n"
