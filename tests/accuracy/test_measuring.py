"""The measure measured: what it calls found, missing, extra and avoided, on trees small enough to count by hand."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from msgspec.structs import replace

from migrate.model import Extraction, SourceFile
from tests.accuracy import clang_tokens, judgement, labels, lexing, repository
from tests.accuracy.__main__ import main
from tests.accuracy.judgement import Share
from tests.accuracy.labels import Label, Range

FIXTURES = Path(__file__).parents[2] / "fixtures"
needs_clang = pytest.mark.skipif(clang_tokens.clang() is None, reason="clang is not installed")

SOURCE = """\
#include <cuda_runtime.h>
// cudaMalloc in a comment
struct Pool { int cudaFree; };
#if 0
cudaMalloc(nullptr, 1);
#endif
void f(Pool p, float *x) {
  const char *text = "cudaMalloc failed";
  p.cudaFree = 1;
  cudaMalloc(&x, 4); cuda\\
MemGetInfo(nullptr, nullptr);
}
"""


def tree(root: Path, files: dict[str, str]) -> repository.Checkout:
    for name, text in files.items():
        (root / name).write_text(text, encoding="utf-8")
    return repository.read(root, jobs=1)


@needs_clang
def test_clang_sees_identifiers_in_code_only(tmp_path: Path) -> None:
    (tmp_path / "a.cu").write_text(SOURCE, encoding="utf-8")
    seen = [(token.name, token.line) for token in clang_tokens.identifiers(tmp_path / "a.cu")]
    assert [entry for entry in seen if entry[0].startswith("cuda")] == [
        ("cudaFree", 3),
        ("cudaMalloc", 5),
        ("cudaFree", 9),
        ("cudaMalloc", 10),
        ("cudaMemGetInfo", 10),
    ]


@needs_clang
def test_every_name_is_found_or_has_a_reason(tmp_path: Path) -> None:
    tally = lexing.tallies(tree(tmp_path, {"a.cu": SOURCE}))["cuda"]
    assert tally.missing == []
    assert tally.found == 2
    assert tally.reasons["dead"] == 1
    assert sum(count for reason, count in tally.reasons.items() if reason.startswith("own symbol")) == 2


@needs_clang
def test_a_blind_detector_does_not_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkout = tree(tmp_path, {"a.cu": SOURCE, "b.py": "import torch\ntorch.cuda.synchronize()\n"})
    blind = {path: report._replace(sightings=()) for path, report in checkout.reports.items()}
    seeing = lexing._extraction

    def blindly(checkout: repository.Checkout, file: SourceFile) -> tuple[str, Extraction] | None:
        read = seeing(checkout, file)
        return None if read is None else (read[0], replace(read[1], uses=()))

    monkeypatch.setattr(lexing, "_extraction", blindly)
    found = lexing.tallies(repository.Checkout(checkout.root, checkout.book, blind, {}, {}))
    assert {miss.name for miss in found["cuda"].missing} >= {"cudaMalloc", "cudaMemGetInfo"}
    assert [miss.name for miss in found["python"].missing] == ["torch.cuda.synchronize"]


@needs_clang
@pytest.mark.parametrize("fixture", sorted(path.name for path in FIXTURES.iterdir() if path.is_dir()))
def test_the_fixtures_are_read_completely(fixture: str) -> None:
    found = lexing.tallies(repository.read(FIXTURES / fixture, jobs=1))
    assert {language: tally.missing for language, tally in found.items()} == {"cuda": [], "python": []}


PYTHON = "import torch\nx = torch.zeros(1).cuda()\nmy_cuda = 1\ntorch.cuda.synchronize()\nif torch.version.hip is None:\n    torch.cuda.empty_cache()\n"


def label(line: int, name: str, verdict: str, kind: str = "api") -> Label:
    return Label("demo", "a.py", line, name, kind, verdict)


def test_labels_are_compared_by_place_and_name(tmp_path: Path) -> None:
    checkout = tree(tmp_path, {"a.py": PYTHON})
    ranges = [Range("demo", "a.py", 1, 6, "", "open")]
    score = judgement.judge(
        checkout,
        ranges,
        [
            label(2, ".cuda", "use"),
            label(3, "my_cuda", "trap"),
            label(4, "torch.cuda.synchronize", "use"),
            label(4, "torch.cuda.nothing_of_the_kind", "use"),
            label(5, "torch.version.hip", "guarded"),
            label(6, "torch.cuda.empty_cache", "guarded"),
        ],
    )
    recall, precision = score.shares()["API sites"]
    missed = [(wrong.line, wrong.name) for wrong in score.problems if wrong.sort == "missed"]
    assert (4, "torch.cuda.nothing_of_the_kind") in missed
    assert recall.of == 5
    assert recall.hits == 5 - len(missed)
    assert precision.hits == precision.of
    assert score.traps == {True: 1}
    assert score.guarded[True] >= 1


def test_what_no_label_confirms_is_wrong(tmp_path: Path) -> None:
    checkout = tree(tmp_path, {"a.py": PYTHON})
    ranges = [Range("demo", "a.py", 1, 4, "", "open")]
    score = judgement.judge(checkout, ranges, [label(4, "torch.cuda.synchronize", "trap")])
    assert score.traps == {False: 1}
    assert score.wrong["API sites"] >= 1
    assert {wrong.sort for wrong in score.problems} == {"trap", "extra"}


def test_shares_carry_their_interval() -> None:
    low, high = Share(95, 100).interval
    assert (round(low, 3), round(high, 3)) == (0.888, 0.978)  # Wilson's interval for 95 of 100 at 95 %
    assert Share(0, 0).interval == (0.0, 1.0)


# ------------------------------------------------------------------------------------------------- the labels


def test_labels_are_well_formed() -> None:
    known = labels.load()
    assert {item.project for item in known.ranges} <= set(known.projects)
    spans = {(item.project, item.path): item for item in known.ranges}
    assert all((row.project, row.path) in spans for row in known.labels)
    verdicts = [row.verdict for row in known.labels]
    assert verdicts.count("use") >= 600
    assert verdicts.count("trap") >= 300
    halves = {
        (item.project, item.path): {other.half for other in known.ranges if other[:2] == item[:2]}
        for item in known.ranges
    }
    assert all(len(half) == 1 for half in halves.values())  # a file is wholly in one half


def test_labels_hold_places_and_names_only() -> None:
    for path in labels.FOLDER.glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            assert all(len(cell) <= 200 for row in csv.reader(file) for cell in row), path


def test_the_command_says_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.py").write_text(PYTHON, encoding="utf-8")
    assert (
        main([str(tmp_path), *([] if clang_tokens.clang() else ["--no-lexing"]), "--json", str(tmp_path / "o.json")])
        == 0
    )
    assert (tmp_path / "o.json").is_file()
    if clang_tokens.clang():
        assert "0 missing" in capsys.readouterr().out
