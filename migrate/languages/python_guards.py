"""Tests that tell platforms apart: which targets a branch of the code is already meant for."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Sequence

TARGET_WORDS = {
    "hip": "rocm",
    "rocm": "rocm",
    "amd": "rocm",
    "amdgpu": "rocm",
    "gfx": "rocm",
    "cdna": "rocm",
    "rdna": "rocm",
    "npu": "cann",
    "cann": "cann",
    "ascend": "cann",
    "xpu": "intel",
    "sycl": "intel",
    "ipex": "intel",
    "musa": "musa",
    "mlu": "mlu",
    "hpu": "gaudi",
    "gaudi": "gaudi",
    "tpu": "tpu",
    "xla": "tpu",
}
"""Word in a test -> id of the target that the test asks about."""

OWN_WORDS = frozenset({"cuda", "nvidia"})
"""Keywords and keys of the branch that is CUDA's where there is one for each platform."""

PREDICATE_WORDS = frozenset(
    (
        "available", "backend", "build", "built", "compiled", "current", "device", "devices", "enabled", "extension",
        "gpu", "has", "have", "is", "on", "platform", "support", "supported", "supports", "target", "torch", "use",
        "uses", "using", "version", "with",
    )
)  # fmt: skip
"""Words that make a name with a target's word a question about the platform (`is_npu_available`, `use_hip`); a name
without one, such as `hip_angle`, is none."""

PORTABLE_PREFIXES = ("torch.accelerator",)
"""Modules whose functions mean whatever accelerator there is."""

GUARD_LITERALS = tuple(
    sorted({form for word in TARGET_WORDS for form in (word, word.upper(), word.capitalize())} | {"ROCm"})
)
"""Literals one of which stands in every such test."""


def is_guard_word(text: str, start: int, end: int) -> bool:
    """Tell whether a literal of `GUARD_LITERALS` stands as a word of an identifier: `use_npu`, not `input`."""
    before, after = text[start - 1 : start] if start else "", text[end : end + 1]
    if text[start].islower():
        return not (before.isalpha() or after.isalpha())
    return not (before.isupper() or after.islower())


_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_ASKING = frozenset({"hasattr", "startswith", "endswith", "find_spec", "getattr"})
_LONGEST_STRING = 40
_CHIP = re.compile(r"(gfx|ascend)_?\d\w{0,8}\Z")

NameTargets = Callable[[str], Iterable[str]]
"""Says which targets a plain name stands for, when it was assigned a test."""


def name_targets(name: str, *, alone: bool = False) -> set[str]:
    """Return the targets that an identifier asks about.

    Args:
        name: `is_rocm`, `IS_NPU`, `isHip`.
        alone: The identifier is asked for as it stands, such as `hip` in `torch.version.hip`.
    """
    parts = [part.lower() for part in _PART.findall(name.replace("ROCm", "Rocm"))]
    found = {TARGET_WORDS[part] for part in parts if part in TARGET_WORDS}
    if not found:
        return found
    others = [part for part in parts if part not in TARGET_WORDS]
    constant = name.isupper()
    asks = alone if not others else constant or any(part in PREDICATE_WORDS for part in others)
    return found if asks or (constant and not others) else set()


def string_targets(value: str) -> set[str]:
    """Return the targets that a compared string names: `npu`, `npu:0`, `rocm`, `torch_npu`, `gfx942`."""
    if len(value) > _LONGEST_STRING:
        return set()
    word = value.partition(":")[0].strip().lower().removeprefix("torch_")
    if chip := _CHIP.match(word):
        word = chip[1]
    target = TARGET_WORDS.get(word)
    return {target} if target else set()


def test_targets(test: ast.expr, of_name: NameTargets) -> set[str]:
    """Return the targets that a test asks about."""
    found: set[str] = set()
    work: list[ast.expr] = [test]
    while work:
        node = work.pop()
        if isinstance(node, ast.BoolOp):
            work += node.values
        elif isinstance(node, (ast.UnaryOp, ast.Starred)):
            work.append(node.operand if isinstance(node, ast.UnaryOp) else node.value)
        elif isinstance(node, ast.NamedExpr):
            work.append(node.value)
        elif isinstance(node, ast.Name):
            found |= name_targets(node.id, alone=True)
            found.update(of_name(node.id))
        elif isinstance(node, ast.Attribute):
            found |= name_targets(node.attr, alone=True)
            work.append(node.value)
        elif isinstance(node, ast.Call):
            work.append(node.func)
            if _asks(node.func):
                found |= _literals(node.args)
        elif isinstance(node, ast.Compare) and not _orders(node):
            work += [node.left, *node.comparators]
            found |= _literals([node.left, *node.comparators])
    return found


def _orders(node: ast.Compare) -> bool:
    return any(isinstance(operator, (ast.Lt, ast.LtE, ast.Gt, ast.GtE)) for operator in node.ops)


def _asks(function: ast.expr) -> bool:
    """Tell whether a function's string arguments are what it asks about: `hasattr(torch, "npu")`."""
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return name in _ASKING or any(part.lower() in PREDICATE_WORDS for part in _PART.findall(name))


def _literals(nodes: Sequence[ast.expr]) -> set[str]:
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found |= string_targets(node.value)
        elif isinstance(node, (ast.Tuple, ast.List, ast.Set)):
            found |= _literals(node.elts)
    return found


def beside(names: Iterable[str]) -> frozenset[str]:
    """Return the targets that keywords or keys name which stand beside that of CUDA: `kernels(cuda=a, rocm=b)`."""
    return frozenset(TARGET_WORDS[name] for name in names if name in TARGET_WORDS)


def is_negated(test: ast.expr) -> bool:
    """Tell whether a test holds when the target is absent: `not is_rocm()`, `torch.version.hip is None`."""
    if isinstance(test, ast.UnaryOp):
        return isinstance(test.op, ast.Not)
    if isinstance(test, ast.Compare):
        return isinstance(test.ops[0], (ast.NotEq, ast.NotIn)) or (
            isinstance(test.ops[0], ast.Is)
            and isinstance(test.comparators[0], ast.Constant)
            and test.comparators[0].value is None
        )
    return False


def refuses(body: Sequence[ast.stmt]) -> bool:
    """Tell whether a branch does nothing but raise: it says that the target is not served."""
    return any(isinstance(statement, ast.Raise) for statement in body)


def leaves(body: Sequence[ast.stmt]) -> bool:
    """Tell whether a branch always ends the block around it."""
    return any(isinstance(statement, (ast.Return, ast.Continue, ast.Break, ast.Raise)) for statement in body)
