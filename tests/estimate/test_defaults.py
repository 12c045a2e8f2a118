from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from migrate.errors import RuleError
from migrate.estimate import load_defaults
from migrate.resources import read_yaml, rules_root

MODEL = rules_root() / "model"
CITATION = re.compile(r"\bE\d\d\b")


def rows(name: str) -> list[dict[str, str]]:
    with (MODEL / name).open(encoding="utf-8", newline="") as table:
        return list(csv.DictReader(table))


def edited(tmp_path: Path, old: str, new: str) -> Path:
    text = (MODEL / "defaults.yaml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "defaults.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def test_every_number_says_what_it_is_and_where_it_comes_from() -> None:
    for id_, entry in load_defaults().entries.items():
        assert entry.title, id_
        assert entry.unit, id_
        assert CITATION.search(entry.source) or "judgement" in entry.source or "measured" in entry.source, id_


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("hours_per_day:", "hours_a_day:", "hours_a_day"),
        ("ramp_up:\n", "ramp_up:\n  unknown: 1\n", "unknown"),
        ("value: [0.3, 1, 2]", "value: [0.3, 1]", "length 3"),
        ("value: [0.3, 1, 2]", "value: [2, 1, 0.3]", "ramp_up: the numbers must rise"),
        (
            "toolchain: 0.20, training: 0.10",
            "toolchain: 0.25, training: 0.10",
            "fixed_split_parity: the shares",
        ),
        ("accuracy: 0.25,", "precision: 0.25,", "fixed_split_parity: the phases are"),
        (", other: [0.4, 0.75, 1.1]", "", "efficiency_end"),
    ],
)
def test_a_wrong_number_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(RuleError, match=re.escape(message)) as caught:
        load_defaults(edited(tmp_path, old, new))
    assert caught.value.slug == "model-defaults"


def test_every_piece_of_evidence_that_is_cited_exists() -> None:
    known = {row["id"] for row in rows("evidence.csv")}
    cited = {
        (path.name, id_)
        for path in rules_root().rglob("*.yaml")
        for id_ in CITATION.findall(path.read_text(encoding="utf-8"))
    }
    assert cited, "the pattern finds nothing"
    assert {(name, id_) for name, id_ in cited if id_ not in known} == set()


def test_evidence_is_sorted_and_its_numbers_are_numbers() -> None:
    table = rows("evidence.csv")
    ids = [row["id"] for row in table]
    assert ids == sorted(set(ids))
    for row in table:
        assert row["grade"] in {"A", "B", "C", "D"}
        assert row["source"]
        for column in ("src_kloc", "kernels", "author_days"):
            assert not row[column] or float(row[column]) > 0


def test_what_is_fitted_is_graded_a() -> None:
    grades = {row["id"]: row["grade"] for row in rows("evidence.csv")}
    fit = CITATION.findall(load_defaults().entries["fixed_native"].source)
    assert len(fit) == 10
    assert {grades[id_] for id_ in fit} == {"A"}


def test_the_functional_share_is_the_mean_of_its_rows() -> None:
    days = {row["id"]: float(row["author_days"]) for row in rows("evidence.csv") if row["author_days"]}
    ratios = [
        days["E01"] / days["E03"],
        days["E04"] / days["E05"],
        days["E11"] / days["E12"],
        days["E33"] / days["E34"],
    ]
    product = ratios[0] * ratios[1] * ratios[2] * ratios[3]
    assert product**0.25 == pytest.approx(load_defaults().numbers.functional_share[1], abs=0.005)


def test_hardware_names_chips_that_targets_have() -> None:
    chips = {
        (path.parent.name, chip["id"])
        for path in rules_root().glob("targets/*/target.yaml")
        for chip in read_yaml(path)["chips"]
    }
    named = {(row["target"], row["chip"]) for row in rows("hardware.csv") if row["chip"]}
    assert named <= chips
    assert all(float(row["memory_gb"]) > 0 for row in rows("hardware.csv"))
