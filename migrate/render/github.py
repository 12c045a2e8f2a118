"""A check as the commands that a GitHub workflow turns into annotations of the changed lines."""

from __future__ import annotations

from collections.abc import Mapping

from migrate.guard.model import Check
from migrate.model import Change
from migrate.render.compiler_output import summary
from migrate.render.sarif import message, worst_first
from migrate.render.text import plain

_SEVERE = frozenset({Change.REWRITE, Change.BLOCKED, None})


def render(check: Check) -> str:
    """Write one command for each problem, the worst first: GitHub shows ten of a kind for each step."""
    lines = [
        _command(
            "error" if item.worst in _SEVERE else "warning",
            message(check, item),
            {
                "file": item.finding.path,
                "line": str(item.finding.span.line),
                "endLine": str(item.finding.span.end_line),
                "col": str(item.finding.span.column),
                "title": f"{check.rules[item.finding.rule].title} [{item.finding.rule}]",
            },
        )
        for item in worst_first(check.items)
    ]
    lines += [
        _command(
            "warning",
            entry.problem.message,
            {
                "file": entry.path,
                "line": str(entry.problem.line),
                "col": str(entry.problem.column),
                "title": entry.problem.kind,
            },
        )
        for entry in check.problems
    ]
    return "\n".join((*lines, *summary(check))) + "\n"


def _command(name: str, text: str, properties: Mapping[str, str]) -> str:
    said = ",".join(f"{key}={_escaped(plain(value), _IN_PROPERTY)}" for key, value in properties.items())
    return f"::{name} {said}::{_escaped(plain(text), _IN_TEXT)}"


_IN_TEXT = {"\r": "%0D", "\n": "%0A"}
_IN_PROPERTY = _IN_TEXT | {":": "%3A", ",": "%2C"}


def _escaped(text: str, escapes: Mapping[str, str]) -> str:
    text = text.replace("%", "%25")
    for char, escape in escapes.items():
        text = text.replace(char, escape)
    return text
