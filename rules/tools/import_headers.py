"""Answer names by the headers of the libraries that mirror CUDA's: cudaX is hipX where a header declares hipX.

    python -m rules.tools.import_headers TARGET ROOT HEADER... --source hip-7.1 --libraries runtime,driver [--since 7.1]

ROOT is a folder or a checkout (work tree or bare repository) that holds the headers; HEADER is a path in it, or a
folder of it. SOURCE must stand in `targets/TARGET/symbols.yaml`. Only names that no row answers, or that a row calls
missing, get an answer here: other importers know more about a name than that it exists.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from migrate.rulebook.answers import VALUES
from migrate.rulebook.loading import Row, Symbol
from rules.tools.checkout import Checkout
from rules.tools.tables import SYMBOLS, Record, Rules, answer, answers

_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_IDENTIFIER = re.compile(r"\b[A-Za-z_]\w+\b")


_ALL = VALUES | {"type", "function", "device_function"}
_BUT_FUNCTIONS = VALUES | {"type"}


class Mirror(NamedTuple):
    """How a library's names are written on the other side."""

    prefixes: tuple[tuple[str, str], ...]
    faithful: frozenset[str] = _ALL
    """Kinds of names that mean the same there; of the others only the stem is the same, and they are adapted."""
    loose: frozenset[str] = frozenset()
    """Kinds of names that are compared without case and underscores: CU_MEM_X_Y is hipMemXY."""


MIRRORS = {
    "rocm": {
        "runtime": Mirror((("cuda", "hip"), ("CUDA", "HIP"))),
        "driver": Mirror((("CUDA_", "hip"), ("cu", "hip"), ("CU", "hip")), VALUES, _BUT_FUNCTIONS),
        "device": Mirror((("", ""),)),
        "cublas": Mirror((("cublas", "hipblas"), ("CUBLAS", "HIPBLAS"), ("CUDA_", "HIP_"))),
        "cublaslt": Mirror((("cublas", "hipblas"), ("CUBLAS", "HIPBLAS")), VALUES),
        "cufft": Mirror((("cufft", "hipfft"), ("CUFFT", "HIPFFT"))),
        "curand": Mirror((("curand", "hiprand"), ("CURAND", "HIPRAND"), ("skipahead", "skipahead"))),
        "cusolver": Mirror((("cusolver", "hipsolver"), ("CUSOLVER", "HIPSOLVER"))),
        "cusparse": Mirror((("cusparse", "hipsparse"), ("CUSPARSE", "HIPSPARSE"))),
    },
    "cann": {
        "runtime": Mirror((("cuda", "acl"), ("cuda", "aclrt")), VALUES, VALUES),
        "driver": Mirror((("CU_", "acl"), ("CU_", "aclrt")), VALUES, VALUES),
        "cublas": Mirror((("cublas", "aclblas"), ("CUBLAS", "aclblas")), _BUT_FUNCTIONS, VALUES),
        "cublaslt": Mirror((("cublas", "aclblas"), ("CUBLAS", "aclblas")), _BUT_FUNCTIONS, VALUES),
        "cufft": Mirror((("cufft", "aclfft"), ("CUFFT", "aclfft")), _BUT_FUNCTIONS, VALUES),
        "cusolver": Mirror((("cusolverDn", "aclsolver"), ("cusolver", "aclsolver")), _BUT_FUNCTIONS, VALUES),
        "cusparse": Mirror((("cusparse", "aclsparse"), ("CUSPARSE", "aclsparse")), _BUT_FUNCTIONS, VALUES),
        "nccl": Mirror((("nccl", "Hccl"),), frozenset()),
        "nvtx": Mirror((("nvtx", "mstx"),), frozenset()),
    },
}
"""Target -> library -> its mirror. The driver's HIP twins take the runtime's pointers and handles."""


_DECLARED_ONLY = re.compile("nvsci", re.IGNORECASE)
"""Names that HIP's header repeats although AMD's platform has nothing behind them."""

_ON_CHIPS = {"cann": (re.compile(r"ACL_DEV_ATTR_(WARP|MAX_BLOCK|MAX_GRID|MAX_THREADS)_\w+"), "ascend-950")}
"""Target -> declared names that mean something on some chips only: without SIMT there are no warps and threads."""


def identifiers(texts: Iterable[str]) -> frozenset[str]:
    """Return every identifier that stands in headers outside comments."""
    return frozenset(name for text in texts for name in _IDENTIFIER.findall(_COMMENT.sub(" ", text)))


def rows(
    symbols: Iterable[Symbol],
    known: Mapping[str, Record],
    target: str,
    declared: frozenset[str],
    *,
    source: str,
    since: str = "",
) -> Iterator[Record]:
    """Yield answers for names whose mirror is declared.

    Args:
        symbols: Names of the CUDA surface.
        known: The target's rows so far.
        target: Id of the target, one of `MIRRORS`.
        declared: Identifiers of the headers.
        source: Key of the headers.
        since: Version of the stack whose headers they are; earlier ones were not read.
    """
    folded = {_folded(name): name for name in sorted(declared)}
    for symbol in symbols:
        row = Row(*known[symbol.name]) if symbol.name in known else None  # type: ignore[arg-type] # the cells as text
        if row is not None and row.status != "missing" and row.source != source:
            continue
        mirror = MIRRORS[target][symbol.library]
        twin = _twin(symbol, mirror, declared, folded)
        if not twin or _DECLARED_ONLY.search(twin):
            continue
        bound, chips = _ON_CHIPS.get(target, (None, ""))
        chips = chips if bound and bound.fullmatch(twin) else ""
        # A function that the vendor's own tables call unsupported although it is declared has another signature.
        refused = row is not None and row.source != source and symbol.kind == "function"
        if refused or symbol.kind not in mirror.faithful:
            note = "declared, but not mapped by the vendor: check the parameters" if refused else _ADAPTED
            yield answer(symbol.name, "partial", "adapt", twin, since=since, note=note, source=source, chips=chips)
        else:
            change = "none" if twin == symbol.name else "rename"
            yield answer(symbol.name, "supported", change, twin, since=since, source=source, chips=chips)


_ADAPTED = "declared under this name; parameters differ"

_TAG = re.compile(r"(_enum|_st|_union|_v\d+)+\Z")
"""What the driver's header adds to the tag of a type and to its older forms."""


def _twin(symbol: Symbol, mirror: Mirror, declared: frozenset[str], folded: Mapping[str, str]) -> str:
    """Return the declared name that mirrors a name; empty when there is none."""
    for prefix, other in mirror.prefixes:
        if not symbol.name.startswith(prefix):
            continue
        twin = other + symbol.name.removeprefix(prefix)
        if twin in declared:
            return twin
        if symbol.kind in mirror.loose and (found := folded.get(_folded(_TAG.sub("", twin)))):
            return found
    return ""


def _folded(name: str) -> str:
    return name.replace("_", "").casefold()


def main() -> None:
    """Import the headers given on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", choices=sorted(MIRRORS))
    parser.add_argument("root", type=Path)
    parser.add_argument("headers", nargs="+", metavar="HEADER")
    parser.add_argument("--source", required=True, help="key of the headers in the provenance file")
    parser.add_argument("--libraries", required=True, metavar="ID,...")
    parser.add_argument("--since", default="", help="version of the stack that the headers belong to")
    parser.add_argument("--rules", type=Path, default=Path("rules"), help="folder of rules to write to")
    arguments = parser.parse_args()
    checkout, rules = Checkout(arguments.root), Rules(arguments.rules)
    files = [file for header in arguments.headers for file in checkout.files(header) or [header]]
    declared = identifiers(checkout.read(file) for file in files if file.endswith((".h", ".hpp", ".in")))
    wanted = frozenset(arguments.libraries.split(","))
    symbols = [symbol for row in rules.read(SYMBOLS).values() if (symbol := Symbol(*row)).library in wanted]
    target = arguments.target
    known = rules.read(answers(target))
    found = list(rows(symbols, known, target, declared, source=arguments.source, since=arguments.since))
    print(rules.store_answers(target, found, (arguments.source,)))


if __name__ == "__main__":
    main()
