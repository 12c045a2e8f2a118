"""Two audits of the same code at different times: what came, what went, what stayed, and the effort of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from migrate import baseline
from migrate.baseline import Identity
from migrate.model import Answer, Audit, Change, Finding, Role, Struct

_ELSEWHERE = frozenset({Role.VENDORED, Role.GENERATED, Role.DUPLICATE})
"""Code that is changed where it comes from."""


class Effort(Struct, frozen=True):
    """Person-days at P50 of one target, before and after; None where an audit has no estimate."""

    before: float | None
    after: float | None


class Comparison(Struct, frozen=True):
    """What became of the code's lock-in; findings by path and place."""

    added: tuple[Finding, ...]
    removed: tuple[Finding, ...]
    kept: tuple[Finding, ...]
    """As they are now."""
    effort: dict[str, Effort]
    """Target -> effort, of the targets that both audits answer for."""
    hours: dict[str, tuple[float, float]]
    """Target -> likely hours of what came and of what went, each use priced as one more of its kind."""


def compare(old: Audit, new: Audit) -> Comparison:
    """Compare two audits.

    Uses count as the same as in `baseline.compare`: moved, renamed and reformatted code stays what it was. Findings
    that are suppressed, that have a branch for a target already, or that need no change anywhere do not count.
    """
    targets = [target for target in new.targets if target in old.targets]
    before, after = _counted(old, targets), _counted(new, targets)
    matched = baseline.compare([_identity(finding) for finding in after], Counter(map(_identity, before)))
    left = Counter(matched.left)
    removed = []
    for finding in reversed(before):
        if left[_identity(finding)] > 0:
            left[_identity(finding)] -= 1
            removed.append(finding)
    added = [finding for index, finding in enumerate(after) if index not in matched.known]
    return Comparison(
        added=tuple(added),
        removed=tuple(reversed(removed)),
        kept=tuple(finding for index, finding in enumerate(after) if index in matched.known),
        effort={target: Effort(before=_days(old, target), after=_days(new, target)) for target in targets},
        hours={target: (_hours(added, target), _hours(removed, target)) for target in targets},
    )


def _counted(audit: Audit, targets: Iterable[str]) -> list[Finding]:
    """Return the findings that are lock-in, by path and place."""
    asked = tuple(targets)
    found = [
        finding
        for finding in audit.findings
        if finding.suppressed is None and finding.role not in _ELSEWHERE and _is_open(finding, asked)
    ]
    return sorted(found, key=lambda finding: (finding.path, finding.span.line, finding.span.column))


def _is_open(finding: Finding, targets: tuple[str, ...]) -> bool:
    answers = [finding.answers[target] for target in targets if target in finding.answers]
    if any(answer.guarded for answer in answers):
        return False
    return any(_is_work(answer) for answer in answers)


def _is_work(answer: Answer) -> bool:
    return answer.change != Change.NONE


def _identity(finding: Finding) -> Identity:
    """Return what a finding is; an audit keeps the first line of its text."""
    text = "" if finding.kernel is not None else baseline.text_identity(finding.snippet, finding.language)
    return Identity(finding.path, finding.rule, finding.scope, finding.symbol, text)


def _days(audit: Audit, target: str) -> float | None:
    return next((made.effort_days.p50 for made in audit.estimates if made.target == target), None)


def _hours(findings: Iterable[Finding], target: str) -> float:
    efforts = (finding.answers[target].effort for finding in findings if target in finding.answers)
    return sum(effort.each[1] for effort in efforts if effort is not None)
