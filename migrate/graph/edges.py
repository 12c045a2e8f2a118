"""Dependencies between units, read off the links of all files: which unit needs which, and what leads nowhere."""

from __future__ import annotations

import fnmatch
import functools
import posixpath
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from migrate.graph.passing import through
from migrate.graph.resolve import Resolver
from migrate.graph.units import Drafts
from migrate.model import Edge, Link, LinkKind, UnitKind
from migrate.model.links import FACTS, LIBRARY, MODULE, OPS, PROVIDES

_COUNTED = frozenset({LinkKind.BINDING, LinkKind.BUILD})
"""Links that must lead somewhere in the repository. Imports, includes and libraries may be other people's; calls and
launches name whatever may be a function or a kernel."""
_OF_PYTORCH = tuple(
    f"{OPS}{name}"
    for name in ("aten", "prim", "prims", "quantized", "c10d", "_c10d_functional", "higher_order", "inductor", "mkldnn")
)
"""Operators that PyTorch itself offers."""
_MOST_PATTERNS = 50
"""Extensions whose name is only known in part that every import is compared with (judgement)."""
_FEWEST_LETTERS = 3
"""Letters that the name of a target has at least when a library's file is known by it (judgement)."""


class Edges:
    """Collects the dependencies of one repository.

    Attributes:
        unresolved: Kind -> links between languages that lead to nothing in the repository.
    """

    def __init__(self, drafts: Drafts, resolver: Resolver, links: Mapping[str, Sequence[Link]]) -> None:
        self.unresolved: Counter[LinkKind] = Counter()
        self._drafts = drafts
        self._resolver = resolver
        self._links = {path: [link for link in links[path] if _leads(link)] for path in sorted(links)}
        self._weights: dict[tuple[str, str, LinkKind], int] = defaultdict(int)
        self._extensions: dict[str, str] = {}
        """Name -> unit, of extensions and build targets that lead to work."""
        self._built: set[str] = set()
        """Names of all extensions and targets, with and without work."""
        self._modules: dict[str, str] = {}
        """Dotted name that Python imports -> extension unit."""
        self._by_last: dict[str, str] = {}
        """Last part of such a name -> unit; nothing when several share it."""
        self._offered = sorted(
            (link.to.removeprefix(MODULE), path)
            for path, found in links.items()
            for link in found
            if link.kind == LinkKind.BINDING and link.via == PROVIDES and link.to.startswith(MODULE)
        )
        self._built_into: dict[str, list[str]] = defaultdict(list)
        """Source file -> extension units."""

    def collect(self) -> list[Edge]:
        """Return all edges, sorted; none points at itself."""
        self._find_extensions()
        needs = self._file_needs()
        for _, units in sorted(self._drafts.of_file.items()):
            for kernels in units[1:]:  # the host side of a file launches its kernels
                self._add(units[0], kernels, LinkKind.LAUNCH)
        for (path, unit), count in sorted(self._drafts.uses.items()):
            if self._drafts.of_file.get(path):
                kind = LinkKind.LINK if unit.startswith(UnitKind.LIBRARY) else LinkKind.REQUIRES
                self._add(self._drafts.of_file[path][0], unit, kind, count)
        for source, target, kind, count in through(needs, self._drafts.of_file):
            # What a file includes serves its kernels too; everything else is the host side's need.
            units = self._drafts.of_file[source]
            for one in units if kind == LinkKind.INCLUDE else units[:1]:
                for other in self._needed(target, kind):
                    self._add(one, other, kind, count)
        return [
            Edge(source=source, needs=needed, kind=kind, weight=weight)
            for (source, needed, kind), weight in sorted(self._weights.items())
        ]

    def _add(self, source: str, needed: str, kind: LinkKind, count: int = 1) -> None:
        if source != needed:
            self._weights[source, needed, kind] += count

    def _needed(self, path: str, kind: LinkKind) -> Sequence[str]:
        units = self._drafts.of_file[path]
        return units[-1:] if kind == LinkKind.LAUNCH else units[:1]

    # --------------------------------------------------------------------------------------------------- extensions

    def _find_extensions(self) -> None:
        """Make a unit for every extension or target that builds a source with work in it, or links to one that does."""
        declared: dict[str, str] = {}
        made: dict[str, str] = {}
        seen: set[tuple[str, str, str]] = set()
        for path, link in self._all(LinkKind.BUILD):
            name = _named(link.via, path)
            declared.setdefault(name, path)
            if (path, name, link.to) in seen:
                continue
            seen.add((path, name, link.to))
            sources = self._resolver.sources(link.to, path)
            self.unresolved[LinkKind.BUILD] += not sources
            for source in sources:
                made.setdefault(source, name)
                if parts := self._drafts.of_file.get(source):
                    unit = self._extension(name, path)
                    self._built_into[source].append(unit)
                    for part in parts:
                        self._add(unit, part, LinkKind.BUILD)
        self._built = set(declared)
        wrappers: dict[str, list[str]] = defaultdict(list)
        for path, link in self._all(LinkKind.LINK):
            wrappers[link.to].append(_named(link.via, path))
        work = sorted(self._extensions)
        while work:  # a target that only wraps another one, as bindings do
            for name in wrappers.get(work.pop(), ()):
                if name in declared and name not in self._extensions:
                    self._extension(name, declared[name])
                    work.append(name)
        for name, path in self._offered:
            if offering := self._extensions.get(name) or self._extensions.get(made.get(path, "")):
                self._modules.setdefault(name, offering)
        for name, importable in self._modules.items():
            last = name.rpartition(".")[2]
            self._by_last[last] = importable if self._by_last.get(last, importable) == importable else ""

    def _all(self, kind: LinkKind) -> Iterator[tuple[str, Link]]:
        for path, found in self._links.items():
            for link in found:
                if link.kind == kind and link.via:
                    yield path, link

    def _extension(self, name: str, declared_in: str) -> str:
        if name not in self._extensions:
            self._extensions[name] = unit = self._drafts.extension(name, declared_in)
            for builder in self._drafts.of_file.get(declared_in, ()):
                self._add(unit, builder, LinkKind.BUILD)
        return self._extensions[name]

    def _extension_of(self, dotted: str) -> str | None:
        """Return the extension that a dotted name means, or that holds an imported name."""
        for name in (dotted, dotted.rpartition(".")[0]):
            if name and (unit := self._modules.get(name)):
                return unit
        return next((unit for pattern, unit in self._patterns if fnmatch.fnmatchcase(dotted, pattern)), None)

    @functools.cached_property
    def _patterns(self) -> list[tuple[str, str]]:
        """Names that are only known in part, with their extensions."""
        return [(name, unit) for name, unit in self._modules.items() if "*" in name][:_MOST_PATTERNS]

    def _extension_ending_in(self, dotted: str) -> str | None:
        """Return the extension that is known by the last part of a dotted name: build tools leave out packages."""
        owner, _, last = dotted.rpartition(".")
        return (self._by_last.get(last) or self._by_last.get(owner.rpartition(".")[2])) if owner else None

    def _library(self, file: str) -> str | None:
        """Return the target that makes a shared library: its file bears the name, often with a version behind it."""
        name = posixpath.basename(file).partition(".")[0].removeprefix("lib")
        known = name
        while len(known) >= _FEWEST_LETTERS:
            if unit := self._extensions.get(known):
                return unit
            known = known[: max(0, *(known.rfind(sign) for sign in "_-*"))]
        return None

    # -------------------------------------------------------------------------------------------------------- links

    def _file_needs(self) -> dict[str, dict[tuple[str, LinkKind], int]]:
        """Resolve links to files and extensions."""
        needs: dict[str, dict[tuple[str, LinkKind], int]] = defaultdict(lambda: defaultdict(int))
        libraries: dict[str, str | None] = {}
        for path, found in self._links.items():
            for link in found:
                if link.kind == LinkKind.LINK:
                    self._link(link, path)
                    continue
                if link.kind == LinkKind.BUILD and link.via:
                    continue  # told with the extensions
                if link.to.startswith(LIBRARY):
                    if link.to not in libraries:
                        libraries[link.to] = self._library(link.to.removeprefix(LIBRARY))
                    unit = libraries[link.to]
                    targets = [(unit, LinkKind.BINDING)] if unit else []
                else:
                    targets = list(self._targets(path, link))
                self.unresolved[link.kind] += not targets and not self._is_known(link)
                for target, kind in targets:
                    if target != path:
                        needs[path][target, kind] += 1
        return needs

    def _is_known(self, link: Link) -> bool:
        """Tell whether a link that leads to no work is resolved all the same, or need not be."""
        if link.kind not in _COUNTED or link.to.removeprefix(MODULE) in self._built:
            return True
        return link.to.partition("::")[0] in _OF_PYTORCH

    def _targets(self, path: str, link: Link) -> Iterable[tuple[str, LinkKind]]:
        """Yield the files and extensions that a link leads to."""
        match link.kind:
            case LinkKind.IMPORT:
                if extension := self._extension_of(link.to):
                    yield extension, LinkKind.BINDING
                elif target := self._resolver.module(link.to, path, exactly=True):
                    yield target, link.kind
                elif extension := self._extension_ending_in(link.to):
                    yield extension, LinkKind.BINDING
                elif target := self._resolver.module(link.to, path):
                    yield target, link.kind
            case LinkKind.INCLUDE:
                if target := self._resolver.include(link.to, path):
                    yield target, link.kind
            case LinkKind.LAUNCH:
                if target := self._resolver.kernel(link.to, path):
                    yield target, link.kind
            case LinkKind.CALL:
                if target := self._resolver.function(link.to, path):
                    yield target, link.kind
            case LinkKind.BUILD:  # a source that the program itself reads and compiles
                for target in self._resolver.sources(link.to, path):
                    yield target, link.kind
            case LinkKind.BINDING:
                yield from self._bound(path, link)
            case _:
                pass

    def _bound(self, path: str, link: Link) -> Iterable[tuple[str, LinkKind]]:
        if link.to.startswith(MODULE) and (extension := self._extension_of(link.to.removeprefix(MODULE))):
            yield extension, LinkKind.BINDING
            return
        for target in self._resolver.providers(link.to, path):
            yield target, LinkKind.BINDING
            for unit in self._built_into.get(target, ()):
                yield unit, LinkKind.BINDING

    def _link(self, link: Link, path: str) -> None:
        source = self._extensions.get(_named(link.via, path))
        if source is None:
            return
        name = link.to.removeprefix("CUDA::").removeprefix("-l").removesuffix("_static").lower()
        for needed in (f"{UnitKind.EXTENSION}:{link.to}", f"{UnitKind.LIBRARY}:{name}"):
            if needed in self._drafts.units:
                self._add(source, needed, LinkKind.LINK)


def _leads(link: Link) -> bool:
    """Tell whether a link needs something, and does not offer it or state a fact."""
    return link.kind != LinkKind.BINDING or not (link.via == PROVIDES or link.via.startswith(FACTS))


def _named(name: str, declared_in: str) -> str:
    """Return the name of an extension; one that only the build knows is called by the file that declares it."""
    return name if name.strip("*._-") and "$" not in name else declared_in
