"""What a walk over Python notes down: uses with their places, links, and the names that decided something."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from migrate.languages.python_guards import PORTABLE_PREFIXES, test_targets
from migrate.languages.python_names import OTHER_PLATFORMS, Meanings, Scope, Value
from migrate.languages.python_source import Source
from migrate.languages.python_wanted import ALWAYS, Wanted
from migrate.model import Confidence, KernelFacts, Link, LinkKind, Use, UseKind

_LONGEST_TEXT = 400
_LONGEST_ARGUMENT = 200
_FEWEST_PARTS = 2
"""A name is shortened to this many parts, not to a bare module, in search of one that is asked for."""


@dataclass(frozen=True)
class Place:
    """Where in the code the walk is."""

    scope: Scope
    path: str = ""
    """Dotted names of the definitions around."""
    guards: frozenset[str] = frozenset()
    optional: bool = False
    """In a `try` that survives a missing module."""


class Role(NamedTuple):
    """What an expression is for, as far as rules may ask about strings."""

    call: ast.Call | None = None
    parameter: str = ""
    compare: str = ""
    key: str = ""
    filled: str = ""
    """How the string is filled in later: `%`, `format` or `+`."""
    following: str = ""
    """The next string of the list it stands in, unless that is an option too."""
    subscript: str = ""
    """The container it is a key of, as source text."""
    element: str = ""
    """What the collection holds that it stands in."""


NO_ROLE = Role()
PLAIN_WORDS, DEVICES = "words", "devices"
"""Values of `Role.element`."""


@dataclass
class Reading:
    """What a walk found."""

    uses: list[Use] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    words: dict[str, set[str]] = field(default_factory=dict)
    """Names that decided something, with their meanings: the lines where they matter had to be in the tree."""

    def note(self, name: str, meaning: str) -> None:
        """Record that a name's meaning decided something."""
        self.words.setdefault(name, set()).add(meaning)


class Report:
    """Turns what the walk comes across into uses, if somebody asks for them."""

    def __init__(self, source: Source, wanted: Wanted, *, guarded: bool) -> None:
        self.source = source
        self.wanted = wanted
        self.reading = Reading()
        self.meanings = Meanings(wanted.roots)
        self._guarded = guarded

    # ---------------------------------------------------------------------------------------------------- meanings

    def meaning(self, node: ast.expr, scope: Scope) -> Value | None:
        """Return what an expression stands for; a name bound nowhere may come from a star import."""
        value = self.meanings.of(node, scope)
        if value is None and scope.stars and isinstance(node, ast.Name) and scope.find(node.id) is None:
            for star in scope.stars:
                if self.wanted.leads(f"{star}.{node.id}"):
                    return Value(f"{star}.{node.id}", certain=False)
        return value

    def targets(self, test: ast.expr, scope: Scope) -> frozenset[str]:
        """Return the targets that a test asks about."""
        if not self._guarded:
            return frozenset()
        return frozenset(test_targets(test, lambda name: self.meanings.targets(name, scope)))

    def note_bindings(self, scope: Scope) -> None:
        """Note the names of a scope that stand for something that is asked for."""
        for name in scope.names:
            value = self.meanings.name(name, scope)
            if value is not None and self.wanted.leads(value.dotted):
                self.reading.note(name, value.dotted)
            if self._guarded and self.meanings.targets(name, scope):
                self.reading.note(name, ALWAYS)

    def decides(self, node: ast.expr) -> None:
        """Note that the name a chain starts from decided a result, whatever it is bound to elsewhere."""
        while isinstance(node, ast.Attribute):
            node = node.value
        if isinstance(node, ast.Name):
            self.reading.note(node.id, ALWAYS)

    # ------------------------------------------------------------------------------------------------------- names

    def named(self, node: ast.Name | ast.Attribute, value: Value, place: Place, call: ast.Call | None = None) -> bool:
        """Report a resolved name, or the longest beginning of it that is asked for; tell whether there was one."""
        kind = UseKind.CALL if call else UseKind.ATTRIBUTE
        self._link_operator(value, node)
        if value.own or value.instance:
            return False
        if value.member:
            owner = value.dotted.rpartition(".")[0]
            asked = self.wanted.asks_member(kind, owner, value.dotted)
        else:
            asked = self.wanted.asks(kind, value.dotted)
        if asked:
            self.decides(node)
            self.add_name(kind, value, node, place, call)
        return asked or (not value.member and self._beginning(node, value, place))

    def _beginning(self, node: ast.expr, value: Value, place: Place) -> bool:
        parts = value.dotted.split(".")
        if len(parts) <= _FEWEST_PARTS or not self.wanted.leads(".".join(parts[:_FEWEST_PARTS])):
            return False
        for length in range(len(parts) - 1, _FEWEST_PARTS - 1, -1):
            node = node.value if isinstance(node, ast.Attribute) else node
            name = ".".join(parts[:length])
            if self.wanted.asks(UseKind.ATTRIBUTE, name) and isinstance(node, (ast.Name, ast.Attribute)):
                self.add_name(UseKind.ATTRIBUTE, value._replace(dotted=name), node, place)
                return True
        return False

    def add_name(
        self,
        kind: UseKind,
        value: Value,
        node: ast.Name | ast.Attribute,
        place: Place,
        call: ast.Call | None = None,
    ) -> None:
        """Report a resolved name."""
        args = self.arguments(call) if call else {}
        confidence = Confidence.HIGH if value.certain else Confidence.MEDIUM
        self.add(kind, value.dotted, self.start(node), self.end(call or node), place, args=args, confidence=confidence)

    def of_unknown(self, node: ast.Attribute, place: Place, call: ast.Call | None = None) -> None:
        """Report a method or attribute of a value whose type is not known, if it is asked for."""
        kind = UseKind.CALL if call else UseKind.ATTRIBUTE
        name = f".{node.attr}"
        if not self.wanted.asks(kind, name) or self._is_known(node.value, place):
            return
        start = self.end(node) - len(node.attr)
        args = self.arguments(call) if call else {}
        self.add(kind, name, start, self.end(call or node), place, args=args, confidence=Confidence.MEDIUM)

    def _is_known(self, node: ast.expr, place: Place) -> bool:
        """Tell whether a receiver is a module, or of another platform: then what follows is no method of CUDA's."""
        value = self.meanings.of(node, place.scope)
        if value is None:
            return False
        if value.instance or value.member:
            known = value.dotted.startswith(OTHER_PLATFORMS)
        else:
            known = value.module and isinstance(node, ast.Name)
        if known:
            self.decides(node)
        return known or not (value.instance or value.member or not self.wanted.leads(value.dotted))

    def _link_operator(self, value: Value, node: ast.expr) -> None:
        parts = value.dotted.split(".", 3)
        if len(parts) > 2 and parts[:2] == ["torch", "ops"] and parts[2] != "load_library":
            self.link(LinkKind.BINDING, f"ops:{parts[2]}", node)

    # ---------------------------------------------------------------------------------------------------- recording

    def add(
        self,
        kind: UseKind,
        name: str,
        start: int,
        end: int,
        place: Place,
        *,
        args: Mapping[str, str] | None = None,
        symbol: str = "",
        kernel: KernelFacts | None = None,
        confidence: Confidence = Confidence.HIGH,
    ) -> None:
        """Record a use."""
        portable = name.startswith(PORTABLE_PREFIXES)
        self.reading.uses.append(
            Use(
                kind=kind,
                name=name,
                span=self.source.span(start, end),
                text=self.source.text[start : min(end, start + _LONGEST_TEXT)],
                symbol=symbol,
                args=dict(args or {}),
                scope=place.path,
                guarded_by=("*",) if portable else tuple(sorted(place.guards)),
                confidence=confidence,
                kernel=kernel,
            )
        )

    def link(self, kind: LinkKind, to: str, node: ast.expr | ast.stmt, via: str = "") -> None:
        """Record a link."""
        self.reading.links.append(Link(kind=kind, to=to, via=via, line=node.lineno))

    def arguments(self, node: ast.Call) -> dict[str, str]:
        """Return a call's arguments as source text, by position and by keyword."""
        args = {str(position): self.shown(argument) for position, argument in enumerate(node.args)}
        for keyword in node.keywords:
            args[keyword.arg or "**"] = self.shown(keyword.value)
        return args

    def shown(self, node: ast.expr) -> str:
        """Return an expression's source text, shortened."""
        start = self.start(node)
        return self.source.text[start : min(self.end(node), start + _LONGEST_ARGUMENT)]

    def start(self, node: ast.expr | ast.stmt | ast.alias) -> int:
        """Return the offset where a node begins."""
        return self.source.offset(node.lineno, node.col_offset)

    def end(self, node: ast.expr | ast.stmt | ast.alias) -> int:
        """Return the offset behind a node."""
        return self.source.offset(node.end_lineno or node.lineno, node.end_col_offset or 0)


def dotted_text(node: ast.expr) -> str:
    """Return a chain of names as written, empty when it is more than that."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def literal_text(node: ast.expr | None) -> str:
    """Return the value of a string literal, empty for anything else."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
