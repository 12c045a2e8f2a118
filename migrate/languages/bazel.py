"""Front end for Bazel: BUILD files, extensions, workspaces and `.bazelrc`."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping

from migrate.languages.bazelrc import read_options
from migrate.languages.branches import condition_targets
from migrate.languages.call_syntax import Call, Item, Script, parse
from migrate.languages.compiler_words import read_words, speaks
from migrate.languages.lexical import code_lines
from migrate.languages.preprocessor import EVERYBODY, targets_of_path
from migrate.languages.requirement import Manifest
from migrate.model import Extraction, Link, LinkKind, SourceFile, UseKind, Vocabulary

_CALL_LINE = re.compile(r"^[A-Za-z_][\w.]*+[ \t]*+\(", re.MULTILINE | re.ASCII)
"""A line that begins a call; a text called BUILD that has none is something else."""
_OPTION_LINE = re.compile(r"^(?:build|common|run|test)(?::[\w.-]++)?[ \t]++--", re.MULTILINE | re.ASCII)
_REPOSITORIES = frozenset(
    (
        *("bazel_dep", "http_archive", "http_file", "git_repository", "new_git_repository", "local_repository"),
        *("new_local_repository", "tf_http_archive", "third_party_http_archive", "maybe", "single_version_override"),
    )
)
_DEFINES = frozenset({"defines", "local_defines"})
_SOURCES = frozenset({"srcs", "hdrs", "gpu_srcs", "cuda_srcs", "gpu_hdrs", "textual_hdrs"})
_NEEDS = frozenset({"deps", "gpu_deps", "cuda_deps", "implementation_deps", "exports"})
_SOURCE = re.compile(r"\.(?:cu|cuh|hip|c|cc|cpp|cxx|h|hpp|py)\Z", re.IGNORECASE)
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]+\Z")
_CUDA_SOURCE = re.compile(r"\.cuh?(?:\.\w+)?\Z")


class Bazel:
    """Reads all that Bazel reads."""

    id = "bazel"
    example_name = "BUILD.bazel"

    def extract(self, file: SourceFile, text: str, vocabulary: Vocabulary) -> Extraction:
        """Read one file; never raises for what the text holds."""
        name = file.path.rpartition("/")[2]
        if not speaks(text, vocabulary) and ".cu" not in text:
            return Extraction(code_lines=code_lines(text))
        manifest = Manifest(text, vocabulary)
        whole = targets_of_path(file.path)
        if whole:  # only another platform's build reads it
            whole.add(EVERYBODY)
        if name.endswith("bazelrc") or (_OPTION_LINE.search(text) and not _CALL_LINE.search(text)):
            return Extraction(code_lines=read_options(manifest, whole), uses=manifest.sorted_uses())
        if "." not in name and not _CALL_LINE.search(text):
            return Extraction(code_lines=code_lines(text))
        script = parse(text)
        _Uses(manifest, script, whole).read()
        uses, links = manifest.sorted_uses(), _links(manifest, script)
        speaking = uses or any(_CUDA_SOURCE.search(link.to) for link in links)
        return Extraction(
            uses=uses,
            links=links if speaking else (),
            code_lines=script.code_lines,
            embedded=tuple(manifest.embedded),
        )


FRONT_ENDS = {"bazel": Bazel()}


class _Uses:
    """Notes what the calls of one file use."""

    def __init__(self, manifest: Manifest, script: Script, whole: set[str]) -> None:
        self._manifest = manifest
        self._script = script
        self._whole = whole
        self._guards = _guards(script)

    def read(self) -> None:
        """Read all calls and strings."""
        for call in self._script.calls:
            self._guard(call.statement, call.parameter)
            self._call(call)
        for item in self._script.items:
            if item.is_string and not self._script.is_prose(item):
                self._guard(item.statement, item.parameter)
                self._string(item, self._script.callee(item))

    def _guard(self, statement: int, parameter: str) -> None:
        found = self._guards.get((statement, parameter), set())
        self._manifest.guarded_by = tuple(sorted(found | self._whole))

    def _call(self, call: Call) -> None:
        manifest = self._manifest
        if call.outer < 0 and self._script.statements[call.statement].first == "def":
            return
        start = call.start + len(call.name) - len(call.last)
        if manifest.vocabulary.wants(UseKind.FLAG, call.last):
            end = call.end if call.outer >= 0 else start + len(call.last)
            symbol = call.first("1") if call.last == "use_extension" else ""
            manifest.add_about(symbol, UseKind.FLAG, call.last, start, end, **call.arguments())
        for keyword, begin in call.keywords:
            manifest.add(UseKind.FLAG, keyword, begin, begin + len(keyword), callee=call.last)
        repository = call.first("name")
        if call.last in _REPOSITORIES and repository:
            name = "bazel:" + repository
            if manifest.vocabulary.wants(UseKind.DEPENDENCY, name):
                manifest.add(UseKind.DEPENDENCY, name, start, call.end, version=call.first("version"))
                manifest.link(LinkKind.REQUIRES, name, start)

    def _string(self, item: Item, callee: str) -> None:
        manifest, value = self._manifest, item.value
        if item.parameter in {"cmd", "cmd_bash"}:
            manifest.embed("shell", _lines(value, item.start))
        elif callee == "use_repo":
            manifest.add(UseKind.DEPENDENCY, "bazel:" + value, item.start, item.end)
        elif value[:1] == "@" or value[:2] == "//":
            facts = {"callee": callee, "parameter": item.parameter}
            manifest.add(UseKind.STRING, value, item.start, item.end, **facts)
        elif item.parameter in _DEFINES:
            name, _, text = value.partition("=")
            manifest.add(UseKind.FLAG, name, item.start, item.end, value=text)
        elif _VARIABLE.match(value) and manifest.vocabulary.wants(UseKind.ENV, value):
            manifest.add(UseKind.ENV, value, item.start, item.end)
        elif callee in {"which", "execute"}:
            manifest.add(UseKind.STRING, value, item.start, item.end, callee=callee)
        else:
            read_words(manifest, item.start, item.end)


def _lines(value: str, start: int) -> list[tuple[int, str]]:
    """Split a script at its line ends, each line with its offset."""
    lines = []
    for line in value.splitlines(keepends=True):
        lines.append((start, line.rstrip("\r\n").replace("$$", " $")))
        start += len(line)
    return lines


def _guards(script: Script) -> Mapping[tuple[int, str], set[str]]:
    """Return, by statement and parameter, the targets that `if_rocm` or a key of `select` has an answer for there."""
    found: dict[tuple[int, str], set[str]] = defaultdict(set)
    for call in script.calls:
        if call.last.startswith("if_") and (targets := condition_targets([call.last])):
            found[call.statement, call.parameter] |= targets
    for item in script.items:
        if item.is_string and script.callee(item) == "select" and (targets := condition_targets([item.value])):
            found[item.statement, item.parameter] |= targets
    return found


def _links(manifest: Manifest, script: Script) -> tuple[Link, ...]:
    """Return which sources make which target, and which targets it needs."""
    roots: list[int] = []
    for number, call in enumerate(script.calls):
        roots.append(number if call.outer < 0 else roots[call.outer])
    for item in script.items:
        if not item.is_string or item.call < 0:
            continue
        root = script.calls[roots[item.call]]
        if not (target := root.first("name")):
            continue
        if item.parameter in _SOURCES and _SOURCE.search(item.value):
            source = item.value.lstrip("/:").replace(":", "/")
            manifest.link(LinkKind.BUILD, source, item.start, via=target)
        elif item.parameter in _NEEDS:
            needed = item.value.rpartition("/")[2].rpartition(":")[2]
            manifest.link(LinkKind.LINK, needed, item.start, via=target)
    return tuple(sorted(manifest.links, key=lambda link: link.line))
