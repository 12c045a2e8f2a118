"""What a check writes for machines: each host's format, its order, its escapes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from migrate.guard.model import Check
from migrate.render import check_markdown, compiler_output, github, gitlab, junit, sarif
from tests.guard.conftest import Work

TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
ARTIFACT = {
    "type": "object",
    "required": ["uri", "uriBaseId"],
    "properties": {
        "uri": {"type": "string", "pattern": r"^(?!/)[A-Za-z0-9._~/%-]+$"},
        "uriBaseId": {"const": "%SRCROOT%"},
    },
    "additionalProperties": False,
}
LOCATION = {
    "type": "object",
    "required": ["physicalLocation"],
    "additionalProperties": False,
    "properties": {
        "physicalLocation": {
            "type": "object",
            "required": ["artifactLocation"],
            "additionalProperties": False,
            "properties": {
                "artifactLocation": ARTIFACT,
                "region": {
                    "type": "object",
                    "required": ["startLine", "startColumn", "endLine", "endColumn"],
                    "additionalProperties": False,
                    "properties": {
                        **{
                            key: {"type": "integer", "minimum": 1}
                            for key in ("startLine", "startColumn", "endLine", "endColumn")
                        },
                        "snippet": TEXT,
                    },
                },
            },
        }
    },
}
RESULT = {
    "type": "object",
    "required": ["ruleId", "level", "message", "locations", "partialFingerprints"],
    "additionalProperties": False,
    "properties": {
        "ruleId": {"type": "string"},
        "ruleIndex": {"type": "integer", "minimum": 0},
        "level": {"enum": ["none", "note", "warning", "error"]},
        "message": TEXT,
        "locations": {"type": "array", "minItems": 1, "maxItems": 1, "items": LOCATION},
        "partialFingerprints": {"type": "object", "minProperties": 1, "additionalProperties": {"type": "string"}},
        "baselineState": {"enum": ["new", "unchanged", "absent"]},
        "suppressions": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["kind", "status", "justification"],
                "properties": {"kind": {"enum": ["inSource", "external"]}, "status": {"const": "accepted"}},
            },
        },
        "properties": {"type": "object"},
    },
}
RULE = {
    "type": "object",
    "required": ["id", "shortDescription", "fullDescription", "help"],
    "properties": {
        "shortDescription": TEXT,
        "fullDescription": TEXT,
        "help": {"type": "object", "required": ["text", "markdown"]},
        "helpUri": {"type": "string", "pattern": "^https://"},
    },
}
"""What the standard asks of the parts that are written, and nothing of the rest."""

LEFT = "import torch\ntorch.cuda.synchronize()\ntorch.cuda.ipc_collect()\n"
NEW = (
    "import torch\ntorch.cuda.synchronize()\n"
    'x = y.cuda()  # cuda-migrate: ignore[framework-cuda-method] until=2027-06 reason: a "quoted" <reason>\n'
    "z = 1  # cuda-migrate: ignore[framework-*] reason: unused\n"
    "torch.cuda.empty_cache()\ntorch.cuda.empty_cache()\n"
)


@pytest.fixture
def result(repository: Work) -> Check:
    """One of everything: new of several kinds, known, suppressed, gone, an unused marker, hostile names."""
    repository.write("src/a.py", LEFT)
    repository.commit()
    repository.write("src/a.py", NEW)
    repository.write(
        "csrc/<b> & %é:,.cu", "__global__ void k(float* p) {\n  p[0] = 1;\n}\nvoid f() { cudaMalloc(&p, 1); }\n"
    )
    repository.write("large.py", "x = 1\n" * 2_000_000)
    return repository.check()


def log_of(check: Check) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    log = json.loads(sarif.render(check))
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    return run, run["results"]


def test_sarif_has_the_standard_s_shape(result: Check) -> None:
    run, results = log_of(result)
    jsonschema.validate(results, {"type": "array", "items": RESULT})
    driver = run["tool"]["driver"]
    jsonschema.validate(driver["rules"], {"type": "array", "uniqueItems": True, "items": RULE})
    assert run["columnKind"] == "unicodeCodePoints"
    ids = [rule["id"] for rule in driver["rules"]]
    assert ids == sorted(set(ids))
    assert all(ids[one["ruleIndex"]] == one["ruleId"] for one in results if "ruleIndex" in one)
    (left_out,) = run["invocations"][0]["toolExecutionNotifications"]
    assert left_out["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "large.py"


def test_sarif_says_what_is_new_known_gone_and_suppressed(result: Check) -> None:
    _, results = log_of(result)
    states = {one.get("baselineState") for one in results}
    assert states == {"new", "unchanged", "absent", None}
    absent = [one for one in results if one.get("baselineState") == "absent"]
    assert [one["message"]["text"] for one in absent] == ["torch.cuda.ipc_collect is gone"]
    (silenced,) = [one for one in results if "suppressions" in one]
    assert silenced["suppressions"] == [
        {"kind": "inSource", "status": "accepted", "justification": 'a "quoted" <reason>'}
    ]
    assert [one["ruleId"] for one in results if "baselineState" not in one] == ["suppression-unused"]


def test_sarif_puts_the_worst_of_what_is_new_first(result: Check) -> None:
    _, results = log_of(result)
    uses = [one for one in results if one.get("baselineState") in ("new", "unchanged")]
    assert uses[0]["ruleId"] == "kernel-definition"
    assert [one["level"] for one in uses if one["properties"]["fails"]] == ["error", "warning", "warning", "warning"]
    assert [one["properties"]["fails"] for one in uses] == sorted(
        (one["properties"]["fails"] for one in uses), reverse=True
    )


def test_sarif_is_cut_where_hosts_cut_it_and_says_so(result: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    _, whole = log_of(result)
    monkeypatch.setattr(sarif, "MOST", 2)
    run, results = log_of(result)
    assert results == whole[:2]
    said = [one["message"]["text"] for one in run["invocations"][0]["toolExecutionNotifications"]]
    assert f"{len(whole) - 2} of {len(whole)} results are left out" in said


def test_fingerprints_tell_equal_lines_apart_and_stay_when_lines_move(result: Check, repository: Work) -> None:
    def prints(check: Check) -> list[str]:
        _, results = log_of(check)
        return [
            one["partialFingerprints"]["primaryLocationLineHash"]
            for one in results
            if one.get("baselineState") == "new"
        ]

    before = prints(result)
    assert len(set(before)) == len(before)
    repository.write("src/a.py", "# note\n\n" + NEW)
    assert prints(repository.check()) == before


def test_uris_are_valid_and_lead_back_to_the_path(result: Check) -> None:
    _, results = log_of(result)
    uris = {one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in results}
    assert {unquote(uri) for uri in uris} == {"src/a.py", "csrc/<b> & %é:,.cu"}


def test_without_a_reference_nothing_has_a_state(folder: Work) -> None:
    folder.write("a.py", LEFT)
    _, results = log_of(folder.check())
    assert results
    assert all("baselineState" not in one for one in results)


def test_junit_has_a_case_for_each_rule(result: Check) -> None:
    root = ET.fromstring(junit.render(result))
    (suite,) = root
    names = [case.get("name") for case in suite]
    assert names == ["framework-torch-cuda", "kernel-definition", "runtime-api", "suppression-unused"]
    assert (suite.get("tests"), suite.get("failures")) == ("4", "4")
    text = suite[1][0].text
    assert text is not None
    assert text.startswith("csrc/<b> & %é:,.cu:1:1: CUDA C++ kernel: k.")


def test_junit_passes_when_nothing_is_new(repository: Work) -> None:
    (suite,) = ET.fromstring(junit.render(repository.check()))
    assert (suite.get("tests"), suite.get("failures")) == ("1", "0")


def test_github_commands_are_escaped(result: Check) -> None:
    lines = github.render(result).splitlines()
    assert lines[0].startswith("::error file=csrc/<b> & %25é%3A%2C.cu,line=1,endLine=")
    assert sum(line.startswith("::") for line in lines) == len(result.failing) + 1
    assert "title=suppression-unused::" in github.render(result)


def test_gitlab_entries_have_what_a_merge_request_needs(result: Check) -> None:
    entries = json.loads(gitlab.render(result))
    assert len(entries) == len(result.failing) + 1
    assert len({entry["fingerprint"] for entry in entries}) == len(entries)
    assert [entry["severity"] for entry in entries] == ["critical", "major", "minor", "minor", "minor"]
    assert entries[0]["location"] == {"path": "csrc/<b> & %é:,.cu", "lines": {"begin": 1}}
    assert all(set(entry) == {"description", "check_name", "fingerprint", "severity", "location"} for entry in entries)


def test_markdown_keeps_its_table_whatever_the_code_is_called(result: Check, repository: Work) -> None:
    text = check_markdown.render(result)
    assert text.startswith("### cuda-migrate: new lock-in\n")
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert len(rows) == len(result.failing)
    repository.write("a|b`c.py", LEFT)
    rows = [line for line in check_markdown.render(repository.check()).splitlines() if line.startswith("| `")]
    assert all(row.count("|") == 5 for row in rows)
    assert "no new lock-in" in check_markdown.render(repository.check("README"))


def test_a_comment_stays_short(repository: Work) -> None:
    repository.write("a.py", "import torch\n" + "torch.cuda.empty_cache()\n" * 300)
    text = check_markdown.render(repository.check())
    assert len(text.splitlines()) < 70
    assert "250 more are not shown." in text


def test_every_format_is_the_same_twice(result: Check) -> None:
    for module in (compiler_output, sarif, junit, github, gitlab, check_markdown):
        assert module.render(result) == module.render(result)


def test_terminal_controls_of_the_code_do_not_reach_the_terminal(repository: Work) -> None:
    repository.write("a.py", "import torch\ntorch.cuda.empty_cache()  # \x1b[31m \u202e\n")
    shown = compiler_output.render(repository.check())
    assert "\x1b" not in shown
    assert "\u202e" not in shown


def test_the_command_writes_several_formats_in_one_run(repository: Work, tmp_path: Path) -> None:
    repository.write("a.py", LEFT)
    log, report = tmp_path / "x.sarif", tmp_path / "x.md"
    done = repository.run("check", "--also", f"sarif={log}", "--also", f"markdown={report}")
    assert done.returncode == 1
    assert "a.py:2:1: rename:" in done.stdout
    assert json.loads(log.read_text())["version"] == "2.1.0"
    assert report.read_text().startswith("### cuda-migrate")
    assert repository.run("check", "--also", "sarif").returncode == 2
    assert repository.run("check", "-o", str(tmp_path / "no" / "x")).returncode == 5


def test_a_sarif_run_fails_only_when_it_is_told_when(repository: Work) -> None:
    repository.write("a.py", LEFT)
    assert repository.run("check", "--format", "sarif").returncode == 0
    assert repository.run("check", "--format", "sarif", "--fail-on", "rename").returncode == 1
    assert repository.run("check", "--format", "junit").returncode == 1
