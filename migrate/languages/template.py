"""Front end for templates of sources: what the template engine fills in is blanked, the rest is the language it makes.

Nothing keeps a template from making anything, so what is found in one is never certain.
"""

from __future__ import annotations

import re

from migrate.languages.lexical import code_lines
from migrate.model import Confidence, Embedded, Extraction, SourceFile, Vocabulary

_ENGINES = frozenset({"j2", "jinja", "jinja2", "mako", "tmpl", "tpl", "in", "template"})
_BY_SUFFIX = {
    **dict.fromkeys(("cu", "cuh", "hip", "c", "cc", "cpp", "cxx", "h", "hh", "hpp", "hxx", "inl", "inc"), "cuda"),
    **dict.fromkeys(("py", "pyi"), "python"),
    **dict.fromkeys(("pyx", "pxd", "pxi"), "cython"),
    **dict.fromkeys(("yaml", "yml"), "yaml"),
    **dict.fromkeys(("sh", "bash", "slurm", "sbatch"), "shell"),
    "json": "json",
    "toml": "toml",
    **dict.fromkeys(("ini", "cfg", "conf"), "ini"),
    "env": "env-file",
    "pbtxt": "pbtxt",
    "cmake": "cmake",
    "mk": "make",
    "dockerfile": "dockerfile",
}
"""Suffix under the template's own -> front end id."""
_BY_NAME = {
    "dockerfile": "dockerfile",
    "containerfile": "dockerfile",
    "cmakelists.txt": "cmake",
    "makefile": "make",
    "requirements.txt": "requirements",
    "pyproject.toml": "pyproject",
}
_DEVICE_CODE = re.compile(r"\b__global__\b|<<<[^<>;]{1,300}>>>[ \t]*\(")
_DOLLAR_IS_SYNTAX = frozenset({"shell", "dockerfile", "make", "cmake", "yaml", "env-file"})
"""Languages that write `${NAME}` themselves."""

_BRACES = (
    r"(?P<comment>\{\#(?:[^#]++|\#(?!\}))*+(?:\#\})?+)"
    r"|(?P<statement>\{%(?:[^%]++|%(?!\}))*+(?:%\})?+)"
    r"|(?P<value>\{\{(?:[^{}\"'\n;]++|\"[^\"\n]*+\"|'[^'\n]*+'|\{(?!\{)[^{}\n]*+\}|\}(?!\}))*+\}\})"
)
_ANGLES = r"|(?P<block><%(?:[^%]++|%(?!>))*+(?:%>)?+|</%[^<>\n]*+>)"
_DOLLAR = r"|(?P<name>\$\{[^{}\n]*+\})"
_MAKO = r"|(?P<control>^[ \t]*+(?:%(?!%)|\#\#)[^\n]*+)"
_CONTROL = re.compile(r"\{\{-?\s*(?:if|else|end|range|with|define|block|template|include|toYaml|/\*)\b|\{\{-?\s*/\*")
"""Actions of Go templates that stand for statements, or for whole blocks of text."""


class TemplateFrontEnd:
    """Reads templates of sources in other languages."""

    id = "template"
    example_name = "example.py.j2"

    def extract(self, file: SourceFile, text: str, vocabulary: Vocabulary) -> Extraction:  # noqa: ARG002 - has no rules of its own
        """Read one file; never raises for what the text holds."""
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        language = inner_language(file.path, text)
        if not language:
            return Extraction(code_lines=code_lines(text))
        plain = blanked(text, dollar=language not in _DOLLAR_IS_SYNTAX, mako=file.path.lower().endswith(".mako"))
        lines = tuple((line, 1) for line in range(1, plain.count("\n") + 2))
        part = Embedded(language=language, text=plain, lines=lines, confidence=Confidence.MEDIUM)
        return Extraction(code_lines=code_lines(plain), embedded=(part,))


FRONT_ENDS = {"template": TemplateFrontEnd()}


def inner_language(path: str, text: str) -> str:
    """Return the front end for what a template makes: by its inner suffix, else by device code; empty for none."""
    name = path.rpartition("/")[2].lower()
    while "." in name and name.rpartition(".")[2] in _ENGINES:
        name = name.rpartition(".")[0]
    language = _BY_NAME.get(name) or (_BY_SUFFIX.get(name.rpartition(".")[2]) if "." in name else None)
    return language or ("cuda" if _DEVICE_CODE.search(text) else "")


def blanked(text: str, *, dollar: bool, mako: bool) -> str:
    """Replace template syntax: values become names of the same width, all else blanks; line ends stay.

    Args:
        text: The template.
        dollar: `${...}` is a value of the template rather than syntax of the language it makes.
        mako: Lines that begin with `%` or `##` are the template's.
    """
    pattern = _BRACES + _ANGLES + (_DOLLAR if dollar else "") + (_MAKO if mako else "")
    return re.sub(pattern, _stand_in, text, flags=re.MULTILINE | re.DOTALL)


def _stand_in(found: re.Match[str]) -> str:
    is_value = found.lastgroup in ("value", "name") and not _CONTROL.match(found[0])
    return re.sub(r"[^\n]", "x" if is_value and "\n" not in found[0] else " ", found[0])
