"""Front end for languages that are seen and not assessed: Fortran, Go, Rust, Julia and others.

It tells whether a file uses CUDA, and nothing more: such a file is declared with its language and size, one that does
not use CUDA leaves no trace. Comments do not count; strings do, because they name libraries to load.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from migrate.languages.lexical import Lines, blank, code_lines
from migrate.model import Extraction, Skip, SkipReason, SourceFile, Vocabulary

_PLACES = 1_000
"""Places that are counted in one file; more say nothing new."""


class Tongue(NamedTuple):
    """A language: its name, what its comments look like, and what using CUDA looks like."""

    name: str
    comments: re.Pattern[str]
    marks: re.Pattern[str]


def language_name(path: str) -> str:
    """Return the name of the language of a file that this front end reads."""
    return _tongue(path).name


_STRING = r'"(?:[^"\\\r\n]|\\.)*+"?+'
_CHARACTER = r"'(?:[^'\\\r\n]|\\.)'"


def _comments(*forms: str, strings: str = _STRING) -> re.Pattern[str]:
    """Compile comments, with strings as what they may not begin in."""
    return re.compile(rf"(?P<comment>{'|'.join(forms)})|{strings}", re.IGNORECASE)


_SLASHES, _STARS, _DASHES = r"//[^\r\n]*+", r"/\*[\s\S]*?(?:\*/|\Z)", r"--[^\r\n]*+"
_C_LIKE = _comments(_SLASHES, _STARS, strings=rf"{_STRING}|{_CHARACTER}")
_RUST_STRING = r'r(?P<hashes>\#{1,8})"[\s\S]*?(?:"(?P=hashes)|\Z)|"(?:[^"\\]|\\[\s\S])*+"?+'
_RUST = _comments(_SLASHES, _STARS, strings=rf"{_RUST_STRING}|{_CHARACTER}")
_GO = _comments(_SLASHES, _STARS, strings=rf"`[^`]*+`?+|{_STRING}|{_CHARACTER}")
_PLAIN_STRINGS = r"""'[^'\r\n]*+'?+|"[^"\r\n]*+"?+"""
_FORTRAN = _comments(r"!(?!\$)[^\r\n]*+", r"(?<![^\r\n])[c*](?!\$)(?=[\s*=-])[^\r\n]*+", strings=_PLAIN_STRINGS)
_JULIA = _comments(r"\#=[\s\S]*?(?:=\#|\Z)", r"\#[^\r\n]*+", r'"""[\s\S]*?(?:"""|\Z)')
_LUA = _comments(r"--\[(?P<level>={0,9})\[[\s\S]*?(?:\](?P=level)\]|\Z)", _DASHES)
_MATLAB = _comments(r"%[^\r\n]*+", strings=_PLAIN_STRINGS)
_HASH = _comments(r"\#[^\r\n]*+")
_F_SHARP = _comments(_SLASHES, r"\(\*[\s\S]*?(?:\*\)|\Z)", strings=rf"{_STRING}|{_CHARACTER}")
_HASKELL = _comments(_DASHES, r"\{-[\s\S]*?(?:-\}|\Z)")

_LIBRARY = (
    r"(?:cudart|cuda|nvcuda|cublas(?:Lt)?|cudnn|cufft|curand|cusparse|cusolver|nccl|nvrtc|nvidia-ml|nvml|nvinfer)"
)
_API = (
    r"\b(?:cuda(?:Malloc|Free|Mem|Stream|Event|Device|Launch|Get|Set|Error|Graph|Func|Host|Success|Peek|Driver)\w*|"
    r"cu(?:Mem|Ctx|Device|Module|Launch|Stream|Init|Event|Func|Link|Graph|Library|Kernel)\w*[A-Z]\w*|cuInit|"
    r"CU(?:device|stream|context|module|function|deviceptr|result|event)(?:_\w+)?|"
    r"cu(?:blas|dnn|fft|rand|sparse|solver|tensor|pti|file|File|Profiler)[A-Z]\w*|(?:nccl|nvrtc|nvml|nvtx)[A-Z]\w*)\b"
)
_JULIA_PACKAGES = (
    r"CUDA\w*|CuArrays|CuYao|NCCL|NVML|NVTX|CUPTI|"
    r"cu(?:DNN|BLAS|FFT|RAND|SOLVER|SPARSE|TENSOR|TensorNet|StateVec|PTI)"
)
_LOADED = rf"[\"'](?:lib)?{_LIBRARY}(?:64)?(?:_\d+)*(?:\.(?:so[.\d]*|dll|dylib))?[\"']"


def _marks(*forms: str, flags: re.RegexFlag = re.NOFLAG) -> re.Pattern[str]:
    return re.compile("|".join((*forms, _API, _LOADED)), re.MULTILINE | flags)


_JVM = _marks(
    r"\bimport[ \t]+(?:static[ \t]+)?(?:jcuda|ai\.rapids|org\.bytedeco\.(?:cuda|cudnn|nccl|tensorrt)|com\.nvidia)\b",
    r"\bjcuda\.\w+|\bJCuda\b|\bJCublas2?\b",
)
_DOT_NET = _marks(
    r"\b(?:using|open)[ \t]+(?:ManagedCuda|ILGPU|Alea\.CUDA|Hybridizer|Hybrid)\b",
    r"\bDeviceType\.CUDA\b|\bAppendExecutionProvider_(?:CUDA|Tensorrt)\b|\bCudaContext\b|\bMakeSessionOptionWithCuda",
)
_TONGUES = {
    "Fortran": (
        (".f", ".for", ".ftn", ".f77", ".f90", ".f95", ".f03", ".f08", ".cuf"),
        _FORTRAN,
        _marks(
            r"\battributes[ \t]*\([ \t]*(?:global|device|managed|constant|shared|pinned|host|grid_global)\b",
            rf"^[ \t]*use[ \t]+(?:cudafor|cudadevice|cooperative_groups|cutensorex|wmma|openacc|{_LIBRARY}\w*)\b",
            r"^[ \t]*[!c*]\$(?:cuf|acc)\b",
            r"<<<",
            rf"\bname[ \t]*=[ \t]*[\"']{_LIBRARY}\w*",
            flags=re.IGNORECASE,
        ),
    ),
    "Go": (
        (".go",),
        _GO,
        _marks(
            rf"^[ \t/*]*\#[ \t]*include[ \t]*[<\"](?:{_LIBRARY}|cuda_runtime)\w*(?:_api)?\.h",
            rf"\#cgo\b[^\r\n]{{0,200}}-l{_LIBRARY}\b",
            r"[\"`](?:gorgonia\.org/cu|github\.com/NVIDIA/(?:go-nv|gpu)|github\.com/barnex/cuda|nvidia\.com/gpu)",
        ),
    ),
    "Rust": (
        (".rs",),
        _RUST,
        _marks(
            r"\b(?:cudarc|cust|rustacuda|cuda_std|cuda_driver_sys|cuda_runtime_sys|nvml_wrapper|cudnn|cublas)::",
            rf"\brustc-link-lib=(?:\w+=)?{_LIBRARY}\b",
            r"\bfeature[ \t]*=[ \t]*\"(?:cuda\w*|cudnn|cublas|nccl|cudarc)\"",
            r"\bDevice::(?:new_cuda|Cuda|cuda_if_available)\b|\btch::Cuda\b|\bptx_kernel\b",
        ),
    ),
    "Julia": (
        (".jl",),
        _JULIA,
        _marks(
            rf"^[ \t]*(?:using|import)[ \t]++(?:[\w., \t]*[ \t,])?(?:{_JULIA_PACKAGES})\b",
            r"@cuda\b|\bCuArray\b|\bCuDeviceArray\b|\bCUDA\.\w+",
        ),
    ),
    "Java": ((".java",), _C_LIKE, _JVM),
    "Kotlin": ((".kt",), _C_LIKE, _JVM),
    "Scala": ((".scala",), _C_LIKE, _JVM),
    "C#": ((".cs",), _C_LIKE, _DOT_NET),
    "F#": ((".fs",), _F_SHARP, _DOT_NET),
    "Lua": (
        (".lua",),
        _LUA,
        _marks(r"\brequire[ \t]*\(?[ \t]*[\"'](?:cutorch|cunn|cunnx|cudnn|nccl)\b", r":cuda\([ \t]*\)"),
    ),
    "MATLAB": (
        (".m",),
        _MATLAB,
        _marks(r"\bgpuArray\b|\bparallel\.gpu\.\w|\bmexcuda\b|\bgpuDevice\b|\bcoder\.gpuConfig\b"),
    ),
    "Ruby": ((".rb",), _HASH, _marks(r"\brequire[ \t]+[\"'](?:cumo|rbcuda)\b")),
    "Nim": ((".nim",), _HASH, _marks(r"^[ \t]*import[ \t]+nimcuda\b")),
    "Zig": ((".zig",), _C_LIKE, _marks(r"@import\(\"cuda\w*\"\)")),
    "Haskell": (
        (".hs",),
        _HASKELL,
        _marks(r"^import[ \t]+(?:qualified[ \t]+)?(?:Foreign\.CUDA|Data\.Array\.\w+\.LLVM\.PTX)\b"),
    ),
}
_BY_SUFFIX = {
    suffix: Tongue(name, comments, marks)
    for name, (suffixes, comments, marks) in _TONGUES.items()
    for suffix in suffixes
}
_OTHER = Tongue("other", _C_LIKE, _marks())


def _tongue(path: str) -> Tongue:
    _, dot, suffix = path.lower().removesuffix(".in").rpartition(".")
    return _BY_SUFFIX.get(dot + suffix, _OTHER)


class Foreign:
    """Says whether a file uses CUDA."""

    id = "foreign"
    example_name = "example.jl"

    def extract(self, file: SourceFile, text: str, vocabulary: Vocabulary) -> Extraction:  # noqa: ARG002
        """Read one file; never raises for what the text holds."""
        tongue = _tongue(file.path)
        if not tongue.marks.search(text):  # what is not even in the comments needs no look at them
            return Extraction()
        code = _without_comments(tongue, text)
        first, count = None, 0
        for first_or_later in tongue.marks.finditer(code):
            first = first or first_or_later
            count += 1
            if count == _PLACES:
                break
        if first is None:
            return Extraction()
        line = Lines(text).line(first.start())
        shown = " ".join(first[0].split())[:60]
        skip = Skip(
            path=file.path,
            reason=SkipReason.UNSUPPORTED_LANGUAGE,
            detail=f"{tongue.name}: `{shown}` in line {line}, {count} place{'s' if count > 1 else ''}",
        )
        return Extraction(code_lines=code_lines(code), skip=skip)


def _without_comments(tongue: Tongue, text: str) -> str:
    """Blank the comments, but for the C code that a Go file keeps in one."""
    first, last = _preamble(text) if tongue.name == "Go" else (0, 0)
    pieces: list[str] = []
    done = 0
    for found in tongue.comments.finditer(text):
        if found["comment"] is None or (first <= found.start() and found.end() <= last):
            continue
        pieces += (text[done : found.start()], blank(found[0]))
        done = found.end()
    pieces.append(text[done:])
    return "".join(pieces)


def _preamble(text: str) -> tuple[int, int]:
    """Return the place of the comment right above `import "C"`; nothing when there is none."""
    last = text.find('import "C"')
    above = text[: max(last, 0)].rstrip()
    if above.endswith("*/"):
        return max(above.rfind("/*"), 0), last
    first = len(above)
    while first > 0:
        line = above.rfind("\n", 0, first) + 1
        if not above[line:first].lstrip().startswith("//"):
            break
        first = line - 1
    return max(first, 0), last


FRONT_ENDS = {"foreign": Foreign()}
