"""Scripts of Windows, rewritten as if for a shell: every piece keeps its place."""

from __future__ import annotations

import re

_WORDS_IN_ANY_CASE = re.compile(r"(?im)^[ \t@(]*(?:set|setx|call|echo|if|start|title|where)\b")
_REMARK = re.compile(r"(?im)^[ \t@]*(?:rem\b|::)[^\r\n]*")
_VARIABLE = re.compile(r"%([A-Za-z_]\w*)%", re.ASCII)
_JOINT = re.compile(r"\^(?=[ \t]*[\r\n])")
_SIGNS = str.maketrans({"\\": "/", "'": " ", "`": " ", "^": " "})

_BLOCK_COMMENT = re.compile(r"<#(?:[^#]++|#(?!>))*+(?:#>)?")
_ENVIRONMENT = re.compile(r"(?im)\$env:([A-Za-z_]\w*)([ \t]*)\+?=", re.ASCII)
_TICK = re.compile(r"`(?=[ \t]*[\r\n])")
_POWERSHELL_SIGNS = str.maketrans({"\\": "/", "`": " "})
_MARK = "\0"
"""Stands for a line's joint while other signs are replaced."""


def as_shell(path: str, text: str) -> str:
    """Return a script of the same length that a shell would read alike."""
    text = text.replace(_MARK, " ")
    return _powershell(text) if path.lower().endswith(".ps1") else _batch(text)


def _batch(text: str) -> str:
    """Rewrite a batch file: remarks, line joints, `%NAME%`, backslashes that separate folders."""
    text = _REMARK.sub(lambda found: " " * len(found[0]), text)
    text = _WORDS_IN_ANY_CASE.sub(lambda found: found[0].lower().replace("@", " ").replace("(", " "), text)
    text = _JOINT.sub(_MARK, text).translate(_SIGNS)
    return _VARIABLE.sub(lambda found: f"${found[1]}}}", text).replace(_MARK, "\\")


def _powershell(text: str) -> str:
    """Rewrite a PowerShell script: comments over lines, joints, and `$env:NAME = value` as a command."""
    text = _BLOCK_COMMENT.sub(lambda found: re.sub(r"[^\r\n]", " ", found[0]), text)
    text = _ENVIRONMENT.sub(lambda found: "setx " + found[1] + " " * (len(found[0]) - 5 - len(found[1])), text)
    return _TICK.sub(_MARK, text).translate(_POWERSHELL_SIGNS).replace(_MARK, "\\")
