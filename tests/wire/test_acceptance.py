"""Acceptance checks of the session's specification that no other file has, by their numbers there.

| checks | are in |
| --- | --- |
| 1 to 3, 9, 25, 35 to 37 | this file |
| 4 to 8, 10 to 14 | test_introduction.py |
| 15 to 24, 32 to 34 | test_engine.py, test_scenarios.py |
| 26 | test_asking.py, test_starttls.py |
| 27 | test_starttls.py |
| 28 | test_tls_sharing.py |
| 29 | test_xforward.py |
| 30, 31 | test_envelope.py |
"""

import pytest

from tests.support.memory_peer import Manner
from tests.support.world import World

A, B = "192.0.2.1", "192.0.2.2"
TWO = {"relayhost": f"[{A}], [{B}]"}
GOOD = Manner()


def two(first, second=GOOD, **settings):
    """A message for two hosts in a row: what was seen, and the addresses that were connected to."""
    seen = World(peers={A: first, B: second}).run(**(TWO | settings))
    return seen, [conversation.host for conversation in seen.conversations]


def test_1_host_whose_greeting_is_4xx_is_left_for_the_next_one():
    seen, hosts = two(Manner(greeting="421 4.3.2 busy"))
    assert hosts == [A, B]
    assert seen.conversations[0].commands == ["QUIT"]
    assert seen.status() == "sent 2.0.0"
    assert f"host {A}[{A}] refused to talk to me: 421 4.3.2 busy" in seen.log


def test_2_5xx_greeting_defers_or_bounces_as_the_switch_says():
    refusing = Manner(greeting="554 5.7.1 x")
    assert World(refusing).run().status() == "deferred 4.7.1"
    seen, hosts = two(refusing, smtp_skip_5xx_greeting="no")
    assert seen.status() == "bounced 5.7.1"
    assert hosts == [A]


def test_3_greeting_of_another_class_bounces():
    seen, hosts = two(Manner(greeting="354 x"))
    assert seen.status() == "bounced 5.5.0"
    assert hosts == [A]


def test_9_ehlo_and_helo_refused_bounce():
    seen, hosts = two(Manner(answers={"EHLO": "550 no", "HELO": "550 no"}))
    assert seen.status() == "bounced 5.0.0"
    assert seen.verbs == ["EHLO", "HELO", "QUIT"]
    assert hosts == [A]


def test_25_message_over_the_size_limit_bounces_on_each_session():
    addresses = ["a@x.example", "b@x.example"]
    seen = World(peers={A: Manner(offers=("SIZE 20",)), B: GOOD}).run(
        addresses, smtp_destination_recipient_limit="1", **TWO
    )
    for address in addresses:
        assert seen.status(address) == "bounced 5.3.4"
        text = f"message size 25 exceeds size limit 20 of server {A}[{A}]"
        assert seen.outcomes[address].reply == text
    assert seen.verbs == ["EHLO", "QUIT"], "one session, its limit kept, and QUIT at its end"
    assert [conversation.host for conversation in seen.conversations] == [A]


def test_25_limit_is_kept_with_a_session_that_has_carried_mail():
    small, large = b"Subject: x\r\n\r\nx\r\n", b"Subject: x\r\n\r\n" + b"x" * 70 + b"\r\n"
    manner = Manner(offers=("SIZE 40",))
    assert World(manner).run(message=small).status() == "sent 2.0.0"
    assert World(manner).run(message=large).status() == "bounced 5.3.4"


def test_35_delivery_does_not_wait_for_the_answer_to_quit():
    seen = World(Manner(answers={"QUIT": "(silent)"})).run()
    assert seen.status() == "sent 2.0.0"
    assert seen.conversations[0].spent == 0.0


def test_36_trickled_replies_do_not_time_out():
    seen = World(Manner(offers=(), trickle=0.5)).run(smtp_mail_timeout="2s", smtp_helo_timeout="2s")
    assert seen.status() == "sent 2.0.0"
    assert seen.conversations[0].spent > 30


def test_37_connection_refused_after_a_4xx_defers_with_that_reason_and_does_not_throttle():
    peers = {A: Manner(answers={"RCPT": "450 4.2.0 later"}), B: Manner(absent=True)}
    addresses = ["a@x.example", "b@x.example", "c@x.example"]
    seen = World(peers=peers).run(addresses, smtp_destination_recipient_limit="1", **TWO)
    for address in addresses:
        outcome = seen.outcomes[address]
        assert (outcome.status, outcome.dsn) == ("deferred", "4.4.1")
        assert outcome.reply == f"connect to {B}[{B}]:25: Connection refused"
    assert "said: 450 4.2.0 later (in reply to RCPT TO command)" in seen.log
    assert "suspended" not in seen.log


@pytest.mark.parametrize("greeting", ["554 5.7.1 x", "421 x"])
def test_host_that_refuses_costs_no_session_of_the_limit(greeting):
    seen, hosts = two(Manner(greeting=greeting), smtp_mx_session_limit="1")
    assert hosts == [A, B]
    assert seen.status() == "sent 2.0.0"
