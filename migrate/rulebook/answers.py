"""What one target says: its tables and mappings, and how an answer comes out of them for a chip and versions."""

from __future__ import annotations

from collections.abc import Mapping as Lookup
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from migrate.model import (
    Answer,
    Area,
    Basis,
    Change,
    Condition,
    EditSpec,
    Effort,
    Mapping,
    Response,
    Rule,
    Status,
    Target,
    Variant,
)
from migrate.rulebook.loading import Row, Source
from migrate.rulebook.versions import before, satisfies


@dataclass(eq=False)
class Answers:
    """All that one target has to say."""

    target: Target
    mappings: Lookup[str, Mapping] = field(default_factory=dict)
    symbols: Lookup[str, Row] = field(default_factory=dict)
    packages: Lookup[str, Row] = field(default_factory=dict)
    sources: Lookup[str, Source] = field(default_factory=dict)
    """Key of a table's `source` column -> the source."""

    def label(self, key: str) -> str:
        """Return title and version of a source; the key itself when nothing is known of it."""
        return self.sources[key].label if key in self.sources else key

    def stamp(self, key: str) -> str:
        """Return SOURCE@VERSION."""
        return self.sources[key].stamp(key) if key in self.sources else key


class Platform(NamedTuple):
    """What an answer is given for; an empty version stands for one that nobody stated."""

    chip: str
    stack: str = ""
    cuda: str = ""


class Subject(NamedTuple):
    """What an answer is about."""

    rule: Rule
    symbol: str
    library: str
    kind: str
    """Kind of the symbol in the CUDA surface; empty when it is not listed."""


VALUES = frozenset({"enum", "macro"})
"""Kinds of names that stand for a value: they fall with the call that takes them, and are changed with it."""


def from_mapping(subject: Subject, mapping: Mapping, book: Answers, platform: Platform, prices: Prices) -> Answer:
    """Take the answer that is written for the rule, or the variant that the platform asks for."""
    chosen = variant(mapping, platform)
    if chosen is mapping and platform.stack and not satisfies(platform.stack, mapping.target):
        return nothing(subject, book, prices, f"the answer is known for stack {mapping.target} only")
    effort = chosen.effort
    if effort is None:
        effort = prices.of(book.target, chosen.change, subject)
    elif not effort.key:
        effort = msgspec.structs.replace(effort, key=subject.rule.id, source=effort.source or "judgement")
    refs = chosen.refs or mapping.refs or subject.rule.refs
    return Answer(
        status=chosen.status,
        change=chosen.change,
        equivalent=chosen.equivalent or mapping.equivalent,
        basis=Basis.CURATED if chosen.status != Status.UNKNOWN else Basis.NONE,
        source=refs[0] if refs else "",
        effort=effort if chosen.change != Change.NONE else None,
        shared_fix=chosen.shared_fix,
        condition=_stated(chosen.condition, platform) if isinstance(chosen, Variant) else "",
        note=chosen.notes if isinstance(chosen, Variant) else "",
    )


def variant(mapping: Mapping, platform: Platform) -> Response:
    """Return the first variant whose condition holds, else the mapping's own answer."""
    return next((entry for entry in mapping.when if _holds(entry.condition, platform)), mapping)


def _holds(condition: Condition, platform: Platform) -> bool:
    if condition.chips and platform.chip not in condition.chips:
        return False
    return satisfies(platform.stack, condition.stack) and satisfies(platform.cuda, condition.cuda)


def _stated(condition: Condition, platform: Platform) -> str:
    parts = (
        (condition.chips, f"chip {platform.chip}"),
        (condition.stack, f"stack {platform.stack}"),
        (condition.cuda, f"CUDA {platform.cuda}"),
    )
    return ", ".join(text for given, text in parts if given)


def from_tables(subject: Subject, row: Row | None, book: Answers, platform: Platform, prices: Prices) -> Answer:
    """Take the name's row, else what the target says of the whole library, else nothing."""
    if row is not None:
        return _from_row(subject, row, book, platform, prices)
    change = book.target.unknown_library.get(subject.library)
    if change is None:
        return nothing(subject, book, prices, "no row and no rule answers it")
    return Answer(
        status=Status.PARTIAL,
        change=change,
        equivalent="",
        basis=Basis.DEFAULT,
        source=f"default of target {book.target.id} for {subject.library}",
        effort=prices.of(book.target, change, subject),
    )


def _from_row(subject: Subject, row: Row, book: Answers, platform: Platform, prices: Prices) -> Answer:
    status, change, condition, note = row.status, row.change, "", row.note
    if lost := unmet(row, platform):
        condition, reason = lost
        status, change = _without(row, subject.kind, signature_only=condition.startswith("CUDA"))
        note = "; ".join(filter(None, (reason, note)))
    return Answer(
        status=status,
        change=change,
        equivalent=row.equivalent,
        basis=Basis.TABLE,
        source=book.label(row.source),
        effort=prices.of(book.target, change, subject),
        condition=condition,
        note=note,
    )


def unmet(row: Row, platform: Platform) -> tuple[str, str] | None:
    """Return why a row does not hold on a platform (what was chosen, what is needed), or None when it holds."""
    stack = f"stack {platform.stack}"
    if row.since and before(platform.stack, row.since):
        return stack, f"came with version {row.since}"
    if row.until and platform.stack and not before(platform.stack, row.until):
        return stack, f"removed in version {row.until}"
    if row.chips and platform.chip not in row.chips.split():
        return f"chip {platform.chip}", f"only on {', '.join(row.chips.split())}"
    if row.cuda and platform.cuda and not satisfies(platform.cuda, row.cuda):
        return f"CUDA {platform.cuda}", f"the answer is for the signature of CUDA {row.cuda}"
    return None


def _without(row: Row, kind: str, *, signature_only: bool) -> tuple[Status, Change | None]:
    """Return status and change of a name whose row does not hold."""
    if row.status == Status.MISSING or row.change is None:
        return row.status, row.change
    if signature_only:
        return Status.PARTIAL, Change.ADAPT if row.change in {Change.NONE, Change.RENAME} else row.change
    return Status.MISSING, Change.ADAPT if kind in VALUES else Change.REWRITE


def nothing(subject: Subject, book: Answers, prices: Prices, reason: str) -> Answer:
    """Say that there is no answer, and price it as unknown: never as zero."""
    return Answer(
        status=Status.UNKNOWN,
        change=None,
        equivalent="",
        basis=Basis.NONE,
        source=reason,
        effort=prices.of(book.target, None, subject),
    )


def edit(mapping: Mapping | None, row: Row | None, symbol: str, platform: Platform) -> EditSpec | None:
    """Return how a machine makes the change, or None when nothing describes it."""
    if mapping is not None:
        return variant(mapping, platform).edit
    if row is None or row.change != Change.RENAME or not row.equivalent or unmet(row, platform):
        return None
    return EditSpec(rename={symbol: row.equivalent}) if "." in symbol else EditSpec(identifier={symbol: row.equivalent})


# ------------------------------------------------------------------------------------------------------ prices


@dataclass(frozen=True)
class Prices:
    """The prices of change classes."""

    classes: Lookup[str, Effort]

    def of(self, target: Target, change: Change | None, subject: Subject) -> Effort | None:
        """Return the price of the change class, shared by all that changes alike in one library or area."""
        if change == Change.NONE:
            return None
        area = subject.rule.area
        price_class = effort_class(change, area)
        price = target.effort.get(price_class) or self.classes[price_class]
        return msgspec.structs.replace(price, key=f"{price_class}:{subject.library or area}")


def effort_class(change: Change | None, area: Area) -> str:
    """Name the price class of `rules/model/effort.yaml` for a change in an area."""
    if change is None:
        return "unknown"
    if change == Change.RENAME:
        return "rename"
    by_area = _CLASS_OF_AREA.get(area, "adapt")
    if change == Change.ADAPT:
        return by_area
    return by_area if by_area in _NOTHING_TO_WRITE else "rewrite"


_CLASS_OF_AREA = {
    Area.LIBRARY: "library",
    Area.PACKAGE: "package",
    Area.DISTRIBUTED: "distributed",
    Area.BUILD: "build",
    Area.DEPLOY: "deploy",
    Area.PRECISION: "precision",
}
_NOTHING_TO_WRITE = frozenset({"distributed", "build", "deploy", "precision"})
"""Classes in which even the largest change is another setting, another build, another format."""
