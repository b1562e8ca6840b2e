"""SASLprep, by the examples of RFC 4013 3."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastsmtp.sasl.prepared import prepared


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I\u00adX", "IX"),
        ("user", "user"),
        ("USER", "USER"),
        ("\u00aa", "a"),
        ("\u2168", "IX"),
        ("a\u00a0b", "a b"),
        ("\u0627\u0628", "\u0627\u0628"),
    ],
)
def test_form_is_one(text: str, expected: str) -> None:
    assert prepared(text) == expected


@pytest.mark.parametrize("text", ["\u0007", "\u0627\u0031", "\u0627a\u0628", "\ue000", "\ufffd", "\u2028"])
def test_prohibited_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="SASLprep"):
        prepared(text)


@given(st.text(max_size=20))
def test_form_is_stable(text: str) -> None:
    try:
        once = prepared(text)
    except ValueError:
        return
    assert prepared(once) == once
