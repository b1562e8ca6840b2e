"""Peers that do their worst: whatever they say, the engine keeps count, holds little, and never takes a lie for a delivery.

How long it waits for them is the session's (tests/unit/parameters/rows_limits.py has each stage's limit).
"""

import random

import pytest

from fastsmtp.wire import engine as wire
from fastsmtp.wire.engine import SessionEngine
from fastsmtp.wire.reply import LINE_LIMIT, ReplyReader
from fastsmtp.wire.transaction import Transaction

STUFFED = b"Subject: x\r\n\r\nx\r\n.\r\n"
CHUNK = b"Subject: x\r\n\r\nx\r\n"
GREETING = b"220 mx.example ESMTP\r\n"
OFFERS = b"250-mx.example\r\n250-PIPELINING\r\n250 8BITMIME\r\n"
CHUNKING = b"250-mx.example\r\n250-PIPELINING\r\n250 CHUNKING\r\n"
ENVELOPE = b"250 2.1.0 ok\r\n250 2.1.5 ok\r\n"
TALK = [GREETING, OFFERS, ENVELOPE + b"354 go\r\n", b"250 2.0.0 queued\r\n"]
TALK_BY_BDAT = [GREETING, CHUNKING, ENVELOPE + b"250 2.0.0 queued\r\n"]
HELD_LIMIT = 3 * LINE_LIMIT  # the line under way, the lines of the reply, and one that overshoots
SIZES = [1, 7, 1000, 70000]


class Sender:
    """Sends one message as soon as it may; says everything there is to say after each piece that it hears."""

    def __init__(self, *, chunked: bool = False) -> None:
        self.engine = SessionEngine(b"me.example", window_limit=3)
        content = CHUNK if chunked else STUFFED
        self.message = Transaction(b"s@x", [b"r@y"], content, chunked=chunked)
        self.kinds: list[int] = []
        self.begun = False
        self.said = b""

    def hear(self, data: bytes) -> None:
        self.engine.receive(data)
        self.kinds += [kind for kind, _ in self.engine.events()]
        if wire.READY in self.kinds and not self.begun:
            self.begun = True
            self.engine.begin(self.message)
        self.said += b"".join(self.engine.take())

    @property
    def content_left(self) -> bool:
        return self.message.content in self.said


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "flood",
    [b"x", b"250-" + b"y" * 3000, b"250-more\r\n", b"\0", b"\xff\xfe\n", b"junk\n", b"2", b"\r"],
    ids=["endless line", "long lines", "endless reply", "NUL", "8-bit", "garbage", "digits", "CR"],
)
def test_flood_without_an_end_is_not_kept(flood: bytes, size: int) -> None:
    reader = ReplyReader()
    stream = flood * (400_000 // len(flood) if size > 1 else 20_000 // len(flood) + 1)
    for at in range(0, len(stream), size):
        assert reader.receive(stream[at : at + size]) == []
        assert reader.held <= HELD_LIMIT
    (reply,) = reader.receive(b"\n250 done\r\n")
    assert reply.code == 250
    assert len(reply.raw) <= HELD_LIMIT


@pytest.mark.parametrize(("talk", "chunked"), [(TALK, False), (TALK_BY_BDAT, True)], ids=["DATA", "BDAT"])
def test_peer_that_leaves_after_any_byte_leaves_no_false_fate(talk: list[bytes], chunked: bool) -> None:
    whole = sum(map(len, talk))
    for length in range(whole + 1):
        sender = Sender(chunked=chunked)
        left = length
        for reply in talk:
            sender.hear(reply[:left])
            left = max(0, left - len(reply))
        answered = wire.ANSWERED in sender.kinds
        assert answered is (length == whole)
        assert sender.engine.forsake() == ([sender.message] if sender.begun and not answered else [])
        assert sender.message.in_doubt is (sender.content_left and not answered)
        assert sender.message.taken is answered


@pytest.mark.parametrize("chunked", [False, True], ids=["DATA", "BDAT"])
@pytest.mark.parametrize(
    "code", ["050", "199", "220", "221", "250", "251", "354", "421", "450", "503", "550", "600", "999"]
)
@pytest.mark.parametrize("place", range(4))
def test_any_code_at_any_place_is_a_fate_or_the_end(place: int, code: str, chunked: bool) -> None:
    talk = TALK_BY_BDAT if chunked else TALK
    sender = Sender(chunked=chunked)
    for piece in talk[:2]:
        sender.hear(piece)
    lines = b"".join(talk[2:]).split(b"\r\n")[:-1]
    for number, line in enumerate(lines):
        sender.hear((code.encode() + b" x" if number == place else line) + b"\r\n")
    message = sender.message
    assert wire.ANSWERED in sender.kinds or sender.engine.forsake() == [message]
    if message.taken:
        assert sender.content_left
        assert message.end is not None
        assert message.end.digit == 2
    if place == len(lines) - 1:
        assert message.taken is (code[0] == "2" and code != "221")


@pytest.mark.parametrize("early", [b"250 ok\r\n", b"354 go\r\n", b"250 ok\r\n" * 50])
def test_replies_before_the_commands_are_never_taken_for_answers(early: bytes) -> None:
    sender = Sender()
    sender.hear(GREETING + OFFERS + early)
    sender.hear(early)
    assert wire.UNUSABLE in sender.kinds
    assert not sender.message.taken
    assert not sender.content_left


def test_all_replies_at_once_are_no_delivery() -> None:
    sender = Sender()
    sender.hear(b"".join(TALK))
    assert not sender.message.taken
    assert not sender.content_left


def test_what_follows_the_farewell_is_not_heard() -> None:
    sender = Sender()
    for piece in TALK:
        sender.hear(piece)
    sender.engine.quit()
    assert b"".join(sender.engine.take()) == b"QUIT\r\n"
    sender.hear(b"221 bye\r\n" + b"250 and another thing\r\n" * 1000)
    assert sender.kinds.count(wire.CLOSED) == 1
    assert sender.message.taken
    assert sender.engine.forsake() == []


def test_noise_of_any_kind_breaks_nothing() -> None:
    chance = random.Random(5321)
    words = [
        b"250",
        b"354",
        b"421",
        b"550",
        b"503",
        b"-",
        b" ",
        b"\r\n",
        b"\n",
        b"\0",
        b"\xff",
        b"2.1.5",
        b"x" * 3000,
    ]
    for _ in range(2000):
        sender = Sender(chunked=chance.random() < 0.5)
        sender.hear(GREETING)
        sender.hear(CHUNKING)
        for _ in range(chance.randint(1, 20)):
            sender.hear(b"".join(chance.choices(words, k=chance.randint(1, 8))))
        left = sender.engine.forsake()
        assert (wire.ANSWERED in sender.kinds) is (left == [])
        assert not sender.message.taken or sender.content_left
