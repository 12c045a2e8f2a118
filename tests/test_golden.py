"""The whole product on the bundled fixtures, against files a person has read.

`python -m pytest tests/test_golden.py --update-golden` writes them anew; the diff is the review.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from migrate import audit, config, render

FIXTURES = Path(__file__).parent.parent / "fixtures"
NAMES = sorted(path.name for path in FIXTURES.iterdir() if path.is_dir())


@pytest.fixture(scope="module", params=NAMES)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """Audit a copy outside the repository, so that its commit does not show."""
    source = FIXTURES / request.param
    copy = tmp_path_factory.mktemp("golden") / request.param
    shutil.copytree(source, copy, ignore=shutil.ignore_patterns("expected"))
    return source / "expected", audit.run(
        copy, config.load(copy, environment={}), jobs=1, command=("cuda-migrate", "scan", ".")
    )


def stable(document: Any) -> Any:
    """Leave out what changes with every edit of the rule book or release."""
    document["rulebook"] = {"packs": document["rulebook"]["packs"]}
    document["tool"].pop("version")
    return document


def compare(found: Any, wanted: Any, place: str = "$") -> None:
    """Compare with room for the last digit of a number: other machines round transcendental functions otherwise."""
    if isinstance(wanted, float) and isinstance(found, (int, float)):
        assert found == pytest.approx(wanted, rel=2e-3, abs=1e-6), place
    elif isinstance(wanted, dict):
        assert isinstance(found, dict), place
        assert list(found) == list(wanted), place
        for key, value in wanted.items():
            compare(found[key], value, f"{place}.{key}")
    elif isinstance(wanted, list):
        assert isinstance(found, list), place
        assert len(found) == len(wanted), place
        for index, value in enumerate(wanted):
            compare(found[index], value, f"{place}[{index}]")
    else:
        assert found == wanted, place


def test_audit(made: tuple[Path, Any], request: pytest.FixtureRequest) -> None:
    folder, result = made
    text = render.render(result, "json")
    document = stable(json.loads(text))
    file = folder / "audit.json"
    if request.config.getoption("--update-golden"):
        folder.mkdir(exist_ok=True)
        file.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")
    compare(document, json.loads(file.read_text(encoding="utf-8")))


def test_summary(made: tuple[Path, Any], request: pytest.FixtureRequest) -> None:
    folder, result = made
    text = render.render(result, "table", render.RenderOptions(width=100))
    assert isinstance(text, str)
    file = folder / "summary.txt"
    if request.config.getoption("--update-golden"):
        folder.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="\n")
    assert text == file.read_text(encoding="utf-8")


def test_report(made: tuple[Path, Any]) -> None:
    _, result = made
    page = render.render(result, "html")
    assert isinstance(page, str)
    assert render.render(result, "html") == page
    for finding in result.findings[:50]:
        assert finding.fingerprint in page
