"""Comments that say of a finding that it is meant: `cuda-migrate: ignore[rule] until=2027-06 reason: ...`.

A marker counts when it begins a comment, in whatever way the language writes one, and when it names rules and gives a
reason. One that does not, that has expired or that silences nothing is a problem of its own.
"""

from __future__ import annotations

import bisect
import datetime as dt
import functools
import re
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

import msgspec

from migrate.model import Span, Struct, Suppression, glob_regex
from migrate.scan.lines import split_lines

INLINE = "inline"
"""`Suppression.by` of what a comment in the code silences."""
HEAD_LINES = 20
"""Lines at the top of a file in which `ignore-file` counts: who opens the file must see it."""

_SIGN = "cuda-migrate:"


class Scope(StrEnum):
    """What a marker silences."""

    LINE = "ignore"
    NEXT_LINE = "ignore-next-line"
    START = "ignore-start"
    END = "ignore-end"
    FILE = "ignore-file"


class Marker(Struct, frozen=True):
    """A marker with the lines that it covers."""

    scope: Scope
    rules: tuple[str, ...]
    """Rule ids or globs."""
    reason: str
    until: str
    """Last month or day that it holds, as written; empty when it holds for good."""
    line: int
    column: int
    first: int
    """First line that it covers."""
    last: int

    def covers(self, rule: str, span: Span, *, whole: bool) -> bool:
        """Tell whether it silences a finding.

        Args:
            rule: Its rule.
            span: Its place.
            whole: Whether the span is a whole definition: only where it begins counts then.
        """
        end = span.line if whole or self.scope != Scope.LINE else span.end_line
        return span.line <= self.last and end >= self.first and glob_regex(self.rules).match(rule) is not None

    def suppression(self) -> Suppression:
        """Return what a finding says of it."""
        return Suppression(by=INLINE, reason=self.reason, until=self.until)


class ProblemKind(StrEnum):
    """What is wrong with a marker."""

    INVALID = "suppression-invalid"
    UNUSED = "suppression-unused"
    EXPIRED = "suppression-expired"


class Problem(Struct, frozen=True):
    """A marker that does not do what its author thinks."""

    kind: ProblemKind
    line: int
    column: int
    message: str


class Suppressions(NamedTuple):
    """The markers of one file."""

    markers: tuple[Marker, ...] = ()
    problems: tuple[Problem, ...] = ()

    def on(self, today: dt.date) -> Suppressions:
        """Return the markers that hold on a day, and a problem for each that has expired."""
        expired = [marker for marker in self.markers if _is_over(marker.until, today)]
        problems = [
            Problem(
                kind=ProblemKind.EXPIRED,
                line=marker.line,
                column=marker.column,
                message=f"held until {marker.until} ({marker.reason}): solve it, or give it a new date",
            )
            for marker in expired
        ]
        standing = tuple(marker for marker in self.markers if marker not in expired)
        return Suppressions(standing, tuple(sorted((*self.problems, *problems), key=_place)))

    def of(self, rule: str, span: Span, *, whole: bool = False) -> Marker | None:
        """Return the marker that silences a finding; see `Marker.covers`."""
        return next((marker for marker in self.markers if marker.covers(rule, span, whole=whole)), None)

    def unused(self, used: Iterable[Marker]) -> list[Problem]:
        """Return a problem for each marker that is not among the used ones."""
        taken = set(used)
        return [
            Problem(
                kind=ProblemKind.UNUSED,
                line=marker.line,
                column=marker.column,
                message=f"nothing here is found by {', '.join(marker.rules)} any more: remove the comment",
            )
            for marker in self.markers
            if marker not in taken
        ]


NONE = Suppressions()


def read(text: str, language: str) -> Suppressions:
    """Read the markers of a file, whether they still hold or not.

    Args:
        text: The file's text.
        language: Front end id; where strings of several lines are common, it tells what is really a comment.
    """
    if _SIGN not in text:
        return NONE
    lines = split_lines(text)
    markers: list[Marker] = []
    problems: list[Problem] = []
    comments = [comment for comment in _comments(lines) if _is_comment(text, language, comment)]
    alone = {comment.line for comment in comments if comment.alone}
    opened: list[tuple[_Comment, Marker]] = []
    for comment in comments:
        marker = _parsed(comment, alone, len(lines))
        if isinstance(marker, str):
            problems.append(_invalid(comment, marker))
        elif marker.scope == Scope.START:
            opened.append((comment, marker))
        elif marker.scope == Scope.END:
            if opened:
                start = opened.pop()[1]
                markers.append(_until_line(start, marker.line))
            else:
                problems.append(_invalid(comment, "it closes no ignore-start"))
        else:
            markers.append(marker)
    problems += [_invalid(comment, "no ignore-end closes it") for comment, _ in opened]
    return Suppressions(tuple(sorted(markers, key=_place)), tuple(sorted(problems, key=_place)))


def comment_for(language: str, rule: str) -> str:
    """Return how a marker for a rule is written in a language."""
    opening, closing = _WRITTEN.get(language, ("#", ""))
    return f"{opening} {_SIGN} {Scope.LINE}[{rule}] reason: ...{closing}"


_WRITTEN = {
    "cuda": ("//", ""),
    "foreign": ("//", ""),
    "json": ("//", ""),
    "template": ("{#", " #}"),
    "batch": ("rem", ""),
}
"""How a language that does not begin comments with `#` does."""


def _is_comment(text: str, language: str, comment: _Comment) -> bool:
    """Tell whether what looks like a comment is none of a string; only asked of languages that have such strings."""
    ranges = _comment_ranges(text, language)
    if ranges is None:
        return True
    starts = _line_starts(text)
    offset = starts[comment.line - 1] + comment.column - 1
    place = bisect.bisect_right(ranges, (offset, len(text))) - 1
    return place >= 0 and ranges[place][0] <= offset < ranges[place][1]


@functools.lru_cache(maxsize=1)
def _comment_ranges(text: str, language: str) -> list[tuple[int, int]] | None:
    """Return where the comments are, None for a language whose strings end with their line."""
    if language == "cuda":
        from migrate.languages.lexical import Lexed

        return Lexed(text).comments
    if language in {"python", "cython"}:
        from migrate.languages.python_source import STRING

        tokens = re.compile(rf"(?P<comment>\#[^\r\n]*+)|{STRING}", re.DOTALL)
        return [found.span() for found in tokens.finditer(text) if found["comment"] is not None]
    return None


@functools.lru_cache(maxsize=1)
def _line_starts(text: str) -> list[int]:
    return [0, *(found.end() for found in re.finditer(r"\r\n|\r|\n", text))]


class _Comment(NamedTuple):
    """A comment that begins with the sign."""

    line: int
    column: int
    body: str
    """What follows the sign."""
    alone: bool
    """Whether nothing else stands on the line."""


_OPENING = re.compile(
    r"""
      (?P<plain> //+!? | /\*+ | <!--+ | \{\#-? | \{\{!-- | <\# )
    | (?<!\S) (?P<spaced> \#+ | --+ | ;+ | ! | % | :: | \* | (?i:rem) | dnl )
    | (?P<key> "[^"]{0,40}" \s*+ : \s*+ " )
    """,
    re.VERBOSE,
)
_BETWEEN = re.compile(r"[ \t]*+\Z")


def _comments(lines: Sequence[str]) -> Iterator[_Comment]:
    """Find the comments that begin with the sign; also one that follows another comment's opening on its line."""
    for number, line in enumerate(lines, start=1):
        at = line.find(_SIGN)
        if at < 0:
            continue
        before = line[:at]
        opening = None
        for found in _OPENING.finditer(before):
            if _BETWEEN.match(before, found.end()):
                opening = found
        if opening is not None and not _in_string(before[: opening.start()], opening):
            yield _Comment(number, at + 1, line[at + len(_SIGN) :], not before[: opening.start()].strip(' \t"'))


_LITERAL = re.compile(r"\"(?:[^\"\\]++|\\.)*+(?P<open>\Z)?\"?+|'(?:[^'\\]++|\\.)*+'?+|[^\"']++")


def _in_string(before: str, opening: re.Match[str]) -> bool:
    """Tell whether a string that holds code before it is still open where a comment seems to begin.

    In a notebook the whole line is a string, so that one which begins the line does not count.
    """
    if opening["key"]:
        return False
    open_ = False
    for found in _LITERAL.finditer(before):
        open_ = found["open"] is not None and bool(before[: found.start()].strip())
    return open_


_MARKER = re.compile(r"\s*+(?P<scope>ignore[a-z-]*+)\s*+(?:\[(?P<rules>[^\]]*+)\])?+(?P<rest>.*)\Z", re.DOTALL)
_REST = re.compile(r"\s*+(?:until\s*=\s*(?P<until>\S++)\s*+)?+(?:reason\s*:\s*(?P<reason>.*))?+\Z", re.DOTALL)
_CLOSING = re.compile(r"\s*(?:(?:\*/|-->|#\}|--\}\}|#>).*|(?:\\n)?\",?\s*\Z)", re.DOTALL)
_MONTH = re.compile(r"(\d{4})-(\d\d)(?:-(\d\d))?\Z")
_RULE = re.compile(r"[\w/*.-]+\Z")


def _parsed(comment: _Comment, alone: set[int], lines: int) -> Marker | str:
    """Read a marker, or say what is wrong with it."""
    found = _MARKER.match(_CLOSING.sub("", comment.body))
    if found is None or found["scope"] not in set(Scope):
        return f"it is one of {', '.join(Scope)}"
    scope = Scope(found["scope"])
    rest = _REST.match(found["rest"])
    rules = tuple(name.strip() for name in (found["rules"] or "").split(",") if name.strip())
    if rest is None:
        return f"{scope}[rules] is followed by until=YYYY-MM and `reason: ...`, both after the bracket"
    until, reason = rest["until"] or "", (rest["reason"] or "").strip()
    if scope != Scope.END:
        if problem := _missing(scope, rules, until, reason):
            return problem
        if scope == Scope.LINE and comment.alone:
            return f"it stands on a line of its own and covers nothing: write {Scope.NEXT_LINE}"
        if scope == Scope.FILE and comment.line > HEAD_LINES:
            return f"{scope} counts in the first {HEAD_LINES} lines"
    first, last = _covered(scope, comment, alone, lines)
    return Marker(
        scope=scope,
        rules=rules,
        reason=reason,
        until=until,
        line=comment.line,
        column=comment.column,
        first=first,
        last=last,
    )


def _missing(scope: Scope, rules: Sequence[str], until: str, reason: str) -> str:
    """Say what a marker lacks; empty when nothing."""
    if not rules:
        return f"it names no rule: write {scope}[rule-id]"
    if wrong := next((rule for rule in rules if not _RULE.match(rule)), ""):
        return f"{wrong!r} is no rule id"
    if until and _last_day(until) is None:
        return f"until={until} is no month or day: write until=2027-06"
    return "" if reason else "it gives no reason: end it with `reason: ...`"


def _covered(scope: Scope, comment: _Comment, alone: set[int], lines: int) -> tuple[int, int]:
    """Return first and last line that a marker covers; the end of a block is set where it closes."""
    if scope == Scope.FILE:
        return 1, lines
    if scope == Scope.NEXT_LINE:
        line = comment.line + 1
        while line in alone:  # markers may stand one above the other
            line += 1
        return line, line
    return comment.line, comment.line


def _until_line(start: Marker, line: int) -> Marker:
    return msgspec.structs.replace(start, last=line)


def _invalid(comment: _Comment, message: str) -> Problem:
    return Problem(
        kind=ProblemKind.INVALID, line=comment.line, column=comment.column, message=f"not a valid marker: {message}"
    )


def _place(entry: Marker | Problem) -> tuple[int, int]:
    return entry.line, entry.column


def _is_over(until: str, today: dt.date) -> bool:
    day = _last_day(until)
    return day is not None and today > day


def _last_day(until: str) -> dt.date | None:
    """Return the last day that a date names: of a month its last."""
    found = _MONTH.match(until)
    if found is None:
        return None
    year, month = int(found[1]), int(found[2])
    if not (1 <= month <= 12 and year):
        return None
    try:
        if found[3]:
            return dt.date(year, month, int(found[3]))
        return dt.date(year + month // 12, month % 12 + 1, 1) - dt.timedelta(days=1)
    except (ValueError, OverflowError):
        return None
