"""An audit as it is read for one report: scenario, words, anchors, and what each finding carries."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from urllib.parse import urlencode

from migrate.errors import InputError
from migrate.model import CHANGE_ORDER, Audit, Change, Estimate, Finding, PortingUnit, Scenario
from migrate.render import RenderOptions, numbers
from migrate.render.attribution import finding_days, is_absorbed, is_priced
from migrate.render.text import Texts, load_texts

CHANGES: tuple[Change | None, ...] = tuple(sorted(CHANGE_ORDER, key=lambda change: CHANGE_ORDER[change]))
"""The six change classes, lightest first; None is unknown."""

LETTERS: dict[Change | None, str] = {
    Change.NONE: "N",
    Change.RENAME: "R",
    Change.ADAPT: "A",
    None: "?",
    Change.REWRITE: "W",
    Change.BLOCKED: "B",
}

LISTED_UNITS = 200

_NOT_ANCHOR = re.compile(r"[^A-Za-z0-9_.-]+")


def query(**parts: object) -> str:
    """Return a query over the findings, as the page's script reads it."""
    return urlencode({key: str(value) for key, value in parts.items()})


def change_id(change: Change | None) -> str:
    """Return the id of a change class in colours, classes and locale keys."""
    return "unknown" if change is None else change.value


class Anchors:
    """Page-wide unique ids for things whose names come from the scanned code."""

    def __init__(self, prefix: str, names: Iterable[str]) -> None:
        self._ids: dict[str, str] = {}
        taken: Counter[str] = Counter()
        for name in names:
            slug = prefix + _NOT_ANCHOR.sub("-", name)[:120]
            taken[slug] += 1
            self._ids[name] = slug if taken[slug] == 1 else f"{slug}--{taken[slug]}"

    def __getitem__(self, name: str) -> str:
        return self._ids[name]

    def get(self, name: str, default: str) -> str:
        """Return the id of a name, or a default when there is none."""
        return self._ids.get(name, default)


class Reading:
    """What every part of a report asks for."""

    def __init__(self, audit: Audit, options: RenderOptions) -> None:
        self.audit = audit
        self.texts: Texts = load_texts(options.lang)
        self.scenario_name = _chosen(options.scenario, tuple(audit.scenarios), "scenario")
        first = _chosen(options.target, tuple(audit.targets), "target")
        self.targets = tuple(sorted(audit.targets, key=lambda target: target != first))
        self.estimates: dict[str, Estimate] = {
            target: estimate
            for target in self.targets
            for estimate in audit.estimates
            if estimate.target == target and estimate.scenario == self.scenario_name
        }
        self.priced: tuple[Finding, ...] = tuple(finding for finding in audit.findings if is_priced(finding))
        self.days = {target: finding_days(audit, estimate) for target, estimate in self.estimates.items()}
        self.units: dict[str, PortingUnit] = {unit.id: unit for unit in audit.graph.units}
        self.unit_of = {item: unit.id for unit in audit.graph.units for item in unit.findings}
        self.unit_anchors = Anchors("u-", self.units)
        self.rule_anchors = Anchors("r-", sorted(audit.rules))
        self.path_numbers = {path: n for n, path in enumerate(sorted({item.path for item in audit.findings}))}
        self.listed_units = self._listed_units()
        self._linkable = frozenset(self.listed_units)
        self._by_fingerprint = {finding.fingerprint: finding for finding in self.priced}

    @property
    def scenario(self) -> Scenario | None:
        """The scenario shown, None when nothing was estimated."""
        return self.audit.scenarios.get(self.scenario_name)

    def _listed_units(self) -> tuple[str, ...]:
        """Return the dearest units under any target; those are listed in the report and can be linked to."""
        dearest = {
            unit: max(
                estimate.unit_days[unit].p50 for estimate in self.estimates.values() if unit in estimate.unit_days
            )
            for unit in self.units
            if any(unit in estimate.unit_days for estimate in self.estimates.values())
        }
        worked = [unit for unit, days in dearest.items() if days > 0]
        return tuple(sorted(worked, key=lambda unit: (-dearest[unit], unit))[:LISTED_UNITS])

    def unit_href(self, unit: str) -> str:
        """Return the link to a unit, or to the whole order of work when it is not listed."""
        return f"#{self.unit_anchors[unit]}" if unit in self._linkable else "#order"

    def findings_of(self, fingerprints: Iterable[str]) -> list[Finding]:
        """Return the priced ones among some findings, in the order of their fingerprints."""
        return [self._by_fingerprint[item] for item in sorted(fingerprints) if item in self._by_fingerprint]

    def name(self, target: str) -> str:
        """Return a target's name as a reader knows it."""
        return self.audit.targets[target].name

    def change_name(self, change: Change | None) -> str:
        """Return the name of a change class."""
        return self.texts(f"change.{change_id(change)}")

    def days_text(self, days: float) -> str:
        """Write an amount of person-days, short."""
        return self.texts("unit.days.short", n=numbers.days(days))

    def hours_text(self, hours: float) -> str:
        """Write an amount of person-hours as days of the estimate's length, as hours when no estimate says it."""
        per_day = self._convention("hours_per_day")
        if not per_day:
            return self.texts("unit.hours.short", n=numbers.days(hours))
        return self.days_text(hours / per_day)

    def months_text(self, months: float) -> str:
        """Write an amount of calendar months."""
        return self.texts("unit.months", n=numbers.significant(months))

    def cost_of_days(self, days: float) -> float | None:
        """Return what person-days cost under the scenario's rate, None without one."""
        rate = self.scenario.rate if self.scenario is not None else None
        if rate is None:
            return None
        hours, month = self._convention("hours_per_day"), self._convention("days_per_month")
        per_day = {"hour": hours, "day": 1.0, "month": 1 / month if month else None}.get(rate.per)
        return days * rate.amount * per_day if per_day is not None else None

    def is_absorbed(self, finding: Finding, target: str) -> bool:
        """Tell whether a kernel's price covers a finding under a target."""
        estimate = self.estimates.get(target)
        return estimate is not None and is_absorbed(finding, estimate)

    def _convention(self, name: str) -> float | None:
        """Return a number that the estimates were made with, None when they do not list it."""
        listed = (item for estimate in self.estimates.values() for item in estimate.parameters)
        return next((float(item.value) for item in listed if item.id == f"model.{name}"), None)

    def rule_title(self, rule: str) -> str:
        """Return a rule's title, or its id when the audit carries no card for it."""
        card = self.audit.rules.get(rule)
        return card.title if card is not None else rule


def _chosen(wanted: str, known: tuple[str, ...], what: str) -> str:
    """Return what the reader asked for, or the first there is."""
    if not wanted:
        return known[0] if known else ""
    if wanted not in known:
        raise InputError(
            f'the audit has no {what} "{wanted}"', hint=f"it has: {', '.join(known)}", slug=f"{what}-unknown"
        )
    return wanted
