"""The closed sets that the other types choose from."""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from enum import StrEnum


class UseKind(StrEnum):
    """What a front end saw, independent of the language it saw it in."""

    IMPORT = "import"
    CALL = "call"
    NAME = "name"
    ATTRIBUTE = "attribute"
    STRING = "string"
    INCLUDE = "include"
    MACRO = "macro"
    LAUNCH = "launch"
    KERNEL = "kernel"
    ASM = "asm"
    PRAGMA = "pragma"
    QUALIFIER = "qualifier"
    DEPENDENCY = "dependency"
    FLAG = "flag"
    IMAGE = "image"
    ENV = "env"
    FILE = "file"
    QUERY = "query"


class Change(StrEnum):
    """How much the code must change, in order of severity."""

    NONE = "none"
    RENAME = "rename"
    ADAPT = "adapt"
    REWRITE = "rewrite"
    BLOCKED = "blocked"


CHANGE_ORDER: MappingType[Change | None, int] = {
    Change.NONE: 0,
    Change.RENAME: 1,
    Change.ADAPT: 2,
    None: 3,  # unknown: a triangular mix of rename, adapt and rewrite, so it ranks between the last two
    Change.REWRITE: 4,
    Change.BLOCKED: 5,
}
"""Severity rank of a change class; `None` is the sixth class, unknown."""


class Status(StrEnum):
    """Whether the target has it."""

    SUPPORTED = "supported"
    DIFFERS = "differs"
    """Compiles or runs, but means something else."""
    PARTIAL = "partial"
    MISSING = "missing"
    UNKNOWN = "unknown"
    """Nobody has looked, or no source says. Never counted as zero."""


class Basis(StrEnum):
    """Where an answer comes from, best first."""

    CURATED = "curated"
    """Written by hand for this rule, with references."""
    TABLE = "table"
    """A row of a symbol or package table, with its source."""
    DEFAULT = "default"
    """The target's answer for the whole library."""
    NONE = "none"
    """No answer exists; status is unknown."""


class Confidence(StrEnum):
    """How sure the detector is that this is what it looks like."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Persona(StrEnum):
    """Who a rule speaks to: everybody, or an auditor who wants every trace."""

    REGULAR = "regular"
    AUDITOR = "auditor"


class Role(StrEnum):
    """Whose code a file is. Only owned code is priced; the rest is counted apart."""

    OWNED = "owned"
    VENDORED = "vendored"
    TEST = "test"
    EXAMPLE = "example"
    GENERATED = "generated"
    DUPLICATE = "duplicate"
    DOCUMENTATION = "documentation"


class SkipReason(StrEnum):
    """Why a file was not analysed."""

    TOO_LARGE = "too-large"
    BINARY = "binary"
    ENCODING = "encoding"
    UNREADABLE = "unreadable"
    PARSE_ERROR = "parse-error"
    TIMED_OUT = "timed-out"
    EXCLUDED = "excluded"
    LINK_OUTSIDE = "link-outside"
    SUBMODULE_MISSING = "submodule-missing"
    LFS_POINTER = "lfs-pointer"
    UNSUPPORTED_LANGUAGE = "unsupported-language"


class BlindKind(StrEnum):
    """What a front end knows that it cannot see."""

    DYNAMIC_CODE = "dynamic-code"
    """Code, a module or an attribute chosen at run time: `exec`, `getattr(torch, name)`, `dlsym(handle, name)`."""
    GENERATED_SOURCE = "generated-source"
    """Source that the program writes and compiles: a template with holes, a string that is put together."""
    UNREADABLE_PART = "unreadable-part"
    """A part of a file that did not parse."""


class BlindSpotKind(StrEnum):
    """What an audit could not see, or not see through."""

    UNREAD_FILE = "unread-file"
    UNPARSED_FILE = "unparsed-file"
    """A file, or a part of one, that its front end did not understand."""
    FOREIGN_LANGUAGE = "foreign-language"
    """Code that uses CUDA in a language that is not assessed."""
    MISSING_SUBMODULE = "missing-submodule"
    BINARY = "binary"
    DYNAMIC_CODE = "dynamic-code"
    GENERATED_SOURCE = "generated-source"
    UNRESOLVED_METHOD = "unresolved-method"
    """A method on a value of unknown type: the finding stands with lower confidence."""
    KERNEL_WITHOUT_LAUNCH = "kernel-without-launch"


class Area(StrEnum):
    """The part of the platform a rule belongs to; it selects default prices and groups reports."""

    RUNTIME = "runtime"
    DRIVER = "driver"
    MEMORY = "memory"
    GRAPH = "graph"
    KERNEL = "kernel"
    PTX = "ptx"
    PRECISION = "precision"
    LIBRARY = "library"
    DISTRIBUTED = "distributed"
    FRAMEWORK = "framework"
    TRITON = "triton"
    PYTHON_GPU = "python-gpu"
    PROFILING = "profiling"
    PACKAGE = "package"
    BUILD = "build"
    DEPLOY = "deploy"
    ENVIRONMENT = "environment"


class LinkKind(StrEnum):
    """How one file, unit or name depends on another."""

    IMPORT = "import"
    INCLUDE = "include"
    CALL = "call"
    LAUNCH = "launch"
    LINK = "link"
    BINDING = "binding"
    BUILD = "build"
    REQUIRES = "requires"


class UnitKind(StrEnum):
    """What a piece of porting work is about."""

    MODULE = "module"
    EXTENSION = "extension"
    LIBRARY = "library"
    KERNEL_FAMILY = "kernel-family"
    BUILD = "build"
    DEPLOY = "deploy"
    PACKAGE = "package"


class Stage(StrEnum):
    """How far the port goes."""

    FUNCTIONAL = "functional"
    """Builds and its tests pass on the target."""
    PARITY = "parity"
    """Functional, plus the accuracy gate, the target's throughput and continuous integration."""


class Evidence(StrEnum):
    """Grade of the evidence under an estimate, best first; see `rules/model/defaults.yaml`."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"
