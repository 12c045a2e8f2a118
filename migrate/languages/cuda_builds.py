"""Which vendors' builds compile a C, C++ or CUDA file beside CUDA's, and which of its headers they leave out."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.languages.lexical import Lexed
from migrate.languages.preprocessor import EVERYBODY, Preprocessed, include_path
from migrate.model import Link, LinkKind
from migrate.model.links import APART, COMPILED


def build_links(lexed: Lexed, places: Preprocessed) -> Iterator[Link]:
    """Yield what the conditions in a file say of other vendors' builds."""
    if places.asked:
        yield from _compiled(lexed, places)
        yield from _apart(lexed, places)


def _compiled(lexed: Lexed, places: Preprocessed) -> Iterator[Link]:
    """Yield the targets that a condition asks for: nobody asks in a file that they never compile.

    A branch that ends in `#error` asks in order to refuse.
    """
    refused: set[str] = set()
    for item in lexed.directives:
        if item.keyword == "error" and (state := places.state(item.start)).foreign and not state.disabled:
            refused.update(state.guards)
    for target, at in sorted(places.asked.items()):
        if target not in refused:
            yield Link(kind=LinkKind.BINDING, to=target, via=COMPILED, line=lexed.lines.line(at))


def _apart(lexed: Lexed, places: Preprocessed) -> Iterator[Link]:
    """Yield the headers that a target's build never reaches from here, whichever line includes them."""
    left_out: dict[str, set[str]] = {}
    lines: dict[str, int] = {}
    for item in lexed.directives:
        state = places.state(item.start)
        if item.keyword not in ("include", "include_next") or state.disabled:
            continue
        path = include_path(lexed, item)
        by = set() if state.foreign else {guard for guard in state.guards if guard != EVERYBODY}
        left_out[path] = left_out.get(path, by) & by
        lines.setdefault(path, lexed.lines.line(item.start))
    for path, targets in left_out.items():
        for target in sorted(targets):
            yield Link(kind=LinkKind.BINDING, to=path, via=f"{APART}{target}", line=lines[path])
