"""Front end for compiled code that is checked in; it reads the facts that `discover.read_binary` writes down."""

from __future__ import annotations

import re

from migrate.model import Extraction, SourceFile, Span, Use, UseKind, Vocabulary

_FACTS = re.compile(r"(?P<format>[a-z][a-z-]*)(?P<facts>(?: [a-z]+=\S*)*)(?P<comment> .*)?\Z")
_TEXT = 400


class Binaries:
    """One use for each compiled file, named by its format, with what is known about it as arguments."""

    id = "binary"
    example_name = "libexample.so"

    def extract(self, file: SourceFile, text: str, vocabulary: Vocabulary) -> Extraction:
        """Read the facts about one file; never raises for what the text holds."""
        uses = []
        for number, line in enumerate(text.splitlines(), start=1):
            found = _FACTS.match(line)
            if found is None or not vocabulary.wants(UseKind.FILE, found["format"]):
                continue
            facts = (fact.partition("=") for fact in found["facts"].split())
            uses.append(
                Use(
                    kind=UseKind.FILE,
                    name=found["format"],
                    symbol=file.path.rpartition("/")[2],
                    span=Span(line=number, column=1, end_line=number, end_column=len(line) + 1),
                    text=line[:_TEXT],
                    args={key: value for key, _, value in facts},
                )
            )
        return Extraction(uses=tuple(uses))


FRONT_ENDS = {"binary": Binaries()}
