"""A message cut into header fields and parts: nothing is lost, nothing attached is opened."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastsmtp.render.mime import Gap, Part, cut


def joined(message: bytes) -> bytes:
    out = []
    for piece in cut(message):
        if isinstance(piece, Gap):
            out.append(piece.raw)
        else:
            out += [*(field.raw for field in piece.fields), piece.between, piece.body]
    return b"".join(out)


def parts(message: bytes) -> list[tuple[str, bytes, int]]:
    found = [piece for piece in cut(message.replace(b"\n", b"\r\n")) if isinstance(piece, Part)]
    return [(part.headers.get_content_type(), part.body, part.body_line) for part in found]


def test_fields_are_cut_with_their_foldings_and_lines() -> None:
    (part,) = cut(b"A: b\r\n c\r\nD : e\r\n\r\nbody\r\n")
    assert isinstance(part, Part)
    assert [tuple(field) for field in part.fields] == [("A", b"A: b\r\n c\r\n", 1), ("D", b"D : e\r\n", 3)]
    assert (part.between, part.body, part.body_line) == (b"\r\n", b"body\r\n", 5)


NESTED = b"""\
Content-Type: multipart/mixed; boundary="a b"

preamble
--a b
Content-Type: multipart/alternative; boundary=c

--c

one
--c  \t
Content-Type: text/html

two

--c--
inner
--a b

three
--a b--
epilogue
"""


def test_parts_are_found_in_multiparts_inside_each_other() -> None:
    assert parts(NESTED) == [
        ("multipart/mixed", b"", 3),
        ("multipart/alternative", b"", 7),
        ("text/plain", b"one", 9),
        ("text/html", b"two\r\n", 13),
        ("text/plain", b"three", 19),
    ]
    assert [piece.boundaries for piece in cut(NESTED.replace(b"\n", b"\r\n")) if isinstance(piece, Part)] == [
        (),
        (b"a b",),
        (b"a b", b"c"),
        (b"a b", b"c"),
        (b"a b",),
    ]


@pytest.mark.parametrize(
    ("message", "found"),
    [
        (b"", [("text/plain", b"", 1)]),
        (b"\nbody\n", [("text/plain", b"body\r\n", 2)]),
        (b"no header\n", [("text/plain", b"no header\r\n", 1)]),
        (b"Content-Type: multipart/mixed\n\n--x\n", [("multipart/mixed", b"--x\r\n", 3)]),
        (b"Content-Type: multipart/mixed; boundary=x\n\ny\n", [("multipart/mixed", b"y\r\n", 3)]),
        (
            b"Content-Type: multipart/mixed; boundary=x\n\n--x\n\na\n--xy\n--x\n--x\n",
            [
                ("multipart/mixed", b"", 3),
                ("text/plain", b"a\r\n--xy", 5),
                ("text/plain", b"", 8),
                ("text/plain", b"", 9),
            ],
        ),
        (
            b"Content-Type: multipart/mixed; boundary=x\n\n--x\n"
            b"Content-Type: message/rfc822\n\nA: b\n\nc\n--x--\n",
            [("multipart/mixed", b"", 3), ("message/rfc822", b"A: b\r\n\r\nc", 6)],
        ),
    ],
)
def test_odd_messages_are_cut_without_loss(message: bytes, found: list[tuple[str, bytes, int]]) -> None:
    assert parts(message) == found
    message = message.replace(b"\n", b"\r\n")
    assert joined(message) == message


MULTIPART = b"Content-Type: multipart/mixed; boundary="
TOKEN = st.sampled_from(
    [
        b"\r\n",
        b"\r\n\r\n",
        b"--x",
        b"--y",
        b"--",
        b" ",
        b"a",
        b"A: b\r\n",
        b"\r",
        b"\n",
        b"\xff",
        b":",
        MULTIPART + b"x\r\n",
        MULTIPART + b"y\r\n",
    ]
)


@given(st.lists(TOKEN, max_size=30).map(b"".join))
def test_pieces_joined_are_the_message(message: bytes) -> None:
    assert joined(message) == message
