"""Make's syntax: assignments, rules with their recipes, conditions; offsets of the file throughout."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from migrate.languages.branches import Branches

_LINE = re.compile(r"[^\r\n]*+(?:\r\n?|\n|\Z)")
_CONDITION = re.compile(
    r"[ \t]*+(?P<word>else[ \t]+(?:ifn?eq|ifn?def)|ifn?eq|ifn?def|else|endif|if(?=[ \t]+!?[A-Z]\w*[ \t]*\Z))"
    r"(?![\w:=.-])(?P<rest>.*)"
)
"""Those of make, and `if NAME` of automake."""
_DEFINE = re.compile(r"[ \t]*+(?:override[ \t]+|export[ \t]+)*+define[ \t]+(?P<name>[^\s:=+?]++)")
_END_DEFINE = re.compile(r"[ \t]*+endef\b")
_INCLUDE = re.compile(r"[ \t]*+(?:-include|sinclude|include)[ \t]+(?P<files>.*)")
_ASSIGNMENT = re.compile(
    r"[ \t]*+(?P<modifiers>(?:(?:export|override|private|unexport)[ \t]+)*+)"
    r"(?P<name>[^\s:#=+?!]++)[ \t]*+(?P<sign>:::?=|[:+?!]?=)[ \t]*+"
)
_REFERENCE_OR_SIGN = re.compile(r"\$\$|\$[({]|[)}]|(?P<colon>&?::?(?!=))|(?P<semicolon>;)|(?P<comment>(?<!\\)#)")
_RECIPE_PREFIX = re.compile(r"[@+\-\s]*+")


class Assignment(NamedTuple):
    """A variable that is given a value."""

    name: str
    start: int
    value_start: int
    end: int
    exported: bool = False


class Rule(NamedTuple):
    """Targets, what they need, and the lines that make them."""

    targets: tuple[int, int]
    needs: tuple[int, int]
    recipe: tuple[tuple[int, str, int], ...]
    """Offset and text of each line, and the number of the conditions around it."""


class Test(NamedTuple):
    """What a condition asks."""

    start: int
    end: int


class Include(NamedTuple):
    """Other files that are read at this place."""

    start: int
    end: int


Statement = Assignment | Rule | Test | Include


class Makefile(NamedTuple):
    """A file, read; each statement with the number of the conditions around it."""

    text: str
    """The original with all that joins lines, and all comments outside recipes, blanked; offsets hold."""
    statements: list[tuple[Statement, int]]
    branches: Branches
    code_lines: int


def parse(text: str) -> Makefile:
    """Read a file; what is not closed goes on to the end of the file."""
    return _Parser(text).read()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._pieces: list[str] = []
        self._statements: list[tuple[Statement, int]] = []
        self._branches = Branches()
        self._rule: tuple[tuple[int, int], tuple[int, int]] | None = None
        self._recipe: list[tuple[int, str, int]] = []
        self._rule_place = 0
        self._code_lines = 0

    def read(self) -> Makefile:
        pending: list[tuple[int, str]] = []
        definition = False
        in_recipe = False
        for found in _LINE.finditer(self._text):
            line = found[0]
            plain = line.rstrip("\r\n")
            self._code_lines += bool(plain.strip()) and not plain.lstrip().startswith("#")
            if definition:
                definition = not _END_DEFINE.match(plain)
                if definition:
                    self._recipe.append((*_recipe_line(found.start(), plain), self._branches.here))
                self._pieces.append(line)
                continue
            if not pending:
                in_recipe = plain.startswith("\t") and self._rule is not None
            if in_recipe:
                self._recipe.append((*_recipe_line(found.start(), plain), self._branches.here))
                self._pieces.append(line)
                pending = [(found.start(), plain)] if _continues(plain) else []
                continue
            pending.append((found.start(), line))
            if _continues(plain):
                continue
            definition = self._logical(pending)
            pending = []
        if pending and not in_recipe:
            self._logical(pending)
        self._end_rule()
        return Makefile("".join(self._pieces), self._statements, self._branches, self._code_lines)

    def _logical(self, lines: Sequence[tuple[int, str]]) -> bool:
        """Read a line with its continuations; tell whether a definition of several lines begins."""
        start = lines[0][0]
        whole = "".join(_unjoined(line) for _, line in lines)
        comment = _comment(whole)
        body = whole if comment is None else whole[:comment]
        self._pieces.append(body + " " * (len(whole) - len(body)))
        if not body.strip():
            return False
        if condition := _CONDITION.match(body):
            self._condition(condition)
            self._add(Test(start + condition.start("rest"), start + condition.end("rest")))
            return False
        self._end_rule()
        if _DEFINE.match(body):
            self._rule, self._rule_place = ((start, start), (start, start)), self._branches.here
            return True
        if include := _INCLUDE.match(body):
            self._add(Include(start + include.start("files"), start + len(body)))
        elif assignment := _ASSIGNMENT.match(body):
            self._assign(assignment, start, start + len(body))
        else:
            self._begin_rule(body, start)
        return False

    def _condition(self, condition: re.Match[str]) -> None:
        word = condition["word"]
        if word == "endif":
            self._branches.close()
        elif word.startswith("else"):
            self._branches.alternative([condition["rest"]])
        else:
            self._branches.open([condition["rest"]])

    def _assign(self, found: re.Match[str], start: int, end: int) -> None:
        begin = start + found.start("name")
        self._add(Assignment(found["name"], begin, start + found.end(), end, "export" in found["modifiers"].split()))

    def _begin_rule(self, body: str, start: int) -> None:
        colon, semicolon = _rule_signs(body)
        if colon is None:
            if body.lstrip().startswith("$"):  # a call of a function, such as $(error ...) or $(eval ...)
                self._add(Assignment("", start, start, start + len(body)))
            return
        after = colon.end()
        if assignment := _ASSIGNMENT.match(body, after):
            self._assign(assignment, start, start + len(body))
            return
        needs = (start + after, start + (len(body) if semicolon is None else semicolon))
        self._rule, self._rule_place = ((start, start + colon.start()), needs), self._branches.here
        if semicolon is not None:
            self._recipe.append((start + semicolon + 1, body[semicolon + 1 :].rstrip(), self._branches.here))

    def _end_rule(self) -> None:
        if self._rule is not None:
            self._statements.append((Rule(*self._rule, tuple(self._recipe)), self._rule_place))
        self._rule, self._recipe = None, []

    def _add(self, statement: Statement) -> None:
        self._statements.append((statement, self._branches.here))


def _continues(plain: str) -> bool:
    return (len(plain) - len(plain.rstrip("\\"))) % 2 == 1


def _unjoined(line: str) -> str:
    """Blank the end of a line, and the backslash that joins it with the next."""
    plain = line.rstrip("\r\n")
    kept = plain[:-1] if _continues(plain) else plain
    return kept + " " * (len(line) - len(kept))


def _recipe_line(start: int, plain: str) -> tuple[int, str]:
    """Take off what tells make how to run a line."""
    prefix = _RECIPE_PREFIX.match(plain)
    skipped = prefix.end() if prefix else 0
    return start + skipped, plain[skipped:]


def _signs(body: str) -> Iterator[re.Match[str]]:
    """Yield colons, semicolons and comments that stand outside references to variables."""
    depth = 0
    for found in _REFERENCE_OR_SIGN.finditer(body):
        sign = found[0]
        if sign in {"$(", "${"}:
            depth += 1
        elif sign in {")", "}"}:
            depth = max(0, depth - 1)
        elif not depth and sign != "$$":
            yield found


def _comment(body: str) -> int | None:
    """Return where a comment begins."""
    if "#" not in body:
        return None
    return next((found.start() for found in _signs(body) if found["comment"]), None)


def _rule_signs(body: str) -> tuple[re.Match[str] | None, int | None]:
    """Return the colon that parts targets from what they need, and where a recipe on the same line begins."""
    colon = None
    for found in _signs(body):
        if found["colon"] and colon is None:
            colon = found
        elif found["semicolon"] and colon is not None:
            return colon, found.start()
    return colon, None
