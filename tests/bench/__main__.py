"""`python -m tests.bench`: how fast, beside the tools that do a part of it, on corpora it builds or fetches."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.bench import corpora
from tests.bench.timing import Pair, Run, pair, run

DISTRIBUTIONS = ("deepspeed", "flash-attn", "xformers", "cupy", "transformers")
PYTHON = [sys.executable, "-I"]
OURS = [sys.executable, "-I", "-m", "migrate"]
FINDINGS_ONLY = ["--no-estimate", "--no-edits", "--format", "json", "-o", os.devnull, "--quiet", "--isolated"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks that were asked for and print their ratios."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--short", action="store_true", help="small trees, one turn: for breakage, not for figures")
    parser.add_argument("--turns", type=int, default=5, help="pairs of runs for each ratio")
    parser.add_argument("--folder", type=Path, help="where corpora are kept between runs; default: a temporary one")
    parser.add_argument("--corpus", type=Path, action="append", default=[], help="a further tree to scan")
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    options = parser.parse_args(arguments)
    turns = 1 if options.short else options.turns
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        print(f"{platform.platform()}, {os.cpu_count()} cores, CPython {platform.python_version()}\n")
        pairs = [*_starts(turns), *_scans(folder, options.corpus, turns, short=options.short)]
        growth = _growth(folder, short=options.short)
    if options.json:
        figures = {"machine": platform.platform(), "cores": os.cpu_count(), "python": platform.python_version()}
        rows = [_figures(one) for one in pairs]
        document = {"date": datetime.now(UTC).date().isoformat(), **figures, "pairs": rows, "growth": growth}
        options.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return 0


def _said(result: Pair) -> Pair:
    print(result.row(), flush=True)
    return result


def _starts(turns: int) -> Iterator[Pair]:
    """Compare starting the command with starting its command-line library."""
    theirs = [*PYTHON, "-c", "import click"]
    for name in ("--version", "--help"):
        yield _said(pair(f"start: {name} / import click", [*OURS, name], theirs, turns=max(turns, turns * 3)))


def _scans(folder: Path, extra: Sequence[Path], turns: int, *, short: bool) -> Iterator[Pair]:
    """Compare a scan for findings with searching the same names."""
    trees = [corpora.generated(folder / "generated-small", 200 if short else 2_000), *extra]
    if not short:
        found = [corpora.distribution(folder, name) for name in DISTRIBUTIONS]
        trees += [tree for tree in found if tree is not None]
    names = folder / "names.txt"
    names.write_text("\n".join(_names()) + "\n", encoding="utf-8")
    for tree in trees:
        files, size = corpora.size(tree)
        print(f"\n{tree.name}: {files:,} files, {size / 1e6:.1f} MB")
        scan = [*OURS, "scan", str(tree), *FINDINGS_ONLY]
        if searcher := shutil.which("rg"):
            theirs = [searcher, "-c", "-w", "-F", "-f", str(names), str(tree)]
            result = _said(pair("scan / rg -c -w -F of the same names", scan, theirs, turns=turns))
            median = sorted(one.wall for one in result.ours)[len(result.ours) // 2]
            peak = max(one.peak for one in result.ours)
            print(f"{'':44} {size / 1e6 / median:8.1f} MB/s, largest process {peak / 1e6:.0f} MB")
            yield result
        if searcher := shutil.which("ast-grep"):
            rules = _ast_grep_rules(folder)
            yield _said(
                pair("scan / ast-grep, 20 rules", scan, [searcher, "scan", "-r", str(rules), str(tree)], turns=1)
            )


def _names() -> list[str]:
    from migrate import rulebook

    return sorted(rulebook.shipped().symbols)


def _ast_grep_rules(folder: Path) -> Path:
    path = folder / "ast-grep.yml"
    chosen = [name for name in _names() if name.startswith("torch.cuda.")][:20]
    rules = [f"id: r{n}\nlanguage: python\nrule:\n  pattern: {name}($$$)\n" for n, name in enumerate(chosen)]
    path.write_text("---\n".join(rules), encoding="utf-8")
    return path


def _growth(folder: Path, *, short: bool) -> list[dict[str, float]]:
    """Show how the time grows with the tree: once, four times and sixteen times the files."""
    base = 100 if short else 1_000
    rows = []
    print("\ngrowth of a scan for findings")
    for factor in (1, 4) if short else (1, 4, 16):
        tree = corpora.generated(folder / f"generated-{base * factor}", base * factor)
        files, size = corpora.size(tree)
        result: Run = run([*OURS, "scan", str(tree), *FINDINGS_ONLY])
        rows.append({"files": files, "bytes": size, "seconds": result.wall, "peak": result.peak})
        print(f"  {files:7,} files {size / 1e6:8.1f} MB {result.wall:8.2f} s   {size / 1e6 / result.wall:6.1f} MB/s")
    return rows


def _figures(result: Pair) -> dict[str, Any]:
    return {
        "name": result.name,
        "ratio": result.ratio,
        "ratios": result.ratios,
        "ours": [one.wall for one in result.ours],
        "theirs": [one.wall for one in result.theirs],
    }


if __name__ == "__main__":
    sys.exit(main())
