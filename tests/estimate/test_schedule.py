from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrate.estimate import schedule
from migrate.estimate.draws import Single
from migrate.estimate.schedule import Job, Run, assign, order_jobs, speed, step, width
from migrate.model import Edge, Graph, LinkKind, PortingUnit, UnitKind

Needs = dict[str, list[str]]


def graph(needs: Needs, cycles: tuple[tuple[str, ...], ...] = ()) -> Graph:
    units = tuple(
        PortingUnit(id=id_, kind=UnitKind.MODULE, title=id_, files=(), findings=(), code_lines=1) for id_ in needs
    )
    edges = tuple(Edge(source=id_, needs=need, kind=LinkKind.IMPORT) for id_ in needs for need in needs[id_])
    return Graph(units=units, edges=edges, waves=(), cycles=cycles)


def ordered(needs: Needs, idle: str = "", cycles: tuple[tuple[str, ...], ...] = ()) -> tuple[Job, ...]:
    return order_jobs(graph(needs, cycles), frozenset(needs) - frozenset(idle), {})


def run(jobs: tuple[Job, ...], months: dict[str, float], people: int) -> Run:
    def duration(job: str) -> Single:
        return np.full(3, months[job], dtype=np.float32)

    return assign(jobs, duration, people, 3)


def finish(jobs: tuple[Job, ...], result: Run) -> dict[str, float]:
    return {job.id: float(result.finishes[place][0]) for place, job in enumerate(jobs)}


def test_what_is_needed_comes_first() -> None:
    jobs = ordered({"app": ["lib"], "lib": ["base"], "base": [], "tool": []})
    assert [job.id for job in jobs] == ["base", "tool", "lib", "app"]
    assert finish(jobs, run(jobs, {"app": 1, "lib": 2, "base": 3, "tool": 1}, 9)) == {
        "base": 3, "tool": 1, "lib": 5, "app": 6,
    }  # fmt: skip


def test_idle_units_vanish_but_keep_the_order() -> None:
    jobs = ordered({"a": ["i"], "i": ["j"], "j": ["b"], "b": []}, idle="ij")
    assert [job.id for job in jobs] == ["b", "a"]
    assert jobs[1].needs == (0,)


def test_an_idle_hub_becomes_one_join_and_not_all_pairs() -> None:
    needs: Needs = {f"low{i}": [] for i in range(50)} | {"h": [f"low{i}" for i in range(50)]}
    needs |= {f"top{i}": ["h"] for i in range(50)}
    jobs = ordered(needs, idle="h")
    assert sum(len(job.needs) for job in jobs) == 100
    assert width(jobs) == 50
    ends = finish(jobs, run(jobs, dict.fromkeys(needs, 1.0), 100))
    assert {ends[f"top{i}"] for i in range(50)} == {2.0}


def test_an_idle_hub_nobody_waits_for_leaves_nothing() -> None:
    assert [job.id for job in ordered({"a": [], "b": [], "h": ["a", "b"]}, idle="h")] == ["a", "b"]


def test_units_of_a_cycle_run_side_by_side_and_end_together() -> None:
    jobs = ordered({"a": ["b"], "b": ["a"], "user": ["a"]}, cycles=(("a", "b"),))
    ends = finish(jobs, run(jobs, {"a": 1, "b": 4, "user": 1}, 2))
    assert ends["a"] == 1
    assert ends["user"] == 5


def test_a_cycle_that_is_not_named_is_an_error() -> None:
    with pytest.raises(ValueError, match="cycle"):
        ordered({"a": ["b"], "b": ["a"]})


def test_a_shared_fix_comes_before_the_units_it_serves() -> None:
    needs: Needs = {"a": [], "b": []}
    jobs = order_jobs(graph(needs), frozenset(needs), {"fix:x": ["a"]})
    starts = {job.id: place for place, job in enumerate(jobs)}
    assert jobs[starts["a"]].needs == (starts["fix:x"],)
    assert jobs[starts["b"]].needs == ()


def test_what_unlocks_more_goes_first() -> None:
    units = tuple(
        PortingUnit(id=id_, kind=UnitKind.MODULE, title=id_, files=(), findings=(), code_lines=1, unlocks=unlocks)
        for id_, unlocks in (("a", 0), ("b", 5), ("c", 5))
    )
    jobs = order_jobs(Graph(units=units, edges=(), waves=(), cycles=()), frozenset("abc"), {})
    assert [job.id for job in jobs] == ["b", "c", "a"]


def test_the_critical_chain_goes_through_work_and_people() -> None:
    jobs = ordered({"a": [], "b": [], "c": [], "z": ["a"]})
    result = run(jobs, {"a": 1, "b": 2, "c": 3, "z": 1}, 2)
    # Two people: a then c on the first, b then z on the second; c waited for its person, who did a.
    assert [jobs[place].id for place in result.chain] == ["a", "c"]
    assert result.end[0] == 4
    assert dict(zip([job.id for job in jobs], result.criticality, strict=True)) == {
        "a": 1,
        "b": 0,
        "c": 1,
        "z": 0,
    }


@st.composite
def plans(draw: st.DrawFn) -> tuple[Needs, frozenset[str], dict[str, float]]:
    size = draw(st.integers(1, 12))
    ids = [f"u{i:02}" for i in range(size)]
    lower = [st.lists(st.sampled_from(ids[:i]), unique=True, max_size=4) for i in range(1, size)]
    needs: Needs = {ids[0]: []} | {id_: draw(some) for id_, some in zip(ids[1:], lower, strict=True)}
    idle = draw(st.frozensets(st.sampled_from(ids), max_size=size - 1))
    months = {id_: draw(st.integers(1, 20)) / 4 for id_ in ids}
    return needs, frozenset(ids) - idle, months


def longest(needs: Needs, working: frozenset[str], months: dict[str, float]) -> float:
    ends: dict[str, float] = {}
    for id_ in needs:
        ends[id_] = max((ends[need] for need in needs[id_]), default=0) + (months[id_] if id_ in working else 0)
    return max(ends.values())


@settings(deadline=None, max_examples=60)
@given(plan=plans(), people=st.integers(1, 5), longer=st.integers(0, 11))
def test_schedules_behave(plan: tuple[Needs, frozenset[str], dict[str, float]], people: int, longer: int) -> None:
    needs, working, months = plan
    jobs = order_jobs(graph(needs), working, {})
    assert {job.id for job in jobs if not job.joins} == working
    assert all(need < place for place, job in enumerate(jobs) for need in job.needs)
    result = run(jobs, months, people)
    end, work = result.end[0], sum(months[id_] for id_ in working)
    assert end >= longest(needs, working, months) - 1e-4
    assert work / people - 1e-4 <= end <= work + 1e-4
    assert run(jobs, months, people + 1).end[0] <= end
    slower = months | {f"u{longer:02}": months.get(f"u{longer:02}", 0) + 1}
    assert run(jobs, slower, people).end[0] >= end
    chain = [place for place in result.chain if not jobs[place].joins]
    assert sum(months[jobs[place].id] for place in chain) == pytest.approx(end, abs=1e-4)


def test_one_person_does_one_thing_after_the_other() -> None:
    needs: Needs = {"a": [], "b": ["a"], "c": []}
    jobs = ordered(needs)
    assert run(jobs, {"a": 1, "b": 2, "c": 4}, 1).end[0] == 7


def test_people_lose_speed_by_talking() -> None:
    assert speed(1, 0.05) == 1
    assert speed(4, 0.05) == pytest.approx(0.9)
    team = [people * speed(people, 0.05) for people in range(1, 200)]
    assert team == sorted(team)
    assert speed(10**9, 0.05) == 0.05


def test_large_graphs_are_scheduled_on_fewer_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    assert step(500, 10_000) == 1
    monkeypatch.setattr(schedule, "CELLS", 1000)
    assert step(10, 1000) == 10
