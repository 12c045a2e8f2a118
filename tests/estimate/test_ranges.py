"""Whole estimates of small repositories, held against what a person with experience would say."""

from __future__ import annotations

import pytest

from migrate.model import Area, Change, Estimate, Evidence, Stage
from tests.estimate.synthetic import Repository

WEEK = 5.0


def one_kernel(target: str) -> Repository:
    """One file of 45 lines: a plain 30-line kernel, its allocation, copy and launch."""
    change = Change.NONE if target == "rocm" else Change.REWRITE
    repository = Repository(target).file("k.cu", 45).kernel("k.cu", "saxpy", 30, change)
    for symbol in ("cudaMalloc", "cudaMemcpy", "cudaFree"):
        repository.add("k.cu", Change.RENAME, symbol=symbol)
    return repository


def trainer() -> Repository:
    """Three files on a framework: devices, a backend, mixed precision, one package nobody has looked at."""
    repository = Repository("cann").file("train.py", 300).file("model.py", 250).file("data.py", 120)
    for path, count in (("train.py", 12), ("model.py", 6), ("data.py", 4)):
        repository.add(
            path,
            Change.RENAME,
            symbol=".cuda",
            area=Area.FRAMEWORK,
            shared_fix="transfer-to-npu",
            count=count,
        )
    repository.add("train.py", Change.RENAME, symbol="nccl", area=Area.DISTRIBUTED, shared_fix="transfer-to-npu")
    repository.add("train.py", Change.ADAPT, symbol="GradScaler", area=Area.FRAMEWORK, key="framework-amp")
    repository.add("model.py", Change.ADAPT, symbol="sdp_kernel", area=Area.FRAMEWORK, key="framework-sdp")
    repository.add("train.py", None, symbol="apex", area=Area.PACKAGE, key="unknown:apex")
    return repository.needs("train.py", "model.py").needs("train.py", "data.py")


def scenario_b() -> Repository:
    """10 kLOC of CUDA, 30 kernels in 15 families, two libraries, a CMake build (scenario B of the method)."""
    repository = Repository("rocm")
    paths = [f"csrc/f{index:02}.{'cu' if index < 40 else 'cpp'}" for index in range(60)]
    for index, path in enumerate(paths):
        repository.file(path, 170)
        for symbol in range(8):
            name = f"cudaApi{(index * 3 + symbol) % 40}"
            repository.add(path, Change.RENAME, symbol=name, count=3, proved=True)
        if index % 6 == 0:
            repository.add(
                path,
                Change.ADAPT,
                symbol="cublasGemmEx",
                area=Area.LIBRARY,
                key="library:cublas",
                price="library",
            )
        if index % 10 == 0:
            repository.add(
                path,
                Change.ADAPT,
                symbol="cub::BlockReduce",
                area=Area.LIBRARY,
                key="library:cub",
                price="library",
            )
        if index % 15 == 0:
            repository.add(path, Change.ADAPT, symbol="__CUDA_ARCH__", area=Area.KERNEL, key="kernel-arch")
        if index:
            repository.needs(path, paths[index // 3])
    for index in range(30):
        features = {"shuffle": index % 2 == 0, "warp_width": index % 2 == 0, "shared_memory": index % 3 == 0}
        features |= {"ptx": index % 10 == 0, "tensor_core": index % 15 == 0}
        repository.kernel(
            f"csrc/f{index // 2:02}.cu",
            f"k{index}",
            100,
            Change.NONE,
            "cuda",
            **{name: int(has) for name, has in features.items()},
        )
    return repository.add("CMakeLists.txt", Change.ADAPT, area=Area.BUILD, key="build:build", price="build", count=4)


def p50(estimate: Estimate) -> float:
    return estimate.effort_days.p50


def test_one_small_kernel_is_one_to_three_weeks_on_rocm() -> None:
    """The code recompiles; what is paid is a tool chain, a reference run and a release, not the kernel."""
    result = one_kernel("rocm").estimate()
    assert 1 * WEEK <= p50(result) <= 3 * WEEK
    lines = {line.id: line.effort_days.p50 for line in result.lines}
    assert lines["port"] < 1 < lines["validation"]


def test_one_small_kernel_is_one_to_three_weeks_on_cann() -> None:
    """A practitioner states 6 to 9 person-days for one fused operator (E32)."""
    result = one_kernel("cann").estimate()
    assert 1 * WEEK <= p50(result) <= 3 * WEEK
    lines = {line.id: line.effort_days.p50 for line in result.lines}
    assert lines["port"] > 2


def test_a_script_that_moves_a_model_to_the_device() -> None:
    """On ROCm it runs as it is; on CANN one import serves it, and somebody must look."""
    cann = Repository("cann").add("a.py", Change.RENAME, symbol=".cuda", shared_fix="transfer-to-npu", count=3)
    assert 0.5 <= p50(cann.estimate()) <= 4
    rocm = Repository("rocm").add("a.py", Change.NONE, symbol=".cuda", area=Area.FRAMEWORK, count=3)
    assert p50(rocm.estimate()) == 0


def test_a_container_image_is_a_day_or_two() -> None:
    image = Repository().add("Dockerfile", Change.ADAPT, symbol="nvidia/cuda", area=Area.DEPLOY, price="build")
    result = image.estimate()
    assert 1 <= p50(result) <= 3
    assert [line.id for line in result.lines if line.effort_days.p50] == ["build"]


def test_a_small_trainer_is_a_matter_of_weeks() -> None:
    """Between a first patch, 8 days by one person (E36), and the 12 author-days of a whole application."""
    result = trainer().estimate(team=2)
    assert 1.5 * WEEK <= p50(result) <= 6 * WEEK
    assert result.months.p50 < 1.5
    assert result.grade.letter == Evidence.D, "one package in ten findings is unknown"


def test_scenario_b_agrees_with_the_published_run() -> None:
    """The method's own run gave 142 / 288 / 632 person-days and 3.8 / 6.7 / 13.2 months for three people."""
    result = scenario_b().estimate(team=3)
    assert result.effort_days.p10 == pytest.approx(142, rel=0.3)
    assert p50(result) == pytest.approx(288, rel=0.25)
    assert result.effort_days.p90 == pytest.approx(632, rel=0.3)
    assert result.months.p50 == pytest.approx(6.7, rel=0.25)
    assert result.views.top_down is not None
    assert p50(result) == pytest.approx(result.views.top_down.p50, rel=0.3)


def test_running_is_a_quarter_of_parity() -> None:
    parity, functional = scenario_b().estimate(), scenario_b().estimate(stage=Stage.FUNCTIONAL)
    assert p50(functional) / p50(parity) == pytest.approx(0.24, abs=0.03)
    assert not {line.id for line in functional.lines} & {"performance", "validation"}


def test_experience_scales_everything() -> None:
    ratio = p50(trainer().estimate(experience="none")) / p50(trainer().estimate(experience="some"))
    assert ratio == pytest.approx(1.3, rel=1e-3)


def test_the_same_kernels_cost_more_where_they_are_written_again() -> None:
    def ten(target: str) -> Repository:
        repository = Repository(target)
        for index in range(10):
            repository.kernel(f"k{index}.cu", f"k{index}", 120, Change.REWRITE, shuffle=1)
        return repository

    def port(target: str) -> float:
        return next(line.effort_days.p50 for line in ten(target).estimate().lines if line.id == "port")

    assert port("cann") / port("rocm") == pytest.approx(2.5 / 0.45, rel=0.1)
