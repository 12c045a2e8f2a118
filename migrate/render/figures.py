"""Charts of an estimate: ranges, change classes, drivers, sensitivities, confidence."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta

from migrate.model import ChangeTotal, Contribution, Estimate, Percentiles, Role, Sensitivity
from migrate.render import numbers
from migrate.render.charts import Cell, Drawing, Figure, Row, Step, Table, distinct, figure
from migrate.render.reading import CHANGES, LETTERS, Reading, change_id, query
from migrate.render.svg import Mark, palette
from migrate.render.text import shorten

DAYS_PER_MONTH = 30.4375
DARK_CLASSES = frozenset({"blocked"})
"""Change classes whose colour takes light letters."""

NARROWEST_LETTERED = 2.5
"""Percent of a bar below which a letter would not fit."""

DRIVER_COLORS = {"unit": "accent", "fixed": "accent-pale", "shared-fix": "rename"}

Write = Callable[[float], str]


def ink_on(change: str) -> str:
    """Return the colour of letters on a change class."""
    return palette()["on-dark" if change in DARK_CLASSES else "on-light"]


def number(text: str) -> Cell:
    """Make a cell that holds a number."""
    return Cell(text=text, number=True)


def _range_rows(entries: Sequence[tuple[str, Percentiles]], write: Write) -> list[Row]:
    """Turn labelled distributions into rows of the range chart."""
    return [
        {
            "label": label,
            "p10": points.p10,
            "p50": points.p50,
            "p80": points.p80,
            "p90": points.p90,
            "middle": f"P50 {write(points.p50)}",
            "high": f"P80 {write(points.p80)}",
            "mark": f"m{index}",
        }
        for index, (label, points) in enumerate(entries)
    ]


def _range_table(reading: Reading, entries: Sequence[tuple[str, Percentiles]], write: Write, first: str) -> Table:
    """Write labelled distributions as a table."""
    head = (first, "P10", "P50", "P80", "P90")
    del reading
    return Table(
        head=head,
        rows=tuple(
            (
                Cell(text=label),
                *(number(write(value)) for value in (points.p10, points.p50, points.p80, points.p90)),
            )
            for label, points in entries
        ),
    )


def verdict_range(reading: Reading, target: str) -> Figure:
    """Draw the range of one target's answer in months."""
    estimate, texts = reading.estimates[target], reading.texts
    entries = [(texts("chart.range.months"), estimate.months)]
    rows = [dict(row) | {"label": ""} for row in _range_rows(entries, numbers.signed)]
    return figure(
        Drawing(
            spec="range.vl.json",
            data={"rows": rows, "quotes": []},
            texts={"unit": ""},
            width=520,
        ),
        name=f"range-{target}",
        title=texts("chart.range.title", target=reading.name(target)),
        sentence=texts(
            "chart.range.sentence",
            low=numbers.signed(estimate.months.p10),
            high=numbers.signed(estimate.months.p90),
        ),
        table=_range_table(reading, entries, numbers.signed, texts("table.what")),
    )


def compared(reading: Reading, measure: str) -> Figure:
    """Draw all targets on one axis, in months or in percent, with the figure that is often quoted."""
    texts = reading.texts
    in_months = measure == "months"
    write: Write = numbers.signed if in_months else numbers.signed_percent
    quoted = 6.0 if in_months else 40.0
    entries = [
        (reading.name(target), estimate.months if in_months else estimate.inflation_percent)
        for target, estimate in reading.estimates.items()
    ]
    middle = [
        texts("chart.compare.item", target=name, p50=write(points.p50), p80=write(points.p80))
        for name, points in entries
    ]
    return figure(
        Drawing(
            spec="range.vl.json",
            data={
                "rows": _range_rows(entries, write),
                "quotes": [{"value": quoted, "text": texts(f"chart.compare.quoted.{measure}")}],
            },
            texts={"unit": texts("axis.months-added" if in_months else "axis.percent-added")},
            width=424,
        ),
        name=f"compare-{measure}",
        title=texts(f"chart.compare.{measure}"),
        sentence=texts("chart.compare.sentence", items=texts.listing(middle)),
        table=_range_table(reading, entries, write, texts("table.target")),
    )


def change_bars(reading: Reading) -> Figure:
    """Draw the effort of each target cut by change class."""
    texts = reading.texts
    data: list[Row] = []
    marks: dict[str, Mark] = {}
    for target in reading.estimates:
        for bar, mark in _change_bars(reading, target):
            key = f"m{len(marks)}"
            marks[key] = mark
            data.append(bar | {"mark": key})
    parts = [part for target in reading.estimates if (part := _heaviest_part(reading, target))]
    return figure(
        Drawing(
            spec="changes.vl.json",
            width=880,
            data={"rows": data},
            texts={"title": texts("axis.share-of-effort")},
            marks=marks,
        ),
        name="changes",
        title=texts("chart.changes.title"),
        sentence=texts("chart.changes.sentence", items=texts.listing(parts)) if parts else texts("chart.changes.empty"),
        table=_change_table(reading),
    )


def _change_shares(estimate: Estimate) -> list[tuple[ChangeTotal, float]]:
    """Return the change classes, lightest first, with their percentage of the effort."""
    whole = sum(total.effort_days.p50 for total in estimate.changes)
    ordered = sorted(estimate.changes, key=lambda total: CHANGES.index(total.change))
    return [(total, 100 * total.effort_days.p50 / whole if whole else 0.0) for total in ordered]


def _change_bars(reading: Reading, target: str) -> Iterator[tuple[dict[str, object], Mark]]:
    """Yield the pieces of one target's bar with what they lead to."""
    position = 0.0
    for total, width in _change_shares(reading.estimates[target]):
        if not width:
            continue
        change = change_id(total.change)
        title = reading.texts(
            "chart.changes.item",
            change=reading.change_name(total.change),
            days=reading.days_text(total.effort_days.p50),
            share=numbers.percent(width),
        )
        bar = {
            "label": reading.name(target),
            "start": position,
            "end": position + width,
            "middle": position + width / 2,
            "letter": LETTERS[total.change] if width > NARROWEST_LETTERED else "",
            "color": palette()[change],
            "ink": ink_on(change),
        }
        yield (
            bar,
            Mark(title=title, href="#findings", filter=query(target=target, role=Role.OWNED, change=change)),
        )
        position += width


def _heaviest_part(reading: Reading, target: str) -> str:
    """Name the change class that carries most of a target's effort, empty when there is no effort."""
    total, width = max(_change_shares(reading.estimates[target]), key=lambda pair: pair[1], default=(None, 0.0))
    if total is None or not width:
        return ""
    return reading.texts(
        "chart.changes.part",
        target=reading.name(target),
        change=reading.change_name(total.change),
        share=numbers.percent(width),
    )


def _change_table(reading: Reading) -> Table:
    """List the change classes of all targets."""
    rows = tuple(
        (
            Cell(text=reading.name(target)),
            Cell(text=reading.change_name(total.change), badge=change_id(total.change)),
            number(numbers.count(total.findings)),
            number(reading.days_text(total.effort_days.p50)),
            number(numbers.percent(width)),
            Cell(text=total.where),
        )
        for target, estimate in reading.estimates.items()
        for total, width in _change_shares(estimate)
    )
    keys = ("target", "change", "findings", "days", "share", "where")
    return Table(head=tuple(reading.texts(f"table.{key}") for key in keys), rows=rows)


def drivers(reading: Reading, target: str) -> Figure:
    """Draw the parts that carry most of the effort at P80, with their running total."""
    texts, top = reading.texts, reading.estimates[target].drivers
    running = list(itertools.accumulate(item.share for item in top))
    links = [reading.unit_href(item.item) if item.kind == "unit" else f"#method-{target}" for item in top]
    data: list[Row] = [
        {
            "label": f"{rank}  {shorten(item.title, 34)}",
            "share": 100 * item.share,
            "total": 100 * total,
            "rank": rank,
            "text": numbers.percent(100 * item.share),
            "color": palette()[DRIVER_COLORS[item.kind]],
            "mark": f"m{rank}",
        }
        for rank, (item, total) in enumerate(zip(top, running, strict=True), 1)
    ]
    marks = {
        f"m{rank}": Mark(title=f"{item.title}: {numbers.percent(100 * item.share)}", href=link)
        for rank, (item, link) in enumerate(zip(top, links, strict=True), 1)
    }
    sentence = texts("chart.drivers.empty")
    if top:
        sentence = texts(
            "chart.drivers.sentence",
            n=len(top),
            share=numbers.percent(100 * running[-1]),
            first=top[0].title,
            part=numbers.percent(100 * top[0].share),
        )
    axis = {"title": texts("axis.share-p80")}
    return figure(
        Drawing(spec="drivers.vl.json", width=880, data={"rows": data}, texts=axis, marks=marks),
        name=f"drivers-{target}",
        title=texts("chart.drivers.title", target=reading.name(target)),
        sentence=sentence,
        table=_driver_table(reading, target, running, links),
    )


def _driver_cell(reading: Reading, item: Contribution, link: str) -> Cell:
    """Name a driver, with its computation folded under it."""
    texts = reading.texts
    steps = tuple(
        Step(
            title=part.title,
            kind=texts(f"part.{part.kind}"),
            days=reading.days_text(part.days),
            text=part.text,
        )
        for part in item.parts
    )
    return Cell(text=item.title, href=link, steps=steps, summary=texts("part.summary"))


def _driver_table(reading: Reading, target: str, running: list[float], links: list[str]) -> Table:
    """List the dearest parts."""
    rows = tuple(
        (
            _driver_cell(reading, item, link),
            Cell(text=reading.texts(f"driver.{item.kind}")),
            number(reading.days_text(item.effort_days.p50)),
            number(reading.days_text(item.effort_days.p80)),
            *(number(numbers.percent(100 * share)) for share in (item.share, total, item.criticality)),
        )
        for item, total, link in zip(reading.estimates[target].drivers, running, links, strict=True)
    )
    keys = ("part", "kind", "p50", "p80", "share-p80", "running", "criticality")
    return Table(head=tuple(reading.texts(f"table.{key}") for key in keys), rows=rows)


def tornado(reading: Reading, target: str, measure: str) -> Figure:
    """Draw how far the result moves with each input, in months or in percent."""
    texts, estimate = reading.texts, reading.estimates[target]
    in_months = measure == "months"
    bars: tuple[Sensitivity, ...] = estimate.tornado_months if in_months else estimate.tornado_percent
    middle = estimate.months.p50 if in_months else estimate.inflation_percent.p50
    write: Write = numbers.signed if in_months else numbers.signed_percent
    ordered = sorted(bars, key=lambda bar: -abs(bar.high - bar.low))
    labels = distinct(shorten(bar.title, 34) for bar in ordered)
    data: list[Row] = [
        {
            "label": label,
            "low": min(bar.low, bar.high),
            "high": max(bar.low, bar.high),
            "middle": middle,
            "low_text": write(min(bar.low, bar.high)),
            "high_text": write(max(bar.low, bar.high)),
        }
        for label, bar in zip(labels, ordered, strict=True)
    ]
    sentence = texts("chart.tornado.empty")
    if ordered:
        sentence = texts(
            "chart.tornado.sentence",
            first=ordered[0].title,
            low=write(min(ordered[0].low, ordered[0].high)),
            high=write(max(ordered[0].low, ordered[0].high)),
        )
    head = tuple(texts(f"table.{key}") for key in ("input", "at-p10", "at-p90"))
    return figure(
        Drawing(
            spec="tornado.vl.json",
            data={"rows": data, "middle": [{"value": middle}] if data else []},
            texts={"unit": texts("axis.months-added" if in_months else "axis.percent-added")},
            width=424,
        ),
        name=f"tornado-{measure}-{target}",
        title=texts(f"chart.tornado.{measure}", target=reading.name(target)),
        sentence=sentence,
        table=Table(
            head=head,
            rows=tuple((Cell(text=bar.title), number(write(bar.low)), number(write(bar.high))) for bar in ordered),
        ),
    )


def day_after(start: str, months: float) -> str:
    """Return the ISO date so many months after a start, empty without a start."""
    if not start:
        return ""
    return (date.fromisoformat(start) + timedelta(days=round(months * DAYS_PER_MONTH))).isoformat()


def confidence(reading: Reading, target: str) -> Figure:
    """Draw how likely it is to be done within so many months."""
    texts, estimate = reading.texts, reading.estimates[target]
    months = estimate.months
    named = (
        ("P10", 10, months.p10),
        ("P50", 50, months.p50),
        ("P80", 80, months.p80),
        ("P90", 90, months.p90),
    )
    # The last two per cent of a heavy tail would squeeze everything a reader decides on into the left half.
    shown = enumerate(estimate.curve_months[:99])
    data: list[Row] = [{"confidence": level, "value": value} for level, value in shown]
    points: list[Row] = [
        {"confidence": level, "value": value, "text": f"{name}  {numbers.signed(value)}", "mark": name}
        for name, level, value in named
    ]
    start = reading.scenario.start if reading.scenario is not None else ""
    return figure(
        Drawing(
            spec="curve.vl.json",
            data={"rows": data, "points": points if data else []},
            texts={"unit": texts("axis.months-added"), "confidence": texts("axis.confidence")},
            marks={name: Mark(title=f"{name}: {numbers.signed(value)}") for name, _, value in named},
        ),
        name=f"curve-{target}",
        title=texts("chart.curve.title", target=reading.name(target)),
        sentence=texts(
            "chart.curve.dated" if start else "chart.curve.sentence",
            p50=numbers.signed(months.p50),
            p80=numbers.signed(months.p80),
            date=day_after(start, months.p80),
        ),
        table=_confidence_table(reading, target),
    )


def _confidence_table(reading: Reading, target: str) -> Table:
    """List every tenth percentile of months, days and percent."""
    estimate = reading.estimates[target]
    curves = zip(estimate.curve_months, estimate.curve_days, estimate.curve_percent, strict=True)
    rows = tuple(
        (
            number(numbers.percent(level)),
            number(numbers.signed(months)),
            number(reading.days_text(days)),
            number(numbers.signed_percent(percent)),
        )
        for level, (months, days, percent) in enumerate(curves)
        if level % 10 == 0
    )
    keys = ("confidence", "months", "days", "percent")
    return Table(head=tuple(reading.texts(f"table.{key}") for key in keys), rows=rows)
