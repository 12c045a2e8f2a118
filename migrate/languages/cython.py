"""Front end for Cython, read by its words: no Python parser reads it, and half of it is C.

One text gives two: as Python, for modules, attributes and strings; as C++, for the API that it calls, in which an
extern block is an include and nothing else. What both find is never certain.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from migrate.languages.lexical import Lines, code_lines
from migrate.languages.python_embedding import PYTHON_STRINGS
from migrate.model import Confidence, Embedded, Extraction, Link, LinkKind, SourceFile, Vocabulary

_DECLARES = re.compile(
    r"^(?P<indent>[ \t]*+)(?:cdef[ \t]++extern[ \t]++from[ \t]++"
    r"(?:(?P<quote>[\"'])(?P<path>[^\"'\n]*+)(?P=quote)|\*)[^\n:]*+:|cp?def[ \t]++(?:public[ \t]++)?enum\b[^\n:]*+:)",
    re.MULTILINE,
)
"""Head of a block that declares what is defined elsewhere, or names of the file's own."""
_DEVICE_ONLY = re.compile(r"\b(?:threadIdx|blockIdx|blockDim|gridDim|warpSize)\b")
"""Words of device code; Cython is the host's, where they are plain variables."""
_CIMPORT = re.compile(r"\bcimport\b")
_SHARES = re.compile(
    r"^[ \t]*+(?:include[ \t]++(?P<quote>[\"'])(?P<path>[^\"'\n]++)(?P=quote)"
    r"|(?:from[ \t]++(?P<dots>\.*+)(?P<module>[\w.]*+)[ \t]++)?cimport\b"
    r"(?:[ \t]*+\((?P<many>[^()]*+)|(?P<names>[^\n;#(]*+)))",
    re.MULTILINE,
)
"""A line that pulls in another file of Cython's: its text, or what its header declares."""
_SHARED_NAME = re.compile(r"\s*+([A-Za-z_][\w.]*+)")
_QUOTED = re.compile(r"\s*+\"\"\"((?:[^\"]++|\"(?!\"\"))*+)\"\"\"")
_INDENT = re.compile(r"[ \t]*+")
_NOT_LINE_END = re.compile(r"[^\n]")
_SIGN = re.compile(r"^[ \t]*+\#[^\n]*+", re.MULTILINE)
_SIGN_ANYWHERE = re.compile(r"\#[^\n]*+")


class CythonFrontEnd:
    """Reads `.pyx`, `.pxd` and `.pxi` files."""

    id = "cython"
    example_name = "example.pyx"

    def extract(self, file: SourceFile, text: str, vocabulary: Vocabulary) -> Extraction:  # noqa: ARG002 - has no rules of its own
        """Read one file; never raises for what the text holds."""
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        strings = list(PYTHON_STRINGS.finditer(text))
        blocks = _blocks(text, strings)
        lines = tuple((line, 1) for line in range(1, text.count("\n") + 2))
        views = (("python", _as_python(text, blocks)), ("cuda", _as_native(text, strings, blocks)))
        parts = [
            Embedded(language=language, text=view, lines=lines, confidence=Confidence.MEDIUM)
            for language, view in views
        ]
        return Extraction(
            code_lines=code_lines(_SIGN.sub("", text)), links=tuple(_links(text, strings)), embedded=tuple(parts)
        )


FRONT_ENDS = {"cython": CythonFrontEnd()}


class _Block(NamedTuple):
    """A block of declarations."""

    head: re.Match[str]
    end: int
    """Offset where the block ends."""


def _blocks(text: str, strings: Sequence[re.Match[str]]) -> list[_Block]:
    """Return the extern blocks that are none of documentation."""
    found: list[_Block] = []
    lines = Lines(text)
    starts = [string.start() for string in strings]
    for head in _DECLARES.finditer(text):
        string = bisect.bisect_right(starts, head.start()) - 1
        if (found and head.start() < found[-1].end) or (string >= 0 and head.start() < strings[string].end()):
            continue
        line = lines.line(head.end())
        while line < len(lines.starts) and _continues(text, lines.starts[line], len(head["indent"])):
            line += 1
        found.append(_Block(head, lines.starts[line] if line < len(lines.starts) else len(text)))
    return found


def _links(text: str, strings: Sequence[re.Match[str]]) -> Iterator[Link]:
    """Yield the files whose text or declarations the file shares: what their headers declare, it sees too."""
    starts = [string.start() for string in strings]
    lines = Lines(text)
    for found in _SHARES.finditer(text):
        string = bisect.bisect_right(starts, found.start()) - 1
        if string >= 0 and found.start() < strings[string].end():
            continue
        for path in dict.fromkeys(_shared(found)):
            yield Link(kind=LinkKind.INCLUDE, to=path, line=lines.line(found.end()))


def _shared(found: re.Match[str]) -> Iterator[str]:
    """Yield the paths that a line may mean: what is taken from a package is a module, or a name that one declares."""
    if found["path"]:
        yield found["path"]
        return
    names = [
        name[1]
        for part in _SIGN_ANYWHERE.sub("", found["many"] or found["names"] or "").split(",")
        if (name := _SHARED_NAME.match(part))
    ]
    if found["module"] is None:
        yield from (f"{name.replace('.', '/')}.pxd" for name in names)
        return
    folder = "../" * (len(found["dots"]) - 1) + found["module"].replace(".", "/")
    if found["module"]:
        yield f"{folder}.pxd"
        folder += "/"
    yield from (f"{folder}{name}.pxd" for name in names)


def _continues(text: str, start: int, indent: int) -> bool:
    """Tell whether a line belongs to the block above it: blank, a comment, or further right."""
    end = _INDENT.match(text, start).end()  # type: ignore[union-attr] # it matches the empty text
    return end - start > indent or text[end : end + 1] in ("\n", "#", "")


def _as_python(text: str, blocks: Sequence[_Block]) -> str:
    """Take out the declarations, which are C, and name imports as Python does."""
    pieces, last = [], 0
    for head, end in blocks:
        pieces += [text[last : head.start()], _blank(text[head.start() : end])]
        last = end
    return _CIMPORT.sub(" import", "".join([*pieces, text[last:]]))


def _as_native(text: str, strings: Sequence[re.Match[str]], blocks: Sequence[_Block]) -> str:
    """Take out comments, strings and declarations; the header that a block declares is included."""
    edits = {block.head.start(): (block.end, _include(text, block)) for block in blocks}
    for string in strings:
        edits.setdefault(string.start(), (string.end(), _blank(string[0])))
    pieces, last = [], 0
    for start, (end, stand_in) in sorted(edits.items()):
        if start >= last:
            pieces += [text[last:start], stand_in]
            last = end
    return _DEVICE_ONLY.sub(lambda found: _blank(found[0]), "".join([*pieces, text[last:]]))


def _include(text: str, block: _Block) -> str:
    """Return an extern block as C++: its header, and the code that it quotes instead of declaring something."""
    head, end = block
    include = ""
    if head["path"]:
        include = '#include "'.rjust(head.start("path") - head.start()) + head["path"] + '"'
    at = head.start() + len(include)
    if (quoted := _QUOTED.match(text, head.end(), end)) is None:
        return include + _blank(text[at:end])
    return include + _blank(text[at : quoted.start(1)]) + quoted[1] + _blank(text[quoted.end(1) : end])


def _blank(text: str) -> str:
    return _NOT_LINE_END.sub(" ", text)
