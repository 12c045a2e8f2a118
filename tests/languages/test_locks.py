"""What the front end for lock files reads off them: roots of the lock-in, and what they bring."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrate.languages import front_end
from migrate.model import Extraction, LinkKind, NameSet, Role, SourceFile, UseKind, Vocabulary

VOCABULARY = Vocabulary(
    anchors=("torch", "nvidia", "cuda"),
    names={
        UseKind.DEPENDENCY: NameSet(
            exact=frozenset({"torch", "torchvision", "accelerate", "cuda-version", "cuda-nvcc", "gpustat"}),
            globs=("nvidia-*",),
        )
    },
)


def extract(text: str, path: str, vocabulary: Vocabulary = VOCABULARY) -> Extraction:
    """Read one lock file."""
    file = SourceFile(path=path, language="lock", content="", lines=0, code_lines=0, role=Role.OWNED)
    return front_end("lock").extract(file, text, vocabulary)


def seen(text: str, path: str) -> list[tuple[str, int, dict[str, str]]]:
    """Return name, line and arguments but for the mark of the uses."""
    uses = extract(text, path).uses
    assert all(use.args["lock"] == "true" for use in uses)
    return [(use.name, use.span.line, {k: v for k, v in use.args.items() if k != "lock"}) for use in uses]


def uv(name: str, *needs: str, wheel: str = "cp311-manylinux_2_28_x86_64", version: str = "1.0") -> str:
    """Return an entry of a lock file of uv."""
    listed = "".join(f'    {{ name = "{need}", marker = "x == \'y\'" }},\n' for need in needs)
    return (
        f'[[package]]\nname = "{name}"\nversion = "{version}"\nsource = {{ registry = "https://e.org/simple" }}\n'
        f"dependencies = [\n{listed}]\n"
        f'sdist = {{ url = "https://e.org/{name}.tar.gz", hash = "x" }}\n'
        f'wheels = [\n    {{ url = "https://e.org/{name}-{version}-{wheel}.whl", hash = "x" }},\n]\n\n'
    )


UV = (
    'version = 1\nrequires-python = ">=3.11"\n\n'
    + uv("filelock", wheel="py3-none-any")
    + uv("nvidia-cublas-cu12", wheel="py3-none-manylinux1_x86_64")
    + uv("torch", "filelock", "nvidia-cublas-cu12", version="2.5.1+cu124")
)


def test_one_use_for_what_brings_the_rest() -> None:
    assert seen(UV, "uv.lock") == [
        ("torch", 27, {"version": "==2.5.1+cu124", "tag": "cu124", "brings": "nvidia-cublas-cu12"})
    ]
    use = extract(UV, "uv.lock").uses[0]
    assert (use.text, use.span.column, use.span.end_column) == ('name = "torch"', 1, 15)
    assert [(link.kind, link.to) for link in extract(UV, "uv.lock").links] == [(LinkKind.REQUIRES, "torch")]


def test_locks_hold_no_code() -> None:
    assert extract(UV, "uv.lock").code_lines == 0


def test_a_package_without_device_code_hides_nothing() -> None:
    text = UV + uv("accelerate", "torch", wheel="py3-none-any")
    assert [name for name, _, _ in seen(text, "uv.lock")] == ["torch", "accelerate"]
    assert seen(text, "uv.lock")[1][2]["brings"] == "torch, nvidia-cublas-cu12"
    assert [name for name, _, _ in seen(UV + uv("torchvision", "torch"), "uv.lock")] == ["torchvision"]


def test_packages_that_bring_each_other() -> None:
    text = uv("torchvision", "torch") + uv("torch", "torchvision", "nvidia-x") + uv("nvidia-x")
    assert [(name, args["brings"]) for name, _, args in seen(text, "uv.lock")] == [("torchvision", "torch, nvidia-x")]


def test_what_goes_through_packages_nobody_asks_for() -> None:
    text = uv("torch", "middle") + uv("middle", "nvidia-x") + uv("nvidia-x") + uv("nvidia-y")
    assert [name for name, _, _ in seen(text, "uv.lock")] == ["torch", "nvidia-y"]


def test_uv_with_groups_and_lists_on_one_line() -> None:
    text = (
        '[[package]]\nname = "app"\nsource = { editable = "." }\ndependencies = [{ name = "x" }, { name = "y" }]\n'
        '[package.optional-dependencies]\ngpu = [\n    { name = "torch" },\n]\n[package.metadata]\n'
        'requires-dist = [{ name = "nvidia-x" }]\n' + uv("torch", "nvidia-x") + uv("nvidia-x")
    )
    assert [name for name, _, _ in seen(text, "uv.lock")] == ["torch"]


def test_poetry() -> None:
    text = (
        '[[package]]\nname = "nvidia-cublas-cu12"\nversion = "12.1"\nfiles = [\n    {file = "a-py3-none-manylinux1_x86_64.whl", hash = "x"},\n]\n\n'
        '[[package]]\nname = "torch"\nversion = "2.1"\nfiles = [\n    {file = "torch-2.1-cp311-x.whl", hash = "x"},\n]\n\n'
        '[package.dependencies]\nfilelock = "*"\nnvidia-cublas-cu12 = {version = "12.1", markers = "x"}\n\n'
        '[package.extras]\nnvidia-x = ["nvidia-x"]\n\n[metadata]\nlock-version = "2.0"\n'
    )
    assert seen(text, "poetry.lock") == [("torch", 9, {"version": "==2.1", "brings": "nvidia-cublas-cu12"})]


def test_pdm_and_pylock() -> None:
    pdm = (
        '[[package]]\nname = "torch"\nversion = "2.1"\ndependencies = [\n    "filelock",\n    "nvidia-x==12; a == \'b\'",\n]\n'
        '[[package]]\nname = "nvidia-x"\nversion = "12"\n'
    )
    assert seen(pdm, "pdm.lock") == [("torch", 2, {"version": "==2.1", "brings": "nvidia-x"})]
    pylock = '[[packages]]\nname = "torch"\nversion = "2.1"\n[[packages.wheels]]\nname = "torch-2.1-cp311-x.whl"\n'
    assert seen(pylock, "pylock.toml") == [("torch", 2, {"version": "==2.1"})]


def test_pipenv_does_not_say_what_brings_what() -> None:
    text = (
        '{\n    "_meta": {},\n    "default": {\n        "nvidia-cublas-cu12": {\n            "version": "==12.1"\n        },\n'
        '        "torch": {\n            "hashes": [],\n            "index": "cu124",\n            "version": "==2.5"\n        }\n    }\n}\n'
    )
    assert seen(text, "Pipfile.lock") == [("torch", 7, {"version": "==2.5", "tag": "cu124"})]


CONDA_LOCK = """\
version: 1
metadata:
  channels:
    - url: conda-forge
package:
- name: cuda-version
  version: '12.4'
  manager: conda
  platform: linux-64
  dependencies: {}
  url: https://e.org/conda-forge/noarch/cuda-version-12.4-h1.conda
- name: cuda-nvcc
  version: 12.4.131
  manager: conda
  platform: linux-64
  dependencies:
    cuda-version: '>=12.4,<12.5'
    libgcc: ''
  url: https://e.org/conda-forge/linux-64/cuda-nvcc-12.4.131-h1.conda
- name: torch
  version: 2.5.0
  manager: pip
  platform: linux-64
  dependencies:
    nvidia-x: '*'
  url: https://e.org/torch-2.5.0-cp311-x.whl
- name: nvidia-x
  version: 1
  manager: pip
  dependencies: {}
"""


def test_conda_lock() -> None:
    assert seen(CONDA_LOCK, "conda-lock.yml") == [
        ("cuda-nvcc", 12, {"version": "==12.4.131", "brings": "cuda-version"}),
        ("torch", 20, {"version": "==2.5.0", "brings": "nvidia-x"}),
    ]


PIXI = """\
version: 6
environments:
  default:
    packages:
      linux-64:
      - conda: https://e.org/conda-forge/linux-64/torch-1-h1.conda
packages:
- conda: https://e.org/conda-forge/noarch/cuda-version-12.4-h3.conda
  sha256: 00
  license: x
- conda: https://e.org/conda-forge/linux-64/cuda-nvcc-12.4.131-h1.conda
  depends:
  - cuda-version >=12.4,<12.5
  - libgcc
- pypi: https://e.org/whl/cu124/torch-2.5.1%2Bcu124-cp311-cp311-linux_x86_64.whl
  name: torch
  version: 2.5.1+cu124
  requires_dist:
  - filelock
  - nvidia-x==12 ; sys_platform == 'linux'
  - accelerate ; extra == 'all'
- kind: conda
  name: pytorch
  version: 2.4.0
  build: cuda118_py311
  subdir: linux-64
  url: https://e.org/conda-forge/linux-64/pytorch-2.4.0-cuda118_py311.conda
- pypi: https://e.org/nvidia_x-12-py3-none-manylinux1_x86_64.whl
- pypi: https://e.org/accelerate-1-py3-none-any.whl
"""


def test_pixi() -> None:
    assert seen(PIXI, "pixi.lock") == [
        ("cuda-nvcc", 11, {"version": "==12.4.131", "brings": "cuda-version"}),
        ("torch", 15, {"version": "==2.5.1+cu124", "tag": "cu124", "brings": "nvidia-x"}),
        ("accelerate", 29, {"version": "==1"}),
    ]


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_line_ends(end: str) -> None:
    assert seen(UV.replace("\n", end), "uv.lock") == seen(UV, "uv.lock")
    assert seen(PIXI.replace("\n", end), "pixi.lock") == seen(PIXI, "pixi.lock")


def test_a_lock_without_anchors_is_not_read() -> None:
    assert extract(uv("requests", "idna"), "uv.lock").uses == ()


NAMES = ("uv.lock", "Pipfile.lock", "conda-lock.yml", "pixi.lock")


@given(st.text(alphabet="[]{}:=\"'#,-\n\r torch.name", max_size=200), st.sampled_from(NAMES))
@settings(max_examples=300, deadline=None)
def test_nothing_raises(text: str, name: str) -> None:
    for use in extract(text + "torch", name).uses:
        assert use.span.line >= 1


def test_large_locks_are_read() -> None:
    text = UV * (2_000_000 // len(UV))
    extract(text, "uv.lock")


def test_dense_graphs_are_read() -> None:
    def run(count: int) -> None:
        text = "".join(uv(f"nvidia-{i}", f"nvidia-{i + 1}", f"nvidia-{i // 2}", "torch") for i in range(count)) + uv(
            "torch"
        )
        extract(text, "uv.lock")

    run(4_000)
