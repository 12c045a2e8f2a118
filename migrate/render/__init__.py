"""Turn an audit into a document; one module per format, imported when it is asked for.

A format is a module with `render(audit, options)`, a pure function, and one line in `FORMATS`.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import PurePath
from types import MappingProxyType

from migrate.errors import MigrateError
from migrate.model import Audit, Struct


class RenderOptions(Struct, frozen=True):
    """What a reader may choose; none of it changes a number."""

    lang: str = "en"
    """Locale id, the name of a file in `reports/locales`."""
    target: str = ""
    """Target shown first; empty takes the audit's first."""
    scenario: str = ""
    """Scenario shown; empty takes the audit's first."""
    width: int = 80
    """Columns of the terminal."""
    color: bool = False
    """Whether the terminal takes colour."""
    encoding: str = "utf-8"
    """Encoding of the terminal; decides between box characters and plain ASCII."""


class Format(Struct, frozen=True):
    """A document format and the module that writes it."""

    module: str
    suffix: str


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "table": Format(module="migrate.render.terminal", suffix=".txt"),
        "html": Format(module="migrate.render.html", suffix=".html"),
        "json": Format(module="migrate.render.audit_json", suffix=".json"),
    }
)


def render(audit: Audit, format_id: str, options: RenderOptions | None = None) -> str | bytes:
    """Render the audit in the given format."""
    chosen = FORMATS.get(format_id)
    if chosen is None:
        known = ", ".join(FORMATS)
        raise MigrateError(f'unknown format "{format_id}"', hint=f"known formats: {known}", slug="format-unknown")
    result: str | bytes = importlib.import_module(chosen.module).render(audit, options or RenderOptions())
    return result


def format_of(path: str) -> str:
    """Return the format that a file name asks for by its suffix."""
    suffix = PurePath(path).suffix.lower()
    for format_id, chosen in FORMATS.items():
        if chosen.suffix == suffix:
            return format_id
    known = ", ".join(chosen.suffix for chosen in FORMATS.values())
    raise MigrateError(
        f'no format is known for the suffix "{suffix}"',
        hint=f"known suffixes: {known}",
        slug="format-unknown",
    )
