"""Texts that nobody writes: the front end reads them all, in time that grows no faster than they do."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrate.model import UseKind
from tests.languages.cuda_reading import names, read, uses

Writer = Callable[[int], str]

WRITERS: dict[str, Writer] = {
    "calls": lambda n: "void f() {\n" + "cudaFree(p);\n" * n + "}\n",
    "one line": lambda n: "void f() { " + "cudaFree(p); " * n + "}",
    "nested conditions": lambda n: "#if defined(USE_ROCM) && A\ncudaFree(p);\n" * (n // 4) + "#endif\n" * (n // 4),
    "own macros in conditions": lambda n: "".join(f"#define A{i} A{i // 2}\n#if A{i}\n#endif\n" for i in range(n // 4)),
    "a macro that is defined over and over": lambda n: "#define A A\n" * n + "#if A\ncudaFree(p);\n#endif\n" * 20,
    "parentheses": lambda n: "void f() { cudaFree(" + "(" * n + ")" * n + "); }",
    "open parentheses": lambda n: "cudaFree((" * n,
    "braces": lambda n: "void f() " + "{" * n + "cudaFree(p);" + "}" * n,
    "angles": lambda n: "cub::A<" * n + "int" + ">" * n + " x;",
    "launches": lambda n: "void f() {" + "k<<<1, 2>>>(p);\n" * n + "}",
    "open launches": lambda n: "k<<<(1," * n,
    "launching macro": lambda n: "#define GO(k) k<<<1, 2>>>()\n" + "GO(k)\n" * n,
    "kernels": lambda n: "".join(f"__global__ void k{i}(int* a) {{ }}\nauto p{i} = &k{i};\n" for i in range(n // 4)),
    "macros for kernels": lambda n: "".join(
        f"#define K{i} __global__\nK{i} void f{i}(int* a) {{ }}\n" for i in range(n // 4)
    ),
    "words in capitals": lambda n: "threadIdx;" + "A_KERNEL void f(int a) { threadIdx.x; }\n" * (n // 4),
    "open heads": lambda n: "threadIdx;" + "A_KERNEL(" * n,
    "assembly": lambda n: (
        "__device__ void f() {" + 'asm("add.u32 %0, %1;" "mov.b32 a, b;" : "=r"(x));\n' * (n // 4) + "}"
    ),
    "long assembly": lambda n: "__device__ void f() { asm(" + '"@p add.u32 a, b;\\n"\n' * n + "); }",
    "open assembly": lambda n: 'asm("add.u32 a;' * n,
    "strings": lambda n: "auto s = " + '"__global__ void k(int* a) {\\n"\n' * n + ";",
    "programs": lambda n: 'auto s = R"(__global__ void k(int* a) { a[0] = 1; })";\n' * (n // 4),
    "open raw strings": lambda n: "__device__ int x; " + 'R"(' * n,
    "open comments": lambda n: "cudaFree(p); " + "/*" * n,
    "pasting": lambda n: "#define CALL(x) cuda##x\n" + "CALL(Free) " * n,
    "long pasting": lambda n: "#define CALL(x) cuda" + "##x" * n + "\nCALL(Free)",
    "members": lambda n: "cudaDeviceProp prop; " + "if (prop.major == 8)\n" * n,
    "spliced words": lambda n: "cuda\\\nFree(p);\n" * n,
    "long word": lambda n: "a" * (20 * n) + "; cudaFree(p);",
    "digraphs": lambda n: "<% %> <: :> %: cudaFree(p);" * n,
    "lanes": lambda n: "__global__ void k() {" + "int lane = (threadIdx.x + 1) & 31;\n" * n + "}",
    "masks": lambda n: "__device__ void k() {" + "unsigned mask = 0xffffffff;" * n + "__shfl_sync(mask, v, 0); }",
    "aliases": lambda n: "".join(f"namespace a{i} = cub;\na{i}::BlockScan x;\n" for i in range(n // 4)),
    "qualifiers": lambda n: "my_cub::" * n + "BlockScan x;",
    "look-ups": lambda n: "void f() {" + 'dlsym(h, name); dlsym(h, "cudaMalloc");' * (n // 2) + "}",
    "merge markers": lambda n: "<<<<<<< HEAD\ncudaFree(p);\n=======\ncudaMalloc(p);\n>>>>>>> x\n" * (n // 4),
}
SIZE = 2_000


PIECES = (
    *("cudaFree", "(", ")", "{", "}", "<", ">", "<<<", ">>>", ";", ",", "::", "&", "*", "=", '"', "'", "\\", "\n", "#"),
    *(
        "##",
        "#if ",
        "#ifdef ",
        "#else\n",
        "#endif\n",
        "#define ",
        "USE_ROCM",
        "__global__ ",
        "__device__ ",
        "void ",
        "k",
    ),
    *(
        'R"(',
        ')"',
        "/*",
        "*/",
        "//",
        "using ",
        "namespace ",
        "cub",
        "prop.major",
        "dlsym",
        "LAUNCH(k, ",
        "\\\n",
        "\r\n",
    ),
    *(
        "threadIdx.x",
        " & 31",
        "asm volatile(",
        '"add.u32 %0;"',
        "??/",
        "%:",
        "<%",
        "<<<<<<<",
        "A_KERNEL ",
        " ",
        "é😀",
        "\0",
    ),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=150).map("".join))
def test_any_pieces_are_read_and_embedded_code_knows_its_lines(text: str) -> None:
    extraction = read(text)
    assert read(text) == extraction
    for part in extraction.embedded:
        assert len(part.lines) == part.text.count("\n") + 1
        assert all(line <= len(re.split(r"\r\n|\r|\n", text)) for line, _ in part.lines)


@pytest.mark.parametrize("name", WRITERS)
def test_a_hostile_shape_is_read_to_its_end(name: str) -> None:
    text = WRITERS[name](4 * SIZE)
    assert all(use.span.line <= text.count("\n") + text.count("\r") + 1 for use in read(text).uses)


def test_200_000_calls_in_one_file() -> None:
    assert len(read("void f() {\n" + "cudaFree(p);\n" * 200_000 + "}\n").uses) == 200_000


def test_a_line_of_600_000_columns() -> None:
    use = read("int a[] = {" + "1," * 300_000 + "}; void f() { cudaFree(p); }").uses[-1]
    assert (use.name, use.span.line, use.span.column) == ("cudaFree", 1, 600_026)


@pytest.mark.parametrize("pair", ["()", "{}", "[]", "<>"])
def test_20_000_nested_brackets(pair: str) -> None:
    text = "void f() { x" + pair[0] * 20_000 + pair[1] * 20_000 + "; }\nvoid g() { cudaFree(p); }"
    assert names(text) == ["cudaFree"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cudaFree(p); /* open", ["cudaFree"]),
        ('cudaFree(p); s = "open\ncudaMalloc(p);', ["cudaFree", "cudaMalloc"]),
        ('cudaFree(p); s = R"(open\ncudaMalloc(p);', ["cudaFree"]),
        ("cudaFree(p); c = 'open\ncudaMalloc(p);", ["cudaFree", "cudaMalloc"]),
        ('cudaFree(p); asm volatile("add.u32 a, b;', ["cudaFree"]),
        ("#if 0\ncudaFree(p);", []),
        ("#endif\ncudaFree(p);\n#else\n", ["cudaFree"]),
        ("#if (\ncudaFree(p);\n#endif", ["cudaFree"]),
        ("int n = 1'000'000; cudaFree(p); int m = 0xFF'FF;", ["cudaFree"]),
        ("cuda\\\nFree(p);", ["cudaFree"]),
        ("#inc\\\nlude <x.h>\n%:define A cudaFree\n", ["cudaFree"]),
        ("#if 1 ??/\n && 0\ncudaFree(p);\n#endif", []),
        ("\ufeffcudaFree(p);", ["cudaFree"]),
        ("cudaFree(p);\x00cudaMalloc(p);", ["cudaFree", "cudaMalloc"]),
    ],
)
def test_broken_and_odd_texts(text: str, expected: list[str]) -> None:
    assert names(text) == expected


def test_merge_markers_are_no_launches_and_the_file_still_yields() -> None:
    text = "<<<<<<< HEAD\ncudaFree(p);\n||||||| base\n=======\nk<<<1, 2>>>(p);\n>>>>>>> other\n"
    assert names(text) == ["cudaFree"]
    assert [use.symbol for use in uses(text, UseKind.LAUNCH)] == ["k"]
