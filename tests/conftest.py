"""What all tests share."""

from __future__ import annotations

import os
import tempfile

import pytest
from hypothesis import settings

# Nothing that a test starts leaves a trace in the cache of the person who runs it, or finds one there.
os.environ["CUDA_MIGRATE_CACHE"] = tempfile.mkdtemp(prefix="cuda-migrate-cache-")


# The same examples on every run; a longer search by hand is for `CUDA_MIGRATE_FUZZ`, see test_robustness.py.
settings.register_profile("same", derandomize="CUDA_MIGRATE_FUZZ" not in os.environ)
settings.load_profile("same")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files of fixtures/*/expected anew")
