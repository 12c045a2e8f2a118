"""The baseline: an identity that survives what leaves the code what it is, and a file that merges."""

from __future__ import annotations

import ast
import datetime as dt
import functools
import json
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrate import audit, baseline, config, rulebook
from migrate.baseline import Accepted, BaselineError, Identity
from migrate.guard.reading import Reader
from migrate.guard.versions import Tree
from migrate.languages.lexical import Lexed
from tests.guard.conftest import Work

FIXTURES = Path(__file__).parent.parent.parent / "fixtures"
FILES = sorted(
    path
    for pattern in ("*.py", "*.cu", "*.cuh", "*.cpp")
    for path in FIXTURES.rglob(pattern)
    if {"hostile", "vendored", "already-ported"}.isdisjoint(path.parts) and path.stat().st_size < 40_000
)


# ---------------------------------------------------------------------------------------------- edits that change nothing


@functools.cache
def reader() -> Reader:
    settings_ = config.load(FIXTURES, isolated=True, environment={})
    book = rulebook.shipped()
    return Reader(
        Tree(FIXTURES / "nowhere", settings_),
        book,
        settings_,
        audit.choose_chips(book, settings_),
        dt.date(2026, 11, 25),
    )


def identities(path: str, text: str) -> list[Identity]:
    texts = reader().texts({path: text.encode()})
    return [item.identity for item in reader().items(texts) if item.counts]


def shifted(path: str, text: str, amount: int) -> tuple[str, str]:
    comment = "# note" if path.endswith(".py") else "// note"
    return path, (comment + "\n\n") * amount + text if not text.startswith("#!") else text


def renamed(path: str, text: str, amount: int) -> tuple[str, str]:
    folder, _, name = path.rpartition("/")
    return f"{folder}{amount}/moved/{name}", text


def other_line_ends(path: str, text: str, amount: int) -> tuple[str, str]:
    return path, text.replace("\r\n", "\n").replace("\n", "\r\n" if amount % 2 else "\n")


def reformatted(path: str, text: str, amount: int) -> tuple[str, str]:
    """Print Python anew from its syntax tree; break C at its commas."""
    if path.endswith(".py"):
        return path, ast.unparse(ast.parse(text))
    lexed = Lexed(text.replace("\r\n", "\n"))
    directives = {number for one in lexed.directives for number in range(one.start, one.end)}
    pieces = []
    for offset, (plain, masked) in enumerate(zip(lexed.text, lexed.masked, strict=True)):
        breaks = masked in ",;" and offset not in directives
        pieces.append(plain + "\n" + " " * amount if breaks else plain)
    return path, "".join(pieces)


def reordered(path: str, text: str, amount: int) -> tuple[str, str]:
    """Rotate the top-level functions and classes behind the last import of a Python file."""
    if not path.endswith(".py"):
        return path, text
    lines = text.splitlines(keepends=True)
    body = ast.parse(text).body
    starts = [
        min([node.lineno, *(entry.lineno for entry in getattr(node, "decorator_list", ()))]) - 1
        for node in body
        if isinstance(node, (ast.FunctionDef, ast.ClassDef))
    ]
    if not body or len(starts) != sum(not isinstance(node, (ast.Import, ast.ImportFrom, ast.Expr)) for node in body):
        return path, text  # constants may be needed where they stand
    parts = ["".join(lines[start:end]) for start, end in zip(starts, [*starts[1:], len(lines)], strict=True)]
    turn = amount % max(1, len(parts))
    return path, "".join(lines[: starts[0]] if starts else lines) + "\n".join(parts[turn:] + parts[:turn])


EDITS = (shifted, renamed, other_line_ends, reformatted, reordered)


@settings(max_examples=60, deadline=None)
@given(
    file=st.sampled_from(FILES),
    edits=st.lists(st.tuples(st.sampled_from(EDITS), st.integers(1, 9)), min_size=1, max_size=4),
)
def test_what_leaves_the_code_what_it_is_leaves_nothing_new_and_nothing_gone(
    file: Path, edits: list[tuple[object, int]]
) -> None:
    path, text = "src/" + file.name, file.read_bytes().decode()
    before = Counter(identities(path, text))
    for edit, amount in edits:
        path, text = edit(path, text, amount)  # type: ignore[operator]
    after = identities(path, text)
    compared = baseline.compare(after, before)
    assert [after[index] for index in range(len(after)) if index not in compared.known] == []
    assert compared.left == Counter()


@settings(max_examples=30, deadline=None)
@given(file=st.sampled_from(FILES), amount=st.integers(1, 5))
def test_more_of_the_same_is_new_and_less_is_gone(file: Path, amount: int) -> None:
    path, text = "src/" + file.name, file.read_bytes().decode().replace("\r\n", "\n")
    more = (
        "\nimport torch\n" + "torch.cuda.ipc_collect()\n" * amount
        if path.endswith(".py")
        else "\nvoid more_of_it() {\n" + "  cudaDeviceReset();\n" * amount + "}\n"
    )
    first, second = identities(path, text), identities(path, text + more)
    grown = baseline.compare(second, Counter(first))
    assert len(second) - len(grown.known) == amount
    shrunk = baseline.compare(first, Counter(second))
    assert len(shrunk.known) == len(first)
    assert shrunk.left.total() == amount


@given(
    st.lists(
        st.tuples(
            st.sampled_from("ab"),
            st.sampled_from("rs"),
            st.sampled_from("xy"),
            st.sampled_from("uv"),
            st.sampled_from("tw"),
        ),
        max_size=12,
    ),
    st.lists(
        st.tuples(
            st.sampled_from("ab"),
            st.sampled_from("rs"),
            st.sampled_from("xy"),
            st.sampled_from("uv"),
            st.sampled_from("tw"),
        ),
        max_size=12,
    ),
)
def test_every_accepted_use_stands_for_one_use_at_most(
    today: list[tuple[str, ...]], accepted: list[tuple[str, ...]]
) -> None:
    now, known = [Identity(*one) for one in today], Counter(Identity(*one) for one in accepted)
    compared = baseline.compare(now, known)
    assert len(compared.known) + compared.left.total() == known.total()
    assert all(count > 0 for count in compared.left.values())
    exact = Counter(now) & known
    assert len(compared.known) >= exact.total()


@pytest.mark.parametrize(
    ("first", "second", "language"),
    [
        ("f(a, b)", "f(\n    a,  # first\n    b,\n)", "python"),
        ("x.to('cuda')", 'x.to("cuda")', "python"),
        ("cudaMalloc(&p, n)", "cudaMalloc( & p,\\\n  n /* bytes */ ) ", "cuda"),
        ("f<a<b>>(0XFF)", "f<a<b> >( 0xff ) // note", "cuda"),
    ],
)
def test_layout_is_no_part_of_the_text(first: str, second: str, language: str) -> None:
    assert baseline.text_identity(first, language) == baseline.text_identity(second, language)


def test_what_is_code_is_part_of_the_text() -> None:
    assert baseline.text_identity("f(a // b)", "python") != baseline.text_identity("f(a // c)", "python")
    assert baseline.text_identity("f('#1')", "python") != baseline.text_identity("f('#2')", "python")
    assert baseline.text_identity("#pragma a", "cuda") != baseline.text_identity("#pragma b", "cuda")


# ------------------------------------------------------------------------------------------------------------- file

ONE = Identity("a.py", "r", "f", "s", "00")
TWO = Identity("b.py", "r", "f", "s", "11")


def test_the_file_is_sorted_has_one_entry_a_line_and_comes_back_equal() -> None:
    written = baseline.dump({TWO: Accepted(2, 0.5), ONE: Accepted(1)})
    lines = written.decode().splitlines()
    assert [json.loads(line.lstrip("[,"))["path"] for line in lines[1:-1]] == ["a.py", "b.py"]
    assert isinstance(json.loads(written), list)
    assert baseline.parse(written, "x") == {ONE: Accepted(1), TWO: Accepted(2, 0.5)}
    assert baseline.dump({}) == b'[{"baseline":1,"by":"cuda-migrate"}\n]\n'


def test_branches_that_accept_different_things_merge(repository: Work) -> None:
    """Entries at different places change different lines, also at the end of the file."""
    entries = {Identity(f"{letter}.py", "r", "", "s", "0"): Accepted(1) for letter in "aceg"}
    name = ".cuda-migrate-baseline.json"
    repository.write(name, baseline.dump(entries).decode())
    repository.commit()
    for branch, letter in (("left", "b"), ("right", "z")):
        repository.git("switch", "-q", "-c", branch, "main")
        more = entries | {Identity(f"{letter}.py", "r", "", "s", "0"): Accepted(1)}
        repository.write(name, baseline.dump(more).decode())
        repository.commit()
    repository.git("merge", "-q", "left")
    merged = baseline.load(repository.root / name)
    assert merged is not None
    assert {one.path for one in merged} == {"a.py", "b.py", "c.py", "e.py", "g.py", "z.py"}


def test_a_merge_conflict_is_called_one(repository: Work) -> None:
    name = ".cuda-migrate-baseline.json"
    repository.write(name, baseline.dump({ONE: Accepted(1)}).decode())
    repository.commit()
    for branch, uses in (("left", 2), ("right", 3)):
        repository.git("switch", "-q", "-c", branch, "main")
        repository.write(name, baseline.dump({ONE: Accepted(uses)}).decode())
        repository.commit()
    with pytest.raises(subprocess.CalledProcessError):
        repository.git("merge", "-q", "left")
    with pytest.raises(BaselineError, match="merge conflict") as caught:
        baseline.load(repository.root / name)
    assert caught.value.line == 2
    assert "both sides" in caught.value.hint


def test_both_sides_of_a_conflict_may_be_kept() -> None:
    lines = baseline.dump({ONE: Accepted(2)}).splitlines()
    both = b"\n".join([*lines[:2], lines[1].replace(b'"count":2', b'"count":3'), lines[2]])
    assert baseline.parse(both, "x") == {ONE: Accepted(3)}


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b'[{"baseline":1},{"path":"a"}]', b'[{"baseline":1},{"nope":1}]', b"\xff", b"[" * 5000]
)
def test_what_is_no_baseline_is_refused(data: bytes) -> None:
    with pytest.raises(BaselineError, match="no baseline"):
        baseline.parse(data, "x")


def test_a_later_version_is_refused() -> None:
    with pytest.raises(BaselineError, match="version 2"):
        baseline.parse(b'[{"baseline":2}]', "x")


# ---------------------------------------------------------------------------------------------------------- commands

CODE = "import torch\n\n\ndef f(x):\n    torch.cuda.synchronize()\n    return x.cuda()\n"


def written(work: Work) -> dict[str, int]:
    found = baseline.load(work.root / ".cuda-migrate-baseline.json") or {}
    counts: Counter[str] = Counter()
    for identity, accepted in found.items():
        counts[f"{identity.path}:{identity.symbol}"] += accepted.uses
    return dict(counts)


def test_a_baseline_accepts_what_is_there_and_nothing_more(folder: Work) -> None:
    folder.write("a.py", CODE)
    assert folder.run("baseline", "write").returncode == 0
    assert written(folder) == {"a.py:torch.cuda.synchronize": 1, "a.py:.cuda": 1}
    assert folder.run("check").returncode == 0
    folder.write("a.py", "# moved\n" + CODE + "\n\ndef g(x):\n    return x.cuda()\n")
    done = folder.run("check", "a.py")
    assert done.returncode == 1
    assert "1 new use" in done.stdout
    assert "against the baseline, 2 known" in done.stdout
    assert "3 new uses" in folder.run("check", "a.py", "--no-baseline").stdout


def test_what_is_accepted_in_one_file_does_not_excuse_another(folder: Work) -> None:
    folder.write("a.py", CODE)
    folder.run("baseline", "write")
    folder.write("b.py", CODE)
    assert len(folder.new("b.py")) == 2
    (folder.root / "a.py").unlink()
    assert folder.new("b.py") == []


def test_pruning_drops_what_is_gone_follows_what_moved_and_never_grows(folder: Work) -> None:
    folder.write("a.py", CODE)
    folder.run("baseline", "write")
    (folder.root / "a.py").rename(folder.root / "b.py")
    folder.write(
        "b.py", CODE.replace("    torch.cuda.synchronize()\n", "") + "\n\ndef g(x):\n    x.cuda(1)\n    x.cuda(2)\n"
    )
    assert folder.run("baseline", "prune").returncode == 0
    assert written(folder) == {"b.py:.cuda": 1}
    assert len(folder.new()) == 2
    assert folder.run("baseline", "prune").returncode == 0
    assert written(folder) == {"b.py:.cuda": 1}


def test_writing_anew_says_how_much_more_is_accepted(folder: Work) -> None:
    folder.write("a.py", CODE)
    assert "2 uses accepted" in folder.run("baseline", "write").stderr
    folder.write("a.py", CODE + CODE)
    assert "4 uses accepted, +2 against the one before" in folder.run("baseline", "write").stderr


def test_showing_lists_what_is_accepted(folder: Work) -> None:
    assert folder.run("baseline", "show").returncode == 3
    folder.write("a.py", CODE)
    folder.run("baseline", "write")
    shown = folder.run("baseline", "show").stdout
    assert "a.py\n  framework-cuda-method  .cuda in f\n" in shown
    assert "2 uses accepted in 1 file" in shown


def test_a_baseline_outside_the_tree_is_for_the_user_to_name(folder: Work, tmp_path: Path) -> None:
    folder.write("a.py", CODE)
    folder.write(".cuda-migrate.toml", 'baseline = "../other.json"\n')
    assert "lies outside the tree" in folder.run("check").stderr
    folder.write(".cuda-migrate.toml", "")
    place = str(tmp_path / "other.json")
    assert folder.run("baseline", "write", "--baseline", place).returncode == 0
    assert folder.run("check", "--baseline", place).returncode == 0


def test_an_isolated_check_takes_no_excuses(folder: Work) -> None:
    folder.write("a.py", CODE.replace("x.cuda()", "x.cuda()  # cuda-migrate: ignore[*] reason: so"))
    folder.run("baseline", "write")
    assert folder.new() == []
    assert len(folder.new(isolated=True)) == 2


def test_staged_content_is_held_against_the_baseline(repository: Work) -> None:
    repository.write("a.py", CODE)
    repository.run("baseline", "write")
    repository.write("a.py", CODE + "torch.cuda.empty_cache()\n")
    repository.git("add", "-A")
    repository.write("a.py", CODE)
    assert repository.new(staged=True) == [("a.py", 7, "framework-torch-cuda")]
    assert repository.new() == []
