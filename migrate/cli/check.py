"""`cuda-migrate check`: no new lock-in."""

from __future__ import annotations

import datetime as dt
import importlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from migrate.cli.console import check_destination, note, terminal_width, wants_color, write
from migrate.cli.options import Input, input_options
from migrate.errors import EXIT_FOUND

if TYPE_CHECKING:
    from migrate.guard.model import Check

LEVELS = ("any", "rename", "adapt", "unknown", "rewrite", "blocked", "never")
FORMATS = {
    "text": "migrate.render.compiler_output",
    "sarif": "migrate.render.sarif",
    "junit": "migrate.render.junit",
    "github": "migrate.render.github",
    "gitlab": "migrate.render.gitlab",
    "markdown": "migrate.render.check_markdown",
}
"""Format -> module; each loads when it is asked for."""


class Destination(click.ParamType[tuple[str, str]]):
    """A format and where it goes: `sarif=lock-in.sarif`."""

    name = "format=file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """Read both."""
        if isinstance(value, tuple):
            return value
        format_id, equals, file = str(value).partition("=")
        if format_id not in FORMATS or not equals or not file:
            self.fail(f"{value!r} is no FORMAT=FILE; formats are {', '.join(FORMATS)}", param, ctx)
        return format_id, file


class Day(click.ParamType[dt.date]):
    """A day such as 2027-01-31."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dt.date:
        """Read the day."""
        if isinstance(value, dt.date):
            return value
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no day such as 2027-01-31", param, ctx)


ROOT = click.option(
    "--root",
    metavar="DIR",
    help="Folder whose settings and baseline hold. Default: the top of the git checkout, else the current folder.",
)
TODAY = click.option("--today", type=Day(), metavar="DATE", help="Day that dated suppressions are compared with.")


@click.command(
    epilog="""\b
Examples:
  cuda-migrate check                                    what changed since HEAD, or all against the baseline
  cuda-migrate check src/train.py csrc                  these files and folders
  cuda-migrate check --staged                           what is about to be committed
  cuda-migrate check --since origin/main                what this branch adds
  cuda-migrate check --since origin/main --max-effort 0 it may add as much as it takes away

\b
Exit codes: 0 nothing new, 1 new lock-in at or above --fail-on, over the budget, or a suppression that is
invalid, unused or expired; 2 usage, configuration or baseline; 3 a file or revision is not there.
SARIF on stdout or with -o exits 0 unless --fail-on is given: who reads the file takes the verdict from it.
"""
)
@click.argument("files", nargs=-1)
@click.option("--since", metavar="REF", help="New is what is not in the commit where HEAD left REF.")
@click.option("--staged", is_flag=True, help="Judge what git's index holds, not what lies on disk.")
@click.option("--all", "everything", is_flag=True, help="Judge every file; without a baseline everything is new.")
@click.option("--no-baseline", is_flag=True, help="Leave the baseline alone.")
@click.option("--baseline", metavar="FILE", help="Baseline to use. Default: .cuda-migrate-baseline.json of the root.")
@click.option("--fail-on", type=click.Choice(LEVELS), help="Worst answer from which on it fails. Default: rename.")
@click.option(
    "--max-effort",
    type=click.FloatRange(min=0),
    metavar="HOURS",
    help="Fail only when new lock-in costs this much more than what is gone; 0: effort may not rise.",
)
@click.option(
    "--vendor",
    type=click.Choice(["nvidia", "any"]),
    default="nvidia",
    show_default=True,
    help="any also judges lock-in to other vendors, such as torch.npu, aclrt* and hip*.",
)
@click.option("--format", "format_id", type=click.Choice(list(FORMATS)), default="text", show_default=True)
@click.option("-o", "--output", default="", metavar="FILE", help="Write to a file instead of stdout.")
@click.option(
    "--also",
    type=Destination(),
    multiple=True,
    metavar="FORMAT=FILE",
    help="Write a further format to a file, such as sarif=lock-in.sarif.",
)
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True)
@ROOT
@TODAY
@input_options
@click.pass_context
def check(
    context: click.Context,
    /,
    *,
    files: tuple[str, ...],
    since: str | None,
    staged: bool,
    everything: bool,
    no_baseline: bool,
    baseline: str | None,
    fail_on: str | None,
    max_effort: float | None,
    vendor: str,
    format_id: str,
    output: str,
    also: tuple[tuple[str, str], ...],
    color: str,
    root: str | None,
    today: dt.date | None,
    **given: Any,
) -> None:
    """Fail when a change ties the code to one vendor in a place where it was not tied before."""
    plain = format_id == "text" and not (
        since or everything or no_baseline or baseline or also or output or root or vendor == "any"
    )
    if plain and max_effort is None and _passes_quickly(files, staged, given):
        return
    from migrate.config import Level
    from migrate.guard import checking

    destinations = ((format_id, output), *also)
    for _, destination in destinations:
        check_destination(destination)
    where = Path(root) if root else checking.root_of(Path())
    options = Input(path=str(where), **given)
    config = options.config(baseline=baseline)
    result = checking.check(
        where,
        config,
        checking.Options(
            files=files,
            since=since or "",
            head=os.environ.get("PRE_COMMIT_FROM_REF") or "HEAD",  # `pre-commit run --from-ref` says it by this
            staged=staged,
            everything=everything,
            use_baseline=not no_baseline,
            any_vendor=vendor == "any",
            level=Level(fail_on) if fail_on else config.settings.check.fail_on,
            budget=max_effort,
            jobs=options.jobs,
            cache=options.cache,
        ),
        today or dt.date.today(),  # noqa: DTZ011 - a day as the user's calendar has it
    )
    for text in (*config.ignored, *result.notes):
        note(f"note: {text}", quiet=options.quiet)
    for path, reason in result.skipped:
        note(f"note: {path}: not judged: {reason}", quiet=options.quiet)
    for chosen, destination in destinations:
        write(_rendered(result, chosen, where, wants_color(color) and not destination), destination)
    # Who reads a SARIF file takes the verdict from it, and would take a failure for one of the program.
    if not result.passed and (format_id != "sarif" or fail_on):
        context.exit(EXIT_FOUND)


_TREE_OPTIONS = ("file", "isolated", "trust_config", "persona", "packs")


def _passes_quickly(files: tuple[str, ...], staged: bool, given: dict[str, Any]) -> bool:
    """Tell whether a change is one that nobody has to look at, and say so."""
    if os.environ.get("PRE_COMMIT_FROM_REF") or any(given[option] for option in _TREE_OPTIONS):
        return False
    from migrate.git import top_of
    from migrate.guard.gate import quick_pass

    count = quick_pass(top_of(os.path.realpath(".")), files, staged=staged)
    if count is None:
        return False
    if not given["quiet"]:
        click.echo(f"nothing new against HEAD: {count} changed files touch nothing of one vendor's platform")
    return True


def _rendered(result: Check, format_id: str, root: Path, color: bool) -> str:
    module = importlib.import_module(FORMATS[format_id])
    if format_id == "text":
        style = module.Style(color=color, above=module.above(root), width=terminal_width())
        return str(module.render(result, style))
    return str(module.render(result))
