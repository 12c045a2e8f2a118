"""Commands that install packages: pip and its kin, conda, the managers of a system, environment modules."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from migrate.languages.requirement import Manifest, Word, cuda_tag, normalised
from migrate.model import LinkKind, UseKind

Installer = Callable[[Manifest, Sequence[Word]], None]

_PIP = re.compile(r"pip(?:3(?:\.\d+)?)?\Z")
_PYTHON = re.compile(r"(?:python|pypy)[\d.]*\Z")
_SYSTEM = frozenset(
    {"apt", "apt-get", "apt-mark", "aptitude", "yum", "dnf", "microdnf", "zypper", "tdnf", "apk", "choco", "winget"}
)
_SYSTEM_FILES = {"dpkg": {"-i", "--install"}, "rpm": {"-i", "-ivh", "-Uvh", "-U", "--install"}}
"""Programs that install packages from files, and the options that say so."""
_CONDA = frozenset({"conda", "mamba", "micromamba"})
_PROJECTS = frozenset({"uv", "pipx", "poetry", "pdm"})
_VERBS = frozenset({"install", "create", "add", "reinstall", "groupinstall", "localinstall", "hold", "unhold"})
_SYSTEM_VALUES = frozenset({"-t", "--target-release", "-o", "--option", "-c", "--config-file", "--version", "--repo"})
_CONDA_SPECIFIER = re.compile(r"(?:[^\s:]+::)?([A-Za-z0-9_.-]+)\s*((?:[=<>!~]=?|\s).*)?\Z", re.DOTALL)
_CHANNELLED = re.compile(r"[\w${}./-]++::(?P<name>[A-Za-z0-9_][\w.-]*+)(?P<version>=[^,\s]*+),?\Z", re.ASCII)
_PACKAGE_NAME = re.compile(r"[A-Za-z0-9$][\w.+${}:-]*\Z", re.ASCII)
_FILE_VERSION = re.compile(r"[-_]\d")
_MODULE = frozenset({"load", "add", "swap", "switch"})


def installer(program: str, command: Sequence[Word]) -> tuple[Installer, Sequence[Word]] | None:
    """Return how to read a command that installs packages, and its arguments; None for other commands."""
    texts = [word.text for word in command]
    if _PYTHON.match(program) and texts[1:3] == ["-m", "pip"]:
        return installer("pip", command[2:])
    if program == "uv" and texts[1:2] == ["pip"]:
        return installer("pip", command[1:])
    if program in {"module", "ml"}:
        loads = program == "ml" or (len(texts) > 1 and texts[1] in _MODULE)
        return (_modules, command[1 if program == "ml" else 2 :]) if loads else None
    if program in _SYSTEM_FILES:
        return (_system, command[1:]) if _SYSTEM_FILES[program].intersection(texts) else None
    verb = next((index for index, text in enumerate(texts) if index and text in _VERBS), None)
    if verb is None:
        return None
    arguments = command[verb + 1 :]
    if _PIP.match(program) or (program in _PROJECTS and verb == 1):
        return Manifest.pip, arguments
    if program in _CONDA:
        return _conda, arguments
    return (_system, arguments) if program in _SYSTEM else None


def _system(manifest: Manifest, arguments: Sequence[Word]) -> None:
    """Note packages of the distribution, `name` or `name=version`; all package managers share one prefix."""
    skip = False
    for word in arguments:
        if skip or word.text.startswith("-"):
            skip = not skip and word.text in _SYSTEM_VALUES
            continue
        if word.text.endswith((".deb", ".rpm")):
            name, version = _FILE_VERSION.split(word.text.rpartition("/")[2], maxsplit=1)[0], ""
        else:
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


def channelled(manifest: Manifest, word: Word) -> None:
    """Note a conda package that names its channel, wherever a script lists it: `nvidia::cuda-nvcc=12.4`."""
    if found := _CHANNELLED.match(word.text):
        name = normalised(found["name"])
        _dependency(manifest, name, word, version=found["version"], tag=cuda_tag(found["name"], found["version"]))


def _modules(manifest: Manifest, arguments: Sequence[Word]) -> None:
    """Note environment modules of a cluster: `cuda/12.1` is `module:cuda`, version 12.1."""
    for word in arguments:
        name, _, version = word.text.partition("/")
        if _PACKAGE_NAME.match(name):
            _dependency(manifest, "module:" + name.lower(), word, version=version)


def _dependency(manifest: Manifest, name: str, word: Word, **args: str) -> None:
    if manifest.vocabulary.wants(UseKind.DEPENDENCY, name):
        manifest.add(UseKind.DEPENDENCY, name, word.start, word.end, **args)
        manifest.link(LinkKind.REQUIRES, name, word.start)
