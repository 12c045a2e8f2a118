"""Precision and recall against labels: each use found at its place, and nothing else in the labelled lines."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from migrate.model import Finding
from migrate.scan import FileReport
from tests.accuracy.labels import Label, Range
from tests.accuracy.repository import Checkout

UNLABELLED = re.compile(
    r"(?:threadIdx|blockIdx|blockDim|gridDim|dim3|uint3"
    r"|__(?:device|host|shared|constant|managed|forceinline|noinline|restrict|launch_bounds|cluster_dims|grid_constant)__"
    r"|unroll|nounroll|laneid)\Z"
)
"""Names that the labelling rules leave out, because they stand in every kernel: neither right nor wrong here."""

AROUND = "around the code"

GROUPS = {
    **dict.fromkeys(("api", "type", "enum", "macro", "intrinsic", "namespace", "include", "arch"), "API sites"),
    **dict.fromkeys(("kernel", "launch"), "kernels and launches"),
    **dict.fromkeys(("kernel-macro", "launch-macro"), "macro-made kernels and launches"),
    **dict.fromkeys(("ptx", "warp", "string"), "device constructs and strings"),
    **dict.fromkeys(("device", "env", "import", "command", "keyword", "embedded"), "Python constructs"),
    **dict.fromkeys(("package", "flag", "image", "resource", "binary"), AROUND),
}
"""Kind of label in a program -> the group that a goal is set for; in every other file all kinds are one group."""

GOALS = {
    "API sites": 0.995,
    "kernels and launches": 1.0,
    "macro-made kernels and launches": 0.95,
    "Python constructs": 0.98,
    "guarded marked": 1.0,
}


class Share(NamedTuple):
    """A count out of a whole, with its 95 % interval (Wilson)."""

    hits: int
    of: int

    @property
    def value(self) -> float:
        """Return the share; 1 for nothing out of nothing."""
        return self.hits / self.of if self.of else 1.0

    @property
    def interval(self) -> tuple[float, float]:
        """Return the Wilson score interval at 95 %."""
        if not self.of:
            return 0.0, 1.0
        z, n, p = 1.959964, self.of, self.hits / self.of
        middle = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
        return max(0.0, middle - half), min(1.0, middle + half)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.value:7.4f} [{low:.3f}, {high:.3f}] {self.hits}/{self.of}"


class Wrong(NamedTuple):
    """A disagreement, for the reader who decides who is right."""

    sort: str
    """`missed`, `extra`, `trap`, `unmarked`."""
    path: str
    line: int
    name: str
    kind: str


@dataclass
class Score:
    """What a set of ranges gave."""

    recall: dict[str, Counter[bool]] = field(default_factory=lambda: defaultdict(Counter))
    """Group -> found or not."""
    right: Counter[str] = field(default_factory=Counter)
    """Group -> findings that a label confirms."""
    wrong: Counter[str] = field(default_factory=Counter)
    """Group -> findings that none confirms."""
    guarded: Counter[bool] = field(default_factory=Counter)
    traps: Counter[bool] = field(default_factory=Counter)
    """Whether each trap was avoided."""
    problems: list[Wrong] = field(default_factory=list)

    def add(self, other: Score) -> None:
        """Take in another score."""
        for group, counter in other.recall.items():
            self.recall[group] += counter
        self.right += other.right
        self.wrong += other.wrong
        self.guarded += other.guarded
        self.traps += other.traps
        self.problems += other.problems

    def shares(self) -> dict[str, tuple[Share, Share]]:
        """Return recall and precision by group."""
        groups = [*dict.fromkeys(GROUPS.values())]
        return {
            group: (
                Share(self.recall[group][True], self.recall[group].total()),
                Share(self.right[group], self.right[group] + self.wrong[group]),
            )
            for group in groups
            if group in self.recall or self.wrong[group]
        }


def judge(checkout: Checkout, ranges: Iterable[Range], labels: Sequence[Label]) -> Score:
    """Compare the findings of a checkout with the labels of the ranges.

    Three conventions of the labels are read as the product means them, and left out: a CUDA source that a build file
    lists is an edge of its graph, so a link to it counts as found; a package of a lock file stands at the package that
    brings it; and the names of a package that the repository is itself the home of (`pycuda` within PyCUDA) are its
    own.
    """
    by_path: dict[str, list[Label]] = defaultdict(list)
    for label in labels:
        by_path[label.path].append(label)
    score = Score()
    for item in ranges:
        inside = [label for label in by_path[item.path] if item.first <= label.line <= item.last]
        found = [
            finding for finding in checkout.findings.get(item.path, ()) if item.first <= finding.span.line <= item.last
        ]
        report = checkout.reports.get(item.path)
        own = set(checkout.own_packages)
        inside = [label for label in inside if not _is_own(label, own)]
        linked = {link.to.rpartition("/")[2] for link in report.links} if report else set()
        brought = _brought(report)
        kept = [label for label in inside if not _is_linked(label, linked) and _plain(label.name, "") not in brought]
        _range(item, kept, found, score)
    return score


def _brought(report: FileReport | None) -> set[str]:
    """Return the packages of a lock file that stand at the package which brings them."""
    uses = [sighting.use for sighting in report.sightings] if report else []
    return {name.strip().lower() for use in uses for name in use.args.get("brings", "").split(",") if name.strip()}


def _is_own(label: Label, own: set[str]) -> bool:
    return label.kind in ("api", "import") and label.name.partition(".")[0] in own


_SOURCE = re.compile(r"[^\s]*\.(?:cu|cuh)\Z")


def _is_linked(label: Label, linked: set[str]) -> bool:
    return bool(_SOURCE.match(label.name)) and label.kind == "flag" and label.name.rpartition("/")[2] in linked


def _range(item: Range, labels: Sequence[Label], findings: Sequence[Finding], score: Score) -> None:
    hits: Mapping[int, list[Finding]] = {
        index: [finding for finding in findings if agree(label, finding)] for index, label in enumerate(labels)
    }
    confirmed: dict[str, str] = {}
    for index, label in enumerate(labels):
        group = _group(label)
        if label.verdict == "trap":
            exact = [finding for finding in hits[index] if finding.span.line == label.line]
            rivals = [other for other in labels if other.verdict != "trap" and other.line == label.line]
            fallen = [finding for finding in exact if not any(agree(other, finding) for other in rivals)]
            score.traps[not fallen] += 1
            continue
        score.recall[group][bool(hits[index])] += 1
        if not hits[index]:
            score.problems.append(Wrong("missed", item.path, label.line, label.name, label.kind))
        for finding in hits[index]:
            confirmed.setdefault(finding.fingerprint, group)
        if label.verdict == "guarded" and hits[index]:
            marked = any(answer.guarded for finding in hits[index] for answer in finding.answers.values())
            score.guarded[marked] += 1
            if not marked:
                score.problems.append(Wrong("unmarked", item.path, label.line, label.name, label.kind))
    for finding in findings:
        if group := confirmed.get(finding.fingerprint, ""):
            score.right[group] += 1
        elif not UNLABELLED.match(finding.symbol):
            on_trap = any(label.verdict == "trap" and label.line == finding.span.line for label in labels)
            score.wrong[_group_of(finding)] += 1
            sort = "trap" if on_trap else "extra"
            score.problems.append(Wrong(sort, item.path, finding.span.line, finding.symbol, finding.rule))


_PARTS = re.compile(r"[^\w*$-]+")


def agree(label: Label, finding: Finding) -> bool:
    """Tell whether a finding is about the labelled name at the labelled place.

    A finding may begin on an earlier line than the name (a call over several lines, a kernel's qualifiers), and is
    called by its full name where the label may give the last part.
    """
    if not finding.span.line <= label.line <= max(finding.span.line + 3, _name_line(finding)):
        return False
    wanted, given = _plain(label.name, label.kind), _plain(finding.symbol, label.kind)
    if wanted == given:
        return True
    if finding.span.line == label.line and (
        # A finding bears the name of the package that a module comes from, and of the kernel that a decorator makes.
        (label.kind == "import" and (finding.rule.startswith("package-import") or given.startswith(wanted + ".")))
        or (label.kind == "api" and finding.kernel is not None and _last(wanted) in finding.snippet.lower())
    ):
        return True
    if finding.span.line != label.line and label.kind not in ("kernel", "kernel-macro", "launch", "ptx"):
        return False
    ends = {_last(wanted), _last(given)}
    if len(ends) == 1:
        return True
    return wanted in finding.snippet.lower() and label.kind in _BY_PLACE and _fits(label, finding)


def _plain(name: str, kind: str) -> str:
    """Return a name without what a label of its kind may carry beside it: a tag, a value, an installer's prefix."""
    name = name.lower().strip()
    if kind == "image":
        return name.partition("@")[0].rpartition("/")[0] + "/" + name.rpartition("/")[2].partition(":")[0]
    if kind == "package":
        return re.split(r"[=<>!~ \[]", name.removeprefix("apt:").removeprefix("conda:"), maxsplit=1)[0]
    if kind == "flag" and not name.startswith("$<"):
        return re.sub(r"^-+d?(?=\w)", "", name).partition("=")[0]
    return name


def _name_line(finding: Finding) -> int:
    """Return the last line that what a finding is about may be named on: in assembly, in a kernel given as text."""
    if finding.kernel is not None:
        return finding.span.end_line
    return min(finding.span.end_line, finding.span.line + 40) if finding.rule.startswith("ptx-") else 0


_BY_PLACE = {
    "kernel": ("kernel-",),
    "kernel-macro": ("kernel-",),
    "launch": ("kernel-", "runtime-", "launch"),
    "launch-macro": ("kernel-", "runtime-", "launch"),
    "ptx": ("ptx-",),
    "warp": ("warp-", "kernel-"),
    "arch": ("kernel-", "runtime-", "build-", "precision-"),
}
"""Kinds that a rule may call by another name than a reader; then place and family of the rule decide."""


def _fits(label: Label, finding: Finding) -> bool:
    return finding.rule.startswith(_BY_PLACE[label.kind])


def _last(name: str) -> str:
    parts = [part for part in _PARTS.split(name) if part]
    return parts[-1] if parts else name


_PROGRAMS = re.compile(
    r".*\.(?:py|pyi|pyw|ipynb|pyx|pxd|cu|cuh|h|hh|hpp|hxx|c|cc|cpp|cxx|inl|inc|ipp|tpp|in|jit|hip)\Z", re.IGNORECASE
)


def _group(label: Label) -> str:
    return GROUPS.get(label.kind, label.kind) if _PROGRAMS.match(label.path) else AROUND


def _group_of(finding: Finding) -> str:
    """Put a finding that no label confirms where its goal is."""
    if not _PROGRAMS.match(finding.path):
        return AROUND
    if finding.kernel is not None:
        return GROUPS["kernel"]
    if finding.rule.startswith(("ptx-", "warp-")):
        return GROUPS["ptx"]
    if finding.area in ("build", "deploy", "package"):
        return GROUPS["package"]
    if finding.area == "environment":
        return GROUPS["env"]
    return GROUPS["api"]
