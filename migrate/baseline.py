"""Findings that are accepted: their identity, the file that lists them, and which of today's findings it knows.

An identity holds no line number. What a change of code leaves alone (rule, path, enclosing scope, symbol, the text
without its layout) makes it; where part of that changed too, what is left decides, and every accepted use counts once.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from migrate.errors import LocatedError
from migrate.model import Struct

VERSION = 1


class BaselineError(LocatedError):
    """A baseline cannot be read."""


class Identity(NamedTuple):
    """What a finding is, wherever it stands; the order of the fields is the order of the file."""

    path: str
    rule: str
    scope: str
    symbol: str
    text: str
    """Digest of the text without its layout; empty for definitions, which their symbol names."""


class Accepted(NamedTuple):
    """How often an identity is accepted, and what each one costs to port."""

    uses: int
    hours: float = 0.0


Baseline = dict[Identity, Accepted]


# ---------------------------------------------------------------------------------------------------- the text

_KEPT = 100
"""Characters of a text that tell uses apart. The uses of front ends are cut at 400 with their layout, which is at most
three quarters of it (measured on formatted code)."""
_SLASHES = frozenset({"cuda", "foreign", "json"})
"""Languages whose comments begin with two slashes; in all others a `#` begins one."""
_STRING = (
    r'''(?P<string>"""(?:[^"\\]++|\\.|"(?!""))*+(?:"""|\Z)|"(?:[^"\\]++|\\.)*+"?+'''
    r"""|'''(?:[^'\\]++|\\.|'(?!''))*+(?:'''|\Z)|'(?:[^'\\]++|\\.)*+'?+)"""
)
_AFTER_SLASH = re.compile(
    _STRING + r"|(?P<drop>\s++|\\$|//[^\n]*+|/\*(?:[^*]++|\*(?!/))*+(?:\*/)?+)" + r"""|[^\s"'/\\]++|.""",
    re.DOTALL | re.MULTILINE,
)
_AFTER_HASH = re.compile(_STRING + r"|(?P<drop>\s++|\\$|\#[^\n]*+)" + r"""|[^\s"'\\#]++|.""", re.DOTALL | re.MULTILINE)
_SPELLING = re.compile(r"""\\[nt"']|\s++|["']""")
"""In strings: what differs between one in quotes and one in triple quotes."""
_PREFIX = re.compile(r"""(?<!\w)[rRuU](?=["'])""")
_LAST_COMMA = re.compile(r",(?=[)\]}])")


def text_identity(text: str, language: str) -> str:
    """Digest a text without what a formatter changes: white space, comments, quotes, trailing commas, case.

    So are the parentheses of a tuple between brackets: `kernel[(grid,)]` may be written `kernel[grid,]`.

    Args:
        text: The use as written.
        language: Front end id.
    """
    slashes = language in _SLASHES
    text = text if slashes else _PREFIX.sub("", text)
    kept = [
        _SPELLING.sub("", found[0]) if found["string"] else found[0]
        for found in (_AFTER_SLASH if slashes else _AFTER_HASH).finditer(text)
        if found["drop"] is None
    ]
    form = _LAST_COMMA.sub("", "".join(kept)).replace("[(", "[").replace(")]", "]").lower()[:_KEPT]
    return hashlib.blake2b(form.encode("utf-8", "replace"), digest_size=6).hexdigest()


# -------------------------------------------------------------------------------------------------- comparison


class Comparison(NamedTuple):
    """Today's findings against the accepted ones."""

    known: frozenset[int]
    """Indices of today's findings that are accepted."""
    left: Counter[Identity]
    """Accepted ones that no finding of today stands for."""


def compare(today: Sequence[Identity], accepted: Mapping[Identity, int]) -> Comparison:
    """Match findings with accepted ones, each at most once, the most alike first.

    Code that moved within its file, to another file, or into another function, and a call whose arguments changed,
    are what they were: only more of it is new.

    Args:
        today: Findings, in the order in which the surplus ones shall count as known.
        accepted: How many of each identity may stand for them.
    """
    left = Counter({identity: count for identity, count in accepted.items() if count > 0})
    known: set[int] = set()
    for likeness in _LIKENESS:
        pool: dict[tuple[str, ...], list[Identity]] = defaultdict(list)
        for identity in left:
            pool[likeness(identity)].append(identity)
        for index, identity in enumerate(today):
            if index in known or not (alike := pool.get(likeness(identity))):
                continue
            chosen = alike[-1]
            left[chosen] -= 1
            if not left[chosen]:
                alike.pop()
                del left[chosen]
            known.add(index)
    return Comparison(frozenset(known), left)


_LIKENESS: tuple[Callable[[Identity], tuple[str, ...]], ...] = (
    lambda one: one,
    lambda one: (one.path, one.rule, one.symbol, one.text),
    lambda one: (one.rule, one.scope, one.symbol, one.text),
    lambda one: (one.rule, one.symbol, one.text),
    lambda one: (one.path, one.rule, one.symbol),
)
"""What must be equal, strictest first: all; another function; another file; both; other arguments."""


# -------------------------------------------------------------------------------------------------------- file


class _Head(Struct, frozen=True):
    """First entry of the file."""

    baseline: int
    by: str = "cuda-migrate"


class _Entry(Struct, frozen=True, omit_defaults=True):
    """Any further entry."""

    path: str
    rule: str
    symbol: str
    text: str = ""
    scope: str = ""
    count: int = 1
    hours: float = 0.0


def dump(baseline: Mapping[Identity, Accepted]) -> bytes:
    """Write a baseline as JSON: one entry a line, sorted, and each line complete in itself.

    The comma begins the line, so that two branches that add entries at different places change different lines.
    """
    lines = [b"[" + msgspec.json.encode(_Head(baseline=VERSION))]
    for identity, accepted in sorted(baseline.items()):
        entry = _Entry(**identity._asdict(), count=accepted.uses, hours=round(accepted.hours, 2))
        lines.append(b"," + msgspec.json.encode(entry))
    return b"\n".join((*lines, b"]\n"))


_CONFLICT = re.compile(rb"^(?:<{7}|={7}|>{7}|\|{7})(?:[ \r\n]|\Z)", re.MULTILINE)


def parse(data: bytes, name: str) -> Baseline:
    """Read a baseline.

    Args:
        data: Content of the file.
        name: The file, for messages.

    Raises:
        BaselineError: It holds an unsolved merge conflict, is none, or belongs to a later version.
    """
    if conflict := _CONFLICT.search(data):
        raise BaselineError(
            "holds an unsolved merge conflict",
            file=name,
            line=data.count(b"\n", 0, conflict.start()) + 1,
            hint="keep the lines of both sides, or write it anew: cuda-migrate baseline write",
            slug="baseline-conflict",
        )
    try:
        head, *entries = msgspec.json.decode(data, type=list[msgspec.Raw])
        version = msgspec.json.decode(head, type=_Head).baseline
        read = [msgspec.json.decode(entry, type=_Entry) for entry in entries]
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise BaselineError(
            f"is no baseline: {error}",
            file=name,
            hint="write it anew: cuda-migrate baseline write",
            slug="baseline-invalid",
        ) from None
    if version != VERSION:
        raise BaselineError(
            f"version {version} is not {VERSION}", file=name, hint="update cuda-migrate", slug="baseline-version"
        )
    baseline: Baseline = {}
    for entry in read:
        identity = Identity(entry.path, entry.rule, entry.scope, entry.symbol, entry.text)
        # A merge that kept both sides of a changed count leaves the entry twice.
        count = max(entry.count, baseline[identity].uses if identity in baseline else 0)
        baseline[identity] = Accepted(count, entry.hours)
    return baseline


def load(path: Path) -> Baseline | None:
    """Read a baseline file; None when there is none.

    Raises:
        BaselineError: See `parse`; or it cannot be read.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BaselineError(f"cannot be read: {error.strerror}", file=path.name, slug="baseline-unreadable") from None
    return parse(data, path.name)


def collect(findings: Iterable[tuple[Identity, float]]) -> Baseline:
    """Accept findings, given with the hours that each costs."""
    counts: Counter[Identity] = Counter()
    hours: dict[Identity, float] = {}
    for identity, cost in findings:
        counts[identity] += 1
        hours[identity] = max(cost, hours.get(identity, 0.0))
    return {identity: Accepted(count, hours[identity]) for identity, count in counts.items()}


def within_reach(baseline: Baseline, judged: Collection[str], exists: Callable[[str], bool]) -> dict[Identity, int]:
    """Return the entries that may stand for findings of some files: theirs, and those of files that are gone.

    What is accepted in a file that still exists and is not looked at stays there.

    Args:
        baseline: The accepted findings.
        judged: Paths that are looked at.
        exists: Tells whether a path still exists.
    """
    gone = {path for path in {identity.path for identity in baseline} if path not in judged and not exists(path)}
    return {
        identity: accepted.uses
        for identity, accepted in baseline.items()
        if identity.path in judged or identity.path in gone
    }
