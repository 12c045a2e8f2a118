"""Warp width without an API name, and what only looks like it."""

from __future__ import annotations

import pytest

from migrate.model import UseKind
from tests.languages.cuda_reading import uses


def found(text: str, path: str = "a.cu") -> list[tuple[str, str]]:
    return [(use.args["pattern"], use.text) for use in uses(text, UseKind.NAME, path=path) if use.name == NAME]


NAME = "warp-width-literal"


def in_kernel(statement: str) -> str:
    return f"__global__ void k(int* a) {{ {statement} }}"


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("int l = threadIdx.x & 31;", ("mask", "threadIdx.x & 31")),
        ("int l = (threadIdx.x + 1) & 0x1F;", ("mask", "(threadIdx.x + 1) & 0x1F")),
        ("int w = thread_rank() / 32;", ("shift", "thread_rank() / 32")),
        ("int w = tid >> 5u;", ("shift", "tid >> 5u")),
        ("for (int i = threadIdx.x / 32; i < n; ++i) { }", ("shift", "threadIdx.x / 32")),
        ("int warps = blockDim.x / 32;", ("shift", "blockDim.x / 32")),
        ("int warps = kThreads / 32;", ("shift", "kThreads / 32")),
        ("const int warp = id / 32;", ("shift", "id / 32")),
        ("int lane = id % 32;", ("modulo", "id % 32")),
        ("int first = warp_id * 32;", ("spread", "warp_id * 32")),
        ("int first = wid << 5;", ("spread", "wid << 5")),
        ("if (threadIdx.x < 32) f();", ("compare", "threadIdx.x < 32")),
        ("if (lane == 31) f();", ("compare", "lane == 31")),
        ("for (int o = 16; o > 0; o /= 2) v += __shfl_xor_sync(m, v, o);", ("step", "16")),
        ("for (int o = 32 / 2; o; o >>= 1) { v = max(v, __shfl_down(v, o)); }", ("step", "32 / 2")),
        ("for (int i = 1; i < 32; i *= 2) { v += __shfl_up_sync(m, v, i); }", ("step", "32")),
        ("unsigned mask = 0xffffffff; v = __shfl_sync(mask, v, 0);", ("full-mask", "0xffffffff")),
        ("v = __shfl_sync(0xFFFFFFFFu, v, 0);", ("full-mask", "0xFFFFFFFFu")),
    ],
)
def test_lane_arithmetic(statement: str, expected: tuple[str, str]) -> None:
    assert found(in_kernel(statement)) == [expected]


@pytest.mark.parametrize(
    "statement",
    [
        "h ^= h >> 5;",
        "x = (x << 5) | (x >> 27);",
        "int sign = bits & 0xffffffff;",
        "unsigned state = 0xffffffff;",
        "int padded = (n + 31) / 32 * 32;",
        "int words = bits / 32;",
        "bool aligned = size % 32 == 0;",
        "if (C % 32 == 0 || threadIdx.x < n) f();",
        "int row = 32 * 8 / 32;",
        "int blocks = kBlockN / 32;",
        "int x = threadIdx.x & 310;",
        "float f = tid / 32.0f;",
        "g<int, 32>(lane);",
        "int l = threadIdx.x % warpSize;",
        "int l = threadIdx.x % C10_WARP_SIZE;",
        "int l = threadIdx.x % kWarpSize;",
        "int l = tid & (WARP_SIZE - 1);",
        "for (int o = 16; o > 0; o /= 2) v += shared[o];",
        "for (int o = 16; o < n; o += 16) v += __shfl_xor_sync(m, v, o);",
        "int total = n * 32;",
        "p->x = 32;",
    ],
)
def test_arithmetic_that_is_about_something_else(statement: str) -> None:
    assert found(in_kernel(statement)) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#define FULL_MASK 0xffffffff\n__device__ int x;", [("constant", "FULL_MASK 0xffffffff")]),
        ("__device__ int x;\nconstexpr int kWarpSize = 32;", [("constant", "kWarpSize = 32")]),
        ("__device__ int x;\nstatic constexpr int kNWarps = kThreads / 32;", [("shift", "kThreads / 32")]),
        ("__device__ int x;\nconstexpr int kBlocks = n / 32;", []),
        ("__device__ int x;\nunsigned crc = 0xffffffff;", []),
        ("__device__ int x;\nvoid f() { int lane = i % 32; }", []),
    ],
)
def test_constants_and_host_code(text: str, expected: list[tuple[str, str]]) -> None:
    assert found(text) == expected


def test_a_file_that_no_device_compiler_reads_assumes_nothing() -> None:
    assert found("cudaStream_t s; void f() { int lane = threadIdx.x & 31; }", "a.cpp") == []


def test_a_constant_of_the_project_s_own_is_a_feature_of_the_kernel_though_its_definition_is_what_changes() -> None:
    (kernel,) = uses(in_kernel("int l = threadIdx.x % kWarpSize;"), UseKind.KERNEL)
    assert kernel.kernel is not None
    assert "warp-width" in kernel.kernel.features


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#define WARPSIZE 32\n", ["WARPSIZE 32"]),
        ("#define NUM_WARPS 32\n", ["NUM_WARPS 32"]),
        ("inline int warp_size() {\n  return 32;\n}\n", ["32"]),
        ("#define NUM_WARPS 8\n", []),
        ("inline int warps_of_a_block() {\n  return 32;\n}\n", []),
    ],
)
def test_a_header_without_device_code_says_how_wide_a_warp_is(text: str, expected: list[str]) -> None:
    assert [given for _, given in found(f"#include <cuda_runtime.h>\n{text}", "ops.h")] == expected
