"""How long a check takes that a commit waits for: `python -m tests.bench.guard`.

Five changed files in a repository of 10,000, the whole process, against the floor that no command line of this kind
gets below: `python -I -c 'import click'`. Both run in turn, so that what else the machine does hits both.
"""

from __future__ import annotations

import argparse
import itertools
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FILES = 10_000
CHANGED = 5
FLOOR = (sys.executable, "-I", "-c", "import click")
LIMITS = {"cuda": 1.7, "python": 2.2}

_PYTHON = '''"""Module {number}."""

import torch


class Block{number}(torch.nn.Module):
    def __init__(self, width):
        super().__init__()
        self.linear = torch.nn.Linear(width, width)

    def forward(self, x):
        return self.linear(x).relu()


def step(model, batch):
    x = batch.to("cuda")
    torch.cuda.synchronize()
    return model(x).sum()
'''
_CUDA = """// Part {number}.
#include <cuda_runtime.h>

__global__ void scale{number}(float* x, float factor, int n) {{
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) x[i] *= factor;
}}

void run{number}(float* x, int n) {{
  cudaMalloc(&x, n * sizeof(float));
  scale{number}<<<(n + 255) / 256, 256>>>(x, 2.0f, n);
  cudaDeviceSynchronize();
}}
"""
_EDITS = {
    ("python", False): (("return self.linear(x).relu()", "x = self.linear(x)\n        return self.linear(x).relu()"),),
    ("cuda", False): (("x[i] *= factor;", "x[i] *= factor;\n  int rest = n - i;"),),
    ("python", True): (('batch.to("cuda")', 'batch.float().to("cuda")'),),
    ("cuda", True): (("n * sizeof(float)", "2 * n * sizeof(float)"),),
}
"""What changes: a line that has nothing to do with the platform, or one that uses it as it did before."""


def git(root: Path, *arguments: str) -> None:
    """Run git in the repository."""
    names = {f"GIT_{who}_{what}": "a@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True, env={**os.environ, **names})


def build(root: Path) -> None:
    """Commit a repository of 10,000 files, half Python and half CUDA."""
    for number in range(FILES):
        suffix, text = ("py", _PYTHON) if number % 2 else ("cu", _CUDA)
        folder = root / f"part{number // 100}"
        folder.mkdir(exist_ok=True)
        (folder / f"f{number}.{suffix}").write_text(text.format(number=number))
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "all")


def change(root: Path, kind: str, *, touching: bool) -> list[str]:
    """Stage five changed files that hold nothing new."""
    git(root, "reset", "-q", "--hard")
    files = [f"part{n}/f{n * 100 + (kind == 'python')}.{'py' if kind == 'python' else 'cu'}" for n in range(CHANGED)]
    for file in files:
        path = root / file
        text = path.read_text()
        for old, new in _EDITS[kind, touching]:
            assert old in text
            text = text.replace(old, new)
        path.write_text(text)
    git(root, "add", "-A")
    return files


def seconds(command: tuple[str, ...], root: Path) -> float:
    """Return how long a process takes; it has to succeed."""
    started = time.perf_counter()
    subprocess.run(command, cwd=root, check=True, capture_output=True)
    return time.perf_counter() - started


def measure(root: Path, kind: str, rounds: int, *, touching: bool) -> tuple[float, float]:
    """Return the medians of the floor and of the check."""
    program = (sys.executable, "-I", "-m", "migrate", "check", "--staged", *change(root, kind, touching=touching))
    seconds(program, root)
    pairs = [(seconds(FLOOR, root), seconds(program, root)) for _ in range(rounds)]
    floor, check = zip(*pairs, strict=True)
    return statistics.median(floor), statistics.median(check)


def main() -> None:
    """Measure both kinds of change and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        build(root)
        for (kind, limit), touching in itertools.product(LIMITS.items(), (False, True)):
            floor, check = measure(root, kind, rounds, touching=touching)
            what = "a line that uses the platform changed" if touching else "other lines changed"
            sys.stdout.write(
                f"{CHANGED} files, all {kind}, {what}: {check * 1000:.0f} ms, floor {floor * 1000:.0f} ms, "
                f"ratio {check / floor:.2f} (at most {limit})\n"
            )


if __name__ == "__main__":
    main()
