"""String literals that mean something to a platform: device names, environment variables, compiler options."""

from __future__ import annotations

import ast
import re

from migrate.languages import python_builds as builds
from migrate.languages.python_report import DEVICES, PLAIN_WORDS, Place, Report, Role, dotted_text, literal_text
from migrate.model import Confidence, UseKind

_ENVIRONMENT_CALLS = frozenset({"getenv", "putenv", "unsetenv", "get", "setdefault", "pop", "setenv", "delenv"})
_ENVIRONMENT_SETS = frozenset({"putenv", "setdefault", "setenv"})
_OPTION_CALLS = frozenset({"add_argument", "add_option", "option"})
_LONGEST_VALUE = 200
_AMBIGUOUS = frozenset({"cuda", "nccl"})
"""Names of a device and a back end that are also words: of methods, folders, languages and libraries."""
_DEVICES = frozenset(
    {
        *("cpu", "npu", "xpu", "hip", "mps", "hpu", "mlu", "musa", "tpu", "xla", "rocm"),
        *("gloo", "mpi", "hccl", "xccl", "ucc"),
    }
)
"""Words that, next to an ambiguous one, make it a device or a back end."""
_NAMES_DEVICES = re.compile(r"device|backend|accelerator", re.IGNORECASE)
_HOLDS_TEXT = re.compile(
    r"(?:\A|_)(?:dev|backend|accel|place|location|kind|str|text|arch|platform)|(?:name|type|device|backend)s?\Z",
    re.IGNORECASE,
)
"""In the name of what is searched with `in`: it holds the text of a device, or devices, rather than keys."""
_PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[-+ #0]*[\d.]*[a-zA-Z]")
_COLLECTIONS = (ast.Dict, ast.List, ast.Tuple, ast.Set)
_FIELD = re.compile(r"\{[^{}]*\}")


def report_string(report: Report, node: ast.expr, value: str, place: Place, role: Role) -> None:
    """Report a string as environment variable, compiler option or plain string, whichever is asked for."""
    wanted = report.wanted
    start, end = report.start(node), report.end(node)
    option = builds.flag(value) if value[:1] == "-" else None
    if wanted.asks(UseKind.ENV, value):
        report.add(UseKind.ENV, value, start, end, place, confidence=Confidence.MEDIUM)
    elif option and wanted.asks(UseKind.FLAG, option[0]) and not _declares_option(role):
        args = option[1] or ({"value": role.following} if role.following else {})
        report.add(UseKind.FLAG, option[0], start, end, place, args=args)
    elif wanted.asks(UseKind.STRING, name := _filled(value, role.filled)):
        weak = role.element == PLAIN_WORDS and value in _AMBIGUOUS
        confidence = Confidence.LOW if weak else Confidence.HIGH
        report.add(UseKind.STRING, name, start, end, place, args=_facts(report, place, role), confidence=confidence)


def _filled(value: str, filled: str) -> str:
    """Put `*` where a string is filled in later."""
    if filled == "%":
        return _PLACEHOLDER.sub("*", value)
    if filled == "format":
        return _FIELD.sub("*", value)
    return f"{value}*" if filled == "+" else value


def _declares_option(role: Role) -> bool:
    """Tell whether a string names an option of the program itself."""
    function = role.call.func if role.call else None
    return isinstance(function, ast.Attribute) and function.attr in _OPTION_CALLS


def _facts(report: Report, place: Place, role: Role) -> dict[str, str]:
    facts: dict[str, str] = {}
    if role.call is not None:
        facts["callee"] = _callee(report, role.call, place)
        facts["parameter"] = role.parameter
    if role.compare:
        facts["compare"] = role.compare
    if role.key:
        facts["key"] = role.key
    if role.subscript:
        facts["subscript"] = role.subscript
    if role.element == PLAIN_WORDS:
        facts["element"] = "true"
    return facts


def _callee(report: Report, node: ast.Call, place: Place) -> str:
    value = report.meaning(node.func, place.scope)
    if value is not None:
        report.decides(node.func)
        if not value.member or report.wanted.leads(value.dotted):
            return value.dotted
    if isinstance(node.func, ast.Attribute):
        return f".{node.func.attr}"
    return node.func.id if isinstance(node.func, ast.Name) else ""


def keyed_in(report: Report, container: ast.expr) -> str:
    """Return the source text of what a string is a key of, empty when it is looked up in a literal."""
    is_type = dotted_text(container).rpartition(".")[2] == "Literal"
    return "" if is_type or isinstance(container, _COLLECTIONS) else report.shown(container)


def searched_in(report: Report, container: ast.expr) -> str:
    """Return the source text of what is asked whether it has a key, empty when it rather holds a device's name."""
    name = dotted_text(container).rpartition(".")[2]
    return report.shown(container) if name and not _HOLDS_TEXT.search(name) else ""


def element_of(node: ast.List | ast.Tuple | ast.Set, role: Role) -> str:
    """Return what an element of a collection is, as its other elements and its purpose tell."""
    if role.compare or _NAMES_DEVICES.search(role.parameter) or _NAMES_DEVICES.search(role.key.rpartition(".")[2]):
        return ""
    parts = [part for element in node.elts for part in getattr(element, "elts", (element,))]
    words = {word for part in parts if (word := literal_text(part))} - _AMBIGUOUS
    if role.element == DEVICES or any(word.startswith("cuda:") or word.partition(":")[0] in _DEVICES for word in words):
        return DEVICES
    return PLAIN_WORDS if words and not _is_bare(node) else ""


def _is_bare(node: ast.List | ast.Tuple | ast.Set) -> bool:
    """Tell whether a tuple stands without parentheses: several results rather than a collection."""
    first = node.elts[0]
    return isinstance(node, ast.Tuple) and (node.lineno, node.col_offset) == (first.lineno, first.col_offset)


def option_value(node: ast.expr | None) -> str:
    """Return the string that follows an option in a list, unless it is an option too."""
    value = literal_text(node)
    return "" if value.startswith("-") else value[:_LONGEST_VALUE]


def environment_call(report: Report, node: ast.Call, place: Place) -> bool:
    """Report a call that reads or sets an environment variable; tell whether it is one."""
    function = node.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    if name not in _ENVIRONMENT_CALLS or not node.args:
        return False
    variable = literal_text(node.args[0])
    if not variable or not report.wanted.asks(UseKind.ENV, variable):
        return False
    value = node.args[1] if name in _ENVIRONMENT_SETS and len(node.args) > 1 else None
    environment(report, variable, node, value, place)
    return True


def environment(report: Report, name: str, node: ast.expr, value: ast.expr | None, place: Place) -> None:
    """Report an environment variable, with the value it is set to."""
    args = {}
    if value is not None:
        args["value"] = literal_text(value)[:_LONGEST_VALUE] or report.shown(value)
    report.add(UseKind.ENV, name, report.start(node), report.end(node), place, args=args)
