"""Edits are made on real statements, keep all else byte for byte, and are proved by scanning the result again."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from migrate import rulebook, scan
from migrate.edits import Refused, Splice, edited, prove, rewrite
from migrate.edits.splices import Text, renamed
from migrate.model import Confidence, Edit, Finding, Role, SourceFile, Span, Suppression
from migrate.rulebook import Match, Rulebook
from tests.packs import FILES, write_pack

RULES = """\
- id: torch-module
  title: A function of torch.cuda
  why: It belongs to one vendor.
  area: framework
  match:
    python:
      - {kind: [call, attribute, import], name: "torch.cuda*"}
  not:
    - {kind: [call, attribute, import], name: "torch.cuda.nvtx*"}
- id: torch-nvtx
  title: Ranges for a profiler
  why: It belongs to one vendor.
  area: profiling
  match:
    python:
      - {kind: [call, attribute, import], name: "torch.cuda.nvtx*"}
- id: torch-graph
  title: A recorded graph
  why: It belongs to one vendor.
  area: graph
  match:
    python:
      - {kind: [call, attribute, import], name: torch.cuda.CUDAGraph}
- id: torch-method
  title: A tensor moves to the device
  why: It belongs to one vendor.
  area: framework
  match:
    python:
      - {kind: [call, attribute], in: [.cuda, .is_cuda]}
- id: device-string
  title: A device by name
  why: It belongs to one vendor.
  area: framework
  match:
    python:
      - {kind: string, in: [cuda, "cuda:*", "*:cuda"]}
- id: autocast
  title: Autocast for a device by name
  why: It belongs to one vendor.
  area: precision
  match:
    python:
      - {kind: call, name: torch.autocast, args: {0: "*cuda*"}}
  not: []
- id: device-order
  title: Visible devices
  why: It belongs to one vendor.
  area: environment
  match:
    python:
      - {kind: env, name: CUDA_VISIBLE_DEVICES}
- id: runtime-api
  title: CUDA Runtime API
  why: It belongs to one vendor.
  area: runtime
  match:
    cuda:
      - {kind: [call, name, macro], table: runtime}
- id: swap-a
  title: A name whose edit gives another finding
  why: A test needs it.
  area: runtime
  match:
    python:
      - {kind: call, name: lib.a}
- id: swap-b
  title: The other finding
  why: A test needs it.
  area: runtime
  match:
    python:
      - {kind: call, name: lib.b}
- id: stays
  title: A name whose edit changes nothing
  why: A test needs it.
  area: runtime
  match:
    python:
      - {kind: call, name: "lib.c*"}
"""
ANSWER = "  status: supported\n  change: rename\n  equivalent: x\n  verified: '2026-11'\n  edit: "
MAPPINGS = {
    "torch-module": "{rename: {torch.cuda: torch.npu}}",
    "torch-graph": "{rename: {torch.cuda.CUDAGraph: torch.npu.NPUGraph}}",
    "torch-method": "{method: {cuda: npu, is_cuda: is_npu}}",
    "device-string": "{string: {cuda: npu}}",
    "autocast": "{string: {cuda: npu}}",
    "device-order": "{string: {CUDA_VISIBLE_DEVICES: ASCEND_RT_VISIBLE_DEVICES}}",
    "swap-a": "{rename: {lib.a: lib.b}}",
    "stays": "{rename: {lib.c: lib.c}}",
}
TARGET = FILES["targets/rocm/target.yaml"].replace("id: rocm", "id: npu")


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Rulebook:
    files = {
        "cuda/rules.yaml": RULES,
        "cuda/libraries.yaml": FILES["cuda/libraries.yaml"],
        "cuda/symbols.csv": FILES["cuda/symbols.csv"],
        "model/effort.yaml": FILES["model/effort.yaml"],
        "targets/npu/target.yaml": TARGET,
        "targets/npu/mappings/rules.yaml": "".join(f"{rule}:\n{ANSWER}{edit}\n" for rule, edit in MAPPINGS.items())
        + "torch-nvtx:\n  status: missing\n  change: rewrite\n  equivalent: none\n  verified: '2026-11'\n"
        + "swap-b:\n  status: missing\n  change: rewrite\n  equivalent: none\n  verified: '2026-11'\n",
        "targets/npu/symbols.csv": "name,status,change,equivalent,since,note,source\n"
        "cudaMalloc,supported,rename,aclrtMalloc,,,h\n",
        "targets/npu/symbols.yaml": "sources:\n  h:\n    title: Tables\n",
    }
    return rulebook.load((), root=write_pack(tmp_path_factory.mktemp("pack"), files))


def findings_of(root: Path, path: str, book: Rulebook, language: str = "python") -> tuple[SourceFile, list[Finding]]:
    data = (root / path).read_bytes()
    file = SourceFile(
        path=path, language=language, content=hashlib.blake2b(data, digest_size=16).hexdigest(), lines=1, code_lines=1,
        role=Role.OWNED,
    )  # fmt: skip
    findings = []
    for index, sighting in enumerate(scan.read(file, data.decode(), book).sightings):
        rule = book.rules[sighting.rule]
        match = Match(rule, sighting.symbol, sighting.library, sighting.known)
        findings.append(
            Finding(
                fingerprint=f"f{index}",
                rule=rule.id,
                symbol=sighting.symbol,
                library=sighting.library,
                area=rule.area,
                path=path,
                role=Role.OWNED,
                span=sighting.use.span,
                snippet="",
                confidence=Confidence.HIGH,
                answers={"npu": book.answer(match, sighting.use, "npu", "a")},
            )
        )
    return file, findings


def rewritten(root: Path, text: str, book: Rulebook, path: str = "a.py") -> tuple[str, tuple[Edit, ...]]:
    """Return the text with all proved edits, and the edits; `prove` must say the same."""
    (root / path).write_bytes(text.encode())
    file, findings = findings_of(root, path, book, "python" if path.endswith(".py") else "cuda")
    result = rewrite(root, file, findings, book, target="npu", chip="a")
    assert result is not None
    edits = prove(root, {path: file}, findings, book, {"npu": "a"})
    assert sorted(result[1], key=lambda edit: (edit.line, edit.fingerprint)) == sorted(
        edits, key=lambda edit: (edit.line, edit.fingerprint)
    )
    return result[0], edits


# ---------------------------------------------------------------------------------------------------------- Python


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # names
        ("import torch\ntorch.cuda.synchronize()\n", "import torch\ntorch.npu.synchronize()\n"),
        ("import torch as T\nx = T . cuda . Stream( 0 )\n", "import torch as T\nx = T . npu . Stream( 0 )\n"),
        ("from torch import cuda\ncuda.init()\n", "from torch import npu as cuda\ncuda.init()\n"),
        ("from torch import nn, cuda as c  # both\nc.init()\n", "from torch import nn, npu as c  # both\nc.init()\n"),
        ("import torch.cuda as c\nc.init()\nc.empty()\n", "import torch.npu as c\nc.init()\nc.empty()\n"),
        ("import torch.cuda\ntorch.cuda.init()\n", "import torch.npu\ntorch.npu.init()\n"),
        ("from torch.cuda import Stream\ns = Stream()\n", "from torch.npu import Stream\ns = Stream()\n"),
        (
            "from torch.cuda import (  # these\n    Stream,  # one\n    Event as E,\n)\nE(Stream())\n",
            "from torch.npu import (  # these\n    Stream,  # one\n    Event as E,\n)\nE(Stream())\n",
        ),
        (
            "from torch.cuda import CUDAGraph\ng = CUDAGraph()\n",
            "from torch.npu import NPUGraph as CUDAGraph\ng = CUDAGraph()\n",
        ),
        ("import torch\ng = torch.cuda.CUDAGraph()\n", "import torch\ng = torch.npu.NPUGraph()\n"),
        ("import torch\nx = (torch\n     .cuda  # here\n     .Stream())\n", "import torch\nx = (torch\n     .npu  # here\n     .Stream())\n"),
        ("import torch\n@torch.cuda.wrap\ndef f(): pass\n", "import torch\n@torch.npu.wrap\ndef f(): pass\n"),
        (
            "import torch\nwith torch.cuda.stream(torch.cuda.Stream()) as s:\n    pass\n",
            "import torch\nwith torch.npu.stream(torch.npu.Stream()) as s:\n    pass\n",
        ),
        ("import torch\nd = f'on {torch.cuda.current_device()}'\n", "import torch\nd = f'on {torch.npu.current_device()}'\n"),
        ("import torch\ncuda = torch.cuda\ncuda.init()\n", "import torch\ncuda = torch.npu\ncuda.init()\n"),
        # methods
        ("y = x.cuda(0).half()\n", "y = x.npu(0).half()\n"),
        ("y = (\n    x\n    .cuda()  # there\n)\n", "y = (\n    x\n    .npu()  # there\n)\n"),
        ("if x.is_cuda: pass\n", "if x.is_npu: pass\n"),
        # strings
        ("d = 'cuda'\n", "d = 'npu'\n"),
        ('d = "cuda:0"\n', 'd = "npu:0"\n'),
        ('d = f"cuda:{i}"\n', 'd = f"npu:{i}"\n'),
        ("d = 'cuda:%d' % i\n", "d = 'npu:%d' % i\n"),
        ("d = r'''cuda'''\n", "d = r'''npu'''\n"),
        ("d = 'cuda:' '0'\n", "d = 'npu:' '0'\n"),
        ("x.to('cuda' if ok else 'cpu')\n", "x.to('npu' if ok else 'cpu')\n"),
        ("import torch\nwith torch.autocast('cuda', x): pass\n", "import torch\nwith torch.autocast('npu', x): pass\n"),
        ("import os\nos.environ['CUDA_VISIBLE_DEVICES'] = '1'\n", "import os\nos.environ['ASCEND_RT_VISIBLE_DEVICES'] = '1'\n"),
        ("env = {'CUDA_VISIBLE_DEVICES': '1'}\n", "env = {'ASCEND_RT_VISIBLE_DEVICES': '1'}\n"),
        # everything else stays
        (
            "# torch.cuda in a comment\r\nimport torch\r\n\r\nx = [\r\n  'cuda',\t# why\r\n  torch.cuda.x( ),\r\n]\r\n",
            "# torch.cuda in a comment\r\nimport torch\r\n\r\nx = [\r\n  'npu',\t# why\r\n  torch.npu.x( ),\r\n]\r\n",
        ),
        ("s = 'é'; d = 'cuda'; x.cuda()", "s = 'é'; d = 'npu'; x.npu()"),
        ("class A:\n\tdef f(self):\n\t\treturn self.x.cuda()\n", "class A:\n\tdef f(self):\n\t\treturn self.x.npu()\n"),
    ],
)  # fmt: skip
def test_an_edit_changes_what_it_names_and_nothing_else(
    tmp_path: Path, book: Rulebook, before: str, after: str
) -> None:
    text, edits = rewritten(tmp_path, before, book)
    assert text == after
    assert edits
    assert [edit.reason for edit in edits if not edit.proved] == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("d = f'{kind}:cuda'\n", "no string here begins with what the edit replaces"),
        ("from torch.cuda import Stream, nvtx\nnvtx.mark('x')\nStream()\n", "the import also brings names that stay where they are"),
        ("from torch import cuda\ncuda.init()\ncuda.nvtx.mark('x')\n", "the import also serves torch.cuda.nvtx.mark on line 3, which stays"),
        ("import torch\ngetattr(torch, 'cuda').init()\n", "the edited statement still gives the finding"),
        ("import lib\nlib.a()\n", "the edited code gives lib.b instead"),
        ("import lib\nlib.c()\n", "the edited statement still gives the finding"),
    ],
)  # fmt: skip
def test_an_edit_that_does_not_hold_is_refused_with_its_reason(
    tmp_path: Path, book: Rulebook, text: str, reason: str
) -> None:
    result, edits = rewritten(tmp_path, text, book)
    assert result == text
    assert reason in {edit.reason for edit in edits}
    assert not any(edit.proved or edit.after for edit in edits)


def test_a_failed_edit_does_not_spoil_the_others(tmp_path: Path, book: Rulebook) -> None:
    text = "import torch, lib\nlib.a(torch.cuda.Stream())\nx.cuda()\nd = f'{kind}:cuda'\n"
    result, edits = rewritten(tmp_path, text, book)
    assert result == "import torch, lib\nlib.a(torch.npu.Stream())\nx.npu()\nd = f'{kind}:cuda'\n"
    assert [(edit.line, edit.proved) for edit in edits] == [(2, False), (2, True), (3, True), (4, False)]


def test_before_and_after_show_the_statement(tmp_path: Path, book: Rulebook) -> None:
    text = "import torch\nif ok:\n    run(\n        1,\n        2,\n        3,\n        torch.cuda.x(),\n    )\n    x.cuda()  # move\n"
    _, (late, short) = rewritten(tmp_path, text, book)
    assert (late.before, late.after) == ("torch.cuda.x(),\n)", "torch.npu.x(),\n)")
    assert (short.line, short.before, short.after) == (9, "x.cuda()  # move", "x.npu()  # move")


def test_a_use_behind_an_import_shows_the_import(tmp_path: Path, book: Rulebook) -> None:
    _, edits = rewritten(tmp_path, "from torch import cuda\n\ncuda.init()\n", book)
    assert {(edit.line, edit.before, edit.after) for edit in edits} == {
        (1, "from torch import cuda", "from torch import npu as cuda"),
        (3, "from torch import cuda", "from torch import npu as cuda"),
    }


def test_a_file_that_changed_since_the_scan_is_left_alone(tmp_path: Path, book: Rulebook) -> None:
    (tmp_path / "a.py").write_text("x.cuda()\n")
    file, findings = findings_of(tmp_path, "a.py", book)
    (tmp_path / "a.py").write_text("y.cuda()\n")
    (edit,) = prove(tmp_path, {"a.py": file}, findings, book, {"npu": "a"})
    assert (edit.proved, edit.reason) == (False, "the file is gone, or has changed since the scan")
    (tmp_path / "a.py").unlink()
    assert prove(tmp_path, {"a.py": file}, findings, book, {"npu": "a"}) == (edit,)
    assert rewrite(tmp_path, file, findings, book, target="npu", chip="a") is None


def test_suppressed_and_guarded_findings_are_not_tried(tmp_path: Path, book: Rulebook) -> None:
    (tmp_path / "a.py").write_text("x.cuda()\n")
    file, (finding,) = findings_of(tmp_path, "a.py", book)
    silent = msgspec.structs.replace(finding, suppressed=Suppression(by="config", reason="known"))
    assert prove(tmp_path, {"a.py": file}, [silent], book, {"npu": "a"}) == ()
    guarded = msgspec.structs.replace(
        finding, answers={"npu": msgspec.structs.replace(finding.answers["npu"], guarded=True)}
    )
    assert prove(tmp_path, {"a.py": file}, [guarded], book, {"npu": "a"}) == ()


def test_a_finding_that_is_not_there_is_told(tmp_path: Path, book: Rulebook) -> None:
    (tmp_path / "a.py").write_text("x.cuda()\n")
    file, (finding,) = findings_of(tmp_path, "a.py", book)
    moved = msgspec.structs.replace(finding, span=Span(line=9, column=1, end_line=9, end_column=2))
    (edit,) = prove(tmp_path, {"a.py": file}, [moved], book, {"npu": "a"})
    assert edit.reason == "the finding is not there any more"


# --------------------------------------------------------------------------------------------------------------- C


def test_identifiers_of_c_are_replaced_at_their_place(tmp_path: Path, book: Rulebook) -> None:
    text = "// cudaMalloc\nint f() {\r\n  return cudaMalloc(&cudaMallocked, 4); // cudaMalloc\n}\n"
    result, edits = rewritten(tmp_path, text, book, "a.cu")
    assert result == text.replace("return cudaMalloc(", "return aclrtMalloc(")
    assert [(edit.proved, edit.before) for edit in edits] == [
        (True, "return cudaMalloc(&cudaMallocked, 4); // cudaMalloc")
    ]


# --------------------------------------------------------------------------------------------------------- pieces


def test_splices_apply_by_offset_and_refuse_to_overlap() -> None:
    assert edited("abcdef", [Splice(4, 5, "X"), Splice(1, 2, ""), Splice(1, 2, "")]) == "acdXf"
    with pytest.raises(Refused):
        edited("abcdef", [Splice(1, 3, "X"), Splice(2, 4, "Y")])


@pytest.mark.parametrize(
    ("name", "renames", "expected"),
    [
        ("torch.cuda.amp.x", {"torch.cuda": "torch.npu", "torch.cuda.amp": "torch.amp"}, "torch.amp.x"),
        ("torch.cuda", {"torch.cuda": "torch.npu"}, "torch.npu"),
        ("torch.cudax", {"torch.cuda": "torch.npu"}, None),
    ],
)
def test_the_longest_beginning_is_renamed(name: str, renames: Mapping[str, str], expected: str | None) -> None:
    assert renamed(name, renames) == expected


def test_places_in_a_text_with_any_line_ends() -> None:
    text = Text("a\r\nbé\rc\n")
    assert [text.offset(line, 1) for line in (1, 2, 3)] == [0, 3, 6]
    assert text.lines(1, 9) == ["a", "bé", "c", ""]
    assert text.line(4) == 2


def test_libcst_loads_only_when_an_edit_is_made() -> None:
    code = "import migrate.edits, sys; sys.exit('libcst' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
