"""Checks on a rule pack beyond its types: what an author forgets."""

from __future__ import annotations

import csv
import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from migrate.model import Rule, Status, glob_regex
from migrate.rulebook import PACKAGE, Answers, Rulebook
from migrate.rulebook.loading import DOCUMENTED_ABSENT, NOT_FOUND, Row
from migrate.rulebook.names import unlisted

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
    return problems + _same_matchers(book, set(ids)) + _dead_ids(book)


def _same_matchers(book: Rulebook, ids: Collection[str]) -> list[str]:
    """Name rules that can never fire, since one that goes first by its id asks for all they ask for."""
    owners: dict[tuple[object, ...], list[str]] = defaultdict(list)
    asked: dict[str, list[tuple[object, ...]]] = {}
    for id_ in sorted(book.rules):
        asked[id_] = list(_asked(book.rules[id_]))
        for question in asked[id_]:
            owners[question].append(id_)
    problems = []
    for id_ in sorted(ids):
        earlier = [{owner for owner in owners[question] if owner < id_} for question in asked[id_]]
        if earlier and (same := set.intersection(*earlier)):
            problems.append(f"{id_}: matches nothing that {min(same)} does not match first")
    return problems


def _asked(rule: Rule) -> Iterator[tuple[object, ...]]:
    """Yield everything that a rule asks for, one by one."""
    exclude = repr(rule.exclude)
    for language, matchers in rule.match.items():
        for matcher in matchers:
            kinds = matcher.kind if isinstance(matcher.kind, tuple) else (matcher.kind,)
            names = (*matcher.names, matcher.name, f"table {matcher.table}" if matcher.table else None)
            arguments = tuple(sorted(matcher.args.items()))
            for kind in kinds:
                for name in filter(None, names):
                    yield language, kind, name, arguments, tuple(sorted(matcher.absent)), exclude


def _dead_ids(book: Rulebook) -> list[str]:
    """Name ids that stand for nothing: libraries of defaults, former ids that are in use."""
    problems = [
        f"target {id_}: unknown_library names {library!r}, which is no library"
        for id_, answers in book.targets.items()
        for library in answers.target.unknown_library
        if library not in book.libraries and library != PACKAGE
    ]
    former: dict[str, list[str]] = defaultdict(list)
    for rule in book.rules.values():
        for old in rule.was:
            former[old].append(rule.id)
    problems += [
        f"{rules[0]}: its former id {old!r} is a rule's id" for old, rules in former.items() if old in book.rules
    ]
    return problems + [
        f"{', '.join(rules)}: the same former id {old!r}" for old, rules in former.items() if len(rules) > 1
    ]


def table_errors(book: Rulebook, root: Path) -> list[str]:
    """Name what is wrong with the tables of a pack: order, sources, missing names without a way out."""
    problems = [
        f"{path.relative_to(root).as_posix()}: rows are not sorted by name, or one stands twice"
        for path in sorted(root.glob("cuda/*.csv")) + sorted(root.glob("targets/*/*.csv"))
        if path.stem in {"symbols", "packages"} and not _is_sorted(path)
    ]
    for id_, answers in book.targets.items():
        folder = root / "targets" / id_
        # Families of ways out show that somebody has gone through all that the target lacks.
        complete = (folder / "ways.csv").is_file()
        for row in answers.symbols.values():
            found = _row_problems(row, answers, known=row.name in book.symbols, complete=complete)
            problems += [f"targets/{id_}/symbols.csv: {row.name}: {problem}" for problem in found]
        problems += unlisted(answers, folder / "names.txt")
    return problems


def _row_problems(row: Row, answers: Answers, *, known: bool, complete: bool) -> Iterator[str]:
    if row.source not in answers.sources:
        yield f"no source {row.source!r} in symbols.yaml"
    if not known:
        yield "no such name in cuda/symbols.csv"
    if complete and row.status == Status.MISSING:
        if not row.absence:
            yield f"missing, without saying {DOCUMENTED_ABSENT} or {NOT_FOUND}"
        if not (row.equivalent or row.note):
            yield "missing, without a way out"
    for chip in sorted(set(row.chips.split()) - {chip.id for chip in answers.target.chips}):
        yield f"target {answers.target.id} has no chip {chip!r}"


def _is_sorted(path: Path) -> bool:
    with path.open(encoding="utf-8", newline="") as stream:
        names = [fields[0] for fields in csv.reader(stream)][1:]
    return names == sorted(set(names))


def _unanswered(book: Rulebook, id_: str) -> list[str]:
    """Name the grown targets that answer a rule neither by a mapping nor by rows for the names it asks for."""
    matchers = [matcher for matchers in book.rules[id_].match.values() for matcher in matchers]
    asked = [name for matcher in matchers for name in (matcher.names or ((matcher.name,) if matcher.name else ()))]
    missing = []
    for target, answers in book.targets.items():
        if id_ in answers.mappings or answers.target.young:
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


def stale_sources(book: Rulebook, today: dt.date) -> list[str]:
    """Name the sources of tables that are due for another import."""
    return [
        f"target {id_}: source {key} is of {source.date}, more than {FRESH_MONTHS} months ago"
        for id_, answers in sorted(book.targets.items())
        for key, source in sorted(answers.sources.items())
        if source.importer and source.date and _months_since(source.date, today) > FRESH_MONTHS
    ]


def _months_since(month: str, today: dt.date) -> int:
    year, _, number = month.partition("-")
    return (today.year - int(year)) * 12 + today.month - int(number[:2])
