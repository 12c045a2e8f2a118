"""Store the rule book's tables: sorted, unique, with plain line ends, never without the rows made by hand."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from migrate.rulebook.loading import NOT_FOUND, OPTIONAL, Package, Row, Symbol

Record = tuple[str, ...]
"""A row as text, in the order of its table's columns; the first column is the name."""

SYMBOLS = "cuda/symbols.csv"
PACKAGES = "cuda/packages.csv"

_SOURCE, _ABSENCE = Row._fields.index("source"), Row._fields.index("absence")
_VERSIONED = re.compile(r"(.+)_v\d+\Z")


SYMBOL_KINDS = ("attribute", "device_function", "enum", "function", "header", "macro", "module", "type")
"""What a name of the CUDA surface can be."""


_SHOWN = 20
"""Names that a report of changes lists of each sort; the table itself is in version control."""


class Changes(NamedTuple):
    """How a table differs from the one it replaces, which is what the last import left."""

    table: str
    rows: int
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    kept: int
    """Rows made by hand that stand in place of an imported one."""

    def __str__(self) -> str:
        """Say it in one line, then name what is new, gone and different."""
        sorts = {"added": self.added, "removed": self.removed, "changed": self.changed}
        counts = ", ".join(f"{len(names)} {sort}" for sort, names in sorts.items())
        lines = [f"{self.table}: {self.rows} rows ({counts}, {self.kept} kept by hand)"]
        for sort, names in sorts.items():
            more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
            lines += [f"  {sort}: {', '.join(names[:_SHOWN])}{more}"] if names else []
        return "\n".join(lines)


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
        width = len(columns(table))
        return {fields[0]: (*fields, *[""] * (width - len(fields))) for fields in reader}

    def overrides(self, table: str) -> dict[str, Record]:
        """Return the rows of `overrides.csv` that belong to a table.

        That file may lack columns; a missing name is then one that its source does not have, the weaker claim.
        """
        path = self.root / "overrides.csv"
        if not path.exists():
            return {}
        rows = [row for row in csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))) if row["table"] == table]
        for row in rows:
            row.setdefault("absence", NOT_FOUND if row.get("status") == "missing" else "")
        fields = columns(table)
        return {row["name"]: tuple(row.get(field) or "" for field in fields) for row in rows}

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
            new.setdefault(row[0], row[: len(columns(table))])
        kept = sum(1 for name in by_hand if name in new)
        new = {name: row for name, row in old.items() if name not in new and not replaces(row)} | new | by_hand
        _write(self.root / table, columns(table), (new[name] for name in sorted(new)))
        return Changes(
            table=table,
            rows=len(new),
            added=tuple(sorted(name for name in new if name not in old)),
            removed=tuple(sorted(name for name in old if name not in new)),
            changed=tuple(sorted(name for name, row in new.items() if name in old and old[name] != row)),
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
        """Replace a target's answers that come from the given sources.

        What only says that a name was not found there stays, unless the import says so too: `ways` made it.
        """
        keys, incoming = frozenset(sources), list(rows)
        absent = any(row[_ABSENCE] == NOT_FOUND for row in incoming)
        return self.store(
            answers(target),
            incoming,
            replaces=lambda row: row[_SOURCE] in keys and (absent or row[_ABSENCE] != NOT_FOUND),
        )

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
    if table == PACKAGES:
        return Package._fields
    return Row._fields[: -len(OPTIONAL)] if table.endswith("/packages.csv") else Row._fields


def answer(  # the order of the table's columns, by keyword
    name: str,
    status: str,
    change: str,
    equivalent: str = "",
    *,
    since: str = "",
    note: str = "",
    source: str,
    until: str = "",
    cuda: str = "",
    chips: str = "",
    absence: str = "",
) -> Record:
    """Make a row of a target's table of names; see `loading.Row` for the columns."""
    return (name, status, change, equivalent, since, note, source, until, cuda, chips, absence)


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
            found = Row(*rows[twin])  # type: ignore[arg-type] # the cells as text
            note = "; ".join(filter(None, (f"as {twin}", found.note)))
            yield tuple(found._replace(name=name, note=note))  # type: ignore[arg-type] # the cells as text


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


def _write(path: Path, header: tuple[str, ...], rows: Iterable[Record]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(row[: len(header)] for row in rows)
