"""What can go wrong, as values with a message, a hint, a slug and an exit code.

A file that cannot be read is never an error: it becomes a `Skip` in the result.
"""

from __future__ import annotations

EXIT_FOUND = 1
EXIT_USAGE = 2
EXIT_NO_INPUT = 3
EXIT_RULES = 4
EXIT_OUTPUT = 5
EXIT_INTERNAL = 70
EXIT_INTERRUPTED = 130


class MigrateError(Exception):
    """A failure the user can act on.

    Args:
        message: What is wrong and where, one line, no trailing full stop.
        hint: What to do about it, one line; empty when the message says it all.
        slug: Stable kebab-case id, shown as `error[slug]` and used as documentation anchor.
    """

    exit_code = EXIT_USAGE

    def __init__(self, message: str, *, hint: str = "", slug: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.slug = slug

    def __str__(self) -> str:
        return f"error[{self.slug}]: {self.message}"


class LocatedError(MigrateError):
    """A failure at a place in a file that the user wrote.

    Args:
        file: Path as the user knows it.
        line: 1-based; 0 when the whole file is meant.
        column: 1-based; 0 when the whole line is meant.
    """

    def __init__(self, message: str, *, file: str, line: int = 0, column: int = 0, hint: str = "", slug: str) -> None:
        super().__init__(message, hint=hint, slug=slug)
        self.file = file
        self.line = line
        self.column = column

    def __str__(self) -> str:
        place = self.file
        if self.line:
            place += f":{self.line}"
            if self.column:
                place += f":{self.column}"
        return f"error[{self.slug}]: {place}: {self.message}"


class ConfigError(LocatedError):
    """A configuration file or a flag has an unknown key or an impossible value."""


class RuleError(LocatedError):
    """A rule pack is invalid."""

    exit_code = EXIT_RULES


class InputError(MigrateError):
    """The path to scan, or the audit to read, is not usable."""

    exit_code = EXIT_NO_INPUT


class OutputError(MigrateError):
    """The result cannot be written."""

    exit_code = EXIT_OUTPUT
