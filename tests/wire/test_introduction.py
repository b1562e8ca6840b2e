"""The beginning of a session: who is greeted how, what is made of what a peer says (spec: session, 4 to 8)."""

from itertools import pairwise

import pytest

from tests.support.memory_peer import Manner
from tests.support.world import World

PIX = Manner(greeting="220 ****", answers={"EHLO": "500 what"}, offers=())
OLD_PIX = {"smtp_pix_workaround_threshold_time": "0"}


def first_command(manner, **settings):
    return World(manner).run(**settings).commands[0]


def test_greeting_line_that_is_none_does_not_stop_the_session():  # acceptance check 4
    assert first_command(Manner(greeting="hello\r\n220 mx ESMTP")) == "EHLO me.example"


@pytest.mark.parametrize(
    ("greeting", "verb"),
    [
        ("220 ****", "HELO"),
        ("220 ****02**0**", "HELO"),
        ("220", "HELO"),
        ("220-****\r\n220 ***", "EHLO"),
        ("220 ****x", "EHLO"),
    ],
)
def test_greeting_of_a_pix_firewall_is_answered_with_helo(greeting, verb):  # acceptance check 5
    assert first_command(Manner(greeting=greeting)) == f"{verb} me.example"


def test_pix_workaround_can_be_left_out():
    seen = World(PIX).run(smtp_pix_workarounds="delay_dotcrlf", **OLD_PIX)
    assert seen.commands[:2] == ["EHLO me.example", "HELO me.example"]
    assert "enabling PIX workarounds: delay_dotcrlf for 192.0.2.1[192.0.2.1]:25" in seen.log


def test_pix_workarounds_are_logged_with_the_message():
    seen = World(PIX).run(**OLD_PIX)
    queue_id = seen.outcomes["r@x.example"].queue_id
    line = (
        f"smtp: {queue_id}: enabling PIX workarounds: disable_esmtp delay_dotcrlf for 192.0.2.1[192.0.2.1]:25"
    )
    assert line in seen.lines


def test_young_message_is_not_held_up_by_the_pix_workaround():
    seen = World(PIX).run(age=499.0)
    assert "enabling PIX workarounds: disable_esmtp for" in seen.log
    assert seen.conversations[0].content_at[0] == seen.began_at
    seen = World(PIX).run(age=500.0)
    assert "enabling PIX workarounds: disable_esmtp delay_dotcrlf for" in seen.log
    assert seen.conversations[0].content_at[0] - seen.began_at == pytest.approx(10.0)


def test_dot_comes_after_the_pause_for_a_pix_firewall():  # acceptance check 6
    seen = World(PIX).run(smtp_pix_workaround_delay_time="3s", **OLD_PIX)
    (conversation,) = seen.conversations
    assert conversation.content_at[0] - conversation.heard_at[-2] == pytest.approx(3.0)
    assert conversation.pieces[-3:] == [b"Subject: hello\r\n\r\nhello\r\n", b".\r\n", b"QUIT\r\n"]
    assert seen.status() == "sent 2.0.0"


def test_session_of_a_pix_firewall_is_used_again_with_the_same_pause():
    seen = World(PIX).run(["a@x.example", "b@x.example"], smtp_destination_recipient_limit="1", **OLD_PIX)
    (conversation,) = seen.conversations
    assert [round(at - seen.began_at) for at in conversation.content_at] == [10, 20]


def test_map_by_address_replaces_the_pix_workarounds():
    tables = {"smtp_pix_workaround_maps": "inline:{192.0.2.1=disable_esmtp}"}
    seen = World(PIX).run(**tables, **OLD_PIX)
    assert seen.conversations[0].content_at[0] == seen.began_at
    assert "enabling PIX workarounds: disable_esmtp for" in seen.log


@pytest.mark.parametrize(
    ("greeting", "verb"), [("220 mx Sendmail", "HELO"), ("220 mx esmtp x", "EHLO"), ("220 mx ESMTP,", "HELO")]
)
def test_ehlo_only_for_a_greeting_with_esmtp(greeting, verb):  # acceptance check 7
    assert first_command(Manner(greeting=greeting), smtp_always_send_ehlo="no") == f"{verb} me.example"


@pytest.mark.parametrize("reply", ["450 later", "502 what", "354 go on"])
def test_ehlo_that_is_refused_is_followed_by_helo(reply):  # acceptance check 8
    seen = World(Manner(answers={"EHLO": reply})).run()
    assert seen.verbs == ["EHLO", "HELO", "MAIL", "RCPT", "DATA", "QUIT"]
    assert len(seen.conversations) == 1


def test_greeting_with_our_own_name_is_a_warning():
    seen = World(Manner(greeting="220 Me.Example ESMTP")).run()
    warning = "warning: host 192.0.2.1[192.0.2.1]:25 greeted me with my own hostname me.example"
    assert warning in seen.log
    assert seen.status() == "sent 2.0.0"


def test_our_own_name_is_no_loop_on_another_port():  # acceptance check 10, second half
    manner = Manner(greeting="220 me.example ESMTP", name="me.example")
    seen = World(manner).run(relayhost="[192.0.2.1]:2525")
    assert seen.status() == "sent 2.0.0"
    assert "hostname" not in seen.log


def test_our_own_name_in_the_ehlo_reply_bounces_at_a_best_host():  # acceptance check 10, first half
    seen = World(Manner(name="ME.example")).run()
    assert seen.status() == "bounced 5.4.6"
    assert seen.outcomes["r@x.example"].reply == "mail for [192.0.2.1] loops back to myself"
    assert seen.verbs == ["EHLO", "QUIT"]


def test_first_line_of_the_ehlo_reply_is_never_an_offer():  # acceptance check 11
    seen = World(Manner(answers={"EHLO": "250-\r\n250-PIPELINING\r\n250 SIZE 99"}, delay=1.0)).run()
    at = seen.conversations[0].heard_at
    assert [round(after - before) for before, after in pairwise(at[:4])] == [1, 1, 1]
    assert seen.commands[1] == "MAIL FROM:<s@x.example> SIZE=25"


def test_size_limit_that_is_no_number_is_no_limit():  # acceptance check 12
    seen = World(Manner(offers=("SIZE 10k",))).run()
    assert 'warning: bad EHLO SIZE limit "10k" from 192.0.2.1[192.0.2.1]:25' in seen.log
    assert " SIZE=" in seen.commands[1]
    assert seen.status() == "sent 2.0.0"


@pytest.mark.parametrize("size", ["SIZE", "SIZE 0", "SIZE 99999999999999999999999"])
def test_size_without_a_limit_is_silent(size):
    seen = World(Manner(offers=(size,))).run()
    assert "bad EHLO SIZE" not in seen.log
    assert seen.status() == "sent 2.0.0"


@pytest.mark.parametrize("silent", ["", " silent-discard"])
def test_discarded_keywords_are_not_used_and_named_once(silent):  # acceptance check 13
    manner = Manner(offers=("PIPELINING", "8BITMIME", "SIZE 1"))
    seen = World(manner).run(smtp_discard_ehlo_keywords="pipelining, 8BITMIME size" + silent)
    assert seen.commands[1] == "MAIL FROM:<s@x.example>"
    assert seen.status() == "sent 2.0.0"
    line = "smtp: discarding EHLO keywords: 8BITMIME PIPELINING SIZE"
    assert seen.lines.count(line) == (0 if silent else 1)


def test_map_by_address_replaces_the_discarded_keywords():  # acceptance check 14
    manner = Manner(offers=("PIPELINING", "SIZE 1"), delay=1.0)
    seen = World(manner).run(
        smtp_discard_ehlo_keywords="pipelining",
        smtp_discard_ehlo_keyword_address_maps="inline:{192.0.2.1=size}",
    )
    (conversation,) = seen.conversations
    assert conversation.heard_at[1] == conversation.heard_at[2]  # MAIL and RCPT in one group
    assert seen.commands[1] == "MAIL FROM:<s@x.example>"
    assert "discarding EHLO keywords: SIZE" in seen.log


def test_lookup_error_is_a_local_failure_of_that_host():
    tables = {"smtp_discard_ehlo_keyword_address_maps": "fail:sore"}
    seen = World().run(**tables)
    assert seen.status() == "deferred 4.3.0"
    reply = seen.outcomes["r@x.example"].reply
    assert reply == "local data error while talking to 192.0.2.1[192.0.2.1]"
    assert seen.conversations == []


def test_smtputf8_without_8bitmime_is_noted_and_taken_for_both():
    seen = World(Manner(offers=("SMTPUTF8",))).run(message="Subject: x\r\n\r\nblå\r\n".encode())
    assert "host 192.0.2.1[192.0.2.1] offers SMTPUTF8 support, but not 8BITMIME" in seen.log
    assert seen.commands[1] == "MAIL FROM:<s@x.example> BODY=8BITMIME"
