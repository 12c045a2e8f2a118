"""What the front ends for scripts read off them."""

from __future__ import annotations

import pytest

from migrate.languages import front_end
from migrate.languages.windows_scripts import as_shell
from migrate.model import Extraction, NameSet, Role, SourceFile, UseKind, Vocabulary

VOCABULARY = Vocabulary(
    anchors=("CUDA_PATH", "CUDA_HOME", "nvcc", "gres", "arch", "constraint", "ngpus"),
    names={
        UseKind.ENV: NameSet(exact=frozenset({"CUDA_PATH", "CUDA_HOME"})),
        UseKind.STRING: NameSet(exact=frozenset({"nvcc"})),
        UseKind.FLAG: NameSet(exact=frozenset({"--gres", "--constraint", "-l", "-arch"})),
    },
)


def extract(path: str, text: str, language: str = "shell") -> Extraction:
    """Read one script."""
    file = SourceFile(path=path, language=language, content="", lines=0, code_lines=0, role=Role.OWNED)
    return front_end(language).extract(file, text, VOCABULARY)


def seen(path: str, text: str, language: str = "shell") -> list[tuple[str, dict[str, str], int, int]]:
    """Return name, arguments and place of the uses."""
    uses = extract(path, text, language).uses
    return [(use.name, use.args, use.span.line, use.span.column) for use in uses]


def test_a_script_without_anchors_is_not_looked_at() -> None:
    assert extract("a.sh", "ls\nmake -j8\n" * 100) == Extraction()


def test_options_in_comments_of_batch_systems() -> None:
    text = "#!/bin/bash\n#SBATCH --gres=gpu:a100:4  # four\n#SBATCH --constraint a100\n##SBATCH --gres=x\n#PBS -l ngpus=4\n"
    assert seen("a.sbatch", text) == [
        ("--gres", {"value": "gpu:a100:4", "callee": "sbatch"}, 2, 9),
        ("--constraint", {"value": "a100", "callee": "sbatch"}, 3, 9),
        ("-l", {"value": "ngpus=4", "callee": "qsub"}, 5, 6),
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends(end: str) -> None:
    text = end.join(["# nvcc", "nvcc \\", "  -arch=sm_80", "cat <<A", "nvcc", "A", "nvcc"])
    assert [(name, line, column) for name, _, line, column in seen("a.sh", text)] == [
        ("nvcc", 2, 1),
        ("-arch", 3, 3),
        ("nvcc", 7, 1),
    ]


def test_code_lines_leave_comments_out() -> None:
    assert extract("a.sh", "#!/bin/sh\n\n# nvcc\nnvcc a\n  # x\n  ls\n").code_lines == 2


def test_scripts_of_another_platform_are_nobodys_work() -> None:
    (use,) = extract("tools/build_rocm.sh", "nvcc a").uses
    assert use.guarded_by == ("*", "rocm")


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("a.bat", "@rem nvcc\r\n:: nvcc\r\nSET CUDA_PATH=C:\\x\r\n", [("CUDA_PATH", {"value": "C:/x"}, 3, 5)]),
        ("a.cmd", '"%CUDA_PATH%\\bin\\nvcc.exe" -O3 ^\r\n  -arch=sm_80', [
            ("nvcc", {"callee": "script"}, 1, 1), ("CUDA_PATH", {}, 1, 3), ("-arch", {"value": "sm_80", "callee": "nvcc"}, 2, 3)]),
        ("a.bat", 'set "CUDA_PATH=C:\\it\'s"\nnvcc', [("CUDA_PATH", {"value": "C:/it s"}, 1, 5), ("nvcc", {"callee": "script"}, 2, 1)]),
        ("a.bat", "echo nvcc & ECHO nvcc", []),
        ("a.ps1", '<# nvcc\n#>\n$env:CUDA_PATH = "C:\\x"\n& nvcc `\n -arch=sm_80', [
            ("CUDA_PATH", {"value": "C:/x"}, 3, 6), ("nvcc", {"callee": "script"}, 4, 3), ("-arch", {"value": "sm_80", "callee": "nvcc"}, 5, 2)]),
        ("a.ps1", "Write-Host nvcc # nvcc", []),
    ],
)  # fmt: skip
def test_scripts_of_windows(path: str, text: str, expected: list[tuple[str, dict[str, str], int, int]]) -> None:
    assert seen(path, text, "batch") == expected


@pytest.mark.parametrize("path", ["a.bat", "a.ps1"])
@pytest.mark.parametrize("text", ["", "%a%%b%^\r\n\0\\", "<#" * 1000, "$env:A = `\n'" * 50, "rem\nREM x\n@::\r"])
def test_rewriting_keeps_every_place(path: str, text: str) -> None:
    rewritten = as_shell(path, text)
    assert len(rewritten) == len(text)
    assert [at for at, char in enumerate(rewritten) if char in "\r\n"] == [
        at for at, char in enumerate(text) if char in "\r\n"
    ]
