"""One file: read it once, let its front end name the uses, let the rule book claim them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from migrate import discover, languages
from migrate.model import Blind, Embedded, Extraction, Link, Persona, Role, Skip, SourceFile, Span, Use, Vocabulary
from migrate.rulebook import Rulebook, lowest
from migrate.scan import suppression
from migrate.scan.lines import count_lines, split_lines
from migrate.scan.origin import Origin, origin

SNIPPET_LENGTH = 200
"""Characters of a source line that a report shows."""


Extract = Callable[[SourceFile, str, Vocabulary], Extraction]
"""What reads the text of a file for what a vocabulary asks."""


class Sighting(NamedTuple):
    """A use that a rule claims, before the rest of the repository had its say."""

    use: Use
    rule: str
    symbol: str
    library: str
    known: bool
    snippet: str
    language: str = ""
    """Front end id of embedded code; empty when the code is in the file's own language."""


class FileReport(NamedTuple):
    """All that one file gave; small enough to travel between processes."""

    file: SourceFile
    sightings: tuple[Sighting, ...]
    links: tuple[Link, ...]
    definitions: tuple[str, ...]
    skip: Skip | None
    blind: tuple[Blind, ...] = ()
    origin: Origin = Origin()
    copy_of: str = ""
    """Path of the file that this one is a copy of (set by the scan)."""
    exports: tuple[tuple[str, str], ...] = ()
    suppressions: suppression.Suppressions = suppression.NONE


def read_file(candidate: discover.Candidate, book: Rulebook, regular: bool) -> FileReport | Skip:
    """Read one file: the only place where its bytes are touched."""
    compiled = candidate.language == "binary"
    content = discover.read_binary(candidate) if compiled else discover.read_text(candidate)
    if isinstance(content, Skip):
        return content
    text, digest = content
    file = SourceFile(
        path=candidate.path,
        language=candidate.language,
        content=digest,
        role=candidate.role,
        owner=candidate.owner,
        lines=0 if compiled else count_lines(text),
        code_lines=0,
    )
    return read(file, text, book, regular=regular)


def read(
    file: SourceFile, text: str, book: Rulebook, *, regular: bool = True, extract: Extract | None = None
) -> FileReport:
    """Find all sightings in the text of one file.

    Args:
        file: Who it is; its code lines and role are filled in from the text.
        text: The decoded text, line ends as they are.
        book: The rule book.
        regular: Leave out rules for auditors.
        extract: Reads the file in the place of its language's front end.
    """
    extract = extract or languages.front_end(file.language).extract
    extraction = extract(file, text, book.vocabulary(file.language))
    come_from = origin(file, text, extraction)
    role = Role.GENERATED if extraction.generated and file.role == Role.OWNED else file.role
    file = msgspec.structs.replace(file, code_lines=extraction.code_lines, role=role)
    reader = _Reader(file, text, book, regular=regular)
    sightings = reader.sightings(extraction.uses, file.language)
    links, definitions, blind = list(extraction.links), list(extraction.definitions), list(extraction.blind)
    for language, inner in _inside(file, extraction, book):
        sightings += reader.sightings(inner.uses, language)
        links += inner.links
        definitions += inner.definitions
        blind += inner.blind
    if extraction.embedded:
        sightings.sort(key=lambda sighting: (sighting.use.span.line, sighting.use.span.column))
    return FileReport(
        file=file,
        sightings=tuple(sightings),
        links=tuple(links),
        definitions=tuple(definitions),
        skip=extraction.skip,
        blind=tuple(blind),
        origin=come_from,
        exports=extraction.exports,
        suppressions=suppression.read(text, file.language),
    )


class _Reader:
    """Lets the rule book claim the uses of one file."""

    def __init__(self, file: SourceFile, text: str, book: Rulebook, *, regular: bool) -> None:
        self._file = file
        self._text = text
        self._book = book
        self._regular = regular
        self._snippets: dict[int, str] = {}

    @functools.cached_property
    def _lines(self) -> list[str]:
        return split_lines(self._text)

    def _snippet(self, line: int) -> str:
        """Return what a report shows of a line; a very long one is cut once, however many uses it has."""
        if line not in self._snippets:
            known = line <= len(self._lines)
            self._snippets[line] = self._lines[line - 1].strip()[:SNIPPET_LENGTH] if known else ""
        return self._snippets[line]

    def sightings(self, uses: Sequence[Use], language: str) -> list[Sighting]:
        """Return the uses that a rule claims."""
        embedded = "" if language == self._file.language else language
        found = []
        for use in uses:
            match = self._book.match(language, use)
            if match is None or (self._regular and match.rule.persona == Persona.AUDITOR):
                continue
            snippet = self._snippet(use.span.line)
            found.append(Sighting(use, match.rule.id, match.symbol, match.library, match.known, snippet, embedded))
        return found


_DEPTH = 3
"""Languages within languages that are followed: a script in a CI file that holds a program that holds a kernel."""


def _inside(
    file: SourceFile, extraction: Extraction, book: Rulebook, depth: int = 1
) -> Iterator[tuple[str, Extraction]]:
    """Yield language and extraction of all code that another language embeds, with places of the file."""
    for part in extraction.embedded:
        end = languages.front_end(part.language)
        lines = count_lines(part.text)
        inner_file = msgspec.structs.replace(file, language=part.language, lines=lines, code_lines=0)
        inner = _moved(end.extract(inner_file, part.text, book.vocabulary(part.language)), part)
        yield part.language, inner
        if depth < _DEPTH:
            yield from _inside(file, inner, book, depth + 1)


def _moved(extraction: Extraction, part: Embedded) -> Extraction:
    """Put an extraction of embedded code into the file that holds it."""
    lines = part.lines

    def place(line: int, column: int) -> tuple[int, int]:
        first, shift = lines[min(line, len(lines)) - 1]
        return first, column + shift - 1

    def use(one: Use) -> Use:
        span = Span(*place(one.span.line, one.span.column), *place(one.span.end_line, one.span.end_column))
        kernel = one.kernel
        if kernel is not None and part.scope:
            kernel = msgspec.structs.replace(kernel, reaches=tuple(f"{part.scope}::{name}" for name in kernel.reaches))
        return msgspec.structs.replace(
            one,
            span=span,
            scope=f"{part.scope}::{one.scope}" if part.scope and one.scope else part.scope or one.scope,
            guarded_by=tuple(sorted({*one.guarded_by, *part.guarded_by})),
            confidence=lowest(one.confidence, part.confidence),
            kernel=kernel,
        )

    return msgspec.structs.replace(
        extraction,
        uses=tuple(use(one) for one in extraction.uses),
        links=tuple(msgspec.structs.replace(link, line=place(link.line, 1)[0]) for link in extraction.links),
        blind=tuple(msgspec.structs.replace(blind, line=place(blind.line, 1)[0]) for blind in extraction.blind),
        embedded=tuple(
            msgspec.structs.replace(inner, lines=tuple(place(line, column) for line, column in inner.lines))
            for inner in extraction.embedded
        ),
        skip=None,
    )
