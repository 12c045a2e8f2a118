"""CUDA in the strings of Python files: which strings, what they say, and where every character of them stands."""

from __future__ import annotations

import textwrap

import pytest

from migrate import rulebook
from migrate.languages.python import PythonFrontEnd
from migrate.model import BlindKind, Embedded, Extraction, LinkKind, Role, SourceFile, UseKind
from migrate.scan import FileReport, read

BOOK = rulebook.shipped()
FAST, WHOLE = PythonFrontEnd(), PythonFrontEnd(exhaustive=True)


def file(path: str = "pkg/module.py") -> SourceFile:
    return SourceFile(path=path, language="python", content="", lines=0, code_lines=0, role=Role.OWNED)


def extract(text: str, path: str = "pkg/module.py") -> Extraction:
    text = textwrap.dedent(text)
    vocabulary = BOOK.vocabulary("python")
    fast, whole = FAST.extract(file(path), text, vocabulary), WHOLE.extract(file(path), text, vocabulary)
    assert fast == whole
    return fast


def report(text: str) -> FileReport:
    return read(file(), text, BOOK)


def at(text: str, part: Embedded, word: str) -> str:
    """Return what stands in the file where the embedded text has a word."""
    offset = part.text.index(word)
    row = part.text.count("\n", 0, offset)
    line, column = part.lines[row]
    column += offset - (part.text.rfind("\n", 0, offset) + 1)
    return text.split("\n")[line - 1][column - 1 : column - 1 + len(word)]


KERNEL = "__global__ void scale(float *x) {"


@pytest.mark.parametrize(
    "text",
    [
        f'S = """{KERNEL} a(); }}\n  b();\n"""\n',
        f"S = r'''{KERNEL} a(); }}\n  b();\n'''\n",
        f'S = "extern \\"C\\" {KERNEL}\\n  a(\\"x\\\\n\\");\\n  b(); }}"\n',
        f'S = ("{KERNEL}"\n     "  a(\\"x\\", 1); // c"  # note\n     r"  b(); }}")\n',
        f'S = """\\\n{KERNEL}\n\\ta(\\"é\\");\n  b(); }}"""\n',
        f'S = b"{KERNEL} a(); b(); }}"\n',
        f'é = "é"; S = "/* é */ {KERNEL} a(\'\\"\'); b(); }}"\n',
        f'S = "\\x41 \\u00e9 \\101 {KERNEL} a(); b(); }}"\n',
        f'S = f"{KERNEL[:-1]}{{{{ int {{name}} = 1; a(); b(); }}}}"\n',
        f'S = "{KERNEL} int %(name)s = 1 %% 2; a(); b(); }}" % d\n',
        f'S = "{KERNEL[:-1]}{{{{ int {{name}} = 1; a(); b(); }}}}".format(name=1)\n',
    ],
    ids=range(11),
)
def test_every_character_keeps_its_place(text: str) -> None:
    (part,) = extract(text).embedded
    assert len(part.lines) == part.text.count("\n") + 1
    for word in ("__global__", "scale", "a(", "b()"):
        assert at(text, part, word) == word


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (f'S = f"{KERNEL[:-1]}{{{{ {{kind}} y; }}}}"\n', " xxxxxx y;"),
        (f'S = "{KERNEL} %s y; }}" % kind\n', " xx y;"),
        (f'S = "{KERNEL[:-1]}{{{{ {{kind}} y; }}}}".format(kind=1)\n', " xxxxxx y;"),
        (f'S = "{KERNEL[:-1]}{{{{ {{kind}} y; }}}}"\n', " xxxxxx y;"),  # filled in elsewhere
        (f'from string import Template\nS = Template("{KERNEL} ${{kind}} y; }}")\n', " xxxxxxx y;"),
    ],
)
def test_what_the_program_fills_in_is_a_name_of_the_same_width_and_is_said(text: str, word: str) -> None:
    extraction = extract(text)
    (part,) = extraction.embedded
    assert word in part.text
    assert part.confidence == "medium"
    assert [blind.kind for blind in extraction.blind] == [BlindKind.GENERATED_SOURCE]


def test_a_string_without_holes_keeps_its_braces_and_percent_signs() -> None:
    text = f'S = "{KERNEL} int y[] = {{{{1}}}}; y = 7 % n; }}"\n'.replace("{{1}}", "{1}")
    (part,) = extract(text).embedded
    assert "y[] = {1}; y = 7 % n;" in part.text
    assert extract(text).blind == ()


@pytest.mark.parametrize(
    "text",
    [
        '"""A __global__ void f(int) { } in documentation."""\n',
        "# __global__ void f(int) { }\n",
        'import re\nP = re.compile(r"__global__ void (f)(int) {")\n',
        'if "__global__ void f(int) {" in source: pass\n',
        'raise ValueError("write __global__ void f(int) { } instead")\n',
        'WORDS = ["__global__", "__device__"]\n',
        'def f():\n    """__global__ void f(int) { }"""\n',
    ],
)
def test_words_about_device_code_are_none(text: str) -> None:
    assert extract(text).embedded == ()


SOURCE = f'"{KERNEL} x[threadIdx.x] *= 2; }}"'


@pytest.mark.parametrize(
    "call",
    [
        f"import cupy as cp\nk = cp.RawKernel({SOURCE}, 'scale')\n",
        f"import cupy\nHEAD = 'typedef float real;'\nk = cupy.RawKernel(HEAD + {SOURCE}, 'scale')\n",
        f"import cupy\nfrom textwrap import dedent\nS = dedent({SOURCE})\nk = cupy.RawModule(code=S).get_function('scale')\n",
        f"from cuda.bindings import nvrtc\nnvrtc.nvrtcCreateProgram(str.encode({SOURCE}), b'k.cu', 0, [], [])\n",
        f"from cuda.core.experimental import Program\np = Program({SOURCE}, code_type='c++')\n",
        f"import torch\nk = torch.cuda._compile_kernel({SOURCE}, 'scale')\n",
        f"from numba import cuda\nsource = cuda.CUSource({SOURCE})\n",
    ],
)
def test_a_kernel_is_priced_once(call: str) -> None:
    found = report(call)
    kernels = [sighting.use for sighting in found.sightings if sighting.use.kernel is not None]
    assert [(use.symbol, use.name) for use in kernels] == [("scale", "__global__")]
    assert "kernel-index" in {sighting.rule for sighting in found.sightings}


def test_pieces_of_a_source_make_one_text_and_what_is_not_found_is_said() -> None:
    text = f"import cupy\nHEAD = 'typedef float real;'\nk = cupy.RawKernel(HEAD + {SOURCE} + more(), 'scale')\n"
    extraction = extract(text)
    (part,) = extraction.embedded
    assert part.text.startswith("typedef float real;\n__global__")
    assert [(blind.kind, blind.line) for blind in extraction.blind] == [(BlindKind.GENERATED_SOURCE, 3)]
    assert ("launch", "scale") in {(link.kind, link.to) for link in extraction.links}


def test_bodies_that_cupy_wraps_stay_kernels_of_cupy_and_are_read() -> None:
    text = 'import cupy\nk = cupy.ElementwiseKernel("T x", "T y", "y = atomicAdd(&x, 1)", "f", preamble="#include <cub/cub.cuh>")\n'
    found = report(text)
    kernels = [sighting.use for sighting in found.sightings if sighting.use.kernel is not None]
    assert [(use.symbol, use.kernel.language) for use in kernels if use.kernel] == [("f", "cupy")]
    inside = {sighting.use.name for sighting in found.sightings if sighting.language == "cuda"}
    assert {"atomicAdd", "cub/cub.cuh"} <= inside


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("import cupy\nk = cupy.RawKernel(open('csrc/k.cu').read(), 'f')\n", "csrc/k.cu"),
        ("import cupy\nwith open('k.cu') as file:\n    code = file.read()\nk = cupy.RawKernel(code, 'f')\n", "k.cu"),
        ("import cupy\nfrom pathlib import Path\nm = cupy.RawModule(code=Path('k.cuh').read_text())\n", "k.cuh"),
        ("import cupy\nm = cupy.RawModule(path='k.cubin')\n", "k.cubin"),
        ("from pathlib import Path\nsource = Path('k.cu').read_text()\n", "k.cu"),
    ],
)
def test_sources_read_from_files_link_to_them(text: str, path: str) -> None:
    extraction = extract(text)
    assert path in {link.to for link in extraction.links if link.kind == LinkKind.BUILD}
    assert [use for use in extraction.uses if use.kind == UseKind.KERNEL] == []


@pytest.mark.parametrize(
    ("statement", "hidden"),
    [
        ("exec(code)", True),
        ("eval(text)", True),
        ("importlib.import_module(name)", True),
        ("getattr(torch.cuda, name)", True),
        ("getattr(torch, name)", False),  # data types, mostly
        ("getattr(torch.cuda, 'Stream')", False),
        ("model.eval()", False),
        ("eval('1 + 1')", False),
    ],
)
def test_code_made_up_at_run_time_is_said(statement: str, *, hidden: bool) -> None:
    extraction = extract(f"import importlib, torch\nx.cuda()\n{statement}\n")
    assert [(blind.kind, blind.line) for blind in extraction.blind] == [(BlindKind.DYNAMIC_CODE, 3)] * hidden


def test_dynamic_code_far_from_any_platform_is_not() -> None:
    assert extract("exec(code)\n").blind == ()


@pytest.mark.parametrize(
    "text",
    [
        "S = '" + "\\t" * 300_000 + "__global__ void f(int) {}'",
        "S = '" + '\\"' * 300_000 + "__global__ void f(int) {}'",
        "S = f'__global__ void f(int) {{" + "{" * 20_000 + "'",
        "S = '__global__ void f(int) {" + "%0" * 200_000 + "' % 1",
        "S = '__global__ " + " " * 500_000 + "void f(int) {}'",
        "S = '''" + "__global__ void f(\n" * 30_000 + "{'''",
        "import cupy\nS = ''\n" + "S += '__global__ void f(int) {}'\n" * 2_000 + "cupy.RawKernel(S, 'f')\n",
    ],
    ids=range(7),
)
def test_hostile_strings_end(text: str) -> None:
    FAST.extract(file(), text, BOOK.vocabulary("python"))
