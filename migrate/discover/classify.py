"""What a path says about a file: its language and whose code it is."""

from __future__ import annotations

import re
from collections.abc import Collection

from migrate.discover.patterns import Patterns
from migrate.model import Role

_SUFFIXES = {
    **dict.fromkeys((".py", ".pyi", ".pyw"), "python"),
    ".ipynb": "notebook",
    **dict.fromkeys((".pyx", ".pxd", ".pxi"), "cython"),
    **dict.fromkeys((".j2", ".jinja", ".jinja2", ".mako", ".tmpl", ".tpl"), "template"),
    **dict.fromkeys(
        (
            *(".cu", ".cuh", ".hip", ".jit", ".c", ".cc", ".cpp", ".cxx", ".c++"),
            *(".h", ".hh", ".hpp", ".hxx", ".h++", ".inl", ".inc", ".ipp", ".tpp", ".ixx", ".cppm"),
        ),
        "cuda",
    ),
    ".cmake": "cmake",
    **dict.fromkeys((".mk", ".mak", ".make"), "make"),
    ".ninja": "ninja",
    **dict.fromkeys((".bzl", ".bazel", ".bazelrc"), "bazel"),
    **dict.fromkeys((".sh", ".bash", ".zsh", ".ksh", ".fish", ".slurm", ".sbatch", ".pbs", ".lsf"), "shell"),
    **dict.fromkeys((".bat", ".cmd", ".ps1"), "batch"),
    **dict.fromkeys((".yaml", ".yml"), "yaml"),
    **dict.fromkeys((".json", ".jsonc", ".json5"), "json"),
    ".toml": "toml",
    **dict.fromkeys((".ini", ".cfg", ".conf"), "ini"),
    ".env": "env-file",
    ".pbtxt": "pbtxt",
    **dict.fromkeys(
        (
            *(".f", ".for", ".ftn", ".f77", ".f90", ".f95", ".f03", ".f08", ".cuf"),
            *(".go", ".rs", ".jl", ".java", ".kt", ".scala", ".cs", ".fs", ".lua", ".m", ".rb", ".nim", ".zig", ".hs"),
        ),
        "foreign",
    ),
    **dict.fromkeys(
        (
            *(".ptx", ".cubin", ".fatbin", ".engine", ".plan", ".trt"),
            *(".so", ".a", ".o", ".obj", ".lib", ".dll", ".pyd", ".dylib", ".exe", ".bin"),
        ),
        "binary",
    ),
}
BASELINE_NAME = ".cuda-migrate-baseline.json"
"""What the product itself writes into a repository: it names findings, and is none."""

_NAMES = {
    "cmakelists.txt": "cmake",
    "pyproject.toml": "pyproject",
    "setup.cfg": "setup-cfg",
    "pipfile": "pipfile",
    "pixi.toml": "pixi",
    **dict.fromkeys(
        (
            *("uv.lock", "poetry.lock", "pdm.lock", "pipfile.lock", "pixi.lock"),
            *("conda-lock.yml", "conda-lock.yaml", "pylock.toml"),
        ),
        "lock",
    ),
    **dict.fromkeys(("makefile", "gnumakefile", "bsdmakefile", "kbuild"), "make"),
    **dict.fromkeys(("meson.build", "meson_options.txt", "meson.options"), "meson"),
    **dict.fromkeys(("build", "workspace", "workspace.bzlmod", ".bazelrc"), "bazel"),
    ".env": "env-file",
}
_REQUIREMENTS = re.compile(r"(?:[^/]*requirements[^/]*|constraints[^/]*)\.(?:txt|in)\Z", re.IGNORECASE)
_CONDA = re.compile(
    r"(?:[^/]*environment[^/]*|conda(?!-lock\.)[^/]*|meta|recipe)\.ya?ml\Z|all_cuda[^/]*\.ya?ml\Z", re.IGNORECASE
)
_MAKE = re.compile(r"(?:gnu)?makefile[._-][^/]*\Z", re.IGNORECASE)
_ENV_FILE = re.compile(r"(?:\.env(?:[._-][^/]*)?|[^/]*\.env\.(?:example|sample|template|dist))\Z", re.IGNORECASE)
_SHARED_OBJECT = re.compile(r"[^/]*\.so(?:\.\d+)+\Z")
_CONTAINER = re.compile(r"(?:(?:docker|container)file(?:[._-].*)?|.*\.(?:docker|container)file)\Z", re.IGNORECASE)
_NOT_CONTAINER = (".dockerignore", ".md", ".rst", ".sh", ".json", ".yml", ".yaml")

_VENDORED = frozenset(
    {
        "third_party",
        "third-party",
        "thirdparty",
        "3rdparty",
        "3rd_party",
        "external",
        "externals",
        "extern",
        "vendor",
        "vendored",
        "_vendor",
        "deps",
        "subprojects",
        "node_modules",
    }
)
_UPSTREAMS = frozenset(
    {
        "abseil-cpp",
        "cccl",
        "composable_kernel",
        "cub",
        "cutlass",
        "dlpack",
        "googletest",
        "jitify",
        "libcudacxx",
        "nanobind",
        "nlohmann_json",
        "pybind11",
        "spdlog",
        "thrust",
    }
)
"""Projects that others copy under their own name.

A copy brings along its licence, its `include`, or the folder of its name (`cub/cub`).
"""
_UPSTREAMS_WITH_PLAIN_NAMES = frozenset({"benchmark", "eigen", "fmt", "gtest", "json", "protobuf"})
"""Names that may also be a folder of one's own: only the licence shows a copy."""
_TEST = frozenset(("tests", "test", "testing", "unittest", "unittests"))
_TEST_NAME = re.compile(r"(?:test_.*\.pyi?|.*_test\.(?:py|c|cc|cpp|cxx|cu)|conftest\.py)\Z")
_EXAMPLE = frozenset(
    {
        "examples",
        "example",
        "samples",
        "sample",
        "demos",
        "demo",
        "tutorials",
        "tutorial",
        "benchmarks",
        "benchmark",
        "notebooks",
    }
)
_DOCUMENTATION = frozenset(("docs", "doc"))


def language_of(path: str) -> str | None:
    """Return the front end that reads a file of this path, None when none does.

    Args:
        path: Relative, with forward slashes; the folder only matters for `requirements/`.
    """
    folder, _, name = path.rpartition("/")
    lowered = name.lower()
    if name == BASELINE_NAME:
        return None
    if _REQUIREMENTS.match(name):
        return "requirements"
    if lowered.endswith((".txt", ".in")) and folder.rpartition("/")[2].lower() == "requirements":
        return "requirements"
    for pattern, language in _BY_NAME:
        if pattern.match(name) and not (language == "dockerfile" and lowered.endswith(_NOT_CONTAINER)):
            return language
    plain = lowered.removesuffix(".in")
    stem, dot, suffix = plain.rpartition(".")
    return _NAMES.get(plain) or (_SUFFIXES.get(dot + suffix) if stem else None)


_BY_NAME = (
    (_CONDA, "conda"),
    (_MAKE, "make"),
    (_ENV_FILE, "env-file"),
    (_SHARED_OBJECT, "binary"),
    (_CONTAINER, "dockerfile"),
)


_DATA = frozenset({"json", "yaml", "toml", "ini", "env-file", "pbtxt", "lock", "binary"})
"""Languages whose files hold data and settings: one that cannot be read hides no code."""


def is_code(path: str) -> bool:
    """Tell whether a file of this path holds code, or what builds it."""
    language = language_of(path)
    return language is not None and language not in _DATA


def role_of(path: str, *, foreign: bool = False) -> Role:
    """Tell whose code a file is, from the path below the scanned root.

    Args:
        path: Relative, with forward slashes.
        foreign: Whether the walk knows it to lie in a submodule, a nested checkout or a copied project.
    """
    *folders, name = path.split("/")
    parts = {folder.lower() for folder in folders}
    if foreign or parts & _VENDORED:
        return Role.VENDORED
    if parts & _TEST or _TEST_NAME.match(name):
        return Role.TEST
    if parts & _EXAMPLE:
        return Role.EXAMPLE
    if parts & _DOCUMENTATION:
        return Role.DOCUMENTATION
    return Role.OWNED


def is_copied_project(folder: str, names: Collection[str]) -> bool:
    """Tell whether a folder is a copy of another project.

    Args:
        folder: Its own name.
        names: What it holds.
    """
    folder = folder.lower().lstrip("_")
    if folder in _UPSTREAMS and ("include" in names or folder in names):
        return True
    if folder not in _UPSTREAMS and folder not in _UPSTREAMS_WITH_PLAIN_NAMES:
        return False
    return any(name.upper().startswith(("LICENSE", "LICENCE", "COPYING")) for name in names)


_COPIED_NAME = re.compile(
    r"""
    (?: helper_\w+ | exception | drvapi_error_string | nvrtc_helper | cutil\w* | multithreading | rendercheck\w*
      | cuda | cuda_(?:runtime\w*|fp\d+|bf16|fp\d\w*|device_runtime_api|pipeline\w*|awbarrier\w*|occupancy|profiler\w*)
      | cudnn\w* | cublas\w* | cufft\w* | curand\w* | cusparse\w* | cusolver\w* | cupti\w* | cutensor\w* | nccl | nvml
      | nvrtc | nvjpeg | nvToolsExt\w* | NvInfer\w* | NvOnnx\w* | npp\w* | nvcuvid | cuviddec | nvEncodeAPI
      | driver_types | vector_types | vector_functions | device_types | builtin_types | channel_descriptor
      | host_defines | host_config | sm_\d\d_\w+ | math_constants | math_functions | device_functions
      | texture_\w+ | surface_\w+ | cooperative_groups | mma )
    \.(?: h | hpp | hxx | cuh | cpp | inl )\Z
    """,
    re.VERBOSE,
)
"""Headers of the CUDA samples and of the toolkit; projects copy them."""
_COPIED_FOLDERS = frozenset({"cub", "thrust", "nvtx3", "libcudacxx", "cooperative_groups", "nvidia_headers"})
_NVIDIA = re.compile(r"(?i)copyright[^\r\n]{0,60}NVIDIA|Duane\s+Merrill")
_SHIPPED = re.compile(
    r"NOTICE\s+TO\s+(?:LICENSEE|USER)|retains?\s+all\s+intellectual\s+property|"
    r"Redistribution\s+and\s+use\s+in\s+source\s+and\s+binary\s+forms|NVIDIA\s+end\s+user\s+license\s+agreement"
)
"""Terms that the toolkit and its samples carry in every file; own code of NVIDIA points to its repository's licence."""
_NOTICE_REACH = 4_096


def is_from_nvidia(text: str) -> bool:
    """Tell whether the head of a file says that NVIDIA wrote it."""
    return _NVIDIA.search(text[:_NOTICE_REACH]) is not None


def is_shipped_file(path: str, text: str) -> bool:
    """Tell whether a file of NVIDIA is one that its toolkit, samples or header libraries bring, by name and terms."""
    *folders, name = path.split("/")
    if not _COPIED_FOLDERS.isdisjoint(folders):
        return True
    return _COPIED_NAME.match(name) is not None and _SHIPPED.search(text[:_NOTICE_REACH]) is not None


class Owners:
    """A CODEOWNERS file: the last pattern that matches names the owners."""

    __slots__ = ("_owners", "_patterns")

    def __init__(self, text: str) -> None:
        patterns: list[str] = []
        self._owners: list[str] = []
        for line in text.splitlines():
            pattern, owners = _owner_line(line)
            if pattern:
                patterns.append(pattern)
                self._owners.append(owners)
        self._patterns = Patterns(patterns, below=True)

    def of(self, path: str) -> str:
        """Return the owners of a file as written, separated by blanks; empty when nobody is named."""
        index = self._patterns.last(path)
        return "" if index is None else self._owners[index]


_BLANK = re.compile(r"(?<!\\)[ \t]+")


def _owner_line(line: str) -> tuple[str, str]:
    """Split a line into pattern and owners; comments, section headings and exclusions have no pattern."""
    line = line.strip()
    if line.startswith(("#", "[", "^[", "!")):
        return "", ""
    pattern, *owners = _BLANK.split(line)
    named = []
    for owner in owners:
        if owner.startswith("#"):
            break
        named.append(owner)
    return pattern, " ".join(named)
