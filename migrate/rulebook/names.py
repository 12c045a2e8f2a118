"""The names that a target's own headers declare (`targets/<id>/names.txt`): what an answer may name.

A line `# KEY` opens the section of a source; the names follow, one a line, sorted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from migrate.errors import RuleError
from migrate.model import Response, glob_regex
from migrate.rulebook.answers import Answers
from migrate.rulebook.loading import BY_PURPOSE, Row

_IDENTIFIER = re.compile(r"\b[A-Za-z_]\w+\b")


def listed(path: Path) -> dict[str, frozenset[str]]:
    """Return the names by source; none when there is no such file.

    Raises:
        RuleError: A name stands outside a section.
    """
    if not path.is_file():
        return {}
    sections: dict[str, set[str]] = {}
    section: set[str] | None = None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if line.startswith("# "):
            section = sections.setdefault(line.removeprefix("# "), set())
        elif section is None:
            raise RuleError("a name stands before the first source", file=str(path), line=number, slug="rule-names")
        else:
            section.add(line)
    return {key: frozenset(names) for key, names in sections.items()}


def write_names(path: Path, sections: Mapping[str, frozenset[str]]) -> None:
    """Write the names by source; a name that several have stands in the first."""
    seen: set[str] = set()
    lines = []
    for key in sorted(sections):
        lines += [f"# {key}", *sorted(sections[key] - seen)]
        seen |= sections[key]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def unlisted(answers: Answers, path: Path) -> list[str]:
    """Name what answers made by hand give under the vendor's prefixes although no source lists it.

    What an importer took from a source is listed there; a word before a star or an underscore's end is no name.
    """
    if not answers.target.names:
        return []
    own = glob_regex(answers.target.names)
    known = frozenset().union(*listed(path).values(), *(_IDENTIFIER.findall(text) for text in _imported(answers)))
    problems: dict[str, str] = {}
    for subject, text in _given(answers):
        for name in _IDENTIFIER.findall(text):
            if own.match(name) and name not in known and not name.endswith("_"):
                problems.setdefault(name, subject)
    return [
        f"{answers.target.id}: {subject}: no source lists {name} (add it to names.txt with its source)"
        for name, subject in sorted(problems.items())
    ]


def _imported(answers: Answers) -> Iterator[str]:
    for row in answers.symbols.values():
        if not _by_hand(answers, row):
            yield row.equivalent


def _by_hand(answers: Answers, row: Row) -> bool:
    source = answers.sources.get(row.source)
    return source is None or not source.importer or row.source == BY_PURPOSE or row.absence != ""


def _given(answers: Answers) -> Iterator[tuple[str, str]]:
    """Yield what an answer made by hand is about, and each text in which it names what to use."""
    for id_, mapping in answers.mappings.items():
        responses: tuple[Response, ...] = (mapping, *mapping.when)
        for response in responses:
            yield id_, response.equivalent
            if response.edit is not None:
                yield id_, " ".join(response.edit.identifier.values())
    for row in answers.symbols.values():
        if _by_hand(answers, row):
            yield row.name, row.equivalent
