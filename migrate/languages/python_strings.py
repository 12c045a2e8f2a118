"""String literals that mean something to a platform: device names, environment variables, compiler options."""

from __future__ import annotations

import ast
import re

from migrate.languages import python_builds as builds
from migrate.languages.python_code import is_device_code, is_headless_kernel
from migrate.languages.python_kernel_uses import written_kernel
from migrate.languages.python_kernels import STRING_KERNELS
from migrate.languages.python_names import called_name, literal_text
from migrate.languages.python_report import DEVICES, PLAIN_WORDS, Place, Report, Role, dotted_text
from migrate.model import Confidence, UseKind

_ENVIRONMENT_CALLS = frozenset({"getenv", "putenv", "unsetenv", "get", "setdefault", "pop", "setenv", "delenv"})
_ENVIRONMENT_SETS = frozenset({"putenv", "setdefault", "setenv"})
_OF_MAPPINGS = frozenset({"get", "setdefault", "pop"})
_ENVIRON = "environ"
_ENVIRONMENTS = frozenset({_ENVIRON, "env", "environment"})
"""Last words of names of what holds environment variables."""
_OPTION_CALLS = frozenset({"add_argument", "add_option", "option"})
_LONGEST_VALUE = 200
_AMBIGUOUS = frozenset({"cuda", "nccl"})
"""Names of a device and a back end that are also words: of methods, folders, languages and libraries."""
_VARIABLE = re.compile(r"[A-Za-z_]\w*\Z")
_SETTING = re.compile(r"\s*+(?:(?:export|env|set)\s++)?([A-Z][A-Z0-9_]*+)=(\S*+)")
_MESSAGE_KEYWORDS = frozenset(
    ("help", "description", "epilog", "usage", "reason", "msg", "message", "err_msg", "label", "title")
)
_TEST_NAMES = frozenset({"param", "parametrize", "fixture"})
"""Functions whose `id` and `ids` are names of tests."""
_VERBS = (
    "print|pprint|echo|secho|log|debug|info|warn|warning|error|critical|exception|fatal|fail|xfail|skip|message|msg"
)
_TELLS = re.compile(
    rf"_*+(?:rank_zero_|rank_?0_|log_|print_|main_|master_)?(?:{_VERBS})(?:_once|_rank_?\d+|_all_ranks|_dist)?\Z"
    r"|(?:log|print|warn)_(?:once|dist|rank_?\d+|rank_zero|all_ranks)\Z"
    r"|skipTest\Z|\w*(?:Error|Exception|Warning|Exit|SkipTest|Failed)\Z"
)
"""Names of functions that tell their reader something."""
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
    if "=" in value and _settings(report, node, value, place, role):
        return
    if is_variable(report, value, role.subscript) and _VARIABLE.match(value):
        if not is_message(role):
            report.add(UseKind.ENV, value, start, end, place, confidence=Confidence.MEDIUM)
    elif option and wanted.asks(UseKind.FLAG, option[0]) and not _declares_option(role):
        args = option[1] or ({"value": role.following} if role.following else {})
        report.add(UseKind.FLAG, option[0], start, end, place, args=args)
    elif wanted.asks(UseKind.STRING, name := _filled(value, role.filled)) and not is_message(role):
        weak = role.element == PLAIN_WORDS and value in _AMBIGUOUS
        confidence = Confidence.LOW if weak else Confidence.HIGH
        report.add(UseKind.STRING, name, start, end, place, args=_facts(report, place, role), confidence=confidence)


def report_constant(report: Report, node: ast.Name | ast.Attribute, value: str, place: Place, role: Role) -> None:
    """Report a name that is given to a call and always stands for a device or back end."""
    if is_message(role):
        return
    report.decides(node)
    args = _facts(report, place, role) | {"constant": dotted_text(node)}
    report.add(UseKind.STRING, value, report.start(node), report.end(node), place, args=args)


def _settings(report: Report, node: ast.expr, value: str, place: Place, role: Role) -> bool:
    """Report the environment variables that a command line or `NAME=value` sets; tell whether there are any."""
    found = False
    setting = _SETTING.match(value)
    while setting is not None:
        if report.wanted.names_variable(setting[1]) and not is_message(role):
            found = True
            args = {"value": setting[2][:_LONGEST_VALUE]}
            report.add(UseKind.ENV, setting[1], report.start(node), report.end(node), place, args=args)
        setting = _SETTING.match(value, setting.end())
    return found


def is_message(role: Role) -> bool:
    """Tell whether a string is told to somebody: logged, raised, shown as help, the name of a test."""
    if role.message or role.parameter in _MESSAGE_KEYWORDS:
        return True
    name = called_name(role.call) if role.call else ""
    if role.parameter in ("id", "ids"):
        return name in _TEST_NAMES
    return _TELLS.match(name) is not None


def report_code(report: Report, node: ast.expr, value: str, place: Place, role: Role) -> bool:
    """Report a string that clearly holds device code; tell whether it does."""
    if not is_device_code(value):
        if role.call is None or not is_headless_kernel(value) or report.callee(role.call, place) in STRING_KERNELS:
            return False
        written_kernel(report, node, value, role.call, place)
        return True
    searches = role.call is not None and report.callee(role.call, place).startswith("re.")
    asked = bool(role.compare or role.subscript) or searches
    if not asked and not is_message(role):
        report.holds_code(node, "template" if _named_template(role) else role.filled.strip("+"), place)
    return True


def _named_template(role: Role) -> bool:
    function = role.call.func if role.call else None
    return function is not None and dotted_text(function).rpartition(".")[2] == "Template"


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
        facts["callee"] = report.callee(role.call, place)
        facts["parameter"] = role.parameter
    if role.joined:
        facts["callee"] = "pathlib.Path.joinpath"
    if role.compare:
        facts["compare"] = role.compare
    if role.key:
        facts["key"] = role.key
    if role.subscript:
        facts["subscript"] = role.subscript
    if role.element == PLAIN_WORDS:
        facts["element"] = "true"
    return facts


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
    name = called_name(node)
    if name not in _ENVIRONMENT_CALLS or not node.args:
        return False
    variable = literal_text(node.args[0])
    owner = dotted_text(node.func.value) if isinstance(node.func, ast.Attribute) else ""
    if not is_variable(report, variable, owner if name in _OF_MAPPINGS else _ENVIRON):
        return False
    value = node.args[1] if name in _ENVIRONMENT_SETS and len(node.args) > 1 else None
    environment(report, variable, node, value, place)
    return True


def is_variable(report: Report, name: str, container: str) -> bool:
    """Tell whether a string names an environment variable, known as such or looked up in the environment.

    Args:
        report: Who knows what is asked for.
        name: The string.
        container: Source text of what it is looked up in.
    """
    if _is_environment(container):
        return bool(_VARIABLE.match(name)) and report.wanted.asks(UseKind.ENV, name)
    return report.wanted.names_variable(name)


def _is_environment(container: str) -> bool:
    return container.rpartition(".")[2].rpartition("_")[2].lower() in _ENVIRONMENTS


def environment(report: Report, name: str, node: ast.expr | ast.keyword, value: ast.expr | None, place: Place) -> None:
    """Report an environment variable, with the value it is set to."""
    args = {}
    if value is not None:
        args["value"] = literal_text(value)[:_LONGEST_VALUE] or report.shown(value)
    report.add(UseKind.ENV, name, report.start(node), report.end(node), place, args=args)
