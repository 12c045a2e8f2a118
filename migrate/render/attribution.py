"""Say which finding carries how many of the estimate's person-days, so that places can be compared.

Findings share what is learned once, so the estimate prices units of work and says itself what each finding
carries of its unit's P50. Nothing is added here: sums over findings equal sums over units.
"""

from __future__ import annotations

from collections import defaultdict

from migrate.model import CHANGE_ORDER, Answer, Audit, Change, Estimate, Finding, Role


def is_priced(finding: Finding) -> bool:
    """Tell whether a finding counts: owned code that nobody suppressed."""
    return finding.role is Role.OWNED and finding.suppressed is None


def shown_change(answer: Answer | None) -> Change | None:
    """Return the change class to show: nothing is to be done where the code already has a branch."""
    if answer is None:
        return None
    return Change.NONE if answer.guarded else answer.change


def finding_days(audit: Audit, estimate: Estimate) -> dict[str, float]:
    """Return the likely person-days of every priced finding under one estimate, by fingerprint."""
    return {
        finding.fingerprint: estimate.finding_days.get(finding.fingerprint, 0.0)
        for finding in audit.findings
        if is_priced(finding) and estimate.target in finding.answers
    }


def is_absorbed(finding: Finding, estimate: Estimate) -> bool:
    """Tell whether a finding is work that is part of a kernel's price."""
    return bool(finding.in_kernel) and estimate.finding_days.get(finding.fingerprint) == 0


def heaviest_change(days_by_change: dict[Change | None, float]) -> Change | None:
    """Return the change class that carries most; ties go to the severer."""
    return max(days_by_change, key=lambda change: (days_by_change[change], CHANGE_ORDER[change]))


def by_change(findings: list[Finding], target: str, days: dict[str, float]) -> dict[Change | None, float]:
    """Sum the person-days of findings by change class; guarded findings count as no change."""
    totals: dict[Change | None, float] = defaultdict(float)
    for finding in findings:
        totals[shown_change(finding.answers[target])] += days.get(finding.fingerprint, 0.0)
    return dict(totals)


def carriers_of_half(days: dict[str, float]) -> int:
    """Return how many findings, dearest first, carry half of all person-days."""
    half = sum(days.values()) / 2
    if half == 0:
        return 0
    carried = 0.0
    for number, value in enumerate(sorted(days.values(), reverse=True), 1):
        carried += value
        if carried >= half:
            return number
    return len(days)
