"""What a peer may say at each stage, and what becomes of the recipient: status, DSN and exit status.

One recipient, one attempt (--once), one server. Each reply stands for its stage in a dialogue that is
otherwise friendly; `PIPELINED` is the same with the commands in one group.
Source: spec: session, sections 3 and 4 (each row was seen with Postfix's own client).
"""

from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.commands import Finished, fastsmtp
from tests.support.dialogue import BYTEWISE, Dialogue
from tests.support.jobs import Job
from tests.support.peer import Peer

ALL_SENT, SOME_BOUNCED, SOME_WAIT = 0, 1, 75
STATUS = {"sent": ALL_SENT, "bounced": SOME_BOUNCED, "deferred": SOME_WAIT}
REST = "X: polite"

GREETING = "S: 220 mx.example.com ESMTP"
EHLO = "C: EHLO *\nS: 250-mx.example.com\nS: 250 8BITMIME"
PIPELINING = "C: EHLO *\nS: 250-mx.example.com\nS: 250-PIPELINING\nS: 250 8BITMIME"
MAIL = "C: MAIL FROM:<bounces@news.example.org>*\nS: 250 2.1.0 Ok"
RCPT = "C: RCPT TO:<reader0@list0.example.com>\nS: 250 2.1.5 Ok"
DATA = "C: DATA\nS: 354 Go on"
DOT = "C: (message)\nS: 250 2.0.0 Ok: queued as 4711"

FRIENDLY = [GREETING, EHLO, MAIL, RCPT, DATA, DOT]


def until(stage: str, *instead: str, parts: list[str] | None = None) -> str:
    """The friendly dialogue up to the command of `stage`, then `instead` in place of its reply."""
    friendly = parts or FRIENDLY
    before = friendly[: friendly.index(stage)]
    heard = [line for line in stage.splitlines() if line.startswith("C:")]
    return "\n".join([*before, *heard, *instead])


class Case(NamedTuple):
    name: str
    dialogue: str
    status: str
    dsn: str


def refused(stage: str, name: str, reply: str, status: str, dsn: str) -> Case:
    lines = [f"S: {line}" for line in reply.split("\n")]
    return Case(f"{name}: {reply!r}", until(stage, *lines, REST), status, dsn)


HELO = "C: HELO *\nS: 250 mx.example.com"
NO_EHLO = until(EHLO, "S: 502 5.5.1 What?")
OLD = "\n".join([NO_EHLO.replace(" ESMTP", ""), HELO, MAIL, RCPT, DATA, DOT, REST])

CASES = [
    Case("all is well", "\n".join([*FRIENDLY, REST]), "sent", "2.0.0"),
    refused(GREETING, "greeting", "421 4.3.2 Busy", "deferred", "4.3.2"),
    refused(GREETING, "greeting", "450 Later", "deferred", "4.0.0"),
    refused(GREETING, "greeting", "554 5.7.1 No mail from you", "deferred", "4.7.1"),
    refused(GREETING, "greeting", "354 Eh", "bounced", "5.5.0"),
    refused(EHLO, "EHLO", "421 4.3.2 Going down", "deferred", "4.3.2"),
    Case("EHLO unknown, HELO taken", OLD, "sent", "2.0.0"),
    Case("EHLO later, HELO refused", f"{NO_EHLO}\nC: HELO *\nS: 550 Never\n{REST}", "bounced", "5.0.0"),
    Case("EHLO later, HELO later", f"{NO_EHLO}\nC: HELO *\nS: 450 Later\n{REST}", "deferred", "4.0.0"),
    refused(MAIL, "MAIL", "451 4.1.8 Not now", "deferred", "4.1.8"),
    refused(MAIL, "MAIL", "550 5.1.8 Bad sender", "bounced", "5.1.8"),
    refused(MAIL, "MAIL", "421 4.3.2 Going down", "deferred", "4.3.2"),
    refused(RCPT, "RCPT", "450 4.2.1 Greylisted", "deferred", "4.2.1"),
    refused(RCPT, "RCPT", "550 5.1.1 Unknown", "bounced", "5.1.1"),
    refused(RCPT, "RCPT", "550", "bounced", "5.0.0"),
    refused(RCPT, "RCPT", "552 5.2.2 Full", "bounced", "5.2.2"),
    refused(RCPT, "RCPT", "550 4.1.1 Wrong class", "bounced", "5.0.0"),
    refused(RCPT, "RCPT", "600 Beyond", "bounced", "5.5.0"),
    refused(RCPT, "RCPT", "250-2.1.5 a\n450-4.1.1 b\n550 5.1.6 c", "bounced", "5.1.6"),
    Case(
        "RCPT: garbage before the reply",
        "\n".join([until(RCPT, "S: hello", "S: 250 2.1.5 Ok"), DATA, DOT, REST]),
        "sent",
        "2.0.0",
    ),
    refused(DATA, "DATA", "451 4.3.0 Not now", "deferred", "4.3.0"),
    refused(DATA, "DATA", "554 5.7.1 No", "bounced", "5.7.1"),
    refused(DATA, "DATA", "250 2.0.0 Eh", "bounced", "5.5.0"),
    refused(DOT, "dot", "452 4.3.1 No room", "deferred", "4.3.1"),
    refused(DOT, "dot", "554 5.6.0 Spam", "bounced", "5.6.0"),
    refused(DOT, "dot", "250 Fine", "sent", "2.0.0"),
    Case("421 and gone", until(RCPT, "S: 421 4.3.2 Bye", "X: close"), "deferred", "4.3.2"),
    Case("reset instead of a reply", until(DOT, "X: reset"), "deferred", "4.4.2"),
]


def send_to(peer: Peer, directory: Path) -> tuple[Job, Finished]:
    job = Job.write(directory, 1)
    return job, fastsmtp("send", *job.arguments(peer.port), "--once")


def check(job: Job, done: Finished, status: str, dsn: str) -> None:
    assert "Traceback" not in done.said, done.said
    (row,) = job.results()
    assert (row["status"], row["dsn"]) == (status, dsn), row
    assert done.status == STATUS[status], done.said


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_reply_decides_the_recipients_fate(case: Case, tmp_path: Path) -> None:
    with Peer(case.dialogue) as peer:
        job, done = send_to(peer, tmp_path)
    check(job, done, case.status, case.dsn)
    if case.status == "sent" and case.dialogue != OLD:  # HELO alone has no 8BITMIME: that text is converted
        content = peer.conversations[0].messages[0]
        assert content.removesuffix(b".\r\n").replace(b"\r\n.", b"\r\n") == job.expected.popitem()[1]


PIPELINED = [GREETING, PIPELINING, MAIL, RCPT, DATA, DOT]
BAD_SEQUENCE = "S: 503 5.5.1 Bad sequence"


@pytest.mark.parametrize(
    ("dialogue", "status", "dsn"),
    [
        ("\n".join([*PIPELINED, REST]), "sent", "2.0.0"),
        (
            "\n".join(
                [
                    until(MAIL, "S: 550 5.1.8 Bad sender", parts=PIPELINED),
                    *("C: RCPT *", BAD_SEQUENCE, "C: DATA", BAD_SEQUENCE, REST),
                ]
            ),
            "bounced",
            "5.1.8",
        ),
        (
            until(RCPT, "S: 450 4.2.1 Greylisted", "C: DATA", BAD_SEQUENCE, REST, parts=PIPELINED),
            "deferred",
            "4.2.1",
        ),
        (
            "\n".join(
                [
                    until(RCPT, "S: 550 5.1.1 Unknown", parts=PIPELINED),
                    *(DATA, "C: .", "S: 554 5.5.1 No valid recipients", REST),
                ]
            ),
            "bounced",
            "5.1.1",
        ),
    ],
    ids=["sent", "MAIL refused", "RCPT refused", "RCPT refused, DATA taken"],
)
def test_pipelined_reply_decides_the_recipients_fate(
    dialogue: str, status: str, dsn: str, tmp_path: Path
) -> None:
    with Peer(dialogue) as peer:
        job, done = send_to(peer, tmp_path)
    check(job, done, status, dsn)
    assert all(len(message) < 100 for message in peer.conversations[0].messages) or status == "sent"


def test_replies_may_come_a_byte_at_a_time(tmp_path: Path) -> None:
    with Peer("\n".join([*FRIENDLY, REST]), cut=BYTEWISE) as peer:
        job, done = send_to(peer, tmp_path)
    check(job, done, "sent", "2.0.0")


STEPS = Dialogue.parse("\n".join(FRIENDLY)).steps


@pytest.mark.parametrize("length", range(len(STEPS)), ids=lambda length: f"instead of {STEPS[length]}")
def test_peer_that_leaves_before_its_answer_to_the_dot_defers(length: int, tmp_path: Path) -> None:
    shortened = list(Dialogue(STEPS).prefixes())[length]
    with Peer(shortened) as peer:
        job, done = send_to(peer, tmp_path)
    check(job, done, "deferred", "4.4.2")


def test_peer_that_leaves_after_its_answer_to_the_dot_has_the_message(tmp_path: Path) -> None:
    with Peer("\n".join([*FRIENDLY, "X: close"])) as peer:
        job, done = send_to(peer, tmp_path)
    check(job, done, "sent", "2.0.0")
