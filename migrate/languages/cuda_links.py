"""What C, C++ and CUDA files offer to others and need from them.

Things that no rule asks for: bindings to Python, and functions that one file defines and another calls; with them what
`cuda_vendors` reads.
"""

from __future__ import annotations

import bisect
import functools
import itertools
import re
from collections.abc import Container, Iterator

from migrate.languages.cuda_builds import build_links
from migrate.languages.cuda_source import Source
from migrate.languages.cuda_structure import RegionKind, Structure
from migrate.languages.cuda_vendors import backend_links, shim_links
from migrate.languages.cuda_words import CONTROL, NOT_TYPES, PLAIN_NAME
from migrate.languages.lexical import (
    Brackets,
    Lexed,
    Lines,
    next_token,
    skip_back,
    word_start,
    words,
)
from migrate.languages.preprocessor import Preprocessed
from migrate.model import Link, LinkKind, Role, SourceFile
from migrate.model.links import FUNCTION, MODULE, OPS, PROVIDES

BINDING_MACROS = {
    "PYBIND11_MODULE": MODULE,
    "NB_MODULE": MODULE,
    "BOOST_PYTHON_MODULE": MODULE,
    "TORCH_LIBRARY": OPS,
    "TORCH_LIBRARY_FRAGMENT": OPS,
    "TORCH_LIBRARY_IMPL": OPS,
    "STABLE_TORCH_LIBRARY": OPS,
    "STABLE_TORCH_LIBRARY_FRAGMENT": OPS,
    "STABLE_TORCH_LIBRARY_IMPL": OPS,
}
"""Macro that offers names to Python -> what its first argument names."""

_BINDS = ("PYBIND11_MODULE", "NB_MODULE", "BOOST_PYTHON_MODULE", "TORCH_LIBRARY", "RegisterOperators", "PyInit_")
"""Literals one of which stands in every file that offers something to Python."""
_INIT = re.compile(r"\bPyInit_(\w+)\s*\(")
_REGISTERED = re.compile(r"\.(?:def|impl|op)\s*+\(\s*+(?:\w+(?:::\w+)?\(\s*+)?(?=\")")
_OPERATOR = re.compile(r"(?:([A-Za-z_]\w*)::)?([A-Za-z_]\w*)")

_WORTH_CALLS = ("cuda", "gpu", "kernel", "launch")
"""A file without any of these words, in small letters or capitals, and without a binding calls no function that leads
to a kernel."""
_TEMPLATE = re.compile(r"[^<>;(){}]{0,120}>\Z")
"""Template arguments between a function's name and its call's bracket, from behind the opening sign."""
_TEMPLATE_REACH = 122
_HANDED = re.compile(
    r"(?:\bTORCH_(?:FN|BOX)\(\s{0,8}&?|&\s{0,4}|\"\s{0,4},\s{0,40})(?:[A-Za-z_]\w*+::){0,8}([A-Za-z_]\w*+)\s{0,8}[,)]"
)
"""A function that is handed over: boxed, by its address, or behind the name it is registered under."""
_OWNER = re.compile(r"(?:[A-Za-z_]\w*+\s?::\s?)+\Z")
_OWNER_REACH = 80
_FOREIGN_SPACES = tuple(
    f"{space}::" for space in ("std", "at", "torch", "c10", "thrust", "cub", "cute", "cutlass", "py", "pybind11", "nb")
)
_PLATFORM = re.compile(r"(?:cuda|cublas|cudnn|cufft|curand|cusparse|cusolver|nccl|nvtx|cu|hip)[A-Z]")
_MOST_CALLS = 400
"""Distinct callees that one file may name; hand-written files stay far below (judgement)."""
SHORTEST_NAME = 3
"""A function's name with fewer letters says nothing about which function is meant."""


def file_links(file: SourceFile, lexed: Lexed, places: Preprocessed) -> list[Link]:
    """Return what a file is bound to and written for; these links need no CUDA name in the file."""
    text = lexed.text
    links = list(backend_links(lexed, places, file.path))
    binds = any(literal in text for literal in _BINDS)
    lowered = text.lower() if file.role != Role.VENDORED else ""
    calls = bool(lowered) and (binds or any(word in lowered for word in _WORTH_CALLS))
    if links or binds or calls:
        code = places.code
        if links:  # what it defines tells whose twin it is, whether or not it names CUDA
            structure = Structure(code, Brackets(places.live), places.marks, list(words(code, "__global__")), {})
            links += _definition_links(structure, code, lexed.lines)
        if binds:
            links += _binding_links(lexed, code)
        if calls:
            links += _call_links(lexed, code, binds=binds)
    links += build_links(lexed, places)
    return links


def source_links(source: Source) -> list[Link]:
    """Return the functions that a file defines, and the CUDA names that it maps to another vendor's."""
    return [*_definition_links(source.structure, source.code, source.lines), *shim_links(source)]


# ---------------------------------------------------------------------------------------------- offers to Python


def _binding_links(lexed: Lexed, code: str) -> Iterator[Link]:
    """Yield the modules and operators that a file offers."""
    owners: list[tuple[int, str]] = [(at, "") for at in words(code, "RegisterOperators")]
    for at, prefix, name in _declared(code):
        owners.append((at, name if prefix == OPS else _NO_OPERATORS))
        yield _provides(f"{prefix}{name}", lexed, at)
    for found in _INIT.finditer(code):
        yield _provides(f"{MODULE}{found[1]}", lexed, found.start())
    yield from _operator_links(lexed, code, sorted(owners))


def _declared(code: str) -> Iterator[tuple[int, str, str]]:
    """Yield place, kind and name of what binding macros declare."""
    brackets = Brackets(code)
    for macro, prefix in BINDING_MACROS.items():
        for at in words(code, macro):
            opening = next_token(code, at + len(macro))
            parts = brackets.arguments(opening) if code[opening : opening + 1] == "(" else None
            name = code[slice(*parts[0])].strip() if parts else ""
            if PLAIN_NAME.match(name):
                yield at, prefix, name


_NO_OPERATORS = "."
"""Owner of what is registered in a module that offers functions, not operators."""


def _operator_links(lexed: Lexed, code: str, owners: list[tuple[int, str]]) -> Iterator[Link]:
    """Yield the operators that are registered, each under the library that was opened last before it."""
    starts = [at for at, _ in owners]
    spaces: set[str] = set()
    for found in _REGISTERED.finditer(code):
        index = bisect.bisect_right(starts, found.start()) - 1
        literal = lexed.string_at(found.end() + 1)
        if index < 0 or literal is None or owners[index][1] == _NO_OPERATORS:
            continue
        named = _OPERATOR.match(lexed.text, literal.value_start, literal.value_end)
        opened = owners[index][1]
        if named is None or not (space := named[1] or opened):
            continue
        if space != opened and space not in spaces:
            spaces.add(space)
            yield _provides(f"{OPS}{space}", lexed, found.start())
        yield _provides(f"{OPS}{space}::{named[2]}", lexed, found.start())


def _provides(what: str, lexed: Lexed, at: int) -> Link:
    return Link(kind=LinkKind.BINDING, to=what, via=PROVIDES, line=lexed.lines.line(at))


# ------------------------------------------------------------------------------------------ functions and calls


def _definition_links(structure: Structure, code: str, lines: Lines) -> Iterator[Link]:
    """Yield the functions that other files can call: at namespace level, not on the device only, not a kernel."""
    seen: set[str] = set()
    for region in structure.functions():
        name = region.name.partition("<")[0].rpartition("::")[2]
        inside = region.parent is not None and region.parent.kind is RegionKind.TYPE
        if inside or region.kernel or region.device or name in seen or not is_own_function(name):
            continue
        if _is_static(code, region.start, region.name_at):
            continue
        seen.add(name)
        yield Link(kind=LinkKind.BINDING, to=f"{FUNCTION}{name}", via=PROVIDES, line=lines.line(region.name_at))


def _is_static(code: str, start: int, end: int) -> bool:
    return next(words(code, "static", start, end), None) is not None


def _call_links(lexed: Lexed, code: str, *, binds: bool) -> Iterator[Link]:
    """Yield the functions that a file calls or hands to Python, each once."""
    seen: set[str] = set()
    handed = ((found[1], found.start(1), False) for found in _HANDED.finditer(code)) if binds else ()
    called = ((name, at, True) for name, at in _called(code, seen))
    for name, at, is_call in itertools.chain(handed, called):
        if name in seen or not is_own_function(name) or (is_call and not _is_plain_call(code, at)):
            continue
        seen.add(name)
        yield Link(kind=LinkKind.CALL, to=name, line=lexed.lines.line(at))
        if len(seen) >= _MOST_CALLS:
            return


def _called(code: str, seen: Container[str]) -> Iterator[tuple[str, int]]:
    """Yield words before opening brackets with their places, not again those that the caller has seen."""
    settled: set[str] = set()
    opening = -1
    for piece in code.split("(")[:-1]:
        opening += len(piece) + 1
        last = piece.rsplit(None, 1)[-1:]
        if not last or last[0] in settled:
            continue
        end = skip_back(code, opening)
        template = code[end - 1] == ">"
        if template:
            end = _before_template(code, end)
        start = word_start(code, end)
        if start == end:
            continue
        yield code[start:end], start
        if not template and (code[start:end] in seen or not is_own_function(code[start:end])):
            settled.add(last[0])


def _before_template(code: str, end: int) -> int:
    """Return where the template arguments that end here begin, or the start of the text for anything else."""
    start = code.rfind("<", max(0, end - _TEMPLATE_REACH), end)
    return start if start >= 0 and _TEMPLATE.match(code, start + 1, end) else 0


def _is_plain_call(code: str, start: int) -> bool:
    """Tell a call of a function from a method's, from another library's, and from a declaration."""
    before = code[start - 1 : start]
    if before in (".", "~") or code[start - 2 : start] == "->":
        return False
    if before == ":" and (owner := _OWNER.search(code, max(0, start - _OWNER_REACH), start)):
        start = owner.start()
        if code.startswith(_FOREIGN_SPACES, start):
            return False
    return not _follows_type(code, start)


def _follows_type(code: str, start: int) -> bool:
    """Tell a declaration, `int f(int)`, from a call by what stands before the name."""
    end = skip_back(code, start)
    if code[end - 1 : end] in ("*", "&", ">"):
        return True
    word = code[word_start(code, end) : end]
    return bool(word) and word not in _BEFORE_CALLS


_BEFORE_CALLS = frozenset({"return", "else", "do", "case", "throw", "co_return", "co_await", "and", "or", "not"})
"""Words that may stand before a call; others make what follows a declaration."""


@functools.lru_cache(maxsize=10_000)
def is_own_function(name: str) -> bool:
    """Tell whether a name can be that of a function of the repository, and not a macro's or the platform's."""
    return (
        len(name) >= SHORTEST_NAME
        and not name.isupper()
        and name not in CONTROL
        and name not in NOT_TYPES
        and name != "main"
        and not _PLATFORM.match(name)
        and PLAIN_NAME.match(name) is not None
    )
