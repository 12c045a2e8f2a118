"""`cuda-migrate verify`: what a port has left to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from migrate.cli.console import check_destination, write
from migrate.cli.diff import state_of
from migrate.cli.options import input_options
from migrate.errors import EXIT_FOUND


@click.command(
    epilog="""\b
Examples:
  cuda-migrate verify v1.0 . --target rocm      the work tree against the release before the port
  cuda-migrate verify before.json ported/       an audit against a folder

\b
Exit codes: 0 nothing is left and nothing new came, 1 something is left or came.
"""
)
@click.argument("old")
@click.argument("new", default=".")
@click.option("--format", "format_id", type=click.Choice(("text", "json")), default="text", show_default=True)
@click.option("-o", "--output", default="", metavar="FILE", help="Write to a file instead of stdout.")
@input_options
@click.pass_context
def verify(context: click.Context, /, old: str, new: str, *, format_id: str, output: str, **given: Any) -> None:
    """Say what a port made go, what remains, and what new lock-in it brought, also to the new vendor.

    OLD and NEW are audits, folders or revisions of the repository around the current folder.
    """
    from migrate.compare import compare
    from migrate.render import comparison
    from migrate.resources import vendors_pack

    check_destination(output)
    # An audit that was written does not know other vendors' names, so that it cannot tell which of them are new.
    packs = () if ".json" in (Path(old).suffix, Path(new).suffix) else (vendors_pack(),)
    compared = compare(state_of(old, given, packs), state_of(new, given, packs))
    write(comparison.verdict(compared) if format_id == "text" else comparison.json(compared), output)
    if compared.kept or compared.added:
        context.exit(EXIT_FOUND)
