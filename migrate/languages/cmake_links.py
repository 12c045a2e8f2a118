"""What a CMake file builds from what: sources of targets, linked targets, required packages, included files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from migrate.languages.cmake_syntax import Argument, Command
from migrate.languages.lexical import Lines
from migrate.languages.requirement import MAX_TEXT
from migrate.model import Link, LinkKind

_SOURCE = re.compile(r"\.(?:cu|cuh|hip|c|cc|cpp|cxx|c\+\+|py)\Z", re.IGNORECASE)
_BUILDING = re.compile(r"library|executable|module|extension|target_sources|(?:cuda|hip)_compile")
_NOT_BUILDING = re.compile(r"find_|get_|set_|include|link_|install|export")
_HERE = re.compile(r"\$\{(?:CMAKE_CURRENT_SOURCE_DIR|CMAKE_CURRENT_LIST_DIR|CMAKE_SOURCE_DIR|PROJECT_SOURCE_DIR)\}/?")
_VARIABLE = re.compile(r"\$\{([\w.+/-]+)\}\Z", re.ASCII)
_LINK_WORDS = frozenset(
    {"PRIVATE", "PUBLIC", "INTERFACE", "LINK_PUBLIC", "LINK_PRIVATE", "debug", "optimized", "general"}
)
_FILLING = {"list": {"APPEND", "PREPEND", "INSERT"}, "file": {"GLOB", "GLOB_RECURSE"}}
"""Commands whose second argument names the list that the others go into, by their operation."""
_MAX_EXPANDED = 100_000
"""List items looked at in one file; no build file comes near."""


class Wiring:
    """Reads off which sources make which target, and what targets need."""

    def __init__(self, commands: Sequence[Command], lines: Lines) -> None:
        self.commands = commands
        self.lines = lines
        self.lists: dict[str, dict[str, None]] = {}
        self.budget = _MAX_EXPANDED

    def links(self) -> Iterator[Link]:
        """Yield the links of all commands in order; variables mean everything they were set to so far."""
        for command in self.commands:
            values = command.values
            if not values:
                continue
            self._remember(command)
            name = command.name
            if name == "target_link_libraries":
                for argument in command.arguments[1:]:
                    if argument.value and argument.value not in _LINK_WORDS:
                        yield self._link(LinkKind.LINK, argument.value.removeprefix("-l"), values[0], argument)
            elif name == "find_package":
                yield self._link(LinkKind.REQUIRES, values[0], "", command.arguments[0])
            elif name == "add_subdirectory" or (name == "include" and values[0].endswith(".cmake")):
                path = _HERE.sub("", values[0])
                listing = path if name == "include" else path.rstrip("/") + "/CMakeLists.txt"
                yield self._link(LinkKind.INCLUDE, listing, "", command.arguments[0])
            elif _BUILDING.search(name) and not _NOT_BUILDING.match(name):
                yield from self._sources(command)

    def _sources(self, command: Command) -> Iterator[Link]:
        """Yield the sources that a target is built from."""
        target = command.values[0]
        seen: set[str] = set()
        for argument in command.arguments[1:]:
            for source in self._expand(argument.value):
                if source not in seen and _SOURCE.search(source) and "$" not in source:
                    seen.add(source)
                    yield self._link(LinkKind.BUILD, source, target, argument)

    def _remember(self, command: Command) -> None:
        """Keep what a command puts into a list."""
        values = command.values
        if command.name == "set":
            self._add(values[0], values[1:])
        elif command.name in _FILLING and len(values) > 2 and values[0].upper() in _FILLING[command.name]:
            self._add(values[1], values[2:])

    def _add(self, variable: str, values: Sequence[str]) -> None:
        known = self.lists.setdefault(variable, {})
        known.update((item, None) for value in values for item in value.split(";") if item)

    def _expand(self, value: str) -> Iterator[str]:
        """Yield the items that an argument stands for, through variables, each once and not without end."""
        pending = value.split(";")[::-1]
        visited: set[str] = set()
        while pending and self.budget > 0:
            self.budget -= 1
            item = _HERE.sub("", pending.pop())
            if item in visited:
                continue
            visited.add(item)
            variable = _VARIABLE.match(item)
            if variable is None:
                yield item
            else:
                inner = self.lists.get(variable[1], {})
                self.budget -= len(inner)
                pending.extend(reversed(inner))

    def _link(self, kind: LinkKind, to: str, via: str, argument: Argument) -> Link:
        return Link(kind=kind, to=to[:MAX_TEXT], via=via[:MAX_TEXT], line=self.lines.line(argument.start))
