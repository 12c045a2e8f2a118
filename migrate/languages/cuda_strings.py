"""What string literals of a C++ file say: names of libraries and functions that are looked up, and kernels by name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from migrate.languages.cuda_source import LONGEST_TEXT, Source
from migrate.languages.lexical import IDENTIFIER, Literal, next_token, skip_back, word_start, words
from migrate.model import Blind, BlindKind, Confidence, Link, LinkKind, Use, UseKind

ENVIRONMENT_CALLS = frozenset({"getenv", "secure_getenv", "setenv", "putenv", "unsetenv", "_putenv_s", "_dupenv_s"})

LOOKUPS: dict[str, int] = {
    "dlsym": 1,
    "dlvsym": 1,
    "GetProcAddress": 1,
    "cuGetProcAddress": 0,
    "cuGetProcAddress_v2": 0,
    "cudaGetDriverEntryPoint": 0,
    "cudaGetDriverEntryPointByVersion": 0,
}
"""Calls that look a function up by its name -> which argument is the name."""

OF_THE_PLATFORM = frozenset({"cuGetProcAddress", "cuGetProcAddress_v2", "cudaGetDriverEntryPoint"}) | {
    "cudaGetDriverEntryPointByVersion"
}
"""Those that find nothing but CUDA functions."""

KERNEL_LOOKUPS: dict[str, int] = {
    "cuModuleGetFunction": 2,
    "cuLibraryGetKernel": 2,
    "cudaLibraryGetKernel": 2,
    "hipModuleGetFunction": 2,
    "nvrtcAddNameExpression": 1,
    "hiprtcAddNameExpression": 1,
    "nvrtcGetLoweredName": 1,
}
"""Calls that name a kernel -> which argument does."""

_LOOKS_UP = re.compile(r"(?i)sym(?:bol)?|proc|entry|load|resolve|lookup|import|get_?func")
"""Words in the names of functions that projects write around these calls."""
_LONGEST_STRING = 400
_LONGEST_BLIND = 200
_CALL_REACH = 400


def string_uses(source: Source, literals: Iterable[Literal]) -> Iterator[Use]:
    """Yield the uses that string literals with anchors give."""
    for literal in literals:
        value = source.text[literal.value_start : literal.value_end]
        if len(value) > _LONGEST_STRING or source.places.state(literal.start).disabled:
            continue
        args = _called_with(source, literal)
        callee = args.get("callee", "").rpartition("::")[2]
        if callee == "_Pragma":
            continue
        kinds = (UseKind.ENV, UseKind.STRING) if callee in ENVIRONMENT_CALLS else (UseKind.STRING,)
        kind = next((kind for kind in kinds if source.wants(kind, value)), None)
        if kind is not None:
            facts = args if kind is UseKind.STRING else {}
            yield source.use(kind, value, literal.start, literal.end, args=facts)
        elif _LOOKS_UP.search(callee) and IDENTIFIER.fullmatch(value) and source.wants(UseKind.NAME, value):
            sure = Confidence.HIGH if callee in LOOKUPS else Confidence.MEDIUM
            yield source.use(UseKind.NAME, value, literal.start, literal.end, args=args, confidence=sure)


def pragma_operators(source: Source, literals: Iterable[Literal]) -> Iterator[Literal]:
    """Yield the literals that `_Pragma` gets."""
    return (item for item in literals if _called_with(source, item).get("callee") == "_Pragma")


def _called_with(source: Source, literal: Literal) -> dict[str, str]:
    """Return the call that a string is an argument of, and which one."""
    text = source.live
    depth = parameter = 0
    for offset in range(literal.start - 1, max(-1, literal.start - _CALL_REACH), -1):
        sign = text[offset]
        if sign in ";{}":
            break
        if sign == ")":
            depth += 1
        elif sign == "," and not depth:
            parameter += 1
        elif sign == "(":
            if not depth:
                callee = _qualified_before(text, skip_back(text, offset))
                return {"callee": callee, "parameter": str(parameter)} if callee else {}
            depth -= 1
    return {}


_MOST_PARTS = 16


def _qualified_before(text: str, end: int) -> str:
    """Return the qualified name that ends at an offset."""
    parts: list[str] = []
    while len(parts) < _MOST_PARTS:
        start = word_start(text, end)
        if start == end or text[start].isdigit():
            break
        parts.insert(0, text[start:end])
        end = skip_back(text, start)
        if end < 2 or text[end - 2 : end] != "::":
            break
        end = skip_back(text, end - 2)
    return "::".join(parts)


def hidden_lookups(source: Source, *, platform: bool) -> Iterator[Blind]:
    """Yield the look-ups whose function's name is not written where they are.

    Args:
        source: The file.
        platform: Whether the file uses CUDA at all; without it, only look-ups that CUDA itself offers count.
    """
    for call, index in LOOKUPS.items():
        if not platform and call not in OF_THE_PLATFORM:
            continue
        for at, argument in _arguments(source, call, index):
            if not _is_written(source, at, source.live[slice(*argument)]):
                text = source.argument(at, source.brackets.close(next_token(source.live, at + len(call))) or at)
                yield Blind(kind=BlindKind.DYNAMIC_CODE, line=source.lines.line(at), text=f"{text})"[:_LONGEST_BLIND])


def _is_written(source: Source, at: int, argument: str) -> bool:
    """Tell whether a name is a literal, or a macro's parameter that is written where the macro is used."""
    return (
        '"' in argument or "#" in argument or not set(source.parameters_at(at)).isdisjoint(IDENTIFIER.findall(argument))
    )


def named_kernels(source: Source, own: Iterable[str]) -> Iterator[Link]:
    """Yield links to the kernels that string literals name.

    Args:
        source: The file.
        own: Names of the kernels of the file, which count in any string.
    """
    for call, index in KERNEL_LOOKUPS.items():
        for at, argument in _arguments(source, call, index):
            for literal in source.lexed.strings_between(*argument)[:1]:
                yield _launch(source, literal, at)
    names = set(own)
    if names:
        for literal in source.lexed.strings:
            if _name(source, literal) in names and not source.places.state(literal.start).disabled:
                yield _launch(source, literal, literal.start)


def _launch(source: Source, literal: Literal, at: int) -> Link:
    return Link(kind=LinkKind.LAUNCH, to=_name(source, literal), line=source.lines.line(at))


def _name(source: Source, literal: Literal) -> str:
    """Return the kernel that a string may name, without template arguments."""
    value = source.text[literal.value_start : min(literal.value_end, literal.value_start + LONGEST_TEXT)]
    return value.partition("<")[0].strip(" &*(")


def _arguments(source: Source, call: str, index: int) -> Iterator[tuple[int, tuple[int, int]]]:
    """Yield where a function is called, and the place of one of its arguments."""
    for at in words(source.live, call):
        opening = next_token(source.live, at + len(call))
        parts = source.brackets.arguments(opening) if source.live[opening : opening + 1] == "(" else None
        if parts and index < len(parts) and not _is_declaration(source.live, at):
            yield at, parts[index]


def _is_declaration(text: str, at: int) -> bool:
    """Tell `void* dlsym(void*, const char*)` from a call."""
    before = skip_back(text, at)
    word = text[word_start(text, before) : before]
    return text[before - 1 : before] in ("*", "&") or (bool(word) and word not in ("return", "else", "do", "co_return"))
