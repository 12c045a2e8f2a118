"""Import which names of `torch.cuda` a device's own module of torch has.

    python -m rules.tools.import_torch_backends musa TORCH_MUSA
    python -m rules.tools.import_torch_backends mlu TORCH_MLU
    python -m rules.tools.import_torch_backends intel PYTORCH

The module's package is read, not run; for PyTorch itself the names that its documentation lists. A name that is not
there is left unanswered: it may be served by something that was not read. So is what looks at the device, since
having the name says nothing of the meaning.
"""

from __future__ import annotations

import argparse
import ast
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from rules.tools.checkout import Checkout
from rules.tools.import_torch import LIBRARY, looks_at_device
from rules.tools.tables import Record, Rules, answer


class Backend(NamedTuple):
    """A device's module of torch."""

    module: str
    """Its dotted name."""
    place: str
    """Its package or documentation page in the checkout."""
    renames: dict[str, str]
    """Parts of names that carry CUDA's own words -> what the module has in their place."""
    source: str
    """Key in the table's provenance."""


BACKENDS = {
    "intel": Backend("torch.xpu", "docs/source/xpu.md", {"CUDA": "XPU"}, "torch-xpu"),
    "mlu": Backend("torch.mlu", "torch_mlu/mlu", {"CUDA": "MLU", "nccl": "cncl", "nvtx": "cnpx"}, "torch-mlu"),
    "musa": Backend("torch.musa", "torch_musa", {"CUDA": "MUSA", "cudart": "musart", "nccl": "mccl"}, "torch-musa"),
}

_LISTED = re.compile(r"^ {2,}([A-Za-z_]\w*)$", re.MULTILINE)
"""A name in an autosummary of the documentation."""


def package_names(checkout: Checkout, folder: str) -> frozenset[str]:
    """Return the public names of a package, dotted: its own, those of its modules, and the methods of its classes."""
    return frozenset(_names(checkout, f"{folder}/__init__.py", set()))


def _names(checkout: Checkout, file: str, above: set[str]) -> Iterator[str]:
    """Yield the names that a module binds; `above` are the files being read, which end a circle of imports."""
    if file in above or file not in checkout.files(posixpath.dirname(file)):
        return
    tree = ast.parse(checkout.read(file))
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.name
            if isinstance(node, ast.ClassDef):
                yield from (f"{node.name}.{part.name}" for part in node.body if isinstance(part, ast.FunctionDef))
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (target.id for target in targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.ImportFrom) and node.level == 1:
            yield from _imported(checkout, node, posixpath.dirname(file), above | {file})


def _imported(checkout: Checkout, node: ast.ImportFrom, folder: str, above: set[str]) -> Iterator[str]:
    """Yield the names that an import from within the package binds."""
    origin = posixpath.join(folder, *(node.module or "").split(".")) if node.module else folder
    for alias in node.names:
        if alias.name == "*":
            yield from _starred(checkout, origin, above)
            continue
        name = alias.asname or alias.name
        yield name
        below = _module_file(checkout, posixpath.join(origin, alias.name))
        yield from (f"{name}.{inner}" for inner in _names(checkout, below, above))
        inside = _names(checkout, _module_file(checkout, origin), above) if node.module else ()
        yield from (name + inner.removeprefix(alias.name) for inner in inside if inner.startswith(f"{alias.name}."))


def _starred(checkout: Checkout, origin: str, above: set[str]) -> Iterator[str]:
    """Yield what a starred import brings: what `__all__` lists, else all without an underscore."""
    file = _module_file(checkout, origin)
    listed = _all(ast.parse(checkout.read(file))) if file in checkout.files(posixpath.dirname(file)) else None
    for name in _names(checkout, file, above):
        first = name.partition(".")[0]
        if first in listed if listed is not None else not first.startswith("_"):
            yield name


def _all(tree: ast.Module) -> frozenset[str] | None:
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets):
            return frozenset(ast.literal_eval(node.value))
    return None


def _module_file(checkout: Checkout, path: str) -> str:
    package = f"{path}/__init__.py"
    return package if package in checkout.files(path) else f"{path}.py"


def documented_names(checkout: Checkout, page: str) -> frozenset[str]:
    """Return the names that a page of the documentation lists."""
    return frozenset(_LISTED.findall(checkout.read(page)))


def rows(known: Iterable[str], has: Callable[[str], bool], backend: Backend) -> Iterator[Record]:
    """Yield answers to the names of torch.cuda that a backend has."""
    for name in known:
        inner = name.removeprefix(f"{LIBRARY}.")
        if inner == name or looks_at_device(name):
            continue
        for old, new in backend.renames.items():
            inner = inner.replace(old, new)
        if has(inner):
            yield answer(name, "supported", "rename", f"{backend.module}.{inner}", source=backend.source)


def main() -> None:
    """Import the module of the target given on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", choices=sorted(BACKENDS))
    parser.add_argument("checkout", type=Path, metavar="CHECKOUT")
    parser.add_argument("--rules", type=Path, default=Path("rules"), help="folder of rules to write to")
    arguments = parser.parse_args()
    rules, checkout, backend = Rules(arguments.rules), Checkout(arguments.checkout), BACKENDS[arguments.target]
    read = documented_names if backend.place.endswith(".md") else package_names
    names = read(checkout, backend.place)
    found = rows(sorted(rules.known_names()), names.__contains__, backend)
    print(rules.store_answers(arguments.target, found, (backend.source,)))


if __name__ == "__main__":
    main()
