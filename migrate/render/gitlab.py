"""A check as GitLab's code quality report, which a merge request shows beside the changed lines."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from typing import Any

import msgspec

from migrate.guard.model import Check
from migrate.model import Change
from migrate.render.sarif import message, worst_first
from migrate.render.text import plain

_SEVERITIES: Mapping[Change | None, str] = {
    Change.NONE: "info",
    Change.RENAME: "minor",
    Change.ADAPT: "major",
    None: "major",
    Change.REWRITE: "critical",
    Change.BLOCKED: "blocker",
}


def render(check: Check) -> str:
    """Write the uses that fail and the problems of suppressions, each with a fingerprint of its own."""
    entries = []
    for item in worst_first(check.items):
        finding = item.finding
        entries.append(
            {
                "description": plain(message(check, item)),
                "check_name": finding.rule,
                "fingerprint": finding.fingerprint,
                "severity": _SEVERITIES[item.worst],
                "location": _location(finding.path, finding.span.line),
            }
        )
    seen: Counter[str] = Counter()
    for entry in check.problems:
        problem = entry.problem
        key = f"{entry.path}\0{problem.kind}\0{entry.line.strip()}"
        seen[key] += 1
        entries.append(
            {
                "description": plain(problem.message),
                "check_name": problem.kind.value,
                "fingerprint": _digest(f"{key}\0{seen[key]}"),
                "severity": "minor",
                "location": _location(entry.path, problem.line),
            }
        )
    return msgspec.json.format(msgspec.json.encode(entries), indent=1).decode() + "\n"


def _location(path: str, line: int) -> dict[str, Any]:
    return {"path": plain(path), "lines": {"begin": line}}


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).hexdigest()
