"""`cuda-migrate diff` and what it shares with `verify`: two states of the same code."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from migrate.cli.console import check_destination, note, write
from migrate.cli.options import Input, input_options
from migrate.errors import InputError

if TYPE_CHECKING:
    from migrate.model import Audit

FORMAT_IDS = ("text", "markdown", "json")


@click.command(
    epilog="""\b
Examples:
  cuda-migrate diff origin/main                       what the work tree has more and less than a revision
  cuda-migrate diff v1.0 v2.0 --format markdown       two revisions, as a comment for a change
  cuda-migrate diff old.json new.json --format json   two audits that `scan` wrote
"""
)
@click.argument("old")
@click.argument("new", default=".")
@click.option("--format", "format_id", type=click.Choice(FORMAT_IDS), default="text", show_default=True)
@click.option("-o", "--output", default="", metavar="FILE", help="Write to a file instead of stdout.")
@input_options
def diff(old: str, new: str, *, format_id: str, output: str, **given: Any) -> None:
    """Say what a change adds and removes in lock-in and hours.

    OLD and NEW are audits, folders or revisions of the repository around the current folder.
    """
    from migrate.compare import compare
    from migrate.render.comparison import FORMATS

    check_destination(output)
    compared = compare(state_of(old, given), state_of(new, given))
    write(FORMATS[format_id](compared), output)
    if output not in ("", "-"):
        note(f"wrote {output}", quiet=given["quiet"])


def state_of(name: str, given: dict[str, Any], packs: tuple[Path, ...] = ()) -> Audit:
    """Return the audit that a name stands for: one that was written, a folder's, or a revision's.

    Args:
        name: File, folder or revision.
        given: Options that say how to scan.
        packs: Further rule packs.

    Raises:
        InputError: It stands for none of them.
    """
    from migrate import audit

    path = Path(name)
    if path.suffix == ".json" and path.is_file():
        return audit.read(path)
    if path.is_dir():
        return _scanned(path, path, given, packs)
    from migrate.discover.blobs import Store, export

    store = Store.open(Path())
    commit = store.commit(name) if store is not None else ""
    if store is None or not commit:
        raise InputError(
            f"{name}: neither an audit, nor a folder, nor a revision",
            hint="revisions are looked up in the repository around the current folder",
            slug="input-missing",
        )
    with tempfile.TemporaryDirectory(prefix="cuda-migrate-") as folder:
        export(store, commit, Path(folder))
        return _scanned(Path(folder), store.top, given, packs)


def _scanned(tree: Path, settings: Path, given: dict[str, Any], packs: tuple[Path, ...]) -> Audit:
    """Scan a tree with the settings of another, so that two states are seen in the same way."""
    import dataclasses

    from migrate import audit

    options = Input(path=str(settings), **given)
    config = options.config()
    config = dataclasses.replace(config, packs=(*config.packs, *packs))
    return audit.run(tree, config, jobs=options.jobs)
