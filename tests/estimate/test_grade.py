"""The grade of the evidence: what the answers rest on, what is unknown, what could not be seen."""

from __future__ import annotations

import pytest

from migrate.estimate import load_defaults
from migrate.estimate.grade import Trust, grade, unseen_share, unsure_share
from migrate.model import BlindSpot, BlindSpotKind, Evidence

NUMBERS = load_defaults().numbers


def spot(kind: BlindSpotKind, share: float, of: str, count: int = 1) -> BlindSpot:
    return BlindSpot(kind=kind, what="", count=count, files=1, lines=0, share=share, of=of, places=())


def unread(share: float) -> tuple[BlindSpot, ...]:
    return (spot(BlindSpotKind.UNREAD_FILE, share, "lines"),) if share else ()


def of_shares(known: float, unknown: float, blind: tuple[BlindSpot, ...], hidden: int = 0) -> Trust:
    return Trust({"curated": known / 2, "table": known / 2, "default": 1 - known}, unknown, blind, hidden)


@pytest.mark.parametrize(
    ("shares", "hidden", "baseline", "letter"),
    [
        ((0.95, 0.01, 0.00), 0, "user", "A"),
        ((0.95, 0.01, 0.00), 0, "default", "C"),
        ((0.95, 0.01, 0.00), 0, "tree", "C"),
        ((0.80, 0.01, 0.00), 0, "user", "B"),
        ((0.95, 0.04, 0.00), 0, "user", "B"),
        ((0.95, 0.01, 0.02), 0, "user", "B"),
        ((0.60, 0.10, 0.05), 0, "user", "C"),
        ((0.40, 0.01, 0.00), 0, "user", "D"),
        ((0.95, 0.01, 0.50), 0, "user", "D"),
        ((0.95, 0.01, 0.00), 1, "user", "C"),
        ((0.95, 0.01, 0.00), 11, "user", "C"),
        ((0.95, 0.01, 0.00), 12, "user", "D"),
    ],
)
def test_grades(shares: tuple[float, float, float], hidden: int, baseline: str, letter: str) -> None:
    known, unknown, unseen = shares
    result = grade(of_shares(known, unknown, unread(unseen), hidden), NUMBERS, priced=100, baseline=baseline)
    assert result.letter == Evidence(letter)
    assert any("baseline" in reason for reason in result.reasons) is (baseline != "user")
    assert any("hidden by the tree's own settings" in reason for reason in result.reasons) is bool(hidden)


@pytest.mark.parametrize(
    ("share", "letter"), [(0.10, "A"), (0.11, "B"), (0.25, "B"), (0.26, "C"), (0.50, "C"), (0.51, "D"), (3.0, "D")]
)
def test_findings_that_could_not_be_seen_through_lower_the_grade(share: float, letter: str) -> None:
    half = (
        spot(BlindSpotKind.UNRESOLVED_METHOD, share / 2, "findings"),
        spot(BlindSpotKind.DYNAMIC_CODE, share / 2, "findings"),
    )
    result = grade(of_shares(0.95, 0.0, half), NUMBERS, priced=100, baseline="user")
    assert result.letter == Evidence(letter)
    assert any("could not be seen through" in reason for reason in result.reasons)


def test_each_kind_weighs_where_it_belongs() -> None:
    spots = (
        spot(BlindSpotKind.UNREAD_FILE, 0.1, "lines"),
        spot(BlindSpotKind.FOREIGN_LANGUAGE, 0.2, "lines"),
        spot(BlindSpotKind.KERNEL_WITHOUT_LAUNCH, 0.03, "findings"),
        spot(BlindSpotKind.GENERATED_SOURCE, 0.04, "findings"),
        spot(BlindSpotKind.BINARY, 0.9, "findings"),
        spot(BlindSpotKind.MISSING_SUBMODULE, 0.0, ""),
    )
    assert unseen_share(spots) == pytest.approx(0.3)
    assert unsure_share(spots) == pytest.approx(0.07)


def test_a_missing_submodule_leaves_b_at_best() -> None:
    missing = (spot(BlindSpotKind.MISSING_SUBMODULE, 0.0, ""),)
    one = grade(of_shares(0.95, 0.0, missing), NUMBERS, priced=100, baseline="user")
    assert one.letter == Evidence.B
    assert "1 submodule is not checked out, and what it holds is not known: grade B at best" in one.reasons
    two = grade(of_shares(0.95, 0.0, missing * 2), NUMBERS, priced=100, baseline="default")
    assert two.letter == Evidence.C
    assert any(reason.startswith("2 submodules are not checked out") for reason in two.reasons)


def test_a_missing_submodule_does_not_raise_a_grade() -> None:
    missing = (spot(BlindSpotKind.MISSING_SUBMODULE, 0.0, ""),)
    assert grade(of_shares(0.1, 0.0, missing), NUMBERS, priced=100, baseline="user").letter == Evidence.D


def test_where_all_was_seen_the_reasons_say_so() -> None:
    result = grade(of_shares(0.95, 0.0, ()), NUMBERS, priced=100, baseline="user")
    assert "every file could be read" in result.reasons
    assert not any("seen through" in reason for reason in result.reasons)
