"""How far the code has already come, as a sentence and as a table."""

from __future__ import annotations

from migrate.model import Cover, PortingProgress
from migrate.render import numbers
from migrate.render.charts import Cell, Table
from migrate.render.reading import Reading, query

COVERS = {
    Cover.BRANCH: "progress.branch",
    Cover.SHIM: "progress.shim",
    Cover.TWIN: "progress.twin",
    Cover.HIPIFY: "progress.hipify",
    Cover.PORTABLE: "progress.portable",
}
"""Why a use is no work any more -> what the reports call it, in the order they list it."""
LISTED_FOLDERS = 3


def progress_sentence(reading: Reading, target: str) -> str:
    """Say what share of the uses a target already has an answer to, and by what; nothing when nothing is known."""
    progress, texts = reading.audit.porting.get(target), reading.texts
    if progress is None or not progress.uses:
        return ""
    name, uses = reading.name(target), texts.plural("count.uses", progress.uses)
    if not progress.covered_uses:
        sentences = [texts("progress.nothing", target=name, uses=uses)]
    else:
        parts = [
            texts("progress.part", n=numbers.count(progress.covered[cover]), what=texts(key))
            for cover, key in COVERS.items()
            if progress.covered.get(cover)
        ]
        share = numbers.share(progress.covered_uses, progress.uses)
        sentences = [texts("progress.sentence", target=name, share=share, uses=uses, parts=texts.listing(parts))]
    if progress.back_ends:
        sentences.append(texts.plural("progress.back-ends", len(progress.back_ends), target=name))
    if progress.hipified:
        sentences.append(texts.plural("progress.translated", len(progress.hipified)))
    return " ".join(sentences)


def progress_table(reading: Reading) -> Table:
    """List for each target what already serves it; no rows when nothing is known."""
    texts = reading.texts
    rows = []
    for target in reading.targets:
        progress = reading.audit.porting.get(target)
        if progress is None or not progress.uses:
            continue
        counts = [progress.uses, *(progress.covered.get(cover, 0) for cover in COVERS)]
        rows.append(
            (
                Cell(text=reading.name(target), filter=query(target=target)),
                *(Cell(text=numbers.count(count), number=True) for count in counts),
                Cell(text=_kernels(reading, progress), number=True),
                Cell(text=_folders(reading, progress)),
            )
        )
    keys = ("table.target", "progress.uses", *COVERS.values(), "progress.kernels", "progress.folders")
    return Table(head=tuple(texts(key) for key in keys), rows=tuple(rows))


def _kernels(reading: Reading, progress: PortingProgress) -> str:
    """Say how many kernels are served; nothing when there are none."""
    served, all_ = numbers.count(progress.kernels_covered), numbers.count(progress.kernels)
    return reading.texts("progress.of", n=served, all=all_) if progress.kernels else ""


def _folders(reading: Reading, progress: PortingProgress) -> str:
    shown = [back_end.place for back_end in progress.back_ends[:LISTED_FOLDERS]]
    left = len(progress.back_ends) - len(shown)
    text = reading.texts("list.comma").join(shown)
    return reading.texts("progress.more", folders=text, n=numbers.count(left)) if left > 0 else text
