"""Put the work in order and people on it, draw by draw.

Order of a port: ramp-up with training, tool chain, shared fixes and units, integration, accuracy,
performance, release. Between the tool chain and the integration the graph decides. Units are taken in a fixed
order (depth in the graph, then how much waits for them, then id) and given to whoever is free first. Because
the order does not depend on durations, a shorter unit or another person never makes the end later; by
construction no schedule is shorter than the longest chain.

Two things of the method are left out because the code cannot tell them: skills (people are one pool) and the
least schedule that any staffing can buy (it is a share of a plan nobody has made yet).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from migrate.estimate.draws import Single, Vector
from migrate.model import Graph

CELLS = 20_000_000
"""Most job-draw pairs held at once; a larger graph is scheduled on every second, third, ... draw."""

NOBODY = -1


class Job(NamedTuple):
    """Something one person does as a whole."""

    id: str
    needs: tuple[int, ...]
    """Jobs that come first, as places in the order."""
    depth: int
    """Jobs on the longest chain before it."""
    joins: bool = False
    """It only waits for what it needs: no work, no person."""


@dataclass(frozen=True)
class Run:
    """A schedule over many draws, in months from the start of the jobs."""

    starts: Sequence[Single]
    finishes: Sequence[Single]
    end: Vector
    criticality: NDArray[np.float64]
    """Share of draws in which each job is on the chain that decides the end."""
    chain: tuple[int, ...]
    """That chain in the draw of median length, first to last."""


# ------------------------------------------------------------------------------------------------------ order


def order_jobs(graph: Graph, working: frozenset[str], first: Mapping[str, Sequence[str]]) -> tuple[Job, ...]:
    """Return the jobs in the order in which they are taken.

    Units without work vanish; what they need is then needed by what needs them, through a join where that is
    much. Units of a cycle do not wait for each other, and what needs one of them waits for all.

    Args:
        graph: Of the repository.
        working: Units with work.
        first: Jobs outside the graph that come before some units: id -> units.

    Raises:
        ValueError: The graph has a cycle that it does not name.
    """
    cycle = {unit: f"cycle:{index}" for index, units in enumerate(graph.cycles) for unit in units}
    group = {unit.id: cycle.get(unit.id, unit.id) for unit in graph.units}
    members: dict[str, list[str]] = defaultdict(list)
    for id_ in sorted(group):
        members[group[id_]].append(id_)
    needs: dict[str, set[str]] = {name: set() for name in members}
    for edge in graph.edges:
        if edge.source in group and edge.needs in group and group[edge.source] != group[edge.needs]:
            needs[group[edge.source]].add(group[edge.needs])
    nodes = {job: _Node((), 0, joins=False, rank=0) for job in first}
    before: dict[str, set[str]] = defaultdict(set)
    for job, units in first.items():
        for unit in units:
            before[unit].add(job)
    _condense(nodes, needs, members, working, before)
    return _in_order(nodes, {unit.id: unit.unlocks for unit in graph.units})


class _Node(NamedTuple):
    needs: tuple[str, ...]
    depth: int
    joins: bool
    rank: int
    """Place in the topological order of groups."""


def _condense(
    nodes: dict[str, _Node],
    needs: Mapping[str, set[str]],
    members: Mapping[str, Sequence[str]],
    working: frozenset[str],
    before: Mapping[str, set[str]],
) -> None:
    """Add the working units and the joins between them to the nodes."""
    after: dict[str, frozenset[str]] = {}
    for rank, name in enumerate(_topological(needs)):
        waits = frozenset[str]().union(*(after[other] for other in needs[name]))
        jobs = [unit for unit in members[name] if unit in working]
        for unit in jobs:
            wanted = waits | before.get(unit, frozenset())
            depth = max((nodes[other].depth + 1 for other in wanted), default=0)
            nodes[unit] = _Node(tuple(sorted(wanted)), depth, joins=False, rank=rank)
        after[name] = frozenset(jobs) or waits
        if len(after[name]) > 1:
            join = f"after {name}"
            depth = max(nodes[other].depth for other in after[name])
            nodes[join] = _Node(tuple(sorted(after[name])), depth, joins=True, rank=rank)
            after[name] = frozenset((join,))


def _topological(needs: Mapping[str, set[str]]) -> list[str]:
    waiting = {name: len(others) for name, others in needs.items()}
    unlocks: dict[str, list[str]] = defaultdict(list)
    for name, others in needs.items():
        for other in others:
            unlocks[other].append(name)
    ready = sorted(name for name, count in waiting.items() if not count)
    done: list[str] = []
    while ready:
        done += ready
        freed = []
        for name in ready:
            for later in unlocks[name]:
                waiting[later] -= 1
                if not waiting[later]:
                    freed.append(later)
        ready = sorted(freed)
    if len(done) < len(needs):
        raise ValueError("the graph has a cycle that it does not name")
    return done


def _in_order(nodes: Mapping[str, _Node], unlocks: Mapping[str, int]) -> tuple[Job, ...]:
    awaited = {id_ for id_, node in nodes.items() if not node.joins}
    for id_ in sorted(nodes, key=lambda id_: -nodes[id_].rank):
        if id_ in awaited:
            awaited.update(nodes[id_].needs)

    def turn(id_: str) -> tuple[int, bool, int, str]:
        node = nodes[id_]
        return node.depth, node.joins, node.rank if node.joins else -unlocks.get(id_, 0), id_

    ordered = sorted(awaited, key=turn)
    place = {id_: index for index, id_ in enumerate(ordered)}
    return tuple(
        Job(id_, tuple(sorted(place[need] for need in nodes[id_].needs)), nodes[id_].depth, nodes[id_].joins)
        for id_ in ordered
    )


def width(jobs: Sequence[Job]) -> int:
    """Return how many people can be of use at once: the jobs of the fullest depth."""
    depths: dict[int, int] = defaultdict(int)
    for job in jobs:
        depths[job.depth] += not job.joins
    return max(depths.values(), default=0)


def speed(people: int, communication_loss: float) -> float:
    """Return the speed of each person in a team, 1 for a person alone."""
    return max(1 - communication_loss * math.log2(people), communication_loss)


def step(jobs: int, draws: int) -> int:
    """Return which share of the draws (every n-th) is scheduled, to bound memory."""
    return max(1, math.ceil(jobs * draws / CELLS))


# ------------------------------------------------------------------------------------------------- assignment


def assign(jobs: Sequence[Job], duration: Callable[[str], Single], people: int, size: int) -> Run:
    """Give each job in turn to the person who is free first, in every draw at once.

    Args:
        jobs: In order.
        duration: Months of a job by its id, one for each draw.
        people: Team size.
        size: Number of draws.
    """
    draws = np.arange(size)
    free = np.zeros((people, size), dtype=np.float32)
    holder = np.full((people, size), NOBODY, dtype=np.int32)
    cause = np.full((len(jobs), size), NOBODY, dtype=np.int32)
    starts: list[Single] = []
    finishes: list[Single] = []
    for place, job in enumerate(jobs):
        start = np.zeros(size, dtype=np.float32)
        if not job.joins:
            person = free.argmin(axis=0)
            start, cause[place] = free[person, draws], holder[person, draws]
        for need in job.needs:
            later = (finishes[need] > start) | (cause[place] == NOBODY)
            start = np.maximum(finishes[need], start)
            cause[place][later] = need
        finish = start
        if not job.joins:
            finish = start + duration(job.id)
            free[person, draws], holder[person, draws] = finish, place
        starts.append(start)
        finishes.append(finish)
    end = free.max(axis=0)
    last = holder[free.argmax(axis=0), draws]
    criticality, chain = _trace(cause, last, int(np.argsort(end, kind="stable")[(size - 1) // 2]))
    return Run(starts, finishes, end.astype(np.float64), criticality, chain)


def _trace(
    cause: NDArray[np.int32], last: NDArray[np.int32], typical: int
) -> tuple[NDArray[np.float64], tuple[int, ...]]:
    """Follow each draw back from its last job through what each job waited for, work or a person."""
    current = last.copy()
    criticality = np.zeros(len(cause))
    for place in range(len(cause) - 1, -1, -1):
        on_chain = current == place
        criticality[place] = on_chain.mean()
        current = np.where(on_chain, cause[place], current)
    chain = []
    place = int(last[typical])
    while place != NOBODY:
        chain.append(place)
        place = int(cause[place][typical])
    return criticality, tuple(reversed(chain))
