"""The version, below everything, so that every layer may name it."""

from __future__ import annotations

VERSION = "0.1.0"
