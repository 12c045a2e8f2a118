"""Kernels, their launches, and the assembly and warp-width assumptions of device code."""

from __future__ import annotations

import bisect
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from migrate.languages import cuda_asm
from migrate.languages.cuda_features import Features, features_of_code, features_of_instruction
from migrate.languages.cuda_launches import find_launches, launch_links, made_by_macros, plain
from migrate.languages.cuda_macros import KERNEL_MARK
from migrate.languages.cuda_source import Source
from migrate.languages.cuda_structure import Region
from migrate.languages.cuda_tree import Witness, testimony
from migrate.languages.cuda_warps import uses_of, warp_literals
from migrate.languages.lexical import IDENTIFIER, blank_ranges, code_lines, next_token, words
from migrate.model import Confidence, KernelFacts, Use, UseKind

_LAUNCH_BOUNDS = re.compile(r"\b__launch_bounds__\s*+\(")
_HEAD_REACH = 4_000
_MOST_CALLED = 200
_SEMICOLON_OR_BRACE = re.compile(r"[;{]")


class Reached(NamedTuple):
    """What a kernel is made of beyond its own body."""

    features: Features
    """Of its body and of the device functions that it reaches."""
    functions: tuple[Region, ...] = ()
    """Those functions."""
    lines: int = 0
    """Code lines of those that no earlier kernel reaches: a function is written once."""

    @property
    def scopes(self) -> tuple[str, ...]:
        """Return where the functions stand, sorted."""
        return tuple(sorted({region.scope() for region in self.functions} - {""}))


class Kernels:
    """Reads what is special to device code out of one file.

    Attributes:
        uses: Kernels, launches, instructions and warp-width literals that are asked for, in no order.
        symbols: Names of the kernels.
        links: From where kernels are started to the kernels.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._assembly = list(cuda_asm.statements(source)) if "asm" in source.live else []
        self._launches = list(find_launches(source))
        self._witness = self._hear_witness()
        self._literals = warp_literals(source)
        self._reached = self._reached_by_kernels()
        self.uses: list[Use] = []
        self.symbols: list[str] = []
        self._emit_kernels()
        self._emit_launches()
        self._emit_assembly()
        self.uses += uses_of(source, self._literals)
        self.links = [
            *launch_links(source, self._launches),
            *made_by_macros(source, source.kernel_macros),
        ]

    def _hear_witness(self) -> Witness:
        """Ask the grammar about the functions that hold something to confirm."""
        source = self._source
        anchors = sorted([*(item.keyword for item in self._assembly), *(item.at for item in self._launches)])
        pieces = []
        for region in source.structure.functions():
            first = bisect.bisect_left(anchors, region.open)
            if region.kernel or (first < len(anchors) and anchors[first] < region.close):
                pieces.append((region.start, region.close))
        return testimony(blank_ranges(source.code, source.structure.alternatives), pieces)

    # ------------------------------------------------------------------------------------------------ kernels

    def _emit_kernels(self) -> None:
        source = self._source
        if not source.wants(UseKind.KERNEL, KERNEL_MARK):
            return
        invoked = set()
        covered: list[tuple[int, int]] = []
        for region in source.structure.regions:
            if not region.kernel:
                continue
            covered.append((region.start, region.close))
            if region.macro:
                invoked.add(region.macro)
            if not region.abandoned:
                self.symbols.append(region.name)
                self.uses.append(self._kernel(region))
        for at in self._lost(covered):
            if use := self._lost_kernel(at):
                self.symbols.append(use.symbol)
                self.uses.append(use)
        for macro in source.kernel_macros:
            if macro.name not in invoked:
                item = macro.directive
                facts = KernelFacts(
                    language="cuda",
                    code_lines=code_lines(source.live[item.start : item.end]),
                    features=features_of_code(source.live, macro.at, item.end),
                )
                self.uses.append(
                    source.use(
                        UseKind.KERNEL,
                        KERNEL_MARK,
                        item.start,
                        item.end,
                        text=source.argument(item.start, item.end),
                        symbol=macro.symbol,
                        confidence=Confidence.MEDIUM,
                        kernel=facts,
                    ),
                )

    def _kernel(self, region: Region) -> Use:
        source = self._source
        mark = next(words(source.code, KERNEL_MARK, region.start, region.open), -1)
        confirmed = self._witness.kernels.get(mark) == region.close
        reached = self._reached.get(id(region), Reached(Features()))
        args = {}
        if bounds := _LAUNCH_BOUNDS.search(source.code, region.start, region.open):
            args["launch_bounds"] = ", ".join(source.arguments(bounds.end() - 1).values())
        return source.use(
            UseKind.KERNEL,
            KERNEL_MARK,
            region.start,
            region.close,
            symbol=region.name,
            args=args,
            text=source.lexed.source(region.start, region.open),
            confidence=Confidence.HIGH if confirmed else Confidence.MEDIUM,
            kernel=KernelFacts(
                language="cuda",
                code_lines=code_lines(source.live[region.start : region.close]) + reached.lines,
                features=reached.features.counts(),
                reaches=reached.scopes,
            ),
        )

    def _lost(self, covered: list[tuple[int, int]]) -> Iterator[int]:
        """Return the `__global__` that no kernel accounts for; declarations are among them."""
        starts = [start for start, _ in covered]
        for at in self._source.kernel_heads:
            index = bisect.bisect_right(starts, at) - 1
            if index < 0 or at >= covered[index][1]:
                yield at

    def _lost_kernel(self, at: int) -> Use | None:
        """Read a kernel by its brackets alone; None for a declaration."""
        source = self._source
        paren = source.code.find("(", at, at + _HEAD_REACH)
        position = at
        while paren >= 0:
            close = source.brackets.close(paren)
            if close is None:
                return None
            position = close + 1
            paren = next_token(source.code, position)
            if source.code[paren : paren + 1] != "(":
                paren = -1
        stop = _SEMICOLON_OR_BRACE.search(source.code, position, position + _HEAD_REACH)
        if stop is None or stop[0] == ";":
            return None
        close = source.brackets.close(stop.start())
        end = stop.start() + 1 if close is None else close + 1
        named = IDENTIFIER.findall(source.code, at, source.code.find("(", at))
        facts = KernelFacts(
            language="cuda",
            code_lines=code_lines(source.live[at:end]),
            features=features_of_code(source.live, at, end),
        )
        return source.use(
            UseKind.KERNEL,
            KERNEL_MARK,
            at,
            end,
            text=source.argument(at, stop.start()),
            symbol=named[-1] if named else "",
            confidence=Confidence.MEDIUM,
            kernel=facts,
        )

    # ----------------------------------------------------------------------------------------------- features

    def _reached_by_kernels(self) -> dict[int, Reached]:
        """Count each kernel's features with those of the device functions of the file that it calls, and name them."""
        source = self._source
        device = [region for region in source.structure.functions() if region.device]
        if not any(region.kernel for region in device):
            return {}
        own = {id(region): Counter(features_of_code(source.code, region.start, region.close)) for region in device}
        self._add_what_is_inside(own, device)
        called = self._calls(device)
        found: dict[int, Reached] = {}
        written: set[int] = set()
        for region in device:
            if region.kernel and not region.abandoned:
                reached = _total(region, own, called)
                new = [other for other in reached.functions if id(other) not in written and not other.abandoned]
                written.update(map(id, new))
                lines = sum(code_lines(source.live[other.start : other.close]) for other in new)
                found[id(region)] = reached._replace(lines=lines)
        return found

    def _add_what_is_inside(self, own: dict[int, Counter[str]], device: list[Region]) -> None:
        starts = [region.start for region in device]

        def inside(offset: int) -> Counter[str] | None:
            index = bisect.bisect_right(starts, offset) - 1
            return own[id(device[index])] if index >= 0 and offset < device[index].close else None

        for statement in self._assembly:
            if (counts := inside(statement.keyword)) is not None:
                counts["ptx"] += 1
                counts.update(
                    feature for item in statement.instructions for feature in features_of_instruction(item.mnemonic)
                )
        for literal in self._literals:
            if (counts := inside(literal.start)) is not None:
                counts["warp-width"] += 1
        for launch in self._launches:
            if (counts := inside(launch.at)) is not None:
                counts["dynamic-parallelism"] += 1

    def _calls(self, device: list[Region]) -> dict[int, list[Region]]:
        by_name: dict[str, list[Region]] = defaultdict(list)
        for region in device:
            if not region.kernel:
                by_name[plain(region.name).rpartition("::")[2]].append(region)
        called: dict[int, list[Region]] = {}
        for region in device:
            words = dict.fromkeys(IDENTIFIER.findall(self._source.code, region.open, region.close))
            called[id(region)] = [other for word in words if word in by_name for other in by_name[word][:_MOST_CALLED]]
        return called

    # ----------------------------------------------------------------------------------------------- launches

    def _emit_launches(self) -> None:
        source = self._source
        if not source.wants(UseKind.LAUNCH, "<<<>>>"):
            return
        for item in self._launches:
            confirmed = item.at in self._witness.launches
            self.uses.append(
                source.use(
                    UseKind.LAUNCH,
                    "<<<>>>",
                    item.start,
                    item.end,
                    args=item.args,
                    symbol=plain(item.kernel),
                    confidence=Confidence.HIGH if confirmed else Confidence.MEDIUM,
                )
            )

    # ----------------------------------------------------------------------------------------------- assembly

    def _emit_assembly(self) -> None:
        source = self._source
        for statement in self._assembly:
            confidence = Confidence.HIGH if statement.keyword in self._witness.assembly else Confidence.MEDIUM
            for item in statement.instructions:
                if source.wants(UseKind.ASM, item.mnemonic):
                    self.uses.append(
                        source.use(
                            UseKind.ASM,
                            item.mnemonic,
                            item.start,
                            item.end,
                            args={"instruction": item.text},
                            confidence=confidence,
                        )
                    )
            if statement.opaque and source.wants(UseKind.ASM, "asm"):
                self.uses.append(
                    source.use(UseKind.ASM, "asm", statement.keyword, statement.end, confidence=Confidence.MEDIUM)
                )


def _total(region: Region, own: dict[int, Counter[str]], called: dict[int, list[Region]]) -> Reached:
    """Add up what a kernel and the device functions it reaches hold, each once."""
    seen = {id(region)}
    queue = [region]
    total = Features()
    functions: list[Region] = []
    while queue and len(seen) <= _MOST_CALLED:
        current = queue.pop()
        total.add(own[id(current)])
        if current is not region:
            functions.append(current)
        for other in called[id(current)]:
            if id(other) not in seen:
                seen.add(id(other))
                queue.append(other)
    return Reached(total, tuple(functions))
