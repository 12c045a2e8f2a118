"""Needs between files with work, also those that pass through files without any."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import networkx as nx

from migrate.model import LinkKind, UnitKind


def through(
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
