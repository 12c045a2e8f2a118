"""Front end for lock files: which package brings the lock-in.

Lock files are written by programs, one entry a line, and reach several megabytes: they are read line by line and
never as the TOML, YAML or JSON that they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from migrate.languages.compiler_words import speaks
from migrate.languages.conda_specs import parse_conda
from migrate.languages.lock_graph import Locked, LockGraph, requirement_name
from migrate.languages.requirement import Manifest, normalised
from migrate.model import Extraction, SourceFile, Vocabulary

_LINE = re.compile(r"[^\r\n]++")


class Locks:
    """Reads the lock files of uv, poetry, pdm, Pipenv, conda-lock and pixi, and `pylock.toml`."""

    id = "lock"
    example_name = "uv.lock"

    def extract(self, file: SourceFile, text: str, vocabulary: Vocabulary) -> Extraction:
        """Read one file; never raises for what the text holds. None of its lines counts as code."""
        if not speaks(text, vocabulary):
            return Extraction()
        manifest = Manifest(text, vocabulary)
        name = file.path.rpartition("/")[2].lower()
        _reader(name, text)(text).note(manifest)
        return Extraction(uses=manifest.sorted_uses(), links=tuple(manifest.links))


FRONT_ENDS = {"lock": Locks()}


_CONDA_LOCK = re.compile(r"^package:[ \t]*(?:\r\n?|\n)- ", re.MULTILINE)


def is_conda_lock(text: str) -> bool:
    """Tell whether a file of any name is what conda-lock writes: a list of packages at the left margin."""
    return _CONDA_LOCK.search(text) is not None


def _reader(name: str, text: str) -> Callable[[str], LockGraph]:
    """Return how a file is read, by its name and by how it begins."""
    if name == "pipfile.lock" or text.lstrip()[:1] == "{":
        return _pipfile
    if name.startswith("conda-lock") or is_conda_lock(text):
        return _conda_lock
    if name.startswith("pixi"):
        return _pixi
    return _toml


# ------------------------------------------------------------------------------- uv, poetry, pdm and pylock.toml

_FIELD = re.compile(r"(?P<key>[\w.\"-]+)\s*=\s*(?P<value>.*)", re.ASCII)
_NAMED = re.compile(r"\{\s*name\s*=\s*\"([^\"]+)\"")
_FILE = re.compile(r"(?:url|file|name|path)\s*=\s*\"([^\"]+)\"")
_STRING = re.compile(r"\"([^\"]*)\"")
_NEEDING = frozenset({"dependencies", "optional-dependencies", "dev-dependencies"})
_FILES = frozenset({"files", "wheels", "sdist", "archive"})


class _TomlReader:
    """Follows tables and lists of one file."""

    def __init__(self) -> None:
        self.graph = LockGraph()
        self.locked: Locked | None = None
        self.table = ""
        """Of the package that is read: empty for its own fields, else `dependencies` and the like."""
        self.list = ""
        self.version = ""

    def read(self, text: str) -> LockGraph:
        for found in _LINE.finditer(text):
            line = found[0]
            if line[0] == "[":
                self._header(line)
            elif self.list and line[0] in " \t":
                self._item(line)
            elif line[0] == "]":
                self.list = ""
            elif field := _FIELD.match(line):
                self._field(field, found.start())
        return self.graph

    def _header(self, line: str) -> None:
        name = line.strip("[] \t")
        self.list = ""
        if name in {"package", "packages"}:
            self.locked, self.table = None, ""
        else:
            owner, _, table = name.partition(".")
            self.table = table.strip("\"'") if owner in {"package", "packages"} else "other"
            if owner not in {"package", "packages"}:
                self.locked = None

    def _field(self, field: re.Match[str], start: int) -> None:
        key, value = field["key"].strip('"'), field["value"]
        if not self.table and key == "name":
            name = _STRING.match(value)
            self.locked = self.graph.package(normalised(name[1]), start, start + field.end()) if name else None
        elif self.locked is None:
            return
        elif not self.table and key == "version":
            self.locked.pin(value.strip('"'))
        elif not self.table and key == "source":
            self.locked.pin(self.locked.version, value)
        elif self.table == "dependencies":  # poetry: the key is the package
            self.locked.needs[normalised(key)] = None
        elif key in _NEEDING | _FILES or self.table in _NEEDING:
            self.list = key if not self.table else self.table
            self._item(value)
            if not value.rstrip().endswith("["):
                self.list = ""

    def _item(self, text: str) -> None:
        if self.locked is None:
            return
        if self.list in _FILES:
            for name in _FILE.findall(text):
                self.locked.file(name)
            return
        named = _NAMED.findall(text) or [requirement_name(value) for value in _STRING.findall(text)[:1]]
        self.locked.needs.update((normalised(name), None) for name in named if name)


def _toml(text: str) -> LockGraph:
    return _TomlReader().read(text)


# ------------------------------------------------------------------------------------------------------- Pipenv

_PIPFILE_NAME = re.compile(r"[ \t]{8}\"(?P<name>[A-Za-z0-9._-]+)\": \{", re.ASCII)
_PIPFILE_VERSION = re.compile(r"[ \t]+\"version\": \"==(?P<version>[^\"]+)\"")
_PIPFILE_INDEX = re.compile(r"[ \t]+\"index\": \"(?P<index>[^\"]+)\"")


def _pipfile(text: str) -> LockGraph:
    """Read `Pipfile.lock`, which does not say what brings what."""
    graph = LockGraph(is_graph=False)
    locked: Locked | None = None
    for found in _LINE.finditer(text):
        line = found[0]
        if name := _PIPFILE_NAME.match(line):
            start = found.start() + name.start("name") - 1
            locked = graph.package(normalised(name["name"]), start, start + len(name["name"]) + 2)
        elif locked is not None and (version := _PIPFILE_VERSION.match(line)):
            locked.pin(version["version"])
        elif locked is not None and (index := _PIPFILE_INDEX.match(line)):
            locked.pin(locked.version, index["index"])
    return graph


# -------------------------------------------------------------------------------------------- conda-lock and pixi

_ENTRY_FIELD = re.compile(r"(?P<lead>[ ]*(?:- )?)(?P<key>[\w-]+):[ ]?(?P<value>.*)", re.ASCII)
_ENTRY_ITEM = re.compile(r"[ ]*- (?P<value>.*)")
_ARCHIVE = re.compile(r"(?P<name>.+)-(?P<version>[^-]+)-[^-]+\.(?:conda|tar\.bz2)\Z")
_WHEEL = re.compile(r"(?P<name>[^-]+)-(?P<version>[^-]+)-.*\.whl\Z")


class _Entry:
    """One entry of a list of packages in YAML, field by field."""

    def __init__(self, start: int, end: int) -> None:
        self.start = start
        self.end = end
        self.fields: dict[str, str] = {}
        self.needs: list[str] = []
        self.conda_needs: list[str] = []


def _entries(text: str, opening: str) -> Iterator[_Entry]:
    """Yield the entries of the list that stands under a key at the start of a line."""
    entry: _Entry | None = None
    inside = False
    field = ""
    for found in _LINE.finditer(text):
        line = found[0]
        if line[0] not in " -#":
            if entry is not None:
                yield entry
            entry, inside = None, line.startswith(opening)
        elif not inside:
            continue
        elif line.startswith("- "):
            if entry is not None:
                yield entry
            entry = _Entry(found.start(), found.end())
            field = _take(entry, line)
        elif entry is not None and line.startswith("  - "):
            _need(entry, field, line[4:])
        elif entry is not None and line.startswith("    ") and field == "dependencies":
            _need(entry, field, line.strip().partition(":")[0])
        elif entry is not None and line.startswith("  ") and not line.startswith("   "):
            field = _take(entry, line)
    if entry is not None:
        yield entry


def _take(entry: _Entry, line: str) -> str:
    """Take one field of an entry; return its key."""
    found = _ENTRY_FIELD.match(line)
    if found is None:
        return ""
    entry.fields.setdefault(found["key"], found["value"].strip().strip("'\""))
    return found["key"]


def _need(entry: _Entry, field: str, text: str) -> None:
    """Take a package that an entry needs."""
    text = text.strip().strip("'\"")
    if field in {"depends", "dependencies"}:
        entry.conda_needs.append(text)
    elif field == "requires_dist":
        entry.needs.append(text)


def _add(graph: LockGraph, entry: _Entry, name: str, version: str, *, is_conda: bool) -> None:
    """Enter what one entry says."""
    known = parse_conda(name) if is_conda else None
    locked = graph.package(known.name if known else normalised(name), entry.start, entry.end)
    address = next((entry.fields[key] for key in ("conda", "pypi", "url") if entry.fields.get(key)), "")
    locked.pin(version, address.rpartition("/")[2], entry.fields.get("build", ""))
    locked.file("/noarch" if "/noarch/" in address or entry.fields.get("subdir") == "noarch" else address)
    for need in entry.conda_needs:
        if found := parse_conda(need.partition(";")[0]):
            locked.needs[found.name] = None
    locked.needs.update((requirement_name(need), None) for need in entry.needs if "extra ==" not in need)


def _conda_lock(text: str) -> LockGraph:
    """Read `conda-lock.yml`; an entry stands once for each platform."""
    graph = LockGraph()
    for entry in _entries(text, "package:"):
        if name := entry.fields.get("name"):
            is_conda = entry.fields.get("manager", "conda") == "conda"
            _add(graph, entry, name, entry.fields.get("version", ""), is_conda=is_conda)
    return graph


def _pixi(text: str) -> LockGraph:
    """Read `pixi.lock`; conda packages are named by their archive only."""
    graph = LockGraph()
    for entry in _entries(text, "packages:"):
        fields = entry.fields
        is_conda = "conda" in fields or fields.get("kind") == "conda"
        last = (fields.get("conda") or fields.get("pypi") or fields.get("url", "")).rpartition("/")[2]
        archive = (_ARCHIVE if is_conda else _WHEEL).match(last)
        name = fields.get("name") or (archive["name"] if archive else "")
        version = fields.get("version") or (archive["version"] if archive else "")
        if name:
            _add(graph, entry, name, version, is_conda=is_conda)
    return graph
