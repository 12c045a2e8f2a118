"""One read per file: from bytes on disk to text with its content hash, or the reason why not."""

from __future__ import annotations

import codecs
import hashlib
import os
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from migrate.model import Skip, SkipReason, SourceFile

if TYPE_CHECKING:
    from migrate.discover.walk import Candidate

MAX_BYTES = 8 * 1024 * 1024
"""Larger sources are data: the largest hand-written source files known are a tenth of that, amalgamations and
generated tables are above."""

_BINARY_PROBE = 8192
"""As git does: a NUL in the first 8 KiB makes a file binary."""

_LFS = b"version https://git-lfs.github.com/spec/"
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CODING = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-_.a-zA-Z0-9]{1,40})")
_ASCII = bytes(range(32, 127))
_BLANK_OR_COMMENT = re.compile(rb"^[ \t\f]*(?:#.*)?\Z")

_NOT_FOR_SOURCES = frozenset(("idna", "mbcs", "oem", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"))
"""Codecs of text that no source is written in; some take time that grows faster than the text."""


def read_text(candidate: Candidate, *, max_bytes: int = MAX_BYTES) -> tuple[str, str] | Skip:
    """Read a file once; return its text and the hash of its bytes (BLAKE2b, 16 bytes, hex).

    Encodings: UTF-8, UTF-16 with a byte order mark, the coding that a Python file declares, and Latin-1 for
    the rest, in which every byte is a character: comments in another code page look wrong, but code and line
    numbers are right. Line ends stay as they are.
    """
    try:
        data = _read(candidate.absolute, max_bytes)
    except OSError as error:
        return Skip(path=candidate.path, reason=SkipReason.UNREADABLE, detail=error.strerror or "cannot be read")
    if isinstance(data, int):
        return Skip(path=candidate.path, reason=SkipReason.TOO_LARGE, detail=over_limit(data, max_bytes))
    if data.startswith(_LFS):
        return Skip(path=candidate.path, reason=SkipReason.LFS_POINTER)
    if not data.startswith(_UTF16) and b"\0" in data[:_BINARY_PROBE]:
        return Skip(path=candidate.path, reason=SkipReason.BINARY, detail="holds NUL bytes")
    return _decode(data, python=candidate.language == "python"), _digest(data)


def read_again(root: Path, file: SourceFile, *, max_bytes: int = MAX_BYTES) -> str | None:
    """Return the text of a file that was read before, None when it is not what it was then."""
    try:
        data = _read(os.fspath(root / file.path), max_bytes)
    except (OSError, ValueError):
        return None
    if isinstance(data, int) or _digest(data) != file.content:
        return None
    return _decode(data, python=file.language == "python")


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def over_limit(size: int, max_bytes: int) -> str:
    """Say by how much a file is too large."""
    return f"{size:,} bytes, limit {max_bytes:,}"


def _read(path: str, max_bytes: int) -> bytes | int:
    """Return the bytes of a regular file, or its size when it is over the limit."""
    # A pipe that took the file's place since the walk must not block the scan.
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with open(handle, "rb") as file:  # noqa: PTH123
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(0, "not a regular file")
        if status.st_size > max_bytes:
            return status.st_size
        # The file may grow while it is read; one byte over the limit is enough to know.
        data = file.read(max_bytes + 1)
        return len(data) if len(data) > max_bytes else data


def _decode(data: bytes, *, python: bool) -> str:
    """Decode in the first encoding that fits."""
    if data.startswith(_UTF16):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    if python and (declared := _declared_coding(data)):
        try:
            return data.decode(declared)
        except (LookupError, UnicodeError):
            pass
    return data.decode("latin-1")


def _declared_coding(data: bytes) -> str:
    """Return the codec that the first two lines name (PEP 263), empty when none is fit."""
    first, _, rest = data[:1024].replace(b"\r", b"\n").partition(b"\n")
    lines = [first]
    if _BLANK_OR_COMMENT.match(first):
        lines.append(rest.lstrip(b"\n").partition(b"\n")[0])
    for line in lines:
        if found := _CODING.match(line):
            return _fit_codec(found[1].decode("ascii"))
    return ""


def _fit_codec(name: str) -> str:
    """Return the codec's own name when it is one that sources can be written in, else an empty string."""
    try:
        known = codecs.lookup(name).name
        fits = known.replace("_", "-") not in _NOT_FOR_SOURCES and _ASCII.decode(known) == _ASCII.decode("ascii")
    except (LookupError, UnicodeError):
        return ""
    return known if fits else ""
