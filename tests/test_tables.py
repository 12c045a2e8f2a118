"""The shipped tables hold together."""

from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path

import pytest

from migrate.model import Change, Status, glob_regex
from migrate.rulebook import lint, loading, shipped
from rules.tools.tables import SYMBOL_KINDS, Rules, columns

ROOT = Path(__file__).parents[1] / "rules"
TARGETS = ("cann", "rocm")
TABLES = (
    "cuda/symbols.csv",
    "cuda/packages.csv",
    *(f"targets/{target}/{table}.csv" for target in TARGETS for table in ("packages", "symbols")),
)
IDENTIFIER = re.compile(r"[A-Za-z_][\w.:]*|[\w./-]+\.(?:h|hpp|cuh)")


@pytest.fixture(scope="module")
def surface() -> dict[str, loading.Symbol]:
    return {symbol.name: symbol for symbol in loading.load_symbols(ROOT / "cuda/symbols.csv")}


@pytest.fixture(scope="module")
def libraries() -> dict[str, loading.Library]:
    return loading.load_libraries(ROOT / "cuda/libraries.yaml")


@pytest.fixture(scope="module")
def answers() -> dict[str, dict[str, loading.Row]]:
    return {
        target: {row.name: row for row in loading.load_rows(ROOT / f"targets/{target}/symbols.csv")}
        for target in TARGETS
    }


def recognisers(libraries: dict[str, loading.Library]) -> dict[str, re.Pattern[str]]:
    return {id_: glob_regex(library.names) for id_, library in libraries.items()}


# --------------------------------------------------------------------------------------------- shipped tables


@pytest.mark.parametrize("table", TABLES)
def test_table_is_sorted_and_unique(table: str) -> None:
    with (ROOT / table).open(encoding="utf-8", newline="") as stream:
        text = stream.read()
    assert "\r" not in text
    assert text.endswith("\n")
    header, *rows = csv.reader(text.splitlines())
    names = [row[0] for row in rows]
    assert tuple(header) == columns(table)
    assert names == sorted(set(names))


def test_surface_cells(surface: dict[str, loading.Symbol], libraries: dict[str, loading.Library]) -> None:
    for symbol in surface.values():
        assert symbol.name == symbol.name.strip() != ""
        assert symbol.library in libraries, symbol
        assert symbol.kind in SYMBOL_KINDS, symbol


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("table", ["symbols", "packages"])
def test_every_answer_is_about_a_known_name_and_has_a_source(target: str, table: str) -> None:
    provenance = loading.load_provenance(ROOT / f"targets/{target}/{table}.yaml")
    known = Rules(ROOT).read(f"cuda/{table}.csv")
    rows = loading.load_rows(ROOT / f"targets/{target}/{table}.csv")
    assert {row.source for row in rows} <= set(provenance.sources)
    assert [row.name for row in rows if row.name not in known] == []


@pytest.mark.parametrize("target", TARGETS)
def test_answers_are_consistent(target: str, answers: dict[str, dict[str, loading.Row]]) -> None:
    for row in answers[target].values():
        if row.status == Status.MISSING:
            assert row.change in {Change.ADAPT, Change.REWRITE, Change.BLOCKED}, row
        if row.change == Change.NONE:
            assert row.equivalent == row.name, row
        if row.change == Change.RENAME:
            assert IDENTIFIER.fullmatch(row.equivalent) or (not row.equivalent and "drop" in row.note), row
            assert row.equivalent != row.name, row


@pytest.mark.parametrize("table", ["symbols", "packages"])
def test_provenance_of_the_surface(table: str) -> None:
    provenance = loading.load_provenance(ROOT / f"cuda/{table}.yaml")
    assert provenance.notes
    assert all(source.title and source.date for source in provenance.sources.values())


@pytest.mark.parametrize("path", sorted(ROOT.glob("**/*.yaml")), ids=lambda path: path.name)
def test_named_importers_exist(path: Path) -> None:
    for importer in re.findall(r"importer: (\S+)", path.read_text(encoding="utf-8")):
        assert (ROOT.parent / importer).is_file(), importer


def test_rows_made_by_hand_are_in_the_tables() -> None:
    with (ROOT / "overrides.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["table"], row["name"]) for row in rows] == sorted({(row["table"], row["name"]) for row in rows})
    rules = Rules(ROOT)
    for table in {row["table"] for row in rows}:
        stored = rules.read(table)
        for name, record in rules.overrides(table).items():
            assert stored.get(name) == record


@pytest.mark.parametrize(
    ("library", "least"),
    [
        ("runtime", 1400),
        ("driver", 1900),
        ("cublas", 900),
        ("cublaslt", 400),
        ("cudnn", 1100),
        ("cufft", 120),
        ("curand", 150),
        ("cusparse", 800),
        ("cusolver", 700),
        ("cutensor", 150),
        ("cub", 120),
        ("thrust", 100),
        ("nccl", 110),
        ("nvrtc", 45),
        ("nvml", 400),
        ("cupti", 150),
        ("device", 800),
        ("torch.cuda", 110),
    ],
)
def test_surface_covers_each_library(library: str, least: int, surface: dict[str, loading.Symbol]) -> None:
    assert Counter(symbol.library for symbol in surface.values())[library] >= least


def test_answers_cover_the_targets(answers: dict[str, dict[str, loading.Row]]) -> None:
    assert len(answers["rocm"]) >= 10_000
    assert len(answers["cann"]) >= 9000


ANSWERED = (
    "cublas", "cublaslt", "cublasxt", "cudnn", "cufft", "curand", "cusolver", "cusparse", "driver", "nccl", "nvml",
    "nvrtc", "nvtx", "runtime",
)  # fmt: skip


@pytest.mark.parametrize("target", TARGETS)
def test_every_name_of_the_main_libraries_has_a_row(
    target: str, surface: dict[str, loading.Symbol], answers: dict[str, dict[str, loading.Row]]
) -> None:
    wanted = {symbol.name for symbol in surface.values() if symbol.library in ANSWERED}
    assert wanted - answers[target].keys() == set()


def test_the_tables_pass_their_own_check() -> None:
    assert lint.table_errors(shipped(), ROOT) == []


@pytest.mark.parametrize("target", TARGETS)
def test_what_was_checked_by_hand_is_still_so(target: str, answers: dict[str, dict[str, loading.Row]]) -> None:
    with (ROOT / f"targets/{target}/checked.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["library"], row["name"]) for row in rows] == sorted({(row["library"], row["name"]) for row in rows})
    for row in rows:
        assert answers[target][row["name"]].status == row["status"], row


@pytest.mark.parametrize(
    "case",
    [
        ("rocm", "cudaMalloc", "supported", "rename", "hipMalloc"),
        ("rocm", "cudaMallocAsync", "supported", "rename", "hipMallocAsync"),
        ("rocm", "cudaStream_t", "supported", "rename", "hipStream_t"),
        ("rocm", "cudaMemcpyHostToDevice", "supported", "rename", "hipMemcpyHostToDevice"),
        ("rocm", "cuLaunchKernel", "supported", "rename", "hipModuleLaunchKernel"),
        ("rocm", "cublasSgemm_v2", "supported", "rename", "hipblasSgemm"),
        ("rocm", "cufftExecC2C", "supported", "rename", "hipfftExecC2C"),
        ("rocm", "cudnnConvolutionForward", "partial", "adapt", "miopenConvolutionForward"),
        ("rocm", "ncclAllReduce", "supported", "none", "ncclAllReduce"),
        ("rocm", "ncclFloat16", "supported", "none", "ncclFloat16"),
        ("rocm", "atomicAdd", "supported", "none", "atomicAdd"),
        ("rocm", "__syncthreads", "supported", "none", "__syncthreads"),
        ("rocm", "nvtxRangePushA", "supported", "rename", "roctxRangePushA"),
        ("rocm", "cuda_runtime.h", "supported", "rename", "hip/hip_runtime.h"),
        ("rocm", "thrust/sort.h", "supported", "none", "thrust/sort.h"),
        ("rocm", "cub/block/block_reduce.cuh", "supported", "rename", "hipcub/block/block_reduce.hpp"),
        ("rocm", "torch.cuda.Stream", "supported", "none", "torch.cuda.Stream"),
        ("cann", "cudaMalloc", "supported", "adapt", "aclrtMalloc"),
        ("cann", "cudaStreamSynchronize", "supported", "rename", "aclrtSynchronizeStream"),
        ("cann", "cudaGraphInstantiate", "supported", "rename", ""),
        ("cann", "ncclAllReduce", "supported", "adapt", "HcclAllReduce"),
        ("cann", "cudaCreateTextureObject", "missing", "rewrite", ""),
        ("cann", "__shfl_down_sync", "partial", "adapt", "asc_shfl_down"),
        ("cann", "torch.cuda.Stream", "supported", "rename", "torch.npu.Stream"),
    ],
)
def test_well_known_answers(case: tuple[str, str, str, str, str], answers: dict[str, dict[str, loading.Row]]) -> None:
    target, name, *expected = case
    row = answers[target][name]
    assert row.change is not None
    assert [row.status.value, row.change.value, row.equivalent] == expected


@pytest.mark.parametrize(
    "name", ["torch.cuda.get_device_capability", "torch.cuda.nvtx.range_push", "torch.cuda.cudart"]
)
def test_what_looks_at_the_device_is_left_to_rules(name: str, answers: dict[str, dict[str, loading.Row]]) -> None:
    assert name not in answers["rocm"]


@pytest.mark.parametrize("name", ["min", "sqrt", "printf", "assert", "abs", "texture", "fftw_execute", "norm", "clock"])
def test_ordinary_names_are_no_symbols(
    name: str, surface: dict[str, loading.Symbol], libraries: dict[str, loading.Library]
) -> None:
    assert name not in surface or surface[name].library in LOOKED_UP_ONLY
    assert not [id_ for id_, pattern in recognisers(libraries).items() if pattern.match(name)]


LOOKED_UP_ONLY = frozenset({"cufftw", "device-common"})
"""Libraries of names that ordinary code bears too: known, and no rule asks for them."""


def test_no_rule_asks_for_ordinary_names() -> None:
    tables = {
        matcher.table for rule in shipped().rules.values() for matchers in rule.match.values() for matcher in matchers
    }
    assert tables.isdisjoint(LOOKED_UP_ONLY)
    assert {"runtime", "driver", "cublas"} <= tables


# ------------------------------------------------------------------------------------------------------ globs


def test_globs_of_libraries_do_not_overlap(
    surface: dict[str, loading.Symbol], libraries: dict[str, loading.Library]
) -> None:
    patterns = recognisers(libraries)
    for symbol in surface.values():
        hits = [id_ for id_, pattern in patterns.items() if pattern.match(symbol.name)]
        assert len(hits) <= 1, (symbol.name, hits)


def test_globs_recognise_functions_that_no_table_lists_yet(
    surface: dict[str, loading.Symbol], libraries: dict[str, loading.Library]
) -> None:
    patterns = recognisers(libraries)
    functions = [
        symbol
        for symbol in surface.values()
        if symbol.kind == "function" and symbol.library not in {"device", *LOOKED_UP_ONLY}
    ]
    recognised = [symbol for symbol in functions if patterns[symbol.library].match(symbol.name)]
    assert len(recognised) / len(functions) > 0.98


@pytest.mark.parametrize(
    ("name", "library"),
    [
        ("cudaMemFutureThing", None),
        ("cudaGraphAddFutureNode", "runtime"),
        ("cuMemFutureThing", None),
        ("cuMemAllocFuture", "driver"),
        ("cublasLtFuture", "cublaslt"),
        ("cublasSgemmFuture", "cublas"),
        ("cusparseSpFuture", "cusparse"),
        ("cusparseLtFuture", "cusparselt"),
        ("nppiFuture_8u_C1R", "npp"),
        ("cub::DeviceFuture", "cub"),
        ("thrust::future", "thrust"),
        ("nvcuda::wmma::future", "device"),
    ],
)
def test_library_of_unlisted_names(name: str, library: str | None, libraries: dict[str, loading.Library]) -> None:
    hits = [id_ for id_, pattern in recognisers(libraries).items() if pattern.match(name)]
    assert hits == ([library] if library else [])


OWN_NAMES = (
    "cuda::ours",
    "cudaCheck",
    "cudaCheckErrors",
    "cudaEvent",
    "cudaKernel",
    "cudaSafeCall",
    "cudaStream",
    "cublasHandle",
    "cudnnHandle",
    "cudnnStatus",
    "cufftPlan",
    "curandGen",
    "cusolverHandle",
    "cusparseHandle",
    "ncclComm",
    "nvmlDevice",
    "cuArray",
    "cuContext",
    "cuDevice",
    "cuInt",
    "cuModule",
    "cuStream",
    "CUDA_CHECK",
    "CUBLAS_CHECK",
    "CUDNN_CHECK",
    "CUTLASS_CHECK",
    "CU_CHECK",
    "NCCL_CHECK",
    "NVML_CHECK",
    "OPTIX_CHECK",
)


@pytest.mark.parametrize("name", OWN_NAMES)
def test_names_that_programs_give_themselves_are_not_recognised(
    name: str, surface: dict[str, loading.Symbol], libraries: dict[str, loading.Library]
) -> None:
    assert name not in surface
    assert not [id_ for id_, pattern in recognisers(libraries).items() if pattern.match(name)]


# --------------------------------------------------------------------------------------------------- packages


def test_packages() -> None:
    packages = loading.load_packages(ROOT / "cuda/packages.csv")
    modules = Counter(module for package in packages for module in package.imports)
    assert max(modules.values()) == 1
    assert {package.lock_in for package in packages} == {"none", "soft", "hard"}
    assert all(not package.imports for package in packages if package.lock_in == "none")
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", package.name) and package.category for package in packages)
    assert modules.keys().isdisjoint({"cuda", "faiss", "numpy", "tensorflow", "torch", "transformers", "triton"})
    assert {"cupy", "flash_attn", "pynvml", "tensorrt", "deepspeed"} <= modules.keys()


@pytest.mark.parametrize("target", TARGETS)
def test_every_package_is_answered(target: str) -> None:
    names = {package.name for package in loading.load_packages(ROOT / "cuda/packages.csv")}
    rows = {row.name: row for row in loading.load_rows(ROOT / f"targets/{target}/packages.csv")}
    assert rows.keys() == names
    assert rows["bitsandbytes"].change is (Change.NONE if target == "rocm" else Change.ADAPT)
    assert rows["nvidia-cublas-cu12"].change is Change.RENAME
