"""Read HIPIFY: its sources say what each CUDA name is, the tables of its documentation say since when."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from rules.tools.checkout import Checkout

_MAP_ENTRY = re.compile(
    r'\{\s*"(?P<name>[^"\n]+)",\s*\{\s*"(?P<hip>[^"\n]*)",\s*"(?P<roc>[^"\n]*)",\s*(?P<kind>CONV_\w+),\s*API_(?P<api>\w+)'
    r"(?P<rest>[^{}\n]*)\}\s*\}"
)
_FLAG = re.compile(
    r"\b[A-Z]+_?(?:UNSUPPORTED|DEPRECATED|REMOVED|EXPERIMENTAL|V2_ONLY)\b|\bUNSUPPORTED\b|\bDEPRECATED\b"
)

_KINDS = {
    "CONV_DEFINE": "macro",
    "CONV_DEVICE_FUNC": "device_function",
    "CONV_DEVICE_TYPE": "type",
    "CONV_LIB_DEVICE_FUNC": "device_function",
    "CONV_NUMERIC_LITERAL": "enum",
    "CONV_TYPE": "type",
}
"""What the converter does with a name -> what the name is; all else are functions, but for includes."""

_LIBRARIES = {
    "BLAS": "cublas", "CAFFE2": "caffe2", "COMPLEX": "cucomplex", "CUB": "cub", "DNN": "cudnn",
    "DRIVER": "driver", "FFT": "cufft", "FILE": "cufile", "RAND": "curand", "RTC": "nvrtc",
    "RUNTIME": "runtime", "SOLVER": "cusolver", "SPARSE": "cusparse", "SPARSELT": "cusparselt",
    "TENSOR": "cutensor",
}  # fmt: skip

_TABLE_FOLDERS = ("docs/tables/", "docs/reference/tables/")


@dataclass(frozen=True)
class Entry:
    """A CUDA name, and what AMD's platform has for it."""

    name: str
    kind: str
    library: str
    """As the source calls it."""
    cuda_added: str = ""
    cuda_deprecated: str = ""
    cuda_removed: str = ""
    hip: str = ""
    """Empty when HIP has nothing."""
    hip_added: str = ""
    hip_deprecated: str = ""
    hip_removed: str = ""
    hip_experimental: str = ""
    roc: str = ""
    """Name in the library below HIP's: rocBLAS, rocSPARSE, MIOpen."""
    roc_added: str = ""
    flags: frozenset[str] = frozenset()
    unsupported_for_cuda: str = ""
    """CUDA versions whose signature the mapping does not cover."""
    source: str = ""

    @property
    def dropped(self) -> bool:
        """Tell whether it is a header that HIP's own headers make superfluous."""
        return self.kind == "header" and not (self.hip or self.roc or self.flags)


def entries(checkout: Checkout, source: str) -> list[Entry]:
    """Return all names of a checkout, in the order of its files."""
    versions = _versions(checkout)
    found = []
    for file in checkout.files("src/"):
        if re.fullmatch(r"src/CUDA2HIP(_\w+)?\.cpp", file):
            mapped = map_entries(checkout.read(file), source, device="_Device_" in file)
            found += [_dated(entry, versions.get(entry.name, {})) for entry in mapped]
    return found


def _dated(entry: Entry, cells: Mapping[str, str]) -> Entry:
    """Complete a name from its row in the tables, which have none for headers."""
    if not cells:
        return entry
    return replace(
        entry,
        cuda_added=cells.get("cuda_added", ""),
        cuda_deprecated=cells.get("cuda_deprecated", ""),
        cuda_removed=cells.get("cuda_removed", ""),
        hip=cells.get("hip", entry.hip),
        hip_added=cells.get("hip_added", ""),
        hip_deprecated=cells.get("hip_deprecated", ""),
        hip_removed=cells.get("hip_removed", ""),
        hip_experimental=cells.get("hip_experimental", ""),
        roc=cells.get("roc", entry.roc),
        roc_added=cells.get("roc_added", ""),
    )


def map_entries(text: str, source: str, *, device: bool = False) -> Iterator[Entry]:
    """Yield the names of one source file's maps.

    The maps name a HIP function even where none exists, so the flags decide whether the name counts.
    """
    for match in _MAP_ENTRY.finditer(_without_comments(text)):
        flags = frozenset(_FLAG.findall(match["rest"]))
        kind = "header" if match["kind"].startswith("CONV_INCLUDE") else _KINDS.get(match["kind"], "function")
        yield Entry(
            name=match["name"],
            kind=kind,
            library="device" if device else _LIBRARIES.get(match["api"], match["api"].lower()),
            hip="" if flags & {"UNSUPPORTED", "HIP_UNSUPPORTED"} else match["hip"],
            roc="" if flags & {"UNSUPPORTED", "ROC_UNSUPPORTED"} else match["roc"],
            flags=flags,
            source=source,
        )


def _without_comments(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("//"))


def _versions(checkout: Checkout) -> dict[str, dict[str, str]]:
    """Return what the tables say about each name, joined over all of them."""
    joined: dict[str, dict[str, str]] = {}
    for folder in _TABLE_FOLDERS:
        for file in checkout.files(folder):
            if file.endswith(".md"):
                for name, cells in table_rows(checkout.read(file)):
                    joined.setdefault(name, {}).update({key: value for key, value in cells.items() if value})
    return joined


def table_rows(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield name and versions from each row of a page of tables.

    A bold heading that is not a single letter opens a column group (CUDA, HIP, ROC, MIOPEN); the letters
    after it are its versions: added, deprecated, changed, removed, experimental.
    """
    columns: list[str] = []
    for line in text.splitlines():
        if not line.startswith("|"):
            continue
        cells = [cell.strip().strip("`") for cell in line.strip().strip("|").split("|")]
        if cells[0] == "**CUDA**":
            columns = _columns(cells)
        elif columns and not cells[0].startswith(":"):
            row = dict(zip(columns, cells, strict=False))
            yield row.pop("name"), {key: value for key, value in row.items() if key}


def _columns(headings: Iterable[str]) -> list[str]:
    letters = {"A": "added", "D": "deprecated", "R": "removed", "E": "experimental"}
    wanted = {
        "cuda_added",
        "cuda_deprecated",
        "cuda_removed",
        "hip_added",
        "hip_deprecated",
        "hip_removed",
        "hip_experimental",
    }
    columns, group = [], ""
    for heading in headings:
        word = heading.strip("*")
        if len(word) > 1:
            group = {"CUDA": "cuda", "HIP": "hip"}.get(word, "roc")
            columns.append("name" if group == "cuda" else group)
        else:
            column = f"{group}_{letters.get(word, word)}"
            columns.append(column if column in wanted | {"roc_added"} else "")
    return columns


def page_entries(rows: Iterable[dict[str, str]], source: str) -> Iterator[Entry]:
    """Yield names from tables that were read by hand, one row each.

    Columns: cuda_name, kind, library, cuda_added, cuda_deprecated, cuda_removed, hip_name, hip_added,
    hip_deprecated, hip_removed, hip_experimental, roc_name, roc_added, hip_unsupported_for_cuda.
    """
    for row in rows:
        yield Entry(
            name=row["cuda_name"],
            kind=row["kind"],
            library=row["library"],
            cuda_added=row["cuda_added"],
            cuda_deprecated=row["cuda_deprecated"],
            cuda_removed=row["cuda_removed"],
            hip=row["hip_name"],
            hip_added=row["hip_added"],
            hip_deprecated=row["hip_deprecated"],
            hip_removed=row["hip_removed"],
            hip_experimental=row["hip_experimental"],
            roc=row["roc_name"],
            roc_added=row["roc_added"],
            flags=frozenset() if row["hip_name"] or row["roc_name"] else frozenset({"UNSUPPORTED"}),
            unsupported_for_cuda=row["hip_unsupported_for_cuda"],
            source=source,
        )
