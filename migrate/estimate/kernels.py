"""The price of a kernel: `E = A * (lines / 100)^0.6 * product of (1 + w)`, in author-days to parity.

Whether a kernel is work at all differs. Where CUDA is rewritten, every kernel with a change is. Where it is
recompiled, neither the number of kernels nor their size foretells hand work (over 505 hand-kept CUDA and HIP
pairs, E50); width of a warp, PTX and the like do. There a kernel whose answer is "no change" costs only when
it shows such a feature, then by the whole formula: what is paid is finding out, validating and tuning.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from migrate.estimate.defaults import UNKNOWN, Terms
from migrate.model import Answer, Area, Change, Finding, KernelFacts

IN_KERNEL_AREAS = frozenset({Area.KERNEL, Area.PTX, Area.PRECISION, Area.TRITON})
"""Findings of these areas are features of the kernel they lie in."""

PTX = "ptx"
"""The feature that is weighed by what the target answers to the findings behind it."""

Bodies = Mapping[str, Sequence[Finding]]
"""Fingerprint of a kernel -> what its body, and the device functions it reaches, hold."""


def bodies(findings: Iterable[Finding]) -> Bodies:
    """Find for each kernel the findings that its features stand for; several kernels may share some."""
    kernels: list[Finding] = []
    by_symbol: dict[tuple[str, str], list[Finding]] = defaultdict(list)
    by_scope: dict[str, dict[str, list[Finding]]] = defaultdict(lambda: defaultdict(list))
    for finding in findings:
        if finding.kernel is not None:
            kernels.append(finding)
        elif finding.in_kernel and finding.area in IN_KERNEL_AREAS:
            by_symbol[finding.path, finding.in_kernel].append(finding)
            by_scope[finding.path][finding.scope].append(finding)
    return {
        kernel.fingerprint: [*by_symbol[kernel.path, kernel.symbol], *_lent(kernel, by_scope[kernel.path])]
        for kernel in kernels
    }


def _lent(kernel: Finding, by_scope: Mapping[str, Sequence[Finding]]) -> list[Finding]:
    """Return what a kernel reaches in device functions whose findings name another kernel."""
    facts = kernel.kernel
    if facts is None or not facts.reaches:
        return []
    reached = [part for scope, parts in by_scope.items() if facts.covers(scope) for part in parts]
    return [part for part in reached if part.in_kernel != kernel.symbol]


def is_kernel_work(finding: Finding, answer: Answer, body: Sequence[Finding], terms: Terms) -> bool:
    """Tell whether an unguarded finding is priced by the kernel formula."""
    facts = finding.kernel
    if facts is None or kernel_rate(facts.language, terms) is None:
        return False
    if answer.change != Change.NONE:
        return True
    if not terms.target.recompiles_cuda:
        return False
    telling = weights(facts, body, terms).keys() - set(terms.numbers.kernel_portable)
    return bool(telling)


def kernel_rate(language: str, terms: Terms) -> float | None:
    """Return the author-days of the first kernel of a family, None for a language without a rate."""
    rates = terms.target.kernel_author_days
    return rates.get(f"{terms.chip}/{language}", rates.get(language))


def weights(facts: KernelFacts, body: Sequence[Finding], terms: Terms) -> dict[str, float]:
    """Return what each feature of a kernel adds, as a share of the plain kernel."""
    numbers = terms.numbers
    same_width = any(chip.id == terms.chip and chip.warp == numbers.kernel_warp for chip in terms.target.chips)
    added = {}
    for feature, seen in sorted(facts.features.items()):
        occurrences = _ptx_occurrences(seen, body, terms) if feature == PTX else float(seen)
        weight = numbers.kernel_weights.get(feature, 0.0) * min(occurrences, numbers.kernel_counted.get(feature, 1))
        if weight > 0 and not (feature == "warp-width" and same_width):
            added[feature] = weight
    return added


def _ptx_occurrences(seen: int, body: Sequence[Finding], terms: Terms) -> float:
    """Count the assembly of a kernel by how hard it is for the target; every statement when no finding tells."""
    answers = [part.answers[terms.target.id] for part in body if part.area == Area.PTX]
    if not answers:
        return seen
    return min(math.fsum(_hardness(answer, terms) for answer in answers), seen)


def _hardness(answer: Answer, terms: Terms) -> float:
    return 0.0 if answer.guarded else terms.numbers.kernel_ptx[answer.change or UNKNOWN]


def author_days(finding: Finding, body: Sequence[Finding], terms: Terms) -> float:
    """Price a kernel as the first of its family."""
    rate, facts = _priced(finding, terms)
    numbers = terms.numbers
    size = math.pow(max(facts.code_lines, 1) / numbers.kernel_lines, numbers.kernel_size_exponent)
    return rate * size * math.prod(1 + weight for weight in weights(facts, body, terms).values())


def formula(finding: Finding, body: Sequence[Finding], terms: Terms) -> str:
    """Write the computation of `author_days` out."""
    rate, facts = _priced(finding, terms)
    numbers = terms.numbers
    size = f"({max(facts.code_lines, 1)} lines / {numbers.kernel_lines:g})^{numbers.kernel_size_exponent:g}"
    factors = (f"{1 + weight:.3g} {feature}" for feature, weight in weights(facts, body, terms).items())
    return " x ".join((f"{rate:g} author-days", size, *factors))


def _priced(finding: Finding, terms: Terms) -> tuple[float, KernelFacts]:
    rate = kernel_rate(finding.kernel.language, terms) if finding.kernel else None
    if finding.kernel is None or rate is None:
        raise ValueError(f"finding {finding.fingerprint} is not priced by the kernel formula")
    return rate, finding.kernel
