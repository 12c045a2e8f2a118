"""Add the types, enumerators and macros that C headers declare to the CUDA surface.

    python -m rules.tools.import_c_names LIBRARY ROOT HEADER...

ROOT is a folder or a checkout (work tree or bare repository); HEADER is a path in it, or a folder of it. Only names
with the library's own prefixes count, and only names are taken. Functions come from `import_surface`. Call-back
numbers of CUPTI (one for each traced function) are left out: the globs of `libraries.yaml` recognise them.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

from migrate.rulebook.loading import Symbol
from rules.tools.checkout import Checkout
from rules.tools.tables import Rules

PREFIXES = {
    "cufile": r"CUfile\w+|CU_FILE_\w+|CUFILE_\w+",
    "cupti": r"CUpti_\w+|CUPTI_(?!\w*TRACE_CBID)\w+",
    "nccl": r"nccl[A-Z]\w*|NCCL_\w+",
    "nvjitlink": r"nvJitLink\w+|NVJITLINK_\w+",
    "nvjpeg": r"nvjpeg\w+|NVJPEG_\w+",
    "nvml": r"nvml[A-Z]\w*|NVML_\w+",
    "nvtx": r"nvtx[A-Z]\w*|NVTX_\w+",
}
"""Library -> what its names look like."""

_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_MACRO = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)", re.MULTILINE)
_GUARD = re.compile(
    r"_H_*\Z|_INCLUDED_*\Z|_dummy|_(API|DECLSPEC|INLINE_STATIC|DEPRECATED|PLATFORM\w*|IMPL\w*)\Z|_INTERNAL"
)
"""Include guards, and what headers make for themselves."""

_ENUM = re.compile(r"\benum\b[^;{}()]*\{([^{}]*)\}")
_TAG = re.compile(r"\b(?:struct|union|enum)\s+(\w+)\s*\{")
_TYPEDEF = re.compile(r"\btypedef\b[^;{}]*?\b(\w+)\s*;|\}\s*(\w+)\s*;|\(\s*\w*\s*\*\s*(\w+)\s*\)\s*\(")


def declared(header: str, library: str) -> Iterator[Symbol]:
    """Yield the types, enumerators and macros of a header that bear the library's prefixes, each once."""
    own = re.compile(PREFIXES[library])
    text = _COMMENT.sub(" ", header.replace("\\\n", " "))
    code = re.sub(r"^[ \t]*#.*", " ", text, flags=re.MULTILINE)
    seen: set[str] = set()
    for kind, names in (("enum", _enumerators(code)), ("type", _types(code)), ("macro", _macros(text))):
        for name in names:
            if own.fullmatch(name) and name not in seen and not _GUARD.search(name):
                seen.add(name)
                yield Symbol(name, library, kind, "", "", "")


def _enumerators(code: str) -> Iterator[str]:
    for body in _ENUM.findall(code):
        for entry in body.split(","):
            if name := re.match(r"\s*(\w+)", entry):
                yield name[1]


def _types(code: str) -> Iterator[str]:
    yield from _TAG.findall(code)
    for groups in _TYPEDEF.findall(code):
        yield from filter(None, groups)


def _macros(text: str) -> Iterator[str]:
    yield from _MACRO.findall(text)


def main() -> None:
    """Import the headers given on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", choices=sorted(PREFIXES))
    parser.add_argument("root", type=Path)
    parser.add_argument("headers", nargs="+", metavar="HEADER")
    parser.add_argument("--rules", type=Path, default=Path("rules"), help="folder of rules to write to")
    arguments = parser.parse_args()
    checkout, rules = Checkout(arguments.root), Rules(arguments.rules)
    files = [file for header in arguments.headers for file in checkout.files(header) or [header]]
    symbols = [symbol for file in files for symbol in declared(checkout.read(file), arguments.library)]
    print(rules.store_symbols(symbols, authority=False))


if __name__ == "__main__":
    main()
