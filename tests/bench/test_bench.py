"""The benchmarks still run; what they measure is nobody's limit here."""

from __future__ import annotations

import json
from pathlib import Path

from tests.bench import corpora
from tests.bench.__main__ import main
from tests.bench.timing import Pair, Run


def test_the_short_form_runs_to_its_end(tmp_path: Path) -> None:
    out = tmp_path / "figures.json"
    assert main(["--short", "--folder", str(tmp_path / "corpora"), "--json", str(out)]) == 0
    figures = json.loads(out.read_text(encoding="utf-8"))
    assert [row["files"] for row in figures["growth"]] == [101, 401]
    assert all(one["ratio"] > 0 for one in figures["pairs"])


def test_generated_trees_are_the_same_everywhere(tmp_path: Path) -> None:
    trees = [corpora.generated(tmp_path / name, 50) for name in "ab"]
    contents = [
        {path.relative_to(tree).as_posix(): path.read_bytes() for path in tree.rglob("*") if path.is_file()}
        for tree in trees
    ]
    assert contents[0] == contents[1]
    assert any(b"cudaMalloc" in data for data in contents[0].values())


def test_a_ratio_is_the_median_of_its_turns() -> None:
    result = Pair("x", tuple(Run(wall, 0) for wall in (1.0, 2.0, 9.0)), tuple(Run(1.0, 0) for _ in range(3)))
    assert result.ratio == 2.0
    assert "ratio   2.00  [1.00, 9.00]" in result.row()
