"""Port styles: which one is assumed, and what the others cost."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate.errors import RuleError
from migrate.estimate.evidence import CITATION, shipped
from migrate.estimate.styles import load_styles
from migrate.model import Area, Change, Estimate, StyleEffort
from tests.estimate.synthetic import Repository


def native(target: str) -> Repository:
    made = Repository(target).file("a.cu", 9000).kernel("a.cu", "k", 120, Change.REWRITE, shuffle=1)
    for number in range(15):
        made.add("a.cu", Change.ADAPT, symbol=f"s{number}", key=f"k{number}")
    return made


def styles(result: Estimate) -> dict[str, StyleEffort]:
    return {style.id: style for style in result.styles}


def test_the_assumed_style_is_named_and_has_the_estimate_s_own_numbers() -> None:
    for repository, style in (
        (native("rocm"), "guards"),
        (native("cann"), "back-end"),
        (Repository("cann").add("a.py", Change.ADAPT, area=Area.FRAMEWORK), "plug-in"),
    ):
        result = repository.estimate()
        assert [one.id for one in result.styles if one.assumed] == [result.styles[0].id] == [style]
        assert result.styles[0].effort_days == result.effort_days


def test_only_styles_that_the_target_allows_are_compared() -> None:
    assert set(styles(native("rocm").estimate())) == {"guards", "shim-header", "back-end"}
    assert set(styles(native("cann").estimate())) == {"back-end"}


def test_a_header_leaves_the_fixed_effort_and_little_else() -> None:
    found = styles(native("rocm").estimate())
    result = native("rocm").estimate()
    fixed = sum(part.effort_days.p50 for part in result.contributions if part.kind == "fixed")
    header = found["shim-header"].effort_days.p50
    assert fixed * 0.9 < header < found["guards"].effort_days.p50
    assert found["shim-header"].upkeep_days_per_year.p50 < found["back-end"].upkeep_days_per_year.p50


def test_what_is_not_native_is_not_saved_by_a_header() -> None:
    plain, mixed = native("rocm"), native("rocm")
    mixed.add("app.py", Change.REWRITE, symbol="torch.x", key="python", area=Area.FRAMEWORK)
    more = (
        styles(mixed.estimate())["shim-header"].effort_days.p50
        - styles(plain.estimate())["shim-header"].effort_days.p50
    )
    item = next(part for part in mixed.estimate().contributions if part.item == "module:app.py")
    assert more == pytest.approx(item.effort_days.p50, rel=0.35)


def test_sources_are_shipped_rows() -> None:
    for style in load_styles().values():
        cited = CITATION.findall(style.source)
        assert cited
        assert set(cited) <= shipped().keys()


def test_nothing_to_do_has_no_style() -> None:
    assert Repository().file("a.py", 5).estimate().styles == ()


def test_a_missing_style_is_named(tmp_path: Path) -> None:
    path = tmp_path / "styles.yaml"
    path.write_text("{}\n")
    with pytest.raises(RuleError, match="guards is missing"):
        load_styles(path)
