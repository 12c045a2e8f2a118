"""Front ends: from a file's text to `Use`s. They know the language and the vocabulary, never a rule or an answer."""

from __future__ import annotations

import functools
import importlib
from typing import Protocol

from migrate.model import Extraction, SourceFile, Vocabulary


class FrontEnd(Protocol):
    """What a language module offers, as entries of its `FRONT_ENDS`."""

    id: str
    """Language id that rules use in `match`."""
    example_name: str
    """File name that a rule's example gets when it is run."""

    def extract(self, file: SourceFile, text: str, vocabulary: Vocabulary) -> Extraction:
        """Read one file; never raises for what the text holds."""
        ...


MODULES = {
    "python": "migrate.languages.python",
    "cuda": "migrate.languages.cuda",
    "cmake": "migrate.languages.cmake",
    "requirements": "migrate.languages.manifests",
    "pyproject": "migrate.languages.manifests",
    "dockerfile": "migrate.languages.dockerfile",
    "notebook": "migrate.languages.notebook",
    "cython": "migrate.languages.cython",
    "template": "migrate.languages.template",
    "setup-cfg": "migrate.languages.declarations",
    "pipfile": "migrate.languages.declarations",
    "conda": "migrate.languages.declarations",
    "pixi": "migrate.languages.declarations",
    "lock": "migrate.languages.locks",
    "make": "migrate.languages.make",
    "ninja": "migrate.languages.make",
    "meson": "migrate.languages.meson",
    "bazel": "migrate.languages.bazel",
    "shell": "migrate.languages.shell",
    "batch": "migrate.languages.shell",
    "yaml": "migrate.languages.configuration",
    "json": "migrate.languages.configuration",
    "toml": "migrate.languages.configuration",
    "ini": "migrate.languages.configuration",
    "env-file": "migrate.languages.configuration",
    "pbtxt": "migrate.languages.pbtxt",
    "binary": "migrate.languages.binaries",
    "foreign": "migrate.languages.foreign",
}
"""Language id -> module; the modules load when their first file is read."""


QUIET = frozenset(
    {
        *(
            "template",
            "shell",
            "batch",
            "ini",
            "yaml",
            "json",
            "toml",
            "env-file",
            "pbtxt",
            "foreign",
            "binary",
            "conda",
            "bazel",
        )
    }
)
"""Languages whose files are part of a result only when something in them speaks of CUDA."""


@functools.cache
def front_end(language: str) -> FrontEnd:
    """Return the front end of a language id.

    Raises:
        KeyError: No front end reads it.
    """
    module = importlib.import_module(MODULES[language])
    ends: dict[str, FrontEnd] = module.FRONT_ENDS
    return ends[language]
