"""Contracts of the HTML report: it loads nothing, parses, keeps foreign text text, stays small."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest

from migrate.errors import MigrateError
from migrate.model import Audit
from migrate.render import RenderOptions, numbers, render
from migrate.resources import reports_root
from tests.render.synthetic_audit import build_audit

VOID = frozenset({"meta", "br", "img", "input", "link", "hr", "source"})
LOADING = frozenset({"src", "srcset", "poster", "data", "action", "formaction", "background", "ping", "manifest"})


class Document(HTMLParser):
    """A strict enough parser: every element closed in order, attributes unique, everything recorded."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.words: list[str] = []
        self.feed(page)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), f"repeated attribute in <{tag}>"
        self.elements.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append((dict(attrs), ""))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            attributes, text = self.scripts[-1]
            self.scripts[-1] = (attributes, text + data)
        elif not self.open or self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def attribute(self, name: str) -> list[str]:
        return [value for _, attributes in self.elements if (value := attributes.get(name)) is not None]


@pytest.fixture(scope="module")
def document(page: str) -> Document:
    return Document(page)


@pytest.fixture(scope="module")
def hostile_document(hostile_page: str) -> Document:
    return Document(hostile_page)


def island_of(document: Document) -> dict[str, object]:
    [text] = [text for attributes, text in document.scripts if attributes.get("id") == "island"]
    data: dict[str, object] = json.loads(text)
    return data


@pytest.mark.parametrize("which", ["document", "hostile_document"])
def test_ids_are_unique_and_anchors_resolve(which: str, request: pytest.FixtureRequest) -> None:
    document: Document = request.getfixturevalue(which)
    ids = document.attribute("id")
    assert len(ids) == len(set(ids))
    links = [link for link in document.attribute("href") if link.startswith("#")]
    assert links
    assert {link.removeprefix("#") for link in links} <= set(ids)
    for name in ("aria-labelledby", "for"):
        assert {part for value in document.attribute(name) for part in value.split()} <= set(ids)


@pytest.mark.parametrize("which", ["document", "hostile_document"])
def test_nothing_is_loaded_and_nothing_runs_from_attributes(which: str, request: pytest.FixtureRequest) -> None:
    document: Document = request.getfixturevalue(which)
    for tag, attributes in document.elements:
        assert tag not in {
            "link",
            "iframe",
            "object",
            "embed",
            "base",
            "img",
            "image",
            "use",
            "foreignobject",
        }
        for name, value in attributes.items():
            assert not name.startswith("on")
            assert name not in LOADING
            assert name != "style"
            assert "url(" not in (value or "") or (value or "").startswith("url(#")
            if name == "href":
                assert re.match(r"#|https?://", value or "")


def test_css_loads_nothing() -> None:
    css = (reports_root() / "assets" / "report.css").read_text()
    assert "url(" not in css
    assert "@import" not in css


def test_policy_allows_exactly_the_scripts_of_the_page(document: Document) -> None:
    [policy] = [
        a["content"]
        for tag, a in document.elements
        if tag == "meta" and a.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy is not None
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert directives["default-src"] == "'none'"
    assert directives["img-src"] == "data:"
    assert directives["style-src"] == "'unsafe-inline'"
    running = [text for attributes, text in document.scripts if attributes.get("type") != "application/json"]
    hashes = [f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in running]
    assert directives["script-src"].split() == hashes


def test_hostile_strings_stay_text(hostile_document: Document, document: Document) -> None:
    shape = [tag for tag, _ in hostile_document.elements]
    assert shape.count("script") == [tag for tag, _ in document.elements].count("script") == 3
    assert "<script>alert(1)</script>" in hostile_document.text
    assert "{{7*7}}{name}" in hostile_document.text
    assert "49{name}" not in hostile_document.text
    assert "\x1b" not in hostile_document.text
    assert "\u202e" not in hostile_document.text


def test_island_carries_every_finding(document: Document, audit: Audit) -> None:
    data = island_of(document)
    rows = data["rows"]
    assert isinstance(rows, dict)
    assert sorted(rows["id"]) == sorted(finding.fingerprint for finding in audit.findings)
    lengths = {len(column) for name, column in rows.items() if name not in {"answer", "days"}}
    assert lengths == {len(audit.findings)}
    assert [len(column) for column in rows["days"]] == [len(audit.findings)] * 2


def test_island_days_add_up_to_the_units_days(document: Document, audit: Audit) -> None:
    rows = island_of(document)["rows"]
    assert isinstance(rows, dict)
    for position, estimate in enumerate(audit.estimates):
        shown = sum(value or 0 for value in rows["days"][position])
        assert shown == pytest.approx(sum(days.p50 for days in estimate.unit_days.values()), rel=0.01)


def test_a_finding_inside_a_kernel_says_whose_price_covers_it(document: Document, audit: Audit) -> None:
    data = island_of(document)
    rows, absorbed = data["rows"], data["absorbed"]
    assert isinstance(rows, dict)
    assert isinstance(absorbed, dict)
    inside = {item.fingerprint for item in audit.findings if item.in_kernel}
    shown = {rows["id"][int(n)]: found for n, found in absorbed.items()}
    assert shown
    assert shown.keys() <= inside
    assert all(kernel == "block_reduce" for kernel, _ in shown.values())
    for fingerprint, (_, under) in shown.items():
        assert all(audit.estimates[t].finding_days[fingerprint] == 0 for t in under)


def test_kernels_show_how_often_each_feature_occurs(document: Document) -> None:
    kernels = island_of(document)["kernels"]
    assert isinstance(kernels, dict)
    assert [facts[2] for facts in kernels.values()] == [["shared-memory ×2", "shuffle ×3"]] * len(kernels)


def test_drivers_carry_their_computation(page: str, audit: Audit) -> None:
    folds = re.findall(r'<details class="steps">(.*?)</details>', page, re.DOTALL)
    assert len(folds) == sum(len(estimate.drivers) for estimate in audit.estimates)
    assert page.count("medians do not add") == len(audit.estimates)
    assert "0.45 author-days x (254 lines / 100)^0.6 = 2 d" in folds[0]


def test_a_baseline_of_the_tree_is_named(audit: Audit) -> None:
    estimates = tuple(
        msgspec.structs.replace(one, baseline=msgspec.structs.replace(one.baseline, source="tree"))
        for one in audit.estimates
    )
    text = Document(str(render(msgspec.structs.replace(audit, estimates=estimates), "html"))).text
    assert "the baseline that the scanned tree's own settings name: 12 months with 4 people" in text


def test_verdict_is_written_out(document: Document, audit: Audit) -> None:
    for estimate in audit.estimates:
        name = audit.targets[estimate.target].name
        months, percent = estimate.months, estimate.inflation_percent
        p50 = f"{numbers.signed(months.p50)} months, {numbers.signed_percent(percent.p50)}"
        p80 = f"{numbers.signed(months.p80)} months, {numbers.signed_percent(percent.p80)}"
        sentence = f"{p50} to run on {name} (P50). P80: {p80}."
        assert " ".join(sentence.split()) in document.text
    assert "default baseline of 12 months with 4 people" in document.text
    assert audit.command in document.text
    assert str(audit.estimates[0].seed) in document.text
    assert audit.rulebook.hash in document.text


def test_every_chart_has_a_sentence_and_a_table(page: str) -> None:
    figures = re.findall(r'<figure class="chart.*?</figure>', page, re.DOTALL)
    assert len(figures) > 15
    for figure in figures:
        assert re.search(r"<figcaption>[^<]+</figcaption>", figure)
        assert "<svg" in figure
        assert re.search(r'<details class="twin".*<tbody>\s*<tr', figure, re.DOTALL)


def test_rendered_twice_and_elsewhere_it_is_the_same_bytes(audit: Audit, page: str) -> None:
    assert render(audit, "html") == page
    here = Path(__file__).parent
    program = (
        "from tests.render.synthetic_audit import build_audit; from migrate.render import render, RenderOptions\n"
        "audit = build_audit(); render(build_audit(taint='x'), 'html', RenderOptions(target='cann'))\n"
        "import hashlib; print(hashlib.sha256(render(audit, 'html').encode()).hexdigest())"
    )
    other = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=here.parents[1],
        env={"PYTHONHASHSEED": "7", "PYTHONPATH": str(here.parents[1])},
    )
    assert other.stdout.strip() == hashlib.sha256(page.encode()).hexdigest()


def test_target_option_changes_the_order_only(audit: Audit) -> None:
    document = Document(str(render(audit, "html", RenderOptions(target="cann"))))
    order = [a["id"] for _, a in document.elements if (a.get("id") or "").startswith("verdict-")]
    assert order == ["verdict-cann", "verdict-rocm"]


@pytest.mark.parametrize(
    "options", [RenderOptions(target="gaudi"), RenderOptions(scenario="x"), RenderOptions(lang="xx")]
)
def test_unknown_choices_are_errors(audit: Audit, options: RenderOptions) -> None:
    with pytest.raises(MigrateError) as caught:
        render(audit, "html", options)
    assert caught.value.hint


def test_without_estimates_without_findings_and_with_one_target(audit: Audit) -> None:
    bare = msgspec.structs.replace(audit, estimates=())
    assert "No estimate was made" in Document(str(render(bare, "html"))).text
    empty = msgspec.structs.replace(bare, findings=(), rules={}, edits=None, skips=(), files=())
    Document(str(render(empty, "html")))
    one = msgspec.structs.replace(audit, targets={"cann": audit.targets["cann"]})
    assert "AMD ROCm" not in Document(str(render(one, "html"))).text


def test_assets_keep_their_budget() -> None:
    sizes = {path.name: path.stat().st_size for path in (reports_root() / "assets").iterdir()}
    assert sizes["report.js"] <= 25_000
    assert sum(sizes.values()) <= 60_000


def test_report_keeps_its_budget() -> None:
    page = str(render(build_audit(copies=52), "html"))
    charts = sum(map(len, re.findall(r"<svg.*?</svg>", page, re.DOTALL)))
    assert charts <= 200_000
    assert len(page.encode()) <= 1_000_000


def test_large_report_keeps_its_budget() -> None:
    page = str(render(build_audit(copies=640), "html"))
    assert len(page.encode()) <= 5_000_000


def test_blind_spots_are_listed_with_their_shares(audit: Audit, page: str) -> None:
    section = page.split('<section id="unseen"')[1].split("</section>", maxsplit=1)[0]
    rows = re.findall(r"<tr><th scope=.row.>(.*?)</tr>", section)
    assert [row.split("</th>")[0] for row in rows[:4]] == [
        "Language not assessed: Fortran",
        "Method on a value of unknown type",
        "File not read: larger than the limit",
        "Submodule not checked out: third_party/kernels",
    ]
    assert "5\N{NO-BREAK SPACE}% of lines" in rows[0]
    assert "3\N{NO-BREAK SPACE}% of findings" in rows[1]
    assert "train.py:8, train.py:9, train.py:12" in rows[1]
    assert "6\N{NO-BREAK SPACE}% of the lines of owned code could not be read" in section
    assert "3\N{NO-BREAK SPACE}% of the findings could not be seen through" in section
    assert rows[3].endswith(">not checked out</td>")
    opened = page.split('<section id="open"')[1].split("</section>", maxsplit=1)[0]
    assert '<a href="#unseen">6\N{NO-BREAK SPACE}% of the lines' in opened


def test_without_blind_spots_that_is_said(audit: Audit) -> None:
    bare = str(render(msgspec.structs.replace(audit, blind_spots=()), "html"))
    assert "Every file of owned code was read" in bare
    assert '<a href="#unseen">' not in bare.split('<section id="open"')[1].split("</section>", maxsplit=1)[0]


def test_places_apart_say_what_they_copy_and_who_wrote_them(page: str) -> None:
    assert "third_party/cub_fork, copy of csrc/cub; written by tools/gen.py" in page
