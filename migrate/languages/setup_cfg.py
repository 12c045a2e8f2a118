"""Front end for `setup.cfg`: required packages and how extensions are built."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from migrate.languages.compiler_words import pieces, read_words
from migrate.languages.requirement import Manifest, parse_requirement
from migrate.model import Extraction, LinkKind, SourceFile, UseKind, Vocabulary

_LINE = re.compile(r"[^\r\n]*+(?:\r\n?|\n|\Z)")
_SECTION = re.compile(r"\[(?P<name>[^\]\r\n]*+)\]")
_OPTION = re.compile(r"(?P<name>[^\s=:#;\[][^=:\r\n]*?)[ \t]*[=:][ \t]*")
_COMMENT = re.compile(r"(?:\A|(?<=\s))#")
_REQUIRING = frozenset({"install_requires", "setup_requires", "tests_require", "requires", "requires-dist"})
_EXTRAS = frozenset({"options.extras_require", "extras"})
_BUILDING = frozenset({"build_ext", "build_clib", "build", "config"})


class _Entry(NamedTuple):
    """A line of an option's value."""

    section: str
    option: str
    start: int
    text: str


class SetupCfg:
    """Reads `setup.cfg`."""

    id = "setup-cfg"
    example_name = "setup.cfg"

    def extract(self, file: SourceFile, text: str, vocabulary: Vocabulary) -> Extraction:  # noqa: ARG002
        """Read one file; never raises for what the text holds."""
        manifest = Manifest(text, vocabulary)
        count = 0
        for entry in _entries(text):
            count += 1
            requiring = entry.option in _REQUIRING and entry.section in {"options", "metadata"}
            if requiring or entry.section in _EXTRAS:
                _requirements(manifest, entry)
            elif entry.section in _BUILDING:
                _build(manifest, entry)
        return Extraction(uses=manifest.sorted_uses(), links=tuple(manifest.links), code_lines=count)


def _entries(text: str) -> Iterator[_Entry]:
    """Yield what the options say, line by line."""
    section = option = ""
    for found in _LINE.finditer(text):
        line = found[0].rstrip()
        if not line or line.lstrip().startswith(("#", ";")):
            continue
        if header := _SECTION.match(line):
            section, option = header["name"].strip().lower(), ""
            continue
        start = found.start()
        value = 0
        if not line[0].isspace() and (name := _OPTION.match(line)):
            option, value = name["name"].lower().replace("-", "_"), name.end()
        if comment := _COMMENT.search(line):
            line = line[: comment.start()].rstrip()
        value += len(line[value:]) - len(line[value:].lstrip())
        yield _Entry(section, option, start + value, line[value:])


def _requirements(manifest: Manifest, entry: _Entry) -> None:
    """Note the packages of a line; semicolons part markers, so a line holds one."""
    if entry.text.startswith("file:"):
        for name in pieces(entry.text, len("file:")):
            manifest.link(LinkKind.INCLUDE, name.text, entry.start)
    elif entry.text:
        manifest.require(parse_requirement(entry.text), entry.start, entry.start + len(entry.text))


def _build(manifest: Manifest, entry: _Entry) -> None:
    """Note libraries, folders and definitions that extensions are built with."""
    if entry.option == "libraries":
        for name in pieces(entry.text):
            start = entry.start + name.start
            manifest.add(UseKind.FLAG, "-l" + name.text, start, start + len(name.text))
    elif entry.option == "define":
        for name in pieces(entry.text.replace(",", " ")):
            macro, _, value = name.text.partition("=")
            start = entry.start + name.start
            manifest.add(UseKind.FLAG, macro, start, start + len(name.text), value=value)
    else:
        read_words(manifest, entry.start, entry.start + len(entry.text))
