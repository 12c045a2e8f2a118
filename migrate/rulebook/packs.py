"""Load rule packs, join them and check that their parts fit."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from pathlib import Path

from migrate.errors import RuleError
from migrate.model import Effort, Response, Rule, Status
from migrate.resources import rules_root
from migrate.rulebook import loading
from migrate.rulebook.book import PACKAGES, Answers, Rulebook
from migrate.rulebook.loading import Library, Package, Symbol


@functools.cache
def shipped() -> Rulebook:
    """Load the rule pack that comes with the product."""
    return load(())


def load(packs: Sequence[Path], *, root: Path | None = None) -> Rulebook:
    """Load the shipped pack and then others over it.

    Args:
        packs: Folders laid out like `rules/`, in order; a later pack may add rules and override answers, and may
            not redefine a rule.
        root: The base pack; the shipped one by default.

    Raises:
        RuleError: A file is invalid, or a pack redefines a rule.
    """
    base = root or rules_root()
    digest = hashlib.blake2b(digest_size=16)
    rules: dict[str, Rule] = {}
    origin: dict[str, Path] = {}
    targets: dict[str, Answers] = {}
    libraries: dict[str, Library] = {}
    symbols: dict[str, Symbol] = {}
    packages: dict[str, Package] = {}
    prices: dict[str, Effort] = {}
    for pack in (base, *packs):
        if not pack.is_dir():
            raise RuleError("is not a folder", file=str(pack), slug="rule-pack-missing")
        files = sorted(path for path in pack.rglob("*") if path.suffix in (".yaml", ".csv") and path.is_file())
        for path in files:
            digest.update(path.relative_to(pack).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
        cuda = pack / "cuda"
        if (path := cuda / "libraries.yaml").is_file():
            libraries |= loading.load_libraries(path)
        if (path := cuda / "symbols.csv").is_file():
            symbols |= {symbol.name: symbol for symbol in loading.load_symbols(path)}
        if (path := cuda / "packages.csv").is_file():
            packages |= {package.name: package for package in loading.load_packages(path)}
        if (path := pack / "model" / "effort.yaml").is_file():
            prices |= loading.load_effort(path)
        for path in sorted(cuda.glob("*.yaml")):
            if path.name in ("libraries.yaml", "symbols.yaml", "packages.yaml"):
                continue
            for rule in loading.load_rules(path):
                if rule.id in rules:
                    raise RuleError(
                        f"rule {rule.id!r} is already defined in {origin[rule.id]}",
                        file=str(path),
                        slug="rule-redefined",
                    )
                rules[rule.id] = rule
                origin[rule.id] = path
        for folder in sorted((pack / "targets").glob("*/")):
            _load_target(folder, targets)
    book = Rulebook(
        rules,
        targets,
        libraries,
        symbols,
        packages,
        prices,
        digest.hexdigest(),
        tuple(pack.name for pack in packs),
    )
    _check_references(book, origin)
    return book


def _load_target(folder: Path, targets: dict[str, Answers]) -> None:
    if (path := folder / "target.yaml").is_file():
        target = loading.load_target(path)
        if target.id != folder.name:
            raise RuleError(f"id {target.id!r} is not the folder's name", file=str(path), line=1, slug="rule-target-id")
        targets[target.id] = Answers(target)
    if folder.name not in targets:
        raise RuleError("a new target needs a target.yaml", file=str(folder), slug="rule-target-missing")
    book = targets[folder.name]
    for path in sorted((folder / "mappings").glob("*.yaml")):
        book.mappings |= loading.load_mappings(path)
    for table, rows in (("symbols", book.symbols), ("packages", book.packages)):
        if (path := folder / f"{table}.csv").is_file():
            rows |= {row.name: row for row in loading.load_rows(path)}
        if (path := folder / f"{table}.yaml").is_file():
            for key, source in loading.load_provenance(path).sources.items():
                book.sources[key] = " ".join(filter(None, (source.title, source.version)))


def _check_references(book: Rulebook, origin: dict[str, Path]) -> None:
    for rule in book.rules.values():
        if any(matcher.table or not (matcher.name or matcher.names) for matcher in rule.exclude):
            raise RuleError(
                f"{rule.id}: a matcher under `not` goes by name or in, not by table",
                file=str(origin[rule.id]),
                slug="rule-not",
            )
        for matchers in rule.match.values():
            for matcher in matchers:
                if matcher.table and matcher.table != PACKAGES and matcher.table not in book.libraries:
                    raise RuleError(
                        f"{rule.id}: no library {matcher.table!r}",
                        file=str(origin[rule.id]),
                        slug="rule-table-unknown",
                        hint="libraries are named in cuda/libraries.yaml",
                    )
                if not (matcher.name or matcher.names or matcher.table):
                    raise RuleError(
                        f"{rule.id}: a matcher needs name, in or table",
                        file=str(origin[rule.id]),
                        slug="rule-no-anchor",
                    )
    for price_class, price in book.prices.items():
        _check_effort(price, price_class, "model/effort.yaml")
    for id_, target in book.targets.items():
        for mapped, mapping in target.mappings.items():
            place = f"targets/{id_}/mappings"
            if mapped not in book.rules:
                raise RuleError(f"answers {mapped!r}, which no rule defines", file=place, slug="rule-mapping-orphan")
            answers: tuple[Response, ...] = (mapping, *mapping.when)
            for answer in answers:
                if (answer.change is None) != (answer.status == Status.UNKNOWN):
                    raise RuleError(
                        f"{mapped}: change is left out exactly when status is unknown",
                        file=place,
                        slug="rule-mapping",
                    )
                _check_effort(answer.effort, mapped, place)
                if answer.shared_fix and answer.shared_fix not in target.target.shared_fixes:
                    raise RuleError(
                        f"{mapped}: target {id_} has no shared fix {answer.shared_fix!r}",
                        file=place,
                        slug="rule-mapping",
                    )


def _check_effort(effort: Effort | None, subject: str, place: str) -> None:
    for triple in (effort.first, effort.each) if effort else ():
        if not 0 <= triple[0] <= triple[1] <= triple[2]:
            raise RuleError(
                f"{subject}: effort {list(triple)} is not low, likely, high", file=place, slug="rule-effort"
            )
