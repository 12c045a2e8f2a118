"""Store the rule book's tables: sorted, unique, with plain line ends, never without the rows made by hand."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from migrate.rulebook.loading import Package, Row, Symbol

Record = tuple[str, ...]
"""A row as text, in the order of its table's columns; the first column is the name."""

SYMBOLS = "cuda/symbols.csv"
PACKAGES = "cuda/packages.csv"

_SOURCE = Row._fields.index("source")
_VERSIONED = re.compile(r"(.+)_v\d+\Z")


SYMBOL_KINDS = ("attribute", "device_function", "enum", "function", "header", "macro", "module", "type")
"""What a name of the CUDA surface can be."""


class Changes(NamedTuple):
    """How a table differs from the one it replaces."""

    table: str
    rows: int
    added: int
    removed: int
    changed: int
    kept: int
    """Rows made by hand that stand in place of an imported one."""

    def __str__(self) -> str:
        """Say it in one line."""
        counts = f"{self.added} added, {self.removed} removed, {self.changed} changed, {self.kept} kept by hand"
        return f"{self.table}: {self.rows} rows ({counts})"


@dataclass(frozen=True)
class Rules:
    """A folder of rules, as importers see it."""

    root: Path

    def read(self, table: str) -> dict[str, Record]:
        """Return the rows of a table by name; none when it does not exist yet."""
        path = self.root / table
        if not path.exists():
            return {}
        reader = csv.reader(io.StringIO(path.read_text(encoding="utf-8")))
        next(reader, None)
        return {fields[0]: tuple(fields) for fields in reader}

    def overrides(self, table: str) -> dict[str, Record]:
        """Return the rows of `overrides.csv` that belong to a table."""
        path = self.root / "overrides.csv"
        if not path.exists():
            return {}
        rows = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8")))
        fields = columns(table)
        return {row["name"]: tuple(row[field] for field in fields) for row in rows if row["table"] == table}

    def store(self, table: str, rows: Iterable[Record], *, replaces: Callable[[Record], bool]) -> Changes:
        """Write a table anew.

        Args:
            table: Path below the folder, such as `targets/rocm/symbols.csv`.
            rows: The imported rows; of two with one name the first counts.
            replaces: Tells which rows of the old table the import stands for; the others stay, unless a row
                comes in under their name.
        """
        old = self.read(table)
        by_hand = self.overrides(table)
        new: dict[str, Record] = {}
        for row in rows:
            new.setdefault(row[0], row)
        kept = sum(1 for name in by_hand if name in new)
        new = {name: row for name, row in old.items() if name not in new and not replaces(row)} | new | by_hand
        _write(self.root / table, columns(table), (new[name] for name in sorted(new)))
        return Changes(
            table=table,
            rows=len(new),
            added=sum(1 for name in new if name not in old),
            removed=sum(1 for name in old if name not in new),
            changed=sum(1 for name, row in new.items() if name in old and old[name] != row),
            kept=kept,
        )

    def store_symbols(self, symbols: Iterable[Symbol], *, authority: bool) -> Changes:
        """Merge names into the CUDA surface, which never forgets one: old code uses old names.

        Args:
            symbols: The imported names.
            authority: Whether they replace what the table says already about a name, or only add to it.
        """
        old = self.read(SYMBOLS)
        incoming = [symbol for symbol in symbols if authority or symbol.name not in old]
        return self.store(SYMBOLS, incoming, replaces=lambda _: False)

    def store_answers(self, target: str, rows: Iterable[Record], sources: Iterable[str]) -> Changes:
        """Replace a target's answers that come from the given sources."""
        keys = frozenset(sources)
        return self.store(answers(target), rows, replaces=lambda row: row[_SOURCE] in keys)

    def known_names(self) -> frozenset[str]:
        """Return every name of the CUDA surface."""
        return frozenset(self.read(SYMBOLS))


def answers(target: str) -> str:
    """Return the path of a target's answers to names."""
    return f"targets/{target}/symbols.csv"


def columns(table: str) -> tuple[str, ...]:
    """Return the columns of a table."""
    if table == SYMBOLS:
        return Symbol._fields
    return Package._fields if table == PACKAGES else Row._fields


def answer(  # the order of the table's columns, by keyword
    name: str,
    status: str,
    change: str,
    equivalent: str = "",
    *,
    since: str = "",
    note: str = "",
    source: str,
) -> Record:
    """Make a row of a target's table."""
    return (name, status, change, equivalent, since, note, source)


def aliases(rows: Mapping[str, Record], names: Iterable[str]) -> Iterator[Record]:
    """Yield answers for names that differ from an answered one only by a version suffix (`_v2`)."""
    latest: dict[str, str] = {}
    for name in sorted(rows):
        if match := _VERSIONED.match(name):
            latest[match[1]] = name
    for name in names:
        if name in rows:
            continue
        match = _VERSIONED.match(name)
        base = match[1] if match else ""
        twin = base if base in rows else latest.get(base or name, "")
        if twin:
            _, status, change, equivalent, since, note, source = rows[twin]
            note = "; ".join(filter(None, (f"as {twin}", note)))
            yield answer(name, status, change, equivalent, since=since, note=note, source=source)


def read_csv(path: Path, *required: str) -> list[dict[str, str]]:
    """Read an input file with a header.

    Raises:
        SystemExit: A required column is missing.
    """
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        if missing := [column for column in required if column not in (reader.fieldnames or ())]:
            raise SystemExit(f"{path}: no column {', '.join(missing)}")
        return [{key: value or "" for key, value in row.items()} for row in reader]


def _write(path: Path, header: Iterable[str], rows: Iterable[Record]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
