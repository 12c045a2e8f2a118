"""CMake's syntax: commands with their arguments, and which platform the branches around them ask about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from migrate.languages.python_guards import TARGET_WORDS

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


class Chain(NamedTuple):
    """An `if` with all its branches, or the file's top level."""

    parent: int
    targets: set[str]


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


_TARGET_WORDS = TARGET_WORDS | {"ascendc": "cann", "hcc": "rocm", "hipcc": "rocm", "sycl": "intel"}
_WORD = re.compile(r"[A-Za-z0-9]++")


def condition_targets(values: Iterable[str]) -> set[str]:
    """Return the targets that a condition names: `USE_ROCM`, `HIP_FOUND`, `DEVICE STREQUAL "npu"`."""
    words = (word.lower() for value in values for word in _WORD.findall(value))
    return {_TARGET_WORDS[word] for word in words if word in _TARGET_WORDS}


def guards(commands: Iterable[Command]) -> Iterator[tuple[str, ...]]:
    """Return, for each command, the targets that the branches around it already tell apart.

    Every branch of a chain counts, also those before the one that names the target: whoever wrote
    `if(USE_CUDA) ... elseif(USE_ROCM)` has answered the first branch in the second.
    """
    chains = [Chain(0, set())]
    own: list[int] = []
    stack = [0]
    for command in commands:
        if command.name == "if":
            chains.append(Chain(stack[-1], set()))
            stack.append(len(chains) - 1)
        if command.name in {"if", "elseif"}:
            chains[stack[-1]].targets.update(condition_targets(command.values) if stack[-1] else ())
        own.append(stack[-1])
        if command.name == "endif" and len(stack) > 1:
            stack.pop()
    for chain in chains:  # an outer chain stands before its inner ones
        chain.targets.update(chains[chain.parent].targets)
    known = [tuple(sorted(chain.targets)) for chain in chains]
    return (known[index] for index in own)
