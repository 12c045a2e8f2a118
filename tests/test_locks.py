"""What lock files pin is reported once, and not at all where a manifest declares it."""

from __future__ import annotations

from migrate.model import Role, SourceFile, Span, Use, UseKind
from migrate.scan.locks import without_declared
from migrate.scan.reading import FileReport, Sighting


def report(path: str, *names: str, lock: bool = False, role: Role = Role.OWNED) -> FileReport:
    """Return a report of a file that asks for packages."""
    file = SourceFile(
        path=path, language="lock" if lock else "requirements", content="", lines=1, code_lines=1, role=role
    )
    uses = [
        Use(
            kind=UseKind.DEPENDENCY,
            name=name,
            span=Span(1, 1, 1, 2),
            text=name,
            args={"lock": "true"} if lock else {},
        )
        for name in names
    ]
    sightings = [Sighting(use, "package-dependency", use.name, "package", known=True, snippet="") for use in uses]
    return FileReport(file, tuple(sightings), (), (), None)


def names(reports: list[FileReport]) -> dict[str, list[str]]:
    """Return the packages that are left, by file."""
    return {one.file.path: [sighting.use.name for sighting in one.sightings] for one in reports}


def test_what_a_manifest_declares_is_not_counted_again() -> None:
    reports = [report("uv.lock", "torch", "xformers", lock=True), report("requirements.txt", "torch")]
    assert names(without_declared(reports)) == {"uv.lock": ["xformers"], "requirements.txt": ["torch"]}


def test_the_second_lock_file_repeats_the_first() -> None:
    reports = [report("a/uv.lock", "torch", lock=True), report("b/pixi.lock", "torch", "cupy", lock=True)]
    assert names(without_declared(reports)) == {"a/uv.lock": ["torch"], "b/pixi.lock": ["cupy"]}


def test_manifests_are_never_cut() -> None:
    reports = [report("a.txt", "torch", "torch"), report("b.txt", "torch")]
    assert without_declared(reports) == reports


def test_an_example_does_not_declare_for_the_code_itself() -> None:
    example = report("examples/requirements.txt", "torch", role=Role.EXAMPLE)
    assert names(without_declared([example, report("uv.lock", "torch", lock=True)]))["uv.lock"] == ["torch"]


def test_the_code_declares_for_its_examples() -> None:
    reports = [report("requirements.txt", "torch"), report("examples/uv.lock", "torch", lock=True, role=Role.EXAMPLE)]
    assert names(without_declared(reports))["examples/uv.lock"] == []
