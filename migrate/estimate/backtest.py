"""Re-run the shipped evidence: predict each project from the others, and compare with what it took.

The model here is the top-down view, `ln effort = ln(F + m * g * kLOC)` with a fixed effort F, a slope m and a factor g
for SYCL, because evidence has sizes and no findings. It and three naive estimators are fitted without the project
that is predicted; all get their spread in the same way, from their own residuals with a correction for the number of
rows and of fitted numbers, so none profits from a spread that was chosen by hand.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import NormalDist
from typing import NamedTuple

import msgspec
import numpy as np

from migrate.errors import RuleError
from migrate.estimate.draws import Order, Vector
from migrate.estimate.evidence import rows
from migrate.model import Struct
from migrate.resources import read_yaml, rules_root

MODEL = "fixed effort and slope"
NAIVE = ("constant rate per line", "class mean", "power law")
LEVEL = 0.8
"""Of the intervals whose coverage is tested."""
REJECTED = 0.05
CLOSE = 0.25
"""Relative error up to which a prediction counts for PRED(25)."""
RESAMPLES = 2000
SEED = 20261122

_SHARES = np.geomspace(0.5, 200.0, 241)
"""Fixed effort over slope, in kLOC, that the fit tries; steps of 2.5 %."""
_FACTORS = np.geomspace(0.5, 4.0, 85)
"""Factor of SYCL on the slope that the fit tries; steps of 2.5 %."""


class Port(NamedTuple):
    """A row of evidence."""

    id: str
    project: str
    title: str
    target: str
    kloc: float
    days: float
    """Author-days."""


class Prediction(Struct, frozen=True):
    """What an estimator says before it sees the row, and what the row took."""

    id: str
    project: str
    title: str
    actual: float
    low: float
    median: float
    high: float
    crps: float
    """Of the logarithm of author-days: 0.1 is about a tenth off."""

    @property
    def error(self) -> float:
        """Return the relative error of the median."""
        return abs(self.median - self.actual) / self.actual

    @property
    def inside(self) -> bool:
        """Tell whether the interval holds what it took."""
        return self.low <= self.actual <= self.high


class Interval(Struct, frozen=True):
    """A metric with its bootstrap interval of 95 %, over projects."""

    value: float
    low: float
    high: float


class Score(Struct, frozen=True):
    """How one estimator did."""

    estimator: str
    rows: int
    projects: int
    mdmre: Interval
    """Median magnitude of relative error."""
    pred25: Interval
    """Share of rows within 25 %."""
    accuracy: Interval
    """Standardised accuracy: 0 is as good as taking another row at random."""
    coverage: Interval
    coverage_p: float
    """Exact two-sided binomial test that intervals of 80 % hold 80 %."""
    crps: Interval
    predictions: tuple[Prediction, ...]


class Gate(Struct, frozen=True):
    """A condition on the scores."""

    title: str
    holds: bool
    text: str


class Backtest(Struct, frozen=True):
    """The whole result."""

    scores: tuple[Score, ...]
    """The model first, then the naive estimators."""
    held_out: tuple[Prediction, ...]
    """Rows never used for fitting, predicted by the model from all fitted rows."""
    layered: tuple[Prediction, ...]
    """Rows whose layer share was estimated by somebody who knew the result."""
    gates: tuple[Gate, ...]


class Checkout(Struct, frozen=True):
    """Where the code of a row stood before its port."""

    repository: str
    """On GitHub."""
    revision: str


class Plan(Struct, frozen=True):
    """The committed list of rows, `rules/model/backtest.yaml`."""

    fitted: dict[str, tuple[str, ...]]
    held_out: dict[str, tuple[str, ...]]
    layered: dict[str, float]
    checkouts: dict[str, Checkout]
    """What `backtest --sources` is to scan, by row."""


class Forecast(NamedTuple):
    """A lognormal distribution of author-days."""

    mean: float
    """Of the logarithm."""
    spread: float


Estimator = Callable[[Sequence[Port]], Callable[[Port], Forecast]]
"""Fit on some ports, then predict others."""


# -------------------------------------------------------------------------------------------------------- reading


def load_plan(path: Path | None = None) -> Plan:
    """Read the list of rows.

    Raises:
        RuleError: It has an unknown key or a row of two kinds.
    """
    path = path or rules_root() / "model" / "backtest.yaml"
    try:
        plan = msgspec.convert(read_yaml(path), Plan)
    except msgspec.ValidationError as error:
        raise RuleError(str(error), file=str(path), slug="model-backtest") from None
    listed = [*_ids(plan.fitted), *_ids(plan.held_out), *plan.layered]
    if twice := sorted({row for row in listed if listed.count(row) > 1}):
        raise RuleError(f"{twice[0]} is listed twice", file=str(path), slug="model-backtest")
    return plan


def _ids(projects: Mapping[str, Sequence[str]]) -> list[str]:
    return [id_ for ids in projects.values() for id_ in ids]


def ports(projects: Mapping[str, Sequence[str]], path: Path | None = None) -> tuple[Port, ...]:
    """Return the rows of some projects.

    Raises:
        RuleError: A row is not there or has no size or no effort.
    """
    path = path or rules_root() / "model" / "evidence.csv"
    table = {row["id"]: row for row in rows(path)}
    found = []
    for project, ids in projects.items():
        for id_ in ids:
            row = table.get(id_)
            if row is None or not row["src_kloc"] or not row["author_days"]:
                raise RuleError(f"{id_} has no size or no effort", file=str(path), slug="model-backtest")
            size, days = float(row["src_kloc"]), float(row["author_days"])
            found.append(Port(id_, project, row["project"], row["to"], size, days))
    return tuple(found)


# ----------------------------------------------------------------------------------------------------- estimators


def fixed_and_slope(known: Sequence[Port]) -> Callable[[Port], Forecast]:
    """Fit `ln(F + m * g * kLOC)` by least squares over a grid; without SYCL rows g stays 1."""
    days, kloc = np.log([port.days for port in known]), np.array([port.kloc for port in known])
    sycl = np.array([port.target == "SYCL" for port in known])
    factors = _FACTORS if sycl.any() and not sycl.all() else np.ones(1)
    size = kloc * np.where(sycl, factors[:, None], 1.0)
    shape = np.log(_SHARES[:, None, None] + size[None])
    slope = (days - shape).mean(axis=-1)
    squares = ((days - shape - slope[..., None]) ** 2).sum(axis=-1)
    best = np.unravel_index(int(squares.argmin()), squares.shape)
    share, factor = float(_SHARES[best[0]]), float(factors[best[1]])
    height, spread = float(slope[best]), _spread(float(squares[best]), len(known), 2 + (len(factors) > 1))

    def predict(port: Port) -> Forecast:
        return Forecast(height + math.log(share + port.kloc * (factor if port.target == "SYCL" else 1.0)), spread)

    return predict


def constant_rate(known: Sequence[Port]) -> Callable[[Port], Forecast]:
    """Take the geometric mean of days per line: what tools that add up findings do."""
    rates = np.log([port.days / port.kloc for port in known])
    mean = float(rates.mean())
    spread = _spread(float(((rates - mean) ** 2).sum()), len(known), 1)
    return lambda port: Forecast(mean + math.log(port.kloc), spread)


def class_mean(known: Sequence[Port]) -> Callable[[Port], Forecast]:
    """Take the geometric mean of the ports to the same target, of all where there is none."""
    whole = _mean(known)
    means = {target: _mean([port for port in known if port.target == target]) for target in {p.target for p in known}}
    squares = math.fsum((math.log(port.days) - means[port.target]) ** 2 for port in known)
    spread = _spread(squares, len(known), len(means))
    return lambda port: Forecast(means.get(port.target, whole), spread)


def power_law(known: Sequence[Port]) -> Callable[[Port], Forecast]:
    """Fit `ln days = a + b * ln kLOC` by least squares."""
    size, days = np.log([port.kloc for port in known]), np.log([port.days for port in known])
    exponent = float(((size - size.mean()) * (days - days.mean())).sum() / ((size - size.mean()) ** 2).sum())
    start = float(days.mean() - exponent * size.mean())
    spread = _spread(float(((days - start - exponent * size) ** 2).sum()), len(known), 2)
    return lambda port: Forecast(start + exponent * math.log(port.kloc), spread)


ESTIMATORS: dict[str, Estimator] = dict(
    zip((MODEL, *NAIVE), (fixed_and_slope, constant_rate, class_mean, power_law), strict=True)
)


def _mean(known: Sequence[Port]) -> float:
    return math.fsum(math.log(port.days) for port in known) / len(known)


def _spread(squares: float, count: int, fitted: int) -> float:
    """Return the spread of a new row: residuals, the uncertainty of the fit, and the heavier tails of few rows."""
    free = max(count - fitted, 1)
    z = NormalDist().inv_cdf(0.5 + LEVEL / 2)
    # The quantile of Student's t over the normal one, by the first terms of its expansion in 1/free.
    tails = 1 + (z**2 + 1) / (4 * free) + (5 * z**4 + 16 * z**2 + 3) / (96 * free**2)
    return math.sqrt(squares / free * (1 + 1 / count)) * tails


# -------------------------------------------------------------------------------------------------------- scoring


def predicted(port: Port, forecast: Forecast) -> Prediction:
    """Compare a forecast with what a port took."""
    reach = NormalDist().inv_cdf(0.5 + LEVEL / 2) * forecast.spread
    return Prediction(
        id=port.id,
        project=port.project,
        title=port.title,
        actual=port.days,
        low=math.exp(forecast.mean - reach),
        median=math.exp(forecast.mean),
        high=math.exp(forecast.mean + reach),
        crps=crps(forecast, math.log(port.days)),
    )


def crps(forecast: Forecast, actual: float) -> float:
    """Return the continuous ranked probability score of a normal forecast, in closed form."""
    if forecast.spread <= 0:
        return abs(actual - forecast.mean)
    z, normal = (actual - forecast.mean) / forecast.spread, NormalDist()
    return forecast.spread * (z * (2 * normal.cdf(z) - 1) + 2 * normal.pdf(z) - 1 / math.sqrt(math.pi))


def leave_one_out(known: Sequence[Port], estimator: Estimator) -> tuple[Prediction, ...]:
    """Predict each project by an estimator that has seen the other projects only."""
    found = []
    for project in dict.fromkeys(port.project for port in known):
        predict = estimator([port for port in known if port.project != project])
        found += [predicted(port, predict(port)) for port in known if port.project == project]
    return tuple(found)


def binomial_p(hits: int, tries: int, chance: float = LEVEL) -> float:
    """Return the exact two-sided probability of a count at least as unlikely as this one."""
    weights = [math.comb(tries, count) * chance**count * (1 - chance) ** (tries - count) for count in range(tries + 1)]
    return min(1.0, math.fsum(weight for weight in weights if weight <= weights[hits] * (1 + 1e-9)))


def _resampled(made: Sequence[Prediction]) -> list[Order]:
    """Return the places of rows in resamples of whole projects; the same for every estimator of the same rows."""
    projects = list(dict.fromkeys(one.project for one in made))
    held = [[place for place, one in enumerate(made) if one.project == project] for project in projects]
    chosen = np.random.PCG64(SEED).random_raw(RESAMPLES * len(projects)) % np.uint64(len(projects))
    return [
        np.array([place for project in row for place in held[int(project)]])
        for row in chosen.reshape(RESAMPLES, len(projects))
    ]


def score(name: str, made: Sequence[Prediction]) -> Score:
    """Sum up an estimator's predictions, with intervals from resampling whole projects."""
    samples = _resampled(made)
    errors = np.array([one.error for one in made])
    misses = np.array([abs(one.median - one.actual) for one in made])
    actual = np.array([one.actual for one in made])
    inside = np.array([float(one.inside) for one in made])
    points = np.array([one.crps for one in made])
    guess = float(np.abs(actual[:, None] - actual[None]).sum() / (len(made) * (len(made) - 1)))

    def interval(measure: Callable[[Vector], float], values: Vector) -> Interval:
        again = np.sort([measure(values[sample]) for sample in samples])
        low, high = again[round(0.025 * (RESAMPLES - 1))], again[round(0.975 * (RESAMPLES - 1))]
        return Interval(value=round(measure(values), 4), low=round(float(low), 4), high=round(float(high), 4))

    return Score(
        estimator=name,
        rows=len(made),
        projects=len({one.project for one in made}),
        mdmre=interval(lambda values: float(np.median(values)), errors),
        pred25=interval(lambda values: float((values <= CLOSE).mean()), errors),
        accuracy=interval(lambda values: 1 - float(values.mean()) / guess, misses),
        coverage=interval(lambda values: float(values.mean()), inside),
        coverage_p=round(binomial_p(int(inside.sum()), len(made)), 4),
        crps=interval(lambda values: float(values.mean()), points),
        predictions=tuple(made),
    )


def backtest(plan: Plan | None = None, evidence: Path | None = None) -> Backtest:
    """Score the model and the naive estimators, and predict what was never fitted on.

    Args:
        plan: Another list of rows than the shipped one.
        evidence: Another table than the shipped one.
    """
    plan = plan or load_plan()
    known = ports(plan.fitted, evidence)
    scores = tuple(score(name, leave_one_out(known, estimator)) for name, estimator in ESTIMATORS.items())
    predict = fixed_and_slope(known)
    layered = [
        (port, port._replace(kloc=port.kloc * plan.layered[port.id]))
        for port in ports({"behind a portability layer": tuple(plan.layered)}, evidence)
    ]
    return Backtest(
        scores=scores,
        held_out=tuple(predicted(port, predict(port)) for port in ports(plan.held_out, evidence)),
        layered=tuple(predicted(port, predict(seen)) for port, seen in layered),
        gates=tuple(_gates(scores)),
    )


def _gates(scores: Sequence[Score]) -> list[Gate]:
    model, *naive = scores
    samples = _resampled(model.predictions)
    gates = []
    for other in naive:
        gains = np.array([b.crps - a.crps for a, b in zip(model.predictions, other.predictions, strict=True)])
        below = float(np.mean([gains[sample].mean() > 0 for sample in samples]))
        gates.append(
            Gate(
                title=f"CRPS below {other.estimator}",
                holds=model.crps.value < other.crps.value,
                text=f"{model.crps.value:.3f} against {other.crps.value:.3f}, below in {below:.0%} of the resamples",
            )
        )
    hits = sum(one.inside for one in model.predictions)
    gates.append(
        Gate(
            title="coverage of the 80 % interval not rejected at 5 %",
            holds=model.coverage_p >= REJECTED,
            text=f"{hits} of {model.rows} inside, p = {model.coverage_p:.2f}",
        )
    )
    wishes = (
        ("MdMRE at most 0.20", model.mdmre.value <= 0.20, model.mdmre.value),
        ("PRED(25) at least 0.70", model.pred25.value >= 0.70, model.pred25.value),
        ("SA at least 0.60", model.accuracy.value >= 0.60, model.accuracy.value),
    )
    return gates + [Gate(title=f"wish: {title}", holds=holds, text=f"{value:.2f}") for title, holds, value in wishes]
