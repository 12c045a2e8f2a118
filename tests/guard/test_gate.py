"""The quick answer: it says "nothing new" only where the check would say the same."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migrate import discover, rulebook
from migrate.guard import gate
from tests.guard.conftest import Work

OLD = """import torch

RATE = 3


def f(x, rate):
    y = x * rate
    if torch.version.hip:
        torch.cuda.empty_cache()
    return x.cuda()
"""
NATIVE = """#include <cuda_runtime.h>

void run(float* p, int n) {
  int m = n + 1;
#ifdef USE_ROCM
  hipMalloc(&p, n);
#else
  cudaMalloc(&p, n);
#endif
  use(p, m);
}
"""


@pytest.fixture(autouse=True)
def words(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_MIGRATE_CACHE", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.setattr(gate, "_stamp", lambda: b"rules")  # the real ones may be edited while tests run
    gate.leave_words(rulebook.shipped())


STAMP = gate._stamp


def quick(work: Work, *files: str, staged: bool = False) -> int | None:
    return gate.quick_pass(os.fspath(work.root), [str(work.root / file) for file in files], staged=staged)


@pytest.fixture
def repository(repository: Work) -> Work:
    repository.write("a.py", OLD)
    repository.write("k.cu", NATIVE)
    repository.commit()
    return repository


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("a.py", "RATE = 3", "RATE = 4\nSEED = 5"),
        ("a.py", "    y = x * rate\n", "    y = x * 2\n    z = y\n"),
        ("a.py", "RATE = 3", "# a note\nRATE = 3"),
        ("k.cu", "int m = n + 1;", "int m = n + 2;\n  // more\n  int k = m;"),
    ],
)
def test_lines_that_only_compute_pass(file: str, old: str, new: str, repository: Work) -> None:
    text = OLD if file == "a.py" else NATIVE
    assert old in text
    repository.write(file, text.replace(old, new))
    assert quick(repository, file) == 1
    repository.git("add", "-A")
    assert quick(repository, file, staged=True) == 1
    assert quick(repository, staged=True) == 1


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("a.py", "return x.cuda()", "return x.cuda().cuda()"),
        ("a.py", "    if torch.version.hip:\n        torch", "    torch"),
        ("a.py", "    if torch.version.hip:", "    if rate:"),
        ("a.py", "RATE = 3", "t = torch"),
        ("a.py", "RATE = 3", "x = 1  # cuda-migrate: ignore[a] reason: r"),
        ("a.py", "    y = x * rate\n", "    y = (\n        x)\n"),
        ("k.cu", "#else\n", ""),
        ("k.cu", "  int m = n + 1;\n", "  /*\n"),
        ("k.cu", "  cudaMalloc(&p, n);\n#endif\n", "#endif\n  cudaMalloc(&p, n);\n"),
    ],
)
def test_lines_that_may_matter_are_left_to_the_check(file: str, old: str, new: str, repository: Work) -> None:
    text = OLD if file == "a.py" else NATIVE
    assert old in text
    repository.write(file, text.replace(old, new))
    assert quick(repository, file) is None


def test_files_without_a_name_of_the_platform_pass_whatever_changed(repository: Work) -> None:
    repository.write("b.py", "def f(x):\n    if x:\n        return 1\n")
    repository.write("c.md", "call cudaMalloc\n")
    assert quick(repository, "b.py", "c.md") == 2
    repository.write("b.py", "import cupy\n")
    assert quick(repository, "b.py") is None


def test_whatever_may_change_the_verdict_is_left_to_the_check(repository: Work, tmp_path: Path) -> None:
    repository.write("b.py", "x = 1\n")
    assert quick(repository, "b.py") == 1
    assert quick(repository) is None
    assert quick(repository, ".") is None
    assert quick(repository, "nope.py") is None
    (repository.root / "link.py").symlink_to(repository.root / "b.py")
    assert quick(repository, "../x.py") is None
    repository.write("pyproject.toml", '[tool.cuda-migrate]\nbaseline = "x.json"\n')
    assert quick(repository, "b.py") is None
    repository.write("pyproject.toml", "")
    repository.write(".cuda-migrate-baseline.json", "broken")
    assert quick(repository, "b.py") is None


def test_without_words_or_git_or_a_commit_it_says_nothing(
    repository: Work, folder: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.write("b.py", "x = 1\n")
    with monkeypatch.context() as patched:
        patched.setattr(gate, "_stamp", lambda: b"other rules")
        assert quick(repository, "b.py") is None
    bare = Work(tmp_path / "bare")
    bare.root.mkdir()
    bare.write("b.py", "x = 1\n")
    assert quick(bare, "b.py") is None
    bare.git("init", "-q")
    assert quick(bare, "b.py") is None


def test_what_is_never_read_has_no_front_end() -> None:
    assert [ending for ending in gate.NEVER_READ if discover.language_of(f"x{ending}") is not None] == []
    assert ast.PyCF_ONLY_AST == gate._ONLY_PARSE


def test_damaged_words_count_as_none(repository: Work) -> None:
    repository.write("b.py", "x = 1\n")
    place = Path(gate._place())
    place.write_bytes(place.read_bytes().partition(b"\n")[0])
    assert quick(repository, "b.py") is None
    place.write_bytes(b"\xff\x00")
    assert quick(repository, "b.py") is None


LINES = {
    "a.py": (
        *OLD.splitlines(),
        *(
            "    z = 1",
            "import torch as t",
            "    t.cuda.synchronize()",
            "else:",
            "    else:",
            '"""',
            "    x = y.to('cuda')",
        ),
        *("    device = pick()", "    return z", "", "# note", "    torch.cuda.ipc_collect()", "if torch.version.hip:"),
    ),
    "k.cu": (
        *NATIVE.splitlines(),
        *("  int z = 1;", "  /*", "  */", "#if 0", "#endif", "#else", "", "// note", "  cudaFree(p);", "  // off \\"),
        *("#undef USE_ROCM", "  use(p);", "  hipFree(p);", "}", "void more() {", '  puts("', "  f(a,"),
    ),
}


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_it_never_passes_what_the_check_would_not(data: st.DataObject, folder: Work) -> None:
    name = data.draw(st.sampled_from(sorted(LINES)))
    old = OLD if name == "a.py" else NATIVE
    lines = old.splitlines()
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(lines) - 1))
        action = data.draw(st.sampled_from(("insert", "remove", "replace", "move")))
        line = lines.pop(place) if action != "insert" else ""
        if action in ("insert", "replace"):
            lines.insert(place, data.draw(st.sampled_from(LINES[name])))
        elif action == "move":
            lines.insert(data.draw(st.integers(0, len(lines))), line)
    new = "\n".join(lines) + "\n"
    read = gate._read_words()
    assert read is not None
    if new != old and gate._is_harmless(name, old.encode(), new.encode(), read):
        if not (folder.root / ".git").exists():
            folder.git("init", "-q")
            folder.write("a.py", OLD)
            folder.write("k.cu", NATIVE)
            folder.commit()
        folder.write(name, new)
        assert folder.new(name) == []


def test_the_command_takes_the_quick_way_and_loads_nothing_for_it(
    repository: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "_stamp", STAMP)
    gate.leave_words(rulebook.shipped())
    repository.write("a.py", OLD.replace("RATE = 3", "RATE = 4"))
    done = repository.run("check", "a.py")
    assert done.returncode == 0
    assert done.stdout == "nothing new against HEAD: 1 changed files touch nothing of one vendor's platform\n"
    code = (
        "import sys\nfrom migrate.cli import cli\n"
        "cli.main(['check', 'a.py'], standalone_mode=False)\nprint(*sys.modules, file=sys.stderr)"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=repository.root, capture_output=True, text=True, check=True
    )
    unwanted = {"msgspec", "yaml", "rich", "networkx", "numpy", "jinja2", "libcst", "tree_sitter", "ahocorasick_rs"}
    assert not unwanted & set(loaded.stderr.split())
    assert "against HEAD" in repository.run("check", "a.py", "--isolated").stdout
