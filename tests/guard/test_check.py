"""The check: what is new, against what, and what it says."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from migrate.config import Level
from migrate.errors import InputError
from tests.guard.conftest import Work

OLD = "import torch\n\n\ndef f(x):\n    torch.cuda.synchronize()\n    return x.cuda()\n"
NEW = '\n\ndef g(x):\n    return x.to("cuda")\n'


def test_only_what_differs_from_head_is_new(repository: Work) -> None:
    repository.write("a.py", OLD)
    repository.commit()
    assert repository.new() == []
    repository.write("a.py", "# moved\n\n" + OLD + NEW)
    assert repository.new() == [("a.py", 12, "framework-device-string")]
    assert repository.new("a.py") == repository.new()
    assert repository.check().reference == "HEAD"


def test_untracked_files_are_new_and_ignored_ones_are_not_there(repository: Work) -> None:
    repository.write(".gitignore", "build/\n")
    repository.write("b.py", OLD)
    repository.write("build/c.py", OLD)
    assert {path for path, _, _ in repository.new()} == {"b.py"}
    assert {path for path, _, _ in repository.new("b.py")} == {"b.py"}


def test_the_index_is_judged_and_not_the_disk(repository: Work) -> None:
    repository.write("a.py", OLD)
    repository.commit()
    repository.write("a.py", OLD + NEW)
    assert repository.new(staged=True) == []
    repository.git("add", "a.py")
    repository.write("a.py", OLD)
    assert repository.new(staged=True) == [("a.py", 10, "framework-device-string")]
    assert repository.new("a.py", staged=True) == [("a.py", 10, "framework-device-string")]
    assert repository.new("a.py") == []


def test_a_file_that_the_disk_has_lost_is_still_judged_as_staged(repository: Work) -> None:
    repository.write("a.py", OLD)
    repository.git("add", "a.py")
    (repository.root / "a.py").unlink()
    assert len(repository.new("a.py", staged=True)) == 2


def test_since_compares_with_where_the_branch_left(repository: Work) -> None:
    repository.write("a.py", OLD)
    repository.commit()
    repository.git("switch", "-q", "-c", "feature")
    repository.write("b.py", "import torch\ntorch.cuda.empty_cache()\n")
    repository.commit()
    repository.git("switch", "-q", "main")
    repository.write("a.py", "x = 1\n")  # main got rid of it after the branch left
    repository.commit()
    repository.git("switch", "-q", "feature")
    assert repository.new(since="main") == [("b.py", 2, "framework-torch-cuda")]
    assert repository.new() == []


def test_an_unknown_revision_is_an_error_with_a_hint(repository: Work) -> None:
    with pytest.raises(InputError, match="no commit 'nope'") as caught:
        repository.check(since="nope")
    assert "shallow" in caught.value.hint
    with pytest.raises(InputError, match="no commit"):
        repository.check(since="--upload-pack=touch x")


def test_a_renamed_file_a_moved_function_and_a_renamed_one_are_not_new(repository: Work) -> None:
    repository.write("a.py", OLD)
    repository.write("b.py", "y = 2\n")
    repository.commit()
    repository.git("mv", "a.py", "sub.py")
    assert repository.new("sub.py") == []
    repository.git("mv", "sub.py", "a.py")
    repository.write("a.py", "x = 1\n")
    repository.write("b.py", "y = 2\n\n" + OLD.replace("def f", "def renamed"))
    assert repository.new() == []


def test_a_second_copy_is_new(repository: Work) -> None:
    repository.write("a.py", OLD)
    repository.commit()
    repository.write("b.py", OLD)
    assert len(repository.new()) == 2
    repository.write("a.py", OLD + "\n\n" + OLD.replace("def f", "def f2"))
    assert len(repository.new("a.py")) == 2


def test_a_call_with_other_arguments_is_not_new_but_one_more_is(repository: Work) -> None:
    repository.write("k.cu", "void f(float* p) {\n  cudaMalloc(&p, 4);\n}\n")
    repository.commit()
    repository.write("k.cu", "void f(float* p) {\n  cudaMalloc(&p, 8 * sizeof(float));\n}\n")
    assert repository.new() == []
    repository.write("k.cu", "void f(float* p) {\n  cudaMalloc(&p, 4);\n  cudaMalloc(&p, 8);\n}\n")
    assert repository.new() == [("k.cu", 3, "runtime-api")]


GUARDED = {
    "version-hip": "import torch\nif torch.version.hip:\n    torch.cuda.empty_cache()\n",
    "npu-available": (
        "import torch\nfrom torch_npu import npu\nif torch.npu.is_available():\n    torch.npu.empty_cache()\n"
        "else:\n    torch.cuda.empty_cache()\n"
    ),
    "use-rocm": "#ifdef USE_ROCM\nhipMalloc(&p, 1);\n#else\ncudaMalloc(&p, 1);\n#endif\n",
    "hip-platform": "#if defined(__HIP_PLATFORM_AMD__)\nhipFree(p);\n#else\ncudaFree(p);\n#endif\n",
    "accelerator": "import torch\ntorch.accelerator.synchronize()\nx = y.to(torch.accelerator.current_accelerator())\n",
}


@pytest.mark.parametrize("name", GUARDED)
def test_portable_and_guarded_code_passes(name: str, repository: Work) -> None:
    suffix = "py" if GUARDED[name].startswith("import") else "cu"
    repository.write(f"a.{suffix}", GUARDED[name])
    result = repository.check()
    assert result.failing == ()
    assert result.passed
    assert result.files == 1


def test_code_that_loses_its_guard_is_new(repository: Work) -> None:
    repository.write("a.py", GUARDED["version-hip"])
    repository.commit()
    repository.write("a.py", "import torch\ntorch.cuda.empty_cache()\n")
    assert repository.new() == [("a.py", 2, "framework-torch-cuda")]


def test_the_portable_form_is_proposed(repository: Work) -> None:
    repository.write("a.py", "import torch\ntorch.cuda.empty_cache()\n")
    (item,) = repository.check().failing
    assert item.portable == "torch.accelerator.memory.empty_cache (PyTorch 2.9 or later)"


def test_targets_decide_what_fails(repository: Work) -> None:
    repository.write("a.py", OLD)
    assert repository.new(targets=("rocm",)) == []
    assert len(repository.new(targets=("cann",))) == 2


def test_the_level_decides_what_fails(repository: Work) -> None:
    repository.write("a.cu", "__global__ void k(float* p) {\n  p[0] = 1;\n}\nvoid f() { cudaMalloc(&q, 1); }\n")
    assert {rule for _, _, rule in repository.new(level=Level.REWRITE)} == {"kernel-definition"}
    assert len(repository.new(level=Level.RENAME)) == 2
    assert repository.check(level=Level.NEVER).passed
    assert len(repository.new(targets=("rocm",), level=Level.ANY)) >= len(repository.new(targets=("rocm",)))


def test_a_budget_lets_new_code_in_for_old_code_out(repository: Work) -> None:
    repository.write("a.cu", "void f() {\n  cudaMalloc(&q, 1);\n}\n")
    repository.commit()
    repository.write("a.cu", "void f() {\n  cudaMemcpy(a, b, 1, c);\n}\n")
    assert not repository.check().passed
    swapped = repository.check(budget=0)
    assert swapped.passed
    assert swapped.gone_hours == pytest.approx(swapped.added_hours)
    repository.write("a.cu", "void f() {\n  cudaMemcpy(a, b, 1, c);\n  cudaMalloc(&q, 1);\n}\n")
    assert not repository.check(budget=0).passed
    assert repository.check(budget=100).passed


def test_outside_git_everything_is_new_with_a_note(folder: Work) -> None:
    folder.write("a.py", OLD)
    result = folder.check()
    assert len(result.failing) == 2
    assert "no git repository" in result.notes[0]
    with pytest.raises(InputError, match="no git repository"):
        folder.check(since="HEAD")


def test_before_the_first_commit_everything_is_new_with_a_note(folder: Work) -> None:
    folder.git("init", "-q")
    folder.write("a.py", OLD)
    result = folder.check()
    assert len(result.failing) == 2
    assert result.notes == ("no commit yet: everything counts as new",)
    folder.git("add", "a.py")
    folder.write("a.py", "")
    assert len(folder.new(staged=True)) == 2


def test_all_files_are_judged_on_request(repository: Work) -> None:
    repository.write("a.py", OLD)
    repository.commit()
    assert len(repository.new(everything=True)) == 2
    assert len(repository.new("a.py", everything=True)) == 2
    assert repository.check(everything=True).reference == ""


def test_files_that_no_front_end_reads_vendored_and_excluded_ones_are_not_judged(repository: Work) -> None:
    repository.write("notes.md", "cudaMalloc")
    repository.write("third_party/x/a.py", OLD)
    repository.write("gone/a.py", OLD)
    repository.write("cutlass/LICENSE", "x")
    repository.write("cutlass/include/k.cu", "void f() { cudaMalloc(&p, 1); }\n")
    repository.write(".cuda-migrate.toml", 'exclude = ["gone/**"]\n')
    paths = ("notes.md", "third_party/x/a.py", "gone/a.py", "cutlass/include/k.cu")
    assert repository.check(*paths).files == 0
    assert repository.new() == []


def test_names_that_the_tree_defines_itself_are_settled_by_a_second_look(repository: Work) -> None:
    repository.write("check.h", "#define cudaArrayFrobnicate(x) do { (x); } while (0)\n")
    repository.commit()
    repository.write("a.cu", '#include "check.h"\nvoid f() { cudaArrayFrobnicate(1); }\n')
    assert repository.new("a.cu") == []
    repository.write("a.cu", "void f() { cudaArrayFrobnicateMore(1); }\n")
    assert len(repository.new("a.cu")) == 1


def test_per_path_settings_silence(repository: Work) -> None:
    repository.write(".cuda-migrate.toml", '[per-file]\n"bench/**" = ["framework-*"]\n')
    repository.write("bench/a.py", OLD)
    result = repository.check("bench/a.py")
    assert result.failing == ()
    assert {item.finding.suppressed.by for item in result.items if item.finding.suppressed} == {"config-of-tree"}
    assert len(repository.new("bench/a.py", isolated=True)) == 2


# ------------------------------------------------------------------------------------------------------- hostile


def test_nothing_that_the_repository_configures_is_run(repository: Work, tmp_path: Path) -> None:
    proof = tmp_path / "ran"
    script = tmp_path / "script"
    script.write_text(f"#!/bin/sh\ntouch '{proof}'\ncat\n")
    script.chmod(0o755)
    repository.write("a.py", OLD)
    repository.commit()
    repository.write(".gitattributes", "* filter=evil diff=evil\n")
    for key in (
        *("filter.evil.clean", "filter.evil.smudge", "filter.evil.process", "diff.evil.textconv"),
        *("diff.evil.command", "diff.external", "core.fsmonitor", "core.pager", "core.sshCommand", "core.editor"),
    ):
        repository.git("config", key, str(script))
    hook = repository.root / ".git" / "hooks" / "post-index-change"
    hook.write_text(f"#!/bin/sh\ntouch '{proof}'\n")
    hook.chmod(0o755)
    repository.git("config", "alias.diff-index", f"!touch '{proof}'")
    assert not proof.exists()
    os.utime(repository.root / "a.py", (1, 1))
    repository.write("a.py", OLD + NEW)
    assert len(repository.new()) == 1
    assert len(repository.new(since="HEAD")) == 1
    assert repository.new(staged=True) == []
    assert not proof.exists()


def test_odd_names_links_and_large_blobs_do_no_harm(repository: Work, tmp_path: Path) -> None:
    names = ["with space.py", 'quote".py', "-rf.py", "*.py", "ünï.py"]
    if sys.platform == "linux":
        names += ["line\nend.py", os.fsdecode(b"bytes\xff.py")]
    for name in names:
        repository.write(name, OLD)
    repository.commit()
    for name in names:
        repository.write(name, OLD + NEW)
    (tmp_path / "outside.py").write_text(OLD)
    (repository.root / "link.py").symlink_to(tmp_path / "outside.py")
    repository.write("large.py", "x = 1\n" * 2_000_000)
    result = repository.check()
    assert len(result.failing) == len(names)
    assert [path for path, _ in result.skipped] == ["large.py"]
    repository.git("add", "-A")
    staged = repository.check(staged=True)
    assert len(staged.failing) == len(names)
    assert [path for path, _ in staged.skipped] == ["large.py"]


def test_a_submodule_is_not_looked_into(repository: Work, tmp_path: Path) -> None:
    other = Work(tmp_path / "other")
    other.root.mkdir()
    other.git("init", "-q")
    other.write("a.py", OLD)
    other.commit()
    repository.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(other.root), "sub")
    assert repository.new() == []
    assert repository.check("sub/a.py").files == 0


def test_a_path_outside_the_tree_or_one_that_is_not_there_is_refused(repository: Work) -> None:
    with pytest.raises(InputError, match="outside"):
        repository.check("../x.py")
    with pytest.raises(InputError, match="no such file"):
        repository.check("nope.py")


# ------------------------------------------------------------------------------------------------------- command


def test_the_command_speaks_like_a_compiler(repository: Work) -> None:
    repository.write("src/a.py", "import torch\n\n\ndef f(x):\n\treturn x.to('cuda'), 'é'\n")
    done = repository.run("check")
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[0] == 'src/a.py:5:14: rename: Device named "cuda" [framework-device-string]'
    assert lines[1] == "      5 |  return x.to('cuda'), 'é'"
    assert lines[2].index("^") == lines[1].index("'cuda'")
    assert any(line.startswith("  = why: ") for line in lines)
    assert any(line.startswith("  = portable: torch.accelerator.current_accelerator()") for line in lines)
    assert any(line.startswith("  = cann (rename): ") for line in lines)
    assert "  = keep: # cuda-migrate: ignore[framework-device-string] reason: ..." in lines
    assert lines[-1] == "1 new use of one vendor's platform against HEAD, 1 file judged"


def test_the_command_knows_where_it_stands(repository: Work) -> None:
    repository.write("src/a.py", OLD)
    done = subprocess.run(
        [sys.executable, "-m", "migrate", "check", "a.py"],
        cwd=repository.root / "src",
        capture_output=True,
        check=False,
        encoding="utf-8",
        env={**os.environ, "NO_COLOR": "1"},
    )
    assert done.returncode == 1
    assert done.stdout.startswith("../src/a.py:5:5:")


def test_exit_codes(repository: Work) -> None:
    repository.write("a.py", OLD)
    assert repository.run("check", "README").returncode == 0
    assert repository.run("check", "a.py").returncode == 1
    assert repository.run("check", "a.py", "--target", "rocm").returncode == 0
    assert repository.run("check", "a.py", "--fail-on", "never").returncode == 0
    assert repository.run("check", "--target", "nope").returncode == 2
    assert repository.run("check", "--fail-on", "much").returncode == 2
    assert repository.run("check", "--since", "nope").returncode == 3
    assert repository.run("check", "nope.py").returncode == 3
    repository.write(".cuda-migrate-baseline.json", "<<<<<<< ours\n")
    done = repository.run("check", "a.py")
    assert done.returncode == 2
    assert "error[baseline-conflict]: .cuda-migrate-baseline.json:1: holds an unsolved merge conflict" in done.stderr


def test_settings_choose_the_level(repository: Work) -> None:
    repository.write("a.py", OLD)
    repository.write("pyproject.toml", '[tool.cuda-migrate.check]\nfail-on = "rewrite"\n')
    assert repository.run("check", "a.py").returncode == 0
    repository.write("pyproject.toml", '[tool.cuda-migrate.check]\nfail-on = "much"\n')
    assert repository.run("check", "a.py").returncode == 2


@pytest.mark.parametrize("python", [True, False])
def test_the_command_loads_little(python: bool, repository: Work) -> None:
    """`tests/bench/guard.py` measures what this keeps."""
    name = repository.write("a.py" if python else "a.cu", OLD if python else "void f() { cudaMalloc(&p, 1); }\n").name
    code = (
        "import sys\nfrom migrate.cli import cli\n"
        f"try:\n    cli.main(['check', {name!r}], standalone_mode=False)\n"
        "finally:\n    print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=repository.root, capture_output=True, text=True, check=False
    )
    assert "framework-torch-cuda" in done.stdout or "runtime-api" in done.stdout
    loaded = set(done.stderr.split())
    assert "migrate.guard" in loaded
    assert loaded & {"rich", "networkx", "numpy", "jinja2", "libcst", "pygments", "vl_convert"} == set()


def test_git_is_needed_for_its_words_only(repository: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    repository.write("a.py", OLD)
    repository.commit()
    monkeypatch.setenv("PATH", "")
    assert shutil.which("git") is None
    result = repository.check()
    assert len(result.failing) == 2
    assert "no git" in result.notes[0]
