"""Pairs of commands, run in turns, as whole processes."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Run:
    """One process."""

    wall: float
    """Seconds."""
    peak: int
    """Largest resident set of the process or one of its children, bytes; 0 where the system does not say."""


@dataclass(frozen=True)
class Pair:
    """Two commands that were run in turns."""

    name: str
    ours: tuple[Run, ...]
    theirs: tuple[Run, ...]

    @property
    def ratios(self) -> list[float]:
        """Return our wall time over theirs, turn by turn, sorted."""
        return sorted(a.wall / b.wall for a, b in zip(self.ours, self.theirs, strict=True))

    @property
    def ratio(self) -> float:
        """Return the median of the ratios."""
        return statistics.median(self.ratios)

    def row(self) -> str:
        """Return the pair as a line of text."""
        low, high = self.ratios[0], self.ratios[-1]
        ours, theirs = (statistics.median(run.wall for run in runs) for runs in (self.ours, self.theirs))
        return f"{self.name:44} {ours:8.3f} s {theirs:8.3f} s   ratio {self.ratio:6.2f}  [{low:.2f}, {high:.2f}]"


def run(command: Sequence[str], *, cwd: Path | None = None, environment: Mapping[str, str] | None = None) -> Run:
    """Run a command to its end and measure it; what it prints is dropped.

    Raises:
        RuntimeError: It failed with a code that says so (above 1: searchers say 1 for nothing found).
    """
    began = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=cwd, env={**os.environ, **(environment or {})}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    _, errors = process.communicate()
    wall = time.perf_counter() - began
    if process.returncode > 1:
        raise RuntimeError(f"{command[0]} exited with {process.returncode}: {errors.decode(errors='replace')[-400:]}")
    return Run(wall, _peak())


def _peak() -> int:
    try:
        import resource
    except ImportError:  # Windows
        return 0
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024


def pair(name: str, ours: Sequence[str], theirs: Sequence[str], *, turns: int, cwd: Path | None = None) -> Pair:
    """Run two commands in turns, after one run of each that does not count."""
    run(ours, cwd=cwd)
    run(theirs, cwd=cwd)
    mine, other = [], []
    for turn in range(turns):
        first, second = (ours, theirs) if turn % 2 == 0 else (theirs, ours)
        results = [run(first, cwd=cwd), run(second, cwd=cwd)]
        if turn % 2:
            results.reverse()
        mine.append(results[0])
        other.append(results[1])
    return Pair(name, tuple(mine), tuple(other))
