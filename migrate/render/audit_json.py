"""The audit as JSON: what every other renderer can be fed with again."""

from __future__ import annotations

import msgspec

from migrate.model import Audit
from migrate.render import RenderOptions


def render(audit: Audit, options: RenderOptions) -> bytes:
    """Encode the audit as indented JSON with a final newline; the options do not matter."""
    del options
    return msgspec.json.format(msgspec.json.encode(audit), indent=1) + b"\n"
