"""Judge a change: select the files, read both versions, compare, and say what is new."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from migrate import baseline as baselines
from migrate.baseline import Baseline, Identity
from migrate.config import Config, Level
from migrate.discover.blobs import EMPTY_TREE, Store
from migrate.errors import InputError
from migrate.guard import gate
from migrate.guard.forms import advice
from migrate.guard.model import Card, Check, Gone, Item, State, reaches
from migrate.guard.versions import Selection, Tree, against, committed, from_disk, from_index
from migrate.resources import vendors_pack

if TYPE_CHECKING:
    from migrate.guard.reading import Reader
    from migrate.scan import Cache, FileReport


@dataclass(frozen=True)
class Options:
    """What a check is asked for."""

    files: tuple[str, ...] = ()
    """Files and folders to judge; without any, what changed, or everything where nothing tells what did."""
    since: str = ""
    """Revision; new is what is not in the commit where HEAD left it."""
    head: str = "HEAD"
    """Revision that is compared with when neither `since` nor a baseline says what is known."""
    staged: bool = False
    """Judge the index, not what lies on disk."""
    everything: bool = False
    """Judge all files, and take all that no baseline accepts for new."""
    use_baseline: bool = True
    any_vendor: bool = False
    """Judge lock-in to vendors other than NVIDIA too."""
    level: Level = Level.RENAME
    budget: float | None = None
    jobs: int | None = None
    cache: Callable[[], Cache | None] | None = None
    """Opens what earlier runs read, should the rest of the tree be heard."""


def root_of(folder: Path) -> Path:
    """Return the folder whose settings and baseline hold: the checkout's top, outside git the folder itself."""
    from migrate.discover.walk import repository_top

    return repository_top(folder.resolve())


def check(root: Path, config: Config, options: Options, today: dt.date) -> Check:
    """Judge a change.

    Args:
        root: See `root_of`.
        config: Settings.
        options: What is asked for.
        today: Day that dated suppressions are compared with.

    Raises:
        InputError: A file or a revision does not exist.
        BaselineError: The baseline cannot be read.
        ConfigError: An unknown target or chip.
    """
    tree = Tree(root, config)
    accepted = _accepted(tree, config, options)
    selection = _select(tree, options, accepted)
    if not selection.new and not selection.old:
        return Check(
            reference=selection.reference,
            items=(),
            problems=(),
            gone=(),
            rules={},
            targets={},
            level=options.level,
            files=0,
            notes=selection.notes,
            budget=options.budget,
            skipped=selection.skipped,
        )
    if options.any_vendor:
        config = replace(config, packs=(*config.packs, vendors_pack()))
    reader = make_reader(tree, config, today, options.jobs, cache=options.cache)
    judged = _Judged(reader, selection, accepted, options)
    return judged.result()


def check_content(reader: Reader, path: str, data: bytes, options: Options) -> Check:
    """Judge one file as somebody is writing it, against the baseline, else HEAD, else nothing.

    Args:
        reader: From `make_reader`.
        path: Below the root.
        data: What it holds now.
        options: What is asked for; which files, and against what, is settled.

    Raises:
        BaselineError: The baseline cannot be read.
    """
    tree = reader.tree
    accepted = _accepted(tree, reader.config, options)
    selection = Selection({path: data}, reference=_BASELINE)
    if accepted is None:
        store = Store.open(tree.root)
        old = committed(tree, store, path) if store is not None else None
        selection = Selection({path: data}, {} if old is None else {path: old}, "HEAD" if store is not None else "")
    return _Judged(reader, selection, accepted, options).result()


def accept(root: Path, config: Config, today: dt.date, options: Options) -> Baseline:
    """Return a baseline of all that a check of the whole tree would fail for; see `check`."""
    result = check(root, config, replace(options, files=(), everything=True, use_baseline=False), today)
    return baselines.collect((item.identity, item.hours) for item in result.failing)


def prune(root: Path, config: Config, today: dt.date, options: Options) -> Baseline | None:
    """Return the baseline without what is gone, and with what has moved where it is now; None when there is none.

    It never accepts more than before; see `check`.
    """
    if baselines.load(root / config.settings.baseline) is None:
        return None
    result = check(root, config, replace(options, files=(), use_baseline=True), today)
    return baselines.collect(
        (item.identity, item.hours) for item in result.items if item.counts and item.state is State.UNCHANGED
    )


def make_reader(
    tree: Tree,
    config: Config,
    today: dt.date,
    jobs: int | None,
    *,
    memory: list[FileReport] | None = None,
    cache: Callable[[], Cache | None] | None = None,
) -> Reader:
    """Return what reads and judges files, with the rule book that the settings ask for; see `Reader`."""
    from migrate import rulebook
    from migrate.audit import choose_chips
    from migrate.guard.reading import Reader

    book = rulebook.load(config.packs) if config.packs else rulebook.shipped()
    gate.leave_words(book)
    return Reader(tree, book, config, choose_chips(book, config), today, jobs, memory=memory, cache=cache)


def _accepted(tree: Tree, config: Config, options: Options) -> Baseline | None:
    """Read the baseline, if one is to be used and is there."""
    if options.since or not options.use_baseline or config.isolated:
        return None
    return baselines.load(tree.root / config.settings.baseline)


def _select(tree: Tree, options: Options, accepted: Baseline | None) -> Selection:
    """Decide which files are judged, and against what."""
    paths = tree.named(options.files, on_disk=not options.staged) if options.files else None
    if options.files and not paths:
        return Selection({})
    store = Store.open(tree.root) if options.since or options.staged or not options.everything else None
    if accepted is not None and not options.staged:
        return replace(from_disk(tree, tree.all() if paths is None else paths), reference=_BASELINE)
    if options.everything and not options.since:
        return from_disk(tree, tree.all() if paths is None else paths)
    if store is None:
        if options.since or options.staged:
            raise InputError(
                f"{tree.root}: no git repository to ask",
                hint="--since and --staged need git",
                slug="git-missing",
            )
        note = "no git repository and no baseline: everything counts as new"
        return from_disk(tree, tree.all() if paths is None else paths, notes=(note,))
    if accepted is not None:
        return replace(from_index(tree, store, paths or ()), reference=_BASELINE)
    return _against_revision(tree, store, options, paths)


_BASELINE = "the baseline"


def _against_revision(tree: Tree, store: Store, options: Options, paths: Sequence[str] | None) -> Selection:
    asked = options.since or options.head
    commit = store.fork_point(asked) if asked != "HEAD" else asked
    name = f"{asked} ({commit[:7]})" if asked not in ("HEAD", commit) else asked
    found = against(tree, store, commit, paths, staged=options.staged, reference=name)
    if found is not None:
        return found
    if store.commit("HEAD"):
        raise InputError(
            f"{tree.root}: git cannot compare with {name}",
            hint="a partial or shallow checkout lacks what is needed; or use a baseline",
            slug="git-failed",
        )
    note = "no commit yet: everything counts as new"
    first = against(tree, store, EMPTY_TREE, paths, staged=options.staged, reference="")
    if first is None:
        return from_disk(tree, tree.all() if paths is None else paths, notes=(note,))
    return replace(first, notes=(note,))


class _Judged:
    """The files of a selection, judged against its reference."""

    def __init__(self, reader: Reader, selection: Selection, accepted: Baseline | None, options: Options) -> None:
        self._reader = reader
        self._selection = selection
        self._accepted = accepted
        self._options = options
        self._new = reader.texts(selection.new)
        self._skipped = tuple(reader.skipped)
        self._old = reader.texts(selection.old)

    def result(self) -> Check:
        """Judge the files alone first, and hear the rest of the tree when that may change the outcome."""
        items, gone = self._compared(self._reader.items(self._new), self._reader.items(self._old))
        texts = {text.path: text for text in self._new}
        if any(item.fails and self._reader.may_be_settled(item, texts) for item in items):
            rest = self._reader.surroundings(self._new, self._selection.old)
            items, gone = self._compared(self._reader.items(self._new, rest), self._reader.items(self._old, rest))
        book = self._reader.book
        rules = {item.finding.rule: book.rules[item.finding.rule] for item in items}
        return Check(
            reference=self._selection.reference,
            items=tuple(items),
            problems=tuple(self._reader.problems(self._new, items)),
            gone=tuple(gone),
            rules={id_: Card(title=rule.title, why=rule.why, refs=rule.refs) for id_, rule in sorted(rules.items())},
            targets={id_: book.targets[id_].target.name for id_ in self._reader.chips},
            level=self._options.level,
            files=len(self._new),
            notes=self._selection.notes,
            budget=self._options.budget,
            skipped=(*self._selection.skipped, *self._skipped),
        )

    def _compared(self, today: Sequence[Item], before: Sequence[Item]) -> tuple[list[Item], list[Gone]]:
        """Say of each use whether it is new, and what of the reference is gone."""
        hours: Mapping[Identity, float]
        if self._accepted is not None:
            judged = {text.path for text in self._new}
            known = baselines.within_reach(self._accepted, judged, self._exists)
            hours = {identity: accepted.hours for identity, accepted in self._accepted.items()}
        else:
            known = Counter(item.identity for item in before if item.counts)
            hours = {item.identity: item.hours for item in before}
        counted = [item for item in today if item.counts]
        comparison = baselines.compare([item.identity for item in counted], known)
        unchanged = {id(counted[index]) for index in comparison.known}
        items = [
            msgspec.structs.replace(item, state=State.UNCHANGED) if id(item) in unchanged else self._new_use(item)
            for item in today
        ]
        left = sorted(comparison.left.items())
        return items, [Gone(identity=one, uses=uses, hours=hours.get(one, 0.0)) for one, uses in left]

    def _new_use(self, item: Item) -> Item:
        """Say of a new use whether it is too much, and then what to write instead."""
        if not item.counts or not reaches(item.worst, self._options.level):
            return item
        finding = item.finding
        return msgspec.structs.replace(item, fails=True, portable=advice(finding.rule, finding.symbol))

    def _exists(self, path: str) -> bool:
        return (self._reader.tree.root / path).is_file()
