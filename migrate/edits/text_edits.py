"""Edits of languages other than Python: the identifier or value at the place, and nothing else."""

from __future__ import annotations

import re

from migrate.edits.changes import Change, Rebinding
from migrate.edits.splices import Refused, Splice, Text
from migrate.model import EditSpec, Use

_SKIPPED = re.compile(
    r"//[^\n]*+|/\*(?:[^*]++|\*(?!/))*+(?:\*/)?+|\"(?:[^\"\\\n]++|\\.)*+\"?+|'(?:[^'\\\n]++|\\.)*+'?+|(?P<bracket>[()\[\]{}])",
    re.DOTALL,
)


class TextEditor:
    """Makes changes in one file of C, C++, CMake or a manifest."""

    def __init__(self, text: Text) -> None:
        self._text = text
        self._brackets = _brackets(text.text)

    def change(self, use: Use, spec: EditSpec) -> Change:
        """Work out the change at one use; see `Editor`."""
        start, end = self._text.range(use.span)
        segment = self._text.text[start:end]
        names = {**spec.identifier, **spec.string, **spec.rename}
        for old in sorted(names, key=len, reverse=True):
            found = re.search(rf"(?<!\w){re.escape(old)}(?!\w)", segment)
            if found:
                return Change(splices=(Splice(start + found.start(), start + found.end(), names[old]),))
        raise Refused("the name that the edit replaces is not written here")

    def rebind(self, rebindings: frozenset[Rebinding]) -> tuple[Splice, ...]:
        """Return no replacements: these languages have no imports to change."""
        del rebindings
        return ()

    def statement(self, use: Use) -> tuple[int, int]:
        """Return the lines of a use; see `Editor`."""
        return use.span.line, use.span.line

    def check(self, text: str) -> str:
        """Say whether an edited text nests its brackets otherwise."""
        return "" if _brackets(text) == self._brackets else "the edited file nests its brackets otherwise"


def _brackets(text: str) -> str:
    return "".join(found["bracket"] for found in _SKIPPED.finditer(text) if found["bracket"])
