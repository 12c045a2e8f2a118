"""A check as SARIF 2.1.0, the format that code hosts and editors read.

Hosts cut long results (GitHub shows 5,000 and takes 25,000 a run), so the worst of what is new comes first.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from migrate.guard.model import Card, Check, Gone, Item, MarkerProblem, State
from migrate.model import CHANGE_ORDER, Change, Span
from migrate.render.text import plain
from migrate.scan.suppression import INLINE, ProblemKind
from migrate.version import VERSION

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
MOST = 25_000
"""Results of one run that GitHub takes (its documentation of SARIF support)."""
_FINGERPRINT = "cudaMigrateFingerprint/v1"
_BASE = "%SRCROOT%"

_LEVELS: Mapping[Change | None, str] = {
    Change.NONE: "note",
    Change.RENAME: "warning",
    Change.ADAPT: "warning",
    None: "warning",
    Change.REWRITE: "error",
    Change.BLOCKED: "error",
}

MARKERS: Mapping[ProblemKind, Card] = {
    ProblemKind.INVALID: Card(
        title="Suppression that is not understood",
        why="It silences nothing, whatever its author thinks.",
        refs=(),
    ),
    ProblemKind.UNUSED: Card(
        title="Suppression that silences nothing",
        why="What it was for is gone; left alone it would silence the next use.",
        refs=(),
    ),
    ProblemKind.EXPIRED: Card(
        title="Suppression whose date has passed",
        why="What it put off until then is still there.",
        refs=(),
    ),
}
"""What a reader is told of the problems of suppressions, which no rule pack describes."""


def render(check: Check) -> str:
    """Write a check as a SARIF log with one run."""
    cards = dict(check.rules) | {kind.value: card for kind, card in MARKERS.items() if _has(check, kind)}
    ids = sorted(cards)
    index = {id_: number for number, id_ in enumerate(ids)}
    results = list(_results(check, index))
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "cuda-migrate",
                "version": VERSION,
                "semanticVersion": VERSION,
                "rules": [_rule(id_, cards[id_], _helps(check, id_)) for id_ in ids],
            }
        },
        "automationDetails": {"id": "cuda-migrate/"},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_BASE: {"description": {"text": "The folder that was checked."}}},
        "invocations": [
            {"executionSuccessful": True, "toolExecutionNotifications": list(_notifications(check, len(results)))}
        ],
        "results": results[:MOST],
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return msgspec.json.format(msgspec.json.encode(log), indent=1).decode() + "\n"


def _has(check: Check, kind: ProblemKind) -> bool:
    return any(entry.problem.kind is kind for entry in check.problems)


def _rule(id_: str, card: Card, helps: Mapping[str, str]) -> dict[str, Any]:
    """Describe a rule, with what each target has instead of what it finds most."""
    lines = [f"- **{target}**: {text}" for target, text in helps.items()]
    rule: dict[str, Any] = {
        "id": id_,
        "name": "".join(part.title() for part in id_.split("-")),
        "shortDescription": {"text": plain(card.title)},
        "fullDescription": {"text": plain(card.why or card.title)},
        "help": {
            "text": plain(" ".join((card.why, *(f"{target}: {text}." for target, text in helps.items())))),
            "markdown": plain("\n\n".join((card.why, "\n".join(lines), f"`cuda-migrate rules show {id_}`"))),
        },
        "defaultConfiguration": {"level": "warning"},
        "properties": {"tags": ["portability", "lock-in"]},
    }
    if card.refs:
        rule["helpUri"] = card.refs[0]
    return rule


def _helps(check: Check, id_: str) -> dict[str, str]:
    """Return target -> what it has instead, of the symbol that a rule finds most often."""
    items = [item for item in check.items if item.finding.rule == id_]
    symbols = Counter(item.finding.symbol for item in items)
    chosen = min(items, key=lambda item: (-symbols[item.finding.symbol], item.finding.symbol), default=None)
    if chosen is None:
        return {}
    texts = {
        check.targets.get(target, target): answer.equivalent or answer.note or (answer.change or "unknown")
        for target, answer in chosen.finding.answers.items()
    }
    return {"portable": chosen.portable, **texts} if chosen.portable else texts


def _notifications(check: Check, results: int) -> Iterator[dict[str, Any]]:
    for text in check.notes:
        yield {"level": "note", "message": {"text": plain(text)}}
    for path, reason in check.skipped:
        yield {
            "level": "warning",
            "message": {"text": plain(f"not judged: {reason}")},
            "locations": [{"physicalLocation": {"artifactLocation": _artifact(path)}}],
        }
    if results > MOST:
        yield {"level": "warning", "message": {"text": f"{results - MOST} of {results} results are left out"}}


def _results(check: Check, index: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    """Yield all results: problems of suppressions, then uses with the worst new ones first, then what is gone."""
    for problem in check.problems:
        yield _of_marker(problem, index)
    occurrences: Counter[tuple[str, str]] = Counter()
    hashes = []
    for item in check.items:
        line = (item.finding.path, item.line.strip())
        occurrences[line] += 1
        hashes.append(f"{_digest(line[1])}:{occurrences[line]}")
    pairs = [
        (item, hash_)
        for item, hash_ in zip(check.items, hashes, strict=True)
        if item.fails or not (item.guarded or item.worst is Change.NONE)
    ]
    for item, hash_ in sorted(pairs, key=lambda pair: order(pair[0])):
        yield _of_use(check, item, hash_, index)
    if check.reference:
        for gone in check.gone:
            yield from _of_gone(gone, index)


def order(item: Item) -> tuple[bool, bool, int, str, int, int]:
    """Return what sorts uses so that the worst comes first."""
    finding = item.finding
    place = (finding.path, finding.span.line, finding.span.column)
    return (not item.fails, item.state is not State.NEW, -CHANGE_ORDER[item.worst], *place)


def _of_use(check: Check, item: Item, line_hash: str, index: Mapping[str, int]) -> dict[str, Any]:
    finding = item.finding
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": index[finding.rule],
        "level": _LEVELS[item.worst],
        "message": {"text": plain(message(check, item))},
        "locations": [_location(finding.path, finding.span, item.line)],
        "partialFingerprints": {"primaryLocationLineHash": line_hash, _FINGERPRINT: finding.fingerprint},
        "properties": {
            "symbol": plain(finding.symbol),
            "targets": {target: answer.change or "unknown" for target, answer in finding.answers.items()},
            "confidence": finding.confidence,
            "effortHours": round(item.hours, 2),
            "fails": item.fails,
        },
    }
    if check.reference:
        result["baselineState"] = item.state
    if finding.suppressed is not None:
        kind = "inSource" if finding.suppressed.by == INLINE else "external"
        reason = plain(finding.suppressed.reason)
        result["suppressions"] = [{"kind": kind, "status": "accepted", "justification": reason}]
    return result


def message(check: Check, item: Item) -> str:
    """Say what a use is and what to write instead, in one line."""
    finding = item.finding
    title = check.rules[finding.rule].title
    parts = [f"{title}: {finding.symbol}."]
    if item.portable:
        parts.append(f"Portable: {item.portable}.")
    for target, answer in finding.answers.items():
        said = answer.equivalent or answer.note
        change = answer.change or "unknown"
        parts.append(f"{check.targets.get(target, target)} ({change})" + (f": {said}." if said else "."))
    return " ".join(" ".join(parts).split())


def _of_marker(entry: MarkerProblem, index: Mapping[str, int]) -> dict[str, Any]:
    problem = entry.problem
    span = Span(
        line=problem.line,
        column=problem.column,
        end_line=problem.line,
        end_column=problem.column + len("cuda-migrate:"),
    )
    return {
        "ruleId": problem.kind.value,
        "ruleIndex": index[problem.kind.value],
        "level": "warning",
        "message": {"text": plain(problem.message)},
        "locations": [_location(entry.path, span, entry.line)],
        "partialFingerprints": {"primaryLocationLineHash": f"{_digest(entry.line.strip())}:1"},
    }


def _of_gone(gone: Gone, index: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    identity = gone.identity
    for _ in range(gone.uses):
        result: dict[str, Any] = {
            "ruleId": identity.rule,
            "level": "none",
            "message": {"text": plain(f"{identity.symbol} is gone")},
            "locations": [{"physicalLocation": {"artifactLocation": _artifact(identity.path)}}],
            "partialFingerprints": {_FINGERPRINT: _digest("\0".join(identity))},
            "baselineState": "absent",
        }
        if identity.rule in index:
            result["ruleIndex"] = index[identity.rule]
        yield result


def _location(path: str, span: Span, line: str) -> dict[str, Any]:
    return {
        "physicalLocation": {
            "artifactLocation": _artifact(path),
            "region": {
                "startLine": span.line,
                "startColumn": span.column,
                "endLine": span.end_line,
                "endColumn": span.end_column,
                "snippet": {"text": plain(line)},
            },
        }
    }


def _artifact(path: str) -> dict[str, str]:
    return {"uri": quote(path, safe="/", errors="replace"), "uriBaseId": _BASE}


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).hexdigest()


def worst_first(items: Sequence[Item]) -> list[Item]:
    """Return the uses that fail, the worst first."""
    return sorted((item for item in items if item.fails), key=order)
