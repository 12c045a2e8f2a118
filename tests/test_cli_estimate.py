"""The commands around the estimate, as a user meets them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.test_cli import FIXTURES, run


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return Path(
        shutil.copytree(FIXTURES / "one-kernel", tmp_path / "one-kernel", ignore=shutil.ignore_patterns("expected"))
    )


# ------------------------------------------------------------------------------------------------------- init


def test_init_writes_a_file_once(tree: Path) -> None:
    done = run("init", tree)
    assert done.returncode == 0
    assert done.stdout == ""
    assert "#[scenario.plan]" in (tree / ".cuda-migrate.toml").read_text(encoding="utf-8")
    again = run("init", tree)
    assert again.returncode != 0
    assert "--force" in again.stderr
    assert run("init", tree, "--force", "--quiet").stderr == ""


def test_init_to_stdout(tree: Path) -> None:
    done = run("init", tree, "-o", "-")
    assert done.stdout.startswith("# Settings of cuda-migrate.")
    assert not (tree / ".cuda-migrate.toml").exists()


def test_several_scenarios_stand_in_one_audit(tree: Path, tmp_path: Path) -> None:
    plans = tmp_path / "plans.toml"
    plans.write_text("[scenario.two]\nteam = 2\n[scenario.quick]\nstage = 'functional'\n", encoding="utf-8")
    done = run("scan", tree, "--config", plans, "--format", "json")
    estimates = json.loads(done.stdout)["estimates"]
    made = {(one["scenario"], one["target"]) for one in estimates}
    assert made == {(name, target) for name in ("default", "two", "quick") for target in ("rocm", "cann")}
    days = {one["scenario"]: one["effort_days"]["p50"] for one in estimates if one["target"] == "rocm"}
    assert days["quick"] < days["two"] == days["default"]


def test_a_wrong_scenario_names_file_and_line(tree: Path, tmp_path: Path) -> None:
    plans = tmp_path / "plans.toml"
    plans.write_text("[scenario.one]\nteam = 2\n[scenario.two]\nteem = 2\n", encoding="utf-8")
    done = run("scan", tree, "--config", plans)
    assert done.returncode == 2
    assert f"{plans}:4:1" in done.stderr
    assert "'team'" in done.stderr


# ---------------------------------------------------------------------------------------------------- explain


@pytest.fixture
def audit_file(tree: Path, tmp_path: Path) -> Path:
    file = tmp_path / "audit.json"
    assert run("scan", tree, "-o", file).returncode == 0
    return file


def test_explain_walks_every_target_and_checks_sums(audit_file: Path) -> None:
    done = run("explain", audit_file)
    assert done.returncode == 0
    assert "rocm on cdna3, to parity" in done.stdout
    assert "cann on atlas-a2, to parity" in done.stdout
    assert "adds up" in done.stdout
    one = run("explain", audit_file, "--target", "cann", "--item", "fixed:accuracy")
    assert one.stdout.count("contribution:") == 1


def test_explain_as_json(audit_file: Path) -> None:
    done = run("explain", audit_file, "--format", "json", "--target", "rocm")
    (step,) = json.loads(done.stdout)
    assert step["kind"] == "verdict"
    assert all(check["holds"] for check in step["checks"])


def test_explain_refuses_what_is_not_there(audit_file: Path) -> None:
    assert run("explain", audit_file, "--item", "nothing").returncode == 3
    assert run("explain", audit_file, "--target", "tpu").returncode == 2
    assert run("explain", audit_file.parent / "none.json").returncode == 3


def test_explain_fails_when_a_sum_does_not_come_out(audit_file: Path) -> None:
    document = json.loads(audit_file.read_text(encoding="utf-8"))
    document["estimates"][0]["contributions"].pop(0)
    audit_file.write_text(json.dumps(document), encoding="utf-8")
    done = run("explain", audit_file)
    assert done.returncode == 1
    assert "does not add up" in done.stderr


# -------------------------------------------------------------------------------------------------- calibrate


def test_calibrate_writes_factors_that_the_next_run_takes(tree: Path, audit_file: Path, tmp_path: Path) -> None:
    estimates = json.loads(audit_file.read_text(encoding="utf-8"))["estimates"]
    rocm = next(one for one in estimates if one["target"] == "rocm")
    fixed = [part for part in rocm["contributions"] if part["kind"] == "fixed"]
    rows = "".join(f"{part['item']},{3 * part['effort_days']['p50']}\n" for part in fixed)
    actuals, learned = tmp_path / "actuals.csv", tmp_path / "calibration.toml"
    actuals.write_text(f"item,actual_days\n{rows}", encoding="utf-8")
    done = run("calibrate", actuals, "--audit", audit_file, "--target", "rocm", "-o", learned)
    assert done.returncode == 0
    assert f"fixed: {len(fixed)} items took 3 times the default" in done.stderr
    again = json.loads(run("scan", tree, "--config", learned, "--format", "json").stdout)["estimates"]
    dearer = next(one for one in again if one["target"] == "rocm")
    assert dearer["effort_days"]["p50"] > 1.5 * rocm["effort_days"]["p50"]


def test_calibrate_names_the_row_it_cannot_use(tmp_path: Path) -> None:
    actuals = tmp_path / "actuals.csv"
    actuals.write_text("item,actual_days\nx,1\n", encoding="utf-8")
    done = run("calibrate", actuals)
    assert done.returncode == 3
    assert f"{actuals}:2" in done.stderr


# --------------------------------------------------------------------------------------------------- backtest


def test_backtest_reports_scores_rows_and_gates(tmp_path: Path) -> None:
    done = run("backtest")
    assert done.returncode == 0
    assert "n = 10 ports of 8 projects" in done.stdout
    assert "Held out" in done.stdout
    file = tmp_path / "b.json"
    assert run("backtest", "--format", "json", "-o", file).returncode == 0
    scores = json.loads(file.read_text(encoding="utf-8"))["scores"]
    assert len(scores) == 4
    assert f"{scores[0]['mdmre']['value']:.2f} [" in done.stdout


def test_backtest_scans_checkouts(tree: Path, tmp_path: Path) -> None:
    other = shutil.copytree(FIXTURES / "cuda-kernels", tmp_path / "other", ignore=shutil.ignore_patterns("expected"))
    sources = tmp_path / "sources.csv"
    sources.write_text(f"id,path\nE04,{tree.name}\nE05,{other.name}\n", encoding="utf-8")
    done = run("backtest", "--sources", sources)
    assert done.returncode == 0, done.stderr
    assert "n = 2 ports of 1 projects" in done.stdout
    assert "took  167" in done.stdout
    assert run("backtest", "--sources", tmp_path / "none.csv").returncode == 3
