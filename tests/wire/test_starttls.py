"""The flow of a session with STARTTLS: what each outcome means for the mail (spec: tls, 6, 13, 15; checks of 17)."""

from dataclasses import replace

import pytest

from tests.support.certificates import authority
from tests.support.memory_peer import GARBAGE, HANGUP, SILENT, TLS, Manner
from tests.support.world import World

CA = authority()
LEAF = CA.issue("mx.example")
SECURE = Manner(leaf=LEAF)
MAY = {"smtp_tls_security_level": "may"}
ENCRYPT = {"smtp_tls_security_level": "encrypt"}
NAME = "192.0.2.1[192.0.2.1]"
FIRST, SECOND = "192.0.2.1", "192.0.2.2"
BOTH = {"relayhost": "relay.example"}
NAMES = {
    ("relay.example", "MX"): [(10, "one.example"), (20, "two.example")],
    ("one.example", "A"): [FIRST],
    ("two.example", "A"): [SECOND],
}


def two_hosts(first, second=SECURE):
    return World(peers={FIRST: first, SECOND: second}, names=NAMES)


def only(seen):
    return seen.outcomes["r@x.example"]


def test_whole_session_goes_through_tls():
    seen = World(SECURE).run(**ENCRYPT)
    assert seen.verbs == ["EHLO", "STARTTLS", TLS, "EHLO", "MAIL", "RCPT", "DATA", "QUIT"]
    assert only(seen).status == "sent"
    assert only(seen).tls == "encrypt"
    assert seen.conversations[0].tls_ended  # QUIT, and close-notify behind it
    clear = b"".join(seen.conversations[0].pieces)
    assert b"MAIL" not in clear
    assert b"QUIT" not in clear
    assert "tls=encrypt, dsn=2.0.0" in seen.log


@pytest.mark.parametrize("reply", ["454 4.7.0 later", "502 5.5.1 no", "354 what", "hello\r\n220-x\r\n550 no"])
def test_7_refusal_at_level_may_leads_to_the_clear_on_the_same_connection(reply):
    seen = World(replace(SECURE, answers={"STARTTLS": reply})).run(**MAY)
    assert seen.verbs == ["EHLO", "STARTTLS", "MAIL", "RCPT", "DATA", "QUIT"]
    assert (seen.status(), only(seen).tls) == ("sent 2.0.0", "may:none")


def test_peer_without_starttls_is_served_in_the_clear_at_level_may():
    seen = World().run(**MAY)
    assert seen.verbs == ["EHLO", "MAIL", "RCPT", "DATA", "QUIT"]
    assert (seen.status(), only(seen).tls) == ("sent 2.0.0", "may:none")


def test_8_soft_refusal_above_may_leads_to_the_next_host():
    first = replace(SECURE, answers={"STARTTLS": "454 4.7.0 later"})
    seen = two_hosts(first).run(**ENCRYPT, **BOTH)
    assert [c.host for c in seen.conversations] == [FIRST, SECOND]
    assert seen.conversations[0].commands == ["EHLO me.example", "STARTTLS", "QUIT"]
    assert seen.status() == "sent 2.0.0"
    seen = two_hosts(first, first).run(**ENCRYPT, **BOTH)
    assert seen.status() == "deferred 4.7.0"
    text = "TLS is required, but host two.example[192.0.2.2] refused to start TLS: 454 4.7.0 later"
    assert only(seen).reply == text
    assert only(seen).tls == "!encrypt"


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        ("554 5.7.3 no", "bounced 5.7.3"),
        ("502 what", "bounced 5.0.0"),
        ("354 go", "bounced 5.5.0"),
    ],
)
def test_8_hard_refusal_above_may_bounces_with_the_peers_status(reply, status):  # session acceptance check 27
    seen = two_hosts(replace(SECURE, answers={"STARTTLS": reply})).run(**ENCRYPT, **BOTH)
    assert [c.host for c in seen.conversations] == [FIRST]
    assert seen.status() == status
    assert (
        only(seen).reply == f"TLS is required, but host one.example[192.0.2.1] refused to start TLS: {reply}"
    )


def test_9_host_without_starttls_gets_nothing_above_may():  # session acceptance check 27
    seen = World().run(**ENCRYPT)
    assert seen.commands == ["EHLO me.example", "QUIT"]
    assert seen.status() == "deferred 4.7.4"
    assert only(seen).reply == f"TLS is required, but was not offered by host {NAME}"
    assert only(seen).relay == f"{NAME}:25"


def test_keyword_to_discard_counts_as_not_offered():
    seen = World(SECURE).run(smtp_discard_ehlo_keywords="starttls", **ENCRYPT)
    assert seen.status() == "deferred 4.7.4"


def test_helo_session_has_no_tls():
    seen = World(replace(SECURE, answers={"EHLO": "502 what"})).run(**ENCRYPT)
    assert seen.status() == "deferred 4.7.4"


@pytest.mark.parametrize("level", [MAY, ENCRYPT], ids=["may", "encrypt"])
@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (HANGUP, f"lost connection with {NAME} while receiving the STARTTLS response"),
        (SILENT, f"conversation with {NAME} timed out while receiving the STARTTLS response"),
    ],
)
def test_end_ahead_of_the_reply_to_starttls_leads_nowhere_in_the_clear(answer, text, level):
    seen = World(replace(SECURE, answers={"STARTTLS": answer})).run(**level)
    assert len(seen.conversations) == 1
    assert (seen.status(), only(seen).reply) == ("deferred 4.4.2", text)


FAILURES = pytest.mark.parametrize("how", [GARBAGE, HANGUP, SILENT])


@FAILURES
def test_handshake_that_fails_above_may_defers_and_says_nothing_more(how):
    seen = World(replace(SECURE, handshake=how)).run(**ENCRYPT)
    assert seen.verbs == ["EHLO", "STARTTLS"]
    assert seen.status() == "deferred 4.7.5"
    assert only(seen).reply == "Cannot start TLS: handshake failure"
    assert only(seen).tls == "!encrypt"
    assert b"QUIT" not in b"".join(seen.conversations[0].pieces)


@FAILURES
def test_10_young_message_never_goes_in_the_clear_behind_a_failed_handshake(how):
    seen = World(replace(SECURE, handshake=how)).run(**MAY)
    assert [c.commands for c in seen.conversations] == [["EHLO me.example", "STARTTLS"]]
    assert (seen.status(), only(seen).reply) == ("deferred 4.7.5", "Cannot start TLS: handshake failure")


def retried(manner, **settings):
    """The second attempt is 300 seconds after the first."""
    limits = {"minimal_backoff_time": "300s", "maximal_backoff_time": "300s"}
    return World(manner).run(once=False, **{**MAY, **limits, "maximal_queue_lifetime": "450s", **settings})


@FAILURES
def test_11_message_that_waited_goes_in_the_clear_on_a_new_connection(how):
    limits = {"smtp_mx_address_limit": "1", "smtp_mx_session_limit": "1"}
    seen = retried(replace(SECURE, handshake=how), **limits)
    first, second, third = seen.conversations
    assert first.commands == second.commands == ["EHLO me.example", "STARTTLS"]
    assert [line.partition(" ")[0] for line in third.commands] == ["EHLO", "MAIL", "RCPT", "DATA", "QUIT"]
    assert third.host == second.host
    assert seen.status() == "sent 2.0.0"
    assert only(seen).tls == "may:none"
    assert [outcome.dsn for outcome in seen.history] == ["4.7.5", "2.0.0"]
    queue_id = only(seen).queue_id
    assert f"smtp: {queue_id}: Cannot start TLS: handshake failure" in seen.lines


def test_message_that_waited_and_was_never_tried_does_not_go_in_the_clear():
    seen = World(replace(SECURE, handshake=GARBAGE)).run(age=5000.0, **MAY)
    assert len(seen.conversations) == 1
    assert seen.status() == "deferred 4.7.5"


def test_fall_back_to_the_clear_can_be_switched_off():
    seen = retried(replace(SECURE, handshake=GARBAGE), smtp_tls_plaintext_fallback="no")
    assert all(c.commands == ["EHLO me.example", "STARTTLS"] for c in seen.conversations)
    assert seen.status() == "expired 4.7.5"


def test_nothing_above_may_ever_goes_in_the_clear():
    seen = retried(replace(SECURE, handshake=GARBAGE), **ENCRYPT)
    assert all(c.commands == ["EHLO me.example", "STARTTLS"] for c in seen.conversations)
    assert seen.status() == "expired 4.7.5"


def test_failure_at_level_may_does_not_hold_up_the_destination():
    strict = {
        "smtp_destination_concurrency_failed_cohort_limit": "1",
        "smtp_destination_recipient_limit": "1",
    }
    addresses = ("a@x.example", "b@x.example", "c@x.example")
    failing = replace(SECURE, handshake=GARBAGE)
    seen = World(failing).run(addresses, **MAY, **strict)
    assert len(seen.conversations) == 3
    seen = World(failing).run(addresses, **ENCRYPT, **strict)
    assert len(seen.conversations) == 1


@pytest.mark.parametrize("early", [b"250-AUTH PLAIN\r\n250 SIZE 1\r\n", b"250 ok"])
def test_13_bytes_behind_the_reply_to_starttls_are_dropped_unseen(early):
    seen = World(replace(SECURE, early=early)).run(**MAY)
    assert seen.verbs == ["EHLO", "STARTTLS", TLS, "EHLO", "MAIL", "RCPT", "DATA", "QUIT"]
    assert seen.status() == "sent 2.0.0"
    assert f"warning: {NAME}:25: discarding {len(early)} plaintext bytes after STARTTLS" in seen.log
    seen = World(replace(SECURE, early=early)).run(**ENCRYPT)
    assert seen.verbs == ["EHLO", "STARTTLS"]
    assert only(seen).reply == "Cannot start TLS: handshake failure"


def test_offers_of_the_clear_do_not_count_inside_tls():  # session acceptance check 26
    shown = replace(SECURE, offers=("PIPELINING", "SIZE 10"), inside=("8BITMIME",))
    seen = World(shown).run(**MAY)
    assert seen.status() == "sent 2.0.0"
    assert seen.commands[4].startswith("MAIL FROM:<s@x.example>")
    assert "SIZE" not in seen.commands[4]


def test_loop_is_looked_for_in_the_clear_and_inside_tls():
    seen = World(replace(SECURE, name="me.example")).run(**ENCRYPT)
    assert seen.commands == ["EHLO me.example", "QUIT"]
    assert only(seen).reply.endswith("loops back to myself")


def test_helo_inside_tls_goes_on_without_offers():
    seen = World(replace(SECURE, answers={"EHLO": "502 what"})).run(**MAY)
    assert seen.verbs[:2] == ["EHLO", "HELO"]
    assert seen.status() == "sent 2.0.0"


def test_18_certificate_that_does_not_match_leads_to_the_next_host_with_quit_inside_tls(tmp_path):
    level = {"smtp_tls_security_level": "verify", "smtp_tls_CAfile": str(CA.write_certificate(tmp_path))}
    first = replace(SECURE, leaf=CA.issue("other.example"))
    second = replace(SECURE, leaf=CA.issue("two.example"))
    seen = two_hosts(first, second).run(**level, **BOTH)
    assert seen.conversations[0].commands == ["EHLO me.example", "STARTTLS", TLS, "QUIT"]
    assert seen.conversations[0].tls_ended
    assert (seen.status(), only(seen).tls) == ("sent 2.0.0", "verify")
    seen = two_hosts(first, first).run(**level, **BOTH)
    assert (seen.status(), only(seen).reply) == ("deferred 4.7.5", "Server certificate not verified")
    assert only(seen).tls == "!verify"


def test_20_unusable_settings_of_tls_leave_may_in_the_clear_and_defer_above():
    bad = {"smtp_tls_CAfile": "/nowhere/ca.pem"}
    seen = World(SECURE).run(**MAY, **bad)
    assert seen.verbs == ["EHLO", "MAIL", "RCPT", "DATA", "QUIT"]
    seen = World(SECURE).run(**ENCRYPT, **bad)
    assert seen.commands == ["EHLO me.example", "QUIT"]
    assert seen.status() == "deferred 4.7.5"
    assert only(seen).reply == "TLS is required, but our TLS engine is unavailable"


WRAPPED = replace(SECURE, wrapped=True)


def test_wrapper_mode_begins_with_tls():
    seen = World(WRAPPED).run(smtp_tls_wrappermode="yes", **ENCRYPT)
    assert seen.verbs == [TLS, "EHLO", "MAIL", "RCPT", "DATA", "QUIT"]
    assert (seen.status(), only(seen).tls) == ("sent 2.0.0", "encrypt")


def test_23_wrapper_mode_at_level_may_defers_without_a_connection():
    seen = World(WRAPPED).run(smtp_tls_wrappermode="yes", **MAY)
    assert seen.connects == []
    assert seen.status() == "deferred 4.3.0"
    assert only(seen).relay == "none"
    assert 'smtp_tls_wrappermode requires "smtp_tls_security_level = encrypt" (or stronger)' in seen.log


@pytest.mark.parametrize("how", [GARBAGE, HANGUP, SILENT])
def test_wrapper_mode_with_a_failed_handshake_defers(how):
    seen = World(replace(WRAPPED, handshake=how)).run(smtp_tls_wrappermode="yes", **ENCRYPT)
    assert seen.status() == "deferred 4.7.5"
    assert seen.commands == []


def test_wrapper_mode_leaves_a_wrong_certificate_without_a_word(tmp_path):
    level = {"smtp_tls_security_level": "verify", "smtp_tls_CAfile": str(CA.write_certificate(tmp_path))}
    seen = World(WRAPPED).run(smtp_tls_wrappermode="yes", **level)
    assert seen.commands == [TLS]
    assert seen.conversations[0].tls_ended
    assert only(seen).reply == "Server certificate not verified"


def silent_handshake(**settings: str) -> float:
    """Seconds that a peer is given that never sends its ServerHello."""
    return World(replace(SECURE, handshake=SILENT)).run(**{**MAY, **settings}).conversations[0].spent


def silent_wrapper(**settings: str) -> float:
    wrapped = replace(WRAPPED, handshake=SILENT)
    return World(wrapped).run(**{**ENCRYPT, "smtp_tls_wrappermode": "yes", **settings}).conversations[0].spent


@pytest.mark.parametrize("observe", [silent_handshake, silent_wrapper])
def test_25_silent_handshake_ends_with_its_limit(observe):
    assert observe(smtp_starttls_timeout="2s", smtp_helo_timeout="77s") == 2.0


def test_other_limits_hold_again_behind_the_handshake():
    silent = replace(SECURE, answers={"MAIL": SILENT})
    seen = World(silent).run(smtp_starttls_timeout="2s", smtp_mail_timeout="9s", **MAY)
    assert seen.conversations[0].spent == 9.0
    assert only(seen).reply == f"conversation with {NAME} timed out while sending MAIL FROM"


def test_offer_where_tls_is_off_is_noted():
    seen = World(SECURE).run(smtp_tls_note_starttls_offer="yes")
    assert "smtp: Host offered STARTTLS: [192.0.2.1]" in seen.lines
    assert only(seen).tls == ""
    assert "Host offered" not in World(SECURE).run(smtp_tls_note_starttls_offer="yes", **MAY).log


def test_word_out_of_turn_inside_tls_is_named_where_that_is_asked_for():
    early = "250-mx.example\r\n250 8BITMIME\r\n250 2.1.0 ok"
    talkative = replace(SECURE, answers={"EHLO": ["250-mx.example\r\n250 STARTTLS", early]})
    seen = World(talkative).run(smtp_tls_block_early_mail_reply="yes", **ENCRYPT)
    assert (seen.status(), only(seen).reply) == ("deferred 4.7.0", "unexpected server message")
    seen = World(talkative).run(**ENCRYPT)
    assert seen.status() == "deferred 4.4.2"


def test_session_inside_tls_is_used_again():
    addresses = ("a@x.example", "b@x.example", "c@x.example")
    seen = World(SECURE).run(addresses, smtp_destination_recipient_limit="1", **ENCRYPT)
    assert len(seen.conversations) == 1
    assert len(seen.contents) == 3
    seen = World(SECURE).run(
        addresses, smtp_destination_recipient_limit="1", smtp_tls_connection_reuse="no", **ENCRYPT
    )
    assert [len(c.contents) for c in seen.conversations] == [1, 1, 1]


def test_session_that_breaks_inside_tls_leads_to_the_clear_for_a_message_that_waited():
    broken = replace(SECURE, answers_inside={"MAIL": HANGUP})
    seen = World(broken).run(**MAY)
    assert len(seen.conversations) == 1
    assert seen.status() == "deferred 4.4.2"
    seen = retried(broken)
    assert [TLS in c.commands for c in seen.conversations] == [True, True, False]
    assert (seen.status(), only(seen).tls) == ("sent 2.0.0", "may:none")
    assert [outcome.status for outcome in seen.history] == ["deferred", "sent"]


def test_recipients_with_an_answer_are_not_repeated_in_the_clear():
    addresses = ("a@x.example", "b@x.example", "c@x.example")
    strict = replace(SECURE, offers=(), answers_inside={"RCPT": ["550 5.1.1 no", HANGUP]})
    limits = {
        "minimal_backoff_time": "300s",
        "maximal_backoff_time": "300s",
        "maximal_queue_lifetime": "450s",
    }
    seen = World(strict).run(addresses, once=False, **MAY, **limits)
    last = seen.conversations[-1]
    assert TLS not in last.commands
    assert [line for line in last.commands if line.startswith("RCPT")] == ["RCPT TO:<c@x.example>"]
    assert seen.status("a@x.example") == seen.status("b@x.example") == "bounced 5.1.1"
    assert seen.status("c@x.example") == "sent 2.0.0"


def test_session_in_the_clear_behind_a_failure_serves_one_message_alone():
    addresses = ("a@x.example", "b@x.example")
    seen = World(replace(SECURE, handshake=GARBAGE)).run(
        addresses,
        once=False,
        smtp_destination_recipient_limit="1",
        minimal_backoff_time="300s",
        maximal_backoff_time="300s",
        maximal_queue_lifetime="450s",
        **MAY,
    )
    in_the_clear = [c for c in seen.conversations if "STARTTLS" not in c.commands]
    assert [len(c.contents) for c in in_the_clear] == [1, 1]
    assert sum("STARTTLS" in c.commands for c in seen.conversations) == 4
