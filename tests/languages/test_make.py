"""What the front ends for Make and Ninja read off build files."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrate.languages import front_end
from migrate.languages.recipes import as_shell
from migrate.model import Extraction, Link, LinkKind, NameSet, Role, SourceFile, UseKind, Vocabulary

FLAGS = NameSet(
    exact=frozenset(
        {"NVCC", "-gencode", "-arch", "-Xcompiler", "-lcudart", "%.cu", "USE_CUDA", "CUDA_LIBS", "cuda_cflags"}
    ),
    globs=("NVCC*FLAGS",),
)
VOCABULARY = Vocabulary(
    anchors=(),
    names={
        UseKind.FLAG: FLAGS,
        UseKind.ENV: NameSet(exact=frozenset({"CUDA_HOME"}), globs=("NCCL_*",)),
        UseKind.MACRO: NameSet(globs=("*CUDA*", "NCCL_*")),
        UseKind.STRING: NameSet(exact=frozenset({"nvcc"}), globs=("/usr/local/cuda*",)),
    },
)


def extract(text: str, language: str = "make", path: str = "Makefile") -> Extraction:
    """Read one build file."""
    file = SourceFile(path=path, language=language, content="", lines=0, code_lines=0, role=Role.OWNED)
    return front_end(language).extract(file, text, VOCABULARY)


def seen(text: str, language: str = "make") -> list[tuple[str, str]]:
    """Return name and text of the uses."""
    return [(use.name, use.text) for use in extract(text, language).uses]


def scripts(text: str, language: str = "make") -> list[tuple[str, tuple[tuple[int, int], ...]]]:
    """Return the commands that are handed on, and where their lines stand."""
    return [(part.text, part.lines) for part in extract(text, language).embedded]


# ------------------------------------------------------------------------------------------------------- make


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("ifdef X_CUDA\nendif\n", [(UseKind.MACRO, "X_CUDA")]),
        (
            "ifeq ($(X_CUDA),1)\nelse ifneq (${Y_CUDA},)\nendif\n",
            [(UseKind.MACRO, "X_CUDA"), (UseKind.MACRO, "Y_CUDA")],
        ),
        ("if WITH_CUDA\nendif\n", [(UseKind.MACRO, "WITH_CUDA")]),
        ("X_CUDA := 1\nifdef X_CUDA\nendif\n", []),
        ("ifdef CUDA_HOME\nendif\n", [(UseKind.ENV, "CUDA_HOME")]),
        ("ifneq ($(NCCL_HOME),)\nendif\n", [(UseKind.ENV, "NCCL_HOME")]),
        ("ifdef OPENMP\nendif\n", []),
    ],
)
def test_switches_that_conditions_ask_for(text: str, kinds: list[tuple[UseKind, str]]) -> None:
    found = extract(text).uses
    assert [(use.kind, use.name) for use in found] == kinds
    assert all("CUDA" in use.args.get("condition", "CUDA") for use in found)


def test_a_branch_of_the_same_shape_answers_the_one_for_cuda() -> None:
    text = "ifdef USE_CUDA\nF = -gencode x\nendif\nifdef USE_HIP\nF = -O3\nendif\n"
    assert [use.guarded_by for use in extract(text).uses if use.name == "-gencode"] == [("rocm",)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("LIBRARIES += cudart m\n", [("-lcudart", "cudart")]),
        ("CUDARTLIB ?= cudart\n", [("-lcudart", "cudart")]),
        ("LIBS = -lcudart\n", [("-lcudart", "")]),
        ("CALIBRATION = cudart\n", []),
    ],
)
def test_lists_of_libraries_by_their_name(text: str, found: list[tuple[str, str]]) -> None:
    assert [(use.name, use.symbol) for use in extract(text).uses] == found


def test_variables_and_their_flags() -> None:
    text = "NVCCFLAGS += -O3 -gencode arch=compute_80,code=sm_80 \\\n  -arch=sm_90 -Xcompiler -fPIC  # why\n"
    found = extract(text).uses
    assert [(use.name, use.args.get("value")) for use in found] == [
        ("NVCCFLAGS", "-O3 -gencode arch=compute_80,code=sm_80 -arch=sm_90 -Xcompiler -fPIC"),
        ("-gencode", "arch=compute_80,code=sm_80"),
        ("-arch", "sm_90"),
        ("-Xcompiler", "-fPIC"),
    ]
    assert [(use.span.line, use.span.column) for use in found] == [(1, 1), (1, 18), (2, 3), (2, 15)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends(end: str) -> None:
    text = end.join(["A = \\", "  -lcudart", "B = -arch=sm_80", ""])
    assert [(use.name, use.span.line, use.span.column) for use in extract(text).uses] == [
        ("-lcudart", 2, 3),
        ("-arch", 3, 5),
    ]


def test_the_toolkit_by_environment_and_folder() -> None:
    text = "CUDA_HOME ?= /usr/local/cuda\nCPPFLAGS = -I$(CUDA_HOME)/include -L/usr/local/cuda-12/lib64\n"
    assert seen(text) == [
        ("CUDA_HOME", "CUDA_HOME ?= /usr/local/cuda"),
        ("/usr/local/cuda", "/usr/local/cuda"),
        ("CUDA_HOME", "$(CUDA_HOME)"),
        ("/usr/local/cuda-12/lib64", "/usr/local/cuda-12/lib64"),
    ]


def test_own_variables_are_not_the_environment() -> None:
    assert seen("NCCL_OUT := build\nA = $(NCCL_OUT)\n") == []
    assert seen("export NCCL_DEBUG = INFO\n") == [("NCCL_DEBUG", "NCCL_DEBUG = INFO")]
    assert seen("A = $(NCCL_ROOT)\n") == [("NCCL_ROOT", "$(NCCL_ROOT)")]


def test_what_configure_found_out() -> None:
    assert seen("a_LIBADD = $(CUDA_LIBS)\n") == [("CUDA_LIBS", "$(CUDA_LIBS)")]
    (asked,) = extract("ifneq ($(CUDA_LIBS),)\nendif\n").uses
    assert (asked.kind, asked.name, asked.args) == (UseKind.MACRO, "CUDA_LIBS", {"condition": "($(CUDA_LIBS),)"})
    assert seen("CUDA_LIBS = -lx\na_LIBADD = $(CUDA_LIBS)\n") == [("CUDA_LIBS", "CUDA_LIBS = -lx")]


def test_a_compiler_under_another_name() -> None:
    found = extract("CC := /opt/bin/nvcc -O2\n").uses
    assert [(use.name, use.args) for use in found] == [("nvcc", {"key": "CC"})]


def test_definitions_and_libraries() -> None:
    assert seen("A = -DUSE_CUDA=1 -lcudart -lcudd\n") == [("USE_CUDA", "USE_CUDA=1"), ("-lcudart", "-lcudart")]


def test_flags_inside_functions() -> None:
    text = "A := $(foreach sm,80 90,-gencode arch=compute_$(sm),code=sm_$(sm))\n"
    assert [(use.name, use.args["value"]) for use in extract(text).uses] == [
        ("-gencode", "arch=compute_$(sm),code=sm_$(sm)")
    ]


def test_recipes_are_shell_scripts_of_the_same_length() -> None:
    text = "x: y.cu\n\t@$(NVCC) $(NVCCFLAGS) -c $< -o $@\n\t-echo $$HOME \\\n\t  $(wildcard *.cu)\nA = 1\n"
    assert scripts(text) == [
        ("nvcc    ${NVCCFLAGS} -c $1 -o $1\necho  $HOME \\\n${_____________}", ((2, 3), (3, 3), (4, 4)))
    ]


def test_a_recipe_on_the_line_of_its_rule() -> None:
    assert scripts("x: y ; nvcc -c y\n") == [(" nvcc -c y", ((1, 7),))]


def test_commands_that_run_while_the_file_is_read() -> None:
    text = "V := $(shell $(NVCC) --version | grep -arch=x)\n"
    assert scripts(text) == [("nvcc    --version | grep -arch=x", ((1, 14),))]
    assert seen(text) == []


def test_a_variable_that_names_the_compiler_counts_as_it() -> None:
    assert scripts("DEVICE := nvcc\nx: ; $(DEVICE) -c a.cu\n")[0][0] == " nvcc      -c a.cu"


def test_definitions_of_several_lines() -> None:
    assert scripts("define compile\nnvcc -c $(1)\nendef\nA = -lcudart\n") == [("nvcc -c ${1}", ((2, 1),))]
    assert seen("define x\nendef\nA = -lcudart\n") == [("-lcudart", "-lcudart")]


def test_rules_for_cuda_sources() -> None:
    assert seen("build/%.o: src/%.cu\n\tx\n.cu.o:\n\tx\n%.o: %.cpp\n\tx\n") == [("%.cu", "src/%.cu"), ("%.cu", ".cu.o")]


@pytest.mark.parametrize(
    ("condition", "guards"),
    [
        ("ifeq ($(USE_HIP),1)", ("rocm",)),
        ("ifdef WITH_ROCM", ("rocm",)),
        ("ifneq (,$(ASCEND_HOME))", ("cann",)),
        ("ifdef USE_CUDA", ()),
    ],
)
def test_branches_for_other_platforms(condition: str, guards: tuple[str, ...]) -> None:
    text = f"{condition}\nA = x\nelse\nB = -lcudart\nendif\nC = -lcudart\n"
    assert [use.guarded_by for use in extract(text).uses if use.name == "-lcudart"] == [guards, ()]


def test_branches_within_a_recipe() -> None:
    text = "x:\n\tone\nifdef USE_HIP\n\thipcc\nelse\n\tnvcc\nendif\n\ttwo\n"
    assert [(part.text, part.guarded_by) for part in extract(text).embedded] == [
        ("one", ()),
        ("hipcc\nnvcc", ("rocm",)),
        ("two", ()),
    ]


def test_conditions_of_automake() -> None:
    text = "if HAVE_ROCM\nA = -lcudart\nendif\nB = -lcudart\n"
    assert [use.guarded_by for use in extract(text, path="Makefile.am").uses] == [("rocm",), ()]


def test_a_file_of_another_platform() -> None:
    assert extract("A = -lcudart\n", path="hip/Makefile").uses[0].guarded_by == ("*", "rocm")


def test_links_go_through_variables() -> None:
    text = "SRC := $(wildcard src/*.cu)\nOBJ = $(SRC:.cu=.o) main.o\napp: $(OBJ) | dir\n\tld\nmain.o: main.cpp\n\tcc\ninclude common.mk\n"
    assert extract(text).links == (
        Link(kind=LinkKind.BUILD, to="src/*.cu", via="app", line=3),
        Link(kind=LinkKind.LINK, to="main.o", via="app", line=3),
        Link(kind=LinkKind.BUILD, to="main.cpp", via="main.o", line=5),
        Link(kind=LinkKind.INCLUDE, to="common.mk", line=7),
    )


def test_links_of_paths_behind_folders() -> None:
    text = (
        "OUT := build\nSRC := $(wildcard $(DIR)/*.cu)\nall: $(OUT)/app\n"
        "$(OUT)/app: $(SRC:$(DIR)/%.cu=$(OUT)/%.o) $(OUT)/main.o\n"
    )
    assert [(link.kind, link.to, link.via) for link in extract(text).links] == [
        (LinkKind.LINK, "main.o", "app"),
        (LinkKind.BUILD, "*.cu", "app"),
    ]


def test_lines_of_code_and_generated_files() -> None:
    found = extract("# Makefile.in generated by automake\n\nA = 1\n# x\nb: c\n\td\n")
    assert (found.code_lines, found.generated) == (3, True)


@pytest.mark.parametrize(
    ("recipe", "shell"),
    [
        ("$(NVCC)", "nvcc   "),
        ("${NVCC} $^", "nvcc    $1"),
        ("$(CUDA_HOME)/bin/nvcc", "${CUDA_HOME}/bin/nvcc"),
        ("$(shell nvcc -V)", "$(      nvcc -V)"),
        ("$(a $(b) c)", "${________}"),
        ("$(Q)$(NVCC) -c $(X)", "    nvcc    -c ${X}"),
        ("cd a && $(EXEC) $(NVCC) -c", "cd a &&         nvcc    -c"),
        ("$(", "$("),
        ("echo )", "echo )"),
    ],
)
def test_as_shell(recipe: str, shell: str) -> None:
    assert as_shell(recipe) == shell
    assert len(shell) == len(recipe)


# ------------------------------------------------------------------------------------------------------ ninja


NINJA = """\
ninja_required_version = 1.3
nvcc = /usr/local/cuda/bin/nvcc
cuda_cflags = -O3 -gencode=arch=compute_80,code=sm_80 $
    -Xcompiler -fPIC

rule cuda_compile
  command = $nvcc $cuda_cflags -c $in -o $out

build a.o: cuda_compile /src/a.cu | dep.h
include other.ninja
"""


def test_ninja() -> None:
    found = extract(NINJA, "ninja")
    assert [(use.name, use.span.line) for use in found.uses] == [
        ("/usr/local/cuda/bin/nvcc", 2),
        ("cuda_cflags", 3),
        ("-gencode", 3),
        ("-Xcompiler", 4),
    ]
    assert [(part.language, part.text, part.lines) for part in found.embedded] == [
        ("shell", "nvcc  $cuda_cflags -c $in -o $out", ((7, 13),))
    ]
    assert found.links == (
        Link(kind=LinkKind.BUILD, to="/src/a.cu", via="a.o", line=9),
        Link(kind=LinkKind.INCLUDE, to="other.ninja", line=10),
    )
    assert found.code_lines == 7


# -------------------------------------------------------------------------------------------------- robustness


@given(st.text(alphabet="$(){}:=;#\\\t\n\r abNVC.u%-lifeq'\"", max_size=200))
@settings(max_examples=200, deadline=None)
def test_nothing_raises(text: str) -> None:
    for language in ("make", "ninja"):
        for use in extract(text, language).uses:
            assert use.span.line >= 1
            assert use.span.column >= 1


@pytest.mark.parametrize(
    "piece",
    ["$(", "a:", "\t$(shell ", "ifeq (a,b)\n", "\\\n", "$(shell $(NVCC) ", "a $(B): c.cu\n", "$", "$\n", "A = $(A) "],
)
@pytest.mark.parametrize("language", ["make", "ninja"])
def test_a_hostile_shape_is_read_to_its_end(piece: str, language: str) -> None:
    def run(size: int) -> None:
        text = piece * (size // len(piece))
        extract(text, language)

    run(200_000)
