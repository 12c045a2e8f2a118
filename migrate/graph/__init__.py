"""Findings to porting units, their dependencies, and the order of work. The only user of networkx.

An edge says "needs": what it points to is ported first. Cycles are condensed: their units are ported together. Waves
are the generations of the condensed graph, so everything in a wave can be worked on at the same time.
"""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
import networkx as nx

from migrate.graph.resolve import PROVIDES, Resolver
from migrate.model import Area, Edge, Finding, Graph, Link, LinkKind, PortingUnit, Role, SourceFile, UnitKind
from migrate.rulebook import PACKAGE

_IN_KERNEL_AREAS = frozenset({Area.KERNEL, Area.PTX, Area.PRECISION, Area.TRITON})
_BUILD_LANGUAGES = frozenset({"cmake", "requirements", "pyproject"})


@dataclass
class _Draft:
    kind: UnitKind
    title: str
    files: dict[str, None] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)


def build(files: Sequence[SourceFile], findings: Sequence[Finding], links: Mapping[str, Sequence[Link]]) -> Graph:
    """Build the graph of the porting work.

    Args:
        files: All files that were read.
        findings: All findings; only those in owned files that are not suppressed become work.
        links: Path -> what the file needs or offers, unresolved.
    """
    work = [finding for finding in findings if finding.role == Role.OWNED and finding.suppressed is None]
    by_path = {file.path: file for file in files}
    drafts = _Drafts(by_path, work)
    resolver = Resolver(files, work, links)
    edges = _Edges(drafts, resolver, links).collect()  # makes the units of extensions on its way
    units = {id_: _unit(id_, draft, drafts, by_path) for id_, draft in sorted(drafts.units.items())}
    return _ordered(units, edges)


class _Drafts:
    """Units in the making: each finding goes to exactly one."""

    def __init__(self, files: Mapping[str, SourceFile], findings: Sequence[Finding]) -> None:
        self.units: dict[str, _Draft] = {}
        self.of_file: dict[str, list[str]] = defaultdict(list)
        """Units that a file's code belongs to, host side first; an extension stands for itself under its unit's id."""
        self._files = files
        self._kernel_files = {finding.path for finding in findings if finding.kernel is not None}
        self.kernel_lines: dict[str, int] = defaultdict(int)
        """Path -> code lines inside kernels."""
        for finding in findings:
            if finding.kernel is not None:
                self.kernel_lines[finding.path] += finding.kernel.code_lines
        self.uses: dict[tuple[str, str], int] = defaultdict(int)
        """(file, library or package unit) -> number of findings."""
        for finding in findings:
            self._place(finding)
        for path, _ in sorted(self.uses):  # last, so that the order of findings in a file does not matter
            self.home(path)

    def _place(self, finding: Finding) -> None:
        path = finding.path
        kind, name = self._belongs(finding)
        id_ = f"{kind}:{name}"
        draft = self.units.setdefault(id_, _Draft(kind, name))
        draft.findings.append(finding.fingerprint)
        if kind in (UnitKind.LIBRARY, UnitKind.PACKAGE):
            self.uses[path, id_] += 1
        else:
            draft.files[path] = None
            self._register(path, id_)

    def _belongs(self, finding: Finding) -> tuple[UnitKind, str]:
        path, language = finding.path, self._files[finding.path].language
        if finding.library == PACKAGE:
            return UnitKind.PACKAGE, finding.symbol
        if finding.area == Area.LIBRARY and language == "cuda":
            return UnitKind.LIBRARY, finding.library
        in_kernel = finding.kernel is not None or finding.in_kernel
        if in_kernel or (path in self._kernel_files and language == "cuda" and finding.area in _IN_KERNEL_AREAS):
            return UnitKind.KERNEL_FAMILY, path
        return self._own_kind(path), path

    def _own_kind(self, path: str) -> UnitKind:
        language = self._files[path].language
        if language == "dockerfile":
            return UnitKind.DEPLOY
        if language in _BUILD_LANGUAGES or posixpath.basename(path) == "setup.py":
            return UnitKind.BUILD
        return UnitKind.MODULE

    def home(self, path: str) -> None:
        """Give a file a unit of its own, also when it only uses libraries or packages."""
        if not self.of_file[path]:
            kind = self._own_kind(path)
            self.units.setdefault(f"{kind}:{path}", _Draft(kind, path)).files[path] = None
            self._register(path, f"{kind}:{path}")

    def _register(self, path: str, id_: str) -> None:
        if id_ not in self.of_file[path]:
            self.of_file[path].append(id_)
            self.of_file[path].sort(key=lambda unit: (unit.startswith(UnitKind.KERNEL_FAMILY), unit))

    def extension(self, name: str, declared_in: str) -> str:
        """Return the unit of a compiled extension or build target."""
        id_ = f"{UnitKind.EXTENSION}:{name}"
        self.units.setdefault(id_, _Draft(UnitKind.EXTENSION, name)).files.setdefault(declared_in)
        self.of_file[id_] = [id_]
        return id_


class _Edges:
    """Dependencies between units, read off the links of all files."""

    def __init__(self, drafts: _Drafts, resolver: Resolver, links: Mapping[str, Sequence[Link]]) -> None:
        self._drafts = drafts
        self._resolver = resolver
        self._links = links
        self._weights: dict[tuple[str, str, LinkKind], int] = defaultdict(int)
        self._extensions: dict[str, str] = {}
        """Binding name -> extension unit."""
        self._built_into: dict[str, list[str]] = defaultdict(list)
        """Source file -> extension units."""

    def collect(self) -> list[Edge]:
        """Return all edges, sorted; none points at itself."""
        self._find_extensions()
        needs = self._file_needs()
        for _, units in sorted(self._drafts.of_file.items()):
            for kernels in units[1:]:  # the host side of a file launches its kernels
                self._add(units[0], kernels, LinkKind.LAUNCH)
        for (path, unit), count in sorted(self._drafts.uses.items()):
            if self._drafts.of_file.get(path):
                kind = LinkKind.LINK if unit.startswith(UnitKind.LIBRARY) else LinkKind.REQUIRES
                self._add(self._drafts.of_file[path][0], unit, kind, count)
        for source, target, kind, count in _through(needs, self._drafts.of_file):
            # What a file includes serves its kernels too; everything else is the host side's need.
            units = self._drafts.of_file[source]
            for one in units if kind == LinkKind.INCLUDE else units[:1]:
                for other in self._needed(target, kind):
                    self._add(one, other, kind, count)
        return [
            Edge(source=source, needs=needed, kind=kind, weight=weight)
            for (source, needed, kind), weight in sorted(self._weights.items())
        ]

    def _add(self, source: str, needed: str, kind: LinkKind, count: int = 1) -> None:
        if source != needed:
            self._weights[source, needed, kind] += count

    def _needed(self, path: str, kind: LinkKind) -> Sequence[str]:
        units = self._drafts.of_file[path]
        return units[-1:] if kind == LinkKind.LAUNCH else units[:1]

    def _find_extensions(self) -> None:
        """Make a unit for every extension or target that builds a source with work in it, or links to one that does."""
        declared: dict[str, str] = {}
        for path, link in self._all(LinkKind.BUILD):
            declared.setdefault(link.via, path)
            for source in self._resolver.sources(link.to, path):
                if parts := self._drafts.of_file.get(source):
                    unit = self._extension(link.via, path)
                    self._built_into[source].append(unit)
                    for part in parts:
                        self._add(unit, part, LinkKind.BUILD)
        linked = [(link.via, link.to) for _, link in self._all(LinkKind.LINK)]
        reached = True
        while reached:  # a target that only wraps another one, as bindings do
            reached = False
            for name, needed in linked:
                known = self._extensions.get(f"module:{needed}")
                if known and name in declared and f"module:{name}" not in self._extensions:
                    self._extension(name, declared[name])
                    reached = True

    def _all(self, kind: LinkKind) -> Iterable[tuple[str, Link]]:
        for path in sorted(self._links):
            for link in self._links[path]:
                if link.kind == kind and link.via:
                    yield path, link

    def _extension(self, name: str, declared_in: str) -> str:
        unit = self._drafts.extension(name, declared_in)
        self._extensions[f"module:{name}"] = unit
        for builder in self._drafts.of_file.get(declared_in, ()):
            self._add(unit, builder, LinkKind.BUILD)
        return unit

    def _file_needs(self) -> dict[str, dict[tuple[str, LinkKind], int]]:
        """Resolve links to files and extensions."""
        needs: dict[str, dict[tuple[str, LinkKind], int]] = defaultdict(lambda: defaultdict(int))
        for path in sorted(self._links):
            for link in self._links[path]:
                if link.kind == LinkKind.LINK:
                    self._link(link)
                for target, kind in self._targets(path, link):
                    if target != path:
                        needs[path][target, kind] += 1
        return needs

    def _targets(self, path: str, link: Link) -> Iterable[tuple[str, LinkKind]]:
        """Yield the files and extensions that a link leads to."""
        target: str | None = None
        match link.kind:
            case LinkKind.IMPORT:
                if extension := self._extension_of(link.to):
                    yield extension, LinkKind.BINDING
                else:
                    target = self._resolver.module(link.to, path)
            case LinkKind.INCLUDE:
                target = self._resolver.include(link.to, path)
            case LinkKind.LAUNCH:
                target = self._resolver.kernel(link.to, path)
            case LinkKind.BINDING if link.via != PROVIDES:
                if extension := self._extensions.get(link.to):
                    yield extension, LinkKind.BINDING
                elif target := self._resolver.provider(link.to, path):
                    for unit in self._built_into.get(target, ()):
                        yield unit, LinkKind.BINDING
            case _:
                pass
        if target is not None:
            yield target, link.kind

    def _extension_of(self, dotted: str) -> str | None:
        for name in (dotted, dotted.rpartition(".")[0]):
            if name and (unit := self._extensions.get(f"module:{name}")):
                return unit
        return None

    def _link(self, link: Link) -> None:
        source = self._extensions.get(f"module:{link.via}")
        if source is None:
            return
        name = link.to.removeprefix("CUDA::").removeprefix("-l").removesuffix("_static").lower()
        for needed in (f"{UnitKind.EXTENSION}:{link.to}", f"{UnitKind.LIBRARY}:{name}"):
            if needed in self._drafts.units:
                self._add(source, needed, LinkKind.LINK)


def _through(
    needs: Mapping[str, Mapping[tuple[str, LinkKind], int]], of_file: Mapping[str, Sequence[str]]
) -> Iterable[tuple[str, str, LinkKind, int]]:
    """Yield needs between files with work, also those that pass through files without any.

    Direct needs are all kept. Indirect ones are kept only when no other path gives the same order, so that a hub
    without work (a package's `__init__`) does not turn into a bundle of edges from everybody to everybody.
    """
    for source, targets in sorted(needs.items()):
        if of_file.get(source):
            for (target, kind), count in sorted(targets.items()):
                if of_file.get(target):
                    yield source, target, kind, count
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(sorted({*needs, *(target for targets in needs.values() for target, _ in targets)}))
    graph.add_edges_from((source, target) for source, targets in sorted(needs.items()) for target, _ in sorted(targets))
    condensed = nx.condensation(graph)
    members: Mapping[int, set[str]] = nx.get_node_attributes(condensed, "members")
    works = {node: any(of_file.get(path) for path in paths) for node, paths in members.items()}
    nearest: dict[int, int] = {}
    """Component -> bit set of the components with work that it reaches first."""
    reach: dict[int, int] = {}
    """Component -> bit set of all components with work that it reaches, itself included."""
    order = list(nx.topological_sort(condensed))
    place = {node: position for position, node in enumerate(order)}
    for node in reversed(order):
        near, far, covered = 0, 0, 0
        for after in condensed.successors(node):
            near |= nearest[after]
            far |= reach[after]
            covered |= reach[after] if works[after] else 0
        if works[node]:
            for other in sorted(
                _bits(near & ~covered), key=place.__getitem__
            ):  # whoever comes first may cover the rest
                if not covered >> other & 1:
                    yield from _joined(members, node, other, of_file)
                    covered |= reach[other]
            nearest[node], reach[node] = 1 << node, far | 1 << node
        else:
            nearest[node], reach[node] = near, far


def _joined(
    members: Mapping[int, set[str]], node: int, other: int, of_file: Mapping[str, Sequence[str]]
) -> Iterable[tuple[str, str, LinkKind, int]]:
    source = min(path for path in members[node] if of_file.get(path))
    target = min(path for path in members[other] if of_file.get(path))
    kind = LinkKind.BINDING if target.startswith(UnitKind.EXTENSION) else LinkKind.IMPORT
    yield source, target, kind, 1


def _bits(value: int) -> Iterable[int]:
    while value:
        low = value & -value
        yield low.bit_length() - 1
        value ^= low


def _unit(id_: str, draft: _Draft, drafts: _Drafts, files: Mapping[str, SourceFile]) -> PortingUnit:
    return PortingUnit(
        id=id_,
        kind=draft.kind,
        title=draft.title,
        files=tuple(sorted(draft.files)),
        findings=tuple(draft.findings),
        code_lines=sum(_code_lines(path, draft.kind, drafts, files) for path in draft.files),
    )


def _code_lines(path: str, kind: UnitKind, drafts: _Drafts, files: Mapping[str, SourceFile]) -> int:
    """Count a file's lines in one unit only: those of its kernels with the kernels, the rest with the host side."""
    if kind == UnitKind.EXTENSION:
        return 0
    whole, in_kernels = files[path].code_lines, drafts.kernel_lines[path]
    if kind == UnitKind.KERNEL_FAMILY and len(drafts.of_file[path]) == 1:
        return whole
    in_kernels = min(whole, in_kernels)
    return in_kernels if kind == UnitKind.KERNEL_FAMILY else whole - in_kernels


def _ordered(units: Mapping[str, PortingUnit], edges: Sequence[Edge]) -> Graph:
    graph = _digraph(units, edges)
    condensed = nx.condensation(graph)
    members: Mapping[int, set[str]] = nx.get_node_attributes(condensed, "members")
    waves: list[tuple[str, ...]] = []
    wave_of: dict[str, int] = {}
    for number, generation in enumerate(nx.topological_generations(condensed.reverse(copy=False))):
        wave = tuple(sorted(id_ for node in generation for id_ in members[node]))
        waves.append(wave)
        wave_of.update(dict.fromkeys(wave, number))
    cycles = sorted(tuple(sorted(ids)) for ids in members.values() if len(ids) > 1)
    cycle_of = {id_: number for number, cycle in enumerate(cycles) for id_ in cycle}
    unlocks = _unlocks(condensed, members, units)
    return Graph(
        units=tuple(
            msgspec.structs.replace(unit, wave=wave_of[id_], cycle=cycle_of.get(id_), unlocks=unlocks[id_])
            for id_, unit in units.items()
        ),
        edges=tuple(edges),
        waves=tuple(waves),
        cycles=tuple(cycles),
    )


def _digraph(units: Iterable[str], edges: Iterable[Edge]) -> nx.DiGraph[str]:
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(units)
    graph.add_edges_from((edge.source, edge.needs) for edge in edges)
    return graph


def _unlocks(
    condensed: nx.DiGraph[int], members: Mapping[int, set[str]], units: Mapping[str, PortingUnit]
) -> dict[str, int]:
    """Count, for each unit, the units with findings that wait for it; bit sets keep this linear in edges."""
    numbers = {id_: number for number, id_ in enumerate(units)}
    waiting: dict[int, int] = {}
    counts: dict[str, int] = {}
    for node in nx.topological_sort(condensed):  # from those who need to those who are needed
        mask = 0
        for before in condensed.predecessors(node):
            mask |= waiting[before]
            for id_ in members[before]:
                if units[id_].findings:
                    mask |= 1 << numbers[id_]
        waiting[node] = mask
        for id_ in members[node]:
            counts[id_] = mask.bit_count()
    return counts


def longest_chain(graph: Graph, days: Mapping[str, float]) -> tuple[str, ...]:
    """Return the units of the chain with the most work, first to last.

    Args:
        graph: The order of work.
        days: Unit -> person-days; missing units have none. Units of a cycle count together.
    """
    condensed = nx.condensation(_digraph((unit.id for unit in graph.units), graph.edges))
    members: Mapping[int, set[str]] = nx.get_node_attributes(condensed, "members")
    weight = {node: sum(days.get(id_, 0.0) for id_ in ids) for node, ids in members.items()}
    best: dict[int, float] = {}
    follow: dict[int, int | None] = {}
    for node in reversed(list(nx.topological_sort(condensed))):
        after = max(condensed.successors(node), key=lambda other: (best[other], -other), default=None)
        best[node] = weight[node] + (best[after] if after is not None else 0.0)
        follow[node] = after
    chain: list[int] = []
    current = max(best, key=lambda node: (best[node], -node), default=None)
    while current is not None:
        chain.append(current)
        current = follow[current]
    return tuple(id_ for node in reversed(chain) for id_ in sorted(members[node]) if days.get(id_, 0.0) > 0)
