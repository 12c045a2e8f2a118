"""Places that assume a warp of 32 lanes without naming any API: `lane & 31`, `tid >> 5`, `0xffffffff`."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from migrate.languages.cuda_source import Source
from migrate.languages.lexical import skip_back, word_start
from migrate.model import Confidence, Use, UseKind

NAME = "warp-width-literal"

_OWN = r"(?:WARP_?SIZE|[wW]arp_?[sS]ize|WARP_WIDTH|[wW]arpWidth|PER_WARP|per_warp|PerWarp)"
_OWN_NAME = re.compile(rf"{_OWN}\b")
_BEFORE_OWN = re.compile(r"(?:[%/]|(?<!&)&\s*\()\s*(?:\w+::)?\Z")
_NOT_OWN = ("warpSize", "C10_")
"""The built-in, which rules ask for, and PyTorch's constant, which has the target's value."""
_AMOUNT = re.compile(r"[&%/*<>=]\s*+(?:3[12]|5|0[xX]1[fF])[uUlL]{0,3}\b")
_ARITHMETIC = re.compile(
    r"(?:(?P<mask>(?<!&)&(?!&)\s*+(?:31|0[xX]1[fF]))|(?P<shift>>>\s*+5|/\s*+32)|(?P<modulo>%\s*+32)"
    r"|(?P<spread>\*\s*+32|(?<!<)<<\s*+5)"
    r"|(?P<compare>(?:(?<![<>-])[<>]=?|[!=]=)\s*+3[12](?!\w*+\s*+[>,])))[uUlL]{0,3}\b(?!\.)"
)
_FULL_MASK = re.compile(r"\b0[xX][fF]{8}[uU]?\b|~0[uU]?\b|\((?:unsigned|uint32_t|unsigned int)\)\s*-1\b")
_MOST_WARPS = r"\b(?:NUM|MAX|num|max|k?Num|k?Max)_?(?:WARPS|[wW]arps)\b"
"""The 32 warps of a block of 1,024 threads."""
_CONSTANT = re.compile(rf"(?:{_OWN}|{_MOST_WARPS})[ \t]*+[={{(]?[ \t]*+\(?32[uU]?\b")
_ALL_LANES = re.compile(
    r"(?:FULL|ALL|[fF]ull|[aA]ll)_?(?:WARP_?|[wW]arp_?)?(?:MASK|[mM]ask|LANES|[lL]anes)"
    r"[ \t]*+[={(]?[ \t]*+\(?0[xX][fF]{8}[uU]?\b"
)
_STEP = re.compile(
    r"\bfor\s*\([^;(){}]{1,60}(?:=\s*(?P<first>16|32\s*/\s*2|32\s*>>\s*1)\s*;[^;(){}]{1,60};[^;(){}]{1,60}(?:/=\s*2|>>=\s*1)"
    r"|=\s*1\s*;[^;(){}]{1,60}<\s*(?P<last>32|=\s*16)\s*;[^;(){}]{1,60}(?:\*=\s*2|<<=\s*1))\s*\)"
)
_EXCHANGE = re.compile(r"__shfl_|\bSHFL|\.shfl_|\b[A-Z_]*SHFL[A-Z_]*\(")
_RETURNED = re.compile(r"\breturn\s{1,8}(?P<width>32)[uU]?\s{0,8};")
_NAMES_WIDTH = re.compile(r"(?i)warp_?(?:size|width)|wave(?:front)?_?size")
_DECLARED = re.compile(
    r"\b(?:constexpr|const|static|enum|int|unsigned|size_t|u?int\w*_t)\b[^;{}()=]{0,60}\Z"
    r"|\#[ \t]*define[ \t]+\Z|[,{]\s*\Z"
)
_THREAD = re.compile(r"(?i)lane|warp|(?<![a-z])w?tidx?(?![a-z])|threadIdx|thread_?rank|thread_?idx?\b|linear_?id")
"""What makes an operand one thread of many."""
_THREADS = re.compile(r"(?i)blockDim|n?threads?(?![a-z])|block_?(?:dim|size)|(?<![a-z])ntid")
"""What makes an operand a number of threads."""
_WARP = re.compile(r"(?i)warp|(?<![a-z])wid(?![a-z])")
_LANE = re.compile(r"(?i)lane|(?<![a-z])w?tidx?(?![a-z])|threadIdx\.x|thread_?rank")
_NAMED = re.compile(r"(?i)lane|warp|(?<![a-z])wid(?![a-z])")
"""What makes a value that is computed a lane's or a warp's number."""
_ASSIGNED = re.compile(r"(?P<name>[A-Za-z_]\w*)(?:\[[^\[\]]*\])?\s*(?:=(?!=)|\(|\{)[^=;]*\Z")
_MASK_NAME = re.compile(r"(?i)mask")
_SYNC = re.compile(r"_sync\s*\(|\bSHFL|\b[A-Z_]*SHFL[A-Z_]*\(")
_EDGE = re.compile(r"[;{}]")
_NUMBER = re.compile(r"[\d\s]*\Z")
_REACH = 300
_OPERAND_REACH = 80
_DECLARATION_REACH = 100


class WarpLiteral(NamedTuple):
    """One such place."""

    pattern: str
    """`mask`, `shift`, `modulo`, `spread`, `compare`, `own`, `constant` or `full-mask`."""
    start: int
    end: int


def warp_literals(source: Source) -> list[WarpLiteral]:
    """Find them; a literal counts only where its operand, or what is computed, speaks of lanes, warps or threads."""
    if not source.is_cuda:
        return []
    every = sorted(
        {*constants(source), *_arithmetic(source), *_own_constants(source), *_masks(source), *_steps(source)},
        key=lambda item: (item.start, -item.end),
    )
    apart: list[WarpLiteral] = []
    for found in every:
        if not apart or found.start >= apart[-1].end:
            apart.append(found)
    return apart


def uses_of(source: Source, literals: Iterable[WarpLiteral]) -> Iterator[Use]:
    """Return the uses, when the vocabulary asks for them."""
    if not source.wants(UseKind.NAME, NAME):
        return
    for found in literals:
        if found.pattern == "own":  # the constant is what has to change, and it stands where it is defined
            continue
        yield source.use(
            UseKind.NAME,
            NAME,
            found.start,
            found.end,
            args={"pattern": found.pattern},
            text=source.lexed.source(found.start, found.end),
            confidence=Confidence.MEDIUM,
        )


def constants(source: Source) -> Iterator[WarpLiteral]:
    """Yield where a file says how wide a warp is; headers do that without any code for the device."""
    live = source.live
    forms = [_CONSTANT] if _names_warps(live) else []
    forms += [_ALL_LANES] if "0xffffffff" in live or "0xFFFFFFFF" in live else []
    for form in forms:
        for found in form.finditer(live):
            start = word_start(live, found.start())
            if _DECLARED.search(live[max(0, start - _DECLARATION_REACH) : start]):
                yield WarpLiteral("constant", start, found.end())
    for found in _RETURNED.finditer(source.code) if _names_warps(live) else ():
        region = source.structure.region(found.start())
        if region is not None and _NAMES_WIDTH.search(region.name):
            yield WarpLiteral("constant", *found.span("width"))


def _steps(source: Source) -> Iterator[WarpLiteral]:
    """Yield the first or last step of loops that exchange values with half of a warp, a quarter of it, and so on."""
    exchanges: list[int] | None = None
    for found in _STEP.finditer(source.code):
        if not _in_device_code(source, found.start()):
            continue
        if exchanges is None:
            exchanges = [exchange.start() for exchange in _EXCHANGE.finditer(source.code)]
        if _is_between(exchanges, found.end(), found.end() + _REACH):
            yield WarpLiteral("step", *found.span("first" if found["first"] else "last"))


def _names_warps(code: str) -> bool:
    return "arp" in code or "WARP" in code


def _arithmetic(source: Source) -> Iterator[WarpLiteral]:
    code = source.code
    for amount in _AMOUNT.finditer(code):
        start = amount.start()
        found = (code[start - 1 : start] in _DOUBLED and _ARITHMETIC.match(code, start - 1)) or _ARITHMETIC.match(
            code, start
        )
        if not found:
            continue
        pattern = found.lastgroup or ""
        left = _operand_start(code, found.start())
        operand = code[left : found.start()]
        if not operand.strip() or _NUMBER.match(operand):
            continue
        device = _in_device_code(source, found.start())
        if device and _speaks_of_threads(pattern, operand):
            yield WarpLiteral(pattern, left, found.end())
        elif pattern in _DIVISIONS and (device or _THREADS.search(operand)):
            assigned = _ASSIGNED.search(code[_statement(code, left, left)[0] : left])
            if assigned and _NAMED.search(assigned["name"]):
                yield WarpLiteral(pattern, left, found.end())


_DOUBLED = frozenset("<>=!")
"""Signs that may begin an operator of two."""


def _own_constants(source: Source) -> Iterator[WarpLiteral]:
    """Yield threads that are taken apart by a constant of the project's own: `tid % kWarpSize`."""
    code = source.code
    for found in _OWN_NAME.finditer(code) if _names_warps(code) else ():
        start = word_start(code, found.start())
        before = _BEFORE_OWN.search(code, max(0, start - _OPERAND_REACH), start)
        if before is None or code.startswith(_NOT_OWN, start) or not _in_device_code(source, start):
            continue
        left = _operand_start(code, before.start())
        if _speaks_of_threads("own", code[left : before.start()]):
            yield WarpLiteral("own", left, found.end())


_DIVISIONS = frozenset({"mask", "shift", "modulo"})
"""Forms that take a thread's number apart by a number."""


def _speaks_of_threads(pattern: str, operand: str) -> bool:
    """Tell whether an operand is what a form asks for."""
    if pattern == "spread":
        return _WARP.search(operand) is not None and "lane" not in operand
    if pattern == "compare":
        return _LANE.search(operand) is not None
    return _THREAD.search(operand) is not None or (pattern != "modulo" and _THREADS.search(operand) is not None)


def _operand_start(code: str, end: int) -> int:
    """Return where the operand before an operator begins: a name with members and subscripts, a call, a bracket."""
    limit = max(0, end - _OPERAND_REACH)
    position = skip_back(code, end)
    depth = 0
    while position > limit:
        sign = code[position - 1]
        if sign in ")]":
            depth += 1
        elif sign in "([":
            if not depth:
                break
            depth -= 1
        elif not depth and not (sign.isalnum() or sign in "_.:" or code[position - 2 : position] == "->"):
            if sign != ">" or code[position - 2 : position] == ">>":
                break
            if code[position - 2] != "-":
                break
        elif not depth and sign == "-":
            break
        position -= 1
    return position


def _masks(source: Source) -> Iterator[WarpLiteral]:
    exchanges: list[int] | None = None
    for found in _FULL_MASK.finditer(source.code):
        region = source.structure.region(found.start())
        if region is None or not region.device:
            continue
        if exchanges is None:
            exchanges = [sync.start() for sync in _SYNC.finditer(source.code)]
        start, end = _statement(source.code, found.start(), found.end())
        if _is_between(exchanges, start, end):
            yield WarpLiteral("full-mask", found.start(), found.end())
            continue
        assigned = _ASSIGNED.search(source.code[start : found.start()])
        if assigned and _MASK_NAME.search(assigned["name"]) and _is_between(exchanges, found.end(), region.close):
            yield WarpLiteral("full-mask", found.start(), found.end())


def _is_between(offsets: Sequence[int], start: int, end: int) -> bool:
    index = bisect.bisect_left(offsets, start)
    return index < len(offsets) and offsets[index] < end


def _in_device_code(source: Source, offset: int) -> bool:
    region = source.structure.region(offset)
    return region is not None and region.device


def _statement(code: str, start: int, end: int) -> tuple[int, int]:
    """Return the statement around a place, as far as it is near."""
    first = max(0, start - _REACH)
    edge = max(code.rfind(sign, first, start) for sign in ";{}")
    found = _EDGE.search(code, end, end + _REACH)
    return (first if edge < 0 else edge + 1), (found.start() if found else min(len(code), end + _REACH))
