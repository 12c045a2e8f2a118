"""The walk from a verdict to its evidence, and the sums on the way."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from migrate import audit, config
from migrate.errors import InputError
from migrate.estimate.evidence import Row, behind, shipped
from migrate.estimate.walk import Step, as_text, failed, walk
from migrate.model import Audit, Estimate

FIXTURES = Path(__file__).parent.parent.parent / "fixtures"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Audit:
    root = tmp_path_factory.mktemp("walk") / "cuda-kernels"
    shutil.copytree(FIXTURES / "cuda-kernels", root, ignore=shutil.ignore_patterns("expected"))
    return audit.run(root, config.load(root, environment={}), jobs=1)


def estimate_for(made: Audit, target: str) -> Estimate:
    return next(one for one in made.estimates if one.target == target)


def below(step: Step, *kinds: str) -> Iterator[Step]:
    for part in step.steps:
        if part.kind in kinds:
            yield part
        yield from below(part, *kinds)


@pytest.mark.parametrize("target", ["rocm", "cann"])
def test_contributions_sum_to_the_verdict(made: Audit, target: str) -> None:
    found = estimate_for(made, target)
    step = walk(made, found)
    assert step.value == found.effort_days.p80
    assert math.fsum(part.value or 0 for part in step.steps) == pytest.approx(found.effort_days.p80, rel=1e-4)
    assert failed(step) == []


@pytest.mark.parametrize("target", ["rocm", "cann"])
def test_every_contribution_ends_in_evidence_judgement_or_a_source(made: Audit, target: str) -> None:
    for part in walk(made, estimate_for(made, target)).steps:
        assert {end.kind for end in below(part, "evidence", "judgement", "source")}, part.id


def test_a_unit_is_followed_to_findings_rules_and_prices(made: Audit) -> None:
    found = estimate_for(made, "cann")
    unit = next(
        part.item
        for part in found.contributions
        if part.kind == "unit" and any(found.finding_days.get(id_) for id_ in findings_of(made, part.item))
    )
    step = walk(made, found, unit)
    (contribution,) = step.steps
    (shown,) = (part for part in contribution.steps if part.kind == "unit")
    days = [part.value or 0 for part in shown.steps]
    assert days == sorted(days, reverse=True)
    assert math.fsum(days) == pytest.approx(shown.value, rel=5e-3)
    for finding in shown.steps:
        (rule,) = (part for part in finding.steps if part.kind == "rule")
        assert rule.title == made.rules[rule.id].title
        assert rule.steps[0].id in {"curated", "table", "pattern", "none"}
    assert all(list(below(price, "evidence", "judgement", "source")) for price in below(step, "price"))


def findings_of(made: Audit, unit: str) -> tuple[str, ...]:
    return next((one.findings for one in made.graph.units if one.id == unit), ())


def test_a_finding_and_a_rule_lead_to_the_same_place(made: Audit) -> None:
    found = estimate_for(made, "cann")
    fingerprint = max(found.finding_days, key=lambda id_: found.finding_days[id_])
    by_finding = walk(made, found, fingerprint[:16])
    (end,) = below(by_finding, "finding")
    assert end.id == fingerprint
    rule = next(one.rule for one in made.findings if one.fingerprint == fingerprint)
    assert fingerprint in {one.id for one in below(walk(made, found, rule), "finding")}


def test_an_unknown_id_is_refused(made: Audit) -> None:
    with pytest.raises(InputError, match="'nothing'"):
        walk(made, estimate_for(made, "rocm"), "nothing")


def test_a_changed_audit_does_not_add_up(made: Audit) -> None:
    found = estimate_for(made, "rocm")
    changed = msgspec.structs.replace(found, contributions=found.contributions[1:])
    assert [check.parts for check in failed(walk(made, changed))] == [len(found.contributions) - 1]
    days = {id_: 2 * value for id_, value in found.finding_days.items()}
    unit = next(part.item for part in found.contributions if part.kind == "unit" and findings_of(made, part.item))
    assert failed(walk(made, msgspec.structs.replace(found, finding_days=days), unit))


def test_text_and_data_say_the_same(made: Audit) -> None:
    step = walk(made, estimate_for(made, "rocm"))
    text = as_text(step)
    assert all(f"[{part.id}]" in text for part in step.steps)
    assert "adds up" in text
    assert "DOES NOT" not in text
    assert msgspec.json.decode(msgspec.json.encode(step), type=Step) == step


def test_sources_name_rows_or_judgement() -> None:
    rows = behind("cann E52 E53; other judgement")
    assert [row.id if isinstance(row, Row) else row for row in rows] == ["E52", "E53", "judgement"]
    assert behind("https://example.org/x") == ("https://example.org/x",)
    assert behind("") == ("judgement",)
    assert shipped()["C01"].grade == "D"
