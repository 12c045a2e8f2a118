"""Front ends for configuration: YAML, JSON, TOML, INI and environment files."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from migrate.languages.commands import guard_extraction, targets_of_name
from migrate.languages.entries import Entry, env_entries, ini_entries, toml_entries
from migrate.languages.gates import fewest, hits, literals
from migrate.languages.lexical import code_lines
from migrate.languages.requirement import Manifest
from migrate.languages.settings import SCRIPT_KEYS, Settings
from migrate.languages.yaml_places import json_entries, yaml_entries
from migrate.model import Extraction, SourceFile, UseKind, Vocabulary

_KINDS = (UseKind.STRING, UseKind.ENV, UseKind.FLAG)
_IN_TAGS = ("cuda", "cu1", "gpu", "nvidia")
"""What images are recognised by, one of which stands in every name or tag that a rule can mean."""


class Configuration:
    """Reads one format."""

    def __init__(
        self, id_: str, example_name: str, entries: Callable[[str], Iterator[Entry]], script: str = ""
    ) -> None:
        self.id = id_
        self.example_name = example_name
        self._entries = entries
        self._script = script
        """How a key whose value may be a script is written, with `*` for the key."""

    def extract(self, file: SourceFile, text: str, vocabulary: Vocabulary) -> Extraction:
        """Read one file; never raises for what the text holds."""
        places = hits(text, fewest((*literals(vocabulary, *_KINDS), *_IN_TAGS)))
        scripts = tuple(sorted(self._script.replace("*", key) for key in SCRIPT_KEYS)) if self._script else ()
        if not places and not (scripts and hits(text, scripts)):
            return Extraction()
        manifest = Manifest(text, vocabulary)
        settings = Settings(manifest, places)
        settings.read(self._entries(text))
        found = Extraction(
            uses=manifest.sorted_uses(),
            links=tuple(manifest.links),
            code_lines=code_lines(text),
            embedded=tuple(settings.embedded),
        )
        return guard_extraction(found, targets_of_name(file.path))


FRONT_ENDS = {
    "yaml": Configuration("yaml", "example.yaml", yaml_entries, "*:"),
    "json": Configuration("json", "example.json", json_entries),
    "toml": Configuration("toml", "example.toml", toml_entries),
    "ini": Configuration("ini", "example.ini", ini_entries, "*"),
    "env-file": Configuration("env-file", ".env", env_entries),
}
