"""The syntax of container files: instructions over several lines, and here-documents."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_LINE = re.compile(r"[^\r\n]*+(?:\r\n?|\n|\Z)")
_ESCAPE = re.compile(
    r"(?:[ \t]*#[ \t]*[a-z]+[ \t]*=[^\r\n]*[\r\n]+)*?[ \t]*#[ \t]*escape[ \t]*=[ \t]*(`)", re.IGNORECASE
)
_KEYWORD = re.compile(r"[ \t]*(?:ONBUILD[ \t]+)?(?P<keyword>[A-Za-z]+)(?=[ \t]|\Z)", re.IGNORECASE)
_HEREDOC = re.compile(r"<<(-?)[\"']?([A-Za-z_]\w{0,60})[\"']?", re.ASCII)
_WITH_HEREDOC = frozenset({"RUN", "COPY", "ADD"})
_MAX_EXPANDED = 4_000


class Instruction(NamedTuple):
    """An instruction; its body has the text's offsets, with all that joins lines blanked.

    Line ends are left only where here-documents follow.
    """

    keyword: str
    """In upper case."""
    start: int
    body_start: int
    body: str
    lines: int
    """Lines that hold something."""


def instructions(text: str) -> Iterator[Instruction]:
    """Yield the instructions of a container file."""
    directive = _ESCAPE.match(text[:1000])
    escape = directive[1] if directive else "\\"
    pieces: list[str] = []
    begin = lines = 0
    ends: list[str] = []
    for found in _LINE.finditer(text):
        line, plain = found[0], found[0].rstrip("\r\n")
        if ends:
            done = plain.lstrip("\t") == ends[0]
            pieces.append(line)
            lines += bool(plain.strip())
            if done:
                ends.pop(0)
            if ends or not done:
                continue
        elif plain.lstrip().startswith("#") or (not plain.strip() and found.end() < len(text)):
            if pieces:
                pieces.append(" " * len(line))
            continue
        else:
            if not pieces:
                begin, lines = found.start(), 0
            lines += bool(plain)
            stripped = plain.rstrip(" \t")
            if stripped.endswith(escape):
                pieces.append(stripped[:-1] + " " * (len(line) - len(stripped) + 1))
                continue
            ends = _heredocs("".join((*pieces, plain)))
            pieces.append(line if ends else plain)
            if ends:
                continue
        yield from _instruction("".join(pieces), begin, lines)
        pieces = []
    if pieces:
        yield from _instruction("".join(pieces), begin, lines)


def _heredocs(line: str) -> list[str]:
    """Return the words that end the here-documents which an instruction opens."""
    keyword = _KEYWORD.match(line)
    if keyword is None or keyword["keyword"].upper() not in _WITH_HEREDOC or "<<" not in line:
        return []
    return [found[2] for found in _HEREDOC.finditer(line)][:20]


def _instruction(whole: str, begin: int, lines: int) -> Iterator[Instruction]:
    found = _KEYWORD.match(whole)
    if found is not None:
        keyword = found["keyword"].upper()
        start = begin + len(whole) - len(whole.lstrip())
        yield Instruction(keyword, start, begin + found.end(), whole[found.end() :], lines)
