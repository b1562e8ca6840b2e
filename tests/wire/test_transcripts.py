"""debug_peer_list: who is logged in detail, and what of the dialogue (spec: session, 2; config, 9.3)."""

import pytest

from tests.support.memory_peer import Manner
from tests.support.world import World, address

MX = {("mx.x.example", "A"): [address("192.0.2.1")]}
PEER = "mx.x.example[192.0.2.1]:25"


def arrows(debug_peer_list, **settings):
    """The lines of the dialogue that were logged."""
    seen = World(names=MX).run(relayhost="[mx.x.example]", debug_peer_list=debug_peer_list, **settings)
    return [line.removeprefix("smtp: ") for line in seen.lines if line[6:8] in ("> ", "< ", "- ")]


def test_dialogue_of_a_debugged_peer_is_logged():
    assert arrows("mx.x.example") == [
        f"< {PEER}: 220 mx.example ESMTP",
        f"> {PEER}: EHLO me.example",
        f"< {PEER}: 250-mx.example",
        f"< {PEER}: 250-PIPELINING",
        f"< {PEER}: 250 8BITMIME",
        f"> {PEER}: MAIL FROM:<s@x.example> BODY=7BIT",
        f"> {PEER}: RCPT TO:<r@x.example>",
        f"> {PEER}: DATA",
        f"< {PEER}: 250 2.0.0 ok",
        f"< {PEER}: 250 2.0.0 ok",
        f"< {PEER}: 354 go ahead",
        f"> {PEER}: (message of 28 bytes)",
        f"> {PEER}: QUIT",
        f"< {PEER}: 250 2.0.0 ok",
        f"< {PEER}: 221 2.0.0 bye",
        f"- {PEER}: connection ended",
    ]


@pytest.mark.parametrize(
    "listed",
    [
        "mx.x.example",
        "x.example",
        "192.0.2.1",
        "192.0.2.0/24",
        "MX.X.example",
        "static:all",
        "other, 192.0.2.1",
    ],
)
def test_peer_is_found_by_host_domain_address_network_and_table(listed):
    assert arrows(listed)


@pytest.mark.parametrize("listed", ["", "y.example", "192.0.2.2", "!192.0.2.1, 192.0.2.0/24"])
def test_other_peers_are_not_logged(listed):
    assert arrows(listed) == []


def test_nexthop_finds_the_peer_too():
    names = {("x.example", "A"): [address("192.0.2.1")]}
    seen = World(names=names).run(relayhost="", debug_peer_list="x.example")
    assert any(line.startswith("smtp: > ") for line in seen.lines)


def test_list_that_cannot_be_read_holds_nothing_back():
    seen = World(Manner()).run(debug_peer_list="fail:sore")
    assert seen.status() == "sent 2.0.0"
    assert "debug_peer_list" in seen.log or "sore" in seen.log


# Notices

TOLD = {"notify_classes": "resource, software, protocol", "myorigin": "x.example"}
ODD = "503 5.5.1 what"


def run(manner, addresses=("a@x.example",), **settings):
    """What was seen, and the notices among the contents that a peer took."""
    seen = World(manner).run(addresses, **(TOLD | settings))
    return seen, [content.decode() for content in seen.contents if b"errors from" in content]


@pytest.mark.parametrize("to", ["MAIL", "RCPT"])
def test_postmaster_is_told_of_a_peer_that_breaks_the_protocol(to):
    manner = Manner(offers=(), answers={to: ["250 ok", ODD]})
    seen, _ = run(manner, ["a@x.example", "b@x.example"], smtp_destination_recipient_limit="1")
    assert seen.status("b@x.example") == "bounced 5.5.1"
    assert set(seen.outcomes) == {"a@x.example", "b@x.example"}
    (notice,) = [content.decode() for content in seen.contents if b"errors from" in content]
    assert "RCPT TO:<postmaster@x.example>" in seen.commands
    assert "MAIL FROM:<double-bounce@x.example>" in seen.commands
    assert "\r\nSubject: fastsmtp SMTP client: errors from 192.0.2.1[192.0.2.1]:25\r\n" in notice
    assert " In:  503 5.5.1 what\r\n" in notice
    assert "hello\r\n" not in notice


@pytest.mark.parametrize(
    "settings", [{"notify_classes": "resource, software"}, {"notify_classes": ""}], ids=["default", "none"]
)
def test_postmaster_is_told_of_nothing_that_was_not_asked_for(settings):
    manner = Manner(offers=(), answers={"MAIL": ["250 ok", ODD]})
    addresses = ["a@x.example", "b@x.example"]
    _, told = run(manner, addresses, smtp_destination_recipient_limit="1", **settings)
    assert told == []


def test_ordinary_refusal_is_no_breach_of_the_protocol():
    _, told = run(Manner(answers={"RCPT": "550 5.1.1 who"}))
    assert told == []


def test_bounces_of_others_are_never_a_reason_for_a_notice():
    manner = Manner(offers=(), answers={"RCPT": [ODD, "250 ok"]})
    seen = World(manner).run(sender="", **TOLD)
    assert "double-bounce" not in seen.log + "".join(seen.commands)


def test_notice_that_is_refused_is_logged_and_begets_none():
    seen, told = run(Manner(offers=(), answers={"MAIL": ODD}))
    assert told == []
    assert seen.log.count("to=<postmaster@x.example>") == 1
    assert "status=bounced" in seen.log
    assert set(seen.outcomes) == {"a@x.example"}


def test_notices_of_a_run_are_bounded():
    addresses = [f"r{number}@x.example" for number in range(60)]
    seen, _ = run(Manner(offers=(), answers={"MAIL": ODD}), addresses, smtp_destination_recipient_limit="1")
    assert seen.log.count("to=<postmaster@x.example>") == 20


def test_greeting_that_is_none_is_a_reason_for_a_notice():
    seen, _ = run(Manner(greeting="354 go on"))
    assert seen.log.count("to=<postmaster@x.example>") == 1


def test_recipient_of_notices_that_is_no_address_is_a_warning():
    seen, _ = run(Manner(greeting="354 go on"), error_notice_recipient="a b@x")
    assert "warning: error_notice_recipient: a b@x:" in seen.log
