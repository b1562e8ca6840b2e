"""What content comes to in whole deliveries: the log of broken lines, conversion by what the peer offers, repair."""

from pathlib import Path

import pytest

from tests.support.delivery import deliver
from tests.support.peer import Peer

END = (
    "C: MAIL FROM:<s@x.example>*\nC: RCPT TO:<r@y.example>\nC: DATA\n"
    "S: 250 ok\nS: 250 ok\nS: 354 go\nC: (message)\nC: QUIT\nS: 250 2.0.0 taken\nS: 221 bye"
)
HELLO = "S: 220 mx ESMTP\nC: EHLO me.example\nS: 250-mx\nS: 250 PIPELINING\n"
EIGHT = HELLO.replace("S: 250-mx\n", "S: 250-mx\nS: 250-8BITMIME\n")
LABELLED = "Content-Transfer-Encoding: 8bit\n\né\n".encode()
CONVERTED = b"Content-Transfer-Encoding: quoted-printable\r\n\r\n=C3=A9\r\n.\r\n"
AS_IT_IS = LABELLED.replace(b"\n", b"\r\n") + b".\r\n"


def sent(hello: str, message: bytes, log: Path | None = None, **settings: str) -> bytes:
    with Peer(hello + END) as peer:
        assert (
            deliver(["r@y.example"], peer, log=log, message=message, **settings)["r@y.example"].status
            == "sent"
        )
    (content,) = peer.conversations[0].messages
    return content


@pytest.mark.parametrize(("lines", "told"), [([b"x" * 20] * 9, 0), ([b"x" * 21] * 9, 1), ([], 0)])
def test_breaking_is_logged_once_for_each_request(lines: list[bytes], told: int, tmp_path: Path) -> None:
    log = tmp_path / "log"
    sent(EIGHT, b"\n" + b"\n".join(lines), log, smtp_line_length_limit="20")
    found = [
        line for line in log.read_text().splitlines() if "breaking line > 20 bytes with <CR><LF>SPACE" in line
    ]
    assert len(found) == told


@pytest.mark.parametrize(
    ("hello", "settings", "content"),
    [
        (EIGHT, {}, AS_IT_IS),
        (HELLO, {}, CONVERTED),
        (EIGHT, {"smtp_discard_ehlo_keywords": "8bitmime"}, CONVERTED),
        (HELLO, {"disable_mime_output_conversion": "yes"}, AS_IT_IS),
        (EIGHT, {"force_mime_output_conversion": "yes"}, AS_IT_IS),
    ],
)
def test_peer_decides_on_conversion(hello: str, settings: dict[str, str], content: bytes) -> None:
    assert sent(hello, LABELLED, **settings) == content


def test_unlabelled_text_is_sent_as_it_is_unless_repair_is_asked_for() -> None:
    message = "Subject: é\n\né\n".encode()
    assert sent(HELLO, message) == message.replace(b"\n", b"\r\n") + b".\r\n"
    assert sent(HELLO, message, force_mime_output_conversion="yes") == (
        b"Subject: =?utf-8?b?w6k=?=\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
        + CONVERTED
    )


NESTED = (
    b"".join(b"Content-Type: multipart/mixed; boundary=b%dx\n\n--b%dx\n" % (n, n) for n in range(4))
    + LABELLED
)


def test_message_nested_too_deeply_bounces_and_nothing_is_sent() -> None:
    with Peer(HELLO + "C: QUIT\nS: 221 bye") as peer:
        outcome = deliver(["r@y.example"], peer, message=NESTED, mime_nesting_limit="1")["r@y.example"]
    assert (outcome.status, outcome.dsn) == ("bounced", "5.6.0")
    assert outcome.reply == "MIME nesting exceeds safety limit"


def test_message_nested_too_deeply_goes_to_an_8bit_peer() -> None:
    assert sent(EIGHT, NESTED, mime_nesting_limit="1").endswith(AS_IT_IS)
