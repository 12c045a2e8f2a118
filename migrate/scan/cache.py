"""What each file gave, kept between runs, so that only what changed is read again.

One SQLite file in the user's cache folder. A file that looks as it did (size, time of change, inode) is not opened;
what it gave is found by the digest of its content, of its path and of all that had a say: the rule book, the product
itself, the persona. What the rest of a repository says about a file is never kept: that is decided anew on every run.
Whatever goes wrong with the cache costs time and nothing else.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from migrate.discover import Candidate
from migrate.scan.reading import FileReport
from migrate.version import VERSION

FILE_NAME = "files.sqlite3"
LIMIT_BYTES = 512 * 1024 * 1024
"""Size from which the least used half is dropped (judgement: 40 repositories of 10,000 files, measured 1.2 KB each)."""

_SCHEMA = 1
_RACY_NS = 2_000_000_000
"""A file changed this shortly before a scan may change again within the same tick of its clock, as git assumes."""
_DAY = 86_400
_CHUNK = 500
_BUSY_SECONDS = 2.0
_TABLES = """
CREATE TABLE IF NOT EXISTS file (
  root TEXT, path TEXT, size INTEGER, modified INTEGER, inode INTEGER, content BLOB, PRIMARY KEY (root, path)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS fact (digest BLOB PRIMARY KEY, used INTEGER, data BLOB);
CREATE INDEX IF NOT EXISTS fact_used ON fact (used);
"""


class Cache:
    """What earlier runs found in the files of one tree.

    Attributes:
        note: Why nothing is kept, empty when all is well.
    """

    def __init__(self, folder: Path, root: Path) -> None:
        """Open or make the cache.

        Args:
            folder: Where its file lies; made when missing, readable by the user alone: it holds lines of source.
            root: The scanned tree.
        """
        self.note = ""
        self._root = os.fspath(root.resolve())
        self._said = b""
        self._began = time.time_ns()
        self._connection: sqlite3.Connection | None = None
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._connection = _open(folder / FILE_NAME)
        except (sqlite3.Error, OSError) as error:
            self._give_up(error)

    def recall(self, candidates: Sequence[Candidate], said: Sequence[str]) -> dict[str, FileReport]:
        """Return, by path, what is known of the files that look as they did.

        Args:
            candidates: All files of the tree.
            said: What has a say in what a file gives, beside its content: digest of the rule book, persona.
        """
        self._said = _digest(VERSION, _own_stamp(), str(_SCHEMA), *said)
        found: dict[str, FileReport] = {}
        if self._connection is None:
            return found
        try:
            wanted = self._unchanged(self._connection, candidates)
            for digest, data in self._facts(self._connection, wanted):
                found[wanted[digest]] = _DECODER.decode(data)
            self._touch(self._connection, wanted)
        except (sqlite3.Error, msgspec.MsgspecError) as error:
            self._give_up(error)
        return found

    def keep(self, read: Iterable[tuple[Candidate, FileReport]]) -> None:
        """Remember what files gave, under the terms of the recall before."""
        if self._connection is None:
            return
        try:
            with self._connection:
                for candidate, report in read:
                    if candidate.modified <= self._began - _RACY_NS:
                        self._keep(self._connection, candidate, report)
            _shrink(self._connection)
        except (sqlite3.Error, OSError) as error:
            self._give_up(error)

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _give_up(self, error: Exception) -> None:
        """Go on without: a cache that does not work is worth a note, never an error."""
        self.note = f"the cache is not used: {error}"
        with contextlib.suppress(sqlite3.Error):
            self.close()

    def _unchanged(self, connection: sqlite3.Connection, candidates: Sequence[Candidate]) -> dict[bytes, str]:
        """Return the keys of files that look as they did, with their paths."""
        rows = connection.execute("SELECT path, size, modified, inode, content FROM file WHERE root = ?", (self._root,))
        known = {path: (size, modified, inode, content) for path, size, modified, inode, content in rows}
        wanted = {}
        for one in candidates:
            size, modified, inode, content = known.get(one.path, (-1, 0, 0, b""))
            if (size, modified, inode) == (one.size, one.modified, one.inode):
                wanted[self._key(one, content)] = one.path
        return wanted

    def _keep(self, connection: sqlite3.Connection, candidate: Candidate, report: FileReport) -> None:
        content = bytes.fromhex(report.file.content)
        connection.execute(
            "INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?, ?, ?)",
            (self._root, candidate.path, candidate.size, candidate.modified, candidate.inode, content),
        )
        connection.execute(
            "INSERT OR REPLACE INTO fact VALUES (?, ?, ?)",
            (self._key(candidate, content), self._now, _ENCODER.encode(report)),
        )

    @property
    def _now(self) -> int:
        return self._began // 1_000_000_000

    def _key(self, candidate: Candidate, content: bytes) -> bytes:
        return _digest(self._said, candidate.path, candidate.language, candidate.role, candidate.owner, content)

    @staticmethod
    def _facts(connection: sqlite3.Connection, wanted: Mapping[bytes, str]) -> Iterator[tuple[bytes, bytes]]:
        digests = list(wanted)
        for start in range(0, len(digests), _CHUNK):
            chunk = digests[start : start + _CHUNK]
            marks = ",".join("?" * len(chunk))
            yield from connection.execute(f"SELECT digest, data FROM fact WHERE digest IN ({marks})", chunk)  # noqa: S608

    def _touch(self, connection: sqlite3.Connection, wanted: Mapping[bytes, str]) -> None:
        """Note the use of facts, once a day."""
        stale = [(self._now, digest, self._now - _DAY) for digest in wanted]
        row = connection.execute("SELECT min(used) FROM fact").fetchone()
        if row[0] is not None and row[0] < self._now - _DAY:
            with connection:
                connection.executemany("UPDATE fact SET used = ? WHERE digest = ? AND used < ?", stale)


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(FileReport)


def _open(path: Path) -> sqlite3.Connection:
    """Connect; a file that is no database, or one of another form, is made anew."""
    try:
        return _connected(path)
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):  # locked, read-only, full: nothing is wrong with the file
            raise
        path.unlink()
        return _connected(path)


def _connected(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS)
    try:
        if connection.execute("PRAGMA user_version").fetchone()[0] != _SCHEMA:
            connection.executescript(f"DROP TABLE IF EXISTS file; DROP TABLE IF EXISTS fact; {_TABLES}")
            connection.execute(f"PRAGMA user_version = {_SCHEMA}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")  # a lost last run costs time, a torn file cannot happen
    except BaseException:
        connection.close()
        raise
    return connection


def _shrink(connection: sqlite3.Connection) -> None:
    """Drop the half that was used least recently when the file is over its limit."""
    pages, free, size = (
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
    )
    if (pages - free) * size <= LIMIT_BYTES:
        return
    with connection:
        connection.execute(
            "DELETE FROM fact WHERE digest IN"
            " (SELECT digest FROM fact ORDER BY used LIMIT (SELECT count(*) / 2 FROM fact))"
        )


def _digest(*parts: str | bytes) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.digest()


def _own_stamp() -> str:
    """Return what changes with the product's own code where its version does not: in a checkout."""
    package = Path(__file__).parent.parent
    if (package / "_data").exists():  # an installed wheel
        return ""
    return str(max(path.stat().st_mtime_ns for path in package.rglob("*.py")))
