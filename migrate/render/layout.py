"""Place units of work in columns by wave so that few lines cross; plain barycentre sweeps, no randomness."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

SWEEPS = 8


def ordered_columns(columns: Sequence[Sequence[str]], edges: Iterable[tuple[str, str]]) -> tuple[tuple[str, ...], ...]:
    """Order the nodes of each column by the mean position of their neighbours, alternating left and right.

    Args:
        columns: Nodes by wave; ties keep this order.
        edges: Pairs of nodes in any columns.
    """
    neighbours: dict[str, list[str]] = defaultdict(list)
    for one, other in edges:
        neighbours[one].append(other)
        neighbours[other].append(one)
    column_of = {node: index for index, column in enumerate(columns) for node in column}
    result = [list(column) for column in columns]
    for sweep in range(SWEEPS):
        forward = sweep % 2 == 0
        indices = range(len(result)) if forward else range(len(result) - 1, -1, -1)
        for index in indices:
            positions = _positions(result)
            # Only the side already settled in this sweep pulls; the other side would undo it.
            result[index].sort(
                key=lambda node: _barycentre(
                    positions[node],
                    [
                        positions[other]
                        for other in neighbours[node]
                        if other in positions
                        and (column_of[other] < column_of[node]) is forward
                        and column_of[other] != column_of[node]
                    ],
                )
            )
    return tuple(tuple(column) for column in result)


def _positions(columns: Sequence[Sequence[str]]) -> dict[str, float]:
    """Return the height of each node as a share of its column, centred."""
    return {node: (position + 0.5) / len(column) for column in columns for position, node in enumerate(column)}


def _barycentre(own: float, others: Sequence[float]) -> float:
    """Return where a node wants to be; without neighbours it stays."""
    return sum(others) / len(others) if others else own


def contracted(edges: Mapping[str, Iterable[str]], kept: frozenset[str], limit: int = 20_000) -> list[tuple[str, str]]:
    """Return edges between kept nodes, following paths through the others.

    Args:
        edges: Node to what it needs.
        kept: Nodes to keep.
        limit: Steps after which a node's further paths are left out.
    """
    result: list[tuple[str, str]] = []
    for start in sorted(kept):
        seen = {start}
        stack = sorted(edges.get(start, ()), reverse=True)
        while stack and len(seen) < limit:
            node = stack.pop()
            if node in seen:
                continue
            seen.add(node)
            if node in kept:
                result.append((start, node))
            else:
                stack.extend(edges.get(node, ()))
    return sorted(result)
