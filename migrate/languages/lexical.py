"""Lexical truth about source text: where code, comments and strings are, and which line an offset is on.

Everything here is linear in the text and never fails: an unterminated string ends at its line, an
unterminated comment or raw string at the end of the file. Offsets count code points; masked texts have the
length of the original, so that an offset means the same place in both.
"""

from __future__ import annotations

import bisect
import functools
import itertools
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick, Implementation

from migrate.languages.spelling import spell_plainly
from migrate.model import Span

IDENTIFIER = re.compile(r"[A-Za-z_$\x80-\U0010ffff][\w$]*+")
_NEWLINE = re.compile(r"\r\n?|\n")
_NOT_NEWLINE = re.compile(r"[^\r\n]")
_SURROGATE = re.compile("[\ud800-\udfff]")


# ----------------------------------------------------------------------------------------------------- places


class Lines:
    r"""Turns offsets into 1-based lines and columns; `\\n`, `\\r\\n` and a lone `\\r` end a line."""

    def __init__(self, text: str) -> None:
        self.starts = _line_starts(text)
        self.length = len(text)

    def line(self, offset: int) -> int:
        """Return the line an offset is on."""
        return bisect.bisect_right(self.starts, offset)

    def place(self, offset: int) -> tuple[int, int]:
        """Return line and column of an offset."""
        line = bisect.bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1

    def span(self, start: int, end: int) -> Span:
        """Return the place between two offsets, the second exclusive."""
        line, column = self.place(start)
        if end < (self.starts[line] if line < len(self.starts) else self.length + 1):
            return Span(line=line, column=column, end_line=line, end_column=end - self.starts[line - 1] + 1)
        end_line, end_column = self.place(end)
        return Span(line=line, column=column, end_line=end_line, end_column=end_column)


def _line_starts(text: str) -> list[int]:
    if "\r" in text:
        return [0, *(found.end() for found in _NEWLINE.finditer(text))]
    starts = list(itertools.accumulate([len(line) + 1 for line in text.split("\n")], initial=0))
    starts.pop()
    return starts


# ---------------------------------------------------------------------------------------------------- anchors


class Anchors:
    """Finds any of many literals in one pass."""

    def __init__(self, literals: Sequence[str]) -> None:
        wanted = [literal for literal in literals if literal]
        self._automaton = AhoCorasick(wanted, implementation=Implementation.DFA) if wanted else None

    def hits(self, text: str) -> list[tuple[int, int]]:
        """Return places that do not overlap; every word that holds an anchor has at least one."""
        if self._automaton is None:
            return []
        try:
            found = self._automaton.find_matches_as_indexes(text)
        except UnicodeEncodeError:  # lone surrogates, which the decoder of the file may have left
            found = self._automaton.find_matches_as_indexes(_SURROGATE.sub("?", text))
        return [(start, end) for _, start, end in found]


@functools.lru_cache(maxsize=16)
def anchors(literals: tuple[str, ...]) -> Anchors:
    """Return the automaton of a vocabulary's anchors, built once."""
    return Anchors(literals)


# ----------------------------------------------------------------------------------------------------- C-like


class Literal(NamedTuple):
    """A string literal: all of it, and what stands between the quotes."""

    start: int
    end: int
    value_start: int
    value_end: int


class Directive(NamedTuple):
    """A preprocessor line with its continuations."""

    start: int
    """Offset of the `#`."""
    end: int
    keyword: str
    body: int
    """Offset where what follows the keyword begins."""


class Lexed:
    """C, C++ or CUDA text with comments and contents of literals told apart from code.

    Attributes:
        text: The original, with words that a line splice cuts and with digraphs written plainly, at the same offsets.
        masked: The same with comments and contents of literals blanked; quotes and line ends stay.
        comments: Start and end of each comment.
        strings: The string literals, without include paths.
        directives: The preprocessor lines.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.lines = Lines(text)
        self.comments: list[tuple[int, int]] = []
        self.strings: list[Literal] = []
        self.masked = self._mask()
        if _MARKER in self.masked:
            self.masked = _MARKERS.sub(lambda found: blank(found[0]), self.masked)
        self.text, self.masked = spell_plainly(self.text, self.masked)
        self.directives = list(_directives(self.masked))
        self._drop_include_paths()
        self._comment_starts = [start for start, _ in self.comments]
        self._string_starts = [literal.start for literal in self.strings]

    def _mask(self) -> str:
        text = self.text
        pieces: list[str] = []
        done = 0
        for found in _TOKEN.finditer(text):
            kind = found.lastgroup or ""
            if kind in ("line", "block"):
                start, end = found.span()
                self.comments.append((start, end))
            else:
                start, end = found.span(kind)
                if kind in ("raw", "string"):
                    self.strings.append(Literal(found.start(), found.end(), start, end))
            pieces += (text[done:start], blank(text[start:end]))
            done = end
        pieces.append(text[done:])
        return "".join(pieces)

    def _drop_include_paths(self) -> None:
        includes = [(item.body, item.end) for item in self.directives if item.keyword in INCLUDES]
        if includes and self.strings:
            starts = [start for start, _ in includes]
            self.strings = [item for item in self.strings if not _within(item.start, includes, starts)]

    def string_at(self, offset: int) -> Literal | None:
        """Return the string literal whose content holds an offset."""
        index = self.string_index(offset)
        return None if index is None else self.strings[index]

    def string_index(self, offset: int) -> int | None:
        """Return the number of the string literal whose content holds an offset."""
        index = bisect.bisect_right(self._string_starts, offset) - 1
        if index >= 0 and self.strings[index].value_start <= offset < self.strings[index].value_end:
            return index
        return None

    def strings_between(self, start: int, end: int) -> list[Literal]:
        """Return the string literals that begin between two offsets."""
        first = bisect.bisect_left(self._string_starts, start)
        return self.strings[first : bisect.bisect_left(self._string_starts, end)]

    def source(self, start: int, end: int) -> str:
        """Return the text between two offsets on one line, without comments."""
        first = bisect.bisect_left(self._comment_starts, start)
        pieces = []
        while first < len(self.comments) and self.comments[first][0] < end:
            pieces.append(self.text[start : self.comments[first][0]])
            start = self.comments[first][1]
            first += 1
        pieces.append(self.text[start:end])
        return " ".join(" ".join(pieces).replace("\\\n", " ").replace("\\\r\n", " ").split())


_MARKER = "<<<<<<<"
_MARKERS = re.compile(r"(?:(?<=[\r\n])|\A)(?:<{7}|>{7}|={7}|\|{7})(?!\S)[^\r\n]*+")
"""What a merge that was never finished leaves."""

INCLUDES = frozenset({"include", "include_next", "import"})

_TOKEN = re.compile(
    r"""
      /(?: /(?: [^\\\r\n]++ | \\(?:\r\n|[\s\S])? )*+ (?P<line>)
         | \*(?s:.*?)(?:\*/|\Z) (?P<block>) )
    | "(?: (?: (?<=\bR") | (?<=\b[uUL]R") | (?<=\bu8R") )
           (?P<delimiter>[^\s()\\"]{0,16}+)\( (?P<raw>(?s:.*?)) (?: \)(?P=delimiter)" | \Z )
         | (?P<string>(?: [^"\\\r\n]++ | \\(?:\r\n|[\s\S])? )*+) "?+ )
    | '(?: (?<=[0-9A-Fa-f]') (?<!\bu8') (?=[0-9A-Fa-f]) (?P<separator>)
         | (?P<char>(?: [^'\\\r\n]++ | \\(?:\r\n|[\s\S])? )*+) '?+ )
    """,
    re.VERBOSE,
)
_DIRECTIVE = re.compile(r"\#[ \t\f\v]*+(?P<keyword>\w*+)(?P<body>(?:[^\\\r\n]++|\\(?:\r\n|[\s\S])?)*+)")


def _directives(masked: str) -> Iterator[Directive]:
    position = masked.find("#")
    while position >= 0:
        before = position - 1
        while before >= 0 and masked[before] in " \t\f\v":
            before -= 1
        following = position + 1
        if (before < 0 or masked[before] in "\r\n") and (found := _DIRECTIVE.match(masked, position)):
            yield Directive(position, found.end(), found["keyword"], found.start("body"))
            following = found.end()
        position = masked.find("#", following)


def _within(offset: int, ranges: Sequence[tuple[int, int]], starts: Sequence[int]) -> bool:
    index = bisect.bisect_right(starts, offset) - 1
    return index >= 0 and offset < ranges[index][1]


def words(text: str, word: str, start: int = 0, end: int | None = None) -> Iterator[int]:
    """Return where a whole word stands; much faster than a pattern that begins with a word boundary."""
    limit = len(text) if end is None else end
    position = text.find(word, start, limit)
    while position >= 0:
        after = position + len(word)
        if not (position and _is_word(text[position - 1])) and not (after < len(text) and _is_word(text[after])):
            yield position
        position = text.find(word, after, limit)


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


_GAP = re.compile(r"(?:\s|\\\r?\n)*+")


def next_token(text: str, offset: int) -> int:
    """Return the offset of the next character that is neither white space nor a continued line's end."""
    found = _GAP.match(text, offset)
    return found.end() if found else offset


_SPACE_BEFORE = frozenset(" \t\r\n\f\v")


def skip_back(text: str, offset: int) -> int:
    """Return the offset after the last character before an offset that is no white space and continues no line."""
    while offset > 0:
        sign = text[offset - 1]
        if sign not in _SPACE_BEFORE and (sign != "\\" or text[offset : offset + 1] not in ("\n", "\r")):
            break
        offset -= 1
    return offset


def word_start(text: str, end: int) -> int:
    """Return where the word that ends at an offset begins."""
    start = end
    while start > 0 and (text[start - 1].isalnum() or text[start - 1] in "_$"):
        start -= 1
    return start


def blank(text: str) -> str:
    """Return spaces of the same length, with the line ends kept."""
    if "\n" not in text and "\r" not in text:
        return " " * len(text)
    return _NOT_NEWLINE.sub(" ", text)


def blank_ranges(text: str, ranges: Sequence[tuple[int, int]]) -> str:
    """Blank ranges that are in order and do not overlap."""
    if not ranges:
        return text
    pieces = []
    done = 0
    for start, end in ranges:
        pieces.append(text[done:start])
        pieces.append(blank(text[start:end]))
        done = end
    pieces.append(text[done:])
    return "".join(pieces)


def code_lines(code: str) -> int:
    """Count the lines of a masked text that hold anything."""
    lines = _NEWLINE.split(code) if "\r" in code else code.split("\n")
    return sum([1 for line in lines if line and not line.isspace()])


# --------------------------------------------------------------------------------------------------- brackets


class Brackets:
    """Finds what brackets enclose; each stretch of text is read once, however deep calls nest.

    Args:
        masked: Text without comments and contents of literals.
        reach: How far a bracket is followed; one that closes later counts as never closed.
    """

    def __init__(self, masked: str, *, reach: int = 20_000) -> None:
        self._masked = masked
        self._reach = reach
        self._known: dict[int, tuple[int, tuple[int, ...]] | None] = {}
        self._angles: dict[int, int | None] = {}

    def close(self, opening: int) -> int | None:
        """Return the offset of the bracket that closes the one at an offset."""
        known = self._match(opening)
        return known[0] if known else None

    def arguments(self, opening: int) -> list[tuple[int, int]] | None:
        """Return the places of what commas separate inside a bracket, or None when it is not closed."""
        known = self._match(opening)
        if known is None:
            return None
        close, commas = known
        edges = [opening, *commas, close]
        parts = [(left + 1, right) for left, right in itertools.pairwise(edges)]
        if len(parts) == 1 and not self._masked[parts[0][0] : parts[0][1]].strip():
            return []
        return self._join_templates(parts)

    def split(self, start: int, end: int) -> list[tuple[int, int]]:
        """Return the places of what commas outside any bracket separate between two offsets."""
        commas = []
        position = start
        while found := _OPEN_OR_COMMA.search(self._masked, position, end):
            position = found.end()
            if found[0] == ",":
                commas.append(found.start())
            elif (close := self.close(found.start())) is not None:
                position = close + 1
        edges = [start - 1, *commas, end]
        return self._join_templates([(left + 1, right) for left, right in itertools.pairwise(edges)])

    def _match(self, opening: int) -> tuple[int, tuple[int, ...]] | None:
        if opening in self._known:
            return self._known[opening]
        stack: list[tuple[int, str, list[int]]] = []
        known = self._known
        for found in _BRACKET.finditer(self._masked, opening, min(len(self._masked), opening + self._reach)):
            sign = found[0]
            if sign == ",":
                stack[-1][2].append(found.start())
            elif sign in _CLOSING:
                stack.append((found.start(), _CLOSING[sign], []))
            else:
                while stack and stack[-1][1] != sign:  # a bracket that never closes
                    known[stack.pop()[0]] = None
                if stack:
                    start, _, commas = stack.pop()
                    known[start] = (found.start(), tuple(commas))
                if not stack:
                    break
        for start, _, _ in stack:
            known[start] = None
        return known.setdefault(opening, None)

    def _join_templates(self, parts: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """Undo splits at commas of template arguments: `f(g<a, b>, c)` has two arguments."""
        joined: list[tuple[int, int]] = []
        covered = -1
        for start, end in parts:
            if start <= covered:
                joined[-1] = (joined[-1][0], end)
            else:
                joined.append((start, end))
            for found in _TEMPLATE_OPEN.finditer(self._masked, start, end):
                if (close := self.close_angle(found.start())) is not None:
                    covered = max(covered, close)
        return joined

    def close_angle(self, opening: int) -> int | None:
        """Return the offset of the `>` that closes template arguments, or None when `<` is a comparison."""
        if opening in self._angles:
            return self._angles[opening]
        stack: list[int] = []
        position = opening
        limit = min(len(self._masked), opening + _ANGLE_REACH)
        while found := _TEMPLATE.search(self._masked, position, limit):
            position = found.end()
            sign = found[0]
            if sign == "<":
                stack.append(found.start())
            elif sign == ">":
                self._angles[stack.pop()] = found.start()
                if not stack:
                    break
            elif sign == "->":
                continue
            elif sign in "([{" and (close := self.close(found.start())) is not None:
                position = close + 1
            else:
                break
        for start in stack:
            self._angles[start] = None
        return self._angles.setdefault(opening, None)


_CLOSING = {"(": ")", "[": "]", "{": "}"}
_BRACKET = re.compile(r"[()\[\]{},]")
_OPEN_OR_COMMA = re.compile(r"[(\[{,]")
_TEMPLATE_OPEN = re.compile(r"(?<=\w)<(?![<=])")
_ANGLE_REACH = 2_000
_TEMPLATE = re.compile(r"->|&&|\|\||[<>()\[\]{};]")
