"""`cuda-migrate init`: a settings file to start from."""

from __future__ import annotations

from pathlib import Path

import click

from migrate.cli.console import check_destination, note, write
from migrate.errors import InputError

NAME = ".cuda-migrate.toml"


@click.command(
    epilog="""\b
Examples:
  cuda-migrate init                    write .cuda-migrate.toml with every key of a scenario, commented out
  cuda-migrate init -o plans.toml      then: cuda-migrate report . --config plans.toml
  cuda-migrate init -o -               look at it
"""
)
@click.argument("path", default=".", type=click.Path(exists=True, file_okay=False))
@click.option("-o", "--output", default="", metavar="FILE", help=f"Default: {NAME} in PATH; - is stdout.")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@click.option("--quiet", "-q", is_flag=True, help="No notes.")
def init(*, path: str, output: str, force: bool, quiet: bool) -> None:
    """Write a commented settings file with scenarios; as written it changes nothing."""
    from migrate.estimate.starter import starter

    destination = output or str(Path(path) / NAME)
    check_destination(destination)
    if destination != "-" and Path(destination).exists() and not force:
        raise InputError(f"{destination}: is there already", hint="--force replaces it", slug="init-exists")
    write(starter(), destination)
    if destination != "-":
        note(f"wrote {destination}", quiet=quiet)
