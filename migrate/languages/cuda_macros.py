"""What a file's own macros make: kernels' heads, launches, and names that are put together from pieces."""

from __future__ import annotations

import bisect
import functools
import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from migrate.languages.cuda_structure import function_name
from migrate.languages.lexical import IDENTIFIER, Brackets, Directive, words
from migrate.model import NameSet, UseKind

KERNEL_MARK = "__global__"

_HEAD = re.compile(r"[ \t]*+(?P<name>\w++)(?:\((?P<parameters>[^()]*+)\))?")
_INSTANTIATION = re.compile(r"\btemplate(?!\s*+(?:\\\s*+)*+<)")
_MARK_ONLY = re.compile(
    r"(?:\s|\\|\b(?:__global__|static|inline|extern|void|__attribute__|__launch_bounds__|__forceinline__)\b"
    r"|\"\s*\"|\([\w\s,]*+\))*+\Z"
)
_PASTED = re.compile(r"\w++(?:\s*+(?:\\\s*+)?##\s*+(?:\\\s*+)?\w++)++")
_PIECES = re.compile(r"\w+")
_KERNEL_WORDS = ("KERNEL", "GLOBAL")
_KERNEL_WORD = re.compile("|".join(_KERNEL_WORDS))
_EVIDENCE_WORDS = ("threadIdx", "blockIdx", "blockDim", "gridDim")
_EVIDENCE = re.compile(rf"\b(?:{'|'.join(_EVIDENCE_WORDS)})\b")
_FEWEST_LETTERS = 4
"""Letters of a pasted name that must be written out before it counts as one of the platform's (judgement)."""
_HEAD_REACH = 600
_BODY_REACH = 20_000
_MOST_TRIED = 20
"""Occurrences of a word that are tried before it counts as no mark of kernels (judgement)."""


class KernelMacro(NamedTuple):
    """A macro that writes a kernel, or the head of one."""

    name: str
    symbol: str
    """The kernel's name, or the macro's when an argument gives it."""
    argument: int | None
    """Which argument names the kernel."""
    whole: bool
    """Whether the macro writes the body too; otherwise one follows each use of it."""
    directive: Directive
    at: int
    """Offset of `__global__`."""


class Pasted(NamedTuple):
    """A macro that puts names together."""

    parameters: tuple[str, ...]
    names: tuple[tuple[str, ...], ...]
    """For each name that it makes, the pieces: parameters, and words as they are."""
    at: int


def parameters_of(live: str, item: Directive) -> tuple[str, tuple[str, ...], int] | None:
    """Return name, parameters and the offset of the replacement of a `#define`."""
    found = _HEAD.match(live, item.body, item.end)
    if found is None:
        return None
    names = found["parameters"]
    return found["name"], tuple(word.strip() for word in names.split(",")) if names else (), found.end()


# -------------------------------------------------------------------------------------------------- kernel heads


def kernel_macros(live: str, brackets: Brackets, directives: Iterable[Directive]) -> Iterator[KernelMacro]:
    """Yield the macros whose replacement holds a kernel's head."""
    for item in directives:
        at = next(words(live, KERNEL_MARK, item.body, item.end), None) if item.keyword == "define" else None
        named = parameters_of(live, item) if at is not None else None
        if at is None or named is None:
            continue
        name, parameters, _ = named
        body = live.find("{", at + len(KERNEL_MARK), item.end)
        declared = body < 0 and live[item.body : item.end].rstrip().endswith(";")
        if declared or _INSTANTIATION.search(live, item.body, at):
            continue
        head = function_name(live, brackets, at + len(KERNEL_MARK), item.end if body < 0 else body)
        pasted = head is not None and live[max(item.body, head.at - _HEAD_REACH) : head.at].rstrip().endswith("##")
        symbol = head.name if head and head.name not in parameters else name
        argument = parameters.index(head.name) if head and head.name in parameters and not pasted else None
        if head is not None or body >= 0:
            yield KernelMacro(name, symbol, argument, body >= 0, item, at)


def kernel_marks(live: str, directives: Iterable[Directive]) -> frozenset[str]:
    """Return the macros that stand for `__global__` and its like: `#define KERNEL_FN static __global__`."""
    found = set()
    for item in directives:
        if item.keyword == "define" and next(words(live, KERNEL_MARK, item.body, item.end), None) is not None:
            named = parameters_of(live, item)
            if named and _MARK_ONLY.match(live, named[2], item.end):
                found.add(named[0])
    return frozenset(found)


class ForeignHeads(NamedTuple):
    """Macros of other files that begin kernels here, known by what follows them."""

    marks: frozenset[str]
    """They stand before a head: `RAFT_KERNEL name(int n) {`."""
    heads: frozenset[str]
    """They write the head and are given the name: `GPU_KERNEL(name, int n) {`."""


def foreign_heads(code: str, brackets: Brackets, known: frozenset[str]) -> ForeignHeads:
    """Return words in capitals that begin functions which ask for their thread or block.

    Args:
        code: Live text without directives.
        brackets: Of the live text.
        known: Macros that the file itself defines.
    """
    tried: Counter[str] = Counter()
    marks: set[str] = set()
    heads: set[str] = set()
    if not any(word in code for word in _KERNEL_WORDS) or not any(word in code for word in _EVIDENCE_WORDS):
        return ForeignHeads(frozenset(), frozenset())
    for found in _KERNEL_WORD.finditer(code):
        word = _word_around(code, found.start())
        if word is None or not word[0].isupper() or word[0] in known or word[0] in marks or word[0] in heads:
            continue
        tried[word[0]] += 1
        if tried[word[0]] > _MOST_TRIED:
            continue
        called = code[word[1] : word[1] + 8].lstrip().startswith("(")
        if _begins_kernel(code, brackets, word[1]):
            (heads if called else marks).add(word[0])
    return ForeignHeads(frozenset(marks), frozenset(heads))


def _word_around(code: str, at: int) -> tuple[str, int] | None:
    """Return the word that holds an offset, and its end."""
    start = at
    while start > 0 and at - start < _FEWEST_LETTERS * 16 and (code[start - 1].isalnum() or code[start - 1] == "_"):
        start -= 1
    found = IDENTIFIER.match(code, start)
    return (found[0], found.end()) if found else None


def _begins_kernel(code: str, brackets: Brackets, after: int) -> bool:
    """Tell whether a parameter list and a body that asks for its thread or block follow."""
    paren = code.find("(", after, after + _HEAD_REACH)
    close = brackets.close(paren) if paren >= 0 and not _ends_head(code, after, paren) else None
    if close is None:
        return False
    brace = close + 1
    while brace < len(code) and code[brace].isspace():
        brace += 1
    end = brackets.close(brace) if code[brace : brace + 1] == "{" else None
    return end is not None and _EVIDENCE.search(code, brace, min(end, brace + _BODY_REACH)) is not None


def _ends_head(code: str, start: int, end: int) -> bool:
    return any(sign in code[start:end] for sign in ";{}")


# ---------------------------------------------------------------------------------------------------- pasted names


@functools.lru_cache(maxsize=16)
def _asked_names(names: tuple[tuple[UseKind, NameSet], ...]) -> tuple[str, ...]:
    kinds = (UseKind.CALL, UseKind.NAME, UseKind.MACRO)
    return tuple(sorted({name for kind, wanted in names if kind in kinds for name in wanted.exact}))


def pasting_macros(live: str, directives: Iterable[Directive]) -> dict[str, Pasted]:
    """Return the macros that put names together with `##`."""
    found: dict[str, Pasted] = {}
    for item in directives:
        if item.keyword != "define" or "##" not in live[item.body : item.end]:
            continue
        named = parameters_of(live, item)
        if named is None or not named[1]:
            continue
        name, parameters, body = named
        made = tuple(tuple(_PIECES.findall(each[0])) for each in _PASTED.finditer(live, body, item.end))
        pasted = tuple(pieces for pieces in made if any(piece in parameters for piece in pieces))
        if pasted:
            found[name] = Pasted(parameters, pasted, item.start)
    return found


def pasted_names(macro: Pasted, arguments: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the names that a use of a macro makes, each with the position of the argument that completes it."""
    for pieces in macro.names:
        values = []
        position = ""
        for piece in pieces:
            if piece in macro.parameters:
                position = str(macro.parameters.index(piece))
                values.append(arguments.get(position, ""))
            else:
                values.append(piece)
        if position and all(value.isidentifier() or value.isalnum() for value in values):
            yield "".join(values), position


def may_be_asked(macro: Pasted, names: tuple[tuple[UseKind, NameSet], ...]) -> bool:
    """Tell whether what a macro writes out begins and ends like a name of the platform."""
    return any(_is_asked(pieces, macro.parameters, names) for pieces in macro.names)


def _is_asked(pieces: tuple[str, ...], parameters: tuple[str, ...], names: tuple[tuple[UseKind, NameSet], ...]) -> bool:
    if pieces[0] in parameters or len(pieces[0]) < _FEWEST_LETTERS:
        return False
    listed = _asked_names(names)
    tail = "" if pieces[-1] in parameters else pieces[-1]
    at = bisect.bisect_left(listed, pieces[0])
    beginning = itertools.takewhile(lambda name: name.startswith(pieces[0]), itertools.islice(listed, at, None))
    return any(name.endswith(tail) for name in itertools.islice(beginning, _MOST_COMPARED))


_MOST_COMPARED = 5_000
"""Names with one beginning that are compared; there are under 2,100 of the largest library."""
