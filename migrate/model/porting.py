"""How far a repository has already come on its way to a target."""

from __future__ import annotations

from enum import StrEnum

from migrate.model.base import Struct


class Cover(StrEnum):
    """Why a use is no work for a target any more."""

    BRANCH = "branch"
    """A condition around it asks for the target: the code has a branch of its own there."""
    SHIM = "shim"
    """A header that the file includes gives the name its meaning on the target."""
    TWIN = "twin"
    """Another file of the repository does the same for the target."""
    HIPIFY = "hipify"
    """The build translates it, so that nobody has to."""
    PORTABLE = "portable"
    """The form means whatever accelerator there is."""
    FOREIGN = "foreign"
    """Only another vendor's build compiles it: nothing is tied to CUDA there, whatever names it holds."""


class BackEnd(Struct, frozen=True):
    """A folder that holds code written for a target."""

    place: str
    files: int


class PortingProgress(Struct, frozen=True):
    """What of the code tied to CUDA already has an answer for one target."""

    uses: int
    """Owned places tied to CUDA that are not the same on the target; suppressed ones and other vendors' code left
    out."""
    covered: dict[Cover, int]
    """Why -> how many of them are no work any more; only what occurs."""
    kernels: int
    """CUDA kernels among them."""
    kernels_covered: int
    back_ends: tuple[BackEnd, ...]
    """Folders with code written for the target, most files first."""
    hipified: tuple[str, ...] = ()
    """Extensions that the build translates to HIP, sorted; only of ROCm."""

    @property
    def covered_uses(self) -> int:
        """Return how many uses are no work any more."""
        return sum(self.covered.values())

    @property
    def share(self) -> float:
        """Return the share of the uses that are no work any more, from 0 to 1."""
        return self.covered_uses / self.uses if self.uses else 0.0
