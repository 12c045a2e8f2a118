"""Make the mechanical part of the answers on the real code, and prove each edit by scanning the result again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from migrate import scan
from migrate.discover import read_again
from migrate.edits.changes import Change, Editor, Rebinding
from migrate.edits.python_edits import PythonEditor
from migrate.edits.splices import Refused, Splice, Text, edited, origin
from migrate.edits.text_edits import TextEditor
from migrate.model import Change as ChangeClass
from migrate.model import Edit, EditSpec, Finding, SourceFile, Use, UseKind
from migrate.rulebook import Match, Rulebook

__all__ = ["Refused", "Splice", "edited", "prove", "rewrite"]

_MECHANICAL = (ChangeClass.RENAME, ChangeClass.ADAPT)
_MOST_ROUNDS = 4
"""Times that the edits of a file are tried again without those that failed."""
_SHOWN_LINES = 3
_SHOWN_LENGTH = 200


@dataclass
class _Attempt:
    """One finding that a machine may edit."""

    finding: Finding
    spec: EditSpec
    use: Use | None = None
    change: Change = field(default_factory=Change)
    lines: tuple[int, int] = (0, 0)
    reason: str = ""
    """Why it failed; empty while it stands."""


def prove(
    root: Path,
    files: Mapping[str, SourceFile],
    findings: Sequence[Finding],
    book: Rulebook,
    targets: Mapping[str, str],
) -> tuple[Edit, ...]:
    """Try every edit that the rule book describes, on the code as it stands, without writing anything.

    Args:
        root: The folder that was scanned.
        files: Path -> file, as the scan saw it.
        findings: From the scan; suppressed ones are left alone.
        book: The rule book.
        targets: Target id -> chip.

    Returns:
        One edit for each finding and target with an edit specification, sorted by path, line and target.
    """
    edits: list[Edit] = []
    for path, of_file in sorted(_by_path(findings).items()):
        attempts = {
            target: [
                _Attempt(finding, spec)
                for finding in of_file
                if (spec := _spec(finding, book, target, chip)) is not None
            ]
            for target, chip in targets.items()
        }
        if not any(attempts.values()):
            continue
        session = _Session.open(root, files.get(path), book)
        for target, of_target in attempts.items():
            edits += _tried(session, of_target, target, targets[target])
    return tuple(sorted(edits, key=lambda edit: (edit.path, edit.line, edit.fingerprint, edit.target)))


def rewrite(
    root: Path,
    file: SourceFile,
    findings: Sequence[Finding],
    book: Rulebook,
    *,
    target: str,
    chip: str,
    preferred: Mapping[str, EditSpec] | None = None,
) -> tuple[str, tuple[Edit, ...]] | None:
    """Return a file's text with all proved edits for one target, and the edits; None when the file has changed.

    Args:
        root: The folder that was scanned.
        file: The file, as the scan saw it.
        findings: From the scan; those of other files, and suppressed ones, are left alone.
        book: The rule book.
        target: Target id.
        chip: Its chip.
        preferred: Fingerprint -> edit that is made in the place of the target's own.
    """
    session = _Session.open(root, file, book)
    if isinstance(session, str):
        return None
    chosen = preferred or {}
    specs = (
        (finding, chosen.get(finding.fingerprint) or _spec(finding, book, target, chip))
        for finding in findings
        if finding.path == file.path
    )
    attempts = [_Attempt(finding, spec) for finding, spec in specs if spec is not None]
    edits = _tried(session, attempts, target, chip)
    return session.result([attempt for attempt in attempts if not attempt.reason]), tuple(edits)


def _by_path(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    by_path: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        if finding.suppressed is None:
            by_path[finding.path].append(finding)
    return by_path


def _spec(finding: Finding, book: Rulebook, target: str, chip: str) -> EditSpec | None:
    answer = finding.answers.get(target)
    if finding.suppressed is not None or answer is None or answer.guarded or answer.change not in _MECHANICAL:
        return None
    return book.edit(finding.rule, finding.symbol, target, chip)


def _tried(session: _Session | str, attempts: list[_Attempt], target: str, chip: str) -> list[Edit]:
    if isinstance(session, str):
        for attempt in attempts:
            attempt.reason = session
        return [_edit(attempt, target, "", "") for attempt in attempts]
    session.plan(attempts)
    session.settle(attempts, target, chip)
    standing = [attempt for attempt in attempts if not attempt.reason]
    after = Text(session.result(standing))
    return [_edit(attempt, target, *session.shown(attempt, after)) for attempt in attempts]


def _edit(attempt: _Attempt, target: str, before: str, after: str) -> Edit:
    finding = attempt.finding
    return Edit(
        fingerprint=finding.fingerprint,
        target=target,
        path=finding.path,
        line=finding.span.line,
        before=before,
        after="" if attempt.reason else after,
        proved=not attempt.reason,
        reason=attempt.reason,
    )


class _Session:
    """One file, its findings, and what edits make of it."""

    def __init__(self, file: SourceFile, text: str, book: Rulebook) -> None:
        self._file = file
        self._book = book
        self._text = Text(text)
        self._editor: Editor = (PythonEditor if file.language == "python" else TextEditor)(self._text)
        self._sightings = self._scan(text)
        self._known = {(sighting.rule, sighting.symbol, sighting.use.span.line) for sighting in self._sightings}

    @classmethod
    def open(cls, root: Path, file: SourceFile | None, book: Rulebook) -> _Session | str:
        """Read a file again; the reason when it cannot be edited."""
        text = read_again(root, file) if file is not None else None
        if file is None or text is None:
            return "the file is gone, or has changed since the scan"
        try:
            return cls(file, text, book)
        except Refused as refusal:
            return str(refusal)

    def _scan(self, text: str) -> tuple[scan.Sighting, ...]:
        return scan.read(self._file, text, self._book, regular=False).sightings

    # ------------------------------------------------------------------------------------------------------ planning

    def plan(self, attempts: Sequence[_Attempt]) -> None:
        """Work out what each attempt changes."""
        uses = {(sighting.rule, sighting.symbol, sighting.use.span): sighting.use for sighting in self._sightings}
        for attempt in attempts:
            finding = attempt.finding
            attempt.use = uses.get((finding.rule, finding.symbol, finding.span))
            if attempt.use is None:
                attempt.reason = "the finding is not there any more"
                continue
            attempt.lines = self._editor.statement(attempt.use)
            try:
                attempt.change = self._editor.change(attempt.use, attempt.spec)
            except Refused as refusal:
                attempt.reason = str(refusal)

    def result(self, attempts: Sequence[_Attempt]) -> str:
        """Return the text with all these attempts made.

        Raises:
            Refused: They contradict each other.
        """
        return edited(self._text.text, self._splices(attempts))

    def _splices(self, attempts: Sequence[_Attempt]) -> list[Splice]:
        splices = [splice for attempt in attempts for splice in attempt.change.splices]
        return splices + list(self._editor.rebind(_rebindings(attempts)))

    # ------------------------------------------------------------------------------------------------------- proving

    def settle(self, attempts: Sequence[_Attempt], target: str, chip: str) -> None:
        """Drop attempts until those left hold together; each dropped one learns why."""
        for _ in range(_MOST_ROUNDS):
            self._drop_half_rebound(attempts)
            standing = [attempt for attempt in attempts if not attempt.reason]
            if not standing or not self._fails(standing, target, chip):
                return
        for attempt in attempts:
            attempt.reason = attempt.reason or "the edits of this file disturb each other"

    def _drop_half_rebound(self, attempts: Sequence[_Attempt]) -> None:
        """Refuse to change an import that other uses need as it is."""
        rebound = _rebindings(attempt for attempt in attempts if not attempt.reason)
        moved = {attempt.use.span for attempt in attempts if attempt.use and not attempt.reason}
        for rebinding in sorted(rebound):
            stays = next((s for s in self._sightings if s.use.span not in moved and _through(s.use, rebinding)), None)
            if stays is None:
                continue
            for attempt in attempts:
                if not attempt.reason and rebinding in attempt.change.rebindings:
                    attempt.reason = (
                        f"the import also serves {stays.use.name} on line {stays.use.span.line}, which stays"
                    )

    def _fails(self, standing: Sequence[_Attempt], target: str, chip: str) -> bool:
        """Mark the attempts that do not hold; tell whether there were any."""
        try:
            text = self.result(standing)
        except Refused as refusal:
            return self._blame(standing, str(refusal))
        if problem := self._editor.check(text):
            return self._blame(standing, problem)
        sightings = self._scan(text)
        failed = False
        for attempt in standing:
            left = any(
                sighting.rule == attempt.finding.rule
                and sighting.symbol == attempt.finding.symbol
                and attempt.lines[0] <= sighting.use.span.line <= attempt.lines[1]
                for sighting in sightings
            )
            if left:
                attempt.reason = "the edited statement still gives the finding"
                failed = True
        return self._new_findings(standing, sightings, target, chip) or failed

    def _new_findings(
        self, standing: Sequence[_Attempt], sightings: Sequence[scan.Sighting], target: str, chip: str
    ) -> bool:
        failed = False
        for sighting in sightings:
            if (sighting.rule, sighting.symbol, sighting.use.span.line) in self._known:
                continue
            match = Match(self._book.rules[sighting.rule], sighting.symbol, sighting.library, sighting.known)
            if self._book.answer(match, sighting.use, target, chip).change == ChangeClass.NONE:
                continue
            for attempt in self._guilty(standing, sighting.use):
                attempt.reason = attempt.reason or f"the edited code gives {sighting.symbol} instead"
                failed = True
        return failed

    def _guilty(self, standing: Sequence[_Attempt], use: Use) -> list[_Attempt]:
        """Return the attempts that made a use: at its place, else in its statement, else through an import."""
        splices = self._splices(standing)
        place = origin(Text(edited(self._text.text, splices)).range(use.span)[0], splices)
        line = use.span.line
        return (
            [attempt for attempt in standing if attempt.use and self._text.range(attempt.use.span)[0] == place]
            or [attempt for attempt in standing if attempt.lines[0] <= line <= attempt.lines[1]]
            or [attempt for attempt in standing if attempt.change.rebindings]
        )

    def _blame(self, standing: Sequence[_Attempt], problem: str) -> bool:
        """Find the attempts that fail by themselves; when each holds alone, all are to blame."""
        guilty = [attempt for attempt in standing if self._fails_alone(attempt, _rebindings(standing))]
        for attempt in guilty or standing:
            attempt.reason = problem
        return True

    def _fails_alone(self, attempt: _Attempt, rebindings: frozenset[Rebinding]) -> bool:
        statements = {rebinding.statement for rebinding in attempt.change.rebindings}
        try:
            self._editor.rebind(frozenset(r for r in rebindings if r.statement in statements))
            return bool(self._editor.check(edited(self._text.text, attempt.change.splices)))
        except Refused:
            return True

    # ------------------------------------------------------------------------------------------------------- showing

    def shown(self, attempt: _Attempt, after: Text) -> tuple[str, str]:
        """Return the statement's lines around the change, before and after."""
        first, last = attempt.lines if attempt.use else (attempt.finding.span.line,) * 2
        places = [splice.start for splice in attempt.change.splices]
        if not places and attempt.change.rebindings and not attempt.reason:
            first = last = min(rebinding.line for rebinding in attempt.change.rebindings)
            last += _SHOWN_LINES - 1 if "(" in self._text.lines(first, first)[0] else 0
        changed = self._text.line(places[0]) if places else first
        if changed >= first + _SHOWN_LINES:
            first = changed
        last = min(last, first + _SHOWN_LINES - 1)
        return _trimmed(self._text.lines(first, last)), _trimmed(after.lines(first, last))


def _rebindings(attempts: Iterable[_Attempt]) -> frozenset[Rebinding]:
    return frozenset(rebinding for attempt in attempts for rebinding in attempt.change.rebindings)


def _through(use: Use, rebinding: Rebinding) -> bool:
    """Tell whether a use is written with the name that an import binds."""
    if use.kind == UseKind.IMPORT:
        return False
    if use.name != rebinding.old and not use.name.startswith(f"{rebinding.old}."):
        return False
    rest = use.text[len(rebinding.name) :]
    return use.text.startswith(rebinding.name) and not (rest[:1].isalnum() or rest[:1] == "_")


def _trimmed(lines: Sequence[str]) -> str:
    return "\n".join(line.strip()[:_SHOWN_LENGTH] for line in lines)
