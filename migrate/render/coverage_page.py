"""How the rule book covers CUDA, as a table for the terminal and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from migrate.model import Basis
from migrate.rulebook.coverage import Answered, Covered

_HEADS = (*(basis.value for basis in Basis), "absent", "not found")
_WIDE = 10


def coverage_json(covered: Sequence[Covered]) -> str:
    """Return the whole result."""
    return msgspec.json.format(msgspec.json.encode(covered), indent=2).decode() + "\n"


def coverage_table(covered: Sequence[Covered]) -> str:
    """Return one table for each target: libraries by basis, and what is missing by how that is known."""
    lines: list[str] = []
    for target in covered[0].targets if covered else ():
        lines += [*_table(covered, target), ""]
    lines += [
        "recognised: a rule claims the name. curated, table, default, none: basis of the answer.",
        "absent: missing, and a source says so. not found: missing, since the source named below does not have it.",
    ]
    return "\n".join(lines) + "\n"


def _table(covered: Sequence[Covered], target: str) -> list[str]:
    wide = max(len(entry.library) for entry in covered)
    heads = "".join(f"{head:>{_WIDE + 1}}" for head in ("names", "recognised", *_HEADS))
    lines = [target, f"  {'library':<{wide}}{heads}"]
    sources: Counter[str] = Counter()
    for entry in covered:
        answered = entry.targets[target]
        share = f"{100 * entry.recognised / entry.names:.0f} %"
        cells = "".join(f"{cell:>{_WIDE + 1}}" for cell in (entry.names, share, *_cells(answered)))
        lines.append(f"  {entry.library:<{wide}}{cells}")
        sources.update(answered.not_found_in)
    lines += [f"  not found in {source}: {count}" for source, count in sorted(sources.items())]
    return lines


def _cells(answered: Answered) -> tuple[int, ...]:
    counts = tuple(answered.basis[basis] for basis in Basis)
    return (*counts, answered.documented_absent, sum(answered.not_found_in.values()))
