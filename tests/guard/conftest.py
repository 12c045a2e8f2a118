"""A git repository to guard, made for each test."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from migrate import config
from migrate.guard import checking
from migrate.guard.model import Check

TODAY = dt.date(2026, 11, 25)


class Work:
    """A work tree that a test writes to."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, path: str, text: str) -> Path:
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8", newline="")
        return place

    def git(self, *arguments: str, check: bool = True) -> str:
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.root,
            check=check,
            capture_output=True,
            text=True,
            env={
                **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
                "GIT_CONFIG_GLOBAL": os.devnull,
                "GIT_CONFIG_NOSYSTEM": "1",
                "GIT_AUTHOR_NAME": "a",
                "GIT_AUTHOR_EMAIL": "a@example.org",
                "GIT_COMMITTER_NAME": "a",
                "GIT_COMMITTER_EMAIL": "a@example.org",
            },
        )
        return done.stdout + done.stderr

    def commit(self, message: str = "change") -> None:
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "--no-verify", "-m", message)

    def check(self, *files: str, today: dt.date = TODAY, targets: tuple[str, ...] = (), **options: Any) -> Check:
        settings = config.load(
            self.root, environment={}, flags={"targets": targets}, isolated=options.pop("isolated", False)
        )
        absolute = tuple(str(self.root / file) for file in files)
        return checking.check(self.root, settings, checking.Options(files=absolute, **options), today)

    def new(self, *files: str, **options: Any) -> list[tuple[str, int, str]]:
        """Return path, line and rule of what a check fails for."""
        found = [item.finding for item in self.check(*files, **options).failing]
        return [(one.path, one.span.line, one.rule) for one in found]

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "migrate", *arguments],
            cwd=self.root,
            capture_output=True,
            check=False,
            encoding="utf-8",
            env={**os.environ, "PYTHONIOENCODING": "utf-8", "NO_COLOR": "1", **environment},
        )


@pytest.fixture
def folder(tmp_path: Path) -> Work:
    """A folder outside git."""
    root = tmp_path / "tree"
    root.mkdir()
    return Work(root)


@pytest.fixture
def repository(folder: Work) -> Work:
    """A repository with one commit."""
    folder.git("init", "-q", "-b", "main")
    folder.write("README", "x\n")
    folder.commit("first")
    return folder


Maker = Callable[[], Work]
