"""`cuda-migrate rules`: what the product knows, and from where."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from migrate.cli.console import check_destination, note, terminal_width, write
from migrate.cli.options import by_target, platform_options
from migrate.errors import EXIT_RULES, OutputError

if TYPE_CHECKING:
    from migrate.rulebook import Rulebook


@click.group(
    epilog="""\b
Examples:
  cuda-migrate rules list --area kernel
  cuda-migrate rules show cudaMallocAsync --stack-version rocm=6.4
  cuda-migrate rules coverage --target cann
  cuda-migrate rules docs -o reference
  cuda-migrate rules check tools/acme-rules
"""
)
def rules() -> None:
    """List, show, count, write down and check rules and answers."""


_PACKS = click.option(
    "--rules", "packs", multiple=True, metavar="DIR", help="A further rule pack over the shipped one."
)


def _book(packs: tuple[str, ...], platform: dict[str, Any]) -> Rulebook:
    """Load the rule book for the chips and versions of `platform_options`."""
    from migrate import rulebook

    stacks = by_target("--stack-version", "VERSION", platform["stacks"])
    chips = by_target("--chip", "CHIP", platform["chips"])
    return rulebook.load([Path(pack) for pack in packs]).at(stacks, platform["cuda"] or "", chips)


@rules.command("list")
@click.option("--area", metavar="AREA", help="Only rules of one area, such as kernel or build.")
@click.option("--target", "targets", multiple=True, metavar="ID", help="Target to show; default: rocm and cann.")
@_PACKS
def list_rules(area: str | None, targets: tuple[str, ...], packs: tuple[str, ...]) -> None:
    """List all rules with their answers."""
    from migrate import rulebook
    from migrate.config import DEFAULT_TARGETS
    from migrate.model import Area
    from migrate.render.rule_page import rule_table

    if area is not None and area not in {known.value for known in Area}:
        raise click.UsageError(f"no area {area!r}; areas are {', '.join(known.value for known in Area)}")
    book = rulebook.load([Path(pack) for pack in packs])
    if unknown := sorted(set(targets) - set(book.targets)):
        raise click.UsageError(f"no target {unknown[0]!r}; targets are {', '.join(sorted(book.targets))}")
    write(rule_table(book, area, terminal_width(), targets or DEFAULT_TARGETS), "")


@rules.command("show")
@click.argument("name")
@_PACKS
@platform_options
def show_rule(name: str, packs: tuple[str, ...], **platform: Any) -> None:
    """Show all that is known of a rule, a CUDA name or a package."""
    from migrate import rulebook
    from migrate.render.rule_page import page

    book = _book(packs, platform)
    text = page(book, name)
    if text is None:
        near = rulebook.close_names(book, name)
        raise click.UsageError(
            f"no rule, CUDA name or package {name!r}" + (f"; did you mean {', '.join(near)}?" if near else "")
        )
    write(text, "")


@rules.command("docs")
@click.option("-o", "--output", required=True, metavar="DIR", help="Folder for the pages; made when it is not there.")
@click.option("--quiet", "-q", is_flag=True, help="No notes.")
@_PACKS
@platform_options
def write_docs(output: str, quiet: bool, packs: tuple[str, ...], **platform: Any) -> None:
    """Write the whole reference as static pages."""
    from migrate.render.rule_site import pages

    folder = Path(output)
    book = _book(packs, platform)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{output}: cannot be made: {error.strerror}", slug="output") from None
    count = 0
    for name, content in pages(book):
        write(content, str(folder / name))
        count += 1
    note(f"wrote {count} pages to {output}", quiet=quiet)


@rules.command("coverage")
@click.option("--target", "targets", multiple=True, metavar="ID", help="Only this target; repeat for several.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.option("-o", "--output", default="", metavar="FILE", help="Write to a file instead of stdout.")
@_PACKS
@platform_options
def cover(targets: tuple[str, ...], form: str, output: str, packs: tuple[str, ...], **platform: Any) -> None:
    """Say how many names of CUDA are recognised and answered, by library and basis."""
    from migrate.render.coverage_page import coverage_json, coverage_table
    from migrate.rulebook.coverage import coverage

    check_destination(output)
    book = _book(packs, platform)
    for target in targets:
        if target not in book.targets:
            raise click.UsageError(f"no target {target!r}; targets are {', '.join(sorted(book.targets))}")
    covered = coverage(book, targets or sorted(book.targets))
    write(coverage_json(covered) if form == "json" else coverage_table(covered), output)


@rules.command("check")
@click.argument("folder", required=False)
@click.pass_context
def check_rules(context: click.Context, folder: str | None) -> None:
    """Validate a rule pack and run its examples; without a folder the shipped pack."""
    import datetime as dt

    from migrate import rulebook
    from migrate.resources import rules_root
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
    root = Path(folder) if complete and folder else rules_root() if folder is None else None
    if root is not None:
        errors += lint.table_errors(book, root)
    for problem in errors:
        click.echo(f"error: {problem}")
    today = dt.date.today()  # noqa: DTZ011 - a month's precision
    warnings = lint.warnings(book, ids, today) + (lint.stale_sources(book, today) if root else [])
    for problem in warnings:
        note(f"warning: {problem}")
    click.echo(f"{len(ids)} rules, {len(book.targets)} targets: {len(errors)} errors, {len(warnings)} warnings")
    if errors:
        context.exit(EXIT_RULES)
