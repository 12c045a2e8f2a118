"""What could not be seen, in words: by kind, with its share and where."""

from __future__ import annotations

from migrate.model import BlindPlace, BlindSpot, BlindSpotKind
from migrate.render import numbers
from migrate.render.charts import Cell, Table
from migrate.render.reading import Reading
from migrate.render.text import shorten


def blind_sentence(reading: Reading) -> str:
    """Say how much of the lines and of the findings could not be seen; binaries count as unknown answers already."""
    texts, spots = reading.texts, reading.audit.blind_spots
    if not spots:
        return texts("blind.none")
    lines = sum(spot.share for spot in spots if spot.of == "lines")
    findings = sum(spot.share for spot in spots if spot.of == "findings" and spot.kind != BlindSpotKind.BINARY)
    read = texts("blind.lines", share=numbers.percent(100 * min(1.0, lines))) if lines else texts("blind.no-lines")
    if not findings:
        return read
    return f"{read} {texts('blind.findings', share=numbers.percent(100 * min(1.0, findings)))}"


def blind_table(reading: Reading) -> Table:
    """List what could not be seen, largest share first, with what it means and where it is."""
    texts = reading.texts
    rows = tuple(
        (
            Cell(text=blind_name(reading, spot)),
            Cell(text=numbers.count(spot.count), number=True),
            Cell(text=numbers.count(spot.files), number=True),
            Cell(text=numbers.count(spot.lines) if spot.lines else "", number=True),
            Cell(text=blind_share(reading, spot), number=True),
            Cell(text=texts(f"blind.{spot.kind}.text")),
            Cell(text=examples([_where(spot, place) for place in spot.places], texts("list.comma"))),
        )
        for spot in reading.audit.blind_spots
    )
    keys = ("what", "places", "files", "lines", "share", "meaning", "examples")
    return Table(head=tuple(texts(f"table.{key}") for key in keys), rows=rows)


def blind_name(reading: Reading, spot: BlindSpot) -> str:
    """Name a kind of blind spot and which of its kind it is."""
    texts = reading.texts
    name = texts(f"blind.{spot.kind}")
    if not spot.what:
        return name
    reason = spot.kind in {BlindSpotKind.UNREAD_FILE, BlindSpotKind.UNPARSED_FILE}
    return texts("blind.of", name=name, what=texts(f"skip.{spot.what}") if reason else shorten(spot.what, 60))


def blind_share(reading: Reading, spot: BlindSpot) -> str:
    """Write a share with what it is of, nothing when the size is not known."""
    return reading.texts(f"blind.share.{spot.of}", share=numbers.percent(100 * spot.share)) if spot.of else ""


def _where(spot: BlindSpot, place: BlindPlace) -> str:
    """Write a place, or where it would be had from."""
    if spot.kind == BlindSpotKind.MISSING_SUBMODULE:
        return place.text
    return f"{place.path}:{place.line}" if place.line else place.path


def examples(paths: list[str], comma: str) -> str:
    """Name the first of many paths."""
    named = [shorten(path, 60) for path in paths[:3]]
    return comma.join([*named, "…"] if len(paths) > 3 else named)
