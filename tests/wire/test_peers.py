"""The peers of the other tests, tried with Python's own SMTP client."""

import contextlib
import smtplib
import socket
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.support.dialogue import BYTEWISE, RANDOM, WHOLE, Dialogue
from tests.support.peer import Peer, UnexpectedCommandError
from tests.support.postfix import Postfix
from tests.support.process import LOOPBACK
from tests.support.receiver import Receiver
from tests.support.smtp_sink import SmtpSink, find
from tests.support.waiting import eventually

DIALOGUE = """
    S: 220 mx.example.com ESMTP
    C: EHLO *
    S: 250-mx.example.com
    S: 250 8BITMIME
    C: MAIL FROM:<sender@example.org>*
    S: 250 2.1.0 Ok
    C: RCPT TO:<one@example.com>
    S: 250 2.1.5 Ok
    C: DATA
    S: 354 go on
    C: (message)
    S: 250 2.0.0 Ok
    C: QUIT
    S: 221 2.0.0 Bye
"""


def message() -> EmailMessage:
    message = EmailMessage()
    message["From"] = "sender@example.org"
    message["To"] = "one@example.com"
    message["Subject"] = "Greetings"
    message.set_content("A line\n.a line with a dot\n")
    return message


def send(port: int) -> None:
    with smtplib.SMTP(LOOPBACK, port, timeout=10) as client:
        client.send_message(message())


def send_in_vain(port: int) -> None:
    with contextlib.suppress(smtplib.SMTPException, OSError):
        send(port)


@pytest.mark.parametrize("cut", [WHOLE, BYTEWISE, RANDOM])
def test_peer_follows_its_dialogue_and_records_the_client(cut: str) -> None:
    with Peer(DIALOGUE, cut=cut) as peer:
        send(peer.port)
    (conversation,) = peer.conversations
    assert conversation.complete
    assert conversation.commands[-2:] == ["data", "QUIT"]
    assert conversation.messages[0].endswith(b"A line\r\n..a line with a dot\r\n.\r\n")


def test_peer_names_a_command_that_it_did_not_expect() -> None:
    peer = Peer(DIALOGUE.replace("<one@", "<two@"))
    with pytest.raises(UnexpectedCommandError, match="expected 'RCPT TO:<two@"), peer:
        send_in_vain(peer.port)


@pytest.mark.parametrize(
    "dialogue", list(Dialogue.parse(DIALOGUE).prefixes()), ids=lambda each: str(each.steps[-2:-1])
)
def test_peer_leaves_at_each_stage(dialogue: Dialogue) -> None:
    with Peer(dialogue) as peer:
        send_in_vain(peer.port)
    assert all(conversation.complete for conversation in peer.conversations)


def test_peer_resets_the_connection() -> None:
    dialogue = "S: 220 mx\nC: QUIT\nX: reset"  # sooner, the reset may overtake the greeting and the connect
    with Peer(dialogue) as peer, socket.create_connection((LOOPBACK, peer.port), 10) as client:
        assert client.recv(100) == b"220 mx\r\n"
        client.sendall(b"QUIT\r\n")
        with pytest.raises(ConnectionResetError):
            client.recv(100)


def test_each_connection_has_its_own_dialogue() -> None:
    with Peer("S: 421 4.3.2 not now\nX: close", DIALOGUE) as peer:
        send_in_vain(peer.port)
        send(peer.port)
    assert [len(conversation.messages) for conversation in peer.conversations] == [0, 1]


def test_receiver_records_the_transaction(receiver: Receiver) -> None:
    send(receiver.port)
    (transaction,) = receiver.transactions
    assert transaction.sender == "sender@example.org"
    assert transaction.recipients == ("one@example.com",)
    assert transaction.content.endswith(b"\r\n.a line with a dot\r\n")


@pytest.mark.peer
@pytest.mark.skipif(find("smtp-sink") is None, reason="smtp-sink is not installed")
def test_sink_keeps_what_it_took() -> None:
    with SmtpSink(keep=True) as sink:
        send(sink.port)
        send(sink.port)
        eventually(lambda: sink.kept_count() == 2)
        first, second = sink.kept()
    assert first == second
    assert first.sender == "sender@example.org"
    assert first.recipients == ("one@example.com",)
    assert first.content.startswith(b"From: sender@example.org\n")
    assert first.content.endswith(b"\nA line\n.a line with a dot\n")


@pytest.mark.peer
def test_mail_through_a_relaying_postfix_arrives(
    postfix_relay: Callable[[int], Postfix], receiver: Receiver
) -> None:
    postfix = postfix_relay(receiver.port)
    send(postfix.port)
    eventually(lambda: len(receiver.transactions) == 1)
    assert receiver.transactions[0].content.endswith(b"\r\n.a line with a dot\r\n")
    eventually(lambda: "status=sent" in postfix.log())


@pytest.mark.peer
def test_mail_stays_in_a_receiving_postfix(postfix_inbox: Postfix) -> None:
    send(postfix_inbox.port)
    eventually(lambda: postfix_inbox.inbox_size() == 1)
    (arrived,) = postfix_inbox.inbox()
    assert arrived.sender == "sender@example.org"
    assert arrived.recipient == "one@example.com"
    assert arrived.content.startswith(b"From: sender@example.org\n")
    assert arrived.content.endswith(b"\n.a line with a dot\n")


@pytest.mark.peer
def test_stopped_postfix_leaves_no_process(postfix_inbox: Postfix) -> None:
    pids = postfix_inbox.pids()
    assert len(pids) > 1
    postfix_inbox.__exit__(None, None, None)
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]
