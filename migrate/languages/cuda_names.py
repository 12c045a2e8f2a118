"""Uses that identifiers and strings give: calls, names, qualifiers, macros.

Every identifier that holds an anchor, or that an alias or a using-directive of the file leads to, is widened
to its whole qualified name and then asked for in the vocabulary.
"""

from __future__ import annotations

import bisect
import itertools
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from migrate.languages.cuda_declarations import Declarations, next_token, skip_back, word_start
from migrate.languages.cuda_source import LONGEST_TEXT, Source
from migrate.languages.cuda_structure import RegionKind
from migrate.languages.cuda_words import NOT_TYPES, QUALIFIERS, TRAILING
from migrate.languages.lexical import IDENTIFIER, INCLUDES, Directive, Literal, words
from migrate.languages.preprocessor import include_path
from migrate.model import Confidence, Use, UseKind, glob_regex

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

ENVIRONMENT_CALLS = frozenset({"getenv", "secure_getenv", "setenv", "putenv", "unsetenv", "_putenv_s", "_dupenv_s"})

_CONDITIONS = frozenset({"if", "elif", "ifdef", "ifndef", "elifdef", "elifndef", "define", "undef"})
_TEXTS = frozenset({"error", "warning", "line", "ident", "pragma", *INCLUDES})
_NAMED = (UseKind.NAME, UseKind.CALL, UseKind.MACRO, UseKind.LAUNCH)
_MOST_PARTS = 16
_MOST_OPENED = 32
_LONGEST_STRING = 400
_CALL_REACH = 400

_NAMESPACE_ALIAS = re.compile(r"namespace\s+(\w+)\s*=\s*(?:::\s*)?((?:\w++\s*+::\s*+)*+\w+)\s*;")
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
    """

    def __init__(self, source: Source, hits: list[tuple[int, int]]) -> None:
        self._source = source
        self._text = source.live
        self._declarations = Declarations(source)
        self._directives = source.lexed.directives
        self._directive_starts = [item.start for item in self._directives]
        self._aliases, self._opened = self._namespaces()
        self.uses: list[Use] = []
        self.definitions: dict[str, None] = {}
        self._shadowed: dict[str, int] = {}
        words, literals = self._places(hits)
        done = 0
        for start, end in sorted({*words, *self._aliased()}):
            if start >= done:
                done = self._identifier(start, end)
        for literal in literals:
            self._string(literal)
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
        for found in _statements(code, "namespace", _NAMESPACE_ALIAS):
            aliases[found[1]] = self._resolve("".join(found[2].split()), aliases, opened)
        for found in _statements(code, "using", _USING_NAMESPACE):
            space = self._resolve("".join(found[1].split()), aliases, opened)
            if space.split("::")[0] in roots:
                opened.setdefault(space)
        for found in _statements(code, "using", _USING_NAME):
            aliases[found[2]] = self._resolve("".join(found[1].split()) + found[2], aliases, opened)
        kept = {name: full for name, full in aliases.items() if full.split("::")[0] in roots}
        return kept, list(opened)[:_MOST_OPENED]

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
        directive = self._directive(start)
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

    def _directive(self, offset: int) -> Directive | None:
        index = bisect.bisect_right(self._directive_starts, offset) - 1
        return self._directives[index] if index >= 0 and offset < self._directives[index].end else None

    def _macro(self, directive: Directive, start: int, end: int) -> bool:
        """Emit a macro that a condition asks for or a definition names; False inside a definition's body."""
        word = self._text[start:end]
        if directive.keyword == "define":
            if self._text[directive.body : start].strip(" \t\\\r\n"):
                return False
            self._define(Part(word, start, end))
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
            if not text.startswith("::", after):
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
        if parts[0].start < self._shadowed.get(parts[0].word, 0):
            return
        for full, confidence in self._meanings(parts[0].word):
            for length in range(len(parts), 0, -1):
                name = "::".join((full, *(part.word for part in parts[1:length])))
                if self._emit(parts[:length], name, confidence):
                    return
        if self._emit_anywhere(parts):
            return
        word = parts[0].word
        if word in self._source.qualified.roots:
            return
        emitted = self._emit(parts[:1], word, Confidence.HIGH)
        if emitted and len(parts) > 1:  # an enumeration's value: `cudaMemcpyKind::cudaMemcpyDefault`
            self._emit(parts[-1:], parts[-1].word, Confidence.HIGH)

    def _emit_anywhere(self, parts: list[Part]) -> bool:
        """Emit a qualified name that is asked for under any namespace."""
        globs = self._source.qualified.anywhere
        for length in range(len(parts), 1, -1) if globs else ():
            name = "::".join(part.word for part in parts[:length])
            if glob_regex(globs).match(name):
                return self._emit(parts[:length], name, Confidence.HIGH)
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

    # ------------------------------------------------------------------------------------------------ strings

    def _string(self, literal: Literal) -> None:
        source = self._source
        value = source.text[literal.value_start : literal.value_end]
        if len(value) > _LONGEST_STRING or source.places.state(literal.start).disabled:
            return
        args = self._called_with(literal)
        callee = args.get("callee", "").rpartition("::")[2]
        if callee == "_Pragma":
            self._pragma_words(value, literal.value_start)
            return
        kinds = (UseKind.ENV, UseKind.STRING) if callee in ENVIRONMENT_CALLS else (UseKind.STRING,)
        kind = next((kind for kind in kinds if source.wants(kind, value)), None)
        if kind is not None:
            self.uses.append(
                source.use(kind, value, literal.start, literal.end, args=args if kind is UseKind.STRING else {})
            )

    def _called_with(self, literal: Literal) -> dict[str, str]:
        """Return the call that a string is an argument of, and which one."""
        text = self._text
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
                    end = skip_back(text, offset)
                    parts, _ = self._chain(word_start(text, end), end)
                    callee = "::".join(part.word for part in parts)
                    return {"callee": callee, "parameter": str(parameter)} if callee else {}
                depth -= 1
        return {}

    # --------------------------------------------------------------------------------------------- directives

    def _include_and_pragma_lines(self) -> None:
        source = self._source
        for item in self._directives:
            if item.keyword not in ("include", "include_next", "pragma") or source.places.state(item.start).disabled:
                continue
            if item.keyword == "pragma":
                self._pragma_words(source.lexed.source(item.body, min(item.end, item.body + LONGEST_TEXT)), item.body)
            elif (path := include_path(source.lexed, item)) and source.wants(UseKind.INCLUDE, path):
                start = source.text.index(path, item.body)
                self.uses.append(source.use(UseKind.INCLUDE, path, start, start + len(path)))

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
