"""Replacements in a text, by offset; everything they do not name stays byte for byte."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from migrate.model import Span

_LINE_END = re.compile(r"\r\n|\r|\n")


class Refused(Exception):  # noqa: N818 - an answer, not a failure
    """An edit that cannot be made, with the reason as message."""


class Splice(NamedTuple):
    """A replacement of the characters from `start` to `end`."""

    start: int
    end: int
    text: str


def edited(text: str, splices: Iterable[Splice]) -> str:
    """Apply replacements to a text.

    Raises:
        Refused: Two replacements overlap and differ.
    """
    pieces: list[str] = []
    done = 0
    for splice in sorted(set(splices)):
        if splice.start < done:
            raise Refused("two edits change the same characters")
        pieces += [text[done : splice.start], splice.text]
        done = splice.end
    return "".join((*pieces, text[done:]))


def origin(offset: int, splices: Iterable[Splice]) -> int:
    """Return the place before the replacements of a place after them."""
    shift = 0
    for splice in sorted(set(splices)):
        if splice.start + shift >= offset:
            break
        shift += len(splice.text) - (splice.end - splice.start)
    return offset - shift


def renamed(name: str, renames: Mapping[str, str]) -> str | None:
    """Replace the longest dotted beginning of a name that is listed; None when none is."""
    for old in sorted(renames, key=len, reverse=True):
        if name == old or name.startswith(f"{old}."):
            return renames[old] + name[len(old) :]
    return None


class Text:
    """A text with its lines, whatever ends them."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts = [0, *(found.end() for found in _LINE_END.finditer(text))]

    def offset(self, line: int, column: int) -> int:
        """Return the offset of a place; lines and columns from 1, columns in characters."""
        return self._starts[min(line, len(self._starts)) - 1] + column - 1

    def range(self, span: Span) -> tuple[int, int]:
        """Return the offsets of a span."""
        return self.offset(span.line, span.column), self.offset(span.end_line, span.end_column)

    def line(self, offset: int) -> int:
        """Return the line, from 1, that holds an offset."""
        return bisect.bisect_right(self._starts, offset)

    def lines(self, first: int, last: int) -> list[str]:
        """Return lines, without their ends."""
        found = []
        for line in range(first, min(last, len(self._starts)) + 1):
            end = self._starts[line] if line < len(self._starts) else len(self.text)
            found.append(self.text[self._starts[line - 1] : end].rstrip("\r\n"))
        return found
