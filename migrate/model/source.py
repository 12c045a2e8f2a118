"""Files, what front ends see in them, and what they are asked to look for."""

from __future__ import annotations

import bisect
import functools
import re

from migrate.model.base import Struct
from migrate.model.kinds import BlindKind, Confidence, LinkKind, Role, SkipReason, UseKind


class Span(Struct, frozen=True):
    """A place in a file; 1-based, end inclusive of its line and exclusive of its column."""

    line: int
    column: int
    end_line: int
    end_column: int


class SourceFile(Struct, frozen=True):
    """A file that was looked at."""

    path: str
    language: str
    """Id of the front end that read it, such as `python` or `cuda`; `other` when it only counted."""
    content: str
    """Hash of the bytes (BLAKE2b, 16 bytes, hex); equal content means equal findings."""
    lines: int
    code_lines: int
    """Lines that hold code: not blank, not only comment, not disabled."""
    role: Role
    owner: str = ""
    """From CODEOWNERS; empty when nobody is named."""


class Skip(Struct, frozen=True):
    """A file that was not looked at, and why. It is a result, not a log line."""

    path: str
    reason: SkipReason
    detail: str = ""
    size: int = 0
    """Bytes, 0 when nobody knows."""


class KernelFacts(Struct, frozen=True):
    """What the price of a kernel depends on; the features are those of the kernel formula."""

    language: str
    """`cuda`, `triton`, `numba`, `cupy`, `pycuda`, `taichi`, `warp`, `cute`, `tile`, `tilelang`, `helion`."""
    code_lines: int
    """Of its body, and of the device functions of the file that it is the first to reach."""
    features: dict[str, int] = {}
    """Feature id of `rules/model/defaults.yaml` (`warp-width`, `shuffle`, `shared-memory`, `tensor-core`, `ptx`,
    `async-copy`, `atomic`, `texture`, `dynamic-parallelism`, `template-library`) to number of occurrences."""
    launched: bool = True
    """False when no launch was found in the repository (set by the scan)."""
    reaches: tuple[str, ...] = ()
    """Scopes of the device functions of the same file whose features are counted here, sorted."""

    def covers(self, scope: str) -> bool:
        """Tell whether code of this scope lies in a device function whose features are counted here."""
        while scope and self.reaches:
            place = bisect.bisect_left(self.reaches, scope)
            if place < len(self.reaches) and self.reaches[place] == scope:
                return True
            scope = scope.rpartition("::")[0]
        return False


class Use(Struct, frozen=True):
    """One place where the code touches something a rule may ask about.

    The only thing front ends emit and rules see. Names are canonical: import aliases and `from` imports resolved
    (`torch.cuda.Stream`), C++ namespaces kept (`cub::BlockReduce`). A method on a value of unknown type starts with
    a dot (`.cuda`). Strings, environment variables and dependencies carry their value as name.
    """

    kind: UseKind
    name: str
    span: Span
    text: str
    """Exact source text of the use (the identifier, the call, the string), shortened to 400 characters."""
    symbol: str = ""
    """The name that the code itself gives, when it defines something: a kernel's, an extension's."""
    args: dict[str, str] = {}
    """Arguments as source text, by position (`0`) and by keyword; also facts a rule may ask for, in lower case:
    `callee` and `parameter` for strings, `version` for dependencies, `mnemonic` for inline assembly."""
    scope: str = ""
    """Dotted name of the enclosing definitions."""
    guarded_by: tuple[str, ...] = ()
    """Ids of targets that already have a branch of their own here (`rocm`, `cann`, ...); `*` when nobody has anything
    to port here, because the form is portable or only another vendor's build compiles it."""
    confidence: Confidence = Confidence.HIGH
    kernel: KernelFacts | None = None


class Link(Struct, frozen=True):
    """A dependency that a front end read off a file, not yet resolved; the graph resolves it."""

    kind: LinkKind
    to: str
    """What is needed, as written: a dotted module, an include path, a kernel or function name, a source path, a
    library or package name."""
    via: str = ""
    """The unit that declares it, when the file declares several: an extension's import name, a CMake target."""
    line: int = 1


class Embedded(Struct, frozen=True):
    r"""Code in another language that a file holds: a notebook's cells, CUDA source in a string, a script of a CI job.

    The front end of that language reads it; the scan maps the places back. The text ends lines with `\n` only.
    """

    language: str
    """Front end id."""
    text: str
    lines: tuple[tuple[int, int], ...]
    """For each line of the text: line and column of the file where its first character stands."""
    scope: str = ""
    """Put before the scopes found inside."""
    confidence: Confidence = Confidence.HIGH
    """Upper bound of what is found inside."""
    guarded_by: tuple[str, ...] = ()
    """Added to what guards the uses inside."""


class Blind(Struct, frozen=True):
    """A place that the front end saw and could not look into."""

    kind: BlindKind
    line: int
    text: str
    """The code that hides something, shortened to 200 characters."""


class Extraction(Struct, frozen=True):
    """All that a front end has to say about one file."""

    uses: tuple[Use, ...] = ()
    """In order of their spans."""
    links: tuple[Link, ...] = ()
    definitions: tuple[str, ...] = ()
    """Names that the file itself defines and that a rule might otherwise take for the platform's (functions,
    macros, kernels, types), so that own names never count as uses."""
    code_lines: int = 0
    skip: Skip | None = None
    """Set when the file, or part of it, could not be understood; uses found so far stay."""
    generated: bool = False
    """The file says of itself that a program wrote it."""
    embedded: tuple[Embedded, ...] = ()
    blind: tuple[Blind, ...] = ()
    exports: tuple[tuple[str, str], ...] = ()
    """Top-level names that other modules may import, each with what it stands for: a name of the platform, or a string
    literal in single quotes."""


class NameSet(Struct, frozen=True):
    """Names that are asked for: exact ones, and globs (see `glob_regex`)."""

    exact: frozenset[str] = frozenset()
    globs: tuple[str, ...] = ()

    def __contains__(self, name: str) -> bool:
        """Tell whether a rule or a table asks for this name."""
        return name in self.exact or (bool(self.globs) and glob_regex(self.globs).match(name) is not None)


@functools.cache
def glob_regex(globs: tuple[str, ...]) -> re.Pattern[str]:
    """Compile globs into one anchored, case-sensitive pattern.

    `*` stands for any run of characters and `[A-Z]` for one capital letter; nothing else is special.
    """
    parts = ("".join(_GLOB_TOKENS.get(piece, re.escape(piece)) for piece in _GLOB_SPLIT.split(glob)) for glob in globs)
    return re.compile("(?:" + "|".join(parts) + r")\Z", re.DOTALL)


_GLOB_SPLIT = re.compile(r"(\*|\[A-Z\])")
_GLOB_TOKENS = {"*": ".*", "[A-Z]": "[A-Z]"}


class Vocabulary(Struct, frozen=True):
    """What one front end must look for: the rule book as names, without its answers.

    A file that holds none of `anchors` yields no use, and a front end need not look at it twice.
    """

    anchors: tuple[str, ...]
    """Literals, case-sensitive, each part of an identifier, a string or a path."""
    names: dict[UseKind, NameSet]

    def wants(self, kind: UseKind, name: str) -> bool:
        """Tell whether any rule or table may match a use of this kind and name."""
        wanted = self.names.get(kind)
        return wanted is not None and name in wanted
