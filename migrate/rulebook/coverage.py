"""How much of CUDA's public surface is recognised, and how much of it each target answers, and on which basis."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from migrate.model import Basis, Span, Status, Struct, Use, UseKind
from migrate.rulebook.answers import unmet
from migrate.rulebook.book import PACKAGE, Match, Rulebook
from migrate.rulebook.loading import DOCUMENTED_ABSENT, NOT_FOUND

_SHAPES = {
    "attribute": (UseKind.ATTRIBUTE,),
    "device_function": (UseKind.CALL, UseKind.NAME),
    "enum": (UseKind.NAME,),
    "function": (UseKind.CALL, UseKind.NAME),
    "header": (UseKind.INCLUDE,),
    "macro": (UseKind.NAME, UseKind.MACRO, UseKind.CALL, UseKind.PRAGMA),
    "module": (UseKind.IMPORT, UseKind.ATTRIBUTE),
    "type": (UseKind.NAME, UseKind.CALL),
}
"""Kind of a name -> how code uses it, most often first."""

_LANGUAGES = ("cuda", "python")
_NOWHERE = Span(line=1, column=1, end_line=1, end_column=1)


class Answered(Struct, frozen=True):
    """How one target answers a library's names."""

    basis: dict[Basis, int]
    """Basis -> names; they add up to all names of the library."""
    documented_absent: int
    """Names that are missing because a source says so."""
    not_found_in: dict[str, int]
    """SOURCE@VERSION -> names that are missing because that source does not have them."""
    missing_otherwise: int
    """Names that a rule written by hand calls missing."""


class Covered(Struct, frozen=True):
    """How one library is covered."""

    library: str
    title: str
    names: int
    recognised: int
    """Names that some rule claims; the others can only be looked up."""
    targets: dict[str, Answered]


def coverage(book: Rulebook, targets: Iterable[str]) -> tuple[Covered, ...]:
    """Return how each library is covered, by library; packages come last, as a library of their own.

    Args:
        book: The rule book, at the versions that answers are asked for.
        targets: Ids of targets.
    """
    ids = tuple(targets)
    members: dict[str, list[tuple[str, Match | None]]] = defaultdict(list)
    for symbol in book.symbols.values():
        members[symbol.library].append((symbol.name, claim(book, symbol.name)))
    for name in book.packages:
        members[PACKAGE].append((name, claim(book, name)))
    return tuple(
        Covered(
            library=library,
            title=book.libraries[library].title if library in book.libraries else "packages",
            names=len(members[library]),
            recognised=sum(match is not None for _, match in members[library]),
            targets={target: _answered(book, target, members[library]) for target in ids},
        )
        for library in sorted(members, key=lambda library: (library == PACKAGE, library))
    )


def claim(book: Rulebook, name: str) -> Match | None:
    """Return the rule that claims a name of the tables where it is used as what it is, or None when none does."""
    for language, use in _uses(book, name):
        if match := book.match(language, use):
            return match
    return None


def _uses(book: Rulebook, name: str) -> Iterator[tuple[str, Use]]:
    symbol = book.symbols.get(name)
    if symbol is None:
        yield "requirements", Use(kind=UseKind.DEPENDENCY, name=name, span=_NOWHERE, text=name)
        return
    for kind in _SHAPES[symbol.kind]:
        for language in _LANGUAGES:
            yield language, Use(kind=kind, name=name, span=_NOWHERE, text=name)


def _answered(book: Rulebook, target: str, members: Iterable[tuple[str, Match | None]]) -> Answered:
    basis = Counter(dict.fromkeys(Basis, 0))
    absent: Counter[str] = Counter()
    for name, match in members:
        if match is None:
            listed = name in book.targets[target].symbols or name in book.targets[target].packages
            basis[Basis.TABLE if listed else Basis.NONE] += 1
            continue
        answer = book.answer_name(match, target, book.platform(target).chip)
        basis[answer.basis] += 1
        if answer.status == Status.MISSING:
            absent[_absence(book, target, match) if answer.basis == Basis.TABLE else ""] += 1
    documented, otherwise = absent.pop(DOCUMENTED_ABSENT, 0), absent.pop("", 0)
    return Answered(
        basis=dict(basis),
        documented_absent=documented,
        not_found_in=dict(sorted(absent.items())),
        missing_otherwise=otherwise,
    )


def _absence(book: Rulebook, target: str, match: Match) -> str:
    """Return how a missing row knows it: a document, SOURCE@VERSION, or nothing."""
    answers = book.targets[target]
    row = (answers.packages if match.library == PACKAGE else answers.symbols)[match.symbol]
    if unmet(row, book.platform(target)):
        return DOCUMENTED_ABSENT
    return answers.stamp(row.source) if row.absence == NOT_FOUND else row.absence
