"""The compiled rule book: one file for each content of the packs, read in parts and made anew when it is not there.

A file holds sections (rules, vocabularies, each target's tables), each a MessagePack map from a name to a body that is
decoded when somebody asks for it: the guard, which needs the rules and words of one language, decodes nothing else.
The bytes follow from the packs alone. A file that cannot be read, or is not what its key says, counts as none.
"""

from __future__ import annotations

import contextlib
import hashlib
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from migrate.model import Effort, NameSet, Rule, Target, UseKind, Vocabulary
from migrate.model import Mapping as Response
from migrate.resources import cache_folder
from migrate.rulebook.answers import Answers
from migrate.rulebook.book import Rulebook
from migrate.rulebook.content import write
from migrate.rulebook.loading import Library, Package, Row, Source, Symbol

_MAGIC = b"cuda-migrate rule book 1\n"
_KEPT = 8
"""Compiled files that stay in the folder, newest first: a few versions and packs; each is some megabytes. Judgement."""


T = TypeVar("T")
_encoder = msgspec.msgpack.Encoder()
"""Keeps the order of the packs, which has a say: the first library whose glob fits claims a name."""


class Shelf(Mapping[str, T], Generic[T]):
    """A map whose values are decoded one by one, when asked for."""

    def __init__(self, body: Callable[[], memoryview], kind: Any) -> None:
        self._body: Callable[[], memoryview] | None = body
        self._raw: dict[str, msgspec.Raw] = {}
        self._decoder: msgspec.msgpack.Decoder[T] = msgspec.msgpack.Decoder(kind)
        self._values: dict[str, T] = {}

    def _names(self) -> dict[str, msgspec.Raw]:
        if self._body is not None:
            self._raw = _RAW.decode(self._body())
            self._body = None
        return self._raw

    def __getitem__(self, name: str) -> T:
        if name not in self._values:
            self._values[name] = self._decoder.decode(self._names()[name])
        return self._values[name]

    def __contains__(self, name: object) -> bool:
        return name in self._names()

    def __iter__(self) -> Iterator[str]:
        return iter(self._names())

    def __len__(self) -> int:
        return len(self._names())


_RAW: msgspec.msgpack.Decoder[dict[str, msgspec.Raw]] = msgspec.msgpack.Decoder(dict[str, msgspec.Raw])


class _Words(msgspec.Struct, frozen=True, array_like=True):
    """A vocabulary whose exact names are groups that it shares with others."""

    anchors: tuple[str, ...]
    kinds: dict[UseKind, tuple[tuple[str, ...], tuple[str, ...]]]
    """Kind -> numbers of its groups, and its globs."""


class Vocabularies(Mapping[str, Vocabulary]):
    """What front ends must look for, put together when a language is asked for."""

    def __init__(self, words: Shelf[_Words], groups: Shelf[frozenset[str]]) -> None:
        self._words, self._groups = words, groups

    def __getitem__(self, language: str) -> Vocabulary:
        words = self._words[language]
        names = {
            kind: NameSet(exact=frozenset().union(*(self._groups[number] for number in numbers)), globs=globs)
            for kind, (numbers, globs) in words.kinds.items()
        }
        return Vocabulary(anchors=words.anchors, names=names)

    def __iter__(self) -> Iterator[str]:
        return iter(self._words)

    def __len__(self) -> int:
        return len(self._words)


class _Section(NamedTuple):
    offset: int
    length: int


class _Head(msgspec.Struct, frozen=True):
    key: str
    check: int
    """CRC-32 of all that follows the head."""
    sections: dict[str, _Section]


_TYPES = (Rule, Response, Target, Library, Effort, _Words, Symbol, Package, Row, Source)
"""What a compiled file holds; another shape of one of them makes another key."""


def key_of(digest: str, packs: tuple[str, ...]) -> str:
    """Return the key of a compiled book: what the packs hold, and how this version of the product writes it down."""
    shape = [(kind.__name__, sorted(kind.__annotations__.items())) for kind in _TYPES]
    text = repr((_MAGIC, digest, packs, shape))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def folder() -> Path:
    """Return where compiled books are kept."""
    return Path(cache_folder()) / "rules"


# ------------------------------------------------------------------------------------------------------ writing


def encode(book: Rulebook, key: str) -> bytes:
    """Return a book's compiled form."""
    bodies = {name: _encoder.encode(section) for name, section in sorted(_sections(book).items())}
    offset, sections = 0, {}
    for name, body in bodies.items():
        sections[name] = _Section(offset, len(body))
        offset += len(body)
    rest = b"".join(bodies.values())
    head = _encoder.encode(_Head(key=key, check=zlib.crc32(rest), sections=sections))
    return _MAGIC + len(head).to_bytes(4, "big") + head + rest


def _sections(book: Rulebook) -> dict[str, Mapping[str, Any]]:
    sections: dict[str, Mapping[str, Any]] = {
        "rules": dict(book.rules),
        "languages": dict(book.languages),
        "libraries": dict(book.libraries),
        "prices": dict(book.prices),
        "symbols": dict(book.symbols),
        "packages": dict(book.packages),
        **_words({language: book.vocabulary(language) for language in book.languages}),
        "targets": {id_: answers.target for id_, answers in book.targets.items()},
    }
    for id_, answers in book.targets.items():
        for part in _PARTS:
            sections[f"targets/{id_}/{part}"] = dict(getattr(answers, part))
    return sections


def _words(vocabularies: Mapping[str, Vocabulary]) -> dict[str, Mapping[str, Any]]:
    """Return vocabularies with each name written once: names that the same kinds ask for form a group."""
    askers: dict[str, list[tuple[str, UseKind]]] = defaultdict(list)
    for language, vocabulary in vocabularies.items():
        for kind, names in vocabulary.names.items():
            for name in names.exact:
                askers[name].append((language, kind))
    groups: dict[tuple[tuple[str, UseKind], ...], list[str]] = defaultdict(list)
    for name in sorted(askers):
        groups[tuple(askers[name])].append(name)
    numbered = {who: str(number) for number, who in enumerate(sorted(groups))}
    words = {}
    for language, vocabulary in vocabularies.items():
        kinds = {}
        for kind, names in vocabulary.names.items():
            numbers = sorted(number for who, number in numbered.items() if (language, kind) in who)
            kinds[kind] = (tuple(numbers), names.globs)
        words[language] = _Words(vocabulary.anchors, kinds)
    return {"words": words, "groups": {number: groups[who] for who, number in numbered.items()}}


_PARTS = {"mappings": Response, "symbols": Row, "packages": Row, "sources": Source}


def store(book: Rulebook, key: str, place: Path | None = None) -> None:
    """Keep a compiled book; a folder that cannot be written only means that the next start is slower."""
    place = place or folder()
    with contextlib.suppress(OSError):
        write(place / f"{key}.book", encode(book, key))
        for pattern in ("*.book", "*.digest"):
            kept = sorted(place.glob(pattern), key=lambda path: path.stat().st_mtime, reverse=True)
            for stale in kept[_KEPT:]:
                stale.unlink(missing_ok=True)


# ------------------------------------------------------------------------------------------------------ reading


def read(key: str, place: Path | None = None) -> Parts | None:
    """Return the parts of a compiled book, or None when there is no sound one."""
    try:
        data = ((place or folder()) / f"{key}.book").read_bytes()
        return Parts(data, key)
    except (OSError, ValueError, msgspec.MsgspecError):
        return None


class Parts:
    """A compiled book's sections."""

    def __init__(self, data: bytes, key: str) -> None:
        start = len(_MAGIC) + 4
        size = int.from_bytes(data[len(_MAGIC) : start], "big")
        head = msgspec.msgpack.decode(data[start : start + size], type=_Head)
        self._rest = memoryview(data)[start + size :]
        self._sections = head.sections
        if not data.startswith(_MAGIC) or head.key != key or zlib.crc32(self._rest) != head.check:
            raise ValueError("not the compiled book that was asked for")

    def book(self, digest: str, packs: tuple[str, ...]) -> Rulebook:
        """Return the rule book, whose tables are decoded as they are used."""
        targets = {
            id_: Answers(target, **{part: self._shelf(f"targets/{id_}/{part}", kind) for part, kind in _PARTS.items()})
            for id_, target in self._shelf("targets", Target).items()
        }
        return Rulebook(
            rules=self._shelf("rules", Rule),
            targets=targets,
            libraries=dict(self._shelf("libraries", Library)),
            symbols=self._shelf("symbols", Symbol),
            packages=self._shelf("packages", Package),
            prices=dict(self._shelf("prices", Effort)),
            hash=digest,
            packs=packs,
            languages=dict(self._shelf("languages", tuple[str, ...])),
            vocabularies=Vocabularies(self._shelf("words", _Words), self._shelf("groups", frozenset[str])),
        )

    def _shelf(self, name: str, kind: Any) -> Shelf[Any]:
        offset, length = self._sections[name]
        return Shelf(lambda: self._rest[offset : offset + length], kind)
