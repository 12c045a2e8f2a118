"""Front ends for configuration: YAML, JSON, TOML, INI and environment files."""

from __future__ import annotations

from migrate.languages.lexical import code_lines
from migrate.model import Extraction, SourceFile, Vocabulary


class Configuration:
    """Reads nothing yet."""

    def __init__(self, id_: str, example_name: str) -> None:
        self.id = id_
        self.example_name = example_name

    def extract(self, file: SourceFile, text: str, vocabulary: Vocabulary) -> Extraction:  # noqa: ARG002
        """Read one file; never raises for what the text holds."""
        return Extraction(code_lines=code_lines(text))


FRONT_ENDS = {
    "yaml": Configuration("yaml", "example.yaml"),
    "json": Configuration("json", "example.json"),
    "toml": Configuration("toml", "example.toml"),
    "ini": Configuration("ini", "example.ini"),
    "env-file": Configuration("env-file", ".env"),
}
