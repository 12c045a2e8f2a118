"""Report where Python starts kernels: `kernel[grid](...)`, and calls that give grid and block."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from migrate.languages import python_builds as builds
from migrate.languages.python_names import Value
from migrate.languages.python_report import Place, Report, dotted_text
from migrate.model import Confidence, UseKind

UNKNOWN = "<<<>>>"
"""Name of the launch of a kernel whose language this file does not tell."""

_TRITON = "triton.jit"
_INDEXED = frozenset({_TRITON, "triton.experimental.gluon.jit", "numba.cuda.jit", "cupyx.jit.rawkernel"})
"""Decorators of kernels that are given their grid in brackets."""
_CALLED = frozenset({"cupy.RawKernel", "pycuda.driver.Function"})
"""Classes of kernels that are called with grid and block."""
_PREPARED = frozenset(f"pycuda.driver.Function.prepared_{call}" for call in ("call", "async_call", "timed_call"))
_FOR_ALL, _LAUNCH = "forall", "launch"
_BOTH = frozenset({"grid", "block"})
_TUNED = frozenset({"num_warps", "num_stages", "num_ctas"})
_SIZES = re.compile(r"grid|block|threads|(?:\b|_)(?:tpb|bpg)\b|num_programs|triton\.cdiv", re.IGNORECASE)
"""In the text between the brackets: it gives a number of blocks or threads."""
_PLACES = {
    "numba.cuda.jit": ("grid", "block", "stream", "shared"),
    "cupyx.jit.rawkernel": ("grid", "block", "shared", "stream"),
    "cupy.RawKernel": ("grid", "block"),
}
"""What stands where, between the brackets or in a call of a kernel."""
_KEYWORDS = {"grid": "grid", "block": "block", "stream": "stream", "shared": "shared", "shared_mem": "shared"}


class _Launch(NamedTuple):
    """A call that starts a kernel."""

    name: str
    """The decorator or class that made the kernel."""
    kernel: ast.expr
    certain: bool
    sizes: ast.expr | None = None
    """What stands between the brackets."""


def launch(report: Report, node: ast.Call, place: Place) -> bool:
    """Report a call that starts a kernel; tell whether it is one."""
    found = _bracketed(report, node, place) if isinstance(node.func, ast.Subscript) else _called(report, node, place)
    if found is None or not report.wanted.asks(UseKind.LAUNCH, found.name):
        return False
    report.decides(found.kernel)
    args = dict(_arguments(report, node, found))
    symbol = _symbol(found.kernel, place)
    report.add(
        UseKind.LAUNCH,
        found.name,
        report.start(node),
        report.end(node),
        place,
        args=args | {"kernel": symbol or report.shown(found.kernel)},
        symbol=symbol,
        confidence=Confidence.HIGH if found.certain else Confidence.MEDIUM,
    )
    return True


def _bracketed(report: Report, node: ast.Call, place: Place) -> _Launch | None:
    """Read `kernel[grid](...)`; of a kernel that is not known, only what gives blocks or threads counts."""
    function = node.func
    if not isinstance(function, ast.Subscript):
        return None
    value = report.meaning(function.value, place.scope)
    if value is not None and _is_kernel(value, _INDEXED):
        return _Launch(value.dotted, function.value, value.certain, function.slice)
    tuned = any(keyword.arg in _TUNED for keyword in node.keywords)
    sized = isinstance(function.slice, ast.Lambda) or _SIZES.search(report.shown(function.slice)) is not None
    if not (_is_plain(report, value) and dotted_text(function.value) and (tuned or sized)):
        return None
    name = _TRITON if tuned or place.scope.find("triton") else UNKNOWN
    return _Launch(name, function.value, certain=False, sizes=function.slice)


def _called(report: Report, node: ast.Call, place: Place) -> _Launch | None:
    """Read a call that gives grid and block as arguments, or to a method of the kernel."""
    function = node.func
    value = report.meaning(function, place.scope)
    if value is not None and _is_kernel(value, _CALLED):
        return _Launch(value.dotted, function, value.certain)
    if _is_made(report, function, place):
        return _Launch(UNKNOWN, function, certain=False)
    if value is not None and value.member and value.dotted in _PREPARED:
        kernel = function.value if isinstance(function, ast.Attribute) else function
        return _Launch(value.dotted.rpartition(".")[0], kernel, value.certain)
    if isinstance(function, ast.Call) and isinstance(method := function.func, ast.Attribute):
        owner = report.meaning(method.value, place.scope) if method.attr == _FOR_ALL else None
        if owner is not None and _is_kernel(owner, _INDEXED):
            return _Launch(owner.dotted, method.value, owner.certain)
    if not {keyword.arg for keyword in node.keywords} >= _BOTH:
        return None
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Call):
        return _Launch(UNKNOWN, function.value.func, certain=False) if function.attr == _LAUNCH else None
    is_own = _is_plain(report, value) and dotted_text(function)
    return _Launch(UNKNOWN, function, certain=False) if is_own else None


def _is_kernel(value: Value, kinds: frozenset[str]) -> bool:
    return value.instance and value.dotted in kinds


def _is_plain(report: Report, value: Value | None) -> bool:
    """Tell whether a value may be a kernel of the program's own."""
    return value is None or value.own or not report.wanted.leads(value.dotted)


def _is_made(report: Report, function: ast.expr, place: Place) -> bool:
    """Tell whether a name is bound to what a function of the program's own made of a kernel's text."""
    if not report.made or not isinstance(function, ast.Name):
        return False
    where = place.scope.find(function.id)
    return where is not None and any(id(bound.expression) in report.made for bound in where.names[function.id])


def _symbol(kernel: ast.expr, place: Place) -> str:
    """Return the name that the kernel goes by: of the variable, or the one it is fetched by."""
    if name := dotted_text(kernel).rpartition(".")[2]:
        return name
    named = builds.argument(kernel, 0, "name") if isinstance(kernel, ast.Call) else None
    return builds.text_of(named, place.scope).partition("\n")[0]


def _arguments(report: Report, node: ast.Call, found: _Launch) -> Iterator[tuple[str, str]]:
    """Yield the sizes of a launch and its tuning, as source text."""
    order = _PLACES.get(found.name, ("grid",))
    if found.sizes is not None:
        several = isinstance(found.sizes, ast.Tuple) and len(order) > 1
        given = found.sizes.elts if isinstance(found.sizes, ast.Tuple) and several else [found.sizes]
    else:
        given = node.args if found.name == "cupy.RawKernel" else []
    for name, value in zip(order, given, strict=False):
        yield name, report.shown(value)
    for keyword in node.keywords:
        if keyword.arg in _TUNED or keyword.arg in _KEYWORDS:
            yield _KEYWORDS.get(keyword.arg, keyword.arg), report.shown(keyword.value)
