"""Import the names of `torch.cuda` with the answers of torch_npu and of PyTorch's ROCm builds.

    python -m rules.tools.import_torch NAMES.csv

NAMES.csv has the columns torch_name, npu_name, status (full, partial, none) and note; only names below
`torch.cuda` count. ROCm builds of PyTorch keep the whole namespace, so each name is answered by itself, but
for those that look at the device or reach under PyTorch: rules of their own answer them.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from migrate.rulebook.loading import DOCUMENTED_ABSENT, NOT_FOUND, Symbol
from rules.tools import ways
from rules.tools.tables import Record, Rules, answer, read_csv

LIBRARY = "torch.cuda"
NPU, HIP = "torch-npu-2026", "pytorch-hip"

_NAME = re.compile(r"torch\.cuda(\.\w+)*")
_DIFFERS = re.compile(
    r"torch\.cuda\.(get_device_name|get_device_capability|get_arch_list|get_gencode_flags|cudart|current_blas_handle"
    r"|CUDAPluggableAllocator|change_current_allocator|utilization|temperature|power_draw|clock_rate|memory_usage"
    r"|device_memory_used|list_gpu_processes|(nvtx|profiler|_sanitizer|jiterator)(\..*)?)"
)
_LISTED_ABSENT = re.compile(r"\b(unsupported|not supported|no counterpart)\b")
"""How notes say that the support tables rule a name out; else it is only not among the exported names."""

_MODULES = frozenset({"amp", "comm", "jiterator", "memory", "nccl", "nvtx", "profiler", "random", "sparse", "tunable"})
_ATTRIBUTES = frozenset({"default_generators"})


def symbol(name: str) -> Symbol:
    """Return a name's row of the CUDA surface."""
    last = name.rpartition(".")[2]
    if name == LIBRARY or last in _MODULES:
        kind = "module"
    elif last in _ATTRIBUTES:
        kind = "attribute"
    else:
        kind = "type" if last[0].isupper() else "function"
    return Symbol(name, LIBRARY, kind, "", "", "")


def npu_row(entry: Mapping[str, str]) -> Record:
    """Return torch_npu's answer to a name."""
    name, equivalent = entry["torch_name"], entry["npu_name"]
    status, change = {"full": ("supported", "rename"), "partial": ("partial", "adapt")}.get(
        entry["status"], ("missing", "rewrite")
    )
    absence = ""
    if status == "missing":
        absence = DOCUMENTED_ABSENT if _LISTED_ABSENT.search(entry["note"]) else NOT_FOUND
    return answer(name, status, change, equivalent, note=entry["note"], source=NPU, absence=absence)


def looks_at_device(name: str) -> bool:
    """Tell whether a name means something else on another device, or reaches under PyTorch."""
    return _DIFFERS.fullmatch(name) is not None


def rocm_row(name: str) -> Record | None:
    """Return the answer of PyTorch's ROCm build, or None when it has to be written by hand."""
    if name == LIBRARY or looks_at_device(name):
        return None
    return answer(name, "supported", "none", name, note="ROCm builds keep the name", source=HIP)


def names(rows: Iterable[dict[str, str]]) -> list[dict[str, str]]:
    """Return the rows that name something in `torch.cuda`."""
    return [row for row in rows if _NAME.fullmatch(row["torch_name"])]


def main() -> None:
    """Import the list given on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", type=Path, metavar="NAMES.csv")
    parser.add_argument("--rules", type=Path, default=Path("rules"), help="folder of rules to write to")
    arguments = parser.parse_args()
    rules = Rules(arguments.rules)
    listed = names(read_csv(arguments.names, "torch_name", "npu_name", "status", "note"))
    print(rules.store_symbols((symbol(entry["torch_name"]) for entry in listed), authority=True))
    print(ways.store(rules, "cann", (npu_row(entry) for entry in listed), (NPU,)))
    known = sorted(name for name in rules.known_names() if _NAME.fullmatch(name))
    print(rules.store_answers("rocm", filter(None, map(rocm_row, known)), (HIP,)))


if __name__ == "__main__":
    main()
