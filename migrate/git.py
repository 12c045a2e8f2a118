"""Git's plumbing, asked so that nothing the repository configures runs: no hook, filter, pager or helper."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess

_TIMEOUT = 20.0

_HARMLESS = {
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "core.untrackedCache": "false",
    "log.showSignature": "false",
}
"""Settings that would start a program of the repository's choice, turned off."""

_DRIVER = re.compile(r"filter\..*\.(?:clean|smudge|process|required)\Z", re.DOTALL | re.IGNORECASE)


def top_of(folder: str) -> str:
    """Return the innermost git checkout around a folder, the folder itself when there is none."""
    above = folder
    while not os.path.exists(os.path.join(above, ".git")):  # noqa: PTH110, PTH118 - starts faster without pathlib
        parent = os.path.dirname(above)  # noqa: PTH120
        if parent == above:
            return folder
        above = parent
    return above


def git_in(folder: str) -> Git | None:
    """Return git for a folder; None when there is none, or only one that lies in the folder itself."""
    program = _program()
    inside = os.path.join(os.path.realpath(folder), "")  # noqa: PTH118
    if not program or os.path.realpath(program).startswith(inside):
        return None
    return Git(program, folder)


def _program() -> str:
    """Return where git is; `shutil.which` takes longer to load than this takes to run."""
    names = ("git.exe", "git") if os.name == "nt" else ("git",)
    for folder in os.get_exec_path():
        for name in names:
            path = os.path.join(folder, name)  # noqa: PTH118
            if os.path.isabs(path) and os.access(path, os.X_OK) and os.path.isfile(path):  # noqa: PTH113, PTH117
                return path
    return ""


class Git:
    """Runs git's plumbing in one folder."""

    def __init__(self, program: str, folder: str) -> None:
        self.program = program
        self.folder = folder

    def run(
        self, *arguments: str, settings: Iterable[tuple[str, str]] = (), given: bytes = b"", index: str = ""
    ) -> bytes | None:
        """Return what a command prints, None when it fails.

        Args:
            arguments: Of the command.
            settings: Further settings that hold for it.
            given: What it reads.
            index: File of the index; the repository's own when empty.
        """
        import subprocess

        try:
            done = subprocess.run(  # noqa: S603
                self._command(arguments),
                cwd=self.folder,
                env=self._surroundings(settings, index),
                input=given,
                capture_output=True,
                timeout=_TIMEOUT,
                check=False,
            )
        except (OSError, subprocess.SubprocessError, ValueError):
            return None
        return done.stdout if done.returncode == 0 else None

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a command that is asked and answers by lines.

        Raises:
            OSError: It cannot be started.
        """
        import subprocess

        return subprocess.Popen(  # noqa: S603
            self._command(arguments),
            cwd=self.folder,
            env=self._surroundings((), ""),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def contents(self, blobs: Iterable[str], max_bytes: int) -> Iterator[bytes | int | None]:
        """Yield the content of each object: its size when it is over the limit, None when it is not there.

        One process answers all; it neither fetches what a partial clone lacks nor applies any conversion.
        """
        asked = list(blobs)
        if not asked:
            return
        with self.start("cat-file", "--batch") as process:
            assert process.stdin is not None
            assert process.stdout is not None
            for blob in asked:
                process.stdin.write(blob.encode("ascii", "replace") + b"\n")
                process.stdin.flush()
                yield _answer(process.stdout, max_bytes)
            process.stdin.close()

    def _command(self, arguments: Iterable[str]) -> list[str]:
        return [self.program, "--no-pager", "--no-optional-locks", "--literal-pathspecs", *arguments]

    def _surroundings(self, settings: Iterable[tuple[str, str]], index: str) -> dict[str, str]:
        return _environment([*_HARMLESS.items(), *settings]) | ({"GIT_INDEX_FILE": index} if index else {})

    def without_filters(self) -> list[tuple[str, str]] | None:
        """Return settings under which comparing contents runs none of the repository's filters; None without an answer.

        Git compares contents also where it is asked for names only: of files that changed as late as the index.
        """
        listed = self.run("config", "--name-only", "-z", "--list")
        if listed is None:
            return None
        keys = {key for key in listed.decode("utf-8", "surrogateescape").split("\0") if _DRIVER.match(key)}
        return [(key, "false" if key.lower().endswith(".required") else "") for key in sorted(keys)]

    def is_dirty(self) -> bool:
        """Tell whether tracked files below the folder differ from the commit; False when git cannot say."""
        neutral = self.without_filters()
        if neutral is None:
            return False
        changed = self.run(
            *(
                "status",
                "--porcelain",
                "-z",
                "--untracked-files=no",
                "--ignore-submodules=all",
                "--no-renames",
            ),
            *("--", "."),
            settings=neutral,
        )
        return bool(changed)


def _environment(settings: list[tuple[str, str]]) -> dict[str, str]:
    """Build an environment in which only the given settings and the repository's own count."""
    clean = {name: value for name, value in os.environ.items() if not name.upper().startswith("GIT_")}
    clean |= {
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        # A partial clone would fetch what is missing, by a program that its configuration names.
        "GIT_ALLOW_PROTOCOL": "none",
        "GIT_NO_LAZY_FETCH": "1",
        "LC_ALL": "C",
        "GIT_CONFIG_COUNT": str(len(settings)),
    }
    for number, (key, value) in enumerate(settings):
        clean[f"GIT_CONFIG_KEY_{number}"] = key
        clean[f"GIT_CONFIG_VALUE_{number}"] = value
    return clean


_CHUNK = 1 << 20


def _answer(stream: IO[bytes], max_bytes: int) -> bytes | int | None:
    """Read one answer of `cat-file --batch`."""
    header = stream.readline().split()
    if len(header) != 3 or header[1] != b"blob":
        if len(header) == 3:
            _discard(stream, int(header[2]) + 1)
        return None
    size = int(header[2])
    if size > max_bytes:
        _discard(stream, size + 1)
        return size
    data = stream.read(size)
    stream.read(1)
    return data


def _discard(stream: IO[bytes], count: int) -> None:
    while count > 0 and (piece := stream.read(min(count, _CHUNK))):
        count -= len(piece)
