"""What every model type is built on."""

from __future__ import annotations

import msgspec


class Struct(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=False):
    """Base of every model type: immutable, keyword-only, strict when decoded.

    Subclasses repeat `frozen=True` for the type checker, which does not see it inherited.
    """
