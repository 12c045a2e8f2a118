"""Kernels in Python files: decorated functions, and CUDA C in strings."""

from __future__ import annotations

import keyword
import re
from collections import Counter
from typing import NamedTuple

from migrate.languages.python_source import STRING, Source, layout
from migrate.model import KernelFacts

DECORATORS = {
    "triton.jit": "triton",
    "triton.experimental.gluon.jit": "triton",
    "numba.cuda.jit": "numba",
    "cupyx.jit.rawkernel": "cupy",
    "taichi.kernel": "taichi",
    "warp.kernel": "warp",
    "cutlass.cute.jit": "cute",
    "cutlass.cute.kernel": "cute",
    "cuda.tile.kernel": "tile",
    "tilelang.jit": "tilelang",
    "helion.kernel": "helion",
}
"""Decorator -> language of the kernels it makes."""


class StringKernel(NamedTuple):
    """A function that takes CUDA C as text."""

    language: str
    code: tuple[tuple[int, str], ...]
    """Position and keyword of each argument that holds code."""
    name: tuple[int, str]
    """Position and keyword of the kernel's name; position -1 when it has none."""
    fragment: bool = False
    """The text is the body of a kernel that the function writes around it."""


_NAMELESS = (-1, "")
_REDUCTION = ((2, "map_expr"), (3, "reduce_expr"), (4, "post_map_expr"))

_SOURCE_FIRST = StringKernel("cuda", ((0, "source"),), _NAMELESS)

STRING_KERNELS = {
    "cupy.RawKernel": StringKernel("cupy", ((0, "code"),), (1, "name")),
    "cupy.RawModule": StringKernel("cupy", ((-1, "code"),), _NAMELESS),
    "cupy.ElementwiseKernel": StringKernel("cupy", ((2, "operation"), (-1, "preamble")), (3, "name"), fragment=True),
    "cupy.ReductionKernel": StringKernel("cupy", (*_REDUCTION, (-1, "preamble")), (6, "name"), fragment=True),
    "pycuda.compiler.SourceModule": StringKernel("pycuda", ((0, "source"),), _NAMELESS),
    "pycuda.elementwise.ElementwiseKernel": StringKernel(
        "pycuda", ((1, "operation"), (-1, "preamble")), (2, "name"), fragment=True
    ),
    "pycuda.reduction.ReductionKernel": StringKernel(
        "pycuda", ((2, "reduce_expr"), (3, "map_expr"), (-1, "preamble")), (5, "name"), fragment=True
    ),
    "torch.utils.cpp_extension.load_inline": StringKernel(
        "cuda", ((1, "cpp_sources"), (2, "cuda_sources")), (0, "name")
    ),
    "torch.cuda.jiterator._create_jit_fn": StringKernel("cuda", ((0, "code_string"),), _NAMELESS, fragment=True),
    "torch.cuda._compile_kernel": StringKernel("cuda", ((0, "kernel_source"),), (1, "kernel_name")),
    "cupy.cuda.compiler.compile_using_nvrtc": _SOURCE_FIRST,
    "cupy.cuda.compiler.compile_with_cache": _SOURCE_FIRST,
    "cupy.cuda.compile_with_cache": _SOURCE_FIRST,
    "numba.cuda.CUSource": _SOURCE_FIRST,
    "cuda.core.Program": StringKernel("cuda", ((0, "code"),), _NAMELESS),
    "cuda.core.experimental.Program": StringKernel("cuda", ((0, "code"),), _NAMELESS),
    "cuda.bindings.nvrtc.nvrtcCreateProgram": StringKernel("cuda", ((0, "src"),), _NAMELESS),
    "cuda.nvrtc.nvrtcCreateProgram": StringKernel("cuda", ((0, "src"),), _NAMELESS),
}
"""Function -> how it takes its code."""

_TRITON_FEATURES = {
    "dot": "tensor-core",
    "dot_scaled": "tensor-core",
    "inline_asm_elementwise": "ptx",
    "make_tensor_descriptor": "async-copy",
    "_experimental_make_tensor_descriptor": "async-copy",
    "_experimental_descriptor_load": "async-copy",
    "_experimental_descriptor_store": "async-copy",
    "async_copy_global_to_shared": "async-copy",
    "async_copy_global_to_local": "async-copy",
    "warpgroup_mma": "tensor-core",
    "tcgen05_mma": "tensor-core",
    "allocate_shared_memory": "shared-memory",
    "shared_memory_descriptor": "shared-memory",
}
_TRITON_MODULES = frozenset({"tl", "language", "gl", "ttgl"})
_TILED_FEATURES = {
    "gemm": "tensor-core",
    "SmemAllocator": "shared-memory",
    "make_tiled_mma": "tensor-core",
    "make_tiled_copy": "async-copy",
    "inline_asm": "ptx",
    "shuffle_sync": "shuffle",
    "shuffle_sync_bfly": "shuffle",
    "shuffle_sync_down": "shuffle",
    "warp_idx": "warp-width",
    "lane_idx": "warp-width",
    "WARP_SIZE": "warp-width",
    "mma": "tensor-core",
    "alloc_shared": "shared-memory",
    "tile_load": "shared-memory",
    "tile_matmul": "tensor-core",
    "call_extern": "ptx",
}
"""Of the languages whose kernels name their blocks: CuTe, Warp, TileLang, cuTile."""
_NUMBA_FEATURES = {
    ("shared", "array"): "shared-memory",
    ("cuda", "shfl_sync"): "shuffle",
    ("cuda", "shfl_up_sync"): "shuffle",
    ("cuda", "shfl_down_sync"): "shuffle",
    ("cuda", "shfl_xor_sync"): "shuffle",
    ("cuda", "warpsize"): "warp-width",
    ("cuda", "laneid"): "warp-width",
    ("jit", "shared_memory"): "shared-memory",
    ("jit", "shfl_sync"): "shuffle",
    ("jit", "shfl_up_sync"): "shuffle",
    ("jit", "shfl_down_sync"): "shuffle",
    ("jit", "shfl_xor_sync"): "shuffle",
    ("jit", "warpsize"): "warp-width",
    ("jit", "laneid"): "warp-width",
}
_C_FEATURES = {
    "warp-width": re.compile(r"\bwarpSize\b|\bWARP_SIZE\b|__ballot|__activemask|0xffffffff\b", re.IGNORECASE),
    "shuffle": re.compile(r"\b__shfl\w*"),
    "shared-memory": re.compile(r"\b__shared__\b"),
    "tensor-core": re.compile(r"\bwmma::|\bmma\.sync\b"),
    "ptx": re.compile(r"\basm\b"),
    "async-copy": re.compile(r"\bcp\.async\b|\bmemcpy_async\b"),
    "atomic": re.compile(r"\batomic[A-Z]\w*"),
    "texture": re.compile(r"\btex[123]D\w*|\bcudaTextureObject_t\b"),
    "template-library": re.compile(r"\b(?:cub|thrust|cutlass|cute)::"),
}
_TILED = frozenset({"cute", "warp", "tile", "tilelang", "helion"})
_WORD = re.compile(
    rf"\#[^\n]*+|{STRING}|\b(?:def|class)[ \t]++\w++"
    r"|(?P<name>[A-Za-z_]\w*+)(?:(?=[ \t]*+\.[ \t]*+(?P<part>[A-Za-z_]\w*+))|(?P<call>[ \t]*+\()?+)",
    re.DOTALL,
)
"""Names, the names behind their dots, and whether they are called; the rest is passed over."""
_KEYWORDS = frozenset(keyword.kwlist)
_C_COMMENT = re.compile(r"//[^\n]*+|/\*(?:[^*]++|\*(?!/))*+(?:\*/)?+")


class Function(NamedTuple):
    """What a decorated kernel's text tells."""

    facts: KernelFacts
    calls: list[tuple[int, str]]
    """Line (1 is that of `def`) and name of each call of a plain name: of helpers in the same file, mostly."""


def function(language: str, text: str) -> Function:
    """Read what the price of a decorated kernel depends on, and what it calls.

    Args:
        language: One of the values of `DECORATORS`.
        text: The function from `def` to its last line, indented as in the file.
    """
    source = Source(text)
    lines = layout(source)
    features: Counter[str] = Counter()
    calls: list[tuple[int, str]] = []
    for found in _WORD.finditer(source.text):
        name = found["name"]
        if name is None:
            continue
        if found["part"] and (feature := _feature(language, name, found["part"])):
            features[feature] += 1
        if found["call"] and name not in _KEYWORDS and source.text[found.start() - 1 : found.start()] != ".":
            calls.append((source.line_of(found.start()), name))
    count = lines.code_lines() if lines else source.code_lines()
    facts = KernelFacts(language=language, code_lines=max(count, 1), features=dict(sorted(features.items())))
    return Function(facts, sorted(calls))


def _feature(language: str, owner: str, name: str) -> str:
    if language == "triton":
        if owner not in _TRITON_MODULES:
            return ""
        return "atomic" if name.startswith("atomic_") else _TRITON_FEATURES.get(name, "")
    if language in _TILED:
        return "atomic" if name.startswith("atomic_") else _TILED_FEATURES.get(name, "")
    if owner == "atomic" or (owner == "jit" and name.startswith("atomic_")):
        return "atomic"
    return _NUMBA_FEATURES.get((owner, name), "")


def string_facts(language: str, code: str) -> KernelFacts:
    """Return what the price of a kernel in a string depends on; an empty string is one that was not found."""
    bare = _C_COMMENT.sub(lambda found: "\n" * found[0].count("\n"), code)
    features = {feature: len(found) for feature, pattern in _C_FEATURES.items() if (found := pattern.findall(bare))}
    return KernelFacts(
        language=language, code_lines=sum(1 for line in bare.split("\n") if line.strip()), features=features
    )
