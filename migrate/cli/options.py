"""Options that several commands take, and the settings they make."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from migrate.errors import InputError

if TYPE_CHECKING:
    from migrate.config import Config
    from migrate.scan import Cache

F = TypeVar("F", bound=Callable[..., Any])

PLATFORM = (
    click.option(
        "--chip",
        "chips",
        multiple=True,
        metavar="TARGET=CHIP",
        help="Chip of a target, such as cann=ascend-950.",
    ),
    click.option(
        "--stack-version",
        "stacks",
        multiple=True,
        metavar="TARGET=VERSION",
        help="Version of a target's software stack, such as rocm=6.4.",
    ),
    click.option(
        "--cuda-version",
        "cuda",
        metavar="VERSION",
        help="CUDA version that the code is written for, such as 13.0.",
    ),
)
"""What answers depend on besides the target; `target.yaml` states what holds otherwise."""

_INPUT = (
    click.option(
        "--target",
        "targets",
        multiple=True,
        metavar="ID",
        help="Target to answer for; repeat for several. Default: rocm and cann.",
    ),
    *PLATFORM,
    click.option(
        "--exclude",
        multiple=True,
        metavar="PATTERN",
        help="Leave paths out (gitignore syntax), on top of .gitignore.",
    ),
    click.option(
        "--rules",
        "packs",
        multiple=True,
        metavar="DIR",
        help="Load a further rule pack over the shipped one.",
    ),
    click.option("--config", "file", metavar="FILE", help="Settings file to use over the tree's own."),
    click.option("--isolated", is_flag=True, help="Ignore the scanned tree's own settings."),
    click.option("--trust-config", is_flag=True, help="Load rule packs that the scanned tree names."),
    click.option("--persona", type=click.Choice(["regular", "auditor"]), help="auditor also shows weak traces."),
    click.option("--jobs", type=click.IntRange(1, 256), metavar="N", help="Worker processes. Default: what pays off."),
    click.option("--no-cache", is_flag=True, help="Read every file anew, and remember nothing."),
    click.option("--quiet", "-q", is_flag=True, help="No progress and no notes."),
)
"""What `scan` and `report` need to look at a tree."""


def input_options(function: F) -> F:
    """Add the options that say what to scan and how."""
    for option in reversed(_INPUT):
        function = option(function)
    return function


def platform_options(function: F) -> F:
    """Add the options that say which chips and versions answers are for."""
    for option in reversed(PLATFORM):
        function = option(function)
    return function


def by_target(option: str, value: str, choices: tuple[str, ...]) -> dict[str, str]:
    """Return target -> value for an option that takes TARGET=VALUE.

    Raises:
        UsageError: One has no equals sign.
    """
    chosen = {}
    for choice in choices:
        target, equals, given = choice.partition("=")
        if not equals:
            raise click.UsageError(f"{option} takes TARGET={value}, not {choice!r}")
        chosen[target] = given
    return chosen


@dataclass(frozen=True)
class Input:
    """The options of `input_options`, joined."""

    path: str
    targets: tuple[str, ...]
    chips: tuple[str, ...]
    stacks: tuple[str, ...]
    cuda: str | None
    exclude: tuple[str, ...]
    packs: tuple[str, ...]
    file: str | None
    isolated: bool
    trust_config: bool
    persona: str | None
    jobs: int | None
    no_cache: bool
    quiet: bool

    def root(self) -> Path:
        """Return the folder to scan.

        Raises:
            InputError: There is none at the path.
        """
        path = Path(self.path)
        if not path.exists():
            raise InputError(
                f"{self.path}: no such folder",
                hint="name the folder of the code to scan",
                slug="input-missing",
            )
        if not path.is_dir():
            raise InputError(
                f"{self.path}: is a file",
                hint=f"scan its folder: cuda-migrate scan {path.parent}",
                slug="input-file",
            )
        return path

    def config(self, *, baseline: str | None = None) -> Config:
        """Load the settings that hold for the scan.

        Args:
            baseline: File of accepted findings that the user names.
        """
        from migrate import config

        flags = {
            "targets": self.targets,
            "chips": by_target("--chip", "CHIP", self.chips),
            "stack-versions": by_target("--stack-version", "VERSION", self.stacks),
            "cuda-version": self.cuda,
            "exclude": self.exclude,
            "rules": self.packs,
            "persona": self.persona,
            "baseline": os.path.abspath(baseline) if baseline else None,  # noqa: PTH100 - a link keeps its own name
        }
        file = Path(self.file) if self.file else None
        return config.load(self.root(), flags=flags, file=file, isolated=self.isolated, trust=self.trust_config)

    def cache(self) -> Cache | None:
        """Return what remembers earlier scans, None when the user wants none."""
        if self.no_cache:
            return None
        from migrate.resources import cache_folder
        from migrate.scan import Cache

        return Cache(Path(cache_folder()), self.root())

    def given_for_scan(self, *, no_edits: bool) -> str:
        """Return an option that was given and only makes sense for a scan; empty when there is none."""
        given = {
            "--chip": self.chips,
            "--stack-version": self.stacks,
            "--cuda-version": self.cuda,
            "--exclude": self.exclude,
            "--rules": self.packs,
            "--config": self.file,
            "--isolated": self.isolated,
            "--trust-config": self.trust_config,
            "--persona": self.persona,
            "--jobs": self.jobs,
            "--no-cache": self.no_cache,
            "--no-edits": no_edits,
        }
        return next((option for option, value in given.items() if value), "")

    def command(self, verb: str, config: Config, *, no_edits: bool, no_estimate: bool = False) -> list[str]:
        """Return the command that reproduces the audit from within the scanned folder.

        Settings that came from the environment are spelled out; paths are rewritten to start there.
        """
        words = ["cuda-migrate", verb, "."]
        settings, origins = config.settings, config.origins

        def outside(key: str) -> bool:
            return "--" in origins[key] or "CUDA_MIGRATE_" in origins[key]

        if outside("targets"):
            words += [word for target in settings.targets for word in ("--target", target)]
        words += [word for choice in self.chips for word in ("--chip", choice)]
        words += [word for choice in self.stacks for word in ("--stack-version", choice)]
        words += ["--cuda-version", self.cuda] if self.cuda else []
        patterns = [pattern for pattern in settings.exclude if pattern not in config.tree_exclude]
        words += [word for pattern in patterns for word in ("--exclude", pattern)]
        words += [word for pack in self.packs for word in ("--rules", self._from_root(pack))]
        words += ["--config", self._from_root(self.file)] if self.file else []
        words += ["--persona", settings.persona] if outside("persona") else []
        switches = {
            "--isolated": self.isolated,
            "--trust-config": self.trust_config,
            "--no-edits": no_edits,
            "--no-estimate": no_estimate,
        }
        return words + [switch for switch, given in switches.items() if given]

    def _from_root(self, path: str) -> str:
        try:
            return Path(os.path.relpath(path, self.path)).as_posix()
        except ValueError:  # another drive
            return path
