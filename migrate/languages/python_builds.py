"""Build scripts in Python: extensions and their sources, compiler options, required packages."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from migrate.languages.python_names import Scope

EXTENSIONS = frozenset(
    {"CUDAExtension", "CppExtension", "SyclExtension", "Extension", "CMakeExtension", "Pybind11Extension"}
)
"""Last parts of the names of classes that describe an extension: name, then sources."""

LOADERS = frozenset({"torch.utils.cpp_extension.load", "torch.utils.cpp_extension.load_inline"})

REQUIREMENTS = ("install_requires", "setup_requires", "tests_require")
"""Keywords of `setup` that list required packages; `extras_require` maps extras to such lists."""

_CUDA_TAG = re.compile(r"[.+_-](cu\d{2,3})\b")
_FLAG = re.compile(r"-{1,2}[A-Za-z][A-Za-z0-9_+-]*")
_DEFINITION = re.compile(r"-[DU]([A-Za-z_]\w*)(?::[A-Z]+)?(?:=(.*))?\Z", re.ASCII | re.DOTALL)
_MOST_STEPS = 2000


class Literal(NamedTuple):
    """A string in a list, and its node."""

    value: str
    node: ast.expr


class Required(NamedTuple):
    """A required package."""

    name: str
    args: dict[str, str]
    node: ast.expr


def literals(node: ast.expr | None, scope: Scope) -> Iterator[Literal]:
    """Yield the strings an expression may hold: lists, concatenations, names assigned in the file, joined paths."""
    work: list[ast.expr] = [node] if node is not None else []
    seen: set[int] = set()
    while work and len(seen) < _MOST_STEPS:
        part = work.pop(0)
        if id(part) in seen:
            continue
        seen.add(id(part))
        if isinstance(part, ast.Constant):
            if isinstance(part.value, str):
                yield Literal(part.value, part)
        elif isinstance(part, (ast.List, ast.Tuple, ast.Set)):
            work[:0] = part.elts
        elif isinstance(part, ast.BinOp):
            if isinstance(part.op, ast.Div):
                yield from _joined([part.left, part.right], part)
            else:
                work[:0] = [part.left, part.right]
        elif isinstance(part, ast.IfExp):
            work[:0] = [part.body, part.orelse]
        elif isinstance(part, ast.Starred):
            work.insert(0, part.value)
        elif isinstance(part, (ast.ListComp, ast.GeneratorExp)):
            work[:0] = [part.elt, *(generator.iter for generator in part.generators)]
        elif isinstance(part, ast.Call):
            yield from _joined(part.args, part) if _is_join(part) else ()
            work[:0] = [] if _is_join(part) else part.args
        elif isinstance(part, ast.Name) and (found := scope.find(part.id)):
            bound_to = (bound.expression or bound.part for bound in found.names[part.id])
            work[:0] = [expression for expression in bound_to if expression is not None]


def _is_join(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    of_string = isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Constant)
    return (name in ("join", "joinpath") and not of_string) or name == "Path"


def _joined(parts: list[ast.expr], node: ast.expr) -> Iterator[Literal]:
    """Join the literal tail of a path; what stands before it is the folder of the build script."""
    flat: list[ast.expr] = []
    for part in parts:
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Div):
            flat += [part.left, part.right]
        else:
            flat.append(part)
    tail: list[str] = []
    for part in reversed(flat):
        if not (isinstance(part, ast.Constant) and isinstance(part.value, str)):
            break
        tail.insert(0, part.value.strip("/"))
    if tail:
        yield Literal("/".join(tail), node)


def argument(call: ast.Call, position: int, keyword: str) -> ast.expr | None:
    """Return the argument given at a position or by a keyword."""
    for given in call.keywords:
        if keyword and given.arg == keyword:
            return given.value
    if 0 <= position < len(call.args) and not any(isinstance(arg, ast.Starred) for arg in call.args[: position + 1]):
        return call.args[position]
    return None


def text_of(node: ast.expr | None, scope: Scope) -> str:
    """Return the literal text of an argument, its lines joined when several strings make it up."""
    return "\n".join(literal.value for literal in literals(node, scope))


def requirements(call: ast.Call, scope: Scope) -> Iterator[Required]:
    """Yield the packages that a call of `setup` requires."""
    for keyword in REQUIREMENTS:
        for literal in literals(argument(call, -1, keyword), scope):
            yield from _requirement(literal, "")
    extras = argument(call, -1, "extras_require")
    if isinstance(extras, ast.Name) and (found := scope.find(extras.id)):
        extras = next((b.expression for b in found.names[extras.id] if isinstance(b.expression, ast.Dict)), None)
    if isinstance(extras, ast.Dict):
        for key, value in zip(extras.keys, extras.values, strict=True):
            extra = key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else ""
            for literal in literals(value, scope):
                yield from _requirement(literal, extra)


def _requirement(literal: Literal, extra: str) -> Iterator[Required]:
    try:
        requirement = Requirement(literal.value)
    except InvalidRequirement:
        return
    args: dict[str, str] = {}
    if str(requirement.specifier):
        args["version"] = str(requirement.specifier)
    if extra:
        args["extra"] = extra
    if tag := _CUDA_TAG.search(literal.value):
        args["tag"] = tag[1]
    elif tag := re.search(r"(?:cuda|cu)(\d{2})x?\b", requirement.name):
        args["tag"] = f"cu{tag[1]}"
    yield Required(canonicalize_name(requirement.name), args, literal.node)


def flag(value: str) -> tuple[str, dict[str, str]] | None:
    """Split a compiler option into its name and its value: `-arch=sm_80`, `--use_fast_math`, `-gencode arch=...`.

    A definition's name is that of the macro or variable: `-DUSE_CUDA=1` gives `USE_CUDA`.
    """
    if defined := _DEFINITION.match(value):
        return defined[1], {"value": defined[2]} if defined[2] else {}
    found = _FLAG.match(value)
    if found is None:
        return None
    rest = value[found.end() :]
    if rest and rest[0] not in "= ":
        return None
    return found[0], {"value": rest[1:].strip()} if rest else {}
