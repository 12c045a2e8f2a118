"""The syntax of container files: instructions over several lines, here-documents, variables, words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from migrate.languages.requirement import Word

_LINE = re.compile(r"[^\r\n]*+(?:\r\n?|\n|\Z)")
_ESCAPE = re.compile(
    r"(?:[ \t]*#[ \t]*[a-z]+[ \t]*=[^\r\n]*[\r\n]+)*?[ \t]*#[ \t]*escape[ \t]*=[ \t]*(`)", re.IGNORECASE
)
_KEYWORD = re.compile(r"[ \t]*(?:ONBUILD[ \t]+)?(?P<keyword>[A-Za-z]+)(?=[ \t]|\Z)", re.IGNORECASE)
_HEREDOC = re.compile(r"<<(-?)[\"']?([A-Za-z_]\w{0,60})[\"']?", re.ASCII)
_WITH_HEREDOC = frozenset({"RUN", "COPY", "ADD"})
_MAX_EXPANDED = 4_000


class Instruction(NamedTuple):
    """An instruction; its body has the text's offsets, with all that joins lines blanked."""

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
        gap = len(line) - len(plain)
        if ends:
            done = plain.lstrip("\t") == ends[0]
            keep = not done and not plain.lstrip().startswith("#")
            pieces.append((plain if keep else " " * len(plain)) + ";" + " " * (gap - 1) if gap else "")
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
            pieces.append(plain)
            ends = _heredocs("".join(pieces))
            if ends:
                pieces.append(";" + " " * (gap - 1) if gap else "")
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


# -------------------------------------------------------------------------------------------------- variables

_VARIABLE = re.compile(
    r"\$(?:\{(?P<name>\w+)(?::?(?P<operator>[-+])(?P<other>[^{}]*))?\}|(?P<plain>[A-Za-z_]\w*))", re.ASCII
)


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Put the known values of variables into a text; unknown ones stay as written."""
    if "$" not in text:
        return text

    def value(found: re.Match[str]) -> str:
        known = variables.get(found["name"] or found["plain"])
        if found["operator"] == "+":
            return found["other"] if known else ""
        if found["operator"] == "-" and not known:
            return found["other"]
        return found[0] if known is None else known

    return _VARIABLE.sub(value, text)[:_MAX_EXPANDED]


# ------------------------------------------------------------------------------------------------------ words

_WORD = re.compile(
    r"""
      (?P<redirection>\d?[<>]{1,3}[&-]?\d?)
    | (?P<operator>&&|\|\||;;?|[|&()])
    | (?P<comment>\#[^\r\n]*+)
    | (?P<word>(?:"(?:[^"\\]++|\\[\s\S]?)*+"?|'[^']*+'?|\\[\s\S]?|[^\s"'\\;&|()<>]++)++)
    """,
    re.VERBOSE,
)
_PART = re.compile(r"\"((?:[^\"\\]++|\\[\s\S]?)*+)\"?|'([^']*+)'?|\\([\s\S]?)|([^\"'\\]++)")


def commands(body: str, start: int) -> Iterator[list[Word]]:
    """Yield the simple commands of a shell script, or of an instruction in list form.

    Args:
        body: The script, or a list such as `["nvcc", "-c", "a.cu"]`.
        start: Offset of the body in the file.
    """
    stripped = body.strip()
    if stripped.startswith("[") and stripped.endswith("]"):
        body = body.replace("[", " ").replace("]", " ").replace(",", " ")
    command: list[Word] = []
    redirected = False
    for found in _WORD.finditer(body):
        if found.lastgroup == "word" and not redirected:
            command.append(Word(_unquoted(found[0]), start + found.start(), start + found.end()))
        redirected = found.lastgroup == "redirection" and not found[0][-1].isdigit()
        if found.lastgroup == "operator" and command:
            yield command
            command = []
    if command:
        yield command


def words(body: str, start: int) -> list[Word]:
    """Return all words of an instruction that is no script."""
    return [
        Word(_unquoted(found[0]), start + found.start(), start + found.end())
        for found in _WORD.finditer(body)
        if found.lastgroup == "word"
    ]


def _unquoted(word: str) -> str:
    """Take quotes and escapes away."""
    if not any(char in word for char in "\"'\\"):
        return word
    return "".join(next((part for part in found.groups() if part is not None), "") for found in _PART.finditer(word))
