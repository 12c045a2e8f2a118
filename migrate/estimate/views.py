"""The same work seen from outside: what ports of this size took, combined with what was counted up.

The fixed effort is drawn once and belongs to both views. What evidence measures beyond it is set against the part
of the count that it covers: on a target that recompiles CUDA, native code by its size; on one where kernels are
written again, kernels by operator. Everything else stays as it was counted. The two are combined draw by draw in log
space, each weighed by one over its variance: the wider view counts less. So another finding may lower the combined
effort (it narrows the count), never the count itself.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from migrate.estimate.defaults import Numbers, Terms, Triple
from migrate.estimate.draws import Draws, Vector, lognormal, percentiles, significant
from migrate.estimate.effort import Effort, author_day_factor, common_factor, kind_of
from migrate.estimate.fixed import NATIVE, Fixed
from migrate.estimate.pricing import Item, KernelPrice, Selection
from migrate.model import SourceFile, Views

DIVERGENCE = 2.0
"""Factor between the views from which on the report says why (estimation method, section 3.6)."""

SIZE, OPERATORS = "kloc", "operators"

_LEAST = 1e-6
"""Person-days; keeps the logarithm of a price that may be nothing finite."""


class Reference(NamedTuple):
    """What ports like this took, and which part of the count it is about."""

    basis: str
    """`kloc` or `operators`."""
    size: float
    """In 1000 lines that are not ported yet, or in operators."""
    slope: float
    """Author-days for each."""
    spread: Triple
    source: str
    covers: Mapping[int, float]
    """Index of an item -> share of it that the slope covers as well."""


class Seen(NamedTuple):
    """Both views and what they give together."""

    effort: Effort
    """Combined; its items and its fixed effort sum to its total."""
    bottom_up: Vector
    top_down: Vector | None = None
    weight: float = 1.0
    """Of the bottom-up view in the covered part."""


def reference(
    selection: Selection,
    items: Sequence[Item],
    fixed: Sequence[Fixed],
    files: Mapping[str, SourceFile],
    terms: Terms,
) -> Reference | None:
    """Return the reference class that has a slope for this code and target, None where no evidence gives one."""
    numbers = terms.numbers
    if terms.target.recompiles_cuda:
        native = next((one for one in fixed if one.name == "native"), None)
        covers = _native_shares(selection, items, files)
        if native is None or not covers:
            return None
        size = native.kloc * native.unported
        return Reference(SIZE, size, numbers.top_down_slope, _spread(size, numbers), "top_down_slope", covers)
    slope = numbers.top_down_operator.get(terms.target.id)
    kernels = {index: 1.0 for index, item in enumerate(items) if isinstance(item.price, KernelPrice)}
    if slope is None or not kernels:
        return None
    spread = numbers.top_down_operator_spread
    return Reference(OPERATORS, float(len(kernels)), slope, spread, "top_down_operator", kernels)


def _spread(size: float, numbers: Numbers) -> Triple:
    """Widen the slope's spread below the smallest port it was fitted on.

    Whether effort grows there straight with size or like a kernel's is not known: the two differ by the missing size
    to the power of one less the kernel's exponent, and that is one standard deviation.
    """
    low, _, high = numbers.top_down_spread
    missing = max(0.0, math.log(numbers.fixed_full_kloc / size)) * (1 - numbers.kernel_size_exponent)
    extra = missing * NormalDist().inv_cdf(0.9)
    return math.exp(-math.hypot(math.log(low), extra)), 1.0, math.exp(math.hypot(math.log(high), extra))


def _native_shares(selection: Selection, items: Sequence[Item], files: Mapping[str, SourceFile]) -> dict[int, float]:
    """Return which share of each item falls in native code; what serves the whole repository is in none."""
    native = {
        case.finding.fingerprint
        for case in selection.priced
        if not case.chain and (case.finding.kernel is not None or _is_native(case.finding.path, files))
    }
    shares = {
        index: math.fsum(load.once + load.repeat for load in item.loads if load.fingerprint in native)
        for index, item in enumerate(items)
    }
    return {index: min(share, 1.0) for index, share in shares.items() if share > 0}


def _is_native(path: str, files: Mapping[str, SourceFile]) -> bool:
    return path in files and files[path].language == NATIVE


def combine(
    effort: Effort, known: Reference | None, draws: Draws, terms: Terms, *, weight: float | None = None
) -> Seen:
    """Combine the count with what ports like this took.

    Args:
        effort: Counted up.
        known: The reference class; without one the count stands alone.
        draws: Of the estimate.
        terms: Experience and stage multiply both views alike.
        weight: Of the count in the covered part; from the draws when not given.
    """
    counted = covered(effort, known) if known else np.zeros(0)
    if known is None or not counted.any():
        return Seen(effort, effort.total)
    counted = np.maximum(counted, _LEAST)
    outside = known.slope * known.size * author_day_factor(draws, terms) * _own_factor(effort, known, terms)
    outside *= lognormal(draws.loaded("top-down", terms.numbers.loading_kernel), known.spread)
    outside = np.maximum(outside, _LEAST)
    own, other = np.log(counted), np.log(outside)
    if weight is None:
        shared = np.log(common_factor(draws, terms))  # multiplies both views, so it tells nothing about either
        unsure = float((own - shared).var()), float((other - shared).var())
        weight = unsure[1] / sum(unsure)
    ratio = np.exp((1 - weight) * (other - own))
    return Seen(_scaled(effort, known, ratio), effort.total, effort.total - counted + outside, weight)


def covered(effort: Effort, known: Reference) -> Vector:
    """Return the draws of what the reference class is about, in person-days."""
    total = np.zeros_like(effort.total)
    for index, share in known.covers.items():
        total += share * effort.days[index]
    return total


def _own_factor(effort: Effort, known: Reference, terms: Terms) -> float:
    """Return the team's own factor on what the slope covers: who is fast is fast in both views."""
    if not terms.calibration:
        return 1.0
    with_own = {index: share * effort.medians[index] for index, share in known.covers.items()}
    without = math.fsum(days / terms.own_factor(kind_of(effort.items[index])) for index, days in with_own.items())
    return math.fsum(with_own.values()) / without if without else 1.0


def _scaled(effort: Effort, known: Reference, ratio: Vector) -> Effort:
    """Return the effort with the covered part of every item scaled in every draw."""
    days = list(effort.days)
    scales = [1.0] * len(days)
    middle = float(np.median(ratio))
    for index, share in known.covers.items():
        days[index] = (days[index] * (1 + share * (ratio - 1))).astype(np.float32)
        scales[index] = 1 + share * (middle - 1)
    total = effort.fixed.copy()
    for vector in days:
        total += vector
    return Effort(effort.items, days, effort.fixed, total, scales)


def views(seen: Seen, known: Reference | None) -> Views:
    """Return both views as they are shown, with the reason when they differ much."""
    bottom_up = percentiles(seen.bottom_up)
    if known is None or seen.top_down is None:
        return Views(bottom_up=bottom_up)
    top_down = percentiles(seen.top_down)
    ratio = bottom_up.p50 / top_down.p50
    diverges = max(ratio, 1 / ratio) > DIVERGENCE
    return Views(
        bottom_up=bottom_up,
        top_down=top_down,
        basis=known.basis,
        size=significant(known.size),
        weight=round(seen.weight, 4),
        ratio=significant(ratio),
        diverges=diverges,
        reason=_reason(seen, known, more=ratio > 1) if diverges else "",
    )


def _reason(seen: Seen, known: Reference, *, more: bool) -> str:
    """Say why the views differ, from what is in them."""
    unit = "1,000 lines of native code" if known.basis == SIZE else "operators"
    measured = f"{known.size:.3g} {unit} at {known.slope:g} author-days each"
    covered = {index: seen.effort.medians[index] * share for index, share in known.covers.items()}
    whole = math.fsum(covered.values())
    largest = sorted(covered, key=lambda index: (-covered[index], index))[:2]
    named = " and ".join(f"{seen.effort.items[index].title} ({covered[index] / whole:.0%})" for index in largest)
    kernels = sum(isinstance(seen.effort.items[index].price, KernelPrice) for index in known.covers)
    if more:
        return (
            f"ports of this size, {measured}, took less than the findings add up to: "
            f"most of what was counted there is {named}, which size alone does not show"
        )
    return (
        f"ports of this size, {measured}, took more than the findings add up to: {len(known.covers)} subjects, "
        f"{kernels} of them kernel families; code behind a portability layer, or work that no finding shows, "
        "would explain it"
    )
