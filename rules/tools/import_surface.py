"""Add declared functions and installed headers to the CUDA surface.

    python -m rules.tools.import_surface FUNCTIONS.csv [--headers DIR]

FUNCTIONS.csv has the columns library, name, header; several headers of one function are parted by bars. DIR
is an include folder that holds `cub`, `thrust`, `cuda` or `nv`, whose public headers are added.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from migrate.rulebook.loading import Symbol
from rules.tools import surface
from rules.tools.tables import Rules, read_csv

_TREES = {"cub": "cub", "thrust": "thrust", "cuda": "libcudacxx", "nv": "libcudacxx"}
_INTERNAL = frozenset({"agent", "detail", "dispatch", "system"})
_VERSION = re.compile(r"_v\d+\Z")
_HEADER_SUFFIXES = frozenset({"", ".cuh", ".h"})


def functions(rows: Iterable[dict[str, str]]) -> Iterator[Symbol]:
    """Yield the functions of a declaration list, then the headers that declare them."""
    listed = list(rows)
    for row in sorted(listed, key=lambda row: surface.precedence(surface.library_id(row["library"], row["name"]))):
        library = surface.library_id(row["library"], row["name"])
        kind = (
            "device_function"
            if row["library"].startswith("device_") or row["library"] == "curand_device"
            else "function"
        )
        if not surface.belongs(row["name"], library, kind):
            library = surface.COMMON.get(library, "")
        for name in _spellings(row["name"], library) if library else ():
            yield Symbol(name, library, kind, "", "", "")
    for row in listed:
        for header in surface.headers(row["header"]):
            yield Symbol(header, surface.library_id(row["library"], header), "header", "", "", "")


def _spellings(name: str, library: str) -> tuple[str, ...]:
    """Return how code writes a function: NVML's header maps the plain name to the newest version."""
    plain = _VERSION.sub("", name)
    return (plain, name) if library == "nvml" and plain != name else (name,)


def installed_headers(include: Path) -> Iterator[Symbol]:
    """Yield the public headers of the template libraries below an include folder."""
    for tree, library in _TREES.items():
        for path in sorted((include / tree).rglob("*")):
            inner = path.relative_to(include)
            if path.is_file() and path.suffix in _HEADER_SUFFIXES and _is_public(inner):
                yield Symbol(inner.as_posix(), library, "header", "", "", "")


def _is_public(path: Path) -> bool:
    return not any(part in _INTERNAL or part.startswith("_") for part in path.parts)


def main() -> None:
    """Merge the files given on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("functions", type=Path, metavar="FUNCTIONS.csv")
    parser.add_argument("--headers", type=Path, metavar="DIR", action="append", default=[])
    parser.add_argument("--rules", type=Path, default=Path("rules"), help="folder of rules to write to")
    arguments = parser.parse_args()
    symbols = list(functions(read_csv(arguments.functions, "library", "name", "header")))
    for include in arguments.headers:
        symbols += installed_headers(include)
    print(Rules(arguments.rules).store_symbols(symbols, authority=False))


if __name__ == "__main__":
    main()
