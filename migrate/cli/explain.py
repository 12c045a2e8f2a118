"""`cuda-migrate explain`: what a number of an audit rests on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from migrate.cli.console import check_destination, note, write
from migrate.errors import EXIT_FOUND, InputError

if TYPE_CHECKING:
    from migrate.model import Audit, Estimate


@click.command(
    epilog="""\b
Examples:
  cuda-migrate explain audit.json                                   verdict, contributions, computation
  cuda-migrate explain audit.json --item module:src/train.py        one unit down to rules and evidence
  cuda-migrate explain audit.json --item cublas-handle --target cann  what one rule carries there

\b
Exit codes: 0 everything adds up, 1 a sum does not come out (the audit was changed), 3 nothing has that id.
"""
)
@click.argument("audit_file", metavar="AUDIT.JSON")
@click.option("--item", default="", metavar="ID", help="Contribution, unit, finding (or its beginning), or rule.")
@click.option("--target", default="", metavar="ID", help="Default: every target of the audit.")
@click.option("--scenario", default="", metavar="NAME", help="Default: the first.")
@click.option("--format", "format_id", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("-o", "--output", default="", metavar="FILE", help="Write to a file instead of stdout.")
@click.pass_context
def explain(
    context: click.Context, /, *, audit_file: str, item: str, target: str, scenario: str, format_id: str, output: str
) -> None:
    """Walk from the verdict to contributions, units, findings, rules and evidence, and check the sums."""
    import msgspec

    from migrate import audit
    from migrate.estimate.walk import Step, as_text, failed, walk

    check_destination(output)
    result = audit.read(Path(audit_file))
    steps: list[Step] = []
    missing: list[InputError] = []
    for made in _chosen(result, target, scenario):
        try:
            steps.append(walk(result, made, item))
        except InputError as error:
            missing.append(error)
    if not steps:
        raise missing[0]
    if format_id == "json":
        write(msgspec.json.format(msgspec.json.encode(steps), indent=2) + b"\n", output)
    else:
        write("\n".join(as_text(step) for step in steps), output)
    wrong = [check for step in steps for check in failed(step)]
    for check in wrong:
        note(f"does not add up: {check.what}: {check.total:.6g} of {check.expected:.6g}")
    if wrong:
        context.exit(EXIT_FOUND)


def _chosen(result: Audit, target: str, scenario: str) -> list[Estimate]:
    """Return the estimates that are asked for."""
    if not result.estimates:
        raise click.UsageError("the audit holds no estimates: it was made with --no-estimate")
    name = scenario or result.estimates[0].scenario
    found = [made for made in result.estimates if made.scenario == name and target in ("", made.target)]
    if not found:
        held = ", ".join(f"{made.scenario}/{made.target}" for made in result.estimates)
        raise click.UsageError(f"no estimate {name}/{target or '*'}; the audit holds {held}")
    return found
