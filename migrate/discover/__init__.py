"""Which files there are, what they are, whose they are and what they say; nothing of the tree is ever run."""

from __future__ import annotations

from migrate.discover.binary import read_binary
from migrate.discover.classify import is_code, is_from_nvidia, is_shipped_file, language_of, role_of
from migrate.discover.patterns import matcher
from migrate.discover.revision import revision
from migrate.discover.text import MAX_BYTES, read_again, read_text
from migrate.discover.walk import Candidate, discover

__all__ = [
    "MAX_BYTES",
    "Candidate",
    "discover",
    "is_code",
    "is_from_nvidia",
    "is_shipped_file",
    "language_of",
    "matcher",
    "read_again",
    "read_binary",
    "read_text",
    "revision",
    "role_of",
]
