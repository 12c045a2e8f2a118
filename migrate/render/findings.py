"""Findings for the page: the dearest as rows of HTML, all of them as a compact island of JSON."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from migrate.model import Answer, Confidence, Finding, Role, Struct
from migrate.render.attribution import is_priced, shown_change
from migrate.render.reading import CHANGES, LETTERS, Reading, change_id
from migrate.render.text import plain

STATIC_ROWS = 200
ISLAND_ROWS = 25_000
EXCERPT_BUDGET = 300_000
"""Characters of source text beside the findings; what is left out is still in the JSON form of the audit."""


TABLES = ("symbols", "libraries", "scopes", "snippets", "units", "areas", "owners")
"""Properties of findings whose strings are held once."""


class TargetCell(Struct, frozen=True):
    """What one target makes of a finding, in a table row."""

    target: str
    change: str
    letter: str
    days: str
    """Empty when the finding is not priced."""
    guarded: bool


class FindingRow(Struct, frozen=True):
    """A finding as a row that can be read without a script."""

    fingerprint: str
    rule: str
    anchor: str
    title: str
    symbol: str
    path: str
    line: int
    snippet: str
    cells: tuple[TargetCell, ...]
    confidence: Confidence
    role: Role
    suppressed: bool


def ranked(reading: Reading) -> list[Finding]:
    """Return all findings, dearest first under the first target, then as they stand in the code."""
    days = reading.days[reading.targets[0]] if reading.targets and reading.days else {}
    return sorted(
        reading.audit.findings,
        key=lambda item: (
            not is_priced(item),
            -days.get(item.fingerprint, 0.0),
            item.path,
            item.span.line,
            item.span.column,
            item.fingerprint,
        ),
    )


def static_rows(reading: Reading, findings: list[Finding]) -> list[FindingRow]:
    """Return the first findings as rows."""
    return [_row(reading, finding) for finding in findings[:STATIC_ROWS]]


def _row(reading: Reading, finding: Finding) -> FindingRow:
    """Make a table row of a finding."""
    cells = []
    for target in reading.targets:
        answer = finding.answers.get(target)
        change = shown_change(answer)
        days = reading.days.get(target, {}).get(finding.fingerprint)
        cells.append(
            TargetCell(
                target=target,
                change=change_id(change),
                letter=LETTERS[change],
                days=reading.days_text(days) if days is not None else "",
                guarded=answer is not None and answer.guarded,
            )
        )
    return FindingRow(
        fingerprint=finding.fingerprint,
        rule=finding.rule,
        anchor=reading.rule_anchors.get(finding.rule, "findings"),
        title=reading.rule_title(finding.rule),
        symbol=finding.symbol,
        path=finding.path,
        line=finding.span.line,
        snippet=finding.snippet,
        cells=tuple(cells),
        confidence=finding.confidence,
        role=finding.role,
        suppressed=finding.suppressed is not None,
    )


class Strings:
    """A table of strings, each held once and named by its number."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        self._numbers: dict[str, int] = {}
        for text in known:
            self[text]

    def __getitem__(self, text: str) -> int:
        return self._numbers.setdefault(text, len(self._numbers))

    def names(self) -> tuple[str, ...]:
        """Return the strings by number, as they are."""
        return tuple(self._numbers)

    def listed(self) -> list[str]:
        """Return the strings by number, cleaned."""
        return [plain(text) for text in self._numbers]


def island(reading: Reading, findings: list[Finding]) -> dict[str, Any]:
    """Return the findings by columns, with string tables, as the page's script reads them."""
    shown = findings[:ISLAND_ROWS]
    tables = {name: Strings() for name in TABLES}
    rules, answers = Strings(sorted({item.rule for item in findings})), AnswerTable()
    rows = _columns(reading, shown, rules, tables) | {
        "answer": [[answers.number(item.answers.get(target)) for item in shown] for target in reading.targets],
        "days": [
            [_rounded(reading.days.get(target, {}).get(item.fingerprint)) for item in shown]
            for target in reading.targets
        ],
    }
    return _vocabulary(reading) | {
        "rules": [
            {
                "id": rule,
                "title": plain(reading.rule_title(rule)),
                "anchor": reading.rule_anchors.get(rule, ""),
            }
            for rule in rules.names()
        ],
        "tables": {
            "paths": [plain(path) for path in reading.path_numbers],
            **{name: table.listed() for name, table in tables.items()},
        },
        "unitAnchors": [reading.unit_href(unit) if unit else "" for unit in tables["units"].names()],
        "answers": answers.rows,
        "rows": rows,
        "kernels": {str(n): _kernel(item) for n, item in enumerate(shown) if item.kernel is not None},
        "absorbed": _absorbed(reading, shown),
        "suppressed": {
            str(n): [item.suppressed.by, plain(item.suppressed.reason), item.suppressed.until]
            for n, item in enumerate(shown)
            if item.suppressed is not None
        },
        "edits": _edits(reading, shown),
        "excerpts": _excerpts(reading, shown),
        "total": len(findings),
    }


def _columns(
    reading: Reading, shown: list[Finding], rules: Strings, tables: dict[str, Strings]
) -> dict[str, list[Any]]:
    """Return what does not depend on a target, a list per property."""
    owners = {file.path: file.owner for file in reading.audit.files}
    roles = {role: n for n, role in enumerate(Role)}
    levels = {level: n for n, level in enumerate(Confidence)}
    return {
        "id": [item.fingerprint for item in shown],
        "rule": [rules[item.rule] for item in shown],
        "symbol": [tables["symbols"][item.symbol] for item in shown],
        "library": [tables["libraries"][item.library] for item in shown],
        "area": [tables["areas"][item.area] for item in shown],
        "path": [reading.path_numbers[item.path] for item in shown],
        "line": [item.span.line for item in shown],
        "role": [roles[item.role] for item in shown],
        "level": [levels[item.confidence] for item in shown],
        "scope": [tables["scopes"][item.scope] for item in shown],
        "snippet": [tables["snippets"][item.snippet] for item in shown],
        "unit": [tables["units"][reading.unit_of.get(item.fingerprint, "")] for item in shown],
        "owner": [tables["owners"][owners.get(item.path, "")] for item in shown],
    }


def _vocabulary(reading: Reading) -> dict[str, Any]:
    """Return the closed sets with their words."""
    texts = reading.texts
    return {
        "targets": [{"id": target, "name": reading.name(target)} for target in reading.targets],
        "changes": [
            {"id": change_id(change), "name": reading.change_name(change), "letter": LETTERS[change]}
            for change in CHANGES
        ],
        "roles": [{"id": role, "name": texts(f"role.{role}")} for role in Role],
        "levels": [{"id": level, "name": texts(f"confidence.{level}")} for level in Confidence],
        "texts": texts.within("js."),
    }


class AnswerTable:
    """Answers as rows, each distinct one held once."""

    def __init__(self) -> None:
        self.rows: list[list[Any]] = []
        self._numbers: dict[bytes, int] = {}

    def number(self, answer: Answer | None) -> int:
        """Return the number of an answer, -1 for none."""
        import msgspec

        if answer is None:
            return -1
        key = msgspec.json.encode(answer)
        if key not in self._numbers:
            self._numbers[key] = len(self.rows)
            effort = answer.effort
            self.rows.append(
                [
                    CHANGES.index(shown_change(answer)),
                    answer.status,
                    plain(answer.equivalent),
                    answer.basis,
                    plain(answer.source),
                    [effort.first, effort.each, plain(effort.source)] if effort is not None else None,
                    int(answer.guarded),
                    plain(answer.note),
                    plain(answer.condition),
                    answer.shared_fix,
                ]
            )
        return self._numbers[key]


def _rounded(days: float | None) -> float | None:
    """Shorten a number of person-days for the wire."""
    return None if days is None else float(f"{days:.3g}")


def _kernel(finding: Finding) -> list[Any]:
    """Return a kernel's facts as the script shows them."""
    kernel = finding.kernel
    assert kernel is not None
    features = [f"{feature} ×{count}" for feature, count in sorted(kernel.features.items())]
    return [kernel.language, kernel.code_lines, features, int(kernel.launched)]


def _absorbed(reading: Reading, shown: list[Finding]) -> dict[str, list[Any]]:
    """Return the kernels that findings are part of, with the targets under which that kernel's price covers them."""
    result: dict[str, list[Any]] = {}
    for n, item in enumerate(shown):
        under = [t for t, id_ in enumerate(reading.targets) if reading.is_absorbed(item, id_)]
        if under:
            result[str(n)] = [plain(item.in_kernel), under]
    return result


def _edits(reading: Reading, shown: list[Finding]) -> dict[str, list[list[Any]]]:
    """Return the tried edits by the number of their finding."""
    numbers = {item.fingerprint: str(n) for n, item in enumerate(shown)}
    result: dict[str, list[list[Any]]] = defaultdict(list)
    for edit in reading.audit.edits or ():
        if edit.fingerprint in numbers and edit.target in reading.targets:
            result[numbers[edit.fingerprint]].append(
                [
                    reading.targets.index(edit.target),
                    plain(edit.before),
                    plain(edit.after),
                    int(edit.proved),
                    plain(edit.reason),
                ]
            )
    return dict(result)


def _excerpts(reading: Reading, shown: list[Finding]) -> dict[str, dict[str, str]]:
    """Return source lines by path number, files of the dearest findings first, within the budget."""
    result: dict[str, dict[str, str]] = {}
    spent = 0
    for path in dict.fromkeys(item.path for item in shown):
        lines = reading.audit.excerpts.get(path)
        if not lines:
            continue
        spent += sum(len(text) + 8 for text in lines.values())
        if spent > EXCERPT_BUDGET:
            break
        result[str(reading.path_numbers[path])] = {line: plain(text) for line, text in lines.items()}
    return result
