"""Words of a compiler's command line that build files hold: options with their values, definitions, libraries."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from migrate.languages.lexical import anchors
from migrate.languages.requirement import MAX_TEXT, Manifest
from migrate.model import UseKind, Vocabulary

_VALUE_FOLLOWS = re.compile(
    r"--?(?:gencode|generate-code|arch|gpu-architecture|code|gpu-code|ccbin|compiler-bindir|maxrregcount"
    r"|X(?:ptxas|compiler|linker|cudafe|nvlink|archive)|diag-suppress|std|x|threads)\Z"
)
"""Flags whose value may stand in the next word."""

_UNIT = r"(?:\$[({][^(){}\s]*+[)}]|[^\s\"'`,;(){}$\\]|\$|\\.)"
_WORD = re.compile(rf"-(?:{_UNIT}|,(?={_UNIT}))*+|{_UNIT}(?:{_UNIT}|,(?=(?!-){_UNIT}))*+")
"""A comma belongs to a word, but for one before an option in the arguments of a function: `80 90,-gencode`."""
_LIBRARY_LIST = re.compile(
    r"(?i)(?:\A|_)lib(?:rar(?:y|ies)|s)?(?:_?names?)?(?:_|\Z)|lib(?:rar(?:y|ies)|s)?\Z|depend(?:s|enc)|link"
)
_FOLDER_OPTION = re.compile(r"-(?:I|L|isystem|Wl,-rpath[,=])(?=.)")
_TOOLKIT = re.compile(r"/(?:usr/(?:local|lib)|opt)/(?:nvidia/)?cuda")


def speaks(text: str, vocabulary: Vocabulary) -> bool:
    """Tell whether a text may hold anything that is asked for; a cheap look before it is read."""
    return not vocabulary.anchors or bool(anchors(vocabulary.anchors).hits(text))


class Option(NamedTuple):
    """What a word says, and where in the word the part stands that says it."""

    name: str
    value: str
    offset: int
    length: int


def option(word: str, following: str, vocabulary: Vocabulary) -> Option | None:
    """Return the flag, definition or library that a word is and somebody asks for.

    Args:
        word: `-gencode`, `-arch=sm_80`, `-DUSE_CUDA=1`, `-lcudart`; `SHELL:-Xptxas` puts a flag behind a colon.
        following: The word after it.
        vocabulary: What is asked for.
    """
    offset = word.rfind(":-") + 1
    word = word[offset:]
    if not word.startswith("-"):
        return None
    name, equals, value = word.partition("=")
    variable = name[2:].partition(":")[0]
    if word.startswith(("-D", "-U")) and vocabulary.wants(UseKind.FLAG, variable):
        return Option(variable, value, offset + 2, len(word) - 2)
    if vocabulary.wants(UseKind.FLAG, name):
        return Option(name, value if equals else value_after(name, following), offset, len(word))
    return None


def value_after(flag: str, following: str) -> str:
    """Return the word after a flag when it is its value."""
    return following[:MAX_TEXT] if _VALUE_FOLLOWS.match(flag) else ""


def holds_libraries(variable: str) -> bool:
    """Tell whether the words that a variable is set to are libraries, by its name."""
    return _LIBRARY_LIST.search(variable) is not None


class Piece(NamedTuple):
    """A word and where it begins."""

    text: str
    start: int


def pieces(text: str, start: int = 0, end: int | None = None) -> Iterator[Piece]:
    """Yield the words between two offsets; quotes part words, references to variables do not."""
    for found in _WORD.finditer(text, start, len(text) if end is None else end):
        yield Piece(found[0], found.start())


def read_words(manifest: Manifest, start: int, end: int) -> None:
    """Note all flags, definitions, libraries and folders of the toolkit in a stretch of a build file."""
    words = list(pieces(manifest.text, start, end))
    for number, word in enumerate(words):
        following = words[number + 1].text if number + 1 < len(words) else ""
        if found := option(word.text, following, manifest.vocabulary):
            begin = word.start + found.offset
            manifest.add(UseKind.FLAG, found.name, begin, begin + found.length, value=found.value)
        else:
            toolkit_path(manifest, word.text, word.start)


def toolkit_path(manifest: Manifest, word: str, start: int) -> None:
    """Note a folder of an installed CUDA toolkit, also behind `-I` or `-L`."""
    if folder := toolkit_folder(word):
        end = start + len(word)
        manifest.add(UseKind.STRING, folder[:MAX_TEXT], end - len(folder), end)


def toolkit_folder(word: str) -> str:
    """Return the folder of an installed CUDA toolkit that a word ends in, empty when it ends in none."""
    option_of_folder = _FOLDER_OPTION.match(word)
    path = word[option_of_folder.end() :] if option_of_folder else word
    return path if _TOOLKIT.match(path) else ""
