"""Find the shipped `rules/` and `reports/`, in a wheel and in a checkout."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any


@functools.cache
def data_root() -> Path:
    """Return the folder that holds `rules/` and `reports/`.

    A wheel carries them as `migrate/_data`; an editable install and a checkout have them beside the package.
    """
    package = Path(__file__).resolve().parent
    shipped = package / "_data"
    return shipped if shipped.is_dir() else package.parent


def rules_root() -> Path:
    """Return the shipped rule pack."""
    return data_root() / "rules"


def reports_root() -> Path:
    """Return the templates, charts, assets and locales of the reports."""
    return data_root() / "reports"


@functools.cache
def read_yaml(path: Path) -> Any:
    """Read a shipped YAML file; the result is shared and must not be changed."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(path.read_bytes(), Loader=loader)  # noqa: S506 - both are safe loaders
