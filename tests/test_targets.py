"""Targets that have only begun: what they say is sourced, what they do not say is unknown, and a scan shows how much."""

from __future__ import annotations

import csv
import functools
from pathlib import Path

import pytest

from migrate import audit, config, rulebook
from migrate.model import Audit, Basis, Change, Evidence, Response, Span, Status, Use, UseKind
from migrate.resources import rules_root
from migrate.rulebook import lint, loading
from migrate.rulebook.coverage import claim
from rules.tools import import_musa, import_packages, import_sycl, import_torch_backends
from rules.tools.checkout import Checkout
from rules.tools.import_torch_backends import BACKENDS
from tests.packs import FILES, write_pack

YOUNG = ("dcu", "gaudi", "gcu", "intel", "kunlun", "mlu", "musa", "tpu", "trainium")
ROOT = rules_root() / "targets"
FIXTURE = Path(__file__).parents[1] / "fixtures" / "torch-train"
PLACE = Span(line=1, column=1, end_line=1, end_column=1)


@functools.cache
def scanned(target: str) -> Audit:
    settings = config.load(FIXTURE, flags={"targets": (target,)}, environment={})
    return audit.run(FIXTURE, settings, jobs=1)


# ------------------------------------------------------------------------------------------------------ targets


def test_the_targets_are_those_that_users_ask_for() -> None:
    targets = rulebook.shipped().targets
    assert targets.keys() == {*YOUNG, "cann", "rocm"}
    assert {id_ for id_, answers in targets.items() if answers.target.young} == set(YOUNG)


@pytest.mark.parametrize("id_", YOUNG)
def test_a_target_describes_itself(id_: str) -> None:
    answers = rulebook.shipped().targets[id_]
    target = answers.target
    chips = [chip.id for chip in target.chips]
    assert target.default_chip in chips
    assert len(chips) == len(set(chips))
    assert {"cuda", "triton"} == target.kernel_author_days.keys()
    assert "judgement" in target.kernel_source
    assert target.docs
    assert all(page.startswith("https://") for page in target.docs)
    used = {mapping.shared_fix for mapping in answers.mappings.values()} - {""}
    assert used == target.shared_fixes.keys()
    assert all("judgement" in fix.source for fix in target.shared_fixes.values())


@pytest.mark.parametrize("id_", YOUNG)
def test_every_answer_can_be_opened(id_: str) -> None:
    for rule, mapping in rulebook.shipped().targets[id_].mappings.items():
        assert mapping.verified, rule
        responses: tuple[Response, ...] = (mapping, *mapping.when)
        for response in responses:
            assert response.refs, rule
            assert all(ref.startswith("https://") for ref in response.refs), rule
            assert response.equivalent or response.status == Status.UNKNOWN, rule
            assert response.notes or response.status != Status.UNKNOWN, rule


@pytest.mark.parametrize("id_", YOUNG)
def test_answers_stand_in_the_file_of_their_rule(id_: str) -> None:
    home = {
        rule.id: path.name
        for path in sorted((rules_root() / "cuda").glob("*.yaml"))
        if path.stem not in {"libraries", "packages", "symbols"}
        for rule in loading.load_rules(path)
    }
    for path in sorted((ROOT / id_ / "mappings").glob("*.yaml")):
        assert {home[rule] for rule in loading.load_mappings(path)} == {path.name}


def test_only_a_grown_target_owes_an_answer_to_every_rule(tmp_path: Path) -> None:
    grown = {name: text for name, text in FILES.items() if name != "targets/rocm/mappings/rules.yaml"}
    young = grown | {"targets/rocm/target.yaml": FILES["targets/rocm/target.yaml"] + "young: true\n"}
    rule = "kernel-shuffle"
    owed = lint.errors(rulebook.load((), root=write_pack(tmp_path / "grown", grown)), [rule])
    assert [problem for problem in owed if "target rocm does not answer it" in problem]
    assert lint.errors(rulebook.load((), root=write_pack(tmp_path / "young", young)), [rule]) == []


# ------------------------------------------------------------------------------------------------------- scans


@pytest.mark.parametrize("id_", YOUNG)
def test_a_scan_says_how_much_is_unknown(id_: str) -> None:
    result = scanned(id_)
    answers = [finding.answers[id_] for finding in result.findings]
    unknown = [answer for answer in answers if answer.status == Status.UNKNOWN]
    assert 0 < len(unknown) < len(answers)
    (estimate,) = result.estimates
    assert estimate.target == id_
    assert estimate.unknown_share > 0.15
    assert estimate.grade.letter == Evidence.D
    assert any("no known answer" in reason for reason in estimate.grade.reasons)


@pytest.mark.parametrize("id_", YOUNG)
def test_what_is_unknown_is_never_free(id_: str) -> None:
    result = scanned(id_)
    for finding in result.findings:
        answer = finding.answers[id_]
        if answer.status == Status.UNKNOWN:
            assert answer.change is None
            assert answer.basis == Basis.NONE
            assert answer.effort is not None
            assert answer.effort.each[1] > 0
            assert answer.source
    (estimate,) = result.estimates
    (line,) = [entry for entry in estimate.changes if entry.change is None]
    assert line.findings > 0
    assert line.effort_days.p50 > 0


@pytest.mark.parametrize(
    ("id_", "device"),
    [
        ("dcu", '"cuda"'), ("gaudi", '"hpu"'), ("gcu", '"gcu"'), ("intel", '"xpu"'), ("kunlun", '"cuda"'),
        ("mlu", '"mlu"'), ("musa", '"musa"'), ("tpu", '"xla"'), ("trainium", '"neuron"'),
    ],
)  # fmt: skip
def test_each_target_names_its_device(id_: str, device: str) -> None:
    mapping = rulebook.shipped().targets[id_].mappings["framework-device-string"]
    if device == '"cuda"':
        assert mapping.change == Change.NONE
        assert mapping.edit is None
    else:
        assert mapping.equivalent.startswith(device)
        assert mapping.edit is not None
        assert mapping.edit.string == {"cuda": device.strip('"')}


@pytest.mark.parametrize(("id_", "name"), [("intel", "xpu"), ("mlu", "mlu"), ("musa", "musa")])
def test_the_edits_of_a_young_target_are_proved_on_the_code(id_: str, name: str) -> None:
    edits = [edit for edit in scanned(id_).edits or () if edit.target == id_]
    assert [edit for edit in edits if name in edit.after and "cuda" in edit.before]


# --------------------------------------------------------------------------------------------- tables of targets


def provenances() -> list[Path]:
    return sorted(path for path in rules_root().glob("**/*.yaml") if path.stem in {"packages", "symbols"})


@pytest.mark.parametrize("path", provenances(), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_source_of_a_table_names_its_licence(path: Path) -> None:
    for key, source in loading.load_provenance(path).sources.items():
        assert source.title, key
        assert source.licence, key
        assert source.date, key


@pytest.mark.parametrize("id_", YOUNG)
@pytest.mark.parametrize("table", ["packages", "symbols"])
def test_rows_of_a_young_target_are_sound(id_: str, table: str) -> None:
    path = ROOT / id_ / f"{table}.csv"
    if not path.is_file():
        assert table == "symbols"
        return
    rows = loading.load_rows(path)
    book = rulebook.shipped()
    known = book.packages if table == "packages" else book.symbols
    sources = loading.load_provenance(ROOT / id_ / f"{table}.yaml").sources
    assert [row.name for row in rows] == sorted({row.name for row in rows})
    for row in rows:
        assert row.name in known, row
        assert row.source in sources, row
        assert row.status != Status.UNKNOWN, row  # a name without a row says the same
        if row.change == Change.NONE and row.source == import_packages.READ:
            assert row.equivalent.lower() == row.name, row
        if row.status == Status.MISSING:
            assert row.equivalent, row
            assert row.absence, row


@pytest.mark.parametrize(
    ("id_", "name", "expected"),
    [
        ("musa", "cudaMalloc", ("supported", "rename", "musaMalloc")),
        ("musa", "cuda_runtime.h", ("supported", "rename", "musa_runtime.h")),
        ("musa", "cuLaunchKernel", ("partial", "rename", "muLaunchKernel")),
        ("musa", "ncclAllReduce", ("supported", "rename", "mcclAllReduce")),
        ("musa", "torch.cuda.CUDAGraph", ("supported", "rename", "torch.musa.MUSAGraph")),
        ("mlu", "torch.cuda.amp.autocast", ("supported", "rename", "torch.mlu.amp.autocast")),
        ("intel", "cudaMalloc", ("supported", "adapt", "code that SYCLomatic writes")),
        ("intel", "torch.cuda.synchronize", ("supported", "rename", "torch.xpu.synchronize")),
    ],
)
def test_well_known_names(id_: str, name: str, expected: tuple[str, str, str]) -> None:
    row = rulebook.shipped().targets[id_].symbols[name]
    assert (row.status, row.change, row.equivalent) == expected


@pytest.mark.parametrize("id_", YOUNG)
def test_having_a_name_says_nothing_of_what_looks_at_the_device(id_: str) -> None:
    rows = rulebook.shipped().targets[id_].symbols
    assert rows.keys().isdisjoint(
        {"torch.cuda.get_device_capability", "torch.cuda.get_device_name", "__shfl_sync"}
    ) or (id_ == "intel")
    assert "torch.cuda.get_device_capability" not in rows


def test_the_width_of_a_warp_decides_on_musa() -> None:
    book = rulebook.shipped()
    use = Use(kind=UseKind.CALL, name="__shfl_down_sync", span=PLACE, text="__shfl_down_sync")
    match = book.match("cuda", use)
    assert match is not None
    assert book.answer(match, use, "musa", "s5000").change == Change.NONE
    assert book.answer(match, use, "musa", "s4000").status == Status.DIFFERS


# ------------------------------------------------------------------------------------------------------ packages


def ruled(name: str, **facts: str) -> str:
    use = Use(kind=UseKind.DEPENDENCY, name=name, span=PLACE, text=name, args=dict(facts))
    match = rulebook.shipped().match("requirements", use)
    return match.rule.id if match else ""


@pytest.mark.parametrize("name", ["accelerate", "diffusers", "peft", "ray", "timm", "transformers", "trl"])
def test_a_package_without_cuda_is_known_and_no_finding(name: str) -> None:
    book = rulebook.shipped()
    assert book.packages[name].lock_in == "none"
    assert ruled(name) == ""
    assert claim(book, name) is None
    assert not book.vocabulary("requirements").wants(UseKind.DEPENDENCY, name)
    assert all(name in book.targets[id_].packages for id_ in ("cann", "rocm"))


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("flash-attn", "package-dependency"),
        ("cupy-cuda12x", "package-dependency"),
        ("libcudf-cu12", "package-dependency"),
        ("pylibraft-cu12", "package-dependency"),
        ("ucxx-cu12", "package-dependency"),
        ("dask-cuda", "package-dependency"),
        ("cuda-bindings", "package-dependency"),
        ("numba-cuda", "package-dependency"),
        ("nvidia-ml-py", "package-dependency"),
        ("jax-cuda12-plugin", "package-dependency"),
        ("transformer-engine-cu12", "package-dependency"),
        ("nvidia-cuda-cccl-cu12", "package-nvidia-runtime"),
        ("cudatoolkit", "package-conda-cuda"),
        ("cuda-toolkit", "package-conda-cuda"),
        ("libnvfatbin-dev", "package-conda-cuda"),
        ("rapids", "package-conda-cuda"),
        ("apt:libcudnn9-dev-cuda-12", "package-system-cuda"),
        ("apt:cuda-keyring", "package-system-cuda"),
        ("apt:libnvidia-encode-570", "package-system-cuda"),
        ("apt:nvidia-headless-570", "package-system-cuda"),
        ("apt:libcusparselt0", "package-system-cuda"),
        ("apt:nvidia-container-toolkit", "deploy-container-toolkit"),
        ("apt:libnvidia-container1", "deploy-container-toolkit"),
        ("apt:nvtop", ""),
        ("cutlass", ""),
    ],
)
def test_packages_are_recognised(name: str, rule: str) -> None:
    assert ruled(name) == rule


@pytest.mark.parametrize(
    ("name", "facts", "rule"),
    [
        ("jax", {"extra": "cuda12"}, "package-cuda-extra"),
        ("jax", {"extra": "cuda13-local"}, "package-cuda-extra"),
        ("tensorflow", {"extra": "and-cuda"}, "package-cuda-extra"),
        ("numba-cuda", {"extra": "cu12"}, "package-cuda-extra"),
        ("jax", {"extra": "tpu"}, "package-dependency"),
        ("jax", {}, "package-dependency"),
        ("torch", {"tag": "cu126"}, "package-wheel-tag"),
        ("torch", {"tag": "cpu"}, "package-dependency"),
    ],
)
def test_extras_and_wheel_tags_are_told_apart(name: str, facts: dict[str, str], rule: str) -> None:
    assert ruled(name, **facts) == rule


def test_there_are_enough_packages() -> None:
    packages = rulebook.shipped().packages
    assert len(packages) >= 440
    for id_, least in {"intel": 140, "mlu": 90, "musa": 60, "tpu": 50, "gaudi": 45, "trainium": 45}.items():
        assert len(rulebook.shipped().targets[id_].packages) >= least


# ---------------------------------------------------------------------------------------- rules that importers keep


def entry(**cells: str) -> dict[str, str]:
    base = {
        "package": "demo", "import_names": "demo", "category": "ml", "lock_in": "hard", "confidence": "low",
        "notes": "about ROCm", "musa_status": "native", "musa_equivalent": "demo",
    }  # fmt: skip
    return base | cells


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({}, ("supported", "none", "demo")),
        ({"musa_equivalent": "demo-musa"}, ("supported", "rename", "demo-musa")),
        ({"musa_status": "fork", "musa_equivalent": "vendor/demo"}, ("supported", "adapt", "vendor/demo")),
        ({"musa_status": "alternative", "musa_equivalent": "other"}, ("partial", "adapt", "other")),
        ({"musa_equivalent": "demo-musa (memory)"}, None),
        ({"musa_equivalent": "dropped (2024, memory)"}, None),
        ({"musa_status": "none", "musa_equivalent": ""}, None),
        ({"musa_status": "unknown", "musa_equivalent": ""}, None),
    ],
)
def test_a_young_target_takes_only_what_was_read(cells: dict[str, str], expected: tuple[str, ...] | None) -> None:
    row = import_packages.young_row("demo", entry(**cells), "musa")
    assert (row and row[1:4]) == expected
    assert row is None or row[5:7] == ("", import_packages.READ)


def test_musa_names_are_known_to_exist_where_torch_musa_uses_them(tmp_path: Path) -> None:
    for name, text in {
        "torch_musa/utils/mapping/general.json": (
            '{"cudaMalloc": "musaMalloc", "cudaOdd": "musaOdd", "__shfl": "__mshfl", "same": "same"}'
        ),
        "torch_musa/utils/mapping/include.json": '{"cuda.h": "musa.h", "unknown.h": "mu.h"}',
        "torch_musa/csrc/a.mu": '#include "musa.h"\nvoid f() { musaMalloc(0, 1); }\n',
        "torch_musa/csrc/notes.md": "musaOdd\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    checkout = Checkout(tmp_path)
    libraries = {
        "cudaMalloc": "runtime",
        "cudaOdd": "runtime",
        "cuda.h": "driver",
        "__shfl": "device",
        "same": "runtime",
    }
    rows = import_musa.rows(import_musa.renames(checkout), libraries, import_musa.used(checkout))
    assert {row[0]: (row[1], row[2], row[3]) for row in rows} == {
        "cudaMalloc": ("supported", "rename", "musaMalloc"),
        "cudaOdd": ("partial", "rename", "musaOdd"),
        "cuda.h": ("supported", "rename", "musa.h"),
    }


def test_collectives_count_where_torch_musa_uses_them() -> None:
    libraries = {
        "ncclSend": "nccl",
        "ncclGather": "nccl",
        "NCCL_MAJOR": "nccl",
        "nccl.h": "nccl",
        "cudaMalloc": "runtime",
    }
    rows = import_musa.collectives(libraries, {"mcclSend", "MCCL_MAJOR", "mccl.h", "musaMalloc"})
    assert [(row[0], row[3]) for row in rows] == [
        ("ncclSend", "mcclSend"),
        ("NCCL_MAJOR", "MCCL_MAJOR"),
        ("nccl.h", "mccl.h"),
    ]


@pytest.mark.parametrize(
    ("supported", "expected"),
    [
        ("yes", ("supported", "adapt", "")),
        ("partial", ("partial", "adapt", "")),
        ("no", ("missing", "rewrite", loading.NOT_FOUND)),
    ],
)
def test_what_syclomatic_leaves_alone_is_not_found_in_it(supported: str, expected: tuple[str, str, str]) -> None:
    cells = {"cuda_name": "cudaX", "sycl_supported": supported, "diagnostics": "DPCT1026", "note": "call removed"}
    (row,) = import_sycl.rows([cells, {**cells, "cuda_name": "asm:mma"}], {"cudaX"})
    assert (row[1], row[2], row[10]) == expected
    assert row[5] == "marked DPCT1026; call removed"


def test_the_names_of_a_torch_module_are_read_and_not_run(tmp_path: Path) -> None:
    for name, text in {
        "torch_mlu/mlu/__init__.py": (
            "from .streams import *\nfrom .graphs import MLUGraph, graph as graph\nfrom . import amp\n"
            "from .missing import *\nfrom ..outside import hidden\nOOM: int = 1\nraise SystemExit\n"
        ),
        "torch_mlu/mlu/streams.py": (
            "__all__ = ['Stream']\nclass Stream:\n    def wait(self): ...\nclass Other: ...\nfrom . import amp\n"
        ),
        "torch_mlu/mlu/graphs.py": "class MLUGraph:\n    def replay(self): ...\ndef graph(): ...\ndef private(): ...\n",
        "torch_mlu/mlu/amp/__init__.py": "from .mode import autocast\nfrom .. import graphs\n",
        "torch_mlu/mlu/amp/mode.py": "class autocast: ...\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    names = import_torch_backends.package_names(Checkout(tmp_path), "torch_mlu/mlu")
    assert {"Stream", "Stream.wait", "MLUGraph.replay", "graph", "amp.autocast", "OOM"} <= names
    assert names.isdisjoint({"Other", "private", "hidden"})
    asked = ["torch.cuda", "torch.cuda.CUDAGraph.replay", "torch.cuda.Event", "torch.cuda.get_device_name"]
    rows = import_torch_backends.rows(asked, names.__contains__, BACKENDS["mlu"])
    assert [(row[0], row[3]) for row in rows] == [("torch.cuda.CUDAGraph.replay", "torch.mlu.MLUGraph.replay")]


def test_documented_names_are_those_of_the_summaries(tmp_path: Path) -> None:
    page = tmp_path / "docs/source/xpu.md"
    page.parent.mkdir(parents=True)
    page.write_text(
        "# torch.xpu\nSome words\n    :toctree: generated\n\n    Stream\n     empty_cache\n", encoding="utf-8"
    )
    names = import_torch_backends.documented_names(Checkout(tmp_path), "docs/source/xpu.md")
    assert names == {"Stream", "empty_cache"}


def test_rows_made_by_hand_reach_the_tables_of_packages() -> None:
    with (rules_root() / "overrides.csv").open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["table"].endswith("packages.csv")]
    assert len(rows) >= 40
    tables = {row["table"]: row["name"] for row in rows}
    for table, name in tables.items():
        with (rules_root() / table).open(encoding="utf-8", newline="") as stream:
            assert name in {fields[0] for fields in csv.reader(stream)}
