"""Rebuild CANN's answers from a mapping that was read from its headers and documents.

    python -m rules.tools.import_cann MAPPING.csv --acl-functions FILE_OR_DIR

MAPPING.csv has the columns

    cuda_name       a name of the CUDA surface; rows for anything else are left out and counted
    cann_name       what CANN has, empty when it has nothing
    status          full, partial, none
    kind_of_change  rename, adapt, rewrite, none (the call is dropped)
    note            free text; "products: 950/A3/A2" lists the chips when not all have it
    source          where it was read; "[auto name match]" marks rows that only a name comparison made

ACL functions are checked against FILE_OR_DIR: a CSV with a column `function`, or a folder of headers.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from migrate.rulebook.loading import DOCUMENTED_ABSENT, NOT_FOUND
from rules.tools import ways
from rules.tools.tables import SYMBOLS, Record, Rules, aliases, answer, read_csv

READ, MATCHED = "cann-2026", "cann-name-match"

_AUTO = "[auto name match]"
_STATUS = {"full": "supported", "partial": "partial", "none": "missing"}
_ABSENCE = ("no function of that name", "no function of that purpose seen", "no counterpart seen")
"""How notes say that a name was not found in one header: no evidence that the platform lacks it."""

_CHIPS = {"A2": "atlas-a2", "A3": "atlas-a3", "950": "ascend-950"}
"""Families as the mapping calls them -> the target's chips; it names older families too."""

_PRODUCTS = re.compile(r"products: ([\w/]+)")
_SIMT_ONLY = re.compile(r"Ascend 950 SIMT|SIMT device API|Ascend 950PR/950DT only|SIMT kernels \(Ascend 950\) only")
_DOCUMENTED = re.compile(r"documented as|SIMT|do not exist on NPU")
"""How notes say that a document, and not only a header, rules a name out."""
_RUNTIME_FUNCTION = re.compile(r"aclrt(?!c[A-Z])\w+|aclmdlRI\w+|aclprof\w+")
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")


def row(entry: Mapping[str, str], kind: str, functions: frozenset[str]) -> Record | str:
    """Return CANN's answer to a name, or why there is none.

    Args:
        entry: A row of the mapping.
        kind: What the CUDA name is.
        functions: The ACL functions that the headers declare.
    """
    name, equivalent, note = (
        entry["cuda_name"],
        entry["cann_name"],
        entry["note"].replace("(memory)", "(from memory)").strip(),
    )
    automatic = _AUTO in entry["source"]
    source = MATCHED if automatic else READ
    if entry["status"] == "none" and automatic and (not note or note.startswith(_ABSENCE)):
        return "absence is no evidence"
    if kind == "function" and _RUNTIME_FUNCTION.fullmatch(equivalent) and equivalent not in functions:
        return "not in the headers"
    if entry["kind_of_change"] == "none":
        note = "; ".join(filter(None, ("drop the call", note)))
        return answer(name, "supported", "rename", note=note, source=source)
    equivalent = _same(equivalent, name)
    chips = _chips(note)
    if chips == _CHIPS["950"]:
        return answer(name, "partial", "adapt", equivalent, note=note, source=source, chips=chips)
    status, change = _STATUS[entry["status"]], _change(entry, automatic=automatic)
    if status == "missing":
        absence = DOCUMENTED_ABSENT if _DOCUMENTED.search(note) else NOT_FOUND
        return answer(name, status, change, equivalent, note=note, source=source, absence=absence)
    if automatic:
        note = "; ".join(filter(None, ("matched by name, types and layouts not compared", note)))
    return answer(name, status, change, equivalent, note=note, source=source, chips=chips)


def _chips(note: str) -> str:
    """Return the chips that have a name, in the target's words; empty when all have it, or none of the target's."""
    if _SIMT_ONLY.search(note):
        return _CHIPS["950"]
    products = _PRODUCTS.search(note)
    named = products[1].split("/") if products else []
    chips = [chip for family, chip in _CHIPS.items() if family in named]
    return " ".join(chips) if len(chips) < len(_CHIPS) else ""


def _change(entry: Mapping[str, str], *, automatic: bool) -> str:
    """Return the change class: a name match proves no more than that something has to be adapted."""
    change = entry["kind_of_change"]
    if change == "rename" and (automatic or not _IDENTIFIER.fullmatch(entry["cann_name"])):
        return "adapt"
    return change


def _same(equivalent: str, name: str) -> str:
    return name if equivalent == "same names" else equivalent


def acl_functions(path: Path) -> frozenset[str]:
    """Return the ACL functions of a list, or of a folder of headers."""
    if path.is_dir():
        texts = (header.read_text(encoding="utf-8", errors="replace") for header in sorted(path.rglob("*.h")))
        return frozenset(name for text in texts for name in re.findall(r"\b(acl\w+)\s*\(", text))
    return frozenset(entry["function"] for entry in read_csv(path, "function"))


def rows(
    mapping: Iterable[Mapping[str, str]], kinds: Mapping[str, str], functions: frozenset[str]
) -> tuple[list[Record], Counter[str], list[str]]:
    """Return the answers, how many rows gave none and why, and the names outside the CUDA surface."""
    found: list[Record] = []
    skipped: Counter[str] = Counter()
    foreign: list[str] = []
    for entry in mapping:
        if entry["cuda_name"] not in kinds:
            foreign.append(entry["cuda_name"])
            continue
        result = row(entry, kinds[entry["cuda_name"]], functions)
        if isinstance(result, str):
            skipped[result] += 1
        else:
            found.append(result)
    return found, skipped, foreign


def main() -> None:
    """Import the mapping given on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mapping", type=Path, metavar="MAPPING.csv")
    parser.add_argument("--acl-functions", type=Path, required=True, metavar="FILE_OR_DIR")
    parser.add_argument("--rules", type=Path, default=Path("rules"), help="folder of rules to write to")
    arguments = parser.parse_args()
    rules = Rules(arguments.rules)
    kinds = {name: record[2] for name, record in rules.read(SYMBOLS).items()}
    mapping = read_csv(arguments.mapping, "cuda_name", "cann_name", "status", "kind_of_change", "note", "source")
    found, skipped, foreign = rows(mapping, kinds, acl_functions(arguments.acl_functions))
    found += aliases({record[0]: record for record in found}, sorted(kinds))
    print(ways.store(rules, "cann", found, (READ, MATCHED)))
    for reason, count in sorted(skipped.items()):
        print(f"left out, {reason}: {count}")
    print(f"left out, not of the CUDA surface: {len(foreign)} ({', '.join(foreign)})")


if __name__ == "__main__":
    main()
