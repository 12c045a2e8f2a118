"""Trees to scan: generated ones that are the same everywhere, and distributions from a package registry."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

SEED = 20_261_101

_PYTHON = (
    (
        "import torch\nimport torch.nn as nn\n\n\nclass Block{n}(nn.Module):\n    def forward(self, x):\n"
        "        return self.linear(x) * {n}\n\n    def move(self, device='cuda:{d}'):\n        torch.cuda.set_device({d})\n"
        "        return self.to(device)\n"
    ),
    (
        "def helper_{n}(values, limit={n}):\n    total = 0\n    for value in values:\n        if value > limit:\n"
        "            total += value\n    return total\n"
    ),
    "import os\nimport json\n\n\ndef load_{n}(path):\n    with open(path) as file:\n        return json.load(file)[{n}]\n",
    "from dataclasses import dataclass\n\n\n@dataclass\nclass Config{n}:\n    name: str = 'n{n}'\n    size: int = {n}\n",
)
_NATIVE = (
    (
        "#include <cuda_runtime.h>\n\n__global__ void scale_{n}(float *x, float a, int n) {{\n"
        "  int i = blockIdx.x * blockDim.x + threadIdx.x;\n  float v = i < n ? x[i] : 0.f;\n"
        "  v += __shfl_down_sync(0xffffffff, v, {d});\n  if (i < n) x[i] = v * a;\n}}\n\n"
        "void run_{n}(float *x, int n) {{\n  float *y;\n  cudaMalloc(&y, n * sizeof(float));\n"
        "  scale_{n}<<<(n + 255) / 256, 256>>>(x, 2.f, n);\n  cudaDeviceSynchronize();\n  cudaFree(y);\n}}\n"
    ),
    "namespace lib {{\nint add_{n}(int a, int b) {{\n  // adds two numbers, {n} times\n  return a + b + {n};\n}}\n}}\n",
    (
        "#pragma once\n#include <vector>\ntemplate <typename T>\nstruct Buffer{n} {{\n  std::vector<T> data;\n"
        "  T &at(int i) {{ return data[i]; }}\n}};\n"
    ),
)


def generated(folder: Path, files: int) -> Path:
    """Write a tree of a given number of files, three in four of them Python, and return it."""
    if (folder / "done").is_file():
        return folder
    chance = random.Random(SEED)
    for number in range(files):
        native = number % 4 == 3
        pieces = _NATIVE if native else _PYTHON
        body = "\n\n".join(
            chance.choice(pieces).format(n=number * 100 + part, d=chance.choice((1, 2, 4, 8)))
            for part in range(chance.randint(2, 60))
        )
        name = f"file{number}" + (chance.choice((".cu", ".cpp", ".h")) if native else ".py")
        path = folder / f"part{number // 400}" / f"group{number // 40 % 10}" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(body, encoding="utf-8", newline="\n")
    (folder / "done").write_text("", encoding="utf-8")
    return folder


def distribution(folder: Path, requirement: str) -> Path | None:
    """Download a source distribution, unpack it without running any of it, and return its folder.

    Returns:
        None when the registry does not have it or `unearth` is not installed.
    """
    target = folder / requirement.replace("==", "-")
    if target.is_dir():
        return target
    finder = shutil.which("unearth", path=str(Path(sys.executable).parent)) or shutil.which("unearth")
    if finder is None:
        return None
    archives = folder / "archives" / target.name
    archives.mkdir(parents=True, exist_ok=True)
    command = [finder, "--no-binary", "--download", str(archives), "--link-only", requirement]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        return None
    for archive in archives.iterdir():
        if archive.name.endswith((".tar.gz", ".tgz")):
            with tarfile.open(archive) as packed:
                packed.extractall(target, filter="data")
        elif archive.suffix == ".zip":
            with zipfile.ZipFile(archive) as zipped:
                zipped.extractall(target)
    return target if target.is_dir() else None


def size(root: Path) -> tuple[int, int]:
    """Return the files and bytes of a tree."""
    files = [path for path in root.rglob("*") if path.is_file() and not path.is_symlink()]
    return len(files), sum(path.stat().st_size for path in files)
