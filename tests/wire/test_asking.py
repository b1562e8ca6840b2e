"""Between EHLO and the first transaction: STARTTLS, EHLO once more, AUTH (spec: tls, 6; session, 8, 9; sasl, 2)."""

import pytest

from fastsmtp.errors import LocalProtocolError
from fastsmtp.wire import engine as wire
from fastsmtp.wire.engine import SessionEngine
from fastsmtp.wire.transaction import Transaction
from tests.support.talk import at_random, bytewise, whole

GREETING = b"220 mx.example ESMTP\r\n"
OFFERS = (
    b"250-mx.example\r\n250-PIPELINING\r\n250-SIZE 100\r\n250-XFORWARD SOURCE\r\n250-DSN\r\n250-STARTTLS\r\n"
    b"250-LIMITS RCPTMAX=3 MAILMAX=4\r\n250-CHUNKING\r\n250 AUTH PLAIN LOGIN\r\n"
)
OTHERS = b"250-other.example\r\n250-8BITMIME\r\n250-STARTTLS\r\n250 AUTH CRAM-MD5\r\n"


@pytest.fixture(params=[whole, bytewise, at_random])
def cut(request):
    return request.param


class Talk:
    """The engine, and what it was told so far."""

    def __init__(self, cut=whole, *heard, **options):
        self.engine = SessionEngine(b"me.example", forwards=True, window_limit=4, **options)
        self.cut = cut
        self.hear(*(heard or (GREETING, OFFERS)))

    def hear(self, *texts):
        """Gives the events."""
        events = []
        for text in texts:
            for piece in self.cut(text):
                self.engine.receive(piece)
                events += self.engine.events()
            self.said = b"".join(self.engine.take())
        return events

    def ask(self, line=b"STARTTLS", command=wire.STARTTLS):
        self.engine.ask(line, command)
        return b"".join(self.engine.take())


def test_reply_to_a_command_alone_is_an_event(cut):
    talk = Talk(cut)
    assert talk.ask(b"AUTH PLAIN AGEAYg==", wire.AUTH) == b"AUTH PLAIN AGEAYg==\r\n"
    assert talk.engine.stage == wire.AUTH
    ((kind, (command, reply)),) = talk.hear(b"334-more\r\n334 VXNlcm5hbWU6\r\n")
    assert (kind, command, reply.code) == (wire.REPLIED, wire.AUTH, 334)
    assert talk.ask(b"", wire.AUTH) == b"\r\n"
    ((_, (_, reply)),) = talk.hear(b"235 2.7.0 ok\r\n")
    assert reply.digit == 2
    talk.engine.begin(Transaction(b"s@x", [b"r@y"], b"x\r\n.\r\n"))
    assert b"MAIL FROM" in b"".join(talk.engine.take())


def test_nothing_else_is_said_while_a_command_stands_alone():
    talk = Talk()
    talk.ask()
    with pytest.raises(LocalProtocolError):
        talk.ask()
    talk.hear(b"454 4.7.0 not now\r\n")
    assert "STARTTLS" in talk.engine.offers
    talk.engine.begin(Transaction(b"s@x", [b"r@y"], b"x\r\n.\r\n"))
    with pytest.raises(LocalProtocolError):
        talk.ask()


@pytest.mark.parametrize("line", [b"AUTH PLAIN\r\nMAIL FROM:<>", b"a\nb", b"a\rb", b"a\0b", b"x\r\n"])
def test_line_of_more_than_a_line_is_refused(line):
    with pytest.raises(LocalProtocolError):
        Talk().ask(line, wire.AUTH)


@pytest.mark.parametrize("command", [wire.MAIL, wire.QUIT, wire.EHLO])
def test_other_commands_are_not_asked(command):
    with pytest.raises(LocalProtocolError):
        Talk().ask(b"NOOP", command)


def test_nothing_is_asked_before_the_introduction_or_behind_quit():
    with pytest.raises(LocalProtocolError):
        Talk(whole, GREETING).ask()
    talk = Talk()
    talk.engine.quit()
    with pytest.raises(LocalProtocolError):
        talk.ask()


def test_ehlo_inside_tls_forgets_what_was_learned_in_the_clear(cut):  # session acceptance check 26; tls 14
    talk = Talk(cut)
    engine = talk.engine
    assert (engine.size_limit, engine.recipient_limit, engine.mail_limit) == (100, 3, 4)
    talk.ask()
    talk.hear(b"220 2.0.0 go ahead\r\n")
    assert engine.stage == wire.STARTTLS
    assert engine.greet_again() == 0
    assert b"".join(engine.take()) == b"EHLO me.example\r\n"
    assert engine.stage == wire.EHLO
    assert (engine.offers, engine.peer_name, engine.size_limit) == ({}, b"", 0)
    assert talk.hear(OTHERS) == [(wire.READY, None)]
    assert engine.offers == {"8BITMIME": "", "AUTH": "CRAM-MD5"}
    assert engine.peer_name == b"other.example"
    assert (engine.size_limit, engine.recipient_limit, engine.mail_limit, engine.chunking) == (0, 0, 0, False)
    engine.begin(Transaction(b"s@x", [b"r@y"], b"x\r\n.\r\n", size=200))
    assert b"".join(engine.take()) == b"MAIL FROM:<s@x>\r\n"  # no SIZE, no XFORWARD, and nothing behind it


@pytest.mark.parametrize("early", [b"250-AUTH PLAIN\r\n250 ok\r\n", b"250 x", b"\0" * 9000])
def test_what_came_in_the_clear_behind_the_reply_is_never_read(early):  # tls acceptance check 13
    talk = Talk()
    talk.ask()
    events = talk.hear(b"220 go ahead\r\n" + early)
    assert [kind for kind, _ in events] == [wire.REPLIED]
    assert talk.engine.unread == len(early)
    assert talk.engine.greet_again() == len(early)
    talk.engine.take()
    assert talk.engine.unread == 0
    assert talk.hear(OTHERS) == [(wire.READY, None)]
    assert talk.engine.offers == {"8BITMIME": "", "AUTH": "CRAM-MD5"}
    assert not talk.engine.suspect


def test_what_follows_a_refusal_of_starttls_is_out_of_turn():
    talk = Talk()
    talk.ask()
    events = talk.hear(b"454 no\r\n250 ok\r\n")
    assert [kind for kind, _ in events] == [wire.REPLIED, wire.UNUSABLE]


def test_refusal_of_ehlo_inside_tls_leads_to_helo_without_offers(cut):
    talk = Talk(cut)
    talk.ask()
    talk.hear(b"220 go\r\n")
    talk.engine.greet_again()
    talk.engine.take()
    talk.hear(b"502 what\r\n")
    assert talk.said == b"HELO me.example\r\n"
    assert talk.hear(b"250 mx.example\r\n") == [(wire.READY, None)]
    assert talk.engine.offers == {}


@pytest.mark.parametrize("reply", [b"421 leaving\r\n"])
def test_421_to_ehlo_inside_tls_is_a_refusal(reply):
    talk = Talk()
    talk.ask()
    talk.hear(b"220 go\r\n")
    talk.engine.greet_again()
    talk.engine.take()
    ((kind, (stage, _)),) = talk.hear(reply)
    assert (kind, stage) == (wire.REFUSED, wire.EHLO)


def test_ehlo_comes_again_only_behind_starttls():
    with pytest.raises(LocalProtocolError):
        Talk().engine.greet_again()
    talk = Talk()
    talk.ask()
    talk.hear(b"454 no\r\n")
    with pytest.raises(LocalProtocolError):
        talk.engine.greet_again()


@pytest.mark.parametrize(
    ("lines", "mechanisms"),
    [
        (["AUTH PLAIN LOGIN"], "PLAIN LOGIN"),
        (["AUTH=LOGIN PLAIN"], "LOGIN PLAIN"),
        (["AUTH PLAIN LOGIN", "AUTH=plain login"], "PLAIN LOGIN"),
        (["AUTH PLAIN", "AUTH LOGIN"], "PLAIN LOGIN"),
        (["auth  PLAIN   LOGIN "], "PLAIN LOGIN"),
        (["AUTH"], ""),
        (["AUTH", "AUTH=PLAIN"], "PLAIN"),
        (["AUTH " + "A" * 1500, "AUTH " + "B" * 1500, "AUTH C"], "A" * 1500 + " " + "B" * 547),
    ],
)
def test_lines_of_auth_are_joined(lines, mechanisms):
    talk = Talk(
        whole, GREETING, b"".join(f"250-{line}\r\n".encode() for line in ["mx", *lines]) + b"250 DSN\r\n"
    )
    assert talk.engine.offers["AUTH"] == mechanisms


def test_transcript_gets_what_may_be_shown():
    class Heard:
        def __init__(self):
            self.lines = []

        def said(self, line):
            self.lines.append(line)

        def heard(self, reply):
            self.lines.append(reply.raw)

        def content(self, size):
            raise AssertionError

    talk = Talk()
    talk.engine.transcript = heard = Heard()
    talk.engine.ask(b"AUTH PLAIN AGEAYg==", wire.AUTH, b"AUTH PLAIN ****")
    talk.hear(b"235 ok\r\n")
    assert heard.lines == [b"AUTH PLAIN ****", b"235 ok"]
