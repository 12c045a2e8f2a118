"""Import Moore Threads' renames of CUDA names from a checkout of torch_musa, and which of them its sources use.

    python -m rules.tools.import_musa TORCH_MUSA

The tables of its porting tool (torch_musa/utils/mapping/*.json) rename whole header files, so a name in them need not
exist: what torch_musa's own sources use under the new name is supported, the rest partial. Names of device code are
left out: their behaviour differs with the width of a warp, and the tables say nothing of that. NCCL is not in them:
its names count where torch_musa uses them with MCCL's prefix.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from rules.tools.checkout import Checkout
from rules.tools.tables import SYMBOLS, Record, Rules, answer

SOURCE = "torch-musa-mapping"
TARGET = "musa"
MAPPINGS = "torch_musa/utils/mapping"
SOURCES = "torch_musa/csrc"

_TABLES = ("general.json", "include.json")
"""The renames of names and of headers; the others are for PyTorch's own code and for an older muDNN."""

_DEVICE = frozenset(
    {"cooperative-groups", "cub", "cufftw", "cutlass", "device", "device-common", "libcudacxx", "thrust"}
)
"""Libraries of device code, and names that ordinary code bears too."""

_WORD = re.compile(r"[A-Za-z_]\w*")
_INCLUDE = re.compile(r"[<\"]([\w./-]+)[>\"]")
_CODE = (".cpp", ".cu", ".cuh", ".h", ".mu", ".muh")


def renames(checkout: Checkout) -> dict[str, str]:
    """Return CUDA name or header -> MUSA name."""
    found: dict[str, str] = {}
    for table in _TABLES:
        found |= json.loads(checkout.read(f"{MAPPINGS}/{table}"))
    return found


def used(checkout: Checkout) -> frozenset[str]:
    """Return every word and every included path of the sources."""
    found: set[str] = set()
    for file in checkout.files(SOURCES):
        if file.endswith(_CODE):
            text = checkout.read(file)
            found.update(_WORD.findall(text))
            found.update(_INCLUDE.findall(text))
    return frozenset(found)


def rows(table: Mapping[str, str], libraries: Mapping[str, str], seen: Collection[str]) -> Iterator[Record]:
    """Yield answers to the names of host code that the table renames.

    Args:
        table: Names and what they become.
        libraries: Name of the CUDA surface -> its library.
        seen: Names that torch_musa uses.
    """
    for name, equivalent in table.items():
        if name == equivalent or libraries.get(name, "device") in _DEVICE:
            continue
        if equivalent in seen:
            yield answer(name, "supported", "rename", equivalent, source=SOURCE)
        else:
            note = "renamed by the porting tool; torch_musa does not use it"
            yield answer(name, "partial", "rename", equivalent, note=note, source=SOURCE)


def collectives(libraries: Mapping[str, str], seen: Collection[str]) -> Iterator[Record]:
    """Yield answers to the names of NCCL that torch_musa uses with MCCL's prefix."""
    for name, library in libraries.items():
        equivalent = name.replace("nccl", "mccl").replace("NCCL", "MCCL")
        if library == "nccl" and equivalent in seen:
            yield answer(name, "supported", "rename", equivalent, source=SOURCE)


def main() -> None:
    """Import the checkout given on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkout", type=Path, metavar="TORCH_MUSA")
    parser.add_argument("--rules", type=Path, default=Path("rules"), help="folder of rules to write to")
    arguments = parser.parse_args()
    rules, checkout = Rules(arguments.rules), Checkout(arguments.checkout)
    libraries = {name: record[1] for name, record in rules.read(SYMBOLS).items()}
    seen = used(checkout)
    found = (*rows(renames(checkout), libraries, seen), *collectives(libraries, seen))
    print(rules.store_answers(TARGET, found, (SOURCE,)))


if __name__ == "__main__":
    main()
