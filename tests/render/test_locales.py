"""Every sentence is in the locale, every entry is used, and no English is left in the templates."""

from __future__ import annotations

import re
import string

import yaml

from migrate.model import Area, Audit, Basis, BlindSpotKind, Change, Confidence, Role, SkipReason, Stage, UnitKind
from migrate.render import RenderOptions, render
from migrate.render.text import Texts
from migrate.resources import reports_root
from tests.render.synthetic_audit import build_audit

LOCALES = sorted((reports_root() / "locales").glob("*.yaml"))
ENGLISH = yaml.safe_load((reports_root() / "locales" / "en.yaml").read_text())


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_locales_have_the_same_keys_and_placeholders() -> None:
    for path in LOCALES:
        entries = yaml.safe_load(path.read_text())
        assert set(entries) == set(ENGLISH), path.name
        for key, text in entries.items():
            assert isinstance(text, str), key
            assert placeholders(text) == placeholders(ENGLISH[key]), (path.name, key)


def test_every_closed_set_has_its_words() -> None:
    sets = {
        "role": Role,
        "skip": SkipReason,
        "blind": BlindSpotKind,
        "area": Area,
        "basis": Basis,
        "confidence": Confidence,
        "stage": Stage,
        "unit-kind": UnitKind,
        "change": Change,
    }
    for prefix, members in sets.items():
        assert {f"{prefix}.{member}" for member in members} <= set(ENGLISH)
    assert {f"blind.{kind}.text" for kind in BlindSpotKind} <= set(ENGLISH)


def test_every_entry_is_used(audit: Audit, monkeypatch: object) -> None:
    sources = [*(reports_root() / "templates").iterdir(), *(reports_root() / "assets").iterdir()]
    package = reports_root().parent / "migrate" / "render"
    text = "\n".join(path.read_text() for path in (*sources, *package.glob("*.py")) if path.is_file())
    literal = set(re.findall(r"[\w.-]+", text))
    stems = (
        "change.",
        "legend.",
        "confidence.",
        "role.",
        "basis.",
        "blind.",
        "driver.",
        "part.",
        "unit-kind.",
        "area.",
        "skip.",
        "stage.",
        "section.",
        "table.",
        "glossary.",
        "key.",
        "open.",
        "js.",
        "verdict.against.",
        "terminal.",
        "chart.compare.",
        "chart.tornado.",
        "method.text.",
    )
    unused = [
        key
        for key in ENGLISH
        if key.removesuffix(".one").removesuffix(".other") not in literal and not key.startswith(stems)
    ]
    assert unused == []
    script = (reports_root() / "assets" / "report.js").read_text()
    words = set(re.findall(r"\w+", script))
    assert {key.removeprefix("js.") for key in ENGLISH if key.startswith("js.")} <= words


def test_templates_hold_no_sentences() -> None:
    for path in (reports_root() / "templates").iterdir():
        bare = re.sub(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", "", path.read_text(), flags=re.DOTALL)
        bare = re.sub(r"<[^>]*>", " ", bare, flags=re.DOTALL)
        assert not re.findall(r"[A-Za-z]{2,}", bare), path.name


def test_a_second_locale_reaches_every_sentence(monkeypatch: object) -> None:
    from migrate.render import reading

    marked = {key: f"⟦{text}⟧" for key, text in ENGLISH.items()}
    monkeypatch.setattr(reading, "load_texts", lambda lang: Texts(lang, marked))  # type: ignore[attr-defined]
    page = str(render(build_audit(), "html", RenderOptions(lang="xx")))
    assert '<html lang="xx">' in page
    bare = re.sub(r"<(script|style)\b.*?</\1>", "", page, flags=re.DOTALL)
    for heading in re.findall(r"<h2[^>]*>(.*?)</h2>", bare, re.DOTALL):
        assert "⟦" in heading
    table = render(build_audit(), "table", RenderOptions(lang="xx"))
    assert "⟦" in str(table).splitlines()[0]
