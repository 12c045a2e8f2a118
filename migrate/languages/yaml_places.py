"""Keys and values of YAML and JSON documents with their places, read line by line and without a tree.

The reader follows indentation and never needs the whole document to be valid: templates of YAML (`{{ ... }}`) and merge
conflicts cost their line only. Anchors, aliases and tags mean nothing to it, so that neither can do harm.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from migrate.languages.entries import MAX_PATH, Entry

_LINE = re.compile(r"(?P<indent>[ \t]*+)(?P<content>[^\r\n]*+)(?:\r\n?|\n|\Z)")
_PROPERTIES = re.compile(r"(?:[&!][^\s,\[\]{}]*+(?:[ \t]++|(?=[\r\n]|\Z)))*+")
_QUOTED = re.compile(r"\"(?:[^\"\\]++|\\[\s\S])*+\"|'(?:[^']++|'')*+'")
_PLAIN_KEY = re.compile(
    r"(?:\{\{[^{}\r\n]*+\}\}|[^:\r\n{#]|(?<![ \t])\#|\{|:(?![ \t\r\n]|\Z))++(?=:(?:[ \t\r\n]|\Z))", re.VERBOSE
)
_AFTER_KEY = re.compile(r"[ \t]*+:(?=[ \t\r\n]|\Z)[ \t]*+")
_BLOCK = re.compile(r"([|>])[-+0-9]{0,3}[ \t]*+(?:\#[^\r\n]*+)?(?=[\r\n]|\Z)")
_REMARK = re.compile(r"(?:\A|[ \t]+)#[^\r\n]*\Z|[ \t]+\Z")
_DASH = re.compile(r"-(?:[ \t]++|(?=[\r\n]|\Z))")
_DOCUMENT = re.compile(r"(?:---|\.\.\.)(?:[ \t]|\Z)")
_ESCAPED = re.compile(r"\\(?:(?:u([0-9a-fA-F]{4})|U(00[01][0-9a-fA-F]{5})|x([0-9a-fA-F]{2}))|(\r\n|.))", re.DOTALL)
_MEANINGS = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "0": " ", "\n": "", "\r\n": ""}
_LAST_CHARACTER = 0x10FFFF


class _Level(NamedTuple):
    """A mapping or a list that is open."""

    indent: int
    is_list: bool
    path: tuple[str, ...]
    number: int


def yaml_entries(text: str) -> Iterator[Entry]:
    """Yield the entries of a YAML stream in the order of the text."""
    reader = _Block(text)
    while reader.position < len(text):
        yield from reader.line()


def json_entries(text: str) -> Iterator[Entry]:
    """Yield the entries of a JSON document, with or without comments."""
    flow = _Flow(text, _JSON_TOKEN)
    yield from flow.read(0, (), 0, 0)


class _Block:
    """Reads block style: what the indentation of lines says."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self._levels: list[_Level] = []
        self._pending: tuple[str, ...] = ()
        self._expected = False
        """A key stands at the end of its line, and its value has not come yet."""
        self._flow = _Flow(text, _FLOW_TOKEN)
        self._unclosed: set[str] = set()

    def line(self) -> Iterator[Entry]:
        """Read one line, or as many as its value takes."""
        found = _LINE.match(self.text, self.position)
        assert found is not None
        self.position = found.end()
        content = found["content"]
        if not content or content.startswith(("#", "%")) or (content.startswith("{{") and "}}" in content):
            return
        if _DOCUMENT.match(content) and not found["indent"]:
            self._levels, self._pending, self._expected = [], (), False
            return
        at, column = found.start("content"), len(found["indent"])
        limit = found.end("content")
        element = False
        while dash := _DASH.match(self.text, at, limit):
            self._enter(column, is_list=True)
            self._pending = self._levels[-1].path
            column += dash.end() - at
            at, element = dash.end(), True
        at = self._skip_properties(at, limit)
        if (key := self._key(at, limit)) is not None:
            yield from self._value_of(key, column, limit)
        elif at < limit and (element or not self._levels or (self._expected and self._levels[-1].indent < column)):
            indent = self._levels[-1].indent if self._levels else -1
            yield from self._value(at, limit, None, indent, element=element)

    def _enter(self, column: int, *, is_list: bool) -> None:
        """Close what a line at this column ends, and open its mapping or list."""
        levels = self._levels
        while levels and (levels[-1].indent > column or (levels[-1].indent == column and levels[-1].is_list > is_list)):
            levels.pop()
        if levels and levels[-1].indent == column and levels[-1].is_list == is_list:
            return
        self._flow.numbers += 1
        levels.append(_Level(column, is_list, self._pending if levels else (), self._flow.numbers))

    def _skip_properties(self, at: int, limit: int) -> int:
        found = _PROPERTIES.match(self.text, at, limit)
        return found.end() if found else at

    def _key(self, at: int, limit: int) -> tuple[int, int, int] | None:
        """Return the place of the key that a line begins with, and where its value begins."""
        sign = self.text[at : at + 1]
        if sign in {'"', "'"}:
            quoted = _QUOTED.match(self.text, at, limit)
            after = _AFTER_KEY.match(self.text, quoted.end()) if quoted else None
            return (at + 1, quoted.end() - 1, after.end()) if quoted and after else None
        if sign in {"[", "|", ">", ""} or (sign == "{" and not self.text.startswith("{{", at)):
            return None
        plain = _PLAIN_KEY.match(self.text, at, limit)
        after = _AFTER_KEY.match(self.text, plain.end()) if plain else None
        if plain is None or after is None:
            return None
        return at, at + len(plain[0].rstrip()), after.end()

    def _value_of(self, key: tuple[int, int, int], column: int, limit: int) -> Iterator[Entry]:
        start, end, at = key
        self._enter(column, is_list=False)
        level = self._levels[-1]
        self._pending = (*level.path, self.text[start:end])[:MAX_PATH]
        yield from self._value(self._skip_properties(min(at, limit), limit), limit, (start, end), level.indent)

    def _value(
        self, at: int, limit: int, key: tuple[int, int] | None, indent: int, *, element: bool = False
    ) -> Iterator[Entry]:
        """Read the value of a key or an element."""
        number = self._levels[-1].number if self._levels else 0
        numbers = (number, number if element else 0)
        sign = self.text[at : at + 1] if at < limit else ""
        self._expected = not sign and key is not None
        if not sign or sign in "#*":
            if key is not None:
                yield Entry(self._pending, key, None, at, at, "", *numbers)
        elif (sign in "[{" and not self.text.startswith("{{", at)) or sign in "\"'":
            yield from self._delimited(at, limit, key, numbers)
        elif block := _BLOCK.match(self.text, at):
            end = self._block_end(block.end(), indent)
            start = min(_LINE.match(self.text, block.end()).end(), end)  # type: ignore[union-attr]
            yield Entry(self._pending, key, self.text[start:end], start, end, block[1], *numbers)
            self.position = max(self.position, end)
        else:
            yield self._plain(at, limit, key, numbers, indent)

    def _delimited(self, at: int, limit: int, key: tuple[int, int] | None, numbers: tuple[int, int]) -> Iterator[Entry]:
        """Read a quoted value or a collection in brackets, which may go on over lines."""
        sign = self.text[at]
        if sign in "[{":
            if key is not None:
                yield Entry(self._pending, key, None, at, at, "", *numbers)
            yield from self._flow.read(at, self._pending, *numbers)
            self.position = max(self.position, self._line_end(self._flow.end))
            return
        quoted = None if sign in self._unclosed else _QUOTED.match(self.text, at)
        if quoted is None:
            self._unclosed.add(sign)
            yield Entry(self._pending, key, self.text[at + 1 : limit], at + 1, limit, "", *numbers)
            return
        yield Entry(self._pending, key, decoded(quoted[0]), at + 1, quoted.end() - 1, sign, *numbers)
        self.position = max(self.position, self._line_end(quoted.end()))

    def _plain(self, at: int, limit: int, key: tuple[int, int] | None, numbers: tuple[int, int], indent: int) -> Entry:
        """Read a plain value with the lines that it goes on over."""
        value = _without_remark(self.text[at:limit])
        end = at + len(value)
        while (found := _LINE.match(self.text, self.position)) and found["content"]:
            content = found["content"]
            begin = found.start("content")
            deeper = len(found["indent"]) > indent and not content.startswith(("#", "{{"))
            if not deeper or _DASH.match(content) or self._key(begin, found.end("content")):
                break
            self.position = found.end()
            end = begin + len(_without_remark(content))
        return Entry(self._pending, key, self.text[at:end], at, end, "", *numbers)

    def _line_end(self, at: int) -> int:
        found = _LINE.match(self.text, at)
        return found.end() if found else len(self.text)

    def _block_end(self, at: int, indent: int) -> int:
        """Return where a block ends: before the first line that is not indented more than its parent."""
        found = _LINE.match(self.text, at)
        end = position = found.end() if found else len(self.text)
        while position < len(self.text) and (found := _LINE.match(self.text, position)):
            if found["content"]:
                if len(found["indent"]) <= indent:
                    break
                end = found.end()
            position = found.end()
        return end


def _without_remark(text: str) -> str:
    hash_sign = text.find(" #")
    if hash_sign < 0:
        hash_sign = text.find("\t#")
    return (text if hash_sign < 0 else text[:hash_sign]).rstrip()


def decoded(quoted: str) -> str:
    """Return the value of a quoted scalar."""
    inner = quoted[1:-1]
    if quoted[0] == "'":
        return inner.replace("''", "'")
    if "\\" not in inner:
        return inner
    value = _ESCAPED.sub(_meaning, inner)
    # JSON writes characters beyond the first 65,536 as two halves.
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _meaning(escape: re.Match[str]) -> str:
    if escape[4] is not None:
        return _MEANINGS.get(escape[4], escape[4])
    return chr(min(int(escape[1] or escape[2] or escape[3], 16), _LAST_CHARACTER))


# ------------------------------------------------------------------------------------------------- flow style

_STRINGS = r"(?P<double>\"(?:[^\"\\]++|\\[\s\S]?)*+\"?+)"
_SIGNS = r"(?P<sign>[\[\]{},])"
_JSON_TOKEN = re.compile(
    rf"{_STRINGS}|{_SIGNS}|(?P<colon>:)|(?P<comment>//[^\r\n]*+|/\*(?:[^*]++|\*(?!/))*+(?:\*/)?+)"
    r"|(?P<single>'(?:[^'\\\r\n]++|\\.)*+'?+)|(?P<plain>[^\s\[\]{},:\"'/]++|/)"
)
_FLOW_TOKEN = re.compile(
    rf"{_STRINGS}|(?P<plain>(?:\{{\{{[^{{}}\r\n]*+\}}\}}|[^\s\[\]{{}},:\"'\#])"
    r"(?:\{\{[^{}\r\n]*+\}\}|[^\r\n\[\]{},:\#]|:(?![\s\[\]{},]|\Z)|(?<![ \t])\#)*+)"
    rf"|{_SIGNS}|(?P<colon>:)|(?P<comment>\#[^\r\n]*+)|(?P<single>'(?:[^']++|'')*+'?+)"
)


class _Open(NamedTuple):
    """A collection in brackets that is open."""

    is_list: bool
    path: tuple[str, ...]
    number: int


class _Flow:
    """Reads collections in brackets; nesting is kept on a stack of its own."""

    def __init__(self, text: str, token: re.Pattern[str]) -> None:
        self.text = text
        self.numbers = 0
        self.end = 0
        """Where the last collection ended."""
        self._token = token

    def read(self, at: int, path: tuple[str, ...], mapping: int, sequence: int) -> Iterator[Entry]:
        """Yield the entries of the value that begins at an offset."""
        stack: list[_Open] = []
        top = _Open(is_list=True, path=path, number=sequence or mapping)
        key: tuple[int, int] | None = None
        waiting: Entry | None = None  # a scalar that is a key if a colon follows
        for found in self._token.finditer(self.text, at):
            kind = found.lastgroup or ""
            sign = found[0]
            if kind == "colon":
                if waiting is not None and not top.is_list:
                    key = (waiting.start, waiting.end)
                    path = (*top.path, waiting.value or "")[:MAX_PATH]
                waiting = None
            elif kind in {"double", "single", "plain"}:
                if waiting is not None:
                    yield waiting
                waiting = self._scalar(found, kind, path if key else top.path, key, top)
            elif kind == "sign":
                if waiting is not None:
                    yield waiting
                    waiting, key = None, None
                if sign in "[{":
                    if key is not None:
                        yield Entry(path, key, None, found.start(), found.start(), "", top.number, 0)
                    self.numbers += 1
                    inner = path if key is not None else top.path
                    stack.append(top)
                    top = _Open(sign == "[", inner, self.numbers)
                elif sign in "]}" and stack:
                    top = stack.pop()
                key = None
                self.end = found.end()
                if not stack and sign in "]}":
                    return
        if waiting is not None:
            yield waiting
        self.end = len(self.text)

    def _scalar(
        self, found: re.Match[str], kind: str, path: tuple[str, ...], key: tuple[int, int] | None, top: _Open
    ) -> Entry:
        numbers = (top.number, top.number if top.is_list and key is None else 0)
        if kind == "plain":
            value = found[0].rstrip()
            return Entry(path, key, value, found.start(), found.start() + len(value), "", *numbers)
        closed = len(found[0]) > 1 and found[0][-1] == found[0][0]
        raw = found[0] if closed else found[0] + found[0][0]
        return Entry(path, key, decoded(raw), found.start() + 1, found.end() - closed, found[0][0], *numbers)
