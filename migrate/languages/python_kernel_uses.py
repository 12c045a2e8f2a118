"""Report the kernels that a Python file defines, by decorator or as CUDA C in a string."""

from __future__ import annotations

import ast

from migrate.languages import python_builds as builds
from migrate.languages import python_kernels as kernels
from migrate.languages.python_code import code_of, text_value
from migrate.languages.python_names import Definition, Value, literal_text
from migrate.languages.python_report import Place, Report
from migrate.languages.python_source import Layout
from migrate.model import Confidence, Link, LinkKind, UseKind

WRITTEN = "__global__"
"""Name of a kernel whose head the program itself writes around the text of its body."""


def decorated_kernel(report: Report, decorator: ast.expr, place: Place) -> str:
    """Return the name of the decorator that makes a function a kernel, empty when this one does not."""
    function = decorator.func if isinstance(decorator, ast.Call) else decorator
    value = report.meaning(function, place.scope)
    if value is None or value.instance or value.dotted not in kernels.DECORATORS:
        return ""
    return value.dotted if report.wanted.asks(UseKind.KERNEL, value.dotted) else ""


def function_kernel(report: Report, node: Definition, name: str, place: Place, layout: Layout | None) -> None:
    """Report a decorated function, and what it calls.

    Args:
        report: Where to.
        node: The function; the kernel begins with the decorator that makes it one.
        name: Of the decorator.
        place: Where it stands.
        layout: The file's lines when the tree is reduced; they tell where the function really ends.
    """
    start, end = report.start(node), report.end(node)
    if layout is not None and (line := layout.at(start)) is not None:
        end = layout.block_end(line)
    for decorator in node.decorator_list:
        if decorated_kernel(report, decorator, place) == name:
            start = report.source.text.rindex("@", 0, report.start(decorator))
            break
    head = report.source.line_starts[node.lineno - 1]
    function = kernels.function(kernels.DECORATORS[name], report.source.text[head:end])
    for number, called in function.calls:
        link = Link(kind=LinkKind.CALL, to=called, via=node.name, line=node.lineno + number - 1)
        report.reading.links.append(link)
    report.add(UseKind.KERNEL, name, start, end, place, symbol=node.name, kernel=function.facts)


def applied_kernel(report: Report, node: ast.Call, place: Place, layout: Layout | None) -> None:
    """Report a function of the file that a call of the decorator makes a kernel: `kernel = cuda.jit(function)`.

    Args:
        report: Where to.
        node: The call.
        place: Where it stands.
        layout: The file's lines when the tree is reduced.
    """
    given = node.args[0] if node.args else None
    if not isinstance(given, ast.Name):
        return
    name = decorated_kernel(report, node.func, place)
    where = place.scope.find(given.id) if name else None
    if where is None:
        return
    report.decides(given)
    for bound in where.names[given.id]:
        if bound.definition is not None:
            function_kernel(report, bound.definition, name, place, layout)


def string_kernel(report: Report, node: ast.Call, value: Value, place: Place) -> bool:
    """Report a call that compiles CUDA C from a string; tell whether it counts as a kernel of its own.

    A source that can be read holds its kernels itself; where it cannot, and where the call writes the kernel around
    its text, the call stands for the kernel.
    """
    shape = kernels.STRING_KERNELS.get(value.dotted)
    if shape is None or value.own or value.member or value.instance or _takes_no_code(node, shape):
        return False
    given = [part for argument in shape.code if (part := builds.argument(node, *argument)) is not None]
    code = code_of(given, place.scope)
    symbol = builds.text_of(builds.argument(node, *shape.name), place.scope) if shape.name[1] else ""
    symbol = symbol.partition("\n")[0]
    report.compiles(code, node, place)
    for path in code.paths:
        report.link(LinkKind.BUILD, path, node)
    if symbol and not shape.fragment:
        report.link(LinkKind.LAUNCH, symbol, node)
    if (code.found and not shape.fragment) or not report.wanted.asks(UseKind.KERNEL, value.dotted):
        return False  # the kernels inside are priced where they stand
    text = "\n".join(text_value(literal.node) for literal in code.literals)
    report.add(
        UseKind.KERNEL,
        value.dotted,
        report.start(node),
        report.end(node),
        place,
        args=report.arguments(node),
        symbol=symbol,
        kernel=kernels.string_facts(shape.language, text),
        confidence=Confidence.HIGH if value.certain else Confidence.MEDIUM,
    )
    return True


def written_kernel(report: Report, node: ast.expr, value: str, call: ast.Call, place: Place) -> None:
    """Report a kernel that a function of the program's own makes of the text that it is given.

    Args:
        report: Where to.
        node: The string.
        value: Its value: a kernel from its parameters on.
        call: What the string is given to.
        place: Where the call stands.
    """
    others = (literal_text(part) for part in (*call.args, *(keyword.value for keyword in call.keywords)))
    symbol = next((name for name in others if name.isidentifier()), "")
    report.made.add(id(call))
    report.note_bound_to(call, place.scope)
    if symbol:
        report.link(LinkKind.LAUNCH, symbol, call)
    report.add(
        UseKind.KERNEL,
        WRITTEN,
        report.start(node),
        report.end(call),
        place,
        symbol=symbol,
        kernel=kernels.string_facts("cuda", value),
        confidence=Confidence.MEDIUM,
    )


def _takes_no_code(node: ast.Call, shape: kernels.StringKernel) -> bool:
    """Tell whether a call gives none of the arguments that hold code, as `RawModule(path=...)` does."""
    unpacked = any(isinstance(part, ast.Starred) for part in node.args) or any(k.arg is None for k in node.keywords)
    return not unpacked and all(builds.argument(node, *argument) is None for argument in shape.code)
