"""What a scenario may say, and what it moves: roles, cards, workload, risks."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from migrate import config
from migrate.errors import ConfigError, MigrateError
from migrate.estimate import money
from migrate.estimate.starter import starter
from migrate.model import Area, Change, Rate, Scenario
from tests.estimate.synthetic import Repository

RATE = Rate(amount=800, currency="EUR")


def mixed() -> Repository:
    made = Repository().file("a.cu", 3000).kernel("a.cu", "k", 120, Change.REWRITE, shuffle=1)
    made.add("a.cu", Change.ADAPT, symbol="cublas", key="library:cublas", price="library")
    made.add("app.py", Change.ADAPT, symbol="torch.x", key="python", area=Area.FRAMEWORK)
    return made.add("Dockerfile", Change.ADAPT, symbol="image", key="image", area=Area.DEPLOY, price="build")


# ------------------------------------------------------------------------------------------------------ roles


def test_roles_share_the_whole_effort() -> None:
    result = mixed().estimate(rate=RATE)
    assert [role.role for role in result.roles] == list(config.ROLES) == list(money.ROLES)
    assert sum(role.effort_days.p50 for role in result.roles) == pytest.approx(result.effort_days.p50, rel=0.1)
    assert all(
        role.cost and role.cost.p50 == pytest.approx(role.effort_days.p50 * 800, rel=1e-3) for role in result.roles
    )


def test_a_dearer_role_costs_its_own_part_more() -> None:
    plain, dear = mixed().estimate(rate=RATE), mixed().estimate(rate=RATE, role_rates={"kernel": 1600})
    before = {role.role: role for role in plain.roles}
    for role in dear.roles:
        old = before[role.role].cost
        assert role.cost is not None
        assert old is not None
        assert role.cost.p50 == pytest.approx(old.p50 * (2 if role.role == "kernel" else 1), rel=1e-3)
    assert plain.cost is not None
    assert dear.cost is not None
    assert plain.cost.p50 < dear.cost.p50 < 2 * plain.cost.p50


def test_scaling_all_rates_scales_cost() -> None:
    one = mixed().estimate(rate=RATE, role_rates={"kernel": 1600})
    two = mixed().estimate(rate=Rate(amount=1600, currency="EUR"), role_rates={"kernel": 3200})
    assert one.cost is not None
    assert two.cost is not None
    for low, high in zip(msgspec.structs.astuple(one.cost), msgspec.structs.astuple(two.cost), strict=True):
        assert high == pytest.approx(2 * low, rel=1e-3)


def test_overhead_is_added_to_labour() -> None:
    plain, more = mixed().estimate(rate=RATE), mixed().estimate(rate=RATE, overhead=0.25)
    assert plain.cost is not None
    assert more.cost is not None
    assert more.cost.p80 == pytest.approx(1.25 * plain.cost.p80, rel=1e-6)


# ---------------------------------------------------------------------------------------------------- compute


def test_cards_and_rates_give_the_share_of_compute() -> None:
    """64 cards at 2 a card-hour are 93,440 a month; four people at 800 a day are 60,800."""
    given = Scenario(rate=RATE, cards=64, card_prices={"source": 2.0}, team=4)
    numbers = mixed_numbers()
    assert money.compute_share(given, numbers) == pytest.approx(93_440 / (93_440 + 60_800))
    assert money.compute_share(msgspec.structs.replace(given, compute_share=0.1), numbers) == 0.1


def mixed_numbers() -> Any:
    from migrate.estimate import load_defaults

    return load_defaults().numbers


def test_the_workload_alone_gives_a_share_and_its_own_efficiency() -> None:
    numbers = mixed_numbers()
    assert money.compute_share(Scenario(workload="training"), numbers) == 0.5
    assert money.compute_share(Scenario(), numbers) == 0
    cann = Repository("cann").add("a.py", Change.ADAPT, area=Area.FRAMEWORK)
    serving, training = (cann.estimate(workload=name, compute_share=0.5) for name in ("inference", "training"))
    assert serving.inflation_percent.p50 < training.inflation_percent.p50


def test_card_prices_set_the_ratio_of_each_target() -> None:
    prices = {"source": 2.0, "rocm": 1.0}
    assert money.price_ratio(Scenario(card_prices=prices), "rocm") == 0.5
    assert money.price_ratio(Scenario(card_prices=prices, price_ratio=0.9), "cann") == 0.9
    cheap, even = mixed().estimate(compute_share=0.5, card_prices=prices), mixed().estimate(compute_share=0.5)
    assert cheap.inflation_percent.p50 < even.inflation_percent.p50
    assert any(bar.parameter == "price-ratio" for bar in cheap.tornado_percent)


def test_at_the_break_even_price_the_move_costs_nothing() -> None:
    given: dict[str, Any] = {"compute_share": 0.9, "baseline_months": 36, "baseline_staff": 20}
    found = mixed().estimate(**given).break_even_price_ratio
    assert found is not None
    assert 0 < found.p50 < 1
    assert mixed().estimate(**given, price_ratio=found.p50).inflation_percent.p50 == pytest.approx(0, abs=3)
    assert mixed().estimate().break_even_price_ratio is None


def test_added_computing_in_money() -> None:
    given: dict[str, Any] = {"rate": RATE, "cards": 64, "card_prices": {"source": 2.0}, "baseline_months": 10}
    result = mixed().estimate(**given)
    assert result.compute_cost is not None
    dearer = mixed().estimate(**{**given, "cards": 128})
    assert dearer.compute_cost is not None
    assert dearer.compute_cost.p50 == pytest.approx(2 * result.compute_cost.p50, rel=1e-3)
    assert mixed().estimate(compute_share=0.5).compute_cost is None


# ------------------------------------------------------------------------------------------------------ risks


def test_the_risk_of_doing_it_again_widens_the_tail() -> None:
    never, always = mixed().estimate(rework_probability=0.0), mixed().estimate(rework_probability=1.0)
    assert always.effort_days.p50 > 1.3 * never.effort_days.p50


def test_giving_up_is_shown_apart() -> None:
    plain, risky = mixed().estimate(), mixed().estimate(abandonment_probability=0.4)
    assert risky.abandonment_probability == 0.4
    assert risky.effort_days == plain.effort_days
    assert mixed().estimate(workload="training").abandonment_probability > plain.abandonment_probability > 0


@pytest.mark.parametrize(
    ("scenario", "message"),
    [
        ({"workload": "mining"}, "workload"),
        ({"role_rates": {"kernel": 5}}, "rate"),
        ({"role_rates": {"king": 5}, "rate": RATE}, "role_rates may name"),
        ({"overhead": -1}, "overhead"),
        ({"card_prices": {"source": 0}}, "card_prices"),
        ({"rework_probability": 2}, "rework_probability"),
        ({"abandonment_probability": -1}, "abandonment_probability"),
    ],
)
def test_impossible_values_are_refused(scenario: dict[str, Any], message: str) -> None:
    with pytest.raises(MigrateError, match=message):
        mixed().estimate(**scenario)


def test_what_was_given_is_listed_as_given() -> None:
    result = mixed().estimate(rate=RATE, cards=8, card_prices={"source": 2.0, "rocm": 1.0}, role_rates={"kernel": 9.0})
    listed = {parameter.id: parameter for parameter in result.parameters}
    assert listed["scenario.card_prices.rocm"].value == "1"
    assert listed["scenario.role_rates.kernel"].unit == "EUR per day"
    assert listed["model.compute_share"].source == listed["scenario.cards"].source == "user"


# ----------------------------------------------------------------------------------------------------- a file


def test_an_error_names_the_line_within_its_own_scenario(tmp_path: Path) -> None:
    file = tmp_path / "plans.toml"
    file.write_text("[scenario.first]\nteam = 3\noverlap = 0.5\n\n[scenario.second]\noverlap = 0.1\nteam = 0\n")
    with pytest.raises(ConfigError, match="scenario second: team") as caught:
        config.load(tmp_path, file=file, environment={})
    assert (caught.value.line, caught.value.column) == (7, 1)
    file.write_text("[scenario.first]\nteam = 3\n[scenario.second]\nteam = 'many'\n")
    with pytest.raises(ConfigError, match="expected `int`") as caught:
        config.load(tmp_path, file=file, environment={})
    assert caught.value.line == 4


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("workload = 'mining'", "one of training, inference, both"),
        ("cards = 0", "above 0"),
        ("role-rates = {kernel = 3}", "needs a rate"),
        ("role-rates = {king = 3}", "not 'king'"),
        ("card-prices = {source = -1}", "above 0"),
        ("overhead = -0.1", "0 or more"),
        ("rework-probability = 1.5", "share from 0 to 1"),
    ],
)
def test_impossible_values_name_their_line(tmp_path: Path, line: str, message: str) -> None:
    file = tmp_path / "plans.toml"
    file.write_text(f"[scenario.first]\nteam = 3\n{line}\n")
    with pytest.raises(ConfigError, match=message) as caught:
        config.load(tmp_path, file=file, environment={})
    assert (caught.value.file, caught.value.line) == (str(file), 3)


def test_the_starter_file_changes_nothing_until_lines_are_taken(tmp_path: Path) -> None:
    assert tomllib.loads(starter()) == {}
    file = tmp_path / "mine.toml"
    file.write_text(re.sub(r"^#(?=[a-z\[])", "", starter(), flags=re.MULTILINE), encoding="utf-8")
    found = config.load(tmp_path, file=file, environment={})
    assert list(found.scenarios) == ["default", "plan", "small-team"]
    written = set(tomllib.loads(file.read_text(encoding="utf-8"))["scenario"]["plan"])
    known = {field.name.replace("_", "-") for field in msgspec.structs.fields(Scenario)} - {"name", "source"}
    assert written == known
