"""Checks on a rule pack beyond its types: what an author forgets."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable

from migrate.model import glob_regex
from migrate.rulebook import Rulebook

FRESH_MONTHS = 12
"""An answer older than this is checked again; vendors release several times a year. Judgement."""


def errors(book: Rulebook, ids: Iterable[str]) -> list[str]:
    """Name what makes rules unfit to ship."""
    problems = []
    examples: dict[str, list[str]] = defaultdict(list)
    for id_ in ids:
        rule = book.rules[id_]
        if not any(example.flags for example in rule.examples):
            problems.append(f"{id_}: no example that it flags")
        if not any(example.passes for example in rule.examples):
            problems.append(f"{id_}: no example that it passes")
        if not rule.refs:
            problems.append(f"{id_}: no reference")
        problems += [
            f"{id_}: {ref!r} is not an openable reference" for ref in rule.refs if not ref.startswith("https://")
        ]
        for text in (rule.title, rule.why):
            if not text.strip():
                problems.append(f"{id_}: title and why must say something")
        problems += _unanswered(book, id_)
        for example in rule.examples:
            if example.flags:
                examples[example.flags.strip()].append(id_)
    problems += [f"{', '.join(same)}: the same example" for same in examples.values() if len(same) > 1]
    return problems


def _unanswered(book: Rulebook, id_: str) -> list[str]:
    """Name the targets that answer a rule neither by a mapping nor by rows for the names it asks for."""
    matchers = [matcher for matchers in book.rules[id_].match.values() for matcher in matchers]
    asked = [name for matcher in matchers for name in (matcher.names or ((matcher.name,) if matcher.name else ()))]
    missing = []
    for target, answers in book.targets.items():
        if id_ in answers.mappings:
            continue
        unknown = [name for name in asked if not _has_row(name, answers.symbols)]
        if unknown:
            missing.append(
                f"{id_}: target {target} does not answer it (no mapping, and no row for {', '.join(unknown[:3])})"
            )
    return missing


def _has_row(name: str, rows: Collection[str]) -> bool:
    if "*" not in name:
        return name in rows
    pattern = glob_regex((name,))
    return any(pattern.match(row) for row in rows)


def warnings(book: Rulebook, ids: Iterable[str], today: dt.date) -> list[str]:
    """Name what should be looked at again."""
    problems = []
    for id_ in ids:
        for target, answers in book.targets.items():
            mapping = answers.mappings.get(id_)
            if mapping is None:
                continue
            if not mapping.verified:
                problems.append(f"{id_}: {target}: the answer has no date in `verified`")
            elif _months_since(mapping.verified, today) > FRESH_MONTHS:
                problems.append(
                    f"{id_}: {target}: last verified {mapping.verified}, more than {FRESH_MONTHS} months ago"
                )
    return problems


def _months_since(month: str, today: dt.date) -> int:
    year, _, number = month.partition("-")
    return (today.year - int(year)) * 12 + today.month - int(number[:2])
