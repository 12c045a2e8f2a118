"""Fixes: only proved edits, only where the bytes around them stay, confirmed by a second reading."""

from __future__ import annotations

import codecs
import subprocess
from pathlib import Path

import pytest

from migrate import config
from migrate.guard import fixing
from migrate.guard.fixing import Fixes
from tests.guard.conftest import TODAY, Work

CODE = "import torch\n\n\ndef f(x):\n    torch.cuda.synchronize()\n    torch.cuda.ipc_collect()\n    return x.cuda()\n"
PORTABLE = CODE.replace("torch.cuda.synchronize", "torch.accelerator.synchronize")


def fixes(work: Work, *files: str, **options: object) -> Fixes:
    settings = config.load(work.root, environment={})
    return fixing.fix(work.root, settings, [str(work.root / file) for file in files], TODAY, **options)  # type: ignore[arg-type]


def test_a_portable_form_is_preferred_to_the_target_s(folder: Work) -> None:
    folder.write("a.py", CODE)
    (fixed,) = fixes(folder).files
    assert fixed.after.decode() == PORTABLE
    (fixed,) = fixes(folder, target="cann").files
    assert "torch.accelerator.synchronize()" in fixed.after.decode()
    (fixed,) = fixes(folder, target="cann", portable=False).files
    assert "torch.npu.synchronize()" in fixed.after.decode()
    assert "torch.accelerator" not in fixed.after.decode()


def test_nothing_is_written_before_it_is_asked_for(folder: Work) -> None:
    place = folder.write("a.py", CODE)
    fixes(folder)
    done = folder.run("fix", "--diff")
    assert done.returncode == 0
    assert "-    torch.cuda.synchronize()\n+    torch.accelerator.synchronize()\n" in done.stdout
    assert "1 edits possible in 1 files, 2 uses left" in done.stderr
    assert place.read_text() == CODE
    assert folder.run("fix", "a.py").returncode == 0
    assert place.read_text() == PORTABLE
    assert folder.run("fix", "--diff").stdout == ""


@pytest.mark.parametrize("end", ["\n", ""])
def test_the_diff_applies(end: str, repository: Work, tmp_path: Path) -> None:
    code = CODE.replace("    return x.cuda()\n", f"    return torch.cuda.device_count(){end}")
    repository.write("a.py", code)
    repository.commit()
    patch = tmp_path / "x.patch"
    patch.write_text(repository.run("fix", "--diff").stdout)
    subprocess.run(["git", "apply", str(patch)], cwd=repository.root, check=True)
    fixed = code.replace("cuda.synchronize", "accelerator.synchronize").replace("cuda.device_c", "accelerator.device_c")
    assert (repository.root / "a.py").read_text() == fixed


@pytest.mark.parametrize(
    "data",
    [
        CODE.replace("\n", "\r\n").encode(),
        codecs.BOM_UTF8 + CODE.encode(),
        CODE.replace("import torch\n", "import torch  # é ü 中\n").encode(),
        ("# caf\xe9\n" + CODE).encode("latin-1"),
        CODE.rstrip("\n").encode(),
        CODE.replace("\n\n\n", "\n\x0c\n\n").replace("    return", "\t\n    return").encode(),
    ],
)
def test_every_other_byte_stays(data: bytes, folder: Work) -> None:
    place = folder.root / "a.py"
    place.write_bytes(data)
    (fixed,) = fixes(folder).files
    assert fixed.after == data.replace(b"torch.cuda.synchronize", b"torch.accelerator.synchronize")
    place.chmod(0o755)
    assert folder.run("fix").returncode == 0
    assert place.read_bytes() == fixed.after
    assert place.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("data", [CODE.encode("utf-16"), CODE.replace("import torch\n", "import torch\n\0\n").encode()])
def test_a_file_that_cannot_be_written_back_is_left_alone(data: bytes, folder: Work) -> None:
    (folder.root / "a.py").write_bytes(data)
    found = fixes(folder)
    assert found.files == ()
    assert [path for path, _ in found.refused] == ["a.py"]
    assert found.left == 3


def test_guarded_suppressed_and_vendored_code_is_left_alone(folder: Work) -> None:
    folder.write("a.py", "import torch\nif torch.version.hip:\n    torch.cuda.synchronize()\n")
    folder.write("b.py", "import torch\ntorch.cuda.synchronize()  # cuda-migrate: ignore[framework-*] reason: r\n")
    folder.write("third_party/x/c.py", CODE)
    assert fixes(folder) == Fixes((), 0, ())


def test_a_call_with_keywords_is_left_to_people(folder: Work) -> None:
    folder.write("a.py", "import torch\ntorch.cuda.memory_allocated(device=0)\ntorch.cuda.memory_allocated(0)\n")
    (fixed,) = fixes(folder).files
    assert fixed.after.decode().splitlines()[1:] == [
        "torch.cuda.memory_allocated(device=0)",
        "torch.accelerator.memory.memory_allocated(0)",
    ]


def test_aliases_and_imports_keep_their_meaning(folder: Work) -> None:
    folder.write("a.py", "from torch import cuda\n\ncuda.synchronize()\ncuda.ipc_collect()\n")
    for fixed in fixes(folder).files:
        compile(fixed.after, "a.py", "exec")
        assert b"cuda.ipc_collect()" in fixed.after
        assert b"accelerator" in fixed.after


def test_native_names_become_one_target_s(folder: Work) -> None:
    place = folder.write("k.cu", "void f(float* p) {\n  cudaMalloc(&p, 4);  // cudaMalloc\n}\n")
    assert fixes(folder).files == ()
    assert folder.run("fix", "--target", "rocm").returncode == 0
    assert place.read_text() == "void f(float* p) {\n  hipMalloc(&p, 4);  // cudaMalloc\n}\n"
    assert folder.run("fix", "--target", "rocm", "--target", "cann").returncode == 2


def test_a_file_that_changed_in_the_meantime_is_left_alone(folder: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    from migrate.cli import fix as command

    place = folder.write("a.py", CODE)
    (fixed,) = fixes(folder).files
    place.write_text("x = 1\n")
    assert command._written(folder.root, fixed) == 0
    assert place.read_text() == "x = 1\n"
