"""Identifiers of C and C++ as clang's raw lexer sees them: an independent witness for what a file holds."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_TOKEN = re.compile(
    r"^(\w+) '(.*?)'\t(?: ?\[(?:\w+|UnClean='.*?')\])*\tLoc=<[^\n]*?:(\d+):\d+>$", re.DOTALL | re.MULTILINE
)
_SPLICE = re.compile(r"\\[ \t]*\r?\n")
_SILENT = frozenset({"unknown", "comment"})
_NO_CODE = frozenset({"include", "include_next", "import", "error", "warning", "pragma", "line", "ident"})
"""Directives whose text is no code: their words are for the reader, or name a file."""


class Identifier(NamedTuple):
    """One identifier, and the tokens beside it."""

    name: str
    line: int
    before: str
    """Up to two tokens before, joined: `foo::`, `.`, `->`."""
    after: str
    directive: str
    """The directive it stands in, empty outside."""


def clang() -> str | None:
    """Return the compiler's command, None where there is none."""
    for name in ("clang", *(f"clang-{version}" for version in range(22, 13, -1))):
        if found := shutil.which(name):
            return found
    return None


def identifiers(path: Path) -> Iterator[Identifier]:
    """Yield the identifiers of a file outside of comments, strings and the directives that hold no code.

    Raises:
        RuntimeError: clang is not installed, or cannot open the file.
    """
    command = clang()
    if command is None:
        raise RuntimeError("clang is not installed; the oracle for C and C++ needs its lexer")
    flags = ["-fsyntax-only", "-x", "c++", "-std=c++17", "-Xclang", "-dump-raw-tokens"]
    run = subprocess.run([command, *flags, str(path.absolute())], capture_output=True, check=False)
    tokens = [
        (found[1], _SPLICE.sub("", found[2]), int(found[3]))
        for found in _TOKEN.finditer(run.stderr.decode("utf-8", "replace"))
    ]
    if not tokens and path.stat().st_size:
        raise RuntimeError(f"{path}: clang gives no tokens: {run.stderr[:200]!r}")
    yield from _walk(tokens)


def _walk(tokens: list[tuple[str, str, int]]) -> Iterator[Identifier]:
    directive = ""
    before: list[str] = []
    at_start = True
    for index, (kind, text, line) in enumerate(tokens):
        if kind in _SILENT:
            if "\n" in text and kind == "unknown":
                directive, at_start = "", True
            continue
        if kind == "hash" and at_start:
            directive = "#"
        elif kind == "raw_identifier":
            if directive == "#":
                directive = text
            elif directive not in _NO_CODE:
                after = next((word for sort, word, _ in tokens[index + 1 : index + 4] if sort not in _SILENT), "")
                yield Identifier(text, line, "".join(before[-2:]), after, directive)
        at_start = False
        before.append(text if kind != "string_literal" else '""')
