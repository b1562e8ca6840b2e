"""The server's side of TLS, for tests: in memory for unit tests and the world, on a socket for the rest.

    server = TlsServer(leaf)                 memory: server.feed(ciphertext), server.take(), server.heard
    shake(channel, server)                   carries bytes between a Channel and it until neither has any
    protection(level=Level.MAY)              a client's that believes every certificate
    context = server_context(leaf)           for what wraps sockets, with the standard library
    with TlsPeer(DIALOGUE, leaf=leaf) as peer: ...      tests.support.peer with STARTTLS, or wrapper=True

In a TlsPeer's dialogue the handshake comes behind the reply to STARTTLS (a reply that begins with 220).
Source: ours.
"""

import socket
import ssl
import tempfile
from pathlib import Path
from typing import Any

from OpenSSL import SSL

from fastsmtp.errors import HandshakeFailed, TlsBroken
from fastsmtp.tls.channel import Channel, Handshake
from fastsmtp.tls.level import Level
from fastsmtp.tls.protection import Protection
from tests.support import peer as peers
from tests.support.certificates import Certified
from tests.support.dialogue import WHOLE, Dialogue

SIZE = 65536
OF_PROTECTION = {"available", "wrapper", "reuses", "identity"}


class TlsServer:
    """A server without a socket. What it has heard is in `heard`; say() queues plaintext."""

    def __init__(
        self,
        leaf: Certified | None,
        *,
        versions: tuple[int, int] = (0, 0),
        ciphers: bytes = b"",
        context: SSL.Context | None = None,
    ) -> None:
        """`leaf` None: no certificate; needs anonymous `ciphers`. `versions`: least and greatest, as
        SSL.TLS1_2_VERSION; 0 is any. `context`: of another server, whose sessions it can resume then.
        """
        self.context = context or make_context(leaf, versions, ciphers)
        self.connection = SSL.Connection(self.context)
        self.connection.set_accept_state()
        self.heard = bytearray()
        self.ended = False
        self.error = ""
        self.established = False
        self._unsaid: list[bytes] = []

    @property
    def servername(self) -> bytes | None:
        return self.connection.get_servername()

    def feed(self, data: bytes) -> None:
        if not data:
            return
        self.connection.bio_write(data)
        try:
            if not self.established:
                self.connection.do_handshake()
                self.established = True
                for text in self._unsaid:
                    self.connection.send(text)
                self._unsaid.clear()
            while True:
                self.heard += self.connection.recv(SIZE)
        except SSL.WantReadError:
            pass
        except SSL.ZeroReturnError:
            self.ended = True
        except SSL.Error as error:
            self.error = str(error) or type(error).__name__

    def say(self, text: bytes) -> None:
        if self.established:
            self.connection.send(text)
        else:
            self._unsaid.append(text)

    def take(self) -> bytes:
        pieces = []
        try:
            while True:
                pieces.append(self.connection.bio_read(SIZE))
        except SSL.WantReadError:
            return b"".join(pieces)


def make_context(
    leaf: Certified | None, versions: tuple[int, int] = (0, 0), ciphers: bytes = b""
) -> SSL.Context:
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(versions[0])
    context.set_max_proto_version(versions[1])
    context.set_session_id(b"fastsmtp")
    context.set_session_cache_mode(SSL.SESS_CACHE_SERVER)
    if ciphers:
        context.set_cipher_list(ciphers)
    if leaf is not None:
        context.use_certificate(leaf.certificate)
        context.use_privatekey(leaf.key)
        for above in leaf.above:
            context.add_extra_chain_cert(above)
    return context


def protection(level: Level = Level.ENCRYPT, **settings: Any) -> Protection:
    """Of a client, without settings of a user. `settings` are of the Handshake, or of the Protection."""
    own = {name: settings.pop(name) for name in OF_PROTECTION & settings.keys()}
    return Protection(security=level, handshake=Handshake(**{"context": client_context(), **settings}), **own)


def client_context() -> SSL.Context:
    """Believes every certificate."""
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_mode(SSL.MODE_RELEASE_BUFFERS)
    context.set_verify(SSL.VERIFY_PEER, _note)
    return context


def _note(connection: SSL.Connection, _: object, error: int, depth: int, ok: int) -> bool:
    connection.get_app_data().note(error, depth)
    return True


def shake(channel: Channel, server: TlsServer, piece_size: int = SIZE) -> bytes:
    """Until nobody has anything to say; gives what the channel heard. `piece_size`: how it is cut."""
    heard = bytearray()
    while True:
        ours = channel.take()
        server.feed(ours)
        theirs = server.take()
        if not ours and not theirs:
            return bytes(heard)
        for at in range(0, len(theirs), piece_size):
            heard += channel.feed(theirs[at : at + piece_size])


def settled(channel: Channel, server: TlsServer) -> str:
    """The same for a handshake that may fail: the reason, "" where it did not."""
    try:
        channel.start()
        shake(channel, server)
    except (HandshakeFailed, TlsBroken) as error:
        server.feed(channel.take())
        return str(error)
    return ""


def server_context(leaf: Certified) -> ssl.SSLContext:
    """For sockets, with the standard library."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        context.load_cert_chain(leaf.write(Path(folder)))
    return context


class TlsPeer(peers.Peer):
    """A scripted peer on a loopback socket that speaks TLS from the reply to STARTTLS on, or at once."""

    def __init__(
        self,
        *dialogues: Dialogue | str,
        leaf: Certified,
        wrapper: bool = False,
        cut: str = WHOLE,
        **settings: Any,
    ) -> None:
        self._context = server_context(leaf)
        self._wrapper = wrapper
        super().__init__(*dialogues, cut=cut, **settings)

    def _converse(
        self, connection: socket.socket, dialogue: Dialogue, conversation: peers.Conversation
    ) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(peers.SILENCE_LIMIT)
        play = TlsPlay(connection, conversation, self.cut, self.seed, self._context)
        try:
            if self._wrapper:
                play.begin_tls()
            play.run(dialogue)
            conversation.complete = True
        except peers.ClientLeftError:
            conversation.exchange.append("(the client left)")
        except peers.UnexpectedCommandError as error:
            conversation.error = str(error)
        except (TimeoutError, OSError) as error:
            conversation.exchange.append(f"({type(error).__name__})")
        finally:
            play.connection.close()


class TlsPlay(peers.Play):
    """A dialogue, part of it inside TLS."""

    def __init__(
        self,
        connection: socket.socket,
        conversation: peers.Conversation,
        cut: str,
        seed: int,
        context: ssl.SSLContext,
    ) -> None:
        super().__init__(connection, conversation, cut, seed)
        self._context = context

    def begin_tls(self) -> None:
        self.connection = self._context.wrap_socket(self.connection, server_side=True)
        self.conversation.exchange.append("(TLS)")

    def _say(self, data: bytes) -> None:
        super()._say(data)
        asked = self.conversation.commands[-1:] == ["STARTTLS"]
        if asked and data.startswith(b"220") and not isinstance(self.connection, ssl.SSLSocket):
            self.begin_tls()
