"""Scenarios and estimates: effort, time and money as distributions, with what they rest on."""

from __future__ import annotations

from migrate.model.base import Struct
from migrate.model.kinds import Change, Evidence, Stage


class Percentiles(Struct, frozen=True):
    """A distribution at four points; P80 = 80 % of the draws are at or below."""

    p10: float
    p50: float
    p80: float
    p90: float


class Baseline(Struct, frozen=True):
    """What the same work would take without leaving NVIDIA."""

    months: float
    staff: float
    source: str
    """`user`, `tree` (the scanned tree's own settings), `default`, or `none` when no CUDA was found."""


class Rate(Struct, frozen=True):
    """What a person costs."""

    amount: float
    currency: str
    per: str = "day"


class Scenario(Struct, frozen=True):
    """The inputs of an estimate that the code cannot tell."""

    name: str = "default"
    source: str = "user"
    """Who set it: `user`, `tree` (the scanned tree's own configuration) or `default`."""
    stage: Stage = Stage.PARITY
    team: int = 4
    rate: Rate | None = None
    baseline_months: float | None = None
    baseline_staff: float | None = None
    compute_share: float | None = None
    """Share of compute in the baseline's cost, 0 to 1."""
    price_ratio: float = 1.0
    """Price of a target card-hour over the price of a source card-hour."""
    overlap: float = 0.0
    """Share of the migration that overlaps with work the baseline would do anyway, 0 to 1."""
    hardware_wait_months: float = 0.0
    experience: str = "some"
    """The team's experience with the target: `none`, `some`, `expert`."""
    start: str = ""
    """First day, `2027-01-04`; empty keeps the schedule in months."""
    draws: int = 10_000
    seed: int = 20261122
    workload: str = ""
    """What the code does on the cards: `training`, `inference`, `both`; empty is unknown."""
    role_rates: dict[str, float] = {}
    """Role -> amount, in the currency and per the time of `rate`, which holds for the other roles."""
    overhead: float = 0.0
    """Share added to the price of labour: management, offices, travel."""
    cards: int | None = None
    """Cards of the baseline's cluster."""
    card_prices: dict[str, float] = {}
    """Price of a card-hour of `source` and of targets by id; both given, they replace `price_ratio`."""
    rework_probability: float | None = None
    abandonment_probability: float | None = None


class RoleCost(Struct, frozen=True):
    """What one role works, and what it costs."""

    role: str
    title: str
    effort_days: Percentiles
    cost: Percentiles | None = None


class Part(Struct, frozen=True):
    """A step in the computation of a contribution."""

    title: str
    kind: str
    """`kernel`, `edits`, `first` (what is learned and proved once), `fixed`, or `rest` (all that is not named)."""
    days: float
    """Its median, in person-days; medians do not add."""
    text: str
    """How the number comes about, for a reader with a pocket calculator."""


class Contribution(Struct, frozen=True):
    """How much of a total one part carries."""

    item: str
    """Unit id, effort key, or the id of a fixed cost."""
    title: str
    kind: str
    """`unit`, `fixed`, `shared-fix`."""
    effort_days: Percentiles
    share: float
    """Of the effort at P80: conditional mean over the draws near it; shares sum to 1."""
    criticality: float = 0.0
    """Share of draws in which it lies on the critical path."""
    source: str = ""
    parts: tuple[Part, ...] = ()
    """What it is computed from, largest first; only the drivers have them."""


class Task(Struct, frozen=True):
    """A bar of the schedule, in months from the start."""

    id: str
    title: str
    phase: str
    start: Percentiles
    finish: Percentiles
    people: int
    criticality: float


class Parameter(Struct, frozen=True):
    """A number that went into the estimate, and where it comes from."""

    id: str
    title: str
    value: str
    unit: str
    source: str
    """Evidence ids, `measured`, `user`, `tree`, or the word judgement."""


class CostLine(Struct, frozen=True):
    """A kind of work, in person-days."""

    id: str
    title: str
    effort_days: Percentiles


class Sensitivity(Struct, frozen=True):
    """A tornado bar: the P50 result with one input at its P10 and at its P90."""

    parameter: str
    title: str
    low: float
    high: float


class Views(Struct, frozen=True):
    """The same effort seen twice, in person-days."""

    bottom_up: Percentiles
    """Counted up from findings; another finding never lowers it, while it may lower the combined effort."""
    top_down: Percentiles | None = None
    """From what ports of this size took; None where no evidence gives a slope."""
    basis: str = ""
    """What the size is counted in: `kloc` of native code, or `operators`."""
    size: float = 0.0
    weight: float = 1.0
    """Of the bottom-up view, in log space, where both views see the same work."""
    ratio: float = 1.0
    """Bottom-up over top-down, at P50."""
    diverges: bool = False
    """They differ by more than a factor of two."""
    reason: str = ""
    """Why they do."""


class ReferenceLine(Struct, frozen=True):
    """A figure that people quote, located in the estimate's own distribution; never an input."""

    id: str
    title: str
    source: str
    """Id of the cited figure."""
    grade: Evidence
    months: tuple[float, ...] = ()
    """One value, or the ends of a range."""
    percent: tuple[float, ...] = ()
    percentile_months: tuple[float, ...] = ()
    """For each value the share of draws at or below it, in percent."""
    percentile_percent: tuple[float, ...] = ()
    both: float | None = None
    """Share of draws that are at or below the first value of months and of percent, in percent."""


class Mechanical(Struct, frozen=True):
    """How much of the change a machine can make."""

    edits: int
    proved: int
    effort_share: float
    """Hours of findings with a proved edit over hours of all priced findings, before fixed cost."""


class StageEffort(Struct, frozen=True):
    """What the same port takes to one stage."""

    stage: str
    """`spike`, `functional`, `parity`, or `product` (parity and the first year of upkeep)."""
    title: str
    effort_days: Percentiles


class HorizonCost(Struct, frozen=True):
    """Added cost over a longer horizon than the baseline's, with upkeep."""

    months: float
    percent: Percentiles


class StyleEffort(Struct, frozen=True):
    """What the same port takes when it is written in one style."""

    id: str
    """`shim-header`, `guards`, `back-end` or `plug-in`."""
    title: str
    assumed: bool
    """The one that all other numbers of the estimate are about."""
    effort_days: Percentiles
    upkeep_days_per_year: Percentiles
    source: str


class Risk(Struct, frozen=True):
    """Something that may go wrong, with what triggers it here and what it is worth."""

    id: str
    title: str
    text: str
    source: str
    """Id of a cited figure or of evidence, `measured`, or the word judgement."""
    triggered: bool
    trigger: str
    findings: int = 0
    places: tuple[str, ...] = ()
    """The first few, `path:line`."""
    days: Percentiles | None = None
    """Its price in person-days; None: not priced."""
    in_estimate: bool = False
    """The price is part of the effort; otherwise it would come on top."""


class Grade(Struct, frozen=True):
    """How far the estimate can be trusted."""

    letter: Evidence
    reasons: tuple[str, ...]


class ChangeTotal(Struct, frozen=True):
    """What one change class amounts to over the priced findings."""

    change: Change | None
    findings: int
    effort_days: Percentiles
    where: str
    """The place that carries most of it."""


class Estimate(Struct, frozen=True):
    """What moving to one target takes, under one scenario."""

    target: str
    chip: str
    scenario: str
    stage: Stage
    baseline: Baseline
    effort_days: Percentiles
    months: Percentiles
    """Months that the move adds."""
    inflation_percent: Percentiles
    """Added cost over the baseline's, in percent."""
    cost: Percentiles | None
    """Labour in the scenario's currency; None without a rate."""
    currency: str
    grade: Grade
    basis_share: dict[str, float]
    """Basis -> share of the priced effort that rests on it; kernels count with their rule's basis."""
    unknown_share: float
    """Share of the priced findings whose answer is unknown."""
    changes: tuple[ChangeTotal, ...]
    lines: tuple[CostLine, ...]
    drivers: tuple[Contribution, ...]
    """The ten largest contributions."""
    contributions: tuple[Contribution, ...]
    schedule: tuple[Task, ...]
    critical_path: tuple[str, ...]
    curve_months: tuple[float, ...]
    """Months at 0, 1, ... 100 % confidence."""
    curve_days: tuple[float, ...]
    curve_percent: tuple[float, ...]
    unit_days: dict[str, Percentiles]
    finding_days: dict[str, float]
    """Fingerprint -> its share of its unit's person-days at P50; only findings that are work. One that is part of a
    kernel's price has 0."""
    views: Views
    parameters: tuple[Parameter, ...]
    mechanical: Mechanical | None
    """None when no edits were tried: the report then says "not proved"."""
    seed: int
    draws: int
    tornado_months: tuple[Sensitivity, ...] = ()
    tornado_percent: tuple[Sensitivity, ...] = ()
    references: tuple[ReferenceLine, ...] = ()
    """Empty when there is nothing to do."""
    roles: tuple[RoleCost, ...] = ()
    compute_cost: Percentiles | None = None
    """Added computing in the scenario's currency, over the baseline's duration; None without cards and their price."""
    break_even_price_ratio: Percentiles | None = None
    """Price of a target card-hour over a source card-hour at which the move costs nothing; 0 when none does."""
    stages: tuple[StageEffort, ...] = ()
    """The same port to every stage, whichever is the goal."""
    upkeep_days_per_year: Percentiles | None = None
    """Person-days a year to keep the port beside the NVIDIA version; in no other number but the total costs."""
    total_costs: tuple[HorizonCost, ...] = ()
    styles: tuple[StyleEffort, ...] = ()
    """The assumed one first; empty when there is nothing to do."""
    risks: tuple[Risk, ...] = ()
    """Those that are triggered first, the dearest first; empty when there is nothing to do."""
    abandonment_probability: float = 0.0
    """Chance that the move is given up; never part of the distributions."""
