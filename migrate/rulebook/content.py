"""What tells one content of rule packs from another, found again without reading files that nobody touched."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from migrate.errors import RuleError

_DIGEST = re.compile(r"[0-9a-f]{32}\Z")
_RACY_SECONDS = 2.0
"""A file written so shortly before it is looked at may be written again under the same time stamp: file systems
count in steps of up to two seconds (FAT). Its digest is not remembered."""


class File(NamedTuple):
    """A file of a pack that says something."""

    name: str
    """Path within the pack, with slashes."""
    path: str
    size: int
    changed: int
    """Nanoseconds."""


def files(packs: Iterable[Path]) -> list[File]:
    """Return the files of packs, pack by pack, sorted by name.

    Raises:
        RuleError: A pack is not a folder.
    """
    found: list[File] = []
    for pack in packs:
        if not pack.is_dir():
            raise RuleError("is not a folder", file=str(pack), slug="rule-pack-missing")
        found += sorted(_below(str(pack), ""))
    return found


def _below(folder: str, name: str) -> Iterator[File]:
    with os.scandir(folder) as entries:
        for entry in entries:
            inner = f"{name}/{entry.name}" if name else entry.name
            if entry.is_dir(follow_symlinks=False):
                yield from _below(entry.path, inner)
            elif entry.name.endswith((".yaml", ".csv")) and entry.is_file():
                state = entry.stat()
                yield File(inner, entry.path, state.st_size, state.st_mtime_ns)


def digest(packs: Iterable[Path], memory: Path | None = None) -> str:
    """Return the digest of what packs hold.

    Args:
        packs: Folders, in order.
        memory: Folder where the digest of files with these sizes and times is remembered; none by default.

    Raises:
        RuleError: A pack is not a folder, or a file cannot be read.
    """
    listed = files(packs)
    place = memory / f"{_state(listed)}.digest" if memory else None
    if place is not None and (known := _remembered(place)):
        return known
    found = _read(listed)
    if place is not None and listed and time.time() - max(file.changed for file in listed) / 1e9 > _RACY_SECONDS:
        _remember(place, found)
    return found


def _read(listed: Iterable[File]) -> str:
    made = hashlib.blake2b(digest_size=16)
    for file in listed:
        try:
            content = Path(file.path).read_bytes()
        except OSError as error:
            reason = f"cannot be read: {error.strerror}"
            raise RuleError(reason, file=file.path, slug="rule-unreadable") from None
        made.update(f"{file.name}\0{len(content)}\0".encode() + content)
    return made.hexdigest()


def _state(listed: Iterable[File]) -> str:
    return hashlib.blake2b(repr([tuple(file) for file in listed]).encode(), digest_size=16).hexdigest()


def _remembered(place: Path) -> str:
    try:
        text = place.read_text(encoding="ascii")
    except (OSError, ValueError):
        return ""
    return text if _DIGEST.match(text) else ""


def _remember(place: Path, found: str) -> None:
    with contextlib.suppress(OSError):
        write(place, found.encode())


def write(place: Path, data: bytes) -> None:
    """Write a file of the cache whole, and make its folder.

    Raises:
        OSError: It cannot be written.
    """
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, temporary = tempfile.mkstemp(dir=place.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(temporary).replace(place)
    finally:
        Path(temporary).unlink(missing_ok=True)
