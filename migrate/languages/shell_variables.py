"""Variables of shells and container files, and the names of images."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from migrate.model import UseKind, Vocabulary

_VARIABLE = re.compile(
    r"\$(?:\{(?P<name>\w+)(?::?(?P<operator>[-+])(?P<other>[^{}]*))?\}|(?P<plain>[A-Za-z_]\w*))", re.ASCII
)
_REFERENCE = re.compile(r"\$(?:\{[!#]?|env:|Env:)?([A-Za-z_]\w*)", re.ASCII)
_MAX_EXPANDED = 4_000
_DEFAULT_REGISTRY = re.compile(r"(?:index\.)?docker\.io/(?:library/)?")
TAGGED_IMAGE = re.compile(r"[A-Za-z0-9][\w.-]*+(?::\d+)?(?:/[\w.-]++)++:[\w.${}-]++(?:@sha256:\w++)?\Z", re.ASCII)
"""A name with a tag that can be nothing but an image's, whatever it is assigned to."""
_ABOUT_A_RELEASE = re.compile(r"(?!.*CUDA).*_(?:VERSION|VER|TAG|REPO|URL|COMMIT|BRANCH|SHA\d*|PACKAGE|SRC)\Z")
"""A script's own variable about a release of something; the release of CUDA itself decides the whole build."""


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Put the known values of variables into a text; unknown ones stay as written."""
    if "$" not in text:
        return text

    def value(found: re.Match[str]) -> str:
        known = variables.get(found["name"] or found["plain"])
        if found["operator"] == "+":
            return found["other"] if known else ""
        if found["operator"] == "-" and not known:
            return found["other"]
        return found[0] if known is None else known

    return _VARIABLE.sub(value, text)[:_MAX_EXPANDED]


def references(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield name and place of the variables that a text reads; what single quotes hold is no reference."""
    if text.startswith("'"):
        return
    for found in _REFERENCE.finditer(text):
        yield found[1], found.start(1), found.end(1)


def is_setting(name: str, vocabulary: Vocabulary) -> bool:
    """Tell whether a variable is asked for.

    A glob such as `NCCL_*` means what a library reads; a script's own `NCCL_VERSION` or `NCCL_URL` is none of it.
    """
    wanted = vocabulary.names.get(UseKind.ENV)
    if wanted is None or name not in wanted:
        return False
    return name in wanted.exact or not _ABOUT_A_RELEASE.match(name)


def split_image(image: str) -> tuple[str, str, str]:
    """Return name, tag and digest of an image; the default registry goes unsaid."""
    name, _, digest = _DEFAULT_REGISTRY.sub("", image, count=1).partition("@")
    colon = name.find(":", name.rfind("/") + 1)
    return (name[:colon], name[colon + 1 :], digest) if colon >= 0 else (name, "", digest)
