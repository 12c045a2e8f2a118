"""The tornadoes: each bar is the median with one input held, and nothing else changed."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest

from migrate.estimate.draws import Draws
from migrate.estimate.sensitivity import DRAWS, _Held
from migrate.model import Change, Estimate, Sensitivity, Stage
from tests.estimate.synthetic import Repository


def repository() -> Repository:
    made = Repository().file("csrc/a.cu", 600).file("py/c.py", 300)
    made.add("csrc/a.cu", Change.ADAPT, count=5).add("py/c.py", Change.REWRITE)
    return made.kernel("csrc/a.cu", "k", 80, shuffle=1).needs("py/c.py", "csrc/a.cu")


def bars(result: Estimate, measure: str = "months") -> dict[str, Sensitivity]:
    found = result.tornado_months if measure == "months" else result.tornado_percent
    return {bar.parameter: bar for bar in found}


def test_bars_stand_around_the_shown_median_widest_first() -> None:
    result = repository().estimate()
    for measure, middle in (("months", result.months.p50), ("percent", result.inflation_percent.p50)):
        found = bars(result, measure)
        assert {"stack", "fixed", "person-days", "rework", "edits"} <= found.keys()
        widths = [abs(bar.high - bar.low) for bar in found.values()]
        assert widths == sorted(widths, reverse=True)
        for name in ("stack", "fixed", "person-days"):
            assert found[name].low < middle < found[name].high


def test_nothing_to_do_moves_with_nothing() -> None:
    result = Repository().file("a.py", 100).estimate()
    assert result.tornado_months == result.tornado_percent == ()


def test_the_card_price_moves_cost_and_not_time() -> None:
    result = repository().estimate(compute_share=0.6)
    assert "price-ratio" in bars(result, "percent")
    assert "price-ratio" not in bars(result)
    assert "efficiency-end" not in bars(result)
    cost = bars(result, "percent")
    # 30 % on either side of the price of compute that makes 60 % of the baseline, over an efficiency below 1.
    assert cost["price-ratio"].high - cost["price-ratio"].low > 0.6 * 60
    assert cost["efficiency-end"].high > cost["efficiency-end"].low


def test_without_compute_its_inputs_are_not_asked() -> None:
    assert not {"price-ratio", "efficiency-end", "revalidation"} & bars(repository().estimate(), "percent").keys()


def test_a_stage_has_its_own_inputs() -> None:
    assert "functional" in bars(repository().estimate(stage=Stage.FUNCTIONAL))
    assert "functional" not in bars(repository().estimate())


def test_a_bigger_team_is_the_short_end() -> None:
    made = Repository()
    for number in range(12):
        made.add(f"m{number}.py", Change.REWRITE, symbol=f"s{number}")
    team = bars(made.estimate(team=4))["team"]
    assert team.low < team.high


def test_the_same_seed_gives_the_same_bars() -> None:
    assert repository().estimate().tornado_months == repository().estimate().tornado_months


@pytest.mark.parametrize("level", [0.1, 0.9])
def test_a_held_variable_stands_still_and_no_other_does(level: float) -> None:
    free = Draws(1, DRAWS, "rocm")
    held = _Held(free, "rocm", {"x": level})
    assert set(held.uniform("x")) == {level}
    assert np.allclose(held.normal("x"), NormalDist().inv_cdf(level))
    assert np.allclose(held.loaded("x", 0.5), NormalDist().inv_cdf(level))
    assert np.array_equal(held.loaded("y", 0.5), free.loaded("y", 0.5))
