"""What a commit and the index hold, read through git's plumbing: no hook, filter or command of the repository runs."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from migrate.discover.classify import language_of
from migrate.discover.text import MAX_BYTES
from migrate.discover.walk import repository_top
from migrate.errors import InputError
from migrate.git import Git, git_in

_REGULAR = frozenset({"100644", "100755"})
"""Modes of plain files; links and submodules hold no source."""
_NOTHING = "0" * 64
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
"""The tree without entries, which every git knows: what the first commit of a repository differs from."""
_ARGUMENTS = 2_000
"""Paths that one command is asked for; the shortest limit of a system (Windows, 32,767 characters) is for far fewer
long ones, so that longer lists are asked for as a whole."""


class Changed(NamedTuple):
    """A plain file that differs between a commit and the index, or what lies on disk."""

    path: str
    """Below the checkout's top, forward slashes; bytes that are no text are surrogates."""
    old: str
    """Object id in the commit; empty when it is not there."""
    new: str
    """Object id in the index; empty when it is gone, or when the disk was asked."""
    gone: bool


class Store:
    """The committed and the staged content of one checkout."""

    def __init__(self, git: Git, top: Path) -> None:
        self.top = top
        self._git = git
        self._index = os.environ.get("GIT_INDEX_FILE", "")
        """`git commit FILE` and `git commit -a` hand the index of the commit to their hooks by this variable."""

    @classmethod
    def open(cls, folder: Path) -> Store | None:
        """Return the store of the checkout around a folder; None outside git, or without a usable git."""
        top = repository_top(folder.resolve())
        git = git_in(os.fspath(top)) if (top / ".git").exists() else None
        return cls(git, top) if git is not None else None

    def commit(self, revision: str) -> str:
        """Return the commit that a name stands for, an empty string when it stands for none."""
        found = self._git.run("rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}")
        return (found or b"").decode("ascii", "replace").strip()

    def fork_point(self, revision: str) -> str:
        """Return the last commit that a revision and HEAD share; the revision's own when they share none.

        Raises:
            InputError: There is no such revision.
        """
        commit = self.commit(revision)
        if not commit:
            raise InputError(
                f"no commit {revision!r} in this repository",
                hint="fetch it first: a shallow checkout holds the last commit only",
                slug="revision-unknown",
            )
        shared = self._git.run("merge-base", "--end-of-options", commit, "HEAD")
        return (shared or b"").decode("ascii", "replace").strip() or commit

    def changes(self, commit: str, *, staged: bool) -> list[Changed] | None:
        """Return the plain files that differ from a commit, None when git cannot say.

        Against the disk this is what git's index takes for changed: some of the files may be the same after all.

        Args:
            commit: Commit id, or HEAD.
            staged: Compare the index with the commit, not what lies on disk.
        """
        neutral = () if staged else self._git.without_filters()
        if neutral is None:
            return None
        cached = ("--cached",) if staged else ()
        listed = self._git.run(
            *("diff-index", "--raw", "-z", "--no-renames", "--no-ext-diff", "--ignore-submodules=all", "--no-abbrev"),
            *(*cached, commit, "--"),
            settings=neutral,
            index=self._index,
        )
        return None if listed is None else list(_differences(listed))

    def untracked(self) -> list[str]:
        """Return the files that git neither tracks nor ignores."""
        return _split(self._git.run("ls-files", "-z", "--others", "--exclude-standard", "--full-name") or b"")

    def staged(self, paths: Sequence[str] = ()) -> dict[str, str]:
        """Return path -> object id of the plain files that the index holds.

        Args:
            paths: Only these, if any are given.
        """
        asked = paths if len(paths) <= _ARGUMENTS else ()
        listed = self._git.run("ls-files", "-z", "--stage", "--", *asked, index=self._index) or b""
        found = {}
        for entry in _split(listed):
            facts, _, path = entry.partition("\t")
            mode, blob, stage = facts.split(" ")
            if mode in _REGULAR and stage == "0":
                found[path] = blob
        return found

    def tree(self, commit: str, paths: Sequence[str] = ()) -> dict[str, str]:
        """Return path -> object id of the plain files of a commit.

        Args:
            commit: Commit id, or HEAD.
            paths: Only these, if any are given.
        """
        asked = paths if len(paths) <= _ARGUMENTS else ()
        found = {}
        for entry in _split(self._git.run("ls-tree", "-r", "-z", "--full-tree", commit, "--", *asked) or b""):
            facts, _, path = entry.partition("\t")
            mode, _, blob = facts.split(" ")
            if mode in _REGULAR:
                found[path] = blob
        return found

    def read(self, blobs: Iterable[str], *, max_bytes: int = MAX_BYTES) -> Iterator[bytes | int | None]:
        """Yield the content of each object; see `Git.contents`."""
        return self._git.contents(blobs, max_bytes)


def _differences(listed: bytes) -> Iterator[Changed]:
    """Read `diff-index --raw -z`: `:mode mode id id status`, then the path."""
    parts = _split(listed)
    for facts, path in zip(parts[::2], parts[1::2], strict=False):
        old_mode, new_mode, old, new, status = facts.removeprefix(":").split(" ")
        before = old if old_mode in _REGULAR else ""
        gone = status == "D" or new_mode not in _REGULAR
        if before or not gone:
            yield Changed(path, before, "" if gone or new == _NOTHING[: len(new)] else new, gone)


def _split(listed: bytes) -> list[str]:
    return listed.decode("utf-8", "surrogateescape").split("\0")[:-1]


def export(store: Store, commit: str, folder: Path) -> int:
    """Write the files of a commit that a front end reads to an empty folder, and return how many.

    They are written as they are stored: nothing converts them, and a name that leads elsewhere is left out.
    """
    wanted = {path: blob for path, blob in store.tree(commit).items() if _is_kept(path)}
    written = 0
    for path, content in zip(wanted, store.read(wanted.values()), strict=True):
        if isinstance(content, bytes):
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
            written += 1
    return written


_STEERING = frozenset({".gitignore", ".gitmodules", "CODEOWNERS"})
"""Files that decide over others."""


def _is_kept(path: str) -> bool:
    parts = path.split("/")
    if not {"", ".", "..", ".git"}.isdisjoint(part.lower() for part in parts) or "\\" in path or ":" in path:
        return False
    return language_of(path) is not None or parts[-1] in _STEERING
