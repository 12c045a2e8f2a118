"""Front ends for Make and Ninja: variables, flags, the commands of recipes, and what is built from what."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence

from migrate.languages.compiler_words import holds_libraries, pieces, read_words
from migrate.languages.make_syntax import Assignment, Include, Makefile, Rule, Test, parse
from migrate.languages.ninja import Ninja
from migrate.languages.preprocessor import EVERYBODY, targets_of_path
from migrate.languages.recipes import as_shell, calls, is_compiler
from migrate.languages.requirement import Manifest
from migrate.model import Extraction, LinkKind, NameSet, SourceFile, UseKind, Vocabulary

_GENERATED = re.compile(
    r"\A(?:[^\n]*\n){0,8}?[ \t]*#[^\n]*(?:auto-?generated|generated (?:by|from|automatically)|do not edit)",
    re.IGNORECASE,
)
_REFERENCE = re.compile(r"\$[({](?P<name>[\w.-]++)(?P<rest>[:)}])", re.ASCII)
_PLAIN_NAME = re.compile(r"[ \t]*+!?(?P<name>[A-Za-z_]\w*+)[ \t]*+\Z", re.ASCII)
"""What `ifdef` asks for, and automake's `if`."""
_FOLDERS = re.compile(r"(?:\$[({][\w.-]++[)}]/)++(?=[^/])", re.ASCII)
"""Folders by variables, at the start of a path: what follows is enough to find the file."""
_SOURCE = re.compile(r"\.(?:cu|cuh|hip|c|cc|cpp|cxx|c\+\+|py)\Z", re.IGNORECASE)
_OBJECT = re.compile(r"\.(?:o|obj|a|so|lib|ptx|cubin|fatbin)\Z", re.IGNORECASE)
_CUDA_PATTERN = re.compile(r"%\.cuh?\Z")
_SUFFIX_RULE = re.compile(r"\.cu\.\w+\Z")
_FUNCTION = re.compile(
    r"(?:wildcard|patsubst|subst|addprefix|addsuffix|filter|filter-out|sort|notdir|basename|strip|foreach)\Z"
)
_MAX_TARGETS = 20
"""Targets of one rule that get links of their own; a rule that makes more is a list of phony names."""
_MAX_EXPANDED = 100_000
"""Words looked at behind variables in one file; no build file comes near."""


class Make:
    """Reads makefiles."""

    id = "make"
    example_name = "Makefile"

    def extract(self, file: SourceFile, text: str, vocabulary: Vocabulary) -> Extraction:
        """Read one file; never raises for what the text holds."""
        makefile = parse(text)
        whole = targets_of_path(file.path)
        if whole:  # only another platform's build reads it
            whole.add(EVERYBODY)
        manifest = Manifest(text, vocabulary)
        _Reader(manifest, makefile, whole).read()
        return Extraction(
            uses=manifest.sorted_uses(),
            links=tuple(manifest.links),
            code_lines=makefile.code_lines,
            generated=_GENERATED.match(text[:2000]) is not None,
            embedded=tuple(manifest.embedded),
        )


class _Reader:
    """Notes what the statements of one file use."""

    def __init__(self, manifest: Manifest, makefile: Makefile, whole: set[str]) -> None:
        self._manifest = manifest
        self._text = makefile.text
        self._makefile = makefile
        self._guards = [tuple(sorted(whole.union(chain))) for chain in makefile.branches.guards()]
        self._lists: dict[str, list[str]] = {}
        self._compilers: set[str] = set()
        self._budget = _MAX_EXPANDED

    def read(self) -> None:
        """Read all statements in order."""
        statements = self._makefile.statements
        for statement, _ in statements:  # a recipe may use what is set below it
            if isinstance(statement, Assignment):
                self._remember(statement)
        for statement, place in statements:
            self._manifest.guarded_by = self._guards[place]
            if isinstance(statement, Assignment):
                self._assignment(statement)
            elif isinstance(statement, Rule):
                self._rule(statement)
            elif isinstance(statement, Include):
                for word in pieces(self._text, statement.start, statement.end):
                    if "$" not in word.text:
                        self._manifest.link(LinkKind.INCLUDE, word.text, word.start)
            else:
                self._words(statement.start, statement.end, asking=True)
                self._asked(statement)

    def _asked(self, test: Test) -> None:
        """Note the switches that a condition asks for and that the file itself does not set."""
        condition = " ".join(self._text[test.start : test.end].split())
        names = list(_REFERENCE.finditer(self._text, test.start, test.end))
        plain = _PLAIN_NAME.match(self._text, test.start, test.end)
        for found in [plain] if plain else names:
            name = found["name"]
            if name in self._lists:
                continue
            start, end = found.span("name")
            if not self._is_environment(name, exported=True):
                self._manifest.add(UseKind.MACRO, name, start, end, condition=condition)
            elif plain:  # one that a reference names has been noted with the words
                self._manifest.add(UseKind.ENV, name, start, end)

    def _remember(self, assignment: Assignment) -> None:
        words = self._listed(assignment.value_start, assignment.end)
        if is_compiler(assignment.name, words):
            self._compilers.add(assignment.name)
        known = self._lists.setdefault(assignment.name, [])
        known.extend(words)

    def _listed(self, start: int, end: int) -> list[str]:
        """Return the words of a stretch; of variables with a replacement in their reference, the variable."""
        words = [piece.text for piece in pieces(self._text, start, end)]
        replaced = (found["name"] for found in _REFERENCE.finditer(self._text, start, end) if found["rest"] == ":")
        return words + [f"$({name})" for name in replaced]

    def _assignment(self, assignment: Assignment) -> None:
        """Note a variable that is set, and what its value holds."""
        manifest, name = self._manifest, assignment.name
        value = " ".join(self._text[assignment.value_start : assignment.end].split())
        end = assignment.value_start + len(self._text[assignment.value_start : assignment.end].rstrip())
        asked = manifest.vocabulary.wants(UseKind.FLAG, name)
        if asked or self._is_environment(name, exported=assignment.exported):
            kind = UseKind.FLAG if asked else UseKind.ENV
            manifest.add(kind, name, assignment.start, max(end, assignment.start + len(name)), value=value)
        else:
            self._programs(assignment)
        if holds_libraries(name):
            self._libraries(assignment)
        self._words(assignment.value_start, assignment.end, own=name)

    def _libraries(self, assignment: Assignment) -> None:
        """Note the libraries of a list whose words get their `-l` elsewhere: `LIBRARIES += cudart`."""
        for word in pieces(self._text, assignment.value_start, assignment.end):
            end = word.start + len(word.text)
            self._manifest.add_about(word.text, UseKind.FLAG, "-l" + word.text, word.start, end)

    def _is_environment(self, name: str, *, exported: bool) -> bool:
        """Tell whether a variable is one of the environment.

        Makefiles take any variable from there, so one that is set in the file counts only when it is asked for by its
        full name: `NCCL_*` says nothing about what a makefile calls its own.
        """
        vocabulary = self._manifest.vocabulary
        if exported:
            return vocabulary.wants(UseKind.ENV, name) and not vocabulary.wants(UseKind.FLAG, name)
        return name in vocabulary.names.get(UseKind.ENV, NameSet()).exact

    def _programs(self, assignment: Assignment) -> None:
        """Note a program of the toolkit that a variable of another name stands for: `CC = nvcc`."""
        for word in pieces(self._text, assignment.value_start, assignment.end):
            program = word.text.rpartition("/")[2]
            start = word.start + len(word.text) - len(program)
            self._manifest.add(UseKind.STRING, program, start, start + len(program), key=assignment.name)

    def _words(self, start: int, end: int, own: str = "", *, asking: bool = False) -> None:
        """Note what a stretch holds, and hand on the commands that `$(shell ...)` runs while the file is read.

        Args:
            start: Its first offset.
            end: The offset behind it.
            own: The variable that it is the value of.
            asking: It is a condition; what it asks for is used where it is set.
        """
        for begin, command in calls(self._text, start, end):
            self._plain_words(start, begin, own, asking=asking)
            self._manifest.embed("shell", [(begin, as_shell(command, self._compilers))])
            start = begin + len(command)
        self._plain_words(start, end, own, asking=asking)

    def _plain_words(self, start: int, end: int, own: str, *, asking: bool) -> None:
        """Note flags, and variables that are read and that the environment, or another file, has set."""
        for found in _REFERENCE.finditer(self._text, start, end):
            name = found["name"]
            if name == own or is_compiler(name, ()):
                continue
            if self._is_environment(name, exported=name not in self._lists):
                kind = UseKind.ENV
            elif name not in self._lists and not asking:  # what a configure script found out
                kind = UseKind.FLAG
            else:
                continue
            self._manifest.add(kind, name, found.start(), found.end("name") + (found["rest"] in ")}"))
        read_words(self._manifest, start, end)

    def _rule(self, rule: Rule) -> None:
        manifest = self._manifest
        for words in (rule.targets, rule.needs):
            for word in pieces(self._text, *words):
                if _CUDA_PATTERN.search(word.text) or _SUFFIX_RULE.match(word.text):
                    manifest.add(UseKind.FLAG, "%.cu", word.start, word.start + len(word.text), value=word.text)
        self._words(*rule.needs)
        for place, lines in itertools.groupby(rule.recipe, key=lambda line: line[2]):
            manifest.guarded_by = self._guards[place]
            manifest.embed("shell", [(start, as_shell(line, self._compilers)) for start, line, _ in lines])
        self._links(rule)

    def _links(self, rule: Rule) -> None:
        """Note the sources and the further targets that each target is built from."""
        found = [
            need for need in self._expand(self._listed(*rule.needs)) if _SOURCE.search(need) or _OBJECT.search(need)
        ]
        for target in list(pieces(self._text, *rule.targets))[: _MAX_TARGETS if found else 0]:
            if "%" in target.text:
                continue
            name = next(self._expand([target.text]), target.text)
            for need in found:
                kind = LinkKind.BUILD if _SOURCE.search(need) else LinkKind.LINK
                self._manifest.link(kind, need.removeprefix("./"), rule.needs[0], via=name)

    def _expand(self, words: Sequence[str]) -> Iterator[str]:
        """Yield the words that others stand for, through variables and functions, each once and not without end."""
        pending = list(reversed(words))
        visited: set[str] = set()
        while pending and self._budget > 0:
            self._budget -= 1
            word = pending.pop()
            if word in visited:
                continue
            visited.add(word)
            word = _FOLDERS.sub("", word)
            names = [found["name"] for found in _REFERENCE.finditer(word)]
            for name in reversed(names):
                known = self._lists.get(name, [])
                self._budget -= len(known)
                pending.extend(reversed(known))
            if not names and "$" not in word and not _FUNCTION.match(word) and "%" not in word:
                yield word.rstrip(")}")


FRONT_ENDS: dict[str, Make | Ninja] = {"make": Make(), "ninja": Ninja()}
