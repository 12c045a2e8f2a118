"""Words of a locale, and the cleaning that every foreign string passes before it is shown."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Mapping

from migrate.errors import MigrateError
from migrate.render import numbers
from migrate.resources import read_yaml, reports_root

_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]")
"""Controls, bidirectional overrides (they can reorder what a reviewer sees), and what XML cannot carry."""


_LINE_ENDS = re.compile("[\t\n\r\x0b\x0c\x85\u2028\u2029]")


def plain(text: str) -> str:
    """Make a foreign string safe to show: what must not be printed becomes a replacement character."""
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def one_line(text: str) -> str:
    """Make a foreign string safe to show where lines have a meaning: a name must not write lines of its own."""
    return plain(_LINE_ENDS.sub("\N{REPLACEMENT CHARACTER}", text))


def columns(text: str) -> int:
    """Return how many terminal columns a string takes; East Asian wide characters take two."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def shorten(text: str, width: int) -> str:
    """Cut a string in its middle so that it takes at most `width` columns; paths keep their ends."""
    if columns(text) <= width:
        return text
    keep = width - 1
    tail = _prefix(text[::-1], keep - keep // 3)[::-1]
    return _prefix(text, keep // 3) + "…" + tail


def clip(text: str, width: int) -> str:
    """Cut a string at its end so that it takes at most `width` columns; prose keeps its beginning."""
    return text if columns(text) <= width else _prefix(text, width - 1).rstrip() + "…"


def _prefix(text: str, width: int) -> str:
    """Return the longest prefix that takes at most `width` columns."""
    used = 0
    for index, char in enumerate(text):
        used += columns(char)
        if used > width:
            return text[:index]
    return text


class Texts:
    """The sentences of one locale, looked up by flat key and filled by name."""

    def __init__(self, lang: str, entries: Mapping[str, str]) -> None:
        self.lang = lang
        self._entries = entries

    def __call__(self, key: str, /, **values: object) -> str:
        """Return the text of a key with its placeholders filled."""
        return self._entries[key].format_map(values)

    def plural(self, key: str, n: int, /, **values: object) -> str:
        """Return the text for a count, which the text names `{n}`."""
        return self(f"{key}.one" if n == 1 else f"{key}.other", n=numbers.count(n), **values)

    def listing(self, items: list[str]) -> str:
        """Join items as a sentence does."""
        if len(items) < 2:
            return "".join(items)
        return self("list.last", head=self("list.comma").join(items[:-1]), last=items[-1])

    def within(self, prefix: str) -> dict[str, str]:
        """Return the entries below a prefix, without it, unfilled."""
        return {key.removeprefix(prefix): text for key, text in self._entries.items() if key.startswith(prefix)}

    def span(self, low: str, high: str) -> str:
        """Write a range; equal ends are one number."""
        return low if low == high else self("range", low=low, high=high)


@functools.cache
def load_texts(lang: str) -> Texts:
    """Read a locale by its id."""
    known = sorted(path.stem for path in (reports_root() / "locales").glob("*.yaml"))
    if lang not in known:
        raise MigrateError(f'no locale "{lang}"', hint=f"known locales: {', '.join(known)}", slug="locale-unknown")
    return Texts(lang, read_yaml(reports_root() / "locales" / f"{lang}.yaml"))
