"""Quoted figures: where they lie in an estimate, and that they change nothing."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from migrate.errors import RuleError
from migrate.estimate.references import load_references, located
from migrate.model import Change, Evidence, ReferenceLine
from migrate.resources import rules_root
from tests.estimate.synthetic import Repository


def test_shares_of_the_draws_are_counted() -> None:
    line = ReferenceLine(id="x", title="x", source="C01", grade=Evidence.D, months=(2.0, 3.0), percent=(40.0,))
    (found,) = located([line], np.array([1.0, 2.0, 3.0, 4.0]), np.array([50.0, 10.0, 20.0, 60.0]))
    assert found.percentile_months == (50.0, 75.0)
    assert found.percentile_percent == (50.0,)
    assert found.both == 25.0


def test_every_quoted_figure_names_a_cited_row() -> None:
    with (rules_root() / "model" / "cited.csv").open(encoding="utf-8", newline="") as table:
        known = {row["id"] for row in csv.DictReader(table)}
    lines = load_references()
    assert {line.months for line in lines} == {(6.0,), (24.0, 36.0)}
    assert {line.source for line in lines} <= known


def test_lines_are_located_in_the_estimate_they_stand_in() -> None:
    result = Repository().file("a.cu", 20_000).add("a.cu", Change.REWRITE, count=30).estimate(compute_share=0.5)
    half, years = result.references
    for line in (half, years):
        for value, share in zip(line.months, line.percentile_months, strict=True):
            assert result.curve_months[int(share)] <= value <= result.curve_months[min(int(share) + 1, 100)] + 1e-9 or (
                share == 100.0 and value >= result.curve_months[-1]
            )
    assert half.both is not None
    assert half.both <= min(half.percentile_months[0], half.percentile_percent[0])


def test_nothing_to_do_has_no_lines() -> None:
    assert Repository().file("a.py", 10).estimate().references == ()


@pytest.mark.parametrize("text", ["a: {title: x, source: C01, grade: D}", "a: {title: x, source: C01, grade: D, y: 1}"])
def test_a_wrong_entry_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "references.yaml"
    path.write_text(text)
    with pytest.raises(RuleError) as caught:
        load_references(path)
    assert caught.value.slug == "model-references"
