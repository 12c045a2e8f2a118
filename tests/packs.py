"""Small rule packs for tests, written to a folder."""

from __future__ import annotations

from pathlib import Path

RULES = """\
- id: kernel-shuffle
  title: Lanes exchange values
  why: The mask assumes 32 lanes.
  area: kernel
  match:
    cuda:
      - {kind: call, name: "__shfl_*_sync"}
  not:
    - {kind: call, name: "__shfl_*_sync", args: {0: "*portable*"}}
  refs: [https://docs.example.org/shuffle]
  examples:
    - flags: |
        v = __shfl_down_sync(0xffffffff, v, 1);  // <-
    - passes: |
        v = __shfl_down_sync(portable_mask(), v, 1);
- id: runtime-api
  title: CUDA Runtime API
  why: It belongs to one vendor.
  area: runtime
  match:
    cuda:
      - {kind: [call, name, macro], table: runtime}
  refs: [https://docs.example.org/runtime]
  examples:
    - flags: |
        cudaMalloc(&p, 1);  // <-
    - passes: |
        malloc(1);
- id: package-dependency
  title: A package tied to CUDA
  why: Its binaries need CUDA.
  area: package
  match:
    any:
      - {kind: dependency, table: packages}
    python:
      - {kind: import, table: packages}
  refs: [https://docs.example.org/packages]
  examples:
    - language: requirements
      flags: |
        flash-attn==2.5  # <-
    - language: requirements
      passes: |
        numpy
"""

FILES = {
    "cuda/rules.yaml": RULES,
    "cuda/libraries.yaml": 'runtime:\n  title: CUDA Runtime API\n  names: ["cuda[A-Z]*"]\n',
    "cuda/symbols.csv": (
        "name,library,kind,since,deprecated,removed\n"
        "cudaFree,runtime,function,,,\ncudaMalloc,runtime,function,,,\ncudaOld,runtime,function,,11.0,12.0\n"
    ),
    "cuda/packages.csv": "name,imports,lock_in,category\nflash-attn,flash_attn,hard,attention\n",
    "model/effort.yaml": "".join(
        f"{name}:\n  first: [1, 2, 4]\n  each: [0.1, 0.2, 0.4]\n  source: judgement\n"
        for name in (
            "rename",
            "rename-by-machine",
            "adapt",
            "library",
            "rewrite",
            "distributed",
            "build",
            "deploy",
            "package",
            "precision",
            "unknown",
        )
    ),
    "targets/rocm/target.yaml": (
        "id: rocm\nname: ROCm\nvendor: AMD\nchips:\n  - {id: a, name: A}\n  - {id: b, name: B}\ndefault_chip: a\n"
        "stack: ROCm 7\ntoolchain: HIP\nrecompiles_cuda: true\nlearning_rate: 0.83\nkernel_author_days: {cuda: 0.45}\n"
        "kernel_source: judgement\n"
    ),
    "targets/rocm/mappings/rules.yaml": (
        "kernel-shuffle:\n  status: differs\n  change: adapt\n  equivalent: 64-bit masks\n  verified: '2026-11'\n"
        "  when:\n    - condition: {chips: [b]}\n      status: supported\n      change: none\n      equivalent: same\n"
    ),
    "targets/rocm/symbols.csv": (
        "name,status,change,equivalent,since,note,source\n"
        "cudaMalloc,supported,rename,hipMalloc,1.6,,h\ncudaOld,unknown,,,,,h\n"
    ),
    "targets/rocm/symbols.yaml": "sources:\n  h:\n    title: HIP tables\n    version: '7'\n",
    "targets/rocm/packages.csv": (
        "name,status,change,equivalent,since,note,source\nflash-attn,supported,adapt,flash-attn built for ROCm,,,h\n"
    ),
}


def write_pack(root: Path, files: dict[str, str] | None = None) -> Path:
    """Write a pack below `root`; without files the small one that answers for one target."""
    for name, text in (files or FILES).items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    return root
