"""A check as a compiler would say it: place, rule, why, the line with a caret, what to write instead."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from migrate.baseline import Baseline
from migrate.guard.model import Check, Item, MarkerProblem
from migrate.model import Change
from migrate.render.text import columns, plain
from migrate.scan.suppression import comment_for

_BOLD, _RED, _YELLOW, _BLUE, _OFF = "\x1b[1m", "\x1b[31m", "\x1b[33m", "\x1b[34m", "\x1b[0m"
_SEVERE = frozenset({Change.REWRITE, Change.BLOCKED})


@dataclass(frozen=True)
class Style:
    """How it is shown; nothing here changes what is said."""

    color: bool = False
    above: str = ""
    """Path from the current folder to the root, with a slash at its end: what editors need to open a place."""
    width: int = 120
    known: bool = False
    """Also show what the reference knows."""


def render(check: Check, style: Style | None = None) -> str:
    """Write the failing uses, the problems of suppressions, and one line that sums up."""
    printer = _Printer(check, style or Style())
    return "\n".join(printer.lines()) + "\n"


class _Printer:
    """Writes one check; the prose of a rule stands at its first use only."""

    def __init__(self, check: Check, style: Style) -> None:
        self._check = check
        self._style = style
        self._rules: set[str] = set()
        self._symbols: set[tuple[str, str]] = set()

    def lines(self) -> Iterator[str]:
        """Yield the lines."""
        shown = [item for item in self._check.items if item.fails or (self._style.known and item.counts)]
        for item in shown:
            yield from self._use(item)
        for problem in self._check.problems:
            yield from self._problem(problem)
        yield from summary(self._check)

    def _use(self, item: Item) -> Iterator[str]:
        finding = item.finding
        card = self._check.rules[finding.rule]
        change = _word(item.worst)
        color = _RED if item.worst in _SEVERE or item.worst is None else _YELLOW
        place = self._place(finding.path, finding.span.line, finding.span.column)
        known = "" if item.fails else " (known)"
        yield f"{self._paint(place, _BOLD)} {self._paint(change, color)}: {plain(card.title)} [{finding.rule}]{known}"
        yield from self._excerpt(item.line, finding.span.line, finding.span.column, self._length(item))
        if finding.rule not in self._rules:
            yield f"  = why: {plain(card.why)}"
        if (finding.rule, finding.symbol) not in self._symbols:
            yield from self._instead(item)
        if finding.rule not in self._rules:
            yield f"  = keep: {comment_for(item.language, finding.rule)}"
            yield f"  = help: cuda-migrate rules show {finding.rule}"
        self._rules.add(finding.rule)
        self._symbols.add((finding.rule, finding.symbol))

    def _length(self, item: Item) -> int:
        span = item.finding.span
        if span.end_line == span.line:
            return max(1, span.end_column - span.column)
        return max(1, len(item.line) - span.column + 1)

    def _instead(self, item: Item) -> Iterator[str]:
        """Say what to write: what suits every vendor first, then each target's own."""
        if item.portable:
            yield f"  = portable: {plain(item.portable)}"
        for target, answer in item.finding.answers.items():
            said = answer.equivalent or ("no change" if answer.change == Change.NONE else answer.note)
            yield f"  = {target} ({_word(answer.change)}): {plain(' '.join(said.split())) or 'nobody has looked'}"

    def _problem(self, entry: MarkerProblem) -> Iterator[str]:
        problem = entry.problem
        place = self._paint(self._place(entry.path, problem.line, problem.column), _BOLD)
        yield f"{place} {self._paint('suppression', _YELLOW)}: {plain(problem.message)} [{problem.kind}]"
        yield from self._excerpt(entry.line, problem.line, problem.column, len("cuda-migrate:"))

    def _excerpt(self, line: str, number: int, column: int, length: int) -> Iterator[str]:
        """Yield the source line and a caret below the place, as much of them as fits."""
        shown, start = _window(line, column, self._style.width - 10)
        pad = columns(shown[: column - 1 - start])
        length = max(
            1, min(columns(shown[column - 1 - start : column - 1 - start + length]), self._style.width - 10 - pad)
        )
        yield f"{number:>7} | {shown}"
        yield f"{'':>7} | {' ' * pad}{self._paint('^' + '~' * (length - 1), _BLUE)}"

    def _place(self, path: str, line: int, column: int) -> str:
        return f"{plain(self._style.above + path)}:{line}:{column}:"

    def _paint(self, text: str, color: str) -> str:
        return f"{color}{text}{_OFF}" if self._style.color else text


def _window(line: str, column: int, width: int) -> tuple[str, int]:
    """Return the part of a line around a column that fits, tabs as blanks, and how much is cut off before it."""
    line = plain(line.replace("\t", " "))
    start = 0 if column <= width * 2 // 3 else column - 1 - width // 3
    return line[start : start + width].rstrip(), start


def _word(change: Change | None) -> str:
    return "unknown" if change is None else change.value


def summary(check: Check) -> Iterator[str]:
    """Yield what a check comes to, in words."""
    failing = len(check.failing)
    known = sum(item.counts and not item.fails and item.state.value == "unchanged" for item in check.items)
    guarded = sum(item.guarded for item in check.items)
    ignored = sum(item.finding.suppressed is not None for item in check.items)
    words = [f"{failing} new {'use' if failing == 1 else 'uses'} of one vendor's platform"]
    if check.reference:
        words[0] += f" against {check.reference}"
    beside = (
        (known, "known"),
        (guarded, "guarded"),
        (ignored, "suppressed"),
        (len(check.problems), "invalid suppressions"),
    )
    words += [f"{count} {what}" for count, what in beside if count]
    words.append(f"{check.files} {'file' if check.files == 1 else 'files'} judged")
    yield ", ".join(words)
    if check.budget is not None:
        rise = check.added_hours - check.gone_hours
        verdict = "within" if rise <= check.budget else "over"
        hours = f"{check.added_hours:.1f} h added, {check.gone_hours:.1f} h gone"
        yield f"effort: {hours}: {verdict} the budget of {check.budget:g} h"


def above(root: str | os.PathLike[str]) -> str:
    """Return the path from the current folder to a root, with a slash at its end, or nothing when they are the same."""
    try:
        relative = os.path.relpath(root)
    except ValueError:  # another drive
        return f"{os.fspath(root)}/"
    return "" if relative == "." else relative.replace(os.sep, "/") + "/"


def accepted_uses(baseline: Baseline) -> str:
    """List the entries of a baseline by file, with what they would cost."""
    lines = []
    path = None
    for identity, accepted in sorted(baseline.items()):
        if identity.path != path:
            path = identity.path
            lines.append(plain(path))
        scope = f" in {identity.scope}" if identity.scope else ""
        times = f" x{accepted.uses}" if accepted.uses > 1 else ""
        lines.append(f"  {identity.rule}  {plain(identity.symbol)}{times}{plain(scope)}")
    uses = sum(accepted.uses for accepted in baseline.values())
    hours = sum(accepted.uses * accepted.hours for accepted in baseline.values())
    files = len({identity.path for identity in baseline})
    lines.append(f"{uses} uses accepted in {files} files, about {hours:.0f} h to port")
    return "\n".join(lines) + "\n"
