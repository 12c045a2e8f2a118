"""The syntax that Meson and Bazel share: calls with keyword arguments, lists, dictionaries and strings.

Read in one pass without a tree: every string and name knows the call it stands in and the parameter it belongs to.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_TOKEN = re.compile(
    r'''
      (?P<comment>\#[^\r\n]*+)
    | (?P<string>(?:[fFrRbB]{1,2}(?=["']))?(?:"""(?:[^"\\]++|\\[\s\S]?|"(?!""))*+(?:"""|\Z)
        |\'\'\'(?:[^'\\]++|\\[\s\S]?|'(?!''))*+(?:\'\'\'|\Z)
        |"(?:[^"\\\r\n]++|\\[^\r\n]?)*+"?
        |'(?:[^'\\\r\n]++|\\[^\r\n]?)*+'?))
    | (?P<newline>\r\n?|\n)
    | (?P<name>(?:\.[ \t]*+)?[A-Za-z_]\w*+(?:\.[A-Za-z_]\w*+)*+)
    | (?P<sign>\+=|==|!=|[-<>*/%!]=|[()\[\]{},:=+])
    | (?P<other>\S)
    ''',
    re.VERBOSE | re.ASCII,
)
_LINE_END = re.compile(r"\r\n?|\n")
_OPEN, _CLOSE = frozenset("([{"), frozenset(")]}")
_MAX_VALUES = 64
"""Strings that one call keeps as its own; a longer list of sources goes on in the items."""


_DOCSTRING_QUOTES = 'r"""'
_PRINTING = frozenset(
    ("fail", "print", "message", "error", "warning", "assert", "summary", "debug", "auto_configure_fail")
)
"""Functions whose strings nobody acts on."""


class Item(NamedTuple):
    """A string, or a name that is not called."""

    is_string: bool
    value: str
    start: int
    end: int
    """The place of the value, without quotes."""
    call: int
    """Number of the innermost call around it, -1 outside."""
    own: str
    """Keyword or position in that call."""
    parameter: str
    """Keyword, of this call or of the nearest one around it; else the position."""
    statement: int


class Call:
    """A call, and the plain strings it is given."""

    def __init__(self, name: str, start: int, outer: int, place: tuple[str, str], statement: int) -> None:
        self.name = name
        """As written: `cc_library`, `cuda.nvcc_arch_flags`, `.found`."""
        self.start = start
        self.end = start
        self.outer = outer
        """Number of the call around it, -1 when there is none."""
        self.own, self.parameter = place
        """Keyword or position that it is a value of in that call; and the nearest keyword around it."""
        self.statement = statement
        self.strings: dict[str, list[str]] = {}
        """Strings in the call by keyword or position, those in calls within it too."""
        self.names: dict[str, list[str]] = {}
        self.keywords: list[tuple[str, int]] = []
        """Each with the offset where it stands."""

    @property
    def last(self) -> str:
        """The name without what stands before its last dot."""
        return self.name.rpartition(".")[2].lstrip()

    def arguments(self, *, first: int = 0) -> dict[str, str]:
        """Return the strings by parameter, and as `value` all that are given by position.

        Args:
            first: Position that `value` begins with.
        """
        args = {parameter: " ".join(values) for parameter, values in self.strings.items()}
        by_position = sorted((key for key in args if key.isdigit() and int(key) >= first), key=int)
        return {**args, "value": " ".join(args[key] for key in by_position)}

    def first(self, parameter: str) -> str:
        """Return the first string of a parameter, empty when there is none."""
        return next(iter(self.strings.get(parameter, ())), "")


class Statement(NamedTuple):
    """A line, with all that brackets keep together."""

    start: int
    first: str
    """The first word."""
    target: str
    """The variable that it sets, empty when it sets none."""


class Script(NamedTuple):
    """A file, read."""

    items: list[Item]
    calls: list[Call]
    statements: list[Statement]
    code_lines: int

    def callee(self, item: Item) -> str:
        """Return the last part of the name of the call around an item, empty when there is none."""
        return self.calls[item.call].last if item.call >= 0 else ""

    def is_prose(self, item: Item) -> bool:
        """Tell whether a string is only for people: a docstring, or what a call prints."""
        if item.call >= 0:
            return self.calls[item.call].last in _PRINTING
        quotes = item.start - self.statements[item.statement].start
        return 0 < quotes <= len(_DOCSTRING_QUOTES) and not self.statements[item.statement].first


class _Level:
    """A bracket that is open."""

    def __init__(self, call: int, outer: str, own: str) -> None:
        self.call = call
        """Number of the call whose arguments these are, -1 for lists, dictionaries and groups."""
        self._outer = outer
        self._own = own
        self.keyword = ""
        self.position = 0

    @property
    def own(self) -> str:
        """Keyword or position in the innermost call."""
        return (self.keyword or str(self.position)) if self.call >= 0 else self._own

    @property
    def parameter(self) -> str:
        """Keyword in the innermost call or the nearest around it, else the position."""
        return self.keyword or self._outer or self.own


class _Parser:
    def __init__(self) -> None:
        self.items: list[Item] = []
        self.calls: list[Call] = []
        self.statements: list[Statement] = []
        self.levels: list[_Level] = []
        self.callers: list[int] = []
        self.name: re.Match[str] | None = None
        self.begun = False

    @property
    def parameter(self) -> str:
        """Which parameter a value at this place belongs to."""
        return self.levels[-1].parameter if self.levels else ""

    @property
    def own(self) -> str:
        """Which parameter of the innermost call a value at this place belongs to."""
        return self.levels[-1].own if self.levels else ""

    def token(self, token: re.Match[str]) -> None:
        """Take one token; comments have been dropped."""
        kind, text = token.lastgroup, token[0]
        if kind == "newline":
            self.flush()
            self.begun = self.begun and bool(self.levels)
            return
        if not self.begun:
            self.begun = True
            self.statements.append(Statement(token.start(), text if kind == "name" else "", ""))
        if kind == "name":
            self.flush()
            self.name = token
        elif kind == "string":
            self.flush()
            self.add(*_content(token), is_string=True)
        elif kind == "sign":
            self.sign(token, text)
        else:
            self.flush()

    def sign(self, token: re.Match[str], text: str) -> None:
        """Take a bracket, a comma or an operator."""
        level = self.levels[-1] if self.levels else None
        if text == "(" and self.name is not None:
            self.open_call()
        elif text in _OPEN:
            self.flush()
            self.levels.append(_Level(-1, self.parameter, self.own))
        elif text in _CLOSE:
            self.flush()
            self.close(token.end())
        elif text == "," and level is not None:
            self.flush()
            if level.call >= 0:
                level.position += not level.keyword
                level.keyword = ""
        elif text in {"=", ":"} and self.name is not None and level is not None and level.call >= 0:
            level.keyword = self.name[0]
            self.calls[level.call].keywords.append((level.keyword, self.name.start()))
            self.name = None
        elif text in {"=", "+="} and self.name is not None and level is None:
            self.statements[-1] = self.statements[-1]._replace(target=self.name[0])
            self.name = None
        else:
            self.flush()

    def open_call(self) -> None:
        """Begin the arguments of a call."""
        assert self.name is not None
        outer = self.callers[-1] if self.callers else -1
        parameter = self.parameter
        call = Call(self.name[0], self.name.start(), outer, (self.own, parameter), len(self.statements) - 1)
        self.calls.append(call)
        self.levels.append(_Level(len(self.calls) - 1, "" if parameter.isdigit() else parameter, ""))
        self.callers.append(len(self.calls) - 1)
        self.name = None

    def close(self, end: int) -> None:
        """End a bracket; a call's strings also count for the call around it."""
        if not self.levels:
            return
        level = self.levels.pop()
        if level.call < 0:
            return
        call = self.calls[level.call]
        call.end = end
        self.callers.pop()
        if call.outer >= 0:
            given = [value for values in call.strings.values() for value in values]
            _keep(self.calls[call.outer].strings, call.own, given)

    def flush(self) -> None:
        """Note a name that turned out not to be called."""
        if self.name is not None:
            self.add(self.name.start(), self.name.end(), self.name[0], is_string=False)
            self.name = None

    def add(self, start: int, end: int, value: str, *, is_string: bool) -> None:
        """Note a string or a name."""
        call = self.callers[-1] if self.callers else -1
        place = (self.own, self.parameter, len(self.statements) - 1)
        self.items.append(Item(is_string, value, start, end, call, *place))
        if call >= 0:
            known = self.calls[call].strings if is_string else self.calls[call].names
            _keep(known, self.own, [value])


def _keep(known: dict[str, list[str]], parameter: str, values: list[str]) -> None:
    kept = known.setdefault(parameter, [])
    kept.extend(values[: max(0, _MAX_VALUES - len(kept))])


def parse(text: str) -> Script:
    """Read a file; never raises, and what is not closed goes on to its end."""
    parser = _Parser()
    code = 0
    counted = True
    for token in _TOKEN.finditer(text):
        if token.lastgroup == "newline":
            counted = True
        elif token.lastgroup != "comment":
            code += counted + (len(_LINE_END.findall(token[0])) if token.lastgroup == "string" else 0)
            counted = False
        if token.lastgroup != "comment":
            parser.token(token)
    parser.flush()
    while parser.levels:
        parser.close(len(text))
    return Script(parser.items, parser.calls, parser.statements, code)


def _content(token: re.Match[str]) -> tuple[int, int, str]:
    """Return place and value of a string without its quotes."""
    raw = token[0]
    lead = len(raw) - len(raw.lstrip("fFrRbB"))
    quote = raw[lead : lead + 3] if raw[lead : lead + 3] in {'"""', "'''"} else raw[lead : lead + 1]
    start, end = token.start() + lead + len(quote), token.end()
    if len(raw) - lead >= 2 * len(quote) and raw.endswith(quote):
        end -= len(quote)
    return start, end, raw[start - token.start() : end - token.start()]
