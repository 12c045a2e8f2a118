"""The rule book: strict reading, matching by rank, answers by basis."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from migrate import rulebook
from migrate.errors import ConfigError, RuleError
from migrate.model import Answer, Area, Basis, Change, Confidence, Rule, Span, Status, Use, UseKind
from migrate.rulebook import Rulebook, compiled, content, effort_class, lint, versions
from migrate.rulebook.anchors import anchors_of
from migrate.rulebook.coverage import coverage
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


# -------------------------------------------------------------------------------------- versions and conditions


@pytest.mark.parametrize(
    ("version", "specifier", "holds"),
    [
        ("6.4", ">=6.0", True),
        ("6.4", ">=6.0,<6.4", False),
        ("6.10", ">6.9", True),
        ("7", "==7.0.0", True),
        ("7.1", "!=7.1", False),
        ("7.1", "<=7.1", True),
        ("", "", True),
        ("", ">=1", False),
    ],
)
def test_version_specifiers(version: str, specifier: str, holds: bool) -> None:
    assert versions.satisfies(version, specifier) is holds


@pytest.mark.parametrize("specifier", ["6.0", ">=six", ">=6.0 or 7", "~=6.0"])
def test_what_is_no_specifier_is_refused(specifier: str) -> None:
    with pytest.raises(ValueError, match="not a version"):
        versions.clauses(specifier)


BOUND = (
    "name,status,change,equivalent,since,note,source,until,cuda,chips,absence\n"
    "cudaFree,supported,rename,hipFree,,,h,,<13.0,,\n"
    "cudaMalloc,supported,rename,hipMalloc,6.3,,h,8.0,,a,\n"
    "cudaOld,missing,adapt,hipNew,,take the new call,h,,,,documented-absent\n"
)
AT = FILES["targets/rocm/target.yaml"] + 'stack_version: "7.1"\ncuda_version: "12.9"\n'
MAPPED = FILES["targets/rocm/mappings/rules.yaml"] + (
    "  target: '>=6.0'\n"
    "runtime-api:\n  status: partial\n  change: rewrite\n  equivalent: whole library\n  verified: '2026-11'\n"
    "  when:\n    - condition: {stack: '<6.0', cuda: '>=12'}\n      status: missing\n      change: blocked\n"
)


@pytest.fixture
def bound(tmp_path: Path) -> Rulebook:
    """Return a book whose answers depend on chip, stack and CUDA version."""
    files = {**FILES, "targets/rocm/symbols.csv": BOUND, "targets/rocm/target.yaml": AT}
    return rulebook.load((), root=write_pack(tmp_path, files))


@pytest.mark.parametrize(
    ("stack", "chip", "status", "change", "condition"),
    [
        ("", "a", Status.SUPPORTED, Change.RENAME, ""),
        ("6.3.0", "a", Status.SUPPORTED, Change.RENAME, ""),
        ("6.0", "a", Status.MISSING, Change.REWRITE, "stack 6.0"),
        ("8.0", "a", Status.MISSING, Change.REWRITE, "stack 8.0"),
        ("", "b", Status.MISSING, Change.REWRITE, "chip b"),
    ],
)
def test_a_row_holds_from_and_up_to_a_version_and_on_its_chips(
    bound: Rulebook, *, stack: str, chip: str, status: Status, change: Change, condition: str
) -> None:
    book = bound.at({"rocm": stack} if stack else {})
    found = answer(book, "cuda", use(UseKind.CALL, "cudaMalloc"), chip)
    assert (found.status, found.change, found.condition) == (status, change, condition)
    edit = book.edit("runtime-api", "cudaMalloc", "rocm", chip)
    assert (edit is not None) is (change == Change.RENAME)


@pytest.mark.parametrize(("cuda", "change"), [("", Change.RENAME), ("12.0", Change.RENAME), ("13.0", Change.ADAPT)])
def test_a_changed_signature_is_adapted(bound: Rulebook, cuda: str, change: Change) -> None:
    found = answer(bound.at({}, cuda), "cuda", use(UseKind.CALL, "cudaFree"))
    assert found.change == change
    assert found.status == (Status.PARTIAL if cuda == "13.0" else Status.SUPPORTED)


def test_nobody_stated_a_version_and_rows_hold(book: Rulebook) -> None:
    assert book.platform("rocm") == ("a", "", "")
    assert answer(book, "cuda", use(UseKind.CALL, "cudaMalloc")).change == Change.RENAME


def test_a_name_found_by_a_table_takes_its_row_before_the_rules_answer(tmp_path: Path) -> None:
    files = {**FILES, "targets/rocm/target.yaml": AT, "targets/rocm/mappings/rules.yaml": MAPPED}
    book = rulebook.load((), root=write_pack(tmp_path, files))
    assert answer(book, "cuda", use(UseKind.CALL, "cudaMalloc")).equivalent == "hipMalloc"
    assert book.edit("runtime-api", "cudaMalloc", "rocm", "a") is not None
    assert answer(book, "cuda", use(UseKind.CALL, "cudaBrandNew")).equivalent == "whole library"


def test_versions_choose_the_variant_and_say_so(tmp_path: Path) -> None:
    files = {**FILES, "targets/rocm/target.yaml": AT, "targets/rocm/mappings/rules.yaml": MAPPED}
    book = rulebook.load((), root=write_pack(tmp_path, files))
    seen = use(UseKind.CALL, "cudaFree")
    assert answer(book, "cuda", seen).change == Change.REWRITE
    old = answer(book.at({"rocm": "5.7"}), "cuda", seen)
    assert (old.change, old.condition) == (Change.BLOCKED, "stack 5.7, CUDA 12.9")
    assert answer(book.at({"rocm": "5.7"}, "11.8"), "cuda", seen).change == Change.REWRITE


def test_an_answer_outside_its_stack_versions_is_unknown(tmp_path: Path) -> None:
    files = {**FILES, "targets/rocm/target.yaml": AT, "targets/rocm/mappings/rules.yaml": MAPPED}
    book = rulebook.load((), root=write_pack(tmp_path, files)).at({"rocm": "5.7"})
    found = answer(book, "cuda", use(UseKind.CALL, "__shfl_down_sync", _0="m"))
    assert (found.status, found.change, found.basis) == (Status.UNKNOWN, None, Basis.NONE)
    assert ">=6.0" in found.source
    assert found.effort is not None
    on_b = answer(book, "cuda", use(UseKind.CALL, "__shfl_down_sync", _0="m"), "b")
    assert on_b.change == Change.NONE  # a variant that holds is not bound by it


@pytest.mark.parametrize(
    ("stacks", "cuda", "chips", "message"),
    [
        ({"musa": "4.0"}, "", {}, "no target 'musa'"),
        ({"rocm": "seven"}, "", {}, "not a version"),
        ({}, "12.x", {}, "not a version"),
        ({}, "", {"rocm": "h100"}, "no chip 'h100'"),
    ],
)
def test_impossible_platforms_are_refused(
    book: Rulebook, stacks: dict[str, str], cuda: str, chips: dict[str, str], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        book.at(stacks, cuda, chips)


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("targets/rocm/mappings/rules.yaml", "{chips: [b]}", "{}", "needs chips, stack or cuda"),
        ("targets/rocm/mappings/rules.yaml", "{chips: [b]}", "{chips: [c]}", "no chip 'c'"),
        ("targets/rocm/mappings/rules.yaml", "{chips: [b]}", "{stack: six}", "not a version specifier"),
        ("targets/rocm/symbols.csv", "hipMalloc,1.6", "hipMalloc,one", "not a version"),
        ("targets/rocm/symbols.csv", "note,source\n", "note,source,until\n", "header"),
        ("targets/rocm/target.yaml", "stack: ROCm 7\n", "stack: ROCm 7\nstack_version: seven\n", "not a version"),
    ],
)
def test_conditions_are_checked(tmp_path: Path, file: str, old: str, new: str, message: str) -> None:
    assert old in FILES[file]
    write_pack(tmp_path, {**FILES, file: FILES[file].replace(old, new, 1)})
    with pytest.raises(RuleError, match=message):
        rulebook.load((), root=tmp_path)


# ----------------------------------------------------------------------------------------------- compiled form


def compiled_book(book: Rulebook, tmp_path: Path) -> Rulebook:
    key = compiled.key_of(book.hash, book.packs)
    compiled.store(book, key, tmp_path)
    parts = compiled.read(key, tmp_path)
    assert parts is not None
    return parts.book(book.hash, book.packs)


def test_the_compiled_book_says_the_same(book: Rulebook, tmp_path: Path) -> None:
    again = compiled_book(book, tmp_path / "cache")
    assert dict(again.rules) == dict(book.rules)
    assert dict(again.symbols) == dict(book.symbols)
    assert dict(again.packages) == dict(book.packages)
    for language in ("cuda", "python", "requirements"):
        assert again.vocabulary(language) == book.vocabulary(language)
    for target, answers in book.targets.items():
        for part in ("mappings", "symbols", "packages", "sources"):
            assert dict(getattr(again.targets[target], part)) == dict(getattr(answers, part))
    for seen in (use(UseKind.CALL, "__shfl_down_sync", _0="m"), use(UseKind.CALL, "cudaMalloc")):
        assert answer(again, "cuda", seen) == answer(book, "cuda", seen)


def test_the_compiled_book_is_the_same_bytes_each_time(tmp_path: Path) -> None:
    books = [rulebook.load((), root=write_pack(tmp_path / name)) for name in ("one", "two")]
    first, second = (compiled.encode(book, "key") for book in books)
    assert first == second
    environment = {**os.environ, "PYTHONHASHSEED": "77"}
    code = (
        "import hashlib, sys; from pathlib import Path; from migrate import rulebook; from migrate.rulebook import compiled\n"
        "print(hashlib.sha256(compiled.encode(rulebook.load((), root=Path(sys.argv[1])), 'key')).hexdigest())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "one"], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == hashlib.sha256(first).hexdigest()


def test_what_is_read_is_decoded_only_when_asked_for(book: Rulebook, tmp_path: Path) -> None:
    again = compiled_book(book, tmp_path)
    again.vocabulary("cuda")
    assert again.match("cuda", use(UseKind.CALL, "__shfl_down_sync", _0="m")) is not None
    undecoded = again.targets["rocm"].symbols
    assert isinstance(undecoded, compiled.Shelf)
    assert not undecoded._values
    assert not undecoded._raw


@pytest.mark.parametrize("damage", ["cut", "flipped", "renamed", "empty", "folder"])
def test_a_damaged_compiled_book_counts_as_none(book: Rulebook, tmp_path: Path, damage: str) -> None:
    key = compiled.key_of(book.hash, book.packs)
    compiled.store(book, key, tmp_path)
    file = tmp_path / f"{key}.book"
    data = file.read_bytes()
    if damage == "cut":
        file.write_bytes(data[: len(data) // 2])
    elif damage == "flipped":
        file.write_bytes(data[:-5] + bytes([data[-5] ^ 1]) + data[-4:])
    elif damage == "empty":
        file.write_bytes(b"")
    elif damage == "folder":
        file.unlink()
        file.mkdir()
    else:
        key = "0" * 32
        file.rename(tmp_path / f"{key}.book")
    assert compiled.read(key, tmp_path) is None


def test_the_shipped_book_is_kept_and_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "folder", lambda: tmp_path)
    house = write_pack(tmp_path / "house", {"cuda/acme.yaml": "[]\n"})
    first = rulebook.load([house])
    kept = list(tmp_path.glob("*.book"))
    assert len(kept) == 1
    second = rulebook.load([house])
    assert isinstance(second.symbols, compiled.Shelf)
    assert (second.hash, second.packs) == (first.hash, first.packs)
    (house / "cuda/acme.yaml").write_text("[] # changed\n", encoding="utf-8")
    assert rulebook.load([house]).hash != first.hash
    assert len(list(tmp_path.glob("*.book"))) == 2


def test_the_digest_of_untouched_files_is_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pack, memory = write_pack(tmp_path / "pack"), tmp_path / "memory"
    fresh = content.digest([pack], memory)
    assert not memory.exists()  # written a moment ago: it may change under the same time stamp
    for file in content.files([pack]):
        os.utime(file.path, (1_000_000_000, 1_000_000_000))
    assert content.digest([pack], memory) == fresh
    assert len(list(memory.iterdir())) == 1
    monkeypatch.setattr(content, "_read", lambda listed: pytest.fail("read again"))
    assert content.digest([pack], memory) == fresh
    monkeypatch.undo()
    with (pack / "cuda/rules.yaml").open("a", encoding="utf-8") as stream:
        stream.write("# more\n")
    assert content.digest([pack], memory) != fresh
    next(memory.iterdir()).write_text("damaged", encoding="utf-8")
    assert content.digest([pack]) == content.digest([pack], memory)


def test_links_in_a_pack_lead_nowhere(tmp_path: Path) -> None:
    pack = write_pack(tmp_path)
    (pack / "cuda" / "loop").symlink_to(pack)
    assert rulebook.load((), root=pack).hash


def test_a_folder_that_cannot_be_written_is_no_error(book: Rulebook, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    compiled.store(book, "key", tmp_path / "file" / "below")
    assert compiled.read("key", tmp_path / "file" / "below") is None


def test_only_the_newest_compiled_books_stay(book: Rulebook, tmp_path: Path) -> None:
    for number in range(12):
        compiled.store(book, f"{number:02}", tmp_path)
        os.utime(tmp_path / f"{number:02}.book", (number, number))
    assert len(list(tmp_path.glob("*.book"))) == 8
    assert compiled.read("11", tmp_path) is not None


def test_the_compiled_books_are_in_the_users_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CUDA_MIGRATE_CACHE", str(tmp_path))
    assert compiled.folder() == tmp_path / "rules"


# ---------------------------------------------------------------------------------------------------- coverage


def test_coverage_adds_up_and_tells_what_is_missing_apart(bound: Rulebook) -> None:
    found = {entry.library: entry for entry in coverage(bound, ["rocm"])}
    runtime = found["runtime"]
    assert (runtime.names, runtime.recognised) == (3, 3)
    said = runtime.targets["rocm"]
    assert sum(said.basis.values()) == runtime.names
    assert said.basis[Basis.TABLE] == 3
    assert (said.documented_absent, said.not_found_in) == (1, {})
    assert found["package"].names == 1
    older = coverage(bound.at({"rocm": "6.0"}), ["rocm"])
    assert next(entry for entry in older if entry.library == "runtime").targets["rocm"].documented_absent == 2


def test_what_was_not_found_names_source_and_version(tmp_path: Path) -> None:
    rows = BOUND.replace("documented-absent", "not-found-in")
    book = rulebook.load((), root=write_pack(tmp_path, {**FILES, "targets/rocm/symbols.csv": rows}))
    said = next(entry for entry in coverage(book, ["rocm"]) if entry.library == "runtime").targets["rocm"]
    assert said.not_found_in == {"h@7": 1}


# ------------------------------------------------------------------------------------------ checks of a pack


def test_a_rule_that_can_never_fire_is_named(tmp_path: Path) -> None:
    def rule(id_: str, names: str, was: str = "") -> str:
        return (
            f"- id: {id_}\n  title: t\n  why: w\n  area: runtime\n  match:\n    cuda: [{{kind: call, in: [{names}]}}]\n"
            + (f"  was: [{was}]\n" if was else "")
        )

    extra = (
        rule("a-both", "x, y") + rule("b-one", "y", "a-both") + rule("c-other", "y, z", "old") + rule("d", "w", "old")
    )
    book = rulebook.load((), root=write_pack(tmp_path, {**FILES, "cuda/more.yaml": extra}))
    problems = lint.errors(book, ["a-both", "b-one", "c-other"])
    assert "b-one: matches nothing that a-both does not match first" in problems
    assert not [problem for problem in problems if problem.startswith(("a-both: matches", "c-other: matches"))]
    assert "b-one: its former id 'a-both' is a rule's id" in problems
    assert "c-other, d: the same former id 'old'" in problems


def test_the_tables_of_a_pack_are_checked(tmp_path: Path) -> None:
    bad = (
        "name,status,change,equivalent,since,note,source,until,cuda,chips,absence\n"
        "cudaOld,missing,adapt,,,,h,,,,\n"
        "cudaFree,supported,rename,hipInvented,,,nowhere,,,z,\n"
        "cudaMalloc,supported,rename,hipMalloc,,,h,,,,\n"
        "cudaNobody,supported,rename,hipMalloc,,,h,,,,\n"
    )
    target = FILES["targets/rocm/target.yaml"] + 'names: ["hip[A-Z]*"]\nunknown_library: {nolib: adapt}\n'
    files = {**FILES, "targets/rocm/symbols.csv": bad, "targets/rocm/target.yaml": target}
    files["targets/rocm/ways.csv"] = "libraries,kinds,names,status,change,equivalent,note,source\n"
    root = write_pack(tmp_path, {**files, "targets/rocm/names.txt": "# h\nhipMalloc\n"})
    book = rulebook.load((), root=root)
    problems = "\n".join(lint.table_errors(book, root) + lint.errors(book, []))
    for part in (
        "targets/rocm/symbols.csv: rows are not sorted",
        "cudaOld: missing, without saying",
        "cudaOld: missing, without a way out",
        "cudaFree: no source 'nowhere'",
        "cudaFree: target rocm has no chip 'z'",
        "cudaNobody: no such name",
        "no source lists hipInvented",
        "'nolib', which is no library",
    ):
        assert part in problems
    assert "hipMalloc (" not in problems
    (root / "targets/rocm/ways.csv").unlink()
    assert "without" not in "\n".join(lint.table_errors(book, root))


def test_old_sources_are_due_for_another_import(tmp_path: Path) -> None:
    source = FILES["targets/rocm/symbols.yaml"] + "    date: 2025-01\n    importer: rules/tools/x.py\n"
    book = rulebook.load((), root=write_pack(tmp_path, {**FILES, "targets/rocm/symbols.yaml": source}))
    assert lint.stale_sources(book, dt.date(2026, 1, 31)) == []
    assert "2025-01" in lint.stale_sources(book, dt.date(2026, 2, 1))[0]
