"""What MAIL and RCPT say beside the addresses: DSN and SMTPUTF8 (spec: session, 8, 10.2, 10.3)."""

import pytest

from fastsmtp.errors import SettingError
from tests.support.memory_peer import Manner
from tests.support.world import World

DSN = Manner(offers=("DSN",))
UTF8 = Manner(offers=("SMTPUTF8", "8BITMIME", "DSN"))
PLAIN = Manner(offers=("8BITMIME",))
BOTH = {"relayhost": "[192.0.2.1], [192.0.2.2]"}
HEADER = "Subject: blå\r\n\r\nhello\r\n".encode()


def test_dsn_peer_gets_the_original_recipient_whatever_was_asked_for():  # acceptance check 30
    seen = World(DSN).run(['"a b"@x.example'])
    assert seen.commands[1:3] == [
        "MAIL FROM:<s@x.example>",
        'RCPT TO:<"a b"@x.example> ORCPT=rfc822;"a+20b"@x.example',
    ]


def test_replaced_recipient_keeps_its_original_address():  # acceptance check 30, with a table
    seen = World(DSN).run(smtp_generic_maps="inline:{r@x.example=new@y.example}")
    assert seen.commands[2] == "RCPT TO:<new@y.example> ORCPT=rfc822;r@x.example"


@pytest.mark.parametrize(
    ("quoting", "command"), [("yes", 'RCPT TO:<"a b"@x.example>'), ("no", "RCPT TO:<a b@x.example>")]
)
def test_recipient_with_a_blank_is_quoted(quoting, command):  # acceptance check 31
    seen = World(PLAIN).run(['"a b"@x.example'], smtp_quote_rfc821_envelope=quoting)
    assert seen.commands[2] == command


def test_dsn_options_come_in_postfix_order():
    seen = World(Manner(offers=("DSN", "SIZE", "8BITMIME", "SMTPUTF8"))).run(
        ["ö@x.example"],
        dsn_notify="delay, SUCCESS failure",
        dsn_return="Full",
        dsn_envelope_id="letter 1=2",
    )
    assert seen.commands[1].split(" ")[2:] == [
        "SIZE=25",
        "BODY=7BIT",
        "ENVID=letter+201+3D2",
        "RET=FULL",
        "SMTPUTF8",
    ]
    assert seen.commands[2] == (
        "RCPT TO:<ö@x.example> ORCPT=utf-8;\\x{F6}@x.example NOTIFY=SUCCESS,FAILURE,DELAY"
    )


def test_dsn_options_stay_here_where_dsn_is_not_offered():
    seen = World(PLAIN).run(dsn_notify="never", dsn_return="hdrs", dsn_envelope_id="x")
    assert seen.commands[1:3] == ["MAIL FROM:<s@x.example> BODY=7BIT", "RCPT TO:<r@x.example>"]


@pytest.mark.parametrize(
    "wrong", [{"dsn_notify": "never, delay"}, {"dsn_envelope_id": "é"}, {"dsn_envelope_id": "x" * 101}]
)
def test_dsn_options_that_make_no_parameter_are_refused(wrong):
    with pytest.raises(SettingError, match="expected"):
        World(DSN).run(**wrong)


def test_address_outside_ascii_asks_for_smtputf8():
    seen = World(UTF8).run(["zoë@bücher.example"])
    assert seen.commands[1] == "MAIL FROM:<s@x.example> BODY=7BIT SMTPUTF8"
    assert seen.commands[2].startswith("RCPT TO:<zoë@xn--bcher-kva.example> ORCPT=utf-8;zo\\x{EB}@")
    assert seen.status("zoë@bücher.example") == "sent 2.0.0"


def test_peer_without_smtputf8_refuses_nobody_but_who_needs_it():
    seen = World(PLAIN).run(["a@x.example", "zoë@x.example", "b@x.example"])
    assert seen.status("a@x.example") == seen.status("b@x.example") == "sent 2.0.0"
    assert seen.status("zoë@x.example") == "bounced 5.6.7"


def test_ascii_address_asks_for_nothing_though_its_domain_was_international():
    seen = World(UTF8).run(["zoe@bücher.example"])
    assert "SMTPUTF8" not in seen.commands[1]
    assert seen.commands[2].startswith("RCPT TO:<zoe@xn--bcher-kva.example> ")


def test_sender_outside_ascii_asks_for_smtputf8():
    seen = World(UTF8).run(sender="böse@x.example")
    assert seen.commands[1] == "MAIL FROM:<böse@x.example> BODY=7BIT SMTPUTF8"


def test_peer_without_smtputf8_is_left_for_another_one():
    seen = World(peers={"192.0.2.1": PLAIN, "192.0.2.2": UTF8}).run(["ö@x.example"], **BOTH)
    assert seen.status("ö@x.example") == "sent 2.0.0"
    queue_id = seen.outcomes["ö@x.example"].queue_id
    assert (
        f"smtp: {queue_id}: SMTPUTF8 is required, but was not offered by host 192.0.2.1[192.0.2.1]"
        in seen.lines
    )
    assert seen.conversations[0].commands == ["EHLO me.example", "QUIT"]


def test_no_peer_with_smtputf8_bounces_what_needs_it():
    seen = World(peers={"192.0.2.1": PLAIN, "192.0.2.2": PLAIN}).run(["ö@x.example", "o@x.example"], **BOTH)
    outcome = seen.outcomes["ö@x.example"]
    assert (outcome.status, outcome.dsn) == ("bounced", "5.6.7")
    assert outcome.reply == "SMTPUTF8 is required, but was not offered by host 192.0.2.2[192.0.2.2]"


def test_address_that_needs_smtputf8_is_refused_where_it_is_switched_off():
    seen = World(UTF8).run(["ö@x.example"], smtputf8_enable="no")
    assert seen.status("ö@x.example") == "bounced 5.6.7"
    assert "MAIL" not in seen.verbs


@pytest.mark.parametrize("classes", ["smtpd", "all", "sendmail smtpd"])
def test_header_outside_ascii_asks_for_smtputf8_where_it_is_looked_for(classes):
    seen = World(UTF8).run(message=HEADER, smtputf8_autodetect_classes=classes)
    assert seen.commands[1] == "MAIL FROM:<s@x.example> BODY=8BITMIME SMTPUTF8"
    assert World(PLAIN).run(message=HEADER, smtputf8_autodetect_classes=classes).status() == "bounced 5.6.7"


def test_header_outside_ascii_asks_for_nothing_by_itself():
    seen = World(UTF8).run(message=HEADER)
    assert seen.commands[1] == "MAIL FROM:<s@x.example> BODY=8BITMIME"
    body = b"Subject: x\r\n\r\n" + HEADER
    seen = World(UTF8).run(message=body, smtputf8_autodetect_classes="all")
    assert seen.commands[1] == "MAIL FROM:<s@x.example> BODY=8BITMIME"
