"""Add what AMD's own headers prove: RCCL keeps NCCL's names, rocThrust its tree, hipCUB mirrors CUB's.

    python -m rules.tools.import_rocm_headers --rccl CHECKOUT --rocthrust CHECKOUT --hipcub CHECKOUT

Each checkout is a work tree or a bare repository. Only names that the CUDA surface knows are answered, so
`import_surface` comes first. What a header lacks stays unanswered: it may be newer than the checkout.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from migrate.rulebook.loading import Symbol
from rules.tools.checkout import Checkout
from rules.tools.tables import SYMBOLS, Record, Rules, answer

RCCL, ROCTHRUST, HIPCUB = "rccl-2.21", "rocthrust-3.2", "hipcub-3.3"

_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_DECLARATIONS = (
    ("function", re.compile(r"\b(nccl[A-Z]\w*)\s*\(")),
    ("type", re.compile(r"\btypedef\s[^;{}]*\b(nccl\w+)\s*;|\}\s*(nccl\w+)\s*;")),
    ("enum", re.compile(r"\b(nccl[A-Z]\w*)\s*=")),
    ("macro", re.compile(r"#define\s+(NCCL_\w+)")),
)
_RCCL_OWN = re.compile(r"dummy|Fp8|NCCL_H_")
"""Names that RCCL adds, or that nobody is meant to write."""


def declared(header: str) -> Iterator[Symbol]:
    """Yield the names that RCCL's public header declares under NCCL's prefix."""
    text = _COMMENT.sub(" ", header)
    for kind, pattern in _DECLARATIONS:
        for match in pattern.finditer(text):
            name = next(filter(None, match.groups()))
            if not _RCCL_OWN.search(name):
                yield Symbol(name, "nccl", kind, "", "", "")


def rccl_symbols(header: str, known: Iterable[str]) -> list[Symbol]:
    """Return the declared names that are NCCL's: functions only where NCCL is known to have them."""
    names = frozenset(known)
    return [symbol for symbol in declared(header) if symbol.kind != "function" or symbol.name in names]


def rccl_rows(symbols: Iterable[Symbol]) -> Iterator[Record]:
    """Yield answers for names that RCCL keeps."""
    for symbol in symbols:
        yield answer(symbol.name, "supported", "none", symbol.name, note="RCCL keeps the name", source=RCCL)


def rocthrust_rows(headers: Iterable[str], files: Iterable[str]) -> Iterator[Record]:
    """Yield answers for Thrust headers that rocThrust has too."""
    present = frozenset(files)
    for header in headers:
        if header in present:
            yield answer(header, "supported", "none", header, note="rocThrust keeps the header", source=ROCTHRUST)


def hipcub_rows(headers: Iterable[str], files: Iterable[str]) -> Iterator[Record]:
    """Yield answers for CUB headers that hipCUB mirrors."""
    present = frozenset(files)
    for header in headers:
        mirror = "hip" + header.removesuffix(".cuh") + ".hpp"
        if f"hipcub/include/{mirror}" in present:
            yield answer(header, "supported", "rename", mirror, source=HIPCUB)


def main() -> None:
    """Import the checkouts given on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rccl", type=Path, required=True)
    parser.add_argument("--rocthrust", type=Path, required=True)
    parser.add_argument("--hipcub", type=Path, required=True)
    parser.add_argument("--rules", type=Path, default=Path("rules"), help="folder of rules to write to")
    arguments = parser.parse_args()
    rules = Rules(arguments.rules)
    symbols = rccl_symbols(Checkout(arguments.rccl).read("src/nccl.h.in"), rules.known_names())
    print(rules.store_symbols(symbols, authority=False))
    headers = sorted(name for name, row in rules.read(SYMBOLS).items() if row[Symbol._fields.index("kind")] == "header")
    rows = [*rccl_rows(symbols)]
    rows += rocthrust_rows(headers, Checkout(arguments.rocthrust).files("thrust/"))
    rows += hipcub_rows(headers, Checkout(arguments.hipcub).files("hipcub/include/hipcub/"))
    print(rules.store_answers("rocm", rows, (RCCL, ROCTHRUST, HIPCUB)))


if __name__ == "__main__":
    main()
