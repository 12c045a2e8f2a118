"""What the C, C++ and CUDA front end sees, by phenomenon."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrate.languages import front_end
from migrate.languages.lexical import Lexed
from migrate.model import (
    Confidence,
    Extraction,
    LinkKind,
    NameSet,
    Role,
    SourceFile,
    Use,
    UseKind,
    Vocabulary,
)

NAMES = ("cuda[A-Z]*", "cublas[A-Z]*", "cub::*", "thrust::*", "cooperative_groups::*", "at::cuda::*")
WANTED: dict[UseKind, tuple[str, ...]] = {
    UseKind.CALL: (
        *NAMES,
        "__shfl_*_sync",
        "__syncthreads",
        "atomicAdd",
        "OP_LIBRARY",
        "nvcuda::wmma::mma_sync",
        ".is_cuda",
    ),
    UseKind.NAME: (*NAMES, "threadIdx", "*DispatchKey::CUDA", "nvcuda::wmma::fragment", "dim3", "warp-width-literal"),
    UseKind.INCLUDE: ("cuda_runtime.h", "cub/*"),
    UseKind.MACRO: ("__CUDA_ARCH__", "CUDART_VERSION", "WARP_SIZE"),
    UseKind.PRAGMA: ("unroll", "nv_diag_suppress"),
    UseKind.QUALIFIER: ("__device__", "__shared__", "__launch_bounds__"),
    UseKind.KERNEL: ("__global__",),
    UseKind.LAUNCH: ("<<<>>>", "cudaLaunchKernel"),
    UseKind.ASM: ("*",),
    UseKind.STRING: ("libcuda.so*",),
    UseKind.ENV: ("CUDA_VISIBLE_DEVICES",),
}
ANCHORS = (
    "cuda cublas cub thrust cooperative_groups __shfl_ __syncthreads atomicAdd nvcuda threadIdx dim3 "
    "CUDART_VERSION WARP_SIZE unroll nv_diag_suppress __device__ __shared__ __launch_bounds__ __global__ <<< "
    "asm libcuda CUDA OP_LIBRARY"
)
VOCABULARY = Vocabulary(
    anchors=tuple(ANCHORS.split()),
    names={
        kind: NameSet(
            exact=frozenset(name for name in names if "*" not in name),
            globs=tuple(name for name in names if "*" in name),
        )
        for kind, names in WANTED.items()
    },
)


def read(text: str, path: str = "a.cu") -> Extraction:
    file = SourceFile(path=path, language="cuda", content="", lines=0, code_lines=0, role=Role.OWNED)
    return front_end("cuda").extract(file, text, VOCABULARY)


QUIET = ("qualifier", "kernel")


def seen(text: str, path: str = "a.cu", *, without: tuple[str, ...] = QUIET) -> list[tuple[str, str, int, int]]:
    """Return kind, name, line, column of every use."""
    return [
        (use.kind.value, use.name, use.span.line, use.span.column)
        for use in read(text, path).uses
        if use.kind.value not in without
    ]


def only(text: str, kind: UseKind, path: str = "a.cu") -> Use:
    """Return the one use of a kind."""
    (use,) = (use for use in read(text, path).uses if use.kind == kind)
    return use


# ------------------------------------------------------------------------------------------------ identifiers


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("e = cudaMalloc(&p, 4);", [("call", "cudaMalloc", 1, 5)]),
        ("cudaStream_t s;", [("name", "cudaStream_t", 1, 1)]),
        ("f(cudaFree);", [("name", "cudaFree", 1, 3)]),
        ("::cudaFree(p);", [("call", "cudaFree", 1, 3)]),
        ("return ::cudaFree(p);", [("call", "cudaFree", 1, 10)]),
        ("x = notcudaMalloc(p);", []),
        ('// cudaMalloc(p)\n/* cudaFree */ "cudaX"', []),
        ("é = cudaFree(p); // é", [("call", "cudaFree", 1, 5)]),
        ("a;\r\n cudaFree(p);\r\n", [("call", "cudaFree", 2, 2)]),
        ("a;\r cudaFree(p);\r", [("call", "cudaFree", 2, 2)]),
        ("cudaFree\n  (p);", [("call", "cudaFree", 1, 1)]),
        ("#if 0\ncudaFree(p);\n#endif\n", []),
        (
            "f(cudaMemcpyKind::cudaMemcpyDefault);",
            [("name", "cudaMemcpyKind", 1, 3), ("name", "cudaMemcpyDefault", 1, 19)],
        ),
        ("if (x) cudaFree(p); else cudaFree(q);", [("call", "cudaFree", 1, 8), ("call", "cudaFree", 1, 26)]),
        ("CHECK cudaFree(p);", []),
        ("void f() { CHECK cudaFree(p); }", [("call", "cudaFree", 1, 18)]),
        ("OP_LIBRARY(ops, m) { f(); }", [("call", "OP_LIBRARY", 1, 1)]),
        ("x.is_cuda(); y->is_cuda();", [("call", ".is_cuda", 1, 3), ("call", ".is_cuda", 1, 17)]),
    ],
)
def test_identifiers(text: str, expected: list[tuple[str, str, int, int]]) -> None:
    assert seen(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cub::DeviceReduce::Sum(a);", [("call", "cub::DeviceReduce::Sum", 1, 1)]),
        ("cub :: DeviceReduce\n::Sum(a);", [("call", "cub::DeviceReduce::Sum", 1, 1)]),
        ("typename cub::BlockReduce<T, 4>::TempStorage t;", [("name", "cub::BlockReduce", 1, 10)]),
        ("cub::BlockReduce<T, 4>(t).Sum(x);", [("call", "cub::BlockReduce", 1, 1)]),
        ("at::cuda::getStream();", [("call", "at::cuda::getStream", 1, 1)]),
        ("namespace cg = cooperative_groups;\ncg::sync(g);", [("call", "cooperative_groups::sync", 2, 1)]),
        ("using namespace nvcuda;\nwmma::mma_sync(a);", [("call", "nvcuda::wmma::mma_sync", 2, 1)]),
        ("namespace w = nvcuda::wmma;\nw::fragment<int> f;", [("name", "nvcuda::wmma::fragment", 2, 1)]),
        (
            "using cub::BlockScan;\nBlockScan<int> s;",
            [("name", "cub::BlockScan", 1, 7), ("name", "cub::BlockScan", 2, 1)],
        ),
        ("c10::DispatchKey::CUDA;", [("name", "c10::DispatchKey::CUDA", 1, 1)]),
        ("NO_ROCM(detail)::cub::DeviceScan::Sum(a);", [("call", "cub::DeviceScan::Sum", 1, 18)]),
    ],
)
def test_qualified_names(text: str, expected: list[tuple[str, str, int, int]]) -> None:
    assert seen(text) == expected


def test_a_name_that_a_using_directive_leads_to_is_less_sure() -> None:
    assert only("using namespace nvcuda;\nwmma::mma_sync(a);", UseKind.CALL).confidence is Confidence.MEDIUM


@pytest.mark.parametrize(
    "text",
    [
        "obj.cudaX(1);",
        "obj->cudaX(1);",
        "make()->cudaX(1);",
        "make()\n    ->cudaX(1);",
        "table -> cudaX;",
        "ns::cudaX(1);",
        "Foo<T>::cudaX(1);",
        "void f(float *p) { p->cudaX = 1; }",
    ],
)
def test_members_and_foreign_names_are_no_uses(text: str) -> None:
    extraction = read(text)
    assert (extraction.uses, extraction.definitions) == ((), ())


@pytest.mark.parametrize(
    ("text", "definitions"),
    [
        ("#define cudaCheck(x) (x)\n", ("cudaCheck",)),
        ("inline void cudaCheckErr(int e) { }", ("cudaCheckErr",)),
        ("void cudaCheckErr(int e);", ("cudaCheckErr",)),
        ("class cudaFoo { };", ("cudaFoo",)),
        ("struct cudaFoo;", ("cudaFoo",)),
        ("struct __align__(8) cudaFoo { int x; };", ("cudaFoo",)),
        ("enum E { cudaA, cudaB = 3 };", ("cudaA", "cudaB")),
        ("enum class cudaE : int { A };", ("cudaE",)),
        ("using cudaT = int;", ("cudaT",)),
        ("typedef void* cudaT;", ("cudaT",)),
        ("template <class cudaT> void f();", ("cudaT",)),
        ("namespace cudaTools { }", ("cudaTools",)),
        ("void f(float *cudaA, float* cudaB, const int& cudaC) { }", ("cudaA", "cudaB", "cudaC")),
        ("void f() { std::vector<int> cudaBuf; bool cudaOk = true; }", ("cudaBuf", "cudaOk")),
        ("float* __restrict__ cudaP;", ("cudaP",)),
        ("void f() { sycl::range<3> cudaGrid(1, 2, 3); Vec<float, 4> cudaVec; }", ("cudaGrid", "cudaVec")),
        ("__global__ void cudaKernel(int n) { }", ("cudaKernel",)),
    ],
)
def test_own_names_are_definitions(text: str, definitions: tuple[str, ...]) -> None:
    extraction = read(text)
    assert extraction.definitions == definitions
    assert [use for use in extraction.uses if use.name in definitions] == []


@pytest.mark.parametrize(
    "text",
    [
        "void f() { dim3 threadIdx(16); g(threadIdx); }",
        "template <int threadIdx> __device__ int f() { return threadIdx; }",
        "void f(int threadIdx) { for (;;) { g(threadIdx.x); } }",
        "struct S { int threadIdx; int get() { return 1; } int other = threadIdx; };",
    ],
)
def test_a_local_name_hides_the_platforms(text: str) -> None:
    outside = "__device__ int h() { return threadIdx.x; }"
    found = [use.span.line for use in read(f"{text}\n{outside}").uses if use.name == "threadIdx"]
    assert found == [2]


@pytest.mark.parametrize(
    "text",
    [
        "return cudaFree(p);",
        "x = a * cudaFree(p);",
        "x = a > cudaSuccess;",
        "f(&cudaFree);",
        "struct cudaDeviceProp prop;",
        "const cudaStream_t& s = t;",
        "API cudaStream_t f();",
        "static cudaStream_t f();",
        "case cudaSuccess: break;",
        "operator cudaStream_t() const;",
        "std::vector<cudaStream_t> v;",
        "auto get(int n) -> cudaStream_t;",
        "auto get() const -> cudaStream_t { return s; }",
        "auto make = [](int n) mutable -> cudaStream_t { return s; };",
        "#define SYNC cudaDeviceSynchronize()",
        "#  define RESET \\\n  cudaDeviceReset();",
    ],
)
def test_uses_are_not_mistaken_for_definitions(text: str) -> None:
    extraction = read(text)
    assert extraction.definitions == ()
    assert len(extraction.uses) == 1


def test_an_overload_of_the_platforms_name_may_call_it() -> None:
    text = "__device__ void __syncthreads(int n) { __syncthreads(); }"
    assert [use.span.column for use in read(text).uses if use.name == "__syncthreads"] == [40]


def test_arguments_are_source_on_one_line_without_comments() -> None:
    text = 'v = __shfl_down_sync(0xffffffff, /* value */ v,\n    g<a, b>(16), "x, y");'
    use = only(text, UseKind.CALL)
    assert use.args == {"0": "0xffffffff", "1": "v", "2": "g<a, b>(16)", "3": '"x, y"'}
    assert use.text == text[4:-1]
    assert (use.span.end_line, use.span.end_column) == (2, 25)


def test_arguments_are_shortened_and_bounded() -> None:
    use = only(f"cudaFree({'x' * 500});", UseKind.CALL)
    assert len(use.args["0"]) == 200
    assert only(f"cudaFree({'x' * 50_000});", UseKind.CALL).args == {}


def test_template_arguments_are_an_argument() -> None:
    assert only("cooperative_groups::tiled_partition<32>(b);", UseKind.CALL).args == {
        "template": "32",
        "0": "b",
    }


def test_qualifiers() -> None:
    text = "__device__ __shared__ int a;\nvoid __launch_bounds__(256, 2) f();"
    found = [(use.kind.value, use.name, use.args) for use in read(text).uses]
    assert found == [
        ("qualifier", "__device__", {}),
        ("qualifier", "__shared__", {}),
        ("qualifier", "__launch_bounds__", {"0": "256", "1": "2"}),
    ]


# ----------------------------------------------------------------------------------------------- preprocessor


def test_macros_in_conditions_carry_the_condition() -> None:
    use = only("#if __CUDA_ARCH__ >= 800 && \\\n  X // y\n#endif", UseKind.MACRO)
    assert (use.name, use.args) == ("__CUDA_ARCH__", {"condition": "#if __CUDA_ARCH__ >= 800 && X"})


def test_a_macro_outside_conditions_is_still_a_macro() -> None:
    assert seen("int v = CUDART_VERSION;") == [("macro", "CUDART_VERSION", 1, 9)]


def test_bodies_of_macros_are_code() -> None:
    assert seen("#define CHECK(x) \\\n  if ((x) != cudaSuccess) cudaGetLastError()\n") == [
        ("name", "cudaSuccess", 2, 14),
        ("call", "cudaGetLastError", 2, 27),
    ]


def test_includes_and_pragmas() -> None:
    text = '#include <cuda_runtime.h>\n# include "cub/cub.cuh" // x\n#include "own.h"\n#pragma unroll 4\n#pragma once\n'
    assert seen(text) == [
        ("include", "cuda_runtime.h", 1, 11),
        ("include", "cub/cub.cuh", 2, 12),
        ("pragma", "unroll", 4, 9),
    ]
    assert only(text, UseKind.PRAGMA).args == {"0": "4"}
    assert [(link.kind, link.to, link.line) for link in read(text).links] == [
        (LinkKind.INCLUDE, "cuda_runtime.h", 1),
        (LinkKind.INCLUDE, "cub/cub.cuh", 2),
        (LinkKind.INCLUDE, "own.h", 3),
    ]


def test_a_pragma_operator_is_a_pragma() -> None:
    assert seen('_Pragma("unroll") for (;;) ;') == [("pragma", "unroll", 1, 10)]


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ("#ifdef USE_ROCM\ncudaA();\n#else\ncudaB();\n#endif\ncudaC();", "a.cu", [("*", "rocm"), ("rocm",), ()]),
        ("#ifndef USE_ROCM\ncudaA();\n#endif\ncudaC();", "a.cu", [("rocm",), ()]),
        ("#ifdef __CUDACC__\ncudaA();\n#endif", "a.cu", [()]),
        ("#include <hip/hip_runtime.h>\ncudaA();", "a.cu", [("*", "rocm")]),
        ("cudaA();", "csrc/hip/a.cu", [("*", "rocm")]),
        ("#ifdef USE_NPU\ncudaA();\n#endif", "a.hip", [("*", "cann", "rocm")]),
    ],
)
def test_guards(text: str, path: str, expected: list[tuple[str, ...]]) -> None:
    assert [use.guarded_by for use in read(text, path).uses] == expected


# ---------------------------------------------------------------------------------------------------- strings


def test_strings_know_the_call_they_are_in() -> None:
    use = only('h = dlopen(flag(1, 2), "libcuda.so.1");', UseKind.STRING)
    assert (use.name, use.args, use.span.column) == (
        "libcuda.so.1",
        {"callee": "dlopen", "parameter": "1"},
        24,
    )


def test_raw_strings_and_disabled_strings() -> None:
    assert seen('a = R"(libcuda.so)";\n#if 0\nb = "libcuda.so";\n#endif') == [("string", "libcuda.so", 1, 6)]


def test_environment_variables() -> None:
    assert seen('getenv("CUDA_VISIBLE_DEVICES"); f("CUDA_VISIBLE_DEVICES");') == [("env", "CUDA_VISIBLE_DEVICES", 1, 8)]


# ---------------------------------------------------------------------------------------------------- kernels


def kernels(text: str, path: str = "a.cu") -> list[Use]:
    return [use for use in read(text, path).uses if use.kind is UseKind.KERNEL]


def test_a_kernel_is_its_whole_definition() -> None:
    text = (
        "int x;\ntemplate <typename T, int N>\n"
        "__global__ void __launch_bounds__(256, 2)\nk(T* a) {\n\n  // no\n  *a = 1;\n}\n"
    )
    (use,) = kernels(text)
    assert (use.name, use.symbol, use.scope) == ("__global__", "k", "k")
    assert (use.span.line, use.span.column, use.span.end_line, use.span.end_column) == (2, 1, 8, 2)
    assert use.text == "template <typename T, int N> __global__ void __launch_bounds__(256, 2) k(T* a)"
    assert use.args == {"launch_bounds": "256, 2"}
    assert use.confidence is Confidence.HIGH
    assert use.kernel is not None
    assert (use.kernel.language, use.kernel.code_lines, use.kernel.features) == ("cuda", 5, {})


@pytest.mark.parametrize(
    ("text", "symbols"),
    [
        ("__global__ void k(int);\n", []),
        ("template __global__ void k<int>(int);", []),
        ("template <> __global__ void k<float, 3>(float* a) { }", ["k<float, 3>"]),
        ("namespace a { namespace b { __global__ void k() { } } }", ["k"]),
        ('extern "C" __global__ void k() { }', ["k"]),
        ("struct S { __global__ static void k() { } };", ["k"]),
        ("LAUNCH_BOUNDS(512) __global__ void k(int a) { }", ["k"]),
        ("void f() { if (x) {\n}\n__global__ void k() { }", ["k"]),
        ("__global__ void k() { }\n__global__ void k(int) { }", ["k", "k"]),
        (
            (
                "#ifdef A\n__global__ void k(int a) {\n#else\n"
                "__global__ void k() {\n#endif\n f(); }\n__global__ void l() { }"
            ),
            ["k", "l"],
        ),
        ("static void __global__function(int a) { }", []),
        ("// __global__ void k() { }\n#if 0\n__global__ void l() { }\n#endif", []),
    ],
)
def test_which_kernels_there_are(text: str, symbols: list[str]) -> None:
    assert [use.symbol for use in kernels(text)] == symbols


def test_a_macro_that_is_a_kernel() -> None:
    (use,) = kernels("#define K(name) \\\n  __global__ void name(int* p) { \\\n    *p = 1; }\nK(a)\nK(b)\n")
    assert (use.symbol, use.confidence, use.span.line, use.span.end_line) == ("K", Confidence.MEDIUM, 1, 3)
    assert use.kernel is not None
    assert use.kernel.code_lines == 3


def test_a_macro_that_begins_kernels_stands_for_the_kernels() -> None:
    text = (
        "#define HEAD(name, ...) template <__VA_ARGS__> __global__ void name(int* p)\n"
        "HEAD(one, int A) { f(); }\nHEAD(two) {\n}\n"
    )
    assert [(use.symbol, use.confidence, use.span.line) for use in kernels(text)] == [
        ("one", Confidence.MEDIUM, 2),
        ("two", Confidence.MEDIUM, 3),
    ]
    (alone,) = kernels(text.partition("\n")[0])
    assert (alone.symbol, alone.span.line) == ("HEAD", 1)


def test_a_macro_that_instantiates_kernels_is_none() -> None:
    assert (
        kernels("#define MAKE(T) template __global__ void k<T>(T* p);\n#define DECL(T) __global__ void k(T* p);\n")
        == []
    )


def test_features_count_what_a_kernel_reaches() -> None:
    text = """
__device__ int leaf(int x) { return atomicAdd(&x, 1); }
__device__ int inner(int x) {
  asm volatile("mma.sync.aligned.m8n8k4.f32 %0, %1;" : "=r"(x) : "r"(x));
  return leaf(x) + leaf(x);
}
__device__ int unused(int x) { return tex1Dfetch<int>(t, x); }
__global__ void k(int* p) {
  __shared__ int s[32];
  int lane = threadIdx.x & 31;
  s[lane] = inner(*p) + inner(1);
  v = __shfl_xor_sync(0xffffffff, v, 1);
  child<<<1, 2>>>();
  cub::BlockReduce<int, 32>(t).Sum(v);
}
"""
    (use,) = kernels(text)
    assert use.kernel is not None
    assert use.kernel.features == {
        "warp-width": 2,
        "shuffle": 1,
        "shared-memory": 1,
        "tensor-core": 1,
        "atomic": 1,
        "template-library": 1,
        "ptx": 1,
        "dynamic-parallelism": 1,
    }
    assert use.kernel.reaches == ("inner", "leaf")


def test_a_device_function_is_written_with_the_first_kernel_that_reaches_it() -> None:
    text = "__device__ int f(int x) {\n  // no\n  return x;\n}\n"
    first, second = kernels(text + "__global__ void a() {\n  f(1);\n}\n__global__ void b() {\n  f(2);\n}\n")
    assert first.kernel is not None
    assert second.kernel is not None
    assert (first.kernel.code_lines, second.kernel.code_lines) == (6, 3)
    assert first.kernel.reaches == second.kernel.reaches == ("f",)


def test_what_a_kernel_reaches_is_named_by_its_scope() -> None:
    text = "namespace n { struct S { __device__ int f() { return 1; } }; __global__ void k(S s) { s.f(); } }"
    (use,) = kernels(text)
    assert use.kernel is not None
    assert use.kernel.reaches == ("n::S::f",)
    assert use.kernel.covers("n::S::f::inner")
    assert not use.kernel.covers("n::S::f2")
    assert not use.kernel.covers("n::S")


def test_recursive_device_functions_end() -> None:
    (use,) = kernels("__device__ int f(int x) { atomicAdd(p, 1); return f(x); }\n__global__ void k() { f(1); }")
    assert use.kernel is not None
    assert use.kernel.features == {"atomic": 1}


# --------------------------------------------------------------------------------------------------- launches


def test_a_launch_over_several_lines() -> None:
    text = "void f() {\n  ns::k<float, (3 > 2)><<<dim3(1, 2),\n      128, 0 /* no */, s>>>(p,\n q);\n}"
    use = only(text, UseKind.LAUNCH)
    assert use.args == {
        "grid": "dim3(1, 2)",
        "block": "128",
        "shared": "0",
        "stream": "s",
        "kernel": "ns::k<float, (3 > 2)>",
    }
    assert (use.symbol, use.scope, use.confidence) == ("ns::k", "f", Confidence.HIGH)
    assert (use.span.line, use.span.column, use.span.end_line, use.span.end_column) == (2, 3, 4, 4)
    assert [(link.kind, link.to, link.line) for link in read(text).links] == [(LinkKind.LAUNCH, "ns::k", 2)]


@pytest.mark.parametrize(
    ("text", "args", "confidence"),
    [
        ("void f() { k<<<a, b>>>(); }", {"grid": "a", "block": "b", "kernel": "k"}, Confidence.HIGH),
        ("void f() { (*kp)<<<a, b>>>(); }", {"grid": "a", "block": "b"}, Confidence.HIGH),
        ("#define L k<<<a, b>>>(c)\n", {"grid": "a", "block": "b", "kernel": "k"}, Confidence.MEDIUM),
        ("void f() { k<<<a, b; }", {"kernel": "k"}, Confidence.MEDIUM),
    ],
)
def test_launches(text: str, args: dict[str, str], confidence: Confidence) -> None:
    use = only(text, UseKind.LAUNCH)
    assert (use.args, use.confidence) == (args, confidence)


def test_conflict_markers_are_no_launches() -> None:
    assert seen("<<<<<<< HEAD\nint a;\n>>>>>>> b\n") == []


def test_calls_that_launch() -> None:
    extraction = read("void f() { cudaLaunchKernel((void*)k<int>, g, b, args, 0, s); }")
    (use,) = extraction.uses
    assert (use.kind, use.name) == (UseKind.LAUNCH, "cudaLaunchKernel")
    assert {role: use.args[role] for role in ("kernel", "grid", "block", "shared", "stream")} == {
        "kernel": "(void*)k<int>",
        "grid": "g",
        "block": "b",
        "shared": "0",
        "stream": "s",
    }
    assert [(link.kind, link.to) for link in extraction.links] == [(LinkKind.LAUNCH, "k")]


def test_bindings() -> None:
    text = (
        "PYBIND11_MODULE(_C, m) { }\nTORCH_LIBRARY_FRAGMENT(ops, m) { "
        "}\nTORCH_LIBRARY_IMPL(ops, CUDA, m) { cudaFree(0); }\n"
    )
    assert [(link.kind, link.to, link.via, link.line) for link in read(text).links] == [
        (LinkKind.BINDING, "module:_C", "provides", 1),
        (LinkKind.BINDING, "ops:ops", "provides", 2),
        (LinkKind.BINDING, "ops:ops", "provides", 3),
    ]


# --------------------------------------------------------------------------------------------------- assembly


def assembly(text: str, path: str = "a.cu") -> list[tuple[str, int, int, str, Confidence]]:
    return [
        (use.name, use.span.line, use.span.column, use.args["instruction"], use.confidence)
        for use in read(text, path).uses
        if use.kind is UseKind.ASM
    ]


@pytest.mark.parametrize(
    "template",
    ["fcvt.ps.f16 %[out], %[in]\\n\\t", "vle16.v v0, (%0)\\n vadd.sync.f32 v0, v0\\n", "mov.f32 %[a], %[b];"],
)
def test_assembly_of_other_processors_is_no_ptx(template: str) -> None:
    text = f'void f() {{ asm volatile("{template}" : [out] "=f"(a) : [in] "r"(b)); }}\n'
    assert [use for use in read(text, "math.h").uses if use.kind is UseKind.ASM] == []


def test_assembly_in_device_code_is_ptx_whatever_its_operands() -> None:
    text = '__device__ void f() { asm volatile("mov.f32 %[a], %[b];" : [a] "=f"(a) : [b] "f"(b)); }\n'
    assert [use.name for use in read(text, "math.h").uses if use.kind is UseKind.ASM] == ["mov.f32"]


def test_each_instruction_is_a_use_at_its_own_place() -> None:
    text = (
        '__device__ void f() {\n  asm volatile("{ .reg .pred p;\\n\\t"\n'
        '    " setp.NE.b32 p, %0, 0; // why\\n"\n'
        '    "@!p mma.sync.aligned.m16n8k16.row.col {%0, %1},"\n'
        '    " {%2};\\n}" : "=r"(x) : "r"(y) : "memory");\n}'
    )
    assert assembly(text) == [
        ("setp.ne.b32", 3, 7, "setp.NE.b32 p, %0, 0", Confidence.HIGH),
        (
            "mma.sync.aligned.m16n8k16.row.col",
            4,
            10,
            "mma.sync.aligned.m16n8k16.row.col {%0, %1}, {%2}",
            Confidence.HIGH,
        ),
    ]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('void f() { asm volatile("lock; cmpxchgl %1, %2" : "+m"(x)); }', []),
        ('void f() { asm volatile("fmla v0.4s, v1.4s, v2.4s"); }', []),
        ('void f() { asm volatile("" ::: "memory"); }', []),
        ('__device__ void f() { asm("" ::: "memory"); asm("}"); }', []),
        ('DEVICE void f() { __asm__ __volatile__("bar.sync 0;"); }', ["bar.sync"]),
        (
            'void f() { asm("cp.async.cg.shared.global [%0], [%1], 16;" :: "r"(a)); }',
            ["cp.async.cg.shared.global"],
        ),
        ('#define PTX(x) asm("ld.global." x ".b32 %0, [%1];" : "=r"(a))\n', ["ld.global..b32"]),
        ("__device__ void f() { asm volatile(MACRO); }", ["asm"]),
        ('__device__ void f() { asm("loop: add.u32 a, b, c; @p bra loop;"); }', ["add.u32", "bra"]),
        ('__device__ void f() { plasm("add.u32 a;"); }', []),
    ],
)
def test_only_assembly_of_the_device_counts(text: str, names: list[str]) -> None:
    assert [use.name for use in read(text).uses if use.kind is UseKind.ASM] == names


# ------------------------------------------------------------------------------------------------- warp width


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("int l = threadIdx.x & 31;", ("mask", "threadIdx.x & 31")),
        ("int l = tid & 0x1f;", ("mask", "tid & 0x1f")),
        ("int w = threadIdx.x >> 5;", ("shift", "threadIdx.x >> 5")),
        ("int w = threadIdx.x / 32;", ("shift", "threadIdx.x / 32")),
        ("int lane = i % 32;", ("modulo", "i % 32")),
        ("v = __shfl_xor_sync(0xFFFFFFFFu, v, 1);", ("full-mask", "0xFFFFFFFFu")),
        ("constexpr int kWarpSize = 32;", ("constant", "kWarpSize = 32")),
        ("int x = a & 31;", None),
        ("int x = a % 32;", None),
        ("int m = 0xffffffff;", None),
        ("int lane = threadIdx.x & 310;", None),
        ("bool b = lane && 31;", None),
        ("float lane = x / 32.0f;", None),
    ],
)
def test_warp_width(statement: str, found: tuple[str, str] | None) -> None:
    uses = [use for use in read(f"__global__ void k() {{ {statement} }}").uses if use.name == "warp-width-literal"]
    assert [(use.args["pattern"], use.text) for use in uses] == ([found] if found else [])
    assert all(use.scope == "k" for use in uses)


def test_host_code_assumes_no_warp_width() -> None:
    assert seen("__device__ int x;\nvoid f() { int lane = i % 32; }", without=("qualifier",)) == []


def test_a_warp_constant_that_the_vocabulary_names_counts_once() -> None:
    assert seen("#define WARP_SIZE 32\n__device__ int x;") == [("macro", "WARP_SIZE", 1, 9)]


# ----------------------------------------------------------------------------------------------------- scopes


@pytest.mark.parametrize(
    ("text", "scope"),
    [
        ("namespace a::b { struct C : D { void f() const { cudaFree(p); } }; }", "a::b::C::f"),
        ("void f() { auto g = [&] { if (x) { cudaFree(p); } }; }", "f"),
        ("C::C(int a) : x{a}, y(b) { cudaFree(p); }", "C::C"),
        ("void f(cudaStream_t s) { }", "f"),
        ("int a = 1; void f() { } cudaStream_t s;", ""),
        ("bool operator==(A a, A b) { cudaFree(p); }", "operator=="),
        ("namespace a { __global__ void k() { cudaFree(p); } }", "k"),
        ('extern "C" {\nvoid f() { cudaFree(p); }\n}', "f"),
        ("#ifdef A\nvoid f(int a) {\n#else\nvoid f() {\n#endif\n}\nvoid g() { cudaFree(p); }", "g"),
        ("template <class T, class = E<(1 > 0)>> void f() { cudaFree(p); }", "f"),
        ("int f() noexcept(true) { cudaFree(p); }", "f"),
    ],
)
def test_scopes(text: str, scope: str) -> None:
    uses = [use for use in read(text).uses if use.kind in (UseKind.CALL, UseKind.NAME)]
    assert [use.scope for use in uses] == [scope]


# ------------------------------------------------------------------------------------------------ whole files


def test_a_file_without_anchors_has_links_and_lines_only() -> None:
    extraction = read('#include "a.h"\nint f();\n\n// no\n')
    assert (extraction.uses, extraction.definitions, extraction.code_lines) == ((), (), 2)
    assert [link.to for link in extraction.links] == ["a.h"]


def test_code_lines_leave_out_what_is_disabled() -> None:
    assert read("cudaFree(p);\n#if 0\nx;\n#endif\n// y\n").code_lines == 3


@pytest.mark.parametrize(
    ("text", "generated"),
    [
        ("// This file is auto-generated. See make.py\ncudaFree(p);", True),
        ("/* @generated */ int a;", True),
        ("// numbers generated at run time\ncudaFree(p);", False),
        ("cudaFree(p);" + "\n" * 3_000 + "// @generated", False),
    ],
)
def test_generated(text: str, generated: bool) -> None:
    assert read(text).generated is generated


SAMPLE = """\
#include <cuda_runtime.h>
namespace cg = cooperative_groups;
#ifdef USE_ROCM
#define WARP_SIZE 64
#else
#define WARP_SIZE 32
#endif
__device__ float f(float x) { asm("mov.b32 %0, %1;" : "=f"(x) : "f"(x)); return x; }
template <typename T> __global__ void k(T *cudaPtr) {
  __shared__ T s[32];
  int lane = threadIdx.x & 31;
  cg::sync(cg::this_thread_block());
  s[lane] = __shfl_down_sync(0xffffffff, f(1), 16);
}
void g(cudaStream_t s) { k<float><<<1, 2, 0, s>>>(p); dlopen("libcuda.so"); cudaStreamSynchronize(s); }
"""


def facts(text: str) -> list[tuple[object, ...]]:
    return [
        (
            use.kind,
            use.name,
            use.args,
            use.symbol,
            use.scope,
            use.guarded_by,
            use.confidence,
            use.kernel and use.kernel.features,
        )
        for use in read(text).uses
    ]


COMMENTS = (
    "/* cudaFree(p) { */",
    "/* \" ' */",
    "/* k<<<1, 2>>>() */",
    "/*\n#if 0\n*/",
    "// } __global__\n",
    "//\\\n if\n",
)


def commented(line: str, choose: Callable[[tuple[str, ...]], str]) -> str:
    """Put comments where white space may stand; a directive keeps its line."""
    if line.startswith("#"):
        return f"{line} {COMMENTS[0]} // {line}"
    return re.sub(r"(?<=[;{},]) (?=[^\"]*$)", lambda _: f" {choose(COMMENTS)}", line)


@pytest.mark.parametrize("seed", range(5))
def test_comments_change_nothing(seed: int) -> None:
    choose = random.Random(seed).choice
    text = "\n".join(commented(line, choose) for line in SAMPLE.splitlines())
    assert len(Lexed(text).comments) > 15
    assert facts(text) == facts(SAMPLE)


@pytest.mark.parametrize("newline", ["\r\n", "\r"])
def test_line_ends_change_nothing(newline: str) -> None:
    other = SAMPLE.replace("\n", newline)
    assert facts(other) == facts(SAMPLE)
    assert [use.span for use in read(other).uses] == [use.span for use in read(SAMPLE).uses]


TOKENS = [
    *re.findall(r"\w+|<<<|>>>|::|\s+|.", SAMPLE, re.DOTALL),
    "/*",
    "//",
    'R"(',
    "#if 0\n",
    "#endif\n",
    "\0",
    "\\\n",
    "é😀",
]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(TOKENS), max_size=120).map("".join) | st.text(max_size=80))
def test_any_text_is_read_and_spans_lie_inside(text: str) -> None:
    extraction = read(text)
    widths = [len(line) for line in re.split(r"\r\n|\r|\n", text)]
    for use in extraction.uses:
        span = use.span
        assert (1, 1) <= (span.line, span.column) <= (span.end_line, span.end_column)
        assert span.end_line <= len(widths)
        assert span.column <= widths[span.line - 1] + 2
        assert span.end_column <= widths[span.end_line - 1] + 3
    places = [(use.span.line, use.span.column) for use in extraction.uses]
    assert places == sorted(places)
    assert read(text) == extraction


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("void f() { " + "cudaFree(p);" * 20_000 + " }", 20_000),
        ("void f() { " + "cudaFree(" * 5_000 + "p" + ")" * 5_000 + "; }", 5_000),
        ("cudaFree(" * 20_000, 20_000),
        ("x" * 300_000 + "; cudaFree(p);", 1),
        ("cuda" * 150_000, 0),
        ("a::" * 100_000 + "cudaFree(p);", 0),
        ("cub::" * 50_000 + "x", None),
        ("{" * 50_000 + "cudaFree(p);", 1),
        ("/*" * 100_000 + "cudaFree(p);", 0),
        ("cudaX<" * 20_000, 20_000),
        ("__global__ void k() { " * 2_000, None),
        ("k<<<1," * 20_000, None),
        ("#if cudaX\n" * 5_000 + "cudaFree(p);", 5_001),
        ("asm(" * 20_000, None),
        ('asm("add.u32 a;"' * 5_000, None),
        (" " * 300_000 + "cudaFree" + " " * 300_000 + "(p);", 1),
    ],
)
def test_hostile_texts_end(text: str, count: int | None) -> None:
    found = len(read(text).uses)
    assert count is None or found == count
