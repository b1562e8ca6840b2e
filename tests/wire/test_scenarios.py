"""What each recipient gets when a peer refuses, leaves or talks nonsense, at every stage (spec: session, 3 and 12)."""

import pytest

from fastsmtp.delivery import entry
from tests.support.delivery import deliver
from tests.support.dialogue import BYTEWISE, RANDOM, WHOLE
from tests.support.peer import Peer

HELLO = "S: 220 mx ESMTP\nC: EHLO me.example\nS: 250-mx\nS: 250 PIPELINING\n"
PLAIN = "S: 220 mx ESMTP\nC: EHLO me.example\nS: 250 mx\n"
ENVELOPE = "C: MAIL FROM:<s@x.example>\nC: RCPT TO:<r@y.example>\nC: DATA\n"
GOOD = (
    HELLO
    + ENVELOPE
    + "S: 250 ok\nS: 250 ok\nS: 354 go\nC: (message)\nC: QUIT\nS: 250 2.0.0 taken\nS: 221 bye"
)
ONE = ["r@y.example"]


def fate(outcomes, address="r@y.example"):
    outcome = outcomes[address]
    return outcome.status, outcome.dsn, outcome.reply


@pytest.mark.parametrize("cut", [WHOLE, BYTEWISE, RANDOM])
def test_accepted_message_is_sent(cut):
    with Peer(GOOD, cut=cut) as peer:
        outcomes = deliver(ONE, peer)
    assert fate(outcomes) == ("sent", "2.0.0", "250 2.0.0 taken")
    assert peer.conversations[0].messages == [b"Subject: hello\r\n\r\nhello\r\n.\r\n"]
    assert outcomes["r@y.example"].relay == f"127.0.0.1[127.0.0.1]:{peer.port}"


REFUSALS = [
    # name, dialogue, status, dsn, part of the reason
    (
        "greeting 4xx",
        "S: 421 4.3.2 busy\nC: QUIT",
        "deferred",
        "4.3.2",
        "refused to talk to me: 421 4.3.2 busy",
    ),
    ("greeting 5xx", "S: 554 5.7.1 no\nC: QUIT", "deferred", "4.7.1", "refused to talk to me: 554 5.7.1 no"),
    ("greeting 3xx", "S: 354 what\nC: QUIT", "bounced", "5.5.0", "refused to talk to me: 354 what"),
    (
        "EHLO 421",
        "S: 220 mx\nC: EHLO *\nS: 421 busy\nC: QUIT",
        "deferred",
        "4.0.0",
        "refused to talk to me: 421 busy",
    ),
    (
        "EHLO and HELO 5xx",
        "S: 220 mx\nC: EHLO *\nS: 550 no\nC: HELO *\nS: 550 no\nC: QUIT",
        "bounced",
        "5.0.0",
        "refused to talk to me: 550 no",
    ),
    (
        "HELO 4xx",
        "S: 220 mx\nC: EHLO *\nS: 502 no\nC: HELO *\nS: 450 4.7.0 no\nC: QUIT",
        "deferred",
        "4.7.0",
        "450 4.7.0 no",
    ),
    (
        "MAIL 5xx",
        PLAIN + "C: MAIL*\nS: 550 5.7.1 no\nC: RSET\nS: 250 ok\nC: QUIT",
        "bounced",
        "5.7.1",
        "(in reply to MAIL FROM command)",
    ),
    (
        "MAIL 4xx",
        PLAIN + "C: MAIL*\nS: 451 4.3.0 no\nC: RSET\nS: 250 ok\nC: QUIT",
        "deferred",
        "4.3.0",
        "(in reply to MAIL FROM command)",
    ),
    (
        "RCPT 5xx",
        PLAIN + "C: MAIL*\nS: 250 ok\nC: RCPT*\nS: 550 5.1.1 who\nC: RSET\nS: 250 ok\nC: QUIT",
        "bounced",
        "5.1.1",
        "said: 550 5.1.1 who (in reply to RCPT TO command)",
    ),
    (
        "RCPT 4xx",
        PLAIN + "C: MAIL*\nS: 250 ok\nC: RCPT*\nS: 450 4.2.0 later\nC: RSET\nS: 250 ok\nC: QUIT",
        "deferred",
        "4.2.0",
        "(in reply to RCPT TO command)",
    ),
    (
        "RCPT 552",
        PLAIN + "C: MAIL*\nS: 250 ok\nC: RCPT*\nS: 552 full\nC: RSET\nS: 250 ok\nC: QUIT",
        "bounced",
        "5.0.0",
        "552 full",
    ),
    (
        "DATA 5xx",
        HELLO + ENVELOPE + "S: 250 ok\nS: 250 ok\nS: 554 5.5.1 no\nC: RSET\nC: QUIT",
        "bounced",
        "5.5.1",
        "(in reply to DATA command)",
    ),
    (
        "DATA 2xx",
        HELLO + ENVELOPE + "S: 250 ok\nS: 250 ok\nS: 250 ok\nC: RSET\nC: QUIT",
        "bounced",
        "5.5.0",
        "Protocol error: host",
    ),
    (
        "end 5xx",
        HELLO
        + ENVELOPE
        + "S: 250 ok\nS: 250 ok\nS: 354 go\nC: (message)\nC: QUIT\nS: 550 5.7.0 spam\nS: 221 bye",
        "bounced",
        "5.7.0",
        "(in reply to end of DATA command)",
    ),
    (
        "end 4xx",
        HELLO
        + ENVELOPE
        + "S: 250 ok\nS: 250 ok\nS: 354 go\nC: (message)\nC: QUIT\nS: 451 4.7.1 grey\nS: 221 bye",
        "deferred",
        "4.7.1",
        "(in reply to end of DATA command)",
    ),
    (
        "multi-line end",
        HELLO
        + ENVELOPE
        + "S: 250 ok\nS: 250 ok\nS: 354 go\nC: (message)\nC: QUIT\nS: 550-5.7.0 read\nS: 550 5.7.2 this\nS: 221 bye",
        "bounced",
        "5.7.2",
        "550-5.7.0 read 550 5.7.2 this",
    ),
    (
        "221 for an end",
        HELLO + ENVELOPE + "S: 250 ok\nS: 250 ok\nS: 354 go\nC: (message)\nC: QUIT\nS: 221 bye",
        "deferred",
        "4.4.2",
        "message may be sent more than once",
    ),
]


@pytest.mark.parametrize(
    ("name", "dialogue", "status", "dsn", "reason"), REFUSALS, ids=[row[0] for row in REFUSALS]
)
@pytest.mark.parametrize("cut", [WHOLE, BYTEWISE])
def test_refusal_gives_status_and_dsn(name, dialogue, status, dsn, reason, cut):  # noqa: PLR0917
    with Peer(dialogue, cut=cut) as peer:
        found = fate(deliver(ONE, peer))
    assert found[:2] == (status, dsn)
    assert reason in found[2]


DISCONNECTS = [
    ("before the greeting", "X: close", "receiving the initial server greeting"),
    ("in the greeting", "S= 22\nX: close", "receiving the initial server greeting"),
    ("after EHLO", "S: 220 mx\nC: EHLO *\nX: close", "performing the EHLO handshake"),
    ("in the EHLO reply", "S: 220 mx\nC: EHLO *\nS: 250-mx\nX: close", "performing the EHLO handshake"),
    ("after MAIL", PLAIN + "C: MAIL*\nX: close", "sending MAIL FROM"),
    ("after RCPT", PLAIN + "C: MAIL*\nS: 250 ok\nC: RCPT*\nX: close", "sending RCPT TO"),
    (
        "after DATA",
        PLAIN + "C: MAIL*\nS: 250 ok\nC: RCPT*\nS: 250 ok\nC: DATA\nX: close",
        "sending DATA command",
    ),
    ("after the group", HELLO + ENVELOPE + "S: 250 ok\nX: close", "sending RCPT TO"),
    (
        "after the message",
        HELLO + ENVELOPE + "S: 250 ok\nS: 250 ok\nS: 354 go\nC: (message)\nX: close",
        "sending end of data -- message may be sent more than once",
    ),
    (
        "reset after the message",
        HELLO + ENVELOPE + "S: 250 ok\nS: 250 ok\nS: 354 go\nC: (message)\nX: reset",
        "sending end of data -- message may be sent more than once",
    ),
]


@pytest.mark.parametrize(("name", "dialogue", "stage"), DISCONNECTS, ids=[row[0] for row in DISCONNECTS])
def test_disconnect_defers_and_names_the_stage(name, dialogue, stage):
    with Peer(dialogue) as peer:
        status, dsn, reason = fate(deliver(ONE, peer))
    assert (status, dsn) == ("deferred", "4.4.2")
    assert reason == f"lost connection with 127.0.0.1[127.0.0.1] while {stage}"


TIMEOUTS = [
    ("greeting", "X: wait 1.6", "smtp_helo_timeout", "receiving the initial server greeting"),
    ("EHLO", "S: 220 mx\nC: EHLO *\nX: wait 1.6", "smtp_helo_timeout", "performing the EHLO handshake"),
    ("MAIL", PLAIN + "C: MAIL*\nX: wait 1.6", "smtp_mail_timeout", "sending MAIL FROM"),
    ("RCPT", PLAIN + "C: MAIL*\nS: 250 ok\nC: RCPT*\nX: wait 1.6", "smtp_rcpt_timeout", "sending RCPT TO"),
    (
        "DATA",
        PLAIN + "C: MAIL*\nS: 250 ok\nC: RCPT*\nS: 250 ok\nC: DATA\nX: wait 1.6",
        "smtp_data_init_timeout",
        "sending DATA command",
    ),
    (
        "end",
        PLAIN + "C: MAIL*\nS: 250 ok\nC: RCPT*\nS: 250 ok\nC: DATA\nS: 354 go\nC: (message)\nX: wait 1.6",
        "smtp_data_done_timeout",
        "sending end of data -- message may be sent more than once",
    ),
]


@pytest.mark.parametrize(("name", "dialogue", "limit", "stage"), TIMEOUTS, ids=[row[0] for row in TIMEOUTS])
def test_silence_past_the_stage_s_limit_defers(name, dialogue, limit, stage):
    with Peer(dialogue) as peer:
        status, dsn, reason = fate(deliver(ONE, peer, **{limit: "1s"}))
    assert (status, dsn) == ("deferred", "4.4.2")
    assert reason == f"conversation with 127.0.0.1[127.0.0.1] timed out while {stage}"


def test_trickling_reply_is_no_silence():
    trickle = "".join(f"S= {part}\nX: wait 0.6\n" for part in ("2", "5", "0"))
    dialogue = (
        PLAIN
        + "C: MAIL*\n"
        + trickle
        + "S:  ok\nC: RCPT*\nS: 250 ok\nC: DATA\nS: 354 go\nC: (message)\nS: 250 ok\nC: QUIT"
    )
    with Peer(dialogue) as peer:
        assert fate(deliver(ONE, peer, smtp_mail_timeout="1s"))[0] == "sent"


def test_refused_connection_defers_with_the_system_s_words():
    with Peer("X: close") as peer:
        port = peer.port
    status, dsn, reason = fate(deliver(ONE, port))
    assert (status, dsn) == ("deferred", "4.4.1")
    assert reason == f"connect to 127.0.0.1[127.0.0.1]:{port}: Connection refused"


def test_soft_refusal_goes_to_the_next_host_and_hard_one_does_not():
    people = [f"r{i}@y.example" for i in (1, 2, 3)]
    envelope = "C: MAIL*\nC: RCPT TO:<r1*\nC: RCPT TO:<r2*\nC: RCPT TO:<r3*\nC: DATA\n"
    first = (
        HELLO
        + envelope
        + "S: 250 ok\nS: 450 later\nS: 550 never\nS: 250 ok\nS: 354 go\nC: (message)\nS: 250 taken\nC: QUIT"
    )
    second = (
        HELLO
        + "C: MAIL*\nC: RCPT TO:<r1*\nC: DATA\nS: 250 ok\nS: 250 ok\nS: 354 go\nC: (message)\nS: 250 too\nC: QUIT"
    )
    with Peer(first) as a, Peer(second) as b:
        outcomes = deliver(people, a, b, smtp_connection_cache_on_demand="no")
    assert [outcomes[r].status for r in people] == ["sent", "bounced", "sent"]
    assert outcomes["r1@y.example"].relay.endswith(str(b.port))
    assert outcomes["r3@y.example"].relay.endswith(str(a.port))


def test_greeting_refused_by_one_host_is_taken_by_the_next():
    with Peer("S: 421 4.3.2 busy\nC: QUIT") as a, Peer(GOOD) as b:
        outcomes = deliver(ONE, a, b)
    assert fate(outcomes)[0] == "sent"


def test_hard_greeting_bounces_at_once_when_5xx_are_not_skipped():
    with Peer("S: 554 5.7.1 no\nC: QUIT") as a, Peer(GOOD) as b:
        outcomes = deliver(ONE, a, b, smtp_skip_5xx_greeting="no")
        assert b.conversations == []
    assert fate(outcomes)[:2] == ("bounced", "5.7.1")


def test_each_site_has_sessions_of_its_own():
    soft = HELLO + ENVELOPE + "S: 250 ok\nS: 450 {}\nS: 503 no\nC: RSET\nC: QUIT"
    with Peer(soft.format("a")) as a, Peer(soft.format("b")) as b, Peer(GOOD) as c:
        outcomes = deliver(ONE, a, b, c, smtp_mx_session_limit="1")
    assert fate(outcomes)[0] == "sent"


def test_fallback_relay_takes_what_the_relay_refuses_softly():
    with Peer("S: 421 4.3.2 busy\nC: QUIT") as a, Peer(GOOD) as b:
        outcomes = deliver(ONE, a, smtp_fallback_relay=f"[127.0.0.1]:{b.port}")
    assert fate(outcomes)[0] == "sent"


def test_fallback_relay_never_sees_what_was_refused_for_good():
    hard = HELLO + ENVELOPE + "S: 250 ok\nS: 550 5.1.1 who\nS: 503 no\nC: RSET\nC: QUIT"
    with Peer(hard) as a, Peer(GOOD) as b:
        outcomes = deliver(ONE, a, smtp_fallback_relay=f"[127.0.0.1]:{b.port}")
        assert b.conversations == []
    assert fate(outcomes)[:2] == ("bounced", "5.1.1")


def test_last_failure_is_the_reason_when_all_hosts_are_used_up():
    soft = HELLO + ENVELOPE + "S: 250 ok\nS: 450 a\nS: 503 no\nC: RSET\nC: QUIT"
    with Peer("X: close") as gone:
        port = gone.port
    with Peer(soft) as a:
        outcome = deliver(ONE, a, port)["r@y.example"]
    assert (outcome.status, outcome.relay) == ("deferred", "none")
    assert "Connection refused" in outcome.reply


def test_421_and_close_on_a_recipient_loses_those_behind_it():
    people = [f"r{i}@y.example" for i in (1, 2, 3)]
    with Peer(PLAIN + "C: MAIL*\nS: 250 ok\nC: RCPT*\nS: 421 4.3.2 bye\nX: close") as peer:
        outcomes = deliver(people, peer)
    assert outcomes["r1@y.example"].dsn == "4.3.2"
    for later in people[1:]:
        assert fate(outcomes, later)[1:] == (
            "4.4.2",
            "lost connection with 127.0.0.1[127.0.0.1] while sending RCPT TO",
        )


def test_all_refused_after_354_gets_an_empty_message():
    dialogue = HELLO + ENVELOPE + "S: 250 ok\nS: 550 5.1.1 no\nS: 354 go\nC: .\nC: QUIT"
    with Peer(dialogue) as peer:
        outcomes = deliver(ONE, peer)
    assert peer.conversations[0].complete
    assert fate(outcomes)[:2] == ("bounced", "5.1.1")


def test_message_over_the_peer_s_size_bounces_without_a_transaction():
    dialogue = "S: 220 mx\nC: EHLO *\nS: 250-mx\nS: 250 SIZE 10\nC: QUIT"
    with Peer(dialogue) as peer:
        status, dsn, reason = fate(deliver(ONE, peer))
    assert (status, dsn) == ("bounced", "5.3.4")
    assert "message size 25 exceeds size limit 10 of server 127.0.0.1[127.0.0.1]" in reason


def test_session_that_ends_after_each_message_costs_no_attempt():
    people = [f"r{i}@y.example" for i in range(5)]
    once = (
        HELLO
        + "C: MAIL*\nC: RCPT*\nC: DATA\nS: 250 ok\nS: 250 ok\nS: 354 go\nC: (message)\nS: 250 taken\nX: close"
    )
    with Peer(once) as peer:
        outcomes = deliver(people, peer, smtp_destination_recipient_limit="1")
    assert {o.status for o in outcomes.values()} == {"sent"}
    assert {o.attempts for o in outcomes.values()} == {1}
    assert len(peer.conversations) == 5


def test_session_that_is_sent_away_at_mail_costs_no_attempt():
    people = [f"r{i}@y.example" for i in range(3)]
    taken = "C: MAIL*\nS: 250 ok\nC: RCPT*\nS: 250 ok\nC: DATA\nS: 354 go\nC: (message)\nS: 250 taken\n"
    one = PLAIN + taken + "C: MAIL*\nS: 421 4.7.0 enough for one session\nC: RSET\nX: polite"
    with Peer(one, one, PLAIN + taken + "C: QUIT") as peer:
        outcomes = deliver(people, peer, smtp_destination_recipient_limit="1")
    assert len(peer.conversations) == 3
    assert {o.status for o in outcomes.values()} == {"sent"}
    assert {o.attempts for o in outcomes.values()} == {1}


def test_fresh_session_that_is_sent_away_at_mail_is_a_deferral():
    with Peer(PLAIN + "C: MAIL*\nS: 421 4.7.0 not now\nX: close") as peer:
        assert fate(deliver(ONE, peer))[:2] == ("deferred", "4.7.0")


@pytest.mark.parametrize(("port", "status"), [(None, "bounced"), (25, "sent")])
def test_host_with_my_own_name_is_a_loop_on_the_smtp_port_alone(monkeypatch, port, status):
    named = GOOD.replace("250-mx", "250-ME.example")
    looped = "S: 220 mx ESMTP\nC: EHLO *\nS: 250-ME.example\nS: 250 PIPELINING\nC: QUIT"
    with Peer(named if port else looped) as peer:
        monkeypatch.setattr(entry, "LOOP_PORT", port or peer.port)
        outcome = deliver(ONE, peer)["r@y.example"]
    assert outcome.status == status
    if status == "bounced":
        assert (outcome.dsn, outcome.reply.split(" ", 3)[3]) == ("5.4.6", "loops back to myself")


def test_next_commands_travel_with_the_content():
    people = ["r1@y.example", "r2@y.example"]
    chained = (
        HELLO
        + "C: MAIL*\nC: RCPT TO:<r1*\nC: DATA\nS: 250 ok\nS: 250 ok\nS: 354 go\nC: (message)\n"
        + "C: MAIL*\nC: RCPT TO:<r2*\nC: DATA\nS: 250 one\nS: 250 ok\nS: 250 ok\nS: 354 go\nC: (message)\nC: QUIT\nS: 250 two\nS: 221 bye"
    )
    with Peer(chained) as peer:
        outcomes = deliver(people, peer, smtp_destination_recipient_limit="1")
    assert [outcomes[r].reply for r in people] == ["250 one", "250 two"]
    assert [outcomes[r].conn_use for r in people] == [1, 2]


@pytest.mark.parametrize("cut", [WHOLE, BYTEWISE, RANDOM])
def test_refusal_that_comes_along_with_the_answer_before_it_is_heard(cut):
    people = ["r1@y.example", "r2@y.example"]
    chained = (
        HELLO
        + "C: MAIL*\nC: RCPT TO:<r1*\nC: DATA\nS: 250 ok\nS: 250 ok\nS: 354 go\nC: (message)\n"
        + "C: MAIL*\nC: RCPT TO:<r2*\nC: DATA\nS: 250 one\nS: 250 ok\nS: 550 5.1.1 nobody\nS: 554 none\n"
        + "C: RSET\nC: QUIT\nS: 250 ok\nS: 221 bye"
    )
    with Peer(chained, cut=cut) as peer:
        outcomes = deliver(people, peer, smtp_destination_recipient_limit="1")
    assert [outcomes[r].status for r in people] == ["sent", "bounced"]


def test_reuse_count_limit_closes_after_that_many_more():
    people = [f"r{i}@y.example" for i in range(4)]
    group = "C: MAIL*\nC: RCPT*\nC: DATA\n"
    two = (
        HELLO
        + group
        + "S: 250 ok\nS: 250 ok\nS: 354 go\nC: (message)\n"
        + group
        + "S: 250 one\nS: 250 ok\nS: 250 ok\nS: 354 go\nC: (message)\nC: QUIT\nS: 250 two\nS: 221 bye"
    )
    with Peer(two) as peer:
        outcomes = deliver(
            people, peer, smtp_destination_recipient_limit="1", smtp_connection_reuse_count_limit="1"
        )
    assert len(peer.conversations) == 2
    assert {o.status for o in outcomes.values()} == {"sent"}


def test_soft_bounce_defers_what_would_bounce():
    dialogue = PLAIN + "C: MAIL*\nS: 550 5.7.1 no\nC: RSET\nS: 250 ok\nC: QUIT"
    with Peer(dialogue) as peer:
        assert fate(deliver(ONE, peer, soft_bounce="yes"))[:2] == ("deferred", "4.7.1")


def test_bad_next_hop_defers_and_names_it():
    outcomes = deliver(ONE, 25, relayhost="[127.0.0.1")
    assert fate(outcomes)[:2] == ("deferred", "4.3.5")
    assert 'missing "]"' in fate(outcomes)[2]


def test_dead_site_defers_those_behind_without_connecting():
    people = [f"r{i}@y.example" for i in range(8)]
    with Peer("X: close") as gone:
        port = gone.port
    outcomes = deliver(
        people,
        port,
        smtp_destination_recipient_limit="1",
        initial_destination_concurrency="5",
        smtp_destination_concurrency_limit="20",
    )
    reasons = [o.reply for o in outcomes.values()]
    connected = [r for r in reasons if r.startswith("connect to")]
    assert 3 <= len(connected) <= 5
    assert all(
        r.startswith("delivery temporarily suspended: connect to") for r in reasons if r not in connected
    )
    assert {o.status for o in outcomes.values()} == {"deferred"}
