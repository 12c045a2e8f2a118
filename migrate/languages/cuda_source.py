"""One C, C++ or CUDA file while it is read: its text in several states, and the vocabulary to ask."""

from __future__ import annotations

import bisect
import functools
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from migrate.languages.cuda_macros import (
    KERNEL_MARK,
    ForeignHeads,
    KernelMacro,
    foreign_heads,
    kernel_macros,
    kernel_marks,
    parameters_of,
)
from migrate.languages.cuda_structure import Structure
from migrate.languages.lexical import IDENTIFIER, Brackets, Directive, Lexed, next_token, words
from migrate.languages.preprocessor import EVERYBODY, Preprocessed, targets_of_file
from migrate.model import Confidence, KernelFacts, NameSet, SourceFile, Use, UseKind, Vocabulary

LONGEST_TEXT = 400
LONGEST_ARGUMENT = 200


@dataclass(frozen=True)
class QualifiedNames:
    """What the vocabulary's qualified names say about namespaces."""

    roots: frozenset[str]
    """First parts: `cub` of `cub::DeviceReduce::Sum`."""
    members: Mapping[str, frozenset[str]]
    """Namespace -> the parts that follow it in names listed one by one."""
    anywhere: tuple[str, ...]
    """Globs whose first part is open: `*DispatchKey::CUDA`."""


@functools.lru_cache(maxsize=16)
def qualified_names(names: tuple[tuple[UseKind, NameSet], ...]) -> QualifiedNames:
    """Index the qualified names of a vocabulary, once."""
    members: dict[str, set[str]] = defaultdict(set)
    anywhere: set[str] = set()
    for _, wanted in names:
        for name in (*wanted.exact, *wanted.globs):
            parts = name.split("::")
            if len(parts) > 1 and "*" in parts[0]:
                anywhere.add(name)
                continue
            for index in range(1, len(parts)):
                members["::".join(parts[:index])].add(parts[index])
    listed = {space: frozenset(part for part in parts if "*" not in part) for space, parts in members.items()}
    return QualifiedNames(frozenset(space.split("::")[0] for space in members), listed, tuple(sorted(anywhere)))


@functools.lru_cache(maxsize=16)
def _known_names(_asked: tuple[tuple[UseKind, NameSet], ...]) -> dict[tuple[UseKind, str], bool]:
    """Return what is known so far of a vocabulary; files of one project ask for the same names over and over."""
    return {}


_MOST_KNOWN = 100_000
"""Answers that are kept: some 10 MB, and more than any project has different names near anchors."""


class Source:
    """A file, and how to make uses out of its places.

    Attributes:
        lexed: Comments, strings and directives told apart.
        places: The preprocessor's states.
        live: Masked text without disabled stretches.
        code: The same without directives.
        brackets: Of the live text.
        asked: Names that the vocabulary asks for, by kind.
    """

    def __init__(self, file: SourceFile, lexed: Lexed, places: Preprocessed, vocabulary: Vocabulary) -> None:
        self.file = file
        self.lexed = lexed
        self.places = places
        self.text = lexed.text
        self.lines = lexed.lines
        self.disabled = places.disabled()
        self.live = places.live
        self.code = places.code
        self.brackets = Brackets(self.live)
        self.asked = tuple(vocabulary.names.items())
        self.qualified = qualified_names(self.asked)
        self._vocabulary = vocabulary
        self._wanted = _known_names(self.asked)
        self._file_guards = targets_of_file(file.path, lexed, places)

    @functools.cached_property
    def structure(self) -> Structure:
        """Return the regions of the file."""
        heads = [macro for macro in self.kernel_macros if not macro.whole]
        macros = {macro.name: macro.argument for macro in heads if macro.argument is not None}
        macros |= dict.fromkeys(self._foreign_heads.heads, 0)
        return Structure(self.code, self.brackets, self.places.marks, self.kernel_heads, macros)

    @functools.cached_property
    def kernel_macros(self) -> list[KernelMacro]:
        """Return the macros whose replacement holds a kernel's head."""
        if KERNEL_MARK not in self.live:
            return []
        return list(kernel_macros(self.live, self.brackets, self.lexed.directives))

    @functools.cached_property
    def kernel_heads(self) -> list[int]:
        """Return where `__global__`, or a macro that stands for it, marks a kernel outside directives."""
        marks = {KERNEL_MARK, *self._foreign_heads.marks}
        if KERNEL_MARK in self.live:
            marks |= kernel_marks(self.live, self.lexed.directives)
        if len(marks) > _FEW_WORDS:
            return [found.start() for found in IDENTIFIER.finditer(self.code) if found[0] in marks]
        return sorted(at for mark in marks for at in words(self.code, mark))

    @property
    def holds_kernels(self) -> bool:
        """Tell whether anything in the file begins a kernel."""
        return bool(self.kernel_heads or self._foreign_heads.heads)

    @functools.cached_property
    def _foreign_heads(self) -> ForeignHeads:
        known = {named[0] for item in self.lexed.directives if (named := self._defined(item))}
        return foreign_heads(self.code, self.brackets, frozenset(known))

    def _defined(self, item: Directive) -> tuple[str, tuple[str, ...], int] | None:
        return parameters_of(self.live, item) if item.keyword == "define" else None

    @functools.cached_property
    def is_cuda(self) -> bool:
        """Tell whether the device compiler reads the file: by its suffix, or by what stands in it."""
        named = self.file.path.lower().removesuffix(".in").endswith((".cu", ".cuh", ".cu.h", ".cu.inc", ".cu.hpp"))
        return named or "__device__" in self.live or KERNEL_MARK in self.live

    @functools.cached_property
    def _directive_starts(self) -> list[int]:
        return [item.start for item in self.lexed.directives]

    def directive_at(self, offset: int) -> Directive | None:
        """Return the preprocessor line that holds an offset."""
        index = bisect.bisect_right(self._directive_starts, offset) - 1
        item = self.lexed.directives[index] if index >= 0 else None
        return item if item is not None and offset < item.end else None

    def parameters_at(self, offset: int) -> tuple[str, ...]:
        """Return the parameters of the macro whose definition holds an offset."""
        item = self.directive_at(offset)
        named = self._defined(item) if item is not None else None
        return named[1] if named else ()

    def text_around(self, offset: int) -> str:
        """Return the text where the neighbours of a place are its own: without directives, unless in one."""
        return self.live if self.code[offset : offset + 1].isspace() else self.code

    def wants(self, kind: UseKind, name: str) -> bool:
        """Tell whether any rule may match."""
        key = (kind, name)
        known = self._wanted.get(key)
        if known is None:
            if len(self._wanted) >= _MOST_KNOWN:
                self._wanted.clear()
            known = self._wanted[key] = self._vocabulary.wants(kind, name)
        return known

    def use(
        self,
        kind: UseKind,
        name: str,
        start: int,
        end: int,
        *,
        args: dict[str, str] | None = None,
        text: str | None = None,
        symbol: str = "",
        confidence: Confidence = Confidence.HIGH,
        kernel: KernelFacts | None = None,
    ) -> Use:
        """Make a use of the place between two offsets."""
        return Use(
            kind=kind,
            name=name,
            span=self.lines.span(start, end),
            text=(self.text[start : min(end, start + LONGEST_TEXT)] if text is None else text[:LONGEST_TEXT]),
            symbol=symbol,
            args=args or {},
            scope=self.structure.scope(start),
            guarded_by=self.guards(start),
            confidence=confidence,
            kernel=kernel,
        )

    def guards(self, offset: int) -> tuple[str, ...]:
        """Return the targets that have a branch of their own at a place."""
        state = self.places.state(offset)
        guards = {*state.guards, *self._file_guards}
        if state.foreign or self._file_guards:
            guards.add(EVERYBODY)
        return tuple(sorted(guards))

    def argument(self, start: int, end: int) -> str:
        """Return an argument's source on one line, without comments, shortened."""
        return self.lexed.source(start, min(end, start + _ARGUMENT_REACH))[:LONGEST_ARGUMENT]

    def arguments(self, opening: int) -> dict[str, str]:
        """Return a call's arguments by position; nothing when the bracket never closes."""
        parts = self.brackets.arguments(opening) or []
        return {str(index): self.argument(*part) for index, part in enumerate(parts[:_MOST_ARGUMENTS])}

    def invocations(self, macros: Collection[str]) -> Iterator[tuple[str, int, dict[str, str]]]:
        """Yield where macros are used outside of directives, with their arguments."""
        for found in IDENTIFIER.finditer(self.code) if macros else ():
            opening = next_token(self.code, found.end()) if found[0] in macros else -1
            if opening >= 0 and self.code[opening : opening + 1] == "(":
                yield found[0], found.start(), self.arguments(opening)


_FEW_WORDS = 4
"""Words that are searched for one by one; more are looked up in one pass over all."""
_MOST_ARGUMENTS = 64
_ARGUMENT_REACH = 2_000
