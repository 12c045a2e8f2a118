"""Walk a Python syntax tree, whole or reduced, and say what it uses."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from migrate.languages.python_expressions import Expressions, defaults, guarded
from migrate.languages.python_guards import is_negated, leaves, refuses
from migrate.languages.python_kernel_uses import decorated_kernel, function_kernel
from migrate.languages.python_links import builder_links
from migrate.languages.python_names import NO_EXPORTS, Binder, Definition, Scope, imported, literal_text, package_of
from migrate.languages.python_platforms import Platforms
from migrate.languages.python_report import Place, Reading, Report, Role, dotted_text
from migrate.languages.python_source import Layout, Source
from migrate.languages.python_wanted import Wanted
from migrate.model import LinkKind, UseKind

_MISSING_MODULE = frozenset(
    {"ImportError", "ModuleNotFoundError", "Exception", "BaseException", "OSError", "RuntimeError"}
)


class Reader(Expressions):
    """One walk over one tree."""

    def __init__(
        self,
        source: Source,
        wanted: Wanted,
        path: str,
        *,
        tests: bool = True,
        layout: Layout | None = None,
        exported: Mapping[str, str] = NO_EXPORTS,
    ) -> None:
        """Prepare a walk.

        Args:
            source: The file.
            wanted: What is asked for.
            path: From the root, with forward slashes.
            tests: The text holds a word of a test for a platform.
            layout: Set when the tree is reduced, to find where a function really ends.
            exported: What names of other modules of the repository stand for.
        """
        report = Report(source, wanted, guarded=tests, exported=exported)
        super().__init__(report, wanted, is_setup=path.rpartition("/")[2] == "setup.py", layout=layout)
        self._source = source
        self._package = package_of(path)
        self._binder = Binder(self._package, exported)
        self._stars: list[str] = []

    def read(self, tree: ast.Module) -> Reading:
        """Walk a module."""
        scope = self._binder.module(tree)
        self._stars = scope.stars
        for bound in (scope, *self._binder.scopes.values()):
            self._report.note_bindings(bound)
        self._body(tree.body, Place(scope))
        self._report.reading.exports = self._report.exports(scope)
        return Platforms(tree, self._source, self._report.forms).complete(self._report.finish())

    @property
    def stars(self) -> bool:
        """Tell whether a module that rules ask about was imported with a star."""
        return any(not star.startswith(".") and self._wanted.leads(star) for star in self._stars)

    # -------------------------------------------------------------------------------------------------- statements

    def _body(self, statements: Sequence[ast.stmt], place: Place) -> None:
        """Walk a block; a branch that leaves it for a target guards what follows."""
        for statement in statements:
            self._statement(statement, place)
            if isinstance(statement, ast.If):
                place = self._after(statement, place)

    def _statement(self, node: ast.stmt, place: Place) -> None:
        handler = _STATEMENTS.get(type(node))
        if handler is not None:
            handler(self, node, place)
            return
        for name, value in ast.iter_fields(node):
            if isinstance(value, ast.expr):
                self._expression(value, place)
            elif isinstance(value, list) and value and name != "names":
                if isinstance(value[0], ast.stmt):
                    self._body(value, place)
                for part in value:
                    if isinstance(part, ast.expr):
                        self._expression(part, place)

    def _if(self, node: ast.If, place: Place) -> None:
        inner = guarded(place, self._chain_targets(node, place.scope))
        self._expression(node.test, inner)
        self._body(node.body, inner)
        self._body(node.orelse, inner)

    def _chain_targets(self, node: ast.If, scope: Scope) -> frozenset[str]:
        """Return the targets that any test of an if-elif chain asks about, unless its branch only refuses them."""
        found: frozenset[str] = frozenset()
        for link in _chain(node):
            targets = self._report.targets(link.test, scope)
            if targets and not refuses(link.orelse if is_negated(link.test) else link.body):
                found |= targets
        return found

    def _after(self, node: ast.If, place: Place) -> Place:
        targets = self._chain_targets(node, place.scope)
        if not targets:
            return place
        branches = [link.body for link in _chain(node)]
        *_, last = _chain(node)
        return guarded(place, targets) if any(map(leaves, (*branches, last.orelse))) else place

    def _try(self, node: ast.Try | ast.TryStar, place: Place) -> None:
        survives = any(_survives(handler) for handler in node.handlers)
        self._body(node.body, replace(place, optional=True) if survives else place)
        for handler in node.handlers:
            if handler.type is not None:
                self._expression(handler.type, place)
            self._body(handler.body, place)
        self._body(node.orelse, place)
        self._body(node.finalbody, place)

    def _assert(self, node: ast.Assert, place: Place) -> None:
        self._expression(node.test, place)
        if node.msg is not None:
            self._expression(node.msg, place, Role(message=True))

    def _with(self, node: ast.With | ast.AsyncWith, place: Place) -> None:
        for item in node.items:
            self._expression(item.context_expr, place)
            if item.optional_vars is not None:
                self._expression(item.optional_vars, place)
        self._body(node.body, place)

    def _match(self, node: ast.Match, place: Place) -> None:
        self._expression(node.subject, place)
        for case in node.cases:
            for part in ast.walk(case.pattern):
                if isinstance(part, ast.MatchValue):
                    self._expression(part.value, place, Role(compare="=="))
                elif isinstance(part, ast.MatchClass):
                    self._expression(part.cls, place)
            if case.guard is not None:
                self._expression(case.guard, place)
            self._body(case.body, place)

    def _alone(self, node: ast.Expr, place: Place) -> None:
        if not isinstance(node.value, (ast.Constant, ast.JoinedStr)):  # a string alone is documentation
            self._expression(node.value, place)

    def _assign(self, node: ast.Assign, place: Place) -> None:
        for target in node.targets:
            self._target(target, node.value, place)
        self._expression(node.value, place, Role(key=_key(node.targets[0])))

    def _annotated(self, node: ast.AnnAssign, place: Place) -> None:
        self._target(node.target, node.value, place)
        self._expression(node.annotation, place)
        if node.value is not None:
            self._expression(node.value, place, Role(key=_key(node.target)))

    def _target(self, target: ast.expr, value: ast.expr | None, place: Place) -> None:
        if isinstance(target, ast.Subscript):
            self._item(target, place, value)
        else:
            self._expression(target, place)

    def _class(self, node: ast.ClassDef, place: Place) -> None:
        self._report.reading.links += builder_links(node)
        for decorator in node.decorator_list:
            self._decorator(decorator, place)
        for part in (*node.bases, *(keyword.value for keyword in node.keywords)):
            self._expression(part, place)
        self._body(node.body, replace(place, scope=self._binder.scopes[node], path=_join(place.path, node.name)))

    def _function(self, node: Definition, place: Place) -> None:
        kernel = next(
            (name for part in node.decorator_list if (name := decorated_kernel(self._report, part, place))), ""
        )
        for decorator in node.decorator_list:
            if not kernel or decorated_kernel(self._report, decorator, place) != kernel:
                self._decorator(decorator, place)
            elif isinstance(decorator, ast.Call):
                self._given(decorator, place)
        for parameter, default in defaults(node.args):
            self._expression(default, place, Role(key=parameter))
        for annotation in (*_annotations(node.args), node.returns):
            if annotation is not None:
                self._expression(annotation, place)
        if kernel:
            function_kernel(self._report, node, kernel, place, self._layout)
        inner = replace(place, scope=self._binder.scopes[node], path=_join(place.path, node.name), optional=False)
        self._body(node.body, inner)

    def _import(self, node: ast.Import | ast.ImportFrom, place: Place) -> None:
        own = isinstance(node, ast.ImportFrom) and node.level > 0
        seen: set[str] = set()
        args = {"optional": "true"} if place.optional else {}
        for alias, dotted in imported(node, self._package):
            if dotted:
                self._report.link(LinkKind.IMPORT, dotted, node)
            module = node.module or "" if isinstance(node, ast.ImportFrom) else dotted
            name = "" if own else self._wanted.asked_from(module, dotted)
            if name and name not in seen:
                seen.add(name)
                start, end = self._report.start(alias), self._report.end(alias)
                self._report.add(UseKind.IMPORT, name, start, end, place, args=args)

    # -------------------------------------------------------------------------------------------------- decorators

    def _decorator(self, node: ast.expr, place: Place) -> None:
        if isinstance(node, (ast.Name, ast.Attribute)):
            value = self._report.meaning(node, place.scope)
            if value is not None and not (value.own or value.instance or value.member):
                asks = self._wanted.asks
                if asks(UseKind.CALL, value.dotted) and not asks(UseKind.ATTRIBUTE, value.dotted):
                    self._report.add_name(UseKind.CALL, value, node, place)  # it is called with the function
                    return
        self._expression(node, place)


# ---------------------------------------------------------------------------------------------------------- dispatch

_STATEMENTS: dict[type[ast.stmt], Callable[[Reader, Any, Place], None]] = {
    ast.FunctionDef: Reader._function,  # noqa: SLF001 - the walk's own table
    ast.AsyncFunctionDef: Reader._function,  # noqa: SLF001
    ast.ClassDef: Reader._class,  # noqa: SLF001
    ast.Import: Reader._import,  # noqa: SLF001
    ast.ImportFrom: Reader._import,  # noqa: SLF001
    ast.If: Reader._if,  # noqa: SLF001
    ast.Try: Reader._try,  # noqa: SLF001
    ast.TryStar: Reader._try,  # noqa: SLF001
    ast.Assert: Reader._assert,  # noqa: SLF001
    ast.With: Reader._with,  # noqa: SLF001
    ast.AsyncWith: Reader._with,  # noqa: SLF001
    ast.Match: Reader._match,  # noqa: SLF001
    ast.Expr: Reader._alone,  # noqa: SLF001
    ast.Assign: Reader._assign,  # noqa: SLF001
    ast.AnnAssign: Reader._annotated,  # noqa: SLF001
    ast.Pass: lambda *_: None,
}


def _chain(node: ast.If) -> Iterator[ast.If]:
    """Yield the tests of an if-elif chain; an `if` inside `else`, which stands further right, is none of them."""
    link: ast.stmt | None = node
    while isinstance(link, ast.If) and link.col_offset == node.col_offset:
        yield link
        link = link.orelse[0] if len(link.orelse) == 1 else None


def _annotations(arguments: ast.arguments) -> Iterator[ast.expr | None]:
    every = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg)
    return (argument.annotation for argument in every if argument is not None)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _key(target: ast.expr) -> str:
    """Return the left side of an assignment as a rule sees it: a dotted name, or the literal key."""
    return literal_text(target.slice) if isinstance(target, ast.Subscript) else dotted_text(target)


def _survives(handler: ast.ExceptHandler) -> bool:
    """Tell whether a handler catches a missing module and goes on without it."""
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    names = {dotted_text(kind).rpartition(".")[2] for kind in kinds if kind is not None}
    return (handler.type is None or bool(names & _MISSING_MODULE)) and not refuses(handler.body)
