"""Line ends, line length and dots: the reference and the compiled encoder keep one contract."""

import re
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fastsmtp.wire.encoder import Encoder, encode
from tests.reference import lines as reference

Encode = Callable[[bytes, int], bytes]

# Bytes that mean something here, and any others
CONTENT = st.lists(
    st.one_of(
        st.sampled_from(
            [b"\r", b"\n", b"\r\n", b".", b"\r\n.\r\n", b"\0", b" ", b"a", b"x" * 989, b"\xc3\xa9"]
        ),
        st.binary(max_size=40),
    ),
    max_size=40,
).map(b"".join)
LIMITS = st.one_of(st.sampled_from([0, 1, 2, 3, 20, 76, 990]), st.integers(2, 60))


def whole(content: bytes, limit: int) -> bytes:
    return encode(content, line_length_limit=limit)


def a_byte_at_a_time(content: bytes, limit: int) -> bytes:
    encoder = Encoder(line_length_limit=limit)
    return b"".join(encoder.feed(content[at : at + 1]) for at in range(len(content))) + encoder.finish()


@pytest.fixture(params=[reference.encode, whole, a_byte_at_a_time], ids=["reference", "whole", "bytewise"])
def encoded(request: pytest.FixtureRequest) -> Encode:
    function: Encode = request.param
    return function


class TestContract:
    def test_dot_is_doubled_at_each_line_start(self, encoded: Encode) -> None:
        assert encoded(b".\n.x\n..\na.b\n", 990) == b"..\r\n..x\r\n...\r\na.b\r\n.\r\n"

    def test_dot_is_doubled_in_headers(self, encoded: Encode) -> None:
        assert encoded(b".A: b\n\n.c\n", 990) == b"..A: b\r\n\r\n..c\r\n.\r\n"

    def test_missing_final_newline_is_added_once(self, encoded: Encode) -> None:
        assert encoded(b"a", 990) == encoded(b"a\n", 990) == encoded(b"a\r\n", 990) == b"a\r\n.\r\n"

    def test_empty_content_is_the_dot_alone(self, encoded: Encode) -> None:
        assert encoded(b"", 990) == b".\r\n"

    def test_lf_and_crlf_are_line_ends(self, encoded: Encode) -> None:
        assert encoded(b"a\r\nb\n\n\r\n", 990) == b"a\r\nb\r\n\r\n\r\n.\r\n"

    @pytest.mark.parametrize(
        ("content", "sent"),
        [
            (b"a\rb\n", b"a b\r\n.\r\n"),
            (b"a\r\r\n", b"a \r\n.\r\n"),
            (b"\r", b" \r\n.\r\n"),
            (b"a\r", b"a \r\n.\r\n"),
            (b"\r.\n", b" .\r\n.\r\n"),
            (b"x\n.\r.\r\r\n", b"x\r\n.. . \r\n.\r\n"),
        ],
    )
    def test_stray_cr_becomes_a_space(self, encoded: Encode, content: bytes, sent: bytes) -> None:
        assert encoded(content, 990) == sent

    def test_nul_and_8bit_bytes_pass(self, encoded: Encode) -> None:
        every = bytes(sorted(set(range(256)) - {10, 13}))
        assert encoded(every, 990) == every + b"\r\n.\r\n"

    def test_lines_around_the_limit(self, encoded: Encode) -> None:
        def sent(length: int) -> list[int]:
            return [len(line) for line in encoded(b"a" * length + b"\n", 998).split(b"\r\n")[:-2]]

        assert [sent(n) for n in (997, 998, 999, 1996)] == [[997], [998], [998, 2], [998, 998, 2]]
        assert sent(5000) == [998, 998, 998, 998, 998, 15]
        assert sent(2048) == [998, 998, 54]

    @pytest.mark.parametrize(
        ("content", "sent"),
        [
            (b"abcdefghijklmnopqrst", [b"abcdefghijklmnopqrst"]),
            (
                b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP",
                [b"abcdefghijklmnopqrst", b" uvwxyzABCDEFGHIJKLM", b" NOP"],
            ),
            (b".bcdefghijklmnopqrst.v", [b"..bcdefghijklmnopqrst", b" .v"]),
            (
                b"X-H: 0123456789abcdefghijKLM\n cont",
                [b"X-H: 0123456789abcde", b" fghijKLM", b" cont"],
            ),
        ],
    )
    def test_limit_of_20_breaks_as_postfix_does(
        self, encoded: Encode, content: bytes, sent: list[bytes]
    ) -> None:
        assert encoded(content, 20).split(b"\r\n")[:-2] == sent

    def test_break_keeps_the_spaces_that_stand_there(self, encoded: Encode) -> None:
        assert encoded(b"a" * 20 + b"   b", 20) == b"a" * 20 + b"\r\n    b\r\n.\r\n"

    def test_break_may_cut_a_character(self, encoded: Encode) -> None:
        assert encoded(b"a" * 19 + "é".encode(), 20) == b"a" * 19 + b"\xc3\r\n \xa9\r\n.\r\n"

    def test_limit_0_never_breaks(self, encoded: Encode) -> None:
        assert encoded(b"a" * 5000, 0) == b"a" * 5000 + b"\r\n.\r\n"

    def test_line_of_exactly_the_limit_leaves_no_line_of_a_space(self, encoded: Encode) -> None:
        assert encoded(b"a" * 2048 + b"\n", 2048) == b"a" * 2048 + b"\r\n.\r\n"

    def test_limit_1_counts_as_2(self, encoded: Encode) -> None:
        assert encoded(b"abc", 1) == encoded(b"abc", 2) == b"ab\r\n c\r\n.\r\n"


@given(CONTENT, LIMITS)
@example(b"\r", 0)
def test_compiled_encoder_equals_the_reference(content: bytes, limit: int) -> None:
    assert whole(content, limit) == reference.encode(content, limit)


@given(CONTENT, LIMITS, st.data())
def test_cuts_change_nothing(content: bytes, limit: int, data: st.DataObject) -> None:
    places = sorted(data.draw(st.lists(st.integers(0, len(content)), max_size=6)))
    cuts = [0, *places, len(content)]
    encoder = Encoder(line_length_limit=limit)
    sent = b"".join(encoder.feed(content[a:b]) for a, b in pairwise(cuts))
    assert sent + encoder.finish() == reference.encode(content, limit)


@given(CONTENT, LIMITS)
@settings(max_examples=200)
def test_nothing_on_the_wire_can_end_the_message_early(content: bytes, limit: int) -> None:
    sent = whole(content, limit)
    assert sent.endswith(b"\r\n.\r\n") or sent == b".\r\n"
    assert (b"\r\n" + sent).find(b"\r\n.\r\n") == len(sent) - 3
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n", sent)
    if limit:
        lines = sent.split(b"\r\n")
        assert all(len(line) - line.startswith(b"..") <= max(limit, 2) for line in lines)


def test_encoder_is_ready_for_the_next_message_after_finish() -> None:
    encoder = Encoder()
    assert encoder.feed(b"a\r") + encoder.finish() == b"a \r\n.\r\n"
    assert encoder.feed(b".") + encoder.finish() == b"..\r\n.\r\n"
    assert encoder.finish() == b".\r\n"


def test_content_may_be_any_contiguous_buffer() -> None:
    assert encode(bytearray(b"a")) == encode(memoryview(b"xax")[1:2]) == encode(b"a") == b"a\r\n.\r\n"
    with pytest.raises(TypeError):
        encode("text")  # type: ignore[arg-type]


def test_default_limit_is_990() -> None:
    assert encode(b"a" * 991) == b"a" * 990 + b"\r\n a\r\n.\r\n"


@given(CONTENT, LIMITS)
def test_content_for_bdat_has_no_dot_added(content: bytes, limit: int) -> None:
    chunk = encode(content, line_length_limit=limit, stuffed=False)
    assert chunk == reference.encode(content, limit, stuffed=False)
    stuffed = encode(content, line_length_limit=limit)
    assert (b"\r\n" + stuffed).replace(b"\r\n.", b"\r\n")[2:-2] == chunk
    encoder = Encoder(line_length_limit=limit, stuffed=False)
    cut = b"".join(encoder.feed(content[at : at + 1]) for at in range(len(content))) + encoder.finish()
    assert cut == chunk
