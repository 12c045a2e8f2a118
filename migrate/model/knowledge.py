"""Rules, answers and targets, as rule packs write them."""

from __future__ import annotations

import msgspec

from migrate.model.base import Struct
from migrate.model.kinds import Area, Change, Confidence, Persona, Status, UseKind


class Matcher(Struct, frozen=True):
    """One way to recognise a rule's subject; all given conditions must hold."""

    kind: UseKind | tuple[UseKind, ...]
    name: str | None = None
    """Exact name, or a glob."""
    names: tuple[str, ...] = msgspec.field(name="in", default=())
    """Several exact names or globs."""
    table: str | None = None
    """Any name that the named table lists (a library of `symbols.csv`, or `packages`)."""
    args: dict[str, str] = {}
    """Argument position, keyword or fact -> glob over its source text; the argument must be present."""
    absent: tuple[str, ...] = ()
    """Arguments that must not be given."""


class Example(Struct, frozen=True):
    """A snippet that a rule must flag or must pass; run as a test, shown as documentation."""

    flags: str = ""
    """Lines that must give one finding of this rule each end in `<-` inside a comment."""
    passes: str = ""
    """No line may give a finding of this rule."""
    language: str = ""
    """Front end id; needed when the rule matches in several languages."""


class Rule(Struct, frozen=True):
    """What lock-in looks like; says nothing about any target."""

    id: str
    title: str
    why: str
    area: Area
    match: dict[str, tuple[Matcher, ...]]
    """Front end id (or `any`) -> matchers, any of which is enough."""
    exclude: tuple[Matcher, ...] = msgspec.field(name="not", default=())
    confidence: Confidence = Confidence.HIGH
    """Upper bound; a use of lower confidence lowers it."""
    persona: Persona = Persona.REGULAR
    cuda: str = ""
    """CUDA versions the subject exists in, as a version specifier; empty for all."""
    refs: tuple[str, ...] = ()
    examples: tuple[Example, ...] = ()
    was: tuple[str, ...] = ()
    """Former ids."""


class Effort(Struct, frozen=True):
    """Person-hours `[low, likely, high]` (P10, median, P90), priced once and then per repeat.

    All findings with the same `key` share one `first`; each edit group beyond it costs `each`, falling with
    practice. That split is why 300 renames do not cost 300 times one rename.
    """

    first: tuple[float, float, float]
    each: tuple[float, float, float]
    key: str = ""
    """What is learned and proved once: a rule id, or a price class with its library."""
    source: str = ""
    """Where the numbers come from: evidence ids, or the word judgement."""


class EditSpec(Struct, frozen=True):
    """How a machine makes the change; exactly one field is given."""

    rename: dict[str, str] = {}
    """Python: dotted prefix -> dotted prefix, on resolved names."""
    method: dict[str, str] = {}
    """Python: method name -> method name, on values of any type."""
    string: dict[str, str] = {}
    """Python: leading part of a string literal -> its replacement; a following `:0` is kept."""
    identifier: dict[str, str] = {}
    """C and C++: identifier -> identifier; tables give this by themselves when the change is a rename."""


class Condition(Struct, frozen=True):
    """When a variant of an answer holds; all that is given must hold, and something is given."""

    chips: tuple[str, ...] = ()
    """Ids of the target's chips."""
    stack: str = ""
    """Versions of the target's software stack, as a version specifier."""
    cuda: str = ""
    """CUDA versions that the code is written for, as a version specifier."""


class Response(Struct, frozen=True):
    """What a target has to offer for a rule's subject, and what it takes."""

    status: Status
    change: Change | None = None
    """None exactly when the status is unknown."""
    equivalent: str = ""
    effort: Effort | None = None
    """None takes the target's price for the change class and area."""
    becomes: str = ""
    """How the code looks afterwards, as an example."""
    notes: str = ""
    shared_fix: str = ""
    """Id of a fix in `target.yaml` that serves all findings that name it and is paid once per repository."""
    edit: EditSpec | None = None
    refs: tuple[str, ...] = ()


class Variant(Response, frozen=True, kw_only=True):
    """An answer that replaces the mapping's own when its condition holds; the first that holds wins."""

    condition: Condition


class Mapping(Response, frozen=True):
    """How one target answers one rule."""

    target: str = ""
    """Stack versions the answer is known to hold for, as a version specifier."""
    verified: str = ""
    """Year and month the answer was last checked, `2026-11`."""
    when: tuple[Variant, ...] = ()


class SharedFix(Struct, frozen=True):
    """Work that is done once and serves many findings, such as an import-time shim."""

    title: str
    effort: tuple[float, float, float]
    source: str


class Chip(Struct, frozen=True):
    """An accelerator, or a family that answers alike."""

    id: str
    name: str
    warp: int | None = None
    """Lanes that run in lock step; None where the model does not apply."""
    fp8: bool = False


class Target(Struct, frozen=True):
    """A platform one can move to."""

    id: str
    name: str
    vendor: str
    chips: tuple[Chip, ...]
    default_chip: str
    stack: str
    """Name and version of the software stack the answers are given for."""
    toolchain: str
    recompiles_cuda: bool
    """True when CUDA C++ sources compile for it after renaming."""
    learning_rate: float
    """Cost of the n-th unit falls to this share with each doubling of n."""
    kernel_author_days: dict[str, float]
    """Kernel language -> author-days of the first 100-line kernel of a family; `chip/language` overrides."""
    kernel_source: str
    stack_version: str = ""
    """The stack's version as a number, which conditions and `since` are compared with; another may be chosen."""
    cuda_version: str = ""
    """CUDA version that the code is taken to be written for, unless another is chosen."""
    unknown_library: dict[str, Change] = {}
    """Library -> change class for names that no row answers; absent means unknown."""
    docs: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    """Globs of the names that belong to the platform; `rules check` wants a source for each that an answer gives."""
    shared_fixes: dict[str, SharedFix] = {}
    effort: dict[str, Effort] = {}
    """Price class -> price, overriding `rules/model/effort.yaml` for this target."""
    young: bool = False
    """True while it answers only some rules: the others come out as unknown, and `rules check` asks for none."""
