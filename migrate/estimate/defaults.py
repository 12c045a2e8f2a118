"""The numbers of the method, read from `rules/model/defaults.yaml` and checked."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec

from migrate.config import Calibrated
from migrate.errors import RuleError
from migrate.model import Change, Scenario, Struct, Target
from migrate.resources import read_yaml, rules_root

Triple = tuple[float, float, float]

FIRST_PHASES = ("training", "toolchain")
"""Phases of the fixed effort that come before the units."""

LAST_PHASES = ("integration", "accuracy", "performance", "release")
"""Phases that come after them; not every stage has all."""

UNKNOWN = "unknown"
"""How tables by change class name the answer that nobody has."""


class Entry(Struct, frozen=True):
    """A number with its meaning and where it comes from."""

    title: str
    value: Any
    unit: str
    source: str


class Numbers(Struct, frozen=True):
    """The values alone; `defaults.yaml` says what each means, in which unit, and why."""

    hours_per_day: float
    days_per_month: float
    person_days_per_author_day: Triple
    experience: dict[str, float]
    functional_share: Triple
    spike_share: Triple
    upkeep_share: Triple
    learning_floor: float
    kernel_lines: float
    kernel_size_exponent: float
    kernel_weights: dict[str, float]
    kernel_counted: dict[str, int]
    kernel_ptx: dict[str, float]
    kernel_portable: tuple[str, ...]
    kernel_warp: int
    kernel_spread: Triple
    fixed_native: tuple[float, float]
    fixed_framework: tuple[float, float]
    fixed_distributed: tuple[float, float]
    fixed_full_kloc: float
    fixed_exponent: float
    fixed_native_floor: float
    fixed_split_parity: dict[str, float]
    fixed_split_functional: dict[str, float]
    loading_fixed: float
    loading_kernel: float
    loading_chain: float
    loading_edit: float
    rework_probability: float
    rework_factor: Triple
    calibration_prior: float
    contribution_band: float
    communication_loss: float
    phase_people: int
    ramp_up: Triple
    ramp_up_share: float
    baseline_months: float
    compute_share: float
    compute_share_by_workload: dict[str, float]
    card_hours_per_month: float
    abandonment: dict[str, float]
    idle_share: float
    revalidation: Triple
    dual_running: float
    efficiency_start: Triple
    efficiency_end: dict[str, Triple]
    efficiency_end_inference: Triple
    efficiency_months: Triple
    top_down_slope: float
    top_down_spread: Triple
    top_down_operator: dict[str, float]
    top_down_operator_spread: Triple
    grade_a: Triple
    grade_b: Triple
    grade_c: Triple
    grade_unsure: Triple


class Defaults(Struct, frozen=True):
    """The numbers to compute with, and the entries to show."""

    numbers: Numbers
    entries: dict[str, Entry]


class Terms(NamedTuple):
    """What an estimate is made for, and with which numbers."""

    target: Target
    chip: str
    scenario: Scenario
    numbers: Numbers
    calibration: Mapping[str, Calibrated] = MappingProxyType({})
    """Kind of work -> the team's own factor on it."""

    def own_factor(self, kind: str) -> float:
        """Return the team's factor on `kernels`, `edits` or `fixed`; 1 without any."""
        return self.calibration[kind].factor if kind in self.calibration else 1.0


@functools.cache
def load_defaults(path: Path | None = None) -> Defaults:
    """Read and check the numbers of the method.

    Args:
        path: Another file than the shipped one.

    Raises:
        RuleError: A key is unknown or missing, a value has the wrong shape, or shares do not sum to 1.
    """
    path = path or rules_root() / "model" / "defaults.yaml"
    try:
        entries = msgspec.convert(read_yaml(path), dict[str, Entry])
        numbers = msgspec.convert({id_: entry.value for id_, entry in entries.items()}, Numbers)
    except msgspec.ValidationError as error:
        raise RuleError(str(error), file=str(path), slug="model-defaults") from None
    for id_, problem in _problems(numbers):
        raise RuleError(f"{id_}: {problem}", file=str(path), slug="model-defaults")
    return Defaults(numbers=numbers, entries=entries)


def _problems(numbers: Numbers) -> list[tuple[str, str]]:
    splits = {
        "fixed_split_parity": numbers.fixed_split_parity,
        "fixed_split_functional": numbers.fixed_split_functional,
    }
    problems = [
        (id_, "the shares must sum to 1") for id_, split in splits.items() if not math.isclose(sum(split.values()), 1)
    ]
    for id_, split in splits.items():
        if not set(FIRST_PHASES) <= split.keys() <= {*FIRST_PHASES, *LAST_PHASES}:
            problems.append((id_, f"the phases are {', '.join((*FIRST_PHASES, *LAST_PHASES))}"))
    ranges = {id_: value for id_, value in msgspec.structs.asdict(numbers).items() if _is_range(id_, value)}
    ranges |= {f"efficiency_end.{target}": value for target, value in numbers.efficiency_end.items()}
    problems += [
        (id_, "the numbers must rise") for id_, value in ranges.items() if not 0 < value[0] <= value[1] <= value[-1]
    ]
    answers = {change.value for change in Change} | {UNKNOWN}
    if numbers.kernel_ptx.keys() != answers:
        problems.append(("kernel_ptx", f"needs a value for each of {', '.join(sorted(answers))}"))
    if "other" not in numbers.efficiency_end:
        problems.append(("efficiency_end", "needs an entry for other targets"))
    return problems


def _is_range(id_: str, value: object) -> bool:
    """Tell ranges from the thresholds of a grade and from lists of names."""
    return isinstance(value, tuple) and all(isinstance(part, float) for part in value) and not id_.startswith("grade")
