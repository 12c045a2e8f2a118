"""What all commands share in talking to a person: notes, progress, files written whole, errors."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import click

from migrate.errors import OutputError


def note(text: str, *, quiet: bool = False) -> None:
    """Say something beside the result."""
    if not quiet:
        click.echo(text, err=True)


def fail(message: str, hint: str, code: int, error: BaseException | None = None) -> NoReturn:
    """Print an error with its hint, and exit."""
    click.echo(message, err=True)
    if hint:
        click.echo(f"  hint: {hint}", err=True)
    if error is not None and os.environ.get("CUDA_MIGRATE_DEBUG"):
        import traceback

        traceback.print_exception(error)
    sys.exit(code)


@contextmanager
def progress(label: str, *, quiet: bool) -> Iterator[Callable[[int, int], None] | None]:
    """Show a bar on a terminal; elsewhere nothing."""
    if quiet or not sys.stderr.isatty() or os.environ.get("CI"):
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("files"),
        TimeRemainingColumn(),
    )
    # Drawn by hand from the caller's thread: workers are forked, and a fork must not meet a drawing thread.
    with Progress(*columns, console=Console(stderr=True), transient=True, auto_refresh=False) as bar:
        task = bar.add_task(label, total=None)

        def step(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)
            if done == total or done % max(1, total // 200) == 0:
                bar.refresh()

        yield step


def check_destination(destination: str) -> None:
    """Refuse a destination that cannot be written before any work is done for it.

    Raises:
        OutputError: Its folder does not exist, or it is a folder.
    """
    if destination in ("", "-"):
        return
    path = Path(destination)
    if path.is_dir():
        raise OutputError(f"{destination}: is a folder", hint="name a file with -o", slug="output")
    if not path.parent.is_dir():
        raise OutputError(f"{destination}: its folder does not exist", hint="make it first", slug="output")


def write(content: str | bytes, destination: str) -> None:
    """Write a result to stdout (`-` or empty) or to a file, which is never left half written.

    Raises:
        OutputError: It cannot be written.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    try:
        if destination in ("", "-"):
            _write_out(content)
        elif (path := Path(destination).resolve()).exists() and not path.is_file():
            path.write_bytes(data)  # a pipe or a device is written to, not replaced
        else:
            _replace(path, data)
    except BrokenPipeError:
        raise
    except OSError as error:
        if destination in ("", "-"):
            discard_stdout()
        place = destination if destination not in ("", "-") else "standard output"
        raise OutputError(
            f"{place}: cannot be written: {error.strerror}", hint="choose another path with -o", slug="output"
        ) from None


def _write_out(content: str | bytes) -> None:
    if isinstance(content, bytes):
        sys.stdout.buffer.write(content)
    else:
        click.echo(content, nl=not content.endswith("\n"))
    sys.stdout.flush()


def discard_stdout() -> None:
    """Send what stdout still holds nowhere, so that the interpreter's last flush does not change the exit code."""
    with open(os.devnull, "wb") as nowhere, contextlib.suppress(OSError, ValueError):  # noqa: PTH123 - a device
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


def _replace(path: Path, data: bytes) -> None:
    """Put a file in place whole; a link keeps pointing to it, since the path is the one it leads to."""
    import tempfile

    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(temporary).chmod(path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def wants_color(choice: str) -> bool:
    """Decide on colour from `--color`, NO_COLOR and whether stdout is a terminal."""
    if choice == "auto":
        return sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    return choice == "always"


def terminal_width() -> int:
    """Return the columns of the terminal; 100 where there is none, so that files of output stay readable."""
    import shutil

    return max(60, min(120, shutil.get_terminal_size((100, 24)).columns))
