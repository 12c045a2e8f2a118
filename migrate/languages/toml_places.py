"""The scalars of a TOML document with their places; also reads documents that are not valid."""

from __future__ import annotations

import contextlib
import re
import tomllib
from collections.abc import Iterator
from typing import NamedTuple

_TOKEN = re.compile(
    r'''
      (?P<comment>\#[^\r\n]*+)
    | (?P<string>"""(?:[^"\\]++|\\[\s\S]?|"(?!""))*+(?:"{3,5}|\Z)
        |\'\'\'(?:[^']++|'(?!''))*+(?:'{3,5}|\Z)
        |"(?:[^"\\\r\n]++|\\[^\r\n]?)*+"?
        |'[^'\r\n]*+'?)
    | (?P<newline>\r\n?|\n)
    | (?P<sign>[\[\]{},=.])
    | (?P<bare>[^\s\#\[\]{},=."']++)
    ''',
    re.VERBOSE,
)


_MAX_PATH = 16
"""Parts of a path that are kept; what is asked for has at most six."""


class Scalar(NamedTuple):
    """A value that is neither an array nor a table."""

    path: tuple[str, ...]
    """Table and key; arrays add nothing."""
    value: str
    key_start: int
    """Where the statement begins that it stands in."""
    start: int
    end: int
    """The place of the value, without quotes."""
    outer_end: int
    """The end with quotes."""


class _Level(NamedTuple):
    """An array or inline table that is open."""

    is_array: bool
    path: tuple[str, ...]
    key_start: int


class _Reader:
    """Walks over tokens; nesting is kept on a stack of its own."""

    def __init__(self) -> None:
        self.table: tuple[str, ...] = ()
        self.levels: list[_Level] = []
        self.key: list[str] = []
        self.key_start = 0
        self.in_value = False
        self.in_header = False

    @property
    def expects_value(self) -> bool:
        return self.in_value or bool(self.levels and self.levels[-1].is_array)

    @property
    def path(self) -> tuple[str, ...]:
        if self.levels and self.levels[-1].is_array:
            return self.levels[-1].path
        return ((self.levels[-1].path if self.levels else self.table) + tuple(self.key))[:_MAX_PATH]

    def word(self, token: re.Match[str]) -> Scalar | None:
        """Take a string or bare word: part of a key, or a value."""
        start, end, value = _content(token)
        if self.expects_value:
            key_start = self.levels[0].key_start if self.levels else self.key_start
            return Scalar(self.path, value, key_start, start, end, token.end())
        if not self.key:
            self.key_start = token.start()
        if len(self.key) < _MAX_PATH:
            self.key.append(value)
        return None

    def newline(self) -> None:
        """End a statement, unless brackets are open."""
        if not self.levels:
            if self.in_header:
                self.table = tuple(self.key)
            self.key, self.in_value, self.in_header = [], False, False

    def sign(self, char: str) -> None:
        """Take a punctuation mark."""
        if char == "=":
            self.in_value = True
        elif char == "[" and not self.expects_value:
            self.key, self.in_header = [], True
        elif char in "[{":
            self.levels.append(_Level(char == "[", self.path, self.key_start))
            self.key, self.in_value = [], False
        elif char in "]}" and self.levels:
            self.levels.pop()
            self.key, self.in_value = [], False
        elif char == "," and self.levels:
            self.key, self.in_value = [], False


def scalars(text: str) -> Iterator[Scalar]:
    """Yield the document's scalars in order."""
    reader = _Reader()
    for token in _TOKEN.finditer(text):
        kind = token.lastgroup
        if kind in {"string", "bare"}:
            scalar = reader.word(token)
            if scalar is not None:
                yield scalar
        elif kind == "newline":
            reader.newline()
        elif kind == "sign":
            reader.sign(token[0])


def _content(token: re.Match[str]) -> tuple[int, int, str]:
    """Return place and value of a string without its quotes, or of a bare word."""
    raw, start, end = token[0], token.start(), token.end()
    if token.lastgroup == "bare":
        return start, end, raw
    quote = raw[:3] if raw[:3] in {'"""', "'''"} else raw[:1]
    start += len(quote)
    if len(raw) >= 2 * len(quote) and raw.endswith(quote):
        end -= len(quote)
    value = raw[start - token.start() : end - token.start()]
    if "\\" in value and quote[0] == '"':
        with contextlib.suppress(ValueError):  # a broken escape stays as it stands
            value = tomllib.loads(f"value = {raw}")["value"]
    return start, end, value


_MAX_DOCUMENT = 1_000_000
"""Characters that are checked: a hundred times what people write, and a second's work."""
_KEY_PART = r"(?:[\w-]++|\"[^\"\r\n]*+\"|'[^'\r\n]*+')"
_LONG_KEY = re.compile(rf"(?<![\w.-]){_KEY_PART}(?:[ \t]*+\.[ \t]*+{_KEY_PART}){{64}}", re.ASCII)


def problem(text: str) -> str:
    """Return why the document is not valid, empty when it is."""
    if len(text) > _MAX_DOCUMENT or _LONG_KEY.search(text):  # the parser's time grows with the square of a key
        return "the document, or a key in it, is too long to be checked"
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return str(error)[:200]
    except (ValueError, RecursionError):
        return "a value is too deeply nested or out of range"
    return ""
