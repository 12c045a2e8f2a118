"""Find the shipped `rules/` and `reports/`, in a wheel and in a checkout."""

from __future__ import annotations

import functools
import os
import sys
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


def vendors_pack() -> Path:
    """Return the rule pack about lock-in to vendors other than NVIDIA; only who asks for it loads it."""
    return rules_root() / "vendors"


def reports_root() -> Path:
    """Return the templates, charts, assets and locales of the reports."""
    return data_root() / "reports"


def cache_folder() -> str:
    """Return the user's folder for what can be made again: `CUDA_MIGRATE_CACHE`, else what the platform uses."""
    if given := os.environ.get("CUDA_MIGRATE_CACHE"):
        return given
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or "~/AppData/Local"
    elif sys.platform == "darwin":
        base = "~/Library/Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return os.path.join(os.path.expanduser(base), "cuda-migrate")  # noqa: PTH111, PTH118 - starts faster


@functools.cache
def read_yaml(path: Path) -> Any:
    """Read a shipped YAML file; the result is shared and must not be changed."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(path.read_bytes(), Loader=loader)  # noqa: S506 - both are safe loaders
