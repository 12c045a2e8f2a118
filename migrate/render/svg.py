"""Rework a drawn chart as XML: same bytes everywhere, colours by class, links around marks."""

from __future__ import annotations

import functools
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from migrate.model import Struct
from migrate.resources import reports_root

_DROPPED = (
    "aria-hidden",
    "aria-label",
    "aria-roledescription",
    "role",
    "class",
    "pointer-events",
    "font-family",
)
_DEFAULTS = {"opacity": "1", "text-anchor": "start", "transform": "translate(0,0)", "stroke-dasharray": ""}
_NAMESPACES = re.compile(r' xmlns(:\w+)?="[^"]*"')
_FRACTION = re.compile(r"(\d+\.\d)\d+")
_GEOMETRY = ("d", "transform", "x", "y", "x1", "x2", "y1", "y2", "width", "height", "viewBox")
_REFERENCE = re.compile(r"url\(#([^)]+)\)")


class Mark(Struct, frozen=True):
    """Where a mark of a chart leads and what it says; `filter` is a query over the findings."""

    title: str
    href: str = ""
    filter: str = ""
    data: dict[str, str] = msgspec.field(default_factory=dict)
    """Further attributes for the script, without the `data-` prefix."""


def rework(drawn: str, *, name: str, label: tuple[str, str], marks: Mapping[str, Mark]) -> str:
    """Return the chart as an inline SVG element.

    Args:
        drawn: SVG as the chart library wrote it.
        name: Prefix of all ids, unique in the page.
        label: Title and summary sentence.
        marks: Key, as drawn into a mark's description -> what the mark is.
    """
    # The library's own output: foreign text in it is escaped, and it declares no entities.
    root = ET.fromstring(_NAMESPACES.sub("", drawn))  # noqa: S314
    _prune(root)
    _rename_ids(root, name)
    _dress(root, marks)
    width, height = root.get("width", ""), root.get("height", "")
    root.attrib.clear()
    root.attrib.update({"viewBox": f"0 0 {width} {height}", "width": width, "height": height})
    root.set("role", "group" if any(mark.href for mark in marks.values()) else "img")
    root.set("aria-labelledby", f"{name}-t {name}-d")
    for position, (tag, text) in enumerate(zip(("title", "desc"), label, strict=True)):
        element = ET.Element(tag, {"id": f"{name}-{tag[0]}"})
        element.text = text
        root.insert(position, element)
    return ET.tostring(root, encoding="unicode")


def _prune(root: ET.Element) -> None:
    """Drop what paints nothing: invisible paths and, from the inside out, empty groups."""
    for child in list(root):
        _prune(child)
        hidden = child.get("display") == "none" or (child.tag == "path" and child.get("d", "") in {"", "M0,0h0v0h0Z"})
        unpainted = child.get("class") == "background" and "fill" not in child.attrib and "stroke" not in child.attrib
        wordless = child.tag == "text" and not child.text
        if hidden or unpainted or wordless or (child.tag in {"g", "defs"} and len(child) == 0):
            root.remove(child)


def _rename_ids(root: ET.Element, name: str) -> None:
    """Number ids anew in document order under the chart's name; the library counts them up per process."""
    names: dict[str, str] = {}
    for element in root.iter():
        if "id" in element.attrib:
            names[element.attrib["id"]] = element.attrib["id"] = f"{name}-{len(names)}"
    for element in root.iter():
        for key, value in element.attrib.items():
            element.attrib[key] = _REFERENCE.sub(lambda found: f"url(#{names[found[1]]})", value)


def _dress(parent: ET.Element, marks: Mapping[str, Mark]) -> None:
    """Strip what the page sets itself, turn colours into classes, and link the marks."""
    for position, child in enumerate(list(parent)):
        mark = marks.get(child.get("aria-label", ""))
        for key in _DROPPED:
            child.attrib.pop(key, None)
        for key, value in _DEFAULTS.items():
            if child.get(key) == value:
                del child.attrib[key]
        for key in _GEOMETRY:
            if key in child.attrib:
                child.set(key, _FRACTION.sub(r"\1", child.attrib[key]))
        if "font-size" in child.attrib:
            child.set("font-size", child.attrib["font-size"].removesuffix("px"))
        classes = _color_classes(child)
        if classes:
            child.set("class", classes)
        _dress(child, marks)
        if mark is not None:
            parent[position] = _linked(child, mark)


def _color_classes(element: ET.Element) -> str:
    """Return the classes for an element's colours: `f-` for fill, `s-` for stroke, and the role's name."""
    roles = palette_roles()
    found = ((prefix, roles.get(element.get(key, "").upper())) for prefix, key in (("f", "fill"), ("s", "stroke")))
    return " ".join(f"{prefix}-{role}" for prefix, role in found if role)


def _linked(element: ET.Element, mark: Mark) -> ET.Element:
    """Give a mark its title and its link; the table twin has the same links for the keyboard."""
    if mark.title:
        title = ET.SubElement(element, "title")
        title.text = mark.title
    for key, value in mark.data.items():
        element.set(f"data-{key}", value)
    if not mark.href:
        return element
    link = ET.Element("a", {"href": mark.href, "tabindex": "-1"})
    if mark.filter:
        link.set("data-filter", mark.filter)
    link.append(element)
    return link


@functools.cache
def palette() -> Mapping[str, str]:
    """Return the chart colours by role."""
    return MappingProxyType(json.loads((reports_root() / "charts" / "palette.json").read_bytes()))


@functools.cache
def palette_roles() -> Mapping[str, str]:
    """Return the role of each chart colour."""
    return MappingProxyType({color: role for role, color in palette().items()})
