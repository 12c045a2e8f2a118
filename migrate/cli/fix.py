"""`cuda-migrate fix`: make the edits that are proved."""

from __future__ import annotations

import datetime as dt
import difflib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from migrate.cli.check import ROOT
from migrate.cli.console import note, write
from migrate.cli.options import Input, input_options

if TYPE_CHECKING:
    from migrate.guard.fixing import Fixed


@click.command(
    epilog="""\b
Examples:
  cuda-migrate fix --diff                  what portable forms would change
  cuda-migrate fix src/train.py            write them
  cuda-migrate fix --target rocm --diff    also the names of one target, where there is no portable form
"""
)
@click.argument("files", nargs=-1)
@click.option("--diff", "show", is_flag=True, help="Print the changes and write nothing.")
@click.option("--no-portable", is_flag=True, help="Leave the forms for all vendors out; they may need a new PyTorch.")
@ROOT
@input_options
def fix(files: tuple[str, ...], *, show: bool, no_portable: bool, root: str | None, **given: Any) -> None:
    """Replace names of one vendor's platform by forms for all; each edit is proved by reading the file again.

    With --target, names without such a form become that target's own.
    """
    from migrate.guard import checking, fixing

    where = Path(root) if root else checking.root_of(Path())
    options = Input(path=str(where), **given)
    if len(options.targets) > 1:
        raise click.UsageError("--target names one target here: a name cannot become several")
    fixes = fixing.fix(
        where,
        options.config(),
        files,
        dt.date.today(),  # noqa: DTZ011 - a day as the user's calendar has it
        target=options.targets[0] if options.targets else "",
        portable=not no_portable,
        jobs=options.jobs,
    )
    for path, reason in fixes.refused:
        note(f"note: {path}: not edited: {reason}", quiet=options.quiet)
    if show and fixes.files:
        write("".join(_diff(one) for one in fixes.files), "")
    edits = sum(len(one.edits) for one in fixes.files) if show else sum(_written(where, one) for one in fixes.files)
    verb = "possible" if show else "made"
    note(f"{edits} edits {verb} in {len(fixes.files)} files, {fixes.left} uses left", quiet=options.quiet)


def _written(root: Path, fixed: Fixed) -> int:
    """Write a file, unless it has changed in the meantime; return how many edits that makes."""
    place = root / fixed.path
    if place.read_bytes() != fixed.before:
        note(f"note: {fixed.path}: not edited: it has changed in the meantime")
        return 0
    write(fixed.after, str(place))
    return len(fixed.edits)


def _diff(fixed: Fixed) -> str:
    """Return the change as a patch that `git apply` takes."""
    before, after = (_lines(data) for data in (fixed.before, fixed.after))
    patch = difflib.unified_diff(before, after, f"a/{fixed.path}", f"b/{fixed.path}")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in patch)


def _lines(data: bytes) -> list[str]:
    return [line.decode("utf-8", "replace") for line in data.splitlines(keepends=True)]
