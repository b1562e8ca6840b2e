"""force_mime_output_conversion: nothing above 127 reaches a 7bit peer, labelled or not."""

import email
import email.policy
import random
import resource

import pytest
from hypothesis import given, settings

from fastsmtp.wire.encoder import Encoder, Note, encode, explain
from tests.support import messages
from tests.unit.wire.test_encoder import CONTENT

QP = "Content-Transfer-Encoding: quoted-printable\r\n"
HELD_LIMIT = 65536


def repaired(text: str) -> str:
    return encode(text.encode("utf-8", "surrogateescape"), downgrade=True, repair=True).decode("ascii")


def in_pieces(content: bytes, chance: random.Random) -> bytes:
    encoder = Encoder(downgrade=True, repair=True)
    output, at = [], 0
    while at < len(content):
        size = chance.choice([1, 1, 2, 5, 40, 3000])
        output.append(encoder.feed(content[at : at + size]))
        at += size
    return b"".join(output) + encoder.finish()


@given(CONTENT)
@settings(max_examples=400)
def test_no_output_byte_is_above_127(content: bytes) -> None:
    sent = encode(content, downgrade=True, repair=True)
    assert sent.isascii()
    assert (b"\r\n" + sent).find(b"\r\n.\r\n") == len(sent) - 3
    assert in_pieces(content, random.Random(len(content))) == sent


@pytest.mark.parametrize("block", range(4))
def test_generated_messages_come_out_7bit_and_the_same_in_any_cut(block: int) -> None:
    chance = random.Random(block)
    for seed in range(block * 150, block * 150 + 150):
        content = messages.message(seed)
        if seed % 2:
            content = messages.mutate(content, chance)
        sent = encode(content, downgrade=True, repair=True)
        assert sent.isascii(), seed
        assert in_pieces(content, chance) == sent, seed


def test_message_that_is_7bit_is_not_changed() -> None:
    for seed in range(300):
        content = bytes(byte & 127 for byte in messages.message(seed))
        if b"8bit" not in content.lower() and b"binary" not in content.lower() and len(content) < HELD_LIMIT:
            assert encode(content, downgrade=True, repair=True) == encode(content, downgrade=True), seed


def test_text_without_label_gets_all_that_it_needs() -> None:
    assert repaired("Subject: x\n\nhé\n") == (
        "Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
        + QP
        + "\r\nh=C3=A9\r\n.\r\n"
    )


def test_charset_that_is_not_known_is_called_so() -> None:
    assert "charset=unknown-8bit\r\n" in repaired("\nh\udce9\n")
    assert "charset=unknown-8bit\r\n" in repaired("\nhé\n" + "x" * 90 + "\n\udce9\n")


def test_7bit_label_is_replaced_and_a_type_kept() -> None:
    head = "MIME-Version: 1.0\nContent-Transfer-Encoding: 7bit\nContent-Type: text/html; charset=latin1\n"
    assert repaired(head + "\n\udce9\n") == (
        "MIME-Version: 1.0\r\nContent-Type: text/html; charset=latin1\r\n" + QP + "\r\n=E9\r\n.\r\n"
    )


def test_each_part_is_judged_for_itself() -> None:
    content = (
        "Content-Type: multipart/mixed; boundary=b\n\npré\n--b\n\nascii\n--b\n\né\n"
        "--b\nContent-Transfer-Encoding: base64\n\nYQ==é\n--b\n"
        "Content-Transfer-Encoding: quoted-printable\n\n=41é\n"
        "--b\nContent-Transfer-Encoding: x-y\n\né\n--b--\népi\n"
    )
    assert repaired(content) == (
        "Content-Type: multipart/mixed; boundary=b\r\n\r\npr??\r\n--b\r\n\r\nascii\r\n--b\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n" + QP + "\r\n=C3=A9\r\n"
        "--b\r\nContent-Transfer-Encoding: base64\r\n\r\nYQ==??\r\n--b\r\n" + QP + "\r\n=41=C3=A9\r\n"
        "--b\r\nContent-Transfer-Encoding: x-y\r\n\r\n??\r\n--b--\r\n??pi\r\n.\r\n"
    )


def test_boundary_stays_one_though_its_bytes_change() -> None:
    content = 'Content-Type: multipart/mixed; boundary="bé"\n\n--bé\n\né\n--bé--\n'
    parsed = email.message_from_bytes(repaired(content).encode(), policy=email.policy.default)
    (part,) = parsed.iter_parts()
    assert part.get_content().strip() == "é"  # type: ignore[attr-defined]


def test_embedded_message_is_repaired_too() -> None:
    sent = repaired("Content-Type: message/rfc822\n\nSubject: é\n\né\n")
    assert sent.startswith(
        "Content-Type: message/rfc822\r\n\r\nSubject: =?utf-8?b?w6k=?=\r\nMIME-Version: 1.0\r\n"
    )


def test_header_block_that_ends_in_text_is_repaired() -> None:
    assert repaired("A: b\nhé\n").endswith(QP + "\r\nh=C3=A9\r\n.\r\n")


@pytest.mark.parametrize("size", [HELD_LIMIT - 3, HELD_LIMIT - 2, HELD_LIMIT - 1, HELD_LIMIT, HELD_LIMIT + 1])
def test_text_too_long_to_tell_is_encoded_in_any_cut(size: int) -> None:
    content = b"A: b\n\n" + b"x" * (size - 1) + b"\n" + "é\n".encode()
    sent = encode(content, downgrade=True, repair=True)
    assert QP.encode() in sent
    assert in_pieces(content, random.Random(1)) == sent


def test_parts_as_small_as_can_be_cost_no_stack() -> None:
    content = b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 50_000
    assert encode(content, downgrade=True, repair=True) == encode(content, downgrade=True)
    encoder = Encoder(downgrade=True, repair=True)
    pieces = [encoder.feed(content[at : at + 7]) for at in range(0, len(content), 7)]
    assert b"".join(pieces) + encoder.finish() == encode(content)


def test_memory_is_bounded() -> None:
    encoder = Encoder(downgrade=True, repair=True)
    encoder.feed(b"A: b\n\n")
    piece = b"plain text\n" * 6000
    for _ in range(20):
        encoder.feed(piece)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range((32 << 20) // len(piece)):
        encoder.feed(piece)
    encoder.finish()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 4096  # KiB


def test_explain_tells_of_it() -> None:
    content = "Subject: é\nContent-Transfer-Encoding: 7bit\n\né\n.\n".encode()
    assert explain(content, downgrade=True, repair=True) == [
        Note(1, "Subject: bytes above 127, now in ASCII"),
        Note(2, "text/plain not labelled for bytes above 127: now quoted-printable"),
        Note(5, "starts with a dot: another one added"),
    ]
    assert explain(b"Content-Type: multipart/mixed; boundary=b\n\n\xe9\n", downgrade=True, repair=True) == [
        Note(3, "a byte above 127 that no label can allow: sent as ?")
    ]
