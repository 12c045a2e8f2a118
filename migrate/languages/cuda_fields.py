"""Members of the platform's structures that decide what code runs, such as `prop.major` of a device's properties.

A member's name alone says nothing, so its object must: by its declaration in the file, or by its name where the file
declares none.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

from migrate.languages.cuda_source import Source
from migrate.languages.lexical import skip_back, word_start
from migrate.model import Confidence, Use, UseKind

_OBJECTS = {"cudaDeviceProp": re.compile(r"(?i)prop")}
"""Structure -> how names of its objects, and of functions that return one, are recognised."""

_FOREIGN_OBJECTS = re.compile(r"\b(?:hipDeviceProp\w*|VkPhysicalDeviceProperties\w*)\b")
"""Other platforms' structures with members of the same name."""

_BRACKETED = {")": "(", "]": "["}
_BRACKET_REACH = 80
_STATEMENT = re.compile(r"[;{}]")


@functools.lru_cache(maxsize=16)
def _pattern(members: frozenset[str]) -> re.Pattern[str]:
    return re.compile(r"(?:\.|->)\s{0,8}(?P<name>" + "|".join(sorted(map(re.escape, members))) + r")\b(?!\s{0,8}\()")


def fields(source: Source) -> Iterator[Use]:
    """Yield the members that the vocabulary asks for, each once in a statement."""
    code = source.live
    for structure, named in _OBJECTS.items():
        members = source.qualified.members.get(structure)
        if not members or not any(f"{sign}{member}" in code for member in members for sign in ".>"):
            continue
        found = list(_pattern(members).finditer(code))
        declared = set(re.findall(rf"\b{structure}\b[\s&*]{{0,8}}(\w+)", code))
        foreign = _FOREIGN_OBJECTS.search(code) is not None
        last: dict[str, int] = {}
        for member in found:
            owner = _owner(code, member.start())
            if owner not in declared and (foreign or not named.search(owner)):
                continue
            name = f"{structure}::{member['name']}"
            again = name in last and not _STATEMENT.search(code, last[name], member.start())
            last[name] = member.end()
            if not again and source.wants(UseKind.NAME, name):
                sure = Confidence.HIGH if owner in declared else Confidence.MEDIUM
                yield source.use(UseKind.NAME, name, member.start("name"), member.end(), confidence=sure)


def _owner(code: str, end: int) -> str:
    """Return the name before a member: `prop` of `prop.`, `prop[i].` and `prop(i)->`."""
    end = skip_back(code, end)
    if opening := _BRACKETED.get(code[end - 1 : end]):
        end = skip_back(code, max(0, code.rfind(opening, max(0, end - _BRACKET_REACH), end)))
    return code[word_start(code, end) : end]
