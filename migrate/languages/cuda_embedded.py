"""Device code in string literals, which the program hands to a compiler when it runs."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from migrate.languages.cuda_source import Source
from migrate.languages.lexical import Literal, skip_back, word_start
from migrate.model import Blind, BlindKind, Embedded

_MARKS = ("__global__", "__device__")
_MARK = re.compile("|".join(_MARKS))
_HEAD = re.compile(r"[^;{}.!?'\"]*+")
_HEAD_REACH = 2_000
_KERNEL = re.compile(
    r"__global__\s(?:[^;{}()]|__launch_bounds__\s{0,8}\([^()]{0,80}\)){0,200}?\b(?!__)(?P<name>\w+)\s{0,8}\([^(){};]{0,1000}\)\s{0,80}\{"
)
_HOLE = re.compile(r"\$\{(\w+)\}|(?<!\{)\{(\w+)\}(?!\})")
"""Where a template language puts a value: `${T}`, `{NAME}`."""
_ESCAPE = re.compile(r"\\(?:\r\n|[\s\S])")
_LINE_END = re.compile(r"\r\n|\r|\n")
_PREFIX = re.compile(r"\s*(?:u8|[uUL])?R?\s*\Z")
_GLUE = re.compile(r"\s*(?:\+|<<(?!<)|(?!(?:and|or|if|else|while)\b)[A-Za-z_])")
_LONGEST_BLIND = 200


def embedded_code(source: Source) -> Iterator[Embedded | Blind]:
    """Yield the device code that string literals hold, and where more of it is put together at run time."""
    literals = source.lexed.strings
    done = -1
    for at in _marks(source):
        index = source.lexed.string_index(at)
        if index is None or index <= done or source.places.state(at).disabled:
            continue
        first, last = _sequence(source, index)
        done = last
        pieces = literals[first : last + 1]
        part = _Decoder(source, pieces).embedded()
        text = part.text
        part = msgspec.structs.replace(part, text=_HOLE.sub(_filled, text))
        if not _is_code(part.text):
            continue
        yield part
        if part.text != text or _is_glued(source, pieces):
            line = source.lines.line(pieces[0].start)
            yield Blind(kind=BlindKind.GENERATED_SOURCE, line=line, text=text.strip()[:_LONGEST_BLIND])


def kernels_inside(text: str) -> Iterator[str]:
    """Yield the names of the kernels that a program defines, so far as its heads are plain."""
    for found in _KERNEL.finditer(text):
        yield found["name"]


def _marks(source: Source) -> list[int]:
    """Return where strings and comments hold words of device code."""
    text, masked = source.text, source.lexed.masked
    found = []
    for mark in _MARKS:
        at = text.find(mark)
        while at >= 0:
            if masked[at] != "_":
                found.append(at)
            at = text.find(mark, at + len(mark))
    return sorted(found)


def _sequence(source: Source, index: int) -> tuple[int, int]:
    """Return the first and the last of the literals that the compiler joins with one."""
    literals = source.lexed.strings
    masked = source.lexed.masked
    first = last = index
    while first and _PREFIX.match(masked, literals[first - 1].end, literals[first].start):
        first -= 1
    while last + 1 < len(literals) and _PREFIX.match(masked, literals[last].end, literals[last + 1].start):
        last += 1
    return first, last


def _is_code(text: str) -> bool:
    """Tell source, which defines a function, from a message that only speaks of it."""
    for found in _MARK.finditer(text):
        head = _HEAD.match(text, found.end(), found.end() + _HEAD_REACH)
        if head and text[head.end() : head.end() + 1] == "{" and "(" in head[0]:
            return True
    return False


def _filled(hole: re.Match[str]) -> str:
    """Put a name of the same length into a hole, so that the rest reads as code."""
    return (hole[1] or hole[2]).center(len(hole[0]), "_")


def _is_glued(source: Source, pieces: list[Literal]) -> bool:
    """Tell whether the program joins the literals with something else: `"..." + type + "..."`, `"..." TYPE "..."`."""
    masked = source.lexed.masked
    if _GLUE.match(masked, pieces[-1].end):
        return True
    start = skip_back(masked, word_start(masked, pieces[0].start))
    return masked[start - 1 : start] == "+" or masked[start - 2 : start] == "<<"


class _Decoder:
    """Turns joined literals into the text that they stand for, with the place of each of its lines."""

    def __init__(self, source: Source, pieces: list[Literal]) -> None:
        self._source = source
        self._pieces = pieces
        self._lines: list[str] = []
        self._places: list[tuple[int, int]] = []
        self._current: list[str] = []
        self._quoted = False

    def embedded(self) -> Embedded:
        """Return the code."""
        for number, piece in enumerate(self._pieces):
            if number and any(self._current):  # the next literal goes on with the line, from another place
                self._current.append("\\")
                self._end_line(piece.value_start, quoted=self._quoted)
            elif not number:
                self._begin(piece.value_start)
            else:
                self._places[-1] = self._source.lines.place(piece.value_start)
            if piece.value_start > piece.start + 1:  # R"(: a parenthesis follows the quote
                self._raw(piece)
            else:
                self._plain(piece)
        self._lines.append("".join(self._current))
        guards = self._source.guards(self._pieces[0].start)
        return Embedded(language="cuda", text="\n".join(self._lines), lines=tuple(self._places), guarded_by=guards)

    def _begin(self, offset: int) -> None:
        self._places.append(self._source.lines.place(offset))

    def _end_line(self, next_offset: int, *, quoted: bool = False) -> None:
        self._lines.append("".join(self._current))
        self._current.clear()
        self._quoted = quoted
        self._begin(next_offset)

    def _raw(self, piece: Literal) -> None:
        text = self._source.text
        position = piece.value_start
        for found in _LINE_END.finditer(text, piece.value_start, piece.value_end):
            self._current.append(text[position : found.start()])
            position = found.end()
            self._end_line(position)
        self._current.append(text[position : piece.value_end])

    def _plain(self, piece: Literal) -> None:
        """Undo escapes; each keeps its width, so that columns stay those of the file."""
        text = self._source.text
        position = piece.value_start
        for found in _ESCAPE.finditer(text, piece.value_start, piece.value_end):
            self._current.append(text[position : found.start()])
            position = found.end()
            sign = found[0][1:]
            if sign == "n":
                self._end_line(position)
            elif sign in ("\n", "\r", "\r\n"):
                self._current.append("\\")
                self._end_line(position, quoted=self._quoted)
            elif sign == '"':
                self._current.append('" ' if self._quoted else ' "')
                self._quoted = not self._quoted
            else:
                self._current.append(" " + sign if sign in "\\'" else "  ")
        self._current.append(text[position : piece.value_end])
