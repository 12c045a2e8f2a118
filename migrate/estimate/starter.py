"""A settings file to start from: every key of a scenario, commented out, with its meaning and what holds without it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from migrate.config import DEFAULT_TARGETS, ROLES, WORKLOADS
from migrate.estimate.defaults import Numbers, load_defaults
from migrate.model import Scenario, Stage

_HEAD = """\
# Settings of cuda-migrate. Lines that start with "#" and a key are examples: take the "#" away to use them.
# In pyproject.toml the same tables are called [tool.cuda-migrate], [tool.cuda-migrate.scenario.NAME] and so on.
"""

_SCENARIO = """\
# What the code cannot tell. Each scenario is estimated for each target, beside the default one; up to 10 of them.
# What is left out holds as shown. Who reads the report sees which numbers are yours.
"""


class _Key(NamedTuple):
    name: str
    example: str
    meaning: str


def starter() -> str:
    """Return the text of the file; as it is written it changes nothing."""
    numbers = load_defaults().numbers
    parts = [_HEAD, _lines(_settings()), "\n", _SCENARIO, "#[scenario.plan]\n", _lines(_scenario(numbers))]
    parts += ["\n# A second scenario to compare with; it shares nothing with the first.\n", "#[scenario.small-team]\n"]
    return "".join([*parts, "#team = 2\n"])


def _lines(keys: Iterator[_Key]) -> str:
    return "".join(f"# {key.meaning}\n#{key.name} = {key.example}\n" for key in keys)


def _settings() -> Iterator[_Key]:
    targets = ", ".join(f'"{target}"' for target in DEFAULT_TARGETS)
    yield _Key("targets", f"[{targets}]", "Targets to answer for.")
    yield _Key("chips", '{cann = "atlas-a3"}', "Chip of a target; its default chip otherwise.")
    yield _Key("exclude", '["third_party/**"]', "Paths not to look at, on top of .gitignore.")


def _scenario(numbers: Numbers) -> Iterator[_Key]:
    plain = Scenario()
    stages, workloads = ", ".join(stage.value for stage in Stage), ", ".join(WORKLOADS)
    shares = ", ".join(f"{share:g} for {name}" for name, share in numbers.compute_share_by_workload.items())
    yield _Key("stage", f'"{plain.stage.value}"', f"How far the port goes: {stages}.")
    yield _Key("team", str(plain.team), "People who port.")
    yield _Key("experience", f'"{plain.experience}"', f"Theirs with the target: {', '.join(numbers.experience)}.")
    yield _Key("start", "2027-01-04", "First day; without it the schedule counts months.")
    yield _Key(
        "hardware-wait-months", f"{plain.hardware_wait_months:g}", "Time until the target's hardware can be used."
    )
    yield _Key("overlap", f"{plain.overlap:g}", "Share of the port that runs beside work that would be done anyway.")
    yield _Key(
        "baseline-months",
        f"{numbers.baseline_months:g}",
        "The same project without a move: how long it takes, and with how many people (the team, if left out).",
    )
    yield _Key("baseline-staff", str(plain.team), "People of the baseline.")
    yield _Key(
        "rate",
        '{amount = 900, currency = "EUR", per = "day"}',
        "Price of a person, per hour, day or month. Without it the report gives no labour in money.",
    )
    yield _Key("role-rates", "{kernel = 1200}", f"Amounts for single roles: {', '.join(ROLES)}.")
    yield _Key("overhead", f"{plain.overhead:g}", "Share added to the price of labour: management, offices, travel.")
    yield _Key("workload", '"training"', f"What the cards are used for: {workloads}.")
    yield _Key(
        "compute-share",
        "0.5",
        "Compute in the baseline's cost. Left out: from cards, card-prices.source and rate; "
        f"else {shares}; else {numbers.compute_share:g}.",
    )
    yield _Key("cards", "64", "Cards of the cluster that the code runs on today.")
    yield _Key(
        "card-prices",
        "{source = 2.0, rocm = 1.6, cann = 1.2}",
        "Price of a card-hour; both given, they set price-ratio.",
    )
    yield _Key("price-ratio", f"{plain.price_ratio:g}", "Price of a target card-hour over one of the cards used today.")
    yield _Key("rework-probability", f"{numbers.rework_probability:g}", "Risk that a large part must be done again.")
    yield _Key("abandonment-probability", "0.05", "Risk that the move is given up; shown apart, never averaged in.")
    yield _Key("draws", str(plain.draws), "Draws of the simulation, and the seed that makes them repeatable.")
    yield _Key("seed", str(plain.seed), "Any whole number.")
