"""Names in text that is no valid Python: a template, Python 2, a fragment. Everything found this way is uncertain."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence

from migrate.languages.python_report import Reading
from migrate.languages.python_source import STRING, Layout, Source
from migrate.languages.python_wanted import Wanted
from migrate.model import Confidence, Link, LinkKind, Use, UseKind

_IMPORT = re.compile(r"^[ \t]*import[ \t]+([\w. \t,]+)", re.MULTILINE)
_FROM = re.compile(r"^[ \t]*from[ \t]+([\w.]+)[ \t]+import[ \t]+\(?([\w \t,]+)", re.MULTILINE)
_TOKEN = re.compile(
    rf"\#[^\n]*+|(?P<string>{STRING})|(?P<dot>\.[ \t]*+)?+"
    r"(?P<name>[A-Za-z_]\w*+(?:\.[A-Za-z_]\w*+)*+)(?P<call>[ \t]*+\()?+",
    re.DOTALL,
)
_LONGEST_TEXT = 400


class _Scan:
    """One file's search."""

    def __init__(self, source: Source, plan: Wanted) -> None:
        self.reading = Reading()
        self._source = source
        self._plan = plan
        self._aliases: dict[str, str] = {}
        self.statements: list[tuple[int, int]] = []
        """Where the import statements stand."""

    def imports(self) -> None:
        """Read imports line by line, and remember the names they give."""
        text = self._source.text
        parts = [("", part, found) for found in _IMPORT.finditer(text) for part in found[1].split(",")]
        for found in _FROM.finditer(text):
            if not found[1].startswith("."):
                parts += [(f"{found[1]}.", part, found) for part in found[2].split(",")]
        self.statements = sorted({found.span() for _, _, found in parts})
        for prefix, part, found in sorted(parts, key=lambda item: item[2].start()):
            if words := part.split():
                self._import(prefix, words, found)

    def _import(self, prefix: str, words: list[str], found: re.Match[str]) -> None:
        dotted = prefix + words[0]
        if prefix or len(words) == 3:
            self._aliases[words[-1]] = dotted
        line = self._source.line_of(found.start())
        self.reading.links.append(Link(kind=LinkKind.IMPORT, to=dotted, line=line))
        if name := self._plan.asked_from(prefix.rstrip(".") or dotted, dotted):
            indent = len(found[0]) - len(found[0].lstrip())
            self._add(UseKind.IMPORT, name, found.start() + indent, found.end())

    def string(self, found: re.Match[str]) -> None:
        """Report a string literal, if somebody asks for its value."""
        value = found[0].strip("\"'")
        for kind in (UseKind.ENV, UseKind.STRING):
            if self._plan.asks(kind, value):
                self._add(kind, value, found.start(), found.end())
                return

    def name(self, found: re.Match[str]) -> None:
        """Report a chain of names, if somebody asks for it."""
        kind = UseKind.CALL if found["call"] else UseKind.ATTRIBUTE
        dotted = found["name"]
        root, dot, rest = dotted.partition(".")
        names = [] if found["dot"] else [self._aliases.get(root, root) + dot + rest]
        if found["dot"] or (dot and root not in self._aliases):
            names.append(f".{dotted.rpartition('.')[2]}")
        for name in names:
            if self._plan.asks(kind, name):
                self._add(kind, name, *found.span("name"))
                return

    def _add(self, kind: UseKind, name: str, start: int, end: int) -> None:
        text = self._source.text[start:end][:_LONGEST_TEXT]
        span = self._source.span(start, end)
        self.reading.uses.append(Use(kind=kind, name=name, span=span, text=text, confidence=Confidence.LOW))


def scan_text(source: Source, lines: Layout | None, plan: Wanted) -> Reading:
    """Find names and strings without parsing."""
    scan = _Scan(source, plan)
    scan.imports()
    if not plan.hits(source.text).any:
        return scan.reading
    bare = [(line.start, line.end) for line in lines.lines if line.mark == "bare"] if lines else []
    for found in _TOKEN.finditer(source.text):
        if found["name"]:
            if not _within(scan.statements, found):
                scan.name(found)
        elif found["string"] and not _within(bare, found):  # not documentation
            scan.string(found)
    return scan.reading


def _within(spans: Sequence[tuple[int, int]], found: re.Match[str]) -> bool:
    """Tell whether a match lies in one of several ordered spans."""
    place = bisect_right(spans, (found.start(), found.end())) - 1
    return any(start <= found.start() and found.end() <= end for start, end in spans[max(place, 0) : place + 2])
