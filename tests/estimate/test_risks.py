"""The risk register: triggered by what is there, priced where a price can be computed."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate.errors import RuleError
from migrate.estimate.evidence import CITATION, shipped
from migrate.estimate.risks import load_risks
from migrate.model import Area, Change, Estimate, Risk
from tests.estimate.synthetic import Repository


def plain(target: str = "rocm") -> Repository:
    return Repository(target).file("a.cu", 4000).add("a.cu", Change.ADAPT, symbol="cudaX", key="x", count=3)


def risks(result: Estimate) -> dict[str, Risk]:
    return {risk.id: risk for risk in result.risks}


def test_every_risk_is_listed_triggered_ones_first() -> None:
    found = plain().estimate().risks
    assert {risk.id for risk in found} == set(load_risks())
    order = [risk.triggered for risk in found]
    assert order == sorted(order, reverse=True)
    assert all(risk.days is None and risk.findings == 0 for risk in found if not risk.triggered)


def test_sources_are_cited_rows_or_say_what_they_are() -> None:
    for id_, entry in load_risks().items():
        cited = CITATION.findall(entry.source)
        assert all(row in shipped() for row in cited), id_
        assert cited or entry.source in ("measured", "judgement"), id_


def test_fp8_pays_where_the_chip_has_none() -> None:
    def made(chip: str) -> Risk:
        repository = plain("cann").add(
            "t.py", Change.ADAPT, symbol="torch.float8_e4m3fn", area=Area.PRECISION, key="fp8", price="precision"
        )
        return risks(repository.estimate(chip=chip))["fp8"]

    missing = made("atlas-a2")
    assert missing.triggered
    assert missing.in_estimate
    assert missing.findings == 1
    assert missing.places == ("t.py:1",)
    assert missing.days is not None
    assert missing.days.p50 > 1
    assert not made("ascend-950").triggered


def test_kernels_are_written_again_for_the_next_generation_only_where_they_are_written() -> None:
    cann = plain("cann").kernel("k.cu", "k", 150, Change.REWRITE).estimate()
    again = risks(cann)["generations"]
    assert again.triggered
    assert not again.in_estimate
    days = next(part.effort_days for part in cann.contributions if part.item == "kernel-family:k.cu")
    assert again.days == days
    assert not risks(plain().kernel("k.cu", "k", 150, Change.REWRITE).estimate())["generations"].triggered


def test_ptx_inside_a_kernel_prices_the_kernel() -> None:
    repository = plain().kernel("k.cu", "k", 100, Change.REWRITE, ptx=2)
    repository.add("k.cu", Change.REWRITE, symbol="mma.sync", area=Area.PTX, in_kernel="k")
    result = repository.estimate()
    found = risks(result)["ptx"]
    assert found.days is not None
    assert found.days.p50 == pytest.approx(result.unit_days["kernel-family:k.cu"].p50, rel=0.01)
    assert not risks(plain().estimate())["ptx"].triggered


def test_a_cluster_beyond_what_others_run() -> None:
    assert risks(plain().estimate(cards=4096))["scale"].triggered
    assert risks(plain().estimate(cards=4096))["scale"].days is None
    assert not risks(plain().estimate(cards=256))["scale"].triggered
    assert not risks(plain().estimate())["scale"].triggered


def test_energy_is_read_from_data_sheets() -> None:
    """Ascend 910B: 400 W for 320 TFLOPS; H100: 700 W for 989."""
    found = risks(plain("cann").estimate(chip="atlas-a2"))["energy"]
    assert f"{(400 / 320) / (700 / 989):.1f} times" in found.trigger
    assert not risks(plain("rocm").estimate(chip="cdna3"))["energy"].triggered


def test_waiting_people_are_priced_by_months() -> None:
    result = plain().estimate(team=4, baseline_staff=10)
    found = risks(result)["opportunity"]
    assert found.days is not None
    assert found.days.p50 == pytest.approx(0.5 * 10 * 19 * result.months.p50, rel=0.01)


def test_upkeep_abandonment_and_rework_agree_with_the_estimate() -> None:
    result = plain().estimate(abandonment_probability=0.2, rework_probability=1.0)
    found = risks(result)
    assert found["upstream"].days == result.upkeep_days_per_year
    assert found["abandonment"].days == result.effort_days
    assert "20%" in found["abandonment"].trigger
    again = found["rework"].days
    assert again is not None
    assert 0.2 < again.p50 / result.effort_days.p50 < 0.67
    calm = risks(plain().estimate(abandonment_probability=0.0, rework_probability=0.0))
    assert not calm["abandonment"].triggered
    assert not calm["rework"].triggered


def test_answers_that_nobody_has_and_things_that_are_not_there() -> None:
    repository = plain().add("b.cu", None, symbol="odd", key="odd").add("c.cu", Change.BLOCKED, symbol="optix", key="o")
    found = risks(repository.estimate())
    assert (found["unknown"].findings, found["blocked"].findings) == (1, 1)
    assert found["blocked"].places == ("c.cu:1",)
    assert not risks(plain().estimate())["unknown"].triggered


def test_nothing_to_do_risks_nothing() -> None:
    assert Repository().file("a.py", 9).estimate().risks == ()


def test_a_register_without_a_trigger_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "risks.yaml"
    path.write_text("weather: {title: Rain, source: judgement, text: Wet.}\n")
    with pytest.raises(RuleError, match="no such risk"):
        load_risks(path)
