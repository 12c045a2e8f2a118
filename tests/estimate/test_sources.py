"""The back-test end to end, on made-up checkouts and a made-up tool."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from migrate.errors import InputError
from migrate.estimate import load_defaults
from migrate.estimate.sources import end_to_end, read_sources
from migrate.model import Change, Estimate, Percentiles, Stage
from tests.estimate.synthetic import Repository

NUMBERS = load_defaults().numbers


def written(folder: Path, text: str) -> Path:
    for name in ("caffe", "ginkgo"):
        (folder / name).mkdir(exist_ok=True)
    path = folder / "sources.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_rows_say_target_stage_and_what_it_took(tmp_path: Path) -> None:
    found = read_sources(written(tmp_path, "id,path\nE01,caffe\nE05,ginkgo\n"))
    assert [(one.target, one.stage, one.port.days) for one in found] == [
        ("rocm", Stage.FUNCTIONAL, 27),
        ("rocm", Stage.PARITY, 167),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id\nE01\n", ":1: the columns"),
        ("id,path\nE01,caffe\n", "two are the least"),
        ("id,path\nE01,caffe\nX99,caffe\n", ":3: 'X99' is no row"),
        ("id,path\nE20,caffe\nE01,caffe\n", ":2: 'E20' is no row of evidence with an effort"),
        ("id,path\nE07,caffe\nE01,caffe\n", ":2: no estimate is made to SYCL"),
        ("id,path\nE01,none\nE05,caffe\n", "no such folder"),
    ],
)
def test_a_row_that_cannot_be_used_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_sources(written(tmp_path, text))


def test_person_days_are_compared_as_author_days(tmp_path: Path) -> None:
    """Two person-days stand behind an author-day: a P50 of twice the author-days is exactly right."""
    sources = read_sources(written(tmp_path, "id,path\nE01,caffe\nE05,ginkgo\n"))
    asked: list[tuple[str, str, Stage]] = []
    plain = Repository().file("a.cu", 6000).add("a.cu", Change.ADAPT).estimate(draws=100)

    def tool(folder: Path, target: str, stage: Stage) -> Estimate:
        asked.append((folder.name, target, stage))
        days = 2.0 * (27 if stage == Stage.FUNCTIONAL else 167)
        shown = Percentiles(p10=days / 2, p50=days, p80=1.5 * days, p90=2 * days)
        return msgspec.structs.replace(
            plain, effort_days=shown, views=msgspec.structs.replace(plain.views, bottom_up=shown, top_down=None)
        )

    combined, counted = end_to_end(sources, tool, NUMBERS).scores
    assert asked == [("caffe", "rocm", Stage.FUNCTIONAL), ("ginkgo", "rocm", Stage.PARITY)]
    assert combined.mdmre.value == 0
    assert combined.coverage.value == 1
    assert [round(one.low, 1) for one in combined.predictions] == [13.5, 83.5]
    assert counted.estimator == "counted up alone"


def test_a_checkout_without_cuda_is_refused(tmp_path: Path) -> None:
    sources = read_sources(written(tmp_path, "id,path\nE01,caffe\nE05,ginkgo\n"))
    nothing = Repository().file("a.py", 10).estimate(draws=100)
    with pytest.raises(InputError, match="nothing to port was found for E01, E05"):
        end_to_end(sources, lambda *_: nothing, NUMBERS)
