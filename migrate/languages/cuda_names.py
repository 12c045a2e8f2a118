"""Uses that identifiers and strings give: calls, names, qualifiers, macros.

Every identifier that holds an anchor, or that an alias or a using-directive of the file leads to, is widened
to its whole qualified name and then asked for in the vocabulary.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from migrate.languages.cuda_declarations import Declarations
from migrate.languages.cuda_fields import fields
from migrate.languages.cuda_launches import LAUNCH_CALLS
from migrate.languages.cuda_macros import may_be_asked, pasted_names, pasting_macros
from migrate.languages.cuda_source import LONGEST_TEXT, Source
from migrate.languages.cuda_strings import pragma_operators
from migrate.languages.cuda_structure import RegionKind
from migrate.languages.cuda_words import COMMON_WORDS, NOT_TYPES, QUALIFIERS, TRAILING
from migrate.languages.lexical import IDENTIFIER, INCLUDES, Directive, Literal, next_token, skip_back, word_start, words
from migrate.languages.preprocessor import include_path
from migrate.model import Blind, BlindKind, Confidence, Use, UseKind, glob_regex

_CONDITIONS = frozenset({"if", "elif", "ifdef", "ifndef", "elifdef", "elifndef", "define", "undef"})
_TEXTS = frozenset({"error", "warning", "line", "ident", "pragma", *INCLUDES})
_NAMED = (UseKind.NAME, UseKind.CALL, UseKind.MACRO, UseKind.LAUNCH)
_MOST_PARTS = 16
_MOST_OPENED = 32
_DEVICE_MARKS = (
    *("cuda_fp16.h", "cuda_runtime", "ATen/cuda/", "c10/cuda/", "cutlass/cutlass.h", '.cuh"', ".cuh>"),
    *("__device__", "__global__", "__CUDA_ARCH__"),
)
"""What gives the platform's common words their meaning: headers that bring them along, and device code itself."""
_LONGEST_ALIAS = 200
_NO_NAME = "?"
_LONGEST_BLIND = 200
_HEADERS = "/include/"
"""Folder below which a toolkit that a repository keeps has its headers: `third_party/cuda/include/cuda.h`."""

_NAMESPACE_ALIAS = re.compile(r"namespace\s+(\w+)\s*=\s*(?:::\s*)?((?:\w++\s*+::\s*+)*+\w+)\s*;")
_MACRO_ALIAS = re.compile(r"[ \t]*+(\w++)[ \t]++(?:::)?(\w++(?:::\w++)*+)[ \t\r\n]*+\Z")
_USING_NAMESPACE = re.compile(r"using\s+namespace\s+(?:::\s*)?((?:\w++\s*+::\s*+)*+\w+)\s*;")
_USING_NAME = re.compile(r"using\s+(?:::\s*)?((?:\w++\s*+::\s*+)++)(\w+)\s*;")


class Part(NamedTuple):
    """One identifier of a qualified name."""

    word: str
    start: int
    end: int


class Names:
    """Finds the uses of one file.

    Attributes:
        uses: What the vocabulary asks for, in no order.
        definitions: Own names that the vocabulary asks for.
        literals: String literals that hold anchors.
        blind: Names that macros put together and that nothing in the file completes.
    """

    def __init__(self, source: Source, hits: list[tuple[int, int]]) -> None:
        self._source = source
        self._text = source.live
        self._declarations = Declarations(source)
        self._directives = source.lexed.directives
        self.uses: list[Use] = []
        self._aliases, self._opened = self._namespaces()
        self.definitions: dict[str, None] = {}
        self._shadowed: dict[str, int] = {}
        self._asked: set[tuple[int, str]] = set()
        words, self.literals = self._places(hits)
        done = 0
        for start, end in sorted({*words, *self._aliased()}):
            if start >= done:
                done = self._identifier(start, end)
        self.uses += fields(source)
        self.blind = self._pasted()
        self._include_and_pragma_lines()

    # --------------------------------------------------------------------------------------------- candidates

    def _places(self, hits: list[tuple[int, int]]) -> tuple[list[tuple[int, int]], list[Literal]]:
        """Return the identifiers and the strings that hold anchors."""
        words: list[tuple[int, int]] = []
        literals: dict[int, Literal] = {}
        done = 0
        for start, end in hits:
            if start < done:
                continue
            if self._text[start] == self._source.text[start]:
                if found := IDENTIFIER.match(self._text, word_start(self._text, start)):
                    words.append(found.span())
                    done = found.end()
            elif (literal := self._source.lexed.string_at(start)) is not None:
                literals[literal.start] = literal
                done = max(end, literal.end)
        return words, list(literals.values())

    def _namespaces(self) -> tuple[dict[str, str], list[str]]:
        """Return what names stand for, and the namespaces whose members need no qualifier."""
        code = self._source.code
        roots = self._source.qualified.roots
        aliases: dict[str, str] = {}
        opened: dict[str, None] = {}
        aliases |= dict(self._macro_aliases())
        for found in _statements(code, "namespace", _NAMESPACE_ALIAS):
            if not self._source.places.state(found.start()).foreign:
                aliases[found[1]] = self._resolve("".join(found[2].split()), aliases, opened)
            self._namespace(found, 1 if found[1] in roots else 2, aliases.get(found[1], found[1]))
        for found in _statements(code, "using", _USING_NAMESPACE):
            space = self._resolve("".join(found[1].split()), aliases, opened)
            if space.split("::")[0] in roots:
                opened.setdefault(space)
            self._namespace(found, 1, space)
        for found in _statements(code, "using", _USING_NAME):
            aliases[found[2]] = self._resolve("".join(found[1].split()) + found[2], aliases, opened)
        kept = {name: full for name, full in aliases.items() if full.split("::")[0] in roots}
        return kept, list(opened)[:_MOST_OPENED]

    def _namespace(self, found: re.Match[str], group: int, space: str) -> None:
        """Emit a directive that opens or renames a namespace for which a rule asks: its name ends with `::`."""
        listed = "" in self._source.qualified.members.get(space, ())
        if listed and not self._source.wants(UseKind.NAME, space):  # or the directive's name is found as any other
            self.uses.append(self._source.use(UseKind.NAME, f"{space}::", *found.span(group)))

    def _macro_aliases(self) -> Iterator[tuple[str, str]]:
        """Yield macros that stand for a name in a namespace of the platform: `#define CUB_NS cub`."""
        qualified = self._source.qualified
        meant: dict[str, set[str]] = defaultdict(set)
        for item in self._directives:
            if item.keyword == "define" and item.end - item.start < _LONGEST_ALIAS:
                found = _MACRO_ALIAS.match(self._text, item.body, item.end)
                if found and not self._source.places.state(item.start).foreign:
                    meant[found[1]].add(found[2])
        for name, spaces in meant.items():
            space = next(iter(spaces))
            if len(spaces) == 1 and name not in qualified.roots and space in qualified.members:
                yield name, space

    def _resolve(self, name: str, aliases: dict[str, str], opened: Iterable[str]) -> str:
        first, separator, rest = name.partition("::")
        if first in aliases:
            return aliases[first] + separator + rest
        for space in itertools.islice(opened, _MOST_OPENED):
            if first in self._source.qualified.members.get(space, ()):
                return f"{space}::{name}"
        return name

    def _aliased(self) -> Iterator[tuple[int, int]]:
        words = set(self._aliases)
        for space in self._opened:
            words |= self._source.qualified.members.get(space, frozenset())
        if words:
            for found in IDENTIFIER.finditer(self._text):
                if found[0] in words:
                    yield found.span()

    # -------------------------------------------------------------------------------------------- identifiers

    def _identifier(self, start: int, end: int) -> int:
        """Emit what an identifier gives; return the end of its qualified name."""
        directive = self._source.directive_at(start)
        if directive is not None and directive.keyword in _TEXTS:
            return end
        if directive is not None and directive.keyword in _CONDITIONS and self._macro(directive, start, end):
            return end
        parts, foreign = self._chain(start, end)
        if not foreign:
            self._qualified(parts)
        return parts[-1].end

    def _define(self, part: Part) -> None:
        """Note an own name that a rule could take for the platform's, and how far it hides that one."""
        if any(self._source.wants(kind, part.word) for kind in _NAMED):
            self.definitions.setdefault(part.word)
            region = self._source.structure.region(part.start)
            local = region is not None and region.kind in (RegionKind.FUNCTION, RegionKind.TYPE)
            if region is not None and local and part.start != region.name_at:  # an overload may call the platform's
                self._shadowed[part.word] = region.close

    def _macro(self, directive: Directive, start: int, end: int) -> bool:
        """Emit a macro that a condition asks for or a definition names; False inside a definition's body."""
        word = self._text[start:end]
        if directive.keyword == "define":
            if self._text[directive.body : start].strip(" \t\\\r\n"):
                return False
            self._define(Part(word, start, end))
            if self._text.startswith("(", end) and not self._source.wants(UseKind.CALL, word):
                return True  # a macro with parameters that stands for no function of the platform is the file's own
        if (directive.start, word) in self._asked:  # one condition asks for a macro once
            return True
        self._asked.add((directive.start, word))
        kinds = (UseKind.MACRO,) if directive.keyword == "define" else (UseKind.MACRO, UseKind.NAME)
        for kind in kinds:
            if self._source.wants(kind, word):
                line = self._source.lexed.source(
                    directive.start, min(directive.end, directive.start + 2 * LONGEST_TEXT)
                )
                self.uses.append(self._source.use(kind, word, start, end, args={"condition": line[:LONGEST_TEXT]}))
                break
        return True

    def _chain(self, start: int, end: int) -> tuple[list[Part], bool]:
        """Return the qualified name around an identifier, and whether it hangs on something unknown."""
        text = self._source.text_around(start)
        parts = [Part(text[start:end], start, end)]
        foreign = False
        while len(parts) < _MOST_PARTS:
            before = skip_back(text, parts[0].start)
            if text[before - 2 : before] != "::" or before < 2:
                break
            if _is_global(text, before - 2):
                break
            before = skip_back(text, before - 2)
            first = word_start(text, before)
            if first == before or text[first].isdigit():
                foreign = text.startswith(">::", before - 1)
                break
            if text[first:before] in NOT_TYPES:
                break
            parts.insert(0, Part(text[first:before], first, before))
        while len(parts) < 2 * _MOST_PARTS:
            after = next_token(text, parts[-1].end)
            if not text.startswith("::", after) or _is_global(text, after):
                break
            found = IDENTIFIER.match(text, next_token(text, after + 2))
            if found is None:
                break
            parts.append(Part(found[0], *found.span()))
        return parts, foreign

    def _qualified(self, parts: list[Part]) -> None:
        text = self._source.text_around(parts[0].start)
        before = skip_back(text, parts[0].start)
        if _is_member(text, before, parts[0].start):
            self._emit(parts[:1], "." + parts[0].word, Confidence.HIGH)
            return
        if (
            len(parts) == 1
            and parts[0].word not in QUALIFIERS
            and self._declarations.declares(parts[0].start, parts[0].end)
        ):
            if parts[0].word not in self._aliases:
                self._define(parts[0])
            return
        if len(parts) == 1 and self._declarations.declares_pointer(parts[0].start, parts[0].end):
            return
        if parts[0].start < self._shadowed.get(parts[0].word, 0) or self._is_another_word(parts):
            return
        for full, confidence in self._meanings(parts[0].word):
            for length in range(len(parts), 0, -1):
                name = "::".join((full, *(part.word for part in parts[1:length])))
                if self._emit(parts[:length], name, confidence):
                    return
        if self._emit_anywhere(parts) or self._emit_wrapped(parts):
            return
        word = parts[0].word
        if word in self._source.qualified.roots:
            return
        emitted = self._emit(parts[:1], word, Confidence.HIGH)
        if emitted and len(parts) > 1:  # an enumeration's value: `cudaMemcpyKind::cudaMemcpyDefault`
            self._emit(parts[-1:], parts[-1].word, Confidence.HIGH)

    def _is_another_word(self, parts: list[Part]) -> bool:
        """Tell a common word that the file uses for itself from the platform's name."""
        word = parts[0].word
        if word not in COMMON_WORDS:
            return False
        if len(parts) > 1 or word in self.definitions:
            return True
        return not self._is_device_code

    @functools.cached_property
    def _is_device_code(self) -> bool:
        return self._source.is_cuda or any(mark in self._source.text for mark in _DEVICE_MARKS)

    def _emit_anywhere(self, parts: list[Part]) -> bool:
        """Emit a qualified name that is asked for under any namespace."""
        globs = self._source.qualified.anywhere
        for length in range(len(parts), 1, -1) if globs else ():
            name = "::".join(part.word for part in parts[:length])
            if glob_regex(globs).match(name):
                return self._emit(parts[:length], name, Confidence.HIGH)
        return False

    def _emit_wrapped(self, parts: list[Part]) -> bool:
        """Emit a name of a namespace of the platform that another file put into one of its own, or renamed.

        `detail::cub::BlockScan` and `my_cub::BlockScan` are taken for `cub::BlockScan`; only namespaces of which every
        name is asked for count, because parts of others (`my::cuda`) are everybody's.
        """
        roots = self._source.qualified.roots
        for index, part in enumerate(parts[:-1]):
            renamed = not index and "_" in part.word
            if renamed and not parts[1].word[0].isupper():  # thrust::cuda_cub is a namespace of functions of its own
                continue
            for root in {part.word.partition("_")[0], part.word.rpartition("_")[2]} if renamed else {part.word}:
                if root in roots and self._source.wants(UseKind.NAME, f"{root}::{_NO_NAME}"):
                    names = [root, *(each.word for each in parts[index + 1 :])]
                    return any(
                        self._emit(parts[index : index + length], "::".join(names[:length]), Confidence.MEDIUM)
                        for length in range(len(names), 1, -1)
                    )
        return False

    def _meanings(self, word: str) -> Iterator[tuple[str, Confidence]]:
        """Return the qualified names that a first part may stand for."""
        if word in self._aliases:
            yield self._aliases[word], Confidence.HIGH
        if word in self._source.qualified.roots:
            yield word, Confidence.HIGH
        for space in self._opened:
            if word in self._source.qualified.members.get(space, ()):
                yield f"{space}::{word}", Confidence.MEDIUM

    def _emit(self, parts: list[Part], name: str, confidence: Confidence) -> bool:
        """Emit the first kind of use that the vocabulary wants of a name."""
        source = self._source
        start, end = parts[0].start, parts[-1].end
        opening, template = self._opening(end)
        kinds = _kinds(name, called=opening is not None)
        kind = next((kind for kind in kinds if source.wants(kind, name)), None)
        if kind is None:
            return False
        args = {"template": template} if template else {}
        if opening is not None:
            args |= source.arguments(opening)
            close = source.brackets.close(opening)
            end = close + 1 if close is not None else end
        if name in LAUNCH_CALLS:
            args |= {role: args[str(at)] for role, at in LAUNCH_CALLS[name].items() if str(at) in args}
        self.uses.append(source.use(kind, name, start, end, args=args, confidence=confidence))
        return True

    def _opening(self, end: int) -> tuple[int | None, str]:
        """Return the parenthesis that makes a name a call, and its template arguments."""
        text = self._text
        after = next_token(text, end)
        if text[after : after + 1] == "(":
            return after, ""
        if text[after : after + 1] != "<" or text.startswith("<<", after):
            return None, ""
        close = self._source.brackets.close_angle(after)
        if close is None:
            return None, ""
        following = next_token(text, close + 1)
        template = self._source.argument(after + 1, close)
        return (following if text[following : following + 1] == "(" else None), template

    def _pasted(self) -> list[Blind]:
        """Emit the names that macros put together where they are used; return the macros that remain open."""
        source = self._source
        macros = pasting_macros(self._text, self._directives)
        resolved = set()
        for word, at, arguments in source.invocations(macros):
            for name, _ in pasted_names(macros[word], arguments):
                kind = next((kind for kind in (UseKind.CALL, UseKind.NAME) if source.wants(kind, name)), None)
                resolved.add(word)
                if kind is not None:
                    end = at + len(word)
                    self.uses.append(source.use(kind, name, at, end, confidence=Confidence.MEDIUM))
        return [
            Blind(
                kind=BlindKind.GENERATED_SOURCE,
                line=source.lines.line(macro.at),
                text=self._text[macro.at :].partition("\n")[0][:_LONGEST_BLIND],
            )
            for name, macro in macros.items()
            if name not in resolved and may_be_asked(macro, source.asked)
        ]

    # --------------------------------------------------------------------------------------------- directives

    def _include_and_pragma_lines(self) -> None:
        source = self._source
        for literal in pragma_operators(source, self.literals):
            value = source.text[literal.value_start : min(literal.value_end, literal.value_start + LONGEST_TEXT)]
            self._pragma_words(value, literal.value_start)
        for item in self._directives:
            if item.keyword not in ("include", "include_next", "pragma") or source.places.state(item.start).disabled:
                continue
            if item.keyword == "pragma":
                self._pragma_words(source.lexed.source(item.body, min(item.end, item.body + LONGEST_TEXT)), item.body)
            elif written := include_path(source.lexed, item):
                start = source.text.index(written, item.body)
                for path in dict.fromkeys((written, written.rpartition(_HEADERS)[2])):
                    if source.wants(UseKind.INCLUDE, path):
                        self.uses.append(source.use(UseKind.INCLUDE, path, start, start + len(written)))
                        break

    def _pragma_words(self, body: str, offset: int) -> None:
        words = body.replace("(", " (").split()
        for count in (2, 1):
            name = " ".join(words[:count])
            if len(words) >= count and self._source.wants(UseKind.PRAGMA, name):
                start = max(offset, self._source.text.find(words[0], offset))
                rest = " ".join(words[count:])
                args = {"0": rest} if rest else {}
                self.uses.append(self._source.use(UseKind.PRAGMA, name, start, start + len(words[0]), args=args))
                return


def _statements(code: str, keyword: str, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
    """Return the statements of a form that begin with a keyword."""
    return (found for at in words(code, keyword) if (found := pattern.match(code, at)))


def _is_global(text: str, at: int) -> bool:
    """Tell the `::` of `Type ::name`, where a global name begins, from that of `Type::name` and `Type :: name`."""
    return text[at - 1 : at] in (" ", "\t") and not text[at + 2 : at + 3].isspace()


def _is_member(text: str, before: int, start: int) -> bool:
    """Tell `object.name` and `pointer->name` from `args...name` and from a trailing return type.

    What stands before the name ends at `before`. Only a return type has a space behind its arrow.
    """
    if text[before - 2 : before] != "->":
        return text[before - 1 : before] == "." and text[before - 3 : before] != "..."
    end = skip_back(text, before - 2)
    return before == start or (text[end - 1 : end] != ")" and text[word_start(text, end) : end] not in TRAILING)


def _kinds(name: str, *, called: bool) -> tuple[UseKind, ...]:
    """Return the kinds of use that a name may be, most telling first."""
    if name in QUALIFIERS:
        return (UseKind.QUALIFIER, UseKind.NAME, UseKind.MACRO)
    if called:
        return (UseKind.LAUNCH, UseKind.CALL, UseKind.NAME, UseKind.MACRO)
    return (UseKind.NAME, UseKind.MACRO)
