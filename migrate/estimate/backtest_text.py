"""The back-test as a page of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from migrate.estimate.backtest import Backtest, Interval, Prediction, Score

_HEAD = """\
Back-test on the shipped evidence: each project is predicted from the others (author-days, to parity).
n = {rows} ports of {projects} projects. In brackets: 95 % bootstrap interval over projects.
Evidence has sizes and no findings, so this tests the top-down view, not the count of findings.
"""


def as_text(result: Backtest) -> str:
    """Write the whole result."""
    model = result.scores[0]
    lines = [_HEAD.format(rows=model.rows, projects=model.projects)]
    lines += _table(result.scores)
    lines += ["", f"Rows, as the model ({model.estimator}) predicted them without their project:"]
    lines += _rows(model.predictions)
    lines += ["", "Held out: never used for fitting effort to size; the list is rules/model/backtest.yaml:"]
    lines += _rows(result.held_out)
    lines += ["", "Apart: behind a portability layer, with a share estimated by somebody who knew the result:"]
    lines += _rows(result.layered)
    lines += ["", "Gates:"]
    lines += [f"  {'holds' if gate.holds else 'FAILS'}  {gate.title}: {gate.text}" for gate in result.gates]
    return "\n".join(lines) + "\n"


def sources_as_text(scores: Sequence[Score]) -> str:
    """Write how the tool itself did on scanned checkouts."""
    whole = scores[0]
    lines = [
        "Back-test end to end: the tool's own estimates of checkouts from before the port (author-days).",
        f"n = {whole.rows} ports of {whole.projects} projects. In brackets: 95 % bootstrap interval over projects.",
        "",
        *_table(scores),
        "",
        *_rows(whole.predictions),
    ]
    return "\n".join(lines) + "\n"


def _table(scores: Sequence[Score]) -> Iterator[str]:
    yield f"{'estimator':24}{'MdMRE':22}{'PRED(25)':22}{'SA':24}{'80 % covers':30}CRPS (ln)"
    for one in scores:
        covers = f"{_interval(one.coverage)} p {one.coverage_p:.2f}"
        yield (
            f"{one.estimator:24}{_interval(one.mdmre):22}{_interval(one.pred25):22}{_interval(one.accuracy):24}"
            f"{covers:30}{_interval(one.crps)}"
        )


def _interval(one: Interval) -> str:
    return f"{one.value:.2f} [{one.low:.2f}, {one.high:.2f}]"


def _rows(rows: Sequence[Prediction]) -> Iterator[str]:
    for one in rows:
        inside = "inside" if one.inside else "OUTSIDE"
        yield (
            f"  {one.id}  took {one.actual:4.0f}, predicted {one.median:4.0f} [{one.low:.0f}, {one.high:.0f}], "
            f"off by {one.error:.0%}, {inside}  {one.title}"
        )
