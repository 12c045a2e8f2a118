"""From effort to months: the phases around the graph, ramp-up, and the bars of the schedule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from migrate.estimate.defaults import FIRST_PHASES, LAST_PHASES, Terms
from migrate.estimate.draws import Draws, Single, Vector, percentiles, triangular
from migrate.estimate.effort import Effort
from migrate.estimate.fixed import split
from migrate.estimate.pricing import Item
from migrate.estimate.schedule import Job, Run, assign, order_jobs, speed, step, width
from migrate.model import Graph, Percentiles, Task

TITLES = {
    "training": "Ramp-up and training",
    "toolchain": "Tool chain and continuous integration",
    "integration": "Integration",
    "accuracy": "Accuracy alignment",
    "performance": "Performance tuning",
    "release": "Release and documentation",
}
"""Phases by id."""

PORT = "port"


@dataclass(frozen=True)
class Plan:
    """The schedule, over every `step`-th draw."""

    months: Vector
    step: int
    tasks: tuple[Task, ...]
    critical_path: tuple[str, ...]
    criticality: Mapping[str, float]
    people: int
    """Of the team, those that can be of use."""


def phase_id(phase: str) -> str:
    """Name the piece of work that a phase of the fixed effort is."""
    return f"fixed:{phase}"


def make_plan(effort: Effort, graph: Graph, titles: Mapping[str, str], draws: Draws, terms: Terms) -> Plan:
    """Schedule all work.

    Args:
        effort: In person-days.
        graph: The order of the units.
        titles: Of units and shared fixes, by id.
        draws: For the ramp-up.
        terms: Team, stage and waiting time for hardware are the scenario's.
    """
    bars, jobs, every = _lay(effort, graph, draws, terms)
    return bars.plan(jobs, titles, every)


def months_of_plan(effort: Effort, graph: Graph, draws: Draws, terms: Terms) -> Vector:
    """Return the length of the schedule alone, of every n-th draw."""
    return _lay(effort, graph, draws, terms)[0].clock


def _lay(effort: Effort, graph: Graph, draws: Draws, terms: Terms) -> tuple[_Bars, Sequence[Job], int]:
    """Assign the units and lay the phases around them."""
    numbers, scenario = terms.numbers, terms.scenario
    fixes = _fixes(effort.items)
    jobs = order_jobs(graph, frozenset(effort.shares) - fixes.keys(), fixes)
    every = step(len(jobs), draws.size)
    people = min(scenario.team, max(width(jobs), numbers.phase_people))
    month = numbers.days_per_month * speed(people, numbers.communication_loss)
    hands = min(people, numbers.phase_people)

    def months_of(job: str) -> Single:
        return effort.unit(job)[::every] / np.float32(month)

    run = assign(jobs, months_of, people, len(effort.total[::every]))
    fixed = effort.fixed[::every] / month
    lengths = {
        phase: fixed * share / (people if phase == "training" else hands)
        for phase, share in split(scenario.stage, numbers).items()
    }
    work = sum((length for phase, length in lengths.items() if phase != "training"), run.end)
    ramp = triangular(draws.uniform("ramp-up"), numbers.ramp_up)[::every]
    # Staff is trained while it ramps up; nobody ramps up for a month to do a day's work.
    lengths["training"] = np.maximum(np.minimum(ramp, numbers.ramp_up_share * work), lengths["training"])
    return _Bars(scenario.hardware_wait_months, lengths, run, people, hands), jobs, every


def _fixes(items: Sequence[Item]) -> dict[str, tuple[str, ...]]:
    """Return the shared fixes with the units that wait for them."""
    checked = {item.id.removeprefix("checks:"): item for item in items if item.id.startswith("checks:")}
    return {
        item.id: tuple(sorted({portion.unit for portion in checked[item.id.removeprefix("fix:")].portions}))
        for item in items
        if item.is_fix
    }


class _Bars:
    """Lays the phases end to end, with the units in their middle."""

    def __init__(self, wait: float, lengths: Mapping[str, Vector], run: Run, people: int, hands: int) -> None:
        self.run, self.people, self.hands = run, people, hands
        self.clock = np.full_like(run.end, wait)
        self.phases: list[Task] = []
        for phase in FIRST_PHASES:
            self._phase(phase, lengths[phase])
        self.units_from = self.clock
        self.clock = self.clock + run.end
        for phase in LAST_PHASES:
            if phase in lengths:
                self._phase(phase, lengths[phase])

    def _phase(self, phase: str, length: Vector) -> None:
        start, self.clock = self.clock, self.clock + length
        self.phases.append(
            Task(
                id=phase_id(phase),
                title=TITLES[phase],
                phase=phase,
                start=percentiles(start),
                finish=percentiles(self.clock),
                people=self.people if phase == "training" else self.hands,
                criticality=1.0 if length.any() else 0.0,
            )
        )

    def plan(self, jobs: Sequence[Job], titles: Mapping[str, str], every: int) -> Plan:
        """Return the plan with its bars in the order in which work starts."""
        units = tuple(self._unit(place, job, titles[job.id]) for place, job in enumerate(jobs) if not job.joins)
        tasks = (*self.phases[: len(FIRST_PHASES)], *units, *self.phases[len(FIRST_PHASES) :])
        chain = tuple(jobs[place].id for place in self.run.chain if not jobs[place].joins)
        ids = tuple(task.id for task in self.phases)
        return Plan(
            months=self.clock,
            step=every,
            tasks=tasks,
            critical_path=(*ids[: len(FIRST_PHASES)], *chain, *ids[len(FIRST_PHASES) :]),
            criticality={task.id: task.criticality for task in tasks},
            people=self.people,
        )

    def _unit(self, place: int, job: Job, title: str) -> Task:
        return Task(
            id=job.id,
            title=title,
            phase=PORT,
            start=self._shifted(self.run.starts[place]),
            finish=self._shifted(self.run.finishes[place]),
            people=1,
            criticality=round(float(self.run.criticality[place]), 4),
        )

    def _shifted(self, months: Single) -> Percentiles:
        return percentiles(self.units_from + months)
