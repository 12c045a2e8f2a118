"""What calls in Python tie a file to: kernels launched, libraries loaded, extensions built, packages required."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from migrate.languages import python_builds as builds
from migrate.languages.python_names import Scope, Value, imported_by_call, literal_text
from migrate.languages.python_paths import ANY, texts
from migrate.languages.python_report import Place, Report, dotted_text
from migrate.languages.python_wanted import ALWAYS
from migrate.model import Confidence, Link, LinkKind, UseKind
from migrate.model.links import HIPIFIED, LIBRARY, MODULE, OPS, PROVIDES

_LIBRARY_CALLS = frozenset({"CDLL", "LoadLibrary", "cdll", "PyDLL", "WinDLL", "load_library", "dlopen"})
_LIBRARIES = tuple(f"ctypes.{name}." for name in ("CDLL", "PyDLL", "WinDLL", "cdll.LoadLibrary", "cdll", "OleDLL"))
"""What the functions of a library that ctypes loaded begin with."""
_OF_LIBRARY = frozenset({"restype", "argtypes", "errcheck", "LoadLibrary"})
_TRANSLATED = "CUDAExtension"
"""The class whose sources PyTorch's build translates to HIP; `load` does the same."""
_SOURCE = re.compile(r"[^\n]+\.\w{1,5}\Z")
_OPERATOR = re.compile(r"\w+(?:::\w+)?\Z")
_BUILDER = re.compile(r"(?:\w+\.)*\w*Builder\Z")
_NATIVE = re.compile(r"\w\.(?:cu|cc|cpp|cxx)\Z")
_DEEPEST = 4
_MOST_CHOICES = 20
"""Names that one extension may have, by what the script chooses (judgement)."""
_MOST_LINKS = 50_000
"""Links after which a build script is not followed further: a thousand extensions of fifty sources (judgement)."""


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
    elif name in _LIBRARY_CALLS and node.args:
        _library(report, node, place)
    elif name == "set_source" and literal:  # cffi
        _extension(report, node, place, translated=False)
    elif classes := _extension_classes(function, name, value, place.scope):
        _extension(report, node, place, translated=_TRANSLATED in classes or bool(classes & builds.LOADERS))
    elif name == "hipify" and value is not None and "hipify" in value.dotted.rpartition(".")[0]:
        _hipify(report, node, place)
    elif name == "setup" and (is_setup or (value is not None and "setuptools" in value.dotted)):
        _requirements(report, node, place)
    elif value is not None and value.dotted.startswith("torch.library.") and literal:
        _operator(report, node, literal)
    else:
        _of_extension(report, node, value, name)


def _operator(report: Report, node: ast.Call, name: str) -> None:
    """Record an operator, or a library of them, that Python itself registers."""
    for offered in dict.fromkeys((name.partition("::")[0], name.partition("(")[0])):
        if _OPERATOR.match(offered):
            report.link(LinkKind.BINDING, f"{OPS}{offered}", node, via=PROVIDES)


# --------------------------------------------------------------------------------------------- shared libraries


def _library(report: Report, node: ast.Call, place: Place) -> None:
    """Record a library that is loaded by name, and have the lines read that call its functions."""
    if isinstance(node.args[0], ast.Constant) and not literal_text(node.args[0]):
        return  # the running program itself
    named = [found.value for found in texts(node.args[0], place.scope)]
    for name in [name for name in named if name != ANY] or named:
        report.link(LinkKind.BINDING, f"{LIBRARY}{name}", node)
    for part in ast.walk(node.args[0]):
        if isinstance(part, ast.Name):
            report.reading.note(part.id, ALWAYS)  # what the name is bound to tells which library
    report.note_bound_to(node, place.scope)


def _of_extension(report: Report, node: ast.Call, value: Value | None, name: str) -> None:
    """Record a call of a library's function, and the loading of an extension that a class of its own describes."""
    if value is not None and value.member and value.dotted.startswith(_LIBRARIES) and name not in _OF_LIBRARY:
        report.link(LinkKind.CALL, name, node)
    elif name == "load" and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Call):
        maker = dotted_text(node.func.value.func).rpartition(".")[2]
        if _BUILDER.match(maker):
            report.link(LinkKind.BINDING, f"{MODULE}{maker}", node)


# --------------------------------------------------------------------------------------------------- extensions


def _extension_classes(function: ast.expr, name: str, value: Value | None, scope: Scope) -> frozenset[str]:
    """Return the classes of extensions, or the functions that load one, that a call's function may be."""
    if value is not None and value.dotted in builds.LOADERS:
        return frozenset({value.dotted})
    last = value.dotted.rpartition(".")[2] if value is not None else ""
    found = {each for each in (name, last) if each in builds.EXTENSIONS}
    if isinstance(function, ast.Name):
        found |= set(_chosen_classes(function.id, scope))
    return frozenset(found)


def _chosen_classes(name: str, scope: Scope) -> Iterator[str]:
    """Yield the classes of extensions that a name is bound to: `Extension = A if cuda else B`."""
    names = [name]
    for step in range(_DEEPEST):
        where = scope.find(names[step]) if step < len(names) else None
        for bound in where.names[names[step]] if where is not None else ():
            choices = [bound.expression]
            if isinstance(bound.expression, ast.IfExp):
                choices = [bound.expression.body, bound.expression.orelse]
            for choice in choices:
                dotted = dotted_text(choice) if choice is not None else ""
                if dotted.rpartition(".")[2] in builds.EXTENSIONS:
                    yield dotted.rpartition(".")[2]
                elif dotted and dotted not in names:
                    names.append(dotted)


def _extension(report: Report, node: ast.Call, place: Place, *, translated: bool) -> None:
    if len(report.reading.links) > _MOST_LINKS:
        return
    sources = texts(builds.argument(node, 1, "sources"), place.scope)
    sources = [source for source in sources if _SOURCE.match(source.value)]
    for name in texts(builds.argument(node, 0, "name"), place.scope)[:_MOST_CHOICES]:
        if name.value != ANY:
            report.link(LinkKind.BINDING, f"{MODULE}{name.value}", node, via=PROVIDES)
        for source in sources:
            report.link(LinkKind.BUILD, source.value.removeprefix("./"), source.node, via=name.value)
        if translated:
            report.link(LinkKind.BINDING, name.value, node, via=HIPIFIED)


def _hipify(report: Report, node: ast.Call, place: Place) -> None:
    """Record what a build script has translated to HIP itself; without patterns, all below its folder."""
    given = texts(builds.argument(node, -1, "includes"), place.scope)
    patterns = [pattern.value for pattern in given if pattern.value.strip("*./")]
    for pattern in patterns or [ANY]:
        report.link(LinkKind.BINDING, pattern.removeprefix("./"), node, via=HIPIFIED)


def _requirements(report: Report, node: ast.Call, place: Place) -> None:
    for required in builds.requirements(node, place.scope):
        if report.wanted.asks(UseKind.DEPENDENCY, required.name):
            start, end = report.start(required.node), report.end(required.node)
            report.add(UseKind.DEPENDENCY, required.name, start, end, place, args=required.args)


def builder_links(node: ast.ClassDef) -> Iterator[Link]:
    """Yield the extension that a class of a build system describes: a builder with a method that names the sources."""
    if not any(_BUILDER.match(dotted_text(base)) for base in node.bases):
        return
    methods = (each for each in node.body if isinstance(each, ast.FunctionDef) and each.name == "sources")
    for method in methods:
        yield Link(kind=LinkKind.BINDING, to=f"{MODULE}{node.name}", via=PROVIDES, line=node.lineno)
        for part in ast.walk(method):
            if isinstance(part, ast.Constant) and _NATIVE.search(literal_text(part)):
                yield Link(kind=LinkKind.BUILD, to=literal_text(part), via=node.name, line=part.lineno)
