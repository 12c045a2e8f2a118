"""`cuda-migrate calibrate`: a team's own factors, from what its finished items took."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from migrate.cli.console import check_destination, note, write

if TYPE_CHECKING:
    from migrate.model import Estimate


@click.command(
    epilog="""\b
Examples:
  cuda-migrate calibrate actuals.csv --audit audit.json --target rocm -o calibration.toml
  cuda-migrate report . --config calibration.toml

\b
actuals.csv has the columns item and actual_days (person-days); item is a unit or contribution of the audit.
Items that the audit does not hold need estimated_days and kind (kernels, edits or fixed) as well.
"""
)
@click.argument("actuals", metavar="ACTUALS.CSV")
@click.option("--audit", "audit_file", metavar="FILE", help="The audit.json that estimated the items.")
@click.option("--target", default="", metavar="ID", help="Of the audit. Default: its first.")
@click.option("--scenario", default="", metavar="NAME", help="Of the audit. Default: its first.")
@click.option("-o", "--output", default="", metavar="FILE", help="Write the factors to a file instead of stdout.")
@click.option("--quiet", "-q", is_flag=True, help="No notes.")
def calibrate(*, actuals: str, audit_file: str | None, target: str, scenario: str, output: str, quiet: bool) -> None:
    """Learn factors on the defaults from finished items; few items move them little."""
    from migrate.estimate import load_defaults
    from migrate.estimate.calibration import as_toml, learn, read_actuals

    check_destination(output)
    estimate = _estimate(audit_file, target, scenario) if audit_file else None
    learned = learn(read_actuals(Path(actuals), estimate), load_defaults().numbers)
    write(as_toml(learned, Path(actuals).name), output)
    for one in learned:
        items = "1 item" if one.items == 1 else f"{one.items} items"
        note(f"{one.kind}: {items} took {one.raw:g} times the default; factor {one.factor:g}", quiet=quiet)


def _estimate(audit_file: str, target: str, scenario: str) -> Estimate:
    from migrate import audit

    held = audit.read(Path(audit_file)).estimates
    found = [made for made in held if target in ("", made.target) and scenario in ("", made.scenario)]
    if not found:
        raise click.UsageError(
            f"{audit_file} holds no estimate for {scenario or 'any scenario'}/{target or 'any target'}"
        )
    return found[0]
