"""The rule book itself: from a use to the rule that claims it, from a rule and a symbol to a target's answer."""

from __future__ import annotations

import functools
import re
from collections import defaultdict
from collections.abc import Mapping as Lookup
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from migrate.errors import ConfigError
from migrate.model import (
    Answer,
    Area,
    Change,
    Confidence,
    EditSpec,
    Effort,
    NameSet,
    Rule,
    Status,
    Use,
    UseKind,
    Vocabulary,
    glob_regex,
)
from migrate.rulebook import answers
from migrate.rulebook.anchors import anchors_of
from migrate.rulebook.answers import Answers, Platform, Prices, Subject
from migrate.rulebook.index import Entry, Index, holds, matches
from migrate.rulebook.loading import Library, Package, Symbol
from migrate.rulebook.versions import numbers

PACKAGE = "package"
"""The library of everything that is installed by name."""

PACKAGES = "packages"
"""The table of distributions; its names are package names for dependencies and module names for imports."""


ANY = "any"
"""Stands for every language in a rule's `match`."""


class Match(NamedTuple):
    """The rule that claims a use, and what it stands for in the tables."""

    rule: Rule
    symbol: str
    """Name to look up and to show."""
    library: str
    known: bool
    """False when only a library's prefix recognised the name."""


@dataclass(eq=False)
class Rulebook:
    """All packs joined and indexed. Build it with `load`."""

    rules: Lookup[str, Rule]
    targets: Lookup[str, Answers]
    libraries: dict[str, Library]
    symbols: Lookup[str, Symbol]
    packages: Lookup[str, Package]
    prices: dict[str, Effort]
    hash: str
    packs: tuple[str, ...]
    languages: Lookup[str, tuple[str, ...]]
    """Language -> ids of the rules that match in it, or in any, sorted."""
    vocabularies: Lookup[str, Vocabulary] = field(default_factory=dict)
    """Languages whose vocabulary is known already."""
    stacks: Lookup[str, str] = field(default_factory=dict)
    """Target -> stack version that answers are chosen for, where it is not the target's own."""
    cuda: str = ""
    """CUDA version that answers are chosen for, where it is not the targets' own."""
    chips: Lookup[str, str] = field(default_factory=dict)
    """Target -> chip that answers are chosen for, where it is not the target's default and the caller names none."""

    @functools.cached_property
    def _imports(self) -> dict[str, Package]:
        return {module: package for package in self.packages.values() for module in package.imports}

    @functools.cache  # noqa: B019 - a rule book lives as long as the process
    def _index(self, language: str) -> Index:
        index = Index()
        for id_ in self.languages.get(language, self.languages.get(ANY, ())):
            rule = self.rules[id_]
            for matcher in (*rule.match.get(language, ()), *rule.match.get(ANY, ())):
                index.add(rule, matcher)
        return index

    # ------------------------------------------------------------------------------------------------ vocabulary

    @functools.cache  # noqa: B019 - a rule book lives as long as the process
    def vocabulary(self, language: str) -> Vocabulary:
        """Return what the front end of a language must look for."""
        if known := self.vocabularies.get(language):
            return known
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
            return set(self._imports) if kind == UseKind.IMPORT else self._tied
        return self._libraries_symbols.get(table, set())

    def _table_globs(self, table: str, kind: UseKind) -> tuple[str, ...]:
        if table == PACKAGES:
            return tuple(f"{module}.*" for module in self._imports) if kind == UseKind.IMPORT else ()
        return self.libraries[table].names

    @functools.cached_property
    def _tied(self) -> set[str]:
        """Return the packages that carry CUDA; the others are known for who looks them up, and are no finding."""
        return {name for name, package in self.packages.items() if package.lock_in != "none"}

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
            package = self._package(kind, name)
            return True if package and package.name in self._tied else None
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

    def at(self, stacks: Lookup[str, str], cuda: str = "", chips: Lookup[str, str] | None = None) -> Rulebook:
        """Return the same book answering for other versions and chips than the targets' own.

        Args:
            stacks: Target -> version of its stack, such as `6.4`.
            cuda: CUDA version that the code is written for.
            chips: Target -> chip, for callers that name none.

        Raises:
            ConfigError: No such target or chip, or not a version.
        """
        self._check_chips(chips or {})
        if unknown := sorted(set(stacks) - set(self.targets)):
            hint = f"targets are {', '.join(sorted(self.targets))}"
            raise ConfigError(f"no target {unknown[0]!r}", file="--stack-version", hint=hint, slug="target-unknown")
        for version in filter(None, (*stacks.values(), cuda)):
            try:
                numbers(version)
            except ValueError as error:
                raise ConfigError(str(error), file="--stack-version, --cuda-version", slug="version") from None
        if not (stacks or cuda or chips):
            return self
        return replace(self, stacks=dict(stacks), cuda=cuda, chips=dict(chips or {}))

    def _check_chips(self, chips: Lookup[str, str]) -> None:
        for target, chip in chips.items():
            known = [entry.id for entry in self.targets[target].target.chips] if target in self.targets else []
            if chip not in known:
                problem = f"{target} has no chip {chip!r}" if known else f"no target {target!r}"
                hint = f"chips are {', '.join(known)}" if known else f"targets are {', '.join(sorted(self.targets))}"
                raise ConfigError(problem, file="--chip", hint=hint, slug="chip-unknown")

    def platform(self, target: str, chip: str = "") -> Platform:
        """Return what a target's answers are given for; without a chip its default one."""
        known = self.targets[target].target
        stack = self.stacks.get(target, known.stack_version)
        chip = chip or self.chips.get(target, known.default_chip)
        return Platform(chip, stack, self.cuda or known.cuda_version)

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
        book, platform, prices = self.targets[target], self.platform(target, chip), Prices(self.prices)
        known = self.symbols.get(symbol) if library != PACKAGE else None
        subject = Subject(self.rules[rule], symbol, library, known.kind if known else "")
        row = (book.packages if library == PACKAGE else book.symbols).get(symbol)
        mapping = book.mappings.get(rule)
        if mapping is not None and not (row and self._by_table(rule, symbol, library)):
            answer = answers.from_mapping(subject, mapping, book, platform, prices)
        else:
            answer = answers.from_tables(subject, row, book, platform, prices)
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

    def edit(self, rule_id: str, symbol: str, target: str, chip: str) -> EditSpec | None:
        """Return how a machine makes the change, or None when nothing describes it."""
        book, known = self.targets[target], self.symbols.get(symbol)
        row = book.symbols.get(symbol)
        by_table = row is not None and known is not None and self._by_table(rule_id, symbol, known.library)
        mapping = None if by_table else book.mappings.get(rule_id)
        return answers.edit(mapping, row, symbol, self.platform(target, chip))

    @functools.lru_cache(maxsize=100_000)  # noqa: B019 - a rule book lives as long as the process
    def _by_table(self, rule: str, symbol: str, library: str) -> bool:
        """Tell whether a rule asks for a name only as one of a table's; its row then knows more than the rule."""
        matchers = [matcher for matchers in self.rules[rule].match.values() for matcher in matchers]
        table = PACKAGES if library == PACKAGE else library
        named = tuple(name for matcher in matchers for name in (*matcher.names, matcher.name) if name)
        return any(matcher.table == table for matcher in matchers) and not (named and glob_regex(named).match(symbol))


def close_names(book: Rulebook, name: str) -> list[str]:
    """Return up to three known names that a misspelt one may mean."""
    import difflib

    return difflib.get_close_matches(name, [*book.rules, *book.packages, *book.symbols], n=3, cutoff=0.8)


def lowest(*levels: Confidence) -> Confidence:
    """Return the weakest of several confidences."""
    order = (Confidence.LOW, Confidence.MEDIUM, Confidence.HIGH)
    return min(levels, key=order.index)
