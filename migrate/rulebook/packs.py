"""Load rule packs, join them and check that their parts fit."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from migrate.errors import RuleError
from migrate.model import Condition, Effort, Mapping, Response, Rule, Status, Target, Variant
from migrate.resources import rules_root
from migrate.rulebook import compiled, content, loading
from migrate.rulebook.answers import Answers
from migrate.rulebook.book import ANY, PACKAGES, Rulebook
from migrate.rulebook.loading import Library, Package, Symbol
from migrate.rulebook.versions import clauses, numbers


@functools.cache
def shipped() -> Rulebook:
    """Load the rule pack that comes with the product."""
    return load(())


def load(packs: Sequence[Path], *, root: Path | None = None) -> Rulebook:
    """Load the shipped pack and then others over it.

    The result is kept compiled in the user's cache folder, but for a pack given as `root`: that one is being written.

    Args:
        packs: Folders laid out like `rules/`, in order; a later pack may add rules and override answers, and may
            not redefine a rule.
        root: The base pack; the shipped one by default.

    Raises:
        RuleError: A file is invalid, or a pack redefines a rule.
    """
    folders = (root or rules_root(), *packs)
    names = tuple(pack.name for pack in packs)
    if root is not None:
        return _read(folders, content.digest(folders), names)
    digest = content.digest(folders, compiled.folder())
    key = compiled.key_of(digest, names)
    if parts := compiled.read(key):
        return parts.book(digest, names)
    book = _read(folders, digest, names)
    compiled.store(book, key)
    return book


@dataclass(eq=False)
class _Reader:
    """What was read from the packs so far."""

    rules: dict[str, Rule] = field(default_factory=dict)
    origin: dict[str, Path] = field(default_factory=dict)
    targets: dict[str, Target] = field(default_factory=dict)
    tables: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    """Target -> mappings, symbols, packages, sources."""
    libraries: dict[str, Library] = field(default_factory=dict)
    symbols: dict[str, Symbol] = field(default_factory=dict)
    packages: dict[str, Package] = field(default_factory=dict)
    prices: dict[str, Effort] = field(default_factory=dict)

    def add(self, pack: Path) -> None:
        """Read one pack over those before it."""
        cuda = pack / "cuda"
        if (path := cuda / "libraries.yaml").is_file():
            self.libraries |= loading.load_libraries(path)
        if (path := cuda / "symbols.csv").is_file():
            self.symbols |= {symbol.name: symbol for symbol in loading.load_symbols(path)}
        if (path := cuda / "packages.csv").is_file():
            self.packages |= {package.name: package for package in loading.load_packages(path)}
        if (path := pack / "model" / "effort.yaml").is_file():
            self.prices |= loading.load_effort(path)
        for path in sorted(cuda.glob("*.yaml")):
            if path.name not in {"libraries.yaml", "symbols.yaml", "packages.yaml"}:
                self._add_rules(path)
        for folder in sorted((pack / "targets").glob("*/")):
            self._add_target(folder)

    def _add_rules(self, path: Path) -> None:
        for rule in loading.load_rules(path):
            if rule.id in self.rules:
                raise RuleError(
                    f"rule {rule.id!r} is already defined in {self.origin[rule.id]}",
                    file=str(path),
                    slug="rule-redefined",
                )
            self.rules[rule.id] = rule
            self.origin[rule.id] = path

    def _add_target(self, folder: Path) -> None:
        if (path := folder / "target.yaml").is_file():
            target = loading.load_target(path)
            if target.id != folder.name:
                raise RuleError(
                    f"id {target.id!r} is not the folder's name", file=str(path), line=1, slug="rule-target-id"
                )
            self.targets[target.id] = target
            self.tables[target.id] = {part: {} for part in ("mappings", "symbols", "packages", "sources")}
        if folder.name not in self.targets:
            raise RuleError("a new target needs a target.yaml", file=str(folder), slug="rule-target-missing")
        tables = self.tables[folder.name]
        for path in sorted((folder / "mappings").glob("*.yaml")):
            tables["mappings"] |= loading.load_mappings(path)
        for table in ("symbols", "packages"):
            if (path := folder / f"{table}.csv").is_file():
                tables[table] |= {row.name: row for row in loading.load_rows(path)}
            if (path := folder / f"{table}.yaml").is_file():
                tables["sources"] |= loading.load_provenance(path).sources


def _read(folders: Iterable[Path], digest: str, names: tuple[str, ...]) -> Rulebook:
    """Read and check the sources themselves."""
    reader = _Reader()
    for pack in folders:
        reader.add(pack)
    book = Rulebook(
        rules=reader.rules,
        targets={id_: Answers(target, **reader.tables[id_]) for id_, target in reader.targets.items()},
        libraries=reader.libraries,
        symbols=reader.symbols,
        packages=reader.packages,
        prices=reader.prices,
        hash=digest,
        packs=names,
        languages=_languages(reader.rules.values()),
    )
    _check_references(book, reader.origin)
    return book


def _languages(rules: Iterable[Rule]) -> dict[str, tuple[str, ...]]:
    """Return the rules of each language, those for any language among them."""
    listed = sorted(rules, key=lambda rule: rule.id)
    languages = {ANY, *(language for rule in listed for language in rule.match)}
    return {
        language: tuple(rule.id for rule in listed if rule.match.keys() & {language, ANY})
        for language in sorted(languages)
    }


def _check_references(book: Rulebook, origin: dict[str, Path]) -> None:
    for rule in book.rules.values():
        _check_rule(rule, book, str(origin[rule.id]))
    for price_class, price in book.prices.items():
        _check_effort(price, price_class, "model/effort.yaml")
    for id_, answers in book.targets.items():
        _check_versions(answers.target)
        place = f"targets/{id_}/mappings"
        for mapped, mapping in answers.mappings.items():
            if mapped not in book.rules:
                raise RuleError(f"answers {mapped!r}, which no rule defines", file=place, slug="rule-mapping-orphan")
            responses: tuple[Response, ...] = (mapping, *mapping.when)
            for response in responses:
                _check_response(response, answers.target, mapped, place)


def _check_rule(rule: Rule, book: Rulebook, file: str) -> None:
    if any(matcher.table or not (matcher.name or matcher.names) for matcher in rule.exclude):
        problem = f"{rule.id}: a matcher under `not` goes by name or in, not by table"
        raise RuleError(problem, file=file, slug="rule-not")
    for matcher in (matcher for matchers in rule.match.values() for matcher in matchers):
        if matcher.table and matcher.table != PACKAGES and matcher.table not in book.libraries:
            raise RuleError(
                f"{rule.id}: no library {matcher.table!r}",
                file=file,
                slug="rule-table-unknown",
                hint="libraries are named in cuda/libraries.yaml",
            )
        if not (matcher.name or matcher.names or matcher.table):
            raise RuleError(f"{rule.id}: a matcher needs name, in or table", file=file, slug="rule-no-anchor")


def _check_response(response: Response, target: Target, subject: str, place: str) -> None:
    problem = ""
    if (response.change is None) != (response.status == Status.UNKNOWN):
        problem = "change is left out exactly when status is unknown"
    elif response.shared_fix and response.shared_fix not in target.shared_fixes:
        problem = f"target {target.id} has no shared fix {response.shared_fix!r}"
    if problem:
        raise RuleError(f"{subject}: {problem}", file=place, slug="rule-mapping")
    _check_effort(response.effort, subject, place)
    if isinstance(response, Variant):
        _check_condition(response.condition, target, subject, place)
    if isinstance(response, Mapping) and response.target:
        _check_condition(Condition(stack=response.target), target, subject, place)


def _check_effort(effort: Effort | None, subject: str, place: str) -> None:
    for triple in (effort.first, effort.each) if effort else ():
        if not 0 <= triple[0] <= triple[1] <= triple[2]:
            raise RuleError(
                f"{subject}: effort {list(triple)} is not low, likely, high", file=place, slug="rule-effort"
            )


def _check_condition(condition: Condition, target: Target, subject: str, place: str) -> None:
    problem = ""
    if not (condition.chips or condition.stack or condition.cuda):
        problem = "a condition needs chips, stack or cuda"
    elif unknown := sorted(set(condition.chips) - {chip.id for chip in target.chips}):
        problem = f"target {target.id} has no chip {unknown[0]!r}"
    else:
        try:
            clauses(condition.stack)
            clauses(condition.cuda)
        except ValueError as error:
            problem = str(error)
    if problem:
        raise RuleError(f"{subject}: {problem}", file=place, slug="rule-condition")


def _check_versions(target: Target) -> None:
    for version in filter(None, (target.stack_version, target.cuda_version)):
        try:
            numbers(version)
        except ValueError as error:
            raise RuleError(f"target {target.id}: {error}", file="target.yaml", slug="rule-version") from None
