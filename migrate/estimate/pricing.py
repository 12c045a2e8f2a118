"""From findings to priced items: one price, one uncertainty, and portions that say where the cost falls.

Only owned, unsuppressed, unguarded findings that need a change are priced. What they share is paid once:

* findings with one price key share its `first`; every edit group (rule, symbol, file) pays `each`, which
  falls with practice: `E = a + u * [1 + sum over i = 2..n of max(i^b, floor)]`, b = log2(learning rate).
  Groups that a machine edits cost only review and come last in that sum: adding one makes no other cheaper;
* findings served by a shared fix cost a look each; the fix is paid once;
* what lies inside a priced kernel is part of that kernel's price.
"""

from __future__ import annotations

import functools
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import NamedTuple

import msgspec

from migrate.estimate.defaults import Terms, Triple
from migrate.estimate.kernels import Bodies, author_days, bodies, formula, is_kernel_work
from migrate.model import CHANGE_ORDER, Answer, Area, Basis, Change, Edit, Effort, Finding, Role, SourceFile

CHAIN_AREAS = frozenset({Area.BUILD, Area.DEPLOY, Area.ENVIRONMENT})
"""Findings of these areas are about the tool chain, not about code that computes."""

SOURCES = frozenset({"python", "cuda"})
"""Languages in which the use of a package is code; elsewhere it is a line of a manifest."""

MACHINE_CLASS = "rename-by-machine"


class Case(NamedTuple):
    """A finding with the target's answer and the unit that holds it."""

    finding: Finding
    answer: Answer
    unit: str
    proved: bool
    """A machine's edit of it held."""
    chain: bool
    """It is about building, packaging and deploying."""


class Selection(NamedTuple):
    """The findings that count, sorted."""

    edits: tuple[Case, ...]
    """Priced by their answer."""
    kernels: tuple[Case, ...]
    """Priced by the kernel formula."""
    absorbed: tuple[Case, ...]
    """Inside a priced kernel, or inside a device function that one reaches."""
    guarded: tuple[Case, ...]
    """The code already has a branch for the target."""
    seen: int
    """Owned, unsuppressed findings, with or without work."""
    bodies: Bodies
    """What each kernel holds, priced or not."""

    @property
    def priced(self) -> tuple[Case, ...]:
        """All findings that stand behind the effort."""
        return self.edits + self.kernels + self.absorbed


class Portion(NamedTuple):
    """The part of an item's cost that falls in one place."""

    unit: str
    change: Change | None
    basis: Basis
    chain: bool
    """It is about building and packaging."""
    place: str
    """Directory."""
    proved: bool
    share: float


@dataclass(frozen=True)
class EditPrice:
    """Person-hours of a subject: what is learned once, and its edit groups in units of one `each`."""

    first: Triple
    each: Triple
    machine: Triple
    by_hand: float
    by_machine: float
    groups: int
    machine_groups: int
    bounded: bool
    """The answer is unknown: the price is triangular over what it may turn out to be."""


@dataclass(frozen=True)
class KernelPrice:
    """Author-days of a family of kernels."""

    author_days: float


class Load(NamedTuple):
    """What one finding carries of an item's likely cost, as shares."""

    fingerprint: str
    unit: str
    group: int
    """Place of its edit group, or of the kernel in its family, from 0."""
    by_machine: bool
    once: float
    """Of what is learned and proved once."""
    repeat: float
    title: str = ""
    """A kernel's own name."""
    text: str = ""
    """A kernel's computation."""


@dataclass(frozen=True)
class Item:
    """Something that is priced as a whole and has one uncertainty."""

    id: str
    title: str
    price: EditPrice | KernelPrice
    loading: float
    portions: tuple[Portion, ...]
    source: str
    loads: tuple[Load, ...] = ()
    """By finding, the same shares as the portions; a fix has none."""
    is_fix: bool = False


NOTHING: Triple = (0.0, 0.0, 0.0)


# -------------------------------------------------------------------------------------------------- selection


def select(
    findings: Iterable[Finding],
    files: Mapping[str, SourceFile],
    units: Mapping[str, str],
    edits: Sequence[Edit],
    terms: Terms,
) -> Selection:
    """Sort the findings that count by how they are priced.

    Args:
        findings: In any order.
        files: By path.
        units: Fingerprint -> unit id.
        edits: Tried edits, of any target.
        terms: Their target's answers are taken.

    Raises:
        ValueError: A finding with work is in no unit.
    """
    target = terms.target.id
    proved = {edit.fingerprint for edit in edits if edit.target == target and edit.proved}
    counted = [finding for finding in findings if finding.role == Role.OWNED and finding.suppressed is None]
    cases = [
        Case(
            finding,
            finding.answers[target],
            units.get(finding.fingerprint, ""),
            proved=finding.fingerprint in proved,
            chain=_is_chain(finding, files),
        )
        for finding in sorted(counted, key=lambda finding: finding.fingerprint)
    ]
    guarded = tuple(case for case in cases if case.answer.guarded)
    open_cases = [case for case in cases if not case.answer.guarded]
    held = bodies(counted)

    def by_formula(case: Case) -> bool:
        return is_kernel_work(case.finding, case.answer, held.get(case.finding.fingerprint, ()), terms)

    kernels = tuple(case for case in open_cases if by_formula(case))
    done = {case.finding.fingerprint for case in kernels}
    inside = {part.fingerprint for kernel in sorted(done) for part in held[kernel]}
    plain: list[Case] = []
    absorbed: list[Case] = []
    for case in open_cases:
        if case.answer.change == Change.NONE or case.finding.fingerprint in done:
            continue
        (absorbed if case.finding.fingerprint in inside else plain).append(case)
    selection = Selection(tuple(plain), kernels, tuple(absorbed), guarded, len(cases), held)
    for case in selection.priced:
        if not case.unit:
            raise ValueError(f"{_name(case)} is in no unit of the graph")
    return selection


def _name(case: Case) -> str:
    return f"finding {case.finding.fingerprint} of {case.finding.path}"


def _is_chain(finding: Finding, files: Mapping[str, SourceFile]) -> bool:
    if finding.area == Area.PACKAGE:
        file = files.get(finding.path)
        return file is None or file.language not in SOURCES
    return finding.area in CHAIN_AREAS


# ------------------------------------------------------------------------------------------------------ items


def price_items(selection: Selection, prices: Mapping[str, Effort], terms: Terms) -> tuple[Item, ...]:
    """Price what was selected; the items come sorted by id.

    Args:
        selection: From `select`.
        prices: Price classes of `effort.yaml`; answers carry theirs, only renames by machine are looked up.
        terms: The target's shared fixes, kernel rates and learning rate are used.
    """
    machine = (terms.target.effort.get(MACHINE_CLASS) or prices[MACHINE_CLASS]).each
    fixed: dict[str, list[Case]] = defaultdict(list)
    keyed: dict[str, list[Case]] = defaultdict(list)
    for case in selection.edits:
        if case.answer.shared_fix:
            fixed[case.answer.shared_fix].append(case)
        else:
            keyed[_key(case)].append(case)
    items = [_edit_item(key, cases, machine, terms) for key, cases in keyed.items()]
    for fix, cases in fixed.items():
        items += _fix_items(fix, cases, machine, terms)
    return tuple(sorted((*items, *_kernel_items(selection, terms)), key=lambda item: item.id))


def _key(case: Case) -> str:
    key = _effort(case).key or case.finding.rule
    # What may turn out to be anything is drawn in another way, so it cannot share an item with what is known.
    return f"{key}?" if case.answer.change is None and not key.startswith("unknown:") else key


def _effort(case: Case) -> Effort:
    if case.answer.effort is None:
        raise ValueError(f"{_name(case)} needs work and has no price")
    return case.answer.effort


def _groups(cases: Iterable[Case]) -> list[list[Case]]:
    """Put repeats of one symbol in one file together: they are read and edited in one go."""
    groups: dict[tuple[str, str, str], list[Case]] = defaultdict(list)
    for case in cases:
        groups[case.finding.rule, case.finding.symbol, case.finding.path].append(case)
    return [groups[name] for name in sorted(groups)]


def practice(count: int, terms: Terms) -> float:
    """Return the cost of `count` repeats in units of the first."""
    return math.fsum(map(functools.partial(_repeat, terms), range(1, count + 1)))


def _repeat(terms: Terms, order: int) -> float:
    """Return the cost of the n-th repeat in units of the first."""
    return max(math.pow(order, math.log2(terms.target.learning_rate)), terms.numbers.learning_floor)


def _edit_item(key: str, cases: list[Case], machine: Triple, terms: Terms) -> Item:
    groups = _groups(cases)
    # Where a rule pack prices one key in several ways, the dearest price holds for all.
    effort = max(map(_effort, cases), key=lambda effort: (effort.first[1] + effort.each[1], effort.each))
    mechanical = [all(map(_is_mechanical, group)) for group in groups]
    by_hand = mechanical.count(False)
    hand_units = practice(by_hand, terms)
    all_units = practice(len(groups), terms)
    price = EditPrice(
        first=effort.first,
        each=effort.each,
        machine=machine,
        by_hand=hand_units,
        by_machine=all_units - hand_units,
        groups=len(groups),
        machine_groups=mechanical.count(True),
        bounded=any(case.answer.change is None for case in cases),
    )
    weighted = _weighted(price, groups, mechanical)
    title = f"{key} ({_count(groups)})"
    loading = terms.numbers.loading_edit
    return Item(key, title, price, loading, _portions(weighted), effort.source, _loads(weighted))


def _is_mechanical(case: Case) -> bool:
    return case.proved and case.answer.change == Change.RENAME


def _fix_items(fix: str, cases: list[Case], machine: Triple, terms: Terms) -> tuple[Item, Item]:
    known = terms.target.shared_fixes
    if fix not in known:
        raise ValueError(f"target {terms.target.id} has no shared fix {fix!r}")
    shared, groups = known[fix], _groups(cases)
    loading = terms.numbers.loading_edit
    once = EditPrice(
        shared.effort, NOTHING, NOTHING, by_hand=0, by_machine=0, groups=1, machine_groups=0, bounded=False
    )
    look = EditPrice(
        NOTHING,
        machine,
        machine,
        by_hand=practice(len(groups), terms),
        by_machine=0,
        groups=len(groups),
        machine_groups=0,
        bounded=False,
    )
    weighted = _weighted(look, groups, [False] * len(groups))
    portions = _portions(weighted)
    title = f"Checks after {fix} ({_count(groups)})"
    checks = Item(f"checks:{fix}", title, look, loading, portions, shared.source, _loads(weighted))
    # The fix falls to its own piece of work, and to classes and places as the findings it serves do.
    moved = tuple(portion._replace(unit=fix_unit(fix), proved=False) for portion in portions)
    return Item(fix_unit(fix), shared.title, once, loading, moved, shared.source, is_fix=True), checks


def fix_unit(fix: str) -> str:
    """Name the piece of work that a shared fix is."""
    return f"fix:{fix}"


class _Weighted(NamedTuple):
    """A case with what it weighs in its item."""

    case: Case
    group: int
    by_machine: bool
    once: float
    repeat: float
    text: str = ""


def _weighted(price: EditPrice, groups: list[list[Case]], mechanical: list[bool]) -> list[_Weighted]:
    """Spread the likely cost over findings: the first cost evenly over groups, the rest by who edits."""
    by_machine = mechanical.count(True)
    hand_cost = price.each[1] * price.by_hand / max(len(groups) - by_machine, 1)
    machine_cost = price.machine[1] * price.by_machine / max(by_machine, 1)
    weighted = []
    for number, (group, edited) in enumerate(zip(groups, mechanical, strict=True)):
        once = price.first[1] / len(groups) / len(group)
        repeat = (machine_cost if edited else hand_cost) / len(group)
        weighted += [_Weighted(case, number, edited, once, repeat) for case in group]
    return weighted


def _loads(weighted: Sequence[_Weighted]) -> tuple[Load, ...]:
    total = math.fsum(part.once + part.repeat for part in weighted)
    return tuple(
        Load(
            fingerprint=part.case.finding.fingerprint,
            unit=part.case.unit,
            group=part.group,
            by_machine=part.by_machine,
            once=part.once / total if total else 0.0,
            repeat=part.repeat / total if total else 1 / len(weighted),
            title=part.case.finding.symbol,
            text=part.text,
        )
        for part in weighted
    )


def _count(groups: list[list[Case]]) -> str:
    return "1 edit group" if len(groups) == 1 else f"{len(groups)} edit groups"


def _portions(weighted: Sequence[_Weighted]) -> tuple[Portion, ...]:
    """Merge what falls in one place; the shares sum to 1, evenly when the likely cost is nothing."""
    total = math.fsum(part.once + part.repeat for part in weighted)
    merged: dict[Portion, float] = defaultdict(float)
    for case, _, _, once, repeat, _ in weighted:
        place = Portion(
            unit=case.unit,
            change=case.answer.change,
            basis=case.answer.basis,
            chain=case.chain,
            place=str(PurePosixPath(case.finding.path).parent),
            proved=case.proved,
            share=0.0,
        )
        merged[place] += (once + repeat) / total if total else 1 / len(weighted)
    ordered = sorted(merged, key=lambda place: (place.unit, CHANGE_ORDER[place.change], place[2:]))
    return tuple(place._replace(share=merged[place]) for place in ordered)


# ---------------------------------------------------------------------------------------------------- kernels


def _kernel_items(selection: Selection, terms: Terms) -> list[Item]:
    families: dict[str, list[Case]] = defaultdict(list)
    for case in selection.kernels:
        families[case.unit].append(case)
    return [_family(unit, cases, selection, terms) for unit, cases in families.items()]


def _family(unit: str, cases: list[Case], selection: Selection, terms: Terms) -> Item:
    """Price the kernels of one unit; the dearest is written first and the others profit from it."""
    priced = [(author_days(case.finding, selection.bodies[case.finding.fingerprint], terms), case) for case in cases]
    priced.sort(key=lambda entry: (-entry[0], entry[1].finding.fingerprint))
    weighted = []
    for order, (days, case) in enumerate(priced, start=1):
        body = selection.bodies[case.finding.fingerprint]
        practised = _repeat(terms, order)
        text = formula(case.finding, body, terms)
        if order > 1:
            text += f" x {practised:.3g} as number {order} of the family"
        # The kernel's cost shows under the hardest change that its body asks for.
        answer = msgspec.structs.replace(case.answer, change=_hardest(case, body, terms))
        shown = case._replace(answer=answer, proved=False)
        weighted.append(_Weighted(shown, order - 1, by_machine=False, once=0.0, repeat=days * practised, text=text))
    total = KernelPrice(math.fsum(part.repeat for part in weighted))
    title = f"{len(cases)} kernels in {unit}" if len(cases) > 1 else f"1 kernel in {unit}"
    loading = terms.numbers.loading_kernel
    source = terms.target.kernel_source
    return Item(f"kernels:{unit}", title, total, loading, _portions(weighted), source, _loads(weighted))


def _hardest(case: Case, body: Sequence[Finding], terms: Terms) -> Change | None:
    answers = [part.answers[terms.target.id] for part in body]
    changes = [answer.change for answer in answers if not answer.guarded]
    return max((case.answer.change, *changes), key=lambda change: CHANGE_ORDER[change])
