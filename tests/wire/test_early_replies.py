"""A reply while content is on its way: a refusal is the answer to it, a success is none (spec: session, 11).

The content is larger than what two systems hold, so part of it is still with us, or with ours, when the reply comes.
"""

import pytest

from tests.support.delivery import deliver
from tests.support.peer import Peer

HELLO = "S: 220 mx ESMTP\nC: EHLO me.example\nS: 250-mx\nS: 250-PIPELINING\nS: 250 {}\n"
BY_DATA = HELLO.format("HELP") + (
    "C: MAIL FROM:<s@x.example>*\nC: RCPT TO:<r@y.example>\nC: DATA\nS: 250 ok\nS: 250 ok\nS: 354 go\n"
)
BY_BDAT = HELLO.format("CHUNKING") + (
    "C: MAIL FROM:<s@x.example>*\nC: RCPT TO:<r@y.example>\nS: 250 ok\nS: 250 ok\nC: BDAT *\n"
)
LARGE = b"Subject: x\r\n\r\n" + (b"x" * 60 + b"\r\n") * 400_000
BROKEN_OFF = "lost connection with 127.0.0.1[127.0.0.1] while sending message body"


@pytest.mark.parametrize("start", [BY_DATA, BY_BDAT], ids=["DATA", "BDAT"])
@pytest.mark.parametrize(
    "leaving", ["X: close", "X: wait 0.5\nX: close", "X: reset"], ids=["closes", "stays", "resets"]
)
@pytest.mark.parametrize(
    ("reply", "status", "reason"),
    [
        ("250 2.0.0 taken", "deferred", BROKEN_OFF),
        ("354 go on", "deferred", BROKEN_OFF),
        ("552 5.3.4 too big", "bounced", "552 5.3.4 too big (in reply to end of DATA command)"),
        ("452 4.3.1 no room", "deferred", "452 4.3.1 no room (in reply to end of DATA command)"),
    ],
)
def test_reply_in_mid_content(start: str, leaving: str, reply: str, status: str, reason: str) -> None:
    with Peer(f"{start}X: wait 0.1\nS: {reply}\nX: wait 0.1\n{leaving}") as peer:
        outcome = deliver(["r@y.example"], peer, message=LARGE)["r@y.example"]
    assert outcome.status == status
    assert outcome.reply.endswith(reason)


@pytest.mark.parametrize("start", [BY_DATA, BY_BDAT], ids=["DATA", "BDAT"])
def test_peer_that_leaves_in_mid_content_did_not_get_the_message(start: str) -> None:
    with Peer(f"{start}X: wait 0.1\nX: close") as peer:
        outcome = deliver(["r@y.example"], peer, message=LARGE)["r@y.example"]
    assert (outcome.status, outcome.dsn, outcome.reply) == ("deferred", "4.4.2", BROKEN_OFF)
