from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrate.estimate.defaults import Terms, load_defaults
from migrate.estimate.draws import Draws, Vector
from migrate.estimate.effort import draw_effort
from migrate.estimate.fixed import fixed_classes
from migrate.estimate.pricing import price_items, select
from migrate.estimate.schedule import speed
from migrate.model import Area, Change, Estimate, Finding, Rate, Scenario, Suppression
from tests.estimate.synthetic import Repository, prices, target

NUMBERS = load_defaults().numbers
SMALL: dict[str, Any] = {"draws": 300}
AREAS = [Area.RUNTIME, Area.KERNEL, Area.FRAMEWORK, Area.DISTRIBUTED, Area.BUILD, Area.PACKAGE]


@st.composite
def uses(draw: st.DrawFn) -> dict[str, Any]:
    """One finding's worth of arguments; `kernel` ones are priced by the formula."""
    change = draw(st.sampled_from([Change.RENAME, Change.ADAPT, Change.REWRITE, Change.BLOCKED, Change.NONE, None]))
    use: dict[str, Any] = {
        "path": draw(st.sampled_from(["a.cu", "b.cu", "c.py", "Dockerfile"])),
        "change": change,
        "symbol": draw(st.sampled_from(["x", "y", "z"])),
    }
    if draw(st.integers(0, 4)) == 0:
        features = {name: draw(st.integers(0, 4)) for name in ("shuffle", "ptx", "atomic")}
        return use | {"kernel": draw(st.integers(1, 300)), "features": features}
    use["area"] = draw(st.sampled_from(AREAS))
    use["guarded"] = draw(st.integers(0, 5)) == 0
    use["proved"] = draw(st.booleans())
    if change == Change.RENAME and draw(st.booleans()):
        use["shared_fix"] = "transfer-to-npu"
    return use


def build(target: str, some: list[dict[str, Any]]) -> Repository:
    repository = Repository(target).file("a.cu", 900).file("b.cu", 40).file("c.py", 300).file("Dockerfile", 9)
    for use in some:
        if "kernel" in use:
            repository.kernel(use["path"], use["symbol"], use["kernel"], use["change"], "cuda", **use["features"])
        else:
            allowed = use if target == "cann" else {key: value for key, value in use.items() if key != "shared_fix"}
            repository.add(**allowed)
    return repository.needs("a.cu", "b.cu").needs("c.py", "a.cu")


def points(estimate: Estimate) -> tuple[float, ...]:
    """The count; what ports of this size took may pull the combined effort either way."""
    return msgspec.structs.astuple(estimate.views.bottom_up)


def counted(repository: Repository) -> Vector:
    """All draws of the count, before the view from outside."""
    terms = Terms(target(repository.target), target(repository.target).default_chip, Scenario(**SMALL), NUMBERS)
    files = {file.path: file for file in repository.files}
    units = {fingerprint: unit.id for unit in repository.graph.units for fingerprint in unit.findings}
    selection = select(repository.findings, files, units, repository.edits, terms)
    items = price_items(selection, prices(), terms)
    draws = Draws(terms.scenario.seed, terms.scenario.draws, repository.target)
    return draw_effort(items, fixed_classes(selection, files, terms), draws, terms).total


targets = st.sampled_from(["rocm", "cann"])
many = st.lists(uses(), max_size=12)


@settings(deadline=None, max_examples=60)
@given(target=targets, some=many, extra=uses())
def test_one_more_finding_never_lowers_a_draw_of_the_count(
    target: str, some: list[dict[str, Any]], extra: dict[str, Any]
) -> None:
    """Except a guarded one: it shows that part of the port is done."""
    if extra.get("guarded"):
        extra = extra | {"guarded": False}
    before, after = counted(build(target, some)), counted(build(target, [*some, extra]))
    assert (after >= before * (1 - 1e-6)).all()


@settings(deadline=None, max_examples=25)
@given(
    target=targets,
    changes=st.lists(st.sampled_from([*Change, None]), min_size=2, max_size=6),
    statements=st.integers(1, 5),
)
def test_one_more_instruction_never_makes_a_kernel_cheaper(
    target: str, changes: list[Change | None], statements: int
) -> None:
    """From the first on: without any, each statement counts in full, because nobody said how hard it is."""

    def kernel(changes: list[Change | None]) -> Estimate:
        repository = Repository(target).kernel("a.cu", "k", 90, Change.RENAME, "cuda", ptx=statements)
        for change in changes:
            repository.add("a.cu", change, symbol="ld", area=Area.PTX, in_kernel="k")
        return repository.estimate(**SMALL)

    before, after = kernel(changes[:-1]), kernel(changes)
    assert all(new >= old for old, new in zip(points(before), points(after), strict=True))
    assert max(points(kernel([]))) >= max(points(after))


@settings(deadline=None, max_examples=25)
@given(target=targets, some=many)
def test_what_findings_carry_adds_up_to_their_units(target: str, some: list[dict[str, Any]]) -> None:
    repository = build(target, some)
    result = repository.estimate(**SMALL)
    for unit in repository.graph.units:
        carried = sum(result.finding_days.get(item, 0.0) for item in unit.findings)
        assert carried == pytest.approx(result.unit_days[unit.id].p50, rel=2e-3)


@settings(deadline=None, max_examples=25)
@given(target=targets, some=many, index=st.integers(0, 11))
def test_suppressing_is_removing(target: str, some: list[dict[str, Any]], index: int) -> None:
    repository = build(target, some)
    place = index % max(len(repository.findings), 1)
    reason = Suppression(by="inline", reason="not ours")
    kept = [finding for number, finding in enumerate(repository.findings) if number != place]
    marked: list[Finding] = [
        msgspec.structs.replace(finding, suppressed=reason) if number == place else finding
        for number, finding in enumerate(repository.findings)
    ]
    scenario = Scenario(**SMALL)
    assert repository.under(scenario, findings=marked) == repository.under(scenario, findings=kept)


@settings(deadline=None, max_examples=25)
@given(target=targets, some=many, seed=st.integers(0, 99))
def test_order_does_not_matter_and_a_seed_gives_the_same_bytes(
    target: str, some: list[dict[str, Any]], seed: int
) -> None:
    repository = build(target, some)
    shuffled = list(repository.findings)
    random.Random(seed).shuffle(shuffled)
    graph = repository.graph
    turned = msgspec.structs.replace(graph, units=graph.units[::-1], edges=graph.edges[::-1])
    scenario = Scenario(seed=seed, **SMALL)
    encode = msgspec.json.encode
    assert encode(repository.under(scenario)) == encode(repository.under(scenario, findings=shuffled, graph=turned))


@settings(deadline=None, max_examples=25)
@given(target=targets, some=many, team=st.integers(1, 8), more=st.integers(1, 8))
def test_more_people_never_take_longer_than_their_talking(
    target: str, some: list[dict[str, Any]], team: int, more: int
) -> None:
    loss = load_defaults().numbers.communication_loss
    repository = build(target, some)
    few, large = repository.estimate(team=team, **SMALL), repository.estimate(team=team + more, **SMALL)
    for before, after in zip(few.curve_months, large.curve_months, strict=True):
        assert after * speed(team + more, loss) <= before * speed(team, loss) * 1.001 + 1e-9


@settings(deadline=None, max_examples=15)
@given(target=targets, some=many, factor=st.sampled_from([2, 3, 10, 0.5]))
def test_scaling_the_rate_scales_the_cost(target: str, some: list[dict[str, Any]], factor: float) -> None:
    repository = build(target, some)
    one = repository.estimate(rate=Rate(amount=800, currency="USD"), **SMALL)
    scaled = repository.estimate(rate=Rate(amount=800 * factor, currency="USD"), **SMALL)
    assert one.cost is not None
    assert scaled.cost is not None
    for before, after in zip(msgspec.structs.astuple(one.cost), msgspec.structs.astuple(scaled.cost), strict=True):
        assert after == pytest.approx(before * factor, abs=0.011)
    assert one.effort_days == scaled.effort_days


@settings(deadline=None, max_examples=25)
@given(target=targets, some=many)
def test_parts_add_up(target: str, some: list[dict[str, Any]]) -> None:
    result = build(target, some).estimate(**SMALL)
    total = sum(part.share for part in result.contributions)
    assert total == pytest.approx(1 if result.effort_days.p50 else 0, abs=1e-5)
    assert list(result.drivers) == list(result.contributions[:10])
    assert set(result.unit_days) == {unit.id for unit in build(target, some).graph.units}
    assert sum(result.basis_share.values()) == pytest.approx(1 if result.effort_days.p50 else 0, abs=1e-3)
    assert result.effort_days.p10 <= result.effort_days.p50 <= result.effort_days.p80 <= result.effort_days.p90
