"""The joined page of a rule, a CUDA name or a package, as text and as static pages."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import pytest

from migrate import rulebook
from migrate.render.coverage_page import coverage_json, coverage_table
from migrate.render.rule_page import page, rule_table
from migrate.render.rule_site import file_of, pages
from migrate.rulebook import Rulebook
from migrate.rulebook.coverage import coverage
from tests.packs import FILES, write_pack

EVIL = "<script>alert(1)</script>{{ 7 * 7 }}\"'&"
ROWS = (
    "name,status,change,equivalent,since,note,source,until,cuda,chips,absence\n"
    "cudaFree,missing,rewrite,,,take the new call,h,,,,not-found-in\n"
    "cudaMalloc,supported,rename,hipMalloc,6.3,mind the size,h,8.0,<13.0,a,\n"
)
TARGET = FILES["targets/rocm/target.yaml"] + 'stack_version: "7.1"\ncuda_version: "12.9"\n'
MAPPINGS = FILES["targets/rocm/mappings/rules.yaml"].replace(
    "  equivalent: 64-bit masks\n",
    "  equivalent: 64-bit masks\n  notes: Check each mask.\n  target: '>=6.0'\n  becomes: |\n    v = __shfl_down(v, 1);\n"
    "  effort: {first: [1, 2, 3], each: [0.1, 0.2, 0.3], source: judgement}\n  refs: [https://example.org/shuffle]\n",
)


@pytest.fixture
def book(tmp_path: Path) -> Rulebook:
    files = {
        **FILES,
        "targets/rocm/symbols.csv": ROWS,
        "targets/rocm/target.yaml": TARGET,
        "targets/rocm/mappings/rules.yaml": MAPPINGS,
        "cuda/more.yaml": f"- id: evil\n  title: {json.dumps(EVIL)}\n  why: w\n  area: runtime\n  was: [former]\n"
        "  match:\n    cuda: [{kind: call, name: evilCall}]\n",
    }
    return rulebook.load((), root=write_pack(tmp_path, files))


def text(book: Rulebook, name: str) -> str:
    found = page(book, name)
    assert found is not None
    return found


def test_a_rules_page_joins_what_is_known(book: Rulebook) -> None:
    shown = text(book, "kernel-shuffle")
    for part in (
        "kernel-shuffle: Lanes exchange values",
        "The mask assumes 32 lanes.",
        "area kernel, confidence high",
        "ROCm (rocm; a, stack 7.1, CUDA 12.9)",
        "differs, adapt: 64-bit masks",
        "Check each mask.",
        "known for stack >=6.0",
        "on b: supported, none: same",
        "v = __shfl_down(v, 1);",
        "effort 1/2/3 h first, 0.1/0.2/0.3 h each further (P10/likely/P90; judgement)",
        "basis curated",
        "see https://example.org/shuffle",
        "verified 2026-11",
        "flags:",
        "passes:",
    ):
        assert part in shown
    assert "answered name by name" in text(book, "runtime-api")
    chosen = text(book.at({}, "", {"rocm": "b"}), "kernel-shuffle")
    assert "ROCm (rocm; b, stack 7.1, CUDA 12.9)\n  supported, none: same" in chosen


def test_a_names_page_gives_answer_conditions_and_source(book: Rulebook) -> None:
    shown = text(book, "cudaMalloc")
    for part in (
        "cudaMalloc: function of CUDA Runtime API",
        "found by rule runtime-api",
        "supported, rename: hipMalloc",
        "mind the size",
        "from stack 6.3",
        "up to stack 8.0",
        "for CUDA <13.0",
        "on a only",
        "basis table: HIP tables 7",
    ):
        assert part in shown
    older = text(book.at({"rocm": "6.0"}), "cudaMalloc")
    assert "missing, rewrite: hipMalloc" in older
    assert "stack 6.0" in older
    assert "not found in h@7" in text(book, "cudaFree")
    assert "deprecated in 11.0" in text(book, "cudaOld")


def test_a_packages_page(book: Rulebook) -> None:
    shown = text(book, "flash-attn")
    for part in ("package, attention", "lock-in hard", "imported as flash_attn", "found by rule package-dependency"):
        assert part in shown
    assert "supported, adapt: flash-attn built for ROCm" in shown


def test_former_ids_lead_to_the_rule_and_unknown_names_nowhere(book: Rulebook) -> None:
    assert text(book, "former").startswith("evil: ")
    assert page(book, "nobody") is None


def test_a_name_that_only_a_rule_asks_for_leads_to_the_rule(book: Rulebook) -> None:
    assert text(book, "evilCall").startswith("evil: ")
    assert page(book, "__shfl_xor_sync") is None  # only a glob holds it


def test_targets_without_an_answer_share_a_line(book: Rulebook) -> None:
    assert "no answer yet: ROCm" in text(book, "cudaOld")
    assert "unknown, ?" not in text(book, "cudaOld")


def test_the_list_shows_each_targets_change(book: Rulebook) -> None:
    listed = rule_table(book, "kernel", 100, sorted(book.targets)).splitlines()
    assert listed[0].split() == ["rule", "rocm", "title"]
    assert listed[1].split()[:2] == ["kernel-shuffle", "adapt"]
    assert listed[-1] == "1 rules"


def test_static_pages_are_complete_escaped_and_load_nothing(book: Rulebook) -> None:
    made = dict(pages(book))
    assert set(made) == {
        "index.html",
        "packages.html",
        "library-runtime.html",
        *(file_of("rule", id_) for id_ in book.rules),
    }
    for name, content in made.items():
        assert "<script" not in content, name
        assert not re.findall(r'(?:src|@import|url\()\s*=?\s*["\']?http', content), name
        assert "default-src 'none'" in content
        for target in re.findall(r'href="([^"]*)"', content):
            assert target.startswith("https://") or html.unescape(target) in made, (name, target)
    assert html.escape(EVIL, quote=False).split("{{")[0] in made["rule-evil.html"]
    assert "hipMalloc" in made["library-runtime.html"]
    assert dict(pages(book)) == made


@pytest.mark.parametrize("name", ["../evil", "acme/timer", "a b", "..", "CON<>"])
def test_page_names_stay_in_the_folder(name: str) -> None:
    assert re.fullmatch(r"rule-[A-Za-z0-9._-]+\.html", file_of("rule", name))


def test_coverage_as_table_and_json(book: Rulebook) -> None:
    covered = coverage(book, ["rocm"])
    table = coverage_table(covered)
    row = next(line.split() for line in table.splitlines() if line.strip().startswith("runtime"))
    assert row == ["runtime", "3", "100", "%", "0", "2", "0", "1", "0", "1"]
    assert "not found in h@7: 1" in table
    assert '"not_found_in"' in coverage_json(covered)
