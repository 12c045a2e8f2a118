"""What C, C++ and CUDA files offer to others and need from them, and what they already say to other vendors.

Four things that no rule asks for: bindings to Python, functions that one file defines and another calls, CUDA names
that a header maps to another vendor's, and files that are written for another vendor altogether.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterable, Iterator

from migrate.languages.cuda_source import Source
from migrate.languages.cuda_structure import RegionKind, Structure
from migrate.languages.cuda_words import CONTROL, NOT_TYPES
from migrate.languages.lexical import (
    Brackets,
    Directive,
    Lexed,
    Lines,
    blank_ranges,
    next_token,
    skip_back,
    word_start,
    words,
)
from migrate.languages.preprocessor import EVERYBODY, Preprocessed, targets_of_path
from migrate.model import Link, LinkKind, Role, SourceFile, UseKind
from migrate.model.links import BACKEND, FUNCTION, MODULE, OPS, PROVIDES, SHIM

BINDING_MACROS = {
    "PYBIND11_MODULE": MODULE,
    "NB_MODULE": MODULE,
    "BOOST_PYTHON_MODULE": MODULE,
    "TORCH_LIBRARY": OPS,
    "TORCH_LIBRARY_FRAGMENT": OPS,
    "TORCH_LIBRARY_IMPL": OPS,
    "STABLE_TORCH_LIBRARY": OPS,
    "STABLE_TORCH_LIBRARY_FRAGMENT": OPS,
    "STABLE_TORCH_LIBRARY_IMPL": OPS,
}
"""Macro that offers names to Python -> what its first argument names."""

_BINDS = ("PYBIND11_MODULE", "NB_MODULE", "BOOST_PYTHON_MODULE", "TORCH_LIBRARY", "RegisterOperators", "PyInit_")
"""Literals one of which stands in every file that offers something to Python."""
_PLAIN_NAME = re.compile(r"[A-Za-z_]\w*\Z")
_INIT = re.compile(r"\bPyInit_(\w+)\s*\(")
_REGISTERED = re.compile(r"\.(?:def|impl|op)\s*+\(\s*+(?:\w+(?:::\w+)?\(\s*+)?(?=\")")
_OPERATOR = re.compile(r"(?:([A-Za-z_]\w*)::)?([A-Za-z_]\w*)")

_WORTH_CALLS = re.compile(r"(?i:cuda|gpu|kernel|launch)|TORCH_LIBRARY|PYBIND11|NB_MODULE|RegisterOperators")
"""A file without any of these calls no function that leads to a kernel."""
_CALLED = re.compile(r"\b([A-Za-z_]\w*+)(?:<[^<>;(){}]{0,120}>)?\s{0,8}\(")
_HANDED = re.compile(
    r"(?:\bTORCH_(?:FN|BOX)\(\s{0,8}&?|&\s{0,4}|\"\s{0,4},\s{0,40})(?:[A-Za-z_]\w*+::){0,8}([A-Za-z_]\w*+)\s{0,8}[,)]"
)
"""A function that is handed over: boxed, by its address, or behind the name it is registered under."""
_OWNER = re.compile(r"(?:[A-Za-z_]\w*+\s?::\s?)+\Z")
_OWNER_REACH = 80
_FOREIGN_SPACES = tuple(
    f"{space}::" for space in ("std", "at", "torch", "c10", "thrust", "cub", "cute", "cutlass", "py", "pybind11", "nb")
)
_PLATFORM = re.compile(r"(?:cuda|cublas|cudnn|cufft|curand|cusparse|cusolver|nccl|nvtx|cu|hip)[A-Z]")
_MOST_CALLS = 400
"""Distinct callees that one file may name; hand-written files stay far below (judgement)."""
SHORTEST_NAME = 3
"""A function's name with fewer letters says nothing about which function is meant."""


def file_links(file: SourceFile, lexed: Lexed, places: Preprocessed) -> list[Link]:
    """Return what a file is bound to and written for; these links need no CUDA name in the file."""
    text = lexed.text
    links = list(_backend_links(lexed, places, file.path))
    binds = any(literal in text for literal in _BINDS)
    calls = file.role != Role.VENDORED and _WORTH_CALLS.search(text) is not None
    if links or binds or calls:
        live = blank_ranges(lexed.masked, places.disabled())
        code = blank_ranges(live, [(item.start, item.end) for item in lexed.directives])
        if links:  # what it defines tells whose twin it is, whether or not it names CUDA
            structure = Structure(code, Brackets(live), places.marks, list(words(code, "__global__")), {})
            links += _definition_links(structure, code, lexed.lines)
        if binds:
            links += _binding_links(lexed, code)
        if calls:
            links += _call_links(lexed, code, binds=binds)
    return links


def source_links(source: Source) -> list[Link]:
    """Return the functions that a file defines, and the CUDA names that it maps to another vendor's."""
    return [*_definition_links(source.structure, source.code, source.lines), *_shim_links(source)]


# ---------------------------------------------------------------------------------------------- offers to Python


def _binding_links(lexed: Lexed, code: str) -> Iterator[Link]:
    """Yield the modules and operators that a file offers."""
    owners: list[tuple[int, str]] = [(at, "") for at in words(code, "RegisterOperators")]
    for at, prefix, name in _declared(code):
        owners.append((at, name if prefix == OPS else _NO_OPERATORS))
        yield _provides(f"{prefix}{name}", lexed, at)
    for found in _INIT.finditer(code):
        yield _provides(f"{MODULE}{found[1]}", lexed, found.start())
    yield from _operator_links(lexed, code, sorted(owners))


def _declared(code: str) -> Iterator[tuple[int, str, str]]:
    """Yield place, kind and name of what binding macros declare."""
    brackets = Brackets(code)
    for macro, prefix in BINDING_MACROS.items():
        for at in words(code, macro):
            opening = next_token(code, at + len(macro))
            parts = brackets.arguments(opening) if code[opening : opening + 1] == "(" else None
            name = code[slice(*parts[0])].strip() if parts else ""
            if _PLAIN_NAME.match(name):
                yield at, prefix, name


_NO_OPERATORS = "."
"""Owner of what is registered in a module that offers functions, not operators."""


def _operator_links(lexed: Lexed, code: str, owners: list[tuple[int, str]]) -> Iterator[Link]:
    """Yield the operators that are registered, each under the library that was opened last before it."""
    starts = [at for at, _ in owners]
    spaces: set[str] = set()
    for found in _REGISTERED.finditer(code):
        index = bisect.bisect_right(starts, found.start()) - 1
        literal = lexed.string_at(found.end() + 1)
        if index < 0 or literal is None or owners[index][1] == _NO_OPERATORS:
            continue
        named = _OPERATOR.match(lexed.text, literal.value_start, literal.value_end)
        opened = owners[index][1]
        if named is None or not (space := named[1] or opened):
            continue
        if space != opened and space not in spaces:
            spaces.add(space)
            yield _provides(f"{OPS}{space}", lexed, found.start())
        yield _provides(f"{OPS}{space}::{named[2]}", lexed, found.start())


def _provides(what: str, lexed: Lexed, at: int) -> Link:
    return Link(kind=LinkKind.BINDING, to=what, via=PROVIDES, line=lexed.lines.line(at))


# ------------------------------------------------------------------------------------------ functions and calls


def _definition_links(structure: Structure, code: str, lines: Lines) -> Iterator[Link]:
    """Yield the functions that other files can call: at namespace level, not on the device only, not a kernel."""
    seen: set[str] = set()
    for region in structure.functions():
        name = region.name.partition("<")[0].rpartition("::")[2]
        inside = region.parent is not None and region.parent.kind is RegionKind.TYPE
        if inside or region.kernel or region.device or name in seen or not is_own_function(name):
            continue
        if _is_static(code, region.start, region.name_at):
            continue
        seen.add(name)
        yield Link(kind=LinkKind.BINDING, to=f"{FUNCTION}{name}", via=PROVIDES, line=lines.line(region.name_at))


def _is_static(code: str, start: int, end: int) -> bool:
    return next(words(code, "static", start, end), None) is not None


def _call_links(lexed: Lexed, code: str, *, binds: bool) -> Iterator[Link]:
    """Yield the functions that a file calls or hands to Python, each once."""
    seen: set[str] = set()
    handed = _HANDED.finditer(code) if binds else iter(())
    calls = (found for found in _CALLED.finditer(code) if found[1] not in seen)
    for found, is_call in (*((each, False) for each in handed), *((each, True) for each in calls)):
        name = found[1]
        if name in seen or not is_own_function(name) or (is_call and not _is_plain_call(code, found.start())):
            continue
        seen.add(name)
        yield Link(kind=LinkKind.CALL, to=name, line=lexed.lines.line(found.start(1)))
        if len(seen) >= _MOST_CALLS:
            return


def _is_plain_call(code: str, start: int) -> bool:
    """Tell a call of a function from a method's, from another library's, and from a declaration."""
    before = code[start - 1 : start]
    if before in (".", "~") or code[start - 2 : start] == "->":
        return False
    if before == ":" and (owner := _OWNER.search(code, max(0, start - _OWNER_REACH), start)):
        start = owner.start()
        if code.startswith(_FOREIGN_SPACES, start):
            return False
    return not _follows_type(code, start)


def _follows_type(code: str, start: int) -> bool:
    """Tell a declaration, `int f(int)`, from a call by what stands before the name."""
    end = skip_back(code, start)
    if code[end - 1 : end] in ("*", "&", ">"):
        return True
    word = code[word_start(code, end) : end]
    return bool(word) and word not in _BEFORE_CALLS


_BEFORE_CALLS = frozenset({"return", "else", "do", "case", "throw", "co_return", "co_await", "and", "or", "not"})
"""Words that may stand before a call; others make what follows a declaration."""


def is_own_function(name: str) -> bool:
    """Tell whether a name can be that of a function of the repository, and not a macro's or the platform's."""
    return (
        len(name) >= SHORTEST_NAME
        and not name.isupper()
        and name not in CONTROL
        and name not in NOT_TYPES
        and name != "main"
        and not _PLATFORM.match(name)
        and _PLAIN_NAME.match(name) is not None
    )


# ----------------------------------------------------------------------------------------------- other vendors

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

_LITERALS = {
    "rocm": ("hip", "HIP_KERNEL", *(f"roc{part}" for part in _PARTS), "miopen"),
    "cann": ("acl", "AscendC", "EXEC_NPU", "at_npu", "c10_npu", "Hccl"),
    "musa": ("musa", "at_musa", "torch_musa", *(f"mu{part}" for part in _PARTS), "mudnn", "mccl"),
    "mlu": ("cnrt", "cnnl", "cncl", "__mlu", "__bang", "torch_mlu", "mluOp"),
    "intel": ("sycl", "dpct"),
}
"""Target id -> literals with one of which each of these names begins; searching for them is cheap."""
_MOST_MENTIONS = 1_000
"""Names in conditions that are passed over in search of one that is not; a back end has one near its beginning."""
_VENDORS = {target: re.compile(rf"(?:{names})(?![\w$])") for target, names in VENDOR_NAMES.items()}
_MEANT = re.compile(
    r"\W*(?:(?P<rocm>(?:hip|HIP|roc|rccl|miopen)\w+)|(?P<cann>(?:acl|ACL|Hccl|HCCL|hccl)\w+)"
    r"|(?P<musa>(?:musa|MUSA|mublas|mccl|mu[A-Z])\w*)|(?P<mlu>(?:cnrt|CNRT|cnnl|cncl)\w+)|(?P<intel>sycl|dpct))"
)
"""What a CUDA name is made to mean, by how the vendors begin their names."""
_DEFINE = re.compile(r"[ \t]*(?P<name>[A-Za-z_]\w*+)(?P<parameters>\([^()\r\n]{0,400}\))?")
_ALIAS = re.compile(
    r"\busing\s{1,8}(?P<using>\w+)\s{0,8}=\s{0,8}(?P<a>[\w:]+)"
    r"|\btypedef\s{1,8}(?:(?:struct|enum)\s{1,8})?(?P<b>[\w:]+)\s{1,8}\*{0,2}(?P<typedef>\w+)\s{0,8};"
    r"|\bnamespace\s{1,8}(?P<space>\w+)\s{0,8}=\s{0,8}(?P<c>[\w:]+)"
    r"|\b(?:constexpr|const|auto)\s{1,8}&{0,2}(?P<constant>\w+)\s{0,8}=\s{0,8}&?(?P<d>[\w:]+)\s{0,8};"
)
_NAMED = (UseKind.CALL, UseKind.NAME, UseKind.MACRO, UseKind.LAUNCH)


def _backend_links(lexed: Lexed, places: Preprocessed, path: str) -> Iterator[Link]:
    """Yield the targets that the whole file is written for.

    Its content says so: names of the target's interfaces that every build compiles, or any of them in a file that
    bears the target's name.
    """
    named = targets_of_path(path)
    for target in VENDOR_NAMES:
        for at in _mentions(lexed.masked, target):
            if not places.state(at).disabled and (target in named or not places.is_conditional(at)):
                yield Link(kind=LinkKind.BINDING, to=target, via=BACKEND, line=lexed.lines.line(at))
                break


def _mentions(masked: str, target: str) -> Iterator[int]:
    """Yield where the names of a target's interfaces stand, found by what is cheap to search for."""
    names = _VENDORS[target]
    for literal in _LITERALS[target]:
        at = masked.find(literal)
        for _ in range(_MOST_MENTIONS):
            if at < 0:
                break
            before = masked[at - 1 : at]
            if not (before.isalnum() or before == "_") and names.match(masked, at):
                yield at
            at = masked.find(literal, at + len(literal))


def _shim_links(source: Source) -> Iterator[Link]:
    """Yield the CUDA names to which the file gives a meaning on another target."""
    seen: set[tuple[str, str]] = set()
    for name, at, meant in _given(source):
        for target in _targets(source, at, meant):
            if (name, target) not in seen:
                seen.add((name, target))
                line = source.lines.line(at)
                yield Link(kind=LinkKind.BINDING, to=name, via=f"{SHIM}{target}", line=line)


def _given(source: Source) -> Iterator[tuple[str, int, str]]:
    """Yield names of CUDA's that are defined here, with their places and what they are made to mean."""
    for item in source.lexed.directives:
        if item.keyword == "define" and (given := _defined(source, item)) and _is_wanted(source, given[0]):
            yield given
    for found in _ALIAS.finditer(source.code):
        kind = next(kind for kind in ("using", "typedef", "space", "constant") if found[kind])
        name, meant = found[kind], next(found[key] for key in "abcd" if found[key])
        if kind == "space":
            if name in source.qualified.roots:
                yield f"{name}::", found.start(), meant
        elif _is_wanted(source, name):
            yield name, found.start(), meant
    for region in source.structure.functions():
        if region.parent is None and not region.kernel and _is_wanted(source, region.name):
            yield region.name, region.name_at, ""


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
