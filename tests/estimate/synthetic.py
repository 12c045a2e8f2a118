"""Small made-up repositories: findings, files and the graph that would come of them."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from migrate.estimate import estimate
from migrate.model import (
    Answer,
    Area,
    Basis,
    Change,
    Confidence,
    Edge,
    Edit,
    Effort,
    Estimate,
    Finding,
    Graph,
    KernelFacts,
    LinkKind,
    PortingUnit,
    Role,
    Scenario,
    SourceFile,
    Span,
    Status,
    Target,
    UnitKind,
)
from migrate.resources import read_yaml, rules_root


@functools.cache
def target(id_: str) -> Target:
    return msgspec.convert(read_yaml(rules_root() / "targets" / id_ / "target.yaml"), Target)


@functools.cache
def prices() -> dict[str, Effort]:
    return msgspec.convert(read_yaml(rules_root() / "model" / "effort.yaml"), dict[str, Effort])


def answer(
    change: Change | None,
    *,
    price: str = "",
    key: str = "",
    guarded: bool = False,
    shared_fix: str = "",
    basis: Basis = Basis.TABLE,
) -> Answer:
    """Answer with a price class; the class of the change by default."""
    status = {None: Status.UNKNOWN, Change.NONE: Status.SUPPORTED}.get(change, Status.PARTIAL)
    effort = None
    if change != Change.NONE and not guarded:
        price = price or {None: "unknown", Change.BLOCKED: "rewrite"}.get(change, str(change))
        effort = msgspec.structs.replace(prices()[price], key=key or f"{price}:runtime")
    return Answer(
        status=status,
        change=change,
        equivalent="",
        basis=basis if change else Basis.NONE,
        source="test",
        effort=effort,
        guarded=guarded,
        shared_fix=shared_fix,
    )


@dataclass
class Repository:
    """Collects findings; every file is a unit, every file with kernels has a kernel family of its own."""

    target: str = "rocm"
    lines: dict[str, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    cycles: list[tuple[str, ...]] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)

    def file(self, path: str, lines: int) -> Repository:
        self.lines[path] = lines
        return self

    def add(
        self,
        path: str,
        change: Change | None,
        *,
        symbol: str = "cudaMalloc",
        rule: str = "runtime",
        area: Area = Area.RUNTIME,
        count: int = 1,
        role: Role = Role.OWNED,
        in_kernel: str = "",
        scope: str = "",
        kernel: KernelFacts | None = None,
        proved: bool = False,
        **answered: Any,
    ) -> Repository:
        self.lines.setdefault(path, 100)
        for _ in range(count):
            fingerprint = f"{len(self.findings):06d}:{path}:{symbol}"
            self.findings.append(
                Finding(
                    fingerprint=fingerprint,
                    rule=rule,
                    symbol=symbol,
                    library="runtime",
                    area=area,
                    path=path,
                    role=role,
                    span=Span(line=1, column=1, end_line=1, end_column=2),
                    snippet=symbol,
                    confidence=Confidence.HIGH,
                    answers={self.target: answer(change, **answered)},
                    kernel=kernel,
                    in_kernel=in_kernel,
                    scope=scope,
                )
            )
            if proved:
                self.edits.append(
                    Edit(
                        fingerprint=fingerprint,
                        target=self.target,
                        path=path,
                        line=1,
                        before="a",
                        after="b",
                        proved=True,
                    )
                )
        return self

    def kernel(
        self,
        path: str,
        name: str,
        lines: int,
        change: Change | None = Change.RENAME,
        language: str = "cuda",
        **features: int,
    ) -> Repository:
        facts = KernelFacts(
            language=language,
            code_lines=lines,
            features={id_.replace("_", "-"): count for id_, count in features.items()},
        )
        return self.add(path, change, symbol=name, rule="kernel-global", area=Area.KERNEL, kernel=facts)

    def needs(self, source: str, needed: str) -> Repository:
        self.edges.append(Edge(source=unit_of(source), needs=unit_of(needed), kind=LinkKind.IMPORT))
        return self

    @property
    def files(self) -> tuple[SourceFile, ...]:
        return tuple(
            SourceFile(
                path=path,
                language=language(path),
                content=path,
                lines=count,
                code_lines=count,
                role=Role.OWNED,
            )
            for path, count in sorted(self.lines.items())
        )

    @property
    def graph(self) -> Graph:
        held: dict[str, list[str]] = defaultdict(list)
        for finding in self.findings:
            held[unit_of(finding.path, family=finding.kernel is not None)].append(finding.fingerprint)
        for path in self.lines:
            held.setdefault(unit_of(path), [])
        units = tuple(
            PortingUnit(
                id=id_,
                kind=UnitKind.KERNEL_FAMILY if id_.startswith("kernel") else UnitKind.MODULE,
                title=id_,
                files=(id_.partition(":")[2],),
                findings=tuple(fingerprints),
                code_lines=0,
            )
            for id_, fingerprints in sorted(held.items())
        )
        return Graph(units=units, edges=tuple(self.edges), waves=(), cycles=tuple(self.cycles))

    def estimate(self, *, chip: str = "", **scenario: Any) -> Estimate:
        return self.under(Scenario(**scenario), chip=chip)

    def estimate_hiding(self, hidden: int) -> Estimate:
        return self.under(Scenario(), hidden=hidden)

    def under(
        self,
        scenario: Scenario,
        *,
        chip: str = "",
        findings: Sequence[Finding] | None = None,
        graph: Graph | None = None,
        hidden: int = 0,
    ) -> Estimate:
        where = target(self.target)
        return estimate(
            self.findings if findings is None else findings,
            self.files,
            graph or self.graph,
            where,
            chip=chip or where.default_chip,
            scenario=scenario,
            prices=prices(),
            edits=self.edits or None,
            hidden=hidden,
        )


def unit_of(path: str, *, family: bool = False) -> str:
    return f"kernel-family:{path}" if family else f"module:{path}"


def language(path: str) -> str:
    if path.endswith((".cu", ".cuh", ".cpp", ".h")):
        return "cuda"
    return "python" if path.endswith(".py") else "dockerfile"
