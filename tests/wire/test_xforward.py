"""XFORWARD: where a message came from, told to peers that ask for it (spec: session, 10.1)."""

import pytest

from tests.support.memory_peer import HANGUP, Manner
from tests.support.world import World

WORDS = "XFORWARD NAME ADDR PROTO HELO SOURCE PORT IDENT"
ON = {"smtp_send_xforward_command": "yes"}
SINGLY = {"smtp_destination_recipient_limit": "1"}
EACH = ["XFORWARD SOURCE=LOCAL", "MAIL FROM:<s@x.example>"]


@pytest.mark.parametrize("offers", [(WORDS,), (WORDS, "PIPELINING"), ("xforward source",)])
def test_each_transaction_says_what_postfix_says_of_a_local_message(offers):
    seen = World(Manner(offers=offers)).run(["a@x.example", "b@x.example"], **ON, **SINGLY)
    said = [line for line in seen.commands if line.startswith(("XFORWARD", "MAIL"))]
    assert said == EACH * 2
    assert {outcome.status for outcome in seen.outcomes.values()} == {"sent"}


def test_command_waits_for_its_answer_where_pipelining_is_not_offered():
    seen = World(Manner(offers=(WORDS,), delay=1.0)).run(**ON)
    at = [round(moment - seen.began_at) for moment in seen.conversations[0].heard_at]
    assert at[:4] == [1, 2, 3, 4]


def test_command_travels_with_mail_where_pipelining_is_offered():
    seen = World(Manner(offers=(WORDS, "PIPELINING"), delay=1.0)).run(**ON)
    at = [round(moment - seen.began_at) for moment in seen.conversations[0].heard_at]
    assert at[:5] == [1, 2, 2, 2, 2]


@pytest.mark.parametrize("offers", [(), ("XFORWARD NAME ADDR",), ("XFORWARD",)])
def test_peer_that_asks_for_nothing_we_know_is_told_nothing(offers):
    assert "XFORWARD" not in World(Manner(offers=offers)).run(**ON).verbs


def test_nothing_is_told_where_it_is_switched_off():
    assert "XFORWARD" not in World(Manner(offers=(WORDS,))).run().verbs


@pytest.mark.parametrize("offers", [(WORDS,), (WORDS, "PIPELINING")])
def test_refusal_is_a_warning_and_the_message_is_delivered(offers):  # acceptance check 29
    seen = World(Manner(offers=offers, answers={"XFORWARD": "550 5.7.0 not you"})).run(**ON)
    assert seen.status() == "sent 2.0.0"
    assert (
        "warning: host 192.0.2.1[192.0.2.1] said: 550 5.7.0 not you "
        "(in reply to XFORWARD helo/protocol command)" in seen.log
    )


def test_stream_that_ends_there_is_a_failure_of_the_stream():
    seen = World(Manner(offers=(WORDS,), answers={"XFORWARD": HANGUP})).run(**ON)
    outcome = seen.outcomes["r@x.example"]
    assert (outcome.status, outcome.dsn) == ("deferred", "4.4.2")
    assert outcome.reply == (
        "lost connection with 192.0.2.1[192.0.2.1] while sending XFORWARD protocol/helo_name"
    )


def test_discarded_keyword_is_not_used():
    seen = World(Manner(offers=(WORDS,))).run(smtp_discard_ehlo_keywords="xforward", **ON)
    assert "XFORWARD" not in seen.verbs
