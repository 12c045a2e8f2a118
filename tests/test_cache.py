"""The cache changes how long a scan takes, and nothing else, whatever happens to it."""

from __future__ import annotations

import os
import sqlite3
import stat
import sys
import time
from pathlib import Path

import pytest

from migrate import config, rulebook, scan
from migrate.scan import Cache, ScanResult, workers
from migrate.scan import cache as caching
from migrate.scan.reading import read_file

CHIPS = {"rocm": "cdna3", "cann": "atlas-a2"}
TORCH = "import torch\ntorch.cuda.synchronize()\n"
KERNEL = "#include <cuda_runtime.h>\nvoid f() { cudaDeviceSynchronize(); }\n"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    for name, text in {"a.py": TORCH, "b/k.cu": KERNEL, "c.py": "import os\n"}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        age(path)
    return root


def age(path: Path, seconds: float = 60) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


class Reads:
    """Scans, and notes which files were opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.paths: list[str] = []
        real = read_file

        def noted(candidate, book, regular):  # type: ignore[no-untyped-def]
            self.paths.append(candidate.path)
            return real(candidate, book, regular)

        monkeypatch.setattr(workers, "read_file", noted)

    def scan(self, root: Path, folder: Path | None, **settings: object) -> ScanResult:
        self.paths.clear()
        cache = Cache(folder, root) if folder else None
        loaded = config.load(root, environment={}, isolated=True, flags=settings)
        result = scan.scan(root, rulebook.shipped(), loaded, CHIPS, jobs=1, cache=cache)
        if cache:
            cache.close()
        return result


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Reads:
    return Reads(monkeypatch)


def test_a_second_scan_opens_nothing_and_finds_the_same(tree: Path, tmp_path: Path, reads: Reads) -> None:
    plain = reads.scan(tree, None)
    assert reads.scan(tree, tmp_path / "cache") == plain
    assert sorted(reads.paths) == ["a.py", "b/k.cu", "c.py"]
    assert reads.scan(tree, tmp_path / "cache") == plain
    assert reads.paths == []


def test_only_what_changed_is_opened(tree: Path, tmp_path: Path, reads: Reads) -> None:
    reads.scan(tree, tmp_path / "cache")
    (tree / "a.py").write_text(TORCH + "torch.cuda.empty_cache()\n", encoding="utf-8")
    age(tree / "a.py", 30)
    (tree / "new.py").write_text(TORCH, encoding="utf-8")
    result = reads.scan(tree, tmp_path / "cache")
    assert sorted(reads.paths) == ["a.py", "new.py"]
    assert result == reads.scan(tree, None)


def test_a_file_of_the_same_size_and_another_time_is_opened(tree: Path, tmp_path: Path, reads: Reads) -> None:
    reads.scan(tree, tmp_path / "cache")
    (tree / "a.py").write_text(TORCH.replace("synchronize", "empty_cache"), encoding="utf-8")
    age(tree / "a.py", 20)
    assert reads.scan(tree, tmp_path / "cache") == reads.scan(tree, None)


def test_a_file_just_written_is_not_trusted(tree: Path, tmp_path: Path, reads: Reads) -> None:
    (tree / "a.py").write_text(TORCH, encoding="utf-8")
    reads.scan(tree, tmp_path / "cache")
    reads.scan(tree, tmp_path / "cache")
    assert reads.paths == ["a.py"]


def test_other_settings_ask_anew(tree: Path, tmp_path: Path, reads: Reads) -> None:
    reads.scan(tree, tmp_path / "cache")
    reads.scan(tree, tmp_path / "cache", persona="auditor")
    assert len(reads.paths) == 3


def test_one_tree_does_not_answer_for_another(tree: Path, tmp_path: Path, reads: Reads) -> None:
    reads.scan(tree, tmp_path / "cache")
    other = tmp_path / "other"
    other.mkdir()
    (other / "a.py").write_text("import os\n", encoding="utf-8")
    age(other / "a.py")
    assert reads.scan(other, tmp_path / "cache").findings == ()
    assert reads.paths == ["a.py"]


def test_what_the_repository_says_is_decided_anew(tree: Path, tmp_path: Path, reads: Reads) -> None:
    (tree / "own.cu").write_text("__global__ void k(int *a) { a[0] = 1; }\n", encoding="utf-8")
    (tree / "start.cu").write_text("void k(int *);\nvoid g() { k<<<1, 32>>>(nullptr); }\n", encoding="utf-8")
    for name in ("own.cu", "start.cu"):
        age(tree / name)
    before = reads.scan(tree, tmp_path / "cache")
    assert [finding.kernel.launched for finding in before.findings if finding.kernel] == [True]
    (tree / "start.cu").unlink()
    after = reads.scan(tree, tmp_path / "cache")
    assert reads.paths == []
    assert [finding.kernel.launched for finding in after.findings if finding.kernel] == [False]


# ---------------------------------------------------------------------------------------------- what can go wrong


def test_a_broken_file_is_made_anew(tree: Path, tmp_path: Path, reads: Reads) -> None:
    folder = tmp_path / "cache"
    plain = reads.scan(tree, folder)
    (folder / caching.FILE_NAME).write_bytes(b"not a database" * 1000)
    assert reads.scan(tree, folder) == plain
    assert len(reads.paths) == 3
    reads.scan(tree, folder)
    assert reads.paths == []


def test_facts_that_cannot_be_decoded_are_read_anew(tree: Path, tmp_path: Path, reads: Reads) -> None:
    folder = tmp_path / "cache"
    plain = reads.scan(tree, folder)
    with sqlite3.connect(folder / caching.FILE_NAME) as connection:
        connection.execute("UPDATE fact SET data = x'c1'")
    connection.close()
    assert reads.scan(tree, folder) == plain


def test_a_place_that_is_no_folder_is_worth_a_note(tree: Path, tmp_path: Path, reads: Reads) -> None:
    (tmp_path / "cache").write_text("a file", encoding="utf-8")
    cache = Cache(tmp_path / "cache", tree)
    assert "not used" in cache.note
    assert reads.scan(tree, tmp_path / "cache") == reads.scan(tree, None)


def test_a_full_disk_is_worth_a_note(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(Cache, "_keep", full)
    cache = Cache(tmp_path / "cache", tree)
    loaded = config.load(tree, environment={}, isolated=True)
    result = scan.scan(tree, rulebook.shipped(), loaded, CHIPS, jobs=1, cache=cache)
    assert cache.note == "the cache is not used: database or disk is full"
    assert result.findings


def test_two_runs_at_once_do_not_hurt_each_other(tree: Path, tmp_path: Path) -> None:
    loaded = config.load(tree, environment={}, isolated=True)
    first, second = (Cache(tmp_path / "cache", tree) for _ in range(2))
    results = [scan.scan(tree, rulebook.shipped(), loaded, CHIPS, jobs=1, cache=one) for one in (first, second)]
    assert results[0] == results[1]
    assert first.note == second.note == ""


def test_it_stays_below_its_limit(tree: Path, tmp_path: Path, reads: Reads, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caching, "LIMIT_BYTES", 1)
    reads.scan(tree, tmp_path / "cache")
    with sqlite3.connect(tmp_path / "cache" / caching.FILE_NAME) as connection:
        assert connection.execute("SELECT count(*) FROM fact").fetchone()[0] == 2
    connection.close()
    assert reads.scan(tree, tmp_path / "cache") == reads.scan(tree, None)


@pytest.mark.skipif(sys.platform == "win32", reason="rights are another matter there")
def test_nobody_else_may_read_it(tree: Path, tmp_path: Path, reads: Reads) -> None:
    reads.scan(tree, tmp_path / "cache")
    assert stat.S_IMODE((tmp_path / "cache").stat().st_mode) & 0o077 == 0
