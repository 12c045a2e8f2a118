"""`cuda-migrate baseline`: the findings that a check accepts."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from migrate.cli.check import LEVELS, ROOT, TODAY
from migrate.cli.console import note, write
from migrate.cli.options import Input, input_options
from migrate.errors import InputError

if TYPE_CHECKING:
    from migrate.baseline import Baseline
    from migrate.config import Config
    from migrate.guard.checking import Options

_FILE = click.option(
    "--baseline", metavar="FILE", help="The baseline. Default: .cuda-migrate-baseline.json of the root."
)


@click.group(
    epilog="""\b
Examples:
  cuda-migrate baseline write     accept what is there today
  cuda-migrate baseline prune     drop what is gone since; it never grows by this
  cuda-migrate baseline show      what is accepted, by file
"""
)
def baseline() -> None:
    """Write, show and prune the findings that `check` accepts."""


@baseline.command("write")
@click.option("--fail-on", type=click.Choice(LEVELS), help="Accept what a check at this level fails for.")
@_FILE
@ROOT
@TODAY
@input_options
def write_baseline(
    *, fail_on: str | None, baseline: str | None, root: str | None, today: dt.date | None, **given: Any
) -> None:
    """Accept all lock-in of the tree as it is today."""
    from migrate.guard import checking

    where, config, options = _settings(root, baseline, fail_on, given)
    place = where / config.settings.baseline
    before = _known(place)
    accepted = checking.accept(where, config, today or dt.date.today(), options)  # noqa: DTZ011 - the user's calendar
    _write(place, accepted)
    change = _uses(accepted) - _uses(before or {})
    compared = "" if before is None else f", {change:+d} against the one before"
    note(f"wrote {place}: {_uses(accepted)} uses accepted{compared}", quiet=given["quiet"])


@baseline.command("prune")
@_FILE
@ROOT
@TODAY
@input_options
def prune_baseline(*, baseline: str | None, root: str | None, today: dt.date | None, **given: Any) -> None:
    """Drop what is gone, and follow what has moved; the baseline never grows by this."""
    from migrate.guard import checking

    where, config, options = _settings(root, baseline, None, given)
    place = where / config.settings.baseline
    before = _existing(place)
    left = checking.prune(where, config, today or dt.date.today(), options)  # noqa: DTZ011 - the user's calendar
    assert left is not None
    _write(place, left)
    note(f"wrote {place}: {_uses(left)} uses accepted, {_uses(before) - _uses(left)} dropped", quiet=given["quiet"])


@baseline.command("show")
@_FILE
@ROOT
@input_options
def show_baseline(*, baseline: str | None, root: str | None, **given: Any) -> None:
    """List what is accepted."""
    from migrate.render.compiler_output import accepted_uses

    where, config, _ = _settings(root, baseline, None, given)
    write(accepted_uses(_existing(where / config.settings.baseline)), "")


def _settings(
    root: str | None, baseline: str | None, fail_on: str | None, given: dict[str, Any]
) -> tuple[Path, Config, Options]:
    from migrate.config import Level
    from migrate.guard import checking

    where = Path(root) if root else checking.root_of(Path())
    options = Input(path=str(where), **given)
    config = options.config(baseline=baseline)
    level = Level(fail_on) if fail_on else config.settings.check.fail_on
    return where, config, checking.Options(level=level, jobs=options.jobs)


def _known(place: Path) -> Baseline | None:
    """Read the baseline that is about to be replaced; one that cannot be read does not stand in the way."""
    from migrate import baseline as baselines

    try:
        return baselines.load(place)
    except baselines.BaselineError:
        return None


def _existing(place: Path) -> Baseline:
    from migrate import baseline as baselines

    found = baselines.load(place)
    if found is None:
        raise InputError(f"{place}: no baseline", hint="cuda-migrate baseline write makes one", slug="baseline-missing")
    return found


def _write(place: Path, accepted: Baseline) -> None:
    from migrate import baseline as baselines

    write(baselines.dump(accepted), str(place))


def _uses(accepted: Baseline) -> int:
    return sum(entry.uses for entry in accepted.values())
