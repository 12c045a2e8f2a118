"""A team's own factors: learned from few items a little, and used wherever effort is drawn."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from migrate import config
from migrate.config import CALIBRATED, Calibrated
from migrate.errors import ConfigError, InputError
from migrate.estimate import estimate, load_defaults
from migrate.estimate.calibration import Finished, as_toml, kinds, learn, read_actuals
from migrate.model import Area, Change, Estimate, Scenario
from tests.estimate.synthetic import Repository, prices, target

NUMBERS = load_defaults().numbers


def repository() -> Repository:
    made = Repository().file("a.cu", 900).kernel("a.cu", "k", 120, Change.REWRITE, shuffle=1)
    return made.add("app.py", Change.REWRITE, symbol="torch.x", key="python", area=Area.FRAMEWORK)


def calibrated(**factors: float) -> Estimate:
    made = repository()
    where = target("rocm")
    own = {kind: Calibrated(factor=factor, items=7) for kind, factor in factors.items()}
    return estimate(
        made.findings,
        made.files,
        made.graph,
        where,
        chip=where.default_chip,
        scenario=Scenario(),
        prices=prices(),
        calibration=own,
    )


def written(folder: Path, text: str) -> Path:
    path = folder / "actuals.csv"
    path.write_text(text, encoding="utf-8")
    return path


# ---------------------------------------------------------------------------------------------------- learning


def test_more_items_move_the_factor_further_towards_what_they_took() -> None:
    def factor(count: int) -> float:
        (one,) = learn([Finished("x", "edits", 2.0, 4.0)] * count, NUMBERS)
        assert one.raw == pytest.approx(2)
        assert one.items == count
        return one.factor

    assert 1 < factor(1) < factor(4) < factor(40) < 2
    assert factor(4) == pytest.approx(math.sqrt(2), rel=1e-3), "as many items as the default counts for"
    assert factor(400) == pytest.approx(2, rel=0.02)


def test_kinds_learn_apart_and_a_kind_without_items_stays() -> None:
    found = learn([Finished("a", "kernels", 1, 3), Finished("b", "edits", 4, 2)], NUMBERS)
    assert [one.kind for one in found] == ["kernels", "edits"]
    assert found[0].factor > 1 > found[1].factor


def test_items_are_looked_up_in_the_audit(tmp_path: Path) -> None:
    made = repository().estimate()
    known = kinds(made)
    assert known["kernel-family:a.cu"] == "kernels"
    assert known["module:app.py"] == "edits"
    assert known["fixed:accuracy"] == "fixed"
    path = written(tmp_path, "item,actual_days\nkernel-family:a.cu,5\nmodule:app.py,30\n")
    items = read_actuals(path, made)
    assert [(one.kind, one.actual) for one in items] == [("kernels", 5), ("edits", 30)]
    days = {part.item: part.effort_days.p50 for part in made.contributions}
    assert items[0].estimated == days["kernel-family:a.cu"]


def test_learning_again_does_not_count_twice(tmp_path: Path) -> None:
    path = written(tmp_path, "item,actual_days\nmodule:app.py,30\nfixed:accuracy,9\n")
    plain, again = (
        learn(read_actuals(path, made), NUMBERS) for made in (calibrated(), calibrated(edits=2.0, fixed=0.5))
    )
    for one, other in zip(plain, again, strict=True):
        assert other.factor == pytest.approx(one.factor, rel=0.01)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("item,days\nx,1\n", ":1: no column 'actual_days'"),
        ("item,actual_days\n", "no finished item"),
        ("item,actual_days\nmodule:none.py,3\n", ":2: nothing was estimated for 'module:none.py'"),
        ("item,actual_days,estimated_days,kind\nx,1,2,edits\ny,0,2,edits\n", ":3: actual_days is a number"),
        ("item,actual_days,estimated_days,kind\nx,nan,2,edits\n", ":2: actual_days"),
        ("item,actual_days,estimated_days,kind\nx,many,2,edits\n", "not 'many'"),
        ("item,actual_days,estimated_days,kind\nx,1,2,typing\n", "kind is one of"),
        ("item,actual_days,estimated_days,kind\nx,9000,2,edits\n", "against 2 estimated"),
    ],
)
def test_a_row_that_cannot_be_used_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_actuals(written(tmp_path, text), repository().estimate())


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_actuals(tmp_path / "none.csv", None)


# ------------------------------------------------------------------------------------------------------- using


def test_a_factor_scales_its_own_kind_of_work() -> None:
    plain, dear = calibrated(), calibrated(fixed=2.0)
    before = {part.item: part.effort_days.p50 for part in plain.contributions}
    for part in dear.contributions:
        factor = 2 if part.kind == "fixed" else 1
        assert part.effort_days.p50 == pytest.approx(before[part.item] * factor, rel=1e-3)


def test_all_factors_alike_scale_everything_in_both_views() -> None:
    plain, half = calibrated(), calibrated(**dict.fromkeys(CALIBRATED, 0.5))
    assert half.effort_days.p50 == pytest.approx(plain.effort_days.p50 / 2, rel=1e-3)
    assert plain.views.top_down is not None
    assert half.views.top_down is not None
    assert half.views.top_down.p80 == pytest.approx(plain.views.top_down.p80 / 2, rel=1e-3)
    assert half.views.weight == plain.views.weight


def test_factors_are_listed_and_written_out() -> None:
    made = calibrated(edits=1.5)
    listed = {parameter.id: parameter for parameter in made.parameters}
    assert listed["calibration.edits"].source == "user; learned from 7 finished items"
    texts = [part.text for driver in made.drivers for part in driver.parts if part.kind in ("first", "edits")]
    assert texts
    assert all("x 1.5 by your finished items" in text for text in texts)


def test_what_is_written_is_what_settings_take(tmp_path: Path) -> None:
    learned = learn([Finished("a", "kernels", 1, 3), Finished("b", "fixed", 4, 2)], NUMBERS)
    file = tmp_path / "calibration.toml"
    file.write_text(as_toml(learned, "actuals.csv"), encoding="utf-8")
    found = config.load(tmp_path, file=file, environment={}).settings.calibration
    assert {kind: (own.factor, own.items, own.source) for kind, own in found.items()} == {
        one.kind: (one.factor, one.items, "user") for one in learned
    }


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("typing = {factor = 2}", "none of kernels"),
        ("edits = {factor = 0}", "a factor from"),
        ("edits = {factor = 2, source = 'user'}", "no key 'source'"),
        ("edits = {factors = 2}", "unknown key|missing"),
    ],
)
def test_a_wrong_factor_names_its_line(tmp_path: Path, line: str, message: str) -> None:
    file = tmp_path / "c.toml"
    file.write_text(f"[calibration]\n{line}\n")
    with pytest.raises(ConfigError, match=message):
        config.load(tmp_path, file=file, environment={})


def test_the_scanned_tree_s_factors_are_marked(tmp_path: Path) -> None:
    (tmp_path / ".cuda-migrate.toml").write_text("[calibration]\nedits = {factor = 0.5}\n")
    assert config.load(tmp_path, environment={}).settings.calibration["edits"].source == "tree"
