"""From the bytes of some files to their uses, with the rest of the tree heard where it may have a say."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from migrate import discover, scan
from migrate.baseline import Identity, text_identity
from migrate.config import Config
from migrate.discover.text import text_of
from migrate.guard.model import Item, MarkerProblem
from migrate.guard.versions import Tree
from migrate.model import CHANGE_ORDER, Change, Finding, Persona, Role, Skip, SourceFile, UseKind
from migrate.model.links import PENDING
from migrate.rulebook import PACKAGE, Rulebook
from migrate.scan import suppression
from migrate.scan.cache import Cache
from migrate.scan.judging import Judge
from migrate.scan.lines import split_lines
from migrate.scan.locks import without_declared
from migrate.scan.ownership import own_packages, settle_roles, without_own_names
from migrate.scan.reading import FileReport, Sighting
from migrate.scan.reexports import with_reexports
from migrate.scan.workers import read_all

SKIPPED_ROLES = frozenset({Role.VENDORED, Role.GENERATED, Role.DUPLICATE})
"""Code that is changed elsewhere: where it comes from, in its generator, in the file it is a copy of."""


@dataclass(frozen=True)
class Text:
    """A file that was read."""

    report: FileReport
    text: str
    markers: suppression.Suppressions

    @property
    def path(self) -> str:
        """Return its path."""
        return self.report.file.path


@dataclass(frozen=True)
class Reader:
    """Reads files and judges what they hold."""

    tree: Tree
    book: Rulebook
    config: Config
    chips: Mapping[str, str]
    today: dt.date
    jobs: int | None = None
    skipped: list[tuple[str, str]] = field(default_factory=list)
    memory: list[FileReport] | None = None
    """The rest of the tree as it was last read, for who judges often; None reads it anew each time."""
    cache: Callable[[], Cache | None] | None = None
    """Opens what earlier runs read, when the rest of the tree is heard."""

    def texts(self, files: Mapping[str, bytes]) -> list[Text]:
        """Read files given as bytes; those that are no text are skipped."""
        regular = self.config.settings.persona == Persona.REGULAR
        read = []
        for path, data in sorted(files.items()):
            language = discover.language_of(path)
            assert language is not None
            name = _SURROGATE.sub("\ufffd", path)
            candidate = discover.Candidate(
                path=name, absolute=path, language=language, role=self.tree.role(path), size=len(data)
            )
            content = text_of(candidate, data)
            if isinstance(content, Skip):
                self.skipped.append((name, content.detail or content.reason))
                continue
            text, digest = content
            file = SourceFile(path=name, language=language, content=digest, role=candidate.role, lines=0, code_lines=0)
            report = scan.read(file, text, self.book, regular=regular)
            markers = suppression.NONE if self.config.isolated else report.suppressions.on(self.today)
            read.append(Text(report, text, markers))
        return read

    def surroundings(self, texts: Sequence[Text], besides: Iterable[str]) -> list[FileReport]:
        """Read the rest of the tree.

        Args:
            texts: Files that are judged; they are not read again.
            besides: Further paths that are not to be read: files that another version holds.
        """
        known = {text.path for text in texts}.union(besides)
        if self.memory:
            return [report for report in self.memory if report.file.path not in known]
        user_exclude = [one for one in self.config.settings.exclude if one not in self.config.tree_exclude]
        candidates, _ = discover.discover(self.tree.root, exclude=user_exclude)
        kept = () if self.memory is not None else known
        rest = [one for one in candidates if one.path not in kept and one.language != "binary"]
        cache = self.cache() if self.cache is not None else None
        outcomes = read_all(rest, self.book, self.config, self.jobs, None, cache=cache)
        reports = [one for one in outcomes if isinstance(one, FileReport)]
        if self.memory is not None:
            self.memory.extend(reports)
        return [report for report in reports if report.file.path not in known]

    def items(self, texts: Sequence[Text], surroundings: Sequence[FileReport] = ()) -> list[Item]:
        """Judge what files hold.

        Args:
            texts: The files.
            surroundings: The rest of the tree, as far as it is known.
        """
        reports = sorted((*(text.report for text in texts), *surroundings), key=lambda report: report.file.path)
        own = own_packages(reports)
        if surroundings:
            regular = self.config.settings.persona == Persona.REGULAR
            packages = {package for _, package in own}
            reports = with_reexports(reports, self.tree.root, self.book, packages, regular=regular)
        reports = without_declared(settle_roles(without_own_names(reports, own)))
        judge = Judge(reports, self.book, self.config, self.chips, today=self.today)
        of_path = {report.file.path: report for report in reports}
        return [item for text in texts for item in self._of(text, of_path[text.path], judge)]

    def _of(self, text: Text, report: FileReport, judge: Judge) -> Iterator[Item]:
        if report.file.role in SKIPPED_ROLES or not report.sightings:
            return
        uses = {(one.rule, one.symbol, one.use.span): one for one in report.sightings}
        lines = split_lines(text.text)
        for finding in judge.findings(report):
            sighting = uses[finding.rule, finding.symbol, finding.span]
            yield item_of(finding, sighting, report.file.language, _line(lines, finding.span.line))

    def problems(self, texts: Sequence[Text], items: Iterable[Item]) -> list[MarkerProblem]:
        """Return what is wrong with the markers of files, given all that was found in them."""
        by_path: dict[str, list[Finding]] = {}
        for item in items:
            by_path.setdefault(item.finding.path, []).append(item.finding)
        found = []
        for text in texts:
            if text.markers == suppression.NONE:
                continue
            used = [
                marker
                for one in by_path.get(text.path, ())
                if (marker := text.markers.of(one.rule, one.span, whole=one.kernel is not None)) is not None
            ]
            lines = split_lines(text.text)
            problems = sorted((*text.markers.problems, *text.markers.unused(used)), key=lambda one: one.line)
            found += [MarkerProblem(path=text.path, problem=one, line=_line(lines, one.line)) for one in problems]
        return found

    def may_be_settled(self, item: Item, texts: Mapping[str, Text]) -> bool:
        """Tell whether the rest of the tree may have a say in a use.

        It may define the name itself, hold the test that guards it, or give it a meaning on the target.
        """
        finding = item.finding
        if item.language in _NATIVE or finding.library == PACKAGE:
            return True
        for sighting in texts[finding.path].report.sightings:
            if sighting.use.span == finding.span and sighting.rule == finding.rule:
                if not sighting.known or any(guard.startswith(PENDING) for guard in sighting.use.guarded_by):
                    return True
                if sighting.use.kind in _NAMES and self._is_own(sighting.use.name.partition(".")[0]):
                    return True
        return False

    def _is_own(self, module: str) -> bool:
        """Tell whether the tree may be the home of a top-level Python module."""
        folders = (Path(self.tree.root, *parts, module) for parts in _HOMES)
        return bool(module) and any((folder / "__init__.py").is_file() for folder in folders)


_SURROGATE = re.compile("[\ud800-\udfff]")
_NATIVE = frozenset({"cuda", "cython"})
_NAMES = frozenset({UseKind.IMPORT, UseKind.CALL, UseKind.ATTRIBUTE})
_HOMES = ((), ("src",), ("python",), ("lib",))
_LONGEST = 400
"""Characters of a source line that are kept: what a terminal shows in four lines."""


def _line(lines: Sequence[str], number: int) -> str:
    return lines[number - 1][:_LONGEST] if number <= len(lines) else ""


def item_of(finding: Finding, sighting: Sighting, language: str, line: str) -> Item:
    """Make an item of a finding and the use behind it."""
    answers = finding.answers.values()
    guarded = any(answer.guarded for answer in answers)
    open_ = [answer for answer in answers if not answer.guarded]
    worst = max((answer.change for answer in open_), key=CHANGE_ORDER.__getitem__, default=Change.NONE)
    spoken = sighting.language or language
    text = "" if finding.kernel is not None else text_identity(sighting.use.text, spoken)
    return Item(
        finding=finding,
        identity=Identity(finding.path, finding.rule, finding.scope, finding.symbol, text),
        worst=worst,
        guarded=guarded,
        hours=max((answer.effort.each[1] for answer in open_ if answer.effort is not None), default=0.0),
        line=line,
        language=spoken,
    )
