"""What a vocabulary asks of Python files, prepared once: which names, which beginnings of names, which literals.

A dotted name can only be meant where a name stands that the file bound to it, or the name of its first module; methods,
strings and environment variables show themselves. So a file is searched for those, and names are followed from there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import NamedTuple

import ahocorasick_rs

from migrate.languages.python_code import BODY_MARKS, MARKS
from migrate.languages.python_guards import GUARD_LITERALS, is_guard_word
from migrate.languages.python_names import FACTORIES
from migrate.model import NameSet, UseKind, Vocabulary

_NAMED = (UseKind.CALL, UseKind.ATTRIBUTE, UseKind.KERNEL, UseKind.NAME, UseKind.LAUNCH)
_VALUES = (UseKind.STRING, UseKind.ENV, UseKind.FLAG)
"""Kinds that are named by the value of a string literal."""
_ALWAYS = ("torch.ops", "torch.version.hip")
"""Names that make links or guards, whoever asks."""
_ALWAYS_GLOBS = ("torch.ops.*",)
_LINKS = (
    "__import__", "import_module", "importorskip", "import(", "Import(",
    ": import ", ":import ", "; import ", ";import ", ": from ", "; from ",
    "DLL", "cdll", "LoadLibrary", "load_library", "get_function",
)  # fmt: skip
"""Literals of statements that link files, besides import statements and the ones rules ask for."""
_SOURCES = ('.cu"', ".cu'", '.cuh"', ".cuh'")
"""Ends of paths of native sources; a statement that holds one may read it."""
_LAUNCHES = frozenset({"](", "block="})
"""Stand in the launch of a kernel; too common elsewhere to mean anything in a file that names no platform."""
_WHOLE = (
    "RawKernel",
    "RawModule",
    "ElementwiseKernel",
    "ReductionKernel",
    "SourceModule",
    "load_inline",
    "_create_jit_fn",
    "_compile_kernel",
    "CUSource",
    "compile_using_nvrtc",
    "compile_with_cache",
    "nvrtc",
    "cuda.core",
    "cpp_extension",
    "Extension(",
    "install_requires",
    "extras_require",
)
"""Literals of constructs whose arguments may stand anywhere in the file: then all of it is parsed."""
_DYNAMIC = ("exec(", "eval(")
"""Literals of statements that run what the program puts together."""
_CHAIN = re.compile(r"(?:\.[A-Za-z_]\w*+){1,6}")
_ANNOTATION_BEFORE = frozenset(":[|>")
"""What stands before a name that only annotates, or is an element: it is then no new name for what it names."""
_PIECE = re.compile(r"\*|\[A-Z\]")
_PLAIN = re.compile(r"[^\\\"'{}%\n]+\Z")


_ROOT, _METHOD, _QUOTED, _ANYWHERE, _LINK, _WHOLE_FILE, _GUARD, _KEYWORD, _CODE, _RUN, _MEMBER, _IN_VARIABLE = (
    1 << bit for bit in range(12)
)
"""What a literal in the text may be, and so what must stand around it; a sum of these."""


_MOST_NAMES = 100_000
"""Answers kept per process; scanned code makes up the questions."""


class Hits(NamedTuple):
    """Where a file's text holds what may matter, as offsets."""

    wanted: list[int]
    """Methods, strings and environment variables that rules ask for."""
    modules: dict[str, list[int]]
    """First parts of wanted names that stand as identifiers: what follows them tells whether they matter."""
    links: list[int]
    guards: list[int]
    code: list[int]
    """Words of device code."""
    dynamic: list[int]
    whole: bool = False
    """The file must be parsed whole."""

    @property
    def any(self) -> bool:
        """Tell whether there may be anything that rules ask for."""
        return bool(self.wanted or self.modules)


ALWAYS = ""
"""Stands for a name's meaning when every line that holds the name matters."""


class Wanted:
    """A vocabulary, indexed for the questions that a reader of Python asks."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        exact: set[str] = set(_ALWAYS)
        globs: set[str] = set()
        for kind in _NAMED:
            if names := vocabulary.names.get(kind):
                exact |= names.exact
                globs |= set(names.globs)
        self._exact = exact
        self._dotted = NameSet(exact=frozenset(exact), globs=tuple(sorted({*globs, *_ALWAYS_GLOBS})))
        self._beginnings = {name[:dot] for name in exact for dot in _dots(name)}
        self._stems = tuple(sorted({_stem(glob) for glob in (*globs, *_ALWAYS_GLOBS)} - {""}))
        self._endings = NameSet(globs=tuple(sorted(glob for glob in globs if not _stem(glob))))
        self._stem_beginnings = {stem[:dot] for stem in self._stems for dot in _dots(stem)}
        roots = {name.partition(".")[0] for name in (*exact, *self._stems)}
        self.roots = frozenset(root for root in roots if root.isidentifier())
        """First parts of wanted dotted names: they mean the platform even where no import shows."""
        self._told_apart = _told_apart(vocabulary)
        variables = vocabulary.names.get(UseKind.ENV, NameSet())
        self._variables = NameSet(exact=variables.exact, globs=tuple(filter(_stem, variables.globs)))
        self._asked: dict[tuple[UseKind, str], bool] = {}
        self._members: dict[tuple[UseKind, str, str], bool] = {}
        self._leads: dict[str, bool] = {}
        self._parts_asked: dict[tuple[str, bool], bool] = {}
        self._means = self._literals(exact, globs)
        self._patterns = list(self._means)
        self._automaton = ahocorasick_rs.AhoCorasick(self._patterns, implementation=ahocorasick_rs.Implementation.DFA)

    def _literals(self, exact: set[str], globs: set[str]) -> dict[str, int]:
        means: dict[str, int] = {}

        def add(literal: str, meaning: int) -> None:
            if literal:
                means[literal] = means.get(literal, 0) | meaning

        for root in self.roots:
            add(root, _ROOT)
        for name in exact | globs:
            if name.startswith("."):
                add(_stem(name[1:]), _METHOD if name in exact else _MEMBER)
            elif name.startswith(("*", "[")):
                add(max(_PIECE.split(name), key=len), _ANYWHERE)
        for kind in _VALUES:
            if names := self.vocabulary.names.get(kind):
                for value in (*names.exact, *names.globs):
                    literal, meaning = _value_literal(value)
                    is_part = kind == UseKind.ENV and meaning == _ANYWHERE
                    add(literal, _IN_VARIABLE if is_part else meaning)
        for literal in _LAUNCHES:
            add(literal, _LINK)
        if names := self.vocabulary.names.get(UseKind.ENV):
            for name in (*names.exact, *map(_stem, names.globs)):
                add(name, _KEYWORD)
        meanings = (
            ((*_LINKS, *_SOURCES), _LINK),
            (_WHOLE, _WHOLE_FILE),
            (GUARD_LITERALS, _GUARD),
            ((*MARKS, *BODY_MARKS), _CODE),
            (_DYNAMIC, _RUN),
        )
        for literals, meaning in meanings:
            for literal in literals:
                add(literal, meaning)
        return means

    def asks(self, kind: UseKind, name: str) -> bool:
        """Tell whether a rule or table may match this kind and name."""
        key = (kind, name)
        known = self._asked.get(key)
        if known is None:
            known = self._asked[key] = self.vocabulary.wants(kind, name)
        return known

    def names_variable(self, name: str) -> bool:
        """Tell whether a name is known to be an environment variable's, wherever it stands."""
        return name in self._variables

    def asked_import(self, name: str) -> str:
        """Return the longest beginning of an imported name that is asked for, empty when none is."""
        while name and not self.asks(UseKind.IMPORT, name):
            name = name.rpartition(".")[0]
        return name

    def asked_from(self, module: str, name: str) -> str:
        """Return what an imported name counts as: itself where rules tell it from others, else what its module does.

        Members of a package that are asked for only because the package is one say nothing of their own.
        """
        return name if name in self._told_apart else self.asked_import(module) or self.asked_import(name)

    def asks_member(self, kind: UseKind, owner: str, name: str) -> bool:
        """Tell whether a name is asked for as a member of a class, not merely as part of the class's module."""
        key = (kind, owner, name)
        known = self._members.get(key)
        if known is None:
            names = self.vocabulary.names.get(kind)
            known = self._members[key] = names is not None and (
                name in names.exact
                or any(_stem(glob).startswith(f"{owner}.") and name in names for glob in names.globs)
            )
        return known

    def leads(self, name: str) -> bool:
        """Tell whether a dotted name is a wanted one or may be followed by parts that make it one."""
        known = self._leads.get(name)
        if known is None:
            known = self._leads[name] = (
                name in self._exact
                or (name in FACTORIES and self.leads(FACTORIES[name]))
                or name in self._beginnings
                or name in self._stem_beginnings
                or name.startswith(self._stems)
                or name in self._endings
            )
        return known

    def lists(self, name: str) -> bool:
        """Tell whether a dotted name is known itself or as a module of known names, not merely by its beginning."""
        return name in self._exact or name in self._beginnings

    def hits(self, text: str) -> Hits:
        """Find the literals in a text."""
        hits = Hits([], {}, [], [], [], [])
        launches: list[int] = []
        whole = False
        patterns, all_means = self._patterns, self._means
        for index, start, end in self._automaton.find_matches_as_indexes(text, overlapping=True):
            literal = patterns[index]
            means = all_means[literal]
            if means & _ROOT and _is_identifier(text, start, end):
                hits.modules.setdefault(literal, []).append(start)
            if _shows(text, start, end, means):
                hits.wanted.append(start)
            if means & _LINK:
                (launches if literal in _LAUNCHES else hits.links).append(start)
            if means & _WHOLE_FILE:
                whole = True
            if means & _GUARD and is_guard_word(text, start, end):
                hits.guards.append(start)
            if means & _CODE:
                hits.code.append(start)
            if means & _RUN and not _continues(text, start):
                hits.dynamic.append(start)
        if hits.any:
            hits.links.extend(launches)
        return hits._replace(whole=whole)

    def matters(self, text: str, start: int, end: int, meanings: AbstractSet[str]) -> bool:
        """Tell whether a name with these meanings is part of anything asked for, or may give it another name.

        A name that no attribute follows matters always: it may be a new binding of that name.
        """
        chain = _CHAIN.match(text, end)
        if chain is None:
            return True
        annotates = text[max(start - 2, 0) : start].rstrip(" ")[-1:] in _ANNOTATION_BEFORE
        return any(not dotted or self._part_asked(f"{dotted}{chain[0]}", annotates) for dotted in meanings)

    def _part_asked(self, name: str, annotates: bool) -> bool:
        key = (name, annotates)
        known = self._parts_asked.get(key)
        if known is None:
            if len(self._parts_asked) > _MOST_NAMES:
                self._parts_asked.clear()
            parts = (name, *(name[:dot] for dot in _dots(name)))
            asked = any(part in self._dotted for part in parts)
            known = self._parts_asked[key] = asked or (not annotates and self.leads(name))
        return known

    def places(self, text: str, names: Mapping[str, AbstractSet[str]], hits: Hits) -> Iterator[int]:
        """Yield the offsets of names, given with their meanings, where they matter."""
        for name in names.keys() & hits.modules.keys():
            for start in hits.modules[name]:
                if self.matters(text, start, start + len(name), names[name]):
                    yield start
        others = sorted(names.keys() - self.roots, key=len, reverse=True)
        if others:
            pattern = re.compile(rf"(?:{'|'.join(map(re.escape, others))})(?!\w)")
            for found in pattern.finditer(text):
                start, end = found.span()
                if _is_identifier(text, start, end) and self.matters(text, start, end, names[found[0]]):
                    yield start


def _told_apart(vocabulary: Vocabulary) -> NameSet:
    """Return the imports asked for by name, or by a glob that is more than all of a package's content.

    A package is asked for as itself and as `package.*`; a module that is also asked for outside of imports is a
    library's, whose names matter one by one.
    """
    imports = vocabulary.names.get(UseKind.IMPORT, NameSet())
    listed = {name for kind in _NAMED if (names := vocabulary.names.get(kind)) for name in names.exact}
    packages = {f"{name}.*" for name in imports.exact - listed}
    return NameSet(exact=imports.exact, globs=tuple(glob for glob in imports.globs if glob not in packages))


def _value_literal(value: str) -> tuple[str, int]:
    """Return what shows that a string's value may be this one, or match this glob."""
    pieces = _PIECE.split(value)
    if len(pieces) == 1 and not _PLAIN.match(value):
        return max(re.split(r"\W+", value), key=len), _ANYWHERE
    return (pieces[0], _QUOTED) if pieces[0] else (max(pieces, key=len), _ANYWHERE)


def _shows(text: str, start: int, end: int, means: int) -> bool:
    """Tell whether a literal stands as a method, as the beginning of a string, or as a keyword of a call."""
    if means & _ANYWHERE:
        return True
    if means & _QUOTED and start and text[start - 1] in "\"'":
        return True
    if means & _KEYWORD and not _continues(text, start) and _ASSIGNED.match(text, end):
        return True
    if means & _IN_VARIABLE and _VARIABLE_BEGINS.search(text, max(start - _LONGEST_VARIABLE, 0), start):
        return True
    if not means & (_METHOD | _MEMBER) or text[max(start - 200, 0) : start].rstrip()[-1:] != ".":
        return False
    return bool(means & _MEMBER) or _is_identifier(text, start, end)


_ASSIGNED = re.compile(r"\w*+\s*+=(?!=)")
_VARIABLE_BEGINS = re.compile(r"[\"'][A-Z0-9_]*+\Z")
_LONGEST_VARIABLE = 64
"""Characters before the part of an environment variable's name that tells (judgement)."""


def _continues(text: str, start: int) -> bool:
    """Tell whether what stands before an offset makes it the middle of a name or chain of names."""
    before = text[start - 1 : start] if start else ""
    if before == "n" and text[max(start - 2, 0) : start] == "\\n":  # a line end in a string
        return False
    return before.isalnum() or before in ("_", ".")


def _is_identifier(text: str, start: int, end: int) -> bool:
    before, after = text[start - 1 : start] if start else "", text[end : end + 1]
    return not (before.isalnum() or before == "_" or after.isalnum() or after == "_")


def _dots(name: str) -> Iterator[int]:
    dot = name.find(".", 1)
    while dot > 0:
        yield dot
        dot = name.find(".", dot + 1)


def _stem(glob: str) -> str:
    """Return the literal beginning of a glob."""
    return _PIECE.split(glob, maxsplit=1)[0]


_PLANS: dict[int, Wanted] = {}
_MOST_PLANS = 8


def wanted(vocabulary: Vocabulary) -> Wanted:
    """Return the index of a vocabulary, kept for the few that a process uses."""
    plan = _PLANS.get(id(vocabulary))
    if plan is None or plan.vocabulary is not vocabulary:
        if len(_PLANS) >= _MOST_PLANS:
            _PLANS.clear()
        plan = _PLANS[id(vocabulary)] = Wanted(vocabulary)
    return plan
