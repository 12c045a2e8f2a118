"""Every shipped rule: its examples, its answers, its references; and the schemas that editors read."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import msgspec
import pytest

from migrate import rulebook
from migrate.model import Mapping, Rule, Target
from migrate.resources import rules_root
from migrate.rulebook import lint
from migrate.scan import check_examples

RULES = sorted(rulebook.shipped().rules)
SCHEMAS = {"rules.json": list[Rule], "mappings.json": dict[str, Mapping], "target.json": Target}


@pytest.mark.parametrize("rule", RULES)
def test_examples_hold(rule: str) -> None:
    assert check_examples(rulebook.shipped(), [rule]) == []


@pytest.mark.parametrize("rule", RULES)
def test_nothing_was_forgotten(rule: str) -> None:
    assert lint.errors(rulebook.shipped(), [rule]) == []


def test_no_two_rules_share_an_example() -> None:
    assert [problem for problem in lint.errors(rulebook.shipped(), RULES) if "same example" in problem] == []


def test_there_are_enough_rules_and_each_target_answers_by_hand() -> None:
    book = rulebook.shipped()
    assert len(book.rules) >= 80
    for target in ("rocm", "cann"):
        curated = [rule for rule in book.rules if rule in book.targets[target].mappings]
        assert len(curated) >= 80


def test_answers_for_cann_depend_on_the_chip_where_it_matters() -> None:
    book = rulebook.shipped()
    varied = {rule for rule, mapping in book.targets["cann"].mappings.items() if mapping.when}
    assert {"kernel-definition", "kernel-warp-shuffle"} <= varied
    chips = {chip.id for chip in book.targets["cann"].target.chips}
    named = {
        chip
        for rule in varied
        for variant in book.targets["cann"].mappings[rule].when
        for chip in variant.condition.chips
    }
    assert named <= chips


def test_files_of_rules_stay_readable() -> None:
    for path in sorted((rules_root() / "cuda").glob("*.yaml")):
        if path.name in ("libraries.yaml", "symbols.yaml", "packages.yaml"):
            continue
        assert path.read_text(encoding="utf-8").count("\n- id: ") <= 25, path.name


def test_answers_are_fresh() -> None:
    assert lint.warnings(rulebook.shipped(), RULES, dt.date(2027, 6, 1)) == []


@pytest.mark.parametrize("name", SCHEMAS)
def test_schemas_are_those_of_the_model(name: str, request: pytest.FixtureRequest) -> None:
    """`--update-golden` writes them anew; point an editor's YAML mode at them for completion."""
    file = Path(__file__).parent.parent / "rules" / "schema" / name
    text = json.dumps(msgspec.json.schema(SCHEMAS[name]), indent=1, sort_keys=True) + "\n"
    if request.config.getoption("--update-golden"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="\n")
    assert file.read_text(encoding="utf-8") == text
