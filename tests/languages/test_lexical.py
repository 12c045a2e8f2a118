"""What is code, what is comment and what is string; and where."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrate.languages.lexical import (
    Anchors,
    Brackets,
    Lexed,
    Lines,
    blank,
    code_lines,
    skip_back,
    word_start,
    words,
)

PIECES = st.sampled_from(
    [
        "/*",
        "*/",
        "//",
        '"',
        "'",
        "\\",
        "\n",
        "\r",
        "\r\n",
        'R"x(',
        ')x"',
        "#",
        "(",
        ")",
        "<",
        ">",
        ",",
        "a",
        "1'0",
        "é",
        "\0",
    ]
)
SOURCES = st.lists(PIECES, max_size=40).map("".join) | st.text(max_size=60)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("a // b\nc", "a     \nc"),
        ("a // b \\\n still\nc", "a       \n      \nc"),
        ("a // b \\\r\n still\r\nc", "a       \r\n      \r\nc"),
        ("a /* b\n c */ d", "a     \n      d"),
        ("a /* never closed\nb", "a                \n "),
        ('f("x // y") + 1', 'f("      ") + 1'),
        (r'f("a\"b") + 1', 'f("    ") + 1'),
        ('f("open\ng', 'f("    \ng'),
        ('f("two \\\nlines") g', 'f("     \n     ") g'),
        ("c = '\"'; d", "c = ' '; d"),
        (r"c = '\''; d", "c = '  '; d"),
        ("n = 1'000'000 + 0xFF'FF; // x", "n = 1'000'000 + 0xFF'FF;     "),
        ("c = u8'a' + L'b';", "c = u8' ' + L' ';"),
        ('s = R"x(a " )" //)x" + t', 's = R"x(         )x" + t'),
        ('s = u8R"(a\nb)" + t', 's = u8R"( \n )" + t'),
        ('s = R"(never closed\nb', 's = R"(            \n '),
        ('s = FOOR"(a)"', 's = FOOR"   "'),
        ("a /* /* */ b", "a          b"),
        ("a / b /= c", "a / b /= c"),
    ],
)
def test_mask(text: str, masked: str) -> None:
    assert Lexed(text).masked == masked


def test_strings_are_values_without_quotes_prefixes_and_include_paths() -> None:
    lexed = Lexed('#include "a.h"\nf("x", L"y", R"d(z)d", \'c\', 1\'0); // "no"')
    assert [lexed.text[item.value_start : item.value_end] for item in lexed.strings] == ["x", "y", "z"]
    assert [lexed.text[item.start : item.end] for item in lexed.strings] == ['"x"', '"y"', '"d(z)d"']


def test_string_at_is_inside_the_quotes_only() -> None:
    lexed = Lexed('f("ab", c)')
    assert lexed.string_at(2) is None
    assert lexed.string_at(3) == lexed.strings[0]
    assert lexed.string_at(5) is None


def test_directives_with_continuations_and_leading_comments() -> None:
    lexed = Lexed("/* x */ # define A(x) \\\n  (x) // why\nint a; # not\n#if 1\r\n#\tendif")
    assert [(item.keyword, lexed.masked[item.body : item.end].split()) for item in lexed.directives] == [
        ("define", ["A(x)", "\\", "(x)"]),
        ("if", ["1"]),
        ("endif", []),
    ]


def test_a_directive_inside_a_string_or_comment_is_none() -> None:
    assert Lexed('/*\n#if 0\n*/ s = R"(\n#endif\n)";').directives == []


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_lines_and_columns_count_code_points(newline: str) -> None:
    text = newline.join(["", "é😀x", "", "y"])
    lines = Lines(text)
    assert lines.place(text.index("x")) == (2, 3)
    assert lines.place(text.index("y")) == (4, 1)
    assert lines.line(len(text)) == 4


def test_other_separators_do_not_end_a_line() -> None:
    assert Lines("a\x0b\x0c\u2028\x85b").line(5) == 1


def test_span_over_lines() -> None:
    span = Lines("ab\ncd\n").span(1, 5)
    assert (span.line, span.column, span.end_line, span.end_column) == (1, 2, 2, 3)


def test_source_is_one_line_without_comments() -> None:
    text = "f(a, // first\n  b /* second */ + \\\n c)"
    assert Lexed(text).source(2, len(text) - 1) == "a, b + c"


def test_anchors_find_every_word_that_holds_one() -> None:
    text = "cudaMalloc xcuda cublasX ¤ncclY"
    hits = Anchors(["cuda", "cublas", "nccl"]).hits(text)
    assert [text[start:end] for start, end in hits] == ["cuda", "cuda", "cublas", "nccl"]


def test_anchors_of_nothing() -> None:
    assert Anchors([]).hits("cuda") == []


def test_anchors_survive_lone_surrogates() -> None:
    assert Anchors(["cuda"]).hits("\ud800cuda") == [(1, 5)]


def test_words_stand_alone() -> None:
    assert list(words("asm xasm asm_ asm(asm", "asm")) == [0, 14, 18]


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("f()", []),
        ("f( )", []),
        ("f(a)", ["a"]),
        ("f(a, (b, c), d[1, 2], {e, f})", ["a", "(b, c)", "d[1, 2]", "{e, f}"]),
        ("f(g<int, float>(x), h)", ["g<int, float>(x)", "h"]),
        ("f(std::map<int, std::pair<a, b>>(), c)", ["std::map<int, std::pair<a, b>>()", "c"]),
        ("f(a < b, c > d)", ["a < b", "c > d"]),
        ("f(1 << 2, x)", ["1 << 2", "x"]),
        ("f(p->q, r)", ["p->q", "r"]),
        ("f(,a)", ["", "a"]),
    ],
)
def test_arguments(text: str, arguments: list[str]) -> None:
    parts = Brackets(text).arguments(1)
    assert parts is not None
    assert [text[start:end].strip() for start, end in parts] == arguments


@pytest.mark.parametrize("text", ["f(a", "f(a]", "f((a)", "f("])
def test_brackets_that_never_close(text: str) -> None:
    assert Brackets(text).arguments(1) is None


def test_a_bracket_is_followed_only_so_far() -> None:
    assert Brackets("(" + " " * 50 + ")", reach=20).close(0) is None


@pytest.mark.parametrize(
    ("text", "close"),
    [("<a>", 2), ("<a<b>>", 5), ("<(1 > 2), b>", 11), ("<a; b>", None), ("<a && b>", None), ("<a->b>", 5)],
)
def test_template_brackets(text: str, close: int | None) -> None:
    assert Brackets(text).close_angle(0) == close


def test_deep_nesting_is_read_once() -> None:
    depth = 6_000
    brackets = Brackets("(" * depth + ")" * depth)
    assert [brackets.close(index) for index in (0, 1, depth - 1)] == [2 * depth - 1, 2 * depth - 2, depth]


def test_code_lines_hold_more_than_white_space() -> None:
    assert code_lines(Lexed("int a;\n\n  // only\n/* a\n*/ int b;\r\n\t\r\nx").masked) == 3


@given(SOURCES)
def test_any_text_keeps_its_length_and_its_lines(text: str) -> None:
    lexed = Lexed(text)
    assert len(lexed.masked) == len(text)
    assert blank(lexed.masked) == blank(text)
    assert Lexed(lexed.masked).comments == []
    for start, end in lexed.comments:
        assert 0 <= start < end <= len(text)
    for literal in lexed.strings:
        assert 0 <= literal.start <= literal.value_start <= literal.value_end <= literal.end <= len(text)


@given(SOURCES)
def test_any_bracket_closes_after_it_opens(text: str) -> None:
    brackets = Brackets(text)
    for index, sign in enumerate(text):
        if sign in "([{":
            close = brackets.close(index)
            assert close is None or close > index
            for start, end in brackets.arguments(index) or ():
                assert index < start <= end
        if sign == "<":
            closing = brackets.close_angle(index)
            assert closing is None or closing > index


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("cuda\\\nFree(p);", "cudaFree\\\n(p);"),
        ("cu\\\r\nda\\\r\nX y", "cudaX\\\r\n\\\r\n y"),
        ("a \\\nb", "a \\\nb"),
        ("%:if 0", "# if 0"),
        ("f() <% a<:1:>; %>", "f() {  a[ 1] ; } "),
        ("v<::X> w; v<:::X> z;", "v<::X> w; v[ ::X> z;"),
        ("??=if A ??< b ??/\n c", "#  if A {   b   \\\n c"),
        ("a ?b:c ? d : e", "a ?b:c ? d : e"),
    ],
)
def test_other_spellings_keep_their_length(text: str, plain: str) -> None:
    lexed = Lexed(text)
    assert (lexed.text, lexed.masked) == (plain, plain)


def test_spellings_in_strings_and_comments_stay() -> None:
    text = 's = "<% ??= a\\\nb"; // %: <:\n'
    assert Lexed(text).text == text


def test_words_are_found_backwards_over_continued_lines() -> None:
    text = "k<T>   \\\n  <<<1"
    assert skip_back(text, text.index("<<<")) == 4
    assert word_start("a::bcd", 6) == 3
