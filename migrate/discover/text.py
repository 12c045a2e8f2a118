"""One read per file: from bytes on disk to text with its content hash, or the reason why not."""

from __future__ import annotations

import codecs
import hashlib
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from migrate.model import Skip, SkipReason, SourceFile

if TYPE_CHECKING:
    from migrate.discover.walk import Candidate

MAX_BYTES = 8 * 1024 * 1024
"""Larger sources are data: the largest hand-written source files known are a tenth of that, amalgamations and
generated tables are above."""

_PROBE = 8192
"""Bytes that tell text from data, as many as git looks at."""
_STRAY = 0.02
"""Share of control characters up to which a file with NUL bytes is still text: an editor's or a tool's slip, where
data has a tenth and more. Judgement."""
_CONTROLS = bytes({*range(32), 127} - {*b"\t\n\f\r\x1b"})

_WIDE_LEAST = 8
"""Characters from which the pattern of zeros in UTF-16 is no accident. Judgement."""
_LFS = b"version https://git-lfs.github.com/spec/"
_LFS_SIZE = re.compile(rb"^size (\d{1,15})$", re.MULTILINE)
_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",  # before UTF-16, whose mark it begins with
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_CODING = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-_.a-zA-Z0-9]{1,40})")
_ASCII = bytes(range(32, 127))
_BLANK_OR_COMMENT = re.compile(rb"^[ \t\f]*(?:#.*)?\Z")

_NOT_FOR_SOURCES = frozenset(("idna", "mbcs", "oem", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"))
"""Codecs of text that no source is written in; some take time that grows faster than the text."""


def read_text(candidate: Candidate, *, max_bytes: int = MAX_BYTES) -> tuple[str, str] | Skip:
    """Read a file once; return its text and the hash of its bytes (BLAKE2b, 16 bytes, hex).

    Encodings: UTF-8, UTF-16 and UTF-32 with a byte order mark, UTF-16 without one when every other byte is zero,
    the coding that a Python file declares, and Latin-1 for the rest, in which every byte is a character: comments in
    another code page look wrong, but code and line numbers are right. Line ends stay as they are. Stray NUL bytes
    become spaces, so that places stay right.
    """
    try:
        data = _read(candidate.absolute, max_bytes)
    except OSError as error:
        return unreadable(candidate, error)
    if isinstance(data, int):
        detail = over_limit(data, max_bytes)
        return Skip(path=candidate.path, reason=SkipReason.TOO_LARGE, detail=detail, size=data)
    return text_of(candidate, data)


def text_of(candidate: Candidate, data: bytes) -> tuple[str, str] | Skip:
    """Return the text of a file's bytes and their hash, wherever the bytes come from; see `read_text`."""
    if pointer := lfs_pointer(candidate, data):
        return pointer
    if _is_data(data):
        return Skip(path=candidate.path, reason=SkipReason.BINARY, detail="holds NUL bytes", size=len(data))
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


def unreadable(candidate: Candidate, error: OSError) -> Skip:
    """Return the skip of a file that the system does not hand out."""
    detail = error.strerror or "cannot be read"
    return Skip(path=candidate.path, reason=SkipReason.UNREADABLE, detail=detail, size=candidate.size)


@contextmanager
def open_regular(path: str) -> Iterator[tuple[BinaryIO, int]]:
    """Open a regular file for reading and give it with its size.

    Raises:
        OSError: It cannot be opened, or is something else: a pipe that took its place must not block the scan.
    """
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with open(handle, "rb") as file:  # noqa: PTH123
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(0, "not a regular file")
        yield file, status.st_size


def _read(path: str, max_bytes: int) -> bytes | int:
    """Return the bytes of a regular file, or its size when it is over the limit."""
    with open_regular(path) as (file, size):
        if size > max_bytes:
            return size
        # The file may grow while it is read; one byte over the limit is enough to know.
        data = file.read(max_bytes + 1)
        return len(data) if len(data) > max_bytes else data


def lfs_pointer(candidate: Candidate, data: bytes) -> Skip | None:
    """Return the skip of a file that only names what git-lfs would fetch, with the size that it declares."""
    if not data.startswith(_LFS):
        return None
    size = _LFS_SIZE.search(data[:1024])
    return Skip(path=candidate.path, reason=SkipReason.LFS_POINTER, size=int(size[1]) if size else 0)


def _is_data(data: bytes) -> bool:
    """Tell data from text; without a NUL byte everything is text."""
    probe = data[:_PROBE]
    if b"\0" not in probe or _marked(data) or _wide(probe):
        return False
    return len(probe) - len(probe.translate(None, _CONTROLS)) > _STRAY * len(probe)


def _marked(data: bytes) -> str:
    """Return the encoding that a byte order mark says, but for UTF-8."""
    return next((encoding for mark, encoding in _MARKS.items() if data.startswith(mark)), "")


def _wide(probe: bytes) -> str:
    """Return the byte order of UTF-16 without a mark, in which Latin text has a zero in every other byte."""
    half = len(probe) // 2
    first, second = probe[0::2].count(0), probe[1::2].count(0)
    if half < _WIDE_LEAST or max(first, second) < 0.7 * half or min(first, second) > 0:
        return ""
    return "utf-16-be" if first > second else "utf-16-le"


def _decode(data: bytes, *, python: bool) -> str:
    """Decode in the first encoding that fits."""
    if encoding := _marked(data) or (_wide(data[:_PROBE]) if b"\0" in data[:_PROBE] else ""):
        return data.decode(encoding, errors="replace").replace("\0", " ")
    data = data.replace(b"\0", b" ")
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
