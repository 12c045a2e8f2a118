"""What is ported already: shims, twins, translation at build, tests of other files; and how far that brings the code."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from migrate import audit, config, rulebook, scan
from migrate.model import BackEnd, Cover, Finding, PortingProgress
from migrate.model.links import ASKS, PENDING
from migrate.render import RenderOptions, render
from migrate.scan import ScanResult
from migrate.scan.includes import reached, seen_by
from migrate.scan.paths import Homes, Paths

CHIPS = {"rocm": "cdna3", "cann": "atlas-a2"}
FILL = "\n".join(f"int filler_{n}(int x) {{ return x + {n}; }}" for n in range(10))


def scanned(root: Path, files: Mapping[str, str]) -> ScanResult:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return scan.scan(root, rulebook.shipped(), config.load(root, environment={}), CHIPS, jobs=1)


def covers(result: ScanResult, path: str, target: str) -> dict[str, Cover | None]:
    return {each.symbol: each.answers[target].cover for each in result.findings if each.path == path}


def one(result: ScanResult, symbol: str, path: str = "") -> Finding:
    (found,) = (each for each in result.findings if each.symbol == symbol and path in ("", each.path))
    return found


# ----------------------------------------------------------------------------------------------------------- shims

USES = "void f(void** p) { cudaMalloc(p, 1); cudaGetLastError(); }\n"
VENDOR = "#pragma once\n#define cudaMalloc hipMalloc\n"


def test_a_shim_covers_what_it_maps_in_every_file_that_can_include_it(tmp_path: Path) -> None:
    result = scanned(
        tmp_path,
        {
            "include/vendors/hip.h": VENDOR,
            "include/gpu.h": '#ifdef USE_ROCM\n#include "vendors/hip.h"\n#else\n#include <cuda_runtime.h>\n#endif\n',
            "src/deep.h": '#include "gpu.h"\n',
            "src/a.cu": '#include "deep.h"\n' + USES,
            "src/b.cu": "#include <cuda_runtime.h>\n" + USES,
        },
    )
    assert covers(result, "src/a.cu", "rocm") == {"cudaMalloc": Cover.SHIM, "cudaGetLastError": None}
    assert covers(result, "src/a.cu", "cann") == {"cudaMalloc": None, "cudaGetLastError": None}
    assert covers(result, "src/b.cu", "rocm")["cudaMalloc"] is None
    answer = one(result, "cudaMalloc", "src/a.cu").answers["rocm"]
    assert (answer.guarded, answer.effort) == (True, None)
    assert "include/vendors/hip.h" in answer.note


def test_a_shim_in_the_file_itself_covers_the_file(tmp_path: Path) -> None:
    text = "#ifdef USE_ROCM\n#define __ldg(p) (*(p))\n#endif\n__global__ void k(float* x) { x[0] = __ldg(x + 1); }\n"
    result = scanned(tmp_path, {"k.cu": text})
    uses = [each for each in result.findings if each.symbol == "__ldg" and each.span.line == 4]
    assert [each.answers["rocm"].cover for each in uses] == [Cover.SHIM]


def test_a_shim_of_a_namespace_covers_its_members(tmp_path: Path) -> None:
    text = '#include "compat.h"\nvoid f() { cub::DeviceReduce::Sum(a, b, c, d, e); }\n'
    result = scanned(tmp_path, {"compat.h": "#include <hipcub/hipcub.hpp>\nnamespace cub = hipcub;\n", "k.cu": text})
    assert one(result, "cub::DeviceReduce::Sum").answers["rocm"].cover == Cover.SHIM


CYTHON = """cimport cython
from pkg.api cimport runtime

def allocate(size):
    cdef void* pointer
    status = cudaMalloc(&pointer, size)
"""


def test_a_shim_reaches_cython_through_declarations_that_it_shares(tmp_path: Path) -> None:
    files = {
        "pkg/__init__.py": "",
        "pkg/backend.h": '#if USE_HIP\n#include "hip/runtime.h"\n#else\n#include <cuda_runtime.h>\n#endif\n',
        "pkg/hip/runtime.h": 'extern "C" {\nint cudaMalloc(void** p, size_t n) { return hipMalloc(p, n); }\n}\n',
        "pkg/api/runtime.pxd": 'include "extern.pxi"\n',
        "pkg/api/extern.pxi": "cdef extern from '../backend.h':\n    int cudaMalloc(void**, size_t)\n",
        "pkg/own.pxd": "from pkg.api cimport runtime\n",
        "pkg/memory.pyx": CYTHON,
        "pkg/own.pyx": CYTHON.replace("from pkg.api cimport runtime\n", "").replace("allocate", "take"),
        "pkg/alone.pyx": CYTHON.replace("from pkg.api cimport runtime\n", "").replace("allocate", "grab"),
    }
    result = scanned(tmp_path, files)
    assert covers(result, "pkg/memory.pyx", "rocm")["cudaMalloc"] == Cover.SHIM
    assert covers(result, "pkg/own.pyx", "rocm")["cudaMalloc"] == Cover.SHIM
    assert covers(result, "pkg/alone.pyx", "rocm")["cudaMalloc"] is None
    assert covers(result, "pkg/memory.pyx", "cann")["cudaMalloc"] is None


# --------------------------------------------------------------------------------------------- what a build compiles

ASKING = """#include "gpu.h"
#ifdef USE_ROCM
constexpr int width = 64;
#endif
__global__ void scale(float* x) { x[0] = __shfl_down_sync(0xffffffff, x[0], 1); }
void f(void* p) { cudaFree(p); }
"""
GPU = "#ifdef USE_ROCM\n#include <hip/hip_runtime.h>\n#else\n#include <cuda_runtime.h>\n#endif\n"


def test_what_stands_beside_branches_for_a_target_is_compiled_for_it_too(tmp_path: Path) -> None:
    result = scanned(tmp_path, {"gpu.h": GPU, "a.cu": ASKING})
    found = covers(result, "a.cu", "rocm")
    assert (found["cudaFree"], found["__shfl_down_sync"], found["scale"]) == (Cover.BRANCH,) * 3
    assert set(covers(result, "a.cu", "cann").values()) == {None}
    assert result.porting["rocm"].kernels_covered == 1


@pytest.mark.parametrize(
    ("gpu", "kernel"),
    [
        (GPU.replace("hip/hip_runtime.h", "vector"), ASKING),  # nothing of the vendor's reaches the file
        (GPU, ASKING.replace("USE_ROCM", "USE_FAST")),  # the file never asks
        (GPU, ASKING.replace("constexpr int width = 64;", '#error "not on this platform"')),  # it asks to refuse
    ],
)
def test_without_branches_or_the_vendors_names_nothing_is_compiled(tmp_path: Path, gpu: str, kernel: str) -> None:
    result = scanned(tmp_path, {"gpu.h": gpu, "a.cu": kernel})
    assert covers(result, "a.cu", "rocm")["cudaFree"] is None
    assert result.porting["rocm"].kernels_covered == 0


def test_what_cannot_compile_there_shows_that_the_port_is_unfinished(tmp_path: Path) -> None:
    assembly = '__device__ void g(float* x) { asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32;"); }\n'
    result = scanned(tmp_path, {"gpu.h": GPU, "a.cu": ASKING + assembly})
    found = covers(result, "a.cu", "rocm")
    assert found["cudaFree"] == Cover.BRANCH
    assert [cover for symbol, cover in found.items() if symbol.startswith("mma.")] == [None]


def test_headers_that_only_other_builds_reach_are_covered(tmp_path: Path) -> None:
    result = scanned(
        tmp_path,
        {
            "wrapper.h": '#if USE_HIP\n#include "amd.h"\n#elif !defined(NO_GPU)\n#include "nvidia.h"\n#endif\n',
            "amd.h": "#include <hip/hip_runtime.h>\ninline void release(void* p) { hipFree(p); }\n",
            "nvidia.h": '#include "deeper.h"\ninline void release(void* p) { cudaFree(p); }\n',
            "deeper.h": "inline void wait() { cudaDeviceSynchronize(); }\n",
            "shared.h": "inline void last() { cudaGetLastError(); }\n",
            "a.cpp": '#include "wrapper.h"\n#include "shared.h"\n',
        },
    )
    free = one(result, "cudaFree").answers["rocm"]
    assert (free.cover, free.note.endswith("amd.h does the same there")) == (Cover.TWIN, True)
    assert one(result, "cudaDeviceSynchronize").answers["rocm"].cover == Cover.TWIN
    assert one(result, "cudaGetLastError").answers["rocm"].cover is None
    assert one(result, "cudaFree").answers["cann"].cover is None


def test_a_header_that_one_file_includes_always_is_compiled(tmp_path: Path) -> None:
    files = {
        "wrapper.h": '#ifdef USE_ROCM\n#include "amd.h"\n#else\n#include "nvidia.h"\n#endif\n',
        "amd.h": "#include <hip/hip_runtime.h>\ninline void release(void* p) { hipFree(p); }\n",
        "nvidia.h": "inline void release(void* p) { cudaFree(p); }\n",
        "a.cpp": '#include "nvidia.h"\n',
    }
    assert one(scanned(tmp_path, files), "cudaFree").answers["rocm"].cover is None


# ----------------------------------------------------------------------------------------------------------- twins

KERNEL = "#include <cuda_runtime.h>\nvoid scale_cuda(float* x) { cudaDeviceSynchronize(); }\n" + FILL
NPU = "void scale_npu(float* x) { aclrtSynchronizeStream(stream); }\n"


def test_a_file_of_the_same_name_for_a_target_is_a_twin_by_its_content(tmp_path: Path) -> None:
    result = scanned(
        tmp_path,
        {
            "csrc/cuda/scale_cuda.cu": KERNEL,
            "csrc/npu/scale_npu.cpp": NPU,
            "csrc/cuda/other_cuda.cu": KERNEL.replace("scale", "other"),
            "csrc/npu/other_npu.cpp": "// not written yet\nint other;\n",
        },
    )
    assert covers(result, "csrc/cuda/scale_cuda.cu", "cann")["cudaDeviceSynchronize"] == Cover.TWIN
    assert covers(result, "csrc/cuda/scale_cuda.cu", "rocm")["cudaDeviceSynchronize"] is None
    assert covers(result, "csrc/cuda/other_cuda.cu", "cann")["cudaDeviceSynchronize"] is None
    assert result.porting["cann"].back_ends == (BackEnd(place="csrc/npu", files=1),)


def test_vendors_name_one_library_differently(tmp_path: Path) -> None:
    result = scanned(
        tmp_path,
        {
            "cuda/base/cusparse_bindings.cpp": KERNEL,
            "hip/base/hipsparse_bindings.hip.cpp": "void f() { hipsparseCreate(&handle); }\n",
            "cuda/base/curves.cpp": KERNEL.replace("scale", "bend"),
            "hip/base/rves.hip.cpp": "void g() { hipsparseCreate(&handle); }\n",
        },
    )
    assert covers(result, "cuda/base/cusparse_bindings.cpp", "rocm")["cudaDeviceSynchronize"] == Cover.TWIN
    assert covers(result, "cuda/base/curves.cpp", "rocm")["cudaDeviceSynchronize"] is None


def test_a_back_end_may_reach_its_vendor_through_a_helper(tmp_path: Path) -> None:
    files = {
        "csrc/cuda/scale_cuda.cu": KERNEL,
        "csrc/npu/scale_npu.cpp": '#include "helper.h"\nvoid scale_npu(float* x) { OpCommand cmd; cmd.Run(); }\n',
        "csrc/npu/helper.h": "int helper;\n",
    }
    plain = scanned(tmp_path / "a", files)
    assert covers(plain, "csrc/cuda/scale_cuda.cu", "cann")["cudaDeviceSynchronize"] is None
    files["csrc/npu/helper.h"] = "inline void sync() { aclrtSynchronizeStream(0); }\n"
    served = scanned(tmp_path / "b", files)
    assert covers(served, "csrc/cuda/scale_cuda.cu", "cann")["cudaDeviceSynchronize"] == Cover.TWIN


def test_a_file_that_defines_the_same_functions_is_a_twin(tmp_path: Path) -> None:
    cuda = "void scale_cuda(float* x) { cudaDeviceSynchronize(); }\nvoid shift_cuda(float* x) { }\n"
    npu = "void scale_npu(float* x) { aclrtSynchronizeStream(s); }\nvoid shift_npu(float* x) { }\n"
    result = scanned(tmp_path, {"a/kernels.cu": cuda, "b/device/ops.cpp": npu})
    assert covers(result, "a/kernels.cu", "cann")["cudaDeviceSynchronize"] == Cover.TWIN
    lonely = scanned(tmp_path / "two", {"a/kernels.cu": cuda, "b/ops.cpp": npu.partition("\n")[0]})
    assert covers(lonely, "a/kernels.cu", "cann")["cudaDeviceSynchronize"] is None


def test_what_hipify_wrote_next_to_the_original_is_its_twin(tmp_path: Path) -> None:
    hip = "#include <hip/hip_runtime.h>\nvoid scale(float* x) { hipDeviceSynchronize(); }\n"
    result = scanned(tmp_path, {"csrc/scale.cu": KERNEL, "csrc/scale.hip": hip, "csrc/more.cu": KERNEL + "int more;\n"})
    assert covers(result, "csrc/scale.cu", "rocm")["cudaDeviceSynchronize"] == Cover.TWIN
    assert covers(result, "csrc/more.cu", "rocm")["cudaDeviceSynchronize"] is None


def test_a_header_that_only_covered_files_include_is_covered(tmp_path: Path) -> None:
    files = {
        "csrc/cuda/scale_cuda.cu": '#include "scale_kernel.cuh"\n' + KERNEL,
        "csrc/cuda/scale_kernel.cuh": "__device__ inline void f() { __syncwarp(); }\n",
        "csrc/npu/scale_npu.cpp": NPU,
    }
    assert covers(scanned(tmp_path / "a", files), "csrc/cuda/scale_kernel.cuh", "cann")["__syncwarp"] == Cover.TWIN
    files["csrc/cuda/open.cu"] = '#include "scale_kernel.cuh"\nvoid g() { cudaDeviceSynchronize(); }\n'
    assert covers(scanned(tmp_path / "b", files), "csrc/cuda/scale_kernel.cuh", "cann")["__syncwarp"] is None


def test_python_back_ends_count_when_they_use_the_vendors_package(tmp_path: Path) -> None:
    cuda = "import torch\ndef sync():\n    torch.cuda.synchronize()\n"
    npu = "import torch\nimport torch_npu\ndef sync():\n    torch.npu.synchronize()\n"
    files = {"pkg/cuda_accelerator.py": cuda, "pkg/npu_accelerator.py": npu}
    result = scanned(tmp_path / "a", files)
    assert covers(result, "pkg/cuda_accelerator.py", "cann")["torch.cuda.synchronize"] == Cover.TWIN
    files["pkg/npu_accelerator.py"] = "def sync():\n    raise NotImplementedError\n"
    assert covers(scanned(tmp_path / "b", files), "pkg/cuda_accelerator.py", "cann")["torch.cuda.synchronize"] is None


# ---------------------------------------------------------------------------------------------------------- hipify

SETUP = """
from setuptools import setup
from torch.utils.cpp_extension import BuildExtension, CUDAExtension
setup(name="x", ext_modules=[CUDAExtension("x_ext", ["csrc/a.cu"])])
"""
DEVICE = """
#include "part.cuh"
__global__ void k(float* x) { x[0] = __shfl_down_sync(0xffffffff, x[0], 16); }
void f(float* x) { cudaMalloc((void**)&x, 4); k<<<1, 32>>>(x); }
"""


def test_what_pytorchs_build_renames_is_no_work_and_what_it_cannot_is(tmp_path: Path) -> None:
    result = scanned(
        tmp_path,
        {
            "setup.py": SETUP,
            "csrc/a.cu": DEVICE,
            "csrc/part.cuh": "inline void g(void* p) { cudaFree(p); }\n",
            "csrc/loose.cu": "void h(void* p) { cudaFree(p); }\n",
        },
    )
    malloc = one(result, "cudaMalloc").answers["rocm"]
    assert (malloc.cover, malloc.guarded) == (Cover.HIPIFY, True)
    assert "x_ext (setup.py)" in malloc.note
    assert one(result, "cudaMalloc").answers["cann"].cover is None
    assert one(result, "cudaFree", "csrc/part.cuh").answers["rocm"].cover == Cover.HIPIFY
    assert one(result, "cudaFree", "csrc/loose.cu").answers["rocm"].cover is None
    shuffles = [each for each in result.findings if each.symbol == "__shfl_down_sync"]
    assert shuffles
    assert all(each.answers["rocm"].cover is None for each in shuffles)
    kernels = [each for each in result.findings if each.kernel is not None]
    assert kernels
    assert not any(each.answers["rocm"].guarded for each in kernels)
    assert result.porting["rocm"].hipified == ("x_ext (setup.py)",)
    assert result.porting["cann"].hipified == ()


def test_a_build_script_that_translates_a_folder(tmp_path: Path) -> None:
    script = (
        "from torch.utils.hipify import hipify_python\n"
        "hipify_python.hipify(project_directory=here, includes=['csrc/*'])\n"
    )
    use = "void f(void* p) { cudaFree(p); }\n"
    result = scanned(tmp_path, {"setup.py": script, "csrc/a.cu": use, "other/b.cu": use + "int b;\n"})
    assert one(result, "cudaFree", "csrc/a.cu").answers["rocm"].cover == Cover.HIPIFY
    assert one(result, "cudaFree", "other/b.cu").answers["rocm"].cover is None


@pytest.mark.parametrize(
    ("line", "cover"),
    [
        ("include(cmake/Hipify.cmake)", Cover.HIPIFY),
        ("target_link_libraries(ops PRIVATE torch_hip)", Cover.HIPIFY),
        ("include(cmake/other.cmake)", None),
    ],
)
def test_cmake_rules_that_translate(tmp_path: Path, line: str, cover: Cover | None) -> None:
    cmake = f"{line}\nadd_library(ops csrc/a.cu)\n"
    result = scanned(tmp_path, {"CMakeLists.txt": cmake, "csrc/a.cu": "void f(void* p) { cudaFree(p); }\n"})
    assert one(result, "cudaFree").answers["rocm"].cover == cover


# ------------------------------------------------------------------------------------------- guards across files


def test_guards_say_what_they_are(tmp_path: Path) -> None:
    text = "void f(void* p) {\n#ifdef USE_ROCM\n  cudaFreeAsync(p, 0);\n#else\n  cudaFree(p);\n#endif\n  cudaMalloc(&p, 1);\n}\n"
    result = scanned(tmp_path, {"a.cu": text})
    assert covers(result, "a.cu", "rocm") == {
        "cudaFreeAsync": Cover.FOREIGN,
        "cudaFree": Cover.BRANCH,
        "cudaMalloc": None,
    }
    assert covers(result, "a.cu", "cann") == {"cudaFreeAsync": Cover.FOREIGN, "cudaFree": None, "cudaMalloc": None}
    progress = result.porting["rocm"]
    assert (progress.uses, progress.covered, progress.share) == (2, {Cover.BRANCH: 1}, 0.5)


def test_device_agnostic_forms_cost_nothing(tmp_path: Path) -> None:
    text = """
import torch
from tools import accelerator, get_accelerator

def step(x, device):
    x = x.to(accelerator.device).to(torch.device(device))
    get_accelerator().synchronize()
    get_accelerator().current_device_name()
    torch.accelerator.synchronize()
    return torch.zeros(1, device=x.device)
"""
    result = scanned(tmp_path, {"work.py": text})
    assert [each for each in result.findings if not each.answers["cann"].guarded] == []
    assert {each.answers["cann"].cover for each in result.findings} <= {Cover.PORTABLE}


def test_a_pending_test_is_what_the_file_that_defines_it_says() -> None:
    from migrate.model import Link, LinkKind, Role, SourceFile, Span, Use, UseKind
    from migrate.scan.porting import Porting
    from migrate.scan.reading import FileReport

    def report(path: str, *asks: tuple[str, str]) -> FileReport:
        file = SourceFile(path=path, language="python", content=path, lines=1, code_lines=1, role=Role.OWNED)
        links = tuple(Link(kind=LinkKind.BINDING, to=name, via=f"{ASKS}{target}") for name, target in asks)
        return FileReport(file, (), links, (), None)

    porting = Porting([report("a.py", ("special", "rocm"), ("torn", "rocm")), report("b.py", ("torn", "cann"))])

    def guards(*given: str) -> tuple[str, ...]:
        use = Use(kind=UseKind.CALL, name=".cuda", span=Span(1, 1, 1, 2), text="", guarded_by=given)
        return porting.guards(use)

    assert guards(f"{PENDING}special", "intel") == ("intel", "rocm")
    assert guards(f"{PENDING}torn") == ()
    assert guards(f"{PENDING}unheard") == ()
    assert guards("cann") == ("cann",)


def test_extensions_of_the_repository_are_no_packages(tmp_path: Path) -> None:
    setup = "from torch.utils.cpp_extension import CUDAExtension\ne = CUDAExtension('flash_attn_2_cuda', ['a.cu'])\n"
    use = "import flash_attn_2_cuda\nimport cupy\nflash_attn_2_cuda.fwd(1)\n"
    kept = scanned(tmp_path / "a", {"setup.py": setup, "a.cu": KERNEL, "use.py": use})
    assert {each.symbol for each in kept.findings if each.path == "use.py"} == {"cupy"}


# -------------------------------------------------------------------------------------------------------- progress


def test_the_reports_say_how_far_the_code_has_come(tmp_path: Path) -> None:
    root = tmp_path / "repo"
    for name, text in {"csrc/cuda/scale_cuda.cu": KERNEL, "csrc/npu/scale_npu.cpp": NPU, "setup.py": SETUP}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    made = audit.run(root, config.load(root, environment={}), jobs=1)
    assert made.porting["cann"].covered[Cover.TWIN] >= 1
    text = str(render(made, "table", RenderOptions(width=400)))
    assert "1 folder holds code for Huawei CANN." in text
    assert "by a back end" in text
    page = str(render(made, "html", RenderOptions()))
    assert "How far the code has come" in page
    assert "csrc/npu" in page


def test_shares() -> None:
    progress = PortingProgress(
        uses=8, covered={Cover.SHIM: 1, Cover.TWIN: 3}, kernels=0, kernels_covered=0, back_ends=()
    )
    assert (progress.covered_uses, progress.share) == (4, 0.5)
    assert PortingProgress(uses=0, covered={}, kernels=0, kernels_covered=0, back_ends=()).share == 0


# ------------------------------------------------------------------------------------------- includes and paths


def test_marks_reach_all_who_include_them_also_in_a_circle() -> None:
    includes = {"a": ("b",), "b": ("c", "d"), "c": ("b",), "d": (), "e": ("a",), "f": ("g",)}
    assert seen_by({"d": 1, "c": 2, "g": 4}, includes) == {"a": 3, "b": 3, "c": 3, "d": 1, "e": 3, "f": 4, "g": 4}
    assert reached(["c"], includes) == {"b", "c", "d"}


def test_a_long_chain_of_includes_needs_no_recursion() -> None:
    count = 20_000
    includes = {f"h{n}": (f"h{n + 1}",) for n in range(count)}
    assert len(seen_by({f"h{count}": 1}, includes)) == count + 1


@pytest.mark.parametrize(
    ("name", "asking", "file"),
    [
        ("b.h", "src/a.cu", "src/b.h"),
        ("../include/b.h", "src/a.cu", "include/b.h"),
        ("b.h", "include/x/y.cu", "include/b.h"),
        ("pkg/b.h", "src/a.cu", "third/include/pkg/b.h"),
        ("g/b.h", "src/a.cu", None),
        ("nothing.h", "src/a.cu", None),
    ],
)
def test_includes_mean_the_nearest_file_that_ends_in_them(name: str, asking: str, file: str | None) -> None:
    paths = Paths(["src/a.cu", "src/b.h", "include/b.h", "third/include/pkg/b.h", "include/x/y.cu"])
    assert paths.include(name, asking) == file


@pytest.mark.parametrize(
    ("pattern", "files"),
    [
        ("csrc/*.cu", ("p/csrc/a.cu", "p/csrc/b.cu")),
        ("csrc/**/*.cu", ("p/csrc/a.cu", "p/csrc/b.cu", "p/csrc/deep/er/c.cu")),
        ("csrc/*/*/c.cu", ("p/csrc/deep/er/c.cu",)),
        ("*/a.cu", ("p/csrc/a.cu",)),
        ("csrc/a.cu", ("p/csrc/a.cu",)),
        ("none/*.cu", ()),
    ],
)
def test_globs_mean_files_of_the_tree(pattern: str, files: tuple[str, ...]) -> None:
    paths = Paths(["p/csrc/a.cu", "p/csrc/b.cu", "p/csrc/deep/er/c.cu", "p/setup.py", "q/csrc/a.cu"])
    assert paths.sources(pattern, "p/setup.py") == files


def test_of_equally_near_files_the_least_deep_is_chosen_and_the_rivals_are_told() -> None:
    files = Homes(["x/a/f.cu", "x/b/c/f.cu", "y/f.cu"])
    assert files.nearest("x/g.cu") == ("x/a/f.cu", 1)
    assert files.nearest("y/g.cu") == ("y/f.cu", 0)
    assert files.nearest("x/b/c/f.cu") == ("x/b/c/f.cu", 0)
    assert files.nearest("z/g.cu") == ("y/f.cu", 2)
