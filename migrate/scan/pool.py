"""Worker processes under watch: one that dies or hangs costs the file it was reading, and an interrupt ends all.

The pools of the standard library cannot do this: `concurrent.futures` loses all work with one worker and may hang
when its workers are stopped, and `multiprocessing.Pool` waits forever for what a dead worker had in hand. So there
is no thread and no shared queue here: each worker has a pipe of its own, and the parent waits on all of them.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import sys
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from typing import Generic, NamedTuple, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

BATCH_SECONDS = 120.0
"""Time for one batch, and for one file when it is alone (judgement: the largest file that is read takes 10 s)."""


class Lost(NamedTuple, Generic[Item]):
    """An item that no worker could deal with."""

    item: Item
    hung: bool
    """It took too long; otherwise the worker died over it."""


def spread(
    batches: Sequence[Sequence[Item]],
    work: Callable[[Sequence[Item]], Sequence[Result]],
    *,
    workers: int,
    method: str,
    prepare: Callable[[], object],
    seconds: float = BATCH_SECONDS,
) -> Iterator[Sequence[Result | Lost[Item]]]:
    """Work on batches in several processes and yield what each gave, in any order.

    A batch whose worker dies or hangs is dealt out again item by item; an item that does it alone is `Lost`.

    Args:
        batches: What to do.
        work: Called in a worker for each batch; with `spawn` it has to be importable.
        workers: Processes.
        method: `fork` or `spawn`.
        prepare: Called once in each worker before its first batch.
        seconds: Time that a batch may take.
    """
    context = multiprocessing.get_context(method)
    todo = deque(batches)
    crew: list[_Worker[Item]] = []
    try:
        while todo or crew:
            while todo and len(crew) < workers:
                crew.append(_start(context, work, prepare, [one.connection for one in crew]))
                crew[-1].give(todo.popleft(), seconds)
            patience = max(0.0, min(worker.deadline for worker in crew) - time.monotonic())
            ready = wait([worker.connection for worker in crew], patience)
            for worker in [one for one in crew if one.connection in ready]:
                try:
                    outcome: Sequence[Result] | Exception = worker.connection.recv()
                except (EOFError, OSError):
                    crew.remove(worker)
                    yield _give_up(worker, todo, hung=False)
                    continue
                if isinstance(outcome, Exception):
                    raise outcome
                if todo:
                    worker.give(todo.popleft(), seconds)
                else:
                    crew.remove(worker)
                    worker.dismiss()
                yield outcome
            for worker in [one for one in crew if one.deadline <= time.monotonic()]:
                crew.remove(worker)
                yield _give_up(worker, todo, hung=True)
    finally:  # after an error or an interrupt nobody waits for batches that nobody wants
        for worker in crew:
            worker.kill()


class _Worker(Generic[Item]):
    """A process, the parent's end of its pipe, and what it has in hand."""

    def __init__(self, process: multiprocessing.process.BaseProcess, connection: Connection) -> None:
        self.process = process
        self.connection = connection
        self.batch: Sequence[Item] = ()
        self.deadline = 0.0

    def give(self, batch: Sequence[Item], seconds: float) -> None:
        self.batch = batch
        self.deadline = time.monotonic() + seconds
        with contextlib.suppress(OSError):  # it died meanwhile: the next wait on its pipe says so
            self.connection.send(batch)

    def dismiss(self) -> None:
        with contextlib.suppress(OSError):
            self.connection.send(None)
        self.connection.close()
        self.process.join()

    def kill(self) -> None:
        self.process.kill()
        self.connection.close()
        self.process.join()


def _give_up(worker: _Worker[Item], todo: deque[Sequence[Item]], *, hung: bool) -> list[Lost[Item]]:
    worker.kill()
    if len(worker.batch) == 1:
        return [Lost(worker.batch[0], hung)]
    todo.extend([item] for item in worker.batch)
    return []


def _start(
    context: multiprocessing.context.BaseContext,
    work: Callable[[Sequence[Item]], Sequence[Result]],
    prepare: Callable[[], object],
    others: list[Connection],
) -> _Worker[Item]:
    ours, theirs = context.Pipe()
    # A forked worker holds copies of the parent's ends: as long as it does, the others do not see the parent die.
    inherited = [ours, *others] if context.get_start_method() == "fork" else []
    process = context.Process(target=_serve, args=(theirs, work, prepare, inherited), daemon=True)  # type: ignore[attr-defined]
    with _interrupts_held():  # a worker that is just being born would answer one with a traceback of its own
        process.start()
    theirs.close()
    return _Worker(process, ours)


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """Deliver an interrupt only afterwards; processes started meanwhile never get one (not on Windows)."""
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(
    connection: Connection,
    work: Callable[[Sequence[Item]], Sequence[Result]],
    prepare: Callable[[], object],
    inherited: list[Connection],
) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides, and says so once
    for other in inherited:
        other.close()
    prepare()
    with contextlib.suppress(EOFError, OSError):  # the parent is gone
        while (batch := connection.recv()) is not None:
            outcome: Sequence[Result] | Exception
            try:
                outcome = work(batch)
            except Exception as error:  # noqa: BLE001 - a bug is raised where somebody can report it
                error.add_note(traceback.format_exc())
                outcome = error
            connection.send(outcome)
