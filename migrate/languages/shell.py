"""Front ends for scripts: shells, batch systems and Windows."""

from __future__ import annotations

import re

from migrate.languages.commands import Commands, guard_extraction, targets_of_name
from migrate.languages.gates import fewest, hits
from migrate.languages.requirement import Manifest
from migrate.languages.shell_syntax import words
from migrate.languages.windows_scripts import as_shell
from migrate.model import Extraction, SourceFile, Vocabulary

_DIRECTIVE = re.compile(r"^#(SBATCH|PBS|BSUB|COBALT|\$)[ \t]+([^\r\n]*)", re.MULTILINE)
_SUBMITTERS = {"SBATCH": "sbatch", "PBS": "qsub", "$": "qsub", "BSUB": "bsub", "COBALT": "qsub"}
"""First word of a comment that a batch system reads -> the program that takes the same options."""
_CODE_LINE = re.compile(r"^[ \t]*+[^\s#][^\r\n]*", re.MULTILINE)


class Shell:
    """Reads scripts; those of Windows are read as if a shell had to run them."""

    def __init__(self, id_: str, example_name: str) -> None:
        self.id = id_
        self.example_name = example_name

    def extract(self, file: SourceFile, text: str, vocabulary: Vocabulary) -> Extraction:
        """Read one file; never raises for what the text holds."""
        if not hits(text, fewest(vocabulary.anchors)):
            return Extraction()
        manifest = Manifest(text, vocabulary)
        source = as_shell(file.path, text) if self.id == "batch" else text
        commands = Commands(manifest, "script", source=source)
        commands.script(source, 0)
        for found in _DIRECTIVE.finditer(text) if self.id == "shell" else ():
            commands.arguments(words(found[2], found.start(2)), _SUBMITTERS[found[1]])
        found_here = Extraction(
            uses=manifest.sorted_uses(),
            links=tuple(manifest.links),
            code_lines=sum(1 for _ in _CODE_LINE.finditer(text)),
            embedded=tuple(commands.embedded),
        )
        return guard_extraction(found_here, targets_of_name(file.path))


FRONT_ENDS = {
    "shell": Shell("shell", "example.sh"),
    "batch": Shell("batch", "example.bat"),
}
