"""One file: read it once, let its front end name the uses, let the rule book claim them."""

from __future__ import annotations

import re
from typing import NamedTuple

import msgspec

from migrate import discover, languages
from migrate.model import Link, Persona, Role, Skip, SourceFile, Use
from migrate.rulebook import Rulebook

SNIPPET_LENGTH = 200
"""Characters of a source line that a report shows."""


class Sighting(NamedTuple):
    """A use that a rule claims, before the rest of the repository had its say."""

    use: Use
    rule: str
    symbol: str
    library: str
    known: bool
    snippet: str


class FileReport(NamedTuple):
    """All that one file gave; small enough to travel between processes."""

    file: SourceFile
    sightings: tuple[Sighting, ...]
    links: tuple[Link, ...]
    definitions: tuple[str, ...]
    skip: Skip | None


def read_file(candidate: discover.Candidate, book: Rulebook, regular: bool) -> FileReport | Skip:
    """Read one file: the only place where its bytes are touched."""
    content = discover.read_text(candidate)
    if isinstance(content, Skip):
        return content
    text, digest = content
    file = SourceFile(
        path=candidate.path,
        language=candidate.language,
        content=digest,
        role=candidate.role,
        owner=candidate.owner,
        lines=count_lines(text),
        code_lines=0,
    )
    return read(file, text, book, regular=regular)


def read(file: SourceFile, text: str, book: Rulebook, *, regular: bool = True) -> FileReport:
    """Find all sightings in the text of one file.

    Args:
        file: Who it is; its code lines and role are filled in from the text.
        text: The decoded text, line ends as they are.
        book: The rule book.
        regular: Leave out rules for auditors.
    """
    extraction = languages.front_end(file.language).extract(file, text, book.vocabulary(file.language))
    role = Role.GENERATED if extraction.generated and file.role == Role.OWNED else file.role
    file = msgspec.structs.replace(file, code_lines=extraction.code_lines, role=role)
    lines: list[str] | None = None
    sightings = []
    for use in extraction.uses:
        match = book.match(file.language, use)
        if match is None or (regular and match.rule.persona == Persona.AUDITOR):
            continue
        if lines is None:
            lines = split_lines(text)
        snippet = lines[use.span.line - 1].strip()[:SNIPPET_LENGTH] if use.span.line <= len(lines) else ""
        sightings.append(Sighting(use, match.rule.id, match.symbol, match.library, match.known, snippet))
    return FileReport(file, tuple(sightings), extraction.links, extraction.definitions, extraction.skip)


_LINE_ENDS = re.compile(r"\r\n|\r|\n")


def split_lines(text: str) -> list[str]:
    """Split at the line ends that editors and compilers know, and at no other."""
    return _LINE_ENDS.split(text)


def count_lines(text: str) -> int:
    """Count lines; a last line without an end counts, what follows a final line end does not."""
    ends = text.count("\n") + text.count("\r") - text.count("\r\n")
    return ends + bool(text and not text.endswith(("\n", "\r")))
