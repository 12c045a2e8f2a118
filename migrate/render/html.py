"""The report as one HTML file that loads nothing: template, styles, script and data in one page."""

from __future__ import annotations

import base64
import functools
import hashlib
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from migrate.model import Audit, Change
from migrate.render import RenderOptions, blind, figures, money, numbers, order, places, plan, sections
from migrate.render.findings import ISLAND_ROWS, STATIC_ROWS, island, ranked, static_rows
from migrate.render.progress import progress_sentence, progress_table
from migrate.render.reading import CHANGES, LETTERS, Reading, change_id
from migrate.render.text import plain
from migrate.render.verdict import verdict
from migrate.resources import reports_root

if TYPE_CHECKING:
    import jinja2

SECTIONS = (
    "verdict",
    "targets",
    "drivers",
    "places",
    "becomes",
    "order",
    "schedule",
    "confidence",
    "money",
    "findings",
    "open",
    "unseen",
    "method",
    "rules",
)
SHOWN_WEB = ("https://", "http://")


def render(audit: Audit, options: RenderOptions) -> str:
    """Render the report; the same audit and options give the same bytes."""
    reading = Reading(audit, options)
    findings = ranked(reading)
    theme, script = _asset("theme.js"), _asset("report.js")
    page = _environment().get_template("report.html.j2")
    return page.render(
        t=reading.texts,
        reading=reading,
        audit=audit,
        sections=SECTIONS,
        csp=content_security_policy(theme, script),
        style=_asset("report.css"),
        theme=theme,
        script=script,
        blocks=[_block(reading, target) for target in reading.estimates],
        compared=_compared(reading),
        rows=static_rows(reading, findings),
        static_rows=STATIC_ROWS,
        island=_json(island(reading, findings)),
        left_out=max(0, len(findings) - ISLAND_ROWS),
        legend=[(change_id(change), LETTERS[change], reading.change_name(change)) for change in CHANGES],
        progress=progress_table(reading),
        units=sections.units_table(reading),
        cycles=[[reading.units[item].title for item in cycle if item in reading.units] for cycle in audit.graph.cycles],
        blind=blind.blind_table(reading),
        blind_sentence=blind.blind_sentence(reading),
        skips=sections.skip_table(reading),
        roles=sections.role_table(reading),
        apart=sections.apart_table(reading),
        rules=sections.rule_views(reading),
        glossary=sections.GLOSSARY,
        n=MappingProxyType({"count": numbers.count, "significant": numbers.significant}),
        is_web=is_web,
    )


def _block(reading: Reading, target: str) -> dict[str, Any]:
    """Gather what the page says about one target."""
    return {
        "id": target,
        "name": reading.name(target),
        "estimate": reading.estimates[target],
        "verdict": verdict(reading, target),
        "progress": progress_sentence(reading, target),
        "range": figures.verdict_range(reading, target),
        "drivers": figures.drivers(reading, target),
        "tornadoes": [
            fig for measure in ("months", "percent") if (fig := figures.tornado(reading, target, measure)).svg
        ],
        "treemap": places.treemap(reading, target),
        "matrix": places.matrix(reading, target),
        "order": order.order(reading, target),
        "schedule": plan.schedule(reading, target),
        "confidence": figures.confidence(reading, target),
        "money": money.money(reading, target),
        "blocked": sections.open_questions(reading, target, Change.BLOCKED),
        "unknown": sections.open_questions(reading, target, None),
        "parameters": sections.parameter_table(reading, target),
        "basis": sections.basis_table(reading, target),
    }


def _compared(reading: Reading) -> dict[str, Any] | None:
    """Gather what the page says about all targets together, None without an estimate."""
    if not reading.estimates:
        return None
    return {
        "table": sections.target_table(reading),
        "months": figures.compared(reading, "months"),
        "percent": figures.compared(reading, "percent"),
        "changes": figures.change_bars(reading),
    }


def content_security_policy(*scripts: str) -> str:
    """Return a policy under which only these scripts run and nothing is loaded."""
    digests = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    return f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src {allowed}; base-uri 'none'; form-action 'none'"  # noqa: E501


def is_web(reference: str) -> bool:
    """Tell whether a reference may become a link: web addresses only, never a script."""
    return reference.startswith(SHOWN_WEB)


@functools.cache
def _asset(name: str) -> str:
    """Read a style sheet or a script."""
    return (reports_root() / "assets" / name).read_text(encoding="utf-8")


def _json(value: object) -> str:
    """Encode data so that no string in it can end the element it stands in."""
    import jinja2.utils
    import msgspec

    return jinja2.utils.htmlsafe_json_dumps(value, dumps=lambda item: msgspec.json.encode(item).decode())


@functools.cache
def _environment() -> jinja2.Environment:
    """Return the template environment: everything is escaped, and foreign strings are cleaned before."""
    import jinja2
    import markupsafe

    def shown(value: object) -> object:
        if isinstance(value, str) and not isinstance(value, markupsafe.Markup):
            return plain(value)
        return value

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(reports_root() / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # Only our own files pass here: styles, scripts, and charts that were parsed and written anew as XML.
    environment.filters["trusted"] = markupsafe.Markup
    return environment
