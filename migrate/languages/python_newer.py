"""Spell syntax of newer Pythons in a form that older interpreters parse, with every other character where it was."""

from __future__ import annotations

import re

_HEAD = re.compile(r"^[ \t]*+(?:(?:async[ \t]++)?def|class|type)[ \t]++\w++[ \t]*+(?=\[)", re.MULTILINE)
"""What type parameters follow (PEP 695, Python 3.12)."""
_BRACKET = re.compile(r"[\[\]]")
_ALIAS = re.compile(r"^(?P<before>[ \t]*+type)[ \t](?=[ \t]*+\w++[ \t]*+=(?!=))", re.MULTILINE)
"""A type alias (PEP 695): its keyword is joined to the name."""
_CAUGHT = re.compile(r"^[ \t]*+except\*?[ \t]++[\w.]++(?:[ \t]*+,[ \t]*+[\w.]++)++(?=[ \t]*+:)", re.MULTILINE)
"""Exceptions caught without parentheses (PEP 758, Python 3.14)."""
_LONGEST = 300
"""Characters of type parameters that are looked at (judgement)."""


def older(text: str) -> str:
    """Return the text with type parameters left out, and aliases and handlers spelled the old way."""
    parts: list[str] = []
    done = 0
    for head in _HEAD.finditer(text):
        end = _closing(text, head.end()) if head.end() >= done else 0
        if end:
            parts += [text[done : head.end()], _blank(text[head.end() : end])]
            done = end
    parts.append(text[done:])
    plain = _ALIAS.sub(lambda found: f"{found['before']}_", "".join(parts))
    return _CAUGHT.sub(lambda found: found[0].replace(",", "|"), plain)


def _blank(text: str) -> str:
    """Return as many spaces, with line ends that do not end the statement."""
    *lines, last = text.split("\n")
    return "".join(f"{' ' * (len(line) - 1)}\\\n" for line in lines) + " " * len(last)


def _closing(text: str, start: int) -> int:
    """Return the offset behind the bracket that closes the one at an offset, 0 when it is not near."""
    depth = 0
    for bracket in _BRACKET.finditer(text, start, start + _LONGEST):
        depth += 1 if bracket[0] == "[" else -1
        if not depth:
            return bracket.end()
    return 0
