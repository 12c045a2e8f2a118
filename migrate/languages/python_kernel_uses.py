"""Report the kernels that a Python file defines, by decorator or as CUDA C in a string."""

from __future__ import annotations

import ast

from migrate.languages import python_builds as builds
from migrate.languages import python_kernels as kernels
from migrate.languages.python_names import Value
from migrate.languages.python_report import Place, Report
from migrate.languages.python_source import Layout
from migrate.model import Confidence, Link, LinkKind, UseKind

Definition = ast.FunctionDef | ast.AsyncFunctionDef


def decorated_kernel(report: Report, decorator: ast.expr, place: Place) -> str:
    """Return the name of the decorator that makes a function a kernel, empty when this one does not."""
    function = decorator.func if isinstance(decorator, ast.Call) else decorator
    value = report.meaning(function, place.scope)
    if value is None or value.dotted not in kernels.DECORATORS:
        return ""
    return value.dotted if report.wanted.asks(UseKind.KERNEL, value.dotted) else ""


def function_kernel(report: Report, node: Definition, name: str, place: Place, layout: Layout | None) -> None:
    """Report a decorated function, and what it calls.

    Args:
        report: Where to.
        node: The function.
        name: Of the decorator.
        place: Where it stands.
        layout: The file's lines when the tree is reduced; they tell where the function really ends.
    """
    start, end = report.start(node), report.end(node)
    if layout is not None and (line := layout.at(start)) is not None:
        end = layout.block_end(line)
    head = report.source.line_starts[node.lineno - 1]
    function = kernels.function(kernels.DECORATORS[name], report.source.text[head:end])
    for number, called in function.calls:
        link = Link(kind=LinkKind.CALL, to=called, via=node.name, line=node.lineno + number - 1)
        report.reading.links.append(link)
    report.add(UseKind.KERNEL, name, start, end, place, symbol=node.name, kernel=function.facts)


def string_kernel(report: Report, node: ast.Call, value: Value, place: Place) -> bool:
    """Report a call that compiles CUDA C from a string; tell whether it is one."""
    shape = kernels.STRING_KERNELS.get(value.dotted)
    if shape is None or value.member or not report.wanted.asks(UseKind.KERNEL, value.dotted):
        return False
    given = (builds.argument(node, *argument) for argument in shape.code)
    code = "\n".join(builds.text_of(argument, place.scope) for argument in given)
    symbol = builds.text_of(builds.argument(node, *shape.name), place.scope) if shape.name[1] else ""
    symbol = symbol.partition("\n")[0] or next(iter(kernels.kernel_names(code)), "")
    report.add(
        UseKind.KERNEL,
        value.dotted,
        report.start(node),
        report.end(node),
        place,
        args=report.arguments(node),
        symbol=symbol,
        kernel=kernels.string_facts(shape.language, code),
        confidence=Confidence.HIGH if value.certain else Confidence.MEDIUM,
    )
    return True
