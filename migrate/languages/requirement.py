"""What names a package: requirement specifiers, addresses of wheels and repositories, and pip's options."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from urllib.parse import unquote

from migrate.languages.lexical import Lines
from migrate.model import Confidence, Embedded, Link, LinkKind, Use, UseKind, Vocabulary

MAX_TEXT = 400
_MAX_SPECIFIER = 2_000
"""Longer specifiers are read up to here; real ones have a few hundred characters."""

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?", re.ASCII)
_HEAD = re.compile(
    r"\s*(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*+(?<=[A-Za-z0-9]))?)\s*(?:\[(?P<extras>[^\]\[]*)\])?\s*",
    re.ASCII,
)
_OPERATOR = re.compile(r"\(|[<>=!~^]=?|@|\Z")
_CUDA_TAG = re.compile(r"(?<![a-z0-9])(cu(?:da)?\d{2,3}x?)(?![0-9])", re.ASCII)
_SEPARATORS = re.compile(r"[-_.]+")
_ADDRESS = re.compile(r"(?:[a-z+]{2,12}://|git@|file:)", re.IGNORECASE)
_LOCAL_PATH = re.compile(r"\.{0,2}/|\.\.?(?:\[|\Z)|[A-Za-z]:[\\/]|~")
_SPLIT_EXTRAS = re.compile(r"[^\s,]+")
_EGG = re.compile(r"[#&]egg=([A-Za-z0-9._-]+)(?:\[([^\]]*)\])?", re.ASCII)
_ARCHIVE = re.compile(r"\.(?:tar\.(?:gz|bz2|xz)|tgz|zip|git)\Z", re.IGNORECASE)


class Requirement(NamedTuple):
    """A package that something asks for."""

    name: str
    """Normalised (PEP 503)."""
    version: str = ""
    extra: str = ""
    tag: str = ""
    """The CUDA version that the package's name, version or address is made for: `cu126`, `cuda12x`."""
    marker: str = ""
    sure: bool = True
    """It is a valid specifier, not one that was only recognised."""


def normalised(name: str) -> str:
    """Return a package name in its one spelling (PEP 503)."""
    return _SEPARATORS.sub("-", name).lower()


def cuda_tag(*texts: str) -> str:
    """Return the first wheel tag for a CUDA version in any of the texts, empty when there is none."""
    for text in texts:
        if found := _CUDA_TAG.search(unquote(text).lower().replace("_", "-")):
            return found[1]
    return ""


def parse_requirement(text: str) -> Requirement | None:
    """Read a requirement specifier, an address or a path; None when no package can be told."""
    text = text.strip()[:_MAX_SPECIFIER]
    if _ADDRESS.match(text):
        return _addressed(text)
    if not text or _LOCAL_PATH.match(text):
        return None
    head = _HEAD.match(text)
    if head is None:
        return None
    rest = text[head.end() :]
    # An address may hold semicolons; only one after a blank ends it.
    rest, _, marker = rest.partition(" ;" if rest.startswith("@") else ";")
    rest = rest.strip()
    if not _OPERATOR.match(rest):
        return None
    name = normalised(head["name"])
    extra = ",".join(sorted(normalised(part) for part in _SPLIT_EXTRAS.findall(head["extras"] or "")))
    if rest.startswith("@"):
        address = rest[1:].strip()
        known = _addressed(address)
        version = known.version if known else ""
        return Requirement(name, version, extra, cuda_tag(head["name"], address, extra), marker.strip())
    version = "".join(rest.strip("() ").split())
    tag = cuda_tag(name, version, extra)
    return Requirement(name, version, extra, tag, marker.strip(), sure=_is_valid(version))


@functools.lru_cache(maxsize=1024)
def _is_valid(version: str) -> bool:
    """Tell whether a version specifier follows PEP 440."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        SpecifierSet(version)
    except InvalidSpecifier:
        return False
    return True


def _addressed(address: str) -> Requirement | None:
    """Tell the package from its address: the `egg`, the wheel's name, else the last name of the path."""
    tag = cuda_tag(address)
    if egg := _EGG.search(address):
        return Requirement(normalised(egg[1]), extra=egg[2] or "", tag=tag)
    path = unquote(address.partition("#")[0].partition(" ")[0])
    path = re.sub(r"\.git@[^/]*\Z", ".git", path)
    last = path.rstrip("/").rpartition("/")[2]
    if last.endswith(".whl") and last.count("-") >= 2:
        name, version, *_ = last.split("-")
        return Requirement(normalised(name), "==" + version, tag=tag)
    last = _ARCHIVE.sub("", last.partition("@")[0])
    if archive := re.match(r"(.+?)-(\d[\w.+]*)\Z", last):
        return Requirement(normalised(archive[1]), "==" + archive[2], tag=tag)
    return Requirement(normalised(last), tag=tag) if _NAME.fullmatch(last) else None


class Word(NamedTuple):
    """A word of a command line, without quotes, and where it stands."""

    text: str
    start: int
    end: int


CHANNEL = "--channel"
"""Conda's option for a place to take packages from; files list such places without it."""
_INDEX_OPTIONS = {"-i": "--index-url", "-f": "--find-links", "--index": "--extra-index-url"}
_INCLUDE_OPTIONS = frozenset({"-r", "--requirement", "--requirements", "-c", "--constraint", "--constraints"})
_EDITABLE_OPTIONS = frozenset({"-e", "--editable"})
_TAKES_VALUE = re.compile(
    r"(?:-[ifrcetpC]|--(?:index|index-url|extra-index-url|default-index|find-links|requirements?|constraints?|editable"
    r"|target|prefix|root|src|python|python-version|platform|abi|implementation|cache-dir|trusted-host|no-binary"
    r"|only-binary|config-settings?|global-option|build-option|timeout|retries|proxy|cert|progress-bar|log"
    r"|torch-backend|index-strategy|upgrade-strategy))\Z"
)


class Manifest:
    """Collects what a file that names packages uses.

    Args:
        text: The file's text, which uses quote.
        vocabulary: What is asked for.
        confidence: How sure any use of this file can be.
    """

    def __init__(self, text: str, vocabulary: Vocabulary, confidence: Confidence = Confidence.HIGH) -> None:
        self.text = text
        self.lines = Lines(text)
        self.vocabulary = vocabulary
        self.confidence = confidence
        self.guarded_by: tuple[str, ...] = ()
        """Who has a branch of their own around the place that is read; changed as the reading goes on."""
        self.uses: list[Use] = []
        self.links: list[Link] = []
        self.embedded: list[Embedded] = []

    def add(self, kind: UseKind, name: str, start: int, end: int, /, **args: str) -> None:
        """Note a use when its name is asked for; empty arguments are left out."""
        self.add_about("", kind, name, start, end, **args)

    def add_about(self, symbol: str, kind: UseKind, name: str, start: int, end: int, /, **args: str) -> None:
        """Note a use whose own name says less than what it is about: the channel, the option, the library."""
        if self.vocabulary.wants(kind, name):
            use = Use(
                kind=kind,
                name=name,
                span=self.lines.span(start, end),
                text=self.text[start : min(end, start + MAX_TEXT)],
                symbol=symbol[:MAX_TEXT],
                args={key: value[:MAX_TEXT] for key, value in args.items() if value},
                guarded_by=self.guarded_by,
                confidence=self.confidence,
            )
            self.uses.append(use)

    def require(self, found: Requirement | None, start: int, end: int) -> None:
        """Note a package, and that this file needs it, when it is asked for."""
        if found is None or not self.vocabulary.wants(UseKind.DEPENDENCY, found.name):
            return
        sure = self.confidence
        if not found.sure and sure == Confidence.HIGH:
            self.confidence = Confidence.MEDIUM
        facts = {"version": found.version, "extra": found.extra, "tag": found.tag, "marker": found.marker}
        self.add(UseKind.DEPENDENCY, found.name, start, end, **facts)
        self.confidence = sure
        self.link(LinkKind.REQUIRES, found.name, start)

    def link(self, kind: LinkKind, to: str, start: int, via: str = "") -> None:
        """Note that this file, or a unit that it declares, needs something."""
        self.links.append(Link(kind=kind, to=to[:MAX_TEXT], via=via[:MAX_TEXT], line=self.lines.line(start)))

    def embed(self, language: str, lines: Sequence[tuple[int, str]]) -> None:
        """Hand code in another language on: each of its lines with the offset where it begins."""
        if any(text.strip() for _, text in lines):
            code = Embedded(
                language=language,
                text="\n".join(text for _, text in lines),
                lines=tuple(self.lines.place(start) for start, _ in lines),
                confidence=self.confidence,
                guarded_by=self.guarded_by,
            )
            self.embedded.append(code)

    def option(self, name: str, value: Word | None, start: int, end: int) -> None:
        """Note an option of pip: an index, a further file, a package by its address."""
        if value is not None and name in _INCLUDE_OPTIONS:
            self.link(LinkKind.INCLUDE, value.text, value.start)
        elif value is not None and name in _EDITABLE_OPTIONS:
            self.require(parse_requirement(value.text), value.start, value.end)
        else:
            text = value.text if value is not None else ""
            about = text if name == CHANNEL else ""
            option_name = _INDEX_OPTIONS.get(name, name)
            self.add_about(about, UseKind.FLAG, option_name, start, end, value=text, tag=cuda_tag(text))

    def pip(self, words: Sequence[Word]) -> None:
        """Read the words after `pip install`."""
        for name, value, start, end in options(words):
            if name:
                self.option(name, value, start, end)
            elif value is not None:
                self.require(parse_requirement(value.text), start, end)

    def sorted_uses(self) -> tuple[Use, ...]:
        """Return the uses in order of their spans."""
        return tuple(sorted(self.uses, key=lambda use: (use.span.line, use.span.column, use.kind, use.name)))


def options(words: Sequence[Word]) -> Iterator[tuple[str, Word | None, int, int]]:
    """Yield options with their value, and plain words as the value of no option, each with its place."""
    position = 0
    while position < len(words):
        word = words[position]
        position += 1
        if not word.text.startswith("-") or word.text == "-":
            yield "", word, word.start, word.end
            continue
        name, equals, inline = word.text.partition("=")
        if equals:
            yield name, Word(inline, word.end - len(inline), word.end), word.start, word.end
        elif _TAKES_VALUE.match(name) and position < len(words):
            value = words[position]
            position += 1
            yield name, value, word.start, value.end
        elif name[:2] in {"-r", "-c", "-f", "-i", "-e"} and len(name) > 2 and not name.startswith("--"):
            yield name[:2], Word(name[2:], word.start + 2, word.end), word.start, word.end
        else:
            yield name, None, word.start, word.end
