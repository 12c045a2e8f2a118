"""Charts are data in, the same static picture out."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET

import pytest

from migrate.model import Audit
from migrate.render import RenderOptions, figures, money, order, places, plan
from migrate.render.charts import Figure, distinct
from migrate.render.layout import contracted, ordered_columns
from migrate.render.reading import Reading
from migrate.render.svg import Mark, palette, rework
from migrate.resources import reports_root
from tests.render.synthetic_audit import build_audit

SPECS = sorted((reports_root() / "charts").glob("*.v*.json"))


def drawn(audit: Audit) -> list[Figure]:
    reading = Reading(audit, RenderOptions())
    return [
        figures.compared(reading, "months"),
        figures.change_bars(reading),
        *(
            draw(reading, "cann")
            for draw in (
                figures.verdict_range,
                figures.drivers,
                places.treemap,
                places.matrix,
                order.order,
                plan.schedule,
                figures.confidence,
                money.money,
            )
        ),
        figures.tornado(reading, "cann", "percent"),
    ]


def test_order_of_drawing_changes_no_byte(audit: Audit) -> None:
    first = drawn(audit)
    reading = Reading(audit, RenderOptions())
    assert money.money(reading, "cann") == first[-2]
    assert drawn(audit) == first


def test_a_chart_is_inline_svg_that_names_itself_and_loads_nothing(audit: Audit) -> None:
    for figure in drawn(audit):
        root = ET.fromstring(figure.svg)
        assert root.tag == "svg"
        assert root.get("role") in {"img", "group"}
        assert [child.tag for child in root][:2] == ["title", "desc"]
        assert root[1].text == figure.sentence
        for element in root.iter():
            assert element.tag not in {"image", "use", "foreignObject", "script", "style"}
            assert "font-family" not in element.attrib
            assert not (set(element.attrib) & {"style", "xlink:href", "aria-roledescription"})
            assert element.get("id", figure.name).startswith(figure.name)
            if element.tag == "a":
                assert element.attrib["href"].startswith("#")


def test_every_colour_is_of_the_palette_and_has_its_class(audit: Audit) -> None:
    roles = {color: role for role, color in palette().items()}
    for figure in drawn(audit):
        for element in ET.fromstring(figure.svg).iter():
            for key, prefix in (("fill", "f"), ("stroke", "s")):
                color = element.get(key, "none")
                if color not in {"none", "transparent"}:
                    assert f"{prefix}-{roles[color.upper()]}" in element.get("class", ""), (
                        figure.name,
                        color,
                    )


def test_hostile_labels_stay_text(hostile: Audit) -> None:
    for figure in drawn(hostile):
        root = ET.fromstring(figure.svg)
        assert all(element.tag != "script" for element in root.iter())
        assert "\x1b" not in figure.svg
    assert any("&lt;/script&gt;" in figure.svg for figure in drawn(hostile))


@pytest.mark.parametrize("spec", SPECS, ids=lambda path: path.stem)
def test_specifications_use_no_link_no_font_and_no_network(spec: object) -> None:
    text = spec.read_text()  # type: ignore[attr-defined]
    found = json.loads(text)
    assert "$comment" in found
    assert not re.search(r'"(href|url|font|labelFont|titleFont)"', text)
    known = {color.upper() for color in palette().values()}
    assert {color.upper() for color in re.findall(r"#[0-9A-Fa-f]{6}", text)} <= known


def test_clips_and_ids_are_numbered_per_chart() -> None:
    raw = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="x" width="10" height="20">'
        '<g clip-path="url(#clip37)"><path aria-label="k" d="M1.23456,2" fill="#1F5F8B"/></g>'
        '<defs><clipPath id="clip37"><rect/></clipPath></defs></svg>'
    )
    done = rework(raw, name="c", label=("T", "S"), marks={"k": Mark(title="<b>", href="#x", filter="rule=a&b=c")})
    assert 'clip-path="url(#c-0)"' in done
    assert '<clipPath id="c-0">' in done
    assert 'd="M1.2,2"' in done
    assert '<a href="#x" tabindex="-1" data-filter="rule=a&amp;b=c"><path' in done
    assert "<title>&lt;b&gt;</title>" in done
    assert 'class="f-accent"' in done


def test_no_rows_no_chart(audit: Audit) -> None:
    import msgspec

    nothing = [msgspec.structs.replace(item, schedule=(), drivers=(), tornado_months=()) for item in audit.estimates]
    reading = Reading(msgspec.structs.replace(audit, estimates=tuple(nothing)), RenderOptions())
    for figure in (
        plan.schedule(reading, "rocm"),
        figures.drivers(reading, "rocm"),
        figures.tornado(reading, "rocm", "months"),
    ):
        assert figure.svg == ""
        assert figure.sentence


def test_many_units_are_drawn_as_groups() -> None:
    reading = Reading(build_audit(copies=30), RenderOptions())
    figure = order.order(reading, "rocm")
    nodes = re.findall(r'data-node="', figure.svg)
    assert 0 < len(nodes) <= order.MOST_NODES
    assert "groups by folder" in figure.sentence


def test_columns_untangle_and_contraction_follows_paths() -> None:
    columns = ordered_columns([["a", "b"], ["c", "d"]], [("d", "a"), ("c", "b")])
    assert columns in {(("a", "b"), ("d", "c")), (("b", "a"), ("c", "d"))}
    edges = {"app": ["glue"], "glue": ["kernel", "app"], "kernel": []}
    assert contracted(edges, frozenset({"app", "kernel"})) == [("app", "kernel")]


def test_equal_labels_are_told_apart() -> None:
    assert distinct(["a", "b", "a"]) == ["a", "b", "a (2)"]
