"""The fixed effort of a port: tool chain, training, integration, accuracy, performance, release.

It dominates small ports, and the code decides which reference class it is drawn from. A repository may belong
to several (native kernels, an application on a framework, a distributed training stack); each is scaled by
its own amount of code and by the share of it that is not ported yet, and the dearest counts, draw by draw.
Taking the dearest and not the sum follows the fit: the native ports it rests on had Python layers and tests
of their own. Build files and packages alone belong to no class: their own prices cover them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from migrate.estimate.defaults import Numbers, Terms
from migrate.estimate.pricing import Case, Selection
from migrate.model import CHANGE_ORDER, Area, Change, SourceFile, Stage

NATIVE = "cuda"
"""Language id of C, C++ and CUDA sources."""


class Fixed(NamedTuple):
    """A reference class that applies, scaled to this code base."""

    name: str
    median: float
    """Author-days."""
    p90: float
    kloc: float
    """Code that makes it apply, in 1000 lines."""
    unported: float
    """Share of its findings that no branch for the target covers."""


def fixed_classes(selection: Selection, files: Mapping[str, SourceFile], terms: Terms) -> tuple[Fixed, ...]:
    """Return the reference classes that apply.

    Args:
        selection: What is priced and what is guarded.
        files: By path.
        terms: Whether the target recompiles CUDA sets the least effort of native code.
    """
    numbers = terms.numbers
    least_native = numbers.fixed_native_floor if terms.target.recompiles_cuda else 0.0
    classes = (
        ("native", numbers.fixed_native, _is_native, least_native),
        ("framework", numbers.fixed_framework, _is_code, 0.0),
        ("distributed", numbers.fixed_distributed, _is_distributed, 0.0),
    )
    found = []
    for name, (median, p90), belongs, least in classes:
        cases = [case for case in selection.priced if belongs(case, files)]
        if not cases:
            continue
        guarded = sum(belongs(case, files) for case in selection.guarded)
        unported = len(cases) / (len(cases) + guarded)
        kloc = (native_lines(cases, files) if name == "native" else _lines(cases, files)) / 1000
        scale = min(1.0, (kloc / numbers.fixed_full_kloc) ** numbers.fixed_exponent)
        scale = max(scale, least / median) * unported
        if scale > 0:
            found.append(Fixed(name, median * scale, p90 * scale, kloc, unported))
    return tuple(found)


def _is_code(case: Case, _: Mapping[str, SourceFile]) -> bool:
    return not case.chain


def _is_native(case: Case, files: Mapping[str, SourceFile]) -> bool:
    if case.chain:
        return False
    return case.finding.kernel is not None or _language(case, files) == NATIVE


def _is_distributed(case: Case, _: Mapping[str, SourceFile]) -> bool:
    """A backend that only changes its name does not make a training stack."""
    if case.finding.area != Area.DISTRIBUTED:
        return False
    return case.answer.guarded or CHANGE_ORDER[case.answer.change] >= CHANGE_ORDER[Change.ADAPT]


def _language(case: Case, files: Mapping[str, SourceFile]) -> str:
    file = files.get(case.finding.path)
    return file.language if file else ""


def _lines(cases: Iterable[Case], files: Mapping[str, SourceFile]) -> int:
    paths = {case.finding.path for case in cases}
    return sum(files[path].code_lines for path in paths if path in files)


def native_lines(cases: Iterable[Case], files: Mapping[str, SourceFile]) -> int:
    """Count native code: whole C, C++ and CUDA files, and the kernels inside files of another language."""
    cases = [case for case in cases if _is_native(case, files)]
    whole = [case for case in cases if _language(case, files) == NATIVE]
    parts = [case for case in cases if _language(case, files) != NATIVE]
    return _lines(whole, files) + sum(case.finding.kernel.code_lines for case in parts if case.finding.kernel)


def split(stage: Stage, numbers: Numbers) -> dict[str, float]:
    """Return the phases of the fixed effort with their shares, in the order of the work."""
    return numbers.fixed_split_parity if stage == Stage.PARITY else numbers.fixed_split_functional
