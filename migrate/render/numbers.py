"""Numbers as a reader takes them in: two significant figures, and a sign that is never wrong."""

from __future__ import annotations

import math

MINUS = "\N{MINUS SIGN}"
NO_BREAK = "\N{NO-BREAK SPACE}"
SMALLEST = 0.01
"""Below this a positive amount is shown as less than it, never as zero."""


def significant(value: float, digits: int = 2) -> str:
    """Write a number with the given number of significant figures and thousands separators."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else "∞"
    if value < 0:
        return MINUS + significant(-value, digits)
    if value < SMALLEST:
        return f"<{SMALLEST}"
    places = digits - 1 - math.floor(math.log10(value))
    rounded = round(value, places)
    # Rounding can add a digit (9.96 becomes 10), which leaves one place fewer to show.
    places = digits - 1 - math.floor(math.log10(rounded))
    return f"{rounded:,.{max(places, 0)}f}"


def days(value: float) -> str:
    """Write person-days; a hundredth of a day would promise more than an estimate can hold."""
    if 0 < value < 1:
        return f"{value:.1f}" if value >= 0.05 else "<0.1"
    return significant(value)


def given(value: float) -> str:
    """Write a number that a person gave, as it was given."""
    return f"{value:,.10g}"


def signed(value: float) -> str:
    """Write a change with its sign; zero has none."""
    text = significant(value)
    return text if value <= 0 else f"+{text}"


def percent(value: float) -> str:
    """Write a percentage; what is not zero is not shown as zero, nor what is not all as all."""
    if 0 < value < 1:
        return f"<1{NO_BREAK}%"
    if 99 < value < 100:
        return f"99{NO_BREAK}%"
    shown = significant(value) if abs(value) >= 100 else f"{round(abs(value))}"
    return f"{MINUS if value <= -0.5 and abs(value) < 100 else ''}{shown}{NO_BREAK}%"


def signed_percent(value: float) -> str:
    """Write a change in percent with its sign."""
    text = percent(value)
    return text if value <= 0 else f"+{text}"


def share(part: float, whole: float) -> str:
    """Write a part of a whole as a percentage."""
    return percent(100 * part / whole) if whole else percent(0)


def count(value: int) -> str:
    """Write a count exactly, with thousands separators."""
    return f"{value:,}"
