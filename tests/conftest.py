"""What all tests share."""

from __future__ import annotations

import os
import tempfile

import pytest

# Nothing that a test starts leaves a trace in the cache of the person who runs it, or finds one there.
os.environ["CUDA_MIGRATE_CACHE"] = tempfile.mkdtemp(prefix="cuda-migrate-cache-")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files of fixtures/*/expected anew")
