"""`cuda-migrate backtest`: how well the method predicts ports whose effort is known."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from migrate.cli.console import check_destination, write

if TYPE_CHECKING:
    from migrate.model import Estimate, Stage


@click.command(
    epilog="""\b
Examples:
  cuda-migrate backtest                          as text: scores beside naive estimators, rows, gates
  cuda-migrate backtest --format json -o b.json  everything, by row
  cuda-migrate backtest --sources sources.csv    scan checkouts and judge the tool's own estimates

\b
sources.csv has the columns id (a row of rules/model/evidence.csv) and path (a checkout of that project at the
revision before its port, relative to the file).
"""
)
@click.option("--sources", metavar="FILE", help="Checkouts of evidence projects from before their port.")
@click.option("--format", "format_id", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("-o", "--output", default="", metavar="FILE", help="Write to a file instead of stdout.")
def backtest(*, sources: str | None, format_id: str, output: str) -> None:
    """Predict each project of the shipped evidence from the others, and say how far off that was."""
    import msgspec

    from migrate.estimate import backtest as scoring
    from migrate.estimate import load_defaults
    from migrate.estimate.backtest_text import as_text, sources_as_text
    from migrate.estimate.sources import EndToEnd, end_to_end, read_sources

    check_destination(output)
    result: scoring.Backtest | EndToEnd
    if sources:
        result = end_to_end(read_sources(Path(sources)), _estimate, load_defaults().numbers)
        text = sources_as_text(result.scores)
    else:
        result = scoring.backtest()
        text = as_text(result)
    if format_id == "json":
        write(msgspec.json.format(msgspec.json.encode(result), indent=2) + b"\n", output)
    else:
        write(text, output)


def _estimate(folder: Path, target: str, stage: Stage) -> Estimate:
    """Scan a checkout and estimate it with nothing but defaults; its own settings are left alone."""
    import dataclasses

    import msgspec

    from migrate import audit, config
    from migrate.model import Scenario

    settings = config.load(folder, flags={"targets": (target,)}, isolated=True, environment={})
    asked = {"default": Scenario(source="default", stage=stage)}
    settings = dataclasses.replace(settings, settings=msgspec.structs.replace(settings.settings, scenario=asked))
    return audit.run(folder, settings).estimates[0]
