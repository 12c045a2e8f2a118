"""Literals that a file must hold before any rule can match in it: what makes skipping a file sound and cheap."""

from __future__ import annotations

import bisect
import itertools
import re
from collections.abc import Iterable

from ahocorasick_rs import AhoCorasick

from migrate.model import UseKind

_WORDS = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SHORTEST = 3
"""A shorter word in a glob would stand in nearly every file; it is no anchor for other names."""

_FIXED = {UseKind.ASM: "asm", UseKind.LAUNCH: "<<<"}
"""Inline assembly is anchored by its keyword, because macros build instructions from pieces; so are launches."""


def anchors_of(names: dict[UseKind, set[str]], globs: dict[UseKind, set[str]]) -> set[str]:
    """Return literals, one of which stands in every text that can give a use of these names.

    A dotted name is anchored by its longest part, since aliases may hide any other but the imported ones stand in
    the import and the used ones at the use. A glob's words serve all names that hold them.

    Args:
        names: Exact names by kind.
        globs: Globs by kind.
    """
    anchors: set[str] = set()
    exact: set[str] = set()
    for kind in names.keys() | globs.keys():
        asked = itertools.chain(names.get(kind, ()), globs.get(kind, ()))
        if kind in _FIXED:
            anchors |= {_FIXED[kind]}
            anchors |= {anchor(name) for name in asked if kind == UseKind.LAUNCH and name != "<<<>>>"}
        else:
            anchors |= {anchor(glob) for glob in globs.get(kind, ())}
            exact |= names.get(kind, set())
    return (anchors | {anchor(name) for name in _uncovered(exact, anchors)}) - {""}


def anchor(name: str) -> str:
    """Return the longest word of a name or glob."""
    return max(_WORDS.findall(name.replace("[A-Z]", "*")), key=len, default=name.strip("*"))


def _uncovered(names: set[str], anchors: Iterable[str]) -> set[str]:
    """Return the names that hold none of the anchors, in one pass over all of them."""
    stems = sorted(anchor for anchor in anchors if len(anchor) >= _SHORTEST)
    if not stems:
        return names
    ordered = sorted(names)
    starts = list(itertools.accumulate((len(name) + 1 for name in ordered), initial=0))
    covered = {
        bisect.bisect_right(starts, start) - 1
        for _, start, _ in AhoCorasick(stems).find_matches_as_indexes("\n".join(ordered))
    }
    return {name for number, name in enumerate(ordered) if number not in covered}
