"""The one result object, and what surrounds findings and estimates in it."""

from __future__ import annotations

from migrate.model.base import Struct
from migrate.model.estimates import Estimate, Scenario
from migrate.model.findings import Edit, Finding, Graph
from migrate.model.kinds import Area, BlindSpotKind, Role
from migrate.model.porting import PortingProgress
from migrate.model.source import Skip, SourceFile


class Tool(Struct, frozen=True):
    """Who wrote the audit."""

    name: str
    version: str


class RulebookInfo(Struct, frozen=True):
    """Which knowledge was used."""

    version: str
    hash: str
    rules: int
    packs: tuple[str, ...]


class RuleCard(Struct, frozen=True):
    """A rule as a reader needs it, joined over the targets; only rules that fired."""

    title: str
    why: str
    area: Area
    refs: tuple[str, ...]
    answers: dict[str, AnswerCard]


class AnswerCard(Struct, frozen=True):
    """A target's prose on a rule."""

    equivalent: str
    becomes: str
    notes: str
    refs: tuple[str, ...]
    verified: str


class TargetInfo(Struct, frozen=True):
    """A target as the report introduces it."""

    name: str
    vendor: str
    stack: str
    chip: str
    chip_name: str
    stack_version: str = ""
    """Version of the stack that the answers are for."""
    cuda_version: str = ""
    """Version of CUDA that the code is taken to be written for."""


class Repository(Struct, frozen=True):
    """What was scanned."""

    name: str
    revision: str
    """Commit id, empty outside git."""
    dirty: bool
    date: str
    """Day of the commit, empty outside git."""
    files: int
    code_lines: int
    own_packages: tuple[str, ...] = ()
    """Python packages that live here; their own names are no dependency and give no findings."""


class Hidden(Struct, frozen=True):
    """What the scanned tree's own configuration took out of sight."""

    source: str
    """The configuration file, empty when the tree has none or it was ignored."""
    files: int
    findings: int
    hours: dict[str, float]
    """Target -> person-hours that the estimate would have more at P50, of the first scenario, if they were seen."""
    ignored_settings: tuple[str, ...]
    """Settings of the tree that were not followed, and why."""


class Apart(Struct, frozen=True):
    """Code that is not the repository's own to port, in one place, counted and not priced."""

    role: Role
    place: str
    """Folder, such as `third_party/cutlass`."""
    files: int
    code_lines: int
    uses: int
    """Places tied to CUDA. In vendored code they are only counted; in the other roles they are also findings."""
    libraries: dict[str, int]
    """Library or area -> uses, most first, at most five."""
    copy_of: str = ""
    """Of duplicates: the folder that this one is a copy of."""
    made_by: tuple[str, ...] = ()
    """Of generated code: the scripts of this repository that its headers name as their makers."""


class BlindPlace(Struct, frozen=True):
    """One example of a blind spot."""

    path: str
    line: int = 0
    """0 when it is the whole file."""
    text: str = ""
    """The code that hides something, or why the file stayed unread."""


class BlindSpot(Struct, frozen=True):
    """One kind of thing in owned code that could not be seen, with how much of the repository it is."""

    kind: BlindSpotKind
    what: str
    """Which of its kind: a skip reason, a language, a submodule's path; empty when there is nothing to tell apart."""
    count: int
    """Places, or files when whole files are meant."""
    files: int
    lines: int
    """Of whole files; 0 when places are meant or nobody knows."""
    share: float
    of: str
    """What the share is of: `lines`, `findings`, or nothing when the size is not known."""
    places: tuple[BlindPlace, ...]
    """The first few."""


class Audit(Struct, frozen=True):
    """The one result: what `scan` writes and every renderer takes."""

    schema_version: str
    tool: Tool
    rulebook: RulebookInfo
    repository: Repository
    targets: dict[str, TargetInfo]
    files: tuple[SourceFile, ...]
    skips: tuple[Skip, ...]
    rules: dict[str, RuleCard]
    findings: tuple[Finding, ...]
    edits: tuple[Edit, ...] | None
    """None when no edits were tried."""
    graph: Graph
    scenarios: dict[str, Scenario]
    estimates: tuple[Estimate, ...]
    hidden: Hidden
    apart: tuple[Apart, ...]
    """Vendored, test, example, generated, duplicate and documentation code by place, most uses first."""
    excerpts: dict[str, dict[str, str]]
    """Path -> line number -> text, for the neighbourhood of the dearest findings."""
    command: str
    """The command that reproduces this audit."""
    blind_spots: tuple[BlindSpot, ...] = ()
    """What could not be seen in owned code, largest share first."""
    porting: dict[str, PortingProgress] = {}
    """Target -> how far the code has already come; empty in audits of schema 1.0."""


SCHEMA_VERSION = "1.1"
"""Changes within a major version only add."""
