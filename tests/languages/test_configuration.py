"""What the front ends for configuration read off it, and how its formats are read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from migrate import rulebook
from migrate.languages import front_end
from migrate.languages.entries import Entry, env_entries, ini_entries, toml_entries
from migrate.languages.gates import fewest, literals
from migrate.languages.yaml_places import json_entries, yaml_entries
from migrate.model import Extraction, NameSet, Role, SourceFile, UseKind, Vocabulary

VOCABULARY = Vocabulary(
    anchors=("cuda",),
    names={
        UseKind.IMAGE: NameSet(globs=("*",)),
        UseKind.ENV: NameSet(exact=frozenset({"CUDA_VISIBLE_DEVICES", "CUDA_HOME"}), globs=("NCCL_*",)),
        UseKind.STRING: NameSet(exact=frozenset({"cuda", "gpu", "nccl", "use_cuda"}), globs=("nvidia.com/*", "cuda:*")),
        UseKind.FLAG: NameSet(globs=("CMAKE_CUDA_*", "USE_CUDA")),
    },
)

Seen = tuple[str, dict[str, str], int, int]


def extract(text: str, language: str = "yaml", path: str = "a.yaml") -> Extraction:
    """Read one file."""
    file = SourceFile(path=path, language=language, content="", lines=0, code_lines=0, role=Role.OWNED)
    return front_end(language).extract(file, text, VOCABULARY)


def seen(text: str, language: str = "yaml") -> list[Seen]:
    """Return name, arguments and place of the uses."""
    return [(use.name, use.args, use.span.line, use.span.column) for use in extract(text, language).uses]


def scripts(text: str) -> list[tuple[str, tuple[tuple[int, int], ...]]]:
    """Return the embedded scripts with the places of their lines."""
    return [(part.text, part.lines) for part in extract(text).embedded]


# ---------------------------------------------------------------------------------------------------- meaning


def test_values_go_with_their_path_and_keys_with_what_holds_them() -> None:
    assert seen("a:\n  b:\n    - device: cuda:0  # here\n    - gpu\n  nvidia.com/gpu: 2\n") == [
        ("cuda:0", {"key": "a.b.device"}, 3, 15),
        ("gpu", {"key": "a.b"}, 4, 7),
        ("nvidia.com/gpu", {"subscript": "a", "value": "2"}, 5, 3),
    ]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("yaml", 'x: 1\nt:\n  device: "cuda"'),
        ("json", '{"x": 1,\n"t": {\n  "device": "cuda"}}'),
        ("toml", 'x = 1\n[t]\ndevice =   "cuda"'),
        ("ini", "[s]\n[t]\ndevice  =  'cuda' ; first"),
    ],
)
def test_formats_say_the_same(language: str, text: str) -> None:
    column = {"yaml": 12, "json": 14}.get(language, 13)
    assert seen(text, language) == [("cuda", {"key": "t.device"}, 3, column)]


def test_variables_in_all_their_forms() -> None:
    text = (
        "env:\n  CUDA_VISIBLE_DEVICES: '0'\n  - NCCL_DEBUG=INFO\n  - name: CUDA_HOME\n    value: /x\n"
        "environment: [CUDA_HOME]\npassenv: A, NCCL_IB_HCA\nother: CUDA_HOME\nNCCL_VERSION: 2\n"
    )
    assert seen(text) == [
        ("CUDA_VISIBLE_DEVICES", {"value": "0"}, 2, 3),
        ("NCCL_DEBUG", {"value": "INFO"}, 3, 5),
        ("CUDA_HOME", {"value": "/x"}, 4, 11),
        ("CUDA_HOME", {}, 6, 15),
        ("NCCL_IB_HCA", {}, 7, 13),
    ]


def test_environment_files() -> None:
    assert seen("# CUDA_HOME=/y\nexport CUDA_HOME='/x y' # z\nNCCL_DEBUG = INFO\nA=cuda\n", "env-file") == [
        ("CUDA_HOME", {"value": "/x y"}, 2, 8),
        ("NCCL_DEBUG", {"value": "INFO"}, 3, 1),
        ("cuda", {"key": "A"}, 4, 3),
    ]


@pytest.mark.parametrize(
    ("text", "name", "tag"),
    [
        ("image: nvidia/cuda:12.4", "nvidia/cuda", "12.4"),
        ("image: ${BASE:-nvidia/cuda:12.4}", "nvidia/cuda", "12.4"),
        ("container: nvidia/cuda:12.4", "nvidia/cuda", "12.4"),
        ("image:\n  registry: nvcr.io\n  repository: nvidia/x\n  tag: '1'", "nvcr.io/nvidia/x", "1"),
        ("uses: docker://nvidia/cuda:12.4", "nvidia/cuda", "12.4"),
        ("image_id: docker:nvidia/cuda:12.4", "nvidia/cuda", "12.4"),
        ("BASE: nvcr.io/nvidia/pytorch:24.05-py3", "nvcr.io/nvidia/pytorch", "24.05-py3"),
    ],
)
def test_images(text: str, name: str, tag: str) -> None:
    (use,) = [use for use in extract(text).uses if use.kind == UseKind.IMAGE]
    assert (use.name, use.args) == (name, {"tag": tag})


def test_names_of_what_is_built_are_no_images() -> None:
    assert seen("with:\n  push: true\n  tags: example.org/team/serving:1-cuda") == []


def test_settings_of_builds() -> None:
    text = '{"cacheVariables": {"CMAKE_CUDA_ARCHITECTURES": "80", "USE_CUDA": {"value": "ON"}, "cuda_x": 1}}'
    assert seen(text, "json") == [
        ("CMAKE_CUDA_ARCHITECTURES", {"value": "80"}, 1, 22),
        ("USE_CUDA", {"value": "ON"}, 1, 56),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "description: runs on cuda and gpu",
        "# device: cuda",
        "device: cpu  # cuda",
        "text: |\n  device: cuda\n  nvidia.com/gpu: 1",
        "url: https://example.org/cuda",
    ],
)
def test_words_in_prose_are_nothing(text: str) -> None:
    assert seen(text) == []


@pytest.mark.parametrize("language", ["yaml", "json", "toml", "ini", "env-file", "pbtxt"])
def test_every_name_that_is_asked_for_holds_a_literal_of_the_gate(language: str) -> None:
    vocabulary = rulebook.shipped().vocabulary(language)
    wanted = literals(vocabulary, UseKind.STRING, UseKind.ENV, UseKind.FLAG)
    for kind in (UseKind.STRING, UseKind.ENV, UseKind.FLAG):
        names = vocabulary.names.get(kind, NameSet())
        for name in (*names.exact, *names.globs):
            chunks = re.split(r"\*|\[A-Z\]", name)
            assert name.startswith("-") or any(word in chunk for word in wanted for chunk in chunks), name
    assert fewest(("cuda", "cud", "xcudx", "")) == ("cud",)


def test_files_without_literals_are_not_looked_at() -> None:
    assert extract("a: 1\nb: [2]\n" * 100) == Extraction()
    assert extract('{"a": "torch"}', "json") == Extraction()


def test_files_of_another_platform_are_nobodys_work() -> None:
    uses = extract("device: cuda", path="deploy/values-rocm.yaml").uses
    assert [use.guarded_by for use in uses] == [("*", "rocm")]


# ---------------------------------------------------------------------------------------------------- scripts


def test_blocks_are_scripts_with_places() -> None:
    text = "jobs:\n  - run: |\n      nvidia-smi\n        x ${{ a.b }}\n\n    name: y\n  - run: nvcc a\n"
    assert scripts(text) == [
        ("nvidia-smi\n  x ${{_a.b_}}", ((3, 7), (4, 7))),
        ("nvcc a", ((7, 10),)),
    ]


def test_folded_lines_are_one_command() -> None:
    assert scripts("run: >-\n  a\n  --b\n") == [("a \\\n--b", ((2, 3), (3, 3)))]


def test_lists_of_words_are_one_command_and_lists_of_lines_are_many() -> None:
    text = 'command: ["python", "-m", x]\nargs:\n  - --gpus\n  - all\nscript:\n  - a b\n  - c d\n'
    assert scripts(text) == [
        ("python \\\n-m \\\nx", ((1, 12), (1, 22), (1, 27))),
        ("program \\\n--gpus \\\nall", ((3, 5), (3, 5), (4, 5))),
        ("a b", ((6, 5),)),
        ("c d", ((7, 5),)),
    ]


def test_options_belong_to_their_program() -> None:
    assert scripts("container:\n  options: --gpus all\nflags: -DUSE_CUDA=ON\nCIBW_ENVIRONMENT: A=b CUDA_HOME=/c") == [
        ("docker \\\n--gpus all", ((2, 12), (2, 12))),
        ("cmake \\\n-DUSE_CUDA=ON", ((3, 8), (3, 8))),
        ("export \\\nA=b CUDA_HOME=/c", ((4, 19), (4, 19))),
    ]


@pytest.mark.parametrize(
    ("text", "languages"),
    [
        ("data:\n  any: |-\n    # which\n    flags:\n      strategy: nvidia.com/gpu\n", ["yaml"]),
        ("data:\n  config.yaml: |\n    - nvidia.com/gpu\n", ["yaml"]),
        ("data:\n  values.json: |\n    {}\n", ["json"]),
        ("data:\n  any: |\n    nvidia.com/gpu and more\n", []),
        ("about:\n  any: |\n    flags: nvidia.com/gpu\n", []),
    ],
)
def test_configuration_in_a_config_map(text: str, languages: list[str]) -> None:
    assert [part.language for part in extract(text + "x: nvidia.com/gpu\n").embedded] == languages


def test_a_value_with_an_address_is_about_the_address() -> None:
    vocabulary = Vocabulary(anchors=("cuda",), names={UseKind.STRING: NameSet(globs=("*cuda*",))})
    file = SourceFile(path="a.yaml", language="yaml", content="", lines=0, code_lines=0, role=Role.OWNED)
    found = front_end("yaml").extract(file, "a: --pre -f https://e.org/cuda/x.html\nb: my cuda\n", vocabulary).uses
    assert [(use.name, use.symbol) for use in found] == [
        ("--pre -f https://e.org/cuda/x.html", "https://e.org/cuda/x.html"),
        ("my cuda", ""),
    ]


def test_files_in_a_config_map() -> None:
    (part,) = extract("data:\n  a.py: |\n    import torch\n    x = 'cuda'\n").embedded
    assert (part.language, part.text, part.lines) == ("python", "import torch\nx = 'cuda'", ((3, 5), (4, 5)))


# ---------------------------------------------------------------------------------------------------- formats


def values(entries: Iterator[Entry]) -> list[tuple[tuple[str, ...], str]]:
    """Return paths and values."""
    return [(entry.path, entry.value) for entry in entries if entry.value is not None]


def test_yaml_in_all_its_forms() -> None:
    text = (
        "--- # one\na: &x !!str one\n'b ''c': \"d\\n\\x41\"\nl:\n- - p\n  - q: r\n-  s\nf: {g: [h, 'i j'], k: {m: n}}\n"
        "o:\n  long\n  value\nmerge: *x\nu: v#w # y\nurl: http://e.org:80/x\n? z\n---\na: two\n...\n"
    )
    assert values(yaml_entries(text)) == [
        (("a",), "one"),
        (("b ''c",), "d\nA"),
        (("l",), "p"),
        (("l", "q"), "r"),
        (("l",), "s"),
        (("f", "g"), "h"),
        (("f", "g"), "i j"),
        (("f", "k", "m"), "n"),
        (("o",), "long\n  value"),
        (("u",), "v#w"),
        (("url",), "http://e.org:80/x"),
        (("a",), "two"),
    ]


def test_templates_cost_only_their_lines() -> None:
    text = "{{- if .x }}\na: {{ .b | quote }}\n{{- end }}\nc: [{{ .d }}, e]\n{{ include 'f' }}: g\nh: \"{{ .i }}:{{ .j }}\"\n"
    assert values(yaml_entries(text)) == [
        (("a",), "{{ .b | quote }}"),
        (("c",), "{{ .d }}"),
        (("c",), "e"),
        (("h",), "{{ .i }}:{{ .j }}"),
    ]


def test_json_with_comments_and_broken_ends() -> None:
    assert values(json_entries('{"a": [1, "\\ud83d\\ude00"], // b\n/* c */ "d": {"e": true}, \'f\': "g')) == [
        (("a",), "1"),
        (("a",), "😀"),
        (("d", "e"), "true"),
        (("f",), "g"),
    ]


def test_ini_and_toml() -> None:
    assert values(ini_entries("[a]\nb = c ; d\n  e\n# f = g\nh: i\n[j]\nk=\n")) == [
        (("a", "b"), "c"),
        (("a", "b"), "e"),
        (("a", "h"), "i"),
        (("j", "k"), ""),
    ]
    assert values(toml_entries("[a]\nb = [1, 'c']\nd.e = true\n")) == [
        (("a", "b"), "1"),
        (("a", "b"), "c"),
        (("a", "d", "e"), "true"),
    ]
    assert values(env_entries("A=1\nnot a line\nexport B=\n")) == [(("A",), "1"), (("B",), "")]


WORDS = st.text(st.sampled_from("abcé cuda:/.-_#'\"{}[]0\n"), min_size=1, max_size=12)
KEYS = st.text(st.sampled_from("abcdefgh"), min_size=1, max_size=4)
TREES = st.recursive(
    WORDS,
    lambda inner: st.lists(inner, min_size=1, max_size=3) | st.dictionaries(KEYS, inner, min_size=1, max_size=3),
    max_leaves=12,
)


def leaves(tree: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield path and text of the leaves of a tree, in order."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from leaves(value, (*path, key))
    elif isinstance(tree, list):
        for value in tree:
            yield from leaves(value, path)
    else:
        yield path, tree


@given(st.dictionaries(KEYS, TREES, min_size=1, max_size=3))
@settings(max_examples=300, deadline=None)
def test_json_is_read_as_a_parser_reads_it(tree: dict[str, Any]) -> None:
    for text in (json.dumps(tree), json.dumps(tree, indent=2, ensure_ascii=False)):
        assert values(json_entries(text)) == list(leaves(tree))


@given(st.dictionaries(KEYS, TREES, min_size=1, max_size=3), st.sampled_from([None, True, False]))
@settings(max_examples=300, deadline=None)
def test_yaml_is_read_as_a_parser_reads_it(tree: dict[str, Any], flow: bool | None) -> None:
    text = yaml.safe_dump(tree, default_flow_style=flow, allow_unicode=True, sort_keys=False, width=10_000)
    found = [(path, " ".join(value.split())) for path, value in values(yaml_entries(text))]
    assert found == [(path, " ".join(value.split())) for path, value in leaves(tree)]


# ---------------------------------------------------------------------------------------------- hostile input

PIECES = ["- ", "a: ", "cuda", "{{ ", "}}", "|\n", "&x ", "*x", "!t ", "---", "run: ", "\r\n", "  ", '"', "'"]
READERS: list[Callable[[str], Iterator[Entry]]] = [yaml_entries, json_entries, toml_entries, ini_entries, env_entries]


@given(st.lists(st.sampled_from([*PIECES, *"\n\r\t#[]{},:=\\\0é"]), max_size=60))
@settings(max_examples=400, deadline=None)
def test_any_text_is_read_and_places_stay_inside(pieces: list[str]) -> None:
    text = "".join(pieces)
    for reader in READERS:
        for entry in reader(text):
            assert 0 <= entry.start <= entry.end <= len(text)
            assert entry.key is None or 0 <= entry.key[0] <= entry.key[1] <= len(text)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1
    for part in extract(text + "cuda").embedded:
        assert len(part.lines) == part.text.count("\n") + 1
        assert all(1 <= line <= lines for line, _ in part.lines)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("yaml", "cuda: " + "[" * 300_000),
        ("yaml", "- " * 300_000 + "cuda"),
        ("yaml", "a: &a [cuda]\n" + "".join(f"b{n}: &b{n} [*a,*a,*b{n - 1}]\n" for n in range(20_000))),
        ("yaml", "\n".join(" " * min(depth, 3_000) + "cuda:" for depth in range(3_500))),
        ("yaml", 'cuda: "\n' * 30_001),
        ("yaml", 'cuda: "' + '\\"' * 300_000),
        ("yaml", "{{ cuda" * 100_000),
        ("yaml", "cuda: {{ " * 100_000),
        ("yaml", "cuda: a\n" + "  b\n" * 200_000),
        ("yaml", "cuda: |\n" * 50_000),
        ("yaml", "image: " + "a/" * 200_000 + "gpu"),
        ("yaml", "run: |\n  cuda " + "$(" * 200_000),
        ("yaml", "run: |\n  cuda " + "${{ " * 100_000),
        ("yaml", "a: -x cuda " + " -" * 150_000),
        ("yaml", "cuda: " + " " * 300_000 + "x #"),
        ("json", '{"cuda":' * 50_000),
        ("json", '"cuda' + "\\" * 300_001),
        ("json", "/*cuda" * 100_000),
        ("toml", "cuda = 1\n" * 30_000),
        ("ini", "cuda" + " " * 300_000 + "x"),
        ("ini", "cuda = cuda\n" * 30_000),
        ("env-file", "CUDA_HOME=1 " + "#" * 300_000),
    ],
)
def test_hostile_text_takes_linear_time(language: str, text: str) -> None:
    extract(text, language)
