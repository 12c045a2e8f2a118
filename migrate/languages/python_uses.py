"""Walk a Python syntax tree, whole or reduced, and say what it uses."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Any

from migrate.languages.python_guards import is_negated, leaves, refuses
from migrate.languages.python_kernel_uses import Definition, decorated_kernel, function_kernel, string_kernel
from migrate.languages.python_links import link_call
from migrate.languages.python_names import Binder, Bound, Scope, imported, package_of, parameters, targets_only
from migrate.languages.python_report import NO_ROLE, Place, Reading, Report, Role, dotted_text, literal_text
from migrate.languages.python_source import Layout, Source
from migrate.languages.python_strings import (
    element_of,
    environment,
    environment_call,
    keyed_in,
    option_value,
    report_string,
    searched_in,
)
from migrate.languages.python_wanted import Wanted
from migrate.model import LinkKind, UseKind

_MISSING_MODULE = frozenset(
    {"ImportError", "ModuleNotFoundError", "Exception", "BaseException", "OSError", "RuntimeError"}
)
_COMPARISONS = {ast.Eq: "==", ast.NotEq: "!=", ast.In: "in", ast.NotIn: "in", ast.Is: "==", ast.IsNot: "!="}

_Comprehension = ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp


class Reader:
    """One walk over one tree."""

    def __init__(
        self, source: Source, wanted: Wanted, path: str, *, guarded: bool = True, layout: Layout | None = None
    ) -> None:
        """Prepare a walk.

        Args:
            source: The file.
            wanted: What is asked for.
            path: From the root, with forward slashes.
            guarded: The text holds a word of a test for a platform.
            layout: Set when the tree is reduced, to find where a function really ends.
        """
        self._source = source
        self._wanted = wanted
        self._layout = layout
        self._package = package_of(path)
        self._is_setup = path.rpartition("/")[2] == "setup.py"
        self._binder = Binder(self._package)
        self._report = Report(source, wanted, guarded=guarded)
        self._stars: list[str] = []

    def read(self, tree: ast.Module) -> Reading:
        """Walk a module."""
        scope = self._binder.module(tree)
        self._stars = scope.stars
        for bound in (scope, *self._binder.scopes.values()):
            self._report.note_bindings(bound)
        self._body(tree.body, Place(scope))
        return self._report.reading

    @property
    def stars(self) -> bool:
        """Tell whether a module that rules ask about was imported with a star."""
        return any(self._wanted.leads(star) for star in self._stars)

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
        guarded = _guarded(place, self._chain_targets(node, place.scope))
        self._expression(node.test, guarded)
        self._body(node.body, guarded)
        self._body(node.orelse, guarded)

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
        return _guarded(place, targets) if any(map(leaves, (*branches, last.orelse))) else place

    def _try(self, node: ast.Try | ast.TryStar, place: Place) -> None:
        survives = any(_survives(handler) for handler in node.handlers)
        self._body(node.body, replace(place, optional=True) if survives else place)
        for handler in node.handlers:
            if handler.type is not None:
                self._expression(handler.type, place)
            self._body(handler.body, place)
        self._body(node.orelse, place)
        self._body(node.finalbody, place)

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
        for parameter, default in _defaults(node.args):
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

    # ------------------------------------------------------------------------------------------------- expressions

    def _expression(self, node: ast.expr, place: Place, role: Role = NO_ROLE) -> None:
        handler = _EXPRESSIONS.get(type(node))
        if handler is not None:
            handler(self, node, place, role)
            return
        for part in ast.iter_child_nodes(node):
            if isinstance(part, ast.expr):
                self._expression(part, place)

    def _constant(self, node: ast.Constant, place: Place, role: Role) -> None:
        if isinstance(node.value, str):
            report_string(self._report, node, node.value, place, role)

    def _joined(self, node: ast.JoinedStr, place: Place, role: Role) -> None:
        parts: list[str] = []
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                parts.append("*")
                self._expression(part.value, place)
                if part.format_spec is not None:
                    self._expression(part.format_spec, place)
            else:
                parts.append(literal_text(part))
        report_string(self._report, node, "".join(parts), place, role._replace(filled=""))

    def _binary(self, node: ast.BinOp, place: Place, role: Role) -> None:
        adds = isinstance(node.op, ast.Add)
        filled = ""
        if literal_text(node.left):
            if isinstance(node.op, ast.Mod):
                filled = "%"
            elif adds and not isinstance(node.right, ast.Constant):
                filled = "+"
        self._expression(node.left, place, role._replace(filled=filled))
        self._expression(node.right, place, role if adds else NO_ROLE)

    def _compare(self, node: ast.Compare, place: Place, role: Role) -> None:
        del role
        guarded = _guarded(place, self._report.targets(node, place.scope))
        name = _COMPARISONS.get(type(node.ops[0]), "")
        container = searched_in(self._report, node.comparators[0]) if name == "in" else ""
        self._expression(node.left, guarded, Role(compare=name, subscript=container))
        for part in node.comparators:
            self._expression(part, guarded, Role(compare=name))

    def _choice(self, node: ast.IfExp, place: Place, role: Role) -> None:
        guarded = _guarded(place, self._report.targets(node.test, place.scope))
        self._expression(node.test, guarded)
        self._expression(node.body, guarded, role)
        self._expression(node.orelse, guarded, role)

    def _either(self, node: ast.BoolOp, place: Place, role: Role) -> None:
        guarded = _guarded(place, self._report.targets(node, place.scope))
        for part in node.values:
            self._expression(part, guarded, role)

    def _sequence(self, node: ast.List | ast.Tuple | ast.Set, place: Place, role: Role) -> None:
        element = element_of(node, role)
        for part, following in zip_longest(node.elts, node.elts[1:]):
            inner = element if isinstance(part, (ast.Constant, ast.List, ast.Tuple, ast.Set)) else ""
            self._expression(part, place, role._replace(following=option_value(following), element=inner))

    def _dict(self, node: ast.Dict, place: Place, role: Role) -> None:
        del role
        for key, value in zip(node.keys, node.values, strict=True):
            literal = literal_text(key)
            if key is not None and literal and self._wanted.asks(UseKind.ENV, literal):
                environment(self._report, literal, key, value, place)
            elif key is not None:
                self._expression(key, place)
            self._expression(value, place, Role(key=literal))

    def _subscript(self, node: ast.Subscript, place: Place, role: Role) -> None:
        del role
        self._item(node, place, None)

    def _item(self, node: ast.Subscript, place: Place, value: ast.expr | None) -> None:
        self._expression(node.value, place)
        literal = literal_text(node.slice)
        if literal and self._wanted.asks(UseKind.ENV, literal):
            environment(self._report, literal, node, value, place)
        else:
            is_text = isinstance(node.slice, (ast.Constant, ast.JoinedStr))
            self._expression(
                node.slice, place, Role(subscript=keyed_in(self._report, node.value)) if is_text else NO_ROLE
            )

    def _walrus(self, node: ast.NamedExpr, place: Place, role: Role) -> None:
        del role
        place.scope.bind(node.target.id, Bound(expression=node.value))
        self._expression(node.value, place, Role(key=node.target.id))

    def _lambda(self, node: ast.Lambda, place: Place, role: Role) -> None:
        del role
        inner = Scope(place.scope)
        parameters(node.args, inner)
        for parameter, default in _defaults(node.args):
            self._expression(default, place, Role(key=parameter))
        self._expression(node.body, replace(place, scope=inner))

    def _comprehension(self, node: _Comprehension, place: Place, role: Role) -> None:
        inner = replace(place, scope=Scope(place.scope))
        for generator in node.generators:
            targets_only(generator.target, inner.scope)
            for part in (generator.iter, *generator.ifs):
                self._expression(part, inner)
        if isinstance(node, ast.DictComp):
            self._expression(node.key, inner)
            self._expression(node.value, inner)
        else:
            self._expression(node.elt, inner, role)

    # ------------------------------------------------------------------------------------------------- names, calls

    def _reference(self, node: ast.Name | ast.Attribute, place: Place, role: Role) -> None:
        del role
        loads = isinstance(node.ctx, ast.Load)
        if isinstance(node, ast.Name) and not loads:
            return
        value = self._report.meaning(node, place.scope)
        named = value is not None and self._report.named(node, value, place)
        if isinstance(node, ast.Attribute):
            if not named and loads:  # what is assigned to an unknown value is that value's own
                self._report.of_unknown(node, place)
            self._start_of(node, place)

    def _start_of(self, node: ast.expr, place: Place) -> None:
        """Walk what a chain of attributes starts from, when it is more than a name."""
        while isinstance(node, ast.Attribute):
            node = node.value
        if not isinstance(node, ast.Name):
            self._expression(node, place)

    def _call(self, node: ast.Call, place: Place, role: Role) -> None:
        function = node.func
        if isinstance(function, ast.Attribute) and function.attr == "format" and literal_text(function.value):
            self._expression(function.value, place, role._replace(filled="format"))
        elif environment_call(self._report, node, place):
            self._start_of(function, place)
            for argument in node.args[1:]:
                self._expression(argument, place)
            return
        else:
            self._called(node, place)
        self._given(node, place)

    def _called(self, node: ast.Call, place: Place) -> None:
        function = node.func
        value = self._report.meaning(function, place.scope)
        link_call(self._report, node, value, place, is_setup=self._is_setup)
        if not isinstance(function, (ast.Name, ast.Attribute)):
            self._expression(function, place)
            return
        reported = value is not None and not value.own and string_kernel(self._report, node, value, place)
        reported = reported or (value is not None and self._report.named(function, value, place, node))
        if isinstance(function, ast.Attribute):
            if not reported:
                self._report.of_unknown(function, place, node)
            self._start_of(function, place)

    def _given(self, node: ast.Call, place: Place) -> None:
        value = self._report.meaning(node, place.scope)
        named = value is not None and not value.instance and self._wanted.leads(value.dotted)
        for position, argument in enumerate(node.args):
            if not (named and literal_text(argument)):  # the part of a name that `getattr` is given
                self._expression(argument, place, Role(call=node, parameter=str(position)))
        for keyword in node.keywords:
            self._expression(keyword.value, place, Role(call=node, parameter=keyword.arg or "**"))


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
    ast.With: Reader._with,  # noqa: SLF001
    ast.AsyncWith: Reader._with,  # noqa: SLF001
    ast.Match: Reader._match,  # noqa: SLF001
    ast.Expr: Reader._alone,  # noqa: SLF001
    ast.Assign: Reader._assign,  # noqa: SLF001
    ast.AnnAssign: Reader._annotated,  # noqa: SLF001
    ast.Pass: lambda *_: None,
}
_EXPRESSIONS: dict[type[ast.expr], Callable[[Reader, Any, Place, Role], None]] = {
    ast.Constant: Reader._constant,  # noqa: SLF001
    ast.Name: Reader._reference,  # noqa: SLF001
    ast.Attribute: Reader._reference,  # noqa: SLF001
    ast.Call: Reader._call,  # noqa: SLF001
    ast.JoinedStr: Reader._joined,  # noqa: SLF001
    ast.BinOp: Reader._binary,  # noqa: SLF001
    ast.Compare: Reader._compare,  # noqa: SLF001
    ast.IfExp: Reader._choice,  # noqa: SLF001
    ast.BoolOp: Reader._either,  # noqa: SLF001
    ast.List: Reader._sequence,  # noqa: SLF001
    ast.Tuple: Reader._sequence,  # noqa: SLF001
    ast.Set: Reader._sequence,  # noqa: SLF001
    ast.Dict: Reader._dict,  # noqa: SLF001
    ast.Subscript: Reader._subscript,  # noqa: SLF001
    ast.NamedExpr: Reader._walrus,  # noqa: SLF001
    ast.Lambda: Reader._lambda,  # noqa: SLF001
    ast.ListComp: Reader._comprehension,  # noqa: SLF001
    ast.SetComp: Reader._comprehension,  # noqa: SLF001
    ast.GeneratorExp: Reader._comprehension,  # noqa: SLF001
    ast.DictComp: Reader._comprehension,  # noqa: SLF001
}


def _guarded(place: Place, targets: frozenset[str]) -> Place:
    return replace(place, guards=place.guards | targets) if targets else place


def _chain(node: ast.If) -> Iterator[ast.If]:
    """Yield the tests of an if-elif chain; an `if` inside `else`, which stands further right, is none of them."""
    link: ast.stmt | None = node
    while isinstance(link, ast.If) and link.col_offset == node.col_offset:
        yield link
        link = link.orelse[0] if len(link.orelse) == 1 else None


def _defaults(arguments: ast.arguments) -> Iterator[tuple[str, ast.expr]]:
    positional = [*arguments.posonlyargs, *arguments.args]
    with_default = positional[len(positional) - len(arguments.defaults) :]
    for argument, default in zip(with_default, arguments.defaults, strict=True):
        yield argument.arg, default
    for argument, given in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if given is not None:
            yield argument.arg, given


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
