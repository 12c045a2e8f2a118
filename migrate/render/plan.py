"""The schedule as a picture: phases and units over time, units by wave when they are many."""

from __future__ import annotations

from collections import defaultdict

from migrate.model import Struct, Task
from migrate.render import numbers
from migrate.render.charts import Cell, Drawing, Figure, Row, Table, distinct, figure
from migrate.render.figures import day_after, number
from migrate.render.reading import Reading
from migrate.render.svg import Mark, palette
from migrate.render.text import shorten

MOST_BARS = 24
"""More tasks than this are drawn by wave; the table twin still names them one by one."""

CRITICAL = 0.5
"""Share of draws from which on a task counts as lying on the critical path."""


class Bar(Struct, frozen=True):
    """A row of the picture, in months from the start."""

    label: str
    start: float
    finish: float
    late: float
    remark: str
    critical: bool


def schedule(reading: Reading, target: str) -> Figure:
    """Draw the tasks over time, solid to P50 and pale to P80."""
    texts, colors = reading.texts, palette()
    tasks = sorted(reading.estimates[target].schedule, key=lambda task: (task.start.p50, task.finish.p50, task.id))
    bars = _bars(reading, tasks)
    labels = distinct(shorten(bar.label, 34) for bar in bars)
    data: list[Row] = [
        {
            "label": label,
            "start": bar.start,
            "finish": bar.finish,
            "late": max(bar.late, bar.finish),
            "text": bar.remark,
            "mark": f"m{index}",
            "color": colors["accent" if bar.critical else "rename"],
        }
        for index, (label, bar) in enumerate(zip(labels, bars, strict=True))
    ]
    marks = {
        f"m{index}": Mark(title=f"{bar.label}: {texts.span(_when(reading, bar.start), _when(reading, bar.finish))}")
        for index, bar in enumerate(bars)
    }
    end = max((task.finish.p50 for task in tasks), default=0.0)
    late = max((task.finish.p80 for task in tasks), default=0.0)
    lines: list[Row] = [
        {"value": value, "text": texts("chart.schedule.mark", name=name, when=_when(reading, value))}
        for name, value in (("P50", end), ("P80", late))
    ]
    sentence = texts("chart.schedule.empty")
    if tasks:
        sentence = texts("chart.schedule.sentence", p50=_when(reading, end), p80=_when(reading, late))
    return figure(
        Drawing(
            spec="gantt.vl.json",
            width=880,
            data={"rows": data, "marks": lines if data else []},
            texts={"unit": texts("axis.months-from-start")},
            marks=marks,
        ),
        name=f"schedule-{target}",
        title=texts("chart.schedule.title", target=reading.name(target)),
        sentence=sentence,
        table=_table(reading, tasks),
    )


def _when(reading: Reading, months: float) -> str:
    """Write a moment of the plan: a date when the start is known, months otherwise."""
    start = reading.scenario.start if reading.scenario is not None else ""
    return day_after(start, months) or reading.months_text(months)


def _bars(reading: Reading, tasks: list[Task]) -> list[Bar]:
    """Return a bar per task, or per phase and wave when tasks would be too many to read."""
    texts = reading.texts
    if len(tasks) <= MOST_BARS:
        return [_bar(task.title, [task], texts.plural("chart.schedule.people", task.people)) for task in tasks]
    waves: dict[int, list[Task]] = defaultdict(list)
    bars = []
    for task in tasks:
        if task.id in reading.units:
            waves[reading.units[task.id].wave].append(task)
        else:
            bars.append(_bar(task.title, [task], texts.plural("chart.schedule.people", task.people)))
    for wave, members in waves.items():
        units = texts.plural("count.units", len(members))
        bars.append(_bar(texts("chart.schedule.wave", n=wave, units=units), members, ""))
    return sorted(bars, key=lambda bar: (bar.start, bar.finish, bar.label))


def _bar(label: str, tasks: list[Task], remark: str) -> Bar:
    """Return the bar that spans some tasks."""
    return Bar(
        label=label,
        start=min(task.start.p50 for task in tasks),
        finish=max(task.finish.p50 for task in tasks),
        late=max(task.finish.p80 for task in tasks),
        remark=remark,
        critical=any(task.criticality >= CRITICAL for task in tasks),
    )


def _table(reading: Reading, tasks: list[Task]) -> Table:
    """List every task."""
    rows = tuple(
        (
            Cell(text=task.title),
            *(number(_when(reading, value)) for value in (task.start.p50, task.finish.p50, task.finish.p80)),
            number(numbers.count(task.people)),
            number(numbers.percent(100 * task.criticality)),
        )
        for task in tasks
    )
    head = tuple(
        reading.texts(f"table.{key}") for key in ("task", "start", "finish", "finish-late", "people", "criticality")
    )
    return Table(head=head, rows=rows)
