"""Read files of a checked-out or bare repository."""

from __future__ import annotations

import subprocess
from pathlib import Path


class Checkout:
    """Files of a work tree or of a bare repository's newest commit."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._work_tree = not (path / "HEAD").is_file()

    def files(self, folder: str) -> list[str]:
        """List the files of a folder, sorted; none when there is no such folder."""
        if self._work_tree:
            found = (file for file in (self._path / folder).rglob("*") if file.is_file())
            return sorted(file.relative_to(self._path).as_posix() for file in found)
        return sorted(self._git("ls-tree", "-r", "--name-only", "HEAD", folder).splitlines())

    def read(self, file: str) -> str:
        """Return the text of a file."""
        if self._work_tree:
            return (self._path / file).read_text(encoding="utf-8", errors="replace")
        return self._git("show", f"HEAD:{file}")

    def _git(self, *arguments: str) -> str:
        command = ["git", "-C", str(self._path), *arguments]
        return subprocess.run(command, check=True, capture_output=True, encoding="utf-8", errors="replace").stdout
