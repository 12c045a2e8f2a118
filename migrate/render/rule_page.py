"""Rules as text: the list, and the joined page of one rule, CUDA name or package."""

from __future__ import annotations

import textwrap

from migrate.model import Answer, Effort, Rule
from migrate.rulebook import PACKAGE, PACKAGES, Match, Rulebook

_INDENT = "  "


def rule_table(book: Rulebook, area: str | None, width: int) -> str:
    """Return all rules of an area, one line each: id, each target's change class, title."""
    rules = [rule for rule in book.rules.values() if area is None or rule.area == area]
    targets = sorted(book.targets)
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
        return "by name"
    return mapping.change.value if mapping.change else "?"


def page(book: Rulebook, name: str) -> str | None:
    """Return what is known of a rule, a CUDA name or a package; None when nothing is."""
    if name in book.rules:
        return _rule_page(book, book.rules[name])
    if name in book.symbols or name in book.packages:
        return _name_page(book, name)
    return None


def _rule_page(book: Rulebook, rule: Rule) -> str:
    lines = [f"{rule.id}: {rule.title}", ""]
    lines += textwrap.wrap(rule.why, 96, initial_indent=_INDENT, subsequent_indent=_INDENT)
    lines += [
        "",
        f"  area {rule.area}, confidence {rule.confidence}" + (f", CUDA {rule.cuda}" if rule.cuda else ""),
    ]
    for target in sorted(book.targets):
        mapping = book.targets[target].mappings.get(rule.id)
        lines += ["", f"{book.targets[target].target.name} ({target})"]
        if mapping is None:
            lines.append(f"{_INDENT}answered name by name in its table: `cuda-migrate rules show NAME`")
            continue
        lines.append(f"{_INDENT}{mapping.status}, {mapping.change or 'unknown change'}: {mapping.equivalent or '-'}")
        for variant in mapping.when:
            chips = ", ".join(variant.condition.chips)
            lines.append(
                f"{_INDENT}on {chips}: {variant.status}, {variant.change or 'unknown change'}: {variant.equivalent}"
            )
        lines += _prose(mapping.notes) + _block("becomes", mapping.becomes)
        lines += [f"{_INDENT}effort {_effort(mapping.effort)}"] if mapping.effort else []
        lines += [f"{_INDENT}see {ref}" for ref in mapping.refs]
        lines += [f"{_INDENT}verified {mapping.verified}"] if mapping.verified else []
    for example in rule.examples:
        lines += _block("flags", example.flags) + _block("passes", example.passes)
    lines += ["", *(f"  see {ref}" for ref in rule.refs)]
    return "\n".join(lines) + "\n"


def _name_page(book: Rulebook, name: str) -> str:
    symbol, package = book.symbols.get(name), book.packages.get(name)
    library = symbol.library if symbol else PACKAGE
    lines = []
    if symbol:
        versions = [
            f"{label} {value}"
            for label, value in (
                ("since", symbol.since),
                ("deprecated", symbol.deprecated),
                ("removed", symbol.removed),
            )
            if value
        ]
        title = book.libraries[library].title if library in book.libraries else library
        lines.append(f"{name}: {symbol.kind} of {title}" + (f" ({', '.join(versions)})" if versions else ""))
    elif package:
        lines.append(
            f"{name}: package, {package.category}; lock-in {package.lock_in}"
            + (f"; imported as {', '.join(package.imports)}" if package.imports else "")
        )
    rule = _rule_of(book, library)
    for target in sorted(book.targets):
        chip = book.targets[target].target.default_chip
        lines += ["", f"{book.targets[target].target.name} ({target})"]
        if rule is None:
            lines.append(f"{_INDENT}no rule looks for it")
            continue
        lines += _answer_lines(book.answer_name(Match(rule, name, library, known=True), target, chip))
    return "\n".join(lines) + "\n"


def _rule_of(book: Rulebook, library: str) -> Rule | None:
    table = PACKAGES if library == PACKAGE else library
    for rule in book.rules.values():
        if any(matcher.table == table for matchers in rule.match.values() for matcher in matchers):
            return rule
    return None


def _answer_lines(answer: Answer) -> list[str]:
    lines = [
        f"{_INDENT}{answer.status}, {answer.change or 'unknown change'}"
        + (f": {answer.equivalent}" if answer.equivalent else "")
    ]
    lines += _prose(answer.note)
    if answer.effort:
        lines.append(f"{_INDENT}effort {_effort(answer.effort)}")
    lines.append(f"{_INDENT}basis {answer.basis}: {answer.source}")
    return lines


def _effort(effort: Effort) -> str:
    first, each = ("/".join(f"{hours:g}" for hours in triple) for triple in (effort.first, effort.each))
    return f"{first} h first, {each} h each further (P10/likely/P90; {effort.source})"


def _prose(text: str) -> list[str]:
    return textwrap.wrap(text, 96, initial_indent=_INDENT, subsequent_indent=_INDENT) if text else []


def _block(label: str, text: str) -> list[str]:
    if not text:
        return []
    return ["", f"{_INDENT}{label}:", *(f"{_INDENT}  {line}" for line in text.rstrip().splitlines())]
