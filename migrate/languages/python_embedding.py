r"""Text that stands in a file under escapes: decoded for its own front end, every line with its place in the file.

Decoding shortens: `\"` is two characters of the file and one of the text. A front end counts columns in the text, so
blanks make up for what an escape took, at the next place where the inner language does not mind them.
"""

from __future__ import annotations

import bisect
import itertools
import re
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from migrate.languages.python_source import STRING

PYTHON_STRINGS = re.compile(rf"\#[^\n]*+|{STRING}", re.DOTALL)
C_STRINGS = re.compile(
    r"//[^\n]*+|/\*(?:[^*]++|\*(?!/))*+(?:\*/)?+|\"(?:[^\"\\\n]++|\\.)*+\"?+|'(?:[^'\\\n]++|\\.)*+'?+", re.DOTALL
)
"""Comments and literals of the inner language: inside of them a blank would mean something."""

_NOT_BLANK = re.compile(r"[^ \t]")


class Text(NamedTuple):
    """A decoded text, and the place in the file of each line's first character."""

    text: str
    lines: tuple[tuple[int, int], ...]


class Decoded:
    """Collects pieces of a file into one text."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._origins: list[int] = []
        """Offset in the file of each line's first character."""
        self._starts: list[int] = []
        """Offset in the text of each line's first character."""
        self._lost: list[tuple[int, int]] = []
        """Offset in the text of an escape's character, and how many more the file has."""
        self._indents: dict[int, int] = {}

    def begin_line(self, origin: int) -> None:
        """End the line, if one was begun; the next one begins at an offset of the file."""
        if self._starts:
            self._append("\n")
        self._starts.append(self._length)
        self._origins.append(origin)

    def continue_at(self, origin: int) -> None:
        """Go on at another place of the file; a line that has nothing yet begins there."""
        if not self._starts:
            self.begin_line(origin)
        elif self._starts[-1] == self._length:
            self._origins[-1] = origin

    def add(self, text: str, origin: int) -> None:
        """Append characters that stand in the file as they are, from an offset on."""
        first, *others = text.split("\n")
        self._append(first)
        for line in others:
            origin += len(first) + 1
            self.begin_line(origin)
            self._append(line)
            first = line

    def add_escape(self, character: str, start: int, end: int) -> None:
        """Append the one character, or the none, that the file's characters from start to end stand for."""
        if character == "\n":
            self.begin_line(end)
            return
        self._lost.append((self._length, end - start - len(character)))
        self._append(character)

    def _append(self, text: str) -> None:
        if text:
            self._parts.append(text)
            self._length += len(text)

    def finished(
        self, strings: re.Pattern[str], place: Callable[[int], tuple[int, int]], *, indented: bool = False
    ) -> Text:
        """Return the text and the places of its lines.

        Args:
            strings: Finds the comments and literals of the inner language.
            place: Offset of the file to line and column.
            indented: Blanks that begin a line mean something in the inner language.
        """
        text = "".join(self._parts)
        pieces, last = [], 0
        for at, blanks in sorted(self._blanks(text, strings, indented=indented).items()):
            pieces += [text[last:at], " " * blanks]
            last = at
        return Text("".join([*pieces, text[last:]]), tuple(place(origin) for origin in self._origins) or ((1, 1),))

    def _blanks(self, text: str, strings: re.Pattern[str], *, indented: bool) -> Counter[int]:
        """Say where to insert how many blanks: before a character, or behind the literal that it lies in."""
        blanks: Counter[int] = Counter()
        spans = [found.span() for found in strings.finditer(text)] if self._lost else []
        begins = [start for start, _ in spans]
        for span, escapes in itertools.groupby(self._lost, lambda lost: bisect.bisect_right(begins, lost[0]) - 1):
            start, end = spans[span] if span >= 0 else (0, 0)
            last_line = text.rfind("\n", start, end)
            for at, lost in escapes:
                if at >= end:
                    if not indented or self._is_behind_code(text, at):
                        blanks[at] += lost
                elif at > last_line:  # what a line before lost does not move the last one
                    blanks[end] += lost
        return blanks

    def _is_behind_code(self, text: str, at: int) -> bool:
        """Tell whether an offset lies behind the indentation of its line, where blanks mean nothing."""
        line = bisect.bisect_right(self._starts, at) - 1
        if line not in self._indents:
            found = _NOT_BLANK.search(text, self._starts[line])
            self._indents[line] = found.start() if found else len(text)
        return self._indents[line] < at
