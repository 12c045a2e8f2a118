"""What editors give: the change that an edit specification makes at one use."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from migrate.edits.splices import Splice
from migrate.model import EditSpec, Use


class Rebinding(NamedTuple):
    """An imported name stands for something else: `from torch import cuda` becomes `from torch import npu as cuda`."""

    statement: int
    """Which import statement: the index of its logical line."""
    line: int
    """Where the statement begins."""
    name: str
    """The name that the file uses."""
    old: str
    """Dotted origin."""
    new: str


class Change(NamedTuple):
    """What must change for one use."""

    splices: tuple[Splice, ...] = ()
    rebindings: frozenset[Rebinding] = frozenset()


class Editor(Protocol):
    """Makes changes in one file."""

    def change(self, use: Use, spec: EditSpec) -> Change:
        """Work out the change at one use.

        Raises:
            Refused: The specification does not fit what stands there.
        """
        ...

    def rebind(self, rebindings: frozenset[Rebinding]) -> tuple[Splice, ...]:
        """Return the replacements that change imports.

        Raises:
            Refused: An import cannot be changed so.
        """
        ...

    def statement(self, use: Use) -> tuple[int, int]:
        """Return the first and last line of the statement that holds a use."""
        ...

    def check(self, text: str) -> str:
        """Say why an edited text is not sound, or return an empty string."""
        ...
