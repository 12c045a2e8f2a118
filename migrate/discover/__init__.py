"""Which files there are, what they are, whose they are and what they say; nothing of the tree is ever run."""

from __future__ import annotations

from migrate.discover.patterns import matcher
from migrate.discover.revision import revision
from migrate.discover.text import MAX_BYTES, read_again, read_text
from migrate.discover.walk import Candidate, discover

__all__ = ["MAX_BYTES", "Candidate", "discover", "matcher", "read_again", "read_text", "revision"]
