"""Rules run on their own examples."""

from __future__ import annotations

from collections.abc import Iterable

from migrate import languages
from migrate.model import Role, SourceFile
from migrate.rulebook import Rulebook
from migrate.scan.lines import count_lines, split_lines
from migrate.scan.reading import read


def check_examples(book: Rulebook, rules: Iterable[str]) -> list[str]:
    """Run the examples of rules and name what does not hold.

    A `flags` example gives exactly one finding of its rule on each line that ends in `<-` and none elsewhere; a
    `passes` example gives none.
    """
    problems = []
    for id_ in rules:
        rule = book.rules[id_]
        for example in rule.examples:
            problems += _example_problems(
                book, id_, example.flags or example.passes, example.language, bool(example.flags)
            )
    return problems


def _example_problems(book: Rulebook, id_: str, text: str, language: str, flags: bool) -> list[str]:
    language = language or next((key for key in book.rules[id_].match if key != "any"), "")
    if language not in languages.MODULES:
        return [f"{id_}: an example needs `language`, one of {', '.join(languages.MODULES)}"]
    name = languages.front_end(language).example_name
    file = SourceFile(path=name, language=language, content="", lines=count_lines(text), code_lines=0, role=Role.OWNED)
    report = read(file, text, book, regular=False)
    found = [sighting.use.span.line for sighting in report.sightings if sighting.rule == id_]
    lines = split_lines(text)
    wanted = [number for number, line in enumerate(lines, start=1) if line.rstrip().endswith("<-")] if flags else []
    if flags and not wanted:
        return [f"{id_}: a `flags` example marks its lines with a comment that ends in `<-`"]
    if sorted(found) == wanted:
        return []
    others = sorted(
        {f"{sighting.rule} (line {sighting.use.span.line})" for sighting in report.sightings if sighting.rule != id_}
    )
    also = f"; other rules saw {', '.join(others)}" if others else ""
    return [f"{id_}: wants findings on lines {wanted} and gives {sorted(found)}{also} in: {text.strip()[:120]!r}"]
