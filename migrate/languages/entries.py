"""Keys and values of configuration files with their places, whatever the format."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from migrate.languages.toml_places import scalars

MAX_PATH = 16
"""Keys of a path that are kept; what is asked for has at most eight."""


class Entry(NamedTuple):
    """A key, a value, or both."""

    path: tuple[str, ...]
    """The keys that lead here, the own one last; lists add nothing."""
    key: tuple[int, int] | None
    """Place of the key, without quotes; None for an element of a list."""
    value: str | None
    """None where a mapping or a list follows."""
    start: int
    end: int
    """Place of the value, without quotes; a block's with the indentation of its lines."""
    style: str = ""
    """How the value is written: with `"`, with `'`, as a block (`|`, `>`), or plainly."""
    mapping: int = 0
    """Number of the mapping that holds it; siblings share it."""
    sequence: int = 0
    """Number of the list that it is an element of, 0 for none."""

    @property
    def name(self) -> str:
        """The innermost key."""
        return self.path[-1] if self.path else ""

    @property
    def first(self) -> int:
        """Where it begins."""
        return self.key[0] if self.key else self.start


def toml_entries(text: str) -> Iterator[Entry]:
    """Yield the entries of a TOML document, valid or not."""
    mappings: dict[tuple[str, ...], int] = {}
    last = None
    for scalar in scalars(text):
        again = last is not None and last.path == scalar.path and last.key_start == scalar.key_start
        mapping = mappings.setdefault(scalar.path[:-1], len(mappings) + 1)
        named = bool(scalar.path) and not again
        key = (scalar.key_start, min(scalar.key_start + len(scalar.path[-1]), len(text))) if named else None
        style = text[scalar.end : scalar.outer_end][:1]
        sequence = mapping if again else 0
        yield Entry(scalar.path, key, scalar.value, scalar.start, scalar.end, style, mapping, sequence)
        last = scalar


_INI_LINE = re.compile(
    r"^(?:[ \t]*+(?P<comment>[#;][^\r\n]*+)|[ \t]*+\[(?P<section>[^\]\r\n]++)\][^\r\n]*+"
    r"|(?P<key>[^\s#;=:\[][^=:\r\n]*+)[=:][ \t]*+(?P<value>[^\r\n]*+)|[ \t]++(?P<more>[^\s#;][^\r\n]*+))",
    re.MULTILINE,
)


def ini_entries(text: str) -> Iterator[Entry]:
    """Yield the entries of an INI file; indented lines go on with the value of the key before."""
    section: tuple[str, ...] = ()
    path: tuple[str, ...] = ()
    mapping, number = 0, 0
    for found in _INI_LINE.finditer(text):
        if found["section"] is not None:
            section = (found["section"].strip(),)
            path, mapping = section, mapping + 1
        elif found["key"] is not None:
            number += 1
            path = (*section, found["key"].strip())
            start, end, value, style = _trimmed(text, *found.span("value"))
            key = (found.start("key"), found.start("key") + len(path[-1]))
            yield Entry(path, key, value, start, end, style, mapping)
        elif found["more"] is not None:
            start, end, value, style = _trimmed(text, *found.span("more"))
            yield Entry(path, None, value, start, end, style, mapping, number)


_ENV_LINE = re.compile(
    r"^[ \t]*+(?:export[ \t]++)?(?P<key>[A-Za-z_][\w.-]*+)[ \t]*+=[ \t]*+(?P<value>[^\r\n]*+)", re.MULTILINE | re.ASCII
)


def env_entries(text: str) -> Iterator[Entry]:
    """Yield the variables of an environment file."""
    for found in _ENV_LINE.finditer(text):
        start, end, value, style = _trimmed(text, *found.span("value"))
        yield Entry((found["key"],), found.span("key"), value, start, end, style, 1)


_REMARK = re.compile(r"[ \t]+[#;]")


def _trimmed(text: str, start: int, end: int) -> tuple[int, int, str, str]:
    """Take quotes and a remark off a value; return place, text and the quote."""
    quote = text[start : start + 1]
    if quote in {'"', "'"} and (close := text.find(quote, start + 1, end)) >= 0:
        return start + 1, close, text[start + 1 : close], quote
    if remark := _REMARK.search(text, start, end):
        end = remark.start()
    value = text[start:end].rstrip()
    return start, start + len(value), value, ""
