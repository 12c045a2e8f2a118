from __future__ import annotations

import pytest

from migrate.model import Audit
from migrate.render import render
from tests.render.synthetic_audit import build_audit

TAINT = "\"'></script><script>alert(1)</script><img src=x onerror=alert(2)>\x00\x1b[31m\u202e{{7*7}}{name}"
"""Tries to leave attributes, elements, the island, the terminal, the reading order and the templates."""


@pytest.fixture(scope="session")
def audit() -> Audit:
    return build_audit()


@pytest.fixture(scope="session")
def hostile() -> Audit:
    return build_audit(taint=TAINT)


@pytest.fixture(scope="session")
def page(audit: Audit) -> str:
    return str(render(audit, "html"))


@pytest.fixture(scope="session")
def hostile_page(hostile: Audit) -> str:
    return str(render(hostile, "html"))
