"""Rebuild the package tables from a survey of Python distributions.

    python -m rules.tools.import_packages SURVEY.csv

SURVEY.csv has the columns

    package         distribution names, parted by slashes; remarks in brackets are dropped
    import_names    modules, parted by commas
    category        free word
    lock_in         none, soft (CUDA is one of several builds, or a matter of arguments), hard
    <t>_status      for each target: native, fork, partial, alternative, none, unknown
    <t>_equivalent  what takes its place; for `none` what one falls back to
    confidence      high, med, low (from memory)
    notes           free text
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from rules.tools.tables import PACKAGES, Record, Rules, answer, read_csv

Entry = Mapping[str, str]
"""A row of the survey."""

TARGETS = ("cann", "rocm")
"""Targets that answer every distribution, and whose cells the survey vouches for."""

YOUNG = {
    "dcu": "dcu", "gaudi": "gaudi", "gcu": "gcu", "intel": "intel_xpu", "kunlun": "kunlun", "mlu": "mlu",
    "musa": "musa", "tpu": "tpu", "trainium": "neuron",
}  # fmt: skip
"""Other targets -> their columns. The survey names what serves them where it met it, and did not look for the rest:
only what it found counts, and not what it remembers."""

READ, REMEMBERED = "packages-2026-11", "packages-memory"

_ORDINARY_MODULES = frozenset({"cuda", "faiss", "nccl", "stk"})
"""Top-level names that projects give to modules of their own, or that a build without CUDA has too."""

_OTHER_NAMES = {"cuml-svm": "", "ffmpeg": "", "opencv": "opencv-cuda"}
"""Names in the survey that no distribution bears, or that stand for much that knows no CUDA."""

_CHOSEN_BY_ARGUMENT = frozenset(
    {
        "av", "catboost", "decord", "easyocr", "genesis-world", "implicit", "jax", "jaxlib", "lightgbm",
        "lightning", "mpi4py", "numba", "oneflow", "onnxruntime-gpu", "open3d", "openmm", "paddleocr",
        "paddlepaddle-gpu", "petsc4py", "pyfftw", "pymilvus", "reikna", "slepc4py", "taichi", "tensorflow",
        "torch", "torchao", "torchaudio", "torchcodec", "torchmd", "torchvision", "triton", "tritonclient",
        "ultralytics", "verl", "xgboost",
    }
)  # fmt: skip
"""Soft packages whose import says nothing: arguments, device strings or kernels decide, under rules of
their own. The other soft packages bring device code to be built, replaced or left out for a target."""

_CUDA = ("", "-cu11", "-cu12", "-cu13")
_MORE_NAMES = {
    "cucim": tuple(f"cucim{cuda}" for cuda in _CUDA),
    "cuda-python": ("cuda-bindings", "cuda-core", "cuda-pathfinder"),
    "cudf-cu12": tuple(f"{part}{cuda}" for part in ("libcudf", "pylibcudf") for cuda in _CUDA),
    "cugraph-cu12": tuple(f"{part}{cuda}" for part in ("libcugraph", "pylibcugraph") for cuda in _CUDA),
    "cuml-cu12": tuple(f"libcuml{cuda}" for cuda in _CUDA),
    "cuquantum-python": ("cuquantum-python-cu11", "cuquantum-python-cu12", "cuquantum-python-cu13"),
    "cuvs-cu12": tuple(f"libcuvs{cuda}" for cuda in _CUDA),
    "cuxfilter": tuple(f"cuxfilter{cuda}" for cuda in _CUDA),
    "faiss-gpu": ("faiss-gpu-cu11", "faiss-gpu-cu12", "faiss-gpu-cuvs"),
    "flashinfer-python": ("flashinfer-cubin", "flashinfer-jit-cache"),
    "jax": ("jaxlib",),
    "nvidia-cuda-nvcc-cu12": tuple(
        f"nvidia-{part}{cuda}" for part in ("cuda-cccl", "cuda-crt", "nvfatbin", "nvvm") for cuda in _CUDA
    ),
    "nvidia-ml-py": ("nvidia-ml-py3", "pynvml"),
    "nvidia-nvcomp-cu12": tuple(f"nvidia-libnvcomp{cuda}" for cuda in _CUDA),
    "pylibraft-cu12": tuple(f"{part}{cuda}" for part in ("libraft", "raft-dask") for cuda in _CUDA),
    "rmm-cu12": tuple(f"librmm{cuda}" for cuda in _CUDA),
    "tensorrt": tuple(
        f"tensorrt{cuda}{part}" for cuda in ("-cu11", "-cu12", "-cu13") for part in ("", "-bindings", "-libs")
    ),
    "transformer-engine": tuple(f"transformer-engine-{part}" for part in ("cu12", "cu13", "jax", "torch")),
    "ucxx": tuple(f"{part}{cuda}" for part in ("distributed-ucxx", "libucxx", "ucxx") for cuda in _CUDA),
}
"""Further distributions of the same project."""

_MORE_MODULES = {"cuda-python": ("cuda.cuda", "cuda.cudart", "cuda.nvrtc", "cuda.nvjitlink")}
"""Modules below a name that is too ordinary to be asked for."""

_CUPY = ("102", "110", "111", "112", "113", "114", "115", "116", "117", "11x", "12x", "13x")
_SPCONV = (102, 111, 113, 114, 116, 117, 118, 120, 121, 124, 126)
_BUILDS = (
    (re.compile(r"-cu12\Z"), ("", "-cu11", "-cu12", "-cu13")),
    (re.compile(r"-cuda12x\Z"), ("", *(f"-cuda{cuda}" for cuda in _CUPY))),
    (re.compile(r"-cuda120\Z"), ("-cuda110", "-cuda120", "-cuda130")),
    (re.compile(r"-cu120\Z"), ("", *(f"-cu{cuda}" for cuda in _SPCONV))),
    (re.compile(r"-cu112\Z"), ("-cu100", "-cu101", "-cu102", "-cu110", "-cu112")),
)
"""How one distribution is named for other CUDA versions; the survey lists one of them. Where it exists
without an ending, that name comes first and stands for the module."""

_NO_FALLBACK = re.compile(r"(no|WIP|PR|archived)\b")
"""Starts of remarks on why there is no equivalent; anything else names what to fall back to."""

_BRACKETS = re.compile(r"\([^)]*\)?")
_DISTRIBUTION = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def own_names(cell: str) -> list[str]:
    """Return the normalised distribution names that a cell of the survey gives."""
    parts = (part.split()[0] for part in _BRACKETS.sub("", cell).split(" / "))
    normalised = (re.sub(r"[-_]+", "-", part).lower() for part in parts)
    return [
        _OTHER_NAMES.get(name, name) for name in normalised if _DISTRIBUTION.fullmatch(_OTHER_NAMES.get(name, name))
    ]


def names(cell: str) -> list[str]:
    """Return a cell's names with those of other builds and projects; the first stands for the modules."""
    return [other for name in own_names(cell) for other in (*_builds(name), *_MORE_NAMES.get(name, ()))]


def _builds(name: str) -> list[str]:
    for pattern, endings in _BUILDS:
        if pattern.search(name):
            return [pattern.sub(ending, name) for ending in endings]
    return [name]


def owners(survey: Iterable[Entry]) -> dict[str, Entry]:
    """Return each distribution with its entry; a name that is given outranks one that is implied."""
    listed = list(survey)
    found: dict[str, Entry] = {}
    for expand in (own_names, names):
        for entry in listed:
            for name in expand(entry["package"]):
                found.setdefault(name, entry)
    return found


def imports(entry: Entry) -> list[str]:
    """Return the modules whose import is worth a finding."""
    own = own_names(entry["package"])
    if entry["lock_in"] == "none" or _by_argument(entry):
        return []
    modules = [module.strip() for module in entry["import_names"].split(",")]
    kept = [module for module in modules if module and module not in _ORDINARY_MODULES]
    return kept + [module for name in own for module in _MORE_MODULES.get(name, ())]


def _by_argument(entry: Entry) -> bool:
    return entry["lock_in"] == "soft" and not _CHOSEN_BY_ARGUMENT.isdisjoint(own_names(entry["package"]))


def packages(owned: Mapping[str, Entry]) -> Iterator[Record]:
    """Yield the rows of the package table; a module goes to the entry that is locked in hardest."""
    modules: dict[str, list[str]] = {}
    taken: set[str] = set()
    for entry in sorted(
        {id(entry): entry for entry in owned.values()}.values(), key=lambda entry: entry["lock_in"] != "hard"
    ):
        bearers = [name for name in names(entry["package"]) if owned[name] is entry]
        for module in imports(entry):
            if module not in taken:
                alike = re.sub(r"[._]+", "-", module).lower()
                modules.setdefault(alike if alike in bearers else bearers[0], []).append(module)
                taken.add(module)
    for name, entry in owned.items():
        yield (name, " ".join(sorted(modules.get(name, ()))), entry["lock_in"], entry["category"])


def young_row(name: str, entry: Entry, column: str) -> Record | None:
    """Return the answer of a target that the survey did not search for; None where it says nothing one can build on."""
    if entry[f"{column}_status"] in {"unknown", "none"} or "memory)" in entry[f"{column}_equivalent"]:
        return None
    name, status, change, equivalent, *others = row(name, {**entry, "notes": "", "confidence": "med"}, column)
    if change == "none" and equivalent.lower() != name:  # another build or a plugin has to be installed
        change = "rename"
    return (name, status, change, equivalent, *others)


def row(name: str, entry: Entry, target: str) -> Record:
    """Return a target's answer to a distribution."""
    status, equivalent = entry[f"{target}_status"], _clean(entry[f"{target}_equivalent"])
    source = REMEMBERED if entry["confidence"] == "low" or "(memory)" in entry[f"{target}_equivalent"] else READ
    note = _clean(entry["notes"])
    if status == "unknown":
        return answer(name, "unknown", "", equivalent, note=note, source=source)
    if _is_pinned_library(entry):
        equivalent = equivalent.removeprefix("none").strip()
        note = "pinned for the CUDA builds of frameworks: drop it; calls into the library are answered apart"
        return answer(name, "partial", "rename", equivalent, note=note, source=source)
    if status in {"alternative", "none"} and _by_argument(entry):
        note = "; ".join(filter(None, ("only where its CUDA option is used", note)))
        return answer(name, "partial", "adapt", equivalent, note=note, source=source)
    if status == "none":
        return _none(name, entry, equivalent, note, source)
    answered, change = {
        "native": ("supported", "rename" if _needs_a_second(equivalent) else "none"),
        "fork": ("supported", "adapt"),
        "partial": ("partial", "adapt"),
        "alternative": ("partial", "adapt"),
    }[status]
    return answer(name, answered, change, equivalent, note=note, source=source)


def _none(name: str, entry: Entry, fallback: str, note: str, source: str) -> Record:
    """Answer where nothing takes a package's place: users are blocked, unless there is a way around."""
    if fallback == "remove":
        return answer(name, "supported", "rename", note="remove it", source=source)
    if _NO_FALLBACK.match(fallback):
        note, fallback = "; ".join(filter(None, (fallback, note))), ""
    change = "blocked" if entry["lock_in"] == "hard" and not fallback else "rewrite"
    return answer(name, "missing", change, fallback, note=note, source=source)


def _is_pinned_library(entry: Entry) -> bool:
    return entry["category"] == "nvidia-wheel" and entry["import_names"].startswith("nvidia.")


def _needs_a_second(equivalent: str) -> bool:
    """Tell whether a plugin is installed beside the package itself."""
    return " + " in equivalent or equivalent.endswith(" plugin")


def _clean(text: str) -> str:
    return re.sub(r"\s*\(?,?\s*\bmemory\)", "", text).strip()


def main() -> None:
    """Import the survey given on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("survey", type=Path, metavar="SURVEY.csv")
    parser.add_argument("--rules", type=Path, default=Path("rules"), help="folder of rules to write to")
    arguments = parser.parse_args()
    rules = Rules(arguments.rules)
    survey = read_csv(arguments.survey, "package", "import_names", "category", "lock_in", "confidence", "notes")
    owned = owners(survey)
    print(rules.store(PACKAGES, packages(owned), replaces=lambda _: True))
    for target in TARGETS:
        rows = (row(name, entry, target) for name, entry in owned.items())
        print(rules.store(f"targets/{target}/packages.csv", rows, replaces=lambda _: True))
    for target, column in YOUNG.items():
        found = filter(None, (young_row(name, entry, column) for name, entry in owned.items()))
        print(rules.store(f"targets/{target}/packages.csv", found, replaces=lambda _: True))


if __name__ == "__main__":
    main()
