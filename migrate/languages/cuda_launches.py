"""Where kernels are started: `<<<>>>`, macros around it, and every other place that hands a kernel on."""

from __future__ import annotations

import bisect
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from migrate.languages.cuda_macros import KernelMacro, parameters_of, pasted_names, pasting_macros
from migrate.languages.cuda_source import Source
from migrate.languages.cuda_structure import name_before
from migrate.languages.lexical import IDENTIFIER, next_token, skip_back, word_start
from migrate.model import Link, LinkKind

LAUNCH_CALLS: dict[str, dict[str, int]] = {
    "cudaLaunchKernel": {"kernel": 0, "grid": 1, "block": 2, "shared": 4, "stream": 5},
    "cudaLaunchCooperativeKernel": {"kernel": 0, "grid": 1, "block": 2, "shared": 4, "stream": 5},
    "cudaLaunchKernelEx": {"kernel": 1},
    "cudaLaunchKernelExC": {"kernel": 1},
    "cuLaunchKernel": {"kernel": 0, "grid": 1, "block": 4, "shared": 7, "stream": 8},
    "cuLaunchKernelEx": {"kernel": 1},
    "cuLaunchCooperativeKernel": {"kernel": 0, "grid": 1, "block": 4, "shared": 7, "stream": 8},
}
"""Calls that launch a kernel -> where the parts of the launch stand among their arguments."""

_LAUNCH = re.compile(r"(?<!<)<<<(?!<)")
_CONFIGURATION = re.compile(r"[(\[{;]|>>>|<<<")
_ROLES = ("grid", "block", "shared", "stream")
_LAUNCH_REACH = 4_000
_NAME_REACH = 600
_IN_BRACKETS = re.compile(r"\(\s*&?\s*(?P<name>[A-Za-z_]\w*(?:::\w+)*)\s*\)\Z")
_LAUNCHES = re.compile(r"[lL]aunch|LAUNCH|[kK]ernel|KERNEL")
_LAUNCH_WORDS = ("<<<", "aunch", "LAUNCH")
_VALUE = re.compile(
    r"(?:[=(,?](?:\s|\\[\r\n])*+&?|&)\s*+(?P<name>[A-Za-z_]\w*+(?:::\w++)*+)\s*+(?:<(?![<=])|(?<=\w)[,);])"
)
_NO_KERNELS = ("std::", "static_cast", "reinterpret_cast", "const_cast", "dynamic_cast")
_HANDED = re.compile(r"[\s&(]*(?:\(\s*(?:const\s+)?void\s*(?:const\s*)?\*\s*\)\s*&?)?(?P<name>[A-Za-z_]\w*(?:::\w+)*)")
_STATEMENT = re.compile(r"[;{}]")
_DECLARATION_REACH = 4_000


class Launch(NamedTuple):
    """One `<<<>>>`."""

    kernel: str
    """Name with template arguments; empty when an expression or a macro's parameter gives it."""
    start: int
    at: int
    """Offset of `<<<`."""
    end: int
    args: dict[str, str]
    macro: str = ""
    """The macro whose parameter names the kernel."""
    parameter: int = 0
    """Which parameter does."""


def plain(name: str) -> str:
    """Return a name without template arguments."""
    return name.partition("<")[0].strip()


def base(name: str) -> str:
    """Return a name without template arguments and namespaces."""
    return plain(name).rpartition("::")[2]


# ------------------------------------------------------------------------------------------------------- launches


def find_launches(source: Source) -> Iterator[Launch]:
    """Yield the launches, also those in the replacement of a macro."""
    for found in _LAUNCH.finditer(source.live):
        launch = _launch(source, found.start(), found.end())
        if launch is None:
            continue
        item = source.directive_at(launch.at)
        if item is not None and item.keyword == "define":
            named = parameters_of(source.live, item)
            if named and launch.kernel in named[1]:
                launch = launch._replace(kernel="", macro=named[0], parameter=named[1].index(launch.kernel))
        yield launch


def _launch(source: Source, at: int, after: int) -> Launch | None:
    text = source.text_around(at)
    before = skip_back(text, at)
    named = name_before(text, source.brackets, max(0, before - _NAME_REACH), at)
    if before == 0 or not (named or text[before - 1] in ")]>"):
        return None
    start, name = (named[1], source.argument(named[1], before) or named[0]) if named else _in_brackets(text, before)
    close = _configuration_end(source, after)
    parts = source.brackets.split(after, close) if close else []
    args = {role: source.argument(*part) for role, part in zip(_ROLES, parts, strict=False)}
    end = close + 3 if close else after
    opening = next_token(source.live, end)
    if source.live[opening : opening + 1] == "(" and (last := source.brackets.close(opening)) is not None:
        end = last + 1
    if name:
        args["kernel"] = name[: 2 * len(plain(name)) + 200]
    return Launch(name, start, at, end, args)


def _in_brackets(text: str, end: int) -> tuple[int, str]:
    """Return the name in `(kernel)<<<...>>>`; none in `(*pointer)` and in a call that returns a pointer."""
    first = max(0, end - _NAME_REACH)
    found = _IN_BRACKETS.match(text, max(first, text.rfind("(", first, end)), end)
    if found is None or text[word_start(text, found.start()) : found.start()]:
        return end, ""
    return found.start(), found["name"]


def _configuration_end(source: Source, start: int) -> int | None:
    live = source.live
    position = start
    limit = min(len(live), start + _LAUNCH_REACH)
    while found := _CONFIGURATION.search(live, position, limit):
        if found[0] == ">>>":
            return found.start()
        close = source.brackets.close(found.start()) if found[0] in "([{" else None
        if close is None:
            return None
        position = close + 1
    return None


# ---------------------------------------------------------------------------------------------------------- links


def launch_links(source: Source, launches: Iterable[Launch]) -> Iterator[Link]:
    """Yield links to the kernels that launches and uses of launching macros name."""
    macros: dict[str, int] = {}
    for launch in launches:
        if launch.macro:
            macros[launch.macro] = launch.parameter
        elif launch.kernel:
            yield _link(source, plain(launch.kernel), launch.start)
    for word, at, arguments in source.invocations(macros):
        if handed := _HANDED.match(arguments.get(str(macros[word]), "")):
            yield _link(source, handed["name"], at)


def handed_on(source: Source) -> Iterator[Link]:
    """Yield links for names that stand where a kernel of another file may: as values, and as what launchers are given.

    Most of them are no kernels; a link to a name that no kernel bears leads nowhere.
    """
    code = source.code
    seen: set[str] = set()
    for found in _VALUE.finditer(source.live) if any(word in source.live for word in _LAUNCH_WORDS) else ():
        name = found["name"]
        if name not in seen and (found[0][-1] == "<" or "&" in found[0]) and not name.startswith(_NO_KERNELS):
            seen.add(name)
            yield _link(source, name, found.start("name"))
    done = 0
    for found in _LAUNCHES.finditer(code):
        if found.start() < done:
            continue
        word = IDENTIFIER.match(code, word_start(code, found.start()))
        done = word.end() if word else found.end()
        if word is None or word[0] in LAUNCH_CALLS:
            continue
        opening = next_token(code, done)
        if code[opening : opening + 1] == "<" and (close := source.brackets.close_angle(opening)) is not None:
            opening = next_token(code, close + 1)
        for argument in source.arguments(opening).values() if code[opening : opening + 1] == "(" else ():
            if handed := _HANDED.match(argument):
                yield _link(source, handed["name"], found.start())


def mentioned(source: Source, kernels: Iterable[str]) -> Iterator[Link]:
    """Yield links to the kernels of the file, or declared in it, that stand anywhere but in their own heads.

    A kernel whose address is taken, or that is an argument of a function, a macro or a template, is started by others.
    """
    names = {base(kernel) for kernel in kernels} | set(_declared(source))
    done: set[str] = set()
    for found in IDENTIFIER.finditer(source.live) if names else ():
        word = found[0]
        if word in names and word not in done and not _is_head(source, word, found.start()):
            done.add(word)
            yield _link(source, word, found.start())


def _declared(source: Source) -> Iterator[str]:
    """Yield the names of kernels that the file only declares."""
    for at in source.kernel_heads:
        paren = source.code.find("(", at, at + _NAME_REACH)
        while paren >= 0:
            named = name_before(source.code, source.brackets, at, paren)
            close = source.brackets.close(paren)
            if named is None or close is None:
                break
            following = next_token(source.code, close + 1)
            if source.code[following : following + 1] == ";":
                yield base(named[0])
            paren = source.code.find("(", close + 1, at + _NAME_REACH)
            if paren >= 0 and _STATEMENT.search(source.code, close + 1, paren):
                break


def _is_head(source: Source, word: str, at: int) -> bool:
    """Tell whether a kernel's name stands in its own definition, in a declaration, or in an instantiation."""
    region = source.structure.region(at)
    while region is not None:
        if region.kernel and base(region.name) == word:
            return True
        region = region.parent
    heads = source.kernel_heads
    mark = heads[index] if (index := bisect.bisect_right(heads, at) - 1) >= 0 else -_DECLARATION_REACH - 1
    if at - mark > _DECLARATION_REACH:
        return False
    return _STATEMENT.search(source.code, mark, at) is None


def made_by_macros(source: Source, macros: Iterable[KernelMacro]) -> Iterator[Link]:
    """Yield links to macros that write kernels, when the file mentions one of the kernels that they write."""
    writers = {macro.name: macro for macro in macros if macro.whole}
    if not writers:
        return
    made = _names_made(source, writers)
    counts = Counter(found[0] for found in IDENTIFIER.finditer(source.code) if found[0] in made)
    for name, (macro, fewest) in made.items():
        if counts[name] >= fewest:
            yield _link(source, writers[macro].symbol, writers[macro].at)


def _names_made(source: Source, writers: dict[str, KernelMacro]) -> dict[str, tuple[str, int]]:
    """Return the names of the kernels that macros write -> the macro, and how often a started one is mentioned."""
    directives = [macro.directive for macro in writers.values()]
    pasting = pasting_macros(source.live, directives)
    made: dict[str, tuple[str, int]] = {}
    for word, _, arguments in source.invocations(writers):
        if word in pasting:
            made |= {name: (word, 1) for name, _ in pasted_names(pasting[word], arguments)}
        if named := arguments.get(str(writers[word].argument), ""):
            made[named] = (word, 2)
    return made


def _link(source: Source, name: str, at: int) -> Link:
    return Link(kind=LinkKind.LAUNCH, to=name, line=source.lines.line(at))
