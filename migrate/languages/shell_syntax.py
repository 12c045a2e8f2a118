"""The syntax of shell scripts: simple commands, here-documents, substitutions, and who has a branch where."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from migrate.languages.branches import Branches
from migrate.languages.requirement import Word

_TOKEN = re.compile(
    r"""
      (?P<newline>\r\n?|\n)
    | (?P<joint>\\(?:\r\n?|\n))
    | (?P<heredoc><<(?!<)-?[ \t]{0,8}
        (?:"(?P<double>[\w.+-]{1,60})"|'(?P<single>[\w.+-]{1,60})'|\\?(?P<bare>[A-Za-z_]\w{0,60})))
    | (?P<redirection>\d?[<>]{1,3}[&-]?\d?)
    | (?P<operator>&&|\|\||;;?&?|[|&()`])
    | (?P<comment>\#[^\r\n]*+)
    | (?P<word>(?:"(?:[^"\\]++|\\[\s\S]?)*+"?|'[^']*+'?|\\(?![\r\n])[\s\S]?|\$\([^()\r\n"'`\\]*+\)
        |[^\s"'\\;&|()<>`$]++|\$)++)
    """,
    re.VERBOSE | re.ASCII,
)
_PART = re.compile(r"\"((?:[^\"\\]++|\\[\s\S]?)*+)\"?|'([^']*+)'?|\\([\s\S]?)|([^\"'\\]++)")
_ESCAPE = re.compile(r"\\([\"\\$`])")
_SUBSTITUTION = re.compile(r"\$\((?!\()|`")
_CLOSE = {"`": re.compile("`"), "$(": re.compile(r"[()]")}
_MAX_DOCUMENTS = 20
"""Here-documents that one line may open; real lines open two at most."""


class Document(NamedTuple):
    """The text of a here-document."""

    start: int
    end: int


class Command(NamedTuple):
    """A simple command: what a shell runs in one go."""

    words: list[Word]
    documents: list[Document]
    """What it reads as its input."""
    branch: int
    """Number of the chain of conditions that it stands in."""


class Script(NamedTuple):
    """A shell script, read."""

    commands: list[Command]
    guards: list[tuple[str, ...]]
    """By number of the chain: the targets that have a branch of their own."""

    def guarded_by(self, command: Command) -> tuple[str, ...]:
        """Return the targets that have a branch of their own where a command stands."""
        return self.guards[command.branch]


def parse(text: str, start: int = 0) -> Script:
    """Read a script.

    Args:
        text: The script alone.
        start: Its offset in the file.
    """
    branches = _Branches()
    found = []
    for words, documents in _commands(text, start):
        branch = branches.enter(words)
        found.append(Command(words, documents, branch))
    return Script(found, branches.guards())


def _commands(text: str, start: int) -> Iterator[tuple[list[Word], list[Document]]]:
    """Yield words and here-documents of each simple command, in order of their ends."""
    words: list[Word] = []
    documents: list[Document] = []
    waiting: list[tuple[str, list[Document]]] = []
    closed: list[tuple[list[Word], list[Document]]] = []
    position = 0
    redirected = False
    while found := _TOKEN.search(text, position):
        position = found.end()
        kind = found.lastgroup or ""
        if kind in {"double", "single", "bare"}:
            kind = "heredoc"
        if kind == "word" and not redirected:
            words.append(Word(unquoted(found[0]), start + found.start(), start + position))
        elif kind == "heredoc" and len(waiting) < _MAX_DOCUMENTS:
            waiting.append((found["double"] or found["single"] or found["bare"], documents))
        redirected = kind == "redirection" and not found[0][-1].isdigit()
        if kind in {"operator", "newline"} and (words or documents or (waiting and waiting[-1][1] is documents)):
            closed.append((words, documents))
            words, documents = [], []
        if kind == "newline":
            for delimiter, into in waiting:
                body, position = _document(text, position, delimiter)
                into.append(Document(start + body.start, start + body.end))
            waiting = []
            yield from closed
            closed = []
    yield from closed
    if words or documents:
        yield words, documents


def _document(text: str, position: int, delimiter: str) -> tuple[Document, int]:
    """Return the place of a here-document, and where the script goes on after it."""
    end = re.compile(rf"^[ \t]*{re.escape(delimiter)}[ \t]*$", re.MULTILINE).search(text, position)
    if end is None and "\r" in text:
        end = re.compile(rf"(?:(?<=[\r\n])|\A)[ \t]*{re.escape(delimiter)}[ \t]*(?=[\r\n]|\Z)").search(text, position)
    if end is None:
        return Document(position, len(text)), len(text)
    return Document(position, end.start()), end.end()


def words(text: str, start: int) -> list[Word]:
    """Return all words of a text that is no script: options in a comment, an instruction of a container file."""
    return [
        Word(unquoted(found[0]), start + found.start(), start + found.end())
        for found in _TOKEN.finditer(text)
        if found.lastgroup == "word"
    ]


def unquoted(word: str) -> str:
    """Take quotes and escapes away."""
    if not any(char in word for char in "\"'\\"):
        return word
    parts = (next((part for part in found.groups() if part is not None), "") for found in _PART.finditer(word))
    return "".join(parts)


def quoted_part(text: str, start: int, end: int) -> tuple[int, int, bool] | None:
    """Return the place of what stands between the quotes of a word that is one string, and whether it has escapes."""
    quote = text[start : start + 1]
    if quote not in {'"', "'"} or end - start < 2 or text[end - 1] != quote:
        return None
    return start + 1, end - 1, quote == '"' and "\\" in text[start:end]


def escapes(text: str, start: int, end: int) -> Iterator[tuple[int, int, str]]:
    """Yield place and meaning of the escapes between double quotes."""
    for found in _ESCAPE.finditer(text, start, end):
        yield found.start(), found.end(), found[1]


def substitutions(raw: str) -> Iterator[tuple[int, int]]:
    """Yield places of the commands whose output a quoted word holds: `"$(nvidia-smi -L)"`."""
    position = 0
    while found := _SUBSTITUTION.search(raw, position):
        depth = 1
        position = begin = found.end()
        for sign in _CLOSE[found[0]].finditer(raw, begin):
            depth += 1 if sign[0] == "(" else -1
            if not depth:
                position = sign.end()
                yield begin, sign.start()
                break
        else:
            return


# --------------------------------------------------------------------------------------------------- branches

_OPENING = frozenset({"if", "case"})
_ENDING = frozenset({"fi", "esac"})


class _Branches(Branches):
    """Follows `if` and `case`; a condition goes on until its `then`."""

    def __init__(self) -> None:
        super().__init__()
        self._asking = False
        self._cases: list[bool] = []

    def enter(self, words: Sequence[Word]) -> int:
        """Take a command, and return the number of the chain that it stands in."""
        texts = [word.text for word in words]
        first = texts[0] if texts else ""
        if first in _OPENING:
            self.open(texts[1:])
            self._cases.append(first == "case")
        elif first == "elif":
            self.alternative(texts[1:])
        elif (self._asking and first != "then") or (len(texts) == 1 and self._cases and self._cases[-1]):
            self.alternative(texts)  # more of the condition, or a pattern of `case`: `rocm)`
        here = self.here
        if first in {"if", "elif"}:
            self._asking = True
        elif first == "then":
            self._asking = False
        if first in _ENDING and self._cases:
            self._cases.pop()
            self.close()
        return here
