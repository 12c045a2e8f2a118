"""What command lines use: tools, options, variables, packages, images and programs in other languages.

Shell scripts, container files, recipes of build files and jobs of clusters and CI servers all hold such lines.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from msgspec.structs import replace

from migrate.languages.installers import channelled, installer
from migrate.languages.lexical import Lines
from migrate.languages.preprocessor import EVERYBODY, TARGET_FOLDERS, targets_of_path
from migrate.languages.python_embedding import PYTHON_STRINGS, Decoded
from migrate.languages.requirement import Manifest, Word
from migrate.languages.shell_syntax import Command, Document, escapes, parse, quoted_part, substitutions
from migrate.languages.shell_variables import TAGGED_IMAGE, expand, is_setting, references, split_image
from migrate.model import Embedded, Extraction, LinkKind, Use, UseKind

_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)\+?=([\s\S]*)\Z", re.ASCII)
_DEFINED = re.compile(r"-D([A-Za-z_]\w*)", re.ASCII)
_LITERAL = re.compile(r"'[^']*+'?")
"""What single quotes hold, in a word without double ones."""
_POWERSHELL = re.compile(r"\$(?P<environment>env:)?(?P<name>[A-Za-z_]\w*)\Z", re.ASCII | re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z_]\w*\Z", re.ASCII)
_WRAPPERS = frozenset(
    (
        *("sudo", "env", "exec", "time", "nohup", "nice", "ionice", "stdbuf", "xargs", "timeout", "setsid", "numactl"),
        *("command", "builtin", "which", "type", "hash", "where", "Get-Command", "call", "start", "source", "."),
        *("then", "do", "else", "if", "elif", "while", "until", "!", "{", "setx"),
        *("bash", "sh", "zsh", "dash"),
    )
)
"""Words before the program that is run or asked for."""
_SETTERS = frozenset(
    {"export", "set", "setenv", "declare", "typeset", "local", "readonly", "unset", "setx", "unsetenv"}
)
_SHELLS = frozenset({"bash", "sh", "zsh", "dash", "ksh", "sbatch", "ssh"})
_PROSE = frozenset(
    {"echo", "printf", "logger", "say", "Write-Host", "Write-Output", "title", "rem", "die", "warn", "log"}
)
"""Programs whose arguments are text for people."""
_CONTAINERS = frozenset({"docker", "podman", "nerdctl", "docker-compose", "nvidia-docker"})
_LAUNCHERS = _CONTAINERS | frozenset(
    (
        *("srun", "mpirun", "mpiexec", "mpiexec.hydra", "orterun", "jsrun", "aprun", "salloc", "singularity"),
        *("apptainer", "enroot", "kubectl", "conda", "mamba", "micromamba", "uv", "poetry", "pdm", "pipenv", "ssh"),
        *("xvfb-run", "parallel", "accelerate", "watch", "helm"),
    )
)
"""Programs that run what their arguments name."""
_RUNNING = frozenset({"run", "create", "pull", "push"})
_SWITCHES = frozenset(
    (
        *("-i", "-t", "-d", "-it", "-ti", "-dit", "-itd", "-P", "-q", "--rm", "--detach", "--interactive", "--tty"),
        *("--privileged", "--init", "--read-only", "--publish-all", "--quiet", "--no-healthcheck"),
    )
)
"""Options of `docker run` that take no value."""
_ENV_OPTIONS = frozenset({"-x", "-e", "--env", "-genv", "--build-arg"})
_SCRIPT_OPTIONS = frozenset({"-c", "-lc", "-ec", "-exc"})
_PYTHON = re.compile(r"(?:python|pypy|ipython)[\d.]*(?:\.exe)?\Z")
_MAX_DEPTH = 4
"""Scripts within scripts that are followed: `bash -c` in a substitution in a here-document is three deep."""


class Commands:
    """Notes what scripts use.

    Args:
        manifest: Collects the uses.
        caller: Who runs the commands, such as `RUN`; the `callee` of the tools that are run.
        variables: Values that are known; assignments of the scripts do not enter.
        source: The file's text, rewritten with all offsets kept, when it is not in the language of a shell.
    """

    def __init__(
        self, manifest: Manifest, caller: str, variables: Mapping[str, str] | None = None, *, source: str | None = None
    ) -> None:
        self.manifest = manifest
        self.caller = caller
        self.variables = variables if variables is not None else {}
        self.source = manifest.text if source is None else source
        self.embedded: list[Embedded] = []
        self._assigned: set[str] = set()

    def script(self, text: str, start: int, *, depth: int = 0) -> None:
        """Note what a script uses.

        Args:
            text: The script; here-documents and comments are told apart.
            start: Its offset in the file.
            depth: How many scripts it lies in.
        """
        if depth > _MAX_DEPTH:
            return
        script = parse(text, start)
        self._assigned.update(
            found[1] for command in script.commands for word in command.words if (found := _ASSIGNMENT.match(word.text))
        )
        for command in script.commands:
            first_use, first_part = len(self.manifest.uses), len(self.embedded)
            self.command(command, depth=depth)
            if guards := script.guarded_by(command):
                self.manifest.uses[first_use:] = _guarded(self.manifest.uses[first_use:], guards)
                self.embedded[first_part:] = _guarded(self.embedded[first_part:], guards)

    def command(self, command: Command, *, depth: int = 0) -> None:
        """Note what a simple command uses, and what it runs in turn."""
        words = self._powershell(command.words)
        rest = self._assignments(words)
        program = _base(rest[0].text) if rest else ""
        self._inside(words, program, depth)
        for document in command.documents:
            self._document(document, rest, depth)
        if program in _PROSE:
            return
        self._read_variables(words)
        if not rest:
            return
        self.manifest.add(UseKind.STRING, program, rest[0].start, rest[0].end, callee=self.caller)
        self._addresses(rest[1:], program)
        known = installer(program, rest)
        if known is not None:
            install, arguments = known
            install(self.manifest, [word._replace(text=expand(word.text, self.variables)) for word in arguments])
            return
        for word in words:
            channelled(self.manifest, word)
        if program in _LAUNCHERS:
            self._launched(rest)
        self.arguments(rest[1:], program)

    # ------------------------------------------------------------------------------------------ words of a command

    def _assignments(self, words: Sequence[Word]) -> Sequence[Word]:
        """Note assignments before a command, and return the command without them and without what runs it."""
        position = 0
        setting = wrapped = False
        while position < len(words):
            word = words[position]
            if assigned := _ASSIGNMENT.match(word.text):
                self._assigned_value(word, assigned[1], assigned[2])
            elif word.text in _SETTERS:
                setting = True
            elif setting and _NAME.match(word.text):
                following = words[position + 1].text if words[0].text in {"setenv", "setx"} and position == 1 else ""
                self._variable(word.text, word, following if position + 1 < len(words) else "")
                if following:
                    return []
            elif word.text in _WRAPPERS:
                wrapped = True
            elif not word.text.startswith("-") and not (wrapped and word.text[:1].isdigit()):
                break
            elif wrapped and word.text in _SCRIPT_OPTIONS:
                return []  # a script in a string, which is read by itself
            position += 1
        return words[position:]

    def _powershell(self, words: Sequence[Word]) -> Sequence[Word]:
        """Note an assignment of PowerShell, `$env:NAME = value`, and return the command that makes the value."""
        found = _POWERSHELL.match(words[0].text) if len(words) > 2 and words[1].text in {"=", "+="} else None
        if found is None:
            return words
        name, value = found["name"], words[2]
        self._assigned.add(name)
        if found["environment"]:
            self._variable(name, words[0], value.text)
        if self.source[value.start : value.start + 1] in {"'", '"'}:
            self._value(value, name, value.text)
        return words[2:]

    def _variable(self, name: str, word: Word, value: str) -> None:
        """Note a variable that is set or handed on."""
        if is_setting(name, self.manifest.vocabulary):
            self.manifest.add(UseKind.ENV, name, word.start, word.end, value=value)

    def _read_variables(self, words: Sequence[Word]) -> None:
        """Note variables that are read and that no line of the script sets."""
        for word in words:
            if "$" not in word.text:
                continue
            raw = self.source[word.start : word.end]
            defined = set(_DEFINED.findall(raw))  # -DCUDA_HOME=$CUDA_HOME counts once
            for name, start, end in references(raw):
                if name not in defined and name not in self._assigned and name not in self.variables:
                    self._variable(name, Word(name, word.start + start, word.start + end), "")

    def _addresses(self, arguments: Sequence[Word], program: str) -> None:
        for word in arguments:
            if word.text.startswith("docker://"):
                self.image(word._replace(text=word.text[9:].replace("#", "/")))
            elif "://" in word.text and not _ASSIGNMENT.match(word.text):
                name = expand(word.text, self.variables)
                self.manifest.add(UseKind.STRING, name, word.start, word.end, callee=program)

    def arguments(self, arguments: Sequence[Word], program: str) -> None:
        """Note options of any program, also definitions: `-DCMAKE_CUDA_ARCHITECTURES=90`."""
        for position, word in enumerate(arguments):
            following = arguments[position + 1] if position + 1 < len(arguments) else None
            if word.text.startswith(("-", "/D")):
                value = "" if following is None or following.text.startswith("-") else following.text
                self._option(word.text, word, value, program)
                if word.text in _ENV_OPTIONS and following is not None and _NAME.match(following.text):
                    self._variable(following.text, following, "")
            elif assigned := _ASSIGNMENT.match(word.text):
                self._assigned_value(word, assigned[1], assigned[2])

    def _assigned_value(self, word: Word, name: str, value: str) -> None:
        """Note a variable, and what its value names."""
        self._variable(name, word, value)
        self._value(word, name, value)

    def _value(self, word: Word, name: str, value: str) -> None:
        """Note what the value of a variable names: an image, an address, options for a build."""
        known = expand(value, self.variables)
        if TAGGED_IMAGE.match(known):
            self.image(word._replace(text=value))
        elif "://" in known:
            self.manifest.add(UseKind.STRING, known, word.start, word.end, key=name)
        self._options_of_builds(word, value)

    def _options_of_builds(self, word: Word, value: str) -> None:
        """Note options that a variable hands on to a build: CMAKE_ARGS="-DA=1 -DB=2"."""
        options = value.split() if "-" in value else []
        for option, following in itertools.pairwise([*options, ""]):
            if option.startswith("-"):
                self._option(option, word, "" if following.startswith("-") else following, "")

    def _option(self, option: str, word: Word, following: str, program: str) -> None:
        name, equals, value = option.partition("=")
        if name.startswith("--export"):  # of a batch system: a list of variables
            for part in value.split(","):
                self._variable(part.partition("=")[0], word, part.partition("=")[2])
        wants = self.manifest.vocabulary.wants
        if name[:2] in {"-D", "/D"} and not wants(UseKind.FLAG, name):
            defined = name[2:] if len(name) > 2 else following
            if len(name) == 2:
                defined, equals, value = defined.partition("=")
            name = defined.partition(":")[0]
        elif not equals:
            value = following
        self.manifest.add(UseKind.FLAG, name, word.start, word.end, value=value.strip("'\""), callee=program)

    def _launched(self, command: Sequence[Word]) -> None:
        """Note the image that a container is made of, and tools that a launcher runs."""
        program = _base(command[0].text)
        texts = [word.text for word in command]
        verb = next((index for index, text in enumerate(texts[:4]) if index and text in _RUNNING), None)
        image = _image(command[verb + 1 :]) if program in _CONTAINERS and verb is not None else None
        if image is not None:
            self.image(image)
        wants = self.manifest.vocabulary.wants
        for before, word in itertools.pairwise(command):
            if before.text in _SCRIPT_OPTIONS:  # a script in a string, which is read by itself
                continue
            name = next((name for name in (word.text, _base(word.text)) if wants(UseKind.STRING, name)), "")
            if name and "://" not in name:
                self.manifest.add(UseKind.STRING, name, word.start, word.end, callee=program)

    def image(self, word: Word) -> None:
        """Note a container image, and that the file needs it."""
        name, tag, digest = split_image(expand(word.text, self.variables))
        if self.manifest.vocabulary.wants(UseKind.IMAGE, name):
            self.manifest.add(UseKind.IMAGE, name, word.start, word.end, tag=tag, digest=digest)
            self.manifest.link(LinkKind.REQUIRES, name, word.start)

    # ------------------------------------------------------------------------------------------ scripts in scripts

    def _inside(self, words: Sequence[Word], program: str, depth: int) -> None:
        """Read commands in substitutions, scripts after `bash -c`, and programs after `python -c`."""
        text = self.source
        for before, option, word in zip([*words[:1], *words], words, words[1:], strict=False):
            if option.text not in _SCRIPT_OPTIONS:
                continue
            place = quoted_part(text, word.start, word.end)
            if place is None:
                continue
            runner = _base(before.text)
            if _PYTHON.match(runner) or _PYTHON.match(program):
                self._python(*place)
            elif runner in _SHELLS or program in _SHELLS:
                self.script(text[place[0] : place[1]], place[0], depth=depth + 1)
        for word in words:
            raw = text[word.start : word.end]
            if '"' not in raw:
                raw = _LITERAL.sub(lambda found: " " * len(found[0]), raw)
            if "$(" in raw or "`" in raw:
                for start, end in substitutions(raw):
                    self.script(raw[start:end], word.start + start, depth=depth + 1)

    def _document(self, document: Document, rest: Sequence[Word], depth: int) -> None:
        """Read a here-document as what its reader takes it for."""
        runners = [_base(word.text) for word in rest]
        if any(_PYTHON.match(runner) for runner in runners):
            self._python(document.start, document.end, escaped=False)
        elif not rest or _SHELLS.intersection(runners):
            self.script(self.source[document.start : document.end], document.start, depth=depth + 1)

    def _python(self, start: int, end: int, escaped: bool) -> None:
        """Hand a program on to the front end of Python, every line with its place."""
        text, lines = self.source, self.manifest.lines
        if not escaped or "\r" in text[start:end]:
            self.embedded.append(embedded("python", text[start:end], start, lines))
            return
        decoded = Decoded()
        decoded.begin_line(start)
        done = start
        for first, last, meaning in escapes(text, start, end):
            decoded.add(text[done:first], done)
            decoded.add_escape(meaning, first, last)
            done = last
        decoded.add(text[done:end], done)
        finished = decoded.finished(PYTHON_STRINGS, lines.place, indented=True)
        self.embedded.append(Embedded(language="python", text=finished.text, lines=finished.lines))


def embedded(language: str, text: str, start: int, lines: Lines) -> Embedded:
    """Return code of another language that begins at an offset, without the indentation that its lines share."""
    first_line, first_column = lines.place(start)
    rows = re.split(r"\r\n|\r|\n", text)
    indents = [len(row) - len(row.lstrip()) for row in rows if row.strip()]
    indent = min(indents, default=0)
    return Embedded(
        language=language,
        text="\n".join(row[indent:] for row in rows),
        lines=tuple((first_line + number, (first_column if not number else 1) + indent) for number in range(len(rows))),
    )


def _base(word: str) -> str:
    """Return the name of a program without its folder."""
    return word.rpartition("/")[2].removesuffix(".exe")


def _image(arguments: Sequence[Word]) -> Word | None:
    """Return the image among the arguments of `docker run`."""
    skip = False
    for word in arguments:
        if skip:
            skip = False
        elif word.text.startswith("-"):
            skip = "=" not in word.text and word.text not in _SWITCHES
        else:
            return word
    return None


def targets_of_name(path: str) -> tuple[str, ...]:
    """Return whom a file of commands or settings is for by its name: `Dockerfile.rocm`, `values-npu.yaml`.

    Nobody has anything to port in a file that another platform has for itself.
    """
    found = targets_of_path(path)
    words = re.split(r"[._-]", path.rpartition("/")[2].lower())
    found.update(TARGET_FOLDERS[word] for word in words if word in TARGET_FOLDERS)
    return tuple(sorted({*found, EVERYBODY})) if found else ()


def guard_extraction(extraction: Extraction, guards: tuple[str, ...]) -> Extraction:
    """Mark all that a file gave with whom the file is for."""
    if not guards:
        return extraction
    uses, embedded_code = _guarded(extraction.uses, guards), _guarded(extraction.embedded, guards)
    return replace(extraction, uses=tuple(uses), embedded=tuple(embedded_code))


_Found = TypeVar("_Found", Use, Embedded)


def _guarded(found: Iterable[_Found], guards: tuple[str, ...]) -> list[_Found]:
    """Add to what guards the uses, or the code."""

    def marked(one: _Found) -> _Found:
        return replace(one, guarded_by=tuple(sorted({*one.guarded_by, *guards})))

    return [marked(one) for one in found]
