"""What a check says: today's uses, which of them are new, and which of those are too many."""

from __future__ import annotations

from enum import StrEnum

from migrate.baseline import Identity
from migrate.config import Level
from migrate.model import CHANGE_ORDER, Change, Finding, Struct
from migrate.scan.suppression import Problem

_RANKS = {
    Level.ANY: CHANGE_ORDER[Change.NONE],
    Level.RENAME: CHANGE_ORDER[Change.RENAME],
    Level.ADAPT: CHANGE_ORDER[Change.ADAPT],
    Level.UNKNOWN: CHANGE_ORDER[None],
    Level.REWRITE: CHANGE_ORDER[Change.REWRITE],
    Level.BLOCKED: CHANGE_ORDER[Change.BLOCKED],
    Level.NEVER: len(CHANGE_ORDER),
}


def reaches(change: Change | None, level: Level) -> bool:
    """Tell whether an answer is at a level or worse."""
    return CHANGE_ORDER[change] >= _RANKS[level]


class State(StrEnum):
    """What a use is against the reference; the words are those of SARIF."""

    NEW = "new"
    UNCHANGED = "unchanged"


class Item(Struct, frozen=True):
    """One use of today."""

    finding: Finding
    identity: Identity
    worst: Change | None
    """Worst answer over the targets that have no branch of their own here."""
    guarded: bool
    """A target already has a branch of its own here, or the form is portable."""
    hours: float
    """Likely hours of one more such use, of the target that it is dearest for."""
    line: str
    """The whole source line that it begins on."""
    language: str
    """Front end id of the code that holds it."""
    portable: str = ""
    """What to write so that it suits every vendor; empty where there is no such form."""
    state: State = State.NEW
    fails: bool = False

    @property
    def counts(self) -> bool:
        """Tell whether it is lock-in that somebody has to answer for."""
        return not self.guarded and self.finding.suppressed is None


class MarkerProblem(Struct, frozen=True):
    """A suppression in a file that does not do what its author thinks."""

    path: str
    problem: Problem
    line: str


class Gone(Struct, frozen=True):
    """Lock-in that the reference knows and nothing of today stands for."""

    identity: Identity
    uses: int
    hours: float


class Card(Struct, frozen=True):
    """A rule as the one who meets it needs it."""

    title: str
    why: str
    refs: tuple[str, ...]


class Check(Struct, frozen=True):
    """The result of a check."""

    reference: str
    """What "new" is against, for a reader: `the baseline`, `HEAD`, `9fceb02`; empty when everything is new."""
    items: tuple[Item, ...]
    """By path and place."""
    problems: tuple[MarkerProblem, ...]
    gone: tuple[Gone, ...]
    rules: dict[str, Card]
    targets: dict[str, str]
    """Target id -> name."""
    level: Level
    files: int
    """Files that were judged."""
    notes: tuple[str, ...] = ()
    budget: float | None = None
    """Hours that new lock-in may cost more than what is gone; None when any is too much."""
    skipped: tuple[tuple[str, str], ...] = ()
    """Path and reason of files that could not be judged."""

    @property
    def failing(self) -> tuple[Item, ...]:
        """Return the uses that are new and too much."""
        return tuple(item for item in self.items if item.fails)

    @property
    def added_hours(self) -> float:
        """Return the hours of new lock-in."""
        return sum(item.hours for item in self.items if item.state is State.NEW and item.counts)

    @property
    def gone_hours(self) -> float:
        """Return the hours of what is gone."""
        return sum(gone.hours * gone.uses for gone in self.gone)

    @property
    def passed(self) -> bool:
        """Tell whether nothing stands against it."""
        if self.level is Level.NEVER:
            return True
        if self.problems:
            return False
        if self.budget is None:
            return not self.failing
        return self.added_hours - self.gone_hours <= self.budget + _CENT


_CENT = 0.005
"""Hours below which a difference is one of rounding."""
