"""What the scan could not see in owned code: by kind, with its share, and where."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from migrate import discover
from migrate.languages.foreign import language_name
from migrate.model import BlindKind, BlindPlace, BlindSpot, BlindSpotKind, Finding, Role, Skip, SkipReason, SourceFile
from migrate.scan.reading import FileReport

BYTES_PER_LINE = 36
"""Bytes of a source line, for files that were never opened (measured: 33 to 39 in six CUDA projects)."""
_PLACES = 5
"""Examples of each."""
_PRICED = (Role.OWNED, Role.GENERATED)
"""Roles in which something unseen may change what the port costs; the instances of a template count as it."""

_BY_REASON = {
    SkipReason.SUBMODULE_MISSING: BlindSpotKind.MISSING_SUBMODULE,
    SkipReason.UNSUPPORTED_LANGUAGE: BlindSpotKind.FOREIGN_LANGUAGE,
    SkipReason.PARSE_ERROR: BlindSpotKind.UNPARSED_FILE,
    **dict.fromkeys(
        (
            SkipReason.TOO_LARGE,
            SkipReason.BINARY,
            SkipReason.ENCODING,
            SkipReason.UNREADABLE,
            SkipReason.TIMED_OUT,
            SkipReason.LFS_POINTER,
        ),
        BlindSpotKind.UNREAD_FILE,
    ),
}
"""What a skip hides; what the user excluded and links that lead out hide nothing of this repository."""
_BY_BLIND = {
    BlindKind.DYNAMIC_CODE: BlindSpotKind.DYNAMIC_CODE,
    BlindKind.GENERATED_SOURCE: BlindSpotKind.GENERATED_SOURCE,
    BlindKind.UNREADABLE_PART: BlindSpotKind.UNPARSED_FILE,
}


def find_blind_spots(
    reports: Sequence[FileReport], skips: Sequence[Skip], findings: Sequence[Finding]
) -> tuple[BlindSpot, ...]:
    """Return what could not be seen, largest share first.

    Whole files are weighed by their lines against all lines of owned code, places by their number against the
    findings in it. Data files that could not be read hide no code and are left to the list of skips.

    Args:
        reports: All files that were read, in their final roles.
        skips: All that were not, or not wholly.
        findings: What was found.
    """
    files = {report.file.path: report.file for report in reports}
    mean = round(sum(file.lines for file in files.values()) / len(files)) if files else 1
    groups = _Groups()
    for skip in skips:
        _add_skip(groups, skip, files, mean)
    owned = [finding for finding in findings if finding.role in _PRICED and finding.suppressed is None]
    for report in reports:
        if report.file.role in _PRICED:
            for blind in sorted(report.blind, key=lambda blind: blind.line):
                groups.add(_BY_BLIND[blind.kind], "", BlindPlace(report.file.path, blind.line, blind.text))
    for finding in owned:
        for kind in _of_finding(finding, files):
            line = 0 if kind == BlindSpotKind.BINARY else finding.span.line
            groups.add(kind, "", BlindPlace(finding.path, line, finding.snippet))
    read = {file.path: file.lines for file in files.values() if file.role in _PRICED}
    return groups.spots(read, len(owned))


def _add_skip(groups: _Groups, skip: Skip, files: Mapping[str, SourceFile], mean: int) -> None:
    """Note what one skip hides, if it hides code that would be priced.

    Args:
        groups: Where to.
        skip: A file that was not read, or not wholly.
        files: All that were read.
        mean: Lines that a file is taken to have of which not even the size is known.
    """
    kind = _BY_REASON.get(skip.reason)
    if kind is None:
        return
    place = BlindPlace(skip.path, 0, skip.detail)
    if kind == BlindSpotKind.MISSING_SUBMODULE:
        groups.add(kind, skip.path, place)
        return
    file = files.get(skip.path)
    # A path without a language is a folder that could not be entered.
    hides_code = discover.is_code(skip.path) or discover.language_of(skip.path) is None
    if not hides_code or (file.role if file else discover.role_of(skip.path)) not in _PRICED:
        return
    what = language_name(skip.path) if kind == BlindSpotKind.FOREIGN_LANGUAGE else str(skip.reason)
    groups.add(kind, what, place, file.lines if file else -(-skip.size // BYTES_PER_LINE) or mean)


def _of_finding(finding: Finding, files: Mapping[str, SourceFile]) -> Iterable[BlindSpotKind]:
    """Yield what is unsure about a finding itself."""
    if files[finding.path].language == "binary":
        yield BlindSpotKind.BINARY
    if finding.symbol.startswith("."):
        yield BlindSpotKind.UNRESOLVED_METHOD
    if finding.kernel is not None and not finding.kernel.launched:
        yield BlindSpotKind.KERNEL_WITHOUT_LAUNCH


@dataclass
class _Group:
    """What was noted of one kind."""

    count: int = 0
    files: set[str] = field(default_factory=set)
    lines: dict[str, int] = field(default_factory=dict)
    """Of the files that are meant as a whole."""
    places: list[BlindPlace] = field(default_factory=list)


class _Groups:
    """What was noted so far, by kind and what of it; everything arrives in the order of paths and lines."""

    def __init__(self) -> None:
        self._groups: dict[tuple[BlindSpotKind, str], _Group] = defaultdict(_Group)

    def add(self, kind: BlindSpotKind, what: str, place: BlindPlace, lines: int = 0) -> None:
        """Note a place; lines when a whole file is meant."""
        group = self._groups[kind, what]
        group.count += 1
        group.files.add(place.path)
        if lines:
            group.lines[place.path] = lines
        if len(group.places) < _PLACES:
            group.places.append(place)

    def spots(self, read: Mapping[str, int], findings: int) -> tuple[BlindSpot, ...]:
        """Return them with their shares.

        Args:
            read: Lines of the owned files that were read.
            findings: Findings in them.
        """
        unread = {path: lines for group in self._groups.values() for path, lines in group.lines.items()}
        whole = sum({**unread, **read}.values())
        spots = (_spot(kind, what, group, whole, findings) for (kind, what), group in self._groups.items())
        return tuple(sorted(spots, key=lambda spot: (-spot.share, spot.kind, spot.what)))


def _spot(kind: BlindSpotKind, what: str, group: _Group, whole: int, findings: int) -> BlindSpot:
    """Give a group its share: of lines when whole files are meant, else of findings."""
    lines = sum(group.lines.values())
    share, of = 0.0, ""
    if lines:
        share, of = lines / whole, "lines"
    elif kind in _AMONG_FINDINGS:
        share, of = group.count / findings, "findings"
    elif kind in _BESIDE_FINDINGS:
        share, of = group.count / (findings + group.count), "findings"
    return BlindSpot(
        kind=kind,
        what=what,
        count=group.count,
        files=len(group.files),
        lines=lines,
        share=round(share, 6),
        of=of,
        places=tuple(group.places),
    )


_AMONG_FINDINGS = frozenset(
    {BlindSpotKind.BINARY, BlindSpotKind.UNRESOLVED_METHOD, BlindSpotKind.KERNEL_WITHOUT_LAUNCH}
)
"""These places are findings themselves."""
_BESIDE_FINDINGS = frozenset({BlindSpotKind.DYNAMIC_CODE, BlindSpotKind.GENERATED_SOURCE, BlindSpotKind.UNPARSED_FILE})
"""Each of these may hide a finding, so they count as if each were one more."""
