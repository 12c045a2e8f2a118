"""TOML files that name packages: which places of which file say what.

A place is a path of keys; `*` stands for any one key. Arrays add nothing to a path.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from migrate.languages.compiler_words import read_words
from migrate.languages.conda_specs import parse_conda
from migrate.languages.lexical import blank_ranges, code_lines
from migrate.languages.requirement import (
    MAX_TEXT,
    Manifest,
    Requirement,
    cuda_tag,
    normalised,
    parse_requirement,
)
from migrate.languages.toml_places import Scalar, problem, scalars
from migrate.model import Confidence, Extraction, LinkKind, Skip, SkipReason, SourceFile, UseKind, Vocabulary

_INTERPRETER = "python"
_SOURCE = re.compile(r"\.(?:cu|cuh|hip|c|cc|cpp|cxx|c\+\+|pyx)\Z", re.IGNORECASE)


class Layout(NamedTuple):
    """What the places of one kind of file mean."""

    specifiers: Sequence[str] = ()
    """Strings or arrays of requirement specifiers."""
    named: Sequence[str] = ()
    """The key is the package; its value, or a table's `version`, says which."""
    conda: Sequence[str] = ()
    """The same, for conda packages."""
    options: Mapping[str, str] = {}
    """Package indexes, and the option of pip that says the same."""
    virtual: Sequence[str] = ()
    """The key is what the machine must offer, as conda's virtual packages say: `cuda` is `__cuda`."""
    scripts: Sequence[str] = ()
    """Commands for a shell."""
    environment: Sequence[str] = ()
    """The key is a variable of the environment; a plain string holds assignments."""
    words: Sequence[str] = ()
    """Words of a command line of a compiler or of CMake."""
    definitions: Sequence[str] = ()
    """The key is a variable of CMake."""
    images: Sequence[str] = ()
    """Images of containers that the build runs in."""
    includes: Sequence[str] = ()
    """Further files of requirements."""
    extension: str = ""
    """Table of extension modules: `name`, `sources`, `libraries` and flags."""


class _Place(NamedTuple):
    """A pattern over the path of a scalar, and what stands there."""

    parts: tuple[str, ...]
    role: str
    value: str = ""

    def covers(self, path: tuple[str, ...]) -> bool:
        """Tell whether the path begins with the pattern."""
        parts = self.parts
        return len(path) >= len(parts) and all(want in {"*", have} for want, have in zip(parts, path, strict=False))


_TABLES = frozenset({"named", "conda"})
"""Roles whose place may be a table, all of which says something about one package."""


class TomlManifest:
    """Reads files of one kind.

    Args:
        id_: Language id.
        example_name: File name for a rule's example.
        layout: What stands where.
    """

    def __init__(self, id_: str, example_name: str, layout: Layout) -> None:
        self.id = id_
        self.example_name = example_name
        self._extension = tuple(layout.extension.split(".")) if layout.extension else ()
        self._places: dict[tuple[str, ...], list[_Place]] = defaultdict(list)
        for place in _places(layout):
            self._places[_head(place.parts)].append(place)

    def extract(self, file: SourceFile, text: str, vocabulary: Vocabulary) -> Extraction:
        """Read one file; never raises for what the text holds."""
        wrong = problem(text)
        manifest = Manifest(text, vocabulary, Confidence.LOW if wrong else Confidence.HIGH)
        tables: dict[tuple[str, tuple[str, ...]], list[Scalar]] = {}
        extension = ""
        for scalar in scalars(text):
            if self._extension and scalar.path[:-1] == self._extension:
                extension = scalar.value if scalar.path[-1] == "name" else extension
                _extension(manifest, scalar, extension)
            elif place := self._place(scalar.path):
                if place.role in _TABLES:
                    tables.setdefault((place.role, scalar.path[: len(place.parts)]), []).append(scalar)
                else:
                    _read(manifest, place, scalar)
        for (role, path), entries in tables.items():
            if path[-1] != _INTERPRETER:
                found = (_named if role == "named" else _conda)(path, entries)
                manifest.require(found, entries[0].key_start, entries[-1].outer_end)
        return Extraction(
            uses=manifest.sorted_uses(),
            links=tuple(sorted(manifest.links, key=lambda link: link.line)),
            code_lines=_toml_code_lines(text),
            skip=Skip(path=file.path, reason=SkipReason.PARSE_ERROR, detail=wrong) if wrong else None,
            embedded=tuple(manifest.embedded),
        )

    def _place(self, path: tuple[str, ...]) -> _Place | None:
        """Return the place that a scalar stands at."""
        for length in (2, 1, 0):
            for place in self._places.get(path[:length], ()):
                if place.covers(path) and (place.role in _TABLES or len(path) == len(place.parts)):
                    return place
        return None


def _places(layout: Layout) -> Iterator[_Place]:
    for role in layout._fields:
        if role in {"options", "extension"}:
            continue
        yield from (_Place(tuple(place.split(".")), role) for place in getattr(layout, role))
    yield from (_Place(tuple(place.split(".")), "options", option) for place, option in layout.options.items())


def _head(parts: tuple[str, ...]) -> tuple[str, ...]:
    """Return the first keys that are no wildcards, at most two."""
    return parts[: (*parts[:2], "*").index("*")]


def _read(manifest: Manifest, place: _Place, scalar: Scalar) -> None:
    """Note what a scalar at a place says."""
    role, value = place.role, scalar.value
    if role == "specifiers":
        manifest.require(parse_requirement(value), scalar.start, scalar.end)
    elif role == "options":
        manifest.add(UseKind.FLAG, place.value, scalar.start, scalar.end, value=value, tag=cuda_tag(value))
    elif role == "virtual":
        found = Requirement("__" + scalar.path[-1], value)
        manifest.require(found, scalar.key_start, scalar.outer_end)
    elif role == "scripts":
        manifest.embed("shell", list(_script(manifest.text, scalar)))
    elif role == "environment":
        _variable(manifest, place, scalar)
    elif role == "words":
        read_words(manifest, scalar.start, scalar.end)
    elif role == "definitions":
        manifest.add(UseKind.FLAG, scalar.path[-1], scalar.key_start, scalar.outer_end, value=value)
        read_words(manifest, scalar.start, scalar.end)
    elif role == "images":
        name, _, tag = value.partition(":")
        manifest.add(UseKind.IMAGE, name, scalar.start, scalar.end, tag=tag)
    else:
        manifest.link(LinkKind.INCLUDE, value, scalar.start)


def _variable(manifest: Manifest, place: _Place, scalar: Scalar) -> None:
    """Note a variable of the environment; a string of assignments is what a shell would read."""
    if place.parts[-1] != "*":
        manifest.embed("shell", list(_script(manifest.text, scalar)))
        return
    manifest.add(UseKind.ENV, scalar.path[-1], scalar.key_start, scalar.outer_end, value=scalar.value)
    read_words(manifest, scalar.start, scalar.end)


def _script(text: str, scalar: Scalar) -> Iterator[tuple[int, str]]:
    """Yield the lines of a string with their offsets; an escaped quote keeps its length."""
    start = scalar.start
    for line in text[scalar.start : scalar.end].splitlines(keepends=True):
        yield start, line.rstrip("\r\n").replace('\\"', ' "')
        start += len(line)


def _extension(manifest: Manifest, scalar: Scalar, extension: str) -> None:
    """Note what an extension module is built from and with."""
    field = scalar.path[-1]
    if field == "sources" and _SOURCE.search(scalar.value):
        manifest.link(LinkKind.BUILD, scalar.value, scalar.start, via=extension)
    elif field in {"libraries", "runtime-libraries"}:
        manifest.add(UseKind.FLAG, "-l" + scalar.value, scalar.start, scalar.end)
    elif field not in {"name", "sources"}:
        read_words(manifest, scalar.start, scalar.end)


def _fields(path: tuple[str, ...], entries: Sequence[Scalar]) -> dict[str, str]:
    """Return what a table, or a plain value as its `version`, says."""
    fields: dict[str, str] = {}
    for entry in entries:
        field = entry.path[len(path)] if len(entry.path) > len(path) else "version"
        known = fields.get(field, "")
        if len(known) < MAX_TEXT:
            fields[field] = f"{known},{entry.value}" if known else entry.value
    return fields


def _named(path: tuple[str, ...], entries: Sequence[Scalar]) -> Requirement:
    """Put together what is said about the package that the last key names."""
    fields = _fields(path, entries)
    source = " ".join(fields.get(field, "") for field in ("source", "index", "url", "git"))
    version = fields.get("version", "")
    extra = fields.get("extras", "")
    tag = cuda_tag(path[-1], version, source, extra)
    marker = fields.get("markers") or fields.get("marker", "")
    return Requirement(normalised(path[-1]), version, extra, tag, marker)


def _conda(path: tuple[str, ...], entries: Sequence[Scalar]) -> Requirement | None:
    """Do the same for a conda package."""
    fields = _fields(path, entries)
    channel = fields.get("channel", "")
    text = f"{path[-1]} {fields.get('version', '*')} {fields.get('build', '')}".strip()
    return parse_conda(f"{channel}::{text}" if channel else text)


_TOML_COMMENT = re.compile(r"^[ \t]*#[^\r\n]*", re.MULTILINE)


def _toml_code_lines(text: str) -> int:
    return code_lines(blank_ranges(text, [found.span() for found in _TOML_COMMENT.finditer(text)]))
