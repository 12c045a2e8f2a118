"""The lines of a text, as editors and compilers count them."""

from __future__ import annotations

import re

_LINE_ENDS = re.compile(r"\r\n|\r|\n")


def split_lines(text: str) -> list[str]:
    """Split at the line ends that editors and compilers know, and at no other."""
    return _LINE_ENDS.split(text)


def count_lines(text: str) -> int:
    """Count lines; a last line without an end counts, what follows a final line end does not."""
    ends = text.count("\n") + text.count("\r") - text.count("\r\n")
    return ends + bool(text and not text.endswith(("\n", "\r")))
