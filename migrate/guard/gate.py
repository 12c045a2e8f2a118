"""The quick answer: a change that touches no line which could matter brings nothing new.

Starting the whole check takes several times as long as starting Python and click, and most commits of a large
repository have nothing to do with accelerators. So this module loads none of it: it asks git for both versions of each
changed file, and looks at their lines with a list of words that the rule book left behind when it was last loaded.
It says "nothing new" or it says nothing; who has to know more asks the check itself.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from migrate.git import Git, git_in, top_of
from migrate.resources import cache_folder, rules_root
from migrate.version import VERSION

if TYPE_CHECKING:
    from migrate.rulebook import Rulebook

_MAX_BYTES = 1 << 20
"""A changed file above this is left to the check: looking at all of its lines takes longer than loading that."""
_MAX_LINES = 2_000
_SIGN = b"cuda-migrate"
_SETTINGS = (".cuda-migrate.toml", "pyproject.toml")
_BASELINE = ".cuda-migrate-baseline.json"


class _Words(NamedTuple):
    """What a line must hold to matter: parts of the names of the platform, without one of which there is no use."""

    python: tuple[bytes, ...]
    """In Python, and in the kernels that its strings hold; also the modules that the names come from, since a line
    that holds one may give them other names."""
    native: tuple[bytes, ...]
    """In C, C++ and CUDA."""
    other: tuple[bytes, ...]
    """In any language."""

    def of(self, name: str) -> tuple[bytes, ...]:
        """Return the words for a file."""
        return self.python if name.endswith(_PYTHON) else self.native if name.endswith(_NATIVE) else self.other


def quick_pass(root: str, files: Sequence[str], *, staged: bool) -> int | None:
    """Return how many changed files bring nothing new against HEAD; None when only the check can tell.

    Args:
        root: Folder of the checkout.
        files: Files to judge, as the user gave them; all staged ones when there are none.
        staged: Judge the index, not what lies on disk.
    """
    git = _usable(root, files, staged)
    words = _read_words() if git is not None else None
    if git is None or words is None:
        return None
    names = [os.path.relpath(os.path.realpath(file), root).replace(os.sep, "/") for file in files]
    if any(name.startswith("../") or os.path.isdir(file) for name, file in zip(names, files, strict=True)):  # noqa: PTH112
        return None
    pairs = _staged(git, names) if staged else _on_disk(git, root, names)
    if pairs is None:
        return None
    for name, old, new in pairs:
        if not _is_harmless(name, old, new, words):
            return None
    return len(pairs)


def _usable(root: str, files: Sequence[str], staged: bool) -> Git | None:
    """Return git when HEAD is what decides: no baseline, and none that settings may name."""
    if not (files or staged) or os.path.lexists(os.path.join(root, _BASELINE)):  # noqa: PTH118
        return None
    for name in _SETTINGS:
        try:
            with open(os.path.join(root, name), "rb") as file:  # noqa: PTH118, PTH123
                if b"baseline" in file.read():
                    return None
        except FileNotFoundError:
            continue
        except OSError:
            return None
    return git_in(root) if top_of(root) == root and os.path.exists(os.path.join(root, ".git")) else None  # noqa: PTH110, PTH118


# ---------------------------------------------------------------------------------------------------- both versions

_Pair = tuple[str, bytes, bytes]
_PLAIN = ("100644", "100755")


def _staged(git: Git, names: Sequence[str]) -> list[_Pair] | None:
    """Return name, old and new content of what the index changes."""
    index = os.environ.get("GIT_INDEX_FILE", "")
    listed = git.run(
        *("diff-index", "--cached", "--raw", "-z", "--no-renames", "--no-abbrev", "--ignore-submodules=all"),
        *("HEAD", "--", *names),
        index=index,
    )
    if listed is None:
        return None
    parts = listed.decode("utf-8", "surrogateescape").split("\0")
    changed = []
    for facts, name in zip(parts[::2], parts[1::2], strict=False):
        old_mode, new_mode, old, new, status = facts.removeprefix(":").split(" ")
        if status == "D":
            continue
        if status not in "AM" or new_mode not in _PLAIN or old_mode not in (*_PLAIN, "000000"):
            return None
        changed.append((name, old if status == "M" else "", new))
    blobs = [blob for _, old, new in changed for blob in (old, new) if blob]
    read = dict(zip(blobs, git.contents(blobs, _MAX_BYTES), strict=True))
    return _pairs((name, read[old] if old else b"", read[new]) for name, old, new in changed)


def _on_disk(git: Git, root: str, names: Sequence[str]) -> list[_Pair] | None:
    """Return name, committed content and content on disk of files."""
    listed = git.run("ls-tree", "-z", "--full-tree", "HEAD", "--", *names)
    if listed is None:
        return None
    old = {}
    for entry in listed.decode("utf-8", "surrogateescape").split("\0")[:-1]:
        facts, _, name = entry.partition("\t")
        mode, _, blob = facts.split(" ")
        if mode not in _PLAIN:
            return None
        old[name] = blob
    before = dict(zip(old, git.contents(old.values(), _MAX_BYTES), strict=True))
    found = []
    for name in names:
        path = os.path.join(root, name)  # noqa: PTH118
        try:
            if os.path.islink(path) or os.path.getsize(path) > _MAX_BYTES:  # noqa: PTH114, PTH202
                return None
            with open(path, "rb") as file:  # noqa: PTH123
                found.append((name, before.get(name, b""), file.read()))
        except OSError:
            return None
    return _pairs(found)


def _pairs(found: Iterable[tuple[str, bytes | int | None, bytes | int | None]]) -> list[_Pair] | None:
    pairs = []
    for name, old, new in found:
        if not isinstance(old, bytes) or not isinstance(new, bytes):
            return None
        pairs.append((name, old, new))
    return pairs


# ------------------------------------------------------------------------------------------------------------ lines

_PYTHON = (".py", ".pyi")
NEVER_READ = (".md", ".rst", ".adoc", ".html", ".css", ".js", ".ts", ".svg", ".png", ".jpg", ".gif", ".pdf", ".csv")
"""Endings of common files that no front end reads."""
_NATIVE = (".c", ".cc", ".cpp", ".cxx", ".cu", ".cuh", ".h", ".hh", ".hpp", ".hxx", ".inl")
_STRUCTURE = re.compile(
    rb"""
      \b(?: if | elif | else | try | except | finally | with | match | case | switch | for | while | do | return
        | raise | throw | catch | break | continue | goto | assert | import | from | def | class | lambda | async
        | await | yield | global | nonlocal | del | pass | namespace | using | template | typedef | struct | union
        | enum | extern | static | constexpr | inline | coding ) \b
    | \"\"\" | ''' | /\* | \*/ | R\" | \\ | ` | [,({\[=+\-*/%|&<>:?.] \s*+ \Z | \A \s*+ [.)}\]@] | \0
    """,
    re.VERBOSE,
)
"""What decides how other lines are read: control, definitions, imports, long strings, statements of several lines."""


def _is_harmless(name: str, old: bytes, new: bytes, words: _Words) -> bool:
    """Tell whether a change of a file can bring nothing new.

    It cannot where no name of the platform occurs; nor, in languages whose lines are statements, where the lines that
    could matter are the same as before, in the same order: what changed then computes something else.
    """
    if old == new or name.endswith(NEVER_READ):
        return True
    if _SIGN in new:
        return False
    asked = words.of(name)
    if not any(word in new for word in asked):
        return not new.startswith((b"\xff\xfe", b"\xfe\xff")) and b"\0" not in new
    if not name.endswith(_PYTHON + _NATIVE) or not old or b"\r" in new:
        return False
    before, after = _unlike(old.split(b"\n"), new.split(b"\n"))
    if len(before) + len(after) > _MAX_LINES:
        return False
    native = name.endswith(_NATIVE)
    matters = {line: _matters(line, asked, native=native) for line in {*before, *after}}
    if [line for line in before if matters[line]] != [line for line in after if matters[line]]:
        return False
    return native or (_parses(old) and _parses(new))


def _parses(source: bytes) -> bool:
    """Tell whether Python can be parsed: what cannot is read by other means, which see less."""
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(source, "<changed>", "exec", _ONLY_PARSE, dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


_ONLY_PARSE = 0x400
"""`ast.PyCF_ONLY_AST`, without loading that module: nothing is compiled, let alone run."""


def _unlike(old: list[bytes], new: list[bytes]) -> tuple[list[bytes], list[bytes]]:
    """Return what lies between the lines that both versions begin and end with."""
    shorter = min(len(old), len(new))
    first = 0
    while first < shorter and old[first] == new[first]:
        first += 1
    last = 0
    while last < shorter - first and old[-1 - last] == new[-1 - last]:
        last += 1
    return old[first : len(old) - last], new[first : len(new) - last]


def _matters(line: bytes, words: tuple[bytes, ...], *, native: bool) -> bool:
    """Tell whether a line may hold a use, or decide over one that another line holds."""
    stripped = line.strip()
    if not stripped:
        return False
    if any(word in line for word in words):
        return True
    comment = stripped.startswith(b"//") if native else stripped.startswith(b"#")
    if comment:
        return stripped.endswith(b"\\") or b"coding" in stripped
    if native and stripped.startswith(b"#"):
        return True
    if _STRUCTURE.search(stripped):
        return True
    return any(
        line.count(opening) != line.count(closing) for opening, closing in ((b"(", b")"), (b"[", b"]"), (b"{", b"}"))
    )


# ------------------------------------------------------------------------------------------------------------ words


def _stamp() -> bytes:
    """Return what tells one state of the shipped rules from another without reading them."""
    entries = []
    with os.scandir(rules_root() / "cuda") as listing:
        for entry in listing:
            status = entry.stat()
            entries.append(f"{entry.name}:{status.st_size}:{status.st_mtime_ns}")
    return f"cuda-migrate words 2 {VERSION} {' '.join(sorted(entries))}".encode("ascii", "replace")


def _place() -> str:
    return os.path.join(cache_folder(), "guard.words")  # noqa: PTH118


def _read_words() -> _Words | None:
    """Read the words of the shipped rules; None when nobody has left them behind yet."""
    try:
        with open(_place(), "rb") as file:  # noqa: PTH123
            stamp, *groups = file.read().split(b"\n")
        if stamp != _stamp():
            return None
        return _Words(*(tuple(group.split(b" ")) for group in groups))
    except (OSError, TypeError):
        return None


def leave_words(book: Rulebook) -> None:
    """Leave the words of the shipped rules behind for the next start; where that fails, it will only be slower."""
    if book.packs or _read_words() is not None:
        return
    from migrate import languages

    anchors = {language: set(book.vocabulary(language).anchors) for language in languages.MODULES}
    groups = (
        anchors["python"] | anchors["cuda"] | _modules(book),
        anchors["cuda"],
        set().union(*anchors.values()),
    )
    _store(b"\n".join((_stamp(), *(" ".join(_shortest(group)).encode() for group in groups))))


def _modules(book: Rulebook) -> set[str]:
    """Return the top-level modules whose names Python code is asked for."""
    from migrate.model import UseKind

    names = book.vocabulary("python").names
    asked = (
        name
        for kind in (UseKind.IMPORT, UseKind.CALL, UseKind.ATTRIBUTE)
        if kind in names
        for name in (*names[kind].exact, *names[kind].globs)
    )
    return {root for name in asked if (root := name.partition(".")[0]).isidentifier()}


def _shortest(words: set[str]) -> list[str]:
    """Return the words that hold none of the others."""
    kept: list[str] = []
    for word in sorted(words, key=lambda word: (len(word), word)):
        if not any(shorter in word for shorter in kept):
            kept.append(word)
    return kept


def _store(data: bytes) -> None:
    import contextlib
    import tempfile

    with contextlib.suppress(OSError):
        os.makedirs(cache_folder(), mode=0o700, exist_ok=True)  # noqa: PTH103
        handle, temporary = tempfile.mkstemp(dir=cache_folder(), prefix=".new-")
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(temporary, _place())  # noqa: PTH105
