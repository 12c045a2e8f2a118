"""The numbers of the bundled fixtures against ranges that a practitioner would give without the tool.

A range here is an argument, not a record: when a change of the model leaves it, the argument decides who is right.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from migrate import audit, config
from migrate.model import Estimate, Evidence

FIXTURES = Path(__file__).parent.parent / "fixtures"


def estimates(name: str, tmp_path: Path) -> dict[str, Estimate]:
    root = tmp_path / name
    shutil.copytree(FIXTURES / name, root, ignore=shutil.ignore_patterns("expected"))
    return {made.target: made for made in audit.run(root, config.load(root, environment={})).estimates}


def test_one_kernel_costs_weeks_of_one_person_at_most(tmp_path: Path) -> None:
    """Thirty lines: renaming is an hour, the rest is a tool chain, a first run on the chip and a proof of the result.

    Quick one-person HIP ports of whole libraries show under 5 and 11 author-days (E20, E21), so a P50 above 15
    person-days would be absurd, and a single day would forget that the team has never built for the target.
    A practitioner states 6 to 9 person-days for one Ascend operator (E32), which is larger than this one.
    """
    made = estimates("one-kernel", tmp_path)
    assert 2 <= made["rocm"].effort_days.p50 <= 15
    assert 3 <= made["cann"].effort_days.p50 <= 12
    for estimate in made.values():
        assert estimate.months.p80 < 1.5  # never half a year
        assert estimate.inflation_percent.p80 < 10
        assert estimate.months.p50 > 0.05


def test_nothing_to_find_is_zero_and_says_why(tmp_path: Path) -> None:
    """Without CUDA there is nothing to leave, and no baseline to compare with."""
    for estimate in estimates("clean", tmp_path).values():
        assert estimate.effort_days.p90 == estimate.months.p90 == estimate.inflation_percent.p90 == 0
        assert estimate.baseline.source == "none"
        assert estimate.contributions == ()


def test_what_is_ported_costs_nothing_and_the_rest_little(tmp_path: Path) -> None:
    """Every CUDA name has its HIP branch: nothing is left there. For CANN a header of five names has no branch yet."""
    made = estimates("already-ported", tmp_path)
    assert made["rocm"].effort_days.p90 == 0
    assert made["rocm"].months.p90 == 0
    assert 0.5 <= made["cann"].effort_days.p50 <= 6
    assert made["cann"].months.p80 < 0.6


def test_a_training_script_is_cheaper_on_rocm_where_names_stay(tmp_path: Path) -> None:
    """A framework application of 120 lines with a container and pinned wheels.

    First-year patches of PyTorch applications took 13 to 17 author-days at hundreds of times the size (E37, E42), so
    a few weeks at most; on ROCm the code itself runs, and image, packages and platform questions remain.
    """
    made = estimates("torch-train", tmp_path)
    assert made["rocm"].effort_days.p50 < made["cann"].effort_days.p50
    assert 4 <= made["rocm"].effort_days.p50 <= 20
    assert 10 <= made["cann"].effort_days.p50 <= 40


def test_kernels_decide_and_cann_pays_for_writing_them_anew(tmp_path: Path) -> None:
    """Four small kernels, one on tensor cores with inline PTX: recompiled and retuned on ROCm, rewritten on CANN.

    Ascend operators took 2 to 3.2 author-days each (E29 to E31), 2 to 3 person-days per author-day: 20 to 40
    person-days for the kernels alone, before libraries, build and accuracy work.
    """
    made = estimates("cuda-kernels", tmp_path)
    assert 15 <= made["rocm"].effort_days.p50 <= 80
    assert 60 <= made["cann"].effort_days.p50 <= 250
    top = max(made["cann"].contributions, key=lambda part: part.share)
    assert top.item == "kernel-family:csrc/gemm.cu"


@pytest.mark.parametrize("name", ["one-kernel", "torch-train", "cuda-kernels", "cmake-mixed"])
def test_what_every_estimate_owes_its_reader(name: str, tmp_path: Path) -> None:
    for estimate in estimates(name, tmp_path).values():
        assert estimate.baseline.source == "default"
        assert estimate.grade.letter in (Evidence.C, Evidence.D)  # a default baseline is never better
        assert sum(part.share for part in estimate.contributions) == pytest.approx(1, abs=0.01)
        assert sum(estimate.basis_share.values()) == pytest.approx(1, abs=0.01)
        assert all(parameter.source for parameter in estimate.parameters)
        for spread in (estimate.effort_days, estimate.months, estimate.inflation_percent):
            assert 0 < spread.p10 < spread.p50 < spread.p80 < spread.p90
