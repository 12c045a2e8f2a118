"""The proof of packaging: a wheel in a clean environment finds its rules and templates and does the main job."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def run(*command: str | Path, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload, no-any-return]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    done = run(sys.executable, "-m", "build", "--wheel", "--outdir", folder, ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(folder.glob("*.whl"))


@pytest.mark.packaging
def test_the_wheel_carries_knowledge_and_looks_and_nothing_else(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    shipped = (
        "rules/cuda/symbols.csv",
        "rules/targets/cann/target.yaml",
        "rules/model/defaults.yaml",
        "reports/assets/report.css",
    )
    for wanted in shipped:
        assert f"migrate/_data/{wanted}" in names
    assert "migrate/py.typed" in names
    assert not any("rules/tools" in name or name.startswith(("tests/", "fixtures/")) for name in names)


@pytest.mark.packaging
def test_the_wheel_does_the_main_job_in_a_clean_environment(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "clean", with_pip=True)
    scripts = tmp_path / "clean" / ("Scripts" if os.name == "nt" else "bin")
    installed = run(scripts / "python", "-m", "pip", "install", "-q", wheel)
    assert installed.returncode == 0, installed.stderr
    environment = {**os.environ, "PYTHONPATH": ""}
    out = tmp_path / "report.html"
    done = run(
        scripts / "cuda-migrate",
        "report",
        ROOT / "fixtures" / "one-kernel",
        "-o",
        out,
        env=environment,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert "saxpy" in out.read_text(encoding="utf-8")
    audit = run(
        scripts / "cuda-migrate",
        "scan",
        ROOT / "fixtures" / "one-kernel",
        "--format",
        "json",
        env=environment,
        cwd=tmp_path,
    )
    assert {finding["symbol"] for finding in json.loads(audit.stdout)["findings"]} >= {"cudaMalloc", "saxpy"}
