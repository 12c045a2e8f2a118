"""What names mean in a Python file: imports, aliases and simple assignments, by scope.

Nothing is executed and the order of statements is not followed: a name means everything its scope binds it to, and the
meaning that comes from an import is preferred.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from migrate.languages.python_guards import test_targets

OTHER_PLATFORMS = tuple(f"torch.{module}." for module in ("npu", "xpu", "mlu", "musa", "hpu"))
"""Modules of other accelerators: what an instance of their classes does is not CUDA, whatever its methods' names."""

FACTORIES = {
    f"torch.{module}.{function}": f"torch.{module}.Stream"
    for module in ("cuda", "npu", "xpu", "mlu", "musa", "hpu")
    for function in ("current_stream", "default_stream")
} | {
    "cupy.cuda.get_current_stream": "cupy.cuda.Stream",
    "numba.cuda.stream": "numba.cuda.cudadrv.driver.Stream",
}
"""Functions that return an instance of a class with another name."""

IMPORTING = frozenset({"__import__", "import_module", "importorskip"})
"""Functions that import a module by name; so does any whose name ends in `import`."""

_MODULE = re.compile(r"[A-Za-z_]\w*(?:\.\w+)*\Z")

_DEEPEST = 12
"""Assignments followed from name to name; more are not the aliases one means to find."""


class Value(NamedTuple):
    """What an expression stands for."""

    dotted: str
    """Canonical name; of the class when it is an instance."""
    instance: bool = False
    member: bool = False
    """An attribute of an instance, `torch.cuda.Stream.synchronize`."""
    certain: bool = True
    """False when the name has other meanings too, or is not bound in the file."""
    module: bool = False
    """Bound by a plain `import`: surely a module."""
    own: bool = False
    """Of the scanned code itself (a relative import)."""


class Bound(NamedTuple):
    """One binding of a name: a value already known, an expression to look at, or neither."""

    value: Value | None = None
    expression: ast.expr | None = None
    part: ast.expr | None = None
    """What an augmented assignment adds."""
    harmless: bool = False
    """Bound to None, as a stand-in for a failed import; does not make other meanings uncertain."""


class Scope:
    """The names that a module, class or function binds."""

    def __init__(self, parent: Scope | None, *, is_class: bool = False) -> None:
        self.parent = parent
        self.is_class = is_class
        self.names: dict[str, list[Bound]] = {}
        self.values: dict[str, Value | None] = {}
        """What names turned out to mean; filled by `Meanings`."""
        self.targets: dict[str, frozenset[str]] = {}
        """Targets that names turned out to ask about; filled by `Meanings`."""
        self.elsewhere: set[str] = set()
        """Declared `global` or `nonlocal`."""
        self.stars: list[str] = parent.stars if parent else []
        """Modules imported with a star, anywhere in the file."""

    def bind(self, name: str, bound: Bound) -> None:
        """Record a binding, in the scope that the name belongs to."""
        scope = self
        if name in self.elsewhere:
            while scope.parent is not None:
                scope = scope.parent
        scope.names.setdefault(name, []).append(bound)
        scope.values.pop(name, None)
        scope.targets.pop(name, None)

    def find(self, name: str) -> Scope | None:
        """Return the innermost scope that binds a name, as Python's rules see it from here."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names and (not scope.is_class or scope is self):
                return scope
            scope = scope.parent
        return None


def package_of(path: str) -> list[str]:
    """Return the parts of the dotted name of the package that a file stands in."""
    return path.split("/")[:-1]


# ------------------------------------------------------------------------------------------------------- bindings


class Binder:
    """Collects the bindings of a module and of all scopes within."""

    def __init__(self, package: Sequence[str]) -> None:
        self.package = package
        """Parts of the dotted name of the file's package, for relative imports."""
        self.scopes: dict[ast.AST, Scope] = {}

    def module(self, tree: ast.Module) -> Scope:
        """Return the module's scope, with those of its functions and classes in `scopes`."""
        scope = Scope(None)
        self._body(tree.body, scope)
        return scope

    def _body(self, body: Sequence[ast.stmt], scope: Scope) -> None:
        for statement in body:
            if isinstance(statement, (ast.Global, ast.Nonlocal)):
                scope.elsewhere.update(statement.names)
        for statement in body:
            self._statement(statement, scope)

    def _statement(self, node: ast.stmt, scope: Scope) -> None:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            self._import(node, scope)
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                _target(target, node.value, scope)
        elif isinstance(node, ast.AnnAssign):
            _target(node.target, node.value, scope)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            scope.bind(node.name, Bound())
            inner = self.scopes[node] = Scope(scope)
            parameters(node.args, inner)
            self._body(node.body, inner)
        elif isinstance(node, ast.ClassDef):
            scope.bind(node.name, Bound())
            inner = self.scopes[node] = Scope(scope, is_class=True)
            self._body(node.body, inner)
        elif isinstance(node, (ast.With, ast.AsyncWith)):
            for item in node.items:
                if item.optional_vars is not None:
                    _target(item.optional_vars, item.context_expr, scope)
            self._body(node.body, scope)
        elif isinstance(node, ast.AugAssign):
            if isinstance(node.target, ast.Name):
                scope.bind(node.target.id, Bound(part=node.value))
        elif isinstance(node, (ast.For, ast.AsyncFor)):
            _target(node.target, None, scope)
            self._blocks(node, scope)
        elif isinstance(node, (ast.If, ast.While, ast.Try, ast.TryStar, ast.Match)):
            self._blocks(node, scope)

    def _blocks(self, node: ast.stmt, scope: Scope) -> None:
        for block in blocks(node):
            self._body(block, scope)
        if isinstance(node, (ast.Try, ast.TryStar)):
            for handler in node.handlers:
                if handler.name:
                    scope.bind(handler.name, Bound())
        if isinstance(node, ast.Match):
            for case in node.cases:
                for part in ast.walk(case.pattern):
                    if isinstance(part, (ast.MatchAs, ast.MatchStar)) and part.name:
                        scope.bind(part.name, Bound())

    def _import(self, node: ast.Import | ast.ImportFrom, scope: Scope) -> None:
        for alias, dotted in imported(node, self.package):
            own = isinstance(node, ast.ImportFrom) and node.level > 0
            if alias.name == "*":
                if not own:
                    scope.stars.append(dotted)
            elif isinstance(node, ast.Import) and not alias.asname:
                root = dotted.partition(".")[0]
                scope.bind(root, Bound(Value(root, module=True)))
            else:
                module = isinstance(node, ast.Import)
                scope.bind(alias.asname or alias.name, Bound(Value(dotted, module=module, own=own)))


def _target(target: ast.expr, value: ast.expr | None, scope: Scope) -> None:
    if isinstance(target, ast.Name):
        harmless = isinstance(value, ast.Constant) and value.value is None
        scope.bind(target.id, Bound(expression=value, harmless=harmless))
    elif isinstance(target, (ast.Tuple, ast.List)):
        pairs: Sequence[ast.expr | None] = [None] * len(target.elts)
        if isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(target.elts):
            pairs = value.elts
        for part, part_value in zip(target.elts, pairs, strict=True):
            _target(part, part_value, scope)
    elif isinstance(target, ast.Starred):
        _target(target.value, None, scope)


def parameters(arguments: ast.arguments, scope: Scope) -> None:
    """Bind a function's parameters, of which nothing is known."""
    extra = [argument for argument in (arguments.vararg, arguments.kwarg) if argument]
    for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *extra):
        scope.bind(argument.arg, Bound())


def targets_only(target: ast.expr, scope: Scope) -> None:
    """Bind the names of a target whose value is not known, such as a comprehension's."""
    _target(target, None, scope)


def blocks(node: ast.stmt) -> Iterator[list[ast.stmt]]:
    """Yield the statement lists inside a compound statement."""
    for field in ("body", "orelse", "finalbody"):
        block = getattr(node, field, None)
        if block:
            yield block
    for handler in getattr(node, "handlers", ()):
        yield handler.body
    for case in getattr(node, "cases", ()):
        yield case.body


def imported(node: ast.Import | ast.ImportFrom, package: Sequence[str]) -> Iterator[tuple[ast.alias, str]]:
    """Yield each imported name with its dotted origin; for a star, the module's own."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield alias, alias.name
        return
    base = node.module or ""
    if node.level:
        parts = [*package[: len(package) - node.level + 1], *filter(None, [node.module])]
        base = ".".join(parts)
    for alias in node.names:
        yield alias, base if alias.name == "*" else f"{base}.{alias.name}".lstrip(".")


_ALIAS = re.compile(r"([\w.]+)(?:\s+as\s+(\w+))?")
_FROM = re.compile(r"from\s+([\w.]+)\s+import\b")
_IMPORT = re.compile(r"\bimport\b")


def imports_of(statements: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Read (name, dotted origin) off the text of absolute import statements: enough to know where to look."""
    for statement in statements:
        found = _FROM.match(statement) or _IMPORT.match(statement)
        if found is None:
            continue
        base = found[1] if found.re is _FROM else ""
        if base.startswith("."):
            continue
        for dotted, name in _ALIAS.findall(statement, found.end()):
            if base:
                yield name or dotted, f"{base}.{dotted}"
            elif name:
                yield name, dotted
            else:
                root = dotted.partition(".")[0]
                yield root, root


# ------------------------------------------------------------------------------------------------------- meanings


def imported_by_call(node: ast.Call) -> str:
    """Return the module that a call imports by name: `import_module("cupy")`, `lazy_import("cuda.cuda")`."""
    function = node.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    if name not in IMPORTING and not name.lower().endswith("import"):
        return ""
    module = node.args[0] if node.args else None
    if isinstance(module, ast.Constant) and isinstance(module.value, str) and _MODULE.match(module.value):
        return module.value
    return ""


class Meanings:
    """Resolves expressions to canonical names."""

    def __init__(self, roots: frozenset[str]) -> None:
        self._roots = roots
        self._depth = 0

    def name(self, name: str, scope: Scope) -> Value | None:
        """Return what a name stands for, None when that is not known."""
        where = scope.find(name)
        if where is None:
            return Value(name, certain=False) if name in self._roots else None
        if name not in where.values:
            where.values[name] = None  # what a name is bound to may hold the name itself
            where.values[name] = self._bound(where, name)
        return where.values[name]

    def of(self, node: ast.expr, scope: Scope) -> Value | None:
        """Return what an expression stands for, None when that is not known."""
        if isinstance(node, ast.Name):
            return self.name(node.id, scope)
        if isinstance(node, ast.Attribute):
            owner = self.of(node.value, scope)
            if owner is None or owner.member:
                return None
            return Value(f"{owner.dotted}.{node.attr}", member=owner.instance, certain=owner.certain, own=owner.own)
        if isinstance(node, ast.Call):
            return self._call(node, scope)
        return None

    def _bound(self, where: Scope, name: str) -> Value | None:
        if self._depth > _DEEPEST:
            return None
        self._depth += 1
        values: list[Value] = []
        others = 0
        for bound in where.names[name]:
            value = bound.value or (self.of(bound.expression, where) if bound.expression else None)
            if value is not None and (not values or value.dotted != values[0].dotted):
                values.append(value)
            elif value is None and not bound.harmless:
                others += 1
        self._depth -= 1
        if not values:
            return None
        best = next((value for value in values if value.dotted.partition(".")[0] in self._roots), values[0])
        return best._replace(certain=best.certain and len(values) == 1 and not others)

    def _call(self, node: ast.Call, scope: Scope) -> Value | None:
        if module := imported_by_call(node):
            return Value(module, module=True)
        function = node.func
        if isinstance(function, ast.Name) and function.id == "getattr" and not scope.find("getattr"):
            return self._attribute_by_name(node, scope)
        made = self.of(function, scope)
        if made is None or made.instance or made.member:
            return None
        if made.dotted in FACTORIES:
            return made._replace(dotted=FACTORIES[made.dotted], instance=True)
        if made.dotted.rpartition(".")[2][:1].isupper():
            return made._replace(instance=True, module=False)
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
