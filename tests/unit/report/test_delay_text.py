"""Delays in Postfix's form, against the plain rule in decimal arithmetic."""

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastsmtp.report.delay_text import delay_text


def by_the_rule(seconds: Decimal, resolution: int) -> str:
    """Two significant digits, `resolution` decimals at most, never coarser than seconds, half up."""
    if seconds <= 0:
        return "0"
    decimals = min(resolution, max(0, 1 - seconds.adjusted()))
    rounded = seconds.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    return f"{rounded.normalize():f}"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0"),
        (-3.0, "0"),
        (-0.004, "0"),
        (0.004, "0"),
        (0.005, "0.01"),
        (0.02, "0.02"),
        (0.4, "0.4"),
        (0.145, "0.15"),
        (0.994, "0.99"),
        (0.995, "1"),
        (1.0, "1"),
        (1.2, "1.2"),
        (1.25, "1.3"),
        (9.94, "9.9"),
        (9.96, "10"),
        (12.4, "12"),
        (12.5, "13"),
        (123.4, "123"),
        (86399.6, "86400"),
    ],
)
def test_delay_has_two_significant_digits_and_two_decimals_at_most(seconds: float, text: str) -> None:
    assert delay_text(2)(seconds) == text


@pytest.mark.parametrize(
    ("resolution", "text"), [(0, "0"), (1, "0.1"), (2, "0.12"), (3, "0.12"), (6, "0.12")]
)
def test_resolution_limits_the_decimals(resolution: int, text: str) -> None:
    assert delay_text(resolution)(0.123456) == text


def test_fine_resolution_shows_microseconds() -> None:
    assert delay_text(6)(0.000012) == "0.000012"
    assert delay_text(6)(0.000123) == "0.00012"


@given(st.integers(0, 200_000_000), st.integers(0, 6))
def test_every_microsecond_is_spelt_by_the_rule(micros: int, resolution: int) -> None:
    exact = Decimal(micros).scaleb(-6)
    assert delay_text(resolution)(micros / 1_000_000) == by_the_rule(exact, resolution)
