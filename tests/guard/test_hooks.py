"""The hooks, run by the real programs: pre-commit, git, and the shell of the action."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from migrate import discover, languages
from tests.guard.conftest import Work

ROOT = Path(__file__).parent.parent.parent
OLD = "import torch\n\n\ndef f(x):\n    torch.cuda.synchronize()\n    return x.cuda()\n"
NEW = '\n\ndef g(x):\n    return x.to("cuda")\n'
CLEAN = "import torch\n\n\ndef f(x, device):\n    return x.to(device)\n"


def environment(**more: str) -> dict[str, str]:
    """Return an environment in which the command is the one under test."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PRE_COMMIT"))}
    return {
        **clean,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "PYTHONIOENCODING": "utf-8",
        "NO_COLOR": "1",
        **{f"GIT_{who}_{what}": "a@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
        **more,
    }


class Hooked:
    """A repository whose commits pass through pre-commit."""

    def __init__(self, work: Work, home: Path, hook: str) -> None:
        self.work = work
        self._environment = environment(PRE_COMMIT_HOME=str(home))
        work.write(
            ".pre-commit-config.yaml", yaml.safe_dump({"repos": [{"repo": "local", "hooks": [self._hook(hook)]}]})
        )
        self.run("pre-commit", "install")
        work.git("add", ".pre-commit-config.yaml")
        work.commit("hooks")

    @staticmethod
    def _hook(id_: str) -> dict[str, Any]:
        """Return a hook as it is offered, but for the environment: the one of the tests is there already."""
        offered = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
        (hook,) = [entry for entry in offered if entry["id"] == id_]
        assert hook["language"] == "python"
        return {**hook, "language": "system"}

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=self.work.root, env=self._environment, capture_output=True, check=False, encoding="utf-8"
        )

    def commit(self, *paths: str) -> tuple[bool, str]:
        """Try to commit what is staged, or some paths; return whether it went through, and what was said."""
        done = self.run("git", "commit", "-m", "change", *paths)
        return done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def hooked(repository: Work, tmp_path: Path) -> Hooked:
    return Hooked(repository, tmp_path / "home", "cuda-migrate-check")


def test_a_clean_commit_passes(hooked: Hooked) -> None:
    hooked.work.write("a.py", CLEAN)
    hooked.work.git("add", "a.py")
    passed, said = hooked.commit()
    assert passed, said
    assert "no new CUDA lock-in" in said
    assert "Passed" in said


def test_new_lock_in_is_refused_with_a_message_that_helps(hooked: Hooked) -> None:
    hooked.work.write("a.py", OLD)
    hooked.work.git("add", "a.py")
    hooked.work.commit("before the hook")
    hooked.work.write("a.py", OLD + NEW)
    hooked.work.git("add", "a.py")
    passed, said = hooked.commit()
    assert not passed
    assert 'a.py:10:17: rename: Device named "cuda" [framework-device-string]' in said
    assert '     10 |     return x.to("cuda")\n' in said
    assert "= portable: torch.accelerator.current_accelerator()" in said
    assert "= keep: # cuda-migrate: ignore[framework-device-string] reason: ..." in said
    assert "torch.cuda.synchronize" not in said


def test_a_renamed_file_passes(hooked: Hooked) -> None:
    hooked.work.write("a.py", OLD)
    hooked.work.commit("before the hook")
    hooked.work.git("mv", "a.py", "b.py")
    passed, said = hooked.commit()
    assert passed, said


def test_a_partially_staged_file_is_judged_by_its_staged_part(hooked: Hooked) -> None:
    hooked.work.write("a.py", OLD)
    hooked.work.commit("before the hook")
    hooked.work.write("a.py", "# staged\n" + OLD)
    hooked.work.git("add", "a.py")
    hooked.work.write("a.py", "# staged\n" + OLD + NEW)
    passed, said = hooked.commit()
    assert passed, said
    assert (hooked.work.root / "a.py").read_text() == "# staged\n" + OLD + NEW
    hooked.work.git("add", "a.py")
    hooked.work.write("a.py", OLD)
    passed, said = hooked.commit()
    assert not passed
    assert "a.py:11:17:" in said


def test_commits_of_paths_and_of_everything_are_judged_by_their_own_index(repository: Work) -> None:
    """Git hands hooks another index then; this hook is git's own, without a framework."""
    hook = repository.root / ".git" / "hooks" / "pre-commit"
    hook.write_text("#!/bin/sh\nexec cuda-migrate check --staged\n")
    hook.chmod(0o755)
    repository.write("a.py", CLEAN)
    repository.commit()  # past the hook
    repository.write("a.py", OLD)

    def commit(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["git", "commit", "-m", "x", *arguments],
            cwd=repository.root,
            env=environment(),
            capture_output=True,
            check=False,
            encoding="utf-8",
        )

    assert "a.py:5:5:" in (done := commit("-a")).stdout + done.stderr
    assert done.returncode == 1
    assert commit("a.py").returncode == 1
    repository.write("b.py", CLEAN)
    repository.git("add", "b.py")
    assert commit("b.py").returncode == 0


def test_a_range_of_commits_is_judged_as_one_change(hooked: Hooked) -> None:
    hooked.work.write("a.py", OLD)
    hooked.work.commit("past the hook")
    done = hooked.run("pre-commit", "run", "--from-ref", "HEAD~1", "--to-ref", "HEAD")
    assert done.returncode == 1
    assert "2 new uses of one vendor's platform against HEAD~1" in done.stdout
    hooked.work.write("a.py", "# note\n" + OLD)
    hooked.work.commit("past the hook")
    assert hooked.run("pre-commit", "run", "--from-ref", "HEAD~1", "--to-ref", "HEAD").returncode == 0


def test_the_whole_tree_is_held_against_the_baseline(repository: Work, tmp_path: Path) -> None:
    hooked = Hooked(repository, tmp_path / "home", "cuda-migrate-check-all")
    repository.write("a.py", OLD)
    repository.commit("past the hook")
    passed, said = hooked.commit("--allow-empty")
    assert not passed
    assert "2 new uses" in said
    repository.run("baseline", "write")
    repository.git("add", "-A")
    passed, said = hooked.commit()
    assert passed, said


@pytest.mark.parametrize("language", sorted(set(languages.MODULES) - {"binary"}))
def test_no_file_of_a_language_is_turned_away(language: str, repository: Work) -> None:
    name = languages.front_end(language).example_name
    assert discover.language_of(name) == language
    repository.write(name, "x")
    repository.git("add", "-A")
    assert repository.check(name, staged=True).files == 1


# -------------------------------------------------------------------------------------------------------- the action


def action() -> dict[str, Any]:
    text = (ROOT / ".github" / "actions" / "check" / "action.yml").read_text(encoding="utf-8")
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


def step(name: str) -> dict[str, Any]:
    (found,) = [entry for entry in action()["runs"]["steps"] if entry["name"] == name]
    assert isinstance(found, dict)
    return found


def run_action(work: Work, tmp_path: Path, **inputs: str) -> tuple[subprocess.CompletedProcess[str], str]:
    defaults = {"PATHS": "", "SINCE": "", "BASE": "", "TARGETS": "", "FAIL_ON": ""}
    summary = tmp_path / "summary.md"
    summary.write_text("")
    done = subprocess.run(
        [shutil.which("bash") or "bash", "-c", step("Check")["run"]],
        cwd=work.root,
        env=environment(
            **defaults
            | {
                "BASELINE": ".cuda-migrate-baseline.json",
                "SARIF": str(tmp_path / "x.sarif"),
                "GITHUB_STEP_SUMMARY": str(summary),
            }
            | inputs
        ),
        capture_output=True,
        check=False,
        encoding="utf-8",
    )
    return done, summary.read_text()


def test_no_input_of_the_action_is_pasted_into_a_script() -> None:
    for entry in action()["runs"]["steps"]:
        assert "${{" not in entry.get("run", "")


def test_every_input_of_the_action_is_used_and_every_used_one_is_there() -> None:
    text = (ROOT / ".github" / "actions" / "check" / "action.yml").read_text(encoding="utf-8")
    assert set(re.findall(r"inputs\.([a-z-]+)", text)) == set(action()["inputs"])


@pytest.mark.skipif(sys.platform == "win32", reason="the action runs in bash")
def test_the_action_compares_with_the_base_annotates_and_sums_up(repository: Work, tmp_path: Path) -> None:
    base = repository.git("rev-parse", "HEAD").strip()
    repository.write("a.py", OLD)
    repository.commit()
    done, summary = run_action(repository, tmp_path, BASE=base)
    assert done.returncode == 1, done.stderr
    assert "::warning file=a.py,line=5," in done.stdout
    assert summary.startswith("### cuda-migrate: new lock-in")
    assert (tmp_path / "x.sarif").is_file()
    assert run_action(repository, tmp_path, BASE=base, TARGETS="rocm")[0].returncode == 0
    assert run_action(repository, tmp_path, BASE=base, FAIL_ON="rewrite")[0].returncode == 0
    assert run_action(repository, tmp_path, BASE=base, PATHS="README")[0].returncode == 0
    assert run_action(repository, tmp_path, BASE="0" * 40)[0].returncode == 0
    repository.run("baseline", "write")
    assert run_action(repository, tmp_path, BASE=base)[0].returncode == 0


@pytest.mark.skipif(sys.platform == "win32", reason="the action runs in bash")
def test_the_action_fetches_a_base_that_a_shallow_checkout_lacks(repository: Work, tmp_path: Path) -> None:
    base = repository.git("rev-parse", "HEAD").strip()
    repository.write("a.py", OLD)
    repository.commit()
    clone = Work(tmp_path / "clone")
    repository.git("config", "uploadpack.allowAnySHA1InWant", "true")
    repository.git("clone", "-q", "--depth=1", f"file://{repository.root}", str(clone.root))
    done, summary = run_action(clone, tmp_path, BASE=base)
    assert done.returncode == 1, done.stderr
    assert "2 new uses" in summary


# ------------------------------------------------------------------------------------------------------ what we write


def test_what_the_documentation_shows_is_understood(repository: Work) -> None:
    text = (ROOT / "reports" / "docs" / "guard.md").read_text(encoding="utf-8")
    for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL):
        assert isinstance(yaml.safe_load(block), dict)
    gitlab = next(block for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL) if "gitlab" in block)
    commands = yaml.safe_load(gitlab)["cuda-migrate"]["script"]
    (check,) = [command for command in commands if command.startswith("cuda-migrate check")]
    done = repository.run(*shlex.split(check.replace("$CI_MERGE_REQUEST_DIFF_BASE_SHA", "HEAD"))[1:])
    assert done.returncode == 0, done.stderr
    written = {path.name for path in repository.root.iterdir()}
    assert {"gl-code-quality-report.json", "cuda-migrate.xml", "cuda-migrate.sarif", "cuda-migrate.md"} <= written
    hooks = {entry["id"] for entry in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))}
    assert hooks == set(re.findall(r"id: (cuda-migrate-[a-z-]+)", text))
