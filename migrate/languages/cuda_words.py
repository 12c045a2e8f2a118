"""Words of C, C++ and CUDA that the lexical reading must tell apart."""

from __future__ import annotations

import re

PLAIN_NAME = re.compile(r"[A-Za-z_]\w*\Z")
"""One identifier and nothing else."""

CLASS_KEYS = frozenset({"class", "struct", "union", "enum"})
"""What introduces a type."""

NOT_TYPES = frozenset(
    {
        "return",
        "else",
        "do",
        "case",
        "goto",
        "throw",
        "new",
        "delete",
        "and",
        "or",
        "not",
        "xor",
        "co_return",
        "co_await",
        "co_yield",
        "sizeof",
        "alignof",
        "typename",
        "const",
        "volatile",
        "static",
        "inline",
        "extern",
        "constexpr",
        "consteval",
        "constinit",
        "register",
        "mutable",
        "friend",
        "virtual",
        "explicit",
        "thread_local",
        "typedef",
        "using",
        "template",
        "operator",
        "default",
        "if",
        "while",
        "public",
        "private",
        "protected",
        "noexcept",
        "requires",
        "concept",
        "namespace",
        "__device__",
        "__host__",
        "__global__",
        "__forceinline__",
        "__inline__",
        "__noinline__",
        "__constant__",
        "__shared__",
        "__managed__",
        "__grid_constant__",
        "defined",
    }
)
"""Words before a name that do not make it a declaration."""

KEYWORD_TYPES = frozenset(
    {"void", "bool", "char", "short", "int", "long", "float", "double", "unsigned", "signed", "auto"}
)
"""Types that no function can be called."""

BUILT_IN = KEYWORD_TYPES | frozenset(
    {
        "half",
        "size_t",
        "half2",
        "float2",
        "float4",
        "int2",
        "int4",
    }
)
"""Types that make `word * name` a declaration."""

ATTRIBUTES = frozenset(
    {
        "__launch_bounds__",
        "__attribute__",
        "__declspec",
        "alignas",
        "__align__",
        "decltype",
        "noexcept",
        "requires",
        "explicit",
        "__cluster_dims__",
        "__maxnreg__",
        "__block_size__",
        "asm",
        "__asm__",
        "typeof",
        "throw",
        "_Alignas",
        "__builtin_align__",
        "sizeof",
    }
)
"""Words whose parenthesis is not a parameter list."""

CONTROL = frozenset(
    {
        "if",
        "for",
        "while",
        "switch",
        "catch",
        "return",
        "do",
        "else",
        "constexpr",
        "new",
        "delete",
        "co_return",
        "co_await",
    }
)
"""Words whose parenthesis or braces are a statement."""

TRAILING = frozenset(
    {
        "const",
        "volatile",
        "override",
        "final",
        "noexcept",
        "try",
        "requires",
        "mutable",
        "throw",
        "__attribute__",
        "restrict",
    }
)
"""Words that may follow a parameter list."""

QUALIFIERS = frozenset(
    {
        "__global__",
        "__device__",
        "__host__",
        "__shared__",
        "__constant__",
        "__managed__",
        "__launch_bounds__",
        "__grid_constant__",
        "__maxnreg__",
        "__cluster_dims__",
        "__block_size__",
        "__forceinline__",
        "__noinline__",
        "__restrict__",
        "__align__",
        "__nv_pure__",
        "__tile_global__",
    }
)
"""Words that CUDA adds to declarations."""

_ELEMENTS = ("char", "short", "int", "long", "longlong", "float", "double")
VECTOR_TYPES = frozenset(
    f"{sign}{element}{length}"
    for element in _ELEMENTS
    for sign in (("",) if element in ("float", "double") else ("", "u"))
    for length in "1234"
)
"""Short vectors that CUDA declares, and shading languages alike."""

COMMON_WORDS = frozenset({"half", "surface", "texture"}) | VECTOR_TYPES
"""Names of the platform that other code uses for itself; they count only in files for the device compiler."""
