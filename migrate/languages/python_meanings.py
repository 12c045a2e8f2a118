"""What expressions of a Python file stand for: names followed through imports, assignments, attributes and calls."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from migrate.languages.python_guards import test_targets
from migrate.languages.python_kernels import DECORATORS
from migrate.languages.python_names import (
    FACTORIES,
    NO_EXPORTS,
    Definition,
    Scope,
    Value,
    called_name,
    exported_as,
    imported_by_call,
    literal_text,
    own_attribute,
)

_DEEPEST = 12
"""Assignments followed from name to name; more are not the aliases one means to find."""


class Meanings:
    """Resolves expressions to canonical names."""

    def __init__(self, roots: frozenset[str], exported: Mapping[str, str] = NO_EXPORTS) -> None:
        self._roots = roots
        self._exported = exported
        self._depth = 0

    def name(self, name: str, scope: Scope) -> Value | None:
        """Return what a name stands for, None when that is not known."""
        where = scope.find(name)
        if where is None:
            return Value(name, certain=False) if name in self._roots else None
        return self._known(name, where)

    def _known(self, name: str, where: Scope) -> Value | None:
        if name not in where.values:
            where.values[name] = None  # what a name is bound to may hold the name itself
            where.values[name] = self._bound(where, name)
        return where.values[name]

    def of(self, node: ast.expr, scope: Scope) -> Value | None:
        """Return what an expression stands for, None when that is not known."""
        if isinstance(node, ast.Name):
            return self.name(node.id, scope)
        if isinstance(node, ast.Attribute):
            if (held := own_attribute(node)) and (where := scope.owner()) is not None and held in where.names:
                return self._known(held, where)
            owner = self.of(node.value, scope)
            if owner is None or owner.member:
                return None
            if self._exported and (bound := exported_as(self._exported.get(f"{owner.dotted}.{node.attr}", ""))):
                return bound.value
            return Value(
                f"{owner.dotted}.{node.attr}",
                member=owner.instance,
                certain=owner.certain,
                own=owner.own,
                assigned=owner.assigned,
            )
        if isinstance(node, ast.Call):
            return self._call(node, scope)
        if isinstance(node, ast.Subscript):
            return _loaded(node.value, node.slice)
        return None

    def constant(self, node: ast.expr, scope: Scope) -> str:
        """Return the string that a constant of a module stands for, empty when there is none.

        In the module itself only names written as constants count: `x.to(device)` moves with the line above it.
        """
        if isinstance(node, ast.Name):
            if not (self._exported or node.id.isupper()):
                return ""
            where = scope.find(node.id)
            if where is None or not (node.id.isupper() or where.names[node.id][0].imported):
                return ""
            return where.constant(node.id)
        if isinstance(node, ast.Attribute) and self._exported and (owner := self.of(node.value, scope)):
            bound = exported_as(self._exported.get(f"{owner.dotted}.{node.attr}", ""))
            return literal_text(bound.expression if bound else None)
        return ""

    def _bound(self, where: Scope, name: str) -> Value | None:
        if self._depth > _DEEPEST:
            return None
        self._depth += 1
        values: list[Value] = []
        others = 0
        for bound in where.names[name]:
            value = bound.value
            if value is None and bound.expression is not None:
                found = self.of(bound.expression, bound.within or where)
                value = found and found._replace(assigned=True)
            elif bound.definition is not None:
                value = self._decorated(bound.definition, where)
            if value is not None and (not values or value.dotted != values[0].dotted):
                values.append(value)
            elif value is None and not bound.harmless:
                others += 1
        self._depth -= 1
        if not values:
            is_import = name in self._roots and any(
                _imports(bound.expression) or _imports(bound.whole) for bound in where.names[name]
            )
            return Value(name, certain=False) if is_import else None
        best = next((value for value in values if value.dotted.partition(".")[0] in self._roots), values[0])
        return best._replace(certain=best.certain and len(values) == 1 and not others)

    def _call(self, node: ast.Call, scope: Scope) -> Value | None:
        if module := imported_by_call(node):
            return Value(module, module=True)
        function = node.func
        if isinstance(function, ast.Attribute) and function.attr == "get" and node.args:
            return _loaded(function.value, node.args[0])
        if isinstance(function, ast.Name) and function.id == "getattr" and not scope.find("getattr"):
            return self._attribute_by_name(node, scope)
        made = self.of(function, scope)
        if made is None:
            return None
        if made.dotted in FACTORIES and not made.instance:
            return made._replace(dotted=FACTORIES[made.dotted], instance=True, member=False)
        if made.dotted in DECORATORS and not made.member:
            is_applied = isinstance(function, ast.Call) or not made.instance
            return made._replace(instance=True, module=False) if is_applied else None
        if made.instance or made.member:
            return None
        if made.dotted.rpartition(".")[2][:1].isupper():
            return made._replace(instance=True, module=False)
        return None

    def _decorated(self, definition: Definition, where: Scope) -> Value | None:
        """Return what a function is after a decorator made it a kernel: an instance of what the decorator makes."""
        for decorator in definition.decorator_list:
            value = self.of(decorator.func if isinstance(decorator, ast.Call) else decorator, where)
            if value is not None and value.dotted in DECORATORS and not (value.instance or value.member):
                return Value(value.dotted, instance=True, certain=value.certain)
        return None

    def _attribute_by_name(self, node: ast.Call, scope: Scope) -> Value | None:
        name = node.args[1] if len(node.args) > 1 else None
        if not isinstance(name, ast.Constant) or not isinstance(name.value, str):
            return None
        owner = self.of(node.args[0], scope)
        return owner and Value(f"{owner.dotted}.{name.value}", certain=owner.certain)

    def targets(self, name: str, scope: Scope) -> frozenset[str]:
        """Return the targets that a name stands for because it was assigned a test of the platform."""
        where = scope.find(name)
        if where is None:
            return frozenset()
        if name not in where.targets:
            where.targets[name] = frozenset()
            where.targets[name] = self._bound_targets(where, name)
        return where.targets[name]

    def _bound_targets(self, where: Scope, name: str) -> frozenset[str]:
        if self._depth > _DEEPEST:
            return frozenset()
        self._depth += 1
        found: set[str] = set()
        for bound in where.names[name]:
            if isinstance(bound.expression, (ast.Compare, ast.BoolOp, ast.UnaryOp, ast.Call, ast.Attribute)):
                found |= test_targets(bound.expression, lambda inner: self.targets(inner, where))
        self._depth -= 1
        return frozenset(found)


def _loaded(container: ast.expr, key: ast.expr) -> Value | None:
    """Return the module that is taken from the loaded ones: `sys.modules["torch"]`."""
    module = literal_text(key)
    is_modules = isinstance(container, ast.Attribute) and container.attr == "modules"
    return Value(module, module=True, certain=False) if module and is_modules else None


def _imports(node: ast.expr | None) -> bool:
    """Tell whether a call is one of a helper that imports something: `torch = _import_torch()`."""
    return isinstance(node, ast.Call) and "import" in called_name(node).lower()
