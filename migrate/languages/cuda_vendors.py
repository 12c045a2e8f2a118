"""What C, C++ and CUDA files already say to other vendors.

Two things that no rule asks for: CUDA names that a header maps to another vendor's, and files that are written for
another vendor altogether.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Iterator

from migrate.languages.cuda_source import Source
from migrate.languages.cuda_structure import Region, RegionKind
from migrate.languages.cuda_words import PLAIN_NAME
from migrate.languages.lexical import IDENTIFIER, Directive, Lexed, anchors, word_start, words
from migrate.languages.preprocessor import EVERYBODY, Preprocessed, targets_of_path
from migrate.model import Link, LinkKind, UseKind
from migrate.model.links import BACKEND, SHIM

_HIP_VERBS = (
    "Malloc|Free|Memcpy|Memset|Mem|Stream|Event|Device|Get|Set|Launch|Module|Error|Success|Host|Graph|Func|Ctx|Init"
    "|Peek|Array|Pointer|Occupancy|Runtime|Driver|Ipc|Tex|Profiler|BLAS|CUB"
)
_PARTS = ("blas", "fft", "rand", "sparse", "solver", "cub", "prim")
VENDOR_NAMES = {
    "rocm": (
        rf"hip(?:{_HIP_VERBS})\w*|HIP_KERNEL_NAME|(?:roc|hip)(?:{'|'.join(_PARTS)})\w*"
        r"|miopen[A-Z]\w*"
    ),
    "cann": (
        r"acl(?:rt|nn|op|blas|mdl|tdt)[A-Z]\w*|acl(?:Init|Finalize|Tensor)|AscendC|EXEC_NPU_\w+|(?:at|c10)_npu"
        r"|Hccl[A-Z]\w*"
    ),
    "musa": rf"musa(?:{_HIP_VERBS})\w*|mu(?:blas|fft|rand|dnn|sparse|solver)[A-Z]\w*|mccl[A-Z]\w*|(?:at|torch)_musa",
    "mlu": r"(?:cnrt|cnnl|cncl)[A-Z]\w*|__mlu_\w+__|__bang_\w+|torch_mlu|mluOp[A-Z]\w*",
    "intel": r"(?:sycl|dpct)(?=\s?::)",
}
"""Target id -> the names that only its own programming interfaces have."""

_VENDOR_LITERALS = (
    "hip",
    "miopen",
    "acl",
    "AscendC",
    "EXEC_NPU",
    "at_npu",
    "c10_npu",
    "Hccl",
    "HIP_KERNEL",
    "musa",
    "mudnn",
    "mccl",
    "cnrt",
    "cnnl",
    "cncl",
    "__mlu",
    "__bang",
    "torch_mlu",
    "mluOp",
    "sycl",
    "dpct",
    *(f"{vendor}{part}" for vendor in ("roc", "mu") for part in _PARTS),
)
"""Literals one of which each of these names holds."""
_VENDORS = {target: re.compile(rf"(?:{names})(?![\w$])") for target, names in VENDOR_NAMES.items()}
_MEANT = re.compile(
    r"\W*(?:(?P<rocm>(?:hip|HIP|roc|rccl|miopen)\w+)|(?P<cann>(?:acl|ACL|Hccl|HCCL|hccl)\w+)"
    r"|(?P<musa>(?:musa|MUSA|mublas|mccl|mu[A-Z])\w*)|(?P<mlu>(?:cnrt|CNRT|cnnl|cncl)\w+)|(?P<intel>sycl|dpct))"
)
"""What a CUDA name is made to mean, by how the vendors begin their names."""
_MEANT_LITERALS = (
    "hip",
    "HIP",
    "roc",
    "rccl",
    "miopen",
    "acl",
    "ACL",
    "Hccl",
    "HCCL",
    "hccl",
    "musa",
    "MUSA",
    "mccl",
    "cnrt",
    "CNRT",
    "cnnl",
    "cncl",
    "sycl",
    "dpct",
    *(f"mu{letter}" for letter in ("blas", *string.ascii_uppercase)),
)
"""Literals one of which each of these words holds."""
_DEFINE = re.compile(r"[ \t]*(?P<name>[A-Za-z_]\w*+)(?P<parameters>\([^()\r\n]{0,400}\))?")
_ALIAS = re.compile(
    r"\busing\s{1,8}(?P<using>\w+)\s{0,8}=\s{0,8}(?P<a>[\w:]+)"
    r"|\btypedef\s{1,8}(?:(?:struct|enum)\s{1,8})?(?P<b>[\w:]++)\s{0,8}\*{0,2}\s{0,8}(?P<typedef>\w++)\s{0,8};"
    r"|\bnamespace\s{1,8}(?P<space>\w+)\s{0,8}=\s{0,8}(?P<c>[\w:]+)"
    r"|\b(?:constexpr|const|auto)\s{1,8}&{0,2}(?P<constant>\w+)\s{0,8}=\s{0,8}&?(?P<d>[\w:]+)\s{0,8};"
)
_ALIAS_KEYWORDS = ("using", "typedef", "namespace", "constexpr", "const", "auto")
_NAMED = (UseKind.CALL, UseKind.NAME, UseKind.MACRO, UseKind.LAUNCH)


def backend_links(lexed: Lexed, places: Preprocessed, path: str) -> Iterator[Link]:
    """Yield the targets that the whole file is written for.

    Its content says so: names of the target's interfaces that every build compiles, or any of them in a file that
    bears the target's name.
    """
    named = targets_of_path(path)
    first: dict[str, int] = {}
    for target, at in _mentions(lexed.masked):
        if target in first or places.state(at).disabled:
            continue
        if target in named or not places.is_conditional(at):
            first[target] = at
    for target in VENDOR_NAMES:
        if target in first:
            yield Link(kind=LinkKind.BINDING, to=target, via=BACKEND, line=lexed.lines.line(first[target]))


def _mentions(masked: str) -> Iterator[tuple[str, int]]:
    """Yield targets and where the names of their interfaces stand, found in one pass over the text."""
    for start in _words_with(_VENDOR_LITERALS, masked):
        yield from ((target, start) for target, names in _VENDORS.items() if names.match(masked, start))


def _words_with(literals: tuple[str, ...], masked: str) -> Iterator[int]:
    """Yield where the words begin that hold one of many literals."""
    done = 0
    for hit, _ in anchors(literals).hits(masked):
        if hit < done:
            continue
        start = word_start(masked, hit)
        found = IDENTIFIER.match(masked, start)
        done = found.end() if found else hit + 1
        yield start


def shim_links(source: Source) -> Iterator[Link]:
    """Yield the CUDA names to which the file gives a meaning on another target."""
    if not _may_give(source):
        return
    seen: set[tuple[str, str]] = set()
    for name, at, meant in _given(source):
        for target in _targets(source, at, meant):
            if (name, target) not in seen:
                seen.add((name, target))
                line = source.lines.line(at)
                yield Link(kind=LinkKind.BINDING, to=name, via=f"{SHIM}{target}", line=line)


def _may_give(source: Source) -> bool:
    """Tell whether anything in the file can be for another target: its path, a branch, or a word."""
    if source.places.foreign or targets_of_path(source.file.path):
        return True
    return any(_MEANT.match(source.live, start) for start in _words_with(_MEANT_LITERALS, source.live))


def _given(source: Source) -> Iterator[tuple[str, int, str]]:
    """Yield names of CUDA's that are defined here, with their places and what they are made to mean."""
    for item in source.lexed.directives:
        if item.keyword == "define" and (given := _defined(source, item)):
            name, at, meant = given
            if _is_wanted(source, name):
                yield given
            elif name in source.qualified.roots and PLAIN_NAME.match(meant.strip()):
                yield f"{name}::", at, meant
    starts = sorted(at for keyword in _ALIAS_KEYWORDS for at in words(source.code, keyword))
    for found in filter(None, (_ALIAS.match(source.code, at) for at in starts)):
        kind = next(kind for kind in ("using", "typedef", "space", "constant") if found[kind])
        name, meant = found[kind], next(found[key] for key in "abcd" if found[key])
        if kind == "space":
            if name in source.qualified.roots:
                yield f"{name}::", found.start(), meant
        elif _is_wanted(source, name):
            yield name, found.start(), meant
    for region in source.structure.regions:
        if _is_outermost(region) and not region.kernel and not region.abandoned:
            yield from ((name, at, "") for name, at in _named_by(source.code, region) if _is_wanted(source, name))


def _is_outermost(region: Region) -> bool:
    """Tell whether nothing is around a region but, maybe, a linkage specification."""
    above = region.parent
    return above is None or (above.kind is RegionKind.BLOCK and above.parent is None)


def _named_by(code: str, region: Region) -> Iterator[tuple[str, int]]:
    """Yield the names that a region defines: a function that does something, a type, the constants of an enum."""
    if region.kind is RegionKind.FUNCTION:
        if not _REFUSES.match(code, region.open + 1):
            yield region.name, region.name_at
    elif region.kind in (RegionKind.TYPE, RegionKind.ENUM):
        yield region.name, region.name_at
        if named := _BEHIND.match(code, region.close):
            yield named[1], named.start(1)
        if region.kind is RegionKind.ENUM:
            constants = _CONSTANT.finditer(code, region.open, region.close)
            yield from ((constant[1], constant.start(1)) for constant in constants)


_REFUSES = re.compile(
    r"\s*+return\s++\w*?(?i:error|unknown|not_?supported|unsupported|not_?implemented)\w*+\s*+;\s*+\}"
)
"""Body of a function that only says that it does nothing."""
_BEHIND = re.compile(r"\s*+\*?\s*+([A-Za-z_]\w*+)\s*+;")
"""Name that a `typedef` gives to what stands before it in braces."""
_CONSTANT = re.compile(r"[{,]\s*+([A-Za-z_]\w*+)")


def _defined(source: Source, item: Directive) -> tuple[str, int, str] | None:
    found = _DEFINE.match(source.live, item.body, item.end)
    if found is None:
        return None
    body = source.live[found.end() : min(item.end, found.end() + _DEFINE_REACH)]
    return found["name"], item.start, body


_DEFINE_REACH = 400


def _is_wanted(source: Source, name: str) -> bool:
    return any(source.wants(kind, name) for kind in _NAMED)


def _targets(source: Source, at: int, meant: str) -> Iterable[str]:
    """Return the targets for which a definition is: by what it means, by its condition, by whose file it is."""
    state = source.places.state(at)
    if state.disabled:
        return ()
    found = _MEANT.match(meant)
    if found is not None:
        return (found.lastgroup or "",)
    if state.foreign:
        return tuple(guard for guard in state.guards if guard != EVERYBODY)
    return sorted(targets_of_path(source.file.path))
