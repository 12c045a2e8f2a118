"""The report in a real browser, from disk: no request, no error, and every interaction it promises."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from migrate.model import Audit
from migrate.render import render
from tests.render.synthetic_audit import build_audit

CHROMIUM = (
    os.environ.get("CHROMIUM")
    or shutil.which("chromium")
    or shutil.which("chromium-browser")
    or shutil.which("google-chrome")
)
pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")]


@pytest.fixture(scope="module")
def audit() -> Audit:
    return build_audit(copies=8)


@pytest.fixture(scope="module")
def address(audit: Audit, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(str(render(audit, "html")), encoding="utf-8")
    return path.as_uri()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def tab(browser: Any, address: str) -> Iterator[Any]:
    """Open the report; at the end, insist that nothing was requested and nothing complained."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme="light")
    page = context.new_page()
    trouble: list[str] = []
    page.on("console", lambda message: trouble.append(message.text))
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on(
        "request",
        lambda request: trouble.append(request.url) if request.url.split("#")[0] != address else None,
    )
    page.goto(address)
    yield page
    context.close()
    assert trouble == []


def rows(tab: Any) -> int:
    return int(tab.locator("#findings-body tr[data-i]").count())


def test_first_screen_shows_verdict_and_targets(tab: Any) -> None:
    for selector in ("#verdict-rocm .hero", "#targets table tbody tr:last-child"):
        box = tab.locator(selector).first.bounding_box()
        assert box["y"] + box["height"] <= 800


def test_search_facets_sorting_and_the_address(tab: Any, address: str) -> None:
    assert rows(tab) == 200
    tab.keyboard.press("/")
    tab.keyboard.type("mma_sync")
    tab.locator("#findings-body tr[data-i]").nth(8).wait_for(state="detached")
    assert rows(tab) == 8
    assert "q=mma_sync" in tab.url
    tab.fill("#toolbar input", "")
    tab.select_option("#by-change", "blocked")
    assert rows(tab) == 16
    assert set(tab.locator("#findings-body tr[data-i] td:nth-child(3) .badge").all_inner_texts()) == {"B"}
    copied = tab.url
    tab.goto("about:blank")
    tab.goto(copied)
    assert rows(tab) == 16
    tab.click("#toolbar button:has-text('Reset')")
    tab.click("#findings-table thead th[data-sort=path] button")
    assert tab.locator("th[aria-sort=ascending]").count() == 1
    paths = tab.locator("#findings-body .path").all_inner_texts()
    assert [path.rsplit(":", 1)[0] for path in paths] == sorted(path.rsplit(":", 1)[0] for path in paths)
    tab.go_back()
    assert "sort" not in tab.url


def test_grouping_and_more_rows(tab: Any) -> None:
    tab.click("#more")
    assert rows(tab) > 200
    tab.select_option("#by-group", "library")
    assert tab.locator("#findings-body tr.group").count() > 2


def test_target_switch_changes_every_section(tab: Any) -> None:
    assert tab.locator("#verdict-rocm").is_visible()
    assert not tab.locator("#verdict-cann").is_visible()
    tab.locator("label:has(input[value=cann])").click()
    assert tab.locator("#verdict-cann").is_visible()
    assert not tab.locator("#verdict-rocm").is_visible()
    assert tab.locator("[data-for=rocm]:visible").count() == 0
    assert "target=cann" in tab.url


def test_theme_is_kept_and_dark_is_dark(tab: Any) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    assert tab.evaluate(ground) == "rgb(251, 250, 247)"
    tab.click("#theme")
    tab.click("#theme")
    assert tab.evaluate(ground) == "rgb(20, 23, 26)"
    tab.reload()
    assert tab.evaluate(ground) == "rgb(20, 23, 26)"
    tab.emulate_media(media="print")
    assert tab.evaluate(ground) == "rgb(255, 255, 255)"


def test_permalink_opens_the_finding(tab: Any, audit: Audit, address: str) -> None:
    finding = next(item for item in audit.findings if item.rule == "kernel-warp-size" and "part" not in item.path)
    tab.goto(f"{address}#f-{finding.fingerprint}")
    detail = tab.locator("tr.detail")
    assert detail.is_visible()
    text = detail.inner_text()
    assert "__shfl_down_sync(0xffffffff, v, 16)" in text
    assert "warpSize, 64-bit masks" in text
    assert "Check numerics after the change." in text
    assert tab.locator(f"#f-{finding.fingerprint}").bounding_box()["y"] < 800


def test_permalink_beyond_the_first_slice(tab: Any, audit: Audit, address: str) -> None:
    finding = next(item for item in audit.findings if item.role == "example")
    tab.goto(f"{address}#f-{finding.fingerprint}")
    assert tab.locator(f"#f-{finding.fingerprint} + tr.detail").is_visible()


def test_edits_are_shown_before_and_after(tab: Any, audit: Audit, address: str) -> None:
    edit = next(item for item in audit.edits or () if item.proved)
    tab.goto(f"{address}#f-{edit.fingerprint}")
    assert edit.before in tab.locator("tr.detail .old").first.inner_text()
    assert edit.after in tab.locator("tr.detail .new").first.inner_text()


def test_a_click_on_a_chart_filters_the_findings(tab: Any) -> None:
    tab.locator("#c-places-rocm .drawing a").first.click()
    assert 0 < rows(tab) < 200
    places = tab.locator("#findings-body .path").all_inner_texts()
    assert len({place.rsplit(":", 1)[0] for place in places}) == 1
    tab.locator("#c-matrix-rocm .twin summary").click()
    tab.locator("#c-matrix-rocm .twin a").first.click()
    assert "library=" in tab.url


def test_keyboard(tab: Any) -> None:
    tab.keyboard.press("g")
    tab.keyboard.press("f")
    tab.keyboard.press("j")
    tab.keyboard.press("j")
    tab.keyboard.press("o")
    assert tab.locator("#findings-body tr.at").get_attribute("aria-expanded") == "true"
    tab.keyboard.press("k")
    tab.keyboard.press("t")
    assert tab.locator("#verdict-cann").is_visible()
    tab.keyboard.press("?")
    assert tab.locator("#help").is_visible()
    tab.keyboard.press("Escape")
    assert not tab.locator("#help").is_visible()


def test_links_into_folded_parts_open_them(tab: Any, address: str) -> None:
    tab.goto(f"{address}#r-kernel-warp-size")
    assert tab.locator("#r-kernel-warp-size .rule-body").is_visible()
    tab.goto(f"{address}#method-cann")
    assert tab.locator("#method-cann").is_visible()


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_the_page_never_scrolls_sideways(tab: Any, width: int) -> None:
    tab.set_viewport_size({"width": width, "height": 844})
    assert tab.evaluate("document.documentElement.scrollWidth") <= width


def test_without_javascript_everything_but_filtering_is_there(browser: Any, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    assert page.locator("#verdict-rocm").is_visible()
    assert page.locator("#verdict-cann").is_visible()
    assert page.locator("#findings-body tr").count() == 200
    assert not page.locator("#toolbar").is_visible()
    assert page.locator("svg[role]").count() > 15
    context.close()


def test_it_prints(tab: Any) -> None:
    assert tab.pdf(prefer_css_page_size=True)[:5] == b"%PDF-"
