"""The kinds of work stacked up to the total: in money when a rate is known, in person-days otherwise."""

from __future__ import annotations

import itertools

from migrate.model import Percentiles, Struct
from migrate.render import numbers
from migrate.render.charts import Cell, Drawing, Figure, Row, Table, distinct, figure
from migrate.render.figures import Write, number
from migrate.render.reading import Reading
from migrate.render.svg import palette
from migrate.render.text import shorten

WORTH_SHOWING = 0.005
"""Share of the total from which on the difference to the sum of the parts gets a line."""


class Line(Struct, frozen=True):
    """A kind of work, or what is left between the parts and their sum."""

    title: str
    amount: float
    """Money with a rate, person-days without."""
    days: str
    """Person-days as text; empty for what only the sum has."""


def money(reading: Reading, target: str) -> Figure:
    """Draw the kinds of work stacked up to the total."""
    texts, estimate = reading.texts, reading.estimates[target]
    priced = estimate.cost is not None and reading.cost_of_days(1.0) is not None

    def write(value: float) -> str:
        if priced:
            return texts("unit.money", n=numbers.significant(value), currency=estimate.currency)
        return reading.days_text(value)

    total = estimate.cost if priced and estimate.cost is not None else estimate.effort_days
    lines = _lines(reading, target, total.p50, priced=priced)
    return figure(
        Drawing(
            spec="money.vl.json",
            width=880,
            data={"rows": _bars(reading, lines, total, write) if lines else []},
            texts={"unit": estimate.currency if priced else texts("axis.person-days")},
        ),
        name=f"money-{target}",
        title=texts("chart.money.title", target=reading.name(target)),
        sentence=texts(
            "chart.money.sentence",
            p50=write(total.p50),
            p80=write(total.p80),
            contingency=write(total.p80 - total.p50),
        ),
        table=_table(reading, target, lines, write, priced=priced),
    )


def _lines(reading: Reading, target: str, total: float, *, priced: bool) -> list[Line]:
    """Return the kinds of work, and the difference between their sum and the total."""
    estimate = reading.estimates[target]
    lines = []
    for title, line in zip(distinct(line.title for line in estimate.lines), estimate.lines, strict=True):
        days = line.effort_days.p50
        cost = reading.cost_of_days(days) if priced else None
        lines.append(Line(title=title, amount=days if cost is None else cost, days=reading.days_text(days)))
    rest = total - sum(line.amount for line in lines)
    if lines and abs(rest) > WORTH_SHOWING * abs(total):
        # Percentiles of parts do not add up to the percentile of their sum; saying so beats hiding it.
        lines.append(Line(title=reading.texts("money.joint"), amount=rest, days=""))
    return lines


def _bars(reading: Reading, lines: list[Line], total: Percentiles, write: Write) -> list[Row]:
    """Return the lines one after the other, then the totals with the contingency between them."""
    texts, colors = reading.texts, palette()
    ends = list(itertools.accumulate(line.amount for line in lines))
    bars = [
        _bar(line.title, end - line.amount, end, write(line.amount), colors["rename"])
        for line, end in zip(lines, ends, strict=True)
    ]
    more = write(total.p80 - total.p50)
    return [
        *bars,
        _bar(texts("money.total-p50"), 0.0, total.p50, write(total.p50), colors["accent"]),
        _bar(texts("money.contingency"), total.p50, total.p80, more, colors["accent-pale"]),
        _bar(texts("money.total-p80"), 0.0, total.p80, write(total.p80), colors["accent"]),
    ]


def _table(reading: Reading, target: str, lines: list[Line], write: Write, *, priced: bool) -> Table:
    """List the kinds of work and the totals."""
    texts, estimate = reading.texts, reading.estimates[target]
    effort = estimate.effort_days
    cost = estimate.cost if priced and estimate.cost is not None else effort
    entries = [(line.title, line.days, line.amount) for line in lines]
    entries += [
        (texts("money.total-p50"), reading.days_text(effort.p50), cost.p50),
        (texts("money.contingency"), reading.days_text(effort.p80 - effort.p50), cost.p80 - cost.p50),
        (texts("money.total-p80"), reading.days_text(effort.p80), cost.p80),
    ]
    rows: list[tuple[Cell, ...]] = []
    for title, days, value in entries:
        money_cell = (number(write(value)),) if priced else ()
        rows.append((Cell(text=title), number(days if priced else write(value)), *money_cell))
    keys = ("line", "days", "cost") if priced else ("line", "days")
    return Table(head=tuple(texts(f"table.{key}") for key in keys), rows=tuple(rows))


def _bar(label: str, start: float, end: float, text: str, color: str) -> Row:
    """Make a bar of the money chart."""
    return {
        "label": shorten(label, 34),
        "start": start,
        "end": end,
        "edge": max(start, end),
        "text": text,
        "color": color,
    }
