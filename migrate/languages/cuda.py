"""The front end for C, C++ and CUDA: uses come from one lexical pass, a grammar is the second witness."""

from __future__ import annotations

import re

from migrate.languages.cuda_embedded import embedded_code, kernels_inside
from migrate.languages.cuda_kernels import Kernels
from migrate.languages.cuda_launches import handed_on, mentioned
from migrate.languages.cuda_links import file_links, source_links
from migrate.languages.cuda_names import Names
from migrate.languages.cuda_source import Source
from migrate.languages.cuda_strings import hidden_lookups, named_kernels, string_uses
from migrate.languages.cuda_warps import NAME as WARP_LITERAL
from migrate.languages.cuda_warps import constants
from migrate.languages.cuda_warps import uses_of as warp_uses
from migrate.languages.lexical import Lexed, anchors, code_lines
from migrate.languages.preprocessor import Preprocessed, include_path
from migrate.model import Blind, Embedded, Extraction, Link, LinkKind, SourceFile, Use, UseKind, Vocabulary

_GENERATED = re.compile(r"(?i)@generated\b|\bauto-?generated\b|\bgenerated (?:by|from)\b|\bdo not (?:edit|modify)\b")
_DEVICE_CODE = re.compile(r"__global__|<<<|asm|__device__|DEVICE")
_KERNEL_NAME = re.compile(r"[A-Za-z_]\w*(?:::\w+)*+(?=\s*(?:<|\)|\Z))")
_HEADER_REACH = 2_000


class CudaFrontEnd:
    """Reads C, C++ and CUDA files."""

    id = "cuda"
    example_name = "example.cu"

    def extract(self, file: SourceFile, text: str, vocabulary: Vocabulary) -> Extraction:
        """Read one file; never raises for what the text holds."""
        lexed = Lexed(text)
        places = Preprocessed(lexed)
        links = _include_links(lexed, places) + file_links(file, lexed, places)
        hits = anchors(vocabulary.anchors).hits(lexed.text)
        if not hits:
            return Extraction(
                links=tuple(links), code_lines=code_lines(places.live), generated=_says_it_is_generated(lexed)
            )
        source = Source(file, lexed, places, vocabulary)
        names = Names(source, hits)
        uses = [*names.uses, *string_uses(source, names.literals)]
        symbols: list[str] = []
        links += [*_launch_links(uses), *source_links(source)]
        if source.holds_kernels or _DEVICE_CODE.search(source.live):
            kernels = Kernels(source)
            uses += _without_repeats(kernels.uses, uses)
            links += kernels.links
            symbols = kernels.symbols
        else:
            uses += _without_repeats(list(warp_uses(source, constants(source))), uses)
        inside = list(embedded_code(source))
        hidden = [name for item in inside if isinstance(item, Embedded) for name in kernels_inside(item.text)]
        named = named_kernels(source, [*symbols, *hidden])
        links += _unlinked(links, [*mentioned(source, symbols), *handed_on(source), *named])
        return Extraction(
            uses=tuple(sorted(uses, key=_order)),
            links=tuple(sorted(links, key=lambda link: link.line)),
            definitions=tuple(names.definitions),
            code_lines=code_lines(source.live),
            generated=_says_it_is_generated(lexed),
            embedded=tuple(item for item in inside if isinstance(item, Embedded)),
            blind=_in_order(
                *names.blind,
                *hidden_lookups(source, platform=bool(uses)),
                *(item for item in inside if isinstance(item, Blind)),
            ),
        )


FRONT_ENDS = {"cuda": CudaFrontEnd()}


def _unlinked(known: list[Link], more: list[Link]) -> list[Link]:
    """Return the first link to each kernel that no launch leads to: it is handed to something that launches it."""
    names = {link.to for link in known if link.kind == LinkKind.LAUNCH}
    first: dict[str, Link] = {}
    for link in more:
        if link.to not in names:
            first.setdefault(link.to, link)
    return list(first.values())


def _in_order(*blind: Blind) -> tuple[Blind, ...]:
    return tuple(sorted(set(blind), key=lambda item: (item.line, item.kind, item.text)))


def _order(use: Use) -> tuple[int, int, int, int, str, str]:
    span = use.span
    return span.line, span.column, -span.end_line, -span.end_column, use.kind, use.name


def _without_repeats(found: list[Use], named: list[Use]) -> list[Use]:
    """Drop the literal of `WARP_SIZE = 32` where the vocabulary asks for the name itself."""
    taken = {(use.span.line, use.span.column) for use in named if use.kind in (UseKind.MACRO, UseKind.NAME)}
    return [
        use
        for use in found
        if use.args.get("pattern") != "constant"
        or use.name != WARP_LITERAL
        or (use.span.line, use.span.column) not in taken
    ]


def _include_links(lexed: Lexed, places: Preprocessed) -> list[Link]:
    return [
        Link(kind=LinkKind.INCLUDE, to=path, line=lexed.lines.line(item.start))
        for item in lexed.directives
        if item.keyword in ("include", "include_next")
        and not places.state(item.start).disabled
        and (path := include_path(lexed, item))
    ]


def _launch_links(uses: list[Use]) -> list[Link]:
    """Return links to the kernels that launching calls name."""
    return [
        Link(kind=LinkKind.LAUNCH, to=name, line=use.span.line)
        for use in uses
        if "kernel" in use.args
        for name in _KERNEL_NAME.findall(use.args["kernel"])[-1:]
    ]


def _says_it_is_generated(lexed: Lexed) -> bool:
    """Tell whether a comment at the top says that a program wrote the file."""
    return any(
        _GENERATED.search(lexed.text, start, min(end, _HEADER_REACH))
        for start, end in lexed.comments
        if start < _HEADER_REACH
    )
