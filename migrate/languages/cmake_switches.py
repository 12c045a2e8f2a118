"""Switches of a CMake build: which variables a file sets for itself, and which it is handed by whoever builds."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator

from migrate.languages.cmake_syntax import Command

CONDITIONS = frozenset({"if", "elseif", "while"})
REPEATING = frozenset({"else", "endif", "endforeach", "endwhile", "endfunction", "endmacro"})
"""Commands whose arguments, if any, repeat those of the command that they belong to."""
DEFINITIONS = frozenset({"add_definitions", "add_compile_definitions", "target_compile_definitions"})
"""Commands whose arguments are macros for the compiler."""
OPTIONS = frozenset({"option", "cmake_dependent_option"})
"""Commands that ask the person who builds."""

_IDENTIFIER = re.compile(r"[A-Za-z_]\w*\Z", re.ASCII)
_FIRST_WRITTEN = re.compile(r"foreach|find_|get_\w*(?:property|component)")
"""Commands that write the variable named first."""
_OUTPUTS = frozenset({"OUTPUT_VARIABLE", "RESULT_VARIABLE", "ERROR_VARIABLE", "OUTPUT", "RESULT"})
_COMPARING = frozenset({"STREQUAL", "MATCHES", "IN_LIST"})


def handed_in(commands: Iterable[Command]) -> frozenset[str]:
    """Return the variables that the file asks the person who builds for: options, and what it keeps in the cache."""
    found = set()
    for command in commands:
        values = command.values
        if values and (command.name in OPTIONS or (command.name == "set" and "CACHE" in values)):
            found.add(values[0])
    return frozenset(found)


def own_variables(commands: Iterable[Command]) -> frozenset[str]:
    """Return the variables that the file computes itself; nobody sets them from outside."""
    commands = list(commands)
    written = {name for command in commands for name in _written(command)}
    return frozenset(written - handed_in(commands))


def _written(command: Command) -> Iterator[str]:
    """Yield the variables that a command gives a value."""
    plain = [argument.value for argument in command.arguments if not argument.quoted]
    name = command.name
    if not plain:
        return
    if name == "set" or _FIRST_WRITTEN.match(name):
        yield plain[0]
    elif name in {"list", "math"}:
        yield from plain[1:2]
    elif name == "string":
        yield from (value for value in plain[1:] if _IDENTIFIER.match(value))
    elif name in {"function", "macro"}:
        yield from plain[1:]
    else:
        yield from (after for before, after in itertools.pairwise(plain) if before in _OUTPUTS)


def compared(command: Command, index: int) -> bool:
    """Tell whether an argument of a condition is the text that something is compared with."""
    return command.name in CONDITIONS and index > 0 and command.arguments[index - 1].value in _COMPARING
