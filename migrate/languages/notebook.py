"""Front end for Jupyter notebooks: the code cells as one program, cells in other languages as theirs.

Only the sources of code cells are read, never what they printed. A notebook is JSON, so every place is found in its
text: a scanner of JSON tokens says where the strings of a source stand, escapes and all.
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple

from migrate.languages.lexical import Lines
from migrate.languages.python_embedding import PYTHON_STRINGS, Decoded
from migrate.model import Embedded, Extraction, Skip, SkipReason, SourceFile, Vocabulary

_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"|[{}\[\],]', re.DOTALL)
_ESCAPE = re.compile(r"\\(?:u[0-9A-Fa-f]{4}|.)")
_SHORT = {"n": "\n", "r": " ", "t": "\t", "b": " ", "f": " "}
_CELL_MAGIC = re.compile(r"[ \t]*%%[ \t]*(\w+!?)[ \t]*([^\n]*)")
_LINE_MAGIC = re.compile(
    r"^(?P<indent>[ \t]*+)(?:(?P<target>[A-Za-z_][\w, \t*]*+=[ \t]*+)?+(?:!(?!=)|%(?P<name>[a-z]\w*+)[ \t]*+)"
    r"(?P<rest>(?:[^\n\\]++|\\.?)*+)|[?][^\n]*+|[\w.]++[?]{1,2}[ \t]*+$)",
    re.MULTILINE | re.DOTALL,
)
_OPTIONS = re.compile(r"(?:-\w+[ \t]+(?:\d+[ \t]+)?)*+")
_OF_SHELL = frozenset({"sx", "system", "bash", "sh"})
_INSTALLS = frozenset({"pip", "conda", "mamba"})
_SETS = frozenset({"env", "set_env"})
_SHELLS = frozenset({"bash", "sh", "script", "cmd", "!"})
_NATIVE = frozenset({"cu", "cuda", "nvcc", "cuda_group_save", "cpp", "c", "inline_cuda"})
_PYTHON = frozenset({"time", "timeit", "capture", "prun", "python", "python3", "pypy", "memit", "mprun", "lprun"})
"""Cell magics whose cells are Python, or are run by another."""
_WRITES = frozenset({"writefile", "file"})
_BY_SUFFIX = {
    **dict.fromkeys(("cu", "cuh", "cpp", "cc", "cxx", "c", "h", "hpp"), "cuda"),
    "py": "python",
    "sh": "shell",
}
"""Suffix of a file that a cell writes -> front end id."""


_KERNEL_DEPTH = 3
"""Objects around the name of a kernel's language."""


class _Cell(NamedTuple):
    """A code cell: where the strings of its source stand in the file, quotes left out."""

    strings: list[tuple[int, int]]


class _Notebook(NamedTuple):
    cells: list[_Cell]
    language: str


class NotebookFrontEnd:
    """Reads `.ipynb` files."""

    id = "notebook"
    example_name = "example.ipynb"

    def extract(self, file: SourceFile, text: str, vocabulary: Vocabulary) -> Extraction:  # noqa: ARG002 - has no rules of its own
        """Read one file; never raises for what the text holds."""
        try:
            json.loads(text)
        except (ValueError, RecursionError) as error:
            detail = f"no JSON: {error}" if isinstance(error, ValueError) else "no JSON: nests too deeply"
            return Extraction(skip=Skip(path=file.path, reason=SkipReason.PARSE_ERROR, detail=detail))
        notebook = _read(text)
        if notebook.language not in ("python", "ipython", "python3"):
            detail = f"a notebook in {notebook.language}"
            return Extraction(skip=Skip(path=file.path, reason=SkipReason.UNSUPPORTED_LANGUAGE, detail=detail))
        program = _Program(text)
        for cell in notebook.cells:
            program.add(cell)
        return Extraction(code_lines=program.code_lines, embedded=program.embedded())


FRONT_ENDS = {"notebook": NotebookFrontEnd()}


# ---------------------------------------------------------------------------------------------------------- scanning


class _Open:
    """An object or array that the scanner is in."""

    __slots__ = ("awaits_key", "cell", "is_object", "key")

    def __init__(self, *, is_object: bool, in_cells: bool) -> None:
        self.is_object = is_object
        self.awaits_key = is_object
        self.key = ""
        self.cell: dict[str, list[tuple[int, int]]] | None = {} if is_object and in_cells else None


def _read(text: str) -> _Notebook:
    """Find the code cells of a notebook and the language of its kernel, in one pass over its tokens."""
    cells: list[_Cell] = []
    said: dict[str, str] = {}
    stack: list[_Open] = []
    for token in _TOKEN.finditer(text):
        first = text[token.start()]
        if first in "{[":
            outer = stack[-1] if stack else None
            stack.append(_Open(is_object=first == "{", in_cells=outer is not None and outer.key == "cells"))
            if first == "[" and outer is not None and (outer.key == "cells" or outer.cell is not None):
                stack[-1].key = outer.key
        elif first in "}]":
            closed = stack.pop() if stack else None
            if closed is not None and closed.cell is not None and (cell := _cell(text, closed.cell)):
                cells.append(cell)
        elif first == ",":
            if stack:
                stack[-1].awaits_key = stack[-1].is_object
        elif stack:
            _string(text, token.start() + 1, token.end() - 1, stack, said)
    language = said.get("kernelspec.language") or said.get("language_info.name") or "python"
    return _Notebook(cells, language.lower())


def _string(text: str, start: int, end: int, stack: list[_Open], said: dict[str, str]) -> None:
    """Take a string as the key it is, as part of a cell, or as what the notebook says of its language."""
    here = stack[-1]
    if here.awaits_key:
        here.key, here.awaits_key = text[start:end], False
    elif here.cell is not None:
        here.cell.setdefault(here.key, []).append((start, end))
    elif not here.is_object and len(stack) > 1 and (cell := stack[-2].cell) is not None:
        cell.setdefault(here.key, []).append((start, end))
    elif len(stack) == _KERNEL_DEPTH and stack[0].key == "metadata":
        said[f"{stack[-2].key}.{here.key}"] = text[start:end]


def _cell(text: str, fields: dict[str, list[tuple[int, int]]]) -> _Cell | None:
    kind = fields.get("cell_type", [])
    source = fields.get("source") or fields.get("input")  # the older formats' name
    return _Cell(source) if source and kind and text[slice(*kind[0])] == "code" else None


# ----------------------------------------------------------------------------------------------------------- program


class _Program:
    """Puts cells together by language."""

    def __init__(self, text: str) -> None:
        self.code_lines = 0
        self._text = text
        self._lines = Lines(text)
        self._python: list[_Cell] = []
        self._others: list[tuple[str, str, tuple[tuple[int, int], ...]]] = []
        self._body: list[str] = []
        self._places: list[tuple[int, int]] = []

    def add(self, cell: _Cell) -> None:
        """Give a cell to the language that its first line names."""
        text, lines = self._decoded(cell)
        self.code_lines += sum(1 for line in text.split("\n") if (bare := line.strip()) and not bare.startswith("#"))
        magic = _CELL_MAGIC.match(text)
        if magic is None:
            self._add_python(text, lines)
            return
        rest = "\n" + text.partition("\n")[2] if "\n" in text else ""
        language = _cell_language(magic[1].lower(), magic[2])
        if language == "python":
            self._add_python(rest, lines)
        elif language:
            self._others.append((language, rest, lines))

    def _add_python(self, text: str, lines: tuple[tuple[int, int], ...]) -> None:
        rows = Lines(text)
        self._body.append(_LINE_MAGIC.sub(lambda found: self._magic(found, rows, lines), text))
        self._places += lines

    def _magic(self, found: re.Match[str], rows: Lines, lines: tuple[tuple[int, int], ...]) -> str:
        """Put Python in the place of a magic line; a command is the shell's to read."""
        name, rest = found["name"] or "", found["rest"] or ""
        target = found["target"] or ""
        if name in _PYTHON:
            code = _OPTIONS.sub("", rest, count=1)
            if code.strip():
                return f"{found['indent']}{target}0;".ljust(len(found[0]) - len(code)) + code
        elif rest.strip() and (not name or name in _OF_SHELL | _INSTALLS | _SETS):
            self._command(name, rest, rows.place(found.start("rest")), lines)
        stand_in = f"{target}None" if target else "pass"
        return found["indent"] + stand_in + "\n" * found[0].count("\n")

    def _command(self, name: str, rest: str, place: tuple[int, int], lines: tuple[tuple[int, int], ...]) -> None:
        """Give a command to the shell's front end, with the word that the magic left out."""
        row, column = place
        before = ""
        if name in _INSTALLS:
            before = f"{name} "
        elif name in _SETS:
            before = "export "
            variable, blank, value = rest.partition(" ")
            rest = f"{variable}={value}" if blank and "=" not in rest else rest
        count = rest.count("\n") + 1
        places = [*lines[row - 1 : row - 1 + count]]
        places[0] = (places[0][0], max(places[0][1] + column - 1 - len(before), 1))
        self._others.append(("shell", before + rest, tuple(places)))

    def embedded(self) -> tuple[Embedded, ...]:
        """Return the Python program, then the cells and lines in other languages in the order of the file."""
        parts = []
        if self._body:
            parts.append(Embedded(language="python", text="\n".join(self._body), lines=tuple(self._places)))
        others = sorted(self._others, key=lambda other: other[2][0])
        return (*parts, *(Embedded(language=language, text=text, lines=lines) for language, text, lines in others))

    def _decoded(self, cell: _Cell) -> tuple[str, tuple[tuple[int, int], ...]]:
        decoded = Decoded()
        text = self._text
        for start, end in cell.strings:
            decoded.continue_at(start)
            last = start
            for escape in _ESCAPE.finditer(text, start, end):
                decoded.add(text[last : escape.start()], last)
                decoded.add_escape(_character(escape[0]), *escape.span())
                last = escape.end()
            decoded.add(text[last:end], last)
        return decoded.finished(PYTHON_STRINGS, self._lines.place, indented=True)


def _character(escape: str) -> str:
    """Return what a JSON escape stands for; half a surrogate pair is no character of any program."""
    if escape[1] != "u":
        return _SHORT.get(escape[1], escape[1])
    code = int.from_bytes(bytes.fromhex(escape[2:]))
    return "?" if 0xD800 <= code <= 0xDFFF else chr(code)


def _cell_language(magic: str, rest: str) -> str:
    """Return the front end for a cell with this magic, empty when there is none."""
    if magic in _SHELLS:
        return "shell"
    if magic in _NATIVE:
        return "cuda"
    if magic in _WRITES:
        return _BY_SUFFIX.get(rest.strip().rpartition(".")[2].lower(), "")
    return "python" if magic in _PYTHON else ""
