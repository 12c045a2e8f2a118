"""The command line as a user meets it: what it prints where, and how it ends."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import pytest

ROOT = Path(__file__).parent.parent
FIXTURES = ROOT / "fixtures"


def run(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, as a shell would."""
    return subprocess.run(
        [sys.executable, "-m", "migrate", *map(str, arguments)],
        capture_output=True,
        check=False,
        encoding="utf-8",
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", "NO_COLOR": "1", **environment},
    )


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return Path(
        shutil.copytree(FIXTURES / "one-kernel", tmp_path / "one-kernel", ignore=shutil.ignore_patterns("expected"))
    )


# --------------------------------------------------------------------------------------------------- success


def test_scan_prints_the_summary_on_stdout_and_nothing_else_on_stderr(tree: Path) -> None:
    done = run("scan", tree)
    assert done.returncode == 0
    assert "ROCm" in done.stdout
    assert "CANN" in done.stdout
    assert "cuda-migrate report" in done.stdout
    assert done.stderr == ""


def test_scan_json_is_valid_and_the_same_twice_with_any_number_of_workers(tree: Path, tmp_path: Path) -> None:
    shutil.copytree(FIXTURES / "cuda-kernels", tree / "more")
    first, second = tmp_path / "1.json", tmp_path / "2.json"
    assert run("scan", tree, "-o", first, "--jobs", "1").returncode == 0
    assert run("scan", tree, "--format", "json", "-o", second, "--jobs", "2").returncode == 0
    assert first.read_bytes() == second.read_bytes()
    schema = json.loads(run("scan", "--schema").stdout)
    jsonschema.validate(json.loads(first.read_bytes()), schema)


def test_the_promised_paths_are_in_the_audit(tree: Path) -> None:
    audit = json.loads(run("scan", tree, "--format", "json").stdout)
    assert audit["schema_version"].startswith("1.")
    assert {"version", "hash"} <= audit["rulebook"].keys()
    assert {"path", "language", "role", "lines"} <= audit["files"][0].keys()
    finding = next(entry for entry in audit["findings"] if entry["symbol"] == "cudaMalloc")
    assert {"fingerprint", "rule", "symbol", "path", "confidence"} <= finding.keys()
    assert finding["span"]["line"] == 15
    assert finding["span"]["column"] == 3
    for target in ("rocm", "cann"):
        assert {"status", "change", "equivalent", "basis"} <= finding["answers"][target].keys()
    assert {"units", "edges", "waves", "cycles"} <= audit["graph"].keys()
    for estimate in audit["estimates"]:
        assert {"target", "scenario", "drivers"} <= estimate.keys()
        for measure in ("effort_days", "months", "inflation_percent"):
            assert {"p10", "p50", "p80", "p90"} == estimate[measure].keys()
    assert any(edit["proved"] for edit in audit["edits"])


def test_report_from_an_audit_equals_report_from_the_tree(tree: Path, tmp_path: Path) -> None:
    audit, one, other = tmp_path / "audit.json", tmp_path / "1.html", tmp_path / "2.html"
    assert run("scan", tree, "-o", audit).returncode == 0
    assert run("report", audit, "-o", one).returncode == 0
    assert run("report", tree, "-o", other).returncode == 0
    # Only the command that reproduces it tells them apart.
    assert one.read_text(encoding="utf-8").replace("cuda-migrate scan", "cuda-migrate report") == other.read_text(
        encoding="utf-8"
    )


def test_one_target_only(tree: Path) -> None:
    audit = json.loads(run("scan", tree, "--target", "rocm", "--format", "json").stdout)
    assert list(audit["targets"]) == ["rocm"]
    assert list(audit["findings"][0]["answers"]) == ["rocm"]


def test_a_chip_changes_the_answer(tree: Path) -> None:
    changes = {}
    for chip in ("atlas-a2", "ascend-950"):
        audit = json.loads(run("scan", tree, "--target", "cann", "--chip", f"cann={chip}", "--format", "json").stdout)
        kernel = next(entry for entry in audit["findings"] if entry["symbol"] == "saxpy")
        changes[chip] = kernel["answers"]["cann"]["change"]
    assert changes == {"atlas-a2": "rewrite", "ascend-950": "adapt"}


def test_no_edits_says_not_proved(tree: Path) -> None:
    audit = json.loads(run("scan", tree, "--no-edits", "--format", "json").stdout)
    assert audit["edits"] is None
    assert all(estimate["mechanical"] is None for estimate in audit["estimates"])


def test_no_estimate_is_findings_and_graph(tree: Path) -> None:
    done = run("scan", tree, "--no-estimate", "--no-edits")
    assert done.returncode == 0
    audit = json.loads(run("scan", tree, "--no-estimate", "--no-edits", "--format", "json").stdout)
    assert audit["estimates"] == []
    assert audit["findings"]


def test_the_tree_cannot_hide_in_silence() -> None:
    plain = json.loads(run("scan", FIXTURES / "hostile", "--format", "json").stdout)
    assert plain["hidden"]["source"] == "pyproject.toml"
    assert plain["hidden"]["files"] == 1
    assert plain["hidden"]["findings"] >= 3  # hidden/secret.cu, and markup.py by its per-file entry
    assert plain["hidden"]["hours"]["cann"] > 0
    assert "--trust-config" in plain["hidden"]["ignored_settings"][0]
    isolated = json.loads(run("scan", FIXTURES / "hostile", "--isolated", "--format", "json").stdout)
    assert isolated["hidden"]["findings"] == 0
    assert any(entry["path"] == "hidden/secret.cu" for entry in isolated["findings"])


def test_nothing_of_a_hostile_tree_is_executed() -> None:
    assert run("scan", FIXTURES / "hostile").returncode == 0
    assert not (FIXTURES / "hostile" / "was-executed").exists()


def test_a_terminal_that_knows_only_gbk_gets_readable_text(tree: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "migrate", "scan", str(tree)],
        capture_output=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": "gbk"},
    )
    assert done.returncode == 0
    assert "CANN" in done.stdout.decode("gbk")
    assert "\ufffd" not in done.stdout.decode("gbk", "replace")


def test_show_config_names_origins(tree: Path) -> None:
    done = run("scan", tree, "--show-config", "--target", "cann")
    assert "--target" in done.stdout
    assert "default" in done.stdout


def test_help_has_examples_everywhere() -> None:
    for command in ((), ("scan",), ("report",), ("rules",)):
        text = run(*command, "--help").stdout
        assert "cuda-migrate" in text.split("Options:")[1]


# ---------------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("arguments", "code", "parts"),
    [
        (("scan", "no/such/folder"), 3, ("error[input-missing]", "no/such/folder", "hint:")),
        (("scan", "README.md"), 3, ("error[input-file]", "README.md")),
        (("scan", "fixtures/clean", "--target", "tpu9"), 2, ("error[target-unknown]", "tpu9", "rocm")),
        (("scan", "fixtures/clean", "--chip", "cann=h100"), 2, ("error[chip-unknown]", "h100", "atlas-a2")),
        (("scan", "fixtures/clean", "--chip", "h100"), 2, ("TARGET=CHIP",)),
        (("scan", "fixtures/clean", "--rules", "no/pack"), 4, ("error[rule-pack-missing]", "no/pack")),
        (("scan", "fixtures/clean", "--frobnicate"), 2, ("error[usage]", "--frobnicate")),
        (("scan", "fixtures/clean", "--config", "none.toml"), 3, ("error[config-missing]", "none.toml")),
        (("report", "fixtures/clean", "-o", "no/such/folder/r.html"), 5, ("error[output]", "no/such/folder")),
        (("report", "fixtures/clean", "-o", "report.docx"), 2, ("error[format-unknown]", ".docx")),
        (("report", "tests/test_cli.json"), 3, ("error[input-missing]",)),
        (("scan", "fixtures/clean", "-o", "fixtures"), 5, ("error[output]", "is a folder")),
        (("rules", "show", "cudaMaloc"), 2, ("did you mean", "cudaMalloc")),
        (("rules", "list", "--area", "nowhere"), 2, ("areas are",)),
        (("frobnicate",), 2, ("error[usage]", "frobnicate")),
    ],
)
def test_errors_are_one_clear_line_with_a_code(arguments: tuple[str, ...], code: int, parts: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    for part in parts:
        assert part in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) <= 2


def test_a_file_that_is_no_audit_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "audit.json"
    file.write_text('{"schema_version": "1.0", "surprise": 1}', encoding="utf-8")
    done = run("report", file, "-o", tmp_path / "r.html")
    assert done.returncode == 3
    assert "error[input-audit]" in done.stderr
    assert not (tmp_path / "r.html").exists()


@pytest.mark.parametrize("option", [("--chip", "rocm=cdna2"), ("--exclude", "x"), ("--isolated",), ("--no-edits",)])
def test_options_of_a_scan_are_refused_for_an_audit(option: tuple[str, ...], tree: Path, tmp_path: Path) -> None:
    audit = tmp_path / "audit.json"
    assert run("scan", tree, "-o", audit).returncode == 0
    done = run("report", audit, "-o", tmp_path / "r.html", *option)
    assert done.returncode == 2
    assert option[0] in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="needs links, pipes and devices of a POSIX system")
def test_links_and_devices_are_written_to_and_not_replaced(tree: Path, tmp_path: Path) -> None:
    target, link = tmp_path / "target.json", tmp_path / "link.json"
    target.write_text("old", encoding="utf-8")
    link.symlink_to(target)
    assert run("scan", tree, "--no-edits", "-o", link).returncode == 0
    assert link.is_symlink()
    assert json.loads(target.read_text(encoding="utf-8"))["findings"]
    assert run("scan", tree, "--no-edits", "--format", "json", "-o", "/dev/null").returncode == 0
    assert Path("/dev/null").is_char_device()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_an_output_error(tree: Path) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [sys.executable, "-m", "migrate", "scan", str(tree), "--no-edits"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            cwd=ROOT,
        )
    assert done.returncode == 5
    assert "error[output]: standard output" in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="signals of a POSIX system")
def test_ctrl_c_stops_the_workers_at_once(tmp_path: Path) -> None:
    for number in range(16):  # many seconds of work, so that the signal meets it on any machine
        body = "".join(f"void f{line}() {{ cudaMalloc(nullptr, {line}); }}\n" for line in range(20_000))
        (tmp_path / f"big{number}.cu").write_text(f"// {number}\n{body}", encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "migrate", "scan", str(tmp_path), "--jobs", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        start_new_session=True,
    )
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    deadline = time.monotonic() + (60 if children.exists() else 3)
    while time.monotonic() < deadline and not (children.exists() and children.read_text(encoding="ascii").strip()):
        time.sleep(0.05)
    time.sleep(0.2)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=10)
    assert process.returncode == 130
    assert out == ""
    assert err.strip() == "interrupted; nothing was written"


def test_an_empty_folder_is_no_input(tmp_path: Path) -> None:
    assert run("scan", tmp_path).returncode == 3


def test_a_bug_is_reported_as_one(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from migrate import audit
    from migrate.cli import main

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr(audit, "run", broken)
    monkeypatch.setattr(sys, "argv", ["cuda-migrate", "scan", str(FIXTURES / "clean")])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 70
    assert "this is a bug" in capsys.readouterr().err


def test_an_interrupt_leaves_no_half_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from migrate import render
    from migrate.cli import main

    def stopped_by_hand(*_: object, **__: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(render, "render", stopped_by_hand)
    monkeypatch.setattr(
        sys, "argv", ["cuda-migrate", "report", str(FIXTURES / "one-kernel"), "-o", str(tmp_path / "r.html")]
    )
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 130
    assert "interrupted" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


# ----------------------------------------------------------------------------------------------------- rules


def test_rules_show_joins_what_is_known() -> None:
    for name, parts in {
        "cudaMallocAsync": ("hipMallocAsync", "aclrtMemPoolMallocAsync", "basis table"),
        "flash-attn": ("npu_fusion_attention", "lock-in"),
        "kernel-warp-shuffle": ("64-bit mask", "ascend-950", "flags:"),
    }.items():
        done = run("rules", "show", name)
        assert done.returncode == 0
        for part in parts:
            assert part in done.stdout


def test_rules_check_names_what_is_wrong(tmp_path: Path) -> None:
    rules = tmp_path / "cuda" / "acme.yaml"
    rules.parent.mkdir()
    rules.write_text(
        "- id: acme/timer\n  title: Own timer\n  why: It wraps events.\n  area: runtime\n"
        "  match:\n    cuda: [{kind: call, name: acmeTimer}]\n  refs: [https://acme.example.org]\n"
        "  examples:\n    - flags: |\n        acmeTimer();  // <-\n        acmeTimer();\n"
        "    - passes: |\n        other();\n",
        encoding="utf-8",
    )
    done = run("rules", "check", tmp_path)
    assert done.returncode == 4
    assert "wants findings on lines [1] and gives [1, 2]" in done.stdout
    assert "target cann does not answer it" in done.stdout


def test_the_shipped_rules_pass_their_check() -> None:
    done = run("rules", "check")
    assert done.returncode == 0, done.stdout
    assert int(done.stdout.split()[0]) >= 80
