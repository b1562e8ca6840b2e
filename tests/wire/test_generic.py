"""smtp_generic_maps in a whole delivery: envelope, headers, ORCPT, log, and a table without an answer."""

from pathlib import Path

import pytest

from tests.support.delivery import deliver
from tests.support.peer import Peer

ONE = ["joe@int.test"]
TABLE = "inline:{joe@int.test=joe.out@pub.example, s@x.example=list@pub.example}"
MESSAGE = b"From: s@x.example\nTo: Joe <joe@int.test>\nX-Copy: joe@int.test\n\njoe@int.test\n"
HELLO = "S: 220 mx ESMTP\nC: EHLO me.example\nS: 250-mx\nS: 250-8BITMIME\nS: 250-DSN\nS: 250 PIPELINING\n"
END = "S: 250 ok\nS: 250 ok\nS: 354 go\nC: (message)\nC: QUIT\nS: 250 2.0.0 taken\nS: 221 bye"
REPLACED = (
    "C: MAIL FROM:<list@pub.example>*\nC: RCPT TO:<joe.out@pub.example> ORCPT=rfc822;joe@int.test\nC: DATA\n"
)


def test_what_goes_out_is_replaced_and_what_is_reported_is_not(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with Peer(HELLO + REPLACED + END) as peer:
        outcomes = deliver(ONE, peer, log=log, message=MESSAGE, smtp_generic_maps=TABLE)
    assert outcomes["joe@int.test"].status == "sent"
    assert outcomes["joe@int.test"].sender == "s@x.example"
    assert "to=<joe@int.test>" in log.read_text()
    (content,) = peer.conversations[0].messages
    assert content == (
        b"From: list@pub.example\r\nTo: Joe <joe.out@pub.example>\r\nX-Copy: joe@int.test\r\n\r\njoe@int.test\r\n.\r\n"
    )


def test_8bit_peer_gets_8bit_parts_as_they_are() -> None:
    message = "To: joe@int.test\nContent-Transfer-Encoding: 8bit\n\né\n".encode()
    with Peer(HELLO + REPLACED + END) as peer:
        deliver(ONE, peer, message=message, smtp_generic_maps=TABLE)
    assert peer.conversations[0].messages == [
        "To: joe.out@pub.example\r\nContent-Transfer-Encoding: 8bit\r\n\r\né\r\n.\r\n".encode()
    ]


def test_7bit_peer_gets_them_converted() -> None:
    message = "To: joe@int.test\nContent-Transfer-Encoding: 8bit\n\né\n".encode()
    with Peer(HELLO.replace("S: 250-8BITMIME\n", "") + REPLACED + END) as peer:
        deliver(ONE, peer, message=message, smtp_generic_maps=TABLE)
    assert peer.conversations[0].messages == [
        b"To: joe.out@pub.example\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=C3=A9\r\n.\r\n"
    ]


@pytest.mark.parametrize("table", ["fail:x", "texthash:/nonexistent/generic", "inline:{{joe@int.test = <}}"])
def test_table_without_an_answer_defers_and_nothing_is_sent(table: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with Peer("S: 220 mx ESMTP\nC: EHLO me.example\nS: 250 mx\nC: QUIT\nS: 221 bye") as peer:
        outcomes = deliver(ONE, peer, log=log, smtp_generic_maps=table)
    outcome = outcomes["joe@int.test"]
    assert (outcome.status, outcome.dsn, outcome.relay) == ("deferred", "4.3.0", "none")
    assert "smtp_generic_maps" in outcome.reply
    assert not any(command.startswith("MAIL") for command in peer.conversations[0].commands)
