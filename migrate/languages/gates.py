"""The cheap question that comes first: can anything that is asked for stand in this text?"""

from __future__ import annotations

import functools
import re
from collections import Counter

from migrate.languages.lexical import anchors
from migrate.model import NameSet, UseKind, Vocabulary

_GAP = re.compile(r"\*|\[A-Z\]")
_WORD = re.compile(r"[A-Za-z0-9]{3,}")
_COMMON = frozenset(
    (
        *(
            "use",
            "with",
            "enable",
            "enabled",
            "disable",
            "version",
            "versions",
            "device",
            "devices",
            "node",
            "com",
            "all",
        ),
        *("arch", "setup", "run", "build", "list", "type", "name", "test", "compute", "attention", "visible", "memory"),
    )
)
"""Words that stand in files about anything, in lower case."""
_SHARED = 3
"""A word that so many names hold stands for all of them: few literals are found faster than many. Judgement."""


def literals(vocabulary: Vocabulary, *kinds: UseKind) -> tuple[str, ...]:
    """Return literals one of which stands in every text that can give a use of these kinds; options are left out.

    The vocabulary's own anchors serve all kinds together: the names of packages among them stand in nearly any text.
    """
    return _literals(*(vocabulary.names[kind] for kind in kinds if kind in vocabulary.names))


@functools.lru_cache(maxsize=32)
def _literals(*asked: NameSet) -> tuple[str, ...]:
    names = sorted({name for names in asked for name in (*names.exact, *names.globs) if not name.startswith("-")})
    words = {
        name: {word for word in _WORD.findall(_GAP.sub(" ", name)) if word.lower() not in _COMMON} for name in names
    }
    count = Counter(word for found in words.values() for word in found)
    found = set()
    for name in names:
        shared = max(sorted(words[name]), key=count.__getitem__, default="")
        found.add(shared if count[shared] >= _SHARED else max(_GAP.split(name), key=len))
    return tuple(sorted(found))


@functools.lru_cache(maxsize=32)
def fewest(words: tuple[str, ...]) -> tuple[str, ...]:
    """Leave out words that hold another one: a text without the shorter is one without the longer."""
    kept: list[str] = []
    for word in sorted({word for word in words if word}, key=lambda word: (len(word), word)):
        if not any(other in word for other in kept):
            kept.append(word)
    return tuple(kept)


def hits(text: str, wanted: tuple[str, ...]) -> list[tuple[int, int]]:
    """Return places of the literals in a text, in order."""
    return anchors(wanted).hits(text)
