"""The one result object: run the stages in order and join what they say."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from migrate import discover, rulebook, scan
from migrate.config import Config
from migrate.errors import ConfigError, InputError
from migrate.model import (
    CHANGE_ORDER,
    SCHEMA_VERSION,
    AnswerCard,
    Audit,
    Edit,
    Estimate,
    Finding,
    Graph,
    Hidden,
    Repository,
    Role,
    RulebookInfo,
    RuleCard,
    TargetInfo,
    Tool,
)
from migrate.rulebook import Rulebook
from migrate.version import VERSION

EXCERPTS = 2_000
"""Findings that get their neighbourhood of source into the audit, dearest first (report design, section 3)."""


def run(
    root: Path,
    config: Config,
    *,
    with_edits: bool = True,
    with_estimate: bool = True,
    jobs: int | None = None,
    progress: scan.Progress | None = None,
    cache: scan.Cache | None = None,
    command: Sequence[str] = (),
) -> Audit:
    """Scan a tree and say what leaving CUDA takes.

    Args:
        root: Folder to scan.
        config: Settings, from `config.load`.
        with_edits: Try the mechanical changes on the real statements, which proves the automatic share.
        with_estimate: Build the estimates; without them the audit holds findings and the graph.
        jobs: Worker processes; by default as many as pay off.
        progress: Told about every finished file.
        cache: Of what earlier runs found.
        command: Arguments that reproduce the audit, for the reader.

    Raises:
        InputError: There is nothing to read.
        ConfigError: An unknown target or chip.
        RuleError: A rule pack is invalid.
    """
    book = rulebook.load(config.packs) if config.packs else rulebook.shipped()
    book = book.at(config.settings.stack_versions, config.settings.cuda_version)
    chips = choose_chips(book, config)
    result = scan.scan(root, book, config, chips, jobs=jobs, progress=progress, cache=cache)
    if not result.files and not result.skips:
        raise InputError(
            f"{root}: no file that any front end reads",
            hint="name the folder of the code",
            slug="input-empty",
        )
    edits: tuple[Edit, ...] | None = None
    if with_edits:
        from migrate import edits as editing

        files = {file.path: file for file in result.files}
        owned = [finding for finding in result.findings if finding.role == Role.OWNED]
        edits = editing.prove(root, files, owned, book, chips)
    from migrate import graph

    order = graph.build(result.files, result.findings, result.links)
    estimates: tuple[Estimate, ...] = ()
    if with_estimate:
        estimates, order = _estimates(result, order, book, config=config, chips=chips, edits=edits)
    dearest = sorted(result.findings, key=_price, reverse=True)[:EXCERPTS]
    return Audit(
        schema_version=SCHEMA_VERSION,
        tool=Tool(name="cuda-migrate", version=VERSION),
        rulebook=RulebookInfo(version=rulebook.VERSION, hash=book.hash, rules=len(book.rules), packs=book.packs),
        repository=_repository(root, result),
        targets={target: _target_info(book, target, chip) for target, chip in chips.items()},
        files=result.files,
        skips=result.skips,
        rules=_cards(book, result.findings, tuple(chips)),
        findings=result.findings,
        edits=edits,
        graph=order,
        scenarios=config.scenarios,
        estimates=estimates,
        apart=result.apart,
        hidden=_hidden(result, config, book, chips, estimates),
        excerpts=scan.excerpts(result, dearest),
        command=shlex.join(command),
        blind_spots=result.blind_spots,
        porting=dict(result.porting),
    )


def choose_chips(book: Rulebook, config: Config) -> dict[str, str]:
    """Return target -> chip for the configured targets.

    Raises:
        ConfigError: No such target, or the target has no such chip.
    """
    chips: dict[str, str] = {}
    for target in dict.fromkeys(config.settings.targets):
        if target not in book.targets:
            raise ConfigError(
                f"no target {target!r}",
                file=config.origins["targets"],
                slug="target-unknown",
                hint=f"targets are {', '.join(sorted(book.targets))}",
            )
        known = book.targets[target].target
        chip = config.settings.chips.get(target, known.default_chip)
        if chip not in {entry.id for entry in known.chips}:
            raise ConfigError(
                f"{target} has no chip {chip!r}",
                file=config.origins["chips"],
                slug="chip-unknown",
                hint=f"chips are {', '.join(entry.id for entry in known.chips)}",
            )
        chips[target] = chip
    if unused := sorted(set(config.settings.chips) - set(book.targets)):
        raise ConfigError(f"no target {unused[0]!r}", file=config.origins["chips"], slug="target-unknown")
    return chips


def _estimates(
    result: scan.ScanResult,
    order: Graph,
    book: Rulebook,
    *,
    config: Config,
    chips: Mapping[str, str],
    edits: Sequence[Edit] | None,
) -> tuple[tuple[Estimate, ...], Graph]:
    """Make an estimate for each scenario and target, and find the longest chain of work for each target."""
    from migrate import graph
    from migrate.estimate import estimate

    estimates = tuple(
        estimate(
            result.findings,
            result.files,
            order,
            book.targets[target].target,
            chip=chip,
            scenario=scenario,
            prices=book.prices,
            edits=edits,
            blind_spots=result.blind_spots,
            hidden=len(result.hidden),
            calibration=config.settings.calibration,
        )
        for scenario in config.scenarios.values()
        for target, chip in chips.items()
    )
    chains = {
        made.target: graph.longest_chain(order, {unit: days.p50 for unit, days in made.unit_days.items()})
        for made in reversed(estimates)
    }
    return estimates, msgspec.structs.replace(order, critical_path={target: chains[target] for target in chips})


def _price(finding: Finding) -> tuple[int, float, int]:
    """Order findings by what they take: worst change class, then hours, owned code first."""
    changes = [CHANGE_ORDER[answer.change] for answer in finding.answers.values() if not answer.guarded]
    hours = sum(answer.effort.each[1] for answer in finding.answers.values() if answer.effort is not None)
    lines = finding.kernel.code_lines if finding.kernel else 0
    return (finding.role == Role.OWNED, max(changes, default=0) + lines / 1e6, round(hours * 1000))


def _repository(root: Path, result: scan.ScanResult) -> Repository:
    revision, dirty, date = discover.revision(root)
    return Repository(
        name=root.resolve().name or "repository",
        revision=revision,
        dirty=dirty,
        date=date,
        files=len(result.files),
        code_lines=sum(file.code_lines for file in result.files),
        own_packages=result.own_packages,
    )


def _target_info(book: Rulebook, target: str, chip: str) -> TargetInfo:
    known = book.targets[target].target
    names = {entry.id: entry.name for entry in known.chips}
    platform = book.platform(target, chip)
    return TargetInfo(
        name=known.name,
        vendor=known.vendor,
        stack=known.stack.replace(known.stack_version, platform.stack) if known.stack_version else known.stack,
        chip=chip,
        chip_name=names[chip],
        stack_version=platform.stack,
        cuda_version=platform.cuda,
    )


def _cards(book: Rulebook, findings: Sequence[Finding], targets: Sequence[str]) -> dict[str, RuleCard]:
    return {id_: card(book, id_, targets) for id_ in sorted({finding.rule for finding in findings})}


def card(book: Rulebook, id_: str, targets: Sequence[str]) -> RuleCard:
    """Join a rule with its targets' prose."""
    rule = book.rules[id_]
    answers = {}
    for target in targets:
        if mapping := book.targets[target].mappings.get(id_):
            answers[target] = AnswerCard(
                equivalent=mapping.equivalent,
                becomes=mapping.becomes,
                notes=mapping.notes,
                refs=mapping.refs,
                verified=mapping.verified,
            )
    return RuleCard(title=rule.title, why=rule.why, area=rule.area, refs=rule.refs, answers=answers)


def _hidden(
    result: scan.ScanResult, config: Config, book: Rulebook, chips: Mapping[str, str], estimates: Sequence[Estimate]
) -> Hidden:
    """Say what the tree's own configuration hid; its hours are what the estimate would have more with it."""
    hours = dict.fromkeys(chips, 0.0)
    if result.hidden and estimates:
        from migrate import graph
        from migrate.estimate import estimate, load_defaults

        per_day = load_defaults().numbers.hours_per_day
        again = {finding.fingerprint for finding in result.hidden}
        findings = [finding for finding in result.findings if finding.fingerprint not in again] + list(result.hidden)
        files = result.files + result.hidden_files
        order = graph.build(files, findings, result.links)
        scenario = next(iter(config.scenarios.values()))
        for made in reversed(estimates):
            target = book.targets[made.target].target
            whole = estimate(
                findings,
                files,
                order,
                target,
                chip=made.chip,
                scenario=scenario,
                prices=book.prices,
                calibration=config.settings.calibration,
            )
            more = whole.effort_days.p50 - made.effort_days.p50
            hours[made.target] = round(max(0.0, more) * per_day, 1)
    return Hidden(
        source=config.tree_file if result.hidden_files or result.hidden else "",
        files=len(result.hidden_files),
        findings=len(result.hidden),
        hours=hours,
        ignored_settings=config.ignored,
    )


def read(path: Path) -> Audit:
    """Read an audit that `scan --format json` wrote.

    Raises:
        InputError: Not an audit, or one of another major version.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}", slug="input-unreadable") from None
    try:
        audit = msgspec.json.decode(data, type=Audit)
    except msgspec.DecodeError as error:
        raise InputError(
            f"{path}: not an audit of this version: {error}",
            hint="make it with `cuda-migrate scan PATH --format json -o audit.json`",
            slug="input-audit",
        ) from None
    if audit.schema_version.partition(".")[0] != SCHEMA_VERSION.partition(".")[0]:
        raise InputError(
            f"{path}: schema {audit.schema_version} is not {SCHEMA_VERSION}",
            hint="scan again",
            slug="input-audit",
        )
    return audit
