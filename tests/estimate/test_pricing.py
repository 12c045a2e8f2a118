from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest

from migrate.estimate.defaults import Terms, load_defaults
from migrate.estimate.fixed import Fixed, fixed_classes
from migrate.estimate.pricing import EditPrice, Item, KernelPrice, Selection, practice, price_items, select
from migrate.model import Area, Basis, Change, Role, Scenario
from tests.estimate.synthetic import Repository, prices, target

NUMBERS = load_defaults().numbers


def terms(id_: str = "rocm", chip: str = "") -> Terms:
    where = target(id_)
    return Terms(where, chip or where.default_chip, Scenario(), NUMBERS)


def selected(repository: Repository, chip: str = "") -> Selection:
    units = {fingerprint: unit.id for unit in repository.graph.units for fingerprint in unit.findings}
    files = {file.path: file for file in repository.files}
    return select(repository.findings, files, units, repository.edits, terms(repository.target, chip))


def items(repository: Repository, chip: str = "") -> dict[str, Item]:
    priced = price_items(selected(repository, chip), prices(), terms(repository.target, chip))
    return {item.id: item for item in priced}


def edits(item: Item) -> EditPrice:
    assert isinstance(item.price, EditPrice)
    return item.price


def author_days(item: Item) -> float:
    assert isinstance(item.price, KernelPrice)
    return item.price.author_days


def fixed(repository: Repository) -> dict[str, Fixed]:
    files = {file.path: file for file in repository.files}
    return {one.name: one for one in fixed_classes(selected(repository), files, terms(repository.target))}


# ------------------------------------------------------------------------------------------------------ edits


def test_repeats_of_a_symbol_in_a_file_are_one_edit_group() -> None:
    repository = Repository().add("a.cu", Change.RENAME, count=40).add("b.cu", Change.RENAME, count=5)
    price = edits(items(repository)["rename:runtime"])
    assert price.groups == 2
    assert price.by_hand == pytest.approx(1 + 2 ** math.log2(0.83))


def test_practice_makes_repeats_cheaper_down_to_a_floor() -> None:
    exponent = math.log2(0.83)
    assert practice(3, terms()) == pytest.approx(1 + 2**exponent + 3**exponent)
    assert practice(2000, terms()) - practice(1999, terms()) == pytest.approx(NUMBERS.learning_floor)
    assert practice(0, terms()) == 0


def test_three_hundred_renames_do_not_cost_three_hundred_times_one() -> None:
    one = Repository().add("a.cu", Change.RENAME).estimate()
    many = Repository()
    for index in range(300):
        many.add("a.cu", Change.RENAME, symbol=f"cuda{index}")
    port = {line.id: line.effort_days.p50 for line in many.estimate().lines}["port"]
    assert port < 70 * {line.id: line.effort_days.p50 for line in one.lines}["port"]


def test_groups_a_machine_edits_cost_review_only_and_come_last() -> None:
    repository = Repository()
    for index in range(4):
        repository.add("a.cu", Change.RENAME, symbol=f"cuda{index}", proved=index < 3)
    price = edits(items(repository)["rename:runtime"])
    assert price.machine == prices()["rename-by-machine"].each
    assert price.by_hand == 1
    assert price.by_machine == pytest.approx(practice(4, terms()) - 1)


def test_a_group_with_one_unproved_edit_is_edited_by_hand() -> None:
    repository = Repository().add("a.cu", Change.RENAME, proved=True).add("a.cu", Change.RENAME)
    assert edits(items(repository)["rename:runtime"]).by_machine == 0


def test_a_proved_edit_of_another_class_keeps_its_price() -> None:
    repository = Repository().add("a.cu", Change.ADAPT, proved=True)
    assert edits(items(repository)["adapt:runtime"]).by_machine == 0


@pytest.mark.parametrize(
    ("change", "extra"),
    [
        (Change.NONE, {}),
        (Change.RENAME, {"role": Role.TEST}),
        (Change.RENAME, {"role": Role.VENDORED}),
        (Change.RENAME, {"guarded": True}),
    ],
)
def test_what_needs_no_work_is_not_priced(change: Change, extra: dict[str, Any]) -> None:
    assert items(Repository().add("a.cu", change, **extra)) == {}


def test_unknown_is_priced_over_all_it_may_turn_out_to_be() -> None:
    item = items(Repository().add("a.cu", None))["unknown:runtime"]
    assert edits(item).bounded
    assert edits(item).first == (1, 6, 80)


def test_unknown_and_known_answers_of_one_rule_are_drawn_apart() -> None:
    repository = Repository().add("a.cu", None, key="rule").add("b.cu", Change.ADAPT, key="rule")
    assert set(items(repository)) == {"rule", "rule?"}


def test_a_shared_fix_is_paid_once_and_each_place_is_checked() -> None:
    repository = Repository("cann")
    for name in ("a.py", "b.py", "c.py"):
        repository.add(name, Change.RENAME, symbol=".cuda", shared_fix="transfer-to-npu", count=9)
    priced = items(repository)
    assert edits(priced["fix:transfer-to-npu"]).first == target("cann").shared_fixes["transfer-to-npu"].effort
    checks = edits(priced["checks:transfer-to-npu"])
    assert (checks.groups, checks.each) == (3, prices()["rename-by-machine"].each)
    assert {portion.unit for portion in priced["checks:transfer-to-npu"].portions} == {
        "module:a.py", "module:b.py", "module:c.py",
    }  # fmt: skip


def test_portions_follow_the_groups() -> None:
    repository = Repository().add("a.cu", Change.RENAME, count=7)
    for index in range(3):
        repository.add("b.cu", Change.RENAME, symbol=f"cuda{index}")
    shares = {portion.unit: portion.share for portion in items(repository)["rename:runtime"].portions}
    assert shares == pytest.approx({"module:a.cu": 0.25, "module:b.cu": 0.75})


def test_a_finding_in_no_unit_is_an_error() -> None:
    repository = Repository().add("a.cu", Change.RENAME)
    files = {file.path: file for file in repository.files}
    with pytest.raises(ValueError, match="in no unit"):
        select(repository.findings, files, {}, [], terms())


# ---------------------------------------------------------------------------------------------------- kernels


def test_the_kernel_formula() -> None:
    repository = Repository().kernel("a.cu", "k", 200, shuffle=3, ptx=2, atomic=9)
    expected = 0.45 * 2**0.6 * 1.3 * (1 + 2 * 1.0) * 1.1
    assert author_days(items(repository)["kernels:kernel-family:a.cu"]) == pytest.approx(expected)


def test_inline_assembly_counts_up_to_three_blocks() -> None:
    three = items(Repository().kernel("a.cu", "k", 100, ptx=3))["kernels:kernel-family:a.cu"]
    many = items(Repository().kernel("a.cu", "k", 100, ptx=30))["kernels:kernel-family:a.cu"]
    assert author_days(three) == author_days(many) == pytest.approx(0.45 * 4)


def test_a_family_learns_from_its_dearest_kernel() -> None:
    repository = Repository("cann").kernel("a.cu", "small", 25).kernel("a.cu", "large", 100)
    expected = 2.5 + 2.5 * 0.25**0.6 * 0.83
    assert author_days(items(repository)["kernels:kernel-family:a.cu"]) == pytest.approx(expected)


def test_the_chip_overrides_the_rate() -> None:
    repository = Repository("cann").kernel("a.cu", "k", 100, Change.REWRITE)
    assert author_days(items(repository, "atlas-a2")["kernels:kernel-family:a.cu"]) == pytest.approx(2.5)
    assert author_days(items(repository, "ascend-950")["kernels:kernel-family:a.cu"]) == pytest.approx(1.2)


def test_a_chip_as_wide_as_a_warp_pays_no_warp_width() -> None:
    repository = Repository().kernel("a.cu", "k", 100, warp_width=4)
    assert author_days(items(repository, "cdna3")["kernels:kernel-family:a.cu"]) == pytest.approx(0.45 * 1.3)
    assert author_days(items(repository, "rdna3")["kernels:kernel-family:a.cu"]) == pytest.approx(0.45)


@pytest.mark.parametrize(
    ("change", "features", "priced"),
    [
        (Change.NONE, {}, False),
        (Change.NONE, {"atomic": 2, "shared_memory": 4}, False),
        (Change.NONE, {"shuffle": 1}, True),
        (Change.RENAME, {}, True),
        (None, {}, True),
    ],
)
def test_recompiled_kernels_cost_by_what_foretells_hand_work(
    change: Change | None, features: dict[str, int], *, priced: bool
) -> None:
    assert bool(items(Repository().kernel("a.cu", "k", 400, change, "cuda", **features))) is priced


def test_a_warp_wide_kernel_needs_nothing_on_a_warp_wide_chip() -> None:
    repository = Repository().kernel("a.cu", "k", 100, Change.NONE, warp_width=4)
    assert items(repository, "cdna3")
    assert not items(repository, "rdna3")


def test_where_nothing_is_recompiled_no_change_is_no_work() -> None:
    assert not items(Repository("cann").kernel("a.py", "k", 100, Change.NONE, "triton", shuffle=1))


def test_a_language_without_a_rate_falls_back_to_its_answer() -> None:
    repository = Repository().kernel("a.py", "k", 100, Change.REWRITE, "taichi")
    assert set(items(repository)) == {"rewrite:runtime"}


def test_what_lies_in_a_kernel_is_part_of_its_price() -> None:
    repository = Repository().kernel("a.cu", "k", 100, Change.NONE, ptx=1)
    alone = items(repository)
    repository.add("a.cu", Change.REWRITE, symbol="mma.sync", area=Area.PTX, in_kernel="k")
    repository.add("a.cu", Change.REWRITE, symbol="mma.sync", area=Area.PTX, in_kernel="other")
    repository.add("a.cu", Change.RENAME, symbol="cudaMalloc", area=Area.RUNTIME, in_kernel="k")
    both = items(repository)
    assert author_days(both["kernels:kernel-family:a.cu"]) == author_days(alone["kernels:kernel-family:a.cu"])
    assert edits(both["rewrite:runtime"]).groups == 1
    assert "rename:runtime" in both
    # The kernel's effort shows under the hardest change its body asks for, on the basis of its own rule.
    (portion,) = both["kernels:kernel-family:a.cu"].portions
    assert (portion.change, portion.basis) == (Change.REWRITE, Basis.TABLE)
    assert len(selected(repository).absorbed) == 1


def reaching(repository: Repository, *scopes: str) -> Repository:
    """Let the kernels of a repository reach device functions."""
    repository.findings = [
        finding
        if finding.kernel is None
        else msgspec.structs.replace(finding, kernel=msgspec.structs.replace(finding.kernel, reaches=scopes))
        for finding in repository.findings
    ]
    return repository


def ptx(*changes: Change | None, guarded: bool = False) -> float:
    """Price a kernel with four PTX statements, answered as given, over the same kernel without any."""
    plain = items(Repository().kernel("a.cu", "k", 100))["kernels:kernel-family:a.cu"]
    repository = Repository().kernel("a.cu", "k", 100, ptx=4)
    for change in changes:
        repository.add("a.cu", change, symbol="ld", area=Area.PTX, in_kernel="k", guarded=guarded)
    return author_days(items(repository)["kernels:kernel-family:a.cu"]) / author_days(plain)


def test_assembly_weighs_what_the_target_makes_of_it() -> None:
    assert ptx() == pytest.approx(4)
    assert ptx(*[Change.NONE] * 2, *[Change.RENAME] * 2) == 1
    assert ptx(*[Change.REWRITE] * 2, guarded=True) == 1
    assert ptx(*[Change.ADAPT] * 4) == pytest.approx(1 + 4 * 0.3)
    assert ptx(Change.REWRITE, Change.ADAPT, Change.NONE) == pytest.approx(1 + 1.3)
    assert ptx(None) == pytest.approx(1.5)
    assert ptx(*[Change.BLOCKED] * 9) == pytest.approx(4)


def test_one_statement_of_many_instructions_counts_once() -> None:
    repository = Repository().kernel("a.cu", "k", 100, ptx=1)
    repository.add("a.cu", Change.REWRITE, symbol="mma", area=Area.PTX, in_kernel="k", count=8)
    assert author_days(items(repository)["kernels:kernel-family:a.cu"]) == pytest.approx(0.45 * 2)


def test_cache_hints_alone_make_no_recompiled_kernel_work() -> None:
    repository = Repository().kernel("a.cu", "k", 100, Change.NONE, ptx=4)
    repository.add("a.cu", Change.RENAME, symbol="ld", area=Area.PTX, in_kernel="k", count=4)
    assert set(items(repository)) == {"rename:runtime"}


def test_a_device_function_is_paid_with_the_kernels_that_reach_it() -> None:
    repository = Repository().kernel("a.cu", "one", 100, ptx=1).kernel("a.cu", "two", 100, ptx=1)
    reaching(repository, "n::mma")
    alone = author_days(items(repository)["kernels:kernel-family:a.cu"])
    repository.add("a.cu", Change.REWRITE, symbol="mma", area=Area.PTX, in_kernel="one", scope="n::mma")
    assert set(items(repository)) == {"kernels:kernel-family:a.cu"}
    # The features of both kernels count it, whichever of them the finding names.
    assert author_days(items(repository)["kernels:kernel-family:a.cu"]) == alone
    assert len(selected(repository).absorbed) == 1


def test_a_device_function_of_a_free_kernel_is_paid_with_the_next() -> None:
    repository = Repository().kernel("a.cu", "free", 100, Change.NONE, atomic=1)
    reaching(repository.kernel("a.cu", "paid", 100, atomic=1), "f")
    repository.add("a.cu", Change.ADAPT, symbol="atomicAdd", area=Area.KERNEL, in_kernel="free", scope="f")
    assert set(items(repository)) == {"kernels:kernel-family:a.cu"}


def test_a_body_whose_kernel_is_free_is_priced_by_itself() -> None:
    repository = Repository().kernel("a.cu", "k", 100, Change.NONE)
    repository.add("a.cu", Change.ADAPT, symbol="__ldg", area=Area.KERNEL, in_kernel="k")
    assert set(items(repository)) == {"adapt:runtime"}


# ------------------------------------------------------------------------------------------------- fixed cost


def native(lines: int, **added: Any) -> Repository:
    return Repository(**added).file("a.cu", lines).add("a.cu", Change.RENAME)


def test_native_code_pays_in_full_from_the_smallest_port_of_the_fit() -> None:
    for lines in (5_700, 50_000):
        assert fixed(native(lines))["native"].median == pytest.approx(74)
    assert fixed(native(2_000))["native"].median == pytest.approx(74 * (2 / 5.7) ** 0.75)


def test_native_code_pays_a_least_where_it_is_recompiled() -> None:
    assert fixed(native(30))["native"].median == pytest.approx(4)
    assert fixed(native(30, target="cann"))["native"].median < 2


def test_only_the_unported_share_is_paid() -> None:
    repository = native(6_000).add("a.cu", Change.RENAME, guarded=True, count=3)
    assert fixed(repository)["native"].median == pytest.approx(74 / 4)


def test_kernels_in_python_count_with_their_own_lines() -> None:
    repository = Repository("cann").file("ops.py", 5_000).kernel("ops.py", "k", 100, Change.REWRITE, "triton")
    assert fixed(repository)["native"].kloc == pytest.approx(0.1)
    assert fixed(repository)["framework"].kloc == pytest.approx(5)


def test_a_renamed_backend_is_not_a_training_stack() -> None:
    repository = Repository("cann").add("a.py", Change.RENAME, area=Area.DISTRIBUTED)
    assert set(fixed(repository)) == {"framework"}
    repository.add("a.py", Change.ADAPT, area=Area.DISTRIBUTED)
    assert set(fixed(repository)) == {"framework", "distributed"}


@pytest.mark.parametrize("area", [Area.BUILD, Area.DEPLOY, Area.ENVIRONMENT, Area.PACKAGE])
def test_build_files_alone_have_no_fixed_cost(area: Area) -> None:
    assert fixed(Repository().add("Dockerfile", Change.ADAPT, area=area)) == {}


def test_a_package_used_in_code_is_code() -> None:
    assert set(fixed(Repository().add("a.py", Change.ADAPT, area=Area.PACKAGE))) == {"framework"}
