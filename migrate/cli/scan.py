"""`cuda-migrate scan`: what ties this code to CUDA."""

from __future__ import annotations

import sys
from typing import Any

import click

from migrate.cli.console import check_destination, note, progress, terminal_width, wants_color, write
from migrate.cli.options import Input, input_options


@click.command(
    epilog="""\b
Examples:
  cuda-migrate scan .                                   a summary on the terminal
  cuda-migrate scan src --target cann                   one target only
  cuda-migrate scan . --format json -o audit.json       the whole result
  cuda-migrate scan . --chip cann=ascend-950            another chip
"""
)
@click.argument("path", default=".")
@click.option(
    "--format",
    "format_id",
    type=click.Choice(["table", "json"]),
    help="Default: from the suffix of -o, else table.",
)
@click.option("-o", "--output", default="", metavar="FILE", help="Write to a file instead of stdout.")
@click.option("--no-edits", is_flag=True, help="Do not try the mechanical changes; their share is then not proved.")
@click.option("--no-estimate", is_flag=True, help="Findings and graph only.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True)
@click.option("--schema", is_flag=True, help="Print the JSON Schema of the audit and stop.")
@click.option("--show-config", is_flag=True, help="Print every setting with its origin and stop.")
@input_options
def scan(
    *,
    format_id: str | None,
    output: str,
    no_edits: bool,
    no_estimate: bool,
    color: str,
    schema: bool,
    show_config: bool,
    **given: Any,
) -> None:
    """Scan a folder for CUDA lock-in and answer it for each target."""
    if schema:
        write(_schema(), output)
        return
    options = Input(**given)
    if show_config:
        write(_settings(options), output)
        return
    from migrate import audit
    from migrate.render import RenderOptions, format_of, render

    check_destination(output)
    chosen = format_id or (format_of(output) if output not in ("", "-") else "table")
    config = options.config()
    cache = options.cache()
    with progress("scanning", quiet=options.quiet) as step:
        result = audit.run(
            options.root(),
            config,
            with_edits=not no_edits,
            with_estimate=not no_estimate,
            jobs=options.jobs,
            progress=step,
            cache=cache,
            command=options.command("scan", config, no_edits=no_edits, no_estimate=no_estimate),
        )
    if cache and cache.note:
        note(f"note: {cache.note}", quiet=options.quiet)
    for setting in config.ignored:
        note(f"note: not followed: {setting}", quiet=options.quiet)
    style = RenderOptions(
        width=terminal_width(),
        color=wants_color(color) and not output,
        encoding="utf-8" if output else sys.stdout.encoding or "ascii",
    )
    write(render(result, chosen, style), output)
    if output not in ("", "-"):
        note(f"wrote {output}", quiet=options.quiet)


def _schema() -> str:
    import msgspec

    from migrate.model import Audit

    return msgspec.json.format(msgspec.json.encode(msgspec.json.schema(Audit)), indent=2).decode() + "\n"


def _settings(options: Input) -> str:
    import msgspec

    config = options.config()
    values = msgspec.to_builtins(config.settings)
    width = max(len(key) for key in values)
    lines = [f"{key:<{width}}  {values[key]!r:<40}  {config.origins[key]}" for key in values]
    lines += [f"not followed: {setting}" for setting in config.ignored]
    return "\n".join(lines) + "\n"
