"""Settings: where each comes from, what the scanned tree may not do, and errors that name the place."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate import config
from migrate.errors import ConfigError, InputError


def tree(folder: Path, text: str, name: str = "pyproject.toml") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_defaults_are_named_as_such(tmp_path: Path) -> None:
    found = config.load(tmp_path, environment={})
    assert found.settings.targets == ("rocm", "cann")
    assert set(found.origins.values()) == {"default"}
    assert list(found.scenarios) == ["default"]


def test_order_is_flag_environment_file_tree(tmp_path: Path) -> None:
    tree(tmp_path, '[tool.cuda-migrate]\ntargets = ["cann"]\npersona = "auditor"\n')
    file = tmp_path / "mine.toml"
    file.write_text('targets = ["musa"]\n', encoding="utf-8")
    environment = {"CUDA_MIGRATE_TARGETS": "rocm, cann"}
    assert config.load(tmp_path, environment={}).settings.targets == ("cann",)
    assert config.load(tmp_path, file=file, environment={}).settings.targets == ("musa",)
    by_environment = config.load(tmp_path, file=file, environment=environment)
    assert by_environment.settings.targets == ("rocm", "cann")
    assert by_environment.origins["targets"] == "CUDA_MIGRATE_TARGETS"
    by_flag = config.load(tmp_path, file=file, environment=environment, flags={"targets": ("rocm",)})
    assert by_flag.settings.targets == ("rocm",)
    assert by_flag.origins["targets"] == "--target"
    assert by_flag.origins["persona"] == "pyproject.toml"


def test_isolated_leaves_the_tree_alone(tmp_path: Path) -> None:
    tree(tmp_path, '[tool.cuda-migrate]\ntargets = ["cann"]\nexclude = ["a/**"]\n')
    found = config.load(tmp_path, isolated=True, environment={})
    assert found.settings.targets == ("rocm", "cann")
    assert found.tree_exclude == ()
    assert found.tree_file == ""


def test_exclude_adds_up_and_knows_the_part_of_the_tree(tmp_path: Path) -> None:
    tree(tmp_path, 'exclude = ["a/**"]\n', ".cuda-migrate.toml")
    found = config.load(tmp_path, flags={"exclude": ("b/**",)}, environment={})
    assert found.settings.exclude == ("a/**", "b/**")
    assert found.tree_exclude == ("a/**",)


def test_rule_packs_of_the_tree_need_trust(tmp_path: Path) -> None:
    tree(tmp_path, '[tool.cuda-migrate]\nrules = ["pack"]\n')
    plain = config.load(tmp_path, environment={})
    assert plain.packs == ()
    assert "--trust-config" in plain.ignored[0]
    trusted = config.load(tmp_path, trust=True, environment={})
    assert trusted.packs == ((tmp_path / "pack").resolve(),)


def test_trusted_packs_stay_inside_the_tree(tmp_path: Path) -> None:
    tree(tmp_path, '[tool.cuda-migrate]\nrules = ["../pack"]\n')
    with pytest.raises(ConfigError, match="outside the tree"):
        config.load(tmp_path, trust=True, environment={})


@pytest.mark.parametrize(
    ("text", "place", "message", "hint"),
    [
        ('[tool.cuda-migrate]\ntarget = ["rocm"]\n', (2, 1), "unknown key 'target'", "'targets'"),
        ('[project]\ntargets = 1\n[tool.cuda-migrate]\n  targets = "rocm"\n', (4, 3), "expected `array`", ""),
        ("[tool.cuda-migrate.scenario.a]\nteem = 2\n", (2, 1), "unknown key 'teem'", "'team'"),
        ("[tool.cuda-migrate.scenario.a]\nteam = 0\n", (2, 1), "above 0", ""),
        ("[tool.cuda-migrate.scenario.a]\noverlap = 1.5\n", (2, 1), "share from 0 to 1", ""),
        ('[tool.cuda-migrate.scenario.a]\nstart = "soon"\n', (2, 1), "a date like", ""),
        ("[tool.cuda-migrate.scenario.a]\nbaseline-months = nan\n", (2, 1), "a number above 0", ""),
        ("[tool.cuda-migrate.scenario.a]\nhardware-wait-months = inf\n", (2, 1), "0 or more", ""),
        ('[tool.cuda-migrate.scenario.a]\nstart = "2027-13-99"\n', (2, 1), "a date like", ""),
        ('[tool.cuda-migrate.scenario.a]\nsource = "user"\n', (2, 1), "unknown key 'source'", ""),
        ("[tool.cuda-migrate]\ntargets = []\n", (2, 1), "names none", ""),
        (
            '[tool.cuda-migrate.scenario.a]\nrate = {amount = 1, currency = "EUR", per = "week"}\n',
            (2, 1),
            "hour, day",
            "",
        ),
    ],
)
def test_errors_name_the_place(tmp_path: Path, text: str, place: tuple[int, int], message: str, hint: str) -> None:
    tree(tmp_path, text)
    with pytest.raises(ConfigError, match=message) as caught:
        config.load(tmp_path, environment={})
    assert (caught.value.line, caught.value.column) == place
    assert hint in caught.value.hint
    assert "pyproject.toml:" in str(caught.value)


def test_a_scenario_takes_dates_and_dashes(tmp_path: Path) -> None:
    tree(
        tmp_path,
        "[tool.cuda-migrate.scenario.plan]\nteam = 3\nstart = 2027-01-04\nbaseline-months = 8\n"
        'rate = {amount = 900, currency = "USD"}\n',
    )
    scenario = config.load(tmp_path, environment={}).scenarios["plan"]
    assert (scenario.name, scenario.team, scenario.start, scenario.baseline_months) == (
        "plan",
        3,
        "2027-01-04",
        8,
    )
    assert scenario.rate is not None
    assert scenario.rate.per == "day"


def test_a_scenario_knows_who_set_it(tmp_path: Path) -> None:
    tree(tmp_path, "[tool.cuda-migrate.scenario.mine]\nteam = 2\n")
    file = tmp_path / "given.toml"
    file.write_text("[scenario.yours]\nteam = 3\n", encoding="utf-8")
    found = config.load(tmp_path, file=file, environment={}).scenarios
    assert {name: scenario.source for name, scenario in found.items()} == {
        "default": "default",
        "mine": "tree",
        "yours": "user",
    }


def test_a_tool_that_is_no_table_is_somebody_elses_business(tmp_path: Path) -> None:
    tree(tmp_path, "tool = 3\n")
    assert config.load(tmp_path, environment={}).tree_file == ""


def test_a_tree_cannot_ask_for_endless_work(tmp_path: Path) -> None:
    tree(tmp_path, "".join(f"[tool.cuda-migrate.scenario.s{number}]\nteam = 2\n" for number in range(11)))
    with pytest.raises(ConfigError, match="more than 10 scenarios"):
        config.load(tmp_path, environment={})


def test_a_missing_named_file_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such configuration file"):
        config.load(tmp_path, file=tmp_path / "none.toml", environment={})


def test_a_broken_pyproject_of_the_tree_does_not_stop_the_scan(tmp_path: Path) -> None:
    tree(tmp_path, "[project\n")
    assert config.load(tmp_path, environment={}).tree_file == ""


def test_a_linked_settings_file_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside.toml"
    outside.write_text('targets = ["cann"]\n', encoding="utf-8")
    root = tmp_path / "root"
    root.mkdir()
    try:
        (root / ".cuda-migrate.toml").symlink_to(outside)
    except OSError:
        pytest.skip("this system makes no links")
    assert config.load(root, environment={}).settings.targets == ("rocm", "cann")
