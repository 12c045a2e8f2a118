"""Front end for container files: base images, variables, and the packages and tools of their scripts."""

from __future__ import annotations

import re
from collections.abc import Sequence

from migrate.languages.commands import Commands, guard_extraction, targets_of_name
from migrate.languages.dockerfile_syntax import Instruction, instructions
from migrate.languages.requirement import Manifest, Word
from migrate.languages.shell_syntax import words
from migrate.languages.shell_variables import expand, split_image
from migrate.model import Extraction, SourceFile, UseKind, Vocabulary

_SCRIPTS = frozenset({"RUN", "CMD", "ENTRYPOINT", "SHELL"})
_LIST_SIGNS = str.maketrans("[],", "   ")


class Dockerfile:
    """Reads files for container builds."""

    id = "dockerfile"
    example_name = "Dockerfile"

    def extract(self, file: SourceFile, text: str, vocabulary: Vocabulary) -> Extraction:
        """Read one file; never raises for what the text holds."""
        reader = _Reader(Manifest(text, vocabulary))
        lines = 0
        for instruction in instructions(text):
            lines += instruction.lines
            reader.read(instruction)
        manifest = reader.manifest
        found = Extraction(
            uses=manifest.sorted_uses(),
            links=tuple(manifest.links),
            code_lines=lines,
            embedded=tuple(reader.commands.embedded),
        )
        return guard_extraction(found, targets_of_name(file.path))


FRONT_ENDS = {"dockerfile": Dockerfile()}


class _Reader:
    """Reads one instruction after the other, and remembers variables and stages."""

    def __init__(self, manifest: Manifest) -> None:
        self.manifest = manifest
        self.variables: dict[str, str] = {}
        self.stages: set[str] = set()
        self.commands = Commands(manifest, "RUN", self.variables)

    def read(self, instruction: Instruction) -> None:
        """Note what one instruction uses."""
        keyword = instruction.keyword
        body, start = instruction.body, instruction.body_start
        if keyword == "HEALTHCHECK" and (probe := re.search(r"\bCMD\b", body)):
            keyword, body, start = "CMD", body[probe.end() :], start + probe.end()
        if keyword == "FROM":
            self._from(words(body, start))
        elif keyword in {"COPY", "ADD"}:
            self._copy(words(body, start))
        elif keyword in {"ENV", "ARG"}:
            self._variables(words(body, start), listed=keyword == "ARG")
        elif keyword in _SCRIPTS:
            stripped = body.strip()
            if stripped.startswith("[") and stripped.endswith("]"):  # the list form: ["nvcc", "-c", "a.cu"]
                body = body.translate(_LIST_SIGNS)
            self.commands.caller = keyword
            self.commands.script(body, start)

    def _from(self, parts: Sequence[Word]) -> None:
        """Note a base image; a name given with AS is a stage from here on."""
        plain = [word for word in parts if not word.text.startswith("--")]
        if not plain:
            return
        self._image(plain[0])
        if len(plain) > 2 and plain[1].text.upper() == "AS":
            self.stages.add(plain[2].text.lower())

    def _copy(self, parts: Sequence[Word]) -> None:
        """Note an image that files are taken from, and addresses."""
        for word in parts:
            if word.text.startswith("--from="):
                self._image(Word(word.text[7:], word.start + 7, word.end))
            elif "://" in word.text:
                name = expand(word.text, self.variables)
                self.manifest.add(UseKind.STRING, name, word.start, word.end, callee="ADD")

    def _image(self, word: Word) -> None:
        image, _, _ = split_image(expand(word.text, self.variables))
        if image.lower() not in self.stages and not image.isdigit() and image != "scratch":
            self.commands.image(word)

    def _variables(self, parts: Sequence[Word], *, listed: bool) -> None:
        """Note variables that are set, and keep their values."""
        if parts and not listed and "=" not in parts[0].text:  # the old form: ENV name value ...
            value = " ".join(word.text for word in parts[1:])
            self._variable(parts[0].text, value, parts[0].start, parts[-1].end)
            return
        for word in parts:
            name, equals, value = word.text.partition("=")
            self._variable(name, value if equals else None, word.start, word.end)

    def _variable(self, name: str, value: str | None, start: int, end: int) -> None:
        self.manifest.add(UseKind.ENV, name, start, end, value=value or "")
        if value is not None:
            self.variables[name] = expand(value, self.variables)
