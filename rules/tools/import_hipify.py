"""Rebuild ROCm's answers, and most of the CUDA surface, from a checkout of HIPIFY.

    python -m rules.tools.import_hipify CHECKOUT --source hipify-2024-10 [--pages PAGES.csv]

CHECKOUT is a work tree or a bare repository. PAGES.csv holds rows of newer documentation pages that were read
by hand (columns: see `hipify.page_entries`); they replace what the checkout says about a name. Both source
keys must stand in `targets/rocm/symbols.yaml`.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable
from pathlib import Path

from migrate.rulebook.answers import VALUES
from migrate.rulebook.loading import DOCUMENTED_ABSENT, Symbol
from rules.tools import surface, ways
from rules.tools.checkout import Checkout
from rules.tools.hipify import Entry, entries, page_entries
from rules.tools.tables import Record, Rules, aliases, answer, read_csv

PAGES_SOURCE = "hipify-docs"


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


def row(entry: Entry) -> Record:
    """Return ROCm's answer to a name; from and up to which HIP version, and for which CUDA, stands in the row."""
    if entry.library == "cudnn":
        return _miopen(entry)
    if not entry.hip:
        return _without_hip(entry)
    if entry.kind == "header":
        return answer(entry.name, "supported", "rename", entry.hip, source=entry.source)
    change = "none" if entry.hip == entry.name else "rename" if entry.hip.isidentifier() else "adapt"
    return answer(
        entry.name,
        "partial" if entry.hip_experimental else "supported",
        change,
        entry.hip,
        since=plain_version(entry.hip_added),
        note=_note(entry),
        source=entry.source,
        until=plain_version(entry.hip_removed),
        cuda=_signature(entry.unsupported_for_cuda),
    )


def _signature(unsupported: str) -> str:
    """Return the CUDA versions whose signature a mapping covers, given those it does not cover.

    One version means that one and what follows it, since a signature that changed does not change back; several
    are taken as they stand.
    """
    versions = unsupported.split()
    return f"<{versions[0]}" if len(versions) == 1 else ",".join(f"!={version}" for version in versions)


def _note(entry: Entry) -> str:
    remarks = (
        (entry.hip_experimental, f"experimental in HIP {entry.hip_experimental}"),
        (entry.hip_deprecated, f"deprecated in HIP {entry.hip_deprecated}"),
        ("HIP_SUPPORTED_V2_ONLY" in entry.flags, "only the signature with a handle, as in the _v2 interface"),
    )
    return "; ".join(text for holds, text in remarks if holds)


def _miopen(entry: Entry) -> Record:
    """Answer for cuDNN: MIOpen resembles it, but descriptors, algorithms and argument lists differ.

    The maps also name hipDNN, a wrapper that current ROCm does not ship; it counts for nothing.
    """
    if entry.roc:
        note = "MIOpen: descriptors, algorithm search and arguments differ"
        return _roc(entry, note)
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
        return _roc(entry, note)
    return _missing(entry, "listed as unsupported")


def _roc(entry: Entry, note: str) -> Record:
    since = plain_version(entry.roc_added)
    return answer(entry.name, "partial", "adapt", entry.roc, since=since, note=note, source=entry.source)


def _missing(entry: Entry, note: str) -> Record:
    if entry.cuda_removed:
        note += f"; CUDA {entry.cuda_removed} removed it too"
    change = "adapt" if entry.kind in VALUES else "rewrite"
    return answer(entry.name, "missing", change, note=note, source=entry.source, absence=DOCUMENTED_ABSENT)


def plain_version(text: str) -> str:
    """Return the first version of a cell as numbers and dots; empty when there is none."""
    found = re.search(r"\d+(?:\.\d+)*", text)
    return found[0] if found else ""


def main() -> None:
    """Import the checkout given on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkout", type=Path)
    parser.add_argument("--source", required=True, help="key of the checkout in the provenance file")
    parser.add_argument("--pages", type=Path, metavar="PAGES.csv")
    parser.add_argument("--rules", type=Path, default=Path("rules"), help="folder of rules to write to")
    arguments = parser.parse_args()
    found = entries(Checkout(arguments.checkout), arguments.source)
    if arguments.pages:
        found += page_entries(read_csv(arguments.pages, "cuda_name", "hip_name"), PAGES_SOURCE)
    chosen = owned(found)
    rules = Rules(arguments.rules)
    print(rules.store_symbols((symbol(entry) for entry in chosen.values()), authority=True))
    rows = {entry.name: row(entry) for entry in chosen.values()}
    rows |= {twin[0]: twin for twin in aliases(rows, sorted(rules.known_names()))}
    print(ways.store(rules, "rocm", rows.values(), (arguments.source, PAGES_SOURCE)))


if __name__ == "__main__":
    main()
