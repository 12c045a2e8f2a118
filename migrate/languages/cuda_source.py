"""One C, C++ or CUDA file while it is read: its text in several states, and the vocabulary to ask."""

from __future__ import annotations

import functools
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from migrate.languages.cuda_structure import Structure, function_name
from migrate.languages.lexical import Brackets, Directive, Lexed, blank_ranges, words
from migrate.languages.preprocessor import EVERYBODY, Preprocessed, targets_of_file
from migrate.model import Confidence, KernelFacts, NameSet, SourceFile, Use, UseKind, Vocabulary

LONGEST_TEXT = 400
LONGEST_ARGUMENT = 200
_INSTANTIATION = re.compile(r"\btemplate(?!\s*+(?:\\\s*+)*+<)")
_MACRO = re.compile(r"\s*(?P<name>\w+)(?:\((?P<parameters>[^()]*+)\))?")


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


class KernelMacro(NamedTuple):
    """A macro that writes a kernel, or the head of one."""

    name: str
    symbol: str
    """The kernel's name, or the macro's when an argument gives it."""
    argument: int | None
    """Which argument names the kernel, when the body follows each use of the macro."""
    directive: Directive
    at: int
    """Offset of `__global__`."""


class Source:
    """A file, and how to make uses out of its places.

    Attributes:
        lexed: Comments, strings and directives told apart.
        places: The preprocessor's states.
        live: Masked text without disabled stretches.
        code: The same without directives.
        brackets: Of the live text.
    """

    def __init__(self, file: SourceFile, lexed: Lexed, places: Preprocessed, vocabulary: Vocabulary) -> None:
        self.file = file
        self.lexed = lexed
        self.places = places
        self.text = lexed.text
        self.lines = lexed.lines
        self.disabled = places.disabled()
        self.live = blank_ranges(lexed.masked, self.disabled)
        self.code = blank_ranges(self.live, [(item.start, item.end) for item in lexed.directives])
        self.brackets = Brackets(self.live)
        self.qualified = qualified_names(tuple(vocabulary.names.items()))
        self._vocabulary = vocabulary
        self._wanted: dict[tuple[UseKind, str], bool] = {}
        self._file_guards = targets_of_file(file.path, lexed, places)

    @functools.cached_property
    def structure(self) -> Structure:
        """Return the regions of the file."""
        kernels = list(words(self.code, "__global__"))
        macros = {macro.name: macro.argument for macro in self.kernel_macros if macro.argument is not None}
        return Structure(self.code, self.brackets, self.places.marks, kernels, macros)

    @functools.cached_property
    def kernel_macros(self) -> list[KernelMacro]:
        """Return the macros whose replacement holds a kernel's head."""
        if "__global__" not in self.live:
            return []
        return [
            macro for item in self.lexed.directives if item.keyword == "define" for macro in self._kernel_macro(item)
        ]

    def _kernel_macro(self, item: Directive) -> Iterator[KernelMacro]:
        found = _MACRO.match(self.live, item.body, item.end)
        at = next(words(self.live, "__global__", item.body, item.end), None)
        if found is None or at is None:
            return
        body = self.live.find("{", at + len("__global__"), item.end)
        declared = body < 0 and self.live[item.body : item.end].rstrip().endswith(";")
        if declared or _INSTANTIATION.search(self.live, item.body, at):
            return
        head = function_name(self.live, self.brackets, at + len("__global__"), item.end if body < 0 else body)
        parameters = [word.strip() for word in (found["parameters"] or "").split(",")]
        symbol = head.name if head and head.name not in parameters else found["name"]
        argument = parameters.index(head.name) if head and head.name in parameters and body < 0 else None
        yield KernelMacro(found["name"], symbol, argument, item, at)

    @functools.cached_property
    def is_cuda(self) -> bool:
        """Tell whether the device compiler reads the file: by its suffix, or by what stands in it."""
        return self.file.path.lower().endswith((".cu", ".cuh", ".cu.h", ".cu.inc")) or "__device__" in self.live

    def text_around(self, offset: int) -> str:
        """Return the text where the neighbours of a place are its own: without directives, unless in one."""
        return self.live if self.code[offset : offset + 1].isspace() else self.code

    def wants(self, kind: UseKind, name: str) -> bool:
        """Tell whether any rule may match."""
        key = (kind, name)
        known = self._wanted.get(key)
        if known is None:
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
        state = self.places.state(start)
        guards = {*state.guards, *self._file_guards}
        if state.foreign or self._file_guards:
            guards.add(EVERYBODY)
        return Use(
            kind=kind,
            name=name,
            span=self.lines.span(start, end),
            text=(self.text[start : min(end, start + LONGEST_TEXT)] if text is None else text[:LONGEST_TEXT]),
            symbol=symbol,
            args=args or {},
            scope=self.structure.scope(start),
            guarded_by=tuple(sorted(guards)),
            confidence=confidence,
            kernel=kernel,
        )

    def argument(self, start: int, end: int) -> str:
        """Return an argument's source on one line, without comments, shortened."""
        return self.lexed.source(start, min(end, start + _ARGUMENT_REACH))[:LONGEST_ARGUMENT]

    def arguments(self, opening: int) -> dict[str, str]:
        """Return a call's arguments by position; nothing when the bracket never closes."""
        parts = self.brackets.arguments(opening) or []
        return {str(index): self.argument(*part) for index, part in enumerate(parts[:_MOST_ARGUMENTS])}


_MOST_ARGUMENTS = 64
_ARGUMENT_REACH = 2_000
