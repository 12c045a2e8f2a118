"""What a walk over Python notes down: uses with their places, links, and the names that decided something."""

from __future__ import annotations

import ast
import builtins
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from migrate.languages.python_code import Code, Literal, embedded
from migrate.languages.python_guards import PORTABLE_PREFIXES, test_targets
from migrate.languages.python_meanings import Meanings
from migrate.languages.python_names import OTHER_PLATFORMS, Scope, Value, called_name, exported_as
from migrate.languages.python_source import Source
from migrate.languages.python_wanted import ALWAYS, Wanted
from migrate.model import Blind, BlindKind, Confidence, Embedded, KernelFacts, Link, LinkKind, Use, UseKind

_LONGEST_TEXT = 400
_LONGEST_ARGUMENT = 200
_BUILT_IN = frozenset(dir(builtins))
_MOST_STARS = 20
"""Modules imported with a star that are looked at; more of them say nothing of where a name comes from."""
_MOST_NAMES = 500
"""Names of a scope among which the one is sought that something is bound to (judgement)."""
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
    joined: bool = False
    """It is a part of a path."""
    message: bool = False
    """It tells a reader what went wrong."""


NO_ROLE = Role()
PLAIN_WORDS, DEVICES = "words", "devices"
"""Values of `Role.element`."""


@dataclass
class Reading:
    """What a walk found."""

    uses: list[Use] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    embedded: list[Embedded] = field(default_factory=list)
    blind: list[Blind] = field(default_factory=list)
    exports: tuple[tuple[str, str], ...] = ()
    words: dict[str, set[str]] = field(default_factory=dict)
    """Names that decided something, with their meanings: the lines where they matter had to be in the tree."""

    def note(self, name: str, meaning: str) -> None:
        """Record that a name's meaning decided something."""
        self.words.setdefault(name, set()).add(meaning)


class Report:
    """Turns what the walk comes across into uses, if somebody asks for them."""

    def __init__(self, source: Source, wanted: Wanted, *, guarded: bool, exported: Mapping[str, str]) -> None:
        self.source = source
        self.wanted = wanted
        self.reading = Reading()
        self.meanings = Meanings(wanted.roots, exported)
        self._exported = exported
        self._guarded = guarded
        self._compiled: list[tuple[list[Literal], ast.expr, Place, bool]] = []
        self.forms: list[ast.Dict | ast.IfExp] = []
        """Tables and choices, which may tell platforms apart."""
        self.made: set[int] = set()
        """Calls, by identity, of functions of the program's own that make a kernel of a text."""
        self._marked: list[tuple[Literal, Place]] = []
        self._starring: tuple[str, ...] = ()
        self._starred_names: dict[str, Value | None] = {}

    # ---------------------------------------------------------------------------------------------------- meanings

    def meaning(self, node: ast.expr, scope: Scope) -> Value | None:
        """Return what an expression stands for; a name bound nowhere may come from a star import."""
        value = self.meanings.of(node, scope)
        if scope.stars and (value is None or not value.certain):
            name, _, rest = dotted_text(node).partition(".")
            if name and scope.find(name) is None and (starred := self._starred(name, scope.stars)):
                return starred._replace(dotted=f"{starred.dotted}.{rest}".rstrip("."))
        return value

    def _starred(self, name: str, stars: Sequence[str]) -> Value | None:
        """Return what a name means that only a star import can bind.

        A module whose names are known gives those; one that is only known by its prefix gives what nothing else can.
        """
        if not self._starring:
            self._starring = tuple(dict.fromkeys(stars))[: _MOST_STARS + 1]
        if name not in self._starred_names:
            self._starred_names[name] = None if name in _BUILT_IN else self._from_star(name, self._starring)
        return self._starred_names[name]

    def _from_star(self, name: str, modules: Sequence[str]) -> Value | None:
        for star in modules if self._exported else ():
            if (bound := exported_as(self._exported.get(f"{star.lstrip('.')}.{name}", ""))) is not None:
                return bound.value
        led = [f"{star}.{name}" for star in modules if self.wanted.leads(f"{star}.{name}")]
        only = led[0] if len(modules) == 1 and led else ""
        listed = next((dotted for dotted in led if self.wanted.lists(dotted)), only)
        return Value(listed, certain=False) if listed else None

    def targets(self, test: ast.expr, scope: Scope) -> frozenset[str]:
        """Return the targets that a test asks about."""
        if not self._guarded:
            return frozenset()
        return frozenset(test_targets(test, lambda name: self.meanings.targets(name, scope)))

    def note_bindings(self, scope: Scope) -> None:
        """Note the names of a scope that stand for something that is asked for."""
        is_module = scope.parent is None
        for name in scope.names:
            value = self.meanings.name(name, scope)
            if value is not None and self.wanted.leads(value.dotted):
                self.reading.note(name, value.dotted)
            if (is_module and self._names_device(scope.constant(name))) or (
                self._guarded and self.meanings.targets(name, scope)
            ):
                self.reading.note(name, ALWAYS)

    def note_bound_to(self, node: ast.expr, scope: Scope) -> None:
        """Note the name that an expression is bound to, so that the lines which use it are read."""
        for name, bounds in itertools.islice(scope.names.items(), _MOST_NAMES):
            if any(bound.expression is node for bound in bounds):
                self.reading.note(name, ALWAYS)

    def device(self, node: ast.expr, scope: Scope) -> str:
        """Return the string that a name always stands for, if rules ask for it: a device, a back end."""
        value = self.meanings.constant(node, scope)
        return value if self._names_device(value) else ""

    def _names_device(self, value: str) -> bool:
        return bool(value) and self.wanted.asks(UseKind.STRING, value)

    def exports(self, scope: Scope) -> tuple[tuple[str, str], ...]:
        """Return what a module's own names stand for, as far as rules may ask about it in other modules."""
        found = []
        for name in sorted(scope.names):
            value = self.meanings.name(name, scope)
            if value is not None and not (value.own or value.instance or value.member):
                if self.wanted.leads(value.dotted):
                    found.append((name, value.dotted))
            elif self._names_device(scope.constant(name)):
                found.append((name, f"'{scope.constant(name)}'"))
        return tuple(found)

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
        if value.assigned and isinstance(node, ast.Name) and call is None:
            return True  # said where it was assigned
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
            if isinstance(node, ast.Name) and value.assigned:
                return False
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

    def of_unknown(
        self, node: ast.Attribute, place: Place, call: ast.Call | None = None, *, role: Role = NO_ROLE
    ) -> None:
        """Report a method or attribute of a value whose type is not known, if it is asked for.

        Args:
            node: The attribute.
            place: Where it stands.
            call: Set when it is called.
            role: What it is for when it is not, as an argument of a call.
        """
        kind = UseKind.CALL if call else UseKind.ATTRIBUTE
        name = f".{node.attr}"
        if not self.wanted.asks(kind, name) or self._is_known(node.value, place):
            return
        start = self.end(node) - len(node.attr)
        args = self.arguments(call) if call else {}
        if role.call is not None:
            given = {"callee": called_name(role.call), "parameter": role.parameter, "receiver": dotted_text(node.value)}
            args |= given
        self.add(kind, name, start, self.end(call or node), place, args=args, confidence=Confidence.MEDIUM)

    def _is_known(self, node: ast.expr, place: Place) -> bool:
        """Tell whether a receiver is a module, or of another platform: then what follows is no method of CUDA's."""
        value = self.meanings.of(node, place.scope)
        if value is None:
            return (
                isinstance(node, ast.Name) and node.id in self.wanted.roots
            )  # a module by its name, whatever binds it
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
            self.link(LinkKind.BINDING, f"ops:{'::'.join(value.dotted.split('.')[2:4])}", node)

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

    def compiles(self, code: Code, node: ast.expr, place: Place) -> None:
        """Record that the code that an expression stands for is compiled."""
        self._compiled.append((code.literals, node, place, code.unknown))

    def holds_code(self, node: ast.expr, filled: str, place: Place) -> None:
        """Record a string that holds device code, whatever is done with it."""
        self._marked.append((Literal(node, filled), place))

    def finish(self) -> Reading:
        """Decode the code that strings hold, each string once, and return all that was found."""
        taken: set[tuple[int, int]] = set()
        groups = [*self._compiled, *(([literal], literal.node, place, False) for literal, place in self._marked)]
        for literals, node, place, unknown in groups:
            fresh = [part for part in literals if (part.node.lineno, part.node.col_offset) not in taken]
            taken |= {(part.node.lineno, part.node.col_offset) for part in fresh}
            holes = False
            if fresh:
                part, holes = embedded(self.source, fresh, scope=place.path, guards=place.guards)
                self.reading.embedded.append(part)
            if holes or unknown:
                self.blind(BlindKind.GENERATED_SOURCE, node)
        return self.reading

    def blind(self, kind: BlindKind, node: ast.expr) -> None:
        """Record a place that cannot be looked into."""
        text = self.source.text[self.start(node) : min(self.end(node), self.start(node) + _LONGEST_ARGUMENT)]
        self.reading.blind.append(Blind(kind=kind, line=node.lineno, text=text))

    def link(self, kind: LinkKind, to: str, node: ast.expr | ast.stmt, via: str = "") -> None:
        """Record a link."""
        self.reading.links.append(Link(kind=kind, to=to, via=via, line=node.lineno))

    def arguments(self, node: ast.Call) -> dict[str, str]:
        """Return a call's arguments as source text, by position and by keyword."""
        args = {str(position): self.shown(argument) for position, argument in enumerate(node.args)}
        for keyword in node.keywords:
            args[keyword.arg or "**"] = self.shown(keyword.value)
        return args

    def callee(self, node: ast.Call, place: Place) -> str:
        """Return the resolved name of what a call calls; a method of an unknown value begins with a dot."""
        value = self.meaning(node.func, place.scope)
        if value is not None:
            self.decides(node.func)
            if not value.member or self.wanted.leads(value.dotted):
                return value.dotted
        if isinstance(node.func, ast.Attribute):
            return f".{node.func.attr}"
        return node.func.id if isinstance(node.func, ast.Name) else ""

    def shown(self, node: ast.expr) -> str:
        """Return an expression's source text, shortened."""
        start = self.start(node)
        return self.source.text[start : min(self.end(node), start + _LONGEST_ARGUMENT)]

    def start(self, node: ast.expr | ast.stmt | ast.alias | ast.keyword) -> int:
        """Return the offset where a node begins."""
        return self.source.offset(node.lineno, node.col_offset)

    def end(self, node: ast.expr | ast.stmt | ast.alias | ast.keyword) -> int:
        """Return the offset behind a node."""
        return self.source.offset(node.end_lineno or node.lineno, node.end_col_offset or 0)


def dotted_text(node: ast.expr) -> str:
    """Return a chain of names as written, empty when it is more than that."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""
