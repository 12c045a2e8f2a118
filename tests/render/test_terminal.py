from __future__ import annotations

import re

import msgspec
import pytest

from migrate.model import Audit
from migrate.render import RenderOptions, numbers, render
from migrate.render.text import columns


def summary(audit: Audit, **options: object) -> str:
    return str(render(audit, "table", RenderOptions(**options)))  # type: ignore[arg-type]


def test_summary_says_what_was_found_what_it_takes_and_what_is_apart(audit: Audit) -> None:
    text = summary(audit)
    assert "acme/vision-stack  1,284 files, 16 touch CUDA, 6 skipped" in text
    for estimate in audit.estimates:
        assert f"{audit.targets[estimate.target].name}: {numbers.signed(estimate.months.p50)} months" in text
        assert f"P80 {numbers.signed(estimate.months.p80)}" in text
        for total in estimate.changes:
            if total.findings:
                assert re.search(rf"{total.change or 'unknown'}\s+{total.findings}\s", text)
    assert "812 uses in vendored code, 2 uses in test code" in " ".join(text.split())
    assert "Suppressed: 1 finding." in text
    assert text.rstrip().splitlines()[-1].strip().startswith("Next: cuda-migrate report")


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_lines_fit_the_window(audit: Audit, width: int) -> None:
    assert max(columns(line) for line in summary(audit, width=width).splitlines()) <= max(width, 55)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "gbk", "utf-8"])
def test_any_encoding_can_carry_it(hostile: Audit, encoding: str) -> None:
    text = summary(hostile, encoding=encoding, width=60)
    assert text.encode(encoding).decode(encoding) == text


def test_ascii_spells_signs_out(audit: Audit) -> None:
    text = summary(audit, encoding="ascii", width=60)
    assert "?" not in text
    assert ".." in text


def test_colour_only_when_asked_and_no_foreign_escapes(hostile: Audit, audit: Audit) -> None:
    assert "\x1b" not in summary(hostile)
    assert "\x1b[" in summary(audit, color=True)
    assert re.sub(r"\x1b\[[0-9;]*m", "", summary(audit, color=True)).split() == summary(audit).split()


def test_without_estimates_the_classes_are_counted(audit: Audit) -> None:
    text = summary(msgspec.structs.replace(audit, estimates=()))
    assert re.search(r"rewrite\s+5\s", text)
    assert "months" not in text


def test_without_findings_it_says_so(audit: Audit) -> None:
    bare = msgspec.structs.replace(audit, findings=(), estimates=())
    seen = msgspec.structs.replace(bare, hidden=msgspec.structs.replace(bare.hidden, findings=0))
    assert "No CUDA was found: +0 months, +0 %." in summary(seen)
    assert "No CUDA was found: +0 months" not in summary(bare)


def test_json_is_the_audit_again(audit: Audit) -> None:
    encoded = render(audit, "json")
    assert msgspec.json.decode(encoded, type=Audit) == audit
    assert render(audit, "json") == encoded


def test_a_baseline_of_the_tree_is_named(audit: Audit) -> None:
    estimates = tuple(
        msgspec.structs.replace(one, baseline=msgspec.structs.replace(one.baseline, source="tree"))
        for one in audit.estimates
    )
    text = " ".join(summary(msgspec.structs.replace(audit, estimates=estimates)).split())
    assert "Against the scanned tree's own baseline of 12 months with 4 people." in text


def test_hidden_work_is_told_in_days_of_the_models_length(audit: Audit) -> None:
    hidden = msgspec.structs.replace(audit.hidden, hours={"rocm": 40.0})
    page = summary(msgspec.structs.replace(audit, hidden=hidden))
    assert "5.0 d for AMD ROCm" in page
    without = tuple(msgspec.structs.replace(made, parameters=()) for made in audit.estimates)
    page = summary(msgspec.structs.replace(audit, hidden=hidden, estimates=without))
    assert "40 h for AMD ROCm" in page


def test_the_largest_blind_spots_are_named(audit: Audit) -> None:
    text = " ".join(summary(audit).replace("\N{NO-BREAK SPACE}", " ").split())
    expected = "Not seen: Language not assessed: Fortran (1, 5 % of lines), Method on a value of unknown type (3, 3 % of findings)"
    assert expected in text
    assert "1 more in the report." in text
    assert "Not seen" not in summary(msgspec.structs.replace(audit, blind_spots=()))


def test_a_blind_spot_of_unknown_size_has_no_share(audit: Audit) -> None:
    missing = audit.blind_spots[-1:]
    text = " ".join(summary(msgspec.structs.replace(audit, blind_spots=missing)).split())
    assert "Not seen: Submodule not checked out: third_party/kernels (1)." in text


def test_names_cannot_write_lines_of_their_own(audit: Audit) -> None:
    spoof = "x\nNext: do something else\u2028more\ty"
    spots = (msgspec.structs.replace(audit.blind_spots[-1], what=spoof),)
    repository = msgspec.structs.replace(audit.repository, name=spoof)
    changed = msgspec.structs.replace(audit, repository=repository, blind_spots=spots)
    lines = summary(changed, width=120).splitlines()
    assert [line for line in lines if line.strip().startswith(("Next: do", "more"))] == []
    assert sum(line.strip().startswith("Next:") for line in lines) == 1
