"""What the Meson front end reads off build files."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrate.languages import front_end
from migrate.model import Extraction, Link, LinkKind, NameSet, Role, SourceFile, UseKind, Vocabulary

FLAGS = NameSet(
    exact=frozenset(
        {
            *("project", "add_languages", "dependency", "import", "get_compiler", "nvcc_arch_flags", "cuda_args"),
            *(
                "add_project_arguments",
                "cuda_std",
                "-gencode",
                "--use_fast_math",
                "-lcudart",
                "USE_CUDA",
                "option",
                "get_option",
            ),
        }
    )
)
VOCABULARY = Vocabulary(
    anchors=(),
    names={
        UseKind.FLAG: FLAGS,
        UseKind.INCLUDE: NameSet(exact=frozenset({"cuda.h"})),
        UseKind.STRING: NameSet(exact=frozenset({"nvcc"}), globs=("/usr/local/cuda*",)),
    },
)


def extract(text: str, vocabulary: Vocabulary = VOCABULARY, path: str = "meson.build") -> Extraction:
    """Read one build file."""
    file = SourceFile(path=path, language="meson", content="", lines=0, code_lines=0, role=Role.OWNED)
    return front_end("meson").extract(file, text, vocabulary)


def seen(text: str) -> list[tuple[str, dict[str, str]]]:
    """Return name and arguments of the uses."""
    return [(use.name, use.args) for use in extract(text).uses]


def test_languages_of_a_project() -> None:
    name, args = seen("project('cuda demo', 'cpp',\n  ['cuda'], version: '1')\n")[0]
    assert (name, args["value"], args["0"], args["version"]) == ("project", "cpp cuda", "cuda demo", "1")
    assert seen("add_languages('cuda', native: false)")[0][1]["value"] == "cuda"


def test_calls_within_calls() -> None:
    text = "executable('p', 'a.cu', dependencies: [dependency('cuda', modules: ['cublas', 'cudart'])])\n"
    assert seen(text) == [("dependency", {"0": "cuda", "modules": "cublas cudart", "value": "cuda"})]
    use = extract(text).uses[0]
    assert (use.text, use.span.column) == ("dependency('cuda', modules: ['cublas', 'cudart'])", 40)


def test_methods_and_modules() -> None:
    text = "cuda = import('unstable-cuda')\nf = cuda.nvcc_arch_flags(v, '8.0')\nc = meson.get_compiler('cuda')\n"
    assert [(use.name, use.text) for use in extract(text).uses] == [
        ("import", "import('unstable-cuda')"),
        ("nvcc_arch_flags", "nvcc_arch_flags(v, '8.0')"),
        ("get_compiler", "get_compiler('cuda')"),
    ]


def test_arguments_of_compilers() -> None:
    text = "library('a', 'a.cu', cuda_args: ['-gencode', 'arch=x', '--use_fast_math', '-DUSE_CUDA=1'])\n"
    assert [use.name for use in extract(text).uses] == ["cuda_args", "-gencode", "--use_fast_math", "USE_CUDA"]
    name, args = seen("add_project_arguments('-O3', language: 'cuda')\n")[0]
    assert (name, args["language"]) == ("add_project_arguments", "cuda")


def test_options_libraries_headers_programs_and_folders() -> None:
    text = (
        "project('x', default_options: ['cuda_std=c++17'])\n"
        "l = cc.find_library('cudart', dirs: '/usr/local/cuda/lib64')\n"
        "h = cc.has_header('cuda.h')\n"
        "n = find_program('nvcc')\n"
        "option('cuda', type: 'boolean')\n"
    )
    assert [(use.kind, use.name) for use in extract(text).uses][1:] == [
        (UseKind.FLAG, "cuda_std"),
        (UseKind.FLAG, "-lcudart"),
        (UseKind.STRING, "/usr/local/cuda/lib64"),
        (UseKind.INCLUDE, "cuda.h"),
        (UseKind.STRING, "nvcc"),
        (UseKind.FLAG, "option"),
    ]


def test_options_and_libraries_go_by_their_own_name() -> None:
    text = "option('cuda', type: 'boolean')\nx = get_option('nvcc')\nl = cc.find_library('cudart')\n"
    assert [(use.name, use.symbol) for use in extract(text).uses] == [
        ("option", "cuda"),
        ("get_option", "nvcc"),
        ("-lcudart", "cudart"),
    ]


def test_programs_in_lists_and_behind_variables() -> None:
    text = "p = ['nvcc', d + '/bin/nvcc']\np += 'nvcc_wrapper'\nnvcc = find_program(p)\nh = run_command(nvcc, '-h')\n"
    found = [use for use in extract(text).uses if use.kind == UseKind.STRING]
    assert [(use.span.line, use.span.column, use.args) for use in found] == [
        (1, 7, {"key": "p"}),
        (1, 24, {"key": "p"}),
        (4, 17, {"callee": "run_command"}),
    ]


def test_what_is_printed_is_no_use() -> None:
    assert seen("message('build with -gencode')\nerror('needs --use_fast_math')\n# '-gencode'\n") == []


def test_branches() -> None:
    text = (
        "if get_option('cuda')\n  a = dependency('cuda')\n"
        "elif get_option('hip')\n  b = ['-gencode']\n  if x\n    c = ['-gencode']\n  endif\n"
        "endif\nd = ['-gencode']\n"
    )
    found = [use for use in extract(text).uses if use.name != "get_option"]
    assert [use.guarded_by for use in found] == [("rocm",), ("rocm",), ("rocm",), ()]
    assert extract("a = ['-gencode']", path="sycl/meson.build").uses[0].guarded_by == ("*", "intel")


def test_a_branch_of_the_same_shape_answers_the_one_for_cuda() -> None:
    text = "if get_option('cuda')\n  a = ['-gencode']\nendif\nif get_option('hip')\n  b = 1\nendif\n"
    found = [use for use in extract(text).uses if use.name == "-gencode"]
    assert [use.guarded_by for use in found] == [("rocm",)]


def test_links() -> None:
    text = (
        "src = files('a.cpp')\nsrc += ['k.cu', 'x.txt']\nlib = static_library('kern', src)\n"
        "executable('app', 'main.cpp', link_with: lib, dependencies: [dep])\nsubdir('tests/')\n"
    )
    assert extract(text).links == (
        Link(kind=LinkKind.BUILD, to="a.cpp", via="kern", line=3),
        Link(kind=LinkKind.BUILD, to="k.cu", via="kern", line=3),
        Link(kind=LinkKind.BUILD, to="main.cpp", via="app", line=4),
        Link(kind=LinkKind.LINK, to="kern", via="app", line=4),
        Link(kind=LinkKind.LINK, to="dep", via="app", line=4),
        Link(kind=LinkKind.INCLUDE, to="tests/meson.build", line=5),
    )


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_and_lines_of_code(end: str) -> None:
    found = extract(end.join(["# note", "a = [", "  '-gencode',  # why", "]", "", "s = '''x", "y'''"]))
    assert [(use.span.line, use.span.column, use.text) for use in found.uses] == [(3, 4, "-gencode")]
    assert found.code_lines == 5


def test_a_file_without_anchors_is_not_searched() -> None:
    vocabulary = Vocabulary(anchors=("cuda",), names=VOCABULARY.names)
    assert extract("project('x', 'cpp')\n", vocabulary).uses == ()
    assert len(extract("project('x', 'cuda')\n", vocabulary).uses) == 1


@given(st.text(alphabet="()[]{},:'\"#\n\r a.=+iflcud\\", max_size=200))
@settings(max_examples=200, deadline=None)
def test_nothing_raises(text: str) -> None:
    for use in extract(text).uses:
        assert use.span.line >= 1


@pytest.mark.parametrize(
    "piece", ["(", "cuda(", "'", "'''", "if cuda\n", "a = [", "project('cuda',", "x=", "f(a: ", '"\\']
)
def test_a_hostile_shape_is_read_to_its_end(piece: str) -> None:
    def run(size: int) -> None:
        text = piece * (size // len(piece))
        extract(text)

    run(200_000)
