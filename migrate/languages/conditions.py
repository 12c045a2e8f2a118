"""Preprocessor conditions as expressions: what a build for each target makes of them."""

from __future__ import annotations

import enum
import functools
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

TARGET_MACROS: dict[str, tuple[str, ...]] = {
    "rocm": (
        "*USE_HIPBLAS",
        "*USE_HIPCC",
        "*_ROCM",
        "*_HIP",
        "*_ON_AMD",
        "__HIP_PLATFORM_AMD__",
        "__HIP_PLATFORM_HCC__",
        "__HIPCC__",
        "__HIP__",
        "__HIPCC_RTC__",
        "__HIP_ROCclr__",
        "__HCC__",
        "HIP_VERSION",
        "HIP_VERSION_*",
        "ROCM_VERSION",
        "ROCM_VERSION_*",
        "TORCH_HIP_VERSION",
        "HIPRT_*",
        "__HIP_DEVICE_COMPILE__",
        "__HIP_ARCH_*",
        "__AMDGCN__",
        "__AMDGPU__",
        "__AMDGCN_WAVEFRONT_SIZE*",
        "__gfx*__",
        "__GFX*__",
    ),
    "cann": (
        "*_NPU",
        "*_CANN",
        "*_ASCEND",
        "*WITH_ASCEND*",
        "*USE_ASCEND*",
        "ASCEND",
        "ASCEND_*",
        "__ASCEND*",
        "__CANN__",
        "ASCENDC_*",
        "__CCE__",
        "__CCE_*",
        "__NPU_ARCH__",
        "__DAV_*",
    ),
    "musa": ("*_MUSA", "__MUSACC__", "__MUSA__", "__MUSA_ARCH__", "MUSA_VERSION", "MUSART_VERSION"),
    "mlu": ("*_MLU", "__BANG__", "__BANG_ARCH__"),
    "intel": (
        "*_SYCL",
        "*_XPU",
        "SYCL_LANGUAGE_VERSION",
        "__SYCL_COMPILER_VERSION",
        "__INTEL_LLVM_COMPILER",
        "__SYCL_DEVICE_ONLY__",
    ),
    "metal": ("*_METAL", "*USE_MPS", "__METAL_VERSION__", "__METAL__"),
    "maca": ("*_MACA", "__MACA__", "__MACACC__", "__MACA_ARCH__"),
    "corex": ("*_COREX", "*_ILUVATAR", "__ILUVATAR__", "__COREX__"),
}
"""Target id -> macros that only a build for it defines; `*` is any run of characters."""

VARYING_MACROS = (
    "__HIP_DEVICE_COMPILE__",
    "__HIP_ARCH_*",
    "__AMDGCN__",
    "__AMDGCN_WAVEFRONT_SIZE*",
    "__AMDGPU__",
    "__gfx*__",
    "__GFX*__",
    "__NPU_ARCH__",
    "__CCE_*",
    "__DAV_*",
    "__MUSA_ARCH__",
    "__BANG_ARCH__",
    "__SYCL_DEVICE_ONLY__",
)
"""Those of them that a target's build defines only in one of its passes, or for one of its chips."""

_NEGATED = re.compile(r"(?:\A|_)(?:NO|NOT|NON|DISABLE|DISABLED|WITHOUT|SKIP|EXCLUDE|HAS_NO)_")
"""What turns a name round: `DISABLE_HIP` is set where there is no HIP."""


def _pattern(globs: Iterable[str]) -> re.Pattern[str]:
    return re.compile("(?:" + "|".join(re.escape(glob).replace(r"\*", r"\w*") for glob in globs) + r")\Z")


_MACROS = {target: _pattern(globs) for target, globs in TARGET_MACROS.items()}
_VARYING = _pattern(VARYING_MACROS)


@functools.lru_cache(maxsize=10_000)
def target_of(macro: str) -> str:
    """Return the target whose build defines a macro, or nothing."""
    if _NEGATED.search(macro):
        return ""
    return next((target for target, pattern in _MACROS.items() if pattern.match(macro)), "")


# ------------------------------------------------------------------------------------------------ expressions

Value = int | None
"""A number, or None for what cannot be known."""


class Undecided(enum.Enum):
    """Says that a file does not settle what a macro is."""

    UNDECIDED = enum.auto()


UNDECIDED: Final = Undecided.UNDECIDED

_TOKEN = re.compile(
    r"(?P<number>\d[\w.']*+)|(?P<name>[A-Za-z_$]\w*+)|(?P<operator>&&|\|\||[=!<>]=|<<|>>|[-+*/%<>&|^~!?:(),])|(?P<other>\S)"
)
_INTEGER = re.compile(r"(?:0[xX](?P<hex>[0-9a-fA-F]+)|0[bB](?P<bin>[01]+)|(?P<dec>\d+))[uUlLzZ]*\Z")
_PRECEDENCE = {
    "||": 1,
    "&&": 2,
    "|": 3,
    "^": 4,
    "&": 5,
    "==": 6,
    "!=": 6,
    "<": 7,
    ">": 7,
    "<=": 7,
    ">=": 7,
    "<<": 8,
    ">>": 8,
    "+": 9,
    "-": 9,
    "*": 10,
    "/": 10,
    "%": 10,
}
_MOST_TOKENS = 2_000
_DEEPEST = 64


class Build(NamedTuple):
    """For whom a condition is evaluated."""

    target: str
    """Target id; `cuda` defines no target's macros; empty leaves every macro open."""
    own: Callable[..., Value | Undecided] | None = None
    """What the file's own macros are: called with the name and `defined`."""

    def value(self, macro: str, *, defined: bool) -> Value:
        """Return what a macro, or `defined` of it, is in this build."""
        owner = target_of(macro) if self.target else ""
        if not owner:
            settled = self.own(macro, defined=defined) if self.own else UNDECIDED
            return None if settled is UNDECIDED else settled
        if owner != self.target:
            return 0
        return 1 if defined and not _VARYING.match(macro) else None


class _Truthy(int):
    """A number that is known not to be zero, and nothing more."""


_TRUTHY = _Truthy(1)


class Expression:
    """A preprocessor condition, read once and evaluated for several builds."""

    def __init__(self, text: str) -> None:
        found = [(item.lastgroup or "", item[0]) for item in _TOKEN.finditer(text)]
        self._tokens = found if len(found) <= _MOST_TOKENS else []
        self.names = tuple(value for kind, value in self._tokens if kind == "name" and value != "defined")

    def value(self, build: Build) -> bool | None:
        """Return whether the condition holds, or None when that cannot be known."""
        value = self.number(build)
        return None if value is None else bool(value)

    def number(self, build: Build) -> Value:
        """Return the value of the expression, or None when that cannot be known."""
        reader = _Reader(self._tokens, build)
        try:
            value = reader.ternary(0)
        except _UnreadableError:
            return None
        return value if reader.done else None


class _UnreadableError(Exception):
    """The condition is not an expression that can be read."""


class _Reader:
    def __init__(self, tokens: Sequence[tuple[str, str]], build: Build) -> None:
        self._tokens = tokens
        self._build = build
        self._at = 0

    @property
    def done(self) -> bool:
        return self._at == len(self._tokens)

    def _peek(self) -> str:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else ""

    def _take(self, wanted: str = "") -> tuple[str, str]:
        if self._at >= len(self._tokens) or (wanted and self._tokens[self._at][1] != wanted):
            raise _UnreadableError
        self._at += 1
        return self._tokens[self._at - 1]

    def ternary(self, depth: int) -> Value:
        if depth > _DEEPEST:
            raise _UnreadableError
        condition = self._binary(1, depth)
        if self._peek() != "?":
            return condition
        self._take()
        first = self.ternary(depth + 1)
        self._take(":")
        second = self.ternary(depth + 1)
        if condition is None:
            return first if first == second else None
        return first if condition else second

    def _binary(self, level: int, depth: int) -> Value:
        left = self._unary(depth)
        while _PRECEDENCE.get(self._peek(), 0) >= level:
            operator = self._take()[1]
            right = self._binary(_PRECEDENCE[operator] + 1, depth + 1)
            left = _apply(operator, left, right)
        return left

    def _unary(self, depth: int) -> Value:
        if depth > _DEEPEST:
            raise _UnreadableError
        kind, sign = self._take()
        if kind == "number":
            return _integer(sign)
        if kind == "name":
            return self._name(sign)
        if sign == "(":
            value = self.ternary(depth + 1)
            self._take(")")
            return value
        if sign not in ("!", "-", "+", "~"):
            raise _UnreadableError
        value = self._unary(depth + 1)
        if value is None or sign == "+":
            return value
        if sign == "!":
            return int(not value)
        return None if isinstance(value, _Truthy) else -value if sign == "-" else ~value

    def _name(self, name: str) -> Value:
        if name == "defined":
            bracketed = self._peek() == "("
            if bracketed:
                self._take()
            kind, macro = self._take()
            if kind != "name":
                raise _UnreadableError
            if bracketed:
                self._take(")")
            return self._build.value(macro, defined=True)
        if self._peek() == "(":  # a macro with arguments, or __has_include
            self._skip_arguments()
            return None
        if name in ("true", "false"):
            return int(name == "true")
        value = self._build.value(name, defined=False)
        if value is None and self._build.value(name, defined=True):
            return _TRUTHY
        return value

    def _skip_arguments(self) -> None:
        depth = 0
        while True:
            sign = self._take()[1]
            depth += (sign == "(") - (sign == ")")
            if not depth:
                return


def _integer(token: str) -> Value:
    found = _INTEGER.match(token.replace("'", ""))
    if found is None:
        return None
    digits = found["hex"] or found["bin"] or found["dec"]
    if len(digits) > 20:
        return _TRUTHY if digits.strip("0") else 0
    return int(digits, 16 if found["hex"] else 2 if found["bin"] else 10)


def _apply(operator: str, left: Value, right: Value) -> Value:
    if operator == "&&":
        if left == 0 or right == 0:
            return 0
        return None if left is None or right is None else 1
    if operator == "||":
        if left or right:
            return 1
        return None if left is None or right is None else 0
    if left is None or right is None or isinstance(left, _Truthy) or isinstance(right, _Truthy):
        return None
    comparison = {
        "==": left == right,
        "!=": left != right,
        "<": left < right,
        ">": left > right,
        "<=": left <= right,
        ">=": left >= right,
    }.get(operator)
    return None if comparison is None else int(comparison)  # nobody guards a platform by arithmetic
