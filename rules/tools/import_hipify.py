"""Rebuild ROCm's answers, and most of the CUDA surface, from a checkout of HIPIFY.

    python -m rules.tools.import_hipify CHECKOUT --source hipify-2024-10 [--pages PAGES.csv] [--stack 7.0]

CHECKOUT is a work tree or a bare repository. PAGES.csv holds rows of newer documentation pages that were read
by hand (columns: see `hipify.page_entries`); they replace what the checkout says about a name. Both source
keys must stand in `targets/rocm/symbols.yaml`.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable
from pathlib import Path

from migrate.rulebook.loading import Symbol
from rules.tools import surface
from rules.tools.checkout import Checkout
from rules.tools.hipify import Entry, entries, page_entries
from rules.tools.tables import Record, Rules, aliases, answer, read_csv

PAGES_SOURCE = "hipify-docs"

_VALUES = frozenset({"enum", "macro"})
"""Kinds of names that stand for a value: they fall with the call that takes them."""


def owned(found: Iterable[Entry]) -> dict[str, Entry]:
    """Return one entry for each name of the CUDA surface: of one library, the later.

    A name that two libraries declare belongs to the one that `surface.PRECEDENCE` puts first.
    """
    chosen: dict[str, Entry] = {}
    for entry in found:
        library = surface.library_id(entry.library, entry.name)
        if not surface.belongs(entry.name, library, entry.kind):
            continue
        before = chosen.get(entry.name)
        if before is None or surface.precedence(library) <= surface.precedence(
            surface.library_id(before.library, before.name)
        ):
            chosen[entry.name] = entry
    return chosen


def symbol(entry: Entry) -> Symbol:
    """Return an entry's row of the CUDA surface."""
    library = surface.library_id(entry.library, entry.name)
    return Symbol(entry.name, library, entry.kind, entry.cuda_added, entry.cuda_deprecated, entry.cuda_removed)


def row(entry: Entry, stack: str) -> Record:
    """Return ROCm's answer to a name.

    Args:
        entry: The name.
        stack: ROCm version that the target stands for; what came later is only partly there.
    """
    if entry.library == "cudnn":
        return _miopen(entry)
    if not entry.hip or entry.hip_removed:
        return _without_hip(entry)
    if entry.kind == "header":
        return answer(entry.name, "supported", "rename", entry.hip, source=entry.source)
    change = "none" if entry.hip == entry.name else "rename" if entry.hip.isidentifier() else "adapt"
    later = bool(entry.hip_added) and version(entry.hip_added) > version(stack)
    status = "partial" if later or entry.hip_experimental or entry.unsupported_for_cuda else "supported"
    return answer(
        entry.name,
        status,
        change,
        entry.hip,
        since=entry.hip_added,
        note=_note(entry, later=later),
        source=entry.source,
    )


def _note(entry: Entry, *, later: bool) -> str:
    remarks = (
        (later, f"needs HIP {entry.hip_added} or newer"),
        (entry.hip_experimental, f"experimental in HIP {entry.hip_experimental}"),
        (entry.hip_deprecated, f"deprecated in HIP {entry.hip_deprecated}"),
        (entry.unsupported_for_cuda, f"not with the signature of CUDA {entry.unsupported_for_cuda}"),
        ("HIP_SUPPORTED_V2_ONLY" in entry.flags, "only the signature with a handle, as in the _v2 interface"),
    )
    return "; ".join(text for holds, text in remarks if holds)


def _miopen(entry: Entry) -> Record:
    """Answer for cuDNN: MIOpen resembles it, but descriptors, algorithms and argument lists differ.

    The maps also name hipDNN, a wrapper that current ROCm does not ship; it counts for nothing.
    """
    if entry.roc:
        note = "MIOpen: descriptors, algorithm search and arguments differ"
        return answer(entry.name, "partial", "adapt", entry.roc, since=entry.roc_added, note=note, source=entry.source)
    return _missing(entry, "MIOpen has no counterpart")


def _without_hip(entry: Entry) -> Record:
    if entry.dropped:
        return answer(
            entry.name,
            "supported",
            "rename",
            note="drop the include: HIP's main header has it",
            source=entry.source,
        )
    if entry.roc:
        note = "no hip wrapper; call the roc library directly"
        return answer(entry.name, "partial", "adapt", entry.roc, since=entry.roc_added, note=note, source=entry.source)
    if entry.hip_removed:
        return _missing(entry, f"{entry.hip} was removed in HIP {entry.hip_removed}")
    return _missing(entry, "listed as unsupported")


def _missing(entry: Entry, note: str) -> Record:
    if entry.cuda_removed:
        note += f"; CUDA {entry.cuda_removed} removed it too"
    change = "adapt" if entry.kind in _VALUES else "rewrite"
    return answer(entry.name, "missing", change, note=note, source=entry.source)


def version(text: str) -> tuple[int, ...]:
    """Return a version as numbers without trailing zeros, the first of several."""
    numbers = [int(part) for part in re.findall(r"\d+", (text.split() or ["0"])[0])]
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)


def main() -> None:
    """Import the checkout given on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkout", type=Path)
    parser.add_argument("--source", required=True, help="key of the checkout in the provenance file")
    parser.add_argument("--pages", type=Path, metavar="PAGES.csv")
    parser.add_argument("--stack", default="7.0", help="ROCm version that the target stands for")
    parser.add_argument("--rules", type=Path, default=Path("rules"), help="folder of rules to write to")
    arguments = parser.parse_args()
    found = entries(Checkout(arguments.checkout), arguments.source)
    if arguments.pages:
        found += page_entries(read_csv(arguments.pages, "cuda_name", "hip_name"), PAGES_SOURCE)
    chosen = owned(found)
    rules = Rules(arguments.rules)
    print(rules.store_symbols((symbol(entry) for entry in chosen.values()), authority=True))
    rows = {entry.name: row(entry, arguments.stack) for entry in chosen.values()}
    rows |= {twin[0]: twin for twin in aliases(rows, sorted(rules.known_names()))}
    print(rules.store_answers("rocm", rows.values(), (arguments.source, PAGES_SOURCE)))


if __name__ == "__main__":
    main()
