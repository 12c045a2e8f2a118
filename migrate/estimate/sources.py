"""The back-test end to end: the tool's own estimates of evidence projects against what their ports took.

Each project is scanned as it was before its port. Estimates are in person-days and evidence in author-days, so they
are divided by the likeliest number of person-days behind one; the interval keeps the doubt about that number.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import NormalDist
from typing import NamedTuple

from migrate.errors import InputError
from migrate.estimate.backtest import Forecast, Port, Prediction, Score, predicted, score
from migrate.estimate.defaults import Numbers
from migrate.estimate.evidence import rows
from migrate.model import Estimate, Percentiles, Stage, Struct
from migrate.resources import rules_root

TARGETS = {"HIP": "rocm", "CANN": "cann", "Ascend 910B": "cann"}
"""What evidence calls a target -> id of the target."""


class Source(NamedTuple):
    """A checkout of a project at the revision before its port."""

    id: str
    path: Path
    target: str
    stage: Stage
    port: Port


Run = Callable[[Path, str, Stage], Estimate]
"""Scan a folder and estimate it for a target and a stage, without any other input."""


class EndToEnd(Struct, frozen=True):
    """How the tool itself did."""

    scores: tuple[Score, ...]
    """Combined, then counted up alone, then from size alone over the rows that have it."""


def read_sources(path: Path) -> tuple[Source, ...]:
    """Read which checkouts to scan.

    Args:
        path: A CSV file with the columns id (a row of evidence.csv) and path (relative to the file).

    Raises:
        InputError: The file cannot be read, or a row cannot be used; the message names the line.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as table:
            reader = csv.DictReader(table)
            given = [(reader.line_num, row) for row in reader]
            columns = reader.fieldnames or ()
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: cannot be read: {error}", slug="sources-unreadable") from None
    if not {"id", "path"} <= set(columns):
        raise InputError(f"{path}:1: the columns are id and path", slug="sources-column")
    found = tuple(_source(f"{path}:{line}", row["id"] or "", path.parent / (row["path"] or "")) for line, row in given)
    if len(found) < 2:
        raise InputError(f"{path}: names {len(found)} projects; two are the least to compare", slug="sources-few")
    return found


def _source(place: str, id_: str, folder: Path) -> Source:
    evidence = {row["id"]: row for row in rows(rules_root() / "model" / "evidence.csv")}
    row = evidence.get(id_)
    if row is None or not row["author_days"]:
        raise InputError(f"{place}: {id_!r} is no row of evidence with an effort", slug="sources-row")
    if row["to"] not in TARGETS or row["stage"] not in set(Stage):
        raise InputError(f"{place}: no estimate is made to {row['to']}, {row['stage']}", slug="sources-row")
    if not folder.is_dir():
        raise InputError(f"{place}: {folder}: no such folder", slug="sources-folder")
    title = row["project"]
    port = Port(id_, title.partition(" ")[0], title, row["to"], float(row["src_kloc"] or 0), float(row["author_days"]))
    return Source(id_, folder, TARGETS[row["to"]], Stage(row["stage"]), port)


def end_to_end(sources: Sequence[Source], run: Run, numbers: Numbers) -> EndToEnd:
    """Estimate every source and score both views and their combination."""
    made = [(source.port, run(source.path, source.target, source.stage)) for source in sources]
    if idle := [port.id for port, estimate in made if not estimate.effort_days.p50]:
        raise InputError(f"nothing to port was found for {', '.join(idle)}", slug="sources-idle")
    views: dict[str, list[Prediction]] = {
        "the tool, both views": [_compared(port, one.effort_days, numbers) for port, one in made],
        "counted up alone": [_compared(port, one.views.bottom_up, numbers) for port, one in made],
        "from size alone": [
            _compared(port, one.views.top_down, numbers) for port, one in made if one.views.top_down is not None
        ],
    }
    return EndToEnd(scores=tuple(score(name, rows_) for name, rows_ in views.items() if len(rows_) > 1))


def _compared(port: Port, days: Percentiles, numbers: Numbers) -> Prediction:
    likely = days.p50 / numbers.person_days_per_author_day[1]
    spread = math.log(days.p90 / days.p10) / (2 * NormalDist().inv_cdf(0.9))
    return predicted(port, Forecast(math.log(likely), spread))
