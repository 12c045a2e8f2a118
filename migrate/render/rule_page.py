"""Rules as text: the list, and the joined page of one rule, CUDA name or package."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from migrate.model import Rule, Status
from migrate.render.reference import Entry, Reply, entry
from migrate.rulebook import Rulebook

_INDENT = "  "
_WIDTH = 96


def rule_table(book: Rulebook, area: str | None, width: int, targets: Sequence[str]) -> str:
    """Return all rules of an area, one line each: id, the change class of each asked target, title."""
    rules = [rule for rule in book.rules.values() if area is None or rule.area == area]
    wide = max((len(rule.id) for rule in rules), default=4)
    head = f"{'rule':<{wide}}  " + "  ".join(f"{target:<8}" for target in targets) + "  title"
    lines = [head]
    for rule in sorted(rules, key=lambda rule: (rule.area, rule.id)):
        changes = "  ".join(f"{_change(book, rule, target):<8}" for target in targets)
        lines.append(textwrap.shorten(f"{rule.id:<{wide}}", 400).ljust(wide) + f"  {changes}  {rule.title}")
    lines.append(f"{len(rules)} rules")
    return "\n".join(line[: max(width, 60)] for line in lines) + "\n"


def _change(book: Rulebook, rule: Rule, target: str) -> str:
    mapping = book.targets[target].mappings.get(rule.id)
    if mapping is None:
        tabled = any(matcher.table for matchers in rule.match.values() for matcher in matchers)
        return "by name" if tabled else "?"
    return mapping.change.value if mapping.change else "?"


def page(book: Rulebook, name: str) -> str | None:
    """Return what is known of a rule, a CUDA name or a package; None when nothing is."""
    found = entry(book, name)
    return _text(found) if found else None


def _text(found: Entry) -> str:
    lines = [f"{found.id}: {found.title}"]
    lines += ["", *_prose(found.why)] if found.why else []
    lines += ["", *(f"{_INDENT}{fact}" for fact in found.facts)]
    for reply in found.replies:
        lines += ["", *_reply(reply)] if _says_something(reply) else []
    silent = [reply.name for reply in found.replies if not _says_something(reply)]
    lines += ["", *_prose(f"no answer yet: {', '.join(silent)}")] if silent else []
    for text in found.flags:
        lines += _block("flags", text)
    for text in found.passes:
        lines += _block("passes", text)
    lines += ["", *(f"{_INDENT}see {ref}" for ref in found.refs)] if found.refs else []
    return "\n".join(lines) + "\n"


def _says_something(reply: Reply) -> bool:
    return reply.status != Status.UNKNOWN or bool(reply.equivalent or reply.notes)


def _reply(reply: Reply) -> list[str]:
    lines = [f"{reply.name} ({reply.target}; {reply.given_for})"]
    if reply.status != "by name":
        lines += _prose(f"{reply.status}, {reply.change}" + (f": {reply.equivalent}" if reply.equivalent else ""))
    for text in (*reply.notes, *reply.conditions):
        lines += _prose(text)
    lines += _block("becomes", reply.becomes)
    lines += [f"{_INDENT}effort {reply.effort}"] if reply.effort else []
    lines += _prose(f"basis {reply.basis}") if reply.basis else []
    lines += [f"{_INDENT}see {ref}" for ref in reply.refs]
    lines += [f"{_INDENT}verified {reply.verified}"] if reply.verified else []
    return lines


def _prose(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=_INDENT, subsequent_indent=_INDENT) if text else []


def _block(label: str, text: str) -> list[str]:
    if not text:
        return []
    return ["", f"{_INDENT}{label}:", *(f"{_INDENT}  {line}" for line in text.rstrip().splitlines())]
