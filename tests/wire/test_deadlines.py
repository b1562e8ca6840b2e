"""Time limits: for a single wait, or with smtp_per_request_deadline for a whole request (spec: session, 13)."""

import pytest

from tests.support.memory_peer import SILENT, Manner
from tests.support.world import World

LONG = b"Subject: long\r\n\r\n" + b"0123456789\r\n" * 50_000  # 600,000 bytes
DEADLINE = {"smtp_per_request_deadline": "yes"}


def trickling(**settings):
    """Each reply byte takes half a second; a reply to MAIL some six."""
    return World(Manner(offers=(), trickle=0.5)).run(smtp_mail_timeout="2s", **settings)


def draining(rate, **settings):
    """The peer reads so many bytes of content a second."""
    return World(Manner(offers=(), drains=rate)).run(message=LONG, smtp_data_xfer_timeout="60s", **settings)


def test_reply_that_trickles_does_not_time_out():  # acceptance check 36
    assert trickling().status() == "sent 2.0.0"


def test_reply_that_trickles_times_out_with_a_deadline_a_request():
    seen = trickling(**DEADLINE)
    assert seen.status() == "deferred 4.4.2"
    reply = seen.outcomes["r@x.example"].reply
    assert reply == "conversation with 192.0.2.1[192.0.2.1] timed out while sending MAIL FROM"
    (conversation,) = seen.conversations
    assert conversation.closed_at - conversation.heard_at[1] == pytest.approx(2.0, abs=0.01)


def test_older_name_of_the_deadline_counts():
    assert trickling(smtp_per_record_deadline="yes").status() == "deferred 4.4.2"


def test_each_reply_of_a_group_has_its_own_deadline():
    seen = World(Manner(trickle=0.2)).run(
        smtp_mail_timeout="4s", smtp_rcpt_timeout="4s", smtp_data_init_timeout="4s", **DEADLINE
    )
    assert seen.status() == "sent 2.0.0"


@pytest.mark.parametrize("settings", [{}, DEADLINE], ids=["a wait", "a request"])
def test_content_that_flows_slowly_is_carried_to_its_end(settings):
    assert draining(20_000, **settings).status() == "sent 2.0.0"


def test_content_that_crawls_times_out_with_a_deadline_a_request():
    assert draining(1000).status() == "sent 2.0.0"
    seen = draining(1000, smtp_min_data_rate="2000", **DEADLINE)
    assert seen.status() == "deferred 4.4.2"
    reply = seen.outcomes["r@x.example"].reply
    assert reply == "conversation with 192.0.2.1[192.0.2.1] timed out while sending message body"
    assert seen.conversations[0].spent == pytest.approx(
        120, abs=2
    )  # 60 s, and half a second for each gone by


def test_content_at_the_least_rate_is_carried_to_its_end():
    assert draining(1000, smtp_min_data_rate="1000", **DEADLINE).status() == "sent 2.0.0"


@pytest.mark.parametrize("settings", [{}, DEADLINE], ids=["a wait", "a request"])
def test_content_that_stands_still_times_out(settings):
    seen = World(Manner(offers=(), stalls=True)).run(message=LONG, smtp_data_xfer_timeout="60s", **settings)
    assert seen.conversations[0].spent == 60.0


def test_silence_times_out_alike():
    for settings in ({}, DEADLINE):
        seen = World(Manner(offers=(), answers={"RCPT": SILENT})).run(smtp_rcpt_timeout="9s", **settings)
        assert seen.conversations[0].spent == 9.0
