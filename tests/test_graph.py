"""Porting units, their edges, cycles, waves and chains."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

import pytest

from migrate import graph
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
