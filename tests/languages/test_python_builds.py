"""What the Python front end and the rules make of build scripts."""

from __future__ import annotations

import pytest

from migrate import rulebook
from migrate.languages.python_builds import flag
from migrate.model import Role, SourceFile
from migrate.scan import read


def rules(text: str) -> list[tuple[str, int]]:
    """Return the rules that claim something in a `setup.py`, and the line."""
    file = SourceFile(path="setup.py", language="python", content="", lines=1, code_lines=0, role=Role.OWNED)
    report = read(file, text, rulebook.shipped())
    return [(sighting.rule, sighting.use.span.line) for sighting in report.sightings]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("-arch=sm_80", ("-arch", {"value": "sm_80"})),
        ("-gencode arch=a,code=b", ("-gencode", {"value": "arch=a,code=b"})),
        ("--use_fast_math", ("--use_fast_math", {})),
        ("-DUSE_CUDA=1", ("USE_CUDA", {"value": "1"})),
        ("-DUSE_CUDA", ("USE_CUDA", {})),
        ("-U__CUDA_NO_HALF_OPERATORS__", ("__CUDA_NO_HALF_OPERATORS__", {})),
        ("-DCMAKE_CUDA_ARCHITECTURES:STRING=80;90", ("CMAKE_CUDA_ARCHITECTURES", {"value": "80;90"})),
        ("-D", ("-D", {})),
        ("-O3x!", None),
        ("plain", None),
    ],
)
def test_options(text: str, found: tuple[str, dict[str, str]] | None) -> None:
    assert flag(text) == found


def test_extensions_of_setuptools() -> None:
    text = (
        "from setuptools import Extension, setup\n"
        "fused = Extension(\n"
        "    'fused',\n"
        "    sources=['fused.pyx', 'fused_kernel.cu'],\n"
        "    libraries=['cudart', 'm'],\n"
        "    library_dirs=['/usr/local/cuda/lib64'],\n"
        "    extra_compile_args={'nvcc': ['-arch=sm_52', '--ptxas-options=-v', '-DUSE_CUDA=1']},\n"
        "    extra_link_args=['-lcublas'],\n"
        ")\n"
    )
    assert rules(text) == [
        ("build-cuda-extension", 2),
        ("build-linked-library", 5),
        ("environment-cuda-path", 6),
        ("build-nvcc-arguments", 7),
        ("build-arch-flag", 7),
        ("build-nvcc-flag", 7),
        ("build-own-switch", 7),
        ("build-linked-library", 8),
    ]


def test_extensions_without_cuda_pass() -> None:
    text = (
        "from setuptools import Extension\n"
        "a = Extension('a', ['a.cpp'], libraries=['m', 'z'], extra_compile_args=['-O3', '-DNDEBUG'])\n"
        "b = Extension('b', sources=['b.cuda_free.c'])\n"
    )
    assert rules(text) == []


def test_arguments_for_cmake() -> None:
    text = "args = ['-DCMAKE_BUILD_TYPE=Release', f'-DCMAKE_CUDA_COMPILER={nvcc}', '-DCMAKE_CUDA_ARCHITECTURES=80']\n"
    assert rules(text) == [("build-cmake-settings", 1), ("build-cmake-architectures", 1)]


def test_sources_picked_by_suffix() -> None:
    text = (
        "import os\nif os.path.splitext(path)[1] == '.cu':\n    pass\nnames = [n for n in names if n.endswith('.cu')]\n"
    )
    assert rules(text) == [("build-source-suffix", 2), ("build-source-suffix", 4)]


def test_macros_of_extensions() -> None:
    text = "a = Extension('a', define_macros=[('WITH_CUDA', None)])\nflags = ['-D__CUDA_NO_HALF_OPERATORS__']\n"
    assert rules(text) == [("build-own-switch", 1), ("build-half-macro", 2)]


def test_requirements_of_setup() -> None:
    text = (
        "from setuptools import setup\nneeded = ['torch==2.4.0+cu121', 'numpy']\n"
        "setup(install_requires=needed, extras_require={'gpu': ['cupy-cuda12x', 'not a name!']})\n"
    )
    assert rules(text) == [("package-wheel-tag", 2), ("package-dependency", 3)]
