"""Templates: which language they make, and that blanking leaves every place where it was."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrate import rulebook
from migrate.languages.template import TemplateFrontEnd, blanked, inner_language
from migrate.model import Extraction, Role, SourceFile
from migrate.scan import read

BOOK = rulebook.shipped()


def file(path: str) -> SourceFile:
    return SourceFile(path=path, language="template", content="", lines=0, code_lines=0, role=Role.OWNED)


def extract(path: str, text: str) -> Extraction:
    return TemplateFrontEnd().extract(file(path), text, BOOK.vocabulary("template"))


@pytest.mark.parametrize(
    ("path", "text", "language"),
    [
        ("csrc/k.cu.j2", "", "cuda"),
        ("csrc/k.cuh.jinja", "", "cuda"),
        ("k.cu.in.mako", "", "cuda"),
        ("a.py.jinja2", "", "python"),
        ("deploy/values.yaml.tmpl", "", "yaml"),
        ("Dockerfile.j2", "", "dockerfile"),
        ("docker/app.dockerfile.tpl", "", "dockerfile"),
        ("CMakeLists.txt.tmpl", "", "cmake"),
        ("requirements.txt.j2", "", "requirements"),
        ("run.sh.j2", "", "shell"),
        ("kernel.jinja", "__global__ void f() {}", "cuda"),
        ("kernel.jinja", "f<<<1, 2>>>(x);", "cuda"),
        ("page.html.j2", "cuda", ""),
        ("page.j2", "__global__s and <<< and >>>", ""),
    ],
)
def test_the_inner_name_or_else_the_content_tells_the_language(path: str, text: str, language: str) -> None:
    assert inner_language(path, text) == language
    assert [part.language for part in extract(path, text).embedded] == [language] * bool(language)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("k_{{ n }}<T>", "k_xxxxxxx<T>"),
        ("{% if a %}x{% endif %}", "          x           "),
        ("a {# a comment\nof two lines #} b", "a             \n                b"),
        ("{{- end }}", "          "),
        ("{{- if .Values.gpu }}\nx", "                     \nx"),
        ("${kind} x;", "xxxxxxx x;"),
        ("<% y = 1 %>z</%def>", "           z       "),
        ("{{ a['}}'] }}", "xxxxxxxxxxxxx"),
        ("int a[2][2] = {{1, 2}, {3, 4}};", "int a[2][2] = {{1, 2}, {3, 4}};"),
    ],
)
def test_syntax_of_the_template_is_blanked_in_place(text: str, plain: str) -> None:
    assert blanked(text, dollar=True, mako=False) == plain


def test_lines_of_mako_are_the_templates() -> None:
    assert blanked("% for x in y:\n  a %% b\n## note\n", dollar=True, mako=True) == "             \n  a %% b\n       \n"
    assert blanked("% for", dollar=True, mako=False) == "% for"


def test_a_shells_own_variables_stay() -> None:
    (part,) = extract("run.sh.j2", "echo ${HOME} {{ name }}").embedded
    assert part.text == "echo ${HOME} xxxxxxxxxx"


def test_what_a_template_holds_is_found_in_its_place_and_never_certain() -> None:
    text = (
        "{% for t in types %}\r\n__global__ void scale_{{ t }}({{ t }} *x) { x[threadIdx.x] *= 2; }\r\n{% endfor %}\r\n"
    )
    found = read(file("k.cu.j2"), text, BOOK)
    uses = {sighting.use.name: sighting.use for sighting in found.sightings}
    assert uses["__global__"].symbol == "scale_xxxxxxx"
    assert (uses["threadIdx"].span.line, uses["threadIdx"].span.column) == (2, 47)
    assert {sighting.use.confidence for sighting in found.sightings} <= {"medium", "low"}


def test_a_python_template_is_python() -> None:
    text = 'import torch\nx = torch.zeros({{ n }}, device="cuda")\ntorch.cuda.set_device({{ rank }})\n'
    found = read(file("train.py.j2"), text, BOOK)
    assert [sighting.use.name for sighting in found.sightings] == ["cuda", "torch.cuda.set_device"]


@settings(max_examples=300, deadline=None)
@given(
    st.text()
    | st.lists(
        st.sampled_from(["{{", "}}", "{%", "%}", "{#", "#}", "${", "}", "<%", "%>", "x", "\n", "\r\n", '"', "'"])
    ).map("".join)
)
def test_blanking_keeps_length_and_line_ends(text: str) -> None:
    for mako in (True, False):
        plain = blanked(text, dollar=True, mako=mako)
        assert len(plain) == len(text)
        assert [at for at, character in enumerate(plain) if character == "\n"] == [
            at for at, character in enumerate(text) if character == "\n"
        ]
    (part,) = extract("a.cu.j2", text).embedded
    assert len(part.lines) == part.text.count("\n") + 1


@pytest.mark.parametrize(
    "text",
    [
        "{{ " * 200_000,
        "{{" + "a" * 1_000_000,
        "{%" * 300_000,
        "{#" * 300_000,
        "${" * 300_000,
        '{{"' * 300_000,
        "<<<" * 200_000,
        "<%" * 300_000,
    ],
    ids=range(8),
)
def test_hostile_templates_end(text: str) -> None:
    extract("a.mako", text)
    extract("a.py.mako", text)
