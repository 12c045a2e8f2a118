"""Draw charts: a declarative specification of `reports/charts`, data, a library that needs no network."""

from __future__ import annotations

import functools
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from migrate.model import Struct
from migrate.render.svg import Mark, rework
from migrate.render.text import columns, plain
from migrate.resources import reports_root

COLUMN_PIXELS = 7.3
MARGIN = 24
"""Pixels beside the plot that labels may lean into."""

Row = Mapping[str, object]


class Step(Struct, frozen=True):
    """A line of a computation."""

    title: str
    kind: str
    days: str
    text: str


class Cell(Struct, frozen=True):
    """One cell of a chart's table twin."""

    text: str
    number: bool = False
    href: str = ""
    filter: str = ""
    badge: str = ""
    """Change class shown as a badge before the text."""
    steps: tuple[Step, ...] = ()
    """How the row comes about, folded under the text."""
    summary: str = ""
    """What the fold is called."""


class Table(Struct, frozen=True):
    """The same facts as a chart, as rows; the first cell of a row is its header."""

    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    ids: tuple[str, ...] = ()
    """Anchors of the rows, when they have any."""


class Figure(Struct, frozen=True):
    """A chart with everything a reader needs who cannot see it."""

    name: str
    title: str
    sentence: str
    svg: str
    """Markup made by `rework`; empty when there is nothing to draw."""
    table: Table


class Drawing(Struct, frozen=True):
    """What to draw: a specification's file name, its data sets, texts and sizes."""

    spec: str
    data: dict[str, Sequence[Row]]
    texts: dict[str, str] = msgspec.field(default_factory=dict)
    marks: dict[str, Mark] = msgspec.field(default_factory=dict)
    size: dict[str, int] = msgspec.field(default_factory=dict)
    width: int = 0
    """Width of the whole drawing with its row labels, which then get as much room as they need."""
    labels: str = "label"
    """Field of the first data set that names the rows."""


def figure(drawing: Drawing, *, name: str, title: str, sentence: str, table: Table) -> Figure:
    """Draw a chart and put its title, sentence and table twin beside it; no rows, no chart."""
    svg = ""
    if any(drawing.data.values()) and table.rows:
        label = (plain(title), plain(sentence))
        marks = {
            key: Mark(title=plain(mark.title), href=mark.href, filter=mark.filter, data=mark.data)
            for key, mark in drawing.marks.items()
        }
        svg = rework(_draw(drawing), name=name, label=label, marks=marks)
    return Figure(name=name, title=title, sentence=sentence, svg=svg, table=table)


def _draw(drawing: Drawing) -> str:
    """Return the library's SVG for a drawing; nothing may be fetched."""
    import vl_convert

    spec = _filled(_read(drawing.spec), drawing.texts)
    spec.update(drawing.size)
    data = {name: [_cleaned(row) for row in rows] for name, rows in drawing.data.items()}
    if drawing.spec.endswith(".vl.json"):
        spec["datasets"] = data
        theme = _read("theme.json")
        if drawing.width:
            room = _label_room(drawing)
            spec["width"] = drawing.width - room - MARGIN
            for scale in ("axisYBand", "axisYPoint"):
                theme[scale] = {"minExtent": room, "maxExtent": room}
        drawn: str = vl_convert.vegalite_to_svg(spec, config=theme, allowed_base_urls=[])
        return drawn
    for source in spec["data"]:
        if source["name"] in data:
            source["values"] = data[source["name"]]
    graph: str = vl_convert.vega_to_svg(spec, allowed_base_urls=[])
    return graph


def _label_room(drawing: Drawing) -> int:
    """Return the pixels that row labels need in a wide typeface; the reader's own is not known here."""
    rows = next(iter(drawing.data.values()))
    return round(max((columns(str(row[drawing.labels])) for row in rows), default=0) * COLUMN_PIXELS)


@functools.cache
def _source(name: str) -> bytes:
    """Read a file of the chart folder once."""
    return (reports_root() / "charts" / name).read_bytes()


def _read(name: str) -> dict[str, Any]:
    """Parse a specification; the caller owns the result. Keys that begin with `$comment` are for people."""
    spec: dict[str, Any] = json.loads(_source(name))
    spec.pop("$comment", None)
    return spec


def _filled(value: Any, texts: Mapping[str, str]) -> Any:
    """Replace `t:key` strings of a specification by the locale's words."""
    if isinstance(value, dict):
        return {key: _filled(item, texts) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, texts) for item in value]
    if isinstance(value, str) and value.startswith("t:"):
        return texts[value.removeprefix("t:")]
    return value


def _cleaned(row: Row) -> dict[str, object]:
    """Clean the strings of a data row, which may come from the scanned code."""
    return {key: plain(value) if isinstance(value, str) else value for key, value in row.items()}


def distinct(labels: Iterable[str]) -> list[str]:
    """Number equal labels, because a chart's axis would merge their rows into one."""
    taken: Counter[str] = Counter()
    result = []
    for label in labels:
        taken[label] += 1
        result.append(label if taken[label] == 1 else f"{label} ({taken[label]})")
    return result
