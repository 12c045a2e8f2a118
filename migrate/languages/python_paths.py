"""What strings an expression of a build script may come to: names and paths, as globs where a part is not known.

Nothing is executed: names mean all that their scope binds them to, lists and joined paths are put together, and what
only the running script knows (a loop's variable, a function's result) becomes `*`.
"""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Sequence
from typing import NamedTuple

from migrate.languages.python_names import Scope

ANY = "*"
_MOST_STEPS = 2_000
_MOST_TEXTS = 500
"""Strings that one expression may come to; build scripts list a few hundred sources at most (judgement)."""
_LONGEST = 400
_JOINS = frozenset({"join", "joinpath", "Path", "PurePath", "PosixPath"})
_GLOBS = frozenset({"glob", "iglob", "rglob"})
_FOLDERS = frozenset({"dirname", "getcwd", "cwd", "getcwdu"})
_SAME = frozenset(
    {"str", "sorted", "list", "set", "tuple", "abspath", "normpath", "realpath", "relpath", "fspath"}
    | {"resolve", "absolute", "as_posix", "strip", "map", "filter", "chain", "extend", "fix_path", "fix_paths"}
)
"""Functions and methods whose result names the same files as what they are given."""
_HOLE = re.compile(r"%[-\d.]*[sdr]|\{[^{}]{0,80}\}")


class Text(NamedTuple):
    """A string that an expression may come to, and the node that gives it."""

    value: str
    node: ast.expr


class _Texts(NamedTuple):
    texts: Sequence[Text]
    several: bool = False
    """It is a list, so that `+` appends to it instead of to each of its strings."""


def texts(node: ast.expr | None, scope: Scope) -> list[Text]:
    """Return the strings that an expression may come to, each once, in the order they are written in."""
    if node is None:
        return []
    found: dict[str, Text] = {}
    for text in _Evaluation(scope).of(node, {}).texts:
        found.setdefault(text.value, text)
    return list(found.values())


class _Evaluation:
    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._steps = 0
        self._names: set[str] = set()
        """Names being looked at, so that one which is bound to itself ends."""

    def of(self, node: ast.expr, env: dict[str, _Texts]) -> _Texts:
        """Evaluate an expression; the environment holds what a comprehension binds."""
        self._steps += 1
        if self._steps > _MOST_STEPS:
            return _Texts([])
        found = self._of(node, env)
        return found._replace(texts=found.texts[:_MOST_TEXTS])

    def _of(self, node: ast.expr, env: dict[str, _Texts]) -> _Texts:
        match node:
            case ast.Constant(value=str(value)):
                return _Texts([Text(value, node)])
            case ast.JoinedStr(values=values):
                return self._product([self.of(part, env) for part in values], node)
            case ast.FormattedValue(value=value):
                return self.of(value, env)
            case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
                return self._union(parts, env, several=True)
            case ast.Starred(value=value) | ast.Await(value=value) | ast.NamedExpr(value=value):
                return self.of(value, env)
            case ast.IfExp(body=body, orelse=other):
                return self._union([body, other], env)
            case ast.BoolOp(values=values):
                return self._union(values, env)
            case ast.BinOp():
                return self._operation(node, env)
            case ast.ListComp() | ast.GeneratorExp() | ast.SetComp():
                return self._comprehension(node, env)
            case ast.Call():
                return self._call(node, env)
            case ast.Name(id=name):
                return env[name] if name in env else self._name(node, env)
            case ast.Attribute(attr="parent" | "parents"):
                return _Texts([Text("", node)])
            case _:
                return _unknown(node)

    def _union(self, nodes: Sequence[ast.expr], env: dict[str, _Texts], *, several: bool = False) -> _Texts:
        parts = [self.of(node, env) for node in nodes]
        return _Texts([text for part in parts for text in part.texts], several or any(p.several for p in parts))

    def _name(self, node: ast.Name, env: dict[str, _Texts]) -> _Texts:
        where = self._scope.find(node.id)
        if where is None or node.id in self._names:
            return _unknown(node)
        self._names.add(node.id)
        bound = [value for each in where.names[node.id] if (value := each.expression or each.part) is not None]
        found = self._union(bound, env)
        self._names.discard(node.id)
        return found if bound else _unknown(node)

    def _operation(self, node: ast.BinOp, env: dict[str, _Texts]) -> _Texts:
        left = self.of(node.left, env)
        if isinstance(node.op, ast.Mod):
            return _Texts([Text(_HOLE.sub(ANY, text.value), node) for text in left.texts])
        right = self.of(node.right, env)
        if isinstance(node.op, ast.Div):
            return self._product([left, right], node, between="/")
        if left.several or right.several:
            return _Texts([*left.texts, *right.texts], several=True)
        return self._product([left, right], node)

    def _comprehension(self, node: ast.ListComp | ast.GeneratorExp | ast.SetComp, env: dict[str, _Texts]) -> _Texts:
        inner = dict(env)
        for generator in node.generators:
            if isinstance(generator.target, ast.Name):
                inner[generator.target.id] = self.of(generator.iter, inner)._replace(several=False)
        return _Texts(self.of(node.elt, inner).texts, several=True)

    def _call(self, node: ast.Call, env: dict[str, _Texts]) -> _Texts:
        function = node.func
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        owner = function.value if isinstance(function, ast.Attribute) else None
        of_text = isinstance(owner, ast.Constant)
        if name in _JOINS and not of_text:
            parts = [*([owner] if name == "joinpath" and owner else []), *node.args]
            return self._product([self.of(part, env) for part in parts], node, between="/")
        if name in _GLOBS:
            folder = [self.of(owner, env)] if owner is not None and not _is_module(owner, "glob") else []
            return self._product(
                [*folder, *(self.of(part, env) for part in node.args[:1])], node, between="/", several=True
            )
        if name in _FOLDERS:
            return _Texts([Text("", node)])
        if name == "format" and owner is not None:
            return _Texts([Text(_HOLE.sub(ANY, text.value), node) for text in self.of(owner, env).texts])
        if name in _SAME:
            given = [*node.args, *([owner] if owner is not None and not node.args else [])]
            return self._union(given, env, several=name in ("sorted", "list", "set", "tuple", "map", "filter"))
        found = self._union(node.args, env)
        return found if found.several else _unknown(node)

    def _product(self, parts: Sequence[_Texts], node: ast.expr, *, between: str = "", several: bool = False) -> _Texts:
        """Join all combinations; the folder of the build script, and one that is not known, stand for nothing."""
        values = [""]
        for part in parts:
            choices = dict.fromkeys(text.value for text in part.texts) or {ANY: None}
            pairs = itertools.islice(itertools.product(values, choices), _MOST_TEXTS)
            values = [_joined(value, choice, between)[:_LONGEST] for value, choice in pairs]
        return _Texts([Text(value, node) for value in values], several)


def _joined(before: str, after: str, between: str) -> str:
    if between and (before in ("", ANY) or after.startswith("/")):
        return after
    return f"{before}{between}{after}"


def _is_module(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _unknown(node: ast.expr) -> _Texts:
    return _Texts([Text(ANY, node)])
