"""What binds the names of a Python file: imports, aliases and simple assignments, by scope.

Nothing is executed and the order of statements is not followed: a name means everything its scope binds it to, and the
meaning that comes from an import is preferred.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

OTHER_PLATFORMS = tuple(f"torch.{module}." for module in ("npu", "xpu", "mlu", "musa", "hpu"))
"""Modules of other accelerators: what an instance of their classes does is not CUDA, whatever its methods' names."""

FACTORIES = {
    f"torch.{module}.{function}": f"torch.{module}.Stream"
    for module in ("cuda", "npu", "xpu", "mlu", "musa", "hpu")
    for function in ("current_stream", "default_stream")
} | {
    "cupy.cuda.get_current_stream": "cupy.cuda.Stream",
    "numba.cuda.stream": "numba.cuda.cudadrv.driver.Stream",
    "numba.cuda.cg.this_grid": "numba.cuda.cg.GridGroup",
    "pycuda.driver.module_from_buffer": "pycuda.driver.Module",
    "pycuda.driver.module_from_file": "pycuda.driver.Module",
    "pycuda.tools.make_default_context": "pycuda.driver.Context",
    "pycuda.driver.Device.make_context": "pycuda.driver.Context",
    "pycuda.driver.Device.retain_primary_context": "pycuda.driver.Context",
    "cupy.RawModule.get_function": "cupy.RawKernel",
    "pycuda.compiler.DynamicModule.get_function": "pycuda.driver.Function",
    "pycuda.compiler.DynamicSourceModule.get_function": "pycuda.driver.Function",
    "pycuda.compiler.SourceModule.get_function": "pycuda.driver.Function",
    "pycuda.driver.Module.get_function": "pycuda.driver.Function",
    "pycuda.driver.Function.prepare": "pycuda.driver.Function",
}
"""Functions and methods that return an instance of a class with another name."""

IMPORTING = frozenset({"__import__", "import_module", "importorskip"})
"""Functions that import a module by name; so does any whose name ends in `import`."""

_BY_NAME = frozenset({"getattr", "get"})
_MODULE = re.compile(r"[A-Za-z_]\w*(?:\.\w+)*\Z")

NO_EXPORTS: Mapping[str, str] = {}
"""Dotted name of the repository -> what it stands for, see `Extraction.exports`."""


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
    assigned: bool = False
    """Reached through a name that an assignment gave it."""


Definition = ast.FunctionDef | ast.AsyncFunctionDef


class Bound(NamedTuple):
    """One binding of a name: a value already known, an expression to look at, or neither."""

    value: Value | None = None
    expression: ast.expr | None = None
    part: ast.expr | None = None
    """What an augmented assignment adds."""
    whole: ast.expr | None = None
    """What it is one part of, when several names were bound at once to something not taken apart here."""
    imported: bool = False
    """The expression is what another module of the repository exports."""
    harmless: bool = False
    """Bound to None, as a stand-in for a failed import; does not make other meanings uncertain."""
    definition: Definition | None = None
    """The function that is defined under the name."""
    within: Scope | None = None
    """Where the expression stands, when that is not the scope that the name belongs to."""


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
        """Modules imported with a star, anywhere in the file; own ones begin with a dot."""

    def bind(self, name: str, bound: Bound) -> None:
        """Record a binding, in the scope that the name belongs to."""
        scope = self
        if name in self.elsewhere:
            while scope.parent is not None:
                scope = scope.parent
        scope.names.setdefault(name, []).append(bound)
        scope.values.pop(name, None)
        scope.targets.pop(name, None)

    def owner(self) -> Scope | None:
        """Return the class around a method, where the attributes of `self` are kept."""
        scope: Scope | None = self
        while scope is not None and not scope.is_class:
            scope = scope.parent
        return scope

    def constant(self, name: str) -> str:
        """Return the string that a module's name is bound to and nothing else, empty when there is none."""
        bounds = self.names[name]
        return literal_text(bounds[0].expression) if self.parent is None and len(bounds) == 1 else ""

    def find(self, name: str) -> Scope | None:
        """Return the innermost scope that binds a name, as Python's rules see it from here."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names and (not scope.is_class or scope is self):
                return scope
            scope = scope.parent
        return None


def called_name(node: ast.Call) -> str:
    """Return the last part of the name of what is called, empty when it is no name."""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def literal_text(node: ast.expr | None) -> str:
    """Return the value of a string literal, empty for anything else."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def package_of(path: str) -> list[str]:
    """Return the parts of the dotted name of the package that a file stands in."""
    return path.split("/")[:-1]


# ------------------------------------------------------------------------------------------------------- bindings


class Binder:
    """Collects the bindings of a module and of all scopes within."""

    def __init__(self, package: Sequence[str], exported: Mapping[str, str] = NO_EXPORTS) -> None:
        self.package = package
        """Parts of the dotted name of the file's package, for relative imports."""
        self._exported = exported
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
            scope.bind(node.name, Bound(definition=node))
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
                scope.stars.append(f".{dotted}" if own else dotted)
            elif isinstance(node, ast.Import) and not alias.asname:
                root = dotted.partition(".")[0]
                scope.bind(root, Bound(Value(root, module=True)))
            else:
                module = isinstance(node, ast.Import)
                bound = exported_as(self._exported.get(dotted, ""), alias)
                bound = bound or Bound(Value(dotted, module=module, own=own))
                scope.bind(alias.asname or alias.name, bound)


def exported_as(meaning: str, alias: ast.alias | None = None) -> Bound | None:
    """Return a binding to what another module of the repository exports, None when it exports nothing.

    Args:
        meaning: See `Extraction.exports`.
        alias: Where it is imported; the literal is taken to stand there.
    """
    if meaning.startswith("'"):
        literal = ast.Constant(meaning[1:-1])
        return Bound(expression=ast.copy_location(literal, alias) if alias else literal, imported=True)
    return Bound(Value(meaning)) if meaning else None


def _target(target: ast.expr, value: ast.expr | None, scope: Scope, whole: ast.expr | None = None) -> None:
    if isinstance(target, ast.Name):
        harmless = isinstance(value, ast.Constant) and value.value is None
        scope.bind(target.id, Bound(expression=value, whole=whole, harmless=harmless))
    elif isinstance(target, (ast.Tuple, ast.List)):
        if isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(target.elts):
            for part, part_value in zip(target.elts, value.elts, strict=True):
                _target(part, part_value, scope)
        else:
            for part in target.elts:
                _target(part, None, scope, value)
    elif isinstance(target, ast.Starred):
        _target(target.value, None, scope)
    elif isinstance(value, ast.Call) and (name := own_attribute(target)) and (owner := scope.owner()):
        owner.bind(name, Bound(expression=value, within=scope))


def own_attribute(node: ast.expr) -> str:
    """Return `self.name` for an attribute of the object that a method is called on, empty for anything else."""
    is_own = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"
    return f"self.{node.attr}" if is_own else ""  # type: ignore[attr-defined]


def parameters(arguments: ast.arguments, scope: Scope) -> None:
    """Bind a function's parameters, of which nothing is known."""
    extra = [argument for argument in (arguments.vararg, arguments.kwarg) if argument]
    for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *extra):
        scope.bind(argument.arg, Bound())


def targets_only(target: ast.expr, scope: Scope) -> None:
    """Bind the names of a target whose value is not known, such as a comprehension's."""
    _target(target, None, scope)


_SIMPLE = (ast.Expr, ast.Assign, ast.Return, ast.AnnAssign, ast.AugAssign, ast.Import, ast.ImportFrom, ast.Pass)
"""The most frequent statements; they hold no others."""


def blocks(node: ast.stmt) -> Iterator[list[ast.stmt]]:
    """Yield the statement lists inside a compound statement."""
    if isinstance(node, _SIMPLE):
        return
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


def stands_for_name(node: ast.Call) -> bool:
    """Tell whether a call may give a module or attribute by name rather than a new value."""
    name = called_name(node)
    return name in _BY_NAME or name in IMPORTING or name[-6:].lower() == "import"


def imported_by_call(node: ast.Call) -> str:
    """Return the module that a call imports by name: `import_module("cupy")`, `lazy_import("cuda.cuda")`."""
    name = called_name(node)
    if name not in IMPORTING and name[-6:].lower() != "import":
        return ""
    module = node.args[0] if node.args else None
    if isinstance(module, ast.Constant) and isinstance(module.value, str) and _MODULE.match(module.value):
        return module.value
    return ""
