"""The importers keep what is not theirs, and answer as the tables' notes say."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from migrate.errors import RuleError
from migrate.rulebook import loading
from migrate.rulebook.loading import Row
from migrate.rulebook.names import listed, write_names
from rules.tools import (
    import_c_names,
    import_cann,
    import_headers,
    import_hipify,
    import_packages,
    import_rocm_headers,
    import_surface,
    import_torch,
    ways,
)
from rules.tools.checkout import Checkout
from rules.tools.hipify import Entry, entries, map_entries, page_entries, table_rows
from rules.tools.tables import Record, Rules, aliases, answer

# ----------------------------------------------------------------------------------------------------- tables


def rules_with(tmp_path: Path, overrides: Iterable[dict[str, str]] = ()) -> Rules:
    fields = "table name library kind since deprecated removed status change equivalent note source".split()  # noqa: SIM905
    with (tmp_path / "overrides.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, fields, restval="")
        writer.writeheader()
        writer.writerows(overrides)
    return Rules(tmp_path)


def hip(name: str, equivalent: str, source: str = "new") -> Record:
    return answer(name, "supported", "rename", equivalent, source=source)


def test_an_import_replaces_its_own_rows_only(tmp_path: Path) -> None:
    rules = rules_with(tmp_path)
    rules.store_answers("rocm", [hip("b", "hb"), hip("c", "hc"), hip("a", "ha", "other")], ["new"])
    changes = rules.store_answers("rocm", [hip("c", "hc2"), hip("d", "hd")], ["new"])
    assert changes[1:] == (3, ("d",), ("b",), ("c",), 0)
    assert str(changes).splitlines() == [
        "targets/rocm/symbols.csv: 3 rows (1 added, 1 removed, 1 changed, 0 kept by hand)",
        "  added: d",
        "  removed: b",
        "  changed: c",
    ]
    assert list(rules.read("targets/rocm/symbols.csv")) == ["a", "c", "d"]


def test_an_import_never_loses_rows_made_by_hand(tmp_path: Path) -> None:
    by_hand = {
        "table": "targets/rocm/symbols.csv",
        "name": "c",
        "status": "missing",
        "change": "rewrite",
        "source": "me",
    }
    rules = rules_with(tmp_path, [by_hand])
    changes = rules.store_answers("rocm", [hip("c", "hc"), hip("d", "hd")], ["new", "me"])
    assert changes.kept == 1
    stored = rules.read("targets/rocm/symbols.csv")["c"]
    assert stored == answer("c", "missing", "rewrite", source="me", absence="not-found-in")


def test_an_import_run_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    rules = rules_with(tmp_path)
    rows = [hip("z", "hz"), hip("a", 'quote " and, comma'), hip("_", "h")]
    rules.store_answers("rocm", rows, ["new"])
    before = (tmp_path / "targets/rocm/symbols.csv").read_bytes()
    changes = rules.store_answers("rocm", reversed(rows), ["new"])
    assert (tmp_path / "targets/rocm/symbols.csv").read_bytes() == before
    assert changes[1:] == (3, (), (), (), 0)
    assert str(changes).endswith("(0 added, 0 removed, 0 changed, 0 kept by hand)")


def test_the_surface_never_forgets_and_authority_decides(tmp_path: Path) -> None:
    rules = rules_with(tmp_path)
    old, new = (loading.Symbol("cuX", library, "function", "", "", "") for library in ("driver", "runtime"))
    rules.store_symbols([old], authority=False)
    rules.store_symbols([new], authority=False)
    assert rules.read("cuda/symbols.csv")["cuX"][1] == "driver"
    rules.store_symbols([new, new._replace(name="cuY")], authority=True)
    assert rules.read("cuda/symbols.csv")["cuX"][1] == "runtime"
    rules.store_symbols([], authority=True)
    assert rules.known_names() == {"cuX", "cuY"}


def test_a_version_suffix_takes_the_answer_of_its_twin() -> None:
    rows = {row[0]: row for row in (hip("cuA", "hA"), hip("cuB_v2", "hB"))}
    found = {row[0]: row for row in aliases(rows, ["cuA", "cuA_v2", "cuB", "cuB_v3", "cuC"])}
    assert {name: row[3] for name, row in found.items()} == {"cuA_v2": "hA", "cuB": "hB", "cuB_v3": "hB"}
    assert found["cuB"][5] == "as cuB_v2"


# ----------------------------------------------------------------------------------------------------- hipify

MAP = """
const std::map<llvm::StringRef, hipCounter> CUDA_X_MAP {
  // {"cudaCommented", {"hipCommented", "", CONV_DEVICE, API_RUNTIME, SEC::DEVICE}},
  {"cudaKept",     {"hipKept",     "", CONV_DEVICE, API_RUNTIME, SEC::DEVICE}},
  {"cudaLost",     {"hipLost",     "", CONV_DEVICE, API_RUNTIME, SEC::DEVICE, HIP_UNSUPPORTED}},
  {"cudaValue",    {"hipValue",    "", CONV_NUMERIC_LITERAL, API_RUNTIME, SEC::T, HIP_UNSUPPORTED}},
  {"cublasSnrm2",  {"hipblasSnrm2", "rocblas_snrm2", CONV_LIB_FUNC, API_BLAS, 7, HIP_UNSUPPORTED}},
  {"cudnnCreate",  {"hipdnnCreate", "miopenCreate", CONV_LIB_FUNC, API_DNN, 2}},
  {"cudnnIm2Col",  {"hipdnnIm2Col", "", CONV_LIB_FUNC, API_DNN, 2, ROC_UNSUPPORTED}},
  {"cuda.h",       {"hip/hip_runtime.h", "", CONV_INCLUDE_CUDA_MAIN_H, API_DRIVER, 0}},
  {"dropped.h",    {"", "", CONV_INCLUDE, API_RUNTIME, 0}},
  {"min",          {"min", "", CONV_DEVICE_FUNC, API_RUNTIME, 1}},
};
"""

TABLE = """
|**CUDA**|**A**|**D**|**C**|**R**|**HIP**|**A**|**D**|**C**|**R**|**E**|**ROC**|**A**|**D**|**C**|**R**|**E**|
|:--|:-:|:-:|:-:|:-:|:--|:-:|:-:|:-:|:-:|:-:|:--|:-:|:-:|:-:|:-:|:-:|
|`cudaKept`|11.2|12.0| |13.0|`hipKept`|5.2.0| | | | | | | | | | |
|`cublasSnrm2`| | | | | | | | | | |`rocblas_snrm2`|1.5.0| | | | |
"""


PAGE = (
    "cuda_name",
    "kind",
    "library",
    "cuda_added",
    "cuda_deprecated",
    "cuda_removed",
    "hip_name",
    "hip_added",
    "hip_deprecated",
    "hip_removed",
    "hip_experimental",
    "roc_name",
    "roc_added",
    "hip_unsupported_for_cuda",
)


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    (tmp_path / "src").mkdir()
    (tmp_path / "docs/tables").mkdir(parents=True)
    (tmp_path / "src/CUDA2HIP_X_API_functions.cpp").write_text(MAP, encoding="utf-8")
    (tmp_path / "docs/tables/X.md").write_text(TABLE, encoding="utf-8")
    return Checkout(tmp_path)


def test_maps_say_what_a_name_is() -> None:
    found = {entry.name: (entry.kind, entry.library, entry.hip, entry.roc) for entry in map_entries(MAP, "s")}
    assert found == {
        "cudaKept": ("function", "runtime", "hipKept", ""),
        "cudaLost": ("function", "runtime", "", ""),
        "cudaValue": ("enum", "runtime", "", ""),
        "cublasSnrm2": ("function", "cublas", "", "rocblas_snrm2"),
        "cudnnCreate": ("function", "cudnn", "hipdnnCreate", "miopenCreate"),
        "cudnnIm2Col": ("function", "cudnn", "hipdnnIm2Col", ""),
        "cuda.h": ("header", "driver", "hip/hip_runtime.h", ""),
        "dropped.h": ("header", "runtime", "", ""),
        "min": ("device_function", "runtime", "min", ""),
    }


def test_tables_say_since_when() -> None:
    found = dict(table_rows(TABLE))
    kept = {key: value for key, value in found["cudaKept"].items() if value}
    assert kept == {
        "cuda_added": "11.2",
        "cuda_deprecated": "12.0",
        "cuda_removed": "13.0",
        "hip": "hipKept",
        "hip_added": "5.2.0",
    }
    assert found["cublasSnrm2"]["roc"] == "rocblas_snrm2"
    assert found["cublasSnrm2"]["roc_added"] == "1.5.0"


def test_a_checkout_gives_answers(checkout: Checkout) -> None:
    chosen = import_hipify.owned(entries(checkout, "s"))
    rows = {entry.name: import_hipify.row(entry)[1:6] for entry in chosen.values()}
    assert import_hipify.symbol(chosen["cudaKept"])[1:] == ("runtime", "function", "11.2", "12.0", "13.0")
    assert rows == {
        "cudaKept": ("supported", "rename", "hipKept", "5.2.0", ""),
        "cudaLost": ("missing", "rewrite", "", "", "listed as unsupported"),
        "cudaValue": ("missing", "adapt", "", "", "listed as unsupported"),
        "cublasSnrm2": (
            "partial",
            "adapt",
            "rocblas_snrm2",
            "1.5.0",
            "no hip wrapper; call the roc library directly",
        ),
        "cudnnCreate": (
            "partial",
            "adapt",
            "miopenCreate",
            "",
            "MIOpen: descriptors, algorithm search and arguments differ",
        ),
        "cudnnIm2Col": ("missing", "rewrite", "", "", "MIOpen has no counterpart"),
        "cuda.h": ("supported", "rename", "hip/hip_runtime.h", "", ""),
        "dropped.h": ("supported", "rename", "", "", "drop the include: HIP's main header has it"),
    }


@pytest.mark.parametrize(
    ("facts", "bounds", "note"),
    [
        ({"hip_added": "7.2.0"}, ("supported", "7.2.0", "", ""), ""),
        ({"hip_added": "ROCm 6.4.0 (beta)"}, ("supported", "6.4.0", "", ""), ""),
        ({"hip_experimental": "6.3.0"}, ("partial", "", "", ""), "experimental in HIP 6.3.0"),
        ({"unsupported_for_cuda": "13.0"}, ("supported", "", "", "<13.0"), ""),
        ({"unsupported_for_cuda": "11.3 11.4"}, ("supported", "", "", "!=11.3,!=11.4"), ""),
        ({"hip_deprecated": "5.6.0"}, ("supported", "", "", ""), "deprecated in HIP 5.6.0"),
        ({"hip_removed": "6.0.0"}, ("supported", "", "6.0.0", ""), ""),
    ],
)
def test_versions_bound_an_answer(facts: dict[str, Any], bounds: tuple[str, ...], note: str) -> None:
    row = Row(*import_hipify.row(Entry("cuX", "function", "driver", hip="hipX", source="s", **facts)))  # type: ignore[arg-type] # the cells as text
    assert (row.status, row.since, row.until, row.cuda) == bounds
    assert row.note == note


def test_what_the_vendor_lists_as_unsupported_is_documented_absent() -> None:
    lost = import_hipify.row(Entry("cuX", "function", "driver", flags=frozenset({"UNSUPPORTED"}), source="s"))
    assert lost[-1] == "documented-absent"


def test_a_name_of_two_libraries_belongs_to_the_one_that_defines_it() -> None:
    twice = [Entry("CUx_st", "type", library, source="s") for library in ("runtime", "driver", "runtime")]
    assert import_hipify.owned(twice)["CUx_st"].library == "driver"


def test_pages_replace_a_checkout() -> None:
    page = dict.fromkeys(PAGE, "") | {"cuda_name": "cudaLost", "kind": "function", "library": "runtime"}
    newer = list(page_entries([page | {"hip_name": "hipFound", "hip_added": "7.0.0"}], "pages"))
    chosen = import_hipify.owned([*map_entries(MAP, "s"), *newer])
    assert import_hipify.row(chosen["cudaLost"])[1:4] == ("supported", "rename", "hipFound")


# -------------------------------------------------------------------------------------- headers and functions


def test_declared_functions_and_their_headers() -> None:
    rows = [
        {"library": "cublasLt", "name": "cublasLtMatmul", "header": "cublasLt.h"},
        {"library": "device_math", "name": "sqrt", "header": "math_functions.h"},
        {"library": "device_math", "name": "__fadd_rn", "header": "math_functions.h|sm_20_intrinsics.h"},
        {"library": "nvml", "name": "nvmlInit_v2", "header": "nvml.h (names from elsewhere)"},
        {"library": "cufftw", "name": "fftw_execute", "header": "cufftw.h"},
    ]
    found = {symbol.name: (symbol.library, symbol.kind) for symbol in import_surface.functions(rows)}
    assert found == {
        "cublasLtMatmul": ("cublaslt", "function"),
        "__fadd_rn": ("device", "device_function"),
        "nvmlInit": ("nvml", "function"),
        "nvmlInit_v2": ("nvml", "function"),
        "cublasLt.h": ("cublaslt", "header"),
        "math_functions.h": ("device", "header"),
        "sm_20_intrinsics.h": ("device", "header"),
        "cufftw.h": ("cufft", "header"),
        "fftw_execute": ("cufftw", "function"),
        "sqrt": ("device-common", "device_function"),
    }


def test_installed_headers_are_the_public_ones(tmp_path: Path) -> None:
    for file in (
        "thrust/sort.h",
        "thrust/detail/sort.inl",
        "thrust/detail/x.h",
        "cuda/std/atomic",
        "cuda/std/__x/y.h",
    ):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    found = [(symbol.name, symbol.library) for symbol in import_surface.installed_headers(tmp_path)]
    assert found == [("thrust/sort.h", "thrust"), ("cuda/std/atomic", "libcudacxx")]


NCCL = """
/* ncclNotThis(void) */
#define NCCL_MAJOR 2
typedef struct ncclComm* ncclComm_t;
typedef enum { ncclSum = 0, ncclProd = 1, ncclFp8E4M3 = 10 } ncclRedOp_t;
ncclResult_t  ncclAllReduce(const void* send, void* recv);
ncclResult_t  ncclAllToAllv(const void* send, void* recv);
"""


def test_rccl_keeps_the_names_that_nccl_has() -> None:
    symbols = import_rocm_headers.rccl_symbols(NCCL, {"ncclAllReduce"})
    assert {symbol.name: symbol.kind for symbol in symbols} == {
        "ncclAllReduce": "function",
        "ncclComm_t": "type",
        "ncclRedOp_t": "type",
        "ncclSum": "enum",
        "ncclProd": "enum",
        "NCCL_MAJOR": "macro",
    }
    assert {row[2] for row in import_rocm_headers.rccl_rows(symbols)} == {"none"}


def test_mirrored_headers() -> None:
    thrust = import_rocm_headers.rocthrust_rows(["thrust/sort.h", "thrust/new.h"], ["thrust/sort.h"])
    cub = import_rocm_headers.hipcub_rows(["cub/cub.cuh", "cub/new.cuh"], ["hipcub/include/hipcub/cub.hpp"])
    assert [row[:4] for row in thrust] == [("thrust/sort.h", "supported", "none", "thrust/sort.h")]
    assert [row[:4] for row in cub] == [("cub/cub.cuh", "supported", "rename", "hipcub/cub.hpp")]


# ------------------------------------------------------------------------------------------------------- cann


def mapped(status: str, change: str, cann: str = "aclrtX", note: str = "", source: str = "acl_rt.h") -> dict[str, str]:
    return {
        "cuda_name": "cudaX",
        "cann_name": cann,
        "status": status,
        "kind_of_change": change,
        "note": note,
        "source": source,
    }


AUTO = "ops.h [auto name match]"


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (mapped("full", "rename"), ("supported", "rename", "aclrtX")),
        (mapped("full", "rename", note="products: 950/A3/A2"), ("supported", "rename", "aclrtX")),
        (mapped("full", "rename", note="products: 950/A3"), ("supported", "rename", "aclrtX", "atlas-a3 ascend-950")),
        (mapped("full", "rename", "aclblasX", source=AUTO), ("supported", "adapt", "aclblasX")),
        (mapped("partial", "rename", "x or y"), ("partial", "adapt", "x or y")),
        (mapped("none", "none", ""), ("supported", "rename", "")),
        (
            mapped("partial", "rename", "same names", "Ascend 950 SIMT only"),
            ("partial", "adapt", "cudaX", "ascend-950"),
        ),
        (mapped("none", "rewrite", "", "no CUDA arrays", AUTO), ("missing", "rewrite", "")),
    ],
)
def test_mapping_becomes_an_answer(entry: dict[str, str], expected: tuple[str, ...]) -> None:
    row = import_cann.row(entry, "function", frozenset({"aclrtX"}))
    assert isinstance(row, tuple)
    assert (*row[1:4], row[9]) == (*expected, "")[:4]
    assert bool(row[10]) == (row[1] == "missing")


def test_absence_is_documented_only_where_a_document_says_so() -> None:
    read = mapped("none", "rewrite", "", "texture and surface objects do not exist on NPU")
    seen = mapped("none", "rewrite", "", "no CUDA arrays")
    rows = [import_cann.row(entry, "function", frozenset()) for entry in (read, seen)]
    assert [row[-1] for row in rows] == ["documented-absent", "not-found-in"]


def test_mapping_without_evidence_gives_no_row() -> None:
    absent = mapped("none", "rewrite", "", "no function of that name in ops-blas", AUTO)
    unknown = mapped("full", "rename", "aclrtInvented") | {"cuda_name": "cudaY"}
    foreign = mapped("full", "rename") | {"cuda_name": "nsys / ncu"}
    kinds = {"cudaX": "function", "cudaY": "function"}
    rows, skipped, others = import_cann.rows([absent, unknown, foreign], kinds, frozenset({"aclrtX"}))
    assert rows == []
    assert skipped == {"absence is no evidence": 1, "not in the headers": 1}
    assert others == ["nsys / ncu"]


def test_acl_functions_from_headers_or_from_a_list(tmp_path: Path) -> None:
    (tmp_path / "acl_rt.h").write_text(
        "ACL_FUNC_VISIBILITY aclError aclrtMalloc(void **p, size_t n);\n", encoding="utf-8"
    )
    (tmp_path / "list.csv").write_text("function,header\naclrtFree,acl_rt.h\n", encoding="utf-8")
    assert import_cann.acl_functions(tmp_path) == {"aclrtMalloc"}
    assert import_cann.acl_functions(tmp_path / "list.csv") == {"aclrtFree"}


# ------------------------------------------------------------------------------- headers, names and ways out


HEADER = """
#ifndef NVML_THING_H_
#define NVML_THING_H_
#define NVML_FLAG 1 /* NVML_NOT_THIS */
#define nvmlCall nvmlCall_v2
typedef enum nvmlKind_enum {
  NVML_KIND_A = 0, //!< NVML_NOT_THAT
  NVML_KIND_B,
} nvmlKind_t;
typedef struct nvmlThing_st *nvmlThing_t;
typedef struct { int field; } nvmlData_t;
typedef void (*nvmlCallback_t)(nvmlData_t *);
nvmlReturn_t nvmlCall_v2(nvmlThing_t thing);
struct other_t { int nvmlField; };
"""


def test_c_headers_declare_types_values_and_macros() -> None:
    found = {symbol.name: symbol.kind for symbol in import_c_names.declared(HEADER, "nvml")}
    assert found == {
        "NVML_FLAG": "macro",
        "nvmlCall": "macro",
        "NVML_KIND_A": "enum",
        "NVML_KIND_B": "enum",
        "nvmlKind_enum": "type",
        "nvmlKind_t": "type",
        "nvmlThing_t": "type",
        "nvmlData_t": "type",
        "nvmlCallback_t": "type",
    }


def surface(*names: str, library: str = "runtime", kind: str = "function") -> list[loading.Symbol]:
    return [loading.Symbol(name, library, kind, "", "", "") for name in names]


def test_a_header_answers_what_the_tables_lack() -> None:
    declared = import_headers.identifiers(["int hipNew(void); /* hipComment */ // hipLine\n#define HIP_X 1"])
    known = {
        "cudaKnown": hip("cudaKnown", "hipOther"),
        "cudaNew": answer("cudaNew", "missing", "rewrite", source="tables", absence="documented-absent"),
    }
    names = surface("cudaKnown", "cudaNew", "cudaComment", "cudaLine") + surface("CUDA_X", kind="macro")
    found = list(import_headers.rows(names, known, "rocm", declared, source="h", since="7.1"))
    # The vendor calls a declared function unsupported: its parameters differ, so it is no rename.
    assert [row[:5] for row in found] == [
        ("cudaNew", "partial", "adapt", "hipNew", "7.1"),
        ("CUDA_X", "supported", "rename", "HIP_X", "7.1"),
    ]


def test_the_drivers_twins_take_other_parameters() -> None:
    found = import_headers.rows(surface("cuMemcpy", library="driver"), {}, "rocm", frozenset({"hipMemcpy"}), source="h")
    assert [row[1:4] for row in found] == [("partial", "adapt", "hipMemcpy")]


def test_values_and_types_are_compared_without_case_and_tags() -> None:
    declared = frozenset({"hipSyncPolicySpin", "hipJitFallback", "ACL_DEV_ATTR_WARP_SIZE"})
    names = surface("CU_SYNC_POLICY_SPIN", library="driver", kind="enum")
    names += surface("CUjit_fallback_enum", library="driver", kind="type")
    found = list(import_headers.rows(names, {}, "rocm", declared, source="h"))
    assert [row[1:4] for row in found] == [
        ("supported", "rename", "hipSyncPolicySpin"),
        ("partial", "adapt", "hipJitFallback"),
    ]
    warp = surface("cudaDevAttrWarpSize", kind="enum")
    assert [Row(*row).chips for row in import_headers.rows(warp, {}, "cann", declared, source="h")] == ["ascend-950"]  # type: ignore[arg-type] # the cells as text


WAYS = """libraries,kinds,names,status,change,equivalent,note,source
runtime,,cudaGraph*,missing,rewrite,capture,no graphs by hand,header-2026
runtime,function,cudaOld* cudaFormer,partial,adapt,newCall,other arguments,header-2026
runtime,enum,*,missing,rewrite,,goes with its call,header-2026
cub,,*,missing,rewrite,,a kernel,
"""


def rules_with_ways(tmp_path: Path, names: Iterable[loading.Symbol]) -> Rules:
    rules = rules_with(tmp_path)
    (tmp_path / "targets/cann").mkdir(parents=True)
    (tmp_path / "targets/cann/ways.csv").write_text(WAYS, encoding="utf-8")
    rules.store_symbols(names, authority=True)
    return rules


def test_missing_names_get_their_familys_way_out(tmp_path: Path) -> None:
    rules = rules_with_ways(tmp_path, surface("cudaGraphX", "cudaOldX", "cudaOther"))
    lost = [
        answer(
            name, "missing", "rewrite", note="listed as unsupported; CUDA 12 removed it too", source="s", absence=kind
        )
        for name, kind in (
            ("cudaGraphX", "documented-absent"),
            ("cudaOldX", "not-found-in"),
            ("cudaOther", "not-found-in"),
        )
    ]
    ways.store(rules, "cann", lost, ["s"])
    stored = {name: Row(*record) for name, record in rules.read("targets/cann/symbols.csv").items()}  # type: ignore[arg-type] # the cells as text
    assert stored["cudaGraphX"].note == "no graphs by hand; CUDA 12 removed it too"
    assert (stored["cudaGraphX"].equivalent, stored["cudaGraphX"].absence) == ("capture", "documented-absent")
    assert (stored["cudaOldX"].status, stored["cudaOldX"].source) == ("partial", "by-purpose")
    assert stored["cudaOther"].note.startswith("listed as unsupported")


def test_names_without_a_row_get_one_and_importers_keep_it(tmp_path: Path) -> None:
    names = surface("cudaGraphX", "cudaKnown") + surface("cudaValue", kind="enum") + surface("cub::X", library="cub")
    rules = rules_with_ways(tmp_path, [*names, *surface("cudaFree")])
    rules.store_answers("cann", [hip("cudaKnown", "aclKnown", "header-2026")], ["header-2026"])
    found, left = ways.complete(rules, "cann")
    assert {row[0]: (row[1], row[2], row[10]) for row in found} == {
        "cudaGraphX": ("missing", "rewrite", "not-found-in"),
        "cudaValue": ("missing", "adapt", "not-found-in"),  # a value is changed with the call that takes it
    }
    assert left == ["cudaFree"]  # of cub nobody has looked up the names
    rules.store_answers("cann", found, ())
    changes = rules.store_answers("cann", [hip("cudaKnown", "aclKnown", "header-2026")], ["header-2026"])
    assert changes[2:5] == ((), (), ())


def test_names_of_headers_by_source(tmp_path: Path) -> None:
    file = tmp_path / "names.txt"
    write_names(file, {"b": frozenset({"hipB", "hipA"}), "a": frozenset({"hipA"})})
    assert file.read_text(encoding="utf-8") == "# a\nhipA\n# b\nhipB\n"
    assert listed(file) == {"a": {"hipA"}, "b": {"hipB"}}
    file.write_text("hipA\n", encoding="utf-8")
    with pytest.raises(RuleError, match="before the first source"):
        listed(file)


# ----------------------------------------------------------------------------------------- torch and packages


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("torch.cuda", "module"),
        ("torch.cuda.Stream", "type"),
        ("torch.cuda.amp", "module"),
        ("torch.cuda.seed", "function"),
    ],
)
def test_kind_of_a_torch_name(name: str, kind: str) -> None:
    assert import_torch.symbol(name).kind == kind


def test_torch_names() -> None:
    rows = [
        {"torch_name": name, "npu_name": "x", "status": "full", "note": ""} for name in ("torch.cuda.seed", "torch.mm")
    ]
    assert [row["torch_name"] for row in import_torch.names(rows)] == ["torch.cuda.seed"]
    assert import_torch.npu_row(rows[0])[1:4] == ("supported", "rename", "x")
    assert import_torch.npu_row(rows[0] | {"status": "none", "npu_name": ""})[1:4] == (
        "missing",
        "rewrite",
        "",
    )
    assert import_torch.rocm_row("torch.cuda.nvtx.range_push") is None


def surveyed(package: str, status: str, equivalent: str = "", lock_in: str = "hard", **more: str) -> dict[str, str]:
    entry = {
        "package": package,
        "import_names": package.partition(" ")[0].replace("-", "_"),
        "category": "kernel-lib",
        "lock_in": lock_in,
        "confidence": "high",
        "notes": "",
        "rocm_status": status,
        "rocm_equivalent": equivalent,
        "cann_status": status,
        "cann_equivalent": equivalent,
    }
    return entry | more


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (surveyed("p", "native", "p"), ("supported", "none", "p")),
        (surveyed("p", "native", "p + p_npu"), ("supported", "rename", "p + p_npu")),
        (surveyed("p", "fork", "ROCm/p"), ("supported", "adapt", "ROCm/p")),
        (surveyed("p", "alternative", "q (memory)"), ("partial", "adapt", "q")),
        (surveyed("p", "none", "CPU path"), ("missing", "rewrite", "CPU path")),
        (surveyed("p", "none", "no port found"), ("missing", "blocked", "")),
        (surveyed("p", "none", "", "soft"), ("missing", "rewrite", "")),
        (surveyed("xgboost", "none", "CPU", "soft"), ("partial", "adapt", "CPU")),
        (surveyed("p", "unknown"), ("unknown", "", "")),
        (surveyed("p", "none", "remove"), ("supported", "rename", "")),
        (
            surveyed("nvidia-x-cu12", "none", "none", category="nvidia-wheel", import_names="nvidia.x"),
            ("partial", "rename", ""),
        ),
    ],
)
def test_survey_becomes_an_answer(entry: dict[str, str], expected: tuple[str, ...]) -> None:
    assert import_packages.row("p", entry, "rocm")[1:4] == expected


def test_what_was_not_read_again_says_so() -> None:
    assert import_packages.row("p", surveyed("p", "fork", "q (memory)"), "rocm")[6] == import_packages.REMEMBERED
    assert import_packages.row("p", surveyed("p", "fork", "q"), "rocm")[6] == import_packages.READ


def test_distributions_and_their_modules() -> None:
    survey = [
        surveyed("cuspatial-cu12", "fork", import_names="cuspatial"),
        surveyed("gpustat / nvitop (tools)", "none", import_names="gpustat,nvitop"),
        surveyed("torch", "native", lock_in="soft"),
        surveyed("cuspatial-cu13", "none"),
        surveyed("numba", "fork", lock_in="soft", import_names="numba,numba.cuda"),
    ]
    owned = import_packages.owners(survey)
    assert owned["cuspatial-cu13"] is survey[3]
    assert {row[0]: row[1] for row in import_packages.packages(owned)} == {
        "cuspatial": "cuspatial",
        "cuspatial-cu11": "",
        "cuspatial-cu12": "",
        "cuspatial-cu13": "cuspatial_cu13",
        "gpustat": "gpustat",
        "nvitop": "nvitop",
        "torch": "",
        "numba": "",
    }
