"""Read rule packs from YAML and CSV into model types, with errors that name file, line and column."""

from __future__ import annotations

import csv
import difflib
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec

from migrate.errors import RuleError
from migrate.model import Change, Effort, Mapping, Rule, Status, Struct, Target
from migrate.rulebook.versions import clauses, numbers

_PATH_STEP = re.compile(r"\.([A-Za-z_]\w*)|\[(\d+|\.\.\.)\]")
_UNKNOWN_FIELD = re.compile(r"unknown field `([^`]+)`")
_GOT_TYPE = re.compile(r"got `(\w+)`")

T = TypeVar("T")

_TYPE_NAMES = {
    "str": str,
    "int": int,
    "float": float,
    "bool": bool,
    "null": type(None),
    "array": list,
    "object": dict,
}


class Library(Struct, frozen=True):
    """A part of the CUDA platform whose names share prefixes."""

    title: str
    names: tuple[str, ...] = ()
    """Globs that recognise its names, also those no table lists yet."""
    docs: str = ""


class Source(Struct, frozen=True):
    """Where rows of a table come from."""

    title: str
    version: str = ""
    licence: str = ""
    date: str = ""
    url: str = ""
    importer: str = ""
    note: str = ""

    @property
    def label(self) -> str:
        """Return title and version, as a reader meets them."""
        return " ".join(filter(None, (self.title, self.version)))

    def stamp(self, key: str) -> str:
        """Return SOURCE@VERSION for a key of the `source` column; a commit is cut to its first digits."""
        words = self.version.split() or [self.date]
        return f"{key}@{words[0][:12].rstrip(',;')}"


class Provenance(Struct, frozen=True):
    """What stands beside a table (`symbols.yaml` beside `symbols.csv`)."""

    sources: dict[str, Source]
    """Key of the table's `source` column -> the source."""
    notes: str = ""


class Symbol(NamedTuple):
    """A name of the public CUDA surface."""

    name: str
    library: str
    kind: str
    since: str
    deprecated: str
    removed: str


class Row(NamedTuple):
    """A target's answer to one name."""

    name: str
    status: Status
    change: Change | None
    equivalent: str
    since: str
    note: str
    source: str
    until: str = ""
    """Stack version that removed it."""
    cuda: str = ""
    """CUDA versions whose signature the answer is for, as a version specifier; empty for all."""
    chips: str = ""
    """Chips that have it, parted by spaces; empty for all. On the others it is missing."""
    absence: str = ""
    """Of a missing name: `documented-absent` (a source says so) or `not-found-in` (its source does not have it)."""


OPTIONAL = ("until", "cuda", "chips", "absence")
"""Columns of answers that a table need not have."""

DOCUMENTED_ABSENT, NOT_FOUND = "documented-absent", "not-found-in"

BY_PURPOSE = "by-purpose"
"""Source of answers mapped by hand for families of names, by what they are for."""


class Package(NamedTuple):
    """A distribution whose use ties code to CUDA, or tells about it."""

    name: str
    imports: tuple[str, ...]
    lock_in: str
    category: str


# ------------------------------------------------------------------------------------------------------ YAML


def load_rules(path: Path) -> list[Rule]:
    """Read one file of rules.

    Raises:
        RuleError: Not YAML, an unknown key, a wrong type, or a value outside its set.
    """
    return _convert(path, list[Rule])


def load_mappings(path: Path) -> dict[str, Mapping]:
    """Read one file of answers, keyed by rule id."""
    return _convert(path, dict[str, Mapping])


def load_target(path: Path) -> Target:
    """Read a target's own description."""
    return _convert(path, Target)


def load_libraries(path: Path) -> dict[str, Library]:
    """Read the parts of the CUDA platform and their prefixes."""
    return _convert(path, dict[str, Library])


def load_effort(path: Path) -> dict[str, Effort]:
    """Read prices by price class."""
    return _convert(path, dict[str, Effort])


def load_provenance(path: Path) -> Provenance:
    """Read where the rows of a table come from."""
    return _convert(path, Provenance)


class _Node(NamedTuple):
    """A YAML value with its place."""

    value: Any
    line: int
    column: int
    children: dict[str | int, _Node]
    keys: dict[str, tuple[int, int]]


def _convert(path: Path, kind: type[T]) -> T:
    root = _compose(path)
    try:
        return msgspec.convert(root.value, kind)
    except msgspec.ValidationError as error:
        raise _located(path, root, kind, error) from None


def _located(path: Path, root: _Node, kind: Any, error: msgspec.ValidationError) -> RuleError:
    message, _, where = str(error).partition(" - at `")
    node = root
    entries = getattr(kind, "__args__", None)
    if entries and root.children:  # narrow to the entry that is wrong: msgspec hides dictionary keys
        for child in root.children.values():
            try:
                msgspec.convert(child.value, entries[-1])
            except msgspec.ValidationError as inner:
                node = child
                message, _, where = str(inner).partition(" - at `")
                break
    node = _descend(node, _PATH_STEP.findall(where), message)
    line, column = node.line, node.column
    hint = ""
    if found := _UNKNOWN_FIELD.search(message):
        key = found[1]
        line, column = node.keys.get(key, (line, column))
        message = f"unknown key {key!r}"
        close = difflib.get_close_matches(key, _known_keys(), n=1)
        hint = f"did you mean {close[0]!r}?" if close else "see rules/README.md for the keys of a rule"
    else:
        message = message[:1].lower() + message[1:]
    return RuleError(message, file=str(path), line=line, column=column, hint=hint, slug="rule-invalid")


def _descend(node: _Node, steps: list[tuple[str, str]], message: str) -> _Node:
    for position, (field, index) in enumerate(steps):
        if index == "...":  # some value of a dictionary: the first in which the rest of the path fits the message
            rest = steps[position + 1 :]
            fitting = (
                found for child in node.children.values() if _fits(found := _descend(child, rest, message), message)
            )
            return next(fitting, node)
        step: str | int = field or int(index)
        child = node.children.get(step) or node.children.get("in" if step == "names" else "not")
        if child is None:
            return node
        node = child
    return node


def _fits(node: _Node, message: str) -> bool:
    if found := _UNKNOWN_FIELD.search(message):
        return found[1] in node.keys
    if found := _GOT_TYPE.search(message):
        return type(node.value) is _TYPE_NAMES.get(found[1])
    return not isinstance(node.value, (dict, list))


def _known_keys() -> set[str]:
    kinds = (Rule, Mapping, Target, Effort)
    keys = {field.encode_name for kind in kinds for field in msgspec.structs.fields(kind)}
    return keys | {
        "kind",
        "name",
        "in",
        "table",
        "args",
        "absent",
        "flags",
        "passes",
        "language",
        "condition",
    }


def _compose(path: Path) -> _Node:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        text = path.read_text(encoding="utf-8")
        tree = yaml.compose(text, Loader=loader)
    except OSError as error:
        raise RuleError(f"cannot be read: {error.strerror}", file=str(path), slug="rule-unreadable") from None
    except UnicodeDecodeError:
        raise RuleError("is not UTF-8", file=str(path), slug="rule-encoding") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        problem = getattr(error, "problem", None) or "not valid YAML"
        raise RuleError(problem, file=str(path), line=line, column=column, slug="rule-yaml") from None
    if tree is None:
        raise RuleError("is empty", file=str(path), slug="rule-yaml")
    return _place(tree, yaml.constructor.SafeConstructor(), path)


def _place(node: Any, constructor: Any, path: Path) -> _Node:
    import yaml

    line, column = node.start_mark.line + 1, node.start_mark.column + 1
    children: dict[str | int, _Node] = {}
    keys: dict[str, tuple[int, int]] = {}
    if isinstance(node, yaml.MappingNode):
        for key_node, value_node in node.value:
            key = str(key_node.value)
            place = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
            if key in keys:
                raise RuleError(
                    f"key {key!r} stands twice",
                    file=str(path),
                    line=place[0],
                    column=place[1],
                    slug="rule-twice",
                )
            keys[key] = place
            children[key] = _place(value_node, constructor, path)
        return _Node({key: child.value for key, child in children.items()}, line, column, children, keys)
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            children[index] = _place(item, constructor, path)
        return _Node([child.value for child in children.values()], line, column, children, keys)
    value = constructor.construct_object(node)
    if not isinstance(value, (str, int, float, bool, type(None))):
        value = str(node.value)  # dates stay text
    return _Node(value, line, column, children, keys)


# ------------------------------------------------------------------------------------------------------- CSV


def load_symbols(path: Path) -> list[Symbol]:
    """Read the public CUDA surface: name, library, kind, since, deprecated, removed."""
    return [Symbol(*fields) for _, fields in _records(path, Symbol._fields)]


def load_rows(path: Path) -> list[Row]:
    """Read a target's answers to names: name, status, change, equivalent, since, note, source, and `OPTIONAL` ones."""
    rows = []
    for line, fields in _records(path, Row._fields, optional=len(OPTIONAL)):
        try:
            rows.append(_row(*fields))
        except ValueError as error:
            raise RuleError(f"{fields[0]}: {error}", file=str(path), line=line, slug="rule-table") from None
    return rows


_STATUSES = {status.value: status for status in Status}
_CHANGES: dict[str, Change | None] = {change.value: change for change in Change} | {"": None}


def _row(name: str, status: str, change: str, *others: str) -> Row:
    if status not in _STATUSES or change not in _CHANGES:
        raise ValueError(
            f"status {status!r} or change {change!r} is not known; status is {', '.join(_STATUSES)}, "
            f"change {', '.join(filter(None, _CHANGES))} or empty"
        )
    if (_CHANGES[change] is None) != (status == Status.UNKNOWN):
        raise ValueError("change is empty exactly when status is unknown")
    row = Row(name, _STATUSES[status], _CHANGES[change], *others)
    if row.absence not in {"", DOCUMENTED_ABSENT, NOT_FOUND} or (row.absence and row.status != Status.MISSING):
        raise ValueError(f"absence {row.absence!r} is {DOCUMENTED_ABSENT} or {NOT_FOUND}, of a missing name")
    for version in filter(None, (row.since, row.until)):
        numbers(version)
    clauses(row.cuda)
    return row


def load_packages(path: Path) -> list[Package]:
    """Read the packages: name, imports (space separated), lock_in, category."""
    return [
        Package(name, tuple(imports.split()), lock_in, category)
        for _, (name, imports, lock_in, category) in _records(path, Package._fields)
    ]


def _records(path: Path, columns: tuple[str, ...], *, optional: int = 0) -> Iterator[tuple[int, list[str]]]:
    """Yield line and fields of a table whose last columns may be left out."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RuleError(f"cannot be read: {error}", file=str(path), slug="rule-unreadable") from None
    reader = csv.reader(io.StringIO(text))
    header = next(reader, [])
    if tuple(header) not in {columns, columns[: len(columns) - optional]}:
        raise RuleError(f"the header must be {','.join(columns)}", file=str(path), line=1, slug="rule-table")
    for fields in reader:
        if len(fields) != len(header):
            raise RuleError(
                f"{len(fields)} fields, {len(header)} expected",
                file=str(path),
                line=reader.line_num,
                slug="rule-table",
            )
        yield reader.line_num, fields
