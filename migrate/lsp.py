"""The check as a language server: an editor shows new lock-in while it is written, and explains it on hover."""

from __future__ import annotations

import asyncio
import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path
from pygls.workspace import TextDocument

from migrate import config
from migrate.errors import MigrateError
from migrate.guard import checking
from migrate.guard.model import Check, Item, MarkerProblem
from migrate.guard.reading import Reader
from migrate.guard.versions import Tree
from migrate.model import Change, Span
from migrate.render.sarif import MARKERS, message
from migrate.render.text import plain
from migrate.scan import split_lines
from migrate.scan.suppression import comment_for
from migrate.version import VERSION

_DELAY = 0.2
"""Seconds without a key stroke after which a file is judged. Judgement: below what a reader waits for."""
_MAX_CHARACTERS = 2_000_000
"""Larger files are judged when they are opened and saved, not while they are written."""
_SEVERE = frozenset({Change.REWRITE, Change.BLOCKED})


@dataclass
class _Project:
    """A tree whose files are open."""

    reader: Reader
    options: checking.Options


@dataclass
class _Server:
    """What is open, and what was last said of it."""

    language_server: LanguageServer
    targets: tuple[str, ...]
    projects: dict[Path, _Project] = field(default_factory=dict)
    said: dict[str, Check] = field(default_factory=dict)

    def judge(self, uri: str) -> None:
        """Judge an open file and publish what is new in it."""
        document = self.language_server.workspace.get_text_document(uri)
        try:
            check = self._check(document)
        except MigrateError as error:
            self.language_server.window_log_message(
                types.LogMessageParams(type=types.MessageType.Error, message=plain(str(error)))
            )
            check = None
        self.said.pop(uri, None)
        diagnostics: list[types.Diagnostic] = []
        if check is not None:
            self.said[uri] = check
            lines = split_lines(document.source)
            diagnostics += [_diagnostic(document, lines, check, item) for item in check.failing]
            diagnostics += [_marker_diagnostic(document, lines, entry) for entry in check.problems]
        self.language_server.text_document_publish_diagnostics(
            types.PublishDiagnosticsParams(uri=uri, version=document.version, diagnostics=diagnostics)
        )

    def _check(self, document: TextDocument) -> Check | None:
        """Return what a check says of a file; None when it is none that is judged."""
        name = to_fs_path(document.uri)
        if name is None:
            return None
        path = Path(name).resolve()
        root = checking.root_of(path.parent)
        project = self.projects.get(root) or self._project(root)
        inside = path.relative_to(root).as_posix()
        if not project.reader.tree.eligible(inside):
            return None
        data = document.source.encode("utf-8", "replace")
        return checking.check_content(project.reader, inside, data, project.options)

    def _project(self, root: Path) -> _Project:
        settings = config.load(root, flags={"targets": self.targets})
        reader = checking.make_reader(Tree(root, settings), settings, dt.date.today(), 1, memory=[])  # noqa: DTZ011
        project = _Project(reader, checking.Options(level=settings.settings.check.fail_on))
        self.projects[root] = project
        return project

    def forget(self) -> None:
        """Read settings, and the rest of each tree, anew when they are next needed."""
        self.projects.clear()

    def hover(self, uri: str, position: types.Position) -> types.Hover | None:
        """Explain the use at a position."""
        check = self.said.get(uri)
        if check is None:
            return None
        document = self.language_server.workspace.get_text_document(uri)
        lines = split_lines(document.source)
        for item in check.failing:
            place = _range(document, lines, item.finding.span)
            if _holds(place, position):
                text = _explained(check, item)
                return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, text), place)
        return None


def serve(targets: tuple[str, ...] = ()) -> None:
    """Serve an editor over standard input and output until it ends the session.

    Args:
        targets: Target ids; those of each tree's settings by default.
    """
    make_server(targets).start_io()


def make_server(targets: tuple[str, ...] = ()) -> LanguageServer:
    """Return a server with all that it can do."""
    made = LanguageServer("cuda-migrate", VERSION)
    state = _Server(made, targets)

    @made.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: types.DidOpenTextDocumentParams) -> None:
        state.judge(params.text_document.uri)

    @made.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    async def changed(params: types.DidChangeTextDocumentParams) -> None:
        uri, version = params.text_document.uri, params.text_document.version
        await asyncio.sleep(_DELAY)
        document = made.workspace.get_text_document(uri)
        if document.version == version and len(document.source) <= _MAX_CHARACTERS:
            state.judge(uri)

    @made.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def saved(params: types.DidSaveTextDocumentParams) -> None:
        state.forget()
        state.judge(params.text_document.uri)

    @made.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: types.DidCloseTextDocumentParams) -> None:
        uri = params.text_document.uri
        state.said.pop(uri, None)
        made.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri=uri, diagnostics=[]))

    @made.feature(types.TEXT_DOCUMENT_HOVER)
    def hovered(params: types.HoverParams) -> types.Hover | None:
        return state.hover(params.text_document.uri, params.position)

    return made


def _diagnostic(document: TextDocument, lines: list[str], check: Check, item: Item) -> types.Diagnostic:
    refs = check.rules[item.finding.rule].refs
    return types.Diagnostic(
        range=_range(document, lines, item.finding.span),
        message=plain(message(check, item)),
        severity=types.DiagnosticSeverity.Error if item.worst in _SEVERE else types.DiagnosticSeverity.Warning,
        code=item.finding.rule,
        code_description=types.CodeDescription(href=refs[0]) if refs else None,
        source="cuda-migrate",
    )


def _marker_diagnostic(document: TextDocument, lines: list[str], entry: MarkerProblem) -> types.Diagnostic:
    problem = entry.problem
    span = Span(line=problem.line, column=problem.column, end_line=problem.line, end_column=problem.column + 1)
    return types.Diagnostic(
        range=_range(document, lines, span),
        message=plain(f"{MARKERS[problem.kind].title}: {problem.message}"),
        severity=types.DiagnosticSeverity.Warning,
        code=problem.kind.value,
        source="cuda-migrate",
    )


def _range(document: TextDocument, lines: list[str], span: Span) -> types.Range:
    """Return a span in the units that the editor counts in."""
    points = types.Range(
        types.Position(span.line - 1, span.column - 1), types.Position(span.end_line - 1, span.end_column - 1)
    )
    return document.position_codec.range_to_client_units(lines, points)


def _holds(place: types.Range, position: types.Position) -> bool:
    start, end = (place.start.line, place.start.character), (place.end.line, place.end.character)
    return start <= (position.line, position.character) < end


def _explained(check: Check, item: Item) -> str:
    """Write what a rule says, what to write instead, and how to keep what stands there."""
    finding = item.finding
    card = check.rules[finding.rule]
    rows = [f"- **portable**: {item.portable}"] if item.portable else []
    rows += [
        f"- **{check.targets.get(target, target)}** ({answer.change or 'unknown'}): "
        f"{answer.equivalent or answer.note or 'nobody has looked'}"
        for target, answer in finding.answers.items()
    ]
    parts = [
        f"**{card.title}** `{finding.rule}`",
        card.why,
        "\n".join(rows),
        f"Keep it: `{comment_for(item.language, finding.rule)}`",
        " ".join(f"<{ref}>" for ref in card.refs),
    ]
    return plain("\n\n".join(part for part in parts if part))
