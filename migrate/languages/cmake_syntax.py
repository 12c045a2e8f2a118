"""CMake's syntax: commands with their arguments, and which platform the branches around them ask about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from migrate.languages.branches import Branches

_TOKEN = re.compile(
    r"""
      (?P<comment>\#(?:\[(?P<fence>=*+)\[[\s\S]*?(?:\](?P=fence)\]|\Z)|[^\r\n]*+))
    | (?P<bracket>\[(?P<equals>=*+)\[[\s\S]*?(?:\](?P=equals)\]|\Z))
    | (?P<quoted>"(?:[^"\\]++|\\[\s\S]?)*+"?+)
    | (?P<open>\()
    | (?P<close>\))
    | (?P<plain>(?:[^\s()\#"\\]++|\\[\s\S]?|(?<=[^\s()"])"(?:[^"\\]++|\\[\s\S]?)*+"?+)++)
    """,
    re.VERBOSE,
)
_COMMAND_NAME = re.compile(r"[A-Za-z_]\w*\Z", re.ASCII)


class Argument(NamedTuple):
    """An argument of a command; the place is that of its value, without quotes or brackets."""

    start: int
    end: int
    value: str
    quoted: bool
    literal: bool
    """In brackets: nothing in it is replaced."""


class Command(NamedTuple):
    """A command with what it is given."""

    name: str
    """In lower case: CMake does not tell cases apart."""
    start: int
    end: int
    arguments: tuple[Argument, ...]

    @property
    def values(self) -> list[str]:
        """The arguments as text."""
        return [argument.value for argument in self.arguments]


class Listing(NamedTuple):
    """A CMake file, read."""

    commands: list[Command]
    comments: list[tuple[int, int]]


def parse(text: str) -> Listing:
    """Read commands and comments; what is not closed goes on to the end of the file."""
    commands: list[Command] = []
    comments: list[tuple[int, int]] = []
    name: re.Match[str] | None = None
    arguments: list[Argument] = []
    depth = 0
    for token in _TOKEN.finditer(text):
        kind = token.lastgroup
        if kind == "comment":
            comments.append(token.span())
        elif depth == 0:
            if kind == "open" and name is not None:
                depth, arguments = 1, []
            else:
                name = token if kind == "plain" and _COMMAND_NAME.match(token[0]) else None
        elif kind == "close" and depth == 1:
            assert name is not None
            commands.append(Command(name[0].lower(), name.start(), token.end(), tuple(arguments)))
            depth, name = 0, None
        else:
            depth += {"open": 1, "close": -1}.get(kind or "", 0)
            arguments.append(_argument(token))
    if depth and name is not None:
        end = arguments[-1].end if arguments else name.end()
        commands.append(Command(name[0].lower(), name.start(), end, tuple(arguments)))
    return Listing(commands, comments)


def _argument(token: re.Match[str]) -> Argument:
    """Take quotes or brackets off an argument."""
    start, end = token.span()
    value = token[0]
    if token.lastgroup == "quoted":
        closed = len(value) > 1 and value.endswith('"')
        start, end = start + 1, end - closed
    elif token.lastgroup == "bracket":
        fence = len(token["equals"]) + 2
        closed = len(value) >= 2 * fence and value.endswith("]" + token["equals"] + "]")
        start, end = start + fence, end - fence * closed
    inner = value[start - token.start() : end - token.start()]
    return Argument(start, end, inner, quoted=token.lastgroup == "quoted", literal=token.lastgroup == "bracket")


def guards(commands: Iterable[Command]) -> Iterator[tuple[str, ...]]:
    """Return, for each command, the targets that the branches around it already tell apart."""
    branches = Branches()
    own: list[int] = []
    for command in commands:
        if command.name == "if":
            branches.open(command.values)
        elif command.name == "elseif":
            branches.alternative(command.values)
        own.append(branches.here)
        if command.name == "endif":
            branches.close()
    known = branches.guards()
    return (known[index] for index in own)
