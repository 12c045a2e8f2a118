"""Which branch of the preprocessor each place of a C, C++ or CUDA file is in, and for which targets it is.

Conditions are evaluated, not searched: once as the CUDA build sees them, once as each target's build does. A
branch that the target compiles and CUDA does not is the target's own, and then the whole chain of branches is
guarded for it; a branch that only the target leaves out is guarded too. What cannot be known stays live.
"""

from __future__ import annotations

import bisect
import re
from typing import NamedTuple

from migrate.languages.conditions import Build, Expression, target_of
from migrate.languages.lexical import Directive, Lexed

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


class _Chain:
    """All branches from an `#if` to its `#endif`."""

    def __init__(self, parent: tuple[_Chain, int] | None, *, unconditional: bool) -> None:
        self.parent = parent
        self.conditional: bool = not unconditional or (parent is not None and parent[0].conditional)
        """Whether more than include guards decide about its content."""
        self.conditions: list[Expression | None] = []
        self.states: list[State] = []
        self.own = _LIVE

    def resolve(self) -> None:
        """Compute the states of the branches; the parent's are known by then."""
        outer = self.parent[0].states[self.parent[1]] if self.parent else _LIVE
        names = {name for condition in self.conditions if condition for name in condition.names}
        targets = sorted({target for name in names if (target := target_of(name))})
        always = self._branches("")
        in_cuda = self._branches("cuda") if targets else []
        guards: list[set[str]] = [set() for _ in always]
        foreign = [False] * len(always)
        chain: set[str] = set()
        for target in targets:
            in_target = self._branches(target)
            own = [cuda is False and there is not False for cuda, there in zip(in_cuda, in_target, strict=True)]
            if any(own):
                chain.add(target)
            foreign = [before or now for before, now in zip(foreign, own, strict=True)]
            for index, (cuda, there) in enumerate(zip(in_cuda, in_target, strict=True)):
                if there is False and cuda is not False:
                    guards[index].add(target)
        self.own = State(outer.disabled, tuple(sorted({*outer.guards, *chain})), outer.foreign)
        self.states = [
            State(
                outer.disabled or live is False,
                tuple(sorted({*self.own.guards, *guards[index]})),
                outer.foreign or foreign[index],
            )
            for index, live in enumerate(always)
        ]

    def _branches(self, target: str) -> list[bool | None]:
        """Return whether each branch is compiled in a build."""
        build = Build(target)
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
        self._places: list[tuple[_Chain, int] | None] = [None]
        chains: list[_Chain] = []
        marks: list[tuple[Directive, str, _Chain, int]] = []
        self._walk(chains, marks)
        for chain in chains:  # in order of opening: parents first
            chain.resolve()
        self._states = [_LIVE if place is None else self._state(place) for place in self._places]
        self.marks = tuple(
            Mark(item.start, item.end, keyword, index >= 0 and chain.states[index].disabled)
            for item, keyword, chain, index in marks
        )

    def _walk(self, chains: list[_Chain], marks: list[tuple[Directive, str, _Chain, int]]) -> None:
        open_chains: list[_Chain] = []
        directives = self._lexed.directives
        for position, item in enumerate(directives):
            if item.keyword in ("if", "ifdef", "ifndef"):
                parent = (open_chains[-1], len(open_chains[-1].conditions) - 1) if open_chains else None
                following = directives[position + 1] if position + 1 < len(directives) else None
                chain = _Chain(parent, unconditional=self._is_include_guard(item, following))
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
                continue
            self._enter(item.start, (chain, -1))
            index = len(chain.conditions) - 1 if keyword != "endif" else -1
            self._enter(item.end, (chain, index) if index >= 0 else chain.parent)
            marks.append((item, keyword, chain, index))

    def _enter(self, offset: int, place: tuple[_Chain, int] | None) -> None:
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

    def _state(self, place: tuple[_Chain, int]) -> State:
        chain, index = place
        return chain.own if index < 0 else chain.states[index]

    def state(self, offset: int) -> State:
        """Return the state of a place."""
        return self._states[bisect.bisect_right(self._offsets, offset) - 1]

    def is_conditional(self, offset: int) -> bool:
        """Tell whether a place is inside a condition other than an include guard."""
        place = self._places[bisect.bisect_right(self._offsets, offset) - 1]
        return place is not None and place[0].conditional

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


_INCLUDE = re.compile(r"\s*(?:<([^>\r\n]*)>|\"([^\"\r\n]*)\")")


def include_path(lexed: Lexed, item: Directive) -> str:
    """Return the path that an include directive names, or nothing when a macro gives it."""
    found = _INCLUDE.match(lexed.text, item.body, item.end)
    return (found[1] or found[2] or "") if found else ""
