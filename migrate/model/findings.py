"""Findings with their answers, and the graph of the work they make."""

from __future__ import annotations

import msgspec

from migrate.model.base import Struct
from migrate.model.kinds import Area, Basis, Change, Confidence, LinkKind, Role, Status, UnitKind
from migrate.model.knowledge import Effort
from migrate.model.porting import Cover
from migrate.model.source import KernelFacts, Span


class Answer(Struct, frozen=True, omit_defaults=True):
    """What one target says to one finding."""

    status: Status
    change: Change | None
    equivalent: str
    basis: Basis
    source: str
    """A reference one can open, or the table row's source; for basis none, why there is no answer."""
    effort: Effort | None = None
    """None only when nothing is to be done."""
    guarded: bool = False
    """The code already serves this target: nothing is to be done but to check it."""
    shared_fix: str = ""
    condition: str = ""
    """Which chip or version the answer was chosen for, when it depends on one."""
    note: str = ""
    cover: Cover | None = None
    """Why it is guarded, or why nothing is to be renamed."""


class Suppression(Struct, frozen=True):
    """Why a finding does not count."""

    by: str
    """`config` (a per-file entry of the user), `config-of-tree` (one of the scanned tree) or `inline`."""
    reason: str
    until: str = ""


class Finding(Struct, frozen=True, omit_defaults=True):
    """One place where the code is tied to CUDA, with what each target makes of it."""

    fingerprint: str
    """Identity that survives line shifts: rule, path, symbol, scope, statement tokens, occurrence."""
    rule: str
    symbol: str
    """What is tied: the API's name, the package, the kernel's own name."""
    library: str
    """CUDA library or part it belongs to, such as `runtime`, `cublas`, `torch.cuda`."""
    area: Area
    path: str
    role: Role
    span: Span
    snippet: str
    """The first source line, trimmed to 200 characters."""
    confidence: Confidence
    answers: dict[str, Answer]
    scope: str = ""
    kernel: KernelFacts | None = None
    in_kernel: str = ""
    """Own name of the kernel whose body, or a device function that it reaches, holds it; its cost is then part of
    that kernel's price."""
    suppressed: Suppression | None = None
    language: str = ""
    """Front end id of embedded code; empty when the code is in the file's own language."""


class Edit(Struct, frozen=True, omit_defaults=True):
    """A change made by machine on the real statement, and whether it held."""

    fingerprint: str
    target: str
    path: str
    line: int
    before: str
    after: str
    proved: bool
    """The edited file still reads, and scanning it again no longer gives the finding."""
    reason: str = ""
    """Why it is not proved."""


class PortingUnit(Struct, frozen=True):
    """A piece of work that one person can take: it is ported as a whole, after what it depends on."""

    id: str
    """Stable and readable: `module:src/train.py`, `kernel-family:csrc/reduce.cu`, `library:cublas`."""
    kind: UnitKind
    title: str
    files: tuple[str, ...]
    findings: tuple[str, ...]
    """Fingerprints, each finding in exactly one unit."""
    code_lines: int
    wave: int = 0
    """0 can be ported at once; n needs units of wave n-1."""
    cycle: int | None = None
    """Index into `Graph.cycles` when the unit must be ported together with others."""
    unlocks: int = 0
    """How many units with work in them wait for this one, directly or through others."""


class Edge(Struct, frozen=True):
    """`source` needs `needs`: the latter is ported first."""

    source: str = msgspec.field(name="from")
    needs: str = msgspec.field(name="to")
    kind: LinkKind
    weight: int = 1
    """How many places in the code make this edge."""


class Graph(Struct, frozen=True):
    """The order of work, as plain data."""

    units: tuple[PortingUnit, ...]
    edges: tuple[Edge, ...]
    waves: tuple[tuple[str, ...], ...]
    cycles: tuple[tuple[str, ...], ...]
    critical_path: dict[str, tuple[str, ...]] = {}
    """Target -> units on the longest chain by effort, first to last, as if there were people enough; the schedule's
    own critical path, which knows the team, is `Estimate.critical_path`."""
    unresolved: dict[LinkKind, int] = {}
    """Links between languages that lead to nothing in the repository, by kind: bindings, sources to build."""
