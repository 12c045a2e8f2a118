"""Whether an identifier is declared where it stands, so that own names are never taken for the platform's."""

from __future__ import annotations

import re

from migrate.languages.cuda_source import Source
from migrate.languages.cuda_structure import Region, RegionKind
from migrate.languages.cuda_words import BUILT_IN, CLASS_KEYS, NOT_TYPES
from migrate.languages.lexical import next_token, skip_back, word_start

_FOLLOWS_NAME = frozenset("(=;,[{):")
_WORD = re.compile(r"[A-Za-z_$]\w*\Z")


class Declarations:
    """Recognises declarators by the tokens beside a name."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._named = {region.name_at for region in source.structure.regions if region.name and not _is_invoked(region)}
        self._macros = {
            next_token(source.live, item.body) for item in source.lexed.directives if item.keyword == "define"
        }

    def declares(self, start: int, end: int) -> bool:
        """Tell whether the identifier between two offsets is declared there."""
        text = self._source.text_around(start)
        before = skip_back(text, start)
        if start in self._named:
            return text[word_start(text, before) : before] != "operator"  # `operator cudaStream_t()` names a type
        sign = text[before - 1 : before]
        after = next_token(text, end)
        following = text[after : after + 1]
        if text.startswith("::", after):
            return False
        region = self._source.structure.region(start)
        if region is not None and region.kind is RegionKind.ENUM and start > region.open:
            return sign in ("{", ",") and following in (",", "}", "=")
        if sign.isalnum() or sign == "_":
            if word_start(text, before) in self._macros:  # `#define SYNC cudaDeviceSynchronize()` is no `Type name()`
                return False
            return _after_word(text, before, following, inside=_in_body(region, start))
        return bool(sign) and sign in "*&>" and following in _FOLLOWS_NAME and _after_sign(text, before, start)

    def declares_pointer(self, start: int, end: int) -> bool:
        """Tell `int (*name)(int)`, a pointer to a function of that name, from a call through a pointer."""
        text = self._source.text_around(start)
        star = skip_back(text, start)
        opening = skip_back(text, star - 1)
        if text[star - 1 : star] != "*" or text[opening - 1 : opening] != "(":
            return False
        close = next_token(text, end)
        if text[close : close + 1] != ")" or text[next_token(text, close + 1) :][:1] != "(":
            return False
        before = skip_back(text, opening - 1)
        word = text[word_start(text, before) : before]
        return text[before - 1 : before] in ("*", ">") or (bool(word) and word not in NOT_TYPES)


def _after_word(text: str, before: int, following: str, *, inside: bool) -> bool:
    """Tell `Type name` from `return name`; the word ends at `before`."""
    word = text[word_start(text, before) : before]
    if word in CLASS_KEYS:
        return following in ("{", ":", ";", "<") or (word == "class" and following in (",", ">", "="))
    if word == "typename":
        return following in (",", ">", "=")
    if word in ("namespace", "using"):
        return following in ("{", "=")
    if following == ">":  # `template <int name>`
        return word in BUILT_IN
    if following not in _FOLLOWS_NAME or not _WORD.match(word):
        return False
    if word in ("__restrict__", "__restrict", "restrict"):
        return True
    if word == "const":
        earlier = skip_back(text, before - len("const"))
        return text[earlier - 1 : earlier] == "*"
    if word in NOT_TYPES:
        return False
    return not (inside and following == "(" and word.isupper())  # a macro before a call


def _after_sign(text: str, before: int, start: int) -> bool:
    """Tell `float *name` and `vector<int> name` from `a * name` and `a > name`; the sign ends at `before`."""
    first = before
    while first > 0 and text[first - 1] in "*&> \t":
        first -= 1
    word = text[word_start(text, first) : first]
    if not word or word in NOT_TYPES:
        return False
    closing = text[before - 1] == ">"
    if word[0].isdigit() and not (closing and _CLOSED_BY_NUMBER.search(text, max(0, first - 80), first)):
        return False
    if not closing and (word in BUILT_IN or word.endswith("_t")):
        return True
    return (text[first] in " \t") != (before < start)  # operators have space on both sides or on none


_CLOSED_BY_NUMBER = re.compile(r"\w<(?:\s*+[\w:]++\s*+,)*+\s*+\d\w*+\Z")
"""What stands before the bracket that closes `range<3>` or `Vec<float, 4>`."""


def _is_invoked(region: Region) -> bool:
    """Tell whether a head is a macro that is used, as in `TORCH_LIBRARY_IMPL(ops, CUDA, m) {`."""
    return region.kind is RegionKind.FUNCTION and region.name_at == region.start and region.name.isupper()


def _in_body(region: Region | None, start: int) -> bool:
    return region is not None and region.kind is RegionKind.FUNCTION and start > region.open
