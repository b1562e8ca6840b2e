"""Quoted-printable by pieces is what the standard library reads."""

from binascii import a2b_qp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastsmtp.render.quoted_printable import LINE_LIMIT, encode_inline, encode_lines, finish_line

LINE = st.text(alphabet="aé= \t.-😀\x7f\x00", max_size=200)


@pytest.mark.parametrize(
    ("text", "encoded"),
    [
        ("plain", "plain"),
        ("a=b", "a=3Db"),
        ("Zoë", "Zo=C3=AB"),
        ("end ", "end=20"),
        ("end\t", "end=09"),
        ("x" * 76, "x" * 76),
        ("x" * 77, "x" * 75 + "=\r\nxx"),
        ("x" * 74 + "ëy", "x" * 74 + "=\r\n=C3=ABy"),
        ("x" * 73 + "=yyy", "x" * 73 + "=\r\n=3Dyyy"),
        ("x" * 72 + "=yyyy", "x" * 72 + "=3D=\r\nyyyy"),
    ],
)
def test_line_is_encoded(text: str, encoded: str) -> None:
    assert finish_line(encode_inline(text)) == encoded


def test_surrogate_is_refused() -> None:
    with pytest.raises(UnicodeEncodeError):
        encode_inline("\ud800")


@given(st.lists(LINE, max_size=5))
def test_lines_are_read_back(lines: list[str]) -> None:
    text = "\r\n".join(lines)
    encoded = encode_lines(text)
    assert a2b_qp(encoded) == text.encode()
    for line in encoded.split("\r\n"):
        assert len(line) <= LINE_LIMIT
        assert line == "" or (line.isascii() and line.isprintable() and not line.endswith(" "))


@given(LINE, LINE)
def test_pieces_make_the_same_line_as_the_whole(one: str, other: str) -> None:
    assert encode_inline(one) + encode_inline(other) == encode_inline(one + other)
