"""A language's matchers, found by kind and name, and what it takes for one to hold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from migrate.model import Matcher, Rule, Use, UseKind, glob_regex


class Entry(NamedTuple):
    """One name, glob or table of a rule's matcher."""

    rule: Rule
    matcher: Matcher
    name: str
    precision: int
    """Length of the literal part of a glob; a longer one is more specific."""


_EXACT, _GLOB = 4, 2


class Index:
    """A language's matchers by kind and name."""

    def __init__(self) -> None:
        self.exact: dict[UseKind, dict[str, list[Entry]]] = defaultdict(dict)
        self.globs: dict[UseKind, list[Entry]] = defaultdict(list)
        self.tables: dict[UseKind, list[Entry]] = defaultdict(list)

    def add(self, rule: Rule, matcher: Matcher) -> None:
        """Enter a matcher under all its kinds and names."""
        kinds = matcher.kind if isinstance(matcher.kind, tuple) else (matcher.kind,)
        names = matcher.names or ((matcher.name,) if matcher.name else ())
        for kind in kinds:
            for name in names:
                if "*" in name or "[A-Z]" in name:
                    self.globs[kind].append(Entry(rule, matcher, name, len(name.replace("*", ""))))
                else:
                    self.exact[kind].setdefault(name, []).append(Entry(rule, matcher, name, len(name)))
            if matcher.table:
                self.tables[kind].append(Entry(rule, matcher, matcher.table, 0))

    def candidates(self, kind: UseKind, name: str) -> Iterable[tuple[Entry, int]]:
        """Yield the entries that a name passes, with the rank of how they name it."""
        for entry in self.exact.get(kind, {}).get(name, ()):
            yield entry, _EXACT
        for entry in self.globs.get(kind, ()):
            if glob_regex((entry.name,)).match(name):
                yield entry, _GLOB


def holds(matcher: Matcher, use: Use) -> bool:
    """Tell whether a matcher's conditions on arguments hold."""
    if any(argument in use.args for argument in matcher.absent):
        return False
    return all(
        argument in use.args and glob_regex((wanted,)).match(use.args[argument])
        for argument, wanted in matcher.args.items()
    )


def matches(matcher: Matcher, use: Use) -> bool:
    """Tell whether a matcher holds for a use in all it asks."""
    kinds = matcher.kind if isinstance(matcher.kind, tuple) else (matcher.kind,)
    names = matcher.names or ((matcher.name,) if matcher.name else ())
    named = not names or glob_regex(names).match(use.name)
    return use.kind in kinds and bool(named) and holds(matcher, use)
