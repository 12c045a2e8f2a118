"""Findings to porting units, their dependencies, and the order of work. The only user of networkx.

An edge says "needs": what it points to is ported first. Cycles are condensed: their units are ported together. Waves
are the generations of the condensed graph, so everything in a wave can be worked on at the same time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec
import networkx as nx

from migrate.graph.edges import Edges
from migrate.graph.resolve import Resolver
from migrate.graph.units import Draft, Drafts
from migrate.model import Edge, Finding, Graph, Link, PortingUnit, Role, SourceFile, UnitKind


def build(files: Sequence[SourceFile], findings: Sequence[Finding], links: Mapping[str, Sequence[Link]]) -> Graph:
    """Build the graph of the porting work.

    Args:
        files: All files that were read.
        findings: All findings; only those in owned files that are not suppressed become work.
        links: Path -> what the file needs or offers, unresolved.
    """
    work = [finding for finding in findings if finding.role == Role.OWNED and finding.suppressed is None]
    by_path = {file.path: file for file in files}
    drafts = Drafts(by_path, work)
    collector = Edges(drafts, Resolver(files, work, links), links)
    edges = collector.collect()  # makes the units of extensions on its way
    units = {id_: _unit(id_, draft, drafts, by_path) for id_, draft in sorted(drafts.units.items())}
    unresolved = {kind: count for kind, count in sorted(collector.unresolved.items()) if count}
    return msgspec.structs.replace(_ordered(units, edges), unresolved=unresolved)


def _unit(id_: str, draft: Draft, drafts: Drafts, files: Mapping[str, SourceFile]) -> PortingUnit:
    return PortingUnit(
        id=id_,
        kind=draft.kind,
        title=draft.title,
        files=tuple(sorted(draft.files)),
        findings=tuple(draft.findings),
        code_lines=sum(_code_lines(path, draft.kind, drafts, files) for path in draft.files),
    )


def _code_lines(path: str, kind: UnitKind, drafts: Drafts, files: Mapping[str, SourceFile]) -> int:
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
