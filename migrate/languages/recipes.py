"""Recipes of Make and Ninja as shell scripts of the same length, so that every place in them stays what it is."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

_SIGN = re.compile(r"\$\$|\$[({]|\$[@<^*?+|%]|[)}]")
_NAME = re.compile(r"[\w.-]+\Z", re.ASCII)
_CALL = re.compile(r"\$[({]shell[ \t]")
_COMPILER_NAME = re.compile(r"(?:\w+_)?nvcc(?:_?(?:bin|exe|cmd|path|compiler|executable))?\Z", re.IGNORECASE | re.ASCII)
_PREFIX = re.compile(r"(?:(?<=[;&|])|^)[ \t]*+(?:\$\{\w++\}[ \t]*+)++(?=nvcc\b)", re.ASCII)
"""Variables before a compiler that only say how to run it: `$(Q)$(NVCC)`, `$(EXEC) $(NVCC)`."""
_LONGEST_CALL = 4_000
"""Characters in which the end of a `$(shell ...)` is looked for; real ones have a few hundred."""


def is_compiler(name: str, value: Sequence[str]) -> bool:
    """Tell whether a variable stands for NVIDIA's compiler, by its name or by the program that it begins with."""
    return _COMPILER_NAME.match(name) is not None or bool(value and value[0].rpartition("/")[2] == "nvcc")


def as_shell(recipe: str, compilers: Collection[str] = (), *, nested: bool = False) -> str:
    """Write a line of a recipe as a shell would read it: `$(NVCC) -c $<` as `nvcc    -c $1`.

    Args:
        recipe: The line.
        compilers: Variables that stand for NVIDIA's compiler.
        nested: It stands in a `$(shell ...)` itself; those in it are not followed.
    """
    done = 0
    depth = opened = 0
    out: list[str] = []
    for found in _SIGN.finditer(recipe):
        sign = found[0]
        if sign in {"$(", "${"}:
            opened = opened if depth else found.start()
            depth += 1
        elif sign in {")", "}"}:
            depth -= depth > 0
            if not depth and opened >= done and recipe[opened : opened + 1] == "$":
                out += [recipe[done:opened], _reference(recipe[opened : found.end()], compilers, nested=nested)]
                done = opened = found.end()
        elif not depth:
            out += [recipe[done : found.start()], " $" if sign == "$$" else "$1"]
            done = found.end()
    return _PREFIX.sub(lambda prefix: " " * len(prefix[0]), "".join([*out, recipe[done:]]))


def _reference(text: str, compilers: Collection[str], *, nested: bool) -> str:
    """Return what a shell would read in place of a reference to a variable or a call of a function."""
    inner = text[2:-1]
    if inner in compilers or (_NAME.match(inner) and _COMPILER_NAME.match(inner)):
        return "nvcc".ljust(len(text))
    if _NAME.match(inner):
        return "${" + inner.replace(".", "_").replace("-", "_") + "}"
    if _CALL.match(text) and not nested:
        return "$(" + " " * 5 + as_shell(inner[5:], compilers, nested=True) + ")"
    return "${" + "_" * len(inner) + "}"


def calls(text: str, start: int, end: int) -> Iterator[tuple[int, str]]:
    """Yield offset and text of the commands in `$(shell ...)`, without those inside another one."""
    position = start
    while found := _CALL.search(text, position, end):
        limit = min(end, found.end() + _LONGEST_CALL)
        depth, close = 1, limit
        for sign in re.finditer(r"[({)}]", text[found.end() : limit]):
            depth += 1 if sign[0] in "({" else -1
            if not depth:
                close = found.end() + sign.start()
                break
        yield found.end(), text[found.end() : close]
        position = close
