"""Settings from flags, environment, a named file, the scanned tree and defaults, each with its origin.

The scanned tree is not trusted: it may set what to look at and under which assumptions, its rule packs load only when
the user says so, and what its settings hide is counted and shown.
"""

from __future__ import annotations

import datetime as dt
import difflib
import math
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec

from migrate.errors import ConfigError, InputError
from migrate.model import Persona, Scenario

DEFAULT_TARGETS = ("rocm", "cann")
TREE_FILES = (".cuda-migrate.toml", "pyproject.toml")
WORKLOADS = ("training", "inference", "both")
"""What a scenario may say that the cards are used for."""
ROLES = ("kernel", "framework", "platform", "quality")
"""Whose rates a scenario may give."""
CALIBRATED = ("kernels", "edits", "fixed")
"""Kinds of work that have a factor of their own."""
_MOST_FACTOR = 20.0
_ENVIRONMENT = "CUDA_MIGRATE_"


class Level(StrEnum):
    """From which answer on new lock-in fails a check, in order of severity."""

    ANY = "any"
    RENAME = "rename"
    ADAPT = "adapt"
    UNKNOWN = "unknown"
    REWRITE = "rewrite"
    BLOCKED = "blocked"
    NEVER = "never"


class CheckSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """The keys of `[tool.cuda-migrate.check]`."""

    fail_on: Level = Level.RENAME


class Calibrated(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A factor on estimated effort, and the finished items that it was learned from."""

    factor: float
    items: int = 0
    source: str = "user"
    """`user` or `tree`; no file sets it."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """The keys of `[tool.cuda-migrate]`."""

    targets: tuple[str, ...] = DEFAULT_TARGETS
    """Ids of the targets to answer for."""
    chips: dict[str, str] = {}
    """Target -> chip; a target's default chip otherwise."""
    stack_versions: dict[str, str] = {}
    """Target -> version of its software stack; the one its answers are given for otherwise."""
    cuda_version: str = ""
    """CUDA version that the code is written for; the targets' own default otherwise."""
    exclude: tuple[str, ...] = ()
    """Paths not to look at, in gitignore syntax, on top of `.gitignore`."""
    persona: Persona = Persona.REGULAR
    rules: tuple[str, ...] = ()
    """Folders of further rule packs, relative to the file that names them."""
    per_file: dict[str, tuple[str, ...]] = {}
    """Glob over paths -> rule ids or globs whose findings there do not count."""
    scenario: dict[str, Scenario] = {}
    calibration: dict[str, Calibrated] = {}
    """Kind of work -> what the user's own finished items say; `cuda-migrate calibrate` writes it."""
    baseline: str = ".cuda-migrate-baseline.json"
    """File of accepted findings, relative to the scanned root."""
    check: CheckSettings = CheckSettings()


@dataclass(frozen=True)
class Config:
    """Settings as they hold, and where each comes from."""

    settings: Settings
    origins: Mapping[str, str]
    """Key -> `default`, `--flag`, an environment variable, or a file."""
    tree_file: str = ""
    """The scanned tree's own file, relative to it; empty when there is none or it was ignored."""
    tree_exclude: tuple[str, ...] = ()
    """The part of `exclude` that the tree asks for."""
    tree_per_file: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    packs: tuple[Path, ...] = ()
    ignored: tuple[str, ...] = ()
    """Settings of the tree that were not followed, with the reason."""
    isolated: bool = False
    """The tree's own file was left alone; so are its baseline and the suppressions in its files."""

    @property
    def scenarios(self) -> dict[str, Scenario]:
        """Return the scenarios by name; there is always a default one."""
        return {"default": Scenario(source="default"), **self.settings.scenario}


def load(
    root: Path,
    *,
    flags: Mapping[str, Any] | None = None,
    file: Path | None = None,
    isolated: bool = False,
    trust: bool = False,
    environment: Mapping[str, str] | None = None,
) -> Config:
    """Join all sources of settings for one scanned tree.

    Args:
        root: The scanned folder, or the folder of the scanned file.
        flags: Values given on the command line, by setting; empty values count as not given.
        file: A configuration file the user names; it is trusted.
        isolated: Leave the tree's own file alone.
        trust: Load rule packs that the tree names.
        environment: `CUDA_MIGRATE_*` variables; those of the process by default.

    Raises:
        ConfigError: An unknown key, a wrong type or an impossible value, with its place.
        InputError: The named file does not exist.
    """
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    packs: list[Path] = []
    ignored: list[str] = []
    tree_file, tree = ("", {}) if isolated else _tree_settings(root)
    if tree.get("rules") and not trust:
        ignored.append(
            f"{tree_file}: rules = {list(tree['rules'])!r} (rule packs of the tree load with --trust-config)"
        )
        tree.pop("rules")
    packs += [_inside(root, name, tree_file) for name in tree.get("rules", ())]
    if "baseline" in tree:
        _inside(root, tree["baseline"], tree_file, key="baseline", flag="--baseline")
    _take(values, origins, tree, tree_file)
    if file is not None:
        given = _file_settings(file, "user")
        packs += [file.parent / name for name in given.get("rules", ())]
        _take(values, origins, given, str(file))
    for key, value, name in _environment_settings(os.environ if environment is None else environment):
        _take(values, origins, {key: value}, name)
    for key, value in (flags or {}).items():
        if value:
            if key == "rules":
                packs += [Path(name) for name in value]
            _take(values, origins, {key: value}, f"--{_FLAG_NAMES.get(key, key)}")
    settings = _convert(values, origins)
    return Config(
        settings=settings,
        origins={key: origins.get(key, "default") for key in _keys()},
        tree_file=tree_file if tree else "",
        tree_exclude=tuple(tree.get("exclude", ())),
        tree_per_file={glob: tuple(rules) for glob, rules in tree.get("per-file", {}).items()},
        packs=tuple(packs),
        ignored=tuple(ignored),
        isolated=isolated,
    )


_FLAG_NAMES = {"targets": "target", "chips": "chip", "stack-versions": "stack-version"}
_ADDING = ("exclude", "rules")
_MERGING = ("per-file", "scenario", "calibration", "chips", "stack-versions")


def _take(values: dict[str, Any], origins: dict[str, str], given: Mapping[str, Any], origin: str) -> None:
    for key, value in given.items():
        if key in _ADDING:
            values[key] = [*values.get(key, ()), *value]
        elif key in _MERGING:
            values[key] = {**values.get(key, {}), **value}
        else:
            values[key] = value
        origins[key] = f"{origins[key]}, {origin}" if key in origins and key in _ADDING + _MERGING else origin


def _keys() -> tuple[str, ...]:
    return tuple(entry.encode_name for entry in msgspec.structs.fields(Settings))


def _tree_settings(root: Path) -> tuple[str, dict[str, Any]]:
    for name in TREE_FILES:
        path = root / name
        if path.is_file() and not path.is_symlink():
            try:
                table = _file_settings(path, "tree")
            except ConfigError as error:
                if error.slug == "config-toml" and name == "pyproject.toml":
                    continue  # somebody else's broken file; the scan reports it as a skip
                raise
            if table:
                return name, table
    return "", {}


def _file_settings(path: Path, source: str) -> dict[str, Any]:
    """Read and check one file; the result still uses the keys of the file.

    Args:
        path: The file.
        source: Whose it is, `user` or `tree`; scenarios keep it.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise InputError(
            f"{path}: no such configuration file", hint="give the path of a TOML file", slug="config-missing"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot be read: {error}", file=str(path), slug="config-unreadable") from None
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(_first_lower(str(error)), file=str(path), slug="config-toml") from None
    tool = document.get("tool", {})
    table = tool.get("cuda-migrate", {}) if isinstance(tool, dict) else {}
    if path.name != "pyproject.toml" and not table:
        table = document
    if not isinstance(table, dict):
        raise ConfigError("[tool.cuda-migrate] is not a table", file=str(path), slug="config-type")
    table = dict(table)
    if isinstance(table.get("scenario"), dict):
        table["scenario"] = {
            name: _scenario_table(name, entry, source, path, text) for name, entry in table["scenario"].items()
        }
    try:
        msgspec.convert(table, Settings)
    except msgspec.ValidationError as error:
        raise _located(path, text, error) from None
    if not table.get("targets", True):
        line, column = _key_place(text, "targets", path.name == "pyproject.toml")
        raise ConfigError("targets: names none", file=str(path), line=line, column=column, slug="config-value")
    for kind, entry in table.get("calibration", {}).items():
        problem = "" if kind in CALIBRATED else f"is none of {', '.join(CALIBRATED)}"
        if "source" in entry:
            problem = "has no key 'source'"
        if not problem and not 1 / _MOST_FACTOR <= entry["factor"] <= _MOST_FACTOR:
            problem = f"is a factor from {1 / _MOST_FACTOR:g} to {_MOST_FACTOR:g}, not {entry['factor']}"
        if problem:
            line, column = _key_place(text, kind, path.name == "pyproject.toml")
            message = f"calibration: {kind} {problem}"
            raise ConfigError(message, file=str(path), line=line, column=column, slug="config-value")
    if "calibration" in table:
        table["calibration"] = {kind: {**entry, "source": source} for kind, entry in table["calibration"].items()}
    if len(table.get("scenario", {})) > _MOST_SCENARIOS:
        raise ConfigError(f"more than {_MOST_SCENARIOS} scenarios", file=str(path), slug="config-value")
    return table


def _scenario_table(name: str, entry: Any, source: str, path: Path, text: str) -> Any:
    """Check one scenario and write its keys as fields; messages name the line within its own table."""
    if not isinstance(entry, dict):
        return entry
    inside = path.name == "pyproject.toml"
    if ours := sorted(_OURS & entry.keys()):
        line, column = _key_place(text, ours[0], inside, scenario=name)
        raise ConfigError(
            f"unknown key {ours[0]!r}", file=str(path), line=line, column=column, slug="config-unknown-key"
        )
    fields = {
        key.replace("-", "_"): value.isoformat() if hasattr(value, "isoformat") else value
        for key, value in entry.items()
    }
    table = {"name": name, "source": source, **fields}
    try:
        scenario = msgspec.convert(table, Scenario)
    except msgspec.ValidationError as error:
        raise _located(path, text, error, scenario=name) from None
    for key, problem in _impossible(scenario):
        line, column = _key_place(text, key, inside, scenario=name)
        raise ConfigError(
            f"scenario {name}: {key} {problem}", file=str(path), line=line, column=column, slug="config-value"
        )
    return table


_OURS = frozenset({"name", "source"})
"""Fields of a scenario that no file sets."""


def _environment_settings(environment: Mapping[str, str]) -> list[tuple[str, Any, str]]:
    found: list[tuple[str, Any, str]] = []
    for key in ("targets", "exclude", "persona"):
        name = _ENVIRONMENT + key.upper()
        if value := environment.get(name):
            found.append((key, value if key == "persona" else value.replace(",", " ").split(), name))
    return found


def _convert(values: Mapping[str, Any], origins: Mapping[str, str]) -> Settings:
    try:
        settings = msgspec.convert(dict(values), Settings)
    except msgspec.ValidationError as error:
        message, _, where = str(error).partition(" - at `$.")
        key = where.rstrip("`").split("[")[0]
        raise ConfigError(_first_lower(message), file=origins.get(key, "settings"), slug="config-value") from None
    return settings


def _impossible(scenario: Scenario) -> list[tuple[str, str]]:
    """Name the settings that no project can have, with what they may be."""
    rate = scenario.rate
    shares = {
        "compute-share": scenario.compute_share,
        "overlap": scenario.overlap,
        "rework-probability": scenario.rework_probability,
        "abandonment-probability": scenario.abandonment_probability,
    }
    positive = {
        "team": scenario.team,
        "baseline-months": scenario.baseline_months,
        "baseline-staff": scenario.baseline_staff,
        "price-ratio": scenario.price_ratio,
        "rate": rate.amount if rate else None,
        "cards": scenario.cards,
        "role-rates": min(scenario.role_rates.values(), default=None),
        "card-prices": min(scenario.card_prices.values(), default=None),
    }
    chosen = {
        "experience": (scenario.experience, ("none", "some", "expert")),
        "workload": (scenario.workload or WORKLOADS[0], WORKLOADS),
    }
    if rate:
        chosen["rate"] = (rate.per, ("hour", "day", "month"))
    problems = [
        (key, f"is a share from 0 to 1, not {value}")
        for key, value in shares.items()
        if value is not None and not 0 <= value <= 1
    ]
    problems += [
        (key, f"is a number above 0, not {value}")
        for key, value in positive.items()
        if value is not None and not 0 < value < math.inf
    ]
    problems += [
        (key, f"is one of {', '.join(allowed)}, not {value!r}")
        for key, (value, allowed) in chosen.items()
        if value not in allowed
    ]
    if not 100 <= scenario.draws <= _MOST_DRAWS:
        problems.append(("draws", f"is from 100 to {_MOST_DRAWS}, not {scenario.draws}"))
    problems += [
        ("role-rates", f"names one of {', '.join(ROLES)}, not {role!r}")
        for role in sorted(scenario.role_rates.keys() - set(ROLES))
    ]
    if scenario.role_rates and rate is None:
        problems.append(("role-rates", "needs a rate for the roles that it does not name"))
    if not 0 <= scenario.overhead < math.inf:
        problems.append(("overhead", f"is 0 or more, not {scenario.overhead}"))
    if not 0 <= scenario.hardware_wait_months < math.inf:
        problems.append(("hardware-wait-months", f"is 0 or more, not {scenario.hardware_wait_months}"))
    if scenario.start and not _is_date(scenario.start):
        problems.append(("start", f"is a date like 2027-01-04, not {scenario.start!r}"))
    return problems


def _is_date(text: str) -> bool:
    try:
        return dt.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


_MOST_DRAWS = 100_000
_MOST_SCENARIOS = 10
"""A scanned tree may set scenarios too, and must not choose how long the audit takes."""


def _inside(root: Path, name: str, file: str, *, key: str = "rules", flag: str = "--rules") -> Path:
    path = (root / name).resolve()
    if not path.is_relative_to(root.resolve()):
        raise ConfigError(
            f"{key}: {name!r} lies outside the tree",
            file=file,
            slug="config-outside",
            hint=f"name it with {flag}",
        )
    return path


_UNKNOWN = re.compile(r"unknown field `([^`]+)`")
_LAST_KEY = re.compile(r"([A-Za-z_][\w-]*)(?:\[[^\]]*\])*$")


def _located(path: Path, text: str, error: msgspec.ValidationError, *, scenario: str = "") -> ConfigError:
    """Turn a validation error into one that names the line; TOML readers keep no positions."""
    message, _, where = str(error).partition(" - at `$.")
    hint = ""
    if unknown := _UNKNOWN.search(message):
        key = unknown[1].replace("_", "-") if where or scenario else unknown[1]
        message = f"unknown key {key!r}"
        known = _keys() + tuple(entry.name.replace("_", "-") for entry in msgspec.structs.fields(Scenario))
        if close := difflib.get_close_matches(key, known, n=1):
            hint = f"did you mean {close[0]!r}?"
        slug = "config-unknown-key"
    else:
        found = _LAST_KEY.search(where.rstrip("`"))
        key = found[1].replace("_", "-") if found else ""
        slug = "config-type"
        message = f"{key}: {_first_lower(message)}" if key else _first_lower(message)
    line, column = _key_place(text, key, path.name == "pyproject.toml", scenario=scenario)
    return ConfigError(message, file=str(path), line=line, column=column, hint=hint, slug=slug)


def _key_place(text: str, key: str, inside_table: bool, *, scenario: str = "") -> tuple[int, int]:
    """Return line and column of a key, in the table of one scenario when one is named."""
    key_at = re.compile(
        rf"(?:^|[\s{{,.\[])[\"']?({re.escape(key)}|{re.escape(key.replace('-', '_'))})[\"']?\s*(?:=|\])"
    )
    ours, here = not inside_table, not scenario
    for number, line in enumerate(text.splitlines(), start=1):
        if line.lstrip().startswith("["):
            header = line.replace(" ", "").replace('"', "")
            ours = not inside_table or "tool.cuda-migrate" in header
            here = not scenario or f"scenario.{scenario}." in header.replace("]", ".")
        if ours and (here or scenario in line) and key and (found := key_at.search(line)):
            return number, found.start(1) + 1
    return 0, 0


def _first_lower(message: str) -> str:
    return message[:1].lower() + message[1:]
