"""What the Bazel front end reads off BUILD files, extensions and files of options."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrate.languages import front_end
from migrate.model import Extraction, Link, LinkKind, NameSet, Role, SourceFile, UseKind, Vocabulary

VOCABULARY = Vocabulary(
    anchors=("cuda", "CUDA", "nvcc", "-gencode"),
    names={
        UseKind.FLAG: NameSet(
            exact=frozenset(
                {
                    "cuda_library",
                    "use_extension",
                    "if_cuda",
                    "gpu_srcs",
                    "-gencode",
                    "-lcudart",
                    "--config",
                    "--define",
                    "GOOGLE_CUDA",
                }
            ),
            globs=("--@local_config_cuda//*",),
        ),
        UseKind.ENV: NameSet(exact=frozenset({"TF_NEED_CUDA"}), globs=("TF_CUDA_*",)),
        UseKind.STRING: NameSet(exact=frozenset({"nvcc"}), globs=("@local_config_cuda//*", "/usr/local/cuda*")),
        UseKind.DEPENDENCY: NameSet(exact=frozenset({"bazel:rules_cuda", "bazel:cuda_cublas"})),
    },
)


def extract(text: str, path: str = "BUILD.bazel") -> Extraction:
    """Read one file."""
    file = SourceFile(path=path, language="bazel", content="", lines=0, code_lines=0, role=Role.OWNED)
    return front_end("bazel").extract(file, text, VOCABULARY)


def seen(text: str, path: str = "BUILD.bazel") -> list[tuple[UseKind, str]]:
    """Return kind and name of the uses."""
    return [(use.kind, use.name) for use in extract(text, path).uses]


def test_rules_labels_and_flags() -> None:
    text = (
        'load("@local_config_cuda//cuda:build_defs.bzl", "if_cuda")\n'
        "cuda_library(\n"
        '    name = "k",\n'
        '    srcs = ["k.cu.cc"],\n'
        '    copts = ["-gencode=arch=compute_80,code=sm_80", "-I/usr/local/cuda/include"],\n'
        '    defines = ["GOOGLE_CUDA=1"],\n'
        ")\n"
    )
    assert seen(text) == [
        (UseKind.STRING, "@local_config_cuda//cuda:build_defs.bzl"),
        (UseKind.FLAG, "cuda_library"),
        (UseKind.FLAG, "-gencode"),
        (UseKind.STRING, "/usr/local/cuda/include"),
        (UseKind.FLAG, "GOOGLE_CUDA"),
    ]
    found = extract(text).uses
    assert found[0].args == {"callee": "load", "parameter": "0"}
    assert (found[1].text, found[1].args["name"]) == ("cuda_library", "k")
    assert found[2].args == {"value": "arch=compute_80,code=sm_80"}
    assert (found[2].span.line, found[2].span.column) == (5, 15)


def test_conditions_and_parameters() -> None:
    text = 'cc_library(name = "a", srcs = if_cuda(["a.cc"]), gpu_srcs = ["b.cc"], linkopts = ["-lcudart"])\n'
    assert [(use.name, use.text) for use in extract(text).uses] == [
        ("if_cuda", 'if_cuda(["a.cc"])'),
        ("gpu_srcs", "gpu_srcs"),
        ("-lcudart", "-lcudart"),
    ]


def test_a_branch_for_rocm_answers_the_one_for_cuda_in_the_same_attribute() -> None:
    text = (
        "cc_library(\n"
        '    name = "a",\n'
        '    deps = if_cuda(["@local_config_cuda//cuda:x"]) + if_rocm(["@local_config_rocm//rocm:x"]),\n'
        '    linkopts = if_cuda(["-lcudart"]),\n'
        '    data = select({"//:using_rocm": [], "//:using": ["@local_config_cuda//:y"]}),\n'
        ")\n"
    )
    assert [(use.name, use.guarded_by) for use in extract(text).uses] == [
        ("if_cuda", ("rocm",)),
        ("@local_config_cuda//cuda:x", ("rocm",)),
        ("if_cuda", ()),
        ("-lcudart", ()),
        ("@local_config_cuda//:y", ("rocm",)),
    ]


def test_modules_and_archives() -> None:
    found = extract(
        'bazel_dep(name = "rules_cuda", version = "0.2")\nhttp_archive(name = "rules_cuda")\n', "MODULE.bazel"
    )
    assert [(use.name, use.args.get("version")) for use in found.uses] == [
        ("bazel:rules_cuda", "0.2"),
        ("bazel:rules_cuda", None),
    ]
    assert found.links[0] == Link(kind=LinkKind.REQUIRES, to="bazel:rules_cuda", line=1)


def test_extensions_of_modules_and_what_they_bring() -> None:
    text = (
        'cuda = use_extension("//toolchains:extensions.bzl", "cuda_toolkit")\n'
        'use_repo(cuda, "zlib", "cuda_cublas", mine = "cuda_cublas")\n'
    )
    found = extract(text, "MODULE.bazel").uses
    assert [(use.name, use.symbol, use.text) for use in found] == [
        ("use_extension", "cuda_toolkit", "use_extension"),
        ("bazel:cuda_cublas", "", "cuda_cublas"),
        ("bazel:cuda_cublas", "", "cuda_cublas"),
    ]
    assert found[0].args["1"] == "cuda_toolkit"


def test_environment_and_programs_of_repository_rules() -> None:
    text = (
        "def _impl(ctx):\n"
        '    """Reads `TF_NEED_CUDA` and runs /usr/local/cuda/bin/nvcc."""\n'
        '    if ctx.os.environ.get("TF_NEED_CUDA"):\n'
        '        return ctx.which("nvcc")\n'
        '    fail("set TF_CUDA_VERSION or -gencode")\n'
        'NAME = "TF_CUDA_VERSION"\n'
    )
    assert seen(text, "cuda.bzl") == [
        (UseKind.ENV, "TF_NEED_CUDA"),
        (UseKind.STRING, "nvcc"),
        (UseKind.ENV, "TF_CUDA_VERSION"),
    ]


def test_a_definition_is_no_call() -> None:
    assert seen("def cuda_library(name, **kwargs):\n    native.cuda_library(name = name)\n", "a.bzl") == [
        (UseKind.FLAG, "cuda_library")
    ]


def test_commands_are_handed_on() -> None:
    text = 'genrule(\n    name = "p",\n    cmd = """\nnvcc -ptx $(SRCS)\necho $$X""",\n)\n'
    assert [(part.text, part.lines) for part in extract(text).embedded] == [
        ("\nnvcc -ptx $(SRCS)\necho  $X", ((3, 14), (4, 1), (5, 1)))
    ]


def test_links() -> None:
    text = (
        'cuda_library(name = "k", srcs = ["k.cu", "//a:b.cu"] + glob(["sub/*.cu"]), hdrs = ["k.h"])\n'
        'cc_binary(name = "app", srcs = ["main.cc"], deps = [":k", "//lib:z", "//lib/y"])\n'
    )
    assert [(link.kind, link.to, link.via) for link in extract(text).links] == [
        (LinkKind.BUILD, "k.cu", "k"),
        (LinkKind.BUILD, "a/b.cu", "k"),
        (LinkKind.BUILD, "sub/*.cu", "k"),
        (LinkKind.BUILD, "k.h", "k"),
        (LinkKind.BUILD, "main.cc", "app"),
        (LinkKind.LINK, "k", "app"),
        (LinkKind.LINK, "z", "app"),
        (LinkKind.LINK, "y", "app"),
    ]


def test_a_file_that_does_not_speak_of_cuda_says_nothing() -> None:
    found = extract('cc_library(name = "a", srcs = ["a.cc"])\n')
    assert (found.uses, found.links) == ((), ())


@pytest.mark.parametrize("path", ["BUILD", "WORKSPACE"])
def test_a_text_of_the_same_name_is_something_else(path: str) -> None:
    text = "Build with nvcc -gencode arch=compute_80,code=sm_80,\nor set TF_NEED_CUDA=1 (don't ask why).\n"
    assert extract(text, path).uses == ()


BAZELRC = """\
# build --config=cuda
build:cuda --config=cuda_clang  # why
build:cuda --define using_cuda=true --action_env TF_CUDA_VERSION="12.4"
build --@local_config_cuda//:enable_cuda --copt=-DGOOGLE_CUDA=1
build:rocm --repo_env=TF_NEED_CUDA=0
test --per_file_copt=//x/.*@-gencode
"""


@pytest.mark.parametrize("path", [".bazelrc", "tools/ci.bazelrc", "BUILD.bazel"])
def test_files_of_options(path: str) -> None:
    found = extract(BAZELRC, path)
    assert [(use.name, use.args.get("value"), use.span.line, use.guarded_by) for use in found.uses] == [
        ("--config", "cuda_clang", 2, ()),
        ("--define", "using_cuda=true", 3, ()),
        ("TF_CUDA_VERSION", "12.4", 3, ()),
        ("--@local_config_cuda//:enable_cuda", None, 4, ()),
        ("GOOGLE_CUDA", "1", 4, ()),
        ("TF_NEED_CUDA", "0", 5, ("rocm",)),
        ("-gencode", None, 6, ()),
    ]
    assert found.code_lines == 5


@given(st.text(alphabet="()[]{},:'\"#\n\r a.=+if_cudarom@/-\\", max_size=200))
@settings(max_examples=200, deadline=None)
def test_nothing_raises(text: str) -> None:
    for path in ("BUILD", "a.bzl", ".bazelrc"):
        for use in extract(text + "\ncuda(", path).uses:
            assert use.span.line >= 1


@pytest.mark.parametrize(
    "piece", ["cuda_library(", "(", "if_rocm(cuda(", '"""', 'select({"rocm":', "build --define ", '"\\']
)
@pytest.mark.parametrize("path", ["BUILD.bazel", ".bazelrc"])
def test_a_hostile_shape_is_read_to_its_end(piece: str, path: str) -> None:
    def run(size: int) -> None:
        text = "cuda(\n" + piece * (size // len(piece))
        extract(text, path)

    run(200_000)
