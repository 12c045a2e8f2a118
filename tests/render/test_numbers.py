from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrate.render import numbers
from migrate.render.text import clip, columns, plain, shorten

SPACE = numbers.NO_BREAK


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (6.21, "6.2"),
        (6.04, "6.0"),
        (9.96, "10"),
        (38.4, "38"),
        (104, "100"),
        (1284, "1,300"),
        (0.456, "0.46"),
        (0, "0"),
        (-0.0, "0"),
        (0.001, "<0.01"),
        (-3.14, f"{numbers.MINUS}3.1"),
        (float("inf"), "∞"),
    ],
)
def test_two_significant_figures(value: float, shown: str) -> None:
    assert numbers.significant(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, f"0{SPACE}%"),
        (0.4, f"<1{SPACE}%"),
        (4.2, f"4{SPACE}%"),
        (99.7, f"99{SPACE}%"),
        (100, f"100{SPACE}%"),
        (142, f"140{SPACE}%"),
        (-12.4, f"{numbers.MINUS}12{SPACE}%"),
        (-0.3, f"0{SPACE}%"),
    ],
)
def test_percent(value: float, shown: str) -> None:
    assert numbers.percent(value) == shown


def test_signs() -> None:
    assert numbers.signed(6.2) == "+6.2"
    assert numbers.signed(0) == "0"
    assert numbers.signed(-1) == f"{numbers.MINUS}1.0"
    assert numbers.signed_percent(38) == f"+38{SPACE}%"


def test_days_promise_no_hundredths() -> None:
    assert [numbers.days(value) for value in (0, 0.01, 0.07, 0.44, 1.26, 41.2)] == [
        "0",
        "<0.1",
        "0.1",
        "0.4",
        "1.3",
        "41",
    ]


@given(st.floats(min_value=-1e12, max_value=1e12))
def test_a_number_is_never_minus_zero_and_a_positive_one_never_zero(value: float) -> None:
    for write in (numbers.significant, numbers.signed, numbers.percent, numbers.signed_percent, numbers.days):
        shown = write(value)
        assert not shown.startswith((f"{numbers.MINUS}0%", "-"))
        assert shown != f"{numbers.MINUS}0"
        if value > 0:
            assert not shown.lstrip("+").startswith(("0.00%", "0\u00a0%"))
            assert shown not in {"0", "+0"}


@given(st.text(), st.integers(min_value=2, max_value=60))
def test_shortened_text_fits(text: str, width: int) -> None:
    assert columns(shorten(text, width)) <= width
    assert columns(clip(text, width)) <= width


def test_shorten_keeps_both_ends_and_counts_wide_characters() -> None:
    assert shorten("xformers/ops/tiled_matmul_kernels.py", 20).endswith("kernels.py")
    assert shorten("内核内核内核内核", 9) == "内…核内核"


def test_plain_keeps_words_and_drops_what_steers_the_reader() -> None:
    assert plain("a\x1b[31m\u202eb\x00\ud800内") == "a�[31m�b��内"
