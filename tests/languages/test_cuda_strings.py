"""What string literals of C++ files say, and the device code in them."""

from __future__ import annotations

import pytest

from migrate import rulebook, scan
from migrate.model import Blind, BlindKind, Role, SourceFile, UseKind
from tests.languages.cuda_reading import read, started, uses


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('f = dlsym(h, "cudaMalloc");', [("cudaMalloc", "high")]),
        ('f = GetProcAddress(h, "cublasCreate_v2");', [("cublasCreate_v2", "high")]),
        ('f = load_symbol(h, "ncclCommInitRank");', [("ncclCommInitRank", "medium")]),
        ('log("cudaMalloc");', []),
        ('f = dlsym(h, "own_function");', []),
        ('f = dlsym(h, "cudaMalloc failed");', []),
    ],
)
def test_functions_that_are_looked_up_by_name(text: str, expected: list[tuple[str, str]]) -> None:
    assert [(use.name, use.confidence.value) for use in uses(text, UseKind.NAME)] == expected


@pytest.mark.parametrize(
    "library",
    ["libcuda.so.1", "libcudart.so", "libnvrtc-builtins.so", "cublasLt64_12.dll", "libnvidia-ml.so.1", "nvcuda.dll"],
)
def test_libraries_that_are_opened_by_name(library: str) -> None:
    assert [use.name for use in uses(f'h = open_library("{library}");', UseKind.STRING)] == [library]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("cudaStream_t s;\nvoid* f(const char* name) { return dlsym(h, name); }", [2]),
        ("void* f(const char* name) { return dlsym(h, name); }", []),
        ("int f() { return cuGetProcAddress(name, &p, 12000, 0); }", [1]),
        ('cudaStream_t s;\nint f() { return dlsym(h, "plugin"); }', []),
        ("cudaStream_t s;\n#define SYM(name) dlsym(h, #name)\n", []),
        ("cudaStream_t s;\n#define SYM(name) dlsym(h, STRING(name))\n", []),
        ("cudaStream_t s;\nextern void* dlsym(void* handle, const char* name);\n", []),
    ],
)
def test_look_ups_whose_name_is_not_written_are_said(text: str, lines: list[int]) -> None:
    assert [(blind.kind, blind.line) for blind in read(text).blind] == [
        (BlindKind.DYNAMIC_CODE, line) for line in lines
    ]


def test_kernels_named_by_strings() -> None:
    text = 'cuModuleGetFunction(&f, m, "k1"); nvrtcAddNameExpression(p, "&ns::k2<float>");'
    assert started(text) == {"k1", "ns::k2"}


@pytest.mark.parametrize(
    "head",
    ["void k(int* a)", "void __launch_bounds__(256) k(float a)", "static void k()", "void\\n k(int a)"],
)
def test_a_kernel_in_a_string_is_started_by_its_name(head: str) -> None:
    program = f'auto program = compile("__global__ {head} {{ }}");\n'
    assert "k" not in started(program)
    assert "k" in started(program + 'program.kernel("k").launch(a);')


# --------------------------------------------------------------------------------------------------- device code


def sightings(text: str, path: str = "a.cpp") -> list[tuple[str, int, int]]:
    """Return name, line and column of what rules claim in a whole file, its strings included."""
    file = SourceFile(path=path, language="cuda", content="", lines=0, code_lines=0, role=Role.OWNED)
    report = scan.read(file, text, rulebook.shipped(), regular=False)
    return [(one.use.symbol or one.use.name, one.use.span.line, one.use.span.column) for one in report.sightings]


def test_a_raw_string_is_read_at_its_places() -> None:
    text = 'auto s = R"x(\n__global__ void k(int* a) {\n  __syncthreads();\n})x";\n'
    assert sightings(text) == [("k", 2, 1), ("__syncthreads", 3, 3)]


def test_adjacent_strings_are_one_program() -> None:
    text = (
        "const char* s =\n"
        '    "__global__ void k(int* a) {\\n"\n'
        '    "\\t__syncthreads();" // no line end here\n'
        '    " __threadfence();\\n}\\n";\n'
    )
    assert sightings(text) == [("k", 2, 6), ("__syncthreads", 3, 8), ("__threadfence", 4, 7)]


def test_escapes_keep_columns_and_quotes_keep_paths() -> None:
    text = '"#include \\"cuda_runtime.h\\"\\n__global__ void k() { f(\\"a\\"); __syncthreads(); }";\n'
    found = {name: column for name, _, column in sightings(text)}
    assert found["cuda_runtime.h"] == text.index("cuda_runtime.h") + 1
    assert found["__syncthreads"] == text.index("__syncthreads") + 1


def test_line_ends_of_other_systems_keep_places() -> None:
    text = 'int x;\r\nauto s = R"(\r\n__device__ int f() {\r\n return __popc(1); })";\r\n'
    assert ("__popc", 4, 9) in sightings(text)


@pytest.mark.parametrize(
    "text",
    [
        '"__global__ functions (kernels) cannot return a value;"',
        '"a __device__ function. It is called (by) { nobody }"',
        '"int f() { return 1; }"',
        '// "__global__ void k() { }"\n',
        '#if 0\nauto s = "__global__ void k() { }";\n#endif\n',
    ],
)
def test_messages_and_dead_strings_are_no_programs(text: str) -> None:
    assert read(f"cudaStream_t s;\n{text};\n").embedded == ()


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ('auto s = "__global__ void k() { f(); }";', True),
        ('auto s = "__global__ void k() { f(); }" + type;', False),
        ('auto s = type + "__global__ void k() { f(); }";', False),
        ('auto s = "__global__ void k() { f(); }" BODY;', False),
        ('auto s = R"(__global__ void k(${T}* a) { f(); })";', False),
        ('auto s = R"(__global__ void {NAME}() { f(); })";', False),
    ],
)
def test_programs_with_holes_are_said(text: str, known: bool) -> None:
    extraction = read(text)
    assert len(extraction.embedded) == 1
    assert [blind.kind for blind in extraction.blind] == ([] if known else [BlindKind.GENERATED_SOURCE])


def test_a_hole_is_a_name_of_the_same_length() -> None:
    text = 'auto s = R"(__global__ void {NAME}(${T}* a) { __syncthreads(); })";\n'
    assert sightings(text) == [("_NAME_", 1, 13), ("__syncthreads", 1, text.index("__syncthreads") + 1)]


def test_a_program_under_a_guard_is_guarded() -> None:
    text = '#ifdef USE_ROCM\nauto s = "__global__ void k() { f(); }";\n#endif\n'
    assert [part.guarded_by for part in read(text).embedded] == [("*", "rocm")]


def test_blind_places_are_in_order_and_once() -> None:
    text = "cudaStream_t s;\n#define A(x) cuda##x\nint f() { dlsym(h, n); dlsym(h, n); }\n"
    assert read(text).blind == (
        Blind(kind=BlindKind.GENERATED_SOURCE, line=2, text="#define A(x) cuda##x"),
        Blind(kind=BlindKind.DYNAMIC_CODE, line=3, text="dlsym(h, n)"),
    )
