"""Make the edits that are proved: the form that suits every vendor where there is one, else one target's own."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from migrate import baseline
from migrate.config import Config, Level
from migrate.guard.checking import make_reader
from migrate.guard.forms import form_of
from migrate.guard.model import Item, reaches
from migrate.guard.versions import Tree, from_disk
from migrate.model import Edit, EditSpec

if TYPE_CHECKING:
    from migrate.guard.reading import Reader, Text


@dataclass(frozen=True)
class Fixed:
    """A file whose edits hold."""

    path: str
    before: bytes
    after: bytes
    edits: tuple[Edit, ...]


@dataclass(frozen=True)
class Fixes:
    """What can be fixed, and what is left."""

    files: tuple[Fixed, ...]
    left: int
    """Uses that are left to be done by hand."""
    refused: tuple[tuple[str, str], ...]
    """Path and reason of files with edits that are not made."""


def fix(
    root: Path,
    config: Config,
    files: Sequence[str],
    today: dt.date,
    *,
    target: str = "",
    portable: bool = True,
    jobs: int | None = None,
) -> Fixes:
    """Work out the edits of a tree; nothing is written.

    Args:
        root: Folder of the tree.
        config: Settings.
        files: Files and folders to edit; all when there are none.
        today: Day that dated suppressions are compared with.
        target: Target whose own names are taken where no portable form exists; none when empty.
        portable: Prefer portable forms.
        jobs: Worker processes.
    """
    tree = Tree(root, config)
    paths = tree.named(files, on_disk=True) if files else tree.all()
    selection = from_disk(tree, paths)
    reader = make_reader(tree, config, today, jobs)
    texts = reader.texts(selection.new)
    rest = reader.surroundings(texts, ()) if files else ()
    by_path: dict[str, list[Item]] = {}
    for item in reader.items(texts, rest):
        if item.counts and reaches(item.worst, Level.RENAME):
            by_path.setdefault(item.finding.path, []).append(item)
    fixer = _Fixer(reader, target, portable=portable)
    fixed: list[Fixed] = []
    refused: list[tuple[str, str]] = []
    for text in texts:
        outcome = fixer.fix(text, by_path.get(text.path, []), selection.new.get(text.path, b""))
        if isinstance(outcome, Fixed):
            fixed.append(outcome)
        elif outcome:
            refused.append((text.path, outcome))
    done = sum(len(one.edits) for one in fixed)
    return Fixes(tuple(fixed), sum(map(len, by_path.values())) - done, tuple(refused))


class _Fixer:
    """Edits one file after the other."""

    def __init__(self, reader: Reader, target: str, *, portable: bool) -> None:
        self._reader = reader
        self._target = target
        self._portable = portable

    def fix(self, text: Text, items: Sequence[Item], data: bytes) -> Fixed | str:
        """Return a file's edits; why there are none although some hold, or nothing when none do."""
        from migrate import edits as editing

        preferred = self._preferred(text, items) if self._portable else {}
        findings = [item.finding for item in items if self._target or item.finding.fingerprint in preferred]
        if not findings:
            return ""
        target = self._target or next(iter(self._reader.chips))
        rewritten = editing.rewrite(
            self._reader.tree.root,
            text.report.file,
            findings,
            self._reader.book,
            target=target,
            chip=self._reader.chips[target],
            preferred=preferred,
        )
        proved = tuple(edit for edit in rewritten[1] if edit.proved) if rewritten else ()
        if rewritten is None or not proved:
            return ""
        after = _encoded(text.text, data, rewritten[0])
        if after is None:
            return "it cannot be written back byte for byte in its encoding"
        if problem := self._unconfirmed(text.path, after, items, proved):
            return problem
        return Fixed(text.path, data, after, proved)

    def _preferred(self, text: Text, items: Iterable[Item]) -> dict[str, EditSpec]:
        """Return the portable edits of a file; a call with keywords may not fit the other function."""
        args = {(one.rule, one.symbol, one.use.span): one.use.args for one in text.report.sightings}
        chosen = {}
        for item in items:
            finding = item.finding
            form = form_of(finding.rule, finding.symbol)
            given = args.get((finding.rule, finding.symbol, finding.span), {})
            if form is not None and form.exact and form.name == finding.symbol and all(map(str.isdigit, given)):
                chosen[finding.fingerprint] = EditSpec(rename={form.name: form.form})
        return chosen

    def _unconfirmed(self, path: str, after: bytes, items: Sequence[Item], proved: Sequence[Edit]) -> str:
        """Read the edited file again: each edited use is gone, and nothing else has come."""
        again = [item for item in self._reader.items(self._reader.texts({path: after})) if item.counts]
        edited = {edit.fingerprint for edit in proved}
        left = Counter(item.identity for item in items if item.finding.fingerprint not in edited)
        now = [item.identity for item in again if reaches(item.worst, Level.RENAME)]
        compared = baseline.compare(now, left)
        return "" if len(compared.known) == len(now) else "reading it again finds uses that were not there"


def _encoded(text: str, data: bytes, edited: str) -> bytes | None:
    """Return an edited text in the encoding of its file; None when that does not give back the file's own bytes."""
    for encoding in ("utf-8", "utf-8-sig", "latin-1"):
        try:
            if text.encode(encoding) == data:
                return edited.encode(encoding)
        except UnicodeEncodeError:
            continue
    return None
