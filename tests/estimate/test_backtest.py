"""The back-test: its estimators on made-up ports with known answers, its scores, and the list of rows."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest

from migrate.errors import RuleError
from migrate.estimate import load_defaults
from migrate.estimate.backtest import (
    ESTIMATORS,
    MODEL,
    NAIVE,
    Backtest,
    Forecast,
    Port,
    backtest,
    binomial_p,
    constant_rate,
    crps,
    fixed_and_slope,
    leave_one_out,
    load_plan,
    ports,
    predicted,
    score,
)
from migrate.estimate.backtest_text import as_text
from migrate.estimate.evidence import rows as table
from migrate.estimate.sources import TARGETS
from migrate.resources import rules_root


def made_up(fixed: float, slope: float, sycl: float = 1.5, noise: float = 0.0) -> list[Port]:
    sizes = (2.0, 5.0, 9.0, 14.0, 20.0, 31.0, 55.0, 80.0)
    wobble = (1, -1, 1, -1, -1, 1, -1, 1)
    found = []
    for place, size in enumerate(sizes):
        target = "SYCL" if place % 3 == 1 else "HIP"
        days = fixed + slope * size * (sycl if target == "SYCL" else 1)
        days *= math.exp(noise * wobble[place])
        found.append(Port(f"E{place}", f"project {place}", "", target, size, days))
    return found


@pytest.fixture(scope="module")
def result() -> Backtest:
    return backtest()


# ------------------------------------------------------------------------------------------------- estimators


def test_the_fit_finds_what_made_the_rows() -> None:
    predict = fixed_and_slope(made_up(70, 4.5))
    for size, target, days in ((10.0, "HIP", 115), (40.0, "SYCL", 340), (1.0, "HIP", 74.5)):
        port = Port("x", "x", "", target, size, 1.0)
        assert math.exp(predict(port).mean) == pytest.approx(days, rel=0.03)


def test_each_naive_estimator_is_right_where_its_own_law_holds() -> None:
    sizes = (2.0, 4.0, 8.0, 16.0, 32.0)
    laws: dict[str, Callable[[float], float]] = {
        "constant rate per line": lambda size: 7 * size,
        "class mean": lambda size: 90.0,
        "power law": lambda size: 20 * size**0.4,
    }
    for name, law in laws.items():
        known = [Port(str(size), str(size), "", "HIP", size, law(size)) for size in sizes]
        for one in leave_one_out(known, ESTIMATORS[name]):
            assert one.median == pytest.approx(one.actual, rel=1e-6), name


def test_a_project_is_never_predicted_from_its_own_rows() -> None:
    seen: list[set[str]] = []

    def watching(known: Sequence[Port]) -> Callable[[Port], Forecast]:
        seen.append({port.project for port in known})
        return constant_rate(known)

    plan = load_plan()
    made = leave_one_out(ports(plan.fitted), watching)
    assert [one.id for one in made] == [id_ for ids in plan.fitted.values() for id_ in ids]
    for project, others in zip(plan.fitted, seen, strict=True):
        assert project not in others
        assert len(others) == len(plan.fitted) - 1


# ----------------------------------------------------------------------------------------------------- scores


def test_crps_is_its_definition() -> None:
    """E|X - y| - E|X - X'| / 2, by numbers."""
    forecast, actual = Forecast(1.0, 0.7), 1.9
    grid = np.array([NormalDist(1.0, 0.7).inv_cdf((index + 0.5) / 2000) for index in range(2000)])
    spread = np.abs(grid[:, None] - grid[None]).mean() / 2
    assert crps(forecast, actual) == pytest.approx(np.abs(grid - actual).mean() - spread, rel=2e-3)
    assert crps(Forecast(1.0, 0.0), 1.5) == 0.5


def test_the_binomial_test_is_exact() -> None:
    assert binomial_p(8, 10) == pytest.approx(1)
    less_likely = sum(math.comb(10, hits) * 0.8**hits * 0.2 ** (10 - hits) for hits in range(7))
    assert binomial_p(10, 10) == pytest.approx(0.8**10 + less_likely)
    assert binomial_p(3, 10) < 0.001
    assert binomial_p(0, 1) == pytest.approx(0.2)


def test_a_perfect_estimator_scores_perfectly() -> None:
    known = made_up(70, 4.5, noise=0.2)
    exact = [predicted(port, Forecast(math.log(port.days), 0.1)) for port in known]
    one = score("exact", exact)
    assert (one.mdmre.value, one.pred25.value, one.accuracy.value, one.coverage.value) == (0, 1, 1, 1)
    assert (one.rows, one.projects) == (8, 8)
    far = score("far", [predicted(port, Forecast(math.log(port.days) + 2, 0.1)) for port in known])
    assert far.coverage.value == 0
    assert far.coverage_p < 0.001
    assert far.crps.value > 1.8


def test_intervals_hold_the_value_and_repeat() -> None:
    made = leave_one_out(made_up(70, 4.5, noise=0.3), fixed_and_slope)
    one = score("x", made)
    for interval in (one.mdmre, one.pred25, one.accuracy, one.coverage, one.crps):
        assert interval.low <= interval.value <= interval.high
    assert score("x", made) == one


def test_intervals_cover_what_they_promise() -> None:
    """Over many made-up samples the 80 % interval of the model holds 80 % of unseen ports, within sampling error."""
    bits = np.random.PCG64(7)
    normal = NormalDist()
    hits = tries = 0
    for _ in range(60):
        known = []
        for port in made_up(70, 4.5):
            level = (float(bits.random_raw() >> 11) + 0.5) / 2**53
            known.append(port._replace(days=port.days * math.exp(0.3 * normal.inv_cdf(level))))
        made = leave_one_out(known, fixed_and_slope)
        hits, tries = hits + sum(one.inside for one in made), tries + len(made)
    assert hits / tries == pytest.approx(0.8, abs=0.08)


# --------------------------------------------------------------------------------------------- the shipped rows


def test_the_gates_hold_on_the_shipped_evidence(result: Backtest) -> None:
    gates = {gate.title: gate.holds for gate in result.gates if not gate.title.startswith("wish")}
    assert len(gates) == 4
    assert all("of the resamples" in gate.text for gate in result.gates[:3])
    assert all(gates.values()), gates


def test_scores_are_reported_beside_the_naive_ones(result: Backtest) -> None:
    assert [one.estimator for one in result.scores] == [MODEL, *NAIVE]
    assert {(one.rows, one.projects) for one in result.scores} == {(10, 8)}
    text = as_text(result)
    for one in result.scores:
        assert f"{one.crps.value:.2f} [{one.crps.low:.2f}, {one.crps.high:.2f}]" in text
    assert text.count("OUTSIDE") == sum(
        not one.inside for one in (*result.scores[0].predictions, *result.held_out, *result.layered)
    )
    assert "E15" in text.partition("Held out")[2]


def test_the_fitted_rows_are_those_that_the_defaults_name() -> None:
    plan = load_plan()
    fitted = {id_ for ids in plan.fitted.values() for id_ in ids}
    named = set(re.findall(r"E\d\d", load_defaults().entries["top_down_slope"].source))
    assert fitted == named


def test_no_default_rests_on_a_row_that_is_held_out() -> None:
    held = {id_ for ids in load_plan().held_out.values() for id_ in ids}
    functional = "functional_share"  # a ratio of E33 to E34, which says nothing about the size of either
    for id_, entry in load_defaults().entries.items():
        if id_ != functional:
            assert not held & set(re.findall(r"E\d\d", entry.source)), id_


def test_a_wrong_list_is_named(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text("fitted: {A: [E03]}\nheld_out: {B: [E03]}\nlayered: {}\ncheckouts: {}\n")
    with pytest.raises(RuleError, match="E03 is listed twice"):
        load_plan(path)
    with pytest.raises(RuleError, match="E20 has no size or no effort"):
        ports({"A": ("E20",)})


def test_checkouts_cover_eight_projects_at_full_revisions() -> None:
    plan = load_plan()
    assert len({one.repository for one in plan.checkouts.values()}) >= 8
    assert all(re.fullmatch(r"[0-9a-f]{40}", one.revision) for one in plan.checkouts.values())
    rows = {row["id"]: row for row in table(rules_root() / "model" / "evidence.csv")}
    assert all(rows[id_]["to"] in TARGETS and rows[id_]["author_days"] for id_ in plan.checkouts)
