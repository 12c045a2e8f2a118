"""Labels made by hand by somebody who had not seen the detectors; only places and names, never a line of source."""

from __future__ import annotations

import csv
import hashlib
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent / "labels"
VERDICTS = ("use", "trap", "guarded")
HALVES = ("open", "closed")


class Range(NamedTuple):
    """Lines of a file in which every use and every trap is labelled."""

    project: str
    path: str
    first: int
    last: int
    digest: str
    half: str


class Label(NamedTuple):
    """What a reader says of one name on one line."""

    project: str
    path: str
    line: int
    name: str
    kind: str
    verdict: str


class Project(NamedTuple):
    """Where the labelled files come from."""

    project: str
    source: str
    version: str
    licence: str


class Labels(NamedTuple):
    """All of them."""

    projects: dict[str, Project]
    ranges: tuple[Range, ...]
    labels: tuple[Label, ...]


def load(folder: Path = FOLDER) -> Labels:
    """Read all label files of a folder.

    Raises:
        ValueError: A row is malformed; the message names file and line.
    """
    projects = {row["project"]: Project(**row) for _, row in _rows(folder, "projects-*.csv")}
    ranges, labels = [], []
    for place, row in _rows(folder, "ranges-*.csv"):
        found = Range(row["project"], row["path"], int(row["first"]), int(row["last"]), row["digest"], row["half"])
        if found.half not in HALVES or found.first > found.last:
            raise ValueError(f"{place}: half or lines are wrong")
        ranges.append(found)
    for place, row in _rows(folder, "labels-*.csv"):
        label = Label(row["project"], row["path"], int(row["line"]), row["name"], row["kind"], row["verdict"])
        if label.verdict not in VERDICTS or not label.name:
            raise ValueError(f"{place}: verdict or name is wrong")
        labels.append(label)
    return Labels(projects, tuple(ranges), tuple(labels))


def _rows(folder: Path, pattern: str) -> list[tuple[str, dict[str, str]]]:
    rows = []
    for path in sorted(folder.glob(pattern)):
        with path.open(encoding="utf-8", newline="") as file:
            rows += [(f"{path.name}:{number}", row) for number, row in enumerate(csv.DictReader(file), 2)]
    return rows


def digest(path: Path) -> str:
    """Return the form of a file's hash that ranges carry."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def of_checkout(labels: Labels, root: Path) -> dict[str, list[Range]]:
    """Return the ranges of the project that a checkout is, by path; empty when none of its files is labelled."""
    found: dict[str, dict[str, list[Range]]] = defaultdict(lambda: defaultdict(list))
    for item in labels.ranges:
        path = root / item.path
        if path.is_file() and digest(path) == item.digest:
            found[item.project][item.path].append(item)
    project = max(found, key=lambda name: len(found[name]), default="")
    return dict(found[project])
