"""Structured values, seen through the boundary that they name: tokens, comments, quoted strings."""

import pytest

from fastsmtp.wire.encoder import encode

PART = b"\n\n--x\nContent-Transfer-Encoding: 8bit\n\n\xe9\n"


def names_x(parameters: bytes) -> bool:
    """Whether this makes `x` a boundary: then the part behind it is converted."""
    return b"=E9" in encode(b"Content-Type: multipart/mixed" + parameters + PART, downgrade=True)


@pytest.mark.parametrize(
    "parameters",
    [b"; boundary=x", b";boundary=x;",
     b"(;);(\\));boundary=x", b"; a=\"\\\";\"; boundary=\"x\"",
     b"\n ;\n boundary\n =\n x",
     b"; boundary=x(c)y", b"; boundary=(a(b)c)x", b"; boundary=\"x",
     b"; BoundarY=\"\\x\"", b"; boundary=x\x01y", b";;;boundary=x"],
)  # fmt: skip
def test_value_names_the_boundary(parameters: bytes) -> None:
    assert names_x(parameters)


@pytest.mark.parametrize(
    "parameters",
    [b"", b" boundary=x", b"; (boundary=x", b"; a=\"; boundary=x", b"; \"boundary\"=x", b"; bound ary=x",
     b"; boundary=\"y", b"; boundary(=)x", b"; boundary:x"],
)  # fmt: skip
def test_value_does_not(parameters: bytes) -> None:
    assert not names_x(parameters)
