"""What a file's text says about where it comes from: a copy, a program's output, an instance of a template."""

from __future__ import annotations

import hashlib
import re

from migrate import discover
from migrate.languages.lexical import Lexed, blank_ranges
from migrate.model import Extraction, Role, SourceFile, Struct

INSTANCE_LINES = 40
"""Code lines up to which a file may be no more than an instance of a template. Judgement: the instances of known
attention kernels have 5 to 25."""


class Origin(Struct, frozen=True):
    """Where a file may come from; the rest of the repository decides."""

    nvidia: bool = False
    """It says that NVIDIA wrote it."""
    shipped: bool = False
    """It bears the name and the terms of a file that NVIDIA ships with its toolkit."""
    shape: str = ""
    """Of a file that only instantiates a template: the same for all that differ in names and numbers alone."""
    generator: str = ""
    """Name of the script that the header names as its maker."""


def origin(file: SourceFile, text: str, extraction: Extraction) -> Origin:
    """Read off a file's text where it may come from."""
    nvidia = file.language == "cuda" and file.role == Role.OWNED and discover.is_from_nvidia(text)
    return Origin(
        nvidia=nvidia,
        shipped=nvidia and discover.is_shipped_file(file.path, text),
        shape=_shape(text) if file.language == "cuda" and 0 < extraction.code_lines <= INSTANCE_LINES else "",
        generator=_generator(text) if extraction.generated else "",
    )


_INSTANCE = re.compile(r"\btemplate\s*<\s*>|\btemplate\s+(?!<)\w|^[ \t]*[A-Z][A-Z0-9_]{3,}[ \t]*\(", re.MULTILINE)
_NAMES = re.compile(r"[\w:]+")
_LONGEST = 20_000
"""Characters, most of them comment, that a file of that few code lines may have."""


def _shape(text: str) -> str:
    """Digest the punctuation of a file that instantiates something and defines no kernel; empty for all others."""
    if len(text) > _LONGEST:
        return ""
    lexed = Lexed(text)
    code = blank_ranges(lexed.masked, [(item.start, item.end) for item in lexed.directives])
    if "__global__" in code or not _INSTANCE.search(code):
        return ""
    bones = "".join(_NAMES.sub("w", code).split())
    return hashlib.blake2b(bones.encode("utf-8", "replace"), digest_size=8).hexdigest()


_GENERATOR = re.compile(r"\b([\w-]{1,80}\.(?:py|sh|pl|rb|cmake|j2|jinja|tmpl|in|mako))\b")
_HEADER = 2_048


def _generator(text: str) -> str:
    """Return the first script that the head of a file names."""
    found = _GENERATOR.search(text[:_HEADER])
    return found[1] if found else ""
