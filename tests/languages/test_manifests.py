"""What the front ends for requirement files and `pyproject.toml` read off them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrate.languages import front_end
from migrate.languages.requirement import Requirement, cuda_tag, parse_requirement
from migrate.model import (
    Confidence,
    Extraction,
    LinkKind,
    NameSet,
    Role,
    SkipReason,
    SourceFile,
    UseKind,
    Vocabulary,
)

EVERYTHING = Vocabulary(anchors=(), names=dict.fromkeys(UseKind, NameSet(globs=("*",))))


def extract(language: str, text: str, vocabulary: Vocabulary = EVERYTHING) -> Extraction:
    """Read one manifest."""
    file = SourceFile(path="m", language=language, content="", lines=0, code_lines=0, role=Role.OWNED)
    return front_end(language).extract(file, text, vocabulary)


def seen(language: str, text: str) -> list[tuple[str, dict[str, str], str]]:
    """Return name, arguments and text of the uses."""
    return [(use.name, use.args, use.text) for use in extract(language, text).uses]


# ----------------------------------------------------------------------------------------------- requirements


@pytest.mark.parametrize(
    ("text", "requirement"),
    [
        ("torch", Requirement("torch")),
        ("Flash_Attn==2.5", Requirement("flash-attn", "==2.5")),
        ("torch==2.4.0+cu121", Requirement("torch", "==2.4.0+cu121", tag="cu121")),
        ("torch >= 2.0, < 3", Requirement("torch", ">=2.0,<3")),
        ("cupy-cuda12x", Requirement("cupy-cuda12x", tag="cuda12x")),
        ("nvidia-cublas-cu12==12.1", Requirement("nvidia-cublas-cu12", "==12.1", tag="cu12")),
        ("jax[cuda12_pip, B]", Requirement("jax", extra="b,cuda12-pip", tag="cuda12")),
        ('x>1; python_version < "3.9"', Requirement("x", ">1", marker='python_version < "3.9"')),
        ("foo (>=1.0)", Requirement("foo", ">=1.0")),
        ("x==0.0.x.y", Requirement("x", "==0.0.x.y", sure=False)),
        (
            "flash_attn @ https://e.org/flash_attn-2.6.3+cu123torch2.4-cp310-cp310-linux_x86_64.whl",
            Requirement("flash-attn", "==2.6.3+cu123torch2.4", tag="cu123"),
        ),
        (
            "https://e.org/whl/torch-2.4.0%2Bcu121-cp310-cp310-linux_x86_64.whl#sha256=0",
            Requirement("torch", "==2.4.0+cu121", tag="cu121"),
        ),
        ("git+https://e.org/Dao/flash-attention.git@v2", Requirement("flash-attention")),
        ("git+https://e.org/x/y.git@main#egg=Apex_X&subdirectory=z", Requirement("apex-x")),
        ("git+ssh://git@e.org/x/apex.git", Requirement("apex")),
        ("https://e.org/a/xformers-0.0.22.tar.gz", Requirement("xformers", "==0.0.22")),
        ("./local/pkg", None),
        (".", None),
        (".[cuda]", None),
        ("two words", None),
        ("", None),
        ("(", None),
    ],
)
def test_requirement_specifiers(text: str, requirement: Requirement | None) -> None:
    assert parse_requirement(text) == requirement


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("https://download.pytorch.org/whl/cu126", "cu126"),
        ("pytorch-cu118", "cu118"),
        ("torch-2.4.0%2Bcu121.html", "cu121"),
        ("mixed_cuda12x", "cuda12x"),
        ("cu1234", ""),
        ("docu12", ""),
        ("cuda", ""),
    ],
)
def test_wheel_tags(text: str, tag: str) -> None:
    assert cuda_tag(text) == tag


def test_requirement_lines() -> None:
    text = (
        "# comment\\\n"
        "torch==2.4.0+cu121  # why\n"
        "nvidia-cublas-cu12 == \\\n   12.1.3.1 \\\n   --hash=sha256:abc\n"
        "\n"
        "a#b\n"
    )
    assert seen("requirements", text) == [
        ("torch", {"version": "==2.4.0+cu121", "tag": "cu121"}, "torch==2.4.0+cu121"),
        (
            "nvidia-cublas-cu12",
            {"version": "==12.1.3.1", "tag": "cu12"},
            "nvidia-cublas-cu12 == \\\n   12.1.3.1",
        ),
    ]
    span = extract("requirements", text).uses[1].span
    assert (span.line, span.column, span.end_line, span.end_column) == (3, 1, 4, 12)


def test_options_of_requirement_files() -> None:
    text = (
        "--extra-index-url https://download.pytorch.org/whl/cu126\n"
        "-f=https://e.org/cu118.html\n"
        "-i 'https://e.org/simple'\n"
        "-e git+https://e.org/x.git#egg=apex\n"
        "--pre\n"
    )
    assert seen("requirements", text) == [
        (
            "--extra-index-url",
            {"value": "https://download.pytorch.org/whl/cu126", "tag": "cu126"},
            "--extra-index-url https://download.pytorch.org/whl/cu126",
        ),
        (
            "--find-links",
            {"value": "https://e.org/cu118.html", "tag": "cu118"},
            "-f=https://e.org/cu118.html",
        ),
        ("--index-url", {"value": "https://e.org/simple"}, "-i 'https://e.org/simple"),
        ("apex", {}, "git+https://e.org/x.git#egg=apex"),
        ("--pre", {}, "--pre"),
    ]


def test_links_of_requirement_files() -> None:
    found = extract("requirements", "-r base.txt\n-cother.txt\n--requirement=x/y.txt\ntorch\n")
    assert [(link.kind, link.to, link.line) for link in found.links] == [
        (LinkKind.INCLUDE, "base.txt", 1),
        (LinkKind.INCLUDE, "other.txt", 2),
        (LinkKind.INCLUDE, "x/y.txt", 3),
        (LinkKind.REQUIRES, "torch", 4),
    ]


def test_only_what_is_asked_for_is_noted() -> None:
    names = {UseKind.DEPENDENCY: NameSet(exact=frozenset({"flash-attn"}), globs=("nvidia-*-cu12",))}
    found = extract("requirements", "numpy\nFlash_Attn\nnvidia-nccl-cu12\n--pre\n", Vocabulary(anchors=(), names=names))
    assert [use.name for use in found.uses] == ["flash-attn", "nvidia-nccl-cu12"]
    assert [link.to for link in found.links] == ["flash-attn", "nvidia-nccl-cu12"]
    assert found.code_lines == 4


def test_unusual_versions_lower_the_confidence() -> None:
    found = extract("requirements", "a==x.y\nb==1\n").uses
    assert [use.confidence for use in found] == [Confidence.MEDIUM, Confidence.HIGH]


def test_files_that_a_program_wrote_say_so() -> None:
    assert extract("requirements", "#\n# This file is generated by export.py\n#\ntorch\n").generated


COMPILED = """\
#
# This file is autogenerated by pip-compile with Python 3.11
#
--extra-index-url https://e.org/whl/cu121

filelock==3.1 \\
    --hash=sha256:00
    # via torch
nvidia-cublas-cu12==12.1.3.1
    # via
    #   -c constraints.txt
    #   torch
torch==2.1.0+cu121 ; python_version > "3.8" \\
    --hash=sha256:00
    # via -r requirements.in
xformers==0.0.22  # via -r requirements.in, other
"""
CUDA_PACKAGES = Vocabulary(
    anchors=(),
    names={
        UseKind.DEPENDENCY: NameSet(exact=frozenset({"torch", "xformers"}), globs=("nvidia-*",)),
        UseKind.FLAG: NameSet(exact=frozenset({"--extra-index-url"})),
    },
)


def test_what_a_resolver_wrote_is_a_lock_file() -> None:
    found = extract("requirements", COMPILED, CUDA_PACKAGES)
    assert [(use.name, use.args, use.span.line) for use in found.uses] == [
        ("--extra-index-url", {"value": "https://e.org/whl/cu121", "tag": "cu121"}, 4),
        (
            "torch",
            {"version": "==2.1.0+cu121", "tag": "cu121", "lock": "true", "brings": "nvidia-cublas-cu12"},
            13,
        ),
        ("xformers", {"version": "==0.0.22", "lock": "true"}, 16),
    ]
    assert (found.code_lines, found.generated) == (0, False)
    uv = "# This file was autogenerated by uv via the following command:\n#    uv pip compile a.in\ntorch==2\n"
    assert extract("requirements", uv, CUDA_PACKAGES).uses[0].args["lock"] == "true"
    assert "lock" not in extract("requirements", "torch==2\n", CUDA_PACKAGES).uses[0].args


# -------------------------------------------------------------------------------------------------- pyproject


def test_specifiers_of_a_project() -> None:
    text = """[build-system]
requires = ["setuptools", "torch"]  # "not-this"
[project]
name = "x"
dependencies = [
  "torch>=2.0", 'numpy',  # "nor-this"
  "flash_attn==2.5 ; sys_platform == 'linux'",
]
[project.optional-dependencies]
"cuda 12" = ["cupy-cuda12x"]
[dependency-groups]
dev = ["pytest", {include-group = "x"}]
[tool.uv]
dev-dependencies = ["ruff"]
[tool.other]
dependencies = ["never"]
"""
    assert seen("pyproject", text) == [
        ("setuptools", {}, "setuptools"),
        ("torch", {}, "torch"),
        ("torch", {"version": ">=2.0"}, "torch>=2.0"),
        ("numpy", {}, "numpy"),
        (
            "flash-attn",
            {"version": "==2.5", "marker": "sys_platform == 'linux'"},
            "flash_attn==2.5 ; sys_platform == 'linux'",
        ),
        ("cupy-cuda12x", {"tag": "cuda12x"}, "cupy-cuda12x"),
        ("pytest", {}, "pytest"),
        ("ruff", {}, "ruff"),
    ]
    span = extract("pyproject", text).uses[4].span
    assert (span.line, span.column, span.end_line, span.end_column) == (7, 4, 7, 45)


def test_tables_that_name_packages() -> None:
    text = """[tool.poetry.dependencies]
python = "^3.9"
torch = {version = "^2.0", source = "pytorch-cu118", extras = ["a", "b"]}
[tool.poetry.group.gpu.dependencies]
cupy-cuda12x = "*"
[tool.poetry.dependencies.xformers]
version = "0.0.22"
[tool.uv.sources]
vllm = [{ index = "pytorch-cu124", marker = "x" }]
apex = { git = "https://e.org/apex" }
"""
    found = extract("pyproject", text)
    assert [(use.name, use.args, use.text) for use in found.uses] == [
        (
            "torch",
            {"version": "^2.0", "extra": "a,b", "tag": "cu118"},
            'torch = {version = "^2.0", source = "pytorch-cu118", extras = ["a", "b"',
        ),
        ("cupy-cuda12x", {"version": "*", "tag": "cuda12x"}, 'cupy-cuda12x = "*"'),
        ("xformers", {"version": "0.0.22"}, 'version = "0.0.22"'),
        ("vllm", {"tag": "cu124", "marker": "x"}, 'vllm = [{ index = "pytorch-cu124", marker = "x"'),
        ("apex", {}, 'apex = { git = "https://e.org/apex"'),
    ]
    assert [link.to for link in found.links] == ["torch", "cupy-cuda12x", "xformers", "vllm", "apex"]
    assert found.code_lines == 10


def test_indexes_are_the_options_of_pip() -> None:
    text = """[[tool.uv.index]]
name = "t"
url = "https://download.pytorch.org/whl/cu124"
[tool.uv]
find-links = ["https://e.org/cu118.html"]
"""
    assert [(name, args["tag"]) for name, args, _ in seen("pyproject", text)] == [
        ("--extra-index-url", "cu124"),
        ("--find-links", "cu118"),
    ]


def test_escapes_and_multi_line_strings() -> None:
    text = '[project]\ndependencies = ["to\\u0072ch", """numpy""", \'\'\'scipy\'\'\']\n'
    assert [name for name, _, _ in seen("pyproject", text)] == ["torch", "numpy", "scipy"]


def test_invalid_documents_are_read_with_low_confidence() -> None:
    found = extract("pyproject", '[project]\ndependencies = ["torch"]\nx = = 1\n')
    assert [(use.name, use.confidence) for use in found.uses] == [("torch", Confidence.LOW)]
    assert found.skip is not None
    assert (found.skip.path, found.skip.reason) == ("m", SkipReason.PARSE_ERROR)


# ---------------------------------------------------------------------------------------------- hostile input


@pytest.mark.parametrize("language", ["requirements", "pyproject"])
@given(text=st.text(st.sampled_from("ab1-.[]{}=#\"'\\,;@\n\r \t()<>\0é𝕏"), max_size=150))
@settings(max_examples=300, deadline=None)
def test_any_text_is_read_and_spans_stay_inside(language: str, text: str) -> None:
    text = "[project]\ndependencies = [\n" + text if language == "pyproject" else text
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for use in extract(language, text).uses:
        span = use.span
        assert (1, 1) <= (span.line, span.column) <= (span.end_line, span.end_column)
        assert span.end_line <= len(lines)
        assert span.end_column <= len(lines[span.end_line - 1]) + 1
        if span.line == span.end_line:
            assert lines[span.line - 1][span.column - 1 : span.end_column - 1] == use.text


@pytest.mark.parametrize("language", ["requirements", "pyproject"])
@pytest.mark.parametrize(
    "text",
    [
        "a" * 500_000,
        "torch[" * 100_000,
        "torch \\\n" * 50_000,
        "a." * 100_000,
        '"a".' * 50_000,
        "a=" + "[" * 100_000,
        "${a" * 100_000,
        '"""' * 100_000,
        "x;" + "(" * 100_000,
        "https://e.org/" + "a-" * 100_000,
        "git+https://e.org/" + "#egg=" * 100_000,
        "[tool.poetry.dependencies]\nx=[" + '{a="b"},' * 30_000 + "]",
    ],
)
def test_hostile_text_takes_linear_time(language: str, text: str) -> None:
    extract(language, text)


# ------------------------------------------------------------------------------------------- tools of pyproject


def test_environments_of_hatch_and_scripts_of_runners() -> None:
    text = (
        "[tool.hatch.envs.gpu]\nextra-dependencies = ['cupy-cuda12x']\n[tool.hatch.envs.gpu.env-vars]\nCUDA_HOME = '/x'\n"
        "[tool.hatch.envs.gpu.scripts]\nbench = 'nsys profile a'\n[tool.poe.tasks]\na = { cmd = 'nvcc -V' }\n"
        "[tool.pdm.scripts]\nb = 'nvidia-smi'\n"
    )
    assert [name for name, _, _ in seen("pyproject", text)] == ["cupy-cuda12x", "CUDA_HOME"]
    assert [(part.language, part.text) for part in extract("pyproject", text).embedded] == [
        ("shell", "nsys profile a"),
        ("shell", "nvcc -V"),
        ("shell", "nvidia-smi"),
    ]


def test_cibuildwheel() -> None:
    text = (
        "[tool.cibuildwheel]\nenvironment = 'CUDA_HOME=/x A=1'\nbefore-all = ['yum install cuda', 'x']\n"
        "[tool.cibuildwheel.linux]\nmanylinux-x86_64-image = 'pytorch/manylinux-builder:cuda12.1'\n"
        "repair-wheel-command = '''\nauditwheel repair\n  --exclude libcudart.so.12'''\n"
        "[tool.cibuildwheel.linux.environment]\nCUDA_PATH = '/y'\n"
    )
    found = extract("pyproject", text)
    assert [(use.kind, use.name, use.args) for use in found.uses] == [
        (UseKind.IMAGE, "pytorch/manylinux-builder", {"tag": "cuda12.1"}),
        (UseKind.ENV, "CUDA_PATH", {"value": "/y"}),
    ]
    assert [(part.text, part.lines) for part in found.embedded] == [
        ("CUDA_HOME=/x A=1", ((2, 16),)),
        ("yum install cuda", ((3, 16),)),
        ("x", ((3, 36),)),
        ("\nauditwheel repair\n  --exclude libcudart.so.12", ((6, 27), (7, 1), (8, 1))),
    ]


def test_builds_by_cmake_and_setuptools() -> None:
    text = (
        "[tool.scikit-build.cmake]\nargs = ['-DUSE_CUDA=ON', '-DCMAKE_CUDA_ARCHITECTURES=80']\n"
        "[tool.scikit-build.cmake.define]\nCUDA_ARCH_LIST = '8.0'\n"
        "[[tool.setuptools.ext-modules]]\nname = 'a._C'\nsources = ['a.cpp', 'k.cu']\nlibraries = ['cudart']\n"
        "extra-compile-args = ['-arch=sm_80']\n"
        "[tool.setuptools.dynamic]\ndependencies = { file = ['r.txt'] }\n"
    )
    only = NameSet(exact=frozenset({"USE_CUDA", "CMAKE_CUDA_ARCHITECTURES", "CUDA_ARCH_LIST", "-lcudart", "-arch"}))
    found = extract("pyproject", text, Vocabulary(anchors=(), names={UseKind.FLAG: only}))
    assert [(use.name, use.args.get("value"), use.text) for use in found.uses] == [
        ("USE_CUDA", "ON", "USE_CUDA=ON"),
        ("CMAKE_CUDA_ARCHITECTURES", "80", "CMAKE_CUDA_ARCHITECTURES=80"),
        ("CUDA_ARCH_LIST", "8.0", "CUDA_ARCH_LIST = '8.0'"),
        ("-lcudart", None, "cudart"),
        ("-arch", "sm_80", "-arch=sm_80"),
    ]
    assert [(link.kind, link.to, link.via) for link in found.links] == [
        (LinkKind.BUILD, "a.cpp", "a._C"),
        (LinkKind.BUILD, "k.cu", "a._C"),
        (LinkKind.INCLUDE, "r.txt", ""),
    ]


def test_pixi_in_a_project() -> None:
    text = (
        "[tool.pixi.workspace]\nchannels = ['nvidia']\n[tool.pixi.system-requirements]\ncuda = '12'\n"
        "[tool.pixi.feature.gpu.dependencies]\npytorch-gpu = '*'\n[tool.pixi.tasks]\nb = 'nvcc -V'\n"
    )
    assert [(name, args) for name, args, _ in seen("pyproject", text)] == [
        ("--channel", {"value": "nvidia"}),
        ("__cuda", {"version": "12"}),
        ("pytorch-gpu", {}),
    ]
    assert [part.text for part in extract("pyproject", text).embedded] == ["nvcc -V"]


def test_indexes_of_uv() -> None:
    text = (
        "[[tool.uv.index]]\nname = 'x'\nurl = 'https://e.org/whl/cu126'\n"
        "[tool.uv.sources]\ntorch = [{ index = 'x-cu126', marker = 'y' }]\n"
    )
    assert [(name, args.get("tag")) for name, args, _ in seen("pyproject", text)] == [
        ("--extra-index-url", "cu126"),
        ("torch", "cu126"),
    ]
