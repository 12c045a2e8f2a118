"""Git's ignore patterns as regular expressions that stay fast on hostile input.

The scanned tree chooses both the patterns and the paths. Stars that may backtrack into each other cost a
power of the path's length, so every star but the last is atomic: it takes the leftmost place where the text
after it fits, which for globs loses no match. All lines of a file become one alternation with the last line
first, so that one match finds the line that decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

MAX_PATTERNS = 4_000
"""Lines that count in one file; the largest files seen hold a tenth of that."""

_POSIX_CLASSES = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "blank": r"\ \t",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": r"\ -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\ \t\n\r\f\v",
    "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}


class _UnmatchableError(Exception):
    """The pattern is one that git never matches."""


class Patterns:
    """Ignore patterns of one file, in its order.

    Args:
        lines: One pattern each, already without comments and trailing blanks; an empty one matches nothing.
        below: Whether a pattern that matches a folder also matches what lies in it; a walk that stops at
            matched folders does not need that.
    """

    __slots__ = ("_anchored", "_floating")

    def __init__(self, lines: Iterable[str], *, below: bool = False) -> None:
        anchored: list[tuple[int, str]] = []
        floating: list[tuple[int, str]] = []
        for index, line in enumerate(lines):
            if index >= MAX_PATTERNS:
                break
            try:
                regex, anywhere = _translate(line, below=below)
            except _UnmatchableError:
                continue
            (floating if anywhere else anchored).append((index, regex))
        self._anchored = _Alternation(anchored)
        self._floating = _Alternation(floating)

    def last(self, path: str) -> int | None:
        """Return the index of the last line that matches, None when none does.

        Args:
            path: Relative to the file's folder, with forward slashes; a folder ends in one.
        """
        start = path.rfind("/", 0, -1) + 1
        by_name = self._floating.first(path[start:])
        by_path = self._anchored.first(path)
        if by_name is None or by_path is None:
            return by_path if by_name is None else by_name
        return max(by_name, by_path)


class _Alternation:
    """Expressions tried from the last to the first."""

    __slots__ = ("_indexes", "_match")

    def __init__(self, parts: list[tuple[int, str]]) -> None:
        self._indexes = [index for index, _ in reversed(parts)]
        whole = "|".join(f"({regex})" for _, regex in reversed(parts))
        self._match = re.compile(whole, re.DOTALL).match if parts else None

    def first(self, text: str) -> int | None:
        """Return the index of the first expression that matches, None when none does."""
        if self._match is None or not (found := self._match(text)):
            return None
        assert found.lastindex is not None
        return self._indexes[found.lastindex - 1]


class IgnoreFile:
    """A `.gitignore`, `info/exclude` or list of excluded patterns."""

    __slots__ = ("_negated", "_patterns")

    def __init__(self, text: str) -> None:
        lines = [_without_comment(line) for line in text.splitlines()]
        self._negated = [line.startswith("!") for line in lines]
        self._patterns = Patterns(line.removeprefix("!") for line in lines)

    def verdict(self, path: str) -> bool | None:
        """Tell whether the path is ignored (True), taken back in (False), or not mentioned (None).

        Args:
            path: As `Patterns.last` takes it.
        """
        index = self._patterns.last(path)
        return None if index is None else not self._negated[index]


def matcher(patterns: Iterable[str]) -> Callable[[str], bool]:
    """Return a function that tells whether a file's path, or a folder above it, is matched.

    Args:
        patterns: Lines in the syntax of `.gitignore`, relative to the folder that the paths are relative to.
    """
    ignore = IgnoreFile("\n".join(patterns))

    def covers(path: str) -> bool:
        end = path.find("/") + 1
        while end:
            if ignore.verdict(path[:end]):
                return True
            end = path.find("/", end) + 1
        return bool(ignore.verdict(path))

    return covers


def _without_comment(line: str) -> str:
    """Drop comments and unescaped trailing blanks."""
    if line.startswith("#"):
        return ""
    stripped = line.rstrip(" ")
    backslashes = len(stripped) - len(stripped.rstrip("\\"))
    return stripped + " " if backslashes % 2 and stripped != line else stripped


def _translate(pattern: str, *, below: bool) -> tuple[str, bool]:
    """Return a regular expression for one pattern, and whether it matches the last path component alone."""
    folder_only = pattern.endswith("/")
    body = pattern.removesuffix("/")
    floating = "/" not in body
    segments = _segments(body.removeprefix("/"))
    if segments == [""]:
        raise _UnmatchableError
    # CODEOWNERS: `docs/*` owns the files of that folder, not the folders in it.
    deep = below and not (segments[-1] == "*" and not floating)
    if floating and below:
        segments.insert(0, "**")
    tail = "/" if folder_only else "/?"
    if deep:
        tail = "/.*" if folder_only else "(?:/.*)?"
    return _path(segments) + tail + r"\Z", floating and not below


def _segments(body: str) -> list[str]:
    """Split at slashes, but for those in character classes."""
    segments = []
    begin = position = 0
    while position < len(body):
        char = body[position]
        position += 1
        if char == "\\":
            position += 1
        elif char == "[":
            position = _bracket(body, position)[1]
        elif char == "/":
            segments.append(body[begin : position - 1])
            begin = position
    return [*segments, body[begin:]]


def _path(segments: list[str]) -> str:
    """Translate path segments; `**` stands for any number of them."""
    runs: list[list[str]] = [[]]
    for segment in segments:
        if len(segment) > 1 and not segment.strip("*"):
            runs.append([])
        else:
            runs[-1].append(_segment(segment))
    out = "/".join(runs[0])
    for number, run in enumerate(runs[1:], start=1):
        lead = "/" if out else ""
        if not run:
            # Only the last of several `**` in a row still has something to say.
            if number == len(runs) - 1:
                out += lead + ".+?"
            continue
        joined = "/".join(run)
        is_last = number == len(runs) - 1
        out += lead + (rf"(?:[^/]+/)*?{joined}" if is_last else rf"(?>(?:[^/]+/)*?{joined}(?=/))")
    return out


def _segment(glob: str) -> str:
    """Translate one path segment."""
    pieces: list[str] = [""]
    position = 0
    while position < len(glob):
        char = glob[position]
        position += 1
        if char == "*":
            if pieces[-1] or len(pieces) == 1:
                pieces.append("")
        elif char == "?":
            pieces[-1] += "[^/]"
        elif char == "[":
            text, position = _bracket(glob, position)
            pieces[-1] += text
        elif char == "\\":
            if position == len(glob):
                raise _UnmatchableError
            pieces[-1] += re.escape(glob[position])
            position += 1
        else:
            pieces[-1] += re.escape(char)
    if len(pieces) == 1:
        return pieces[0]
    first, *middle, last = pieces
    stars = "".join(f"(?>[^/]*?{piece})" for piece in middle if piece)
    # A star of its own is a whole name, and names are not empty.
    any_run = "[^/]+" if not (first or stars or last) else "[^/]*"
    return first + stars + any_run + last


def _bracket(glob: str, position: int) -> tuple[str, int]:
    """Translate a character class that opened just before `position`; return it and where it ends."""
    negated = glob[position : position + 1] in {"!", "^"}
    position += negated
    items = ""
    first = True
    while True:
        char = glob[position : position + 1]
        if not char:
            raise _UnmatchableError
        if char == "]" and not first:
            break
        first = False
        if glob.startswith("[:", position) and (end := glob.find(":]", position)) > 0:
            items += _POSIX_CLASSES.get(glob[position + 2 : end]) or _raise()
            position = end + 2
            continue
        low, position = _class_char(glob, position)
        if glob[position : position + 1] == "-" and glob[position + 1 : position + 2] not in {"]", ""}:
            high, position = _class_char(glob, position + 1)
            # Git tries the first character before it sees that a range begins.
            items += re.escape(low) + (f"-{re.escape(high)}" if low <= high else "")
        else:
            items += re.escape(low)
    if not items:
        return ("[^/]" if negated else "(?!)"), position + 1
    return rf"(?!/)[{'^' if negated else ''}{items}]", position + 1


def _class_char(glob: str, position: int) -> tuple[str, int]:
    """Read one character of a class, escaped or not."""
    if glob[position] == "\\":
        position += 1
        if position == len(glob):
            raise _UnmatchableError
    return glob[position], position + 1


def _raise() -> str:
    raise _UnmatchableError
