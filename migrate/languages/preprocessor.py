"""Which branch of the preprocessor each place of a C, C++ or CUDA file is in, and for which targets it is.

Conditions are evaluated, not searched: once as the CUDA build sees them, once as each target's build does. A
branch that the target compiles and CUDA does not is the target's own, and then the whole chain of branches is
guarded for it; a branch that only the target leaves out is guarded too. What cannot be known stays live.
"""

from __future__ import annotations

import bisect
import functools
import re
from typing import NamedTuple

from migrate.languages.conditions import Expression
from migrate.languages.lexical import Directive, Lexed, blank_ranges
from migrate.languages.own_macros import LONGEST_BODY, Event, OwnMacros

TARGET_FOLDERS = {
    "hip": "rocm",
    "rocm": "rocm",
    "ascend": "cann",
    "npu": "cann",
    "cann": "cann",
    "musa": "musa",
    "mlu": "mlu",
    "sycl": "intel",
    "xpu": "intel",
}
"""Folder name -> the target whose own sources it holds; the last part of `norm_hip.cpp` counts alike."""

TARGET_SUFFIXES = {".hip": "rocm", ".mlu": "mlu", ".mu": "musa", ".muh": "musa"}

TARGET_HEADERS = {
    "hip/hip_runtime.h": "rocm",
    "hip/hip_runtime_api.h": "rocm",
    "acl/acl.h": "cann",
    "kernel_operator.h": "cann",
    "musa_runtime.h": "musa",
    "cnrt.h": "mlu",
    "bang.h": "mlu",
    "sycl/sycl.hpp": "intel",
    "CL/sycl.hpp": "intel",
}
"""Header -> the target for which a file that always includes it is written."""


EVERYBODY = "*"
"""Guard of a use that no target has to port, because only another vendor's build compiles it."""


class State(NamedTuple):
    """What the preprocessor makes of a place."""

    disabled: bool
    """No build compiles it."""
    guards: tuple[str, ...]
    """Targets that have a branch of their own here."""
    foreign: bool = False
    """Only other vendors' builds compile it, so it is no CUDA code."""


class Mark(NamedTuple):
    """Where a branch of a chain of conditions begins, or where the chain ends."""

    offset: int
    end: int
    keyword: str
    """`if`, `else` (also for `elif`), or `endif`."""
    disabled: bool
    """Of the branch that begins."""


_LIVE = State(disabled=False, guards=())


_DEEPEST = 64
"""Conditions around a definition that are followed; real files nest less than ten."""


class _Branch(NamedTuple):
    """One branch of a chain."""

    chain: _Chain
    number: int

    def compiled(self, target: str) -> bool | None:
        """Tell whether a target's build compiles it, with what is around it."""
        branch: _Branch | None = self
        result: bool | None = True
        for _ in range(_DEEPEST):
            if branch is None:
                return result
            here = branch.chain.branches(target)[branch.number]
            if here is False:
                return False
            result = None if here is None else result
            branch = branch.chain.parent
        return None

    def targets(self) -> frozenset[str]:
        """Return the targets that the conditions around it ask for."""
        return self.chain.targets_around


class _Chain:
    """All branches from an `#if` to its `#endif`."""

    def __init__(self, parent: _Branch | None, own_macros: OwnMacros, start: int, *, unconditional: bool) -> None:
        self.parent = parent
        self.start = start
        self.unconditional = unconditional
        self.conditional: bool = not unconditional or (parent is not None and parent.chain.conditional)
        """Whether more than include guards decide about its content."""
        self.conditions: list[Expression | None] = []
        self.states: list[State] = []
        self.own = _LIVE
        self.targets_around: frozenset[str] = parent.chain.targets_around if parent else frozenset()
        self._own_macros = own_macros
        self._compiled: dict[str, list[bool | None]] = {}

    def resolve(self) -> None:
        """Compute the states of the branches; the parent's are known by then."""
        outer = self.parent.chain.states[self.parent.number] if self.parent else _LIVE
        names = {name for condition in self.conditions if condition for name in condition.names}
        targets = sorted({target for name in names for target in self._own_macros.targets(name, self.start)})
        self.targets_around = frozenset(targets).union(self.parent.chain.targets_around if self.parent else ())
        always = self.branches("")
        in_cuda = self.branches("cuda") if targets else []
        guards: list[set[str]] = [set() for _ in always]
        foreign = [False] * len(always)
        chain: set[str] = set()
        decided: set[str] = set()  # whose build knows its branch because a condition names it
        for target in targets:
            in_target = self.branches(target)
            if None not in in_target and in_target != in_cuda:
                decided.add(target)
            own = [cuda is False and there is not False for cuda, there in zip(in_cuda, in_target, strict=True)]
            if any(own):
                chain.add(target)
            foreign = [before or now for before, now in zip(foreign, own, strict=True)]
            for index, (cuda, there) in enumerate(zip(in_cuda, in_target, strict=True)):
                if there is False and cuda is not False:
                    guards[index].add(target)
        self.own = State(outer.disabled, tuple(sorted({*outer.guards, *chain, *decided})), outer.foreign)
        self.states = [
            State(
                outer.disabled or live is False,
                tuple(sorted({*outer.guards, *chain, *guards[index]})),
                outer.foreign or foreign[index],
            )
            for index, live in enumerate(always)
        ]

    def branches(self, target: str) -> list[bool | None]:
        """Return whether each branch is compiled in a build that reaches the chain."""
        known = self._compiled.get(target)
        if known is None:
            known = self._compiled[target] = self._evaluate(target)
        return known

    def _evaluate(self, target: str) -> list[bool | None]:
        if self.unconditional and len(self.conditions) == 1:
            return [True]
        build = self._own_macros.build(target, self.start)
        results: list[bool | None] = []
        earlier: bool | None = False
        for condition in self.conditions:
            holds = True if condition is None else condition.value(build)
            if earlier is True or holds is False:
                results.append(False)
            else:
                results.append(None if earlier is None else holds)
            earlier = True if earlier is True or holds is True else None if earlier is None or holds is None else False
        return results


class Preprocessed:
    """The states of all places of a file."""

    def __init__(self, lexed: Lexed) -> None:
        self._lexed = lexed
        self._offsets: list[int] = [0]
        self._places: list[_Branch | None] = [None]
        self._own_macros = OwnMacros()
        chains: list[_Chain] = []
        marks: list[tuple[Directive, str, _Chain, int]] = []
        self._walk(chains, marks)
        for chain in chains:  # in order of opening: parents first
            chain.resolve()
        self._states = [_LIVE if place is None else self._state(place) for place in self._places]
        self.live = blank_ranges(lexed.masked, self.disabled())
        """The masked text without disabled stretches."""
        self.foreign = any(state.foreign for state in self._states)
        """Whether other vendors' builds alone compile some of the file."""
        self.asked: dict[str, int] = {}
        """Target -> the first condition that asks for its build."""
        for chain in chains:
            for target in () if chain.own.disabled or chain.unconditional else chain.targets_around:
                self.asked.setdefault(target, chain.start)
        self.marks = tuple(
            Mark(item.start, item.end, keyword, index >= 0 and chain.states[index].disabled)
            for item, keyword, chain, index in marks
        )

    def _walk(self, chains: list[_Chain], marks: list[tuple[Directive, str, _Chain, int]]) -> None:
        open_chains: list[_Chain] = []
        directives = self._lexed.directives
        for position, item in enumerate(directives):
            if item.keyword in ("if", "ifdef", "ifndef"):
                parent = _innermost(open_chains)
                following = directives[position + 1] if position + 1 < len(directives) else None
                guard = self._is_include_guard(item, following)
                chain = _Chain(parent, self._own_macros, item.start, unconditional=guard)
                chain.conditions.append(self._condition(item))
                chains.append(chain)
                open_chains.append(chain)
                keyword = "if"
            elif item.keyword in ("elif", "else", "elifdef", "elifndef") and open_chains:
                chain = open_chains[-1]
                chain.conditions.append(self._condition(item))
                keyword = "else"
            elif item.keyword == "endif" and open_chains:
                chain = open_chains.pop()
                keyword = "endif"
            else:
                self._note(item, _innermost(open_chains))
                continue
            self._enter(item.start, _Branch(chain, -1))
            index = len(chain.conditions) - 1 if keyword != "endif" else -1
            self._enter(item.end, _Branch(chain, index) if index >= 0 else chain.parent)
            marks.append((item, keyword, chain, index))

    def _note(self, item: Directive, branch: _Branch | None) -> None:
        """Remember what a directive does to a macro without parameters."""
        if item.keyword not in ("define", "undef"):
            return
        found = _OBJECT_MACRO.match(self._lexed.masked, item.body, min(item.end, item.body + LONGEST_BODY))
        if found is None:
            return
        body = found["body"].replace("\\", " ").strip() if item.keyword == "define" else None
        condition = branch.chain.conditions[0] if branch else None
        default = condition is not None and found["name"] in condition.names
        self._own_macros.note(found["name"], Event(item.start, branch, body, default))

    def _enter(self, offset: int, place: _Branch | None) -> None:
        self._offsets.append(offset)
        self._places.append(place)

    def _condition(self, item: Directive) -> Expression | None:
        if item.keyword == "else":
            return None
        body = self._lexed.masked[item.body : item.end].replace("\\", " ")
        if item.keyword in ("if", "elif"):
            return Expression(body)
        negation = "!" if item.keyword.endswith("ndef") else ""
        words = body.split()
        return Expression(f"{negation}defined {words[0]}" if words else "")

    def _is_include_guard(self, item: Directive, following: Directive | None) -> bool:
        if item.keyword != "ifndef" or following is None or following.keyword != "define":
            return False
        masked = self._lexed.masked
        guard, defined = (masked[each.body : each.end].split()[:1] for each in (item, following))
        return bool(guard) and guard == defined

    def _state(self, place: _Branch) -> State:
        return place.chain.own if place.number < 0 else place.chain.states[place.number]

    def state(self, offset: int) -> State:
        """Return the state of a place."""
        return self._states[bisect.bisect_right(self._offsets, offset) - 1]

    @functools.cached_property
    def code(self) -> str:
        """Return the live text without directives."""
        return blank_ranges(self.live, [(item.start, item.end) for item in self._lexed.directives])

    def is_conditional(self, offset: int) -> bool:
        """Tell whether a place is inside a condition other than an include guard."""
        place = self._places[bisect.bisect_right(self._offsets, offset) - 1]
        return place is not None and place.chain.conditional

    def disabled(self) -> list[tuple[int, int]]:
        """Return the stretches that no build compiles."""
        ranges: list[tuple[int, int]] = []
        edges = [*self._offsets, len(self._lexed.text)]
        for start, end, state in zip(edges, edges[1:], self._states, strict=False):
            if not state.disabled or start >= end:
                continue
            if ranges and ranges[-1][1] == start:
                ranges[-1] = (ranges[-1][0], end)
            else:
                ranges.append((start, end))
        return ranges


def _innermost(open_chains: list[_Chain]) -> _Branch | None:
    return _Branch(open_chains[-1], len(open_chains[-1].conditions) - 1) if open_chains else None


_OBJECT_MACRO = re.compile(r"[ \t]*+(?P<name>\w++)(?!\()(?P<body>.*+)", re.DOTALL)


def targets_of_path(path: str) -> set[str]:
    """Return the targets that a file is written for by its name or folder: `hip/`, `ggml-sycl/`, `ops_musa.cpp`."""
    *folders, name = path.lower().split("/")
    stem, dot, suffix = name.rpartition(".")
    found = {TARGET_FOLDERS[last] for folder in folders if (last := _last_word(folder)) in TARGET_FOLDERS}
    file = stem if dot else name
    if _last_word(file) != file and _last_word(file) in TARGET_FOLDERS:
        found.add(TARGET_FOLDERS[_last_word(file)])
    if dot + suffix in TARGET_SUFFIXES:
        found.add(TARGET_SUFFIXES[dot + suffix])
    return found


def _last_word(name: str) -> str:
    return name.replace("-", "_").rpartition("_")[2]


def targets_of_file(path: str, lexed: Lexed, places: Preprocessed) -> tuple[str, ...]:
    """Return the targets a whole file is written for: by its name, folder, or a header it always needs."""
    found = targets_of_path(path)
    for item in lexed.directives:
        if item.keyword == "include" and (target := TARGET_HEADERS.get(include_path(lexed, item))):
            state = places.state(item.start)
            if not state.disabled and not places.is_conditional(item.start):
                found.add(target)
    return tuple(sorted(found))


_INCLUDE = re.compile(r"(?:\s|\\[\r\n])*+(?:<([^>\r\n]*)>|\"([^\"\r\n]*)\")")


def include_path(lexed: Lexed, item: Directive) -> str:
    """Return the path that an include directive names, or nothing when a macro gives it."""
    found = _INCLUDE.match(lexed.text, item.body, item.end)
    return (found[1] or found[2] or "") if found else ""
