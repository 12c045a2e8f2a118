"""One port to four stages, its upkeep, and what it costs over two and three years."""

from __future__ import annotations

from typing import Any

import pytest

from migrate.model import Change, Estimate, Stage
from tests.estimate.synthetic import Repository


def library() -> Repository:
    made = Repository().file("a.cu", 8000)
    for number in range(12):
        made.add("a.cu", Change.ADAPT, symbol=f"s{number}", key=f"k{number}")
    return made.kernel("a.cu", "k", 90, Change.REWRITE, shuffle=1)


def by_stage(result: Estimate) -> dict[str, float]:
    return {one.stage: one.effort_days.p50 for one in result.stages}


def test_each_stage_takes_more_than_the_one_before() -> None:
    days = by_stage(library().estimate())
    assert list(days) == ["spike", "functional", "parity", "product"]
    assert list(days.values()) == sorted(days.values())
    assert days["functional"] == pytest.approx(0.24 * days["parity"], rel=0.05)


@pytest.mark.parametrize("stage", list(Stage))
def test_the_goal_does_not_change_the_table(stage: Stage) -> None:
    result = library().estimate(stage=stage)
    assert by_stage(result) == pytest.approx(by_stage(library().estimate()), rel=1e-6)
    shown = next(one for one in result.stages if one.stage == stage.value)
    assert shown.effort_days.p50 == pytest.approx(result.effort_days.p50, rel=2e-3)
    assert shown.effort_days.p80 == pytest.approx(result.effort_days.p80, rel=2e-3)


def test_upkeep_of_a_native_code_base_is_what_was_measured() -> None:
    """30 to 59 author-days a year (E24, E28), two person-days each."""
    upkeep = library().estimate().upkeep_days_per_year
    assert upkeep is not None
    assert 60 <= upkeep.p50 <= 120


def test_a_small_application_is_kept_for_little() -> None:
    """Accelerate took 16 author-days over three years, port and upkeep together (E39)."""
    upkeep = Repository("cann").file("a.py", 3000).add("a.py", Change.ADAPT).estimate().upkeep_days_per_year
    assert upkeep is not None
    assert upkeep.p50 < 20


def test_over_longer_horizons_the_port_weighs_less_and_upkeep_stays() -> None:
    result = library().estimate(baseline_months=12, baseline_staff=6)
    two, three = result.total_costs
    assert (two.months, three.months) == (24.0, 36.0)
    assert 0 < three.percent.p50 < two.percent.p50 < result.inflation_percent.p50
    upkeep = result.upkeep_days_per_year
    assert upkeep is not None
    labour = result.effort_days.p50 + upkeep.p50 * (36 - result.months.p50) / 12
    waiting = 0.5 * result.months.p50 / 36
    assert three.percent.p50 == pytest.approx(100 * (labour / (19 * 6 * 36) + waiting), rel=0.1)


def test_slower_cards_cost_for_as_long_as_they_run() -> None:
    given: dict[str, Any] = {"compute_share": 0.8, "price_ratio": 0.5}
    assert library().estimate(**given).total_costs[1].percent.p50 < 0


def test_nothing_to_do_has_no_stages() -> None:
    result = Repository().file("a.py", 10).estimate()
    assert result.stages == ()
    assert result.upkeep_days_per_year is None
    assert result.total_costs == ()
