"""Python front end: which CUDA-specific names, strings, kernels and packages a file uses.

A file that holds no literal of the vocabulary is read for its imports only. In others, the logical lines with a
literal (and those with a name that the file bound to something of interest) are parsed together with the headers they
stand under; a file that cannot be reduced so is parsed whole, and one that is no Python is searched for its names.
"""

from __future__ import annotations

import ast
import functools
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from migrate.languages.python_fallback import scan_text
from migrate.languages.python_names import imported, imports_of, package_of
from migrate.languages.python_newer import older
from migrate.languages.python_report import Reading
from migrate.languages.python_source import Layout, Source, layout
from migrate.languages.python_uses import Reader
from migrate.languages.python_wanted import Hits, Wanted, wanted
from migrate.model import BlindKind, Extraction, Link, LinkKind, Skip, SkipReason, SourceFile, Use, UseKind, Vocabulary

_MOST_ROUNDS = 6
"""Rounds of names bound to names; after them the whole file is parsed."""


@dataclass(frozen=True)
class PythonFrontEnd:
    """Reads `.py` and `.pyi` files."""

    id: str = "python"
    example_name: str = "example.py"
    exhaustive: bool = False
    """Parse every file whole: slower, the measure that the fast path is held to."""

    exported: Mapping[str, str] = field(default_factory=dict)
    """Dotted names of the repository's modules, with what they stand for (see `Extraction.exports`)."""

    def extract(self, file: SourceFile, text: str, vocabulary: Vocabulary) -> Extraction:
        """Read one file; never raises for what the text holds."""
        plan = wanted(vocabulary)
        source = Source(text)
        lines = layout(source)
        skip = None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the scanned code: invalid escapes, `is` with a literal
            try:
                reading = self._read(source, lines, plan, file.path)
            except _Unreadable as error:
                reading = scan_text(source, lines, plan)
                skip = Skip(path=file.path, reason=SkipReason.PARSE_ERROR, detail=str(error))
        return Extraction(
            uses=_in_order(reading.uses),
            links=tuple(sorted(reading.links, key=lambda link: link.line)),
            embedded=tuple(sorted(reading.embedded, key=lambda part: part.lines[0])),
            blind=tuple(sorted(set(reading.blind), key=lambda blind: (blind.line, blind.kind, blind.text))),
            code_lines=lines.code_lines() if lines else source.code_lines(),
            skip=skip,
            generated=source.is_generated(),
            exports=reading.exports,
        )

    def _read(self, source: Source, lines: Layout | None, plan: Wanted, path: str) -> Reading:
        hits = plan.hits(source.text)
        reader = functools.partial(Reader, source, plan, path, tests=bool(hits.guards), exported=self.exported)
        reading = None
        whole = self.exhaustive or self.exported or hits.whole or path.endswith("setup.py")
        if lines is not None and not whole:
            if not (hits.any or hits.links or hits.code):
                reading = _imports(lines.skeleton(lines.imports()), plan, path)
            if reading is None:
                reading = _reduced(source, lines, plan, hits, reader)
        if reading is None:
            reading = _walk(reader(), source.text)
        if not (hits.any or self.exported):  # what looks like a launch is none where no platform is named
            reading.links = [link for link in reading.links if link.kind != LinkKind.LAUNCH]
            reading.uses = [use for use in reading.uses if use.kind != UseKind.LAUNCH]
            reading.blind = [blind for blind in reading.blind if blind.kind != BlindKind.DYNAMIC_CODE]
        return reading


class _Unreadable(Exception):  # noqa: N818 - a result on its way to becoming a Skip
    """The text is no Python that this interpreter reads."""


def _walk(reader: Reader, text: str) -> Reading:
    try:
        return reader.read(_parsed(text))
    except SyntaxError as error:
        raise _Unreadable(f"line {error.lineno or 1}: {error.msg}") from None
    except (ValueError, MemoryError):
        raise _Unreadable("line 1: holds NUL bytes, lone surrogates, or nests too deeply") from None
    except RecursionError:
        raise _Unreadable("line 1: nests too deeply") from None


def _parsed(text: str) -> ast.Module:
    """Parse a text, if need be with newer syntax than this interpreter's respelled."""
    try:
        return ast.parse(text)
    except SyntaxError:
        respelled = older(text)
        if respelled == text:
            raise
        return ast.parse(respelled)


def _reduced(source: Source, lines: Layout, plan: Wanted, hits: Hits, make: Callable[..., Reader]) -> Reading | None:
    """Read a skeleton, grown until no name that matters is left out; None when the whole file must be read."""
    kept = lines.imports() | _lines_at(lines, (*hits.links, *hits.code))
    known: dict[str, set[str]] = {}
    if hits.any:
        known = _imported_names(source, lines, plan, hits)
        kept |= _lines_at(lines, (*hits.wanted, *hits.guards, *hits.dynamic))
        kept |= _lines_at(lines, plan.places(source.text, known, hits))
    for _ in range(_MOST_ROUNDS):
        reader = make(layout=lines)
        try:
            reading = _walk(reader, lines.skeleton(kept))
        except _Unreadable:
            return None
        if reader.stars:
            return None
        more = {name: fresh for name, all_ in reading.words.items() if (fresh := all_ - known.get(name, set()))}
        grown = kept | _lines_at(lines, plan.places(source.text, more, hits)) if hits.any else kept
        if grown == kept:
            return reading
        kept = grown
        for name, fresh in more.items():
            known.setdefault(name, set()).update(fresh)
    return None


def _imported_names(source: Source, lines: Layout, plan: Wanted, hits: Hits) -> dict[str, set[str]]:
    """Read off the import statements, without parsing, which names to look for; saves a round of parsing."""
    known = {root: {root} for root in hits.modules}
    statements = (source.text[line.start : line.end] for line in lines.lines if line.mark == "imports")
    for name, dotted in imports_of(statements):
        if plan.leads(dotted):
            known.setdefault(name, {name} if name in plan.roots else set()).add(dotted)
    return known


def _imports(text: str, plan: Wanted, path: str) -> Reading | None:
    """Read nothing but imports; None when a rule asks for one of them, or when they do not parse."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    reading = Reading()
    package = package_of(path)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            for _, dotted in imported(node, package):
                if plan.asked_import(dotted):
                    return None
                if dotted:
                    reading.links.append(Link(kind=LinkKind.IMPORT, to=dotted, line=node.lineno))
    return reading


def _lines_at(lines: Layout, offsets: Iterable[int]) -> set[int]:
    """Return the lines that hold any of the offsets; strings that stand alone say nothing."""
    found = {index for offset in offsets if (index := lines.at(offset)) is not None}
    return {index for index in found if lines.lines[index].mark != "bare"}


def _in_order(uses: list[Use]) -> tuple[Use, ...]:
    ordered = {(use.span.line, use.span.column, use.kind, use.name): use for use in reversed(uses)}
    return tuple(use for _, use in sorted(ordered.items(), key=lambda item: item[0]))


FRONT_END = PythonFrontEnd()
FRONT_ENDS = {"python": FRONT_END}
