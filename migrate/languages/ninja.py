"""Front end for Ninja: variables, the commands of rules, and what is built from what."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from migrate.languages.compiler_words import pieces, read_words
from migrate.languages.recipes import is_compiler
from migrate.languages.requirement import Manifest
from migrate.model import Extraction, LinkKind, SourceFile, UseKind, Vocabulary

_LINE = re.compile(r"(?:[^$\r\n]++|\$(?:\r\n|[\s\S])?)*+(?:\r\n?|\n|\Z)")
_JOINED = re.compile(r"\$(?:\r\n|\r|\n)[ \t]*+")
_VARIABLE = re.compile(r"(?P<indent>[ \t]*+)(?P<name>[\w.-]++)[ \t]*+=[ \t]*+(?P<value>.*)", re.ASCII | re.DOTALL)
_BUILD = re.compile(
    r"build[ \t]+(?P<outputs>[^:\r\n]++(?:(?<=\$):[^:\r\n]*+)*+):[ \t]*+(?P<rule>[\w.-]++)(?P<inputs>.*)", re.DOTALL
)
_INCLUDE = re.compile(r"(?:include|subninja)[ \t]+(?P<file>\S.*)")
_REFERENCE = re.compile(r"\$(?:\{(?P<braced>[\w.-]+)\}|(?P<plain>[\w-]+)|(?P<escaped>[$ :]))", re.ASCII)
_SOURCE = re.compile(r"\.(?:cu|hip|c|cc|cpp|cxx|c\+\+)\Z", re.IGNORECASE)
_GENERATED = re.compile(r"\A(?:[^\n]*\n){0,8}?#[^\n]*(?:generated (?:by|using)|do not edit)", re.IGNORECASE)


class Ninja:
    """Reads `build.ninja` and its like; most of them are written by CMake, Meson or an extension's builder."""

    id = "ninja"
    example_name = "build.ninja"

    def extract(self, file: SourceFile, text: str, vocabulary: Vocabulary) -> Extraction:  # noqa: ARG002
        """Read one file; never raises for what the text holds."""
        manifest = Manifest(text, vocabulary)
        compilers: set[str] = set()
        count = 0
        for statement in _statements(text):
            count += 1
            if variable := _VARIABLE.match(statement.text):
                _variable(manifest, statement, variable, compilers)
            elif build := _BUILD.match(statement.text):
                _links(manifest, statement, build)
            elif include := _INCLUDE.match(statement.text):
                manifest.link(LinkKind.INCLUDE, include["file"].strip(), statement.start)
        return Extraction(
            uses=manifest.sorted_uses(),
            links=tuple(manifest.links),
            code_lines=count,
            generated=_GENERATED.match(text[:2000]) is not None,
            embedded=tuple(manifest.embedded),
        )


class _Statement(NamedTuple):
    start: int
    text: str
    """What joins lines is blanked; offsets hold."""


def _statements(text: str) -> Iterator[_Statement]:
    """Yield the lines that say something, each with its continuations."""
    for found in _LINE.finditer(text):
        line = found[0].rstrip("\r\n")
        if line.strip() and not line.lstrip().startswith("#"):
            yield _Statement(found.start(), _JOINED.sub(lambda joint: " " * len(joint[0]), line))


def _variable(manifest: Manifest, statement: _Statement, found: re.Match[str], compilers: set[str]) -> None:
    """Note a variable, or hand the command of a rule to the shell's front end."""
    name, value = found["name"], found["value"]
    start = statement.start + found.start("value")
    if found["indent"] and name == "command":
        manifest.embed("shell", [(start, _as_shell(value, compilers))])
        return
    if is_compiler(name, value.split()[:1]):
        compilers.add(name)
    end = start + len(value.rstrip())
    manifest.add(UseKind.FLAG, name, statement.start + found.start("name"), end, value=" ".join(value.split()))
    read_words(manifest, start, start + len(value))


def _as_shell(command: str, compilers: set[str]) -> str:
    """Write a command as a shell would read it, at the same length."""

    def shell(found: re.Match[str]) -> str:
        if found["escaped"]:
            return " " + found["escaped"]
        name = found["braced"] or found["plain"]
        if name in compilers or is_compiler(name, ()):
            return "nvcc".ljust(len(found[0])) if len(found[0]) > len("nvcc") else found[0]
        return found[0].replace("-", "_").replace(".", "_")

    return _REFERENCE.sub(shell, command)


def _links(manifest: Manifest, statement: _Statement, build: re.Match[str]) -> None:
    """Note the sources that the first output is built from."""
    output = next((piece.text for piece in pieces(build["outputs"])), "")
    for piece in pieces(build["inputs"]):
        if _SOURCE.search(piece.text) and "$" not in piece.text:
            manifest.link(LinkKind.BUILD, piece.text, statement.start + build.start("inputs") + piece.start, via=output)
