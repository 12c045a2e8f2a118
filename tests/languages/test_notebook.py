"""Notebooks: which cells are read as what, and where in the file everything stands."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrate import rulebook
from migrate.languages.notebook import NotebookFrontEnd
from migrate.model import Extraction, Role, SkipReason, SourceFile
from migrate.scan import FileReport, read

BOOK = rulebook.shipped()


def file() -> SourceFile:
    return SourceFile(path="a.ipynb", language="notebook", content="", lines=0, code_lines=0, role=Role.OWNED)


def notebook(*cells: str | list[str] | dict[str, Any], language: str = "python", indent: int | None = 1) -> str:
    full = [
        cell if isinstance(cell, dict) else {"cell_type": "code", "metadata": {}, "outputs": [], "source": cell}
        for cell in cells
    ]
    kernel = {"kernelspec": {"name": "k", "language": language}}
    return json.dumps({"cells": full, "metadata": kernel, "nbformat": 4}, indent=indent)


def extract(text: str) -> Extraction:
    return NotebookFrontEnd().extract(file(), text, BOOK.vocabulary("notebook"))


def report(text: str) -> FileReport:
    return read(file(), text, BOOK)


def seen(text: str) -> list[tuple[str, str, str]]:
    """Return name, language and the text that stands in the file at each finding."""
    lines = text.split("\n")
    found = []
    for sighting in report(text).sightings:
        span = sighting.use.span
        found.append((sighting.use.name, sighting.language, lines[span.line - 1][span.column - 1 :]))
    return found


@pytest.mark.parametrize("indent", [1, None])
@pytest.mark.parametrize("as_list", [True, False])
def test_cells_are_one_program_and_places_are_those_of_the_file(*, indent: int | None, as_list: bool) -> None:
    cells = (
        ["import torch\n", 's = "é\\n"; t = "cuda:0"; torch.cuda.synchronize()\n', "x = 1"],
        ["torch.cuda.empty_cache()"],
    )
    text = notebook(*(cell if as_list else "".join(cell) for cell in cells), indent=indent)
    found = seen(text)
    assert [(name, language) for name, language, _ in found] == [
        ("cuda:0", "python"),
        ("torch.cuda.synchronize", "python"),
        ("torch.cuda.empty_cache", "python"),
    ]
    assert found[0][2].startswith('\\"cuda:0\\"')
    assert found[1][2].startswith("torch.cuda.synchronize()")
    assert found[2][2].startswith("torch.cuda.empty_cache()")


def test_markdown_and_outputs_never_count() -> None:
    text = notebook(
        {"cell_type": "markdown", "source": ["import torch\n", "torch.cuda.synchronize()"]},
        {"cell_type": "raw", "source": "x.cuda()"},
        {
            "cell_type": "code",
            "source": ["x = 1"],
            "outputs": [{"data": {"text/plain": ["torch.cuda"]}, "source": ["x.cuda()"], "cell_type": "code"}],
        },
    )
    assert seen(text) == []
    assert extract(text).code_lines == 1


def test_the_order_of_keys_does_not_matter() -> None:
    assert [name for name, *_ in seen(notebook({"source": ["x.cuda()"], "outputs": [], "cell_type": "code"}))] == [
        ".cuda"
    ]


def test_the_older_format_has_sheets_and_input() -> None:
    sheet = {"cells": [{"cell_type": "code", "input": ["x.cuda()"], "language": "python", "outputs": []}]}
    assert [name for name, *_ in seen(json.dumps({"worksheets": [sheet], "nbformat": 3}))] == [".cuda"]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("!CUDA_VISIBLE_DEVICES=0 python a.py", "CUDA_VISIBLE_DEVICES=0 python a.py"),
        ("out = !nvidia-smi -L", "nvidia-smi -L"),
        ("%env CUDA_LAUNCH_BLOCKING 1", "export CUDA_LAUNCH_BLOCKING=1"),
        ("%env CUDA_LAUNCH_BLOCKING=1", "export CUDA_LAUNCH_BLOCKING=1"),
        ("%pip install cupy-cuda12x", "pip install cupy-cuda12x"),
        ("%sx nvidia-smi", "nvidia-smi"),
        ("%%bash\nnvidia-smi", "\nnvidia-smi"),
        ("!make \\\n  CUDA=1", "make  \\\n  CUDA=1"),
    ],
)
def test_commands_are_given_to_the_shell(source: str, expected: str) -> None:
    text = notebook(f"{source}\nimport torch\ntorch.cuda.synchronize()" if not source.startswith("%%") else source)
    parts = {part.language: part for part in extract(text).embedded}
    assert parts["shell"].text == expected
    assert len(parts["shell"].lines) == expected.count("\n") + 1
    if "python" in parts:
        assert [name for name, language, _ in seen(text) if language == "python"] == ["torch.cuda.synchronize"]


def test_a_command_keeps_its_place() -> None:
    text = notebook("x = 1\nif x:\n    !nvidia-smi -L\n")
    (part,) = (part for part in extract(text).embedded if part.language == "shell")
    line, column = part.lines[0]
    assert text.split("\n")[line - 1][column - 1 :].startswith("nvidia-smi -L")


@pytest.mark.parametrize("magic", ["%time", "%timeit -n 10", "%prun", "y = %time"])
def test_python_behind_a_magic_is_python(magic: str) -> None:
    ((name, _, rest),) = seen(notebook(f"import torch\n{magic} torch.cuda.synchronize()\n"))
    assert name == "torch.cuda.synchronize"
    assert rest.startswith("torch.cuda.synchronize()")


@pytest.mark.parametrize("magic", ["%matplotlib inline", "%load_ext autoreload", "x?", "?x.cuda", "x.cuda??", "%cuda"])
def test_other_magics_say_nothing_and_break_nothing(magic: str) -> None:
    assert [name for name, *_ in seen(notebook(f"{magic}\ny.cuda()"))] == [".cuda"]


@pytest.mark.parametrize("magic", ["%%cu", "%%cuda", "%%writefile k.cu", "%%file src/k.cuh"])
def test_cells_of_cuda_are_read_as_cuda(magic: str) -> None:
    found = report(notebook(f"{magic}\n__global__ void scale(float *x) {{ x[threadIdx.x] = 1; }}\n"))
    kernels = [sighting.use for sighting in found.sightings if sighting.use.kernel is not None]
    assert [use.symbol for use in kernels] == ["scale"]


@pytest.mark.parametrize("magic", ["%%html", "%%javascript", "%%writefile notes.txt", "%%latex", "%%R"])
def test_cells_in_other_languages_are_left_alone(magic: str) -> None:
    assert extract(notebook(f"{magic}\nx.cuda()")).embedded == ()


def test_a_cell_magic_that_runs_python_keeps_the_program_together() -> None:
    text = notebook(
        "import torch", "%%time\ntorch.cuda.synchronize()", "%%writefile train.py\nimport torch\ntorch.cuda.init()"
    )
    assert [name for name, *_ in seen(text)] == ["torch.cuda.synchronize", "torch.cuda.init"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"cells": [', SkipReason.PARSE_ERROR),
        ("", SkipReason.PARSE_ERROR),
        ("[" * 100_000, SkipReason.PARSE_ERROR),
        (notebook("x.cuda()", language="R"), SkipReason.UNSUPPORTED_LANGUAGE),
        (notebook("x.cuda()", language="julia"), SkipReason.UNSUPPORTED_LANGUAGE),
    ],
)
def test_what_cannot_be_read_is_skipped_with_its_reason(text: str, reason: SkipReason) -> None:
    extraction = extract(text)
    assert extraction.skip is not None
    assert extraction.skip.reason == reason
    assert extraction.embedded == ()


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.text()
        | st.lists(st.sampled_from(["x.cuda()\n", "!ls\n", '"', "'", "%%time\n", "\\", "\n", "é\t", "#"])).map("".join)
    )
)
def test_no_notebook_raises_and_every_line_has_a_place(cells: list[str]) -> None:
    text = notebook(*cells)
    for part in extract(text).embedded:
        assert len(part.lines) == part.text.count("\n") + 1
    report(text)


@pytest.mark.parametrize(
    "text",
    [
        notebook("x.cuda()\n" * 100_000, indent=None),
        notebook('y = "cuda"\n' * 50_000, indent=None),
        notebook('"' * 1_000_000, indent=None),
        notebook("!ls\n" * 100_000, indent=None),
        notebook(" " * 1_000_000 + "=", indent=None),
        notebook("\t" * 500_000, indent=None),
        notebook({"cell_type": "code", "source": [], "outputs": [{"data": "A" * 5_000_000}]}, indent=None),
        json.dumps({"cells": [], "data": list(range(500_000))}),
    ],
    ids=range(8),
)
def test_large_notebooks_on_one_line_take_linear_time(text: str) -> None:
    extract(text)
