"""Launches, and how a kernel is known to be started."""

from __future__ import annotations

import pytest

from migrate.model import UseKind
from tests.languages.cuda_reading import kernels, read, started, uses

K = "__global__ void k(int* a) { *a = 1; }\n"


def launches(text: str) -> list[tuple[str, str]]:
    return [(use.symbol, use.args.get("grid", "")) for use in uses(text, UseKind.LAUNCH)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("void f() { (k)<<<1, 2>>>(); }", [("k", "1")]),
        ("void f() { (&ns::k)<<<1, 2>>>(); }", [("ns::k", "1")]),
        ("void f() { table[i]<<<1, 2>>>(); }", [("", "1")]),
        ("void f() { pick(n)<<<1, 2>>>(); }", [("", "1")]),
        ("void f() { k<a<b<int>>><<<n >> 8, 1 << 5>>>(); }", [("k", "n >> 8")]),
        ("void f() { n::C<T, (A < B)>::k<<<g, 2>>>(); }", [("k", "g")]),
        ("void f() { k<<<g, 1>>>(), l<<<h, 1>>>(); }", [("k", "g"), ("l", "h")]),
        ("#define GO \\\n  k<T, 4>    \\\n    <<<grid, 32>>>(a)\n", [("k", "grid")]),
        ("#define GO(f, g) f<<<g, 32>>>()\n", [("", "g")]),
        ("<<<<<<< HEAD\nvoid f() { k<<<1, 2>>>(); }\n=======\n>>>>>>> other\n", [("k", "1")]),
        ("int x = a << 2 << 1;", []),
    ],
)
def test_launches(text: str, expected: list[tuple[str, str]]) -> None:
    assert launches(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "void f() { k<<<1, 2>>>(p); }",
        "void f() { (k)<<<1, 2>>>(p); }",
        "void f() { auto g = &k; g<<<1, 2>>>(p); }",
        "void (*table[])(int*) = {k};",
        "void f() { cudaLaunchKernel((const void*)k, 1, 2, args, 0, 0); }",
        "void f() { cudaLaunchKernelEx(&config, k, p); }",
        "void f() { cudaFuncSetAttribute(k, attribute, 1); }",
        "void f() { hipLaunchKernelGGL(k, dim3(1), dim3(2), 0, 0, p); }",
        "void f() { hipLaunchKernelGGL((k), dim3(1), dim3(2), 0, 0, p); }",
        "#define LAUNCH(f, g) f<<<g, 1>>>(p)\nvoid f() { LAUNCH(k, 4); }",
        "#define GO k<<<1, 2>>>(p)\n",
        "void f() { run<k>(); }",
        'void f() { cuModuleGetFunction(&fun, module, "k"); }',
        'auto fun = get("k");',
    ],
)
def test_a_kernel_that_is_handed_on_is_started(text: str) -> None:
    assert "k" in started(K + text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "__global__ void k(int*);",
        "template __global__ void k<int>(int*);",
        "void k2() { }",
        "int x; // k\n",
        'auto message = "k failed";',
    ],
)
def test_a_declaration_or_an_instantiation_starts_nothing(text: str) -> None:
    assert "k" not in started(K + text)


@pytest.mark.parametrize(
    ("text", "kernel"),
    [
        ("void f() { auto g = &k<T, 4>; g<<<1, 2>>>(); }", "k"),
        ("void f() { auto g =\n    k<T>;\n  g<<<1, 2>>>(); }", "k"),
        ("#define GO  \\\n  auto g =   \\\n    k<T>; g<<<1, 2>>>()\n", "k"),
        ("void f() { LAUNCH_KERNEL(k, grid, block); }", "k"),
        ("void f() { linear_kernel(k<T>, 0, stream); }", "k"),
        ("void f() { launch<8>(stream, k); }", "k"),
        ("__global__ void k(int*);\nvoid f() { helper(k); }", "k"),
        ('void f() { nvrtcAddNameExpression(program, "k<float>"); }', "k"),
    ],
)
def test_kernels_of_other_files_are_started_too(text: str, kernel: str) -> None:
    assert kernel in started(f"cudaStream_t stream;\n{text}")


def test_kernels_of_a_macro_are_started_by_the_names_they_get() -> None:
    writer = "#define K(T) __global__ void k_##T(T* a) { *a = 1; }\nK(int)\n"
    assert "K" not in started(writer)
    assert "K" in started(writer + "void f() { k_int<<<1, 2>>>(p); }")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("void __global__ k(int* a) { }", ["k"]),
        ("template <typename T> __global__ auto k(T* a) -> void { }", ["k"]),
        ("struct S { static __global__ void k() { } template <int N> __global__ void l(); };", ["k"]),
        ('extern "C" { __global__ __launch_bounds__(256) void k() { } }', ["k"]),
        ('extern "C" __global__ void __launch_bounds__(256, 2) k(int* a) { }', ["k"]),
        ("__global__ void __cluster_dims__(2, 1, 1) k(int* a) { }", ["k"]),
        ("[[maybe_unused]] __global__ void k(int* a) { }", ["k"]),
        ("static __global__ void\nk\n(\n  int n\n)\n{\n}\n", ["k"]),
        ("template <> __global__ void k<3>(int* a) { }", ["k<3>"]),
        ("template __global__ void k<3>(int* a);\ntemplate __global__ void k<4>(int* a);", []),
        ("__global__ void k(std::function<void(int)> f, int n = g(1)) { }", ["k"]),
    ],
)
def test_forms_of_kernels(text: str, expected: list[str]) -> None:
    assert kernels(text) == expected


def test_a_function_object_is_no_scope() -> None:
    text = "std::function<void(void*)> f{cudaFree};\nauto g = [=] __device__ (int i) { cudaFree(p); };"
    assert [use.scope for use in read(text).uses if use.name == "cudaFree"] == ["", ""]
