"""Links that C++ files make: to Python, to each other, and to other vendors."""

from __future__ import annotations

import pytest

from migrate import rulebook
from migrate.languages.cuda import CudaFrontEnd
from migrate.model import Link, LinkKind, Role, SourceFile
from migrate.model.links import APART, BACKEND, COMPILED, PROVIDES, SHIM

VOCABULARY = rulebook.shipped().vocabulary("cuda")


def links(text: str, path: str = "csrc/ops.cu") -> list[Link]:
    file = SourceFile(path=path, language="cuda", content="", lines=1, code_lines=0, role=Role.OWNED)
    return list(CudaFrontEnd().extract(file, text, VOCABULARY).links)


def offered(text: str, path: str = "csrc/ops.cpp") -> list[tuple[str, int]]:
    return [(link.to, link.line) for link in links(text, path) if link.via == PROVIDES]


def shims(text: str, path: str = "csrc/compat.h") -> set[tuple[str, str]]:
    return {(link.to, link.via.removeprefix(SHIM)) for link in links(text, path) if link.via.startswith(SHIM)}


def back_ends(text: str, path: str) -> list[str]:
    return [link.to for link in links(text, path) if link.via == BACKEND]


def called(text: str, path: str = "csrc/ops.cpp") -> list[str]:
    return [link.to for link in links(text, path) if link.kind == LinkKind.CALL]


# ------------------------------------------------------------------------------------------------------- bindings


def test_modules_by_each_macro() -> None:
    text = (
        "PYBIND11_MODULE(one, m) {}\nNB_MODULE(two, m) {}\nBOOST_PYTHON_MODULE(three) {}\n"
        "PyMODINIT_FUNC PyInit_four(void) { return 0; }\n"
    )
    assert set(offered(text)) == {("module:one", 1), ("module:two", 2), ("module:three", 3), ("module:four", 4)}


def test_a_module_that_the_build_names_is_told_by_the_build() -> None:
    assert [name for name, _ in offered("PYBIND11_MODULE(TORCH_EXTENSION_NAME, m) { }\n") if "EXT" not in name] == []


def test_operators_belong_to_the_library_opened_before_them() -> None:
    text = """
TORCH_LIBRARY(mine, m) {
  m.def("scale(Tensor x) -> Tensor");
  m.def(TORCH_SELECTIVE_SCHEMA("mine::shift(Tensor x) -> Tensor"));
}
TORCH_LIBRARY_IMPL(mine, CUDA, m) { m.impl("scale", TORCH_FN(scale_cuda)); m.impl("shift", shift_cuda); }
PYBIND11_MODULE(_C, m) { m.def("not_an_operator", &f); }
static auto registry = torch::RegisterOperators().op("other::sum", &sum_all);
"""
    assert [name for name, _ in offered(text) if name.startswith("ops:")] == [
        "ops:mine", "ops:mine::scale", "ops:mine::shift", "ops:mine", "ops:mine::scale", "ops:mine::shift",
        "ops:other", "ops:other::sum",
    ]  # fmt: skip
    assert {"scale_cuda", "shift_cuda", "sum_all"} <= set(called(text))


def test_names_in_comments_strings_and_dead_code_bind_nothing() -> None:
    text = (
        '// PYBIND11_MODULE(a, m)\nconst char* s = "PYBIND11_MODULE(b, m)";\n#if 0\nPYBIND11_MODULE(c, m) {}\n#endif\n'
    )
    assert offered(text) == []


# ------------------------------------------------------------------------------------------------ functions, calls


def test_functions_that_others_can_call_are_offered() -> None:
    text = """
namespace ns {
void scale_cuda(float* x) { cudaFree(x); }
template <typename T> void typed(T* x) { }
static void local_only() { }
struct Holder { void method() { } };
__device__ float on_device(float x) { return x; }
__global__ void kernel(float* x) { }
}
extern "C" void cscale(float* x) { ns::scale_cuda(x); }
void declared(int);
"""
    assert {name for name, _ in offered(text, "csrc/k.cu")} == {
        "function:scale_cuda",
        "function:typed",
        "function:cscale",
    }


def test_calls_are_told_from_declarations_methods_and_the_platform() -> None:
    text = """
void scale_cuda(at::Tensor x);
std::vector<float> make_cuda(int);
at::Tensor* find_cuda(int n);
at::Tensor scale(at::Tensor x) {
  cudaDeviceSynchronize();
  AT_ASSERT(x.is_cuda());
  if (x.numel()) x.method_call();
  std::move(x);
  scale_cuda(x);
  return detail::launch_all<float, 4>(x);
}
"""
    assert called(text) == ["scale_cuda", "launch_all"]


def test_a_file_without_any_hint_of_kernels_calls_nothing() -> None:
    assert called("int f() { return helper(1); }\n") == []


# ----------------------------------------------------------------------------------------------------------- shims


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("#define cudaMalloc hipMalloc\n", {("cudaMalloc", "rocm")}),
        ("#define cudaMemcpyAsync(a, b, n, k, s) hipMemcpyAsync(a, b, n, k, s)\n", {("cudaMemcpyAsync", "rocm")}),
        ("#define cudaMalloc musaMalloc\n", {("cudaMalloc", "musa")}),
        ("#define cudaMalloc aclrtMalloc\n", {("cudaMalloc", "cann")}),
        ("using cudaStream_t = hipStream_t;\n", {("cudaStream_t", "rocm")}),
        ("typedef hipStream_t cudaStream_t;\n", {("cudaStream_t", "rocm")}),
        ("static constexpr auto cudaSuccess = hipSuccess;\n", {("cudaSuccess", "rocm")}),
        ("#include <hip/hip_runtime.h>\nnamespace cub = hipcub;\n", {("cub::", "rocm")}),
        ("#ifdef USE_ROCM\n#define __ldg(p) (*(p))\n#endif\n", {("__ldg", "rocm")}),
        (
            "#ifdef USE_ROCM\n__device__ inline float __ldg(const float* p) { return *p; }\n#endif\n",
            {("__ldg", "rocm")},
        ),
        ("#define cub hipcub\n", {("cub::", "rocm")}),
        ("typedef hipStream_t* cudaStream_t;\n", {("cudaStream_t", "rocm")}),
        ("#ifndef USE_ROCM\n#define __ldg(p) (*(p))\n#endif\n", set()),
        ("#define cudaMalloc myMalloc\n", set()),
        ("#define gpuMalloc cudaMalloc\n", set()),
        ("#if 0\n#define cudaMalloc hipMalloc\n#endif\n", set()),
        ("// #define cudaMalloc hipMalloc\nvoid f() { cudaFree(0); }\n", set()),
    ],
)
def test_shims(text: str, given: set[tuple[str, str]]) -> None:
    assert shims(text) == given


def test_in_a_vendors_folder_a_definition_is_for_that_vendor() -> None:
    assert shims("inline int cudaMalloc(void** p, size_t n) { return 0; }\n", "src/hip/runtime.h") == {
        ("cudaMalloc", "rocm")
    }


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ('extern "C" {\nint cudaMalloc(void** p, size_t n) { return hipMalloc(p, n); }\n}\n', {"cudaMalloc"}),
        ("struct cuComplex { float x, y; };\n", {"cuComplex"}),
        ("typedef enum {} cudaDataType;\n", {"cudaDataType"}),
        ("typedef void* cudaStream_t;\n", {"cudaStream_t"}),
        (
            "enum {\n  cudaMemcpyHostToDevice = 1,\n  cudaMemcpyDeviceToHost\n    = 2,\n};\n",
            {"cudaMemcpyHostToDevice", "cudaMemcpyDeviceToHost"},
        ),
        ("int cudaMalloc(void** p, size_t n) { return hipErrorUnknown; }\n", set()),
        ("int cudaMalloc(void** p, size_t n) { return HIPBLAS_STATUS_NOT_SUPPORTED; }\n", set()),
        ("namespace own { int cudaMalloc(void** p, size_t n) { return 0; } }\n", set()),
        ("struct Own { int cudaMalloc(void** p, size_t n) { return 0; } };\n", set()),
    ],
)
def test_forms_in_which_a_vendors_header_defines_names(text: str, given: set[str]) -> None:
    assert shims(text, "src/hip/runtime.h") == {(name, "rocm") for name in given}
    assert shims(text, "src/runtime.h") == set()


# ------------------------------------------------------------------------------------------------- vendors' builds


def builds(text: str) -> list[tuple[str, str, int]]:
    found = [link for link in links(text) if link.via == COMPILED or link.via.startswith(APART)]
    return [(link.to, link.via, link.line) for link in found]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("int a;\n#ifdef USE_ROCM\nint b;\n#endif\n", [("rocm", COMPILED, 2)]),
        ("#ifndef USE_ROCM\nint b;\n#endif\n", [("rocm", COMPILED, 1)]),
        ("#ifdef USE_CUDA\nint b;\n#endif\n", []),
        ("#if 0\n#ifdef USE_ROCM\nint b;\n#endif\n#endif\n", []),
        ('#ifdef USE_ROCM\n#error "no"\n#endif\n', []),
        ('#ifndef USE_ROCM\n#error "only there"\n#endif\n', [("rocm", COMPILED, 1)]),
        (
            '#ifdef USE_ROCM\n#include "a.h"\n#else\n#include "b.h"\n#endif\n#include "c.h"\n',
            [("rocm", COMPILED, 1), ("b.h", f"{APART}rocm", 4)],
        ),
        ('#ifndef USE_ROCM\n#include "b.h"\n#endif\n#include "b.h"\n', [("rocm", COMPILED, 1)]),
    ],
)
def test_conditions_tell_which_builds_compile_a_file(text: str, told: list[tuple[str, str, int]]) -> None:
    assert builds(text) == told


# ------------------------------------------------------------------------------------------------------- back ends


@pytest.mark.parametrize(
    ("text", "path", "targets"),
    [
        ("void f() { aclrtSynchronizeStream(s); }\n", "csrc/npu/f.cpp", ["cann"]),
        ("void f() { aclrtSynchronizeStream(s); }\n", "csrc/other/f.cpp", ["cann"]),
        ("void f() { run(); }\n", "csrc/npu/f.cpp", []),
        ("#include <hip/hip_runtime.h>\nvoid f() { hipMalloc(&p, 1); }\n", "kernels.hip", ["rocm"]),
        ("#ifdef USE_ROCM\nvoid f() { hipMalloc(&p, 1); }\n#endif\n", "csrc/f.cpp", []),
        ("#ifdef USE_ROCM\nvoid f() { hipMalloc(&p, 1); }\n#endif\n", "csrc/rocm/f.cpp", ["rocm"]),
        ("void f() { sycl::queue q; }\n", "src/xpu/f.cpp", ["intel"]),
        ("__mlu_global__ void k() { }\n", "csrc/k.mlu", ["mlu"]),
        ("double hipAngle(double x) { return x; }\n", "robot/leg.cpp", []),
        ("// hipMalloc\nint x;\n", "csrc/f.cpp", []),
    ],
)
def test_files_written_for_another_vendor(text: str, path: str, targets: list[str]) -> None:
    assert back_ends(text, path) == targets


# ---------------------------------------------------------------------------------------------------------- hostile


@pytest.mark.parametrize(
    "unit",
    [
        "PYBIND11_MODULE(",
        'TORCH_LIBRARY(a, m) { m.def("x"',
        "RegisterOperators() .op(",
        'RegisterOperators() .op("a::b"',
        "cuda f<a, ",
        "a::",
        "typedef a ",
        "using x = ",
        "#define cudaMalloc hip\n",
        "#ifdef USE_ROCM\nhipMalloc();\n",
        "PyInit_",
        "&f ",
    ],
)
def test_reading_takes_a_bounded_number_of_steps_per_character(unit: str) -> None:
    """Ten times the text gives about ten times the links, and ends: nothing looks back over what was read."""
    small, large = (len(links(unit * count)) for count in (200, 2_000))
    assert large <= 10 * small + 10
    links(unit * (1_000_000 // len(unit) // 4))


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("launch_a(1);", ["launch_a"]),
        ("launch_a<float, 4>(1);", ["launch_a"]),
        ("launch_a (1); if (x) launch_b(2);", ["launch_a", "launch_b"]),
        ("launch_a(launch_b(1));", ["launch_a", "launch_b"]),
        ("object.launch_a(1);", []),
        ("int launch_a(int); launch_a(1);", ["launch_a"]),
        ("x = (a < b) > (c);", []),
    ],
)
def test_words_before_brackets_are_calls(code: str, expected: list[str]) -> None:
    assert called(f"void entry() {{ {code} }}\n") == expected


def test_many_brackets_take_linear_time() -> None:
    text = "cuda launch " + "(" * 200_000 + "a<" * 100_000 + "launch_a (" * 50_000
    assert called(text) in ([], ["launch_a"])


def test_an_alias_without_any_other_vendor_is_no_shim() -> None:
    assert shims("using cudaStream_t = Stream;\nnamespace cub = mine;\n") == set()
    assert shims("using cudaStream_t = hipStream_t;\n") == {("cudaStream_t", "rocm")}
