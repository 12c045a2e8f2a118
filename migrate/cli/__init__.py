"""The command line: parse, call, print, exit code; nothing else.

Results go to stdout, progress and notes to stderr.
"""

from __future__ import annotations

import importlib
import sys
from typing import NoReturn

import click

from migrate.cli.console import discard_stdout, fail
from migrate.errors import EXIT_INTERNAL, EXIT_INTERRUPTED, EXIT_USAGE, MigrateError
from migrate.version import VERSION

_EPILOG = """\b
Three verbs carry the story:
  cuda-migrate scan .                          what ties this code to CUDA
  cuda-migrate report . -o report.html         what leaving takes, in months and percent
  cuda-migrate check                           what this change adds to it; for hooks and CI

\b
Exit codes: 0 done, 1 a check found new lock-in, 2 usage or configuration, 3 nothing to read, 4 invalid rule pack,
5 output not writable, 70 internal error, 130 interrupted.
"""


_NAMES = (
    "scan",
    "report",
    "check",
    "baseline",
    "fix",
    "diff",
    "verify",
    "lsp",
    "explain",
    "calibrate",
    "backtest",
    "init",
    "rules",
)
COMMANDS = {name: f"migrate.cli.{name}" for name in _NAMES}
"""Command -> module, in the order of the help; each loads when it is called."""


class _Commands(click.Group):
    """Loads a command's module when the command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command by its name."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command = getattr(importlib.import_module(COMMANDS[cmd_name]), cmd_name)
        assert isinstance(command, click.Command)
        return command


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=_EPILOG,
    no_args_is_help=False,
    invoke_without_command=True,
)
@click.version_option(VERSION, prog_name="cuda-migrate")
@click.pass_context
def cli(context: click.Context) -> None:
    """Say what leaving CUDA really costs: find the lock-in, answer it for each target, price the port."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def main() -> NoReturn:
    """Run the command line and exit with a documented code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal that cannot show a character shows a question mark
            stream.reconfigure(errors="replace")
    try:
        code = cli.main(standalone_mode=False)
    except MigrateError as error:
        fail(str(error), error.hint, error.exit_code)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "cuda-migrate"
        fail(f"error[usage]: {error.format_message()}", f"`{command} --help` shows what it takes", EXIT_USAGE)
    except click.ClickException as error:
        fail(f"error[usage]: {error.format_message()}", "", EXIT_USAGE)
    except (KeyboardInterrupt, click.Abort):
        fail("interrupted; nothing was written", "", EXIT_INTERRUPTED)
    except BrokenPipeError:
        discard_stdout()  # whoever read the output has seen enough
        sys.exit(0)
    except Exception as error:  # noqa: BLE001 - the one place where a programming error is caught
        _report_bug(error)
    sys.exit(code if isinstance(code, int) else 0)


def _report_bug(error: Exception) -> NoReturn:
    import platform
    import traceback

    last = traceback.extract_tb(error.__traceback__)[-1]
    fail(
        f"error[internal]: {type(error).__name__}: {error}\n"
        f"  at {last.name}, line {last.lineno} of {last.filename.rpartition('migrate')[2].lstrip('/')}\n"
        f"  cuda-migrate {VERSION}, Python {platform.python_version()}, {platform.system()}",
        "this is a bug: please report these lines; set CUDA_MIGRATE_DEBUG=1 to see the whole trace",
        EXIT_INTERNAL,
        error,
    )
