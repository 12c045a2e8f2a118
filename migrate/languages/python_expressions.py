"""Walk the expressions of a Python syntax tree and say what they use."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import zip_longest
from typing import Any

from migrate.languages.python_code import MARKS, text_value
from migrate.languages.python_dynamic import hidden_code
from migrate.languages.python_guards import OWN_WORDS, beside
from migrate.languages.python_kernel_uses import applied_kernel, string_kernel
from migrate.languages.python_launches import launch
from migrate.languages.python_links import link_call
from migrate.languages.python_names import Bound, Scope, literal_text, parameters, stands_for_name, targets_only
from migrate.languages.python_report import NO_ROLE, Place, Report, Role, dotted_text
from migrate.languages.python_source import Layout
from migrate.languages.python_strings import (
    element_of,
    environment,
    environment_call,
    is_variable,
    keyed_in,
    option_value,
    report_code,
    report_constant,
    report_string,
    searched_in,
)
from migrate.languages.python_wanted import Wanted
from migrate.model import UseKind

_COMPARISONS = {ast.Eq: "==", ast.NotEq: "!=", ast.In: "in", ast.NotIn: "in", ast.Is: "==", ast.IsNot: "!="}
_Comprehension = ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp
_CHAIN = (ast.Name, ast.Attribute)


class Expressions:
    """The part of a walk that reads expressions."""

    def __init__(self, report: Report, wanted: Wanted, *, is_setup: bool, layout: Layout | None) -> None:
        self._report = report
        self._layout = layout
        self._wanted = wanted
        self._is_setup = is_setup

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
            if not report_code(self._report, node, node.value, place, role):
                report_string(self._report, node, node.value, place, role)
        elif isinstance(node.value, bytes) and MARKS[0].encode() in node.value:
            report_code(self._report, node, text_value(node), place, role)

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
        if not report_code(self._report, node, text_value(node), place, role):
            report_string(self._report, node, "".join(parts), place, role._replace(filled=""))

    def _binary(self, node: ast.BinOp, place: Place, role: Role) -> None:
        adds = isinstance(node.op, ast.Add)
        filled = ""
        if literal_text(node.left):
            if isinstance(node.op, ast.Mod):
                filled = "%"
            elif adds and not isinstance(node.right, ast.Constant):
                filled = "+"
        joins = isinstance(node.op, ast.Div)
        self._expression(node.left, place, Role(joined=True) if joins else role._replace(filled=filled))
        self._expression(node.right, place, role if adds else Role(joined=joins))

    def _compare(self, node: ast.Compare, place: Place, role: Role) -> None:
        del role
        inner = guarded(place, self._report.targets(node, place.scope))
        name = _COMPARISONS.get(type(node.ops[0]), "")
        container = searched_in(self._report, node.comparators[0]) if name == "in" else ""
        self._expression(node.left, inner, Role(compare=name, subscript=container))
        for part in node.comparators:
            self._expression(part, inner, Role(compare=name))

    def _choice(self, node: ast.IfExp, place: Place, role: Role) -> None:
        self._report.forms.append(node)
        inner = guarded(place, self._report.targets(node.test, place.scope))
        self._expression(node.test, inner)
        self._expression(node.body, inner, role)
        self._expression(node.orelse, inner, role)

    def _either(self, node: ast.BoolOp, place: Place, role: Role) -> None:
        inner = guarded(place, self._report.targets(node, place.scope))
        for part in node.values:
            self._expression(part, inner, role)

    def _sequence(self, node: ast.List | ast.Tuple | ast.Set, place: Place, role: Role) -> None:
        element = element_of(node, role)
        for part, following in zip_longest(node.elts, node.elts[1:]):
            inner = element if isinstance(part, (ast.Constant, ast.List, ast.Tuple, ast.Set)) else ""
            self._expression(part, place, role._replace(following=option_value(following), element=inner))

    def _dict(self, node: ast.Dict, place: Place, role: Role) -> None:
        del role
        self._report.forms.append(node)
        for key, value in zip(node.keys, node.values, strict=True):
            literal = literal_text(key)
            if key is not None and literal and self._wanted.names_variable(literal):
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
        if literal and is_variable(self._report, literal, dotted_text(node.value)):
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
        for parameter, default in defaults(node.args):
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
        loads = isinstance(node.ctx, ast.Load)
        if isinstance(node, ast.Name) and not loads:
            return
        if role.call and (device := self._report.device(node, place.scope)):
            report_constant(self._report, node, device, place, role)
            return
        value = self._report.meaning(node, place.scope)
        named = value is not None and self._report.named(node, value, place)
        if isinstance(node, ast.Attribute):
            if not named and loads:  # what is assigned to an unknown value is that value's own
                self._report.of_unknown(node, place, role=role)
            self._start_of(node, place)

    def _start_of(self, node: ast.expr, place: Place) -> None:
        """Look at the inner attributes of a chain, and walk what it starts from when that is more than a name."""
        while isinstance(node, ast.Attribute):
            node = node.value
            if isinstance(node, ast.Attribute):
                self._report.of_unknown(node, place)
        if not isinstance(node, ast.Name):
            self._expression(node, place)

    def _call(self, node: ast.Call, place: Place, role: Role) -> None:
        function = node.func
        if isinstance(function, ast.Attribute) and function.attr == "format" and literal_text(function.value):
            self._expression(function.value, place, role._replace(filled="format"))
        elif self._asks_for_attribute(node, place):
            return
        elif environment_call(self._report, node, place):
            self._start_of(function, place)
            for argument in node.args[1:]:
                self._expression(argument, place)
            return
        else:
            self._called(node, place)
        self._given(node, place)

    def _asks_for_attribute(self, node: ast.Call, place: Place) -> bool:
        """Report `hasattr(torch, "cuda")` as the attribute that it asks for; tell whether it is one."""
        if getattr(node.func, "id", "") != "hasattr" or not node.args or not isinstance(node.args[0], _CHAIN):
            return False
        owner, name = self._report.meaning(node.args[0], place.scope), literal_text(node.args[-1])
        if owner is None or owner.own or owner.instance or owner.member or not name:
            return False
        value = owner._replace(dotted=f"{owner.dotted}.{name}")
        if not self._wanted.asks(UseKind.ATTRIBUTE, value.dotted):
            return False
        self._report.decides(node.args[0])
        self._report.add_name(UseKind.ATTRIBUTE, value, node.args[0], place)
        return True

    def _called(self, node: ast.Call, place: Place) -> None:
        function = node.func
        value = self._report.meaning(function, place.scope)
        link_call(self._report, node, value, place, is_setup=self._is_setup)
        hidden_code(self._report, node, place, is_setup=self._is_setup)
        applied_kernel(self._report, node, place, self._layout)
        if not isinstance(function, (ast.Name, ast.Attribute)):
            launch(self._report, node, place)
            self._expression(function, place)
            return
        reported = launch(self._report, node, place)
        reported = reported or (value is not None and string_kernel(self._report, node, value, place))
        reported = reported or (value is not None and self._report.named(function, value, place, node))
        if isinstance(function, ast.Attribute):
            if not reported:
                self._report.of_unknown(function, place, node)
            self._start_of(function, place)

    def _given(self, node: ast.Call, place: Place) -> None:
        value = self._report.meaning(node, place.scope) if stands_for_name(node) else None
        named = value is not None and not value.instance and self._wanted.leads(value.dotted)
        for position, argument in enumerate(node.args):
            if not (named and literal_text(argument)):  # the part of a name that `getattr` is given
                self._expression(argument, place, Role(call=node, parameter=str(position)))
        others = beside(keyword.arg or "" for keyword in node.keywords)
        for keyword in node.keywords:
            if others and keyword.arg in OWN_WORDS:
                self._branch(keyword, guarded(place, others), node)
                continue
            if keyword.arg and keyword.arg.isupper() and self._wanted.names_variable(keyword.arg):
                environment(self._report, keyword.arg, keyword, keyword.value, place)
            self._expression(keyword.value, place, Role(call=node, parameter=keyword.arg or "**"))

    def _branch(self, keyword: ast.keyword, place: Place, call: ast.Call) -> None:
        """Report what a call is given for CUDA beside what it is given for other platforms."""
        name = keyword.arg or ""
        if self._wanted.asks(UseKind.STRING, name):
            start = self._report.start(keyword)
            args = {"callee": self._report.callee(call, place), "parameter": name}
            self._report.add(UseKind.STRING, name, start, start + len(name), place, args=args)
        self._expression(keyword.value, place, Role(call=call, parameter=name))


_EXPRESSIONS: dict[type[ast.expr], Callable[[Expressions, Any, Place, Role], None]] = {
    ast.Constant: Expressions._constant,  # noqa: SLF001
    ast.Name: Expressions._reference,  # noqa: SLF001
    ast.Attribute: Expressions._reference,  # noqa: SLF001
    ast.Call: Expressions._call,  # noqa: SLF001
    ast.JoinedStr: Expressions._joined,  # noqa: SLF001
    ast.BinOp: Expressions._binary,  # noqa: SLF001
    ast.Compare: Expressions._compare,  # noqa: SLF001
    ast.IfExp: Expressions._choice,  # noqa: SLF001
    ast.BoolOp: Expressions._either,  # noqa: SLF001
    ast.List: Expressions._sequence,  # noqa: SLF001
    ast.Tuple: Expressions._sequence,  # noqa: SLF001
    ast.Set: Expressions._sequence,  # noqa: SLF001
    ast.Dict: Expressions._dict,  # noqa: SLF001
    ast.Subscript: Expressions._subscript,  # noqa: SLF001
    ast.NamedExpr: Expressions._walrus,  # noqa: SLF001
    ast.Lambda: Expressions._lambda,  # noqa: SLF001
    ast.ListComp: Expressions._comprehension,  # noqa: SLF001
    ast.SetComp: Expressions._comprehension,  # noqa: SLF001
    ast.GeneratorExp: Expressions._comprehension,  # noqa: SLF001
    ast.DictComp: Expressions._comprehension,  # noqa: SLF001
}


def guarded(place: Place, targets: frozenset[str]) -> Place:
    """Return a place with more targets that have a branch of their own."""
    return replace(place, guards=place.guards | targets) if targets else place


def defaults(arguments: ast.arguments) -> Iterator[tuple[str, ast.expr]]:
    """Yield the parameters that have a default, with it."""
    positional = [*arguments.posonlyargs, *arguments.args]
    with_default = positional[len(positional) - len(arguments.defaults) :]
    for argument, default in zip(with_default, arguments.defaults, strict=True):
        yield argument.arg, default
    for argument, given in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if given is not None:
            yield argument.arg, given
