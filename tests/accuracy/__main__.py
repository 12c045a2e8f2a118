"""`python -m tests.accuracy CHECKOUT...`: the lexing question on any checkout, the labels where they know it."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.accuracy import clang_tokens, judgement, labels, lexing, repository

SHOWN = 25


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure each checkout and print what was measured; 1 when a name is missing without a reason."""
    parser = argparse.ArgumentParser(prog="python -m tests.accuracy", description=__doc__)
    parser.add_argument("checkout", nargs="+", type=Path, help="folder of a checkout or an unpacked distribution")
    parser.add_argument("--half", choices=[*labels.HALVES, "both"], default="both", help="half of the labels")
    parser.add_argument("--no-lexing", action="store_true", help="only the labels")
    parser.add_argument("--show", type=int, default=SHOWN, help="disagreements shown for each checkout")
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    options = parser.parse_args(arguments)
    if not options.no_lexing and clang_tokens.clang() is None:
        parser.error("clang is not installed; install it (its lexer is the witness), or give --no-lexing")
    known = labels.load()
    everything, figures, missing = judgement.Score(), [], 0
    for root in options.checkout:
        print(f"\n{root.name}")
        checkout = repository.read(root, labelled=labels.of_checkout(known, root))
        figure: dict[str, Any] = {"checkout": root.name}
        if not options.no_lexing:
            found = lexing.tallies(checkout)
            missing += sum(len(tally.missing) for tally in found.values())
            figure["lexing"] = {
                language: _print_tally(language, tally, options.show) for language, tally in found.items()
            }
        if score := _score(checkout, known, options.half):
            figure["judgement"] = _print_score(score, options.show)
            everything.add(score)
        figures.append(figure)
    total = None
    if len(options.checkout) > 1 and everything.recall:
        print("\nall checkouts")
        total = _print_score(everything, 0)
    if options.json:
        options.json.write_text(json.dumps({"checkouts": figures, "all": total}, indent=1) + "\n", encoding="utf-8")
    return 1 if missing else 0


def _score(checkout: repository.Checkout, known: labels.Labels, half: str) -> judgement.Score | None:
    by_path = labels.of_checkout(known, checkout.root)
    ranges = [item for items in by_path.values() for item in items if half in ("both", item.half)]
    if not ranges:
        return None
    project = ranges[0].project
    return judgement.judge(checkout, ranges, [label for label in known.labels if label.project == project])


def _print_tally(language: str, tally: lexing.Tally, shown: int) -> dict[str, Any]:
    print(
        f"  lexing {language}: {tally.files} files, {tally.asked} names in code, {tally.found} found,"
        f" {tally.reasons.total()} with a reason, {len(tally.missing)} missing ({tally.share:.4%} accounted for)"
    )
    for reason, count in sorted(tally.reasons.items()):
        print(f"    {count:6} {reason}")
    for miss in tally.missing[:shown]:
        print(f"    missing {miss.path}:{miss.line} {miss.name}")
    if tally.unread:
        print(f"    {len(tally.unread)} files that the witness cannot read, such as {tally.unread[0]}")
    return {
        "files": tally.files,
        "names": tally.asked,
        "found": tally.found,
        "reasons": dict(sorted(tally.reasons.items())),
        "missing": [list(miss) for miss in tally.missing],
        "unread": tally.unread,
    }


def _print_score(score: judgement.Score, shown: int) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for group, (recall, precision) in score.shares().items():
        goal = judgement.GOALS.get(group)
        print(f"  {group:34} recall {recall}  precision {precision}" + (f"  goal {goal}" if goal else ""))
        figures[group] = {"recall": list(recall), "precision": list(precision)}
    for title, counter in (("guarded marked", score.guarded), ("traps avoided", score.traps)):
        share = judgement.Share(counter[True], counter.total())
        print(f"  {title:34} {share}")
        figures[title] = list(share)
    for wrong in score.problems[:shown]:
        print(f"    {wrong.sort:8} {wrong.path}:{wrong.line} {wrong.name} ({wrong.kind})")
    return figures


if __name__ == "__main__":
    sys.exit(main())
