"""Many files: in this process, or spread over others where that pays."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from migrate import discover, rulebook
from migrate.config import Config
from migrate.model import Persona, Skip, SkipReason
from migrate.rulebook import Rulebook
from migrate.scan import pool
from migrate.scan.cache import Cache
from migrate.scan.reading import FileReport, read_file

PARALLEL_BYTES = 8_000_000
"""From this size on a second process pays for its start (measured: 11 ms by fork, 150 ms by spawn, 2 MB/s each)."""

_TASKS_PER_WORKER = 16

MEMORY = 3 * 1024**3
"""Address space of a worker (judgement: sources of the largest size that is read take 0.7 GB, made-up ones 3.5 GB)."""

START_METHOD = "fork" if sys.platform == "linux" else "spawn"
"""A forked worker inherits the loaded rule book; a spawned one loads it again."""

_RARE = (200_000, 50, 100)
"""Thresholds of the garbage collector while files are read."""

Progress = Callable[[int, int], None]
"""Called with files done and files in all."""


def read_all(
    candidates: Sequence[discover.Candidate],
    book: Rulebook,
    config: Config,
    jobs: int | None,
    progress: Progress | None,
    *,
    cache: Cache | None = None,
) -> Iterator[FileReport | Skip]:
    """Read all files and yield what each gave, in any order.

    Args:
        candidates: Files to read.
        book: The rule book; spawned workers load it again from the packs of the configuration.
        config: Packs and persona.
        jobs: Processes; by default as many as pay off.
        progress: Told about finished files.
        cache: Knows what earlier runs read, and remembers what this one reads.
    """
    total = len(candidates)
    known = cache.recall(candidates, (book.hash, config.settings.persona)) if cache else {}
    yield from known.values()
    candidates = [candidate for candidate in candidates if candidate.path not in known]
    read: list[FileReport] = []
    size = sum(_work(candidate) for candidate in candidates)
    workers = jobs if jobs is not None else (os.cpu_count() or 1) if size > PARALLEL_BYTES else 1
    regular = config.settings.persona == Persona.REGULAR
    done = len(known)
    with _rare_collections():
        if workers <= 1 or len(candidates) < 2:
            batches: Iterator[list[FileReport | Skip]] = ([_read(one, book, regular)] for one in candidates)
        else:
            batches = _spread(candidates, workers, book, config, regular)
        for outcomes in batches:
            yield from outcomes
            read += (outcome for outcome in outcomes if cache and isinstance(outcome, FileReport))
            done += len(outcomes)
            if progress:
                progress(done, total)
    if cache:
        by_path = {candidate.path: candidate for candidate in candidates}
        cache.keep((by_path[report.file.path], report) for report in read)


@contextlib.contextmanager
def _rare_collections() -> Iterator[None]:
    """Let the garbage collector run seldom: reading makes many objects, hardly any cycles (measured: 1.05x to 1.3x)."""
    thresholds = gc.get_threshold()
    gc.freeze()  # the rule book stays; forked workers share its pages as long as nobody walks over them
    gc.set_threshold(*_RARE)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()


def _spread(
    candidates: Sequence[discover.Candidate], workers: int, book: Rulebook, config: Config, regular: bool
) -> Iterator[list[FileReport | Skip]]:
    """Read batches in worker processes and yield what each gave."""
    global _shared  # noqa: PLW0603 - the only way to hand a value to forked workers without pickling it
    _shared = (book, regular)
    packs = None if START_METHOD == "fork" else config.packs
    batches = list(_batches(candidates, workers * _TASKS_PER_WORKER))
    prepare = partial(_prepare, packs, regular)
    try:
        for outcomes in pool.spread(batches, _read_batch, workers=workers, method=START_METHOD, prepare=prepare):
            yield [_lost(one) if isinstance(one, pool.Lost) else one for one in outcomes]
    finally:
        _shared = None


def _lost(lost: pool.Lost[discover.Candidate]) -> Skip:
    path, size = lost.item.path, lost.item.size
    if lost.hung:
        return Skip(path, SkipReason.TIMED_OUT, f"took longer than {pool.BATCH_SECONDS:.0f} seconds", size)
    return Skip(path, SkipReason.PARSE_ERROR, "the process that read it died", size)


_shared: tuple[Rulebook, bool] | None = None


def _prepare(packs: tuple[Path, ...] | None, regular: bool) -> None:
    gc.set_threshold(*_RARE)
    _limit_memory()
    if packs is not None:  # spawned: nothing was inherited
        global _shared  # noqa: PLW0603
        _shared = (rulebook.load(packs), regular)


def _read_batch(batch: Sequence[discover.Candidate]) -> list[FileReport | Skip]:
    assert _shared is not None
    book, regular = _shared
    return [_read(candidate, book, regular) for candidate in batch]


def _read(candidate: discover.Candidate, book: Rulebook, regular: bool) -> FileReport | Skip:
    """Read one file; one that takes more memory than there is costs itself only."""
    try:
        return read_file(candidate, book, regular)
    except MemoryError:
        detail = "needs more memory than reading one file may take"
        return Skip(candidate.path, SkipReason.TOO_LARGE, detail, candidate.size)


def _limit_memory() -> None:
    """Keep this process from taking more than its share; where the system cannot do that, nothing changes."""
    try:
        import resource
    except ImportError:  # not on Windows
        return
    with contextlib.suppress(OSError, ValueError):  # a lower limit is in force, or the system knows none
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        limit = MEMORY if most == resource.RLIM_INFINITY else min(MEMORY, most)
        resource.setrlimit(resource.RLIMIT_AS, (limit, most))


def _work(candidate: discover.Candidate) -> int:
    """Return how many bytes of a file are read at most: of compiled files only parts are."""
    return min(candidate.size, discover.MAX_BYTES)


def _batches(candidates: Sequence[discover.Candidate], count: int) -> Iterator[list[discover.Candidate]]:
    """Split into batches of about equal size; the order of files within the tree is kept."""
    goal = sum(_work(candidate) for candidate in candidates) / count
    batch: list[discover.Candidate] = []
    size = 0
    for candidate in candidates:
        batch.append(candidate)
        size += _work(candidate)
        if size >= goal:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
