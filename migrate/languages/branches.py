"""Branches of build files: which platform the conditions around a place ask about."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from migrate.languages.python_guards import TARGET_WORDS

_TARGET_WORDS = TARGET_WORDS | {
    "ascendc": "cann",
    "hccl": "cann",
    **dict.fromkeys(("hcc", "hipcc", "miopen", "rccl"), "rocm"),
    "sycl": "intel",
}
_NVIDIA_WORDS = frozenset({"cuda", "cudatoolkit", "cudnn", "nccl", "nvcc", "nvidia"})
_WORD = re.compile(r"[A-Za-z0-9]++")


def condition_targets(values: Iterable[str]) -> set[str]:
    """Return the targets that a condition names: `USE_ROCM`, `HIP_FOUND`, `DEVICE STREQUAL "npu"`."""
    words = (word.lower() for value in values for word in _WORD.findall(value))
    return {_TARGET_WORDS[word] for word in words if word in _TARGET_WORDS}


def _shape(condition: Iterable[str]) -> str:
    """Return a condition with every platform's name left out: that of `USE_CUDA` is that of `USE_ROCM`."""

    def platform(found: re.Match[str]) -> str:
        word = found[0].lower()
        return "*" if word in _NVIDIA_WORDS or word in _TARGET_WORDS else word

    return " ".join(_WORD.sub(platform, " ".join(condition)).split())


def _asks_for_cuda(condition: Iterable[str]) -> bool:
    return any(word.lower() in _NVIDIA_WORDS for value in condition for word in _WORD.findall(value))


class _Chain(NamedTuple):
    """An `if` with all its branches, or the file's top level."""

    parent: int
    targets: set[str]
    shape: str = ""
    """Its first condition without the names of platforms."""
    answerable: bool = False
    """Its first condition asks for CUDA and for no target, so that a condition of the same shape may answer it."""


class Branches:
    """Follows conditions through a file, and tells afterwards who has a branch around each place.

    Every branch of a chain counts, also those before the one that names the target: whoever wrote
    `if(USE_CUDA) ... elseif(USE_ROCM)` has answered the first branch in the second. So has whoever wrote
    `if(USE_CUDA) ... endif()` and, on the same level, `if(USE_ROCM) ... endif()`.
    """

    def __init__(self) -> None:
        self._chains = [_Chain(0, set())]
        self._stack = [0]

    @property
    def here(self) -> int:
        """Number of the chain that is open, to ask `guards` about later."""
        return self._stack[-1]

    def open(self, condition: Iterable[str]) -> None:
        """Begin a chain with its first condition."""
        values = list(condition)
        targets = condition_targets(values)
        answerable = not targets and _asks_for_cuda(values)
        self._chains.append(_Chain(self._stack[-1], targets, _shape(values), answerable))
        self._stack.append(len(self._chains) - 1)

    def alternative(self, condition: Iterable[str]) -> None:
        """Go on to another branch of the chain."""
        if self._stack[-1]:
            self._chains[self._stack[-1]].targets.update(condition_targets(condition))

    def close(self) -> None:
        """End the chain."""
        if len(self._stack) > 1:
            self._stack.pop()

    def guards(self) -> list[tuple[str, ...]]:
        """Return, by number of the chain, the targets that it and the chains around it tell apart."""
        known: list[tuple[str, ...]] = []
        answers = self._answers()
        for number, chain in enumerate(self._chains):  # an outer chain stands before its inner ones
            if number:
                chain.targets.update(known[chain.parent])
            if chain.answerable:
                chain.targets.update(answers.get((chain.parent, chain.shape), ()))
            known.append(tuple(sorted(chain.targets)))
        return known

    def _answers(self) -> dict[tuple[int, str], set[str]]:
        """Return, by parent and shape, the targets that a chain of its own is written for."""
        found: dict[tuple[int, str], set[str]] = defaultdict(set)
        for chain in self._chains[1:]:
            if chain.targets and not chain.answerable:
                found[chain.parent, chain.shape].update(chain.targets)
        return found
