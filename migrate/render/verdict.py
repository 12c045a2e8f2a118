"""The answer in words: months and percent, against what, why, and how far it can be trusted."""

from __future__ import annotations

from migrate.model import Change, Estimate, Evidence, Stage, Struct
from migrate.render import numbers
from migrate.render.attribution import carriers_of_half
from migrate.render.reading import Reading


class Verdict(Struct, frozen=True):
    """One target's answer as sentences."""

    target: str
    name: str
    headline: str
    """Months and percent at P50, the largest words of the report."""
    rest: str
    """What the headline's sentence goes on to say, with P80."""
    sentence: str
    """Both as one."""
    against: str
    """The baseline that the percentage refers to."""
    why: str
    stage: Stage
    stage_text: str
    chip: str
    grade: Evidence
    reasons: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    """Label and value of the figures beside the answer."""


def verdict(reading: Reading, target: str) -> Verdict:
    """Put a target's estimate into words."""
    estimate, texts = reading.estimates[target], reading.texts
    info = reading.audit.targets[target]
    headline, rest = _answer(reading, target)
    return Verdict(
        target=target,
        name=info.name,
        headline=headline,
        rest=rest,
        sentence=texts("verdict.sentence", headline=headline, rest=rest).strip(),
        against=_against(reading, estimate),
        why=_why(reading, target),
        stage=estimate.stage,
        stage_text=texts(f"stage.{estimate.stage}"),
        chip=texts(
            "verdict.chip" if info.cuda_version else "verdict.chip.only",
            chip=info.chip_name,
            stack=info.stack,
            cuda=info.cuda_version,
        ),
        grade=estimate.grade.letter,
        reasons=estimate.grade.reasons,
        facts=_facts(reading, target),
    )


def _answer(reading: Reading, target: str) -> tuple[str, str]:
    """Write the answer at P50 as a headline, and how its sentence goes on with P80."""
    estimate, texts = reading.estimates[target], reading.texts
    if nothing_to_do(estimate):
        return texts("verdict.nothing"), texts("verdict.nothing.rest", target=reading.name(target))
    headline = texts(
        "verdict.headline",
        months=numbers.signed(estimate.months.p50),
        percent=numbers.signed_percent(estimate.inflation_percent.p50),
    )
    rest = texts(
        "verdict.rest",
        target=reading.name(target),
        months80=numbers.signed(estimate.months.p80),
        percent80=numbers.signed_percent(estimate.inflation_percent.p80),
    )
    return headline, rest


def nothing_to_do(estimate: Estimate) -> bool:
    """Tell whether no effort is left even in the worse case."""
    return estimate.effort_days.p90 <= 0


def _against(reading: Reading, estimate: Estimate) -> str:
    """Write what the percentage is a percentage of."""
    baseline, texts = estimate.baseline, reading.texts
    if baseline.source == "none":
        return texts("verdict.against.none")
    return texts(
        f"verdict.against.{baseline.source}",
        months=numbers.given(baseline.months),
        staff=numbers.given(baseline.staff),
    )


def _why(reading: Reading, target: str) -> str:
    """Say in one sentence what makes the answer what it is."""
    estimate, texts = reading.estimates[target], reading.texts
    if nothing_to_do(estimate):
        return texts("verdict.why.nothing")
    top = estimate.drivers[:3]
    half = carriers_of_half(reading.days[target])
    hard = sum(total.findings for total in estimate.changes if total.change in {Change.REWRITE, Change.BLOCKED})
    return texts(
        "verdict.why",
        share=numbers.percent(100 * sum(item.share for item in top)),
        parts=texts.listing([item.title for item in top]),
        half=texts.plural("count.findings", half),
        total=numbers.count(len(reading.priced)),
        hard=numbers.count(hard),
    )


def _facts(reading: Reading, target: str) -> tuple[tuple[str, str], ...]:
    """Return the figures beside the answer."""
    estimate, texts = reading.estimates[target], reading.texts
    days = estimate.effort_days
    facts = [
        (
            texts("fact.effort"),
            texts("fact.effort.value", p50=numbers.significant(days.p50), p80=numbers.significant(days.p80)),
        )
    ]
    if estimate.cost is not None:
        cost = estimate.cost
        facts.append(
            (
                texts("fact.cost"),
                texts(
                    "fact.cost.value",
                    p50=numbers.significant(cost.p50),
                    p80=numbers.significant(cost.p80),
                    currency=estimate.currency,
                ),
            )
        )
    facts.append((texts("fact.unknown"), numbers.percent(100 * estimate.unknown_share)))
    facts.append((texts("fact.mechanical"), mechanical(reading, estimate)))
    return tuple(facts)


def mechanical(reading: Reading, estimate: Estimate) -> str:
    """Write how much a machine was shown to be able to change."""
    if estimate.mechanical is None:
        return reading.texts("fact.mechanical.unproved")
    return reading.texts(
        "fact.mechanical.value",
        share=numbers.percent(100 * estimate.mechanical.effort_share),
        proved=numbers.count(estimate.mechanical.proved),
        edits=numbers.count(estimate.mechanical.edits),
    )
