"""Which files a check judges, in which version, and against which."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from migrate import discover
from migrate.config import Config
from migrate.discover.blobs import Changed, Store
from migrate.discover.classify import is_copied_project
from migrate.discover.text import MAX_BYTES, open_regular, over_limit
from migrate.errors import InputError
from migrate.model import Role


@dataclass(frozen=True)
class Selection:
    """Files by path below the root, with their bytes."""

    new: Mapping[str, bytes]
    old: Mapping[str, bytes] = field(default_factory=dict)
    """The reference's version of what changed, and of what is gone."""
    reference: str = ""
    notes: tuple[str, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()


class Tree:
    """A tree on disk, with what its settings leave out."""

    def __init__(self, root: Path, config: Config) -> None:
        self.root = root.resolve()
        self._exclude = config.settings.exclude
        self._is_excluded = discover.matcher(self._exclude)
        self._baseline = config.settings.baseline
        self._foreign: dict[str, bool] = {"": False}

    def eligible(self, path: str) -> bool:
        """Tell whether a path is one that a check judges: read by a front end, and one's own."""
        language = discover.language_of(path)
        if language is None or language == "binary" or path == self._baseline or self._is_excluded(path):
            return False
        return self.role(path) not in NOT_JUDGED

    def role(self, path: str) -> Role:
        """Return whose code a path is."""
        return discover.role_of(path, foreign=self._is_foreign(path.rpartition("/")[0]))

    def _is_foreign(self, folder: str) -> bool:
        """Tell whether a folder lies in another checkout, or in a copy of a known project."""
        if folder not in self._foreign:
            above, _, name = folder.rpartition("/")
            self._foreign[folder] = self._is_foreign(above) or _begins_foreign(self.root / folder, name)
        return self._foreign[folder]

    def named(self, files: Sequence[str], *, on_disk: bool) -> list[str]:
        """Return the eligible paths that a user's arguments name; of folders all that lies below.

        Args:
            files: The arguments.
            on_disk: Whether they must be there; git may still hold what the disk does not.

        Raises:
            InputError: One lies outside the tree, or is not there.
        """
        found: dict[str, None] = {}
        walked: list[str] | None = None
        for file in files:
            path = Path(os.path.abspath(file))  # noqa: PTH100 - a link keeps its own name
            parent = path.parent.resolve()
            if not (parent / path.name).is_relative_to(self.root):
                raise InputError(f"{file}: lies outside {self.root}", hint="choose --root", slug="input-outside")
            name = (parent / path.name).relative_to(self.root).as_posix()
            if on_disk and not os.path.lexists(path):
                raise InputError(f"{file}: no such file or folder", hint="name what is there", slug="input-missing")
            if path.is_dir() and not path.is_symlink():
                walked = self.all() if walked is None else walked
                below = "" if name == "." else name + "/"
                found |= dict.fromkeys(one for one in walked if one.startswith(below))
            elif self.eligible(name):
                found[name] = None
        return list(found)

    def all(self) -> list[str]:
        """Return all eligible paths of the tree."""
        candidates, _ = discover.discover(self.root, exclude=self._exclude)
        return [
            one.path
            for one in candidates
            if one.language != "binary" and one.role not in NOT_JUDGED and one.path != self._baseline
        ]

    def read(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes | str]]:
        """Yield paths with what lies on disk, or with the reason why it cannot be read; links are left out."""
        for path in paths:
            place = self.root / path
            if place.is_symlink():
                continue
            try:
                with open_regular(os.fspath(place)) as (file, size):
                    yield path, over_limit(size, MAX_BYTES) if size > MAX_BYTES else file.read(MAX_BYTES)
            except OSError as error:
                yield path, error.strerror or "cannot be read"


NOT_JUDGED = frozenset({Role.VENDORED})
"""Somebody else's code to port; the rest is judged, since a test that runs on one vendor's card alone is lock-in."""


def _begins_foreign(folder: Path, name: str) -> bool:
    try:
        names = [entry.name for entry in folder.iterdir()]
    except OSError:
        return False
    return ".git" in names or is_copied_project(name, names)


def from_disk(tree: Tree, paths: Sequence[str], *, notes: tuple[str, ...] = ()) -> Selection:
    """Select files as they lie on disk, with nothing to compare them with."""
    new, skipped = _readable(tree.read(paths))
    return Selection(new, skipped=skipped, notes=notes)


def from_index(tree: Tree, store: Store, paths: Sequence[str]) -> Selection:
    """Select files as the index holds them; without paths all that differ from HEAD."""
    if not paths:
        changed = store.changes("HEAD", staged=True) or []
        paths = [path for path in _below(tree, store, [one.path for one in changed if one.new]) if tree.eligible(path)]
    above = _above(tree, store)
    staged = store.staged([above + path for path in paths])
    blobs = {path: staged[above + path] for path in paths if above + path in staged}
    new, skipped = _readable(_contents(store, blobs))
    return Selection(new, skipped=skipped)


def against(
    tree: Tree, store: Store, revision: str, paths: Sequence[str] | None, *, staged: bool, reference: str
) -> Selection | None:
    """Select what differs from a commit; None when git has no such commit.

    Args:
        tree: The tree.
        store: Its checkout.
        revision: Commit id, or HEAD.
        paths: Only these; None for all.
        staged: Judge what the index holds, not what lies on disk.
        reference: What the commit is called.
    """
    changes = store.changes(revision, staged=staged)
    if changes is None:
        return None
    above = _above(tree, store)
    changed = {one.path[len(above) :]: one for one in changes if one.path.startswith(above)}
    wanted = set(changed) if paths is None else set(paths)
    if not staged and (paths is None or not wanted <= changed.keys()):
        untracked = set(_below(tree, store, store.untracked()))
        untracked = untracked if paths is None else untracked & wanted
        changed |= {path: Changed(path, "", "", gone=False) for path in untracked}
        wanted |= untracked
    judged = [path for path in sorted(wanted & changed.keys()) if not changed[path].gone and tree.eligible(path)]
    if staged:
        new, skipped = _readable(_contents(store, {path: changed[path].new for path in judged}))
    else:
        new, skipped = _readable(tree.read(judged))
    before = {path: one.old for path, one in sorted(changed.items()) if one.old and (one.gone or path in new)}
    before = {path: blob for path, blob in before.items() if tree.eligible(path)}
    old, _ = _readable(_contents(store, before))
    return Selection(new, old, reference, skipped=skipped)


def committed(tree: Tree, store: Store, path: str) -> bytes | None:
    """Return what HEAD holds of a file; None when it holds nothing, or something that is no source."""
    blobs = store.tree("HEAD", [_above(tree, store) + path]).values()
    content = next(store.read(blobs), None)
    return content if isinstance(content, bytes) else None


def _above(tree: Tree, store: Store) -> str:
    """Return what stands before the tree's paths in the checkout's."""
    return "" if tree.root == store.top else tree.root.relative_to(store.top).as_posix() + "/"


def _below(tree: Tree, store: Store, paths: Iterable[str]) -> list[str]:
    above = _above(tree, store)
    return [path[len(above) :] for path in paths if path.startswith(above)]


def _contents(store: Store, blobs: Mapping[str, str]) -> Iterator[tuple[str, bytes | str]]:
    for path, content in zip(blobs, store.read(blobs.values()), strict=True):
        if isinstance(content, int):
            yield path, over_limit(content, MAX_BYTES)
        else:
            yield path, "git does not have it" if content is None else content


def _readable(contents: Iterable[tuple[str, bytes | str]]) -> tuple[dict[str, bytes], tuple[tuple[str, str], ...]]:
    """Part what could be read from what could not."""
    read: dict[str, bytes] = {}
    skipped: list[tuple[str, str]] = []
    for path, content in contents:
        if isinstance(content, str):
            skipped.append((path, content))
        else:
            read[path] = content
    return read, tuple(skipped)
