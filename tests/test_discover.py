"""The walk over a tree, reading of text, and the revision, each phenomenon on a small tree of its own."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migrate.discover import Candidate, discover, matcher, read_again, read_text, revision
from migrate.discover.classify import Owners, is_code, is_from_nvidia, is_shipped_file, language_of, role_of
from migrate.discover.patterns import IgnoreFile
from migrate.errors import InputError
from migrate.model import Role, Skip, SkipReason, SourceFile

GIT = shutil.which("git")
needs_git = pytest.mark.skipif(GIT is None, reason="git is not installed")


def plant(root: Path, *files: str, **contents: str) -> None:
    """Write files: named ones with one line, or with the content given after `name`."""
    for name in files:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x\n", encoding="utf-8")
    for name, content in contents.items():
        (root / name).write_text(content, encoding="utf-8")


def git(root: Path, *arguments: str) -> str:
    """Run git as the author of a test repository."""
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"]
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=root, check=True, capture_output=True, env=clean_environment()
    )
    return done.stdout.decode()


def clean_environment() -> dict[str, str]:
    """Return the environment without any setting of git."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    dates = {"GIT_AUTHOR_DATE": "2026-03-01T23:30:00-0700", "GIT_COMMITTER_DATE": "2026-03-01T23:30:00-0700"}
    return {**kept, **dates, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}


def paths(root: Path) -> list[str]:
    """Return the paths of the candidates."""
    return [candidate.path for candidate in discover(root)[0]]


def reasons(root: Path) -> dict[str, SkipReason]:
    """Return path and reason of the skips."""
    return {skip.path: skip.reason for skip in discover(root)[1]}


def candidate(path: Path, language: str = "cuda") -> Candidate:
    """Return a candidate for one file."""
    return Candidate(path=path.name, absolute=str(path), language=language, role=Role.OWNED, size=0)


# -------------------------------------------------------------------------------------------------- languages


@pytest.mark.parametrize(
    ("path", "language"),
    [
        ("a.py", "python"),
        ("a.pyi", "python"),
        ("setup.py", "python"),
        ("version.py.in", "python"),
        ("a.cu", "cuda"),
        ("a.CU", "cuda"),
        ("a.cu.h", "cuda"),
        ("a.cuh", "cuda"),
        ("a.h.in", "cuda"),
        ("a.hip", "cuda"),
        ("a.c++", "cuda"),
        ("CMakeLists.txt", "cmake"),
        ("cmake/FindX.cmake", "cmake"),
        ("requirements.txt", "requirements"),
        ("requirements-dev.txt", "requirements"),
        ("dev_requirements.txt", "requirements"),
        ("requirements.in", "requirements"),
        ("requirements/base.txt", "requirements"),
        ("constraints-cu12.txt", "requirements"),
        ("pyproject.toml", "pyproject"),
        ("Dockerfile", "dockerfile"),
        ("docker/Dockerfile.gpu", "dockerfile"),
        ("gpu.Dockerfile", "dockerfile"),
        ("Containerfile", "dockerfile"),
        ("Dockerfile.dockerignore", None),
        ("Dockerfile.md", None),
        ("notes.txt", None),
        ("other.toml", "toml"),
        ("uv.lock", "lock"),
        ("conda/environment-gpu.yml", "conda"),
        ("Makefile.gpu", "make"),
        ("rules.mk", "make"),
        ("tools/BUILD", "bazel"),
        ("lib/libfoo.so.1.2", "binary"),
        ("prod.env", "env-file"),
        (".env.local", "env-file"),
        ("values.yaml", "yaml"),
        ("solver.F90", "foreign"),
        (".py", None),
        ("README", None),
    ],
)
def test_language_is_told_from_the_name(path: str, language: str | None) -> None:
    assert language_of(path) == language


@pytest.mark.parametrize(
    ("path", "role"),
    [
        ("src/a.py", Role.OWNED),
        ("third_party/cub/tests/test_a.py", Role.VENDORED),
        ("src/Vendor/a.cu", Role.VENDORED),
        ("tests/a.py", Role.TEST),
        ("src/test_a.py", Role.TEST),
        ("src/a_test.cu", Role.TEST),
        ("src/contest.py", Role.OWNED),
        ("conftest.py", Role.TEST),
        ("examples/docs/a.py", Role.EXAMPLE),
        ("benchmarks/a.cu", Role.EXAMPLE),
        ("docs/conf.py", Role.DOCUMENTATION),
        ("vendor.py", Role.OWNED),
    ],
)
def test_role_is_told_from_the_folders(path: str, role: Role) -> None:
    assert role_of(path) == role


def test_only_folders_below_the_root_count_for_the_role(tmp_path: Path) -> None:
    root = tmp_path / "tests" / "third_party"
    plant(root, "a.py")
    assert [found.role for found in discover(root)[0]] == [Role.OWNED]


# ----------------------------------------------------------------------------------------------- ignore files


def test_ignore_files_nest_and_take_back(tmp_path: Path) -> None:
    plant(
        tmp_path,
        "a.py",
        "a_gen.py",
        "build/b.py",
        "src/a_gen.py",
        "src/deep/c.py",
        "src/keep/d.py",
        "src/x.cu",
    )
    (tmp_path / ".gitignore").write_text("*_gen.py\n/build/\nsrc/*/\n!src/keep/\n", encoding="utf-8")
    (tmp_path / "src" / ".gitignore").write_text("!a_gen.py\nx.cu\n", encoding="utf-8")
    assert paths(tmp_path) == ["a.py", "src/a_gen.py", "src/keep/d.py"]


@needs_git
def test_ignored_files_are_those_that_git_ignores(tmp_path: Path) -> None:
    names = [
        "a.py",
        "b c.py",
        "x/a.py",
        "x/y/a.py",
        "x/y/z/b.py",
        "lib/a[1].py",
        "#a.py",
        "!a.py",
        "fooX.py",
        "x.d/q.py",
    ]
    plant(tmp_path, *names)
    git(tmp_path, "init", "-q")
    patterns = [
        "a.py",
        "/a.py",
        "x/a.py",
        "x/**/a.py",
        "**/y",
        "x/**",
        "*",
        "*/",
        "!*/",
        "y/",
        "b\\ c.py",
        "a.py   ",
        "\\#a.py",
        "\\!a.py",
        "#a.py",
        "foo[A-Z].py",
        "foo[!A-Z].py",
        "foo[[:upper:]].py",
        "foo?.py",
        "lib/a\\[1].py",
        "lib/a[1].py",
        "x/*/z",
        "**/z/**",
        "*.d",
        "[z-a].py",
        "a[",
        "\\",
        "!a.py",
        "x/y\n!x/y/a.py",
        "*.py\n!a.py",
        "/*\n!/x\n",
        "x*y*z",
        "x/***/b.py",
        "x**",
        "**",
        "**/",
        "/**/a.py",
        "a/**/**/b.py",
        "x/**/**/z/b.py",
        "//a.py",
        "x//a.py",
        "",
    ]
    for pattern in patterns:
        (tmp_path / ".gitignore").write_text(pattern + "\n", encoding="utf-8")
        kept = git(tmp_path, "ls-files", "-z", "--others", "--exclude-standard").split("\0")
        assert paths(tmp_path) == sorted(name for name in kept if name.endswith(".py")), pattern


# What git makes of `a**/b` depends on where its buffers lie: it compares a pointer into one with the other.
PATTERNS = st.text(st.sampled_from("ab/*?!\\[]-. ^"), max_size=8).filter(lambda line: not re.search(r"[^/*]\*\*", line))


@needs_git
@given(st.lists(PATTERNS, max_size=4))
@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_random_patterns_mean_what_git_means(tmp_path: Path, patterns: list[str]) -> None:
    if not (tmp_path / ".git").exists():
        plant(tmp_path, "a.py", "b.py", "ab.py", "a/b.py", "a/b/a.py", "b/ab.py", "a-b.py")
        git(tmp_path, "init", "-q")
    (tmp_path / ".gitignore").write_text("\n".join(patterns) + "\n", encoding="utf-8")
    kept = git(tmp_path, "ls-files", "-z", "--others", "--exclude-standard").split("\0")
    assert paths(tmp_path) == sorted(name for name in kept if name.endswith(".py"))


@needs_git
def test_exclude_file_of_the_repository_counts_least(tmp_path: Path) -> None:
    plant(tmp_path, "a.py", "b.py")
    git(tmp_path, "init", "-q")
    (tmp_path / ".git" / "info" / "exclude").write_text("*.py\n", encoding="utf-8")
    assert paths(tmp_path) == []
    (tmp_path / ".gitignore").write_text("!b.py\n", encoding="utf-8")
    assert paths(tmp_path) == ["b.py"]


@needs_git
def test_ignore_files_above_the_root_count_but_not_against_the_root(tmp_path: Path) -> None:
    plant(tmp_path, "src/a.py", "src/b.py", "out/c.py")
    git(tmp_path, "init", "-q")
    (tmp_path / ".gitignore").write_text("/src/a.py\n/out/\n", encoding="utf-8")
    assert paths(tmp_path / "src") == ["b.py"]
    assert paths(tmp_path / "out") == ["c.py"]


def test_hostile_patterns_take_no_time(tmp_path: Path) -> None:
    plant(tmp_path, "/".join(["a" * 200] * 8) + "/" + "a" * 200 + ".py")
    lines = ["*a" * 60 + "b", "**/a*" * 30 + "/b", "[" * 3000, "?" * 3000, "!" + "a*" * 90 + "/**/b"]
    (tmp_path / ".gitignore").write_text("\n".join(lines * 20), encoding="utf-8")
    assert len(paths(tmp_path)) == 1


def test_tool_folders_and_virtual_environments_are_not_entered(tmp_path: Path) -> None:
    plant(
        tmp_path,
        "a.py",
        ".git/b.py",
        "x/node_modules/c.py",
        "x/__pycache__/d.py",
        "env/pyvenv.cfg",
        "env/lib/e.py",
    )
    assert paths(tmp_path) == ["a.py"]


def test_excluded_files_are_skips_one_each(tmp_path: Path) -> None:
    plant(tmp_path, "a.py", "gen/b.py", "gen/deep/c.cu", "gen/readme.md", "d_pb2.py")
    candidates, skips = discover(tmp_path, exclude=["/gen/", "*_pb2.py"])
    assert [found.path for found in candidates] == ["a.py"]
    assert skips == [Skip(path=path, reason=SkipReason.EXCLUDED) for path in ("d_pb2.py", "gen/b.py", "gen/deep/c.cu")]


def test_matcher_covers_what_lies_below() -> None:
    covers = matcher(["gen/", "*_pb2.py", "!keep_pb2.py"])
    hits = {path: covers(path) for path in ("gen/a/b.py", "x/gen/a.py", "gen", "x/a_pb2.py", "keep_pb2.py", "b.py")}
    assert hits == {
        "gen/a/b.py": True,
        "x/gen/a.py": True,
        "gen": False,
        "x/a_pb2.py": True,
        "keep_pb2.py": False,
        "b.py": False,
    }


def test_last_pattern_decides() -> None:
    ignore = IgnoreFile("*.py\n!a.py\n/x/a.py\n")
    assert [ignore.verdict(path) for path in ("b.py", "a.py", "x/a.py", "c.txt")] == [True, False, True, None]


# ------------------------------------------------------------------------------------------------------ links


def test_links_count_once_and_do_not_lead_out(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    plant(root, "a.py", "data.txt")
    plant(outside, "secret.py")
    links = {
        "again.py": "a.py",
        "only.cu": "data.txt",
        "loop": ".",
        "out.py": "../outside/secret.py",
        "outdir": "../outside",
        "gone.py": "nowhere",
        "self.py": "self.py",
        "gone.txt": "nowhere",
    }
    for name, target in links.items():
        (root / name).symlink_to(target)
    assert paths(root) == ["a.py", "only.cu"]
    assert reasons(root) == {
        "gone.py": SkipReason.UNREADABLE,
        "out.py": SkipReason.LINK_OUTSIDE,
        "outdir": SkipReason.LINK_OUTSIDE,
        "self.py": SkipReason.UNREADABLE,
    }


def test_a_link_into_the_git_folder_is_not_read(tmp_path: Path) -> None:
    plant(tmp_path, ".git/config")
    (tmp_path / "a.py").symlink_to(".git/config")
    assert discover(tmp_path) == ([], [])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.py")
    assert reasons(tmp_path) == {"a.py": SkipReason.UNREADABLE}
    assert read_text(candidate(tmp_path / "a.py")) == Skip(
        path="a.py", reason=SkipReason.UNREADABLE, detail="not a regular file"
    )


# ------------------------------------------------------------------------------------------- what is not read


def test_large_files_are_not_opened(tmp_path: Path) -> None:
    plant(tmp_path, **{"a.py": "x" * 2000})
    assert discover(tmp_path, max_bytes=1000) == (
        [],
        [Skip(path="a.py", reason=SkipReason.TOO_LARGE, detail="2,000 bytes, limit 1,000", size=2000)],
    )


def test_submodules_are_foreign_and_missed_when_not_checked_out(tmp_path: Path) -> None:
    plant(tmp_path, "a.py", "lib/b/b.cu")
    (tmp_path / "lib" / "empty").mkdir()
    modules = '[submodule "b"]\n\tpath = lib/b\n[submodule "c"]\n\tpath = "lib/c"\n\turl = u\n'
    more = '[submodule "e"]\npath=lib/empty\n[submodule]\n path = ../../etc\n'
    (tmp_path / ".gitmodules").write_text(modules + more, encoding="utf-8")
    candidates, _ = discover(tmp_path)
    assert {found.path: found.role for found in candidates} == {
        "a.py": Role.OWNED,
        "lib/b/b.cu": Role.VENDORED,
    }
    assert reasons(tmp_path) == {
        "lib/c": SkipReason.SUBMODULE_MISSING,
        "lib/empty": SkipReason.SUBMODULE_MISSING,
    }
    assert {skip.path: skip.detail for skip in discover(tmp_path)[1]} == {
        "lib/c": "not checked out, from u",
        "lib/empty": "not checked out",
    }


def test_the_address_of_a_submodule_is_told_without_its_secrets(tmp_path: Path) -> None:
    url = "https://user:token@example.org/a/b.git"
    (tmp_path / ".gitmodules").write_text(f'[submodule "b"]\n\turl = {url}\n\tpath = b\n', encoding="utf-8")
    assert discover(tmp_path)[1][0].detail == "not checked out, from https://example.org/a/b.git"


def test_nested_checkouts_and_copied_projects_are_vendored(tmp_path: Path) -> None:
    plant(
        tmp_path,
        "sub/.git/HEAD",
        "sub/a.cu",
        "csrc/cutlass/include/c.h",
        "csrc/fmt/LICENSE.txt",
        "csrc/fmt/f.h",
    )
    plant(tmp_path, "inc/thrust/thrust/t.h", "inc/_cccl/LICENSE", "inc/_cccl/nv/target.h")
    plant(tmp_path, "own/cutlass/k.cu", "own/fmt/include/f.h", "LICENSE")
    assert {found.path: found.role for found in discover(tmp_path)[0]} == {
        "csrc/cutlass/include/c.h": Role.VENDORED,
        "csrc/fmt/f.h": Role.VENDORED,
        "inc/_cccl/nv/target.h": Role.VENDORED,
        "inc/thrust/thrust/t.h": Role.VENDORED,
        "own/cutlass/k.cu": Role.OWNED,
        "own/fmt/include/f.h": Role.OWNED,
        "sub/a.cu": Role.VENDORED,
    }


def test_a_missing_root_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        discover(tmp_path / "none")
    assert caught.value.slug == "root-unreadable"


# ------------------------------------------------------------------------------------------------------ names


@pytest.mark.skipif(os.name == "nt", reason="file names are text there")
def test_odd_file_names_are_reported_encodable_and_unique(tmp_path: Path) -> None:
    base = os.fsencode(tmp_path)
    for name in (b"a\xff.py", b"a\xfe.py", "a\ufffd.py".encode(), b"new\nline.py"):
        Path(os.fsdecode(base + b"/" + name)).write_text("x = 1\n", encoding="utf-8")
    candidates, _ = discover(tmp_path)
    assert [found.path for found in candidates] == [
        "a\ufffd.py",
        "a\ufffd.py~2",
        "a\ufffd.py~3",
        "new\nline.py",
    ]
    assert [found.language for found in candidates] == ["python"] * 4
    assert all(not isinstance(read_text(found), Skip) for found in candidates)


def test_candidates_are_sorted_and_the_same_again(tmp_path: Path) -> None:
    plant(tmp_path, "b/a.py", "b.py", "a.cu", "B.py", "b-c/x.py")
    first = discover(tmp_path)
    assert [found.path for found in first[0]] == sorted(found.path for found in first[0])
    assert discover(tmp_path) == first


# ----------------------------------------------------------------------------------------------------- owners


def test_last_line_of_codeowners_decides(tmp_path: Path) -> None:
    plant(tmp_path, "a.py", "docs/b.py", "docs/x/c.py", "src/gpu/k.cu", "src/gpu/free.cu")
    plant(tmp_path, ".github/CODEOWNERS", "CODEOWNERS")
    (tmp_path / ".github" / "CODEOWNERS").write_text(
        "# comment\n* @all # everybody\ndocs/* @docs\n/src/gpu/ @gpu team@example.org\nfree.cu\n",
        encoding="utf-8",
    )
    assert {found.path: found.owner for found in discover(tmp_path)[0]} == {
        "a.py": "@all",
        "docs/b.py": "@docs",
        "docs/x/c.py": "@all",
        "src/gpu/free.cu": "",
        "src/gpu/k.cu": "@gpu team@example.org",
    }


def test_codeowners_sections_and_blanks_in_names() -> None:
    owners = Owners("[Section] @s\na\\ b.py @x\n")
    assert owners.of("lib/a b.py") == "@x"
    assert owners.of("Section") == ""


# ------------------------------------------------------------------------------------------------------- text


@pytest.mark.parametrize(
    ("data", "language", "text"),
    [
        (b"a = 1\r\nb\rc\n", "python", "a = 1\r\nb\rc\n"),
        (b"\xef\xbb\xbfx", "cuda", "x"),
        ("é\n".encode(), "cuda", "é\n"),
        ("x = 'é'\n".encode("utf-16"), "python", "x = 'é'\n"),
        ("// 你好\nint a;\n".encode("gbk"), "cuda", "// ÄãºÃ\nint a;\n"),
        ("# -*- coding: gbk -*-\n# 你好\n".encode("gbk"), "python", "# -*- coding: gbk -*-\n# 你好\n"),
        (
            "#!/x\n# vim: set fileencoding=shift_jis :\n# 日\n".encode("shift_jis"),
            "python",
            "#!/x\n# vim: set fileencoding=shift_jis :\n# 日\n",
        ),
        (b"# coding: zlib\n\xff", "python", "# coding: zlib\nÿ"),
        (b"# coding: utf-16\n\xff\xff", "python", "# coding: utf-16\nÿÿ"),
        (b"# coding: unicode_escape\n\xff\\x41", "python", "# coding: unicode_escape\nÿ\\x41"),
        (b"x = 1\n# coding: gbk\n\xc4\xe3", "python", "x = 1\n# coding: gbk\nÄã"),
        (b"", "python", ""),
    ],
)
def test_text_is_decoded_in_the_first_encoding_that_fits(tmp_path: Path, data: bytes, language: str, text: str) -> None:
    (tmp_path / "a").write_bytes(data)
    digest = hashlib.blake2b(data, digest_size=16).hexdigest()
    assert read_text(candidate(tmp_path / "a", language)) == (text, digest)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\x7fELF\0\0", SkipReason.BINARY),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", SkipReason.LFS_POINTER),
    ],
)
def test_what_is_no_source_is_a_skip(tmp_path: Path, data: bytes, reason: SkipReason) -> None:
    (tmp_path / "a").write_bytes(data)
    found = read_text(candidate(tmp_path / "a"))
    assert isinstance(found, Skip)
    assert found.reason == reason


def test_a_file_that_vanished_is_a_skip(tmp_path: Path) -> None:
    found = read_text(candidate(tmp_path / "a"))
    assert found == Skip(path="a", reason=SkipReason.UNREADABLE, detail="No such file or directory")


def test_a_file_that_grew_over_the_limit_is_a_skip(tmp_path: Path) -> None:
    plant(tmp_path, a="x" * 100)
    found = read_text(candidate(tmp_path / "a"), max_bytes=10)
    assert isinstance(found, Skip)
    assert found.reason == SkipReason.TOO_LARGE


@given(st.binary(max_size=300), st.sampled_from(["python", "cuda"]))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_text_or_a_skip(tmp_path: Path, data: bytes, language: str) -> None:
    (tmp_path / "a").write_bytes(data)
    found = read_text(candidate(tmp_path / "a", language))
    assert isinstance(found, Skip) or found[0].encode("utf-8") is not None


def test_reading_again_notices_a_change(tmp_path: Path) -> None:
    plant(tmp_path, a="x")
    digest = hashlib.blake2b(b"x", digest_size=16).hexdigest()
    file = SourceFile(path="a", language="cuda", content=digest, lines=1, code_lines=1, role=Role.OWNED)
    assert read_again(tmp_path, file) == "x"
    plant(tmp_path, a="y")
    assert read_again(tmp_path, file) is None
    (tmp_path / "a").unlink()
    assert read_again(tmp_path, file) is None


# ---------------------------------------------------------------------------------------------------- robustness


def test_a_candidate_says_which_state_of_the_file_was_seen(tmp_path: Path) -> None:
    plant(tmp_path, "a.py")
    os.utime(tmp_path / "a.py", ns=(5, 7))
    [found] = discover(tmp_path)[0]
    status = (tmp_path / "a.py").stat()
    assert (found.size, found.modified, found.inode) == (status.st_size, 7, status.st_ino)


def test_odd_names_are_reported_so_that_they_can_be_written(tmp_path: Path) -> None:
    names = [
        "new\nline.py",
        "bell\a.cu",
        "bidi\u202egpj.py",
        "x" * 252 + ".py",
        "CON.py",
        "aux.cu",
        "a:b.py",
        " lead.py",
        "dot..py",
        "emoji\N{SNOWMAN}.cu",
        "'quote\".py",
        "-rf.py",
    ]
    plant(tmp_path, *names)
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/raw\xff.py")).write_bytes(b"x\n")
    found = discover(tmp_path)[0]
    assert {one.path for one in found} == {*names, "raw\ufffd.py"}
    for one in found:
        one.path.encode()
        assert not isinstance(read_text(one), Skip)


def test_names_that_differ_in_case_alone_are_two_files(tmp_path: Path) -> None:
    plant(tmp_path, "a.py", "A.py", "a.PY")
    if len(list(tmp_path.iterdir())) < 3:
        pytest.skip("the file system does not tell them apart")
    assert paths(tmp_path) == ["A.py", "a.PY", "a.py"]


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no sockets in the file system here")
def test_sockets_and_devices_are_no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the name of a socket is short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("a.py")
        (tmp_path / "b.py").symlink_to("/dev/zero")
        assert reasons(tmp_path) == {"a.py": SkipReason.UNREADABLE, "b.py": SkipReason.LINK_OUTSIDE}


def test_a_folder_that_cannot_be_entered_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(tmp_path, "a.py", "closed/b.py")
    scandir = os.scandir

    def refusing(path: str | Path) -> Any:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    assert discover(tmp_path)[1] == [Skip(path="closed", reason=SkipReason.UNREADABLE, detail="Permission denied")]
    assert paths(tmp_path) == ["a.py"]


def test_many_files_in_one_folder(tmp_path: Path) -> None:
    (tmp_path / "many").mkdir()
    for number in range(50_000):
        os.close(os.open(tmp_path / "many" / f"{number}.py", os.O_CREAT))
    assert len(paths(tmp_path)) == 50_000


def test_folders_500_deep_are_walked_as_far_as_the_system_goes(tmp_path: Path) -> None:
    plant(tmp_path, "a.py")
    name = "folder-" + "x" * 5
    handle = os.open(tmp_path, os.O_RDONLY)
    for depth in range(500):
        os.mkdir(name, dir_fd=handle)
        inner = os.open(name, os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = inner
        if depth % 100 == 50:
            os.close(os.open("b.py", os.O_CREAT | os.O_WRONLY, dir_fd=handle))
    os.close(handle)
    candidates, skips = discover(tmp_path)
    found = [one.path.count("/") for one in candidates]
    assert found[:4] == [0, 51, 151, 251]
    # Beyond the longest path that the system takes, the first folder that is left out is named.
    assert len(found) == 6 or [skip.reason for skip in skips] == [SkipReason.UNREADABLE]
    remove_deep(tmp_path, name)


def remove_deep(root: Path, name: str) -> None:
    """Remove a chain of folders that is too deep for a path."""
    while (root / name).exists():
        (root / name).rename(root / "top")
        for inner in sorted((root / "top").iterdir()):
            if inner.is_dir():
                inner.rename(root / name)
            else:
                inner.unlink()
        (root / "top").rmdir()


def test_a_file_that_changes_between_walk_and_reading(tmp_path: Path) -> None:
    plant(tmp_path, "grows.py", "shrinks.py", "goes.py", "turns.py")
    found = {one.path: one for one in discover(tmp_path)[0]}
    (tmp_path / "grows.py").write_bytes(b"y" * 100)
    (tmp_path / "shrinks.py").write_bytes(b"")
    (tmp_path / "goes.py").unlink()
    (tmp_path / "turns.py").unlink()
    (tmp_path / "turns.py").mkdir()
    texts = {path: read_text(one, max_bytes=50) for path, one in found.items()}
    assert texts["shrinks.py"] == ("", hashlib.blake2b(b"", digest_size=16).hexdigest())
    said = {path: text.reason for path, text in texts.items() if isinstance(text, Skip)}
    assert said == {
        "grows.py": SkipReason.TOO_LARGE,
        "goes.py": SkipReason.UNREADABLE,
        "turns.py": SkipReason.UNREADABLE,
    }


NAMES = st.sampled_from(
    ["a.py", "b.cu", "c.txt", "d", "e.jl", "f.so", "g.json", "Makefile", "h\n.py", "\u202ei.cu", "x" * 200 + ".py"]
)


@given(
    st.lists(st.tuples(st.lists(st.sampled_from(["p", "q", "tests"]), max_size=3), NAMES), max_size=12),
    st.lists(st.tuples(NAMES, st.sampled_from(["p", "a.py", "..", ".", "nowhere", "p/q", "b.cu"])), max_size=4),
    st.integers(0, 3),
)
@settings(max_examples=80, deadline=None)
def test_no_file_of_interest_is_lost(
    files: list[tuple[list[str], str]], links: list[tuple[str, str]], excluded: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        wanted = set()
        for folders, name in files:
            path = root.joinpath(*folders, name)
            with contextlib.suppress(OSError):  # a file where a folder should be
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text("x")
                wanted.add(path.relative_to(root).as_posix())
        for name, target in links:
            with contextlib.suppress(OSError):
                (root / name).symlink_to(target)
        exclude = [[], ["p/"], ["*.py"], ["q/**", "a.py"]][excluded]
        candidates, skips = discover(root, exclude=exclude)
        seen = [one.path for one in candidates] + [skip.path for skip in skips]
        assert len(seen) == len(set(seen)), "a name was given twice"
        interesting = {path for path in wanted if language_of(path) and not (root / path).is_symlink()}
        assert interesting <= set(seen)
        assert {one.path for one in candidates} <= {path for path in seen if language_of(path)}


# ----------------------------------------------------------------------------------------------------- encodings


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("x = 'é'\n".encode("utf-16"), "x = 'é'\n"),
        ("x = 'é' # more\n".encode("utf-16-le"), "x = 'é' # more\n"),
        ("x = 'é' # more\n".encode("utf-16-be"), "x = 'é' # more\n"),
        ("x = 1\n".encode("utf-32"), "x = 1\n"),
        (b"\0\0\xfe\xff" + "x = 1\n".encode("utf-32-be"), "x = 1\n"),
        (b"x = 1\n" * 50 + b"\0" + b"y = 2\n", "x = 1\n" * 50 + " y = 2\n"),
        (b"x = 1\n" * 2000 + b"\0\0\0", "x = 1\n" * 2000 + "   "),
        (b"\xef\xbb\xbfx\r\ny\r", "x\r\ny\r"),
    ],
)
def test_encodings_of_text(tmp_path: Path, data: bytes, text: str) -> None:
    (tmp_path / "a.cu").write_bytes(data)
    found = read_text(candidate(tmp_path / "a.cu"))
    assert not isinstance(found, Skip)
    assert found[0] == text
    file = SourceFile(path="a.cu", language="cuda", content=found[1], lines=1, code_lines=1, role=Role.OWNED)
    assert read_again(tmp_path, file) == text


@pytest.mark.parametrize(
    "data", [b"\x7fELF\0\0\0\1\2", bytes(range(256)), b"\0" * 100, b"PK\3\4\0\0\0\0ab", b"a\0b\0c\0"]
)
def test_data_is_no_text(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.cu").write_bytes(data)
    found = read_text(candidate(tmp_path / "a.cu"))
    assert found == Skip(path="a.cu", reason=SkipReason.BINARY, detail="holds NUL bytes", size=len(data))


# ------------------------------------------------------------------------------------------------ copied headers

SAMPLE = "/* Copyright (c) 2022, NVIDIA CORPORATION. All rights reserved.\n * Redistribution and use in source and binary forms, with or without\n"
TOOLKIT = "/*\n * Copyright 1993-2021 NVIDIA Corporation.  All rights reserved.\n *\n * NOTICE TO LICENSEE:\n"


@pytest.mark.parametrize(
    ("path", "text", "copied"),
    [
        ("common/inc/helper_cuda.h", SAMPLE, True),
        ("src/exception.h", SAMPLE, True),
        ("inc/cuda_fp16.hpp", TOOLKIT, True),
        ("inc/nccl.h", TOOLKIT, True),
        ("inc/cudnn_ops_infer.h", TOOLKIT, True),
        ("src/cub/block/reduce.cuh", "// Copyright (c) 2011, Duane Merrill.\n", True),
        ("src/exception.h", "// Copyright (c) 2022 Us.\n", False),
        ("src/helper_cuda.h", "// Ours, after the sample of NVIDIA.\n", False),
        ("src/cudnn_utils.h", "/* Copyright (c) 2022, NVIDIA CORPORATION & AFFILIATES. See LICENSE. */\n", False),
        ("src/reduce.cuh", SAMPLE, False),
        ("src/helper_cuda.h", "\n" * 5000 + SAMPLE, False),
    ],
)
def test_copies_are_told_by_name_and_terms(path: str, text: str, *, copied: bool) -> None:
    assert (is_from_nvidia(text) and is_shipped_file(path, text)) is copied


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("a.py", True),
        ("CMakeLists.txt", True),
        ("a.jl", True),
        ("a.json", False),
        ("a.yaml", False),
        ("a.so", False),
        ("x", False),
    ],
)
def test_data_hides_no_code(path: str, *, code: bool) -> None:
    assert is_code(path) is code


# --------------------------------------------------------------------------------------------------- revision


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    plant(tmp_path, "src/a.py", "b.py")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "first")
    return tmp_path


@needs_git
def test_revision_of_a_clean_tree(repository: Path) -> None:
    commit = git(repository, "rev-parse", "HEAD").strip()
    assert revision(repository) == (commit, False, "2026-03-01")
    assert revision(repository / "src") == (commit, False, "2026-03-01")


@needs_git
def test_changes_below_the_root_make_it_dirty(repository: Path) -> None:
    plant(repository, "src/new.py")
    assert revision(repository)[1] is False
    plant(repository, **{"b.py": "changed\n"})
    assert revision(repository)[1] is True
    assert revision(repository / "src")[1] is False


@needs_git
def test_outside_git_there_is_no_revision(tmp_path: Path, repository: Path) -> None:
    plant(repository, "untracked/a.py")
    assert revision(repository / "untracked") == ("", False, "")
    assert revision(Path(tmp_path.anchor)) == ("", False, "")


@needs_git
def test_the_configuration_of_the_repository_runs_nothing(repository: Path) -> None:
    trap = f"touch '{repository / 'sprung'}'; cat"
    for key in (
        "core.fsmonitor",
        "filter.evil.clean",
        "filter.evil.process",
        "filter.EVIL x.smudge",
        "core.sshCommand",
        "diff.evil.textconv",
        "diff.external",
        "gpg.program",
        "core.pager",
        "core.editor",
        "alias.status",
    ):
        git(repository, "config", key, "!" + trap if key.startswith("alias") else trap)
    git(repository, "config", "log.showSignature", "true")
    git(repository, "config", "filter.evil.required", "true")
    hooks = repository / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for hook in ("post-index-change", "pre-commit", "post-checkout", "fsmonitor-watchman"):
        (hooks / hook).write_text(f"#!/bin/sh\n{trap}\n", encoding="utf-8")
        (hooks / hook).chmod(0o755)
    (repository / ".gitattributes").write_text("* filter=evil diff=evil\n", encoding="utf-8")
    os.utime(repository / "b.py", (1, 1))
    commit, dirty, date = revision(repository)
    assert (len(commit), dirty, date) == (40, False, "2026-03-01")
    plant(repository, **{"b.py": "y\n"})
    assert revision(repository)[1] is True
    assert not (repository / "sprung").exists()
    with contextlib.suppress(subprocess.CalledProcessError):  # the traps make poor filters
        git(repository, "status")
    assert (repository / "sprung").exists(), "the trap does not work"


@needs_git
@pytest.mark.parametrize("packed", [False, True])
def test_without_git_the_commit_is_read_off_the_files(
    repository: Path, monkeypatch: pytest.MonkeyPatch, *, packed: bool
) -> None:
    commit = git(repository, "rev-parse", "HEAD").strip()
    if packed:
        git(repository, "pack-refs", "--all")
    monkeypatch.setenv("PATH", "")
    assert revision(repository) == (commit, False, "")


def test_a_hostile_head_is_no_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    (tmp_path / ".git").mkdir()
    for head in (
        "ref: refs/../../../etc/passwd",
        "ref: refs/heads/none",
        "not a commit",
        "",
        "ref: /etc/passwd",
    ):
        (tmp_path / ".git" / "HEAD").write_text(head, encoding="utf-8")
        assert revision(tmp_path) == ("", False, "")


@needs_git
def test_worktrees_share_the_exclude_file(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other") / "tree"
    git(repository, "worktree", "add", "-q", str(other))
    (repository / ".git" / "info" / "exclude").write_text("/b.py\n", encoding="utf-8")
    assert paths(other) == ["src/a.py"]
    assert revision(other)[0] == revision(repository)[0]
