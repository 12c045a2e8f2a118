"""`cuda-migrate rules`: what the commands print, write and refuse."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from migrate.cli.rules import rules
from migrate.errors import ConfigError, OutputError
from tests.packs import FILES, write_pack


def run(*arguments: str) -> Result:
    return CliRunner().invoke(rules, arguments, catch_exceptions=True)


def test_show_follows_the_chosen_platform() -> None:
    default = run("show", "cudaLaunchHostFunc")
    older = run("show", "cudaLaunchHostFunc", "--stack-version", "rocm=5.0", "--cuda-version", "11.8")
    assert default.exit_code == older.exit_code == 0
    assert "supported, rename: hipLaunchHostFunc" in default.stdout
    assert "stack 5.0, CUDA 11.8" in older.stdout
    assert "missing, rewrite: hipLaunchHostFunc" in older.stdout
    assert "ascend-950" in run("show", "cudaMalloc", "--chip", "cann=ascend-950").stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("show", "cudaMaloc"), "did you mean"),
        (("show", "cudaMalloc", "--stack-version", "7.0"), "--stack-version takes TARGET=VERSION"),
        (("show", "cudaMalloc", "--chip", "h100"), "--chip takes TARGET=CHIP"),
        (("coverage", "--target", "nowhere"), "no target 'nowhere'"),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(arguments: tuple[str, ...], message: str) -> None:
    done = run(*arguments)
    assert done.exit_code == 2
    assert message in done.stderr


def test_unknown_versions_are_configuration_errors() -> None:
    assert isinstance(run("show", "cudaMalloc", "--stack-version", "rocm=new").exception, ConfigError)


def test_coverage_of_the_shipped_book() -> None:
    done = run("coverage", "--format", "json")
    assert done.exit_code == 0
    covered = {entry["library"]: entry for entry in json.loads(done.stdout)}
    for library in (
        "runtime",
        "driver",
        "cublas",
        "cudnn",
        "cufft",
        "curand",
        "cusparse",
        "cusolver",
        "nccl",
        "nvtx",
        "nvml",
    ):
        assert covered[library]["recognised"] == covered[library]["names"]
        for target in ("rocm", "cann"):
            said = covered[library]["targets"][target]
            assert said["basis"]["default"] == 0
            assert sum(said["basis"].values()) == covered[library]["names"]
    assert "not found in" in run("coverage", "--target", "cann").stdout


def test_docs_are_written(tmp_path: Path) -> None:
    pack = write_pack(tmp_path / "acme", {"cuda/acme.yaml": ACME, "targets/rocm/mappings/acme.yaml": ANSWER})
    done = run("docs", "-o", str(tmp_path / "out" / "docs"), "--rules", str(pack))
    assert done.exit_code == 0, done.output
    assert (tmp_path / "out/docs/index.html").is_file()
    assert "Own timer" in (tmp_path / "out/docs/rule-acme-timer.html").read_text(encoding="utf-8")
    (tmp_path / "file").touch()
    assert isinstance(run("docs", "-o", str(tmp_path / "file")).exception, OutputError)


ACME = (
    "- id: acme/timer\n  title: Own timer\n  why: It wraps events.\n  area: runtime\n"
    "  match:\n    cuda: [{kind: call, name: acmeTimer}]\n"
)
ANSWER = "acme/timer: {status: supported, change: none}\n"


def test_check_runs_over_a_complete_pack(tmp_path: Path) -> None:
    done = run("check", str(write_pack(tmp_path / "a")))
    assert done.exit_code == 0, done.output
    assert "3 rules, 1 targets: 0 errors" in done.stdout
    rows = "name,status,change,equivalent,since,note,source\ncudaOld,unknown,,,,,h\ncudaMalloc,unknown,,,,,h\n"
    unsorted = run("check", str(write_pack(tmp_path / "b", {**FILES, "targets/rocm/symbols.csv": rows})))
    assert unsorted.exit_code == 4
    assert "rows are not sorted" in unsorted.stdout
