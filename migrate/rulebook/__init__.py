"""The rule book: what lock-in looks like, and how each target answers it.

`Rulebook.match` turns a use into a rule, `Rulebook.answer` a rule and a symbol into a target's answer. A curated rule
claims its uses before any table does, so that nothing counts twice.
"""

from __future__ import annotations

from migrate.rulebook.answers import Answers, Platform, effort_class
from migrate.rulebook.book import PACKAGE, PACKAGES, Match, Rulebook, close_names, lowest
from migrate.rulebook.packs import load, shipped

__all__ = [
    "PACKAGE",
    "PACKAGES",
    "VERSION",
    "Answers",
    "Match",
    "Platform",
    "Rulebook",
    "close_names",
    "effort_class",
    "load",
    "lowest",
    "shipped",
]

VERSION = "2026.11"
"""Of the shipped rule pack: year and month of its last review."""
