"""A check as Markdown: a job's summary, or a comment on a change."""

from __future__ import annotations

import re
from collections import defaultdict

from migrate.guard.model import Check, Item
from migrate.render.compiler_output import summary
from migrate.render.sarif import worst_first
from migrate.render.text import plain

_MOST = 50
"""Rows that a comment shows; a longer one is not read (report design: below 60 lines)."""


def render(check: Check) -> str:
    """Write a table of what is new, the worst first, and what to write instead, folded."""
    failing = worst_first(check.items)
    heading = "no new lock-in" if check.passed else "new lock-in"
    lines = [f"### cuda-migrate: {heading}", "", *(f"{line}." for line in summary(check))]
    if failing:
        lines += ["", "| place | change | what | rule |", "| --- | --- | --- | --- |"]
        lines += [_row(item) for item in failing[:_MOST]]
        if len(failing) > _MOST:
            lines += ["", f"{len(failing) - _MOST} more are not shown."]
        lines += [
            "",
            "<details><summary>What to write instead</summary>",
            "",
            *_instead(check, failing),
            "",
            "</details>",
        ]
    if check.problems:
        lines += ["", "Suppressions:", ""]
        lines += [
            f"- {code(f'{entry.path}:{entry.problem.line}')}: {_text(entry.problem.message)}"
            for entry in check.problems[:_MOST]
        ]
    return "\n".join(lines) + "\n"


def _row(item: Item) -> str:
    finding = item.finding
    cells = (
        code(f"{finding.path}:{finding.span.line}"),
        item.worst or "unknown",
        code(finding.symbol),
        code(finding.rule),
    )
    return f"| {' | '.join(cells)} |"


def _instead(check: Check, failing: list[Item]) -> list[str]:
    """Say once for each symbol what to write."""
    advice: dict[str, list[str]] = defaultdict(list)
    for item in failing:
        finding = item.finding
        said = [f"portable: {_text(item.portable)}"] if item.portable else []
        said += [
            f"{check.targets.get(target, target)}: {_text(answer.equivalent)}"
            for target, answer in finding.answers.items()
            if answer.equivalent
        ]
        if not advice[finding.symbol]:
            advice[finding.symbol] = said
    return [
        f"- {code(symbol)}: {'; '.join(said) or 'no target has it'}" for symbol, said in list(advice.items())[:_MOST]
    ]


_MARKUP = re.compile(r"([\\`*_{}\[\]<>()#+!|~&@-])")


def _text(text: str) -> str:
    """Escape prose, which may come from a rule pack or from the code."""
    return _MARKUP.sub(r"\\\1", plain(" ".join(text.split())))


def code(text: str) -> str:
    """Quote a name of the code; a table cell takes neither a bar nor a back quote."""
    return f"`{plain(' '.join(text.split())).replace('`', chr(39)).replace('|', '/')}`"
