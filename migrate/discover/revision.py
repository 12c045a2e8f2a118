"""Which commit the tree is at, asked of git so that the repository's own configuration runs nothing."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from migrate.git import git_in

_COMMIT_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")
_REF = re.compile(r"ref: (refs/[^\x00-\x20\x7f~^:?*\[\\]+)\Z")
_COMMITTED = re.compile(rb"^committer .*> (\d{1,12}) ([+-])(\d\d)(\d\d)$", re.MULTILINE)
_MAX_RECORD = 4 * 1024 * 1024


def revision(root: Path) -> tuple[str, bool, str]:
    """Return commit id, whether tracked files below the root differ from it, and its day (`2026-11-22`).

    All are empty (False) outside git, and for a folder that the surrounding repository does not track.
    Without a usable git only the id is known, read off the files.
    """
    asked = git_in(os.fspath(root))
    if asked is None:
        return _head_by_files(root), False, ""
    ids = asked.run("rev-parse", "HEAD", "HEAD:./")
    if ids is None:
        # Not a repository, no commit yet, not tracked, or owned by somebody git does not trust.
        return _head_by_files(root), False, ""
    commit = ids.split(b"\n", 1)[0].decode("ascii", "replace")
    if not _COMMIT_ID.match(commit):
        return "", False, ""
    return commit, asked.is_dirty(), _day(asked.run("cat-file", "commit", commit) or b"")


def _day(commit: bytes) -> str:
    """Return the committer's day in the committer's time zone."""
    found = _COMMITTED.search(commit.split(b"\n\n", 1)[0])
    if not found:
        return ""
    minutes = (int(found[3]) * 60 + int(found[4])) * (-1 if found[2] == b"-" else 1)
    try:
        zone = timezone(timedelta(minutes=minutes))
        return datetime.fromtimestamp(int(found[1]), UTC).astimezone(zone).date().isoformat()
    except (OverflowError, ValueError, OSError):
        return ""


def git_folders(top: Path) -> tuple[Path, Path]:
    """Return a checkout's git folder and the one it shares with other worktrees; often the same.

    Args:
        top: The folder that holds `.git`.
    """
    own = top / ".git"
    if own.is_file():
        own = top / _record(own).removeprefix("gitdir:").strip()
    return own, own / _record(own / "commondir")


def _head_by_files(root: Path) -> str:
    """Read the commit id as git does, without git; empty when that fails."""
    own, common = git_folders(root)
    head = _record(own / "HEAD")
    if found := _REF.match(head):
        ref = found[1]
        if ".." in ref:
            return ""
        head = _record(own / ref) or _record(common / ref) or _packed(common, ref)
    return head if _COMMIT_ID.match(head) else ""


def _packed(common: Path, ref: str) -> str:
    """Return the id that `packed-refs` has for a reference."""
    for line in _record(common / "packed-refs").splitlines():
        commit, _, name = line.partition(" ")
        if name == ref:
            return commit
    return ""


def _record(path: Path) -> str:
    """Read one of git's small text files, without the final line end."""
    try:
        if not path.is_file():
            return ""
        with path.open("rb") as file:
            return file.read(_MAX_RECORD).decode("utf-8", "surrogateescape").rstrip("\n")
    except (OSError, ValueError):
        return ""
