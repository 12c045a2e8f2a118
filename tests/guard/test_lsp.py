"""The language server, talked to by a real client over its standard input and output."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from pygls.lsp.client import LanguageClient

from tests.guard.conftest import Work

OLD = "import torch\n\n\ndef f(x):\n    torch.cuda.synchronize()\n    return x\n"
_WAIT = 30.0


class Editor:
    """A client that remembers what was published for each file."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.client = LanguageClient("test-editor", "1")
        self._published: dict[str, asyncio.Queue[types.PublishDiagnosticsParams]] = {}

        @self.client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)  # type: ignore[untyped-decorator]
        def published(params: types.PublishDiagnosticsParams) -> None:
            self._queue(params.uri).put_nowait(params)

    def _queue(self, uri: str) -> asyncio.Queue[types.PublishDiagnosticsParams]:
        return self._published.setdefault(uri, asyncio.Queue())

    def uri(self, name: str) -> str:
        return (self.work.root / name).as_uri()

    async def start(self, units: types.PositionEncodingKind, *arguments: str) -> types.InitializeResult:
        await self.client.start_io(sys.executable, "-m", "migrate", "lsp", *arguments, cwd=self.work.root)
        return await self.client.initialize_async(
            types.InitializeParams(
                capabilities=types.ClientCapabilities(
                    general=types.GeneralClientCapabilities(position_encodings=[units])
                ),
                root_uri=self.work.root.as_uri(),
            )
        )

    async def stop(self) -> None:
        await self.client.shutdown_async(None)
        self.client.exit(None)
        await asyncio.wait_for(self.client.stop(), _WAIT)  # type: ignore[no-untyped-call]

    async def open(self, name: str, text: str) -> list[types.Diagnostic]:
        self.client.text_document_did_open(
            types.DidOpenTextDocumentParams(types.TextDocumentItem(self.uri(name), "python", 1, text))
        )
        return await self.said(name)

    async def change(self, name: str, version: int, text: str) -> None:
        self.client.text_document_did_change(
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(version, self.uri(name)),
                [types.TextDocumentContentChangeWholeDocument(text)],
            )
        )

    async def said(self, name: str) -> list[types.Diagnostic]:
        params = await asyncio.wait_for(self._queue(self.uri(name)).get(), _WAIT)
        return list(params.diagnostics)

    async def hover(self, name: str, line: int, character: int) -> types.Hover | None:
        return await asyncio.wait_for(
            self.client.text_document_hover_async(
                types.HoverParams(types.TextDocumentIdentifier(self.uri(name)), types.Position(line, character))
            ),
            _WAIT,
        )


Story = Callable[[Editor], Awaitable[None]]


def tell(
    work: Work, story: Story, units: types.PositionEncodingKind = types.PositionEncodingKind.Utf16, *arguments: str
) -> None:
    """Start a server, let an editor live through a story, and end both."""

    async def run() -> None:
        editor = Editor(work)
        await editor.start(units, *arguments)
        try:
            await story(editor)
        finally:
            await editor.stop()

    body: Coroutine[Any, Any, None] = run()
    asyncio.run(body)


def codes(diagnostics: list[types.Diagnostic]) -> list[Any]:
    return [one.code for one in diagnostics]


def test_only_new_lock_in_is_published_with_its_place_and_its_rule(repository: Work) -> None:
    repository.write("a.py", OLD)
    repository.commit()

    async def story(editor: Editor) -> None:
        assert await editor.open("a.py", OLD) == []
        await editor.change("a.py", 2, OLD.replace("return x", "return x.cuda()"))
        (found,) = await editor.said("a.py")
        assert (found.code, found.source) == ("framework-cuda-method", "cuda-migrate")
        assert (found.range.start.line, found.range.start.character) == (5, 13)
        assert found.severity is types.DiagnosticSeverity.Warning
        assert found.code_description is not None
        assert found.code_description.href.startswith("https://")
        await editor.change("a.py", 3, OLD)
        assert await editor.said("a.py") == []

    tell(repository, story)


def test_hovering_explains_what_to_write_instead(repository: Work) -> None:
    repository.write("a.py", "")
    repository.commit()

    async def story(editor: Editor) -> None:
        assert codes(await editor.open("a.py", OLD)) == ["framework-torch-cuda"]
        hover = await editor.hover("a.py", 4, 8)
        assert hover is not None
        assert isinstance(hover.contents, types.MarkupContent)
        text = hover.contents.value
        assert "- **portable**: torch.accelerator.synchronize" in text
        assert "**CANN" in text or "CANN" in text
        assert "`# cuda-migrate: ignore[framework-torch-cuda] reason: ...`" in text
        assert await editor.hover("a.py", 0, 0) is None

    tell(repository, story)


@pytest.mark.parametrize(
    ("units", "width"),
    [
        (types.PositionEncodingKind.Utf8, 4),
        (types.PositionEncodingKind.Utf16, 2),
        (types.PositionEncodingKind.Utf32, 1),
    ],
)
def test_places_are_in_the_units_of_the_editor(units: types.PositionEncodingKind, width: int, repository: Work) -> None:
    async def story(editor: Editor) -> None:
        (found,) = await editor.open("a.py", 'x = "\N{GRINNING FACE}"; y.cuda()\n')
        assert found.range.start.character == len('x = ""; y.') + width

    tell(repository, story, units)


def test_only_the_last_of_many_changes_is_judged(repository: Work) -> None:
    async def story(editor: Editor) -> None:
        assert await editor.open("a.py", "") == []
        for version in range(2, 30):
            await editor.change("a.py", version, "import torch\n" * version)
        await editor.change("a.py", 30, OLD)
        assert codes(await editor.said("a.py")) == ["framework-torch-cuda"]

    tell(repository, story)


def test_settings_baseline_and_suppressions_hold(repository: Work) -> None:
    repository.write("a.py", OLD)
    repository.run("baseline", "write")

    async def story(editor: Editor) -> None:
        assert await editor.open("a.py", OLD) == []
        assert codes(await editor.open("b.py", OLD)) == ["framework-torch-cuda"]
        marked = OLD.replace("synchronize()", "synchronize()  # cuda-migrate: ignore[framework-*] reason: r")
        await editor.change("b.py", 2, marked)
        assert await editor.said("b.py") == []
        await editor.change("b.py", 3, "x = 1  # cuda-migrate: ignore[framework-*] reason: r\n")
        assert codes(await editor.said("b.py")) == ["suppression-unused"]
        assert await editor.open("third_party/x/c.py", OLD) == []
        assert await editor.open("notes.md", "torch.cuda.synchronize()") == []

    tell(repository, story)


def test_saving_reads_settings_anew_and_closing_takes_everything_back(repository: Work) -> None:
    async def story(editor: Editor) -> None:
        assert codes(await editor.open("a.py", OLD)) == ["framework-torch-cuda"]
        repository.write(".cuda-migrate.toml", 'targets = ["rocm"]\n')
        identifier = types.TextDocumentIdentifier(editor.uri("a.py"))
        editor.client.text_document_did_save(types.DidSaveTextDocumentParams(identifier))
        assert await editor.said("a.py") == []
        repository.write(".cuda-migrate.toml", 'targets = ["cann"]\n')
        editor.client.text_document_did_save(types.DidSaveTextDocumentParams(identifier))
        assert codes(await editor.said("a.py")) == ["framework-torch-cuda"]
        repository.write(".cuda-migrate.toml", "broken = true\n")
        editor.client.text_document_did_save(types.DidSaveTextDocumentParams(identifier))
        assert await editor.said("a.py") == []
        editor.client.text_document_did_close(types.DidCloseTextDocumentParams(identifier))
        assert await editor.said("a.py") == []

    tell(repository, story)


def test_a_target_may_be_chosen(repository: Work) -> None:
    async def story(editor: Editor) -> None:
        assert await editor.open("a.py", OLD) == []

    tell(repository, story, types.PositionEncodingKind.Utf16, "--target", "rocm")


def test_without_the_extra_the_command_says_how_to_get_it(tmp_path: Path) -> None:
    (tmp_path / "pygls.py").write_text("raise ModuleNotFoundError('no', name='pygls')\n")
    done = subprocess.run(
        [sys.executable, "-m", "migrate", "lsp"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "pip install 'cuda-migrate[lsp]'" in done.stderr
