"""Macros that write kernels, put names together, or stand for a platform."""

from __future__ import annotations

import pytest

from migrate.model import BlindKind
from tests.languages.cuda_reading import kernels, names, read


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#define CUDA_KERNEL __global__\nCUDA_KERNEL void k(int* a) { *a = 1; }\n", ["k"]),
        ('#define KERNEL extern "C" __global__ void\nKERNEL k(int* a) { *a = 1; }\n', ["k"]),
        ("#define FN static __global__ __launch_bounds__(256)\nFN void k(int* a) { }\nFN void l(int* a);\n", ["k"]),
        ("RAFT_KERNEL k(int* a) { a[threadIdx.x] = 1; }\n", ["k"]),
        ("template <int N>\nMY_GLOBAL void k(int* a) { a[blockIdx.x] = 1; }\n", ["k"]),
        ("GPU_KERNEL(k, int* a) { a[threadIdx.x] = 1; }\n", ["k"]),
        ("RAFT_KERNEL k(int* a);\nvoid f() { threadIdx.x; }\n", []),
        ("REGISTER_KERNEL(softmax, GPU) { }\nint f() { return threadIdx.x; }\n", []),
        ("#define MY_KERNEL inline\nMY_KERNEL void f() { threadIdx.x; }\n", []),
    ],
)
def test_macros_that_mark_kernels(text: str, expected: list[str]) -> None:
    assert kernels(text) == expected


def test_a_macro_that_writes_a_kernel_for_each_type_is_one_kernel() -> None:
    text = "#define K(T) __global__ void k_##T(T* a) { *a = 1; }\nK(int)\nK(float)\n"
    assert kernels(text) == ["K"]


@pytest.mark.parametrize(
    ("use", "expected"),
    [
        ("CALL(Free)", ["cudaFree"]),
        ("void f() { CALL(Malloc, 1); CALL(Free, p); }", ["cudaMalloc", "cudaFree"]),
        ("CALL(NoSuchThing)", []),
        ("CALL(a + b)", []),
    ],
)
def test_names_that_a_macro_puts_together_are_read_where_it_is_used(use: str, expected: list[str]) -> None:
    assert names(f"#define CALL(Name, ...) check(cuda##Name(__VA_ARGS__))\n{use}\n") == expected


def test_pasted_names_stand_at_the_use_of_the_macro() -> None:
    (use,) = read("#define CALL(N) \\\n  cuda ## N()\nint x; CALL(DeviceSynchronize)\n").uses
    assert (use.name, use.span.line, use.span.column) == ("cudaDeviceSynchronize", 3, 8)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("int x;\n#define CALL(Name) cuda##Name\n", [2]),
        ("#define CALL(Name) cuda##Name\nCALL(Free);\n", []),
        ("#define GEMM(T) cublas##T##gemm\n", [1]),
        ("#define OWN(T) my_kernel_##T\ncudaStream_t s;\n", []),
        ("#define ANY(a, b) a##b\ncudaStream_t s;\n", []),
    ],
)
def test_names_that_nothing_completes_are_said(text: str, lines: list[int]) -> None:
    assert [(blind.kind, blind.line) for blind in read(text).blind] == [
        (BlindKind.GENERATED_SOURCE, line) for line in lines
    ]


@pytest.mark.parametrize(
    ("condition", "count"),
    [
        ("#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800", ["__CUDA_ARCH__"]),
        ("#if CUDA_VERSION >= 11000 && CUDA_VERSION < 12000", ["CUDA_VERSION"]),
        ("#if CUDA_VERSION >= 11000 && __CUDA_ARCH__ >= 800", ["CUDA_VERSION", "__CUDA_ARCH__"]),
    ],
)
def test_a_condition_asks_for_a_macro_once(condition: str, count: list[str]) -> None:
    assert names(f"{condition}\n#endif\n") == count


@pytest.mark.parametrize(
    ("head", "use", "expected"),
    [
        ("#define NS cub", "NS::BlockScan<int> s;", ["cub::BlockScan"]),
        ("namespace s = cub;", "s::BlockScan<int> s;", ["cub::BlockScan"]),
        ("#ifdef USE_HIP\nnamespace s = hipcub;\n#else\nnamespace s = cub;\n#endif", "s::BlockScan<int> b;", None),
        ("#ifndef USE_HIP\nnamespace s = cub;\n#else\nnamespace s = hipcub;\n#endif", "s::BlockScan<int> b;", None),
        ("", "my_cub::BlockScan<int> s;", ["cub::BlockScan"]),
        ("", "at_detail::cub::BlockScan<int> s;", ["cub::BlockScan"]),
        ("", "my_cub::whatever s;", []),
        ("", "scuba::BlockScan s;", []),
        ("", "DEVICE ::cub::BlockScan<int> s;", ["cub::BlockScan"]),
        ("#define N a::cub\n#define N b", "N::BlockScan s;", []),
        ("using namespace cute;", "auto t = make_tensor(p);", ["cute::make_tensor"]),
    ],
)
def test_namespaces_under_other_names(head: str, use: str, expected: list[str] | None) -> None:
    found = [name for name in names(f"{head}\n{use}\n") if not name.endswith("::")]  # the directives themselves
    assert found == (["cub::BlockScan"] if expected is None else expected)


def test_a_name_of_a_wrapped_namespace_is_less_sure() -> None:
    (use,) = read("my_cub::BlockScan<int> s;\n").uses
    assert use.confidence.value == "medium"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cudaDeviceProp p; if (p.major >= 8 && p.minor == 0) { }", ["cudaDeviceProp::major", "cudaDeviceProp::minor"]),
        ("int cc = deviceProp.major * 10 + deviceProp->minor;", ["cudaDeviceProp::major", "cudaDeviceProp::minor"]),
        ("bool x = props[i].major == 8 || props[i].major == 9;", ["cudaDeviceProp::major"]),
        ("bool x = at::cuda::getCurrentDeviceProperties()->major > 7;", ["cudaDeviceProp::major"]),
        ("a = prop.major; b = prop.major;", ["cudaDeviceProp::major"] * 2),
        ("int v = version.major;", []),
        ("hipDeviceProp_t prop; int v = prop.major;", []),
        ("int v = prop.major();", []),
    ],
)
def test_conditions_on_the_device_s_generation(text: str, expected: list[str]) -> None:
    found = [name for name in names(f"cudaStream_t s; {text}") if name.startswith("cudaDeviceProp::")]
    assert found == expected


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ("half x; void f(half* p);", "a.cu", ["half", "half"]),
        ("half x;", "a.h", []),
        ("#include <cuda_fp16.h>\nhalf x;", "a.h", ["half"]),
        ("void f() { int half = n / 2; g(half); }", "a.cu", []),
        ("struct half { };\nhalf x;", "a.cu", []),
        ("lib::half x;", "a.cu", []),
        ("texture<float, 2> t;", "a.cu", ["texture"]),
    ],
)
def test_common_words_count_only_in_device_files(text: str, path: str, expected: list[str]) -> None:
    assert names(text, path=path) == expected
