"""What a call hides from a reader of Python: code run from text, names made up at run time, sources in other files."""

from __future__ import annotations

import ast

from migrate.languages.python_code import source_paths, text_value
from migrate.languages.python_names import IMPORTING, called_name, literal_text
from migrate.languages.python_report import Place, Report
from migrate.model import BlindKind, LinkKind

_RUNNING = frozenset({"exec", "eval"})
_OPENING = frozenset({"open", "Path", "read_text"})
_TELLING = _RUNNING | _OPENING | IMPORTING | {"getattr", "RawModule"}
_DEVICE_SOURCES = (".cu", ".cuh")
_COMMON = "torch"
"""Its attributes by name are data types and functions, mostly: `getattr(torch, dtype)`."""


def hidden_code(report: Report, node: ast.Call, place: Place, *, is_setup: bool) -> None:
    """Record what a call runs or loads that the file does not show.

    Args:
        report: Where to.
        node: The call.
        place: Where it stands.
        is_setup: The file is a `setup.py`, whose sources are linked as such.
    """
    name = called_name(node)
    if name not in _TELLING:
        return
    first = node.args[0] if node.args else None
    plain = isinstance(node.func, ast.Name)
    if (plain and name in _RUNNING) or name in IMPORTING:
        hidden = first is not None and not text_value(first)
    elif plain and name == "getattr":
        hidden = len(node.args) > 1 and not text_value(node.args[1]) and _is_platform(report, node.args[0], place)
    else:
        hidden = False
    if hidden:
        report.blind(BlindKind.DYNAMIC_CODE, node)
    if not is_setup:
        _sources(report, node, name, place)


def _is_platform(report: Report, owner: ast.expr, place: Place) -> bool:
    value = report.meaning(owner, place.scope)
    return value is not None and not value.own and value.dotted != _COMMON and report.wanted.leads(value.dotted)


def _sources(report: Report, node: ast.Call, name: str, place: Place) -> None:
    """Link the native sources that a call opens or that are given to it by path."""
    if name == "RawModule":
        given = [keyword.value for keyword in node.keywords if keyword.arg == "path"]
        paths = [path for part in given for path in source_paths(part, place.scope)]
    else:
        given = node.args[:1] if name in _OPENING and not _writes(node) else []
        literals = (literal_text(part) for one in given for part in ast.walk(one) if isinstance(part, ast.Constant))
        paths = [literal.removeprefix("./") for literal in literals if literal.endswith(_DEVICE_SOURCES)]
    for path in paths:
        report.link(LinkKind.BUILD, path, node)


def _writes(node: ast.Call) -> bool:
    """Tell whether a call of `open` is for writing."""
    mode = node.args[1] if len(node.args) > 1 else next((k.value for k in node.keywords if k.arg == "mode"), None)
    return not literal_text(mode).startswith("r") if mode is not None else False
