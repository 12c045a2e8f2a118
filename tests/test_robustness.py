"""Any bytes, anywhere: no front end raises, loses a file or names a place that does not exist.

The examples are drawn anew from a fixed seed; `CUDA_MIGRATE_FUZZ` sets how many of them each test tries, for a longer
search by hand.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migrate import config, discover, languages, rulebook, scan
from migrate.model import Extraction, Role, SourceFile
from migrate.scan import FileReport, read

ROOT = Path(__file__).parents[1]

CHIPS = {"rocm": "cdna3", "cann": "atlas-a2"}
TEXTS = sorted(id_ for id_ in languages.MODULES if id_ != "binary")
fuzz = settings(
    max_examples=int(os.environ.get("CUDA_MIGRATE_FUZZ", "60")),
    deadline=None,
    derandomize="CUDA_MIGRATE_FUZZ" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)

FRAGMENTS = {
    "cuda": r"""__global__ void k <<< >>> ( ) { } [ ] ; , :: < > # #if #endif #else #elif #define #include <cuda.h> 0 32 & 31
        cudaMalloc cudaFree( asm volatile("mov.u32 %0, %laneid;" R"x( )x" " ' // /* */ \ 0xffffffff __shfl_sync template
        <typename T> operator namespace using a = thrust::sort( cub:: cooperative_groups defined(USE_ROCM) && || ! ## dlopen(
        "libcuda.so" __launch_bounds__(256) 1'000 L"x" <<<<<<< >>>>>>> ======= struct class enum extern "C" _Pragma(""",
    "python": r"""import torch from cuda as t ( ) [ ] { } : , = . def class if else: try: except: with @triton.jit """
    r'''""" ' " f"cuda:{i}" r" \ # lambda x: .cuda() .to( "cuda" getattr( os.environ[ "CUDA_VISIBLE_DEVICES" ] subprocess.run(
        [ "nvidia-smi" ] cupy.RawKernel( """__global__ void k(){}""" load_inline( async await match case := * ** ~ return yield''',
    "yaml": r"""nvidia.com/gpu : - | > run: image: nvidia/cuda:12 runtime: nvidia { } [ ] , & * ! % @ --- ... "cuda" 'cuda' # $ {{ }}
        device: cuda backend: nccl resources: limits: ? !!python/object &a *a <<: env: - name: value: script: steps: jobs:""",
    "shell": r"""nvidia-smi nvcc -gencode arch=compute_80 $ ( ) { } ` " ' \ | & ; > < << EOF <<- 'EOF' <<< export CUDA_HOME= if then
        fi for do done case esac in # ! pip install torch==2.1+cu121 --index-url docker run --gpus all python -c $(( )) ${ }""",
    "cmake": r"""enable_language( CUDA ) find_package( CUDAToolkit ) ${ } $< : > " \ # [[ ]] [=[ ]=] if( endif() else() set( ; project(
        target_link_libraries( CUDA::cudart CMAKE_CUDA_ARCHITECTURES foreach( function( macro( -gencode""",
    "toml": r"""[ ] [[ ]] = " ' """
    r'''""" \ # , { } . torch flash-attn device backend "cuda" package name version dependencies
        [[package]] name = "nvidia-cublas-cu12" url tool.poetry.dependencies 1 true 1979-05-27 inf''',
    "json": r"""{ } [ ] , : " \ "device" "cuda" "backend" "nccl" \u0000 \ud800 null true 1e999 -0 "cells" "source" "cell_type" "code"
        "metadata" "language" "python" "import torch\n" "torch.cuda.synchronize()" "outputs" "nbformat" 4""",
}
RELATED = {
    "cython": "python", "notebook": "json", "template": "cuda", "make": "shell", "ninja": "shell", "batch": "shell",
    "dockerfile": "shell", "requirements": "shell", "pyproject": "toml", "pixi": "toml", "lock": "toml", "pipfile": "toml",
    "conda": "yaml", "setup-cfg": "toml", "ini": "toml", "env-file": "shell", "pbtxt": "json", "meson": "python",
    "bazel": "python", "foreign": "cuda",
}  # fmt: skip
SPACES = st.sampled_from(
    [" ", "", "\n", "\r\n", "\r", "\t", "\n    ", "\x00", "\ufeff", "\u2028", "é", "漢", "😀", "\ud800"]
)


def pieces(language: str) -> st.SearchStrategy[str]:
    """Draw a text of a language's tokens, with white space and stray characters between them."""
    words = st.sampled_from(FRAGMENTS[RELATED.get(language, language)].split())
    anything = st.one_of(words, words, words, st.text(max_size=4))
    return st.lists(st.tuples(anything, SPACES), max_size=60).map(lambda parts: "".join(a + b for a, b in parts))


def source(language: str) -> SourceFile:
    name = languages.front_end(language).example_name
    return SourceFile(path=name, language=language, content="", lines=0, code_lines=0, role=Role.OWNED)


def check_places(text: str, extraction: Extraction) -> None:
    """Assert that every place exists, and that what is embedded knows where it stands."""
    lines = re.split(r"\r\n|\r|\n", text)
    for use in extraction.uses:
        span = use.span
        assert 1 <= span.line <= span.end_line <= len(lines), use
        assert 1 <= span.column <= len(lines[span.line - 1]) + 1, use
        assert 1 <= span.end_column <= len(lines[span.end_line - 1]) + 1, use
        assert (span.line, span.column) <= (span.end_line, span.end_column), use
    for part in extraction.embedded:
        assert part.language in languages.MODULES
        assert len(part.lines) == part.text.count("\n") + 1, part
        assert all(1 <= line <= len(lines) and column >= 1 for line, column in part.lines), part
    for blind in extraction.blind:
        assert 1 <= blind.line <= len(lines)
    for link in extraction.links:
        assert 1 <= link.line <= len(lines)


@pytest.mark.parametrize("language", TEXTS)
def test_no_text_breaks_a_front_end(language: str) -> None:
    book = rulebook.shipped()
    file, end = source(language), languages.front_end(language)

    @fuzz
    @given(pieces(language))
    def run(text: str) -> None:
        extraction = end.extract(file, text, book.vocabulary(language))
        check_places(text, extraction)
        assert extraction == end.extract(file, text, book.vocabulary(language))
        read(file, text, book, regular=False)

    run()


FIXTURES = sorted(
    path
    for path in (ROOT / "fixtures").rglob("*")
    if path.is_file() and "expected" not in path.parts and discover.language_of(path.name) in TEXTS
)


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.relative_to(ROOT / "fixtures").as_posix())
def test_no_damage_to_real_code_breaks_a_front_end(path: Path) -> None:
    language = discover.language_of(path.name)
    assert language is not None
    book = rulebook.shipped()
    file, end = source(language), languages.front_end(language)
    whole = path.read_text(encoding="utf-8", errors="surrogateescape")

    @settings(fuzz, max_examples=max(4, fuzz.max_examples // 6))
    @given(
        st.lists(
            st.tuples(st.floats(0, 1), st.floats(0, 0.2), st.text("\"'{}()<>#\\\n*/\x00 ", max_size=3)), max_size=4
        )
    )
    def run(cuts: list[tuple[float, float, str]]) -> None:
        text = whole
        for place, length, filling in cuts:
            start = int(place * len(text))
            text = text[:start] + filling + text[start + int(length * len(text)) :]
        check_places(text, end.extract(file, text, book.vocabulary(language)))
        read(file, text, book)

    run()


@fuzz
@given(
    st.binary(max_size=400),
    st.sampled_from(sorted({"a.cu", "a.py", "a.ipynb", "a.yaml", "a.so", "a.ptx", "uv.lock", "a.json"})),
)
def test_no_bytes_are_lost(tmp_path_factory: pytest.TempPathFactory, data: bytes, name: str) -> None:
    root = tmp_path_factory.mktemp("bytes")
    prefix = {"a.so": b"\x7fELF\x02\x01\x01", "a.cu": b"cudaMalloc(", "a.py": b"import torch\n"}.get(name, b"")
    (root / name).write_bytes(prefix + data)
    result = scan.scan(root, rulebook.shipped(), config.load(root, environment={}, isolated=True), CHIPS, jobs=1)
    seen = {file.path for file in result.files} | {skip.path for skip in result.skips}
    if name in {"a.cu", "a.py", "a.ipynb", "uv.lock"}:
        assert seen == {name}


# --------------------------------------------------------------------------------------------- the worst of each kind

WORST = {
    "cuda": {
        "one line of 600,000 columns": "int a = " + "cudaMalloc(p, 1) + " * 31_600 + "0;",
        "200,000 calls": "void f() {\n" + "cudaFree(p);\n" * 200_000 + "}\n",
        "5,000 nested conditions": "".join(f"#if A{n}\n" for n in range(5_000)) + "cudaFree(p);\n" + "#endif\n" * 5_000,
        "20,000 nested parentheses": "int a = " + "(" * 20_000 + "cudaFree(p)" + ")" * 20_000 + ";",
        "20,000 open braces": "cudaFree(p); namespace a {" * 20_000,
        "20,000 open angles": "cudaFree(p); a<" * 20_000,
        "a comment that never ends": "cudaFree(p); /*" + " cudaFree(p);" * 50_000,
        "a string that never ends": 'cudaFree(p); const char *a = "' + " cudaFree(p);" * 50_000,
        "a raw string that never ends": 'cudaFree(p); auto a = R"(' + " cudaFree(p);\n" * 50_000,
        "assembly that never ends": 'asm volatile("' + "mov.u32 %0, %1; " * 50_000,
        "splices": "cuda\\\n" * 50_000 + "Free(p);",
        "merge markers": "<<<<<<< HEAD\ncudaFree(p);\n=======\ncudaFree(q);\n>>>>>>> other\n" * 5_000,
    },
    "python": {
        "one line of 600,000 columns": "import torch\nx = [" + "torch.cuda.synchronize(), " * 24_000 + "]",
        "200,000 calls": "import torch\n" + "torch.cuda.synchronize()\n" * 200_000,
        "20,000 nested parentheses": "import torch\nx = " + "(" * 20_000 + "torch.cuda.synchronize()" + ")" * 20_000,
        "5,000 nested blocks": "import torch\n" + "".join(" " * n + "if torch.cuda.is_available():\n" for n in range(900)),
        "a string that never ends": 'import torch\nx = """' + "torch.cuda.synchronize()\n" * 50_000,
        "an f-string in an f-string": "import torch\nx = f'{torch.cuda." * 2_000,
        "merge markers": "import torch\n<<<<<<< HEAD\ntorch.cuda.synchronize()\n=======\n>>>>>>> other\n" * 2_000,
    },
    "yaml": {
        "10,000 levels": "image: nvidia/cuda\na: " + "[" * 10_000,
        "10,000 levels of indent": "".join(" " * n + "a:\n" for n in range(3_000)) + "image: nvidia/cuda\n",
        "aliases": "a: &a [cuda, cuda]\n" + "".join(f"b{n}: &b{n} [*{'a' if not n else f'b{n - 1}'}, *a]\n" for n in range(60)),
        "200,000 lines": "device: cuda\n" * 200_000,
    },
    "json": {"10,000 levels": '{"device": "cuda", "a": ' + "[" * 100_000, "one long list": '{"device": [' + '"cuda",' * 200_000},
    "notebook": {"10,000 levels": '{"cells": ' + "[" * 100_000},
    "shell": {"nesting": "nvidia-smi $(" * 20_000, "quotes": "nvidia-smi \"'" * 50_000, "heredocs": "cat <<A <<B nvidia-smi\n" * 20_000},
    "make": {"nesting": "A = $(" * 20_000 + "nvcc", "conditions": "ifdef CUDA\n" * 20_000 + "nvcc a.cu\n"},
    "cmake": {"nesting": "if(CUDA)\n" * 20_000, "parentheses": "enable_language(" * 20_000, "brackets": "[" + "=" * 100_000 + "[ CUDA"},
    "dockerfile": {"continued": "FROM nvidia/cuda\nRUN nvcc \\\n" * 20_000},
    "lock": {"200,000 packages": '[[package]]\nname = "nvidia-cublas-cu12"\n' * 100_000},
    "bazel": {"nesting": "cuda_library(" * 20_000},
    "meson": {"nesting": "add_languages('cuda'" * 20_000},
    "pbtxt": {"nesting": "instance_group { kind: KIND_GPU " * 20_000},
}  # fmt: skip


LEAST = {
    ("cuda", "one line of 600,000 columns"): 31_600,
    ("cuda", "200,000 calls"): 200_000,
    ("cuda", "5,000 nested conditions"): 1,
    ("cuda", "20,000 nested parentheses"): 1,
    ("cuda", "a comment that never ends"): 1,
    ("cuda", "a string that never ends"): 1,
    ("cuda", "merge markers"): 10_000,
    ("python", "200,000 calls"): 200_000,
    ("python", "20,000 nested parentheses"): 1,
    ("python", "merge markers"): 2_000,
    ("yaml", "200,000 lines"): 1,
    ("json", "one long list"): 1,
}
"""Findings that are plain to see in spite of all."""


@pytest.mark.parametrize(
    ("language", "case"), [(language, case) for language, cases in WORST.items() for case in cases]
)
def test_the_worst_file_of_each_kind_is_read(language: str, case: str) -> None:
    text = WORST[language][case]
    limit = sys.getrecursionlimit()
    report = read(source(language), text, rulebook.shipped())
    assert isinstance(report, FileReport)
    assert sys.getrecursionlimit() == limit
    lines = text.count("\n") + 1
    assert all(sighting.use.span.line <= lines for sighting in report.sightings)
    assert len(report.sightings) >= LEAST.get((language, case), 0)
