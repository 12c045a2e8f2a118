"""Compare versions of stacks and toolkits with what rules and tables ask for."""

from __future__ import annotations

import functools
import operator
import re
from collections.abc import Callable

_NUMBER = re.compile(r"\d+(?:\.\d+)*\Z")
_CLAUSE = re.compile(r"(>=|<=|==|!=|>|<)\s*(\d+(?:\.\d+)*)\Z")
_COMPARE: dict[str, Callable[[tuple[int, ...], tuple[int, ...]], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
}


@functools.lru_cache(maxsize=10_000)
def numbers(version: str) -> tuple[int, ...]:
    """Return a version's numbers without trailing zeros, so that 7 and 7.0.0 are the same.

    Raises:
        ValueError: Not numbers parted by dots.
    """
    if not _NUMBER.match(version):
        raise ValueError(f"{version!r} is not a version such as 6.4")
    found = [int(part) for part in version.split(".")]
    while found and not found[-1]:
        found.pop()
    return tuple(found)


@functools.lru_cache(maxsize=10_000)
def clauses(specifier: str) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Return the comparisons of a specifier such as `>=6.0,<7`; none for an empty one.

    Raises:
        ValueError: Not comparisons parted by commas.
    """
    found = []
    for clause in filter(None, (part.strip() for part in specifier.split(","))):
        match = _CLAUSE.match(clause)
        if match is None:
            raise ValueError(f"{specifier!r} is not a version specifier such as '>=6.0,<7'")
        found.append((match[1], numbers(match[2])))
    return tuple(found)


@functools.lru_cache(maxsize=10_000)
def satisfies(version: str, specifier: str) -> bool:
    """Tell whether a version meets a specifier; a version that nobody knows meets only the empty one."""
    wanted = clauses(specifier)
    if not version:
        return not wanted
    return all(_COMPARE[symbol](numbers(version), bound) for symbol, bound in wanted)


def before(version: str, other: str) -> bool:
    """Tell whether a version is older than another; not when either is unknown."""
    return bool(version and other) and numbers(version) < numbers(other)
