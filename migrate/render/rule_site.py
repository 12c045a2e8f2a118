"""The reference as static pages: every rule, every library's names, every package, how all of it is covered."""

from __future__ import annotations

import functools
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

from migrate.model import Basis
from migrate.render.reference import entry, short_answer
from migrate.render.text import plain
from migrate.resources import reports_root
from migrate.rulebook import VERSION, Rulebook
from migrate.rulebook.coverage import coverage

if TYPE_CHECKING:
    import jinja2

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")

_LABELS = {
    "title": "What CUDA code becomes",
    "home": "Reference",
    "rules": "Rules",
    "rule": "Rule",
    "libraries": "Libraries",
    "library": "Library",
    "packages": "Packages",
    "package": "Package",
    "coverage": "Coverage",
    "name": "Name",
    "kind": "Kind",
    "versions": "CUDA versions",
    "becomes": "Becomes",
    "effort": "Effort",
    "basis": "Basis",
    "verified": "Verified",
    "sources": "Sources",
    "flags": "Flagged",
    "passes": "Not flagged",
    "targets": "Targets",
    "names": "Names",
    "recognised": "Recognised",
    "absent": "Documented absent",
    "not_found": "Not found",
    "given_for": "Answers are for",
    "book": "Rule book",
}
"""The words of the pages; the template has none of its own."""


def pages(book: Rulebook) -> Iterator[tuple[str, str]]:
    """Yield file name and content of each page."""
    shared = {
        "label": _LABELS,
        "version": f"{VERSION}, {book.hash[:12]}",
        "style": (reports_root() / "assets" / "reference.css").read_text(encoding="utf-8"),
        "targets": {id_: book.targets[id_].target.name for id_ in sorted(book.targets)},
        "file_of": file_of,
    }
    template = _environment().get_template("reference.html.j2")
    yield "index.html", template.render(page="index", heading=_LABELS["title"], **shared, **_index(book))
    for id_ in sorted(book.rules):
        found = entry(book, id_)
        yield file_of("rule", id_), template.render(page="entry", heading=id_, entry=found, **shared)
    libraries: dict[str, list[str]] = defaultdict(list)
    for symbol in book.symbols.values():
        libraries[symbol.library].append(symbol.name)
    for library in sorted(libraries):
        title = book.libraries[library].title if library in book.libraries else library
        rows = _names(book, sorted(libraries[library]))
        yield file_of("library", library), template.render(page="names", heading=title, rows=rows, **shared)
    rows = _packages(book)
    yield "packages.html", template.render(page="names", heading=_LABELS["packages"], rows=rows, **shared)


def file_of(sort: str, name: str) -> str:
    """Return the file name of a rule's or a library's page."""
    return f"{sort}-{_UNSAFE.sub('-', name)}.html"


def _index(book: Rulebook) -> dict[str, object]:
    areas: dict[str, list[tuple[str, str, list[str]]]] = defaultdict(list)
    for rule in sorted(book.rules.values(), key=lambda rule: rule.id):
        changes = []
        for target in sorted(book.targets):
            mapping = book.targets[target].mappings.get(rule.id)
            changes.append((mapping.change or "?") if mapping else "by name")
        areas[rule.area].append((rule.id, rule.title, changes))
    return {
        "areas": dict(sorted(areas.items())),
        "platforms": [
            (book.targets[id_].target.name, ", ".join(filter(None, book.platform(id_)))) for id_ in sorted(book.targets)
        ],
        "covered": coverage(book, sorted(book.targets)),
        "bases": tuple(Basis),
    }


def _names(book: Rulebook, names: list[str]) -> list[tuple[str, str, str, list[tuple[str, str, str]]]]:
    rows = []
    for name in names:
        symbol = book.symbols[name]
        versions = {"since": symbol.since, "deprecated": symbol.deprecated, "removed": symbol.removed}
        said = ", ".join(f"{label} {version}" for label, version in versions.items() if version)
        answers = [short_answer(book, target, name) for target in sorted(book.targets)]
        rows.append((name, symbol.kind.replace("_", " "), said, answers))
    return rows


def _packages(book: Rulebook) -> list[tuple[str, str, str, list[tuple[str, str, str]]]]:
    return [
        (
            package.name,
            package.category,
            f"lock-in {package.lock_in}",
            [short_answer(book, target, package.name, package=True) for target in sorted(book.targets)],
        )
        for package in sorted(book.packages.values())
    ]


@functools.cache
def _environment() -> jinja2.Environment:
    """Return the template environment: everything is escaped but the style sheet, which is our own file."""
    import jinja2
    import markupsafe

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(reports_root() / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=lambda value: plain(value) if type(value) is str else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["trusted"] = markupsafe.Markup
    return environment
