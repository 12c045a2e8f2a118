"""Promises of the repository about itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def test_ci_calls_the_test_command_of_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = [line for line in readme.splitlines() if "-m pytest -n" in line]
    assert len(commands) == 1
    assert commands[0] in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()


def test_imports_respect_the_layers() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("code", "forbidden"),
    [
        ("import migrate", {"click", "msgspec", "yaml", "numpy"}),
        (
            "import migrate.cli",
            {"msgspec", "yaml", "rich", "numpy", "networkx", "jinja2", "libcst", "tree_sitter", "vl_convert"},
        ),
        (
            "from migrate import rulebook, scan; rulebook.shipped()",
            {"libcst", "networkx", "numpy", "jinja2", "rich", "tree_sitter", "vl_convert", "click"},
        ),
    ],
)
def test_what_each_step_may_load(code: str, forbidden: set[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(done.stdout.split())
    assert loaded & forbidden == set()
