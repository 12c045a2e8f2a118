"""Syntax of newer Pythons, read by whatever Python runs this."""

from __future__ import annotations

import ast

import pytest

from migrate import rulebook
from migrate.languages.python_newer import older
from migrate.model import Role, SourceFile
from migrate.scan import read

NEWER = [
    "def first[T: (int, str)](x: T) -> T:\n    return x.cuda()\n",
    "class Box[T, *Ts, **P](Base[T]):\n    x = y.cuda()\n",
    "async def run[T: dict[str, list[int]]](x: T):\n    x.cuda()\n",
    "def long[\n    First: (int, str),\n    Second,\n](x: First) -> Second:\n    return x.cuda()\n",
    "type Pair = tuple[int, int]\nx.cuda()\n",
    "type Pair[T] = tuple[T, T]\nx.cuda()\n",
    "try:\n    x.cuda()\nexcept ValueError, os.error:\n    pass\n",
]


@pytest.mark.parametrize("text", NEWER)
def test_newer_syntax_is_respelled_in_place(text: str) -> None:
    respelled = older(text)
    ast.parse(respelled)
    assert [len(line) for line in respelled.split("\n")] == [len(line) for line in text.split("\n")]


@pytest.mark.parametrize("text", NEWER)
def test_newer_syntax_is_read_as_python(text: str) -> None:
    file = SourceFile(path="a.py", language="python", content="", lines=0, code_lines=0, role=Role.OWNED)
    found = read(file, text, rulebook.shipped())
    assert found.skip is None
    (sighting,) = found.sightings
    line = next(index for index, line in enumerate(text.split("\n"), 1) if ".cuda()" in line)
    assert (sighting.rule, sighting.use.span.line) == ("framework-cuda-method", line)
    assert text.split("\n")[line - 1][sighting.use.span.column - 1 :].startswith("cuda()")


@pytest.mark.parametrize("text", ["x = a[0]\n", "type = 3\ntype (x)\n", "class A(B[int]):\n    y = [1]\n", "def f["])
def test_what_is_not_newer_stays(text: str) -> None:
    assert older(text) == text


def test_respelling_takes_linear_time() -> None:
    for text in ("def f[" * 200_000, "def f[\n" * 150_000, "except A" + ", A" * 300_000, "type " * 200_000):
        older(text)
