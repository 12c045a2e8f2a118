"""Front end for Meson: languages, dependencies, compiler arguments, and what is built from what."""

from __future__ import annotations

import re
from collections.abc import Iterator

from migrate.languages.branches import Branches
from migrate.languages.call_syntax import Call, Item, Script, parse
from migrate.languages.compiler_words import read_words, speaks, toolkit_folder
from migrate.languages.preprocessor import EVERYBODY, targets_of_path
from migrate.languages.requirement import Manifest
from migrate.model import Extraction, LinkKind, SourceFile, UseKind, Vocabulary

_BUILDERS = frozenset(
    (
        *("executable", "library", "static_library", "shared_library", "both_libraries", "shared_module"),
        *("build_target", "jar", "extension_module", "custom_target"),
    )
)
_HEADER_SEEKING = frozenset({"has_header", "check_header", "has_header_symbol", "has_type", "has_member", "sizeof"})
_RUNNING = frozenset({"find_program", "run_command"})
_OPTIONS = frozenset({"option", "get_option"})
"""Functions that declare, and read, what the person who builds chooses."""
_SOURCE = re.compile(r"\.(?:cu|cuh|hip|c|cc|cpp|cxx|c\+\+|py)\Z", re.IGNORECASE)
_SETTING = re.compile(r"[a-z]\w*(?==)", re.ASCII)


class Meson:
    """Reads `meson.build` and Meson's files of options."""

    id = "meson"
    example_name = "meson.build"

    def extract(self, file: SourceFile, text: str, vocabulary: Vocabulary) -> Extraction:
        """Read one file; never raises for what the text holds."""
        script = parse(text)
        manifest = Manifest(text, vocabulary)
        whole = targets_of_path(file.path)
        if whole:  # only another platform's build reads it
            whole.add(EVERYBODY)
        if speaks(text, vocabulary):
            _Uses(manifest, script, whole).read()
        _links(manifest, script)
        return Extraction(
            uses=manifest.sorted_uses(),
            links=tuple(sorted(manifest.links, key=lambda link: link.line)),
            code_lines=script.code_lines,
        )


FRONT_ENDS = {"meson": Meson()}


class _Uses:
    """Notes what the calls of one file use."""

    def __init__(self, manifest: Manifest, script: Script, whole: set[str]) -> None:
        self._manifest = manifest
        self._script = script
        self._guards = [tuple(sorted(whole.union(chain))) for chain in _guards(manifest.text, script)]

    def read(self) -> None:
        """Read all calls and strings."""
        for call in self._script.calls:
            self._manifest.guarded_by = self._guards[call.statement]
            self._call(call)
        for item in self._script.items:
            if item.is_string and not self._script.is_prose(item):
                self._manifest.guarded_by = self._guards[item.statement]
                self._string(item, self._script.callee(item))
            elif not item.is_string and item.own == "0" and (callee := self._script.callee(item)) in _RUNNING:
                self._manifest.guarded_by = self._guards[item.statement]
                self._manifest.add(UseKind.STRING, item.value, item.start, item.end, callee=callee)

    def _call(self, call: Call) -> None:
        manifest = self._manifest
        if manifest.vocabulary.wants(UseKind.FLAG, call.last):
            args = call.arguments(first=1 if call.last == "project" else 0)
            start = call.start + len(call.name) - len(call.last)
            symbol = call.first("0") if call.last in _OPTIONS else ""
            manifest.add_about(symbol, UseKind.FLAG, call.last, start, call.end, **args)
        for keyword, start in call.keywords:
            manifest.add(UseKind.FLAG, keyword, start, start + len(keyword), callee=call.last)

    def _string(self, item: Item, callee: str) -> None:
        manifest, value = self._manifest, item.value
        if callee == "find_library" and item.own == "0":
            manifest.add_about(value, UseKind.FLAG, "-l" + value, item.start, item.end)
        elif callee in _HEADER_SEEKING:
            manifest.add(UseKind.INCLUDE, value, item.start, item.end)
        elif callee in _RUNNING:
            program = value.rpartition("/")[2]
            manifest.add(UseKind.STRING, program, item.end - len(program), item.end, callee=callee)
        elif item.parameter in {"default_options", "override_options"} and (setting := _SETTING.match(value)):
            text = value[setting.end() + 1 :]
            manifest.add(UseKind.FLAG, setting[0], item.start, item.end, value=text)
        elif callee in _OPTIONS:
            return  # the call stands for the option
        elif not toolkit_folder(value) and manifest.vocabulary.wants(UseKind.STRING, word := value.rpartition("/")[2]):
            key = self._script.statements[item.statement].target
            manifest.add(UseKind.STRING, word, item.end - len(word), item.end, callee=callee, key=key)
        else:
            read_words(manifest, item.start, item.end)


def _guards(text: str, script: Script) -> Iterator[tuple[str, ...]]:
    """Yield, for each statement, the targets that the branches around it tell apart."""
    branches = Branches()
    own = []
    for number, statement in enumerate(script.statements):
        end = script.statements[number + 1].start if number + 1 < len(script.statements) else len(text)
        if statement.first == "if":
            branches.open([text[statement.start : end]])
        elif statement.first == "elif":
            branches.alternative([text[statement.start : end]])
        own.append(branches.here)
        if statement.first == "endif":
            branches.close()
    known = branches.guards()
    return (known[index] for index in own)


# ------------------------------------------------------------------------------------------------------ links


def _links(manifest: Manifest, script: Script) -> None:
    """Note which sources make which target, what targets link, and which folders belong to the build."""
    targets = {
        script.statements[call.statement].target: call.first("0")
        for call in script.calls
        if call.last in _BUILDERS and call.first("0")
    }
    sources = _source_lists(script)
    for call in script.calls:
        if call.last == "subdir" and call.first("0"):
            manifest.link(LinkKind.INCLUDE, call.first("0").rstrip("/") + "/meson.build", call.start)
        elif call.last in _BUILDERS and (name := call.first("0")):
            given = [value for key, values in call.strings.items() if key != "0" for value in values]
            for variables in call.names.values():
                for variable in variables:
                    given += sources.get(variable, {})
            for source in dict.fromkeys(given):
                if _SOURCE.search(source):
                    manifest.link(LinkKind.BUILD, source, call.start, via=name)
            for parameter in ("link_with", "link_whole", "dependencies", "objects"):
                for variable in call.names.get(parameter, ()):
                    manifest.link(LinkKind.LINK, targets.get(variable, variable), call.start, via=name)


def _source_lists(script: Script) -> dict[str, dict[str, None]]:
    """Return the sources that each variable of the file was given."""
    lists: dict[str, dict[str, None]] = {}
    for item in script.items:
        variable = script.statements[item.statement].target
        if item.is_string and variable and _SOURCE.search(item.value):
            lists.setdefault(variable, {})[item.value] = None
    return lists
