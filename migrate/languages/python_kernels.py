"""Kernels in Python files: decorated functions, and CUDA C in strings."""

from __future__ import annotations

import ast
import re
import textwrap
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from migrate.model import KernelFacts

DECORATORS = {
    "triton.jit": "triton",
    "triton.experimental.gluon.jit": "triton",
    "numba.cuda.jit": "numba",
    "cupyx.jit.rawkernel": "cupy",
    "taichi.kernel": "taichi",
}
"""Decorator -> language of the kernels it makes."""


class StringKernel(NamedTuple):
    """A function that takes CUDA C as text."""

    language: str
    code: tuple[tuple[int, str], ...]
    """Position and keyword of each argument that holds code."""
    name: tuple[int, str]
    """Position and keyword of the kernel's name; position -1 when it has none."""


_NAMELESS = (-1, "")
_REDUCTION = ((2, "map_expr"), (3, "reduce_expr"), (4, "post_map_expr"))

STRING_KERNELS = {
    "cupy.RawKernel": StringKernel("cupy", ((0, "code"),), (1, "name")),
    "cupy.RawModule": StringKernel("cupy", ((-1, "code"),), _NAMELESS),
    "cupy.ElementwiseKernel": StringKernel("cupy", ((2, "operation"),), (3, "name")),
    "cupy.ReductionKernel": StringKernel("cupy", _REDUCTION, (6, "name")),
    "pycuda.compiler.SourceModule": StringKernel("pycuda", ((0, "source"),), _NAMELESS),
    "pycuda.elementwise.ElementwiseKernel": StringKernel("pycuda", ((1, "operation"),), (2, "name")),
    "pycuda.reduction.ReductionKernel": StringKernel("pycuda", ((2, "reduce_expr"), (3, "map_expr")), (5, "name")),
    "torch.utils.cpp_extension.load_inline": StringKernel("cuda", ((2, "cuda_sources"),), (0, "name")),
    "torch.cuda.jiterator._create_jit_fn": StringKernel("cuda", ((0, "code_string"),), _NAMELESS),
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
}
_TRITON_MODULES = frozenset({"tl", "language", "gl", "ttgl"})
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
_LAUNCH_BOUNDS = re.compile(r"__launch_bounds__\s*\([^()]{0,200}\)")
_C_COMMENT = re.compile(r"//[^\n]*+|/\*(?:[^*]++|\*(?!/))*+(?:\*/)?+")


class Function(NamedTuple):
    """What a decorated kernel's text tells."""

    facts: KernelFacts
    calls: list[tuple[int, str]]
    """Line (1 is that of `def`) and name of each call of a plain name: of helpers in the same file, mostly."""


def function(language: str, text: str) -> Function:
    """Read what the price of a decorated kernel depends on, and what it calls.

    Args:
        language: `triton`, `numba`, `cupy` or `taichi`.
        text: The function from `def` to its last line, indented as in the file.
    """
    count = sum(1 for line in text.split("\n") if (bare := line.strip()) and not bare.startswith("#"))
    features: Counter[str] = Counter()
    calls: list[tuple[int, str]] = []
    for node in _nodes(text):
        if isinstance(node, ast.Attribute):
            if feature := _feature(language, node):
                features[feature] += 1
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            calls.append((node.lineno, node.func.id))
        elif isinstance(node, ast.Expr):
            count -= _documentation_lines(node)
    facts = KernelFacts(language=language, code_lines=max(count, 1), features=dict(sorted(features.items())))
    return Function(facts, sorted(calls))


def _nodes(text: str) -> Iterator[ast.AST]:
    try:
        yield from ast.walk(ast.parse(textwrap.dedent(text)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return


def _documentation_lines(node: ast.Expr) -> int:
    """Count the code lines that a string standing alone takes."""
    if not isinstance(node.value, ast.Constant) or not isinstance(node.value.value, str):
        return 0
    others = node.value.value.split("\n")[1:]
    inner = [line for line in others[:-1] if (bare := line.strip()) and not bare.startswith("#")]
    return len(inner) + (2 if others else 1)


def _feature(language: str, node: ast.Attribute) -> str:
    owner = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
    if language == "triton":
        if owner not in _TRITON_MODULES:
            return ""
        return "atomic" if node.attr.startswith("atomic_") else _TRITON_FEATURES.get(node.attr, "")
    if owner == "atomic" or (owner == "jit" and node.attr.startswith("atomic_")):
        return "atomic"
    return _NUMBA_FEATURES.get((owner, node.attr), "")


def string_facts(language: str, code: str) -> KernelFacts:
    """Return what the price of a kernel in a string depends on; an empty string is one that was not found."""
    bare = _C_COMMENT.sub(lambda found: "\n" * found[0].count("\n"), code)
    features = {feature: len(found) for feature, pattern in _C_FEATURES.items() if (found := pattern.findall(bare))}
    return KernelFacts(
        language=language, code_lines=sum(1 for line in bare.split("\n") if line.strip()), features=features
    )


def kernel_names(code: str) -> list[str]:
    """Return the names of the kernels that CUDA C in a string defines."""
    bare = _LAUNCH_BOUNDS.sub(" ", _C_COMMENT.sub(" ", code))
    return re.findall(r"__global__\s[^;{(]{0,200}?\b(\w+)\s*\(", bare)
