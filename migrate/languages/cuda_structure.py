"""Namespaces, types and functions of a CUDA file, found by its braces.

Grammar-free on purpose: macros and half-written code break a grammar, while braces survive them. Each branch
of a chain of preprocessor conditions starts from the nesting that the chain began with, so that a head that
is written twice does not throw the rest of the file out of step.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from migrate.languages.cuda_words import ATTRIBUTES, CONTROL, KEYWORD_TYPES, QUALIFIERS, TRAILING
from migrate.languages.lexical import IDENTIFIER, Brackets, skip_back
from migrate.languages.preprocessor import Mark


class RegionKind(Enum):
    """What a pair of braces encloses."""

    NAMESPACE = "namespace"
    TYPE = "type"
    ENUM = "enum"
    FUNCTION = "function"
    BLOCK = "block"
    """An initializer, a linkage specification, or something unknown."""


@dataclass(slots=True, eq=False)
class Region:
    """A pair of braces that is not inside a function, with its head."""

    kind: RegionKind
    name: str
    start: int
    """Offset of the first token of the head."""
    name_at: int
    """Offset of the name, or of the brace when it has none."""
    open: int
    parent: Region | None
    device: bool = False
    """Compiled for the device."""
    kernel: bool = False
    macro: str = ""
    """The macro that writes the head."""
    close: int = -1
    """Offset after the closing brace."""
    abandoned: bool = False
    """Another branch of the preprocessor writes the same head again."""

    def scope(self) -> str:
        """Return the names around and of it; a kernel stands for itself."""
        names: list[str] = []
        region: Region | None = self
        while region is not None and len(names) < _DEEPEST_SCOPE:
            if region.name:
                names.append(region.name)
            region = None if region.kernel else region.parent
        return "::".join(reversed(names))


_DEEPEST_SCOPE = 16
_LONGEST_HEAD = 8_000

_LONGEST_NAME = 200

_BRACE = re.compile(r"[{};]")
_NAMESPACE = re.compile(r"\s*(?:inline\s+)?namespace\b(?P<name>[\w:\s]*+)")
_LINKAGE = re.compile(r"\s*extern\s*\"\s*\"\s*\Z")
_ACCESS = re.compile(r"\s*(?:public|private|protected)\s*:(?!:)")
_MACRO_CALL = re.compile(r"[A-Z_][A-Z0-9_]*+\s*+\(")
_CLASS = re.compile(
    r"\s*(?:(?:typedef|static|const|inline|constexpr|extern|volatile)\s+)*+(?P<key>class|struct|union|enum)\b"
)
_INITIALIZED = re.compile(r"[:,]\s*+[A-Za-z_][\w:]*+\s*\Z")
_INITIALIZERS = re.compile(r"\)[\s\w]{0,40}:(?!:)")
_DEVICE = re.compile(r"__device__|__global__|\b[A-Z0-9_]*DEVICE(?:_[A-Z0-9_]*)?\b|\b__hostdev__\b|\bCUDA_CALLABLE\w*")


class Structure:
    """The regions of a file.

    Args:
        code: Masked text without disabled stretches and without directives.
        brackets: Of the live text; offsets are the same.
        marks: The preprocessor's branches.
        kernels_at: Offsets of `__global__` and its like outside directives, sorted.
        kernel_macros: Macros that write the head of a kernel -> which of their arguments names it.
    """

    def __init__(
        self,
        code: str,
        brackets: Brackets,
        marks: tuple[Mark, ...],
        kernels_at: list[int],
        kernel_macros: Mapping[str, int],
    ) -> None:
        self._code = code
        self._brackets = brackets
        self._kernels_at = kernels_at
        self._kernel_macros = kernel_macros
        self.regions: list[Region] = []
        """In order of their opening braces."""
        self.alternatives: list[tuple[int, int]] = []
        """Branches whose braces do not balance and that a later branch repeats."""
        self._edges: list[int] = [0]
        self._tops: list[Region | None] = [None]
        self._walk(marks)
        self._scopes: dict[int, str] = {}

    # --------------------------------------------------------------------------------------------------- walk

    def _walk(self, marks: tuple[Mark, ...]) -> None:
        state = _Nesting(None, 0, 0)
        saved: list[tuple[_Nesting, int]] = []
        braces = ((found.start(), found[0]) for found in _BRACE.finditer(self._code))
        pending = next(braces, None)
        for mark in (*marks, None):
            limit = mark.offset if mark else len(self._code)
            while pending is not None and pending[0] < limit:
                state = self._brace(state, *pending)
                pending = next(braces, None)
            if mark is None:
                break
            if mark.keyword == "if":
                saved.append((state, mark.end))
            elif saved and mark.keyword == "else":
                state = self._branch(state, *saved[-1], mark)
                saved[-1] = (saved[-1][0], mark.end)
            elif saved:
                saved.pop()
            if state.inner == 0:
                state = state._replace(boundary=max(state.boundary, mark.end))
        region = state.top
        while region is not None:
            region.close = len(self._code)
            region = region.parent

    def _branch(self, state: _Nesting, before: _Nesting, start: int, mark: Mark) -> _Nesting:
        if mark.disabled:  # it holds nothing, so what the live branch did stands
            return state
        if (state.top, state.inner) == (before.top, before.inner):
            return state
        self.alternatives.append((start, mark.offset))
        region = state.top
        while region is not None and region.open >= start:
            region.close = mark.offset
            region.abandoned = True
            region = region.parent
        self._enter(mark.offset, before.top)
        return before

    def _brace(self, state: _Nesting, offset: int, sign: str) -> _Nesting:
        top = state.top
        if offset < state.skip:
            return state
        if top is not None and top.kind is RegionKind.FUNCTION:
            if sign == ";":
                return state
            if self._out_of_step(top, offset):
                state = self._resume(top)
                top = state.top
            elif sign == "{":
                return state._replace(inner=state.inner + 1)
            elif state.inner:
                return state._replace(inner=state.inner - 1)
        if sign == ";":
            return _Nesting(top, 0, offset + 1)
        if sign == "{":
            if (skip := self._member_initializer(state.boundary, offset)) is not None:
                return state._replace(skip=skip)
            region = self._open(top, state.boundary, offset)
            self.regions.append(region)
            self._enter(region.start, region)
            return _Nesting(region, 0, offset + 1)
        if top is None:
            return _Nesting(None, 0, offset + 1)
        top.close = offset + 1
        self._enter(offset + 1, top.parent)
        return _Nesting(top.parent, 0, offset + 1)

    def _member_initializer(self, boundary: int, brace: int) -> int | None:
        """Return the end of `x{1}` in `Type() : x{1} {`, whose braces are not the function's."""
        if not _INITIALIZED.search(self._code, max(boundary, brace - _LONGEST_NAME), brace):
            return None
        close = self._brackets.close(brace)
        head = self._code[max(boundary, brace - _LONGEST_HEAD) : brace]
        return close + 1 if close is not None and _INITIALIZERS.search(head) else None

    def _out_of_step(self, top: Region, offset: int) -> bool:
        """Tell whether a kernel begins inside a function, which only a lost brace explains."""
        index = bisect.bisect_right(self._kernels_at, top.open)
        return index < len(self._kernels_at) and self._kernels_at[index] < offset

    def _resume(self, top: Region) -> _Nesting:
        kernel = self._kernels_at[bisect.bisect_right(self._kernels_at, top.open)]
        edge = max((self._code.rfind(sign, top.open, kernel) for sign in ";}"), default=-1)
        edge = max(edge, top.open) + 1
        top.close = edge
        outer = top.parent
        self._enter(edge, outer)
        return _Nesting(outer, 0, edge)

    def _enter(self, offset: int, top: Region | None) -> None:
        if self._edges and self._edges[-1] >= offset:
            self._tops[-1] = top
            return
        self._edges.append(offset)
        self._tops.append(top)

    # -------------------------------------------------------------------------------------------------- heads

    def _open(self, parent: Region | None, boundary: int, brace: int) -> Region:
        start = max(boundary, brace - _LONGEST_HEAD)
        if label := _ACCESS.match(self._code, start, brace):
            start = label.end()
        start = self._skip_macros(_skip_space(self._code, start, brace), brace)
        head = self._code[start:brace]
        kind, name, name_at = self._classify(head, start, brace)
        function = kind is RegionKind.FUNCTION
        kernel = function and self._is_marked(start, brace)
        macro = name if function and name in self._kernel_macros else ""
        if macro and (argument := self._argument(name_at + len(name), self._kernel_macros[macro])):
            name, kernel = argument, True
        return Region(
            kind=kind,
            name=name,
            start=start,
            name_at=name_at,
            open=brace,
            parent=parent,
            macro=macro,
            device=kernel or (function and _DEVICE.search(head) is not None),
            kernel=kernel,
        )

    def _is_marked(self, start: int, end: int) -> bool:
        index = bisect.bisect_left(self._kernels_at, start)
        return index < len(self._kernels_at) and self._kernels_at[index] < end

    def _skip_macros(self, start: int, end: int) -> int:
        """Return where a head begins after macros that stand before it as statements without a semicolon."""
        position = start
        while found := _MACRO_CALL.match(self._code, position, end):
            close = self._brackets.close(found.end() - 1)
            if close is None or close >= end:
                break
            position = _skip_space(self._code, close + 1, end)
        return position if _TEMPLATE.match(self._code, position, end) else start

    def _argument(self, after_name: int, index: int) -> str:
        opening = _skip_space(self._code, after_name, len(self._code))
        parts = self._brackets.arguments(opening) if self._code[opening : opening + 1] == "(" else None
        return self._code[slice(*parts[index])].strip() if parts and index < len(parts) else ""

    def _classify(self, head: str, start: int, brace: int) -> tuple[RegionKind, str, int]:
        if found := _NAMESPACE.match(head):
            return RegionKind.NAMESPACE, "".join(found["name"].split()), start + found.start("name")
        if not head or head.rstrip().endswith(("=", ",", "(")) or _LINKAGE.match(head):
            return RegionKind.BLOCK, "", brace
        begin = self._skip_templates(start, brace)
        if (found := _CLASS.match(self._code, begin, brace)) and (named := self._type_name(found.end(), brace)):
            kind = RegionKind.ENUM if found["key"] == "enum" else RegionKind.TYPE
            return kind, *named
        if function := function_name(self._code, self._brackets, begin, brace):
            return RegionKind.FUNCTION, function.name, function.at
        return RegionKind.BLOCK, "", brace

    def _skip_templates(self, start: int, end: int) -> int:
        position = start
        while found := _TEMPLATE.match(self._code, position, end):
            close = self._brackets.close_angle(found.end() - 1)
            if close is None or close >= end:
                break
            position = close + 1
        return position

    def _type_name(self, start: int, end: int) -> tuple[str, int] | None:
        name, name_at = "", end
        position = start
        while position < end:
            position = _skip_space(self._code, position, end)
            if found := IDENTIFIER.match(self._code, position, end):
                word = found[0]
                position = found.end()
                after = _skip_space(self._code, position, end)
                if self._code[after : after + 1] == "(":
                    close = self._brackets.close(after)
                    if close is None or close >= end or (word not in ATTRIBUTES and not word.isupper()):
                        return None
                    position = close + 1
                elif word not in ("final", "class", "struct"):
                    name, name_at = word, found.start()
            elif self._code.startswith("::", position):
                position += 2
            elif self._code.startswith("[[", position) and (close := self._brackets.close(position)) is not None:
                position = close + 1
            else:
                break
        return (name, name_at) if position >= end or self._code[position] in ":<" else None

    # ------------------------------------------------------------------------------------------------ queries

    def region(self, offset: int) -> Region | None:
        """Return the innermost region whose head or braces hold an offset."""
        return self._tops[bisect.bisect_right(self._edges, offset) - 1]

    def scope(self, offset: int) -> str:
        """Return the names of what encloses an offset."""
        index = bisect.bisect_right(self._edges, offset) - 1
        if index not in self._scopes:
            region = self._tops[index]
            self._scopes[index] = region.scope() if region else ""
        return self._scopes[index]

    def functions(self) -> list[Region]:
        """Return the functions that have a body."""
        return [region for region in self.regions if region.kind is RegionKind.FUNCTION and not region.abandoned]


class _Nesting(NamedTuple):
    top: Region | None
    inner: int
    """Open braces inside the function."""
    boundary: int
    """Where the head of the next region begins."""
    skip: int = 0
    """Braces before this offset are part of a head."""


_TEMPLATE = re.compile(r"\s*template\s*<")
_SPACE = re.compile(r"\s*+")


def _skip_space(text: str, start: int, end: int) -> int:
    found = _SPACE.match(text, start, end)
    return found.end() if found else start


class FunctionName(NamedTuple):
    """The name in a function's head."""

    name: str
    at: int
    parameters: int
    """Offset of the parenthesis that opens the parameters."""


def function_name(code: str, brackets: Brackets, start: int, end: int) -> FunctionName | None:
    """Find the declared name in a function's head: what stands before its parameter list."""
    position = start
    while (paren := code.find("(", position, end)) >= 0:
        close = brackets.close(paren)
        if close is None or close >= end:
            return None
        named = name_before(code, brackets, start, paren)
        if named is None or named[0] in CONTROL:
            return None
        word, at = named
        if word in KEYWORD_TYPES:  # `std::function<void(int)> name`
            position = close + 1
            continue
        if word == "operator":
            after = _skip_space(code, close + 1, end)
            return FunctionName("operator()", at, after if code[after : after + 1] == "(" else paren)
        following = IDENTIFIER.match(code, _skip_space(code, close + 1, end), end)
        if word in ATTRIBUTES or (following and following[0] not in TRAILING and not _is_macro(following[0])):
            position = close + 1
            continue
        if word in QUALIFIERS:  # `[=] __device__ (int i)`
            return None
        return FunctionName(word, at, paren)
    return None


def _is_macro(word: str) -> bool:
    return word.isupper() and not word.startswith("__")


def name_before(code: str, brackets: Brackets, start: int, end: int) -> tuple[str, int] | None:
    """Return the possibly qualified name, with template arguments, that ends before an offset."""
    stop = max(start, skip_back(code, end))
    arguments = ""
    if stop > start and code[stop - 1] == ">":
        opening = next(
            (found for found in _angles(code, max(start, stop - 400), stop) if brackets.close_angle(found) == stop - 1),
            None,
        )
        if opening is None:
            return None
        arguments = " ".join(code[opening:stop].split())
        stop = opening
    stop = max(start, skip_back(code, stop))
    found = _NAME_AT_END.search(code[max(start, stop - _LONGEST_NAME) : stop])
    if found is None:
        return None
    at = max(start, stop - _LONGEST_NAME) + found.start()
    return "".join(found[0].split()) + arguments, at


_NAME_AT_END = re.compile(r"(?:operator\s*[^\w\s(]{1,3}|(?:[A-Za-z_$]\w*+\s*+::\s*+)*~?[A-Za-z_$]\w*)\s*\Z")


def _angles(code: str, start: int, end: int) -> list[int]:
    return [start + index for index, sign in enumerate(code[start:end]) if sign == "<"]
