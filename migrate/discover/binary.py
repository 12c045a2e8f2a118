"""Compiled files to one line of facts: what they are, which NVIDIA libraries they need, what device code they hold.

The files are hostile and may be huge, so nothing is read as a whole: every reader works on a window of the file that
has a budget of bytes, and whatever goes wrong inside a reader ends that reader alone. The facts found so far stay.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import itertools
import os
import re
import struct
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, BinaryIO, cast

from migrate.discover.text import lfs_pointer, open_regular, unreadable
from migrate.model import Skip

if TYPE_CHECKING:
    from elftools.elf.elffile import ELFFile

    from migrate.discover.walk import Candidate

BUDGET = 16 * 1024 * 1024
"""Bytes read of one file, or of one member of an archive list (measured: a library of 300 MB takes 1 MB)."""
SEARCHED = 32 * 1024 * 1024
"""Bytes searched for names in files whose format is not read (Windows, macOS); judgement."""

_LEAST = 64
"""Bytes that the smallest read counts for, so that many tiny reads also come to an end."""
_SECTIONS, _SYMBOLS, _MEMBERS, _IMAGES = 4_096, 20_000, 2_000, 256
"""How many of each are looked at; more are found in hostile files only, or say nothing new."""
_NAMED = 8
"""Names listed in the facts; the rest is counted."""
_HEAD = 64 * 1024

_ELF, _ARCHIVE, _FATBIN, _PE = b"\x7fELF", b"!<arch>\n", b"\x50\xed\x55\xba", b"MZ"
_MACH_O = (b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xca\xfe\xba\xbe")
_ENGINE = (b"ptrt", b"ftrt")
"""First bytes of a serialized TensorRT engine, older and newer."""
_ENGINE_SUFFIXES = (".engine", ".trt")
_MOSTLY_DATA = (".bin", ".o", ".obj", ".exe")
"""Suffixes whose files are weights and build products more often than not: one that was not fetched says nothing."""
_MACHINE_CUDA = "EM_CUDA"
_DEVICE_SECTIONS = frozenset({".nv_fatbin", ".nvFatBinSegment", "__nv_relfatbin"})

_PRODUCTS = (
    r"cuda|cudart|cudadevrt|nvcuda|cublas(?:Lt)?|nvblas|cudnn\w*|nccl|cufftw?|curand|cusolver(?:Mg)?|cusparse(?:Lt)?|"
    r"cutensor(?:Mg)?|cudss|cufile\w*|cupti|nvperf\w*|nvidia-ml|nvml|nvToolsExt|nvrtc(?:-builtins)?|nvJitLink|nvvm|"
    r"nvjpeg\w*|npp\w{1,8}|nvinfer\w*|nvonnxparser|nvparsers|nvshmem\w*|nvcuvid|nvidia-encode|nvEncodeAPI|nvcomp\w*|"
    r"nvgraph|nvfatbin|cudla|torch_cuda\w*|c10_cuda|dali\w*"
)
_LIBRARY = rf"(?:lib)?(?:{_PRODUCTS})(?:_static)?(?:64|32)?(?:_\d{{1,6}})*(?:-[0-9a-f]{{8}})?"
_LOADED = re.compile(rf"{_LIBRARY}\.(?:so(?:\.\d{{1,6}}){{0,4}}|dll|dylib)|{_LIBRARY}(?:\.\d{{1,4}}){{1,3}}\.dylib")
_LOADED_BYTES = re.compile(rb"(?<![\w.-])" + _LOADED.pattern.encode() + rb"(?![\w.-])", re.IGNORECASE)
_SYMBOL = re.compile(
    r"(?:__cuda[A-Z]|cuda[A-Z]|cu(?:blas|dnn|fft|rand|sparse|solver|pti|tensor|File|dss)\w|cu[A-Z][a-z]|nccl[A-Z]|"
    r"nvrtc[A-Z]|nvml[A-Z]|nvshmem\w|nvJitLink\w|nvjpeg[A-Z]|npp[is])\w{1,100}"
)
_SYMBOL_BYTES = re.compile(rb"(?<![\w@?$.])_?(" + _SYMBOL.pattern.encode() + rb")(?=\0)")

_PTX_VERSION = re.compile(rb"^[ \t]*\.version[ \t]+(\d{1,3}\.\d{1,3})", re.MULTILINE)
_PTX_TARGET = re.compile(rb"^[ \t]*\.target[ \t]+(sm_\w{1,8})", re.MULTILINE)
_PTX_ENTRY = re.compile(rb"\.entry[ \t\r\n]")


def read_binary(candidate: Candidate) -> tuple[str, str] | Skip:
    """Return the facts about a compiled file on one line, and a hash; the line is empty when nothing says CUDA.

    The line starts with the format (`elf`, `pe`, `mach-o`, `archive`, `cubin`, `fatbin`, `ptx`, `engine`), then
    `links=` (libraries it loads), `sections=` (that hold device code), `imports=` and `symbols=` (how many CUDA names
    it uses, and some of them), `version=`, `targets=` (architectures), `kernels=`.
    """
    try:
        with open_regular(candidate.absolute) as (file, size):
            head = file.read(_HEAD)
            name = candidate.path.lower()
            if (pointer := lfs_pointer(candidate, head)) and not name.endswith(_MOSTLY_DATA):
                return pointer
            line = _facts(file, size, head, name)
    except OSError as error:
        return unreadable(candidate, error)
    digest = hashlib.blake2b(digest_size=16)
    for part in (line.encode(), str(size).encode(), head):
        digest.update(part)
    return line, digest.hexdigest()


class _Facts:
    """What was found so far; names are kept in the order of their first sight."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.links: dict[str, None] = {}
        self.sections: dict[str, None] = {}
        self.symbols: dict[str, None] = {}
        self.targets: set[int] = set()
        self.more: dict[str, str] = {}

    def line(self) -> str:
        """Write them down; empty when nothing ties the file to CUDA."""
        parts = dict(self.more)
        if self.links:
            parts["links"] = ",".join(sorted(self.links))
        if self.sections:
            parts["sections"] = ",".join(sorted(self.sections))
        if self.symbols:
            parts["imports"] = str(len(self.symbols))
            parts["symbols"] = ",".join(sorted(self.symbols, key=lambda name: (name.startswith("_"), name))[:_NAMED])
        if self.targets:
            parts["targets"] = ",".join(f"sm_{number}" for number in sorted(self.targets))
        if not parts and self.kind not in _DEVICE_FORMATS:
            return ""
        return " ".join([self.kind, *(f"{key}={value}" for key, value in parts.items())])


_DEVICE_FORMATS = frozenset({"cubin", "fatbin", "ptx", "engine"})
"""Formats that nothing but an NVIDIA GPU or its driver reads."""


def _facts(file: BinaryIO, size: int, head: bytes, name: str) -> str:
    """Recognise the format by its first bytes, and read it."""
    facts = _Facts("")
    # A reader runs on bytes that anybody may have made up: it may raise whatever it likes.
    with contextlib.suppress(Exception):
        if head.startswith(_ELF):
            facts.kind = "elf"
            _read_elf(_Window(file, 0, size), facts)
        elif head.startswith(_ARCHIVE):
            facts.kind = "archive"
            _read_archive(file, size, facts)
        elif head.startswith(_FATBIN):
            facts.kind = "fatbin"
            _read_images(_Window(file, 0, size), facts)
        elif head.startswith(_PE) or head.startswith(_MACH_O):
            facts.kind = "pe" if head.startswith(_PE) else "mach-o"
            _search_names(file, facts)
        elif head.startswith(_ENGINE) or (name.endswith(_ENGINE_SUFFIXES) and b"\0" in head):
            facts.kind = "engine"
        elif name.endswith(".ptx") and _PTX_VERSION.search(head):
            facts.kind = "ptx"
            _read_ptx(_Window(file, 0, size).read(BUDGET - _LEAST), facts)
    own = name.rpartition("/")[2]
    if facts.kind and _LOADED_BYTES.fullmatch(own.encode("utf-8", "replace")):
        facts.more["product"] = own
    return facts.line()


class _SpentError(Exception):
    """A reader asked for more than its budget."""


class _Window(io.RawIOBase):
    """A part of a file as a file of its own, with a budget."""

    def __init__(self, file: BinaryIO, start: int, size: int, budget: int = BUDGET) -> None:
        super().__init__()
        self._file = file
        self._start = start
        self._size = size
        self._place = 0
        self.budget = budget

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move; beyond the end nothing is read."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._size}[whence]
        self._place = max(0, base + offset)
        return self._place

    def tell(self) -> int:
        """Return the place."""
        return self._place

    def read(self, size: int | None = -1) -> bytes:
        """Read what is there, or give up when the budget does not allow it."""
        left = max(0, self._size - self._place)
        wanted = left if size is None or size < 0 else min(size, left)
        self.budget -= max(wanted, _LEAST)
        if self.budget < 0:
            raise _SpentError
        self._file.seek(self._start + self._place)
        data = self._file.read(wanted)
        self._place += len(data)
        return data


def _read_elf(window: _Window, facts: _Facts) -> None:
    """Read an object file, a library, a program, or a cubin."""
    from elftools.elf.elffile import ELFFile

    elf = ELFFile(cast("IO[bytes]", window))
    if elf["e_machine"] == _MACHINE_CUDA:
        flags = int(elf["e_flags"])
        # From version 8 of the format on, the second byte holds the architecture.
        newer = elf["e_ident"]["EI_ABIVERSION"] >= 8
        facts.targets.add(flags >> 8 & 0xFF if newer else flags & 0xFF)
        facts.kind = "cubin" if facts.kind == "elf" else facts.kind
        return
    for reader in (_read_needed, _read_sections):
        with contextlib.suppress(Exception):
            reader(elf, window, facts)


def _read_needed(elf: ELFFile, window: _Window, facts: _Facts) -> None:  # noqa: ARG001
    """Note the CUDA libraries that the loader would fetch."""
    from elftools.elf.dynamic import DynamicSegment

    for segment in itertools.islice(elf.iter_segments(), _SECTIONS):
        if isinstance(segment, DynamicSegment):
            for tag in itertools.islice(segment.iter_tags(), _SECTIONS):
                needed = str(getattr(tag, "needed", ""))  # only some tags have it
                if _LOADED.fullmatch(needed):
                    facts.links[needed] = None


def _read_sections(elf: ELFFile, window: _Window, facts: _Facts) -> None:
    """Note sections of device code with their architectures, and the CUDA functions that are used from elsewhere."""
    from elftools.elf.sections import SymbolTableSection

    tables = []
    for section in itertools.islice(elf.iter_sections(), _SECTIONS):
        if isinstance(section, SymbolTableSection):
            tables.append(section)
        elif section.name in _DEVICE_SECTIONS:
            facts.sections[section.name] = None
            if section.name == ".nv_fatbin":
                with contextlib.suppress(Exception):
                    part = _Window(window._file, window._start + section["sh_offset"], section["sh_size"])  # noqa: SLF001
                    _read_images(part, facts)
    for table in tables:
        for symbol in itertools.islice(table.iter_symbols(), _SYMBOLS):
            if symbol["st_shndx"] == "SHN_UNDEF" and _SYMBOL.fullmatch(symbol.name.partition("@")[0]):
                facts.symbols[symbol.name.partition("@")[0]] = None


_IMAGE_HEADER = struct.Struct("<HHIQIIHHI")
"""Kind, version, header size, size, packed size, reserved, minor and major version, architecture."""


def _read_images(window: _Window, facts: _Facts) -> None:
    """Note the architectures of the images in a container of device code; several containers may follow each other."""
    place = images = 0
    while images < _IMAGES:
        window.seek(place)
        header = window.read(16)
        if len(header) < 16 or not header.startswith(_FATBIN):
            return
        length, whole = struct.unpack_from("<HQ", header, 6)
        inside, end = place + max(length, len(header)), place + length + whole
        images += 1  # an empty container counts too, or many of them would never end
        while inside < end and images < _IMAGES:
            window.seek(inside)
            image = window.read(_IMAGE_HEADER.size)
            if len(image) < _IMAGE_HEADER.size:
                return
            fields = _IMAGE_HEADER.unpack(image)
            if 10 <= fields[-1] < 1000:
                facts.targets.add(fields[-1])
            images += 1
            inside += max(fields[2] + fields[3], _IMAGE_HEADER.size)
        place = max(-(-end // 8) * 8, inside)


def _read_archive(file: BinaryIO, size: int, facts: _Facts) -> None:
    """Read the members of a static library; those in formats of other systems are searched for names."""
    place, budget = len(_ARCHIVE), BUDGET
    for _ in range(_MEMBERS):
        file.seek(place)
        header = file.read(60)
        length = header[48:58].strip()
        if len(header) < 60 or not length.isdigit() or budget < 0:
            break
        place += 60
        window = _Window(file, place, min(int(length), size - place), budget)
        with contextlib.suppress(Exception):
            if window.read(4) == _ELF:
                _read_elf(window, facts)
        budget = window.budget
        place += int(length) + int(length) % 2
    if not (facts.links or facts.sections or facts.symbols):
        _search_names(file, facts)


def _search_names(file: BinaryIO, facts: _Facts) -> None:
    """Look for names of CUDA libraries and functions in the bytes of a file."""
    for block in _blocks(file):
        for found in _LOADED_BYTES.finditer(block):
            facts.links[found[0].decode("ascii")] = None
        for found in itertools.islice(_SYMBOL_BYTES.finditer(block), _SYMBOLS):
            facts.symbols[found[1].decode("ascii", "replace")] = None
        if b".nv_fatb" in block:
            facts.sections[".nv_fatb"] = None


def _blocks(file: BinaryIO, size: int = 1024 * 1024, overlap: int = 256) -> Iterator[bytes]:
    """Yield a file in blocks that overlap by more than any name is long."""
    file.seek(0)
    last = b""
    for _ in range(SEARCHED // size):
        block = file.read(size)
        if not block:
            return
        yield last + block
        last = block[-overlap:]


def _read_ptx(text: bytes, facts: _Facts) -> None:
    """Note version, architecture and number of kernels of a PTX listing."""
    if version := _PTX_VERSION.search(text):
        facts.more["version"] = version[1].decode("ascii")
    for target in itertools.islice(_PTX_TARGET.finditer(text), _IMAGES):
        number = re.match(rb"sm_(\d{1,3})", target[1])
        facts.targets |= {int(number[1])} if number else set()
    facts.more["kernels"] = str(sum(1 for _ in _PTX_ENTRY.finditer(text)))
