"""Front end for model configurations of the Triton inference server, and other texts of protocol buffers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from migrate.languages.configuration import Configuration
from migrate.languages.entries import MAX_PATH, Entry

_TOKEN = re.compile(
    r"(?P<comment>\#[^\r\n]*+)|(?P<string>\"(?:[^\"\\\r\n]++|\\.)*+\"?+|'(?:[^'\\\r\n]++|\\.)*+'?+)"
    r"|(?P<sign>[\[\]{}<>:,;])|(?P<word>[^\s\"'\[\]{}<>:,;\#]++)"
)
_OPENING = frozenset("[{<")


def pbtxt_entries(text: str) -> Iterator[Entry]:
    """Yield the fields of a message in text form; lists add nothing to a path."""
    stack: list[tuple[tuple[str, ...], int, bool]] = []
    path: tuple[str, ...] = ()
    mapping, numbers, in_list = 0, 0, False
    key: re.Match[str] | None = None
    expects_value = False
    for found in _TOKEN.finditer(text):
        kind, sign = found.lastgroup or "", found[0]
        if kind == "sign":
            if sign == ":":
                expects_value = True
            elif sign in _OPENING:
                numbers += 1
                inner = (*path, key[0])[:MAX_PATH] if key is not None else path
                if key is not None:
                    yield Entry(inner, key.span(), None, found.start(), found.start(), "", mapping)
                stack.append((path, mapping, in_list))
                path, in_list, expects_value = inner, sign == "[", sign == "["
                mapping = numbers
                key = None
            elif sign in "]}>" and stack:
                path, mapping, in_list = stack.pop()
                key, expects_value = None, in_list
            else:
                expects_value = in_list
        elif kind == "word" and not expects_value:
            key = found
        elif kind in {"word", "string"} and (expects_value or key is not None):
            quote = sign[0] if kind == "string" else ""
            closed = len(sign) > 1 and bool(quote) and sign[-1] == quote
            start, end = found.start() + bool(quote), found.end() - closed
            full = (*path, key[0])[:MAX_PATH] if key is not None else path
            place = key.span() if key is not None else None
            yield Entry(full, place, text[start:end], start, end, quote, mapping, mapping if in_list else 0)
            key, expects_value = None, in_list


FRONT_ENDS = {
    "pbtxt": Configuration("pbtxt", "config.pbtxt", pbtxt_entries),
}
