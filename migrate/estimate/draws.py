"""Random numbers that belong to names: a variable's draws depend on the seed and its name, on nothing else.

So a new item never changes another item's draws (common random numbers), and two estimates can be compared
draw by draw. Together the variables are a centred Latin hypercube: each takes the midpoints of equally likely
strata, in an order of its own.
"""

from __future__ import annotations

import functools
import hashlib
import math
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from migrate.estimate.defaults import Triple
from migrate.model import Percentiles

Vector = NDArray[np.float64]
Single = NDArray[np.float32]
"""Draws that are kept by the thousand; four bytes each."""
Order = NDArray[np.intp]

_Z90 = NormalDist().inv_cdf(0.9)
_LEVELS = (0.1, 0.5, 0.8, 0.9)
_REACH, _CELLS = 6.0, 4096
"""The table of the normal distribution: standard deviations on either side, and steps."""


class Draws:
    """The variables of one estimate.

    Args:
        seed: From the scenario.
        size: Number of draws.
        stack: The target's id; all variables that load on its software stack share one factor.
    """

    def __init__(self, seed: int, size: int, stack: str) -> None:
        self.seed = seed
        self.size = size
        self._midpoints = (np.arange(size) + 0.5) / size
        self._normals = _normal_midpoints(size)
        self._factor = self.normal(f"stack:{stack}")

    def _order(self, name: str) -> Order:
        # Raw bits of PCG64 are fixed for good; the shuffles of numpy's Generator may change between versions.
        digest = hashlib.blake2b(f"{self.seed}\0{name}".encode(), digest_size=16).digest()
        bits = np.random.PCG64(int.from_bytes(digest, "big")).random_raw(self.size)
        return np.argsort(bits)

    def uniform(self, name: str) -> Vector:
        """Return draws between 0 and 1."""
        return self._midpoints[self._order(name)]

    def normal(self, name: str) -> Vector:
        """Return independent standard normal draws."""
        return self._normals[self._order(name)]

    def loaded(self, name: str, loading: float) -> Vector:
        """Return standard normal draws that share the stack's factor (a one-factor Gaussian copula)."""
        return loading * self._factor + math.sqrt(1 - loading * loading) * self.normal(name)


def below(normal: Vector) -> Vector:
    """Return the share of the standard normal distribution below each value, from a table."""
    place = np.clip((normal + _REACH) * (_CELLS / (2 * _REACH)), 0, _CELLS - 1)
    cell = place.astype(np.intp)
    table = _distribution()
    found: Vector = table[cell] + (place - cell) * (table[cell + 1] - table[cell])
    return found


def price_draws(normal: Vector, price: Triple, *, bounded: bool = False) -> Vector:
    """Turn normal draws into draws of a price.

    P10, median and P90 are met exactly, by a lognormal with one spread below and one above the median. A
    price that may be nothing, and a `bounded` one, is triangular: lowest, likeliest, highest.
    """
    low, _, high = price
    if high <= 0:
        return np.zeros_like(normal)
    if bounded or low <= 0:
        return triangular(below(normal), price)
    return lognormal(normal, price)


@functools.lru_cache(maxsize=8)
def _normal_midpoints(size: int) -> Vector:
    inverse = NormalDist().inv_cdf
    return np.array([inverse((stratum + 0.5) / size) for stratum in range(size)])


@functools.cache
def _distribution() -> Vector:
    share = NormalDist().cdf
    return np.array([share((2 * cell / _CELLS - 1) * _REACH) for cell in range(_CELLS + 1)])


def lognormal(normal: Vector, points: Triple) -> Vector:
    """Turn normal draws into draws whose P10, median and P90 are the given points."""
    low, likely, high = points
    lower, upper = math.log(likely / low) / _Z90, math.log(high / likely) / _Z90
    drawn: Vector = likely * np.exp(np.where(normal < 0, lower, upper) * normal)
    return drawn


def triangular(uniform: Vector, points: Triple) -> Vector:
    """Turn uniform draws into draws between the lowest and the highest point, likeliest at the middle one."""
    low, likely, high = points
    if high == low:
        return np.full_like(uniform, low)
    turn = (likely - low) / (high - low)
    rising = low + np.sqrt(uniform * (high - low) * (likely - low))
    falling = high - np.sqrt((1 - uniform) * (high - low) * (high - likely))
    drawn: Vector = np.where(uniform < turn, rising, falling)
    return drawn


def percentiles(draws: Vector | Single) -> Percentiles:
    """Return the four points of a distribution, each to four significant digits."""
    places = [_index(level, len(draws)) for level in _LEVELS]
    p10, p50, p80, p90 = (significant(float(value)) for value in np.partition(draws, places)[places])
    return Percentiles(p10=p10, p50=p50, p80=p80, p90=p90)


def curve(draws: Vector) -> tuple[float, ...]:
    """Return the values at 0, 1, ... 100 % confidence."""
    ordered = np.sort(draws)
    return tuple(significant(float(ordered[_index(percent / 100, len(ordered))])) for percent in range(101))


def near(draws: Vector, level: float, band: float) -> Order:
    """Return the draws whose ranks lie around a level, in the order of their values."""
    order = np.argsort(draws, kind="stable")
    centre, reach = _index(level, len(order)), round(band * len(order))
    return order[max(centre - reach, 0) : centre + reach + 1]


def _index(level: float, size: int) -> int:
    # The small number keeps 0.8 * 10,000 from being rounded up to the next rank.
    return max(math.ceil(level * size - 1e-9) - 1, 0)


def significant(value: float, digits: int = 4) -> float:
    """Round to significant digits, so that the last bits of a machine never show."""
    return float(f"{value:.{digits - 1}e}") + 0.0
