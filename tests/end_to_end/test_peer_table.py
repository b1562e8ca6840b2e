"""What becomes of mail at servers that are not ours, and at smtp-sink with each of its faults: a table."""

import re
from collections import Counter
from collections.abc import Iterator

import pytest

from fastsmtp.sink.behaviour import Behaviour
from fastsmtp.sink.limits import Limits
from tests.support import exim as exims
from tests.support.background_sink import BackgroundSink
from tests.support.delivery import deliver
from tests.support.exim import Exim
from tests.support.postfix import Postfix
from tests.support.receiver import Receiver
from tests.support.smtp_sink import SmtpSink, find
from tests.support.waiting import eventually

pytestmark = pytest.mark.peer

ONE, TWO = "a@y.example", "b@y.example"
STUFFED = b"Subject: x\n\n.dot\n"
LARGE = b"Subject: x\r\n\r\n" + (b"x" * 60 + b"\r\n") * 200_000

SENT = ("sent", "2.0.0", "250 2.0.0 Ok")
GREETING = "receiving the initial server greeting"
DOUBT = "sending end of data -- message may be sent more than once"
BUSY, SOFT, HARD = "421 4.0.0 Server closing", "450 4.3.0 Error", "500 5.3.0 Error"


def lost(stage: str) -> tuple[str, str, str]:
    return "deferred", "4.4.2", f"lost connection with 127.0.0.1[127.0.0.1] while {stage}"


def said(status: str, dsn: str, text: str, command: str) -> tuple[str, str, str]:
    """Start and end of the reason stand around a space."""
    return status, dsn, f"host 127.0.0.1[127.0.0.1] said: {text}... (in reply to {command} command)"


def refused(dsn: str, text: str) -> tuple[str, str, str]:
    return "deferred", dsn, f"host 127.0.0.1[127.0.0.1] refused to talk to me: {text}"


COMMANDS = {"MAIL": "MAIL FROM", "RCPT": "RCPT TO", "DATA": "DATA", ".": "end of DATA"}
TABLE = [
    (("-q", "CONNECT"), lost(GREETING)),
    (("-q", "EHLO"), lost("performing the EHLO handshake")),
    (("-q", "MAIL"), lost("sending MAIL FROM")),
    (("-q", "RCPT"), lost("sending RCPT TO")),
    (("-q", "DATA"), lost("sending DATA command")),
    (("-q", "."), lost(DOUBT)),
    (("-q", "QUIT"), SENT),
    (("-Q", "CONNECT"), refused("4.0.0", BUSY)),
    (("-Q", "EHLO"), refused("4.0.0", BUSY)),
    *((("-Q", verb), said("deferred", "4.0.0", BUSY, command)) for verb, command in COMMANDS.items()),
    (("-Q", "QUIT"), SENT),
    (("-r", "CONNECT"), refused("4.3.0", SOFT)),
    (("-r", "EHLO"), SENT),  # HELO follows
    (("-r", "HELO"), SENT),
    (("-r", "EHLO,HELO"), refused("4.3.0", SOFT)),
    *((("-r", verb), said("deferred", "4.3.0", SOFT, command)) for verb, command in COMMANDS.items()),
    (("-r", "QUIT"), SENT),
    (("-f", "CONNECT"), refused("4.3.0", HARD)),  # smtp_skip_5xx_greeting
    (("-f", "EHLO"), SENT),
    *((("-f", verb), said("bounced", "5.3.0", HARD, command)) for verb, command in COMMANDS.items()),
    (("-f", "QUIT"), SENT),
    (("-P",), SENT),
    (("-p",), SENT),
    (("-e",), SENT),
    (("-8",), SENT),
    (("-N",), SENT),
    (("-w", "1"), SENT),
]


@pytest.mark.skipif(find("smtp-sink") is None, reason="smtp-sink is not installed")
@pytest.mark.parametrize(("switches", "expected"), TABLE, ids=lambda part: " ".join(part[:2]))
def test_smtp_sink_with_a_fault(switches: tuple[str, ...], expected: tuple[str, str, str]) -> None:
    with SmtpSink(*switches) as sink:
        outcome = deliver([ONE], sink.port)[ONE]
    status, dsn, text = expected
    assert (outcome.status, outcome.dsn) == (status, dsn)
    start, _, end = text.partition("...")
    assert outcome.reply.startswith(start)
    assert outcome.reply.endswith(end)


@pytest.mark.skipif(find("smtp-sink") is None, reason="smtp-sink is not installed")
def test_421_to_one_recipient_leaves_the_other_without_an_answer() -> None:
    with SmtpSink("-Q", "RCPT") as sink:
        outcomes = deliver([ONE, TWO], sink.port)
    assert outcomes[ONE].dsn == "4.0.0"
    assert (outcomes[TWO].status, outcomes[TWO].dsn, outcomes[TWO].reply) == lost("sending RCPT TO")


@pytest.mark.skipif(find("smtp-sink") is None, reason="smtp-sink is not installed")
@pytest.mark.parametrize(
    ("switches", "status"), [(("-A", "0"), "bounced"), (("-A", "1"), "bounced"), (("-H", "1"), "sent")]
)
def test_smtp_sink_that_does_not_read_large_content(switches: tuple[str, ...], status: str) -> None:
    """-A answers 550 and leaves, with the content on its way; -H only thinks first."""
    with SmtpSink(*switches) as sink:
        outcome = deliver([ONE], sink.port, message=LARGE)[ONE]
    assert outcome.status == status
    if status == "bounced":
        assert outcome.reply.endswith("550 This violates SMTP (in reply to end of DATA command)")


@pytest.fixture
def exim() -> Iterator[Exim]:
    if reason := exims.missing():
        pytest.skip(reason)
    with Exim() as started:
        yield started


def many(count: int) -> list[str]:
    """Some of them are refused by Exim; they go out in this order."""
    kinds = [
        "refused" if number % 17 == 16 else "later" if number % 23 == 22 else "" for number in range(count)
    ]
    return [f"r{number:03}{kind}@y.example" for number, kind in enumerate(kinds)]


@pytest.mark.parametrize("window", ["1", "10"])
def test_window_of_messages_at_exim_by_bdat(exim: Exim, window: str) -> None:
    """It keeps the envelope of a refused message open: the next one's MAIL is then answered 503."""
    addresses = many(150)
    outcomes = deliver(
        addresses,
        exim.port,
        message=STUFFED,
        smtp_destination_recipient_limit="1",
        smtp_chunking_window_limit=window,
    )
    for address, outcome in outcomes.items():
        expected = "bounced" if "refused" in address else "deferred" if "later" in address else "sent"
        assert outcome.status == expected, outcome
    arrived = Counter(each.recipients for each in exim.received())
    assert arrived == Counter((address,) for address, outcome in outcomes.items() if outcome.status == "sent")
    assert {each.body for each in exim.received()} == {b".dot\n"}
    assert {each.sender for each in exim.received()} == {"s@x.example"}


def test_recipients_of_one_message_at_exim_by_bdat(exim: Exim) -> None:
    outcomes = deliver(["good@y.example", "refused@y.example", "later@y.example"], exim.port)
    found = {address.partition("@")[0]: outcome.status for address, outcome in outcomes.items()}
    assert found == {"good": "sent", "refused": "bounced", "later": "deferred"}
    assert [each.recipients for each in exim.received()] == [("good@y.example",)]


@pytest.mark.parametrize("enabled", ["yes", "no"])
def test_postfix_takes_all_by_bdat_or_data(postfix_inbox: Postfix, enabled: str) -> None:
    addresses = [f"r{number}@y.example" for number in range(200)]
    outcomes = deliver(
        addresses,
        postfix_inbox.port,
        message=STUFFED,
        smtp_destination_recipient_limit="1",
        smtp_chunking_enable=enabled,
    )
    assert {outcome.status for outcome in outcomes.values()} == {"sent"}
    command = "bdat" if enabled == "yes" else "data"
    eventually(lambda: sum(map(int, re.findall(rf" {command}=([0-9]+)", postfix_inbox.log()))) == 200)


def test_aiosmtpd_takes_all_one_by_one(receiver: Receiver) -> None:
    addresses = [f"r{number}@y.example" for number in range(50)]
    outcomes = deliver(addresses, receiver.port, smtp_destination_recipient_limit="1")
    assert {outcome.status for outcome in outcomes.values()} == {"sent"}
    assert len(receiver.transactions) == 50


@pytest.mark.parametrize("limits", [Limits(mails=3), Limits(recipients=2), Limits(mails=2, recipients=3)])
def test_limits_of_a_peer_are_never_overstepped(limits: Limits) -> None:
    addresses = [f"r{number}@y.example" for number in range(20)]
    with BackgroundSink(behaviour=Behaviour(limits=limits)) as sink:
        outcomes = deliver(addresses, sink.port, smtp_destination_recipient_limit="5")
        assert sink.tally.violations == {}
    assert {outcome.status for outcome in outcomes.values()} == {"sent"}
    assert sorted(sink.recipients()) == sorted(addresses)
