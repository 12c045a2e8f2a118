r"""CUDA C++ in the strings of a Python file: which strings hold it, and what they say.

A string is code because it is given to a function that compiles one, or because it clearly holds device code. Pieces
that the program fills in later become names of the same width, so that what stands around them keeps its place.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from migrate.languages import python_builds as builds
from migrate.languages.python_embedding import C_STRINGS, Decoded
from migrate.languages.python_names import Bound, Scope, called_name
from migrate.languages.python_source import STRING, Source
from migrate.model import Confidence, Embedded

MARKS = ("__global__", "__device__")
"""Words of device code that no Python has."""

BODY_MARKS = ("blockIdx.", "threadIdx.")
"""Words of the body of a kernel."""

_TOKEN = re.compile(rf"\#[^\n]*+|(?P<prefix>[A-Za-z]{{0,2}})(?P<body>{STRING})", re.DOTALL)
_DEFINES = re.compile(r"\b__(?:global|device)__\b[^;{}()=\"']{0,300}[\w>]\s*\(")
_HEADLESS = re.compile(r"\s*+\((?:[^{}()]|\{\w*+\})*+\)\s*+\{")
"""Parameters and the beginning of a body: a function writes the rest of the head around it."""
_ESCAPE = r"\\(?:[0-7]{1,3}|x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|N\{[^}\n]{0,80}\}|[\n\\'\"abfnrtv])"
_HOLES = {
    "": r"(?!)",
    "f": r"\{\{|\}\}|\{(?:[^{}]|\{[^{}]*+\})*+\}?+",
    "format": r"\{\{|\}\}|\{[\w.:!\[\]]*+\}",
    "%": r"%%|%(?:\(\w+\))?+[-+ #0]*+[\d.]*+[a-zA-Z]",
    "template": r"\$\$|\$\{\w+\}|\$[A-Za-z_]\w*+",
}
"""How a string is filled in -> pattern of its holes; a doubled character stands for itself."""
_PIECES = {
    (filled, raw): re.compile(f"(?P<hole>{hole})" + ("" if raw else f"|{_ESCAPE}"), re.DOTALL)
    for filled, hole in _HOLES.items()
    for raw in (False, True)
}
_TELLING = {
    "format": re.compile(r"\)\s*+\{\{"),
    "%": re.compile(r"%\(\w+\)[sd]"),
    "template": re.compile(r"\$\{\w+\}"),
}
"""How a string is filled in -> what stands in it then and in no C++."""
_SHORT_ESCAPES = {"\n": "\n", "n": "\n", "t": "\t", "\\": "\\", "'": "'", '"': '"'}
_PATH = re.compile(r"[^\n]*\.(?:cuh?|cpp|cc|cxx|c|hpp|h|hip|jit|inl|ptx|cubin|fatbin)\Z")
_READS = frozenset({"read", "read_text", "read_bytes"})
_MOST_STEPS = 2000


class Literal(NamedTuple):
    """A string that holds code, and how the program fills it in."""

    node: ast.expr
    filled: str = ""


@dataclass
class Code:
    """What an expression for code turns out to be."""

    literals: list[Literal] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    """Files that it is read from."""
    unknown: bool = False
    """Part of it is made up where nobody sees it."""

    @property
    def found(self) -> bool:
        """Tell whether any of the code can be read."""
        return bool(self.literals or self.paths)


def is_device_code(value: str) -> bool:
    """Tell whether a string clearly holds device code, rather than a word about it."""
    return (MARKS[0] in value or MARKS[1] in value) and "{" in value and _DEFINES.search(value) is not None


def is_headless_kernel(value: str) -> bool:
    """Tell whether a string holds a kernel without the words before its parameters."""
    return any(mark in value for mark in BODY_MARKS) and MARKS[0] not in value and _HEADLESS.match(value) is not None


def text_value(node: ast.expr | None) -> str:
    """Return the text of a literal, also of bytes and with holes; empty for anything else."""
    if isinstance(node, ast.JoinedStr):
        return "".join(text_value(part) or "x" for part in node.values)
    value = node.value if isinstance(node, ast.Constant) else None
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return value if isinstance(value, str) else ""


class _Search:
    """Follows one expression to its literals."""

    def __init__(self, scope: Scope) -> None:
        self.code = Code()
        self._scope = scope
        self._seen: set[int] = set()

    def follow(self, node: ast.expr, filled: str = "") -> None:
        """Collect what a part of the expression gives, in the order of the text."""
        work = [(node, filled)]
        while work and len(self._seen) < _MOST_STEPS:
            part, how = work.pop()
            if id(part) not in self._seen:
                self._seen.add(id(part))
                work += reversed(list(self._parts(part, how)))

    def _parts(self, node: ast.expr, filled: str) -> Iterator[tuple[ast.expr, str]]:
        if isinstance(node, (ast.Constant, ast.JoinedStr)):
            if text_value(node):
                self.code.literals.append(Literal(node, filled))
        elif isinstance(node, ast.BinOp):
            if isinstance(node.op, ast.Mod):
                yield node.left, "%"
            else:
                yield node.left, filled
                yield node.right, filled
        elif isinstance(node, (ast.List, ast.Tuple, ast.Set)):
            yield from ((part, filled) for part in node.elts)
        elif isinstance(node, ast.IfExp):
            yield from ((part, filled) for part in (node.body, node.orelse))
        elif isinstance(node, (ast.Starred, ast.Await, ast.NamedExpr)):
            yield node.value, filled
        elif isinstance(node, ast.Call):
            yield from self._called(node, filled)
        elif isinstance(node, ast.Name):
            yield from self._bound(node, filled)
        else:
            self.code.unknown = True

    def _called(self, node: ast.Call, filled: str) -> Iterator[tuple[ast.expr, str]]:
        function, name = node.func, called_name(node)
        owner = function.value if isinstance(function, ast.Attribute) else None
        if name in _READS and owner is not None:
            self._read(owner)
        elif name == "join" and isinstance(owner, ast.Constant):
            yield from ((argument, filled) for argument in node.args)
        elif name == "format" and owner is not None:
            yield owner, "format"
        elif name in ("substitute", "safe_substitute", "render") and owner is not None:
            yield owner, "template"
        elif name in ("Template", "from_string", "dedent", "bytes", "str", "cleandoc", "indent"):
            yield from ((argument, filled) for argument in node.args[:1])
        elif owner is not None and name in ("encode", "decode", "strip", "lstrip", "rstrip", "replace", "removeprefix"):
            yield (node.args[0] if node.args and getattr(owner, "id", "") == "str" else owner), filled
        else:
            self.code.unknown = True

    def _read(self, opened: ast.expr) -> None:
        """Record the files that a call such as `open(path).read()` reads."""
        where = self._scope.find(opened.id) if isinstance(opened, ast.Name) else None
        if where is not None and isinstance(opened, ast.Name):
            opened = next((b.expression for b in where.names[opened.id] if b.expression is not None), opened)
        opens = isinstance(opened, ast.Call) and called_name(opened) in ("open", "Path")
        given = opened.args[:1] if isinstance(opened, ast.Call) and opens else [opened]
        paths = [path for part in given for path in source_paths(part, self._scope)]
        self.code.paths += paths
        self.code.unknown = self.code.unknown or not paths

    def _bound(self, node: ast.Name, filled: str) -> Iterator[tuple[ast.expr, str]]:
        where = self._scope.find(node.id)
        values = [value for bound in (where.names[node.id] if where else ()) if (value := _value(bound)) is not None]
        self.code.unknown = self.code.unknown or not values
        yield from ((value, filled) for value in values)


def _value(bound: Bound) -> ast.expr | None:
    return bound.expression or bound.part


def source_paths(node: ast.expr, scope: Scope) -> list[str]:
    """Return the literal paths of native sources that an expression names."""
    return [literal.value.removeprefix("./") for literal in builds.literals(node, scope) if _PATH.match(literal.value)]


def code_of(nodes: list[ast.expr], scope: Scope) -> Code:
    """Find the code that expressions stand for, following names, concatenations and the calls that keep a text."""
    search = _Search(scope)
    for node in nodes:
        search.follow(node)
    return search.code


# ------------------------------------------------------------------------------------------------------------ reading


def embedded(
    source: Source, literals: list[Literal], *, scope: str = "", guards: frozenset[str] = frozenset()
) -> tuple[Embedded, bool]:
    """Decode literals into one text of CUDA; tell also whether the program fills any of it in."""
    decoded = Decoded()
    holes = False
    for node, said in literals:
        filled = said or _seems_filled(node)
        start = source.offset(node.lineno, node.col_offset)
        end = source.offset(node.end_lineno or node.lineno, node.end_col_offset or 0)
        for token in _TOKEN.finditer(source.text, start, end):
            if token["body"]:
                holes = _add_token(decoded, token, filled) or holes
    text = decoded.finished(C_STRINGS, lambda offset: _place(source, offset))
    part = Embedded(
        language="cuda",
        text=text.text,
        lines=text.lines,
        scope=scope,
        confidence=Confidence.MEDIUM if holes else Confidence.HIGH,
        guarded_by=tuple(sorted(guards)),
    )
    return part, holes


def _seems_filled(node: ast.expr) -> str:
    """Return how a template is filled in, wherever that happens, as its own text tells."""
    value = text_value(node) if isinstance(node, ast.Constant) else ""
    return next((filled for filled, pattern in _TELLING.items() if pattern.search(value)), "")


def _place(source: Source, offset: int) -> tuple[int, int]:
    line = source.line_of(offset)
    return line, offset - source.line_starts[line - 1] + 1


def _add_token(decoded: Decoded, token: re.Match[str], filled: str) -> bool:
    """Append what stands between the quotes of one string; tell whether it has holes."""
    prefix, body = token["prefix"].lower(), token["body"]
    quote = body[:3] if body.startswith(('"""', "'''")) else body[:1]
    start = token.start("body") + len(quote)
    end = token.end("body") - (len(quote) if len(body) >= 2 * len(quote) and body.endswith(quote) else 0)
    holes = False
    decoded.begin_line(start)
    last, text = start, token.string
    for piece in _PIECES["f" if "f" in prefix else filled, "r" in prefix].finditer(text, start, end):
        decoded.add(text[last : piece.start()], last)
        last = piece.end()
        if piece["hole"] is None:
            _add_escape(decoded, piece)
        elif piece[0] in ("{{", "}}", "%%", "$$"):
            decoded.add_escape(piece[0][0], *piece.span())
        else:
            holes = True
            decoded.add("".join("\n" if character == "\n" else "x" for character in piece[0]), piece.start())
    decoded.add(text[last:end], last)
    return holes


def _add_escape(decoded: Decoded, piece: re.Match[str]) -> None:
    """Append what an escape stands for; a line that Python joins to the next stays a line of its own."""
    decoded.add_escape(_SHORT_ESCAPES.get(piece[0][1], " "), *piece.span())
