"""Other languages: a file that uses CUDA is declared with its language, any other leaves no trace."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrate import config, rulebook, scan
from migrate.languages import front_end
from migrate.languages.foreign import language_name
from migrate.model import BlindSpotKind, Extraction, Role, SkipReason, SourceFile

SUFFIXES = (
    ".f90",
    ".go",
    ".rs",
    ".jl",
    ".java",
    ".kt",
    ".scala",
    ".cs",
    ".fs",
    ".lua",
    ".m",
    ".rb",
    ".nim",
    ".zig",
    ".hs",
)


def extract(path: str, text: str) -> Extraction:
    file = SourceFile(path=path, language="foreign", content="", lines=0, code_lines=0, role=Role.OWNED)
    return front_end("foreign").extract(file, text, rulebook.shipped().vocabulary("foreign"))


@pytest.mark.parametrize(
    ("path", "text", "detail"),
    [
        ("a.cuf", "module m\ncontains\n  attributes(global) subroutine f(x)\n", "Fortran: `attributes(global` in line 3, 1 place"),
        ("a.f90", "program p\n  USE CUDAFOR\n", "Fortran: `USE CUDAFOR` in line 2, 1 place"),
        ("a.F90", "!$cuf kernel do <<< *, 256 >>>\n", "Fortran: `!$cuf` in line 1, 2 places"),
        ("a.f", "C$ACC parallel loop\n      do i = 1, n\n", "Fortran: `C$ACC` in line 1, 1 place"),
        ("a.f90", 'integer(c_int) function f() bind(c, name="cudaMalloc")\n', 'Fortran: `name="cudaMalloc` in line 1, 1 place'),
        ("a.go", 'package a\n\n/*\n#cgo LDFLAGS: -lcudart\n#include <cuda_runtime.h>\n*/\nimport "C"\n', "Go: `#cgo LDFLAGS: -lcudart` in line 4, 2 places"),
        ("a.go", 'package a\n// #include <cublas_v2.h>\nimport "C"\n', "Go: `// #include <cublas_v2.h` in line 2, 1 place"),
        ("a.go", 'import "gorgonia.org/cu"\n', 'Go: `"gorgonia.org/cu` in line 1, 1 place'),
        ("a.rs", "use cudarc::driver::CudaDevice;\n", "Rust: `cudarc::` in line 1, 1 place"),
        ("a.rs", 'extern "C" {\n  fn cudaMalloc(p: *mut *mut u8, n: usize) -> i32;\n}\n', "Rust: `cudaMalloc` in line 2, 1 place"),
        ("build.rs", 'println!("cargo:rustc-link-lib=dylib=cudart");\n', "Rust: `rustc-link-lib=dylib=cudart` in line 1, 1 place"),
        ("a.rs", "fn f<'a>(x: &'a str) { let q = '\"'; } // \"\nuse cust::prelude::*;\n", "Rust: `cust::` in line 2, 1 place"),
        ("a.jl", "using LinearAlgebra, CUDA\n@cuda threads=256 f(x)\n", "Julia: `using LinearAlgebra, CUDA` in line 1, 2 places"),
        ("a.jl", 's = "a # b"; x = CuArray(y)\n', "Julia: `CuArray` in line 1, 1 place"),
        ("a.jl", "using Test, cuBLAS\n", "Julia: `using Test, cuBLAS` in line 1, 1 place"),
        ("a.rs", "nvtxRangePushA(x);\n", "Rust: `nvtxRangePushA` in line 1, 1 place"),
        ("A.java", "import static jcuda.driver.JCudaDriver.*;\n", "Java: `import static jcuda` in line 1, 1 place"),
        ("A.java", 'System.loadLibrary("cudart");\n', 'Java: `"cudart"` in line 1, 1 place'),
        ("A.cs", "using ManagedCuda;\n", "C#: `using ManagedCuda` in line 1, 1 place"),
        ("A.cs", '[DllImport("nvcuda.dll")]\n', 'C#: `"nvcuda.dll"` in line 1, 1 place'),
        ("A.fs", "open ILGPU.Runtime.Cuda\n", "F#: `open ILGPU` in line 1, 1 place"),
        ("a.lua", "require 'cunn'\nmodel:cuda()\n", "Lua: `require 'cunn` in line 1, 2 places"),
        ("a.m", "fprintf('%d', 1); x = gpuArray(y);\n", "MATLAB: `gpuArray` in line 1, 1 place"),
        ("A.scala", "import ai.rapids.cudf.Table\n", "Scala: `import ai.rapids` in line 1, 1 place"),
        ("a.hs", "import qualified Foreign.CUDA as C\n", "Haskell: `import qualified Foreign.CUDA` in line 1, 1 place"),
    ],
)  # fmt: skip
def test_a_use_of_cuda_is_declared(path: str, text: str, detail: str) -> None:
    skip = extract(path, text).skip
    assert skip is not None
    assert (skip.path, skip.reason, skip.detail) == (path, SkipReason.UNSUPPORTED_LANGUAGE, detail)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.f90", "! use cudafor\nprogram p\n  print *, 'no gpu'\nend\n"),
        ("a.f", "C     use cudafor\nc     attributes(global)\n*     !$acc\n      end\n"),
        ("a.f90", "!$omp target\nx = accuracy\n"),
        ("a.go", "package a\n\n// #include <cuda.h> is not needed here\nvar x = 1\n"),
        ("a.go", '/* cudaMalloc */\npackage a\nimport "C"\n'),
        ("a.rs", "//! Like `cudarc::driver`, but without it.\n/* cudaMalloc */\nfn f() {}\n"),
        ("a.rs", "let barracuda_fish = 1; let cuddle = 2;\n"),
        ("a.jl", '"""\nusing CUDA\n"""\nf(x) = x  # CuArray\n#= @cuda =#\n'),
        ("a.jl", "import Cubature\nusing AMDGPU\n"),
        ("A.java", "/** See jcuda.driver. */\nclass A { int accumulate; } // JCuda\n"),
        ("A.cs", "// using ManagedCuda;\nclass A {}\n"),
        ("a.lua", "--[[ require 'cunn' ]]\n-- model:cuda()\n"),
        ("a.m", "% gpuArray\nx = 1;\n"),
        ("a.m", "#import <Foundation/Foundation.h>\n@implementation A\n@end\n"),
        ("A.fs", "(* open ILGPU *)\nlet x = 1\n"),
    ],
)  # fmt: skip
def test_what_does_not_use_cuda_leaves_no_trace(path: str, text: str) -> None:
    assert extract(path, text).skip is None


def test_lines_of_code_leave_out_comments() -> None:
    assert extract("a.rs", "// one\nuse cust::x;\n\n/* two\nthree */ let y = 1;\n").code_lines == 2


@pytest.mark.parametrize(
    ("path", "name"), [("a.F90", "Fortran"), ("b.jl", "Julia"), ("c.rs.in", "Rust"), ("d.xyz", "other")]
)
def test_languages_have_names(path: str, name: str) -> None:
    assert language_name(path) == name


@given(st.text(st.sampled_from("\"'`/*#=-[]{}%!$()\\\n\r cCuUdDaA<>_8\0é"), max_size=300), st.sampled_from(SUFFIXES))
@settings(max_examples=300, deadline=None)
def test_any_text_is_read(text: str, suffix: str) -> None:
    found = extract("a" + suffix, text)
    assert found.skip is None or "line" in found.skip.detail


PIECES = (
    *("using ", "import\t", "/*", "--[", "--[==[", '"', "'", "`", 'r#"', '"""', "#=", "{-", "(*", "#cgo ", "cuMem"),
    *("attributes (", "name = ", "!$", "// ", " ", "import static ", "['"),
)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_long_hostile_text_takes_little_time(suffix: str) -> None:
    for piece in PIECES:
        text = piece * (100_000 // len(piece)) + "\ncudaMalloc\n"
        extract("a" + suffix, text)


def test_a_tree_in_several_languages_is_counted_by_language(tmp_path: Path) -> None:
    contents = {
        "src/a.jl": "using CUDA\n" + "x = 1\n" * 29,
        "src/b.jl": "x = CuArray(y)\n" * 20,
        "src/c.rs": "use cudarc::x;\n" * 50,
        "src/plain.rs": "fn main() {}\n",
        "train.py": "import torch\ntorch.cuda.synchronize()\n" + "y = 1\n" * 98,
    }
    for name, text in contents.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    settled = config.load(tmp_path, environment={})
    result = scan.scan(tmp_path, rulebook.shipped(), settled, {"rocm": "cdna3"}, jobs=1)
    spots = {spot.what: spot for spot in result.blind_spots if spot.kind == BlindSpotKind.FOREIGN_LANGUAGE}
    assert {what: (spot.files, spot.lines, spot.share) for what, spot in spots.items()} == {
        "Rust": (1, 50, 0.25),
        "Julia": (2, 50, 0.25),
    }
    assert "src/plain.rs" not in {file.path for file in result.files}
    assert {skip.path for skip in result.skips} == {"src/a.jl", "src/b.jl", "src/c.rs"}
