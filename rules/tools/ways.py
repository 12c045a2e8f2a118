"""Ways out for names that a target lacks, written by hand for families of names (`targets/<id>/ways.csv`).

    python -m rules.tools.ways TARGET

A family without a source is for missing rows alone: nobody has looked for its other names.

Columns: libraries, kinds (empty: all), names (globs), each parted by spaces; status, change, equivalent, note,
source. The first family that holds a name counts. Importers put its way out into the rows that they call missing;
run as a command, after them, the module answers the names that no row answers, by the family's status: `missing`
there means that SOURCE, where the target's names were looked up, does not have it.
"""

from __future__ import annotations

import argparse
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from migrate.model import glob_regex
from migrate.rulebook.answers import VALUES
from migrate.rulebook.loading import BY_PURPOSE, NOT_FOUND, Row, Symbol
from rules.tools.tables import SYMBOLS, Changes, Record, Rules, answer, answers, read_csv

COLUMNS = ("libraries", "kinds", "names", "status", "change", "equivalent", "note", "source")


@dataclass(frozen=True)
class Way:
    """What to do about a family of names."""

    libraries: frozenset[str]
    kinds: frozenset[str]
    names: tuple[str, ...]
    status: str
    change: str
    equivalent: str
    note: str
    source: str

    def holds(self, symbol: Symbol) -> bool:
        """Tell whether a name belongs to the family."""
        return (
            symbol.library in self.libraries
            and (not self.kinds or symbol.kind in self.kinds)
            and glob_regex(self.names).match(symbol.name) is not None
        )

    def change_of(self, symbol: Symbol) -> str:
        """Return the change: values and types are changed with the call that takes them, which is what is rewritten."""
        return "adapt" if symbol.kind in VALUES | {"type"} and self.change == "rewrite" else self.change


def load(root: Path, target: str) -> list[Way]:
    """Read a target's families; none when it has no such file."""
    path = root / "targets" / target / "ways.csv"
    if not path.exists():
        return []
    return [
        Way(
            frozenset(row["libraries"].split()),
            frozenset(row["kinds"].split()),
            tuple(row["names"].split()),
            *(row[column] for column in COLUMNS[3:]),
        )
        for row in read_csv(path, *COLUMNS)
    ]


def led(rows: Iterable[Record], ways: Iterable[Way], surface: Mapping[str, Symbol]) -> Iterator[Record]:
    """Yield rows with the ways out in those that are missing."""
    families = list(ways)
    for record in rows:
        row, symbol = Row(*record), surface.get(record[0])  # type: ignore[arg-type] # the cells as text
        way = next((way for way in families if symbol and way.holds(symbol)), None) if row.status == "missing" else None
        if symbol is None or way is None:
            yield record
        elif way.status == "missing":
            note = row.note if row.note.startswith(way.note) else _joined(way.note, row.note)
            row = row._replace(change=way.change_of(symbol), equivalent=row.equivalent or way.equivalent, note=note)  # type: ignore[arg-type] # the cells as text
            yield tuple(row)  # type: ignore[arg-type] # the cells as text
        else:
            yield _answered(symbol, way)


_SAYS_NOTHING = frozenset({"listed as unsupported", "MIOpen has no counterpart"})
"""Notes that the column `absence` repeats."""


def _joined(way: str, found: str) -> str:
    return "; ".join([way, *(part for part in found.split("; ") if part and part not in _SAYS_NOTHING)])


def _answered(symbol: Symbol, way: Way) -> Record:
    return answer(
        symbol.name,
        way.status,
        way.change_of(symbol),
        symbol.name if way.change == "none" else way.equivalent,
        note=way.note,
        source=way.source if way.status == "missing" else BY_PURPOSE,
        absence=NOT_FOUND if way.status == "missing" else "",
    )


def store(rules: Rules, target: str, rows: Iterable[Record], sources: Iterable[str]) -> Changes:
    """Replace a target's answers that come from the given sources, and lead out of what they call missing."""
    surface = {name: Symbol(*record) for name, record in rules.read(SYMBOLS).items()}
    return rules.store_answers(target, list(led(rows, load(rules.root, target), surface)), sources)


def is_ours(row: Row, sources: Collection[str]) -> bool:
    """Tell whether this module made a row: importers say of no name that one of its sources does not have it."""
    return row.source == BY_PURPOSE or (row.absence == NOT_FOUND and row.source in sources)


def complete(rules: Rules, target: str) -> tuple[list[Record], list[str]]:
    """Return answers for the names that no importer answers, and the names that no family holds either."""
    ways = [way for way in load(rules.root, target) if way.source]
    known = {name: Row(*record) for name, record in rules.read(answers(target)).items()}  # type: ignore[arg-type] # the cells as text
    covered = {library for way in ways for library in way.libraries}
    sources = {way.source for way in ways}
    found, left = [], []
    for record in rules.read(SYMBOLS).values():
        symbol = Symbol(*record)
        if symbol.library not in covered or (symbol.name in known and not is_ours(known[symbol.name], sources)):
            continue
        way = next((way for way in ways if way.holds(symbol)), None)
        if way is None:
            left.append(symbol.name)
        else:
            found.append(_answered(symbol, way))
    return found, left


def main() -> None:
    """Complete the answers of the target given on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target")
    parser.add_argument("--rules", type=Path, default=Path("rules"), help="folder of rules to write to")
    arguments = parser.parse_args()
    rules = Rules(arguments.rules)
    found, left = complete(rules, arguments.target)
    sources = {way.source for way in load(rules.root, arguments.target)}
    print(rules.store(answers(arguments.target), found, replaces=lambda row: is_ours(Row(*row), sources)))  # type: ignore[arg-type] # the cells as text
    print(f"no family holds: {', '.join(left) or 'none'}")


if __name__ == "__main__":
    main()
