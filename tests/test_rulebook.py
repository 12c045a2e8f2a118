"""The rule book: strict reading, matching by rank, answers by basis."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from migrate import rulebook
from migrate.errors import RuleError
from migrate.model import Answer, Area, Basis, Change, Confidence, Rule, Span, Status, Use, UseKind
from migrate.rulebook import Rulebook, effort_class, lint
from migrate.rulebook.anchors import anchors_of
from tests.packs import FILES, write_pack

SPAN = Span(line=1, column=1, end_line=1, end_column=2)


def use(kind: UseKind, name: str, guarded_by: tuple[str, ...] = (), **args: str) -> Use:
    return Use(
        kind=kind,
        name=name,
        span=SPAN,
        text=name,
        args={key.lstrip("_"): value for key, value in args.items()},
        guarded_by=guarded_by,
    )


@pytest.fixture
def book(tmp_path: Path) -> Rulebook:
    return rulebook.load((), root=write_pack(tmp_path))


def answer(book: Rulebook, language: str, seen: Use, chip: str = "a") -> Answer:
    match = book.match(language, seen)
    assert match is not None
    return book.answer(match, seen, "rocm", chip)


# --------------------------------------------------------------------------------------------------- reading


@pytest.mark.parametrize(
    ("file", "old", "new", "place", "message"),
    [
        ("cuda/rules.yaml", "  why: The mask", "  whi: The mask", (3, 3), "unknown key 'whi'"),
        (
            "cuda/rules.yaml",
            '{kind: call, name: "__shfl_*_sync"}',
            "{kind: call, nam: x}",
            (7, 22),
            "unknown key 'nam'",
        ),
        ("cuda/rules.yaml", "area: kernel", "area: kernels", (4, 9), "kernels"),
        ("cuda/rules.yaml", "title: Lanes exchange values", "title: 32", (2, 10), "expected `str`"),
        ("cuda/rules.yaml", "  title: Lanes", "  title: a\n  title: Lanes", (3, 3), "stands twice"),
        ("targets/rocm/mappings/rules.yaml", "  status: differs", "  stat: differs", (2, 3), "unknown key 'stat'"),
        ("targets/rocm/mappings/rules.yaml", "status: supported", "status: fine", (8, 15), "fine"),
        ("targets/rocm/target.yaml", "learning_rate: 0.83", "learning_rate: fast", (11, 16), "expected `float`"),
        ("cuda/symbols.csv", "cudaFree,runtime,function,,,", "cudaFree,runtime", (2, 0), "2 fields, 6 expected"),
        ("cuda/symbols.csv", "name,library", "nam,library", (1, 0), "header"),
        ("targets/rocm/symbols.csv", "supported,rename", "good,rename", (2, 0), "'good'"),
        ("targets/rocm/symbols.csv", "supported,rename", "supported,", (2, 0), "exactly when"),
        ("cuda/rules.yaml", "- id: kernel-shuffle", "- id: [", (3, 6), "expected"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(
    tmp_path: Path, *, file: str, old: str, new: str, place: tuple[int, int], message: str
) -> None:
    assert old in FILES[file]
    write_pack(tmp_path, {**FILES, file: FILES[file].replace(old, new, 1)})
    with pytest.raises(RuleError, match=message.replace("[", r"\[")) as caught:
        rulebook.load((), root=tmp_path)
    assert Path(caught.value.file).name == Path(file).name
    assert (caught.value.line, caught.value.column) == place


@pytest.mark.parametrize(
    ("file", "extra", "message"),
    [
        (
            "targets/rocm/mappings/rules.yaml",
            "no-such-rule: {status: supported, change: none}\n",
            "no rule defines",
        ),
        ("targets/rocm/mappings/rules.yaml", "runtime-api: {status: supported}\n", "exactly when"),
        (
            "targets/rocm/mappings/rules.yaml",
            "runtime-api: {status: supported, change: none, shared_fix: x}\n",
            "no shared fix",
        ),
        (
            "targets/rocm/mappings/rules.yaml",
            "runtime-api: {status: partial, change: adapt, effort: {first: [3, 2, 4], each: [0, 0, 0]}}\n",
            "not low, likely, high",
        ),
    ],
)
def test_answers_must_fit_the_rules(tmp_path: Path, file: str, extra: str, message: str) -> None:
    write_pack(tmp_path, {**FILES, file: FILES[file] + extra})
    with pytest.raises(RuleError, match=message):
        rulebook.load((), root=tmp_path)


def test_yaml_cannot_run_anything(tmp_path: Path) -> None:
    write_pack(tmp_path, {**FILES, "cuda/evil.yaml": '- !!python/object/apply:os.system ["true"]\n'})
    with pytest.raises(RuleError):
        rulebook.load((), root=tmp_path)


def test_a_later_pack_adds_and_overrides_but_never_redefines(tmp_path: Path, book: Rulebook) -> None:
    base = tmp_path
    house = write_pack(
        tmp_path / "house",
        {
            "cuda/acme.yaml": "- id: acme/timer\n  title: Own timer\n  why: It wraps events.\n  area: runtime\n"
            "  match:\n    cuda: [{kind: call, name: acmeTimer}]\n",
            "targets/rocm/mappings/acme.yaml": "acme/timer: {status: supported, change: none}\n"
            "kernel-shuffle: {status: partial, change: rewrite, equivalent: house form}\n",
        },
    )
    joined = rulebook.load([house], root=base)
    assert answer(joined, "cuda", use(UseKind.CALL, "acmeTimer")).change == Change.NONE
    assert answer(joined, "cuda", use(UseKind.CALL, "__shfl_xor_sync", _0="m")).equivalent == "house form"
    assert joined.hash != book.hash
    again = write_pack(tmp_path / "again", {"cuda/rules.yaml": FILES["cuda/rules.yaml"]})
    with pytest.raises(RuleError, match="already defined"):
        rulebook.load([again], root=base)


# -------------------------------------------------------------------------------------------------- matching


def test_a_curated_rule_goes_before_the_table_and_not_excludes(book: Rulebook) -> None:
    found = book.match("cuda", use(UseKind.CALL, "__shfl_down_sync", _0="0xffffffff"))
    assert found is not None
    assert found.rule.id == "kernel-shuffle"
    assert book.match("cuda", use(UseKind.CALL, "__shfl_down_sync", _0="portable_mask()")) is None


def test_tables_know_their_names_and_libraries_recognise_new_ones(book: Rulebook) -> None:
    known = book.match("cuda", use(UseKind.CALL, "cudaMalloc"))
    new = book.match("cuda", use(UseKind.CALL, "cudaBrandNew"))
    assert known is not None
    assert new is not None
    assert (known.library, known.known) == ("runtime", True)
    assert (new.library, new.known) == ("runtime", False)
    assert book.match("cuda", use(UseKind.CALL, "cudahelper")) is None
    assert book.match("python", use(UseKind.CALL, "cudaMalloc")) is None


def test_packages_match_by_name_and_by_import(book: Rulebook) -> None:
    for seen in (
        use(UseKind.DEPENDENCY, "flash-attn"),
        use(UseKind.IMPORT, "flash_attn.flash_attn_interface"),
    ):
        found = book.match("python", seen)
        assert found is not None
        assert (found.symbol, found.library) == ("flash-attn", "package")
    assert book.match("python", use(UseKind.IMPORT, "flash")) is None


def test_the_most_specific_matcher_wins(tmp_path: Path) -> None:
    def rule(id_: str, matcher: str) -> str:
        return f"- id: {id_}\n  title: t\n  why: w\n  area: runtime\n  match:\n    cuda: [{matcher}]\n"

    extra = (
        rule("a-glob", '{kind: call, name: "cudaMal*"}')
        + rule("b-longer-glob", '{kind: call, name: "cudaMallo*"}')
        + rule("c-exact", "{kind: call, name: cudaMalloc}")
        + rule("d-exact-with-argument", '{kind: call, name: cudaMalloc, args: {1: "huge*"}}')
        + rule("e-absent", '{kind: call, name: cudaFree, absent: ["1"]}')
    )
    book = rulebook.load((), root=write_pack(tmp_path, {**FILES, "cuda/more.yaml": extra}))

    def claimed(name: str, **args: str) -> str:
        found = book.match("cuda", use(UseKind.CALL, name, (), **args))
        assert found is not None
        return found.rule.id

    assert claimed("cudaMalX") == "a-glob"
    assert claimed("cudaMallocX") == "b-longer-glob"
    assert claimed("cudaMalloc", _1="4") == "c-exact"
    assert claimed("cudaMalloc", _1="huge_size") == "d-exact-with-argument"
    assert claimed("cudaFree", _0="p") == "e-absent"
    assert claimed("cudaFree", _0="p", _1="q") == "runtime-api"


# --------------------------------------------------------------------------------------------------- answers


def test_each_answer_names_its_basis(book: Rulebook) -> None:
    curated = answer(book, "cuda", use(UseKind.CALL, "__shfl_down_sync", _0="m"))
    table = answer(book, "cuda", use(UseKind.CALL, "cudaMalloc"))
    nothing = answer(book, "cuda", use(UseKind.CALL, "cudaFree"))
    stated_unknown = answer(book, "cuda", use(UseKind.CALL, "cudaOld"))
    assert (curated.basis, curated.change) == (Basis.CURATED, Change.ADAPT)
    assert (table.basis, table.equivalent, table.source) == (Basis.TABLE, "hipMalloc", "HIP tables 7")
    assert (nothing.basis, nothing.status, nothing.change) == (Basis.NONE, Status.UNKNOWN, None)
    assert (stated_unknown.status, stated_unknown.change) == (Status.UNKNOWN, None)
    assert nothing.effort is not None
    assert nothing.effort.first[0] > 0  # unknown is never zero


def test_chips_choose_the_variant(book: Rulebook) -> None:
    seen = use(UseKind.CALL, "__shfl_down_sync", _0="m")
    assert answer(book, "cuda", seen, "a").change == Change.ADAPT
    on_b = answer(book, "cuda", seen, "b")
    assert (on_b.change, on_b.effort, on_b.condition) == (Change.NONE, None, "chip b")


@pytest.mark.parametrize("guard", [("rocm",), ("cann", "rocm"), ("*",)])
def test_guarded_code_costs_nothing(book: Rulebook, guard: tuple[str, ...]) -> None:
    found = answer(book, "cuda", use(UseKind.CALL, "cudaMalloc", guarded_by=guard))
    assert (found.guarded, found.change, found.effort) == (True, Change.NONE, None)


def test_a_guard_for_another_target_changes_nothing(book: Rulebook) -> None:
    found = answer(book, "cuda", use(UseKind.CALL, "cudaMalloc", guarded_by=("cann",)))
    assert (found.guarded, found.change) == (False, Change.RENAME)


def test_prices_are_shared_by_library_and_class(book: Rulebook) -> None:
    renamed = answer(book, "cuda", use(UseKind.CALL, "cudaMalloc")).effort
    unknown = answer(book, "cuda", use(UseKind.CALL, "cudaFree")).effort
    assert renamed is not None
    assert unknown is not None
    assert (renamed.key, unknown.key) == ("rename:runtime", "unknown:runtime")


def test_a_rename_in_a_table_gives_its_edit(book: Rulebook) -> None:
    edit = book.edit("runtime-api", "cudaMalloc", "rocm", "a")
    assert edit is not None
    assert edit.identifier == {"cudaMalloc": "hipMalloc"}
    assert book.edit("runtime-api", "cudaFree", "rocm", "a") is None


@pytest.mark.parametrize(
    ("change", "area", "price_class"),
    [
        (None, Area.LIBRARY, "unknown"),
        (Change.RENAME, Area.BUILD, "rename"),
        (Change.ADAPT, Area.RUNTIME, "adapt"),
        (Change.ADAPT, Area.LIBRARY, "library"),
        (Change.REWRITE, Area.LIBRARY, "rewrite"),
        (Change.REWRITE, Area.DISTRIBUTED, "distributed"),
        (Change.ADAPT, Area.DEPLOY, "deploy"),
        (Change.REWRITE, Area.DEPLOY, "deploy"),
        (Change.ADAPT, Area.PACKAGE, "package"),
        (Change.BLOCKED, Area.PACKAGE, "rewrite"),
        (Change.ADAPT, Area.PRECISION, "precision"),
    ],
)
def test_price_classes(change: Change | None, area: Area, price_class: str) -> None:
    assert effort_class(change, area) == price_class


# ------------------------------------------------------------------------------------------------ vocabulary


def test_the_vocabulary_asks_for_what_rules_match(book: Rulebook) -> None:
    words = book.vocabulary("cuda")
    assert words.wants(UseKind.CALL, "cudaMalloc")
    assert words.wants(UseKind.CALL, "cudaBrandNew")
    assert words.wants(UseKind.CALL, "__shfl_up_sync")
    assert not words.wants(UseKind.CALL, "malloc")
    assert not words.wants(UseKind.LAUNCH, "cudaMalloc")
    assert all(any(anchor in name for anchor in words.anchors) for name in ("cudaMalloc", "__shfl_up_sync", "cudaX"))


def test_every_name_holds_an_anchor() -> None:
    names = {"torch.cuda.Stream", "cublasSgemm", "__syncwarp"}
    globs = {"cublas*", "torch.backends.cudnn.*"}
    anchors = anchors_of({UseKind.CALL: names}, {UseKind.CALL: globs})
    assert all(any(anchor in name for anchor in anchors) for name in names | globs)
    assert "cublasSgemm" not in anchors  # the glob's word finds it


# -------------------------------------------------------------------------------------------------- metalint


def test_the_metalint_names_what_an_author_forgot(tmp_path: Path) -> None:
    bare = (
        "- id: bare\n  title: t\n  why: w\n  area: runtime\n"
        "  match:\n    cuda: [{kind: call, name: bareCall}]\n  refs: [ftp://x]\n"
    )
    book = rulebook.load((), root=write_pack(tmp_path, {**FILES, "cuda/bare.yaml": bare}))
    problems = "\n".join(lint.errors(book, ["bare"]))
    for part in (
        "no example that it flags",
        "no example that it passes",
        "'ftp://x'",
        "target rocm does not answer it",
    ):
        assert part in problems
    assert lint.errors(book, ["kernel-shuffle", "runtime-api", "package-dependency"]) == []
    assert lint.warnings(book, ["kernel-shuffle"], dt.date(2026, 12, 1)) == []
    assert "more than 12 months" in lint.warnings(book, ["kernel-shuffle"], dt.date(2028, 1, 1))[0]


def test_confidence_is_that_of_the_weakest() -> None:
    assert rulebook.lowest(Confidence.HIGH, Confidence.LOW, Confidence.MEDIUM) == Confidence.LOW


def test_rules_are_values() -> None:
    rule = Rule(id="a", title="t", why="w", area=Area.KERNEL, match={})
    with pytest.raises(AttributeError):
        setattr(rule, "id", "b")  # noqa: B010 - the type checker refuses the plain form, which is the point
