"""What the front end for the server's model configurations reads off them."""

from __future__ import annotations

import pytest

from migrate.languages import front_end
from migrate.languages.pbtxt import pbtxt_entries
from migrate.model import NameSet, Role, SourceFile, UseKind, Vocabulary

VOCABULARY = Vocabulary(
    anchors=(),
    names={UseKind.STRING: NameSet(exact=frozenset({"tensorrt_plan", "KIND_GPU", "graphs", "tensorrt", "cuda"}))},
)


def seen(text: str) -> list[tuple[str, dict[str, str], int, int]]:
    """Return name, arguments and place of the uses."""
    file = SourceFile(path="config.pbtxt", language="pbtxt", content="", lines=0, code_lines=0, role=Role.OWNED)
    uses = front_end("pbtxt").extract(file, text, VOCABULARY).uses
    return [(use.name, use.args, use.span.line, use.span.column) for use in uses]


def test_fields_with_their_paths() -> None:
    text = (
        'platform: "tensorrt_plan"\n'
        "instance_group [ { kind: KIND_GPU }, { kind: KIND_CPU } ]\n"
        "optimization { cuda { graphs: true }\n"
        "  execution_accelerators < gpu_execution_accelerator : [ { name : 'tensorrt' } ] > }\n"
        'name: "x"  # KIND_GPU\n'
    )
    assert seen(text) == [
        ("tensorrt_plan", {"key": "platform"}, 1, 12),
        ("KIND_GPU", {"key": "instance_group.kind"}, 2, 26),
        ("cuda", {"subscript": "optimization"}, 3, 16),
        ("graphs", {"subscript": "optimization.cuda", "value": "true"}, 3, 23),
        ("tensorrt", {"key": "optimization.execution_accelerators.gpu_execution_accelerator.name"}, 4, 68),
    ]


def test_lists_and_separators() -> None:
    entries = list(pbtxt_entries("dims: [ 3, -1 ]; gpus: 0, x { y: 'a\"b' z { } }"))
    assert [(entry.path, entry.value) for entry in entries] == [
        (("dims",), None),
        (("dims",), "3"),
        (("dims",), "-1"),
        (("gpus",), "0"),
        (("x",), None),
        (("x", "y"), 'a"b'),
        (("x", "z"), None),
    ]


@pytest.mark.parametrize(
    "text", ["x {" * 100_000, "kind: KIND_GPU " * 30_000, '"' * 100_001, "]}>" * 100_000, "a:" * 100_000]
)
def test_hostile_text_takes_linear_time(text: str) -> None:
    seen(text + "\ncuda")
