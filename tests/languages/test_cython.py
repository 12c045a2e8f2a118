"""Cython: calls of the API, modules and headers are found, declarations and documentation are not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrate import rulebook
from migrate.languages.cython import CythonFrontEnd
from migrate.model import LinkKind, Role, SourceFile
from migrate.scan import read

BOOK = rulebook.shipped()


def file(path: str = "pkg/runtime.pyx") -> SourceFile:
    return SourceFile(path=path, language="cython", content="", lines=0, code_lines=0, role=Role.OWNED)


def seen(text: str) -> list[tuple[str, int, int]]:
    return [
        (sighting.use.name, sighting.use.span.line, sighting.use.span.column)
        for sighting in read(file(), text, BOOK).sightings
    ]


MODULE = '''# cudaFree in a comment
"""cudaMalloc in documentation."""
cimport cython
from libc.stdint cimport intptr_t
import cupy
from cupy.cuda cimport stream as cs

cdef extern from "cuda_runtime.h" nogil:
    ctypedef void* Stream "cudaStream_t"

    int cudaMalloc(void** pointer, size_t size)
    # cudaFree
    int cudaFree(void* pointer)

cpdef enum:
    cudaMemcpyHostToDevice = 1

cpdef intptr_t malloc(size_t size) except? 0:
    cdef void* pointer
    with nogil:
        status = cudaMalloc(&pointer, size)
    print("cudaMalloc failed")
    blockDim = 3
    return <intptr_t>pointer

def clear():
    cupy.zeros(3)
    import torch
    torch.cuda.empty_cache()
'''


def test_a_module() -> None:
    assert seen(MODULE) == [
        ("cupy", 5, 1),
        ("cupy.cuda", 6, 1),
        ("cuda_runtime.h", 8, 19),
        ("cudaMalloc", 21, 18),
        ("cupy.zeros", 27, 5),
        ("torch.cuda.empty_cache", 29, 5),
    ]


def test_nothing_is_certain() -> None:
    assert {sighting.use.confidence for sighting in read(file(), MODULE, BOOK).sightings} <= {"low", "medium"}


def test_code_that_a_block_quotes_is_code() -> None:
    text = 'cdef extern from *:\n    """\n    #include <cuda_fp16.h>\n    static int f() { return cudaDeviceSynchronize(); }\n    """\n    int f()\n'
    assert seen(text) == [("cuda_fp16.h", 3, 15), ("cudaDeviceSynchronize", 4, 29)]


def test_a_block_ends_with_its_indentation() -> None:
    text = 'cdef extern from "cuda.h":\n    int cuInit(int)\n\ncdef int start():\n    return cuInit(0)\n'
    assert seen(text) == [("cuda.h", 1, 19), ("cuInit", 5, 12)]


def test_a_block_in_documentation_is_none() -> None:
    text = '"""\ncdef extern from "cuda.h":\n    int cuInit(int)\n"""\ncuInit(0)\n'
    assert [name for name, *_ in seen(text)] == ["cuInit"]


def test_carriage_returns_end_lines() -> None:
    assert seen(MODULE.replace("\n", "\r\n")) == seen(MODULE)
    assert seen(MODULE.replace("\n", "\r")) == seen(MODULE)


def test_code_lines_leave_out_comments_and_blank_lines() -> None:
    assert read(file(), "# a\n\ncimport b\nx = 1\n", BOOK).file.code_lines == 2


@pytest.mark.parametrize(
    ("text", "shared"),
    [
        ("cimport cython\n", ["cython.pxd"]),
        ("cimport a.b as c, d\n", ["a/b.pxd", "d.pxd"]),
        ("from a.b cimport c\n", ["a/b.pxd", "a/b/c.pxd"]),
        ("from . cimport c\n", ["c.pxd"]),
        ("from ..a cimport c as d\n", ["../a.pxd", "../a/c.pxd"]),
        ("from a cimport (  # two\n    b,  # one\n    c,\n)\n", ["a.pxd", "a/b.pxd", "a/c.pxd"]),
        ("include 'types.pxi'\n", ["types.pxi"]),
        ("if X:\n    from a cimport *\n", ["a.pxd"]),
        ('"""\nfrom a cimport b\ninclude "c.pxi"\n"""\n', []),
        ("include_dirs = 'c.pxi'\nfrom a import b\n", []),
    ],
)
def test_files_whose_declarations_are_shared(text: str, shared: list[str]) -> None:
    links = CythonFrontEnd().extract(file(), text, BOOK.vocabulary("cython")).links
    assert [link.to for link in links if link.kind == LinkKind.INCLUDE] == shared


@settings(max_examples=200, deadline=None)
@given(
    st.text()
    | st.lists(
        st.sampled_from(
            [
                'cdef extern from "cuda.h":\n',
                "    int cudaMalloc()\n",
                "cudaMalloc()\n",
                '"""',
                "\n",
                "  ",
                "cimport a\n",
                "cpdef enum:\n",
                "'",
            ]
        )
    ).map("".join)
)
def test_views_have_the_lines_of_the_file(text: str) -> None:
    extraction = CythonFrontEnd().extract(file(), text, BOOK.vocabulary("cython"))
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    for part in extraction.embedded:
        assert part.text.count("\n") == plain.count("\n")
        assert len(part.lines) == plain.count("\n") + 1
    read(file(), text, BOOK)


@pytest.mark.parametrize(
    "text",
    [
        'cdef extern from "a":\n' * 30_000,
        "".join(f'{" " * i}cdef extern from "a":\n' for i in range(1_000)),
        'cdef extern from "a":\n' + "\n" * 500_000,
        '"' * 500_000,
        "cdef extern from " + "\t" * 500_000,
        "cdef extern from *:" + " " * 500_000,
        "cimport " * 100_000,
        "cimport (\n" * 50_000,
        "from a cimport (" + "b," * 200_000,
        "from " + "a." * 250_000,
        "include '" * 60_000,
    ],
    ids=range(11),
)
def test_hostile_texts_end(text: str) -> None:
    CythonFrontEnd().extract(file(), text, BOOK.vocabulary("cython"))
