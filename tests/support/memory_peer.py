"""A peer without a socket: an SMTP server that answers as it is told, and keeps what it heard and when.

    Manner(offers=("SIZE 1000",), answers={"RCPT": "451 later"})     how it behaves
    Manner(leaf=authority().issue("mx.example"))                     offers STARTTLS, shows this certificate
    Conversation                                                     one connection, as the peer saw it

Answers go by the verb; "." is the end of a message. A list of answers is used up one by one, its last stands.
After SILENT it says nothing more, HANGUP closes the connection.
Source: ours.
"""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.support.certificates import Certified
from tests.support.tls_peer import TlsServer

SILENT = "(silent)"
HANGUP = "(hangs up)"
TLS = "(TLS)"  # among the commands: what follows came inside it
GARBAGE = "(garbage)"  # in place of the ServerHello
MOMENT = 1e-6  # seconds: what was said is heard before the end
HIGH_WATER = 65536  # bytes that a transport holds before it says so

USUAL = {"DATA": "354 go ahead", "QUIT": "221 2.0.0 bye"}


@dataclass(frozen=True)
class Manner:
    """How a peer behaves."""

    greeting: str = "220 mx.example ESMTP"
    name: str = "mx.example"
    offers: Sequence[str] = ("PIPELINING", "8BITMIME")
    answers: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    delay: float = 0.0  # seconds before each answer
    trickle: float = 0.0  # seconds between two bytes of an answer
    stalls: bool = False  # reads nothing after DATA
    drains: int = 0  # bytes a second that it reads after DATA; 0: as fast as they come
    absent: bool = False  # refuses connections
    mute: bool = False  # lets them hang
    leaf: Certified | None = None  # for TLS
    wrapped: bool = False  # TLS begins at once
    inside: Sequence[str] | None = None  # offers inside TLS; None: the same
    answers_inside: Mapping[str, str | Sequence[str]] | None = None  # the same of answers
    handshake: str = ""  # SILENT, HANGUP or GARBAGE in place of its part
    tls_limit: int = 1 << 40  # bytes of TLS after which it hangs up,
    tls_flaw: int = -1  # and which of them is a wrong one
    early: bytes = b""  # said in the clear, right behind the reply to STARTTLS


@dataclass(eq=False)
class Conversation:
    """One connection."""

    host: str
    port: int
    source: str  # the local address that was asked for; "" is none
    opened_at: float
    closed_at: float = float("inf")
    commands: list[str] = field(default_factory=list)
    heard_at: list[float] = field(default_factory=list)
    contents: list[bytes] = field(default_factory=list)  # as on the wire, final dot included
    content_at: list[float] = field(default_factory=list)
    pieces: list[bytes] = field(default_factory=list)  # as they were written
    tls_ended: bool = False  # by the client's close-notify

    @property
    def over(self) -> bool:
        return self.closed_at < float("inf")

    @property
    def spent(self) -> float:
        """Seconds that it was open."""
        return round(self.closed_at - self.opened_at, 3)


class MemoryTransport(asyncio.Transport):
    """Both ends of a connection: the client's transport, and the peer behind it."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        protocol: asyncio.Protocol,
        manner: Manner,
        conversation: Conversation,
    ) -> None:
        super().__init__()
        self._loop = loop
        self._protocol = protocol
        self._manner = manner
        self._conversation = conversation
        self._unread = bytearray()
        self._content = False
        self._chunk = 0  # bytes of BDAT that are still to come
        self._closing = False
        self._stuck = False
        self._silent = False
        self._paused = False
        self._dribbling = bytearray()  # what is said byte by byte
        self._left = 0  # bytes that the client's system could not pass on
        self._said: dict[str, int] = {}
        self._speaks_at = 0.0
        self._unsaid: deque[bytes] = deque()  # timers of one moment ring in any order
        self._tls: TlsServer | None = None
        self._tls_said = 0  # bytes
        self._tls_due = False  # once the reply to STARTTLS is said
        self._raw = False  # what comes is for TLS, and TLS is not spoken here

    def begin(self) -> None:
        if self._manner.wrapped:
            self._begin_tls()
        if not self._raw:
            self._say(self._manner.greeting)

    # The client's side

    def write(self, data: Any) -> None:
        if self._closing:
            return
        self._conversation.pieces.append(bytes(data))
        if self._raw:
            self._spoil()
            return
        self._unread += data if self._tls is None else self._unsealed(self._tls, bytes(data))
        if self._stuck:
            if not self._paused and len(self._unread) > HIGH_WATER:
                self._paused = True
                self._left = len(self._unread)
                self._protocol.pause_writing()
                if self._manner.drains:
                    self._loop.call_later(1.0, self._drain)
            return
        self._loop.call_soon(self._listen)

    def writelines(self, list_of_data: Any) -> None:
        self.write(b"".join(list_of_data))

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Nothing waits here, unless the peer is stuck."""

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        if not self._closing:
            self._loop.call_soon(self._end)

    def abort(self) -> None:
        self.close()

    def get_write_buffer_size(self) -> int:
        return self._left if self._stuck else 0

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default

    # TLS

    def _begin_tls(self) -> None:
        assert self._manner.leaf is not None
        if self._manner.handshake:
            self._raw = True
        else:
            self._tls = TlsServer(self._manner.leaf)

    def _unsealed(self, tls: TlsServer, data: bytes) -> bytes:
        before = tls.established
        tls.feed(data)
        if tls.established and not before:
            self._conversation.commands.append(TLS)
            self._conversation.heard_at.append(self._loop.time())
        self._loop.call_soon(self._pass_on, tls)
        self._conversation.tls_ended = tls.ended
        heard = bytes(tls.heard)
        tls.heard.clear()
        return heard

    def _pass_on(self, tls: TlsServer) -> None:
        data = bytearray(tls.take())
        flaw = self._manner.tls_flaw - self._tls_said
        if 0 <= flaw < len(data):
            data[flaw] ^= 0x55
        left = self._manner.tls_limit - self._tls_said
        self._tls_said += len(data)
        if data and left > 0 and not self._closing:
            self._protocol.data_received(bytes(data[:left]))
        if len(data) >= left:
            self._loop.call_soon(self._end)

    def _spoil(self) -> None:
        if self._manner.handshake == GARBAGE:
            self._loop.call_soon(self._protocol.data_received, b"250 hello, who is there?\r\n")
        elif self._manner.handshake == HANGUP:
            self._loop.call_soon(self._end)

    # The peer's side

    def _drain(self) -> None:
        """A second has gone by."""
        self._left = max(self._left - self._manner.drains, 0)
        if self._closing:
            return
        if self._left:
            self._loop.call_later(1.0, self._drain)
            return
        self._stuck = self._paused = False
        self._protocol.resume_writing()
        self._listen()

    def _listen(self) -> None:
        while not self._closing and not self._stuck:
            if self._chunk:
                if len(self._unread) < self._chunk:
                    return
                self._conversation.contents.append(bytes(self._unread[: self._chunk]))
                self._conversation.content_at.append(self._loop.time())
                del self._unread[: self._chunk]
                self._chunk = 0
                self._answer("BDAT")
            ending = b"\r\n.\r\n" if self._content else b"\r\n"
            at = self._unread.find(ending)
            if self._content and self._unread.startswith(b".\r\n"):
                at, ending = 0, b".\r\n"
            if at < 0:
                return
            line = bytes(self._unread[: at + len(ending)])
            del self._unread[: at + len(ending)]
            if self._content:
                self._content = False
                self._conversation.contents.append(line)
                self._conversation.content_at.append(self._loop.time())
                self._answer(".")
            else:
                self._hear(line[:-2].decode("utf-8", "surrogateescape"))

    @property
    def _answers(self) -> Mapping[str, str | Sequence[str]]:
        """Those that hold now."""
        inside = self._manner.answers_inside if self._tls is not None else None
        return self._manner.answers if inside is None else inside

    def _hear(self, command: str) -> None:
        self._conversation.commands.append(command)
        self._conversation.heard_at.append(self._loop.time())
        verb = command.partition(" ")[0].upper()
        if verb == "EHLO" and "EHLO" not in self._answers:
            offers = self._manner.offers
            if self._tls is not None:
                offers = offers if self._manner.inside is None else self._manner.inside
            elif self._manner.leaf is not None:
                offers = [*offers, "STARTTLS"]
            lines = [self._manner.name, *offers]
            self._say("\r\n".join(f"250{'-' * (at < len(lines)) or ' '}{t}" for at, t in enumerate(lines, 1)))
            return
        if verb == "BDAT":
            self._chunk = int(command.split()[1])
            return
        answer = self._answer(verb)
        if verb == "STARTTLS" and answer.startswith("2") and self._manner.leaf is not None:
            self._tls_due = True
        if verb == "DATA" and answer.startswith("354"):
            self._content = True
            self._stuck = self._manner.stalls or self._manner.drains > 0

    def _answer(self, verb: str) -> str:
        told = self._answers.get(verb)
        if told is None:
            answer = USUAL.get(verb, "250 2.0.0 ok")
        elif isinstance(told, str):
            answer = told
        else:
            number = self._said[verb] = self._said.get(verb, -1) + 1
            answer = told[min(number, len(told) - 1)]
        self._say(answer)
        if verb == "QUIT" and not self._silent:
            self._loop.call_at(self._speaks_at + MOMENT, self._end_of_session)
        return answer

    def _say(self, answer: str) -> None:
        self._silent = self._silent or answer == SILENT
        if self._silent:
            return
        self._speaks_at = max(self._speaks_at, self._loop.time() + self._manner.delay)
        if answer == HANGUP:
            self._silent = True
            self._loop.call_at(self._speaks_at + MOMENT, self._end)
        else:
            self._unsaid.append(f"{answer}\r\n".encode())
            self._loop.call_at(self._speaks_at, self._speak)

    def _speak(self) -> None:
        said = self._unsaid.popleft()
        if self._manner.trickle:
            if not self._dribbling:
                self._loop.call_soon(self._dribble)
            self._dribbling += said
        elif self._closing:
            pass
        elif self._tls is not None:
            self._tls.say(said)
            self._pass_on(self._tls)
        elif self._tls_due:
            self._tls_due = False
            self._begin_tls()
            self._protocol.data_received(said + self._manner.early)
        else:
            self._protocol.data_received(said)

    def _dribble(self) -> None:
        if not self._closing:
            self._protocol.data_received(bytes(self._dribbling[:1]))
            del self._dribbling[:1]
            if self._dribbling:
                self._loop.call_later(self._manner.trickle, self._dribble)

    def _end_of_session(self) -> None:
        """Once all is said."""
        if self._dribbling:
            self._loop.call_later(self._manner.trickle, self._end_of_session)
        else:
            self._end()

    def _end(self) -> None:
        if not self._closing:
            self._closing = True
            self._conversation.closed_at = self._loop.time()
            self._protocol.connection_lost(None)
