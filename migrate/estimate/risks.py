"""The risk register: what people quote and what the scan shows, with what triggers it here and what it is worth."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from migrate.errors import RuleError
from migrate.estimate.defaults import Terms
from migrate.estimate.draws import Draws, Vector, percentiles, triangular
from migrate.estimate.effort import Effort
from migrate.estimate.evidence import rows
from migrate.estimate.pricing import Case, KernelPrice, Selection
from migrate.model import Area, BlindSpot, Change, Finding, Risk, Struct
from migrate.resources import read_yaml, rules_root

LARGE_CLUSTER = 1000
"""Cards at which clusters of other vendors mostly end (C05)."""

REFERENCE_CARD = "H100 SXM"
"""What energy is compared with (C16)."""

_FP8 = ("fp8", "float8", "e4m3", "e5m2")
_LAYERS = ("zluda", "scale-lang")
_MOST_PLACES = 3


class Scene(NamedTuple):
    """What risks are judged by."""

    selection: Selection
    effort: Effort
    months: Vector
    upkeep: Vector
    draws: Draws
    terms: Terms
    staff: float
    """Of the baseline."""
    abandonment: float
    blind: tuple[BlindSpot, ...] = ()


class Hit(NamedTuple):
    """A risk that is triggered."""

    trigger: str
    days: Vector | None = None
    """Its price in person-days; None when none can be computed."""
    within: bool = False
    """The price is part of the estimate."""
    cases: tuple[Case, ...] = ()


class _Entry(Struct, frozen=True):
    """A risk of `rules/model/risks.yaml`."""

    title: str
    source: str
    text: str


@functools.cache
def load_risks(path: Path | None = None) -> dict[str, _Entry]:
    """Read the register.

    Raises:
        RuleError: An entry has a wrong shape, or its trigger is not known, or one is missing.
    """
    path = path or rules_root() / "model" / "risks.yaml"
    try:
        entries = msgspec.convert(read_yaml(path), dict[str, _Entry])
    except msgspec.ValidationError as error:
        raise RuleError(str(error), file=str(path), slug="model-risks") from None
    if odd := sorted(entries.keys() ^ _TRIGGERS.keys()):
        raise RuleError(f"{odd[0]}: no such risk, or not in the file", file=str(path), slug="model-risks")
    return entries


def register(scene: Scene) -> tuple[Risk, ...]:
    """Return all risks, those that are triggered first, the dearest of them first."""
    found = []
    for id_, entry in load_risks().items():
        hit = _TRIGGERS[id_](scene)
        found.append(
            Risk(
                id=id_,
                title=entry.title,
                text=entry.text,
                source=entry.source,
                triggered=hit is not None,
                trigger=hit.trigger if hit else "nothing here",
                findings=len(hit.cases) if hit else 0,
                places=_places(hit.cases) if hit else (),
                days=percentiles(hit.days) if hit and hit.days is not None else None,
                in_estimate=bool(hit and hit.within),
            )
        )
    return tuple(sorted(found, key=lambda risk: (not risk.triggered, -(risk.days.p80 if risk.days else 0.0), risk.id)))


def _places(cases: Iterable[Case]) -> tuple[str, ...]:
    named = sorted({f"{case.finding.path}:{case.finding.span.line}" for case in cases})
    return tuple(named[:_MOST_PLACES])


# ------------------------------------------------------------------------------------------------------- helpers


def _carried(scene: Scene, cases: Iterable[Case]) -> Vector:
    """Return what some findings carry of the effort, by draw."""
    wanted = {case.finding.fingerprint for case in cases}
    total = np.zeros_like(scene.effort.total)
    for item, days in zip(scene.effort.items, scene.effort.days, strict=True):
        share = math.fsum(load.once + load.repeat for load in item.loads if load.fingerprint in wanted)
        if share:
            total += share * days
    return total


def _with_kernels(scene: Scene, belongs: Callable[[Finding], bool]) -> tuple[Case, ...]:
    """Return the findings of a kind with work, and the kernels that hold one."""
    held = scene.selection.bodies
    return tuple(
        case
        for case in scene.selection.priced
        if belongs(case.finding) or any(map(belongs, held.get(case.finding.fingerprint, ())))
    )


def _count(cases: tuple[Case, ...], what: str) -> str:
    return f"1 {what}" if len(cases) == 1 else f"{len(cases)} {what}s"


def _answered(scene: Scene, change: Change | None, what: str) -> Hit | None:
    cases = tuple(case for case in scene.selection.priced if case.answer.change == change)
    return Hit(_count(cases, what), _carried(scene, cases), within=True, cases=cases) if cases else None


# ------------------------------------------------------------------------------------------------------ triggers


def _fp8(scene: Scene) -> Hit | None:
    terms = scene.terms
    if any(chip.id == terms.chip and chip.fp8 for chip in terms.target.chips):
        return None
    cases = _with_kernels(scene, _is_fp8)
    if not cases:
        return None
    return Hit(f"{_count(cases, 'finding')} with FP8, and {terms.chip} has none", _carried(scene, cases), True, cases)


def _is_fp8(finding: Finding) -> bool:
    named = f"{finding.symbol} {finding.rule}".lower()
    return finding.area == Area.PRECISION and any(word in named for word in _FP8)


def _generations(scene: Scene) -> Hit | None:
    """Return the kernels once more: the price falls due when the next generation comes, not now."""
    if scene.terms.target.recompiles_cuda or not scene.selection.kernels:
        return None
    whole = np.zeros_like(scene.effort.total)
    for item, days in zip(scene.effort.items, scene.effort.days, strict=True):
        if isinstance(item.price, KernelPrice):
            whole += days
    cases = scene.selection.kernels
    return Hit(f"{_count(cases, 'kernel')} written for {scene.terms.chip}", whole, cases=cases)


def _ptx(scene: Scene) -> Hit | None:
    cases = _with_kernels(scene, lambda finding: finding.area == Area.PTX)
    if not cases:
        return None
    return Hit(f"{_count(cases, 'finding')} with PTX in or around them", _carried(scene, cases), True, cases)


def _scale(scene: Scene) -> Hit | None:
    cards = scene.terms.scenario.cards
    return Hit(f"a cluster of {cards} cards") if cards is not None and cards > LARGE_CLUSTER else None


def _energy(scene: Scene) -> Hit | None:
    """Compare data sheets; what a kilowatt-hour costs is not known here, so it has no price."""
    watts = _watts_per_tflops()
    known, own = watts.get(REFERENCE_CARD), watts.get(scene.terms.chip)
    if known is None or own is None or own <= known:
        return None
    return Hit(f"{own / known:.1f} times the energy of an H100 for the same FP16 computing")


@functools.cache
def _watts_per_tflops() -> dict[str, float]:
    """Return watts per TFLOPS by chip id and by card, of a chip's best card."""
    best: dict[str, float] = {}
    for row in rows(rules_root() / "model" / "hardware.csv"):
        if row["watts"] and row["fp16_tflops"]:
            need = float(row["watts"]) / float(row["fp16_tflops"])
            name = row["chip"] or row["name"]
            best[name] = min(need, best.get(name, need))
    return best


def _translation(scene: Scene) -> Hit | None:
    cases = tuple(
        case
        for case in scene.selection.priced
        if any(layer in f"{case.finding.symbol} {case.finding.rule}".lower() for layer in _LAYERS)
    )
    return Hit(f"{_count(cases, 'finding')} of a translation layer", cases=cases) if cases else None


def _opportunity(scene: Scene) -> Hit | None:
    numbers = scene.terms.numbers
    days = numbers.idle_share * scene.staff * numbers.days_per_month * scene.months
    return Hit(f"{numbers.idle_share:.0%} of {scene.staff:g} people wait while the move lasts", days, within=False)


def _upstream(scene: Scene) -> Hit | None:
    if not scene.upkeep.any():
        return None
    return Hit("the port is kept beside the NVIDIA version", scene.upkeep)


def _second_target(scene: Scene) -> Hit | None:
    name = scene.terms.target.name
    return Hit(f"{name} is one vendor's stack; a further one has its own estimate in the report")


def _abandonment(scene: Scene) -> Hit | None:
    if not scene.abandonment:
        return None
    return Hit(f"a chance of {scene.abandonment:.0%}; all the effort is lost then", scene.effort.total)


def _rework(scene: Scene) -> Hit | None:
    numbers, scenario = scene.terms.numbers, scene.terms.scenario
    chance = numbers.rework_probability if scenario.rework_probability is None else scenario.rework_probability
    if not chance:
        return None
    happens = scene.draws.uniform("rework") < chance
    factor = np.where(happens, triangular(scene.draws.uniform("rework-factor"), numbers.rework_factor), 1.0)
    return Hit(f"a chance of {chance:.0%}", scene.effort.total * (1 - 1 / factor), within=True)


def _unseen(scene: Scene) -> Hit | None:
    places = sum(spot.count for spot in scene.blind)
    return Hit(f"{places} {'place' if places == 1 else 'places'} in owned code") if places else None


_TRIGGERS: dict[str, Callable[[Scene], Hit | None]] = {
    "fp8": _fp8,
    "generations": _generations,
    "ptx": _ptx,
    "scale": _scale,
    "energy": _energy,
    "translation": _translation,
    "opportunity": _opportunity,
    "upstream": _upstream,
    "second-target": _second_target,
    "abandonment": _abandonment,
    "rework": _rework,
    "unknown": lambda scene: _answered(scene, None, "finding"),
    "blocked": lambda scene: _answered(scene, Change.BLOCKED, "finding"),
    "unseen": _unseen,
}
"""Risk -> what tells whether it is there, and what it is worth."""
