"""Forms in which Python tells platforms apart besides `if`: `match`, tables, optional imports, tests of its own.

What they guard is a stretch of the file; uses inside are guarded for the targets that the form serves. A test that
another file defines is left pending: only the scan of the whole repository knows what it asks.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from migrate.languages.python_guards import leaves, name_targets, refuses, string_targets, test_targets
from migrate.languages.python_names import blocks
from migrate.languages.python_report import Reading
from migrate.languages.python_source import Source
from migrate.model import Link, LinkKind, Use
from migrate.model.links import ASKS, PENDING

_CUDA_KEYS = frozenset({"cuda", "gpu", "nvidia", "nv"})
_VENDOR_MODULES = frozenset({"torch_npu", "torch_musa", "torch_mlu", "torch_xla", "intel_extension_for_pytorch"})
_MODULE_TARGETS = {"intel_extension_for_pytorch": "intel"}
_LONGEST_TEST = 6
"""Statements that a function may have which only asks for the platform; more do other things too (judgement)."""


class Region(NamedTuple):
    """A stretch of a file and what it is guarded by."""

    start: int
    end: int
    guards: frozenset[str]


class Platforms:
    """The platform tests of one file, beyond those that its `if` statements show by themselves.

    Args:
        tree: The module, whole or reduced.
        source: Its text.
        forms: The tables and choices in it.
    """

    def __init__(self, tree: ast.Module, source: Source, forms: Iterable[ast.Dict | ast.IfExp]) -> None:
        self._source = source
        self._imported: set[str] = set()
        self._own: dict[str, frozenset[str]] = {}
        self._lines: dict[str, int] = {}
        self._regions: list[Region] = []
        for node in _statements(tree.body):
            self._note(node)
        self._shared = {name for node in _statements(tree.body, inside=False) for name in _bound_by(node)} & set(
            self._own
        )
        self._blocks(tree.body)
        self._forms(forms)

    # ------------------------------------------------------------------------------------------------------ results

    def complete(self, reading: Reading) -> Reading:
        """Add to what a walk found the guards of these forms, and the tests that the file defines."""
        reading.uses = self.guard(reading.uses)
        reading.links += self.links()
        return reading

    def links(self) -> Iterator[Link]:
        """Yield the tests that the file defines, for others that import them."""
        for name in sorted(self._shared):
            for target in sorted(self._own[name]):
                yield Link(kind=LinkKind.BINDING, to=name, via=f"{ASKS}{target}", line=self._lines[name])

    def guard(self, uses: Sequence[Use]) -> list[Use]:
        """Return uses with the guards of the stretches that hold them; what they already had stays."""
        if not self._regions:
            return list(uses)
        starts = self._source.line_starts
        offsets = [starts[use.span.line - 1] + use.span.column - 1 for use in uses]
        around = self._at(sorted(set(offsets)))
        return [
            msgspec.structs.replace(use, guarded_by=tuple(sorted({*use.guarded_by, *around[offset]})))
            if around[offset] - set(use.guarded_by)
            else use
            for use, offset in zip(uses, offsets, strict=True)
        ]

    def _at(self, offsets: Sequence[int]) -> dict[int, frozenset[str]]:
        """Return what guards each of several places; each edge of a stretch is passed once."""
        edges = [(region.start, 1, region.guards) for region in self._regions]
        edges += [(region.end, -1, region.guards) for region in self._regions]
        edges.sort(key=lambda edge: edge[:2], reverse=True)
        held: Counter[str] = Counter()
        found = {}
        for offset in offsets:
            while edges and edges[-1][0] <= offset:
                _, step, guards = edges.pop()
                for guard in guards:
                    held[guard] += step
            found[offset] = frozenset(+held)
        return found

    # -------------------------------------------------------------------------------------------------- own tests

    def _note(self, node: ast.stmt) -> None:
        """Remember an imported name, or a function or variable that is a test."""
        if isinstance(node, ast.ImportFrom):
            self._imported |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            self._define(node.name, _asked_by(node, self._own), node)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and _is_test(node.value):
            self._define(node.targets[0].id, test_targets(node.value, self._named), node)
        elif isinstance(node, ast.Try):
            self._flag(node)

    def _flag(self, node: ast.Try) -> None:
        """Note the variable that says whether a vendor's module could be imported."""
        targets = _imported_targets(node.body)
        for statement in (*node.body, *node.orelse) if targets else ():
            if isinstance(statement, ast.Assign) and _is_constant(statement.value):
                for target in statement.targets:
                    if isinstance(target, ast.Name):
                        self._define(target.id, targets, statement)

    def _define(self, name: str, targets: Iterable[str], node: ast.stmt) -> None:
        if found := frozenset(targets):
            self._own[name] = self._own.get(name, frozenset()) | found
            self._lines.setdefault(name, node.lineno)

    def _named(self, name: str) -> frozenset[str]:
        return self._own.get(name, frozenset())

    def _asked(self, test: ast.expr) -> frozenset[str]:
        """Return what a test asks about through names that do not show it, and what only other files know."""
        found = set(test_targets(test, self._named))
        for node in ast.walk(test):
            name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
            if name in self._own:
                found |= self._own[name]
            elif isinstance(node, ast.Name) and name in self._imported and not name_targets(name):
                found.add(f"{PENDING}{name}")
        return frozenset(found)

    # ------------------------------------------------------------------------------------------------------ regions

    def _blocks(self, body: Sequence[ast.stmt]) -> None:
        """Look at all blocks; where a test's branch leaves one, the rest of it is guarded too."""
        work: list[Sequence[ast.stmt]] = [body]
        while work:
            block = work.pop()
            for index, node in enumerate(block):
                if isinstance(node, ast.If):
                    self._if(node, block[index + 1 :][-1:])
                elif isinstance(node, ast.Match):
                    self._match(node)
                elif isinstance(node, (ast.Try, ast.TryStar)) and (targets := _imported_targets(node.body)):
                    self._add(node, node, frozenset(targets))
                work.extend(blocks(node))

    def _if(self, node: ast.If, last: Sequence[ast.stmt]) -> None:
        guards = self._asked(node.test)
        if not guards or refuses(node.body):
            return
        self._add(node, node, guards)
        if last and (leaves(node.body) or leaves(node.orelse)):
            self._add(node, last[0], guards)

    def _match(self, node: ast.Match) -> None:
        guards: set[str] = set()
        for case in node.cases:
            if not refuses(case.body):
                guards |= _case_targets(case.pattern)
        if guards:
            self._add(node, node, frozenset(guards))

    def _forms(self, forms: Iterable[ast.Dict | ast.IfExp]) -> None:
        """Look for tables from a device's name to what serves it, and for choices by own tests."""
        for node in forms:
            if isinstance(node, ast.Dict):
                keys = [key.value for key in node.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]
                guards = {target for key in keys for target in string_targets(key)}
                if guards and any(key.partition(":")[0].lower() in _CUDA_KEYS for key in keys):
                    self._add(node, node, frozenset(guards))
            elif asked := self._asked(node.test):
                self._add(node, node, asked)

    def _add(self, first: ast.stmt | ast.expr, last: ast.stmt | ast.expr, guards: frozenset[str]) -> None:
        start = self._source.offset(first.lineno, first.col_offset)
        end = self._source.offset(last.end_lineno or last.lineno, last.end_col_offset or 0)
        self._regions.append(Region(start, end, guards))


def _statements(body: Sequence[ast.stmt], *, inside: bool = True) -> Iterator[ast.stmt]:
    """Yield all statements, those of blocks too; those of functions and classes only when asked for."""
    work = list(reversed(body))
    while work:
        node = work.pop()
        yield node
        if inside or not isinstance(node, _DEFINITIONS):
            for block in blocks(node):
                work.extend(reversed(block))


_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def _bound_by(node: ast.stmt) -> Iterator[str]:
    """Yield the names that a statement binds to a function or a value."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        yield node.name
    elif isinstance(node, ast.Assign):
        yield from (target.id for target in node.targets if isinstance(target, ast.Name))


def _asked_by(node: ast.FunctionDef | ast.AsyncFunctionDef, known: Mapping[str, frozenset[str]]) -> set[str]:
    """Return the targets that a function asks about, if asking is all it does."""
    statements = [each for each in _statements(node.body) if not _is_documentation(each)]
    if len(statements) > _LONGEST_TEST:
        return set()
    found: set[str] = set(_imported_targets(statements))
    for statement in statements:
        match statement:
            case ast.Return(value=value) if value is None or isinstance(value, ast.Constant):
                continue
            case ast.Return(value=ast.expr() as value) if _is_test(value):
                found |= test_targets(value, lambda name: known.get(name, frozenset()))
            case ast.If(test=test):
                found |= test_targets(test, lambda name: known.get(name, frozenset()))
            case ast.Try() | ast.Import() | ast.ImportFrom() | ast.Pass():
                continue
            case ast.Assign(value=value) if _is_test(value):
                found |= test_targets(value, lambda name: known.get(name, frozenset()))
            case _:
                return set()
    return found if any(isinstance(each, ast.Return) for each in statements) else set()


def _is_test(node: ast.expr) -> bool:
    """Tell whether an expression is true or false: a comparison, a question, or several joined."""
    match node:
        case ast.Compare() | ast.UnaryOp(op=ast.Not()):
            return True
        case ast.BoolOp(values=values):
            return all(_is_test(value) for value in values)
        case ast.Call(func=function):
            name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
            return name in ("bool", "hasattr", "any", "all", "find_spec") or name.startswith(("is_", "has_", "use_"))
        case ast.Attribute(attr="hip"):
            return True
        case _:
            return False


def _is_documentation(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_constant(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is not None


def _imported_targets(body: Sequence[ast.stmt]) -> set[str]:
    """Return the targets whose vendors' modules are imported here."""
    found: set[str] = set()
    for node in body:
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module]
        for name in names:
            root = name.partition(".")[0]
            if root in _VENDOR_MODULES:
                found |= {_MODULE_TARGETS[root]} if root in _MODULE_TARGETS else string_targets(root)
    return found


def _case_targets(pattern: ast.pattern) -> set[str]:
    found: set[str] = set()
    for part in ast.walk(pattern):
        if isinstance(part, ast.MatchValue):
            if isinstance(part.value, ast.Constant) and isinstance(part.value.value, str):
                found |= string_targets(part.value.value)
            elif isinstance(part.value, ast.Attribute):
                found |= name_targets(part.value.attr, alone=True)
    return found
