"""Other spellings of C and C++ code: trigraphs, digraphs, and words that a line splice cuts."""

from __future__ import annotations

import re
from collections.abc import Callable


def spell_plainly(text: str, masked: str) -> tuple[str, str]:
    """Rewrite code in its usual spelling; every piece keeps its length, so that offsets stay those of the file.

    Args:
        text: The original.
        masked: The same with comments and contents of literals blanked; nothing but code is rewritten.

    Returns:
        Both, rewritten alike.
    """
    for sign, pattern, plain in _SPELLINGS:
        if sign not in masked or (sign == "\\" and not _splices_a_word(masked)):
            continue
        texts: list[str] = []
        masks: list[str] = []
        done = 0
        for found in pattern.finditer(masked):
            written = plain(found)
            texts += (text[done : found.start()], written)
            masks += (masked[done : found.start()], written)
            done = found.end()
        text = "".join((*texts, text[done:]))
        masked = "".join((*masks, masked[done:]))
    return text, masked


def _splices_a_word(masked: str) -> bool:
    before = (masked[found.start() - 1] for found in _BEFORE_WORD.finditer(masked, 1))
    return any(sign.isalnum() or sign == "_" for sign in before)


def _digraph(found: re.Match[str]) -> str:
    return _DIGRAPHS[found[0]] + " "


def _trigraph(found: re.Match[str]) -> str:
    return "  \\" if found[0] == "??/" else _TRIGRAPHS[found[0]] + "  "


def _joined_word(found: re.Match[str]) -> str:
    """Move the splices inside a word behind it: the word keeps its place, what follows keeps its line."""
    return _SPLICE.sub("", found[0]) + "".join(_SPLICE.findall(found[0]))


_DIGRAPHS = {"%:": "#", "<%": "{", "%>": "}", "<:": "[", ":>": "]"}
_TRIGRAPHS = {"??=": "#", "??(": "[", "??)": "]", "??<": "{", "??>": "}"}
_SPLICE = re.compile(r"\\(?:\r\n|\r|\n)")
_BEFORE_WORD = re.compile(r"\\(?:\r\n|\r|\n)(?=\w)")
_SPELLINGS: tuple[tuple[str, re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    ("??", re.compile(r"\?\?[=()<>]|\?\?/(?=[\r\n])"), _trigraph),
    ("%:", re.compile(r"%:"), _digraph),
    ("<%", re.compile(r"<%"), _digraph),
    ("%>", re.compile(r"%>"), _digraph),
    ("<:", re.compile(r"<:(?!:[^:>])"), _digraph),
    (":>", re.compile(r"(?<!:):>"), _digraph),
    ("\\", re.compile(r"\b\w++(?:\\(?:\r\n|\r|\n)\w++)++"), _joined_word),
)
"""A sign of it, the spelling, and what is written instead; one after the other."""
