"""Import what SYCLomatic migrates from CUDA to SYCL.

    python -m rules.tools.import_sycl NAMES.csv

NAMES.csv is read off SYCLomatic's lists (clang/lib/DPCT/SrcAPI/APINames*.inc, docs/dev_guide/api-mapping-status); its
columns are

    cuda_name         a name of CUDA's C and C++ interfaces; those of PTX start with `asm:` and are left out
    sycl_supported    yes, partial (removed, experimental, or with limits), no
    diagnostics       marks (DPCT ids) that the tool leaves in the code
    note              free text
    evidence          listed, alias (of a listed name but for its version), absent (no list has it)

What the tool does not migrate SYCL and oneAPI may still have: such a name is one that the source lacks.
"""

from __future__ import annotations

import argparse
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from migrate.rulebook.loading import NOT_FOUND
from rules.tools.tables import Record, Rules, answer, read_csv

SOURCE = "syclomatic"
TARGET = "intel"

_BY_TOOL = "code that SYCLomatic writes"
_BY_HAND = "written by hand against SYCL and oneAPI"


def row(entry: Mapping[str, str]) -> Record:
    """Return the answer to a name."""
    name = entry["cuda_name"]
    marks = f"marked {entry['diagnostics']}" if entry["diagnostics"] else ""
    note = "; ".join(filter(None, (marks, entry["note"])))
    if entry["sycl_supported"] == "yes":
        return answer(name, "supported", "adapt", _BY_TOOL, note=note, source=SOURCE)
    if entry["sycl_supported"] == "partial":
        return answer(name, "partial", "adapt", _BY_TOOL, note=note, source=SOURCE)
    return answer(name, "missing", "rewrite", _BY_HAND, note=note, source=SOURCE, absence=NOT_FOUND)


def rows(entries: Iterable[Mapping[str, str]], known: Collection[str]) -> Iterator[Record]:
    """Yield answers to the names that the CUDA surface has."""
    for entry in entries:
        if entry["cuda_name"] in known:
            yield row(entry)


def main() -> None:
    """Import the list given on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", type=Path, metavar="NAMES.csv")
    parser.add_argument("--rules", type=Path, default=Path("rules"), help="folder of rules to write to")
    arguments = parser.parse_args()
    rules = Rules(arguments.rules)
    entries = read_csv(arguments.names, "cuda_name", "sycl_supported", "diagnostics", "note", "evidence")
    print(rules.store_answers(TARGET, rows(entries, rules.known_names()), (SOURCE,)))


if __name__ == "__main__":
    main()
