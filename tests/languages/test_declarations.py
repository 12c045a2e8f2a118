"""What the front ends for `setup.cfg`, `Pipfile`, conda and pixi files read off them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrate.languages import front_end
from migrate.languages.conda_specs import parse_conda
from migrate.languages.requirement import Requirement
from migrate.model import (
    Confidence,
    Extraction,
    Link,
    LinkKind,
    NameSet,
    Role,
    SkipReason,
    SourceFile,
    UseKind,
    Vocabulary,
)

EVERYTHING = Vocabulary(anchors=(), names=dict.fromkeys(UseKind, NameSet(globs=("*",))))
SOME = Vocabulary(
    anchors=(),
    names={
        UseKind.DEPENDENCY: NameSet(exact=frozenset({"torch", "__cuda"}), globs=("cuda-*", "libcu*")),
        UseKind.FLAG: NameSet(
            exact=frozenset({"--channel", "--extra-index-url", "compiler", "-lcudart", "-arch", "USE_CUDA"}),
            globs=("cuda_compiler*",),
        ),
        UseKind.ENV: NameSet(globs=("CUDA_*",)),
        UseKind.STRING: NameSet(globs=("/usr/local/cuda*",)),
    },
)
LANGUAGES = ("setup-cfg", "pipfile", "conda", "pixi")


def extract(language: str, text: str, vocabulary: Vocabulary = SOME) -> Extraction:
    """Read one file."""
    file = SourceFile(path="m", language=language, content="", lines=0, code_lines=0, role=Role.OWNED)
    return front_end(language).extract(file, text, vocabulary)


def seen(language: str, text: str, vocabulary: Vocabulary = SOME) -> list[tuple[str, dict[str, str], int, int]]:
    """Return name, arguments and place of the uses."""
    return [(use.name, use.args, use.span.line, use.span.column) for use in extract(language, text, vocabulary).uses]


# -------------------------------------------------------------------------------------------------- setup.cfg


def test_setup_cfg() -> None:
    text = (
        "[options]\ninstall_requires =\n    numpy\n    torch>=2  # why\n    # torch\nsetup_requires = cuda-core\n"
        "python_requires = >=3.9\n[options.extras_require]\ngpu =\n    cuda-python==12 ; sys_platform == 'linux'\n"
        "[build_ext]\ninclude-dirs = /usr/local/cuda/include\nlibraries = cudart m\ndefine = USE_CUDA=1\n"
        "[flake8]\nignore = torch\n"
    )
    assert seen("setup-cfg", text) == [
        ("torch", {"version": ">=2"}, 4, 5),
        ("cuda-core", {}, 6, 18),
        ("cuda-python", {"version": "==12", "marker": "sys_platform == 'linux'"}, 10, 5),
        ("/usr/local/cuda/include", {}, 12, 16),
        ("-lcudart", {}, 13, 13),
        ("USE_CUDA", {"value": "1"}, 14, 10),
    ]


def test_setup_cfg_that_reads_requirement_files() -> None:
    found = extract("setup-cfg", "[options]\ninstall_requires = file: requirements.txt, extra.txt\n")
    assert [(link.kind, link.to) for link in found.links] == [
        (LinkKind.INCLUDE, "requirements.txt"),
        (LinkKind.INCLUDE, "extra.txt"),
    ]


# ---------------------------------------------------------------------------------------------------- Pipfile


def test_pipfile() -> None:
    text = (
        '[[source]]\nurl = "https://e.org/whl/cu124"\n[packages]\ntorch = {version = "==2.5.1+cu124", index = "x"}\n'
        '[dev-packages]\ncuda-core = "*"\n[gpu]\ncuda-python = ">=12"\n[requires]\npython_version = "3.11"\n'
        '[scripts]\nbuild = "nvcc -c a.cu"\n'
    )
    assert seen("pipfile", text) == [
        ("--extra-index-url", {"value": "https://e.org/whl/cu124", "tag": "cu124"}, 2, 8),
        ("torch", {"version": "==2.5.1+cu124", "tag": "cu124"}, 4, 1),
        ("cuda-core", {"version": "*"}, 6, 1),
        ("cuda-python", {"version": ">=12"}, 8, 1),
    ]
    assert [(part.language, part.text, part.lines) for part in extract("pipfile", text).embedded] == [
        ("shell", "nvcc -c a.cu", ((12, 10),))
    ]


# ------------------------------------------------------------------------------------------------------- pixi


def test_pixi() -> None:
    text = (
        '[workspace]\nchannels = ["nvidia", "conda-forge"]\n[dependencies]\ncuda-nvcc = "12.4.*"\n'
        'pytorch = { version = "2.5.*", build = "*cuda*", channel = "conda-forge" }\n'
        '[feature.gpu.system-requirements]\ncuda = "12"\n[feature.gpu.target.linux-64.dependencies]\nlibcublas = "*"\n'
        '[pypi-dependencies]\ntorch = { version = "==2.5", index = "https://e.org/whl/cu124" }\n'
        '[activation.env]\nCUDA_HOME = "$CONDA_PREFIX"\n'
        "[tasks]\na = \"nvcc -c \\\"a b.cu\\\"\"\nb = { cmd = 'x', env = { CUDA_CACHE = '1' } }\n"
    )
    assert seen("pixi", text) == [
        ("--channel", {"value": "nvidia"}, 2, 14),
        ("--channel", {"value": "conda-forge"}, 2, 24),
        ("cuda-nvcc", {"version": "12.4.*"}, 4, 1),
        ("torch", {"version": "2.5.*", "tag": "cuda"}, 5, 1),
        ("__cuda", {"version": "12"}, 7, 1),
        ("libcublas", {}, 9, 1),
        ("torch", {"version": "==2.5", "tag": "cu124"}, 11, 1),
        ("CUDA_HOME", {"value": "$CONDA_PREFIX"}, 13, 1),
        ("CUDA_CACHE", {"value": "1"}, 16, 1),
    ]
    assert [(part.text, part.lines) for part in extract("pixi", text).embedded] == [
        ('nvcc -c  "a b.cu "', ((15, 6),)),
        ("x", ((16, 14),)),
    ]


def test_pixi_that_is_not_valid() -> None:
    found = extract("pixi", '[dependencies]\ncuda-nvcc = "12"\ncuda-nvcc = "13"\n')
    assert found.skip is not None
    assert found.skip.reason == SkipReason.PARSE_ERROR
    assert {use.confidence for use in found.uses} == {Confidence.LOW}


# ------------------------------------------------------------------------------------------------------ conda


@pytest.mark.parametrize(
    ("text", "requirement"),
    [
        ("cudatoolkit=11.8", Requirement("cudatoolkit", "=11.8")),
        ("nvidia::cuda-nvcc", Requirement("cuda-nvcc")),
        ("rapidsai/label/x::cudf=24.*", Requirement("cudf", "=24.*")),
        ("pytorch 2.1.* *cuda*", Requirement("torch", "2.1.*", tag="cuda")),
        ("pytorch=2.1=py3.10_cuda12.1_cudnn8", Requirement("torch", "=2.1", tag="cuda12")),
        ("pytorch=*=*cu118*", Requirement("torch", tag="cu118")),
        ("pytorch[version='>=2',build='*cuda*']", Requirement("torch", ">=2", tag="cuda")),
        ("__cuda >=12", Requirement("__cuda", ">=12")),
        ("cuda-version >=12,<13", Requirement("cuda-version", ">=12,<13")),
        ("cuda-version {{ cuda_version }}", Requirement("cuda-version")),
        ("cuda-cudart-dev_{{ target_platform }}", Requirement("cuda-cudart-dev")),
        ("cuml==25.2.*,>=0.0.0a0", Requirement("cuml", "==25.2.*,>=0.0.0a0")),
        ("${{ pin_subpackage('x') }}", None),
        ("two words here now", None),
        ("", None),
    ],
)
def test_specifications_of_conda(text: str, requirement: Requirement | None) -> None:
    assert parse_conda(text) == requirement


def test_environments() -> None:
    text = (
        "name: x\nchannels:\n  - nvidia/label/cuda-12.4.0\n  - conda-forge\ndependencies:\n- cuda-nvcc=12.4  # why\n"
        "- 'libcublas'\n- pip:\n  - torch==2.5\n  - -r more.txt\n  - --extra-index-url https://e.org/whl/cu124\n"
        "variables:\n  CUDA_HOME: /opt\nprefix: cuda-x\n"
    )
    assert seen("conda", text) == [
        ("--channel", {"value": "nvidia/label/cuda-12.4.0"}, 3, 5),
        ("--channel", {"value": "conda-forge"}, 4, 5),
        ("cuda-nvcc", {"version": "=12.4"}, 6, 3),
        ("libcublas", {}, 7, 4),
        ("torch", {"version": "==2.5"}, 9, 5),
        ("--extra-index-url", {"value": "https://e.org/whl/cu124", "tag": "cu124"}, 11, 5),
        ("CUDA_HOME", {"value": "/opt"}, 13, 3),
    ]
    assert Link(kind=LinkKind.INCLUDE, to="more.txt", line=10) in extract("conda", text).links


def test_recipes_with_templates() -> None:
    text = (
        "{% set version = '1' %}\n{% if cuda_compiler_version != 'None' %}\n{% endif %}\n"
        "requirements:\n  build:\n    - {{ compiler('cxx') }}\n    - {{ compiler('cuda') }}  # [linux]\n"
        "  host:\n    - pytorch {{ version }} *cuda*\n  run:\n    - {{ pin_compatible('cuda-version') }}\n    - __cuda\n"
        "build:\n  skip: true  # [cuda_compiler_version == 'None']\n  script_env:\n    - CUDA_HOME\n  script:\n    - nvcc -V\n"
        "  ignore_run_exports_from:\n    - cuda-nvcc\nabout:\n  summary: cuda-nvcc\n"
    )
    assert seen("conda", text) == [
        ("cuda_compiler_version", {}, 2, 7),
        ("compiler", {"value": "cxx"}, 6, 7),
        ("compiler", {"value": "cuda"}, 7, 7),
        ("torch", {"tag": "cuda"}, 9, 7),
        ("cuda-version", {}, 11, 7),
        ("__cuda", {}, 12, 7),
        ("CUDA_HOME", {}, 16, 7),
    ]
    assert [part.text for part in extract("conda", text).embedded] == ["nvcc -V"]


def test_recipes_with_conditions() -> None:
    text = (
        "requirements:\n  host:\n    - if: cuda_compiler_version != 'None'\n      then:\n        - cuda-nvcc\n"
        '        - libcublas-dev\n      else: cuda-stub\n    - ${{ compiler("cuda") }}\n'
        "build:\n  script:\n    env:\n      CUDA_HOME: /x\n    content: |\n      export A=1\n      nvcc -V\n"
    )
    assert [(name, line, column) for name, _, line, column in seen("conda", text)] == [
        ("cuda_compiler_version", 3, 11),
        ("cuda-nvcc", 5, 11),
        ("libcublas-dev", 6, 11),
        ("cuda-stub", 7, 13),
        ("compiler", 8, 7),
        ("CUDA_HOME", 12, 7),
    ]
    (script,) = extract("conda", text).embedded
    assert (script.text, script.lines) == ("export A=1\nnvcc -V", ((14, 7), (15, 7)))


def test_variants() -> None:
    assert seen("conda", "cuda_compiler:\n  - cuda-nvcc\ncuda_compiler_version:\n  - 12.4\n") == [
        ("cuda_compiler", {}, 1, 1),
        ("cuda_compiler_version", {}, 3, 1),
    ]


def test_a_channel_goes_by_its_own_name() -> None:
    (use,) = extract("conda", "channels:\n  - rapidsai\n").uses
    assert (use.name, use.symbol, use.text) == ("--channel", "rapidsai", "rapidsai")


def test_lists_on_one_line() -> None:
    assert seen("conda", "channels: [nvidia]\ndependencies: [python, 'cuda-nvcc=12']\n") == [
        ("--channel", {"value": "nvidia"}, 1, 12),
        ("cuda-nvcc", {"version": "=12"}, 2, 25),
    ]


def test_a_ci_file_with_such_a_name_is_read_as_yaml() -> None:
    text = "on: push\njobs:\n  a:\n    steps:\n      - run: nvcc\n"
    (part,) = extract("conda", text).embedded
    assert (part.language, part.text, part.lines[4]) == ("yaml", text, (5, 1))


def test_a_lock_file_with_such_a_name_is_read_as_one() -> None:
    text = (
        "version: 1\npackage:\n- name: cuda-nvcc\n  version: 12.4\n  manager: conda\n"
        "  dependencies:\n    cuda-version: '12'\n- name: cuda-version\n  version: 12.4\n"
    )
    assert seen("conda", text) == [("cuda-nvcc", {"version": "==12.4", "lock": "true", "brings": "cuda-version"}, 3, 1)]


def test_environments_that_a_program_wrote() -> None:
    assert extract("conda", "# This file is generated by a tool\ndependencies:\n- cuda-nvcc\n").generated


# -------------------------------------------------------------------------------------------------- robustness


@given(st.text(alphabet="[]{}:=\"'#,-|>$%\n\r abctorch.<*", max_size=200))
@settings(max_examples=200, deadline=None)
def test_nothing_raises(text: str) -> None:
    for language in LANGUAGES:
        for use in extract(language, text, EVERYTHING).uses:
            assert use.span.line >= 1


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "piece", ["- ", "dependencies:\n", "- a=", "{{", "[,", "a:\n  ", " ", "[[a]]\n", 'a = "', "x = [\n"]
)
def test_a_hostile_shape_is_read_to_its_end(language: str, piece: str) -> None:
    def run(size: int) -> None:
        text = "dependencies:\n" + piece * (size // len(piece))
        extract(language, text, EVERYTHING)

    run(200_000)
