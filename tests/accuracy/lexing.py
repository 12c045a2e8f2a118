"""Does every name that an independent lexer sees become a finding, or have a reason why not?

C and C++ are lexed by clang, Python by its own tokenizer and parser. The question is put name by name and line by
line: a name of the rule book that stands in code is reported there, or it is the repository's own, or dead.
"""

from __future__ import annotations

import ast
import functools
import re
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from migrate import discover, languages
from migrate.languages.lexical import Lexed
from migrate.languages.preprocessor import Preprocessed
from migrate.model import Extraction, NameSet, SourceFile, Use, UseKind
from tests.accuracy.clang_tokens import Identifier, identifiers
from tests.accuracy.repository import Checkout

_WORD = re.compile(r"\w+")
_CALLED = (UseKind.CALL, UseKind.LAUNCH, UseKind.NAME, UseKind.MACRO, UseKind.QUALIFIER)
_NOT_CALLED = (UseKind.NAME, UseKind.MACRO, UseKind.QUALIFIER)
_IN_CONDITION = (UseKind.MACRO, UseKind.NAME)
_PYTHON_KINDS = (UseKind.CALL, UseKind.ATTRIBUTE)
_REACH = 3
"""Lines that a qualified name may be spread over."""


class Missing(NamedTuple):
    """A name in code that is no finding and has no reason not to be one."""

    path: str
    line: int
    name: str


@dataclass
class Tally:
    """What became of all names of one language."""

    found: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    missing: list[Missing] = field(default_factory=list)
    files: int = 0
    unread: list[str] = field(default_factory=list)
    """Files that the witness itself could not read."""

    @property
    def asked(self) -> int:
        """Names in code."""
        return self.found + self.reasons.total() + len(self.missing)

    @property
    def share(self) -> float:
        """Share of names that are found or have a reason."""
        return 1 - len(self.missing) / self.asked if self.asked else 1.0


def tallies(checkout: Checkout) -> dict[str, Tally]:
    """Put the question to all files of a checkout that a front end read."""
    own = {name for report in checkout.reports.values() for name in report.definitions}
    native, python = Tally(), Tally()
    for _, report in sorted(checkout.reports.items()):
        if report.file.language == "cuda":
            _native(checkout, report.file, own, native)
        elif report.file.language == "python":
            _python(checkout, report.file, python)
    return {"cuda": native, "python": python}


def _extraction(checkout: Checkout, file: SourceFile) -> tuple[str, Extraction] | None:
    text = discover.read_again(checkout.root, file)
    if text is None:
        return None
    return text, languages.front_end(file.language).extract(file, text, checkout.book.vocabulary(file.language))


def _places(uses: tuple[Use, ...] | list[Use]) -> set[tuple[str, int]]:
    """Return the words of all uses with the lines that they may stand in."""
    return {
        (word, line)
        for use in uses
        for word in {*_WORD.findall(use.name), use.symbol}
        for line in range(use.span.line, min(use.span.end_line, use.span.line + _REACH) + 1)
    }


# ------------------------------------------------------------------------------------------------ C, C++ and CUDA


def _native(checkout: Checkout, file: SourceFile, own: set[str], tally: Tally) -> None:
    read = _extraction(checkout, file)
    path = checkout.root / file.path
    if read is None or read[0].startswith("\ufeff") or b"\0" in path.read_bytes():
        tally.unread.append(file.path)
        return
    tally.files += 1
    text, extraction = read
    names = checkout.book.vocabulary("cuda").names
    claimed = _places([sighting.use for sighting in checkout.reports[file.path].sightings])
    emitted = _places(extraction.uses)
    lexed = Lexed(text)
    states = Preprocessed(lexed)
    starts = _line_starts(text)
    if _asked(checkout).isdisjoint(_WORD.findall(_SPLICE.sub("", text))):
        return
    for token in identifiers(path):
        if not any(token.name in names.get(kind, NameSet()).exact for kind in _kinds(token)):
            continue
        if (token.name, token.line) in claimed:
            tally.found += 1
        elif (token.name, token.line) in emitted:
            tally.reasons["no rule asks for it in this form"] += 1
        elif token.line <= len(starts) and states.state(starts[token.line - 1]).disabled:
            tally.reasons["dead"] += 1
        elif _PLAIN.match(token.name) and not _BRINGS_WORDS.search(text):
            tally.reasons["a plain word, and no header or code of the platform that would give it its meaning"] += 1
        elif reason := _own(token, own):
            tally.reasons[reason] += 1
        else:
            tally.missing.append(Missing(file.path, token.line, token.name))


_PLAIN = re.compile(r"[a-z]+[1-4]?\Z")
"""`half`, `float2`: in a file that has nothing to do with CUDA it is somebody else's word."""
_BRINGS_WORDS = re.compile(
    r"^[ \t]*#[ \t]*include[^\n]*(?:cuda|cutlass|cub/|thrust|\.cuh)|__global__|__device__", re.MULTILINE | re.IGNORECASE
)
_SPLICE = re.compile(r"\\[ \t]*\r?\n")


@functools.lru_cache(maxsize=1)
def _asked(checkout: Checkout) -> frozenset[str]:
    """Return all names that any form of use asks for: a file without them needs no witness."""
    names = checkout.book.vocabulary("cuda").names
    return frozenset().union(*(names.get(kind, NameSet()).exact for kind in _CALLED))


def _kinds(token: Identifier) -> tuple[UseKind, ...]:
    if token.directive and token.directive != "define":
        return _IN_CONDITION
    return _CALLED if token.after in {"(", "<", "<<"} else _NOT_CALLED


def _own(token: Identifier, own: set[str]) -> str:
    """Say why a name is not the platform's."""
    if token.before.endswith((".", "->")):
        return "own symbol: a member"
    if token.before.endswith("::") and token.before != "::":
        return "own symbol: in a namespace or class"
    if token.name in own:
        return "own symbol: declared in the repository"
    return ""


def _line_starts(text: str) -> list[int]:
    return [0, *(found.end() for found in re.finditer(r"\r\n|\r|\n", text))]


# -------------------------------------------------------------------------------------------------------- Python


def _python(checkout: Checkout, file: SourceFile, tally: Tally) -> None:
    read = _extraction(checkout, file)
    if read is None:
        tally.unread.append(file.path)
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(read[0].encode("utf-8", "replace"))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        tally.unread.append(file.path)
        return
    tally.files += 1
    names = checkout.book.vocabulary("python").names
    claimed = _places([sighting.use for sighting in checkout.reports[file.path].sightings])
    emitted = _places(read[1].uses)
    for name, line, called in _dotted(tree):
        if not any(name in names.get(kind, NameSet()).exact for kind in _PYTHON_KINDS):
            continue
        last = name.rpartition(".")[2]
        if any((last, near) in claimed for near in (line, line - 1, line - 2)):
            tally.found += 1
        elif (last, line) in emitted:
            tally.reasons["no rule asks for it in this form"] += 1
        elif not called and name not in names.get(UseKind.ATTRIBUTE, NameSet()).exact:
            tally.reasons["asked for as a call, and not called"] += 1
        else:
            tally.missing.append(Missing(file.path, line, name))


def _dotted(tree: ast.Module) -> Iterator[tuple[str, int, bool]]:
    """Yield the full names of attribute chains that begin with an imported module or object, and whether it is called.

    A name that the file also binds in another way is left out: what it means depends on the place.
    """
    imported: dict[str, str] = {}
    bound: Counter[str] = Counter()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                imported[alias.asname or alias.name.partition(".")[0]] = (
                    alias.name if alias.asname else alias.name.partition(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            for alias in node.names:
                name = alias.asname or alias.name
                bound[name] += name in imported and imported[name] != f"{node.module}.{alias.name}"
                imported[name] = f"{node.module}.{alias.name}"
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            bound[node.id] += 1
        elif isinstance(node, ast.arg):
            bound[node.arg] += 1
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            bound[node.name] += 1
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    inner = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for node in ast.walk(tree):
        if id(node) in inner:
            continue
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            chain, base = [node.attr], node.value
            while isinstance(base, ast.Attribute):
                chain.append(base.attr)
                base = base.value
            if isinstance(base, ast.Name) and base.id in imported and not bound[base.id]:
                yield (
                    ".".join([imported[base.id], *reversed(chain)]),
                    node.end_lineno or node.lineno,
                    id(node) in called,
                )
        elif isinstance(node, ast.Name) and "." in imported.get(node.id, "") and not bound[node.id]:
            yield imported[node.id], node.lineno, id(node) in called
