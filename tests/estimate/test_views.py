"""Two views of one port: what was counted, what ports of its size took, and what they give together."""

from __future__ import annotations

import numpy as np
import pytest

from migrate.estimate.defaults import Terms, load_defaults
from migrate.estimate.draws import Draws, Vector
from migrate.estimate.effort import Effort, draw_effort
from migrate.estimate.fixed import fixed_classes
from migrate.estimate.pricing import price_items, select
from migrate.estimate.views import Reference, Seen, combine, reference, views
from migrate.model import Area, Change, Scenario
from tests.estimate.synthetic import Repository, prices, target

NUMBERS = load_defaults().numbers


def drawn(repository: Repository) -> tuple[Effort, Reference | None, Draws, Terms]:
    where = target(repository.target)
    terms = Terms(where, where.default_chip, Scenario(draws=2000), NUMBERS)
    files = {file.path: file for file in repository.files}
    units = {fingerprint: unit.id for unit in repository.graph.units for fingerprint in unit.findings}
    selection = select(repository.findings, files, units, (), terms)
    items = price_items(selection, prices(), terms)
    fixed = fixed_classes(selection, files, terms)
    draws = Draws(1, 2000, where.id)
    return draw_effort(items, fixed, draws, terms), reference(selection, items, fixed, files, terms), draws, terms


def seen(repository: Repository) -> tuple[Seen, Reference]:
    effort, known, draws, terms = drawn(repository)
    assert known is not None
    return combine(effort, known, draws, terms), known


def library(target_id: str = "rocm", lines: int = 8000, count: int = 20) -> Repository:
    made = Repository(target_id).file("lib.cu", lines)
    for number in range(count):
        made.add("lib.cu", Change.ADAPT, symbol=f"s{number}", key=f"k{number % 7}")
    return made.kernel("lib.cu", "k", 100, Change.REWRITE, shuffle=1)


def median(draws: Vector | None) -> float:
    assert draws is not None
    return float(np.median(draws))


def test_the_combined_effort_lies_between_the_views_in_every_draw() -> None:
    both, _ = seen(library())
    assert both.top_down is not None
    low, high = np.minimum(both.bottom_up, both.top_down), np.maximum(both.bottom_up, both.top_down)
    assert (both.effort.total >= low * (1 - 1e-5)).all()
    assert (both.effort.total <= high * (1 + 1e-5)).all()


def test_the_fixed_effort_is_the_same_draw_in_both() -> None:
    both, known = seen(library())
    effort, _, _, _ = drawn(library())
    assert np.array_equal(both.effort.fixed, effort.fixed)
    assert both.top_down is not None
    assert (both.top_down > effort.fixed).all()
    assert known.size == pytest.approx(8.0)


def test_the_narrower_view_counts_more() -> None:
    """Weights are one over the variance of the logarithms."""
    effort, known, draws, terms = drawn(library())
    assert known is not None
    wide = known._replace(spread=(0.1, 1.0, 10.0))
    assert combine(effort, wide, draws, terms).weight > 0.85 > combine(effort, known, draws, terms).weight > 0.2


def test_parts_still_sum_to_the_whole() -> None:
    both, _ = seen(library())
    summed = both.effort.fixed + sum(np.asarray(days, dtype=np.float64) for days in both.effort.days)
    assert both.effort.total == pytest.approx(summed, rel=1e-6)


def test_code_outside_the_reference_class_stays_as_it_was_counted() -> None:
    mixed = library().add("app.py", Change.REWRITE, symbol="torch.x", key="python", area=Area.FRAMEWORK)
    mixed.add("Dockerfile", Change.ADAPT, symbol="image", key="image", area=Area.DEPLOY, price="build")
    both, known = seen(mixed)
    counted, _, _, _ = drawn(mixed)
    for index, item in enumerate(both.effort.items):
        if item.id in ("python", "image"):
            assert index not in known.covers
            assert np.array_equal(both.effort.days[index], counted.days[index])


def test_a_small_port_is_hardly_pulled_by_what_large_ones_took() -> None:
    small, large = seen(library(lines=60, count=2))[0], seen(library(lines=12_000))[0]
    assert small.weight > 0.7 > large.weight


def test_operators_are_the_size_where_kernels_are_written_again() -> None:
    made = Repository("cann").kernel("a.cu", "k", 100).kernel("b.cu", "l", 100).kernel("b.cu", "m", 50)
    shown = made.estimate().views
    assert shown.basis == "operators"
    assert shown.size == 2
    assert shown.top_down is not None


def test_without_evidence_there_is_one_view() -> None:
    scripts = Repository("cann").add("a.py", Change.ADAPT, area=Area.FRAMEWORK).estimate()
    assert scripts.views.top_down is None
    assert scripts.views.bottom_up == scripts.effort_days
    assert scripts.views.reason == ""


def test_views_a_factor_of_two_apart_say_why() -> None:
    few = library(lines=120_000, count=1).estimate().views
    assert few.diverges
    assert few.ratio < 0.5
    assert "took more" in few.reason
    assert "120" in few.reason
    heavy = Repository().file("a.cu", 6000)
    for number in range(40):
        heavy.add("a.cu", Change.REWRITE, symbol=f"s{number}", key=f"subject-{number}")
    many = heavy.estimate().views
    assert many.ratio > 2
    assert "took less" in many.reason
    assert "subject-" in many.reason
    close = library().estimate().views
    assert not close.diverges
    assert close.reason == ""


def test_what_is_shown_is_the_combination() -> None:
    result = library(lines=60_000, count=3).estimate()
    assert result.views.top_down is not None
    assert result.views.bottom_up.p50 < result.effort_days.p50 < result.views.top_down.p50
    shown = views(*seen(library()))
    assert shown.ratio == pytest.approx(shown.bottom_up.p50 / median(seen(library())[0].top_down), rel=1e-3)
    part = next(one for driver in result.drivers for one in driver.parts if one.kind == "kernel")
    assert "seen from outside" in part.text
