"""A second witness: what the CUDA grammar makes of kernels, launches and inline assembly.

The tree never decides alone, for macros and unusual templates leave errors in most real files. What the
lexical reading found and the tree confirms is certain; the rest stays, with less confidence.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node, Parser, QueryCursor

LARGEST_PIECE = 50_000
LARGEST_FILE = 2_000_000
"""Code points that are parsed of one function and of one file; the rest keeps its lexical reading."""

_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_MOST_ANGLES = 40
_MANY_ANGLES = re.compile(r"(?:\w++\s*+<\s*+){40}")
_MANY_SIGNS = re.compile(r"(?:[^\w\s;,{}]\s*+){200}")
"""What nobody writes and a generalised parser takes quadratic time for."""


@dataclass
class Witness:
    """Offsets that the grammar confirms."""

    kernels: dict[int, int] = field(default_factory=dict)
    """Offset of `__global__` -> offset after the definition."""
    launches: set[int] = field(default_factory=set)
    """Offsets of `<<<`."""
    assembly: set[int] = field(default_factory=set)
    """Offsets of `asm`."""


@functools.cache
def _cursor() -> QueryCursor:
    import tree_sitter
    import tree_sitter_cuda

    return tree_sitter.QueryCursor(tree_sitter.Query(tree_sitter.Language(tree_sitter_cuda.language()), _QUERY))


@functools.cache
def _parser() -> Parser:
    import tree_sitter
    import tree_sitter_cuda

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_cuda.language()))


def testimony(code: str, pieces: Iterable[tuple[int, int]]) -> Witness:
    """Parse pieces of masked code, each one definition, and return what the grammar recognises in them.

    Args:
        code: Without directives and without branches whose braces do not balance.
        pieces: Start and end of each definition.
    """
    result = Witness()
    left = LARGEST_FILE
    for start, end in pieces:
        piece = code[start:end]
        left -= len(piece)
        if left < 0:
            break
        if len(piece) <= LARGEST_PIECE and not _is_hostile(piece):
            # one byte for each code point, so that the tree's offsets are the text's
            _walk(_NOT_ASCII.sub("x", piece).encode("ascii"), start, result)
    return result


def _is_hostile(piece: str) -> bool:
    many_angles = piece.count("<") >= _MOST_ANGLES and _MANY_ANGLES.search(piece) is not None
    return many_angles or _MANY_SIGNS.search(piece) is not None


def _walk(piece: bytes, offset: int, result: Witness) -> None:
    for kind, nodes in _cursor().captures(_parser().parse(piece).root_node).items():
        for node in nodes:
            _READERS[kind](node, offset, result)


def _kernel(node: Node, offset: int, result: Witness) -> None:
    body = node.child_by_field_name("body")
    if body is None or body.is_missing:
        return
    for child in node.children:
        if child.type == "__global__":
            result.kernels[offset + child.start_byte] = offset + node.end_byte
        elif child == body:
            return


def _launch(node: Node, offset: int, result: Witness) -> None:
    result.launches.add(offset + node.start_byte)


def _assembly(node: Node, offset: int, result: Witness) -> None:
    result.assembly.add(offset + node.start_byte)


_READERS = {"kernel": _kernel, "launch": _launch, "assembly": _assembly}
_QUERY = "(function_definition) @kernel (kernel_call_syntax) @launch (gnu_asm_expression) @assembly"
