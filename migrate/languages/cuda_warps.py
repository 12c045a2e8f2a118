"""Places that assume a warp of 32 lanes without naming any API: `lane & 31`, `tid >> 5`, `0xffffffff`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from migrate.languages.cuda_declarations import word_start
from migrate.languages.cuda_source import Source
from migrate.model import Confidence, Use, UseKind

NAME = "warp-width-literal"

_ARITHMETIC = re.compile(
    r"(?:(?P<mask>(?<!&)&(?!&)\s*+(?:31|0[xX]1[fF]))|(?P<shift>>>\s*+5|/\s*+32)|(?P<modulo>%\s*+32))[uUlL]{0,3}\b(?!\.)"
)
_FULL_MASK = re.compile(r"\b0[xX][fF]{8}[uU]?\b|~0[uU]?\b|\((?:unsigned|uint32_t|unsigned int)\)\s*-1\b")
_CONSTANT = re.compile(
    r"(?:WARP_?SIZE|[wW]arp_?[sS]ize|WARP_WIDTH|[wW]arpWidth|PER_WARP|per_warp|PerWarp)"
    r"[ \t]*+[={(]?[ \t]*+\(?32[uU]?\b"
)
_DECLARED = re.compile(
    r"\b(?:constexpr|const|static|enum|int|unsigned|size_t|u?int\w*_t)\b[^;{}()=]{0,60}\Z"
    r"|\#[ \t]*define[ \t]+\Z|[,{]\s*\Z"
)
_CONTEXT = re.compile(r"(?i)lane|warp|tid\b|tid_|threadIdx|thread_rank|thread_?id")
_SYNC = re.compile(r"_sync\s*\(|\bSHFL|\b[A-Z_]*SHFL[A-Z_]*\(")
_EDGE = re.compile(r"[;{}]")
_OPERAND = re.compile(r"(?:[\w.:>-]*\w(?:\[[^\[\]]*\])?|\))\s*\Z")
_REACH = 300
_DECLARATION_REACH = 100


class WarpLiteral(NamedTuple):
    """One such place."""

    pattern: str
    """`mask`, `shift`, `modulo`, `constant` or `full-mask`."""
    start: int
    end: int


def warp_literals(source: Source) -> list[WarpLiteral]:
    """Find them; a literal counts only in device code and beside something that speaks of lanes or warps."""
    if not source.is_cuda:
        return []
    every = sorted(
        {*_constants(source), *_arithmetic(source), *_masks(source)}, key=lambda item: (item.start, -item.end)
    )
    apart: list[WarpLiteral] = []
    for found in every:
        if not apart or found.start >= apart[-1].end:
            apart.append(found)
    return apart


def uses_of(source: Source, literals: list[WarpLiteral]) -> Iterator[Use]:
    """Return the uses, when the vocabulary asks for them."""
    if not source.wants(UseKind.NAME, NAME):
        return
    for found in literals:
        yield source.use(
            UseKind.NAME,
            NAME,
            found.start,
            found.end,
            args={"pattern": found.pattern},
            text=source.lexed.source(found.start, found.end),
            confidence=Confidence.MEDIUM,
        )


def _constants(source: Source) -> Iterator[WarpLiteral]:
    for found in _CONSTANT.finditer(source.live):
        start = word_start(source.live, found.start())
        if _DECLARED.search(source.live[max(0, start - _DECLARATION_REACH) : start]):
            yield WarpLiteral("constant", start, found.end())


def _arithmetic(source: Source) -> Iterator[WarpLiteral]:
    for found in _ARITHMETIC.finditer(source.code):
        if not _in_device_code(source, found.start()):
            continue
        start, end = _statement(source.code, found.start(), found.end())
        if not _CONTEXT.search(source.code, start, end):
            continue
        operand = _OPERAND.search(source.code[max(start, found.start() - 80) : found.start()])
        left = max(start, found.start() - 80) + operand.start() if operand else found.start()
        yield WarpLiteral(found.lastgroup or "", left, found.end())


def _masks(source: Source) -> Iterator[WarpLiteral]:
    for found in _FULL_MASK.finditer(source.code):
        start, end = _statement(source.code, found.start(), found.end())
        if _in_device_code(source, found.start()) and _SYNC.search(source.code, start, end):
            yield WarpLiteral("full-mask", found.start(), found.end())


def _in_device_code(source: Source, offset: int) -> bool:
    region = source.structure.region(offset)
    return region is not None and region.device


def _statement(code: str, start: int, end: int) -> tuple[int, int]:
    """Return the statement around a place, as far as it is near."""
    first = max(0, start - _REACH)
    edge = max(code.rfind(sign, first, start) for sign in ";{}")
    found = _EDGE.search(code, end, end + _REACH)
    return (first if edge < 0 else edge + 1), (found.start() if found else min(len(code), end + _REACH))
