"""Decide which names belong to the CUDA surface, and to which of its parts."""

from __future__ import annotations

import re

LIBRARY_IDS = {
    "cooperative_groups": "cooperative-groups",
    "cublasLt": "cublaslt",
    "cublasXt": "cublasxt",
    "cucomplex": "device",
    "curand_device": "curand",
    "cusparseLt": "cusparselt",
    "nvvm": "nvrtc",
    "wmma": "device",
}
"""Names that sources give to libraries -> ids of `cuda/libraries.yaml`, where they differ."""

COMMON = {"cufftw": "cufftw", "device": "device-common"}
"""Library -> where its names go that ordinary code bears too: they can be looked up there, and no rule matches them."""

PRECEDENCE = (
    "driver", "runtime", "device", "cublas", "cublaslt", "cublasxt", "cudnn", "cufft", "curand", "cusolver",
    "cusparse", "cusparselt", "cutensor", "nccl", "nvrtc",
)  # fmt: skip
"""Who owns a name that several declare: the one that defines the type, so the driver before the runtime."""

_OWN_PREFIXES = (
    ("cublasLt", "cublaslt"),
    ("CUBLASLT_", "cublaslt"),
    ("cublasXt", "cublasxt"),
    ("CUBLASXT_", "cublasxt"),
)

_DISTINCTIVE = re.compile(
    r"__|atomic[A-Z]|make_[a-z]|make_cu|tex[A-Z123]|surf[A-Z123]|h2[a-z]|curand|cuC|clock64|skipahead"
    r"|h(ceil|cos|exp|floor|log|rcp|rint|rsqrt|sin|sqrt|tanh|trunc)(2|10)?(_approx)?$"
    r"|(b?mma|(load|store)_matrix)_sync$|fill_fragment$"
)
"""Device functions that no ordinary C++ code declares. The others (`min`, `sqrt`, `norm`, `float2int`) bear the
C library's names or names that any program may use, and a port keeps them (see `COMMON`)."""

_LIBC = re.compile(
    r"__(assert_?fail|libcpp_|cmath_power|pow_helper|finite|isfinite|isinf|isnan|signbit|get_storage_value)[a-z]*$"
)
"""Names of compilers' own C libraries, which the toolkit's headers only declare again."""

_STOPPED = frozenset({"GLenum", "GLuint", "memoryBarrier", "texture"})
"""Types and constants whose names belong to others, or to anybody."""

_STOPPED_PREFIXES = ("cl_", "fftw")
"""OpenCL's types, and FFTW's interface: cuFFTW copies it, so only its header says something about CUDA."""

_STOPPED_LIBRARIES = frozenset({"caffe2", "npp"})
"""Caffe2 uses CUDA and is no part of it. NPP's 12,000 names differ by type suffixes; globs recognise all."""

_HEADER = re.compile(r"[\w./+-]+")


def library_id(source_name: str, name: str) -> str:
    """Return the id of the library that a name belongs to, given what a source calls that library."""
    if source_name.startswith("device_"):
        return "device"
    if source_name == "cufftw" and name.endswith(".h"):
        return "cufft"  # unlike the functions it declares, the header is CUDA's alone
    for prefix, library in _OWN_PREFIXES:
        if name.startswith(prefix):
            return library
    return LIBRARY_IDS.get(source_name, source_name)


def belongs(name: str, library: str, kind: str) -> bool:
    """Tell whether a name is worth a finding wherever it stands."""
    if library in _STOPPED_LIBRARIES or name in _STOPPED or name.startswith(_STOPPED_PREFIXES):
        return False
    if kind == "device_function" or library == "device":
        return kind in {"header", "type", "enum", "macro"} or (
            _DISTINCTIVE.match(name) is not None and _LIBC.match(name) is None
        )
    return True


def precedence(library: str) -> int:
    """Rank a library among those that declare the same name; the lowest owns it."""
    return PRECEDENCE.index(library) if library in PRECEDENCE else len(PRECEDENCE)


def headers(cell: str) -> list[str]:
    """Return the header files that a cell names, parted by bars."""
    return [part for part in cell.split("|") if _HEADER.fullmatch(part)]
