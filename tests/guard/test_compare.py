"""Two states of the same code: `diff`, `verify`, and lock-in to whichever vendor."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from migrate import rulebook
from migrate.resources import vendors_pack
from migrate.rulebook import lint
from migrate.scan import check_examples
from tests.guard.conftest import Work

OLD = "import torch\n\n\ndef f(x):\n    torch.cuda.synchronize()\n    torch.cuda.empty_cache()\n    return x.cuda()\n"
PORTED = "import torch\n\n\ndef f(x):\n    torch.npu.synchronize()\n    torch.cuda.empty_cache()\n    return x.to(x.device)\n"


@pytest.fixture
def two(repository: Work) -> Work:
    """A repository with a commit before a port and one after."""
    repository.write("a.py", OLD)
    repository.commit("before")
    repository.git("tag", "before")
    repository.git("mv", "a.py", "b.py")
    repository.write("b.py", "# moved\n\n" + PORTED + "\n\ndef g(x):\n    return x.cuda()\n")
    repository.commit("after")
    return repository


def test_a_diff_of_revisions_marks_what_came_and_went_and_sums_up(two: Work) -> None:
    two.write("b.py", "not looked at: the disk\n")
    done = two.run("diff", "before", "HEAD")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line for line in lines if line.startswith("- ")] == [
        "- a.py:5:5 rename: torch.cuda.synchronize [framework-torch-cuda]"
    ]
    assert [line for line in lines if line.startswith("+ ")] == []
    assert "0 added, 1 removed, 2 remain" in lines
    assert any(line.startswith("cann: 0.0 h came, 0.1 h went; ") for line in lines)


def test_moved_code_is_neither_added_nor_removed(two: Work) -> None:
    compared = json.loads(two.run("diff", "before", "HEAD", "--format", "json").stdout)
    assert [one["symbol"] for one in compared["kept"]] == ["torch.cuda.empty_cache", ".cuda"]
    assert {one["path"] for one in compared["kept"]} == {"b.py"}
    assert set(compared["effort"]) == {"rocm", "cann"}


def test_audits_folders_and_revisions_compare_alike(two: Work, tmp_path: Path) -> None:
    audit = tmp_path / "old.json"
    two.git("worktree", "add", "-q", str(tmp_path / "old"), "before")
    assert two.run("scan", str(tmp_path / "old"), "-o", str(audit)).returncode == 0
    by_audit = two.run("diff", str(audit), ".").stdout
    assert "1 removed" in by_audit
    assert by_audit == two.run("diff", str(tmp_path / "old"), ".").stdout
    assert by_audit == two.run("diff", "before", "HEAD").stdout


def test_a_diff_the_other_way_round_adds_what_the_first_removed(two: Work) -> None:
    compared = json.loads(two.run("diff", "HEAD", "before", "--format", "json").stdout)
    assert [one["symbol"] for one in compared["added"]] == ["torch.cuda.synchronize"]
    assert compared["removed"] == []


def test_markdown_is_a_comment(two: Work, tmp_path: Path) -> None:
    place = tmp_path / "x.md"
    assert two.run("diff", "before", "HEAD", "--format", "markdown", "-o", str(place)).returncode == 0
    text = place.read_text()
    assert text.startswith("### Lock-in: 0 added, 1 removed, 2 remain\n")
    assert "| `a.py:5:5` | rename | `torch.cuda.synchronize` | `framework-torch-cuda` |" in text


def test_what_is_neither_audit_nor_folder_nor_revision_is_refused(two: Work) -> None:
    done = two.run("diff", "nope")
    assert done.returncode == 3
    assert "neither an audit, nor a folder, nor a revision" in done.stderr


def test_a_hostile_tree_is_not_written_elsewhere(repository: Work, tmp_path: Path) -> None:
    """Git itself refuses such trees; an object store may hold one all the same."""
    from migrate.discover.blobs import Store, export

    blob = repository.git("hash-object", "-w", str(repository.write("x.py", OLD))).strip()
    raw = b"100644 ..\\x.py\0" + bytes.fromhex(blob)
    place = tmp_path / "raw"
    place.write_bytes(raw)
    inner = repository.git("hash-object", "-w", "-t", "tree", "--literally", str(place)).strip()
    place.write_bytes(b"40000 ..\0" + bytes.fromhex(inner) + b"100644 ok.py\0" + bytes.fromhex(blob))
    top = repository.git("hash-object", "-w", "-t", "tree", "--literally", str(place)).strip()
    store = Store.open(repository.root)
    assert store is not None
    target = tmp_path / "out" / "in"
    target.mkdir(parents=True)
    assert export(store, top, target) == 1
    assert [path.name for path in (tmp_path / "out").rglob("*") if path.is_file()] == ["ok.py"]


# ------------------------------------------------------------------------------------------------------------ verify


def test_verify_names_what_is_gone_what_remains_and_what_is_new_to_the_new_vendor(two: Work) -> None:
    done = two.run("verify", "before", "HEAD", "--target", "cann")
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert "+ b.py:7:5 adapt: torch.npu.synchronize [vendor-torch-namespace]" in lines
    assert "      1 remain: framework-torch-cuda" in lines
    assert "      1 remain: framework-cuda-method" in lines
    assert lines[-1] == "1 gone, 2 remaining, 1 new"


def test_verify_is_content_with_a_portable_port(repository: Work) -> None:
    repository.write("a.py", "import torch\ntorch.cuda.synchronize()\n")
    repository.commit()
    repository.write("a.py", "import torch\ntorch.accelerator.synchronize()\n")
    done = repository.run("verify", "HEAD")
    assert done.stdout == "1 gone, 0 remaining, 0 new\n"
    assert done.returncode == 0


# ----------------------------------------------------------------------------------------------------------- vendors


def test_the_pack_about_other_vendors_is_fit_to_ship() -> None:
    base = rulebook.shipped()
    book = rulebook.load((vendors_pack(),))
    ids = sorted(set(book.rules) - set(base.rules))
    assert len(ids) == 5
    others = [f": target {target} does not answer" for target in set(book.targets) - {"rocm", "cann"}]
    assert [one for one in lint.errors(book, ids) if not any(other in one for other in others)] == []
    assert check_examples(book, ids) == []


@pytest.mark.parametrize(
    ("name", "text", "rule"),
    [
        ("a.py", "import torch\nimport torch_npu\n", "vendor-torch-namespace"),
        ("a.py", "import torch\ntorch.npu.empty_cache()\n", "vendor-torch-namespace"),
        ("a.py", 'y = x.to("npu:0")\n', "vendor-device-string"),
        ("a.cc", "void f(void** p) { aclrtMalloc(p, 1, K); }\n", "vendor-acl"),
        ("a.cc", "void f(void** p) { hipMalloc(p, 1); }\n", "vendor-hip"),
    ],
)
def test_lock_in_to_any_vendor_is_judged_on_request(name: str, text: str, rule: str, repository: Work) -> None:
    repository.write(name, text)
    assert [one[2] for one in repository.new(name, any_vendor=True)] == [rule]
    assert not any(one[2].startswith("vendor-") for one in repository.new(name))
    done = repository.run("check", "--vendor", "any", name)
    assert done.returncode == 1
    assert f"[{rule}]" in done.stdout


def test_branches_for_several_vendors_are_nobodys_lock_in(repository: Work) -> None:
    repository.write(
        "a.cu",
        "#ifdef USE_ROCM\nvoid f(void** p) { hipMalloc(p, 1); }\n#else\nvoid f(void** p) { cudaMalloc(p, 1); }\n#endif\n",
    )
    assert repository.new(any_vendor=True) == []
