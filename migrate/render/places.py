"""Charts of where the work sits and what becomes of it: the treemap of files, the matrix of libraries."""

from __future__ import annotations

from collections import Counter, defaultdict

from migrate.model import Change, Finding, Role, Struct
from migrate.render import numbers
from migrate.render.attribution import by_change, heaviest_change, shown_change
from migrate.render.charts import Cell, Drawing, Figure, Row, Table, figure
from migrate.render.figures import ink_on, number
from migrate.render.reading import CHANGES, LETTERS, Reading, change_id, query
from migrate.render.svg import Mark, palette
from migrate.render.text import clip, shorten

TREEMAP_CELLS = 70
TREEMAP_FOLDERS = 16
"""More outer cells than this leave no room for what is inside them; then fewer levels are drawn."""

MATRIX_ROWS = 16
TABLE_ROWS = 20


class FilePlace(Struct, frozen=True):
    """What one file carries under one target."""

    path: str
    findings: int
    days: float
    change: Change | None
    """Class that carries most of it."""
    filter: str


def treemap(reading: Reading, target: str) -> Figure:
    """Draw files by person-days, coloured by the change class that carries most."""
    texts = reading.texts
    files = _files(reading, target)
    drawn = files[:TREEMAP_CELLS]
    cells = [_leaf(file.path, file.days, file.change, reading) | {"mark": f"m{n}"} for n, file in enumerate(drawn)]
    if rest := files[TREEMAP_CELLS:]:
        label = texts.plural("chart.treemap.rest", len(rest))
        blank = {"color": palette()["band"], "letter": "", "mark": ""}
        cells.append(_leaf(label, sum(file.days for file in rest), None, reading) | blank)
    marks = {
        f"m{n}": Mark(
            title=f"{file.path}: {reading.days_text(file.days)}, {reading.change_name(file.change)}",
            href="#findings",
            filter=file.filter,
        )
        for n, file in enumerate(drawn)
    }
    return figure(
        Drawing(spec="treemap.vg.json", data={"tree": _tree(cells)}, marks=marks),
        name=f"places-{target}",
        title=texts("chart.treemap.title", target=reading.name(target)),
        sentence=_files_sentence(reading, files),
        table=_files_table(reading, files),
    )


def _files(reading: Reading, target: str) -> list[FilePlace]:
    """Return the files that carry work, dearest first."""
    days = reading.days[target]
    groups: dict[str, list[Finding]] = defaultdict(list)
    for finding in reading.priced:
        if days.get(finding.fingerprint, 0.0) > 0:
            groups[finding.path].append(finding)
    files = []
    for path, findings in groups.items():
        totals = by_change(findings, target, days)
        files.append(
            FilePlace(
                path=path,
                findings=len(findings),
                days=sum(totals.values()),
                change=heaviest_change(totals),
                # Files are named by number, so that no link holds text of the scanned code.
                filter=query(target=target, role=Role.OWNED, path=reading.path_numbers[path]),
            )
        )
    return sorted(files, key=lambda file: (-file.days, file.path))


def _files_sentence(reading: Reading, files: list[FilePlace]) -> str:
    """Say how much sits in how many files, and where most of it."""
    texts = reading.texts
    if not files:
        return texts("chart.treemap.empty")
    whole, top = sum(file.days for file in files), files[:3]
    return texts(
        "chart.treemap.sentence",
        days=reading.days_text(whole),
        files=texts.plural("count.files", len(files)),
        top=texts.listing([file.path for file in top]),
        share=numbers.share(sum(file.days for file in top), whole),
    )


def _files_table(reading: Reading, files: list[FilePlace]) -> Table:
    """List the dearest files."""
    whole = sum(file.days for file in files)
    rows = tuple(
        (
            Cell(text=file.path, href="#findings", filter=file.filter),
            Cell(text=reading.change_name(file.change), badge=change_id(file.change)),
            number(numbers.count(file.findings)),
            number(reading.days_text(file.days)),
            number(numbers.share(file.days, whole)),
        )
        for file in files[:TABLE_ROWS]
    )
    head = tuple(reading.texts(f"table.{key}") for key in ("file", "change", "findings", "days", "share"))
    return Table(head=head, rows=rows)


def _leaf(path: str, days: float, change: Change | None, reading: Reading) -> dict[str, object]:
    """Make a treemap cell."""
    folder, _, name = path.rpartition("/")
    return {
        "id": f"f/{path}",
        "parent": folder,
        "days": days,
        "label": name or path,
        "text": reading.days_text(days),
        "color": palette()[change_id(change)],
        "ink": ink_on(change_id(change)),
        "letter": LETTERS[change],
    }


def _tree(cells: list[dict[str, object]]) -> list[Row]:
    """Put cells below their outer folders, of two levels if they are few, and those below the root."""
    if not cells:
        return []
    outer: dict[str, str] = {}
    for depth in (2, 1, 0):
        outer = {str(cell["id"]): "/".join(str(cell["parent"]).split("/")[:depth]) or "." for cell in cells}
        if len(set(outer.values())) <= TREEMAP_FOLDERS:
            break
    folders = sorted(set(outer.values()))
    return [
        {"id": "root"},
        *({"id": f"d/{folder}", "parent": "root", "label": folder} for folder in folders),
        *(cell | {"parent": f"d/{outer[str(cell['id'])]}"} for cell in cells),
    ]


class LibraryPlace(Struct, frozen=True):
    """What one part of CUDA carries under one target."""

    library: str
    replacement: str
    days: dict[Change | None, float]
    """Change class -> person-days, for the classes that occur."""
    uses: dict[Change | None, int]
    filter: dict[str, str]

    @property
    def whole(self) -> float:
        """Person-days over all classes."""
        return sum(self.days.values())


def matrix(reading: Reading, target: str) -> Figure:
    """Draw CUDA libraries by change class, with the replacement named in the row."""
    texts = reading.texts
    libraries = _libraries(reading, target)
    data, marks = _matrix_cells(reading, libraries[:MATRIX_ROWS])
    sentence = texts("chart.matrix.empty")
    if libraries:
        first = libraries[0]
        sentence = texts(
            "chart.matrix.sentence",
            n=len(libraries),
            first=first.library,
            days=reading.days_text(first.whole),
            replacement=first.replacement,
        )
    return figure(
        Drawing(spec="matrix.vl.json", width=880, labels="library", data={"rows": data}, marks=marks),
        name=f"matrix-{target}",
        title=texts("chart.matrix.title", target=reading.name(target)),
        sentence=sentence,
        table=_libraries_table(reading, libraries),
    )


def _libraries(reading: Reading, target: str) -> list[LibraryPlace]:
    """Return the parts of CUDA in use, dearest first."""
    groups: dict[str, list[Finding]] = defaultdict(list)
    for finding in reading.priced:
        groups[finding.library].append(finding)
    libraries = [
        LibraryPlace(
            library=library,
            replacement=_replacement(findings, target) or reading.texts("matrix.no-answer"),
            days=by_change(findings, target, reading.days[target]),
            uses=Counter(shown_change(finding.answers[target]) for finding in findings),
            filter={"target": target, "role": Role.OWNED, "library": library},
        )
        for library, findings in groups.items()
    ]
    return sorted(libraries, key=lambda place: (-place.whole, place.library))


def _matrix_cells(reading: Reading, libraries: list[LibraryPlace]) -> tuple[list[Row], dict[str, Mark]]:
    """Return a square per library and change class, and what each leads to."""
    texts = reading.texts
    dearest = max((days for place in libraries for days in place.days.values()), default=0.0) or 1.0
    marks: dict[str, Mark] = {}
    cells: list[Row] = []
    for place in libraries:
        label = texts("matrix.row", library=shorten(place.library, 24), replacement=clip(place.replacement, 26))
        for change in CHANGES:
            # The first row names every class, so that all six columns are drawn in their order.
            if change not in place.days and place is not libraries[0]:
                continue
            days, uses = place.days.get(change, 0.0), place.uses.get(change, 0)
            text = reading.days_text(days) if days else texts.plural("count.uses", uses) if uses else ""
            key = f"m{len(marks)}"
            title = f"{place.library}, {reading.change_name(change)}: {text}"
            filters = query(**place.filter, change=change_id(change))
            marks[key] = Mark(title=title, href="#findings", filter=filters)
            cells.append(
                {
                    "library": label,
                    "change": reading.change_name(change),
                    "text": text,
                    "area": max(30.0, 640 * days / dearest) if uses else 0.0,
                    "color": palette()[change_id(change)],
                    "mark": key,
                }
            )
    return cells, marks


def _libraries_table(reading: Reading, libraries: list[LibraryPlace]) -> Table:
    """List the parts of CUDA with their replacement and the days of each change class."""
    texts = reading.texts
    rows = tuple(
        (
            Cell(text=place.library, href="#findings", filter=query(**place.filter)),
            Cell(text=place.replacement),
            *(number(reading.days_text(place.days[change]) if change in place.days else "") for change in CHANGES),
            number(reading.days_text(place.whole)),
        )
        for place in libraries
    )
    classes = (reading.change_name(change) for change in CHANGES)
    head = (texts("table.library"), texts("table.replacement"), *classes, texts("table.days"))
    return Table(head=head, rows=rows)


def _replacement(findings: list[Finding], target: str) -> str:
    """Return the replacement that most findings are answered with, empty when nobody knows one."""
    named = Counter(finding.answers[target].equivalent for finding in findings if finding.answers[target].equivalent)
    return min(named, key=lambda name: (-named[name], name)) if named else ""
