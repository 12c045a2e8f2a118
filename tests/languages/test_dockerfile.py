"""What the front end for container files reads off them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrate.languages import front_end
from migrate.model import Extraction, LinkKind, NameSet, Role, SourceFile, UseKind, Vocabulary

ANY = NameSet(globs=("*",))
EVERYTHING = Vocabulary(anchors=(), names=dict.fromkeys(UseKind, ANY))
VOCABULARY = Vocabulary(
    anchors=(),
    names={
        UseKind.IMAGE: ANY,
        UseKind.DEPENDENCY: ANY,
        UseKind.ENV: NameSet(globs=("CUDA*", "NVIDIA_*", "TORCH_CUDA_ARCH_LIST")),
        UseKind.STRING: NameSet(exact=frozenset({"nvidia-smi", "nvcc"})),
        UseKind.FLAG: NameSet(exact=frozenset({"--extra-index-url", "-arch", "CMAKE_CUDA_ARCHITECTURES", "--channel"})),
    },
)

Seen = tuple[UseKind, str, dict[str, str], str]


def extract(text: str, vocabulary: Vocabulary = VOCABULARY) -> Extraction:
    """Read one container file."""
    file = SourceFile(path="Dockerfile", language="dockerfile", content="", lines=0, code_lines=0, role=Role.OWNED)
    return front_end("dockerfile").extract(file, text, vocabulary)


def seen(text: str) -> list[Seen]:
    """Return kind, name, arguments and text of the uses."""
    return [(use.kind, use.name, use.args, use.text) for use in extract(text).uses]


def packages(text: str) -> list[tuple[str, str]]:
    """Return name and version of the packages."""
    uses = extract(text).uses
    return [(use.name, use.args.get("version", "")) for use in uses if use.kind == UseKind.DEPENDENCY]


# ----------------------------------------------------------------------------------------------------- images


@pytest.mark.parametrize(
    ("text", "name", "args"),
    [
        ("FROM nvidia/cuda:12.4.1-devel-ubuntu22.04", "nvidia/cuda", {"tag": "12.4.1-devel-ubuntu22.04"}),
        ("from --platform=linux/amd64 nvidia/cuda AS x", "nvidia/cuda", {}),
        ("FROM nvcr.io/nvidia/pytorch:24.05-py3", "nvcr.io/nvidia/pytorch", {"tag": "24.05-py3"}),
        ("FROM localhost:5000/cuda", "localhost:5000/cuda", {}),
        ("FROM docker.io/library/ubuntu:22.04", "ubuntu", {"tag": "22.04"}),
        ("FROM a/b:1@sha256:00", "a/b", {"tag": "1", "digest": "sha256:00"}),
        ("FROM a \\\n  # comment\n  AS b", "a", {}),
        ("ONBUILD COPY --from=nvidia/cuda:11 /a /b", "nvidia/cuda", {"tag": "11"}),
    ],
)
def test_images(text: str, name: str, args: dict[str, str]) -> None:
    assert [(use.name, use.args) for use in extract(text).uses] == [(name, args)]
    assert [(link.kind, link.to) for link in extract(text).links] == [(LinkKind.REQUIRES, name)]


def test_stages_are_no_images() -> None:
    assert seen("FROM scratch AS a\nFROM A AS b\nCOPY --from=b /x /y\nCOPY --from=0 /x /y\n") == []


@pytest.mark.parametrize(
    ("text", "name", "tag"),
    [
        ("ARG V=12.4.1\nFROM nvidia/cuda:${V}-devel", "nvidia/cuda", "12.4.1-devel"),
        ("ARG B=nvidia/cuda:12\nARG B\nFROM $B", "nvidia/cuda", "12"),
        ("ARG A=x\nARG B=nvidia/$A:1\nFROM ${B}", "nvidia/x", "1"),
        ("FROM ${B:-nvidia/cuda:11}", "nvidia/cuda", "11"),
        ("FROM nvidia/cuda:${V}", "nvidia/cuda", "${V}"),
    ],
)
def test_defaults_of_arguments_name_images(text: str, name: str, tag: str) -> None:
    (use,) = extract(text).uses
    assert (use.name, use.args, use.text) == (name, {"tag": tag}, text.split("FROM ")[1])


# -------------------------------------------------------------------------------------------------- variables


def test_variables_with_their_values() -> None:
    text = (
        'ENV CUDA_HOME=/usr NVIDIA_VISIBLE_DEVICES="all x"\n'
        "ENV CUDA_PATH  /usr/local cuda\n"
        "ARG CUDA_VERSION\nARG OTHER=1\n"
    )
    assert seen(text) == [
        (UseKind.ENV, "CUDA_HOME", {"value": "/usr"}, "CUDA_HOME=/usr"),
        (UseKind.ENV, "NVIDIA_VISIBLE_DEVICES", {"value": "all x"}, 'NVIDIA_VISIBLE_DEVICES="all x"'),
        (UseKind.ENV, "CUDA_PATH", {"value": "/usr/local cuda"}, "CUDA_PATH  /usr/local cuda"),
        (UseKind.ENV, "CUDA_VERSION", {}, "CUDA_VERSION"),
    ]


def test_variables_of_scripts() -> None:
    text = "RUN CUDA_HOME=/x nvcc a.cu && export CUDA_PATH=/y; TORCH_CUDA_ARCH_LIST='8.0;9.0' make"
    assert [(name, args) for _, name, args, _ in seen(text)] == [
        ("CUDA_HOME", {"value": "/x"}),
        ("nvcc", {"callee": "RUN"}),
        ("CUDA_PATH", {"value": "/y"}),
        ("TORCH_CUDA_ARCH_LIST", {"value": "8.0;9.0"}),
    ]


# --------------------------------------------------------------------------------------------------- packages


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("pip install torch==2.4.0+cu121", [("torch", "==2.4.0+cu121")]),
        ("pip3.10 install --upgrade 'xformers>=0.1' -r r.txt", [("xformers", ">=0.1")]),
        ("python3 -m pip install --index-url https://e.org flash_attn", [("flash-attn", "")]),
        ("uv pip install --system cupy-cuda12x", [("cupy-cuda12x", "")]),
        ("sudo pip --no-cache-dir install apex > log.txt", [("apex", "")]),
        ("apt-get update -y && apt-get install -y -t sid libcudnn8=8.9-1 cuda-nvcc-12-4:amd64", [
            ("apt:libcudnn8", "8.9-1"), ("apt:cuda-nvcc-12-4", "")]),
        ("dnf install -y cuda-toolkit", [("apt:cuda-toolkit", "")]),
        ("conda install -y -c nvidia cudatoolkit=11.8 nvidia::cuda-nvcc 'pytorch-cuda >=12'", [
            ("cudatoolkit", "=11.8"), ("cuda-nvcc", ""), ("pytorch-cuda", ">=12")]),
        ("mamba create -n env cupy", [("cupy", "")]),
        ("apt-get remove torch", []),
        ("echo pip install torch", []),
        ("pip download torch", []),
        ("# pip install torch", []),
    ],
)  # fmt: skip
def test_packages_of_scripts(command: str, expected: list[tuple[str, str]]) -> None:
    assert packages("RUN " + command) == expected


def test_scripts_in_list_form() -> None:
    assert packages('RUN ["pip", "install", "torch==2"]') == [("torch", "==2")]
    assert [(name, args) for _, name, args, _ in seen('CMD ["nvidia-smi", "-L"]')] == [
        ("nvidia-smi", {"callee": "CMD"})
    ]


def test_arguments_reach_package_names() -> None:
    assert packages("ARG V=12-4\nRUN apt-get install cuda-toolkit-${V} x-$W") == [
        ("apt:cuda-toolkit-12-4", ""),
        ("apt:x-$W", ""),
    ]


def test_options_of_installers() -> None:
    found = extract(
        "RUN pip install -r a.txt --extra-index-url https://e.org/whl/cu121 x\nRUN conda install -c nvidia y"
    )
    flags = [(use.name, use.args) for use in found.uses if use.kind == UseKind.FLAG]
    assert flags == [
        ("--extra-index-url", {"value": "https://e.org/whl/cu121", "tag": "cu121"}),
        ("--channel", {"value": "nvidia"}),
    ]
    assert [(link.kind, link.to, link.line) for link in found.links] == [
        (LinkKind.INCLUDE, "a.txt", 1),
        (LinkKind.REQUIRES, "x", 1),
        (LinkKind.REQUIRES, "y", 2),
    ]


# ------------------------------------------------------------------------------------------------------ tools


def test_tools_and_their_flags() -> None:
    text = (
        "RUN /usr/local/cuda/bin/nvcc -arch=sm_80 a.cu | tee x && cmake -DCMAKE_CUDA_ARCHITECTURES:STRING='80;90' ..\n"
    )
    assert seen(text) == [
        (UseKind.STRING, "nvcc", {"callee": "RUN"}, "/usr/local/cuda/bin/nvcc"),
        (UseKind.FLAG, "-arch", {"value": "sm_80", "callee": "nvcc"}, "-arch=sm_80"),
        (
            UseKind.FLAG,
            "CMAKE_CUDA_ARCHITECTURES",
            {"value": "80;90", "callee": "cmake"},
            "-DCMAKE_CUDA_ARCHITECTURES:STRING='80;90'",
        ),
    ]


@pytest.mark.parametrize(
    ("command", "exact"),
    [
        ("make CMAKE_ARGS='-DA=1 -DCMAKE_CUDA_ARCHITECTURES=90'", "CMAKE_ARGS='-DA=1 -DCMAKE_CUDA_ARCHITECTURES=90'"),
        ('CMAKE_ARGS="-DCMAKE_CUDA_ARCHITECTURES=90" pip install .', 'CMAKE_ARGS="-DCMAKE_CUDA_ARCHITECTURES=90"'),
    ],
)
def test_flags_that_are_handed_on_to_a_build(command: str, exact: str) -> None:
    assert seen(f"RUN {command}\n") == [(UseKind.FLAG, "CMAKE_CUDA_ARCHITECTURES", {"value": "90"}, exact)]


@pytest.mark.parametrize(
    "text",
    [
        "RUN echo nvidia-smi",
        'RUN echo "a && nvidia-smi"',
        "LABEL a=nvidia-smi CUDA_HOME=x",
        "# RUN nvidia-smi",
        "RUN ls # && nvidia-smi",
        "COPY nvidia-smi /bin/",
        "nvidia-smi",
    ],
)
def test_words_that_do_nothing(text: str) -> None:
    assert seen(text) == []


# -------------------------------------------------------------------------------------------- lines and spans


def test_spans_across_continuations_and_comments() -> None:
    text = "RUN apt-get install -y \\  \n  # a comment \\\n\n  libcudnn8 \\\n && nvidia-smi\nRUN nvcc\n"
    assert [(use.name, use.span.line, use.span.column, use.span.end_column) for use in extract(text).uses] == [
        ("apt:libcudnn8", 4, 3, 12),
        ("nvidia-smi", 5, 5, 15),
        ("nvcc", 6, 5, 9),
    ]
    assert extract(text).code_lines == 4


def test_windows_line_ends_and_another_escape() -> None:
    text = "# escape=`\r\nFROM x`\r\n  AS y\r\nRUN pip install `\r\n  torch\r\n"
    assert [(use.name, use.span.line, use.span.column) for use in extract(text).uses] == [
        ("x", 2, 6),
        ("torch", 5, 3),
    ]


def test_here_documents_are_scripts() -> None:
    text = (
        "RUN <<EOF bash\nset -e\n# pip install never\npip install torch\nnvcc a.cu\nEOF\n"
        'COPY <<"A" <<-B /x\nRUN nvcc\nA\n\tB\nRUN nvcc\n'
    )
    assert [(use.name, use.span.line) for use in extract(text).uses] == [
        ("torch", 4),
        ("nvcc", 5),
        ("nvcc", 11),
    ]


def test_here_documents_go_to_their_reader() -> None:
    text = "RUN cat <<EOF > a\nnvcc\nEOF\nRUN python3 - <<EOF\nimport torch\nEOF\nRUN nvcc a\n"
    found = extract(text)
    assert [(use.name, use.span.line) for use in found.uses] == [("nvcc", 7)]
    assert [(part.language, part.text, part.lines) for part in found.embedded] == [
        ("python", "import torch\n", ((5, 1), (6, 1)))
    ]


def test_programs_of_a_command_are_handed_on() -> None:
    found = extract("RUN x \\\n && python -c 'import torch'\n")
    assert [(part.language, part.text, part.lines) for part in found.embedded] == [
        ("python", "import torch", ((2, 16),))
    ]


def test_branches_and_files_of_another_platform() -> None:
    text = 'RUN if [ "$B" = rocm ]; then x; else nvcc a; fi; nvcc b\n'
    assert [use.guarded_by for use in extract(text).uses] == [("rocm",), ()]
    file = SourceFile(path="Dockerfile.rocm", language="dockerfile", content="", lines=0, code_lines=0, role=Role.OWNED)
    (use,) = front_end("dockerfile").extract(file, "RUN nvcc a\n", VOCABULARY).uses
    assert use.guarded_by == ("*", "rocm")


def test_probes_are_commands() -> None:
    assert [name for _, name, _, _ in seen("HEALTHCHECK --interval=5s CMD nvidia-smi || exit 1")] == ["nvidia-smi"]


# ---------------------------------------------------------------------------------------------- hostile input


INSTRUCTIONS = ["RUN ", "FROM ", "ENV ", "ARG ", "COPY ", "<<A", "A", "pip install ", "torch"]
SIGNS = ["\r\n", "&&", ":-", "${", *"\\\n\r \t\"'#;|>[],=@:$}é\0"]


@given(st.lists(st.sampled_from([*INSTRUCTIONS, *SIGNS]), max_size=60))
@settings(max_examples=400, deadline=None)
def test_any_text_is_read_and_spans_stay_inside(pieces: list[str]) -> None:
    text = "".join(pieces)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for use in extract(text, EVERYTHING).uses:
        span = use.span
        assert (1, 1) <= (span.line, span.column) <= (span.end_line, span.end_column)
        assert span.end_line <= len(lines)
        assert span.end_column <= len(lines[span.end_line - 1]) + 1
        if span.line == span.end_line:
            assert lines[span.line - 1][span.column - 1 : span.end_column - 1] == use.text


@pytest.mark.parametrize(
    "text",
    [
        "RUN " + "a && " * 50_000,
        "RUN <<A <<B\n" * 20_000,
        "RUN \\\n" * 50_000,
        "ENV A=$B$B\nENV B=$A$A\n" * 5_000,
        "RUN " + '"' * 200_000,
        "RUN " + "'a" * 100_000,
        "RUN echo ${" * 50_000,
        "FROM " + "${a:-" * 100_000,
        "# x=y\n" * 50_000,
        "HEALTHCHECK" + " CMD" * 50_000,
        "RUN conda install " + "a::" * 100_000,
        "RUN <<EOF\n" + "x\n" * 50_000,
    ],
)
def test_hostile_text_takes_linear_time(text: str) -> None:
    extract(text)
