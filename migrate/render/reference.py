"""What is known of a rule, a CUDA name or a package, joined over the targets; text and pages are made from it."""

from __future__ import annotations

from dataclasses import dataclass

from migrate.model import Answer, Basis, Condition, Effort, Mapping, Response, Rule, Status
from migrate.rulebook import PACKAGES, Answers, Rulebook
from migrate.rulebook.answers import unmet, variant
from migrate.rulebook.coverage import claim
from migrate.rulebook.loading import Row


@dataclass(frozen=True)
class Reply:
    """What one target says."""

    target: str
    name: str
    given_for: str
    """Chip and versions."""
    status: str
    change: str
    """`?` when nobody knows."""
    equivalent: str = ""
    notes: tuple[str, ...] = ()
    """Pitfalls, and what else there is to know."""
    conditions: tuple[str, ...] = ()
    """When the answer holds, and what it is elsewhere."""
    becomes: str = ""
    effort: str = ""
    basis: str = ""
    """Where the answer comes from, with the source."""
    refs: tuple[str, ...] = ()
    verified: str = ""


@dataclass(frozen=True)
class Entry:
    """Everything on one rule, name or package."""

    id: str
    title: str
    why: str
    facts: tuple[str, ...]
    replies: tuple[Reply, ...]
    flags: tuple[str, ...] = ()
    passes: tuple[str, ...] = ()
    refs: tuple[str, ...] = ()
    rule: str = ""
    """Of a name or package: the rule that claims it."""


def entry(book: Rulebook, name: str) -> Entry | None:
    """Return what is known of a rule (also by a former id), a CUDA name or a package; None when nothing is.

    For a name that no table lists it is the rule that asks for it.
    """
    if name in book.rules:
        return _rule_entry(book, book.rules[name])
    if name in book.symbols or name in book.packages:
        return _name_entry(book, name)
    rule = next((rule for rule in book.rules.values() if name in rule.was), None) or _asking(book, name)
    return _rule_entry(book, rule) if rule else None


def _asking(book: Rulebook, name: str) -> Rule | None:
    """Return the first rule that asks for a name by itself; a glob says too little about a name that nobody lists."""
    for id_ in sorted(book.rules):
        matchers = (matcher for matchers in book.rules[id_].match.values() for matcher in matchers)
        if any(name in (*matcher.names, matcher.name) for matcher in matchers):
            return book.rules[id_]
    return None


def _rule_entry(book: Rulebook, rule: Rule) -> Entry:
    facts = [f"area {rule.area}, confidence {rule.confidence}"]
    facts += [f"CUDA {rule.cuda}"] if rule.cuda else []
    facts += [f"matches in {', '.join(sorted(rule.match))}"]
    facts += [f"formerly {', '.join(rule.was)}"] if rule.was else []
    return Entry(
        id=rule.id,
        title=rule.title,
        why=rule.why,
        facts=tuple(facts),
        replies=tuple(_rule_reply(book, target, rule) for target in sorted(book.targets)),
        flags=tuple(example.flags for example in rule.examples if example.flags),
        passes=tuple(example.passes for example in rule.examples if example.passes),
        refs=rule.refs,
    )


def _rule_reply(book: Rulebook, target: str, rule: Rule) -> Reply:
    answers = book.targets[target]
    mapping = answers.mappings.get(rule.id)
    if mapping is None and not _has_rows(answers, rule):
        return Reply(target, answers.target.name, _given_for(book, target), Status.UNKNOWN, "?")
    if mapping is None:
        by_name = "answered name by name in its table"
        return Reply(target, answers.target.name, _given_for(book, target), "by name", "by name", notes=(by_name,))
    chosen = variant(mapping, book.platform(target))
    effort = chosen.effort or mapping.effort
    return Reply(
        target=target,
        name=answers.target.name,
        given_for=_given_for(book, target),
        status=chosen.status,
        change=chosen.change or "?",
        equivalent=chosen.equivalent or mapping.equivalent,
        notes=tuple(dict.fromkeys(filter(None, (chosen.notes, mapping.notes)))),
        conditions=_conditions(mapping),
        becomes=chosen.becomes or mapping.becomes,
        effort=effort_text(effort) if effort else "",
        basis="curated",
        refs=chosen.refs or mapping.refs,
        verified=mapping.verified,
    )


def _has_rows(answers: Answers, rule: Rule) -> bool:
    """Tell whether a target has a table in which the names that a rule asks for may stand."""
    tables = {matcher.table for matchers in rule.match.values() for matcher in matchers}
    return bool(answers.packages if PACKAGES in tables else answers.symbols)


def _conditions(mapping: Mapping) -> tuple[str, ...]:
    known = [f"known for stack {mapping.target}"] if mapping.target else []
    return (*known, *(f"{_when(variant.condition)}: {_says(variant)}" for variant in mapping.when))


def _when(condition: Condition) -> str:
    parts = (
        f"on {', '.join(condition.chips)}" if condition.chips else "",
        f"at stack {condition.stack}" if condition.stack else "",
        f"for CUDA {condition.cuda}" if condition.cuda else "",
    )
    return " ".join(filter(None, parts))


def _says(response: Response) -> str:
    text = f"{response.status}, {response.change or '?'}"
    text += f": {response.equivalent}" if response.equivalent else ""
    return f"{text}. {response.notes}" if response.notes else text


def _name_entry(book: Rulebook, name: str) -> Entry:
    symbol, package = book.symbols.get(name), book.packages.get(name)
    match = claim(book, name)
    facts: list[str] = []
    if symbol:
        library = book.libraries.get(symbol.library)
        title = f"{symbol.kind.replace('_', ' ')} of {library.title if library else symbol.library}"
        versions = {"since": symbol.since, "deprecated in": symbol.deprecated, "removed in": symbol.removed}
        facts += [f"{label} {version}" for label, version in versions.items() if version]
        refs = (library.docs,) if library and library.docs else ()
    else:
        assert package is not None
        title, refs = f"package, {package.category}", ()
        facts.append(f"lock-in {package.lock_in}")
        facts += [f"imported as {', '.join(package.imports)}"] if package.imports else []
    rule = match.rule if match else None
    facts.append(
        f"found by rule {rule.id}" if rule else "known by name; no rule looks for it, since other code has it too"
    )
    replies = []
    for target in sorted(book.targets):
        rows = book.targets[target].packages if package and not symbol else book.targets[target].symbols
        answer = book.answer_name(match, target, book.platform(target).chip) if match else None
        replies.append(_name_reply(book, target, rows.get(name), answer, rule))
    return Entry(
        id=name,
        title=title,
        why=rule.why if rule else "",
        facts=tuple(facts),
        replies=tuple(replies),
        refs=refs,
        rule=rule.id if rule else "",
    )


def _name_reply(book: Rulebook, target: str, row: Row | None, answer: Answer | None, rule: Rule | None) -> Reply:
    answers = book.targets[target]
    curated = answer is not None and answer.basis == Basis.CURATED
    mapping = answers.mappings.get(rule.id) if rule and curated else None
    if answer is None and row is None:
        return Reply(target, answers.target.name, _given_for(book, target), Status.UNKNOWN, "?")
    if answer is None:
        assert row is not None
        return Reply(
            target=target,
            name=answers.target.name,
            given_for=_given_for(book, target),
            status=row.status,
            change=row.change or "?",
            equivalent=row.equivalent,
            notes=tuple(filter(None, (row.note,))),
            conditions=row_conditions(row),
            basis=f"table: {answers.label(row.source)}",
        )
    by_rule = mapping is not None
    return Reply(
        target=target,
        name=answers.target.name,
        given_for=_given_for(book, target),
        status=answer.status,
        change=answer.change or "?",
        equivalent=answer.equivalent,
        notes=tuple(filter(None, dict.fromkeys((answer.note, mapping.notes if mapping else "")))),
        conditions=_conditions(mapping) if mapping else _row_facts(book, target, row),
        becomes=mapping.becomes if mapping else "",
        effort=effort_text(answer.effort) if answer.effort else "",
        basis=f"{answer.basis}: {f'rule {rule.id}' if by_rule and rule else answer.source}",
        refs=mapping.refs if mapping else (),
        verified=mapping.verified if mapping else "",
    )


def _row_facts(book: Rulebook, target: str, row: Row | None) -> tuple[str, ...]:
    if row is None:
        return ()
    facts = row_conditions(row)
    if row.absence:
        how = row.absence.replace("-", " ")
        facts = (*facts, f"{how} {_stamp(book.targets[target], row)}" if row.absence == "not-found-in" else how)
    return facts


def _stamp(answers: Answers, row: Row) -> str:
    return answers.stamp(row.source)


def row_conditions(row: Row) -> tuple[str, ...]:
    """Say from and up to which version, for which CUDA and on which chips a row's answer holds."""
    parts = (
        f"from stack {row.since}" if row.since else "",
        f"up to stack {row.until}" if row.until else "",
        f"for CUDA {row.cuda}" if row.cuda else "",
        f"on {', '.join(row.chips.split())} only" if row.chips else "",
    )
    return tuple(filter(None, parts))


def _given_for(book: Rulebook, target: str) -> str:
    platform = book.platform(target)
    parts = (
        platform.chip,
        f"stack {platform.stack}" if platform.stack else "",
        f"CUDA {platform.cuda}" if platform.cuda else "",
    )
    return ", ".join(filter(None, parts))


def effort_text(effort: Effort) -> str:
    """Say a price with its source."""
    first, each = ("/".join(f"{hours:g}" for hours in triple) for triple in (effort.first, effort.each))
    return f"{first} h first, {each} h each further (P10/likely/P90; {effort.source})"


def short_answer(book: Rulebook, target: str, name: str, *, package: bool = False) -> tuple[str, str, str]:
    """Return status, change and equivalent of a name's row at the chosen platform; unknown when it has none."""
    answers = book.targets[target]
    row = (answers.packages if package else answers.symbols).get(name)
    if row is None:
        return "unknown", "?", ""
    if unmet(row, book.platform(target)):
        return "missing", "?", f"{row.equivalent} ({'; '.join(row_conditions(row))})"
    return row.status, row.change or "?", row.equivalent or row.note
