"""What the keys and values of configuration use: variables, images, devices and back ends by name, scripts.

Which key gives a word its meaning is for the rules to say; a value goes to them with its path.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterable

from migrate.languages.entries import Entry
from migrate.languages.requirement import MAX_TEXT, Manifest
from migrate.languages.shell_variables import TAGGED_IMAGE, expand, is_setting, split_image
from migrate.model import Embedded, LinkKind, UseKind

SCRIPT_KEYS = frozenset(
    (
        *("run", "script", "before_script", "after_script", "commands", "command", "cmd", "cmds", "bash", "setup"),
        *("args", "entrypoint", "test", "install", "before_install", "after_success", "initcommands", "exec"),
        *("setup_commands", "head_setup_commands", "worker_setup_commands", "initialization_commands"),
        *("head_start_ray_commands", "worker_start_ray_commands", "file_mounts_commands", "commands_pre"),
        *("poststartcommand", "postcreatecommand", "oncreatecommand", "updatecontentcommand", "prestart", "poststart"),
        *("cibw_before_all", "cibw_before_all_linux", "cibw_before_build", "before_all", "before_build", "launcher"),
    )
)
"""Keys, in lower case with underscores, whose values a shell runs."""
_OPTION_KEYS = {
    **dict.fromkeys(("options", "runargs", "run_options", "docker_options", "dockerargs", "docker_args"), "docker"),
    **dict.fromkeys(("cibw_environment", "cibw_environment_linux", "cibw_environment_windows"), "export"),
    **dict.fromkeys(("container_options", "head_run_options", "worker_run_options", "docker_run_options"), "docker"),
}
"""Keys whose values are options of a program."""
_FILE_LANGUAGES = {
    "py": "python",
    **dict.fromkeys(("sh", "bash", "sbatch"), "shell"),
    **dict.fromkeys(("yaml", "yml"), "yaml"),
    "json": "json",
    "toml": "toml",
}
_DATA = frozenset({"data", "stringData"})
"""Keys below which a ConfigMap or a Secret holds whole files."""
_MAPPING = re.compile(
    r"(?:[ \t]*+(?:#[^\r\n]*+|---[ \t]*+)?(?:\r\n?|\n))*+[ \t]*+[A-Za-z_][\w./-]*+:(?:[ \t]|[\r\n]|\Z)"
)
"""How a text in YAML begins whose top level is a mapping."""
_IMAGE_KEY = re.compile(r"(?:.*_?image(?:_?(?:name|id|uri|url|ref|repository|repo))?|container|repository|from)\Z")
_NO_IMAGE = frozenset({"repository", "tags"})
"""Keys of half a name, and of names that are given to what was built."""
_ENV_KEYS = frozenset({"env", "environment", "envs", "passenv", "pass_env", "variables", "setenv"})
_VARIABLE = re.compile(r"\s*([A-Za-z_]\w*)\s*=\s*(.*)\Z", re.ASCII | re.DOTALL)
_CONSTANT = re.compile(r"[A-Z][A-Z0-9]*_[A-Z0-9_]+\Z|CUDA_\w+\Z", re.ASCII)
_OPTIONS = re.compile(r"--?[A-Za-z]|[^\r\n]*\s-D[A-Za-z]")
_ADDRESS = re.compile(r"(?<!\S)https?://\S+")
"""An address among options, which is what such a value is about."""
_EXPRESSION = re.compile(r"\$?\{\{[^{}\r\n]*+\}\}")
_LIST_OF_WORDS = re.compile(r"\S+\Z")
_ANY_PROGRAM = "program"
"""Stands for the program of an image when a configuration only names its arguments."""
_MAX_WORD = 200
"""Characters of a value that may be a name; longer ones are texts."""
_LINE = re.compile(r"([ \t]*)([^\r\n]*)(?:\r\n?|\n|\Z)")


class Settings:
    """Notes what the entries of one file use.

    Args:
        manifest: Collects the uses.
        places: Where the literals stand that any use must hold.
    """

    def __init__(self, manifest: Manifest, places: Iterable[tuple[int, int]]) -> None:
        self.manifest = manifest
        self.embedded: list[Embedded] = []
        self._places = [start for start, _ in places]
        self._named: dict[int, Entry] = {}
        self._repository: dict[int, Entry] = {}
        self._values: dict[tuple[int, str], str] = {}
        self._described: dict[tuple[str, ...], tuple[int, int]] = {}
        """Places of definitions whose value stands in a mapping below them."""
        self._words: list[Entry] = []

    def read(self, entries: Iterable[Entry]) -> None:
        """Note what all entries use."""
        for entry in entries:
            if self._words and entry.sequence != self._words[-1].sequence:
                self._flush()
            key = _plain(entry.name)
            if entry.value is not None and (key in SCRIPT_KEYS or key in _OPTION_KEYS):
                self._script(entry, key)
            elif entry.style == "|" and (language := _language_of_file(entry, key)):
                self._block(entry, language)
            self._siblings(entry, key)
            if self._is_marked(entry):
                self._entry(entry, key)
        self._flush()
        for mapping, entry in self._named.items():
            self._variable(entry.value or "", entry, self._values.get((mapping, "value"), ""))
        for mapping, entry in self._repository.items():
            self._image(entry, self._values.get((mapping, "tag"), ""), self._values.get((mapping, "registry"), ""))

    def _is_marked(self, entry: Entry) -> bool:
        """Tell whether any of the literals stands in an entry."""
        place = bisect.bisect_left(self._places, entry.first)
        return place < len(self._places) and self._places[place] < max(entry.end, entry.key[1] if entry.key else 0)

    def _siblings(self, entry: Entry, key: str) -> None:
        """Keep what only makes sense together, such as name and value of a variable, repository and tag of an image."""
        if entry.key is None or entry.value is None:
            return
        if key == "value" and (place := self._described.pop(entry.path[:-1], None)):
            self.manifest.add(UseKind.FLAG, entry.path[-2], *place, value=entry.value)
        if key in {"value", "tag", "registry"}:
            self._values[entry.mapping, key] = entry.value[:MAX_TEXT]
        elif key == "name" and is_setting(entry.value, self.manifest.vocabulary):
            self._named[entry.mapping] = entry
        elif key == "repository":
            self._repository[entry.mapping] = entry

    def _entry(self, entry: Entry, key: str) -> None:
        manifest, value = self.manifest, entry.value
        wants = manifest.vocabulary.wants
        if entry.key is not None:
            name = entry.name
            start, end = entry.key[0], max(entry.key[1], entry.end)
            if _CONSTANT.match(name):
                self._variable(name, entry._replace(start=start, end=end), value or "")
                if value is None:
                    self._described[entry.path] = entry.key
                else:
                    manifest.add(UseKind.FLAG, name, start, end, value=value)
            if wants(UseKind.STRING, name):
                manifest.add(UseKind.STRING, name, *entry.key, subscript=".".join(entry.path[:-1]), value=value or "")
        if value is None:
            return
        is_script = key in SCRIPT_KEYS or key in _OPTION_KEYS
        is_variable = entry.key is not None and is_setting(entry.name, manifest.vocabulary)
        if key not in _NO_IMAGE and (_IMAGE_KEY.match(key) or TAGGED_IMAGE.match(value[:MAX_TEXT])):
            self._image(entry, "", "")
        elif key == "uses" and value.startswith("docker://"):
            self._image(entry._replace(value=value[9:], start=entry.start + 9), "", "")
        if assigned := _VARIABLE.match(value[:_MAX_WORD]):
            self._variable(assigned[1], entry, assigned[2])
        elif key in _ENV_KEYS:
            self._names(entry)
        if not (is_script or is_variable) and len(value) <= _MAX_WORD and wants(UseKind.STRING, value):
            address = _ADDRESS.search(value)
            about = address[0] if address else ""
            manifest.add_about(about, UseKind.STRING, value, entry.start, entry.end, key=".".join(entry.path))
        if not is_script and entry.style not in {"|", ">"}:
            self._definitions(entry)

    def _names(self, entry: Entry) -> None:
        """Note variables that are handed on by name."""
        for found in re.finditer(r"[^\s,]+", (entry.value or "")[:_MAX_WORD]):
            start = entry.start + found.start()
            self._variable(found[0], entry._replace(start=start, end=start + len(found[0])), "")

    def _variable(self, name: str, entry: Entry, value: str) -> None:
        if is_setting(name, self.manifest.vocabulary):
            self.manifest.add(UseKind.ENV, name, entry.start, entry.end, value=value)

    def _image(self, entry: Entry, tag: str, registry: str) -> None:
        """Note an image; defaults of variables count: `${IMAGE:-nvidia/cuda:12}`."""
        written = expand((entry.value or "")[:MAX_TEXT], {}).removeprefix("docker:")
        if registry and "{{" not in registry:
            written = f"{registry}/{written}"
        name, own_tag, digest = split_image(written)
        if name and not re.search(r"\s", name) and self.manifest.vocabulary.wants(UseKind.IMAGE, name):
            self.manifest.add(UseKind.IMAGE, name, entry.start, entry.end, tag=own_tag or tag, digest=digest)
            self.manifest.link(LinkKind.REQUIRES, name, entry.start)

    # ------------------------------------------------------------------------------------------------ scripts

    def _definitions(self, entry: Entry) -> None:
        """Read options that a value hands on to a build or another program: `-DGGML_CUDA=ON`."""
        value = entry.value or ""
        if len(value) <= MAX_TEXT and _OPTIONS.match(value):
            self._embed([entry], "cmake" if "-D" in value else _ANY_PROGRAM)

    def _script(self, entry: Entry, key: str) -> None:
        """Read a script: a block, a line, or one word of a list that is a command."""
        if entry.style in {"|", ">"}:
            self._block(entry)
        elif entry.sequence and (key in _OPTION_KEYS or _LIST_OF_WORDS.match(entry.value or "")):
            self._words.append(entry)
        else:
            self._embed([entry], _OPTION_KEYS.get(key, ""))

    def _flush(self) -> None:
        """Read the words of a list as one command."""
        if words := self._words:
            self._words = []
            if words[0].value in {"CMD", "CMD-SHELL"}:
                words = words[1:]
            if words:
                self._embed(words, _OPTION_KEYS.get(_plain(words[0].name), ""))

    def _embed(self, entries: list[Entry], program: str) -> None:
        """Hand values on as one command, each on a line of its own."""
        rows: list[str] = []
        lines: list[tuple[int, int]] = []
        for entry in entries:
            place = self.manifest.lines.place(entry.start)
            if not rows and (program or (entry.value or "").startswith("-")):
                rows.append(program or _ANY_PROGRAM)
                lines.append(place)
            for number, row in enumerate(re.split(r"\r\n|\r|\n", entry.value or "")):
                rows.append(_EXPRESSION.sub(_without_blanks, row))
                lines.append((place[0] + number, place[1] if not number else 1))
        self._add(" \\\n".join(rows), lines)

    def _block(self, entry: Entry, language: str = "shell") -> None:
        """Hand on a block without its indentation; the lines of a folded one are joined as a shell joins them."""
        rows: list[str] = []
        lines: list[tuple[int, int]] = []
        first, _ = self.manifest.lines.place(entry.start)
        indent: int | None = None
        for number, found in enumerate(_LINE.finditer(entry.value or "")):
            if indent is None and found[2]:
                indent = len(found[1])
            cut = min(len(found[1]), indent or 0)
            row = found[1][cut:] + found[2]
            rows.append(_EXPRESSION.sub(_without_blanks, row))
            lines.append((first + number, cut + 1))
        while rows and not rows[-1]:
            rows.pop()
            lines.pop()
        self._add((" \\\n" if entry.style == ">" else "\n").join(rows), lines, language)

    def _add(self, text: str, lines: list[tuple[int, int]], language: str = "shell") -> None:
        if text.strip():
            self.embedded.append(Embedded(language=language, text=text, lines=tuple(lines)))


def _language_of_file(entry: Entry, key: str) -> str:
    """Return the language of a file that a value holds: by the key, `train.py`, or in a ConfigMap by its text."""
    if "." in key:
        return _FILE_LANGUAGES.get(key.rpartition(".")[2], "")
    return "yaml" if _DATA.intersection(entry.path[:1]) and _MAPPING.match(entry.value or "") else ""


def _plain(key: str) -> str:
    return key.lower().replace("-", "_")


def _without_blanks(found: re.Match[str]) -> str:
    """Make one word of an expression of a CI server or a template."""
    return re.sub(r"[^\w.{}$]", "_", found[0])
