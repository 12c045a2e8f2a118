from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest

from migrate.estimate.draws import (
    Draws,
    below,
    curve,
    lognormal,
    near,
    percentiles,
    price_draws,
    significant,
    triangular,
)

DRAWS = Draws(seed=7, size=10_000, stack="rocm")


def test_a_variable_belongs_to_its_name_and_seed() -> None:
    again = Draws(seed=7, size=10_000, stack="rocm")
    again.normal("something else first")
    assert np.array_equal(again.normal("a"), DRAWS.normal("a"))
    assert not np.array_equal(DRAWS.normal("a"), DRAWS.normal("b"))
    assert not np.array_equal(DRAWS.normal("a"), Draws(seed=8, size=10_000, stack="rocm").normal("a"))


def test_draws_are_the_same_on_every_machine() -> None:
    """PCG64 promises its bits; these ranks change only if the naming of variables does."""
    few = Draws(seed=1, size=8, stack="rocm")
    assert sorted(few.uniform("x")) == [(rank + 0.5) / 8 for rank in range(8)]
    assert [int(value * 8) for value in few.uniform("x")] == [1, 0, 7, 6, 3, 5, 2, 4]


def test_every_stratum_is_hit_once() -> None:
    assert np.array_equal(np.sort(DRAWS.uniform("a")), (np.arange(10_000) + 0.5) / 10_000)


@pytest.mark.parametrize("loading", [-0.5, 0.4, 0.6])
def test_loaded_variables_correlate_as_their_loadings_say(loading: float) -> None:
    a, b = DRAWS.loaded("a", loading), DRAWS.loaded("b", 0.6)
    assert np.corrcoef(a, b)[0, 1] == pytest.approx(loading * 0.6, abs=0.03)
    assert a.std() == pytest.approx(1, abs=0.02)


def test_a_price_meets_its_three_points() -> None:
    drawn = price_draws(DRAWS.normal("a"), (3, 6, 16))
    assert np.quantile(drawn, [0.1, 0.5, 0.9]) == pytest.approx([3, 6, 16], rel=2e-3)


def test_an_unknown_price_stays_between_its_ends() -> None:
    drawn = price_draws(DRAWS.normal("a"), (1, 6, 80), bounded=True)
    assert 1 <= drawn.min() < drawn.max() <= 80
    assert drawn.mean() == pytest.approx((1 + 6 + 80) / 3, rel=2e-3)


@pytest.mark.parametrize(("price", "mean"), [((0, 0, 0), 0), ((0, 0, 6), 2), ((5, 5, 5), 5)])
def test_prices_may_be_nothing_or_certain(price: tuple[float, float, float], mean: float) -> None:
    assert price_draws(DRAWS.normal("a"), price).mean() == pytest.approx(mean, rel=1e-3)


def test_dearer_draws_come_from_higher_normals() -> None:
    normal = np.linspace(-8, 8, 500)
    for drawn in (lognormal(normal, (1, 2, 9)), triangular(below(normal), (1, 2, 9)), below(normal)):
        assert (np.diff(drawn) >= 0).all()


def test_the_table_of_the_normal_distribution_is_close() -> None:
    normal = np.linspace(-5, 5, 777)
    exact = [NormalDist().cdf(value) for value in normal]
    assert np.abs(below(normal) - exact).max() < 1e-6


def test_percentiles_and_curve_are_order_statistics() -> None:
    values = np.arange(1, 101, dtype=float)[::-1].copy()
    points = percentiles(values)
    assert (points.p10, points.p50, points.p80, points.p90) == (10, 50, 80, 90)
    whole = curve(values)
    assert len(whole) == 101
    assert (whole[0], whole[1], whole[50], whole[100]) == (1, 1, 50, 100)


def test_near_takes_ranks_on_both_sides() -> None:
    values = np.arange(1000, dtype=float)[::-1].copy()
    assert sorted(values[near(values, 0.8, 0.01)]) == list(range(789, 810))


@pytest.mark.parametrize(("value", "rounded"), [(123456.0, 123500.0), (0.00123456, 0.001235), (0.0, 0.0), (-0.0, 0.0)])
def test_significant_digits(value: float, rounded: float) -> None:
    assert significant(value) == rounded
    assert str(significant(value))[0] != "-"
