"""The receiver's side of SMTP: bytes in, replies out; whole, a byte at a time and cut at random."""

import random
import ssl
from collections.abc import Callable
from itertools import pairwise

import pytest

from fastsmtp.sink.behaviour import Behaviour, Envelope, Tally
from fastsmtp.sink.commands import RECIPIENT_LIMIT
from fastsmtp.sink.dialogue import COMMAND_SIZE_LIMIT, Dialogue
from fastsmtp.sink.limits import Limits

Cut = Callable[[bytes], list[bytes]]


def whole(data: bytes) -> list[bytes]:
    return [data]


def octets(data: bytes) -> list[bytes]:
    return [data[i : i + 1] for i in range(len(data))]


def pieces(data: bytes) -> list[bytes]:
    rng = random.Random(len(data))
    cuts = sorted({0, len(data), *(rng.randrange(len(data) + 1) for _ in range(12))})
    return [data[a:b] for a, b in pairwise(cuts)]


CUTS = pytest.mark.parametrize("cut", [whole, octets, pieces])


class Talk:
    """A dialogue with what it delivered."""

    def __init__(self, **options: object) -> None:
        self.tally = Tally()
        self.messages: list[tuple[Envelope, bytes]] = []
        self.dialogue = Dialogue(
            Behaviour(**options),  # type: ignore[arg-type]
            7,
            "127.0.0.1:9",
            self.tally,
            lambda envelope, content: self.messages.append((envelope, content)),
        )

    def say(self, data: bytes, cut: Cut = whole) -> list[bytes]:
        """The codes of the replies, multi-line ones as one."""
        replies = b"".join(self.dialogue.receive(piece) for piece in cut(data))
        assert not replies or replies.endswith(b"\r\n")
        return [line[:3] for line in replies.split(b"\r\n")[:-1] if line[3:4] == b" "]


def greeted(**options: object) -> Talk:
    talk = Talk(**options)
    talk.say(b"EHLO client.example\r\n")
    return talk


def transaction(content: bytes, recipient: bytes = b"r@example.com") -> bytes:
    return b"MAIL FROM:<s@example.com>\r\nRCPT TO:<" + recipient + b">\r\nDATA\r\n" + content + b".\r\n"


@CUTS
def test_session_of_two_messages_is_taken_whole(cut: Cut) -> None:
    talk = Talk()
    script = (
        b"EHLO c.example\r\n" + transaction(b"A: 1\r\n\r\none\r\n") + transaction(b"two\r\n") + b"QUIT\r\n"
    )
    assert talk.say(script, cut) == [b"250", *[b"250", b"250", b"354", b"250"] * 2, b"221"]
    assert [content for _, content in talk.messages] == [b"A: 1\r\n\r\none\r\n", b"two\r\n"]
    assert talk.dialogue.commands.closing
    assert talk.dialogue.commands.ending == "quit"
    assert (talk.tally.messages, talk.tally.recipients, talk.tally.bytes) == (2, 2, 18)


@CUTS
@pytest.mark.parametrize(
    ("stuffed", "content"),
    [
        (b"", b""),
        (b"..\r\n", b".\r\n"),
        (b"...\r\n..a\r\n", b"..\r\n.a\r\n"),
        (b"\r\n\r\n", b"\r\n\r\n"),
        (b"a\r\n..\r\n\r\n..\r\n", b"a\r\n.\r\n\r\n.\r\n"),
        (b"a\n.\nb\r\n", b"a\n.\nb\r\n"),
        (b"a\r.\rb\r\n", b"a\r.\rb\r\n"),
        (b"a\n.\r\nb\r\n", b"a\n.\r\nb\r\n"),
        (b"a\r\n..\nb\r\n", b"a\r\n.\nb\r\n"),
    ],
)
def test_content_is_unstuffed_and_ends_at_crlf_dot_crlf_alone(
    cut: Cut, stuffed: bytes, content: bytes
) -> None:
    talk = greeted()
    talk.say(transaction(stuffed), cut)
    assert [taken for _, taken in talk.messages] == [content]


@CUTS
def test_group_behind_the_end_of_a_message_is_answered_in_one_write(cut: Cut) -> None:
    talk = greeted()
    talk.say(b"MAIL FROM:<>\r\nRCPT TO:<a@b>\r\nDATA\r\n")
    group = b"x\r\n.\r\nMAIL FROM:<>\r\nRCPT TO:<c@d>\r\nDATA\r\n"
    assert talk.say(group, cut) == [b"250", b"250", b"250", b"354"]
    assert not talk.tally.violations
    assert talk.say(b"y\r\n.\r\n") == [b"250"]
    assert [e.recipients for e, _ in talk.messages] == [("a@b",), ("c@d",)]


def test_envelope_tells_all_about_its_transaction() -> None:
    talk = greeted()
    talk.say(
        b'mail from:<s@x> SIZE=3 body=8bitmime\r\nrcpt to:<"a>b"@y>\r\nRcpt To:<c@z> NOTIFY=NEVER\r\nDATA\r\n'
    )
    talk.say(b"z\r\n.\r\n")
    envelope, content = talk.messages[0]
    assert content == b"z\r\n"
    assert envelope == Envelope(
        sender="s@x",
        recipients=('"a>b"@y', "c@z"),
        parameters=("SIZE=3", "body=8bitmime"),
        helo="client.example",
        esmtp=True,
        peer="127.0.0.1:9",
        session=7,
        number=1,
        violations=(),
    )


@pytest.mark.parametrize(
    ("content", "violation"),
    [
        (b"a\nb\r\n", "bare LF in a message"),
        (b"a\rb\r\n", "bare CR in a message"),
        (b"a\0b\r\n", "NUL in a message"),
        (b"a" * 999 + b"\r\n", "line too long in a message"),
        ("é\r\n".encode(), "8-bit message without BODY=8BITMIME"),
    ],
)
def test_violation_in_a_message_is_counted_and_the_message_taken(content: bytes, violation: str) -> None:
    talk = greeted()
    talk.say(b"MAIL FROM:<>\r\nRCPT TO:<a@b>\r\nDATA\r\n")
    assert talk.say(content + b".\r\n") == [b"250"]
    assert talk.messages[0][0].violations == (violation,)
    assert talk.tally.violations == {violation: 1}


def test_clean_message_has_no_violation() -> None:
    talk = greeted()
    talk.say(b"MAIL FROM:<> BODY=8BITMIME\r\nRCPT TO:<a@b>\r\nDATA\r\n")
    talk.say("é".encode() + b"a" * 996 + b"\r\n\r\n.\r\n")
    assert not talk.messages[0][0].violations
    assert not talk.tally.violations


@pytest.mark.parametrize(
    ("options", "group"),
    [
        ({"pipelining": False}, b"MAIL FROM:<>\r\nRCPT TO:<a@b>\r\n"),
        ({}, b"EHLO again\r\nMAIL FROM:<>\r\n"),
        ({}, b"MAIL FROM:<>\r\nRCPT TO:<a@b>\r\nDATA\r\ntoo early"),
    ],
)
def test_command_that_did_not_wait_is_a_violation(options: dict[str, object], group: bytes) -> None:
    talk = greeted(**options)
    talk.say(group)
    assert set(talk.tally.violations) == {"sent ahead of a reply to wait for"}


@CUTS
@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"MAIL FROM: <a@b>", b"501"),
        (b"MAIL FROM:a@b", b"501"),
        (b"MAIL FROM:<a b@c>", b"501"),
        (b"MAIL FROM:<a@b> FOO=1", b"555"),
        (b"MAIL FROM:<a@b> SIZE=x", b"501"),
        (b"MAIL FROM:<a@b> SIZE=99999999999", b"552"),
        (b"MAIL FROM:<a@b> BODY=9BIT", b"501"),
        (b"RCPT TO:<a@b>", b"503"),
        (b"DATA", b"503"),
        (b"MAILX", b"500"),
        (b"", b"500"),
        (b"EHLO", b"501"),
        (b"HELO", b"501"),
        (b"HELO c", b"250"),
        (b"NOOP x", b"250"),
        (b"RSET", b"250"),
        (b"VRFY a", b"252"),
        (b"x" * COMMAND_SIZE_LIMIT, b"500"),
    ],
)
def test_line_gets_its_code(cut: Cut, line: bytes, code: bytes) -> None:
    assert greeted().say(line + b"\r\n", cut) == [code]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"MAIL FROM:<a@b>", b"503"),
        (b"RCPT TO:<>", b"501"),
        (b"RCPT TO:<a@b> ORCPT=rfc822;a@b", b"250"),
        (b"RCPT TO:<a@b> SIZE=1", b"555"),
        (b"DATA x", b"501"),
        (b"DATA", b"554"),
    ],
)
def test_line_in_a_transaction_gets_its_code(line: bytes, code: bytes) -> None:
    talk = greeted()
    talk.say(b"MAIL FROM:<a@b>\r\n")
    assert talk.say(line + b"\r\n") == [code]


def test_mail_before_the_greeting_is_refused() -> None:
    assert Talk().say(b"MAIL FROM:<a@b>\r\n") == [b"503"]


def test_rset_and_ehlo_forget_the_transaction() -> None:
    for forget in (b"RSET\r\n", b"EHLO c\r\n"):
        talk = greeted()
        assert talk.say(b"MAIL FROM:<a@b>\r\n" + forget + b"RCPT TO:<a@b>\r\n") == [b"250", b"250", b"503"]


def test_bare_lf_does_not_end_a_command_in_peace() -> None:
    talk = greeted()
    assert talk.say(b"RSET\n") == [b"500"]
    assert talk.tally.violations == {"command ended by a bare LF": 1}


def test_offer_follows_the_options() -> None:
    full = Talk().dialogue.receive(b"EHLO c\r\n").split(b"\r\n")
    assert {line[4:] for line in full} >= {b"PIPELINING", b"8BITMIME", b"ENHANCEDSTATUSCODES", b"DSN"}
    bare = Talk(pipelining=False, eightbit=False).dialogue.receive(b"EHLO c\r\n")
    assert b"PIPELINING" not in bare
    assert b"8BITMIME" not in bare


def test_without_esmtp_ehlo_is_refused_and_helo_taken() -> None:
    talk = Talk(esmtp=False)
    assert b"ESMTP" not in talk.dialogue.greeting()
    assert talk.say(b"EHLO c\r\n") == [b"502"]
    assert talk.say(b"HELO c\r\n") == [b"250"]
    assert talk.say(b"MAIL FROM:<> SIZE=1\r\n") == [b"555"]


def test_body_parameter_without_the_offer_is_refused() -> None:
    assert greeted(eightbit=False).say(b"MAIL FROM:<> BODY=8BITMIME\r\n") == [b"555"]


def test_refused_recipients_are_those_that_the_behaviour_names() -> None:
    behaviour = Behaviour(defer=30, reject=20)
    codes = {"take": b"250", "defer": b"450", "reject": b"550"}
    talk = greeted(defer=30, reject=20)
    talk.say(b"MAIL FROM:<>\r\n")
    addresses = [f"user{i}@example.com" for i in range(200)]
    replies = [talk.say(f"RCPT TO:<{address}>\r\n".encode())[0] for address in addresses]
    assert replies == [codes[behaviour.verdict(address.upper())] for address in addresses]
    assert talk.tally.deferred == replies.count(b"450") > 40
    assert talk.tally.rejected == replies.count(b"550") > 20


def test_recipients_have_a_limit() -> None:
    talk = greeted()
    talk.say(b"MAIL FROM:<>\r\n")
    codes = talk.say(b"RCPT TO:<a@b>\r\n" * (RECIPIENT_LIMIT + 1))
    assert codes == [b"250"] * RECIPIENT_LIMIT + [b"452"]


def test_session_past_its_messages_is_told_421() -> None:
    talk = greeted(messages_per_session=1)
    assert talk.say(transaction(b"x\r\n") + b"MAIL FROM:<>\r\nRCPT TO:<a@b>\r\n")[3:] == [b"250", b"421"]
    assert talk.dialogue.commands.closing
    assert talk.dialogue.commands.ending == "limit"


def test_close_after_ends_the_session_behind_the_reply() -> None:
    talk = greeted(close_after=2)
    talk.say(transaction(b"x\r\n"))
    assert not talk.dialogue.commands.closing
    assert talk.say(transaction(b"x\r\n") + b"MAIL FROM:<>\r\n")[3:] == [b"250"]
    assert talk.dialogue.commands.closing


@CUTS
def test_message_over_the_limit_is_refused_and_the_session_goes_on(cut: Cut) -> None:
    talk = greeted(message_size_limit=100)
    assert talk.say(transaction(b"x" * 99 + b"\r\n") + b"RSET\r\n", cut)[3:] == [b"552", b"250"]
    assert not talk.messages


def test_buffers_have_limits() -> None:
    talk = greeted()
    assert talk.say(b"x" * (COMMAND_SIZE_LIMIT + 1)) == [b"500"]
    assert talk.dialogue.commands.closing
    talk = greeted(message_size_limit=100)
    assert talk.say(transaction(b"")[:-3] + b"x" * (COMMAND_SIZE_LIMIT + 200))[3:] == [b"552"]
    assert talk.dialogue.commands.ending == "broken"


@CUTS
def test_chunks_make_a_message(cut: Cut) -> None:
    talk = greeted()
    start = b"MAIL FROM:<s@x.example>\r\nRCPT TO:<r@x.example>\r\n"
    assert talk.say(start + b"BDAT 4\r\n.a\r\nBDAT 0\r\nBDAT 5 LAST\r\n.\r\nb\r\n"[:-2], cut) == [b"250"] * 4
    assert talk.say(b"\n", cut) == [b"250"]
    assert [content for _, content in talk.messages] == [b".a\r\n.\r\nb\n"]


@CUTS
def test_messages_by_bdat_come_in_one_group(cut: Cut) -> None:
    talk = greeted()
    one = b"MAIL FROM:<s@x.example>\r\nRCPT TO:<r@x.example>\r\nBDAT 3 LAST\r\na\r\n"
    assert talk.say(one * 3, cut) == [b"250"] * 9
    assert len(talk.messages) == 3
    assert talk.tally.violations == {}


@CUTS
def test_refused_chunk_is_read_to_its_end(cut: Cut) -> None:
    talk = greeted(message_size_limit=10)
    assert talk.say(b"BDAT 6 LAST\r\nQUIT\r\n", cut) == [b"503"]
    assert talk.say(b"MAIL FROM:<>\r\nBDAT 6 LAST\r\nQUIT\r\n", cut) == [b"250", b"554"]
    big = b"MAIL FROM:<>\r\nRCPT TO:<r@x.example>\r\nBDAT 11 LAST\r\n" + b"x" * 11
    assert talk.say(big + b"RSET\r\n", cut) == [b"250", b"250", b"552", b"250"]
    assert talk.messages == []


@pytest.mark.parametrize(("line", "offered"), [(b"BDAT x\r\n", True), (b"BDAT 5 LAST\r\n", False)])
def test_bdat_that_cannot_be_read_on_ends_the_session(line: bytes, offered: bool) -> None:
    talk = greeted(chunking=offered)
    assert talk.say(line) == [b"501"]
    assert talk.dialogue.commands.closing


def test_binary_content_is_no_violation_where_binarymime_is_offered() -> None:
    content = b"\0\xff\r" + b"x" * 2000
    size = len(content)
    said = b"MAIL FROM:<> BODY=BINARYMIME\r\nRCPT TO:<r@x.example>\r\nBDAT %d LAST\r\n%s" % (size, content)
    talk = greeted(binarymime=True)
    assert talk.say(said) == [b"250"] * 3
    assert talk.tally.violations == {}
    assert greeted().say(said) == [b"555", b"503", b"503"]


def test_limits_are_offered_and_held_against_the_peer() -> None:
    talk = Talk(limits=Limits(mails=2, recipients=1, domains=1))
    offers = talk.dialogue.receive(b"EHLO client.example\r\n")
    assert b"250-LIMITS MAILMAX=2 RCPTMAX=1 RCPTDOMAINMAX=1\r\n" in offers
    rcpt = b"RCPT TO:<r@x.example>\r\n"
    assert talk.say(b"MAIL FROM:<>\r\n" + rcpt + rcpt) == [b"250", b"250", b"452"]
    assert talk.say(b"RSET\r\nMAIL FROM:<>\r\nRCPT TO:<r@y.example>\r\n") == [b"250", b"250", b"452"]
    assert talk.say(b"RSET\r\nMAIL FROM:<>\r\n") == [b"250", b"452"]
    assert sorted(talk.tally.violations) == [
        "more domains than RCPTDOMAINMAX",
        "more recipients than RCPTMAX",
        "more transactions than MAILMAX",
    ]


@pytest.mark.parametrize("text", ["MAILMAX", "FOO=1", "RCPTMAX=-1", "RCPTMAX=1234567"])
def test_limit_that_is_none_is_named(text: str) -> None:
    with pytest.raises(ValueError, match=text):
        Limits.parse(text)


@CUTS
def test_starttls_is_offered_once_and_forgets_what_was_said(cut: Cut) -> None:
    talk = greeted(tls=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
    assert b"STARTTLS\r\n" in talk.dialogue.receive(b"EHLO c.example\r\n")
    assert talk.say(b"STARTTLS\r\n", cut) == [b"220"]
    assert talk.dialogue.commands.upgrading
    talk.dialogue.commands.secure()
    assert talk.say(b"MAIL FROM:<s@x>\r\n", cut) == [b"503"]
    assert b"STARTTLS" not in talk.dialogue.receive(b"EHLO c.example\r\n")
    assert talk.say(b"STARTTLS\r\n", cut) == [b"503"]
    assert talk.tally.secured == 1
    assert not talk.tally.violations
    assert talk.say(transaction(b"one\r\n"), cut) == [b"250", b"250", b"354", b"250"]


def test_what_is_sent_behind_starttls_is_never_read() -> None:
    talk = greeted(tls=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
    assert talk.say(b"STARTTLS\r\nMAIL FROM:<s@x>\r\n") == [b"220"]
    talk.dialogue.commands.secure()
    assert talk.say(b"NOOP\r\n") == [b"250"]
    assert talk.tally.violations == {"sent ahead of a reply to wait for": 1}


def test_starttls_without_an_offer_is_refused() -> None:
    assert greeted().say(b"STARTTLS\r\n") == [b"503"]


@CUTS
def test_mail_waits_for_a_login_that_is_offered_under_tls_alone(cut: Cut) -> None:
    talk = greeted(tls=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), login="ann:x")
    assert b"AUTH" not in talk.dialogue.receive(b"EHLO c.example\r\n")
    assert talk.say(b"AUTH PLAIN AGFubgB4\r\nMAIL FROM:<s@x>\r\n", cut) == [b"503", b"530"]
    talk.say(b"STARTTLS\r\n")
    talk.dialogue.commands.secure()
    assert b"AUTH PLAIN LOGIN\r\n" in talk.dialogue.receive(b"EHLO c.example\r\n")
    assert talk.say(b"MAIL FROM:<s@x>\r\n", cut) == [b"530"]
    assert talk.say(b"AUTH LOGIN\r\nYW5u\r\neA==\r\nMAIL FROM:<s@x> AUTH=<>\r\n", cut) == [
        b"334",
        b"334",
        b"235",
        b"250",
    ]
    assert talk.tally.logins == 1
