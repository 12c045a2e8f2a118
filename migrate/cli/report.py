"""`cuda-migrate report`: what leaving CUDA takes, as a page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from migrate.cli.console import check_destination, note, progress, write
from migrate.cli.options import Input, input_options

if TYPE_CHECKING:
    from migrate.model import Audit


@click.command(
    epilog="""\b
Examples:
  cuda-migrate report . -o report.html                  scan, estimate, render
  cuda-migrate report audit.json -o report.html         render an audit made before
  cuda-migrate report . --target rocm --open            one target, and look at it
"""
)
@click.argument("path", default=".")
@click.option(
    "-o",
    "--output",
    default="report.html",
    show_default=True,
    metavar="FILE",
    help="The suffix chooses the format: .html, .json, .txt.",
)
@click.option("--open", "show", is_flag=True, help="Open the report in the browser.")
@click.option("--no-edits", is_flag=True, help="Do not try the mechanical changes; their share is then not proved.")
@input_options
def report(output: str, show: bool, no_edits: bool, **given: Any) -> None:
    """Write the report of a folder, or of an audit.json that `scan` wrote."""
    from migrate.render import RenderOptions, format_of, render

    options = Input(**given)
    check_destination(output)
    format_id = "html" if output == "-" else format_of(output)
    result = _audit(options, no_edits=no_edits)
    for setting in result.hidden.ignored_settings:
        note(f"note: not followed: {setting}", quiet=options.quiet)
    first = options.targets[0] if options.targets else ""
    write(render(result, format_id, RenderOptions(target=first)), output)
    if output != "-":
        note(f"wrote {output}", quiet=options.quiet)
    if show and output != "-":
        click.launch(Path(output).resolve().as_uri())


def _audit(options: Input, *, no_edits: bool) -> Audit:
    """Read the audit, or make it."""
    from migrate import audit

    if options.path.endswith(".json") and Path(options.path).is_file():
        if ignored := options.given_for_scan(no_edits=no_edits):
            raise click.UsageError(f"{ignored} says how to scan, and {options.path} was scanned before")
        result = audit.read(Path(options.path))
        unknown = [target for target in options.targets if target not in result.targets]
        if unknown:
            raise click.UsageError(f"the audit holds {', '.join(result.targets)}, not {unknown[0]}")
        if not result.estimates:
            raise click.UsageError("the audit holds no estimates: it was made with --no-estimate")
        return result
    config = options.config()
    cache = options.cache()
    with progress("scanning", quiet=options.quiet) as step:
        result = audit.run(
            options.root(),
            config,
            with_edits=not no_edits,
            jobs=options.jobs,
            progress=step,
            cache=cache,
            command=options.command("report", config, no_edits=no_edits),
        )
    if cache and cache.note:
        note(f"note: {cache.note}", quiet=options.quiet)
    return result
