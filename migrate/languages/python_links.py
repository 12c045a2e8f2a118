"""What calls in Python tie a file to: kernels launched, libraries loaded, extensions built, packages required."""

from __future__ import annotations

import ast
import re

from migrate.languages import python_builds as builds
from migrate.languages.python_names import Value, imported_by_call
from migrate.languages.python_report import Place, Report, dotted_text, literal_text
from migrate.model import Confidence, LinkKind, UseKind

_LIBRARY_CALLS = frozenset({"CDLL", "LoadLibrary", "cdll", "PyDLL", "WinDLL", "load_library"})
_SOURCE = re.compile(r"[^\n]+\.\w{1,5}\Z")


def link_call(report: Report, node: ast.Call, value: Value | None, place: Place, *, is_setup: bool) -> None:
    """Record what a call links the file to.

    Args:
        report: Where to.
        node: The call.
        value: What its function stands for.
        place: Where it stands.
        is_setup: The file is a `setup.py`.
    """
    function = node.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    literal = literal_text(node.args[0]) if node.args else ""
    if module := imported_by_call(node):
        report.link(LinkKind.IMPORT, module, node)
        if asked := report.wanted.asked_import(module):
            start, end = report.start(node), report.end(node)
            report.add(UseKind.IMPORT, asked, start, end, place, confidence=Confidence.MEDIUM)
    elif isinstance(function, ast.Subscript):
        if launched := dotted_text(function.value):
            report.link(LinkKind.LAUNCH, launched, node)
    elif name == "get_function" and literal:
        report.link(LinkKind.LAUNCH, literal, node)
    elif name in _LIBRARY_CALLS and literal:
        report.link(LinkKind.BINDING, f"lib:{literal}", node)
    elif name in builds.EXTENSIONS or (value is not None and value.dotted in builds.LOADERS):
        _extension(report, node, place)
    elif name == "setup" and (is_setup or (value is not None and "setuptools" in value.dotted)):
        _requirements(report, node, place)


def _extension(report: Report, node: ast.Call, place: Place) -> None:
    names = [literal.value for literal in builds.literals(builds.argument(node, 0, "name"), place.scope)]
    if not names:
        return
    report.link(LinkKind.BINDING, f"module:{names[0]}", node, via="provides")
    for literal in builds.literals(builds.argument(node, 1, "sources"), place.scope):
        if _SOURCE.match(literal.value):
            report.link(LinkKind.BUILD, literal.value.removeprefix("./"), literal.node, via=names[0])


def _requirements(report: Report, node: ast.Call, place: Place) -> None:
    for required in builds.requirements(node, place.scope):
        if report.wanted.asks(UseKind.DEPENDENCY, required.name):
            start, end = report.start(required.node), report.end(required.node)
            report.add(UseKind.DEPENDENCY, required.name, start, end, place, args=required.args)
