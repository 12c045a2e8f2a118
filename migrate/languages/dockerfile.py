"""Front end for container files: base images, variables, and the packages and tools of their scripts."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from migrate.languages.dockerfile_syntax import Instruction, commands, expand, instructions, words
from migrate.languages.requirement import Manifest, Word, cuda_tag, normalised
from migrate.model import Extraction, LinkKind, SourceFile, UseKind, Vocabulary

_SCRIPTS = frozenset({"RUN", "CMD", "ENTRYPOINT"})
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=([\s\S]*)\Z", re.ASCII)
_WRAPPERS = frozenset({"sudo", "env", "exec", "time", "nohup", "then", "do", "else", "if", "!", "{", "export", "set"})
_DEFAULT_REGISTRY = re.compile(r"(?:index\.)?docker\.io/(?:library/)?")
_PIP = re.compile(r"pip(?:3(?:\.\d+)?)?\Z")
_PYTHON = re.compile(r"(?:python|pypy)[\d.]*\Z")
_SYSTEM = frozenset({"apt", "apt-get", "aptitude", "yum", "dnf", "microdnf", "zypper"})
_CONDA = frozenset({"conda", "mamba", "micromamba"})
_SYSTEM_VALUES = frozenset({"-t", "--target-release", "-o", "--option", "-c", "--config-file"})
_CONDA_SPECIFIER = re.compile(r"(?:[^\s:]+::)?([A-Za-z0-9_.-]+)\s*((?:[=<>!~]=?|\s).*)?\Z", re.DOTALL)
_PACKAGE_NAME = re.compile(r"[A-Za-z0-9$][\w.+${}:-]*\Z", re.ASCII)


class Dockerfile:
    """Reads files for container builds."""

    id = "dockerfile"
    example_name = "Dockerfile"

    def extract(self, file: SourceFile, text: str, vocabulary: Vocabulary) -> Extraction:  # noqa: ARG002
        """Read one file; never raises for what the text holds."""
        reader = _Reader(Manifest(text, vocabulary))
        lines = 0
        for instruction in instructions(text):
            lines += instruction.lines
            reader.read(instruction)
        manifest = reader.manifest
        return Extraction(uses=manifest.sorted_uses(), links=tuple(manifest.links), code_lines=lines)


FRONT_ENDS = {"dockerfile": Dockerfile()}


class _Reader:
    """Reads one instruction after the other, and remembers variables and stages."""

    def __init__(self, manifest: Manifest) -> None:
        self.manifest = manifest
        self.variables: dict[str, str] = {}
        self.stages: set[str] = set()

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
            for command in commands(body, start):
                self._command(command, keyword)

    def _from(self, parts: Sequence[Word]) -> None:
        """Note a base image; a name given with AS is a stage from here on."""
        plain = [word for word in parts if not word.text.startswith("--")]
        if not plain:
            return
        self._image(plain[0])
        if len(plain) > 2 and plain[1].text.upper() == "AS":
            self.stages.add(plain[2].text.lower())

    def _copy(self, parts: Sequence[Word]) -> None:
        """Note an image that files are taken from."""
        for word in parts:
            if word.text.startswith("--from="):
                self._image(Word(word.text[7:], word.start + 7, word.end))

    def _image(self, word: Word) -> None:
        image = _DEFAULT_REGISTRY.sub("", expand(word.text, self.variables), count=1)
        if image.lower() in self.stages or image.isdigit() or image == "scratch":
            return
        name, _, digest = image.partition("@")
        colon = name.find(":", name.rfind("/") + 1)
        name, tag = (name[:colon], name[colon + 1 :]) if colon >= 0 else (name, "")
        if self.manifest.vocabulary.wants(UseKind.IMAGE, name):
            self.manifest.add(UseKind.IMAGE, name, word.start, word.end, tag=tag, digest=digest)
            self.manifest.link(LinkKind.REQUIRES, name, word.start)

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

    def _command(self, command: Sequence[Word], keyword: str) -> None:
        """Note what a command of a script uses."""
        rest = self._program(command)
        if not rest:
            return
        program = rest[0].text.rpartition("/")[2]
        self.manifest.add(UseKind.STRING, program, rest[0].start, rest[0].end, callee=keyword)
        installer = _installer(program, rest)
        if installer is None:
            self._flags(rest[1:])
            return
        install, arguments = installer
        expanded = [word._replace(text=expand(word.text, self.variables)) for word in arguments]
        install(self.manifest, expanded)

    def _program(self, command: Sequence[Word]) -> Sequence[Word]:
        """Note assignments before a command, and return the command without them and without what runs it."""
        position = 0
        while position < len(command):
            word = command[position]
            if assigned := _ASSIGNMENT.match(word.text):
                self.manifest.add(UseKind.ENV, assigned[1], word.start, word.end, value=assigned[2])
                self._flags([word])
            elif word.text not in _WRAPPERS and not word.text.startswith("-"):
                break
            position += 1
        return command[position:]

    def _flags(self, arguments: Sequence[Word]) -> None:
        """Note options of any program, also definitions: `-DCMAKE_CUDA_ARCHITECTURES=90`."""
        for word in arguments:
            if word.text.startswith("-"):
                self._flag(word.text, word)
            elif assigned := _ASSIGNMENT.match(word.text):  # handed on to a build: CMAKE_ARGS="-DA=1 -DB=2"
                for option in assigned[2].split():
                    if option.startswith("-"):
                        self._flag(option, word)

    def _flag(self, option: str, word: Word) -> None:
        name, _, value = option.partition("=")
        if name.startswith("-D") and not self.manifest.vocabulary.wants(UseKind.FLAG, name):
            name = name[2:].partition(":")[0]
        self.manifest.add(UseKind.FLAG, name, word.start, word.end, value=value.strip("'\""))


Installer = Callable[[Manifest, Sequence[Word]], None]


def _installer(program: str, command: Sequence[Word]) -> tuple[Installer, Sequence[Word]] | None:
    """Return how to read a command that installs packages, and its arguments; None for other commands."""
    texts = [word.text for word in command]
    if _PYTHON.match(program) and texts[1:3] == ["-m", "pip"]:
        return _installer("pip", command[2:])
    if program == "uv" and texts[1:2] == ["pip"]:
        return _installer("pip", command[1:])
    verb = next((index for index, text in enumerate(texts) if index and text in {"install", "create", "add"}), None)
    if verb is None:
        return None
    arguments = command[verb + 1 :]
    if _PIP.match(program) or (program in {"uv", "pipx", "poetry", "pdm"} and texts[1] in {"add", "install"}):
        return Manifest.pip, arguments
    if program in _CONDA:
        return _conda, arguments
    if program in _SYSTEM:
        return _system, arguments
    return None


def _system(manifest: Manifest, arguments: Sequence[Word]) -> None:
    """Note packages of the distribution, `name` or `name=version`; all package managers share one prefix."""
    skip = False
    for word in arguments:
        if skip or word.text.startswith("-"):
            skip = not skip and word.text in _SYSTEM_VALUES
            continue
        name, _, version = word.text.partition("=")
        if _PACKAGE_NAME.match(name):
            name = "apt:" + name.removesuffix(":amd64").removesuffix(":arm64")
            _dependency(manifest, name, word, version=version, tag=cuda_tag(version))


def _conda(manifest: Manifest, arguments: Sequence[Word]) -> None:
    """Note conda packages: `cudatoolkit=11.8`, `nvidia::cuda-nvcc`; channels are options."""
    position = 0
    while position < len(arguments):
        word = arguments[position]
        position += 1
        if word.text in {"-c", "--channel"} and position < len(arguments):
            channel = arguments[position]
            position += 1
            manifest.add(UseKind.FLAG, "--channel", word.start, channel.end, value=channel.text)
        elif word.text in {"-n", "--name", "-p", "--prefix", "-f", "--file"}:
            position += 1
        elif not word.text.startswith("-") and (found := _CONDA_SPECIFIER.match(word.text)):
            version = (found[2] or "").strip()
            name = normalised(found[1])
            _dependency(manifest, name, word, version=version, tag=cuda_tag(found[1], version))


def _dependency(manifest: Manifest, name: str, word: Word, **args: str) -> None:
    if manifest.vocabulary.wants(UseKind.DEPENDENCY, name):
        manifest.add(UseKind.DEPENDENCY, name, word.start, word.end, **args)
        manifest.link(LinkKind.REQUIRES, name, word.start)
