"""delivery_guarantee: who may have got a message is tried again, or never again, as it says."""

import pytest

from fastsmtp.spool.null import NullSpool
from tests.support.delivery import deliver
from tests.support.dialogue import BYTEWISE, WHOLE
from tests.support.memory_peer import HANGUP, Manner
from tests.support.peer import Peer
from tests.support.world import World

HELLO = "S: 220 mx ESMTP\nC: EHLO me.example\nS: 250-mx\nS: 250 PIPELINING\n"
ENVELOPE = "C: MAIL FROM:<s@x.example>\nC: RCPT TO:<r@y.example>\nC: DATA\n"
ACCEPTED = HELLO + ENVELOPE + "S: 250 ok\nS: 250 ok\nS: 354 go\n"
CLOSED_AFTER_END = ACCEPTED + "C: (message)\nX: close"
GOOD = ACCEPTED + "C: (message)\nC: QUIT\nS: 250 2.0.0 taken\nS: 221 bye"
ONE = ["r@y.example"]
ONCE = {"delivery_guarantee": "at_most_once"}


def fate(outcomes, address="r@y.example"):
    outcome = outcomes[address]
    return outcome.status, outcome.dsn, outcome.reply


@pytest.fixture
def ahead(monkeypatch):
    """What was written ahead: (status, address), as it came to the spool."""
    found = []
    append = NullSpool.append

    def noted(self, outcomes, rows=()):
        found.extend((row.status, row.recipient.address) for row in rows)
        append(self, outcomes, rows)

    monkeypatch.setattr(NullSpool, "append", noted)
    return found


@pytest.mark.parametrize("cut", [WHOLE, BYTEWISE])
def test_answer_that_comes_is_the_outcome_at_most_once_too(ahead, cut):
    with Peer(GOOD, cut=cut) as peer:
        outcomes = deliver(ONE, peer, **ONCE)
    assert fate(outcomes) == ("sent", "2.0.0", "250 2.0.0 taken")
    assert ahead == [("unknown", "r@y.example")]


def test_recipients_are_on_record_before_the_content_leaves(monkeypatch):
    append = NullSpool.append
    arrived = []

    def noted(self, outcomes, rows=()):
        if rows:
            arrived.append(bytes(peer.conversations[0].received))
        append(self, outcomes, rows)

    monkeypatch.setattr(NullSpool, "append", noted)
    with Peer(GOOD) as peer:
        deliver(ONE, peer, **ONCE)
    (before,) = arrived
    assert before.endswith(b"DATA\r\n")


def test_lost_answer_leaves_the_recipient_unknown_at_most_once():
    with Peer(CLOSED_AFTER_END) as first, Peer("X: close") as second:
        outcomes = deliver(ONE, first, second, **ONCE)
    assert fate(outcomes) == (
        "unknown",
        "4.4.2",
        "lost connection with 127.0.0.1[127.0.0.1] while sending end of data -- "
        "message may have been delivered, and is not sent again",
    )
    assert second.conversations == []


def test_lost_answer_is_tried_again_at_least_once():
    with Peer(CLOSED_AFTER_END) as first, Peer(GOOD) as second:
        outcomes = deliver(ONE, first, second)
    assert fate(outcomes)[0] == "sent"


def test_answer_that_takes_too_long_leaves_the_recipient_unknown_at_most_once():
    with Peer(ACCEPTED + "C: (message)\nC: QUIT\nX: wait 3") as peer:
        outcomes = deliver(ONE, peer, smtp_data_done_timeout="1s", **ONCE)
    status, _, reply = fate(outcomes)
    assert status == "unknown"
    assert reply.startswith("conversation with 127.0.0.1[127.0.0.1] timed out while sending end of data")


def test_refused_recipient_is_never_unknown(ahead):
    script = (
        HELLO
        + "C: MAIL FROM:<s@x.example>\nC: RCPT TO:<a@y.example>\nC: RCPT TO:<b@y.example>\nC: DATA\n"
        + "S: 250 ok\nS: 550 5.1.1 who\nS: 250 ok\nS: 354 go\nC: (message)\nX: close"
    )
    with Peer(script) as peer:
        outcomes = deliver(["a@y.example", "b@y.example"], peer, **ONCE)
    assert fate(outcomes, "a@y.example")[0] == "bounced"
    assert fate(outcomes, "b@y.example")[0] == "unknown"
    assert ahead == [("unknown", "b@y.example")]


def test_stream_lost_before_the_end_of_data_is_no_doubt():
    script = HELLO + ENVELOPE + "S: 250 ok\nS: 250 ok\nX: close"
    with Peer(script) as first, Peer(GOOD) as second:
        outcomes = deliver(ONE, first, second, **ONCE)
    assert fate(outcomes)[0] == "sent"


def test_content_that_did_not_all_leave_is_no_doubt():
    message = b"Subject: large\r\n\r\n" + b"x" * 70 + b"\r\n"
    message += (b"y" * 70 + b"\r\n") * 200_000
    with Peer(ACCEPTED + "X: wait 0.3\nX: reset") as first, Peer(GOOD) as second:
        outcomes = deliver(ONE, first, second, message=message, **ONCE)
    assert fate(outcomes)[0] == "sent"


def test_message_that_was_not_taken_goes_to_the_next_host_and_is_no_longer_unknown(ahead):
    refused = ACCEPTED + "C: (message)\nC: QUIT\nS: 451 4.3.0 later\nS: 221 bye"
    with Peer(refused) as first, Peer(GOOD) as second:
        outcomes = deliver(ONE, first, second, **ONCE)
    assert fate(outcomes)[0] == "sent"
    assert ahead == [("unknown", "r@y.example"), ("deferred", "r@y.example"), ("unknown", "r@y.example")]


# By BDAT: nothing tells when the content leaves, so recipients are on record before anything of the message does

CHUNKING = ("PIPELINING", "CHUNKING", "8BITMIME")


def test_message_by_bdat_is_on_record_before_it_leaves(monkeypatch):
    append = NullSpool.append
    heard = []

    def noted(self, outcomes, rows=()):
        if rows:
            heard.append(list(world._seen.conversations[0].commands))
        append(self, outcomes, rows)

    monkeypatch.setattr(NullSpool, "append", noted)
    world = World(Manner(offers=CHUNKING))
    seen = world.run(**ONCE)
    assert seen.status() == "sent 2.0.0"
    assert heard == [["EHLO me.example"]]


def test_bdat_without_an_answer_leaves_the_recipient_unknown(ahead):
    seen = World(Manner(offers=CHUNKING, answers={"BDAT": HANGUP})).run(**ONCE)
    assert seen.status() == "unknown 4.4.2"
    assert ahead == [("unknown", "r@x.example")]


def test_recipient_refused_before_bdat_is_not_unknown(ahead):
    seen = World(Manner(offers=CHUNKING, answers={"RCPT": "550 5.1.1 who", "BDAT": "503 5.5.1 no"})).run(
        **ONCE
    )
    assert seen.status() == "bounced 5.1.1"
    assert ahead == [("unknown", "r@x.example")]


def test_message_by_bdat_that_goes_elsewhere_is_no_longer_unknown(ahead):
    peers = {
        "192.0.2.1": Manner(offers=CHUNKING, answers={"BDAT": "451 4.3.0 later"}),
        "192.0.2.2": Manner(),
    }
    seen = World(peers=peers).run(relayhost="[192.0.2.1], [192.0.2.2]", **ONCE)
    assert seen.status() == "sent 2.0.0"
    assert [status for status, _ in ahead] == ["unknown", "deferred", "unknown"]
