from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from migrate.errors import MigrateError
from migrate.estimate import load_defaults
from migrate.estimate.money import day_rate
from migrate.model import (
    Area,
    Basis,
    Change,
    Estimate,
    Evidence,
    Percentiles,
    Rate,
    Scenario,
    Stage,
)
from tests.estimate.synthetic import Repository

ZERO = Percentiles(p10=0, p50=0, p80=0, p90=0)
NUMBERS = load_defaults().numbers


def small() -> Repository:
    repository = Repository().file("csrc/a.cu", 600).file("csrc/b.cu", 200).file("py/c.py", 300)
    repository.add("csrc/a.cu", Change.RENAME, count=5, proved=True).add("csrc/b.cu", Change.ADAPT)
    repository.add("py/c.py", Change.REWRITE).add("py/c.py", None, symbol="odd")
    repository.kernel("csrc/a.cu", "k", 80, shuffle=1)
    repository.add("Dockerfile", Change.ADAPT, area=Area.DEPLOY, key="build:deploy", price="build")
    return repository.needs("csrc/a.cu", "csrc/b.cu").needs("py/c.py", "csrc/a.cu")


# ----------------------------------------------------------------------------------------- nothing to be done


def test_no_cuda_means_no_cost_and_no_baseline() -> None:
    result = Repository().file("a.py", 100).estimate(hardware_wait_months=3, compute_share=0.5)
    assert result.effort_days == result.months == result.inflation_percent == ZERO
    assert result.baseline.source == "none"
    assert result.grade.letter == Evidence.A
    assert result.schedule == ()
    assert result.contributions == ()
    assert result.changes == ()
    assert set(result.curve_months) == {0.0}


def test_all_guarded_means_no_cost_against_a_baseline() -> None:
    result = Repository().add("a.cu", Change.RENAME, guarded=True).estimate(rate=Rate(amount=1, currency="EUR"))
    assert result.effort_days == result.cost == ZERO
    assert result.baseline.source == "default"


# --------------------------------------------------------------------------------------------------- accounts


def test_change_classes_come_in_order_of_severity_with_their_place() -> None:
    changes = {total.change: total for total in small().estimate().changes}
    assert list(changes) == [Change.RENAME, Change.ADAPT, None, Change.REWRITE]
    assert changes[Change.RENAME].findings == 6
    assert changes[Change.RENAME].where == "csrc"
    assert changes[Change.REWRITE].where == "py"
    assert changes[Change.REWRITE].effort_days.p50 > changes[Change.ADAPT].effort_days.p50 > 0


def test_kinds_of_work_add_up_at_the_mean() -> None:
    result = small().estimate()
    assert [line.id for line in result.lines] == [
        "port", "build", "validation", "performance", "training", "integration", "release",
    ]  # fmt: skip
    medians = sum(line.effort_days.p50 for line in result.lines)
    assert medians == pytest.approx(result.effort_days.p50, rel=0.15)


def test_contributions_name_units_and_fixed_lines() -> None:
    result = small().estimate()
    kinds = {part.item: part.kind for part in result.contributions}
    assert kinds["module:py/c.py"] == "unit"
    assert kinds["fixed:accuracy"] == "fixed"
    assert sum(part.share for part in result.contributions) == pytest.approx(1, abs=1e-5)
    assert all(part.source for part in result.contributions)
    shares = [part.share for part in result.contributions]
    assert shares == sorted(shares, reverse=True)


def test_a_shared_fix_is_a_contribution_and_a_task_before_its_units() -> None:
    repository = Repository("cann").add("a.py", Change.RENAME, symbol=".cuda", shared_fix="transfer-to-npu")
    result = repository.estimate()
    assert {part.item: part.kind for part in result.contributions}["fix:transfer-to-npu"] == "shared-fix"
    tasks = {task.id: task for task in result.schedule}
    assert tasks["module:a.py"].start.p50 >= tasks["fix:transfer-to-npu"].finish.p50


def test_the_mechanical_share_needs_tried_edits() -> None:
    tried = small().estimate().mechanical
    assert tried is not None
    assert (tried.edits, tried.proved) == (5, 5)
    assert 0 < tried.effort_share < 0.2
    assert Repository().add("a.cu", Change.RENAME).estimate().mechanical is None


def test_basis_and_unknown_shares() -> None:
    result = small().estimate()
    assert result.unknown_share == pytest.approx(1 / 10, abs=1e-4)
    assert set(result.basis_share) == set(Basis)
    assert result.basis_share["none"] > 0


# ------------------------------------------------------------------------------------------------ explanation


def test_findings_carry_what_their_unit_costs() -> None:
    repository = small().add("csrc/a.cu", Change.RENAME, symbol="cudaFree").add("py/c.py", Change.ADAPT)
    result = repository.estimate()
    for unit in repository.graph.units:
        carried = sum(result.finding_days.get(item, 0.0) for item in unit.findings)
        assert carried == pytest.approx(result.unit_days[unit.id].p50, rel=2e-3)
    assert list(result.finding_days) == sorted(result.finding_days)


def test_a_kernel_carries_its_formula_and_what_lies_in_it_nothing() -> None:
    repository = Repository().kernel("a.cu", "k", 100, ptx=1)
    repository.add("a.cu", Change.REWRITE, symbol="mma", area=Area.PTX, in_kernel="k")
    kernel, inside = (finding.fingerprint for finding in repository.findings)
    result = repository.estimate()
    assert result.finding_days[inside] == 0
    assert result.finding_days[kernel] == result.unit_days["kernel-family:a.cu"].p50 > 1.3


def test_what_is_learned_once_falls_on_the_first_group() -> None:
    repository = Repository().add("a.cu", Change.RENAME, symbol="cudaA").add("a.cu", Change.RENAME, symbol="cudaB")
    first, second = repository.estimate().finding_days.values()
    assert first > 5 * second > 0


def computed(text: str) -> float:
    """Recompute a part from its text, as a reader would."""
    expression, result = text.rpartition(": ")[2].rsplit(" = ", 1)
    expression = expression.replace(" x ", " * ").replace("^", "**")
    product = eval(re.sub(r"as number \d+ of the family|[a-z][a-z-]*", "", expression))
    assert product == pytest.approx(float(result.removesuffix(" d")), rel=0.02)
    return float(product)


def test_a_kernel_s_days_can_be_recomputed_from_the_report() -> None:
    repository = Repository("cann").kernel("a.cu", "large", 254, Change.REWRITE, shuffle=2, ptx=2)
    repository.kernel("a.cu", "small", 40, Change.REWRITE)
    result = repository.estimate()
    (driver,) = (part for part in result.drivers if part.item == "kernel-family:a.cu")
    assert [part.title for part in driver.parts] == ["large", "small"]
    assert driver.parts[0].text.startswith(
        "2.5 author-days x (254 lines / 100)^0.6 x 3 ptx x 1.3 shuffle x 2 person-days"
    )
    assert "x 0.83 as number 2 of the family" in driver.parts[1].text
    for part in driver.parts:
        # The chance of doing a large part again is in the draws only.
        assert part.days / 1.15 < computed(part.text) < part.days


def test_edits_and_fixed_lines_are_explained() -> None:
    result = small().estimate(experience="none")
    parts = {part.item: part.parts for part in result.drivers}
    (fixed,) = parts["fixed:accuracy"]
    assert (fixed.kind, fixed.title) == ("fixed", "fixed effort: native")
    assert " x 1.3 experience = " in fixed.text
    assert fixed.days / 1.15 < computed(fixed.text) < fixed.days
    first, edits = parts["module:csrc/b.cu"]
    assert (first.kind, edits.kind) == ("first", "edits")
    assert edits.text.startswith("1 group at ")
    assert computed(first.text) > 0
    assert sum(part.days for part in parts["module:csrc/b.cu"]) == pytest.approx(
        next(part for part in result.drivers if part.item == "module:csrc/b.cu").effort_days.p50, rel=0.01
    )


def test_only_drivers_are_explained_and_by_their_largest_parts() -> None:
    repository = Repository("cann")
    for number in range(12):
        repository.kernel("a.cu", f"k{number}", 100 + number, Change.REWRITE)
        repository.add(f"m{number}.cu", Change.ADAPT)
    result = repository.estimate()
    assert all(part.parts for part in result.contributions[:10])
    assert not any(part.parts for part in result.contributions[10:])
    parts = next(part.parts for part in result.drivers if part.item == "kernel-family:a.cu")
    assert [part.kind for part in parts] == ["kernel"] * 8 + ["rest"]
    assert parts[-1].title == "4 more"
    assert parts[0].title == "k11"
    days = [part.days for part in parts[:-1]]
    assert days == sorted(days, reverse=True)


# --------------------------------------------------------------------------------------------------- schedule


def test_phases_stand_around_the_units() -> None:
    result = small().estimate(hardware_wait_months=2)
    phases = [task.phase for task in result.schedule]
    assert phases[:2] == ["training", "toolchain"]
    assert phases[-4:] == ["integration", "accuracy", "performance", "release"]
    assert set(phases[2:-4]) == {"port"}
    assert result.schedule[0].start.p50 == 2
    assert result.schedule[-1].finish == result.months
    assert all(task.start.p50 <= task.finish.p50 for task in result.schedule)


def test_the_critical_path_is_a_path() -> None:
    result = small().estimate(team=8)
    assert result.critical_path[:2] == ("fixed:training", "fixed:toolchain")
    assert result.critical_path[-1] == "fixed:release"
    assert "module:py/c.py" in result.critical_path
    criticality = {task.id: task.criticality for task in result.schedule}
    assert criticality["module:py/c.py"] > 0.5
    assert {part.item: part.criticality for part in result.contributions} == criticality


def test_a_day_of_work_is_not_preceded_by_a_month_of_ramp_up() -> None:
    result = Repository().add("Dockerfile", Change.ADAPT, area=Area.DEPLOY).estimate(team=1)
    ramp_up, work = result.schedule[0], result.months.p50 - result.schedule[0].finish.p50
    assert ramp_up.finish.p50 <= 0.55 * work


def test_overlap_and_waiting_move_the_months() -> None:
    plain = small().estimate()
    assert small().estimate(overlap=0.5).months.p50 == pytest.approx(plain.months.p50 / 2, rel=1e-3)
    assert small().estimate(hardware_wait_months=3).months.p50 == pytest.approx(plain.months.p50 + 3, rel=1e-3)


# ------------------------------------------------------------------------------------------------------ money


def test_percent_is_labour_and_waiting_over_the_baseline() -> None:
    repository = small()
    result = repository.estimate(baseline_months=10, baseline_staff=5)
    labour = result.effort_days.p50 / (19 * 5 * 10) + 0.5 * result.months.p50 / 10
    assert result.inflation_percent.p50 == pytest.approx(100 * labour, rel=0.05)
    assert (result.baseline.months, result.baseline.staff, result.baseline.source) == (10, 5, "user")


def test_cheaper_cards_can_pay_for_the_move() -> None:
    def percent(**scenario: Any) -> float:
        return (
            small().estimate(baseline_months=60, baseline_staff=40, compute_share=0.9, **scenario).inflation_percent.p50
        )

    assert percent(price_ratio=0.4) < 0 < percent(price_ratio=1) < percent(price_ratio=2)


def test_efficiency_depends_on_the_target() -> None:
    def percent(target: str) -> float:
        image = Repository(target).add("Dockerfile", Change.ADAPT, area=Area.DEPLOY)
        return image.estimate(compute_share=1).inflation_percent.p50

    assert percent("cann") > percent("rocm") > 0


@pytest.mark.parametrize(("per", "days"), [("hour", 1 / 8), ("day", 1), ("month", 19)])
def test_rates(per: str, days: float) -> None:
    assert day_rate(Rate(amount=760, currency="EUR", per=per), NUMBERS) == pytest.approx(760 / days)


def test_cost_agrees_with_the_effort_shown() -> None:
    result = small().estimate(rate=Rate(amount=900, currency="USD"))
    assert result.cost is not None
    assert result.cost.p80 == round(result.effort_days.p80 * 900, 2)
    assert result.currency == "USD"
    assert small().estimate().cost is None


@pytest.mark.parametrize(
    ("scenario", "message"),
    [
        ({"team": 0}, "team"),
        ({"experience": "guru"}, "experience must be one of none, some, expert"),
        ({"overlap": 1.5}, "overlap"),
        ({"baseline_months": 0}, "baseline_months"),
        ({"baseline_staff": 0}, "baseline_staff"),
        ({"compute_share": 2}, "compute_share"),
        ({"draws": 5}, "draws"),
        ({"hardware_wait_months": -1}, "hardware_wait_months"),
        ({"rate": Rate(amount=1, currency="EUR", per="week")}, "a rate per 'week'"),
    ],
)
def test_impossible_scenarios_are_refused(scenario: dict[str, Any], message: str) -> None:
    with pytest.raises(MigrateError, match=message):
        small().estimate(**scenario)


# ------------------------------------------------------------------------------------------------------ grade


def test_a_tree_that_hides_all_its_findings_is_not_trusted() -> None:
    result = Repository().file("a.py", 100).estimate_hiding(5)
    assert result.grade.letter == Evidence.D
    assert "5 findings are hidden by the tree's own settings: grade C at best" in result.grade.reasons


def test_a_baseline_of_the_scanned_tree_is_not_the_user_s() -> None:
    result = small().estimate(source="tree", baseline_months=9)
    assert result.baseline.source == "tree"
    assert result.grade.letter == Evidence.C
    assert "the baseline comes from the scanned tree's own settings: grade C at best" in result.grade.reasons
    assert sources(result)["baseline.months"] == "tree"
    assert small().estimate(source="tree").baseline.source == "default"


# ------------------------------------------------------------------------------------------------- parameters


def sources(result: Estimate) -> dict[str, str]:
    return {parameter.id: parameter.source for parameter in result.parameters}


def test_every_number_is_listed_once_with_a_source() -> None:
    result = small().estimate(team=7, rate=Rate(amount=900, currency="USD"))
    ids = [parameter.id for parameter in result.parameters]
    assert len(ids) == len(set(ids))
    known = re.compile(r"\bE\d\d\b|judgement|measured|user")
    assert [parameter.id for parameter in result.parameters if not known.search(parameter.source)] == []
    assert {"price.rename:runtime", "fixed.native", "model.ramp_up", "target.rocm.kernel.cuda"} <= set(ids)


def test_what_the_user_gave_is_marked() -> None:
    given = sources(small().estimate(team=7, baseline_months=9, compute_share=0.3))
    assert given["scenario.team"] == given["baseline.months"] == given["model.compute_share"] == "user"
    assert given["scenario.overlap"] == "judgement (default)"
    assert "model.efficiency_end" in given
    assert "model.efficiency_end" not in sources(small().estimate())


def test_only_the_stage_s_own_split_is_listed() -> None:
    assert "model.fixed_split_functional" not in sources(small().estimate())
    functional = sources(small().estimate(stage=Stage.FUNCTIONAL))
    assert {"model.fixed_split_functional", "model.functional_share"} <= functional.keys()
    assert "model.fixed_split_parity" not in functional


def test_an_estimate_survives_a_round_trip() -> None:
    result = small().under(Scenario(draws=200))
    assert msgspec.json.decode(msgspec.json.encode(result), type=Estimate) == result
