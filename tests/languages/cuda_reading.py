"""Reads CUDA text with the shipped vocabulary, for tests that ask for what users see."""

from __future__ import annotations

import functools

from migrate import rulebook
from migrate.languages import front_end
from migrate.model import Extraction, LinkKind, Role, SourceFile, Use, UseKind, Vocabulary


@functools.cache
def shipped_vocabulary() -> Vocabulary:
    return rulebook.shipped().vocabulary("cuda")


def read(text: str, path: str = "a.cu") -> Extraction:
    file = SourceFile(path=path, language="cuda", content="", lines=0, code_lines=0, role=Role.OWNED)
    return front_end("cuda").extract(file, text, shipped_vocabulary())


def uses(text: str, *kinds: UseKind, path: str = "a.cu") -> list[Use]:
    return [use for use in read(text, path).uses if use.kind in kinds]


def names(text: str, *, path: str = "a.cu") -> list[str]:
    """Return the names of what is called, named or asked for in a condition."""
    return [use.name for use in uses(text, UseKind.CALL, UseKind.NAME, UseKind.MACRO, path=path)]


def kernels(text: str, path: str = "a.cu") -> list[str]:
    return [use.symbol for use in uses(text, UseKind.KERNEL, path=path)]


def started(text: str, path: str = "a.cu") -> set[str]:
    """Return the names that launch links lead to."""
    return {link.to for link in read(text, path).links if link.kind is LinkKind.LAUNCH}
