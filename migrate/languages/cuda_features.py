"""What makes a kernel hard to port: the features of the kernel formula, as patterns over device code."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

FEATURE_PATTERNS: dict[str, str] = {
    "warp-width": r"warpSize|(?:\w*_)?WARP_?SIZE|kWarpSize|warp_size|WARP_THREADS|NumThreadsPerWarp",
    "shuffle": (
        r"__shfl\w*|__ballot(?:_sync)?|__(?:any|all)(?:_sync)?(?=\s*\()|__match_\w+|__activemask|__reduce_\w+_sync|__syncwarp"
        r"|cooperative_groups|cg(?=\s*::)|tiled_partition|coalesced_threads|WARP_(?:SHFL|BALLOT)\w*|SHFL_\w+|shfl_\w+_sync"
    ),
    "shared-memory": r"__shared__",
    "tensor-core": (
        r"wmma|mma_sync|load_matrix_sync|wgmma\w*|ldmatrix\w*|stmatrix\w*|tcgen05\w*|__[bhsi]?mma_\w+|MMA_Atom"
        r"|TiledM[mM][aA]"
    ),
    "async-copy": (
        r"memcpy_async|__pipeline_\w+|cp_async\w*|cluster_group|this_cluster|cluster_sync|map_shared_rank"
        r"|cuda::pipeline"
        r"|cuda::barrier|make_pipeline|ClusterTransactionBarrier|SM90_TMA\w*|tma_(?:load|store)\w*"
        r"|cudaGridDependencySynchronize"
    ),
    "atomic": (
        r"(?:gpu|fast)?[aA]tomic(?:Add|Sub|Exch|Min|Max|Inc|Dec|CAS|And|Or|Xor|Mul)\w*"
        r"|cuda::(?:std::)?atomic\w*"
    ),
    "texture": (
        r"tex(?:1D|2D|3D|Cubemap)\w*|surf(?:1D|2D|3D|Cubemap)(?:read|write|Layered)\w*|cudaTextureObject_t"
        r"|cudaSurfaceObject_t"
    ),
    "template-library": r"cutlass(?=\s*::)|cute(?=\s*::)|cub(?=\s*::)|thrust(?=\s*::)",
}
"""Feature id of the kernel formula -> what counts as one occurrence, a whole identifier."""

INSTRUCTION_FEATURES: dict[str, str] = {
    "tensor-core": r"(?:mma|wmma|wgmma|ldmatrix|stmatrix|tcgen05)\.",
    "async-copy": (
        r"cp\.(?:async|reduce)|mbarrier\.|barrier\.cluster|clusterlaunchcontrol|griddepcontrol|mapa\."
        r"|fence\.proxy\.async"
    ),
    "shuffle": r"(?:shfl|vote|match|activemask|redux|elect)\b",
    "atomic": r"(?:atom|red)\.",
    "texture": r"(?:tex|tld4|txq|suld|sust|suq)\.",
}
"""Feature id -> beginning of a PTX instruction."""

_ORDER = (*FEATURE_PATTERNS, "ptx", "dynamic-parallelism")
_CODE = re.compile(
    r"\b(?:"
    + "|".join(f"(?P<{id_.replace('-', '_')}>{pattern})" for id_, pattern in FEATURE_PATTERNS.items())
    + r")(?!\w)"
)
_INSTRUCTION = {id_: re.compile(pattern) for id_, pattern in INSTRUCTION_FEATURES.items()}


class Features:
    """Counts of features, in the order of the tables."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def add(self, counts: Mapping[str, int]) -> None:
        """Add occurrences."""
        self._counts.update(counts)

    def counts(self) -> dict[str, int]:
        """Return what occurs."""
        return {id_: self._counts[id_] for id_ in _ORDER if self._counts[id_]}


def features_of_code(code: str, start: int, end: int) -> dict[str, int]:
    """Count the features of masked code between two offsets, without those of assembly."""
    counts = Counter((found.lastgroup or "").replace("_", "-") for found in _CODE.finditer(code, start, end))
    return {id_: counts[id_] for id_ in _ORDER if counts[id_]}


def features_of_instruction(mnemonic: str) -> list[str]:
    """Return the features that a PTX instruction stands for."""
    return [id_ for id_, pattern in _INSTRUCTION.items() if pattern.match(mnemonic)]
