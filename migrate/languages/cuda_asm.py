"""Inline assembly: PTX instructions, each with its place in the string literals it is written in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from migrate.languages.cuda_source import Source
from migrate.languages.lexical import Literal

_STATEMENT = re.compile(
    r"(?:__)?asm(?:__)?\b\s*+(?:(?:volatile|__volatile__|__volatile|goto|inline|__inline__)\b\s*+)*+(?P<open>\()"
)
_GAP = re.compile(
    r"(?:\s|\\[ntrvf]|\\\r?\n|[{}]|//[^\n\\]*+|@!?%?[\w$%\[\]]++|%?[\w$]+:(?!:)|\.(?:reg|pred|align|loc)\b[^;]*+;?)*+"
)
_MNEMONIC = re.compile(r"[a-zA-Z][\w.:]*+(?:[ \t]++\.[a-zA-Z][\w.:]*+)*+")
_END = re.compile(r";")
_PTX = re.compile(
    r"(?:^|[;{}\s]|\\[nt])(?:@!?%?\w+\s+)?[a-z]\w*(?:\.\w[\w:]*)*\.(?:[usb](?:8|16|32|64|128)|f(?:16|32|64)|f16x2|bf16|bf16x2|tf32|pred"
    r"|sync|aligned|global|shared|local|async|param|const|gpu|cta|sys|cluster|proxy|approx|x[124]|trans|wait|mbarrier)\b"
    r"|%%?(?:laneid|warpid|smid|clock|globaltimer|lanemask_\w+|tid|ctaid|ntid|nctaid|cluster_ctarank)\b|\.reg\s"
    r"|\b(?:bar|membar|nanosleep|griddepcontrol|trap|brkpt|exit|prefetch|fence|createpolicy|mbarrier|wgmma|tcgen05|setmaxnreg)\."
)
_OPCODE = re.compile(
    r"(?:abs|activemask|add|addc|alloca|and|applypriority|atom|bar|barrier|bfe|bfi|bfind|bmsk|bra|brev|brkpt|brx"
    r"|call|clmad|clusterlaunchcontrol|clz|cnot|copysign|cos|cp|createpolicy|cvt|cvta|discard|div|dp2a|dp4a"
    r"|elect|ex2|exit|fence|fma|fns|getctarank|griddepcontrol|isspacep|istypep|ld|ldmatrix|ldu|lg2|lop3|mad"
    r"|mad24|madc|mapa|match|max|mbarrier|membar|min|mma|mov|movmatrix|mul|mul24|multimem|nanosleep|neg|not|or"
    r"|pmevent|popc|prefetch|prefetchu|prmt|rcp|red|redux|rem|ret|rsqrt|sad|selp|set|setmaxnreg|setp|shf|shfl"
    r"|shl|shr|sin|slct|sqrt|st|stackrestore|stacksave|stmatrix|sub|subc|suld|sured|sust|szext|tanh|tcgen05"
    r"|tensormap|testp|tex|tld4|trap|txq|suq|vabsdiff|vabsdiff2|vabsdiff4|vadd|vadd2|vadd4|vavrg2|vavrg4|vmad"
    r"|vmax|vmax2|vmax4|vmin|vmin2|vmin4|vote|vset|vset2|vset4|vshl|vshr|vsub|vsub2|vsub4|wgmma|wmma|xor)\Z"
)
"""First words of PTX instructions (PTX ISA 9.0, chapter Instruction Set)."""

_WITHOUT_SUFFIX = frozenset({"bra", "brkpt", "call", "exit", "pmevent", "ret", "trap"})
"""Instructions that may stand without a type or a modifier; all others are written with a dot."""

_SUFFIX = re.compile(
    r"\.(?:[usb](?:8|16|32|64|128)|f(?:16|32|64)(?:x2)?|bf16(?:x2)?|tf32|pred|e[245]m[0-9]\w*|sync|aligned|global|shared"
    r"|local|async|param|const|gpu|cta|sys|gl|cluster|proxy|approx|wide|lo|hi|rn|rz|rm|rp|uni|to|relaxed|acquire|release"
    r"|volatile|acq_rel|sc|arrive|wait\w*|try_wait|test_wait|init|inval|expect_tx|complete_tx|fence|all|any|ballot|idx|up"
    r"|down|bfly|commit_group|commit|launch_dependents|bulk|tensor|alloc|dealloc|mma\w*|cp|shift|tensormap|x[124]|L[12]|l[12])\b"
)
_ESCAPES = re.compile(r"(?:\\[ntrvf]|\\\r?\n|\s)+")
_LONGEST_TEMPLATE = 200_000
_LONGEST_INSTRUCTION = 400


class Instruction(NamedTuple):
    """One PTX instruction."""

    mnemonic: str
    text: str
    start: int
    """Offset in the file."""
    end: int


class Assembly(NamedTuple):
    """An inline assembly statement for the device."""

    keyword: int
    """Offset of `asm`."""
    end: int
    instructions: tuple[Instruction, ...]
    opaque: bool
    """Its text is made by macros, so the instructions are unknown."""


def statements(source: Source) -> Iterator[Assembly]:
    """Return the statements that are PTX; assembly of the host is left out."""
    for found in _STATEMENT.finditer(source.live):
        if found.start() and (source.live[found.start() - 1].isalnum() or source.live[found.start() - 1] == "_"):
            continue
        opening = found.start("open")
        close = source.brackets.close(opening)
        if close is None:  # then the text of the instructions is all that can be trusted
            literals = _LITERALS.match(source.live, opening + 1)
            close = literals.end() - 1 if literals else opening
        colon = _first_colon(source, opening + 1, close)
        pieces = source.lexed.strings_between(opening, colon)
        template = "".join(source.text[item.value_start : item.value_end] for item in pieces)[:_LONGEST_TEMPLATE]
        region = source.structure.region(found.start())
        device = region is not None and region.device
        names = _names_something(source.live, opening + 1, colon)
        if not template.strip():
            if names and (device or source.is_cuda):
                yield Assembly(found.start(), close + 1, (), opaque=True)
        elif device or _is_ptx(template):
            every = tuple(_instructions(template, pieces))
            instructions = tuple(item for item in every if _is_instruction(item.mnemonic, device=device))
            if every and not instructions:
                continue
            yield Assembly(found.start(), close + 1, instructions, opaque=names and not instructions)


def _is_ptx(template: str) -> bool:
    """Tell PTX from a host's assembly, whose instructions end with their line and whose operands may have names."""
    return ";" in template and "%[" not in template and _PTX.search(template) is not None


def _is_instruction(mnemonic: str, *, device: bool) -> bool:
    """Tell PTX from what other processors call alike; in device code also what the table does not know yet."""
    opcode, _, rest = mnemonic.partition(".")
    if not rest:
        return opcode in _WITHOUT_SUFFIX
    return (device or _OPCODE.match(opcode) is not None) and _SUFFIX.search(mnemonic) is not None


def _first_colon(source: Source, start: int, end: int) -> int:
    """Return where the operands begin."""
    position = start
    while found := _COLON_OR_OPEN.search(source.live, position, end):
        if found[0] == ":":
            return found.start()
        close = source.brackets.close(found.start()) if found[0] in "([{" else None
        position = found.end() if close is None else close + 1
    return end


_LITERALS = re.compile(r"(?:\s++|\w{0,2}\"[\s]*+\"?)*+")
_COLON_OR_OPEN = re.compile(r"::(?=\s*[\w$])|[:(\[{]")


def _names_something(live: str, start: int, end: int) -> bool:
    return re.search(r"[A-Za-z_]", live[start:end]) is not None


def _instructions(template: str, pieces: list[Literal]) -> Iterator[Instruction]:
    """Split the text of a statement at semicolons and map each instruction back to where it is written."""
    places = _Places(pieces)
    position = 0
    while position < len(template):
        gap = _GAP.match(template, position)
        start = gap.end() if gap else position
        stop = _END.search(template, start)
        end = stop.start() if stop else len(template)
        found = _MNEMONIC.match(template, start, end)
        if found:
            text = _ESCAPES.sub(" ", template[start : min(end, start + _LONGEST_INSTRUCTION)]).strip()
            left, right = places.span(start, max(found.end(), start + len(template[start:end].rstrip())))
            mnemonic = "".join(found[0].split()).lower().rstrip(".:")
            yield Instruction(mnemonic, text, left, right)
        position = max(end + 1, start + 1)


class _Places:
    """Maps offsets in joined string literals to offsets in the file."""

    def __init__(self, pieces: list[Literal]) -> None:
        self._pieces = pieces
        self._index = 0
        self._joined = 0

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the place of a stretch, cut at the end of the literal it begins in.

        Calls must go forward.
        """
        while self._index + 1 < len(self._pieces):
            length = self._pieces[self._index].value_end - self._pieces[self._index].value_start
            if start < self._joined + length:
                break
            self._joined += length
            self._index += 1
        piece = self._pieces[self._index]
        left = piece.value_start + start - self._joined
        return left, min(piece.value_end, left + end - start)
