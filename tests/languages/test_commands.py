"""What command lines use, whoever holds them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrate.languages.commands import Commands, targets_of_name
from migrate.languages.requirement import Manifest
from migrate.model import Embedded, NameSet, Use, UseKind, Vocabulary

ANY = NameSet(globs=("*",))
EVERYTHING = Vocabulary(anchors=(), names=dict.fromkeys(UseKind, ANY))
VOCABULARY = Vocabulary(
    anchors=(),
    names={
        UseKind.IMAGE: ANY,
        UseKind.DEPENDENCY: ANY,
        UseKind.ENV: NameSet(
            exact=frozenset({"CUDA_HOME", "CUDA_VISIBLE_DEVICES", "TORCH_CUDA_ARCH_LIST"}), globs=("NCCL_*",)
        ),
        UseKind.STRING: NameSet(
            exact=frozenset({"nvidia-smi", "nvcc", "nvidia/gpu-operator"}), globs=("*nvidia.com/*",)
        ),
        UseKind.FLAG: NameSet(globs=("--*", "-arch", "-gencode", "CMAKE_CUDA_*", "USE_CUDA")),
    },
)


def read(script: str, vocabulary: Vocabulary = VOCABULARY) -> tuple[tuple[Use, ...], list[Embedded]]:
    """Read a script."""
    commands = Commands(Manifest(script, vocabulary), "script")
    commands.script(script, 0)
    return commands.manifest.sorted_uses(), commands.embedded


def names(script: str, *kinds: UseKind) -> list[str]:
    """Return the names of the uses of some kinds, or of all."""
    return [use.name for use in read(script)[0] if not kinds or use.kind in kinds]


# ---------------------------------------------------------------------------------------------- substitutions


def test_a_substitution_is_part_of_its_word() -> None:
    found, _ = read("docker run -v $(pwd):$(pwd) -w $(nvidia-smi -L) -d nvidia/cuda:12 sleep 1\nls '$(nvcc)'\n")
    assert [(use.kind, use.name, use.span.column) for use in found if use.kind in {UseKind.IMAGE, UseKind.STRING}] == [
        (UseKind.STRING, "nvidia-smi", 34),
        (UseKind.IMAGE, "nvidia/cuda", 52),
    ]


@pytest.mark.parametrize("text", ["$(" * 50_000, "$(a " * 50_000, "$" * 400_000, "$(" + "a" * 400_000, "$(')" * 50_000])
def test_open_substitutions_take_linear_time(text: str) -> None:
    read(text)


def test_packages_that_are_held() -> None:
    assert names("apt-mark hold libnccl2 libcublas-12-4\n", UseKind.DEPENDENCY) == [
        "apt:libnccl2",
        "apt:libcublas-12-4",
    ]


# ------------------------------------------------------------------------------------------------- powershell


def test_assignments_of_powershell() -> None:
    script = (
        "$env:CUDA_HOME = $root\n"
        '$more = " -DCMAKE_CUDA_FLAGS=$env:CUDA_VISIBLE_DEVICES"\n'
        '$env:CMAKE_ARGS += "-DUSE_CUDA=1 -DCMAKE_CUDA_COMPILER=$root$more"\n'
        "$gpu = nvidia-smi -L\n"
        "$CUDA_HOME = 1\n"
    )
    found = [(use.kind, use.name, use.args.get("value"), use.span.line) for use in read(script)[0]]
    assert found == [
        (UseKind.ENV, "CUDA_HOME", "$root", 1),
        (UseKind.FLAG, "CMAKE_CUDA_FLAGS", "$env:CUDA_VISIBLE_DEVICES", 2),
        (UseKind.ENV, "CUDA_VISIBLE_DEVICES", None, 2),
        (UseKind.FLAG, "CMAKE_CUDA_COMPILER", "$root$more", 3),
        (UseKind.FLAG, "USE_CUDA", "1", 3),
        (UseKind.STRING, "nvidia-smi", None, 4),
    ]


def test_conda_packages_that_name_their_channel_in_a_list() -> None:
    script = '$p = @(\n  "${channel}::cuda-nvcc_linux-64=11.8.0",\n  "nvidia::libcublas=11"\n)\nf std::vector=1 a::b\n'
    found = [use for use in read(script)[0] if use.kind == UseKind.DEPENDENCY]
    assert [(use.name, use.args["version"], use.span.line) for use in found] == [
        ("cuda-nvcc-linux-64", "=11.8.0", 2),
        ("libcublas", "=11", 3),
        ("vector", "=1", 5),
    ]


def test_a_release_of_cuda_is_a_setting_and_one_of_a_library_is_none() -> None:
    vocabulary = Vocabulary(anchors=(), names={UseKind.ENV: NameSet(globs=("*CUDA*", "NCCL_*"))})
    found, _ = read("X_CUDA_VERSION=12.4\nNCCL_VERSION=2\nNCCL_DEBUG=INFO\n", vocabulary)
    assert [use.name for use in found] == ["X_CUDA_VERSION", "NCCL_DEBUG"]


# ------------------------------------------------------------------------------------------------------ tools


@pytest.mark.parametrize(
    "script",
    [
        "nvidia-smi -L",
        "sudo -E /usr/bin/nvidia-smi",
        "n=$(nvidia-smi -L | wc -l)",
        'torchrun --nproc_per_node="$(nvidia-smi -L | wc -l)" train.py',
        'echo "cards: `nvidia-smi -L`"',
        "if ! command -v nvidia-smi &> /dev/null; then exit 1; fi",
        "srun --ntasks=1 nvidia-smi",
        "bash -c 'set -e; nvidia-smi'",
        'docker exec trainer bash -lc "nvidia-smi"',
        "bash <<EOF\nnvidia-smi\nEOF",
        "timeout 60 nvidia-smi",
        "a && b || { nvidia-smi; }",
        "watch -n 1 nvidia-smi",
        "x \\\n  && nvidia-smi",
        "for i in 1 2; do nvidia-smi; done",
    ],
)
def test_tools_that_are_run(script: str) -> None:
    assert names(script, UseKind.STRING) == ["nvidia-smi"]


@pytest.mark.parametrize(
    "script",
    [
        "# nvidia-smi",
        'echo "nvidia-smi"',
        "echo nvidia-smi --gpus all CUDA_HOME=/x",
        "cat <<EOF\nnvidia-smi\nEOF",
        "cat > run.sh <<'EOF'\nnvidia-smi\nexport CUDA_HOME=/x\nEOF",
        "printf '%s' nvidia-smi",
        "ls nvidia-smi",
        "grep nvidia-smi log.txt > nvidia-smi",
        "my-nvidia-smi",
        "'ls\nnvidia-smi'",
        "x # nvidia-smi",
    ],
)
def test_words_that_run_nothing(script: str) -> None:
    assert names(script) == []


def test_programs_in_other_languages_are_handed_on() -> None:
    script = "python3 -c 'import torch\nprint(1)'\nif x; then\n  python - <<EOF\n  import a\n    b\n  EOF\nfi\n"
    _, parts = read(script)
    assert [(part.language, part.text, part.lines) for part in parts] == [
        ("python", "import torch\nprint(1)", ((1, 13), (2, 1))),
        ("python", "import a\n  b\n", ((5, 3), (6, 3), (7, 3))),
    ]


def test_escapes_of_a_quoted_program_are_undone_and_columns_hold() -> None:
    script = 'python -c "print(\\"a\\"); import torch"'
    _, (part,) = read(script)
    assert part.text.split() == ['print("a"', ");", "import", "torch"]
    assert part.text.index("torch") + part.lines[0][1] - 1 == script.index("torch")


# -------------------------------------------------------------------------------------------------- variables


@pytest.mark.parametrize(
    ("script", "value"),
    [
        ("export CUDA_HOME=/usr/local/cuda", "/usr/local/cuda"),
        ("CUDA_HOME=/x make", "/x"),
        ("setenv CUDA_HOME /x", "/x"),
        ("declare -x CUDA_HOME='/x y'", "/x y"),
        ("unset CUDA_HOME", None),
        ("mpirun -x CUDA_HOME -n 2 train", None),
        ("docker run -e CUDA_HOME=/x image", "/x"),
        ("make CUDA_HOME=/x", "/x"),
        ("env CUDA_HOME=/x make", "/x"),
        ("srun --export=ALL,CUDA_HOME=/x train", "/x"),
        ("g++ -I$CUDA_HOME/include a.cpp", None),
        ('[ -z "${CUDA_HOME}" ]', None),
        ("HERE=${CUDA_HOME:-/x}", None),
    ],
)
def test_variables(script: str, value: str | None) -> None:
    uses = [use for use in read(script)[0] if use.kind == UseKind.ENV]
    assert [(use.name, use.args.get("value")) for use in uses] == [("CUDA_HOME", value)]


def test_a_variable_that_the_script_sets_is_not_counted_where_it_is_read() -> None:
    assert names("CUDA_HOME=/x\nls $CUDA_HOME\nls ${CUDA_HOME}/lib", UseKind.ENV) == ["CUDA_HOME"]


def test_a_release_in_a_variable_is_no_setting() -> None:
    assert names("NCCL_VERSION=2.20\nNCCL_URL=x\nNCCL_DEBUG=INFO\nexport NCCL_IB_HCA=a", UseKind.ENV) == [
        "NCCL_DEBUG",
        "NCCL_IB_HCA",
    ]


# ---------------------------------------------------------------------------------------------------- options


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("docker run --rm --gpus all x", ("--gpus", "all", "docker")),
        ("nvcc -gencode arch=compute_80,code=sm_80 a.cu", ("-gencode", "arch=compute_80,code=sm_80", "nvcc")),
        ("cmake -D CMAKE_CUDA_FLAGS=-O3 ..", ("CMAKE_CUDA_FLAGS", "-O3", "cmake")),
        ("cmake -DUSE_CUDA:BOOL=ON", ("USE_CUDA", "ON", "cmake")),
        ('CMAKE_ARGS="-DUSE_CUDA=on" pip install .', ("USE_CUDA", "on", None)),
        ("python train.py --device=cuda", ("--device", "cuda", "python")),
        ("sbatch --gres gpu:a100:4 run.sh", ("--gres", "gpu:a100:4", "sbatch")),
    ],
)
def test_options_with_value_and_program(script: str, expected: tuple[str, str, str | None]) -> None:
    flags = [use for use in read(script)[0] if use.kind == UseKind.FLAG and use.name != "--rm"]
    assert [(use.name, use.args.get("value"), use.args.get("callee")) for use in flags] == [expected]


@pytest.mark.parametrize(
    ("script", "image", "tag"),
    [
        ("docker run -it --rm --gpus all -v /a:/b nvcr.io/nvidia/pytorch:24.05-py3 bash", "nvcr.io/nvidia/pytorch", "24.05-py3"),
        ("docker pull nvidia/cuda:12.4.1-base", "nvidia/cuda", "12.4.1-base"),
        ("IMAGE=nvcr.io/nvidia/pytorch:24.05-py3", "nvcr.io/nvidia/pytorch", "24.05-py3"),
        ("apptainer pull docker://nvcr.io/nvidia/cuda:12", "nvcr.io/nvidia/cuda", "12"),
        ("docker build --build-arg BASE=nvidia/cuda:11 .", "nvidia/cuda", "11"),
    ],
)  # fmt: skip
def test_images(script: str, image: str, tag: str) -> None:
    uses = [use for use in read(script)[0] if use.kind == UseKind.IMAGE]
    assert [(use.name, use.args.get("tag")) for use in uses] == [(image, tag)]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("module load gcc cuda/12.1", [("module:gcc", ""), ("module:cuda", "12.1")]),
        ("module list cuda", []),
        ("dpkg -i cuda-keyring_1.1-1_all.deb", [("apt:cuda-keyring", "")]),
        ("choco install cuda", [("apt:cuda", "")]),
        ("sudo yum install -y https://e.org/cuda-repo-rhel8-12.1.rpm", [("apt:cuda-repo-rhel8", "")]),
    ],
)
def test_packages(script: str, expected: list[tuple[str, str]]) -> None:
    uses = [use for use in read(script)[0] if use.kind == UseKind.DEPENDENCY]
    assert [(use.name, use.args.get("version", "")) for use in uses] == expected


def test_addresses_go_with_the_program_that_fetches_them() -> None:
    uses, _ = read("wget -q https://developer.download.nvidia.com/cuda_12.run\nhelm install g nvidia/gpu-operator -n g")
    assert [(use.name, use.args["callee"]) for use in uses if use.kind == UseKind.STRING] == [
        ("https://developer.download.nvidia.com/cuda_12.run", "wget"),
        ("nvidia/gpu-operator", "helm"),
    ]


# ----------------------------------------------------------------------------------------------------- guards


@pytest.mark.parametrize(
    "script",
    [
        'if [ "$BACKEND" = rocm ]; then\n  hipcc a\nelse\n  nvcc a\nfi\nnvcc b',
        "if command -v rocm-smi; then x; elif true; then nvcc a; fi; nvcc b",
        'case "$BACKEND" in\n  cuda) nvcc a ;;\n  rocm) hipcc a ;;\nesac\nnvcc b',
        "if a &&\n  [ -d /opt/rocm ]\nthen\n  x\nelse\n  if y; then nvcc a; fi\nfi\nnvcc b",
    ],
)
def test_branches_that_another_platform_has(script: str) -> None:
    uses = [use for use in read(script)[0] if use.name == "nvcc"]
    assert [use.guarded_by for use in uses] == [("rocm",), ()]


def test_programs_inside_a_branch_are_guarded_too() -> None:
    _, (part,) = read("if $USE_NPU; then\n  python -c 'import a'\nfi")
    assert part.guarded_by == ("cann",)


@pytest.mark.parametrize(
    ("path", "targets"),
    [
        ("docker/Dockerfile.rocm", ("*", "rocm")),
        ("values-npu.yaml", ("*", "cann")),
        ("rocm/install.sh", ("*", "rocm")),
        ("scripts/train.sh", ()),
        ("scripts/chip_check.sh", ()),
    ],
)
def test_files_of_another_platform(path: str, targets: tuple[str, ...]) -> None:
    assert targets_of_name(path) == targets


# ---------------------------------------------------------------------------------------------- hostile input

PIECES = [
    "nvcc ",
    "if ",
    "fi",
    "then ",
    "case ",
    "esac",
    "<<A",
    "A",
    "python -c ",
    "$(",
    "export ",
    "docker run ",
    "-c ",
]


@given(st.lists(st.sampled_from([*PIECES, "\r\n", *"\\\n\r \t\"'`#;|&<>()[]=:${}é\0"]), max_size=60))
@settings(max_examples=400, deadline=None)
def test_any_text_is_read_and_spans_stay_inside(pieces: list[str]) -> None:
    text = "".join(pieces)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    uses, parts = read(text, EVERYTHING)
    for use in uses:
        span = use.span
        assert (1, 1) <= (span.line, span.column) <= (span.end_line, span.end_column)
        assert span.end_line <= len(lines)
        assert span.end_column <= len(lines[span.end_line - 1]) + 1
    for part in parts:
        assert len(part.lines) == part.text.count("\n") + 1
        assert all(1 <= line <= len(lines) for line, _ in part.lines)


@pytest.mark.parametrize(
    "text",
    [
        'x "' + "$(" * 200_000,
        "nvcc <<A" * 50_000 + "\n" + "x\n" * 50_000,
        "cat <<A <<B nvcc\n" * 30_000,
        "nvcc '" * 50_001,
        "if nvcc; then\n" * 30_000,
        "case $x in rocm) nvcc\n" * 20_000,
        "nvcc `" * 30_000,
        "bash -c '" * 30_000,
        "nvcc " + "--gpus a " * 50_000,
        "nvcc X='" + "-a " * 100_000 + "'",
        "nvcc; A=" + "a/" * 200_000,
        "nvcc " + "$A" * 100_000,
    ],
)
def test_hostile_scripts_take_linear_time(text: str) -> None:
    read(text)
