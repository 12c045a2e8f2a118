"""`cuda-migrate rules`: what the product knows, and from where."""

from __future__ import annotations

from pathlib import Path

import click

from migrate.cli.console import note, terminal_width, write
from migrate.errors import EXIT_RULES


@click.group(
    epilog="""\b
Examples:
  cuda-migrate rules list --area kernel
  cuda-migrate rules show cudaMallocAsync
  cuda-migrate rules check tools/acme-rules
"""
)
def rules() -> None:
    """List, show and check rules and answers."""


_PACKS = click.option(
    "--rules", "packs", multiple=True, metavar="DIR", help="A further rule pack over the shipped one."
)


@rules.command("list")
@click.option("--area", metavar="AREA", help="Only rules of one area, such as kernel or build.")
@_PACKS
def list_rules(area: str | None, packs: tuple[str, ...]) -> None:
    """List all rules with their answers."""
    from migrate import rulebook
    from migrate.model import Area
    from migrate.render.rule_page import rule_table

    if area is not None and area not in {known.value for known in Area}:
        raise click.UsageError(f"no area {area!r}; areas are {', '.join(known.value for known in Area)}")
    book = rulebook.load([Path(pack) for pack in packs])
    write(rule_table(book, area, terminal_width()), "")


@rules.command("show")
@click.argument("name")
@_PACKS
def show_rule(name: str, packs: tuple[str, ...]) -> None:
    """Show all that is known of a rule, a CUDA name or a package."""
    from migrate import rulebook
    from migrate.render.rule_page import page

    book = rulebook.load([Path(pack) for pack in packs])
    text = page(book, name)
    if text is None:
        near = rulebook.close_names(book, name)
        raise click.UsageError(
            f"no rule, CUDA name or package {name!r}" + (f"; did you mean {', '.join(near)}?" if near else "")
        )
    write(text, "")


@rules.command("check")
@click.argument("folder", required=False)
@click.pass_context
def check_rules(context: click.Context, folder: str | None) -> None:
    """Validate a rule pack and run its examples; without a folder the shipped pack."""
    import datetime as dt

    from migrate import rulebook
    from migrate.rulebook import lint
    from migrate.scan import check_examples

    complete = folder is not None and (Path(folder) / "model").is_dir()
    if folder is None:
        book = rulebook.shipped()
    elif complete:
        book = rulebook.load((), root=Path(folder))
    else:
        book = rulebook.load([Path(folder)])
    base: set[str] = set() if folder is None or complete else set(rulebook.shipped().rules)
    ids = [id_ for id_ in book.rules if id_ not in base]
    errors = lint.errors(book, ids) + check_examples(book, ids)
    for problem in errors:
        click.echo(f"error: {problem}")
    warnings = lint.warnings(book, ids, dt.date.today())  # noqa: DTZ011 - a month's precision
    for problem in warnings:
        note(f"warning: {problem}")
    click.echo(f"{len(ids)} rules, {len(book.targets)} targets: {len(errors)} errors, {len(warnings)} warnings")
    if errors:
        context.exit(EXIT_RULES)
