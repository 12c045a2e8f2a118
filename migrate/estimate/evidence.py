"""The rows behind a number's source, or the word judgement."""

from __future__ import annotations

import csv
import functools
import re
from pathlib import Path
from typing import NamedTuple

from migrate.resources import rules_root

CITATION = re.compile(r"\b([EC]\d\d)\b")
JUDGEMENT = "judgement"


class Row(NamedTuple):
    """A measured port, or a figure that somebody stated."""

    id: str
    title: str
    grade: str
    source: str


@functools.cache
def shipped(folder: Path | None = None) -> dict[str, Row]:
    """Return the shipped evidence and the cited figures by id.

    Args:
        folder: Another place of `evidence.csv` and `cited.csv`.
    """
    folder = folder or rules_root() / "model"
    measured = (Row(row["id"], row["project"], row["grade"], row["source"]) for row in rows(folder / "evidence.csv"))
    stated = (Row(row["id"], row["claim"], "D", row["source"]) for row in rows(folder / "cited.csv"))
    return {row.id: row for row in (*measured, *stated)}


@functools.cache
def rows(path: Path) -> tuple[dict[str, str], ...]:
    """Return the rows of a table of `rules/model`; they are shared and must not be changed."""
    with path.open(encoding="utf-8", newline="") as table:
        return tuple(csv.DictReader(table))


def behind(source: str) -> tuple[Row | str, ...]:
    """Return what a source names: rows of evidence, the word judgement, or else the source itself."""
    known = shipped()
    found: list[Row | str] = [known[id_] for id_ in dict.fromkeys(CITATION.findall(source)) if id_ in known]
    if JUDGEMENT in source:
        found.append(JUDGEMENT)
    return tuple(found) or ((source,) if source else (JUDGEMENT,))
