"""The rule book itself: from a use to the rule that claims it, from a rule and a symbol to a target's answer."""

from __future__ import annotations

import functools
import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from migrate.model import (
    Answer,
    Area,
    Basis,
    Change,
    Confidence,
    EditSpec,
    Effort,
    Mapping,
    NameSet,
    Response,
    Rule,
    Status,
    Target,
    Use,
    UseKind,
    Variant,
    Vocabulary,
    glob_regex,
)
from migrate.rulebook.anchors import anchors_of
from migrate.rulebook.index import Entry, Index, holds, matches
from migrate.rulebook.loading import Library, Package, Row, Symbol

PACKAGE = "package"
"""The library of everything that is installed by name."""

PACKAGES = "packages"
"""The table of distributions; its names are package names for dependencies and module names for imports."""


class Match(NamedTuple):
    """The rule that claims a use, and what it stands for in the tables."""

    rule: Rule
    symbol: str
    """Name to look up and to show."""
    library: str
    known: bool
    """False when only a library's prefix recognised the name."""


@dataclass(eq=False)
class Answers:
    """All that one target has to say."""

    target: Target
    mappings: dict[str, Mapping] = field(default_factory=dict)
    symbols: dict[str, Row] = field(default_factory=dict)
    packages: dict[str, Row] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)


@dataclass(eq=False)
class Rulebook:
    """All packs joined and indexed. Build it with `load`."""

    rules: dict[str, Rule]
    targets: dict[str, Answers]
    libraries: dict[str, Library]
    symbols: dict[str, Symbol]
    packages: dict[str, Package]
    prices: dict[str, Effort]
    hash: str
    packs: tuple[str, ...]

    @functools.cached_property
    def _imports(self) -> dict[str, Package]:
        return {module: package for package in self.packages.values() for module in package.imports}

    @functools.cache  # noqa: B019 - a rule book lives as long as the process
    def _index(self, language: str) -> Index:
        index = Index()
        for rule in sorted(self.rules.values(), key=lambda rule: rule.id):
            for matcher in (*rule.match.get(language, ()), *rule.match.get("any", ())):
                index.add(rule, matcher)
        return index

    # ------------------------------------------------------------------------------------------------ vocabulary

    @functools.cache  # noqa: B019 - a rule book lives as long as the process
    def vocabulary(self, language: str) -> Vocabulary:
        """Return what the front end of a language must look for."""
        exact: dict[UseKind, set[str]] = defaultdict(set)
        globs: dict[UseKind, set[str]] = defaultdict(set)
        index = self._index(language)
        for kind, listed in index.exact.items():
            exact[kind] |= listed.keys()
        for kind, entries in index.globs.items():
            globs[kind] |= {entry.name for entry in entries}
        for kind, entries in index.tables.items():
            for entry in entries:
                exact[kind] |= self._table_names(entry.name, kind)
                globs[kind] |= set(self._table_globs(entry.name, kind))
        anchors = anchors_of(exact, globs)
        names = {
            kind: NameSet(exact=frozenset(exact[kind]), globs=tuple(sorted(globs[kind])))
            for kind in sorted(exact.keys() | globs.keys())
        }
        return Vocabulary(anchors=tuple(sorted(anchors)), names=names)

    def _table_names(self, table: str, kind: UseKind) -> set[str]:
        if table == PACKAGES:
            return set(self._imports) if kind == UseKind.IMPORT else set(self.packages)
        return self._libraries_symbols.get(table, set())

    def _table_globs(self, table: str, kind: UseKind) -> tuple[str, ...]:
        if table == PACKAGES:
            return tuple(f"{module}.*" for module in self._imports) if kind == UseKind.IMPORT else ()
        return self.libraries[table].names

    @functools.cached_property
    def _libraries_symbols(self) -> dict[str, set[str]]:
        names: dict[str, set[str]] = defaultdict(set)
        for symbol in self.symbols.values():
            names[symbol.library].add(symbol.name)
        return names

    # -------------------------------------------------------------------------------------------------- matching

    def match(self, language: str, use: Use) -> Match | None:
        """Return the rule that claims a use, or None when no rule asks for it."""
        named, tabled = self._candidates(language, use.kind, use.name)
        best: tuple[tuple[int, int], Entry] | None = None
        for entry, rank in named:
            if not holds(entry.matcher, use) or any(matches(other, use) for other in entry.rule.exclude):
                continue
            key = (-rank - (1 if entry.matcher.args or entry.matcher.absent else 0), -entry.precision)
            if best is None or key < best[0]:
                best = (key, entry)
        if best is not None:
            return self._named(best[1].rule, use)
        for entry, known in tabled:
            if holds(entry.matcher, use) and not any(matches(other, use) for other in entry.rule.exclude):
                symbol = package.name if entry.name == PACKAGES and (package := self.package_of(use)) else use.name
                return Match(entry.rule, symbol, PACKAGE if entry.name == PACKAGES else entry.name, known)
        return None

    @functools.lru_cache(maxsize=100_000)  # noqa: B019 - a rule book lives as long as the process
    def _candidates(
        self, language: str, kind: UseKind, name: str
    ) -> tuple[tuple[tuple[Entry, int], ...], tuple[tuple[Entry, bool], ...]]:
        """Return the matchers that a name passes: by name with rank, by table with whether it is listed."""
        index = self._index(language)
        tabled = []
        for entry in index.tables.get(kind, ()):
            known = self._listed(entry.name, kind, name)
            if known is not None:
                tabled.append((entry, known))
        return tuple(index.candidates(kind, name)), tuple(tabled)

    def _listed(self, table: str, kind: UseKind, name: str) -> bool | None:
        """Tell whether a table lists a name (True), a library's glob recognises it (False), or neither (None)."""
        if table == PACKAGES:
            return True if self._package(kind, name) else None
        symbol = self.symbols.get(name)
        if symbol is not None:
            return True if symbol.library == table else None
        globs = self.libraries[table].names
        return False if globs and glob_regex(globs).match(name) else None

    def _named(self, rule: Rule, use: Use) -> Match:
        """Say what a curated rule's use stands for in the tables."""
        if package := self.package_of(use):
            return Match(rule, package.name, PACKAGE, known=True)
        if use.kind == UseKind.DEPENDENCY:
            return Match(rule, use.name, PACKAGE, known=True)
        symbol = self.symbols.get(use.name)
        # A rule about a library names it in its id, also when no table lists the library's names.
        library = symbol.library if symbol else self._library_of(use.name)
        if not library:
            library = rule.id.removeprefix("library-") if rule.area == Area.LIBRARY else rule.area
        return Match(rule, use.symbol or use.name, library, known=True)

    def package_of(self, use: Use) -> Package | None:
        """Return the package a dependency or an import stands for."""
        return self._package(use.kind, use.name)

    def _package(self, kind: UseKind, name: str) -> Package | None:
        if kind == UseKind.DEPENDENCY:
            return self.packages.get(name)
        if kind != UseKind.IMPORT:
            return None
        module = name
        while module:
            if package := self._imports.get(module):
                return package
            module = module.rpartition(".")[0]
        return None

    @functools.lru_cache(maxsize=100_000)  # noqa: B019 - a rule book lives as long as the process
    def _library_of(self, name: str) -> str:
        for library, globs in self._library_globs:
            if globs.match(name):
                return library
        return ""

    @functools.cached_property
    def _library_globs(self) -> list[tuple[str, re.Pattern[str]]]:
        return [(id_, glob_regex(library.names)) for id_, library in self.libraries.items() if library.names]

    # --------------------------------------------------------------------------------------------------- answers

    def answer(self, match: Match, use: Use, target: str, chip: str) -> Answer:
        """Say what a target makes of a matched use.

        Args:
            match: From `match`.
            use: The use; what it is guarded by decides whether anything is left to do.
            target: Target id.
            chip: Chip id, one of the target's.
        """
        guarded = "*" in use.guarded_by or target in use.guarded_by
        return self._answer(match.rule.id, match.symbol, match.library, target, chip, guarded)

    def answer_name(self, match: Match, target: str, chip: str) -> Answer:
        """Say what a target makes of a name, wherever it stands."""
        return self._answer(match.rule.id, match.symbol, match.library, target, chip, False)

    @functools.lru_cache(maxsize=200_000)  # noqa: B019 - a rule book lives as long as the process
    def _answer(self, rule: str, symbol: str, library: str, target: str, chip: str, guarded: bool) -> Answer:  # noqa: PLR0917 - a cache key
        match = Match(self.rules[rule], symbol, library, known=True)
        book = self.targets[target]
        mapping = book.mappings.get(match.rule.id)
        if mapping is not None:
            answer = self._from_mapping(match, mapping, book, chip)
        else:
            answer = self._from_tables(match, book)
        if not guarded:
            return answer
        return Answer(
            status=Status.SUPPORTED,
            change=Change.NONE,
            equivalent=answer.equivalent,
            basis=answer.basis,
            source=answer.source,
            guarded=True,
            note=answer.note,
        )

    def _from_mapping(self, match: Match, mapping: Mapping, book: Answers, chip: str) -> Answer:
        """Take the answer that is written for the rule, or the variant that the chip asks for."""
        chosen = _variant(mapping, chip)
        effort = chosen.effort
        if effort is None:
            effort = self._price(book, chosen.change, match)
        elif not effort.key:
            effort = msgspec.structs.replace(effort, key=match.rule.id, source=effort.source or "judgement")
        refs = chosen.refs or mapping.refs or match.rule.refs
        return Answer(
            status=chosen.status,
            change=chosen.change,
            equivalent=chosen.equivalent or mapping.equivalent,
            basis=Basis.CURATED if chosen.status != Status.UNKNOWN else Basis.NONE,
            source=refs[0] if refs else "",
            effort=effort if chosen.change != Change.NONE else None,
            shared_fix=chosen.shared_fix,
            condition=f"chip {chip}" if isinstance(chosen, Variant) and chosen.condition.chips else "",
            note=chosen.notes if isinstance(chosen, Variant) else "",
        )

    def _from_tables(self, match: Match, book: Answers) -> Answer:
        """Take the name's row, else what the target says of the whole library, else nothing."""
        rows = book.packages if match.library == PACKAGE else book.symbols
        if row := rows.get(match.symbol):
            return Answer(
                status=row.status,
                change=row.change,
                equivalent=row.equivalent,
                basis=Basis.TABLE,
                source=book.sources.get(row.source, row.source),
                effort=self._price(book, row.change, match),
                note=row.note,
            )
        change = book.target.unknown_library.get(match.library)
        if change is not None:
            return Answer(
                status=Status.PARTIAL,
                change=change,
                equivalent="",
                basis=Basis.DEFAULT,
                source=f"default of target {book.target.id} for {match.library}",
                effort=self._price(book, change, match),
            )
        return Answer(
            status=Status.UNKNOWN,
            change=None,
            equivalent="",
            basis=Basis.NONE,
            source="no row and no rule answers it",
            effort=self._price(book, None, match),
        )

    def _price(self, book: Answers, change: Change | None, match: Match) -> Effort | None:
        """Return the price of the change class, shared by all that changes alike in one library or area."""
        if change == Change.NONE:
            return None
        area = match.rule.area
        price_class = effort_class(change, area)
        price = book.target.effort.get(price_class) or self.prices[price_class]
        return msgspec.structs.replace(price, key=f"{price_class}:{match.library or area}")

    def edit(self, rule_id: str, symbol: str, target: str, chip: str) -> EditSpec | None:
        """Return how a machine makes the change, or None when nothing describes it."""
        book = self.targets[target]
        mapping = book.mappings.get(rule_id)
        if mapping is not None:
            return _variant(mapping, chip).edit
        row = book.symbols.get(symbol)
        if row is None or row.change != Change.RENAME or not row.equivalent:
            return None
        known = self.symbols.get(symbol)
        if known is not None and "." in symbol:
            return EditSpec(rename={symbol: row.equivalent})
        return EditSpec(identifier={symbol: row.equivalent})


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


def _variant(mapping: Mapping, chip: str) -> Response:
    for variant in mapping.when:
        if not variant.condition.chips or chip in variant.condition.chips:
            return variant
    return mapping


def close_names(book: Rulebook, name: str) -> list[str]:
    """Return up to three known names that a misspelt one may mean."""
    import difflib

    return difflib.get_close_matches(name, [*book.rules, *book.packages, *book.symbols], n=3, cutoff=0.8)


def lowest(*levels: Confidence) -> Confidence:
    """Return the weakest of several confidences."""
    order = (Confidence.LOW, Confidence.MEDIUM, Confidence.HIGH)
    return min(levels, key=order.index)
