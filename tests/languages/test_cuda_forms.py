"""Forms of names in C++ and CUDA files: directives, pointers, operators, macros of the file's own."""

from __future__ import annotations

import pytest

from migrate.model import UseKind
from tests.languages.cuda_reading import names, uses


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("using namespace nvcuda;\n", ["nvcuda::"]),
        ("using namespace nvcuda::wmma;\n", ["nvcuda::wmma"]),
        ("namespace cg = cooperative_groups;\n", ["cooperative_groups::"]),
        ("namespace my = ::cub;\n", ["cub::"]),
        ("using cub::BlockReduce;\n", ["cub::BlockReduce"]),
        ("using namespace cub::detail_of_mine;\n", ["cub::detail_of_mine"]),
        ("namespace cub { struct Mine; }\n", []),
        ("using namespace std;\nnamespace fs = std::filesystem;\n", []),
    ],
)
def test_directives_of_namespaces(text: str, expected: list[str]) -> None:
    assert names(text) == expected


def test_a_namespace_that_a_branch_for_another_vendor_renames_is_guarded() -> None:
    text = "#ifdef USE_ROCM\nnamespace cub = hipcub;\n#else\n#include <cub/cub.cuh>\n#endif\n"
    (directive,) = [use for use in uses(text, UseKind.NAME) if use.name == "cub::"]
    assert "rocm" in directive.guarded_by
    assert (directive.span.line, directive.span.column) == (2, 11)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("struct S { int (*nvshmem_n_pes)(); };\n", []),
        ("void* (*cudaMalloc)(size_t);\n", []),
        ("void f() { (*cudaFree)(p); }\n", ["cudaFree"]),
        ("int g() { return (*cudaFree)(p); }\n", ["cudaFree"]),
    ],
)
def test_a_pointer_to_a_function_declares_its_name(text: str, expected: list[str]) -> None:
    assert names(text, path="a.h") == expected


def test_a_conversion_names_its_type() -> None:
    text = "struct S {\n  operator cudaStream_t() const { return s; }\n};\n"
    assert names(text, path="a.h") == ["cudaStream_t"]


def test_a_macro_with_parameters_is_the_file_s_own_unless_it_stands_for_a_function_of_the_platform() -> None:
    assert names("#define CUB_WRAPPER(f, ...) f(__VA_ARGS__)\n") == []
    assert names("#define CUB_NS_PREFIX namespace mine {\n") == ["CUB_NS_PREFIX"]
    assert names("#define __shfl_xor_sync(mask, v, lane) __shfl_xor(v, lane)\n")[0] == "__shfl_xor_sync"


@pytest.mark.parametrize("path", ["third_party/gpus/cuda/include/cuda.h", "cuda.h", "/usr/local/cuda/include/cuda.h"])
def test_headers_of_a_toolkit_that_is_kept_elsewhere(path: str) -> None:
    (include,) = uses(f'#include "{path}"\n', UseKind.INCLUDE)
    assert (include.name, include.text) == ("cuda.h", path)


def test_headers_of_the_same_name_that_are_not_the_toolkit_s() -> None:
    assert uses('#include "mine/src/cuda.h"\n', UseKind.INCLUDE) == []


def test_short_vectors_count_where_the_device_compiler_reads() -> None:
    assert names("int4 a;\n", path="a.cu") == ["int4"]
    assert names("#include <cuda_runtime.h>\nfloat2 a;\n", path="a.h") == ["float2"]
    assert names("#include <ATen/cuda/CUDAContext.h>\nfloat2 a;\n", path="a.cpp") == ["float2"]
    assert names("float4 a; cudaStream_t s;\n", path="shader.h") == ["cudaStream_t"]


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_both_sides_of_a_merge_that_was_never_finished(ending: str) -> None:
    text = ending.join(["<<<<<<< HEAD", "cudaFree(p);", "=======", "cudaFree(q);", ">>>>>>> other", ""])
    assert [(use.name, use.span.line) for use in uses(text, UseKind.CALL)] == [("cudaFree", 2), ("cudaFree", 4)]
