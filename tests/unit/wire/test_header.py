"""Headers as they come in: what is one, blanks at its colon, its size."""

import pytest

from fastsmtp.wire.encoder import encode

SEGMENT = 2048


def head(content: bytes, **limits: int) -> bytes:
    return encode(content, downgrade=True, line_length_limit=0, **limits)


@pytest.mark.parametrize(
    ("line", "sent"),
    [(b"A: b", b"A: b"), (b"A:b", b"A:b"), (b"A \t : b", b"A: b"), (b"!~: x", b"!~: x"),
     (b"A:", b"A:"), (b"A:\n b\n\tc", b"A:\r\n b\r\n\tc")],
)  # fmt: skip
def test_line_is_a_header(line: bytes, sent: bytes) -> None:
    assert head(line + b"\n\nx\n") == sent + b"\r\n\r\nx\r\n.\r\n"


@pytest.mark.parametrize(
    "line",
    [b": b", b" A: b", b"A b: c", b"\xc3\xa9: b", b"A\x7f: b", b"A\x01: b", b"A", b"a" * SEGMENT + b": b"],
)
def test_line_is_none_and_ends_the_block(line: bytes) -> None:
    assert head(line + b"\nB : c\n") == b"\r\n" + line + b"\r\nB : c\r\n.\r\n"


def test_text_over_the_limit_is_dropped_by_segments() -> None:
    assert (
        head(b"A: " + b"x" * 5000 + b"\n y\n\n", header_limit=3000)
        == b"A: " + b"x" * (2 * SEGMENT - 3) + b"\r\n\r\n.\r\n"
    )
    assert head(b"A: bc\n d\n e\n\n", header_limit=6) == b"A: bc\r\n d\r\n\r\n.\r\n"
