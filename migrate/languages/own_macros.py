"""Macros that a file defines for itself, so far as they decide for whom a branch is compiled.

Many projects name a platform once (`#define ON_AMD defined(__HIPCC__)`, or `1` in one branch and `0` in another) and
ask for their own name from then on. Only what the file itself settles counts: a default that a build may override, a
macro with parameters and whatever an unknown condition decides stay open.
"""

from __future__ import annotations

import bisect
import functools
from collections import defaultdict
from collections.abc import Set as AbstractSet
from typing import Final, NamedTuple, Protocol

from migrate.languages.conditions import UNDECIDED, Build, Expression, Undecided, Value, target_of

MOST_EVENTS: Final = 16
"""Definitions before a condition that are looked at; platform macros have two to four."""

MOST_STEPS: Final = 4
"""Macros that stand for one another before the reading gives up."""

LONGEST_BODY: Final = 1_000
"""A longer body is code, not a condition."""


class Branch(Protocol):
    """Where a definition stands."""

    def compiled(self, target: str) -> bool | None:
        """Tell whether a target's build compiles it."""
        ...

    def targets(self) -> AbstractSet[str]:
        """Return the targets that the conditions around it ask for."""
        ...


class Event(NamedTuple):
    """A definition, or its end."""

    offset: int
    branch: Branch | None
    body: str | None
    """Replacement; None for `#undef`."""
    default: bool
    """Stands in `#ifndef` of its own name, so that a build may have set it."""


class OwnMacros:
    """What a file's own macros are in a target's build."""

    def __init__(self) -> None:
        self._events: dict[str, list[Event]] = defaultdict(list)
        self._expressions: dict[str, Expression] = {}

    def note(self, macro: str, event: Event) -> None:
        """Add what a directive does to a macro; called in the order of the text."""
        self._events[macro].append(event)

    def build(self, target: str, before: int, steps: int = 0) -> Build:
        """Return a build in which own macros have the value that they have at an offset."""
        return Build(target, functools.partial(self._value, target=target, before=before, steps=steps))

    def targets(self, macro: str, before: int) -> set[str]:
        """Return the targets that a macro may stand for at an offset."""
        found: set[str] = set()
        seen = {macro}
        waiting = [macro]
        while waiting and len(seen) <= MOST_EVENTS:
            name = waiting.pop()
            if known := target_of(name):
                found.add(known)
                continue
            for event in self._before(name, before) if name in self._events else ():
                found |= event.branch.targets() if event.branch else set()
                new = set(self._expression(event.body).names) - seen if event.body else set()
                seen |= new
                waiting += sorted(new)
        return found

    def _before(self, macro: str, offset: int) -> list[Event]:
        events = self._events[macro]
        stop = bisect.bisect_left(events, offset, key=lambda event: event.offset)
        return events[max(0, stop - MOST_EVENTS) : stop]

    def _expression(self, body: str) -> Expression:
        known = self._expressions.get(body)
        if known is None:
            known = self._expressions[body] = Expression(body if len(body) <= LONGEST_BODY else "")
        return known

    def _value(self, macro: str, *, defined: bool, target: str, before: int, steps: int) -> Value | Undecided:
        """Return what a macro is; the last definition that the build compiles counts."""
        if macro not in self._events or steps > MOST_STEPS:
            return UNDECIDED
        events = self._before(macro, before)
        for event in reversed(events):
            compiled = event.branch.compiled(target) if event.branch else True
            if compiled is False:
                continue
            if compiled is None or event.default:
                return None
            if event.body is None:
                return 0
            if not target:  # a switch that is set in the file is there to be turned
                return None
            return 1 if defined else self._expression(event.body).number(self.build(target, event.offset, steps + 1))
        settled = bool(target) and 0 < len(events) < MOST_EVENTS and not any(event.default for event in events)
        return 0 if settled else UNDECIDED
