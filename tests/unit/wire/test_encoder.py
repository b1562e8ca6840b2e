"""The encoder as a whole against its plain twins, over generated messages and any cut; scan and explain."""

import quopri
import random
import re
import resource
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastsmtp.errors import MimeError
from fastsmtp.wire.encoder import Encoder, Note, encode, explain, scan
from tests.reference import lines, mime
from tests.support import messages

WORDS = [
    b"\n", b"\r\n", b"\r", b" ", b"\t", b":", b";", b"--", b"--b", b"--b--", b"=", b"-", b".", b"\xe9", b'"',
    b"(", b"\\", b"a" * 72, b"8bit", b"7bit", b"Content-Type:", b"\n\n", b"A: b\n", b'boundary="b"',
    b"Content-Type: multipart/mixed; boundary=b\n", b"Content-Type: message/rfc822\n",
    b'Content-Type: multipart/digest; boundary=""\n\n', b"Content-Transfer-Encoding: 8bit\n",
    b"Content-Transfer-Encoding:",
]  # fmt: skip
LABEL = b"Content-Transfer-Encoding: 8bit\n\n"
CONTENT = st.lists(st.one_of(st.sampled_from(WORDS), st.binary(max_size=4)), max_size=40).map(b"".join)


def in_pieces(content: bytes, sizes: Iterator[int], **limits: int) -> bytes:
    encoder = Encoder(downgrade=True, **limits)
    output, at = [], 0
    while at < len(content):
        size = next(sizes)
        output.append(encoder.feed(content[at : at + size]))
        at += size
    return b"".join(output) + encoder.finish()


@given(CONTENT, st.sampled_from([0, 2, 20, 76, 990]), st.integers(1, 7))
@settings(max_examples=400)
def test_conversion_equals_the_reference(content: bytes, limit: int, size: int) -> None:
    expected = mime.downgrade(content, limit)
    assert encode(content, downgrade=True, line_length_limit=limit) == expected
    assert in_pieces(content, iter(lambda: size, None), line_length_limit=limit) == expected


@pytest.mark.parametrize("block", range(4))
def test_generated_messages_equal_the_reference_in_any_cut(block: int) -> None:
    chance = random.Random(block)
    for seed in range(block * 150, block * 150 + 150):
        content = messages.message(seed)
        if seed % 3 == 0:
            content = messages.mutate(content, chance)
        expected = mime.downgrade(content)
        assert encode(content, downgrade=True) == expected, seed
        assert in_pieces(content, iter(lambda: chance.choice([1, 2, 5, 40, 3000]), None)) == expected, seed
        assert encode(content) == lines.encode(content), seed


@given(CONTENT, st.booleans())
@settings(max_examples=300)
def test_nothing_on_the_wire_can_end_the_message_early(content: bytes, downgrade: bool) -> None:
    sent = encode(content, downgrade=downgrade)
    assert (b"\r\n" + sent).find(b"\r\n.\r\n") == len(sent) - 3
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n", sent)
    assert all(len(line) - line.startswith(b"..") <= 990 for line in sent.split(b"\r\n"))


# Boundaries that encoded text could spell: escapes, a soft break's "=", a blank at a line's end
SPELLABLE = [b"b", b"=3D", b"a=C3", b"x=20", b"=", b"--", b"y" * 71 + b"="]
PIECES = [
    b"\n--",
    b"\n--b",
    b"--b",
    b"--",
    b"=",
    b"\n--=",
    b"\n--a\xc3",
    b"\n--x \n",
    b"\n--" + b"y" * 71,
    b"a" * 73,
]


@given(
    st.sampled_from(SPELLABLE),
    st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=30)), max_size=20).map(b"".join),
)
@settings(max_examples=400)
def test_encoded_body_holds_no_new_boundary_and_decodes_to_itself(boundary: bytes, body: bytes) -> None:
    kept = [line for line in lines.normalise(body) if not line.startswith(b"--" + boundary)]
    head = b'Content-Type: multipart/mixed; boundary="' + boundary + b'"\n\n--' + boundary + b"\n" + LABEL
    sent = encode(head + b"".join(line + b"\n" for line in kept), downgrade=True)
    coded = sent.split(b"quoted-printable\r\n\r\n", 1)[1].split(b"\r\n")[:-2]
    plain = [line[1:] if line.startswith(b"..") else line for line in coded]
    assert not any(line.startswith(b"--" + boundary) for line in plain)
    assert all(len(line) <= 76 for line in plain)
    decoded = quopri.decodestring(b"".join(line + b"\n" for line in plain))
    assert decoded == b"".join(line + b"\n" for line in kept)


class TestScan:
    @pytest.mark.parametrize(
        ("content", "encoding"),
        [
            (b"", "7bit"),
            (b"A: b\n\ntext\n", "7bit"),
            ("A: b\n\né\n".encode(), "8bit"),
            (b"Content-Transfer-Encoding: 8bit\n\na\n", "8bit"),
            (b"Content-Transfer-Encoding:\n  BINARY \n\na\n", "8bit"),
            (b"Content-Transfer-Encoding: 8bit", "8bit"),
            (b"Content-Transfer-Encoding: 8bit\r", "8bit"),
            (b"Content-Transfer-Encoding: 8bit (x)\n\na\n", "7bit"),
            (b"A: b\n\nContent-Transfer-Encoding: 8bit\n", "7bit"),
            (b"Content-Type: message/rfc822\n\nContent-Transfer-Encoding: 8bit\n", "8bit"),
            (
                b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Transfer-Encoding: 8BIT\n\n",
                "8bit",
            ),
            (
                b"Content-Type: multipart/mixed; boundary=b\n\n--c\nContent-Transfer-Encoding: 8BIT\n\n",
                "7bit",
            ),
            (b"A: b\n\n" + b"a" * 100_000 + b"\xff", "8bit"),
            (b"A: b\n\n" + b"a\n" * 100_000, "7bit"),
        ],
    )
    def test_encoding_attribute(self, content: bytes, encoding: str) -> None:
        assert scan(content).encoding == encoding

    def test_encoding_attribute_of_generated_messages(self) -> None:
        chance = random.Random(3)
        seen = set()
        for seed in range(600):
            content = messages.mutate(messages.message(seed), chance)
            for each in (content, bytes(byte & 127 for byte in content)):
                assert scan(each).encoding == mime.encoding(each), seed
                seen.add((each.isascii(), scan(each).encoding))
        assert seen == {(True, "7bit"), (True, "8bit"), (False, "8bit")}

    @pytest.mark.parametrize("word", [b"8bit", b"8BIT", b"binary", b"BinarY"])
    def test_label_is_found_wherever_it_stands(self, word: bytes) -> None:
        for before in range(40):
            for behind in range(20):
                content = b"X: " + b"i" * before + b"\nContent-Transfer-Encoding: " + word + b"\n" * behind
                assert scan(content).encoding == "8bit"
                assert scan(content.replace(word, word[:-1] + b"x")).encoding == "7bit"

    @given(CONTENT)
    def test_size_is_that_of_the_wire_without_dots(self, content: bytes) -> None:
        normal = b"".join(line + b"\r\n" for line in lines.normalise(content))
        assert scan(content).size == len(normal)


class TestExplain:
    def test_each_change_is_told_with_its_line(self) -> None:
        content = (
            b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n"
            b"A: b\nContent-Transfer-Encoding: 8bit\n\n.dot \xe9\n"
            + b"x" * 80
            + b"\n.\n--b--\n"
            + b"y" * 991
            + b"\n"
            b"a\rb\n"
        )
        assert explain(content, downgrade=True) == [
            Note(6, "text/html labelled 8bit or binary: now quoted-printable"),
            Note(8, "starts with a dot: another one added"),
            Note(10, "starts with a dot: another one added"),
            Note(12, "longer than 990 bytes: broken"),
            Note(13, "a CR without its LF: sent as a space"),
        ]

    def test_nothing_is_told_of_a_message_that_passes(self) -> None:
        assert explain(b"A: b\n\ntext\n") == []

    @pytest.mark.parametrize("seed", range(40))
    def test_line_numbers_stay_right_across_conversion(self, seed: int) -> None:
        content = messages.message(seed).replace(b"\r\n", b"\n").replace(b"\r", b"")
        marked = content + (b"" if content.endswith(b"\n") or not content else b"\n") + b".mark"
        for limits in ({"line_length_limit": 50}, {"header_limit": 60}):
            assert explain(marked, downgrade=True, **limits)[-1] == Note(
                marked.count(b"\n") + 1, "starts with a dot: another one added"
            )


def test_streaming_gives_output_with_each_piece() -> None:
    encoder = Encoder(downgrade=True)
    head = encoder.feed(b"Content-Transfer-Encoding: 8bit\n\n")
    given_out = [len(encoder.feed(b"\xc3\xa9" * 5000 + b"\n")) for _ in range(50)]
    assert head.endswith(b"\r\n\r\n")
    assert min(given_out) > 30_000
    assert len(encoder.finish()) < 100


MULTIPART = b"Content-Type: multipart/mixed; boundary=b\n\n--b\n"


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (b"", b"X: y\n" * 10_000 + b"\n"),
        (b"\n", "ü".encode() * 30_000),
        (LABEL, "ü".encode() * 30_000),
        (LABEL, b"--b\n" * 10_000),
        (MULTIPART, b"--b\n" * 10_000),
        (MULTIPART + b"--b", b"x" * 50_000),
        (MULTIPART + b"--", b"\r" * 50_000),
        (MULTIPART + LABEL + b"--", b"-" * 50_000),
        (b"X: ", b"y" * 50_000),
        (b"X: ", b" y\n" * 10_000),
        (b"", b"x" * 50_000),
        (b"Content-Transfer-Encoding: 7bit\n", b"X: y\n" * 10_000),
        (b"Content-Type: multipart/mixed; boundary=", b"x" * 50_000),
    ],
)
def test_memory_is_bounded_by_the_piece_whatever_the_message(head: bytes, piece: bytes) -> None:
    """32 MiB of it; a leak of a byte in eight would show."""
    encoder = Encoder(downgrade=True)
    encoder.feed(head)
    for _ in range(20):
        encoder.feed(piece)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range((32 << 20) // len(piece)):
        encoder.feed(piece)
    encoder.finish()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 4096  # KiB


def test_one_encoder_takes_message_after_message_also_after_a_refused_one() -> None:
    level = b"Content-Type: multipart/mixed; boundary=%d-\n\n--%d-\n"
    deep = b"".join(level % (n, n) for n in range(4)) + b"Content-Transfer-Encoding: 8bit\n\n\xe9"
    encoder = Encoder(downgrade=True, nesting_limit=1)
    for seed in range(60):
        content = messages.message(seed)
        with pytest.raises(MimeError):
            encoder.encode(deep)
        try:
            expected = encode(content, downgrade=True, nesting_limit=1)
        except MimeError:
            continue
        assert encoder.encode(content) == expected
        assert encoder.feed(content) + encoder.finish() == expected


def test_long_lines_are_reported_once_the_message_ends() -> None:
    encoder = Encoder()
    encoder.feed(b"a" * 991)
    encoder.finish()
    assert encoder.broke_lines
    encoder.feed(b"a" * 990)
    encoder.finish()
    assert not encoder.broke_lines


def test_cuts_at_every_place_change_nothing() -> None:
    content = messages.message(7) + messages.message(11)
    whole = encode(content, downgrade=True)
    for cut in range(len(content)):
        encoder = Encoder(downgrade=True)
        sent = b"".join(encoder.feed(content[a:b]) for a, b in pairwise([0, cut, len(content)]))
        assert sent + encoder.finish() == whole
