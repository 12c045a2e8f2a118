"""Names that modules of a repository hand on: their importers' uses are found."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate import discover, rulebook
from migrate.languages.python import PythonFrontEnd
from migrate.model import Role, SourceFile
from migrate.scan import FileReport
from migrate.scan.reading import read_file
from migrate.scan.reexports import with_reexports

BOOK = rulebook.shipped()
COMPAT = "import torch\nfrom torch.cuda import synchronize\nDEVICE = 'cuda'\nlocal = 'cuda'\ncuda = torch.cuda\n"


def scanned(root: Path, files: dict[str, str], own: tuple[str, ...] = ()) -> dict[str, FileReport]:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    candidates, _ = discover.discover(root, exclude=[])
    reports = [report for one in candidates if isinstance(report := read_file(one, BOOK, regular=True), FileReport)]
    return {report.file.path: report for report in with_reexports(reports, root, BOOK, own, regular=True)}


def seen(report: FileReport) -> list[tuple[str, str, int]]:
    return [(sighting.rule, sighting.use.name, sighting.use.span.line) for sighting in report.sightings]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from .compat import synchronize\nsynchronize()", ("framework-torch-cuda", "torch.cuda.synchronize", 2)),
        ("from pkg.compat import synchronize as s\ns()", ("framework-torch-cuda", "torch.cuda.synchronize", 2)),
        ("from . import compat\ncompat.synchronize()", ("framework-torch-cuda", "torch.cuda.synchronize", 2)),
        ("import pkg.compat\npkg.compat.synchronize()", ("framework-torch-cuda", "torch.cuda.synchronize", 2)),
        ("from .compat import *\nsynchronize()", ("framework-torch-cuda", "torch.cuda.synchronize", 2)),
        ("from .compat import torch\ntorch.cuda.init()", ("framework-torch-cuda", "torch.cuda.init", 2)),
        ("from .compat import cuda\ncuda.init()", ("framework-torch-cuda", "torch.cuda.init", 2)),
        ("from .compat import DEVICE\nx.to(DEVICE)", ("framework-device-constant", "cuda", 2)),
        ("from .compat import local as d\nx.to(device=d)", ("framework-device-constant", "cuda", 2)),
        ("from . import compat\nx.to(compat.DEVICE)", ("framework-device-constant", "cuda", 2)),
        ("from pkg import synchronize\nsynchronize()", ("framework-torch-cuda", "torch.cuda.synchronize", 2)),
    ],
)
def test_importers_use_what_a_module_exports(tmp_path: Path, text: str, expected: tuple[str, str, int]) -> None:
    reports = scanned(
        tmp_path,
        {"pkg/__init__.py": "from .compat import synchronize\n", "pkg/compat.py": COMPAT, "pkg/model.py": text + "\n"},
    )
    assert seen(reports["pkg/model.py"]) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "import cupy\nfrom .compat import DEVICE\nk = cupy.RawKernel(DEVICE, DEVICE)\n",
        "from torch.utils.cpp_extension import CUDAExtension\nfrom .compat import DEVICE\ne = CUDAExtension(DEVICE, [DEVICE])\n",
        "from .compat import DEVICE as open\nopen.read().to(open)\n",
    ],
)
def test_an_exported_constant_may_stand_anywhere(tmp_path: Path, text: str) -> None:
    reports = scanned(tmp_path, {"pkg/__init__.py": "", "pkg/compat.py": COMPAT, "pkg/model.py": text})
    assert seen(reports["pkg/model.py"])


def test_a_name_may_pass_through_several_modules(tmp_path: Path) -> None:
    files = {
        "src/pkg/__init__.py": "",
        "src/pkg/a.py": "from torch.cuda import synchronize\n",
        "src/pkg/b.py": "from .a import synchronize\n",
        "src/pkg/c.py": "from pkg.b import synchronize\n",
        "src/pkg/d.py": "from pkg.c import synchronize\nsynchronize()\n",
    }
    assert [name for _, name, _ in seen(scanned(tmp_path, files)["src/pkg/d.py"])] == ["torch.cuda.synchronize"]


def test_the_nearest_module_of_a_name_is_meant(tmp_path: Path) -> None:
    files = {
        "tools/settings.py": "DEVICE = 'cuda'\n",
        "demo/settings.py": "DEVICE = pick()\n",
        "demo/train.py": "from settings import DEVICE\nx.to(DEVICE)\n",
        "tools/train.py": "from settings import DEVICE\nx.to(DEVICE)\n",
    }
    reports = scanned(tmp_path, files)
    assert seen(reports["demo/train.py"]) == []
    assert seen(reports["tools/train.py"]) == [("framework-device-constant", "cuda", 2)]


def test_names_of_the_repositorys_own_packages_are_no_platform(tmp_path: Path) -> None:
    files = {"cupy/__init__.py": "from cupy.core import zeros\n", "cupy/x.py": "from cupy import zeros\nzeros(3)\n"}
    alone = scanned(tmp_path, files, own=("cupy",))
    assert seen(alone["cupy/x.py"]) == [("package-import", "cupy", 1), ("python-gpu-cupy", "cupy.zeros", 2)]


def test_kernels_behind_an_optional_import_are_found(tmp_path: Path) -> None:
    files = {
        "pkg/__init__.py": "",
        "pkg/deps.py": "try:\n    import triton\nexcept ImportError:\n    triton = None\n",
        "pkg/kernels.py": "from pkg.deps import triton\n\n@triton.jit\ndef add(x):\n    pass\n",
    }
    assert seen(scanned(tmp_path, files)["pkg/kernels.py"]) == [("triton-kernel", "triton.jit", 3)]


@pytest.mark.parametrize(
    ("text", "exports"),
    [
        ("from torch.cuda import synchronize as s", (("s", "torch.cuda.synchronize"),)),
        ("import torch\nsync = torch.cuda.synchronize", (("sync", "torch.cuda.synchronize"), ("torch", "torch"))),
        ("DEVICE = 'cuda'\nBACKEND = 'nccl'", (("BACKEND", "'nccl'"), ("DEVICE", "'cuda'"))),
        ("DEVICE = 'cuda'\nDEVICE = 'cpu'", ()),  # several meanings are none
        ("def f():\n    from torch.cuda import synchronize", ()),
        ("from .other import synchronize", ()),
        ("import torch\nstream = torch.cuda.Stream()", (("torch", "torch"),)),
        ("DEVICE = 'cpu'", ()),
    ],
)
def test_a_module_tells_what_its_names_stand_for(text: str, exports: tuple[tuple[str, str], ...]) -> None:
    file = SourceFile(path="a.py", language="python", content="", lines=0, code_lines=0, role=Role.OWNED)
    vocabulary = BOOK.vocabulary("python")
    for end in (PythonFrontEnd(), PythonFrontEnd(exhaustive=True)):
        assert end.extract(file, text, vocabulary).exports == exports
