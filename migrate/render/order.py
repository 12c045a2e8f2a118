"""The order of work as a picture of waves and as rows; large graphs are drawn by folder."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Sequence

from migrate.model import Change, PortingUnit, Struct
from migrate.render import numbers
from migrate.render.attribution import by_change, heaviest_change
from migrate.render.charts import Cell, Drawing, Figure, Row, Table, figure
from migrate.render.layout import contracted, ordered_columns
from migrate.render.reading import Reading, change_id
from migrate.render.svg import Mark, palette
from migrate.render.text import columns, shorten

MOST_NODES = 150
MOST_IN_COLUMN = 16
NODE_HEIGHT, ROW_HEIGHT, TOP = 34, 46, 30
GAP, PAD, SMALLEST_NODE, WIDTH = 18, 4, 104, 884


class Node(Struct, frozen=True):
    """A box of the picture: one unit, or all units of a kind in a folder."""

    id: str
    title: str
    units: tuple[str, ...]
    wave: int
    in_cycle: bool
    anchor: str


def order(reading: Reading, target: str) -> Figure:
    """Draw the units with work in them in waves from left to right."""
    texts = reading.texts
    worked = [unit for unit in reading.audit.graph.units if _days(reading, target, unit) > 0]
    nodes = _nodes(reading, worked)
    node_of = {unit: node.id for node in nodes for unit in node.units}
    needs: dict[str, list[str]] = defaultdict(list)
    for edge in reading.audit.graph.edges:
        needs[edge.source].append(edge.needs)
    pairs = {
        (node_of[source], node_of[needed])
        for source, needed in contracted(needs, frozenset(node_of))
        if node_of[source] != node_of[needed]
    }
    critical = [item for item in reading.audit.graph.critical_path.get(target, ()) if item in node_of]
    steps = {(node_of[late], node_of[early]) for early, late in itertools.pairwise(critical)}
    drawing = _drawing(reading, target, nodes, sorted(pairs), steps)
    sentence = texts("chart.order.empty")
    if worked:
        sentence = texts(
            "chart.order.sentence",
            units=texts.plural("count.units", len(worked)),
            waves=texts.plural("count.waves", len({unit.wave for unit in worked})),
            path=texts.plural("count.units", len(critical)),
            days=reading.days_text(sum(_days(reading, target, reading.units[item]) for item in critical)),
        )
        if len(nodes) < len(worked):
            sentence += " " + texts("chart.order.collapsed", nodes=len(nodes))
    return figure(
        drawing,
        name=f"order-{target}",
        title=texts("chart.order.title", target=reading.name(target)),
        sentence=sentence,
        table=_wave_table(reading, target),
    )


def _days(reading: Reading, target: str, unit: PortingUnit) -> float:
    """Return the likely person-days of a unit."""
    points = reading.estimates[target].unit_days.get(unit.id)
    return points.p50 if points is not None else 0.0


def _nodes(reading: Reading, units: list[PortingUnit]) -> list[Node]:
    """Return a box per unit, or per kind and folder when boxes would be too many to read."""
    per_wave: dict[int, int] = defaultdict(int)
    for unit in units:
        per_wave[unit.wave] += 1
    single = len(units) <= MOST_NODES and max(per_wave.values(), default=0) <= MOST_IN_COLUMN
    if single:
        return [
            Node(
                id=unit.id,
                title=unit.title,
                units=(unit.id,),
                wave=unit.wave,
                in_cycle=unit.cycle is not None,
                anchor=reading.unit_href(unit.id),
            )
            for unit in units
        ]
    groups: dict[str, list[PortingUnit]] = {}
    depth = 2
    while depth >= 0:
        groups = defaultdict(list)
        for unit in units:
            groups[f"{unit.kind}:{unit.wave}:{_folder(unit, depth)}"].append(unit)
        if len(groups) <= MOST_NODES and _tallest(groups) <= MOST_IN_COLUMN:
            break
        depth -= 1
    return [
        Node(
            id=key,
            title=_folder(members[0], max(depth, 0)) or reading.texts(f"unit-kind.{members[0].kind}"),
            units=tuple(unit.id for unit in members),
            wave=members[0].wave,
            in_cycle=any(unit.cycle is not None for unit in members),
            anchor=reading.unit_href(members[0].id),
        )
        for key, members in sorted(groups.items())
    ]


def _folder(unit: PortingUnit, depth: int) -> str:
    """Return the first folders of a unit's first file."""
    parts = unit.files[0].split("/")[:-1] if unit.files else []
    return "/".join(parts[:depth])


def _tallest(groups: dict[str, list[PortingUnit]]) -> int:
    """Return the number of boxes in the fullest wave."""
    per_wave: dict[int, int] = defaultdict(int)
    for members in groups.values():
        per_wave[members[0].wave] += 1
    return max(per_wave.values(), default=0)


def _drawing(
    reading: Reading,
    target: str,
    nodes: list[Node],
    pairs: list[tuple[str, str]],
    steps: set[tuple[str, str]],
) -> Drawing:
    """Place boxes and lines."""
    waves = sorted({node.wave for node in nodes})
    columns = ordered_columns([[node.id for node in nodes if node.wave == wave] for wave in waves], pairs)
    if not columns:
        return Drawing(spec="order.vg.json", data={"nodes": []})
    width = max(SMALLEST_NODE, (WIDTH - GAP * (len(columns) - 1)) // len(columns) - PAD)
    stride, tallest = width + PAD + GAP, max(len(column) for column in columns)
    place = _placed(columns, stride, tallest)
    on_path = {node for step in steps for node in step}
    boxes = [_box(reading, target, node, place[node.id], width, critical=node.id in on_path) for node in nodes]
    lines = [
        _line(place[needed], place[source], width, bold=(source, needed) in steps)
        for source, needed in sorted(pairs, key=lambda pair: pair in steps)
    ]
    bands: list[Row] = [
        {"x": number * stride, "width": width + PAD, "label": reading.texts("order.wave", n=wave)}
        for number, wave in enumerate(waves)
    ]
    return Drawing(
        spec="order.vg.json",
        data={
            "waves": bands,
            "edges": [line | {"mark": f"e{n}"} for n, line in enumerate(lines)],
            "nodes": [box | {"mark": f"n{n}"} for n, box in enumerate(boxes)],
        },
        marks=_marks(nodes, [str(box["text"]) for box in boxes], sorted(pairs, key=lambda pair: pair in steps)),
        size={"width": len(columns) * stride - GAP, "height": TOP + tallest * ROW_HEIGHT},
    )


def _placed(columns: Sequence[Sequence[str]], stride: int, tallest: int) -> dict[str, tuple[float, float]]:
    """Return the upper left corner of every box; short columns stand in the middle."""
    return {
        node: (
            column * stride + PAD / 2,
            TOP + ((tallest - len(members)) / 2 + position) * ROW_HEIGHT,
        )
        for column, members in enumerate(columns)
        for position, node in enumerate(members)
    }


def _marks(nodes: list[Node], texts: list[str], pairs: list[tuple[str, str]]) -> dict[str, Mark]:
    """Return what boxes lead to, and what lines join, by number."""
    numbering = {node.id: str(index) for index, node in enumerate(nodes)}
    boxes = {
        f"n{index}": Mark(title=f"{node.title}: {text}", href=node.anchor, data={"node": str(index)})
        for index, (node, text) in enumerate(zip(nodes, texts, strict=True))
    }
    lines = {
        f"e{index}": Mark(title="", data={"edge": f"{numbering[source]} {numbering[needed]}"})
        for index, (source, needed) in enumerate(pairs)
    }
    return boxes | lines


def _line(start: tuple[float, float], end: tuple[float, float], width: int, *, bold: bool) -> dict[str, object]:
    """Make the data row of a line between two boxes."""
    color = palette()["accent" if bold else "axis"]
    return {"path": _curve(start, end, width), "color": color, "width": 2.5 if bold else 1}


def _box(
    reading: Reading, target: str, node: Node, place: tuple[float, float], width: int, *, critical: bool
) -> dict[str, object]:
    """Make the data row of a box."""
    colors = palette()
    days = sum(_days(reading, target, reading.units[unit]) for unit in node.units)
    change = _heaviest(reading, target, node.units)
    text = reading.days_text(days)
    if len(node.units) > 1:
        kind = reading.texts(f"unit-kind.{reading.units[node.units[0]].kind}")
        text = reading.texts("order.group", days=text, n=numbers.count(len(node.units)), kind=kind)
    return {
        "x": place[0],
        "y": place[1],
        "width": width,
        "label": _label(node.title, (width - 22) // 7),
        "text": text,
        "color": colors[change_id(change)],
        "stroke": colors["accent" if critical else "axis"],
        "strokeWidth": 2 if critical else 1,
        "dash": [4, 3] if node.in_cycle else [],
    }


def _label(title: str, width: int) -> str:
    """Write a title into a box: of a long path only the file's name, which tells boxes apart."""
    return shorten(title if columns(title) <= width else title.rsplit("/", 1)[-1], width)


def _heaviest(reading: Reading, target: str, units: tuple[str, ...]) -> Change | None:
    """Return the change class that carries most of some units."""
    inside = {item for unit in units for item in reading.units[unit].findings}
    totals = by_change(reading.findings_of(inside), target, reading.days[target])
    return heaviest_change(totals) if totals else Change.NONE


def _curve(start: tuple[float, float], end: tuple[float, float], width: int) -> str:
    """Return a line from the right side of one box to the left of another, bent around when it goes back."""
    x0, y0 = start[0] + width, start[1] + NODE_HEIGHT / 2
    x1, y1 = end[0], end[1] + NODE_HEIGHT / 2
    reach = max(18.0, (x1 - x0) / 2)
    return f"M{x0:.0f},{y0:.0f}C{x0 + reach:.0f},{y0:.0f} {x1 - reach:.0f},{y1:.0f} {x1:.0f},{y1:.0f}"


def _wave_table(reading: Reading, target: str) -> Table:
    """Write waves as rows: what is in them, what they take, and how much waits for them."""
    texts = reading.texts
    rows = []
    for number, members in enumerate(reading.audit.graph.waves):
        units = [reading.units[item] for item in members if item in reading.units]
        worked = [unit for unit in units if _days(reading, target, unit) > 0]
        if not worked:
            continue
        ranked = sorted(worked, key=lambda unit: (-_days(reading, target, unit), unit.id))
        names = texts.listing([shorten(unit.title, 40) for unit in ranked[:3]])
        if len(ranked) > 3:
            names = texts("order.and-more", names=names, n=len(ranked) - 3)
        rows.append(
            (
                Cell(text=texts("order.wave", n=number)),
                Cell(text=numbers.count(len(worked)), number=True),
                Cell(text=reading.days_text(sum(_days(reading, target, unit) for unit in worked)), number=True),
                Cell(text=numbers.count(max(unit.unlocks for unit in worked)), number=True),
                Cell(text=names),
            )
        )
    head = tuple(texts(f"table.{key}") for key in ("wave", "units", "days", "unlocks", "dearest"))
    return Table(head=head, rows=tuple(rows))
