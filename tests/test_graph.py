"""Porting units, their edges, cycles, waves and chains."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec
import pytest

from migrate import config, graph, rulebook, scan
from migrate.model import (
    Answer,
    Area,
    Basis,
    Change,
    Confidence,
    Effort,
    Finding,
    Graph,
    KernelFacts,
    Link,
    LinkKind,
    Role,
    SourceFile,
    Span,
    Status,
    Suppression,
)


def file(path: str, language: str = "python", role: Role = Role.OWNED) -> SourceFile:
    return SourceFile(path=path, language=language, content="0", lines=12, code_lines=10, role=role)


def finding(
    path: str,
    symbol: str = "torch.cuda.Stream",
    *,
    area: Area = Area.FRAMEWORK,
    library: str = "torch.cuda",
    kernel: bool = False,
    in_kernel: str = "",
    role: Role = Role.OWNED,
    suppressed: Suppression | None = None,
) -> Finding:
    effort = Effort(first=(1, 2, 3), each=(0.1, 0.2, 0.3), key="k", source="judgement")
    answer = Answer(
        status=Status.PARTIAL,
        change=Change.ADAPT,
        equivalent="",
        basis=Basis.TABLE,
        source="t",
        effort=effort,
    )
    return Finding(
        fingerprint=f"{path}:{symbol}",
        rule="r",
        symbol=symbol,
        library=library,
        area=area,
        path=path,
        role=role,
        span=Span(line=1, column=1, end_line=1, end_column=2),
        snippet="",
        confidence=Confidence.HIGH,
        answers={"rocm": answer},
        in_kernel=in_kernel,
        suppressed=suppressed,
        kernel=KernelFacts(language="cuda", code_lines=5) if kernel else None,
    )


def link(kind: LinkKind, to: str, via: str = "") -> Link:
    return Link(kind=kind, to=to, via=via)


def pairs(made: Graph) -> set[tuple[str, str, str]]:
    return {(edge.source, edge.needs, edge.kind.value) for edge in made.edges}


def build(
    files: Sequence[SourceFile],
    findings: Sequence[Finding],
    links: Mapping[str, Sequence[Link]] | None = None,
) -> Graph:
    return graph.build(files, findings, links or {})


def test_every_finding_is_in_exactly_one_unit_and_others_in_none() -> None:
    files = [file("a.py"), file("k.cu", "cuda"), file("v.py", role=Role.VENDORED)]
    counted = [
        finding("a.py"),
        finding("k.cu", "cudaMalloc", area=Area.RUNTIME, library="runtime"),
        finding("k.cu", "reduce", area=Area.KERNEL, kernel=True),
        finding("k.cu", "__shfl_sync", area=Area.KERNEL, in_kernel="reduce"),
        finding("k.cu", "cublasSgemm", area=Area.LIBRARY, library="cublas"),
        finding("a.py", "flash-attn", area=Area.PACKAGE, library="package"),
    ]
    apart = [
        finding("v.py", role=Role.VENDORED),
        finding("a.py", "x", suppressed=Suppression(by="config", reason="r")),
    ]
    made = build(files, counted + apart)
    placed = sorted(fingerprint for unit in made.units for fingerprint in unit.findings)
    assert placed == sorted(entry.fingerprint for entry in counted)
    assert {unit.id for unit in made.units} == {
        "module:a.py",
        "module:k.cu",
        "kernel-family:k.cu",
        "library:cublas",
        "package:flash-attn",
    }


def test_host_code_needs_its_kernels_libraries_and_packages() -> None:
    files = [file("k.cu", "cuda"), file("a.py")]
    made = build(
        files,
        [
            finding("k.cu", "cudaMalloc", area=Area.RUNTIME),
            finding("k.cu", "reduce", area=Area.KERNEL, kernel=True),
            finding("k.cu", "cublasSgemm", area=Area.LIBRARY, library="cublas"),
            finding("a.py", "flash-attn", area=Area.PACKAGE, library="package"),
        ],
    )
    assert pairs(made) == {
        ("module:k.cu", "kernel-family:k.cu", "launch"),
        ("module:k.cu", "library:cublas", "link"),
        ("module:a.py", "package:flash-attn", "requires"),
    }


def test_imports_includes_and_launches_resolve_to_files() -> None:
    files = [
        file("src/app/__init__.py"),
        file("src/app/main.py"),
        file("src/app/device.py"),
        file("csrc/host.cpp", "cuda"),
        file("csrc/inc/gpu.h", "cuda"),
        file("csrc/k.cu", "cuda"),
    ]
    made = build(
        files,
        [
            finding("src/app/main.py"),
            finding("src/app/device.py"),
            finding("csrc/host.cpp", "cudaFree", area=Area.RUNTIME),
            finding("csrc/inc/gpu.h", "cudaStream_t", area=Area.RUNTIME),
            finding("csrc/k.cu", "reduce", area=Area.KERNEL, kernel=True),
        ],
        {
            "src/app/main.py": [link(LinkKind.IMPORT, "app.device.pick")],
            "csrc/host.cpp": [link(LinkKind.INCLUDE, "inc/gpu.h"), link(LinkKind.LAUNCH, "ns::reduce<float>")],
        },
    )
    assert pairs(made) == {
        ("module:src/app/main.py", "module:src/app/device.py", "import"),
        ("module:csrc/host.cpp", "module:csrc/inc/gpu.h", "include"),
        ("module:csrc/host.cpp", "kernel-family:csrc/k.cu", "launch"),
    }


def test_an_included_file_serves_host_code_and_kernels() -> None:
    made = build(
        [file("k.cu", "cuda"), file("warp.cuh", "cuda")],
        [
            finding("k.cu", "cudaMalloc", area=Area.RUNTIME),
            finding("k.cu", "reduce", area=Area.KERNEL, kernel=True),
            finding("warp.cuh", "__shfl_sync", area=Area.KERNEL),
        ],
        {"k.cu": [link(LinkKind.INCLUDE, "warp.cuh")]},
    )
    assert pairs(made) == {
        ("module:k.cu", "kernel-family:k.cu", "launch"),
        ("module:k.cu", "module:warp.cuh", "include"),
        ("kernel-family:k.cu", "module:warp.cuh", "include"),
    }


def test_python_reaches_kernels_through_the_extension() -> None:
    files = [file("setup.py"), file("ops/__init__.py"), file("ops/api.py"), file("csrc/k.cu", "cuda")]
    made = build(
        files,
        [
            finding("setup.py", "CUDAExtension", area=Area.BUILD),
            finding("ops/api.py"),
            finding("csrc/k.cu", "reduce", area=Area.KERNEL, kernel=True),
        ],
        {
            "setup.py": [link(LinkKind.BUILD, "csrc/*.cu", "ops._C")],
            "ops/api.py": [link(LinkKind.IMPORT, "ops._C"), link(LinkKind.BINDING, "ops:fused")],
            "csrc/k.cu": [link(LinkKind.BINDING, "ops:fused", "provides")],
        },
    )
    assert ("extension:ops._C", "kernel-family:csrc/k.cu", "build") in pairs(made)
    assert ("extension:ops._C", "build:setup.py", "build") in pairs(made)
    assert ("module:ops/api.py", "extension:ops._C", "binding") in pairs(made)
    extension = next(unit for unit in made.units if unit.id == "extension:ops._C")
    assert extension.code_lines == 0  # its sources carry their own lines
    assert [unit.wave for unit in sorted(made.units, key=lambda unit: unit.id)] == [0, 1, 0, 2]


def test_a_binding_passes_through_a_package_without_work_and_a_target_that_only_wraps_another() -> None:
    files = [
        file("CMakeLists.txt", "cmake"),
        file("ops/__init__.py"),
        file("app.py"),
        file("bind.cpp", "cuda"),
        file("k.cu", "cuda"),
    ]
    made = build(
        files,
        [finding("app.py"), finding("k.cu", "reduce", area=Area.KERNEL, kernel=True)],
        {
            "CMakeLists.txt": [
                link(LinkKind.BUILD, "k.cu", "core"),
                link(LinkKind.BUILD, "bind.cpp", "_core"),
                link(LinkKind.LINK, "core", "_core"),
            ],
            "bind.cpp": [link(LinkKind.BINDING, "module:_core", "provides")],
            "app.py": [link(LinkKind.IMPORT, "ops.run")],
            "ops/__init__.py": [link(LinkKind.IMPORT, "_core")],
        },
    )
    assert pairs(made) == {
        ("extension:core", "kernel-family:k.cu", "build"),
        ("extension:_core", "extension:core", "link"),
        ("module:app.py", "extension:_core", "binding"),
    }


def test_order_passes_through_files_without_work() -> None:
    files = [file(name) for name in ("top.py", "plain.py", "deep.py")]
    made = build(
        files,
        [finding("top.py"), finding("deep.py")],
        {"top.py": [link(LinkKind.IMPORT, "plain")], "plain.py": [link(LinkKind.IMPORT, "deep")]},
    )
    assert pairs(made) == {("module:top.py", "module:deep.py", "import")}


def test_a_hub_without_work_gives_no_bundle_of_edges() -> None:
    names = [f"m{number}.py" for number in range(30)]
    files = [file(name) for name in [*names, "hub.py"]]
    links = {name: [link(LinkKind.IMPORT, "hub")] for name in names[:10]}
    links["hub.py"] = [link(LinkKind.IMPORT, f"m{number}") for number in range(10, 30)]
    links |= {f"m{number}.py": [link(LinkKind.IMPORT, f"m{number + 1}")] for number in range(10, 29)}
    made = build(files, [finding(name) for name in names], links)
    assert sum(edge.source == "module:m0.py" for edge in made.edges) == 1  # m10 covers the rest of the chain


def test_cycles_are_condensed_and_waves_respect_needs() -> None:
    files = [file(name) for name in ("a.py", "b.py", "c.py", "d.py")]
    made = build(
        files,
        [finding(entry.path) for entry in files],
        {
            "a.py": [link(LinkKind.IMPORT, "b")],
            "b.py": [link(LinkKind.IMPORT, "c")],
            "c.py": [link(LinkKind.IMPORT, "b"), link(LinkKind.IMPORT, "d")],
        },
    )
    assert made.cycles == (("module:b.py", "module:c.py"),)
    assert made.waves == (("module:d.py",), ("module:b.py", "module:c.py"), ("module:a.py",))
    unlocks = {unit.id: unit.unlocks for unit in made.units}
    assert unlocks == {"module:a.py": 0, "module:b.py": 1, "module:c.py": 1, "module:d.py": 3}


def test_longest_chain_follows_the_work() -> None:
    files = [file(name) for name in ("a.py", "b.py", "c.py")]
    made = build(
        files,
        [finding(entry.path) for entry in files],
        {"a.py": [link(LinkKind.IMPORT, "b"), link(LinkKind.IMPORT, "c")]},
    )
    days = {"module:a.py": 1.0, "module:b.py": 2.0, "module:c.py": 5.0}
    assert graph.longest_chain(made, days) == ("module:c.py", "module:a.py")
    assert graph.longest_chain(build([], []), {}) == ()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_order_of_the_input_does_not_matter(seed: int) -> None:
    names = [f"m{number}.py" for number in range(12)]
    chance = random.Random(seed)
    links = {name: [link(LinkKind.IMPORT, f"m{chance.randrange(12)}") for _ in range(3)] for name in names}
    findings = [finding(name) for name in names]
    straight = build([file(name) for name in names], findings, links)
    chance.shuffle(names)
    shuffled = build([file(name) for name in names], findings, {name: links[name] for name in names})
    assert shuffled == straight


def test_no_edge_leaves_the_waves_order() -> None:
    names = [f"m{number}.py" for number in range(40)]
    chance = random.Random(7)
    links = {name: [link(LinkKind.IMPORT, f"m{chance.randrange(40)}")] for name in names}
    made = build([file(name) for name in names], [finding(name) for name in names], links)
    units = {unit.id: unit for unit in made.units}
    for edge in made.edges:
        one, other = units[edge.source], units[edge.needs]
        assert one.wave > other.wave or (one.cycle is not None and one.cycle == other.cycle)


# ------------------------------------------------------------------------------------- links between languages

KERNEL = "__global__ void k(float* x) { x[0] = 1; }\n"
LAUNCHER = KERNEL + "void scale_cuda(float* x) { k<<<1, 32>>>(x); cudaDeviceSynchronize(); }\n"
APP = "import torch\ntorch.cuda.synchronize()\n"


def tree(root: Path, files: Mapping[str, str]) -> Graph:
    """Scan a small tree and build its graph."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    chips = {"rocm": "cdna3"}
    result = scan.scan(root, rulebook.shipped(), config.load(root, environment={}), chips, jobs=1)
    return graph.build(result.files, result.findings, result.links)


def between(made: Graph, *kinds: str) -> set[tuple[str, str, str]]:
    """Return the edges of some kinds, without those to packages and libraries."""
    return {edge for edge in pairs(made) if edge[2] in kinds and not edge[1].startswith(("package:", "library:"))}


SETUP = "from torch.utils.cpp_extension import CUDAExtension\n"
BUILT = {
    ("extension:fast", "kernel-family:csrc/k.cu", "build"),
    ("extension:fast", "module:csrc/k.cu", "build"),
}
"""Edges from an extension to the host side and the kernels of its source."""


@pytest.mark.parametrize(
    "setup",
    [
        "CUDAExtension('fast', ['csrc/k.cu'])",
        "CUDAExtension(name='fast', sources=glob.glob('csrc/*.cu'))",
        "CUDAExtension(name='fast', sources=[str(p) for p in Path('csrc').glob('*.cu')])",
    ],
)
def test_from_an_import_through_an_extension_to_its_kernels(tmp_path: Path, setup: str) -> None:
    made = tree(tmp_path, {"setup.py": SETUP + setup, "csrc/k.cu": LAUNCHER, "app.py": APP + "import fast\n"})
    assert between(made, "binding", "build", "launch") == {
        *BUILT,
        ("extension:fast", "build:setup.py", "build"),
        ("module:app.py", "extension:fast", "binding"),
        ("module:csrc/k.cu", "kernel-family:csrc/k.cu", "launch"),
    }
    assert made.unresolved == {}


def test_an_extension_whose_name_a_loop_makes(tmp_path: Path) -> None:
    setup = SETUP + "for n in names:\n    CUDAExtension(f'pkg._{n}_cuda', [f'csrc/{n}.cu'])\n"
    made = tree(tmp_path, {"setup.py": setup, "csrc/k.cu": LAUNCHER, "app.py": APP + "from pkg import _k_cuda\n"})
    assert ("module:app.py", "extension:pkg._*_cuda", "binding") in pairs(made)
    assert ("extension:pkg._*_cuda", "kernel-family:csrc/k.cu", "build") in pairs(made)


def test_an_extension_that_is_compiled_when_it_is_loaded(tmp_path: Path) -> None:
    app = APP + "from torch.utils.cpp_extension import load\nfast = load(name='fast', sources=['csrc/k.cu'])\n"
    made = tree(tmp_path, {"app.py": app, "csrc/k.cu": LAUNCHER})
    assert between(made, "build") == {*BUILT, ("extension:fast", "module:app.py", "build")}


@pytest.mark.parametrize("command", ["pybind11_add_module", "nanobind_add_module", "Python3_add_library"])
def test_a_module_that_cmake_builds_under_another_name_than_the_package(tmp_path: Path, command: str) -> None:
    made = tree(
        tmp_path,
        {
            "CMakeLists.txt": f"add_library(core csrc/k.cu)\n{command}(_fast bind.cpp)\n"
            "target_link_libraries(_fast PRIVATE core)\n",
            "bind.cpp": "PYBIND11_MODULE(_fast, m) { }\n",
            "csrc/k.cu": LAUNCHER,
            "pkg/__init__.py": "",
            "app.py": APP + "from pkg._fast import scale\n",
        },
    )
    assert between(made, "binding", "link") == {
        ("module:app.py", "extension:_fast", "binding"),
        ("extension:_fast", "extension:core", "link"),
    }


def test_a_module_that_meson_builds(tmp_path: Path) -> None:
    meson = "project('x', 'cpp', 'cuda')\npy = import('python').find_installation()\n"
    made = tree(
        tmp_path,
        {
            "meson.build": meson + "py.extension_module('_fast', 'bind.cpp', 'csrc/k.cu')\n",
            "bind.cpp": "PYBIND11_MODULE(_fast, m) { }\n",
            "csrc/k.cu": LAUNCHER,
            "app.py": APP + "import _fast\n",
        },
    )
    assert ("module:app.py", "extension:_fast", "binding") in pairs(made)
    assert ("extension:_fast", "kernel-family:csrc/k.cu", "build") in pairs(made)


def test_a_cython_module_with_native_sources(tmp_path: Path) -> None:
    setup = "from setuptools import Extension\nExtension('pkg.fast', ['pkg/fast.pyx', 'csrc/k.cu'])\n"
    made = tree(
        tmp_path,
        {
            "setup.py": setup,
            "pkg/__init__.py": "",
            "pkg/fast.pyx": "cdef extern from 'k.h':\n    void scale_cuda(float* x)\n",
            "csrc/k.cu": LAUNCHER,
            "app.py": APP + "from pkg.fast import scale\n",
        },
    )
    assert ("module:app.py", "extension:pkg.fast", "binding") in pairs(made)
    assert ("extension:pkg.fast", "kernel-family:csrc/k.cu", "build") in pairs(made)


def test_a_cython_module_is_its_code_not_its_declarations(tmp_path: Path) -> None:
    code = "def wait():\n    status = cudaDeviceSynchronize()\n"
    made = tree(
        tmp_path,
        {
            "pkg/__init__.py": "",
            "pkg/fast.pyx": code,
            "pkg/fast.pxd": "cdef int wait()\n",
            "pkg/fast.pxi": "DEF WIDTH = 4\n",
            "pkg/user.pyx": "from pkg cimport fast\n" + code.replace("wait", "rest"),
            "app.py": APP + "import pkg.fast\n",
        },
    )
    assert ("module:app.py", "module:pkg/fast.pyx", "import") in pairs(made)
    assert ("module:pkg/user.pyx", "module:pkg/fast.pyx", "import") in pairs(made)


def test_a_target_is_no_python_module_because_of_its_name(tmp_path: Path) -> None:
    made = tree(
        tmp_path,
        {"CMakeLists.txt": "add_library(copy csrc/k.cu)\n", "csrc/k.cu": LAUNCHER, "app.py": APP + "import copy\n"},
    )
    assert between(made, "binding") == set()


def test_from_an_operator_to_the_file_that_registers_it_and_on_to_the_kernel(tmp_path: Path) -> None:
    made = tree(
        tmp_path,
        {
            "app.py": APP + "torch.ops.mine.scale(x)\n",
            "csrc/bind.cpp": 'void scale_cuda(float*);\nTORCH_LIBRARY(mine, m) { m.def("scale", &scale_cuda); }\n',
            "csrc/k.cu": LAUNCHER,
            "csrc/other.cpp": 'TORCH_LIBRARY(others, m) { m.def("scale", &f); }\n',
        },
    )
    # The file that binds has no work of its own, so the need passes through it.
    assert between(made, "binding", "import", "call") == {("module:app.py", "module:csrc/k.cu", "import")}
    assert made.unresolved == {}


def test_operators_are_told_apart_where_they_are_registered_by_name() -> None:
    files = [file("app.py"), file("a.cu", "cuda"), file("b.cu", "cuda")]
    cuda = [finding(path, path, kernel=True, area=Area.KERNEL) for path in ("a.cu", "b.cu")]
    links = {
        "a.cu": [link(LinkKind.BINDING, name, "provides") for name in ("ops:mine", "ops:mine::one")],
        "b.cu": [link(LinkKind.BINDING, name, "provides") for name in ("ops:mine", "ops:mine::two")],
    }

    def edges(*asked: str) -> set[tuple[str, str, str]]:
        asking = {"app.py": [link(LinkKind.BINDING, name) for name in asked]}
        return pairs(build(files, [finding("app.py"), *cuda], {**links, **asking}))

    one, two = (("module:app.py", f"kernel-family:{path}", "binding") for path in ("a.cu", "b.cu"))
    assert edges("ops:mine::one") == {one}
    assert edges("ops:mine::unnamed") == {one, two}
    assert edges("ops:mine") == {one, two}


def test_a_function_that_another_file_defines(tmp_path: Path) -> None:
    host = "void scale_cuda(float* x);\nvoid scale(float* x) { cudaSetDevice(0); scale_cuda(x); }\n"
    made = tree(tmp_path, {"host.cpp": host, "k.cu": LAUNCHER})
    assert between(made, "call", "launch") == {
        ("module:host.cpp", "module:k.cu", "call"),
        ("module:k.cu", "kernel-family:k.cu", "launch"),
    }


def test_a_name_that_several_files_define_is_nobodys() -> None:
    files = [file("host.cpp", "cuda"), file("a/k.cu", "cuda"), file("b/k.cu", "cuda")]
    offer = [link(LinkKind.BINDING, "function:forward", "provides")]
    links = {"a/k.cu": offer, "b/k.cu": offer, "host.cpp": [link(LinkKind.CALL, "forward")]}
    work = [finding(each.path, area=Area.RUNTIME, library="runtime") for each in files]
    assert pairs(build(files, work, links)) == set()
    links["a/host.cpp"] = links.pop("host.cpp")
    files[0] = file("a/host.cpp", "cuda")
    work[0] = finding("a/host.cpp", area=Area.RUNTIME, library="runtime")
    assert pairs(build(files, work, links)) == {("module:a/host.cpp", "module:a/k.cu", "call")}


def test_a_library_that_ctypes_loads(tmp_path: Path) -> None:
    app = APP + "import ctypes\nlib = ctypes.CDLL(f'build/libfast_cuda{v}.so')\nlib.cscale(1)\n"
    source = KERNEL + 'extern "C" void cscale(float* x) { k<<<1, 32>>>(x); cudaDeviceSynchronize(); }\n'
    made = tree(
        tmp_path, {"CMakeLists.txt": "add_library(fast SHARED csrc/k.cu)\n", "app.py": app, "csrc/k.cu": source}
    )
    assert between(made, "binding", "call") == {
        ("module:app.py", "extension:fast", "binding"),
        ("module:app.py", "module:csrc/k.cu", "call"),
    }


def test_builders_that_are_classes() -> None:
    files = [file("ops.py"), file("builder.py"), file("csrc/k.cu", "cuda")]
    made = build(
        files,
        [finding("ops.py"), finding("csrc/k.cu", kernel=True, area=Area.KERNEL)],
        {
            "builder.py": [
                link(LinkKind.BINDING, "module:FusedBuilder", "provides"),
                link(LinkKind.BUILD, "csrc/k.cu", "FusedBuilder"),
            ],
            "ops.py": [link(LinkKind.BINDING, "module:FusedBuilder")],
        },
    )
    assert pairs(made) == {
        ("module:ops.py", "extension:FusedBuilder", "binding"),
        ("extension:FusedBuilder", "kernel-family:csrc/k.cu", "build"),
    }


def test_a_source_that_python_reads_itself() -> None:
    files = [file("app.py"), file("k.cu", "cuda")]
    work = [finding("app.py"), finding("k.cu", kernel=True, area=Area.KERNEL)]
    made = build(files, work, {"app.py": [link(LinkKind.BUILD, "k.cu")]})
    assert pairs(made) == {("module:app.py", "kernel-family:k.cu", "build")}


def test_copies_lead_to_the_file_they_are_copies_of() -> None:
    copy = msgspec.structs.replace(file("pkg/csrc/k.cu", "cuda", Role.DUPLICATE), content="same")
    files = [file("pkg/builder.py"), copy, msgspec.structs.replace(file("csrc/k.cu", "cuda"), content="same")]
    work = [finding("csrc/k.cu", kernel=True, area=Area.KERNEL)]
    made = build(files, work, {"pkg/builder.py": [link(LinkKind.BUILD, "csrc/k.cu", "fast")]})
    assert pairs(made) == {("extension:fast", "kernel-family:csrc/k.cu", "build")}


def test_what_leads_nowhere_is_counted() -> None:
    files = [file("app.py"), file("setup.py")]
    made = build(
        files,
        [finding("app.py")],
        {
            "setup.py": [link(LinkKind.BUILD, "csrc/gone.cu", "fast")],
            "app.py": [
                link(LinkKind.BINDING, "ops:unknown::f"),
                link(LinkKind.BINDING, "lib:libgone.so"),
                link(LinkKind.BINDING, "ops:aten::add"),
                link(LinkKind.BINDING, "module:fast"),
                link(LinkKind.BINDING, "cudaMalloc", "shim:rocm"),
                link(LinkKind.BINDING, "cann", "backend"),
                link(LinkKind.IMPORT, "numpy"),
            ],
        },
    )
    assert made.unresolved == {LinkKind.BINDING: 2, LinkKind.BUILD: 1}


# ---------------------------------------------------------------------------------------------------------- effort


def steps(make: Callable[[int], tuple[list[SourceFile], list[Finding], dict[str, list[Link]]]], size: int) -> int:
    """Count the calls that building a graph of a size takes: the same on every machine."""
    files, findings, links = make(size)
    count = 0

    def counted(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(counted)
    try:
        graph.build(files, findings, links)
    finally:
        sys.setprofile(None)
    return count


def hub(size: int) -> tuple[list[SourceFile], list[Finding], dict[str, list[Link]]]:
    """Everybody imports one package without work, which imports everybody."""
    paths = [f"m{n}.py" for n in range(size)]
    links = {path: [link(LinkKind.IMPORT, "hub")] for path in paths}
    links["hub/__init__.py"] = [link(LinkKind.IMPORT, f"m{n}") for n in range(size)]
    return [*map(file, paths), file("hub/__init__.py")], [finding(path) for path in paths], links


def same_names(size: int) -> tuple[list[SourceFile], list[Finding], dict[str, list[Link]]]:
    """Every folder has a header, a kernel file and a build file of the same names, and globs for its sources."""
    files, findings, links = [], [], {}
    for n in range(size):
        files += [file(f"d{n}/k.cu", "cuda"), file(f"d{n}/util.h", "cuda"), file(f"d{n}/CMakeLists.txt", "cmake")]
        findings += [finding(f"d{n}/k.cu", f"k{n}", kernel=True, area=Area.KERNEL), finding(f"d{n}/util.h", f"u{n}")]
        links[f"d{n}/k.cu"] = [
            link(LinkKind.INCLUDE, "lib/util.h"),
            link(LinkKind.INCLUDE, "util.h"),
            link(LinkKind.BINDING, "function:launch", "provides"),
            link(LinkKind.CALL, "launch"),
        ]
        links[f"d{n}/CMakeLists.txt"] = [
            link(LinkKind.BUILD, "*.cu", f"t{n}"),
            link(LinkKind.LINK, f"t{n + 1}", f"t{n}"),
        ]
    return files, findings, links


def libraries(size: int) -> tuple[list[SourceFile], list[Finding], dict[str, list[Link]]]:
    """Many files load many libraries by names that are only known in part."""
    files = [file(f"m{n}.py") for n in range(size)] + [file("k.cu", "cuda"), file("CMakeLists.txt", "cmake")]
    links = {f"m{n}.py": [link(LinkKind.BINDING, f"lib:libtarget{n}_*.so")] for n in range(size)}
    links["CMakeLists.txt"] = [link(LinkKind.BUILD, "k.cu", f"target{n}") for n in range(size)]
    return files, [finding(f"m{n}.py") for n in range(size)] + [finding("k.cu")], links


@pytest.mark.parametrize("make", [hub, same_names, libraries])
def test_twice_the_units_take_about_twice_the_steps(
    make: Callable[[int], tuple[list[SourceFile], list[Finding], dict[str, list[Link]]]],
) -> None:
    small, large = steps(make, 200), steps(make, 400)
    assert large < 2.4 * small
