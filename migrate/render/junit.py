"""A check as JUnit XML: one test case for each rule that something new breaks, for CI servers."""

from __future__ import annotations

from collections import defaultdict
from xml.etree import ElementTree as ET

from migrate.guard.model import Check, Item
from migrate.render.sarif import MARKERS, message
from migrate.render.text import plain


def render(check: Check) -> str:
    """Write a check as a test suite; without anything new it is one test that passes."""
    by_rule: dict[str, list[Item]] = defaultdict(list)
    for item in check.failing:
        by_rule[item.finding.rule].append(item)
    cases = [
        _case(id_, check.rules[id_].title, [_line(check, item) for item in by_rule[id_]]) for id_ in sorted(by_rule)
    ]
    for kind, card in MARKERS.items():
        lines = [
            f"{entry.path}:{entry.problem.line}:{entry.problem.column}: {entry.problem.message}"
            for entry in check.problems
            if entry.problem.kind is kind
        ]
        if lines:
            cases.append(_case(kind, card.title, lines))
    failures = len(cases)
    if not cases:
        cases = [ET.Element("testcase", classname="cuda-migrate", name="no new lock-in")]
    suite = ET.Element(
        "testsuite", name="cuda-migrate", tests=str(len(cases)), failures=str(failures), errors="0", skipped="0"
    )
    suite.extend(cases)
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root, " ")
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _case(id_: str, title: str, lines: list[str]) -> ET.Element:
    case = ET.Element("testcase", classname="cuda-migrate", name=id_)
    failure = ET.SubElement(case, "failure", type=id_, message=plain(f"{title}: {len(lines)} new"))
    failure.text = plain("\n".join(lines))
    return case


def _line(check: Check, item: Item) -> str:
    span = item.finding.span
    return f"{item.finding.path}:{span.line}:{span.column}: {message(check, item)}"
