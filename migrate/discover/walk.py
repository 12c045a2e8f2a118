"""The walk over a tree: every file that a front end reads, and a `Skip` for every one that it should have."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from migrate.discover.classify import Owners, is_copied_project, language_of, role_of
from migrate.discover.patterns import IgnoreFile
from migrate.discover.revision import git_folders
from migrate.discover.text import MAX_BYTES, over_limit
from migrate.errors import InputError
from migrate.git import top_of
from migrate.model import Role, Skip, SkipReason, Struct

_NEVER = frozenset(
    {
        ".git",
        ".hg",
        ".svn",
        "node_modules",
        "__pycache__",
        ".tox",
        ".nox",
        ".venv",
        ".eggs",
        ".mypy_cache",
        ".pytest_cache",
        ".ruff_cache",
        ".hypothesis",
    }
)
"""Folders that hold no code of the tree; build folders are left to its ignore files."""

_VENV_MARK = "pyvenv.cfg"
_MAX_SETTINGS = 1024 * 1024
"""Bytes read of an ignore file, `.gitmodules` or CODEOWNERS."""


class Candidate(Struct, frozen=True):
    """A file to analyse."""

    path: str
    """As reported: below the root, forward slashes, every character encodable, unique."""
    absolute: str
    """What opens it; may hold surrogates for bytes that are no text."""
    language: str
    """Front end id."""
    role: Role
    size: int
    owner: str = ""
    """From CODEOWNERS, as written; empty when nobody is named."""
    modified: int = 0
    """Time of the last change, in nanoseconds."""
    inode: int = 0


class _Ignore(NamedTuple):
    """An ignore file in force, and how much of a path lies above its folder."""

    base: str
    patterns: IgnoreFile

    def verdict(self, path: str) -> bool | None:
        return self.patterns.verdict(path[len(self.base) :])


class _Folder(NamedTuple):
    """A folder still to be read."""

    absolute: str
    path: str
    """Below the repository's top, empty or ending in a slash."""
    ignores: tuple[_Ignore, ...]
    excluded: bool
    foreign: bool


class _File(NamedTuple):
    """A file of interest, before it gets the name it is reported by."""

    path: str
    """Below the repository's top."""
    absolute: str
    size: int
    foreign: bool
    modified: int
    inode: int


def discover(
    root: Path, *, exclude: Sequence[str] = (), max_bytes: int = MAX_BYTES
) -> tuple[list[Candidate], list[Skip]]:
    """Walk a tree and return what to analyse and what was left out, both sorted by path.

    Files that `.gitignore` files (nested ones, and those between the repository's top and the root) or
    `.git/info/exclude` ignore are not there, also when git tracks them all the same: to know that would take
    the index. Links are not followed out of the tree, and a file that several names lead to counts once.

    Args:
        root: The folder to walk.
        exclude: Patterns in the syntax of `.gitignore`, relative to the root; each file becomes a `Skip`.
        max_bytes: Larger files become a `Skip`.

    Raises:
        InputError: The root is not a folder that can be read.
    """
    try:
        with os.scandir(root):
            pass
    except OSError as error:
        reason = error.strerror or "cannot be read"
        raise InputError(f"{root}: {reason}", hint="give an existing folder", slug="root-unreadable") from error
    return _Walk(root, exclude, max_bytes).run()


class _Walk:
    """One walk: where it is and what it found so far."""

    def __init__(self, root: Path, exclude: Sequence[str], max_bytes: int) -> None:
        self.root = root.resolve()
        self.top = repository_top(self.root)
        self.prefix = self.root.relative_to(self.top).as_posix() + "/" if self.root != self.top else ""
        self.exclude = IgnoreFile("\n".join(exclude)) if exclude else None
        self.max_bytes = max_bytes
        self.submodules = _submodules(self.top)
        self.owners = _owners(self.top)
        self.files: list[_File] = []
        self.links: list[tuple[_Folder, os.DirEntry[str]]] = []
        self.skips: list[tuple[str, SkipReason, str, int]] = []

    def run(self) -> tuple[list[Candidate], list[Skip]]:
        """Walk, then follow the links that stay inside, then name what was found."""
        pending = [_Folder(str(self.root), self.prefix, self._upper_ignores(), excluded=False, foreign=False)]
        while pending:
            pending.extend(self._read_folder(pending.pop()))
        self._follow_links()
        self._missing_submodules()
        return self._named()

    def _upper_ignores(self) -> tuple[_Ignore, ...]:
        """Return the ignore files above the root; none when they would ignore the root that was asked for."""
        found = []
        if text := _setting(git_folders(self.top)[1] / "info" / "exclude"):
            found.append(_Ignore("", IgnoreFile(text)))
        base = ""
        for part in self.prefix.split("/")[:-1]:
            if text := _setting(self.top / base / ".gitignore"):
                found.append(_Ignore(base, IgnoreFile(text)))
            base += part + "/"
            if _ignored(base, found):
                return ()
        return tuple(found)

    def _read_folder(self, folder: _Folder) -> list[_Folder]:
        """Sort one folder's entries into files, links and folders to read."""
        try:
            with os.scandir(folder.absolute) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            self._skip(folder.path.rstrip("/"), SkipReason.UNREADABLE, error.strerror or "cannot be read")
            return []
        names = [entry.name for entry in entries]
        inner = folder.path != self.prefix
        if inner and _VENV_MARK in names:
            return []
        own_name = folder.path.rstrip("/").rpartition("/")[2]
        if inner and not folder.foreign and (".git" in names or is_copied_project(own_name, names)):
            folder = folder._replace(foreign=True)
        if ".gitignore" in names and (text := _setting(Path(folder.absolute, ".gitignore"))):
            folder = folder._replace(ignores=(*folder.ignores, _Ignore(folder.path, IgnoreFile(text))))
        return [inner for entry in entries for inner in self._read_entry(folder, entry)]

    def _read_entry(self, folder: _Folder, entry: os.DirEntry[str]) -> Iterator[_Folder]:
        """Note a file or a link; yield a folder."""
        path = folder.path + entry.name
        try:
            if entry.is_symlink():
                if not _ignored(path, folder.ignores):
                    self.links.append((folder, entry))
            elif entry.is_dir(follow_symlinks=False):
                if entry.name not in _NEVER and not _ignored(path + "/", folder.ignores):
                    yield _Folder(
                        entry.path,
                        path + "/",
                        folder.ignores,
                        excluded=folder.excluded or self._is_excluded(path + "/"),
                        foreign=folder.foreign or path in self.submodules,
                    )
            elif _of_interest(path) and not _ignored(path, folder.ignores):
                self._note(path, entry.path, entry.stat(follow_symlinks=False), folder)
        except OSError as error:
            self._skip(path, SkipReason.UNREADABLE, error.strerror or "cannot be read")

    def _note(self, path: str, absolute: str, status: os.stat_result, folder: _Folder) -> None:
        """Keep a file of interest, or say why it is left out."""
        if folder.excluded or self._is_excluded(path):
            self._skip(path, SkipReason.EXCLUDED)
        elif not stat.S_ISREG(status.st_mode):
            self._skip(path, SkipReason.UNREADABLE, "not a regular file")
        elif status.st_size > self.max_bytes and language_of(path) != "binary":  # of those only parts are read
            size = status.st_size
            self._skip(path, SkipReason.TOO_LARGE, over_limit(size, self.max_bytes), size)
        else:
            self.files.append(_File(path, absolute, status.st_size, folder.foreign, status.st_mtime_ns, status.st_ino))

    def _is_excluded(self, path: str) -> bool:
        return self.exclude is not None and bool(self.exclude.verdict(path[len(self.prefix) :]))

    def _follow_links(self) -> None:
        """Take in the files that only a link leads to; report the links that lead out."""
        known = {file.absolute for file in self.files}
        for folder, entry in self.links:
            path = folder.path + entry.name
            try:
                real = Path(entry.path).resolve(strict=True)
                status = real.stat()
            except (OSError, RuntimeError) as error:
                if _of_interest(path):
                    self._skip(path, SkipReason.UNREADABLE, f"link leads nowhere ({type(error).__name__})")
                continue
            is_folder = stat.S_ISDIR(status.st_mode)
            if not real.is_relative_to(self.root):
                if is_folder or _of_interest(path):
                    self._skip(path, SkipReason.LINK_OUTSIDE)
                continue
            internal = not _NEVER.isdisjoint(real.relative_to(self.root).parts)
            if not is_folder and not internal and _of_interest(path) and str(real) not in known:
                known.add(str(real))
                self._note(path, str(real), status, folder)

    def _missing_submodules(self) -> None:
        """Report the declared submodules that were not checked out."""
        for path in sorted(self.submodules):
            if path.startswith(self.prefix) and _is_empty(self.top / path):
                url = self.submodules[path]
                self._skip(
                    path, SkipReason.SUBMODULE_MISSING, f"not checked out, from {url}" if url else "not checked out"
                )

    def _skip(self, path: str, reason: SkipReason, detail: str = "", size: int = 0) -> None:
        self.skips.append((path, reason, detail, size))

    def _named(self) -> tuple[list[Candidate], list[Skip]]:
        """Give every file the path it is reported by."""
        names = _Names(len(self.prefix))
        candidates = []
        for file in sorted(self.files):
            path = names.give(file.path)
            language = language_of(file.path)
            assert language is not None
            candidates.append(
                Candidate(
                    path=path,
                    absolute=file.absolute,
                    language=language,
                    role=role_of(file.path[len(self.prefix) :], foreign=file.foreign),
                    size=file.size,
                    owner=self.owners.of(file.path) if self.owners else "",
                    modified=file.modified,
                    inode=file.inode,
                )
            )
        skips = [
            Skip(path=names.give(path), reason=reason, detail=detail, size=size)
            for path, reason, detail, size in sorted(self.skips)
        ]
        return sorted(candidates, key=lambda found: found.path), sorted(skips, key=lambda skip: skip.path)


class _Names:
    """Makes reported paths: below the root, without undecodable bytes, each given once."""

    def __init__(self, above: int) -> None:
        self.above = above
        self.given: set[str] = set()

    def give(self, path: str) -> str:
        """Return the reported form of a path; bytes that are no text become U+FFFD."""
        clean = unique = _SURROGATE.sub("\ufffd", path[self.above :]) or "."
        number = 2
        while unique in self.given:
            unique = f"{clean}~{number}"
            number += 1
        self.given.add(unique)
        return unique


_SURROGATE = re.compile("[\ud800-\udfff]")


def _of_interest(path: str) -> bool:
    return language_of(path) is not None


def _ignored(path: str, ignores: Sequence[_Ignore]) -> bool:
    """Tell what the innermost ignore file that mentions the path says."""
    for ignore in reversed(ignores):
        verdict = ignore.verdict(path)
        if verdict is not None:
            return verdict
    return False


def repository_top(root: Path) -> Path:
    """Return the innermost git checkout around the root, the root itself when there is none."""
    return Path(top_of(os.fspath(root)))


def _setting(path: Path) -> str:
    """Read a small file that steers the walk; empty when it cannot be read."""
    try:
        if not path.is_file():
            return ""
        with path.open("rb") as file:
            return file.read(_MAX_SETTINGS).decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    except OSError:
        return ""


_SUBMODULE = re.compile(r"^[ \t]*\[[ \t]*submodule\b", re.MULTILINE)
_SUBMODULE_KEY = re.compile(r'^[ \t]*(path|url)[ \t]*=[ \t]*"?([^"\r\n]*?)"?[ \t]*\r?$', re.MULTILINE)
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]*@")
_URL_LENGTH = 200


def _submodules(top: Path) -> dict[str, str]:
    """Return path and address of what `.gitmodules` declares; paths that leave the tree are none."""
    found = {}
    for section in _SUBMODULE.split(_setting(top / ".gitmodules"))[1:]:
        keys = {key: value for key, value in _SUBMODULE_KEY.findall(section) if value}
        path = keys.get("path", "").rstrip("/")
        if {"", ".", "..", ".git"}.isdisjoint(path.split("/")):
            found[path] = _CREDENTIALS.sub("", keys.get("url", ""))[:_URL_LENGTH]
    return found


def _is_empty(folder: Path) -> bool:
    """Tell whether a folder is missing or holds nothing."""
    try:
        with os.scandir(folder) as listing:
            return next(listing, None) is None
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False


def _owners(top: Path) -> Owners | None:
    """Return the owners from the first place where a forge looks for them."""
    for folder in (".github", "", "docs", ".gitlab"):
        if text := _setting(top / folder / "CODEOWNERS"):
            return Owners(text)
    return None
