"""Forms that suit every vendor: what to write in the place of one vendor's names."""

from __future__ import annotations

import csv
import functools
from collections.abc import Mapping
from typing import NamedTuple

from migrate.resources import rules_root


class Form(NamedTuple):
    """A row of `rules/cuda/portable.csv`."""

    name: str
    """A name of the platform, or a rule for all that it finds and that has no row of its own."""
    form: str
    exact: bool
    """The form is a name that may simply stand in the place of the other."""
    since: str
    """Version of the framework that has it; empty where all in use do."""
    source: str


@functools.cache
def forms() -> Mapping[str, Form]:
    """Read the forms by name."""
    path = rules_root() / "cuda" / "portable.csv"
    with path.open(encoding="utf-8", newline="") as stream:
        rows = csv.DictReader(stream)
        return {
            row["name"]: Form(row["name"], row["form"], row["exact"] == "yes", row["since"], row["source"])
            for row in rows
        }


def form_of(rule: str, symbol: str) -> Form | None:
    """Return the portable form of what a rule finds, None when nobody has made one."""
    return forms().get(symbol) or forms().get(rule)


def advice(rule: str, symbol: str) -> str:
    """Say what to write in the place of what a rule finds; empty when nobody has made such a form."""
    form = form_of(rule, symbol)
    if form is None:
        return ""
    return f"{form.form} (PyTorch {form.since} or later)" if form.since else form.form
