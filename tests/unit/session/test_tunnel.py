"""A tunnel between channel and transport: what goes out by itself, and how TLS ends (spec: tls, 6, 15)."""

import asyncio

import pytest

from fastsmtp.errors import HandshakeFailed, TlsBroken
from fastsmtp.session.tunnel import ANSWERS_LIMIT, Tunnel
from tests.support.jumping import run


class Plain:
    """A channel that hides nothing: what it hears is a command to it, or text."""

    def __init__(self):
        self.established = False
        self.over = False
        self.verdict = None
        self.waits = b""

    def start(self):
        self.waits = b"hello"

    def take(self):
        taken, self.waits = self.waits, b""
        return taken

    def feed(self, data):
        if data == b"shake":
            self.established = True
        elif data == b"fail":
            self.waits = b"alert"
            raise HandshakeFailed("it does not fit")
        elif data == b"bad":
            self.waits = b"alert"
            raise TlsBroken("bad record")
        elif data == b"update":
            self.waits = b"u" * 1000
        elif data.endswith(b"bye"):
            self.over = True
            return data[:-3]
        else:
            return data
        return b""

    def seal(self, pieces):
        if pieces == [b"too much"]:
            raise TlsBroken("used up")
        return [b"<" + piece + b">" for piece in pieces]

    def unsent(self, size):
        return size // 2

    def close(self):
        self.waits = b"goodbye"


class Wire:
    """A transport."""

    def __init__(self):
        self.written = []
        self.closing = False

    def write(self, data):
        self.written.append(data)

    def is_closing(self):
        return self.closing


class Set:
    """A tunnel, all around it, and what became of it."""

    def __init__(self, ready=None):
        self.channel, self.wire, self.ends = Plain(), Wire(), []
        self.tunnel = Tunnel(self.channel, self.wire, ready, self.ends.append)


def test_handshake_goes_out_by_itself_and_its_end_is_told():
    async def scene():
        ready = asyncio.get_running_loop().create_future()
        it = Set(ready)
        assert it.wire.written == [b"hello"]
        assert it.tunnel.open(b"shake") == b""
        assert ready.done()
        assert it.ends == []

    run(scene())


def test_handshake_that_fails_ends_with_its_alert():
    it = Set()
    assert it.tunnel.open(b"fail") == b""
    assert it.wire.written == [b"hello", b"alert"]
    assert isinstance(it.ends[0], HandshakeFailed)


def test_broken_record_ends_with_its_alert():
    it = Set()
    it.tunnel.open(b"shake")
    assert it.tunnel.open(b"bad") == b""
    assert it.wire.written[-1] == b"alert"
    assert isinstance(it.ends[0], TlsBroken)


def test_goodbye_of_the_peer_is_the_end_behind_what_it_said():
    it = Set()
    assert it.tunnel.open(b"221 so longbye") == b"221 so long"
    assert it.ends == [None]


def test_sealing_that_fails_is_the_end():
    it = Set()
    assert it.tunnel.seal([b"MAIL", b"RCPT"]) == [b"<MAIL>", b"<RCPT>"]
    assert it.tunnel.seal([b"too much"]) == []
    assert isinstance(it.ends[0], TlsBroken)


def test_peer_that_asks_for_new_keys_without_end_is_left():
    it = Set()
    for _ in range(ANSWERS_LIMIT // 1000 - 5):
        it.tunnel.open(b"update")
    assert it.ends == []
    for _ in range(10):
        it.tunnel.open(b"update")
    assert str(it.ends[0]) == "the peer asks for new keys without end"


def test_farewell_goes_out_unless_nothing_can():
    it = Set()
    it.tunnel.farewell()
    assert it.wire.written[-1] == b"goodbye"
    it.wire.closing = True
    it.tunnel.farewell()
    assert it.wire.written == [b"hello", b"goodbye"]


@pytest.mark.parametrize("size", [0, 10])
def test_unsent_is_the_channels_word(size):
    assert Set().tunnel.unsent(size) == size // 2
