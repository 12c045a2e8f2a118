"""Bazel's files of options: `build:cuda --define=using_cuda=true --action_env TF_CUDA_VERSION=12`."""

from __future__ import annotations

import re

from migrate.languages.branches import condition_targets
from migrate.languages.compiler_words import option, toolkit_path
from migrate.languages.requirement import Manifest
from migrate.model import UseKind

_LINE = re.compile(r"[^\r\n]*+(?:\r\n?|\n|\Z)")
_WORD = re.compile(r"(?:[^\s\"'\\#]++|\"(?:[^\"\\]++|\\.)*+\"?|'[^']*+'?|\\.|(?<=\S)#)++")
_ENVIRONMENT = frozenset({"--action_env", "--repo_env", "--test_env", "--host_action_env", "--client_env"})
_COMPILING = frozenset(
    (
        *("--copt", "--cxxopt", "--conlyopt", "--linkopt", "--host_copt", "--host_cxxopt", "--host_linkopt"),
        *("--per_file_copt", "--nvccopt"),
    )
)
_VALUED = _ENVIRONMENT | _COMPILING | frozenset({"--config", "--define", "--crosstool_top"})
"""Options whose value may be the next word."""


def read_options(manifest: Manifest, whole: set[str]) -> int:
    """Note what the lines of a file set; return how many say something.

    Args:
        manifest: Collects the uses of its text.
        whole: Targets that the whole file is for.
    """
    count = 0
    for found in _LINE.finditer(manifest.text):
        words = [(word[0], found.start() + word.start()) for word in _words(found[0])]
        if not words:
            continue
        count += 1
        config = words[0][0].partition(":")[2]
        manifest.guarded_by = tuple(sorted(whole | condition_targets([config])))
        position = 1
        while position < len(words):
            word, start = words[position]
            position += 1
            name, equals, value = word.partition("=")
            value_start = start + len(name) + 1
            if not equals and name in _VALUED and position < len(words):
                value, value_start = words[position]
                position += 1
            quoted = value[:1] in {"'", '"'}
            _option(manifest, name, value.strip("\"'"), start, value_start + quoted)
    return count


def _words(line: str) -> list[re.Match[str]]:
    """Return the words before a comment."""
    words = []
    for found in _WORD.finditer(line):
        if line[: found.start()].rstrip(" \t").endswith("#") and "#" in line[: found.start()]:
            break
        words.append(found)
    return words


def _option(manifest: Manifest, name: str, value: str, start: int, value_start: int) -> None:
    """Note an option: a variable of the environment, a flag of the compiler, a label, or the option itself."""
    end = value_start + len(value) if value else start + len(name)
    if name in _ENVIRONMENT:
        variable, _, text = value.partition("=")
        manifest.add(UseKind.ENV, variable, value_start, end, value=text.strip("\"'"))
        if manifest.vocabulary.wants(UseKind.ENV, variable):
            return
    if name in _COMPILING:
        flag = value.rpartition("@")[2] if name == "--per_file_copt" else value
        offset = value_start + len(value) - len(flag)
        if found := option(flag, "", manifest.vocabulary):
            begin = offset + found.offset
            manifest.add(UseKind.FLAG, found.name, begin, begin + found.length, value=found.value)
        else:
            toolkit_path(manifest, flag, offset)
        return
    if value[:1] == "@" and manifest.vocabulary.wants(UseKind.STRING, value):
        manifest.add(UseKind.STRING, value, value_start, end, parameter=name)
        return
    manifest.add(UseKind.FLAG, name, start, end, value=value)
