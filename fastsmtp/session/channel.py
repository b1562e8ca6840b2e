"""TLS as a session sees it: what must be achieved with a host, and the channel that bytes then go through.

    policy.protection(nexthop, host)    what TLS must achieve there, decided before the connection
    protection.channel()                a client's side of one TLS connection; nothing happens yet
    channel.feed(data), seal(pieces)    bytes through it, both ways; take() has what else must go out

The shapes alone, so that a run without TLS loads no library of it; fastsmtp.tls fills them.
Source: spec: tls, 2 to 7, 14, 15; RFC 3207.
"""

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol

from fastsmtp.errors import HandshakeFailed
from fastsmtp.mail.destination import Host


class Handshake(Protocol):
    """What a handshake came to."""

    @property
    def matched(self) -> bool:
        """The peer is who it must be; True too where nothing is asked of its certificate."""

    @property
    def authenticated(self) -> bool:
        """Its certificate matched at a level above encrypt."""

    @property
    def certified(self) -> bool:
        """A certificate of ours was there to give."""

    @property
    def lines(self) -> Sequence[str]:
        """For the log, as much as smtp_tls_loglevel asks for."""

    @property
    def warnings(self) -> Sequence[str]: ...

    @property
    def reused(self) -> str:
        """The line for a session that is used again; "" where that is not logged."""


class Channel(Protocol):
    """The client's side of one TLS connection, without I/O."""

    established: bool
    over: bool  # the peer's close-notify came: what feed() gave is the last of it

    @property
    def verdict(self) -> Handshake | None:
        """Stands once it is established, before a byte is sealed."""

    def start(self) -> None:
        """The ClientHello goes to take()."""

    def take(self) -> bytes:
        """What must go out by itself: the handshake's part, alerts, answers to key updates, close-notify."""

    def failed(self, reason: str) -> HandshakeFailed:
        """What to raise where the handshake ends from outside: the stream or the time."""

    def feed(self, data: bytes) -> bytes:
        """From the peer: gives what it said, b"" while the handshake runs. HandshakeFailed, TlsBroken."""

    def seal(self, pieces: list[bytes]) -> list[bytes]:
        """What is said, as it goes out. TlsBroken."""

    def unsent(self, size: int) -> int:
        """How many bytes of what was said the peer does not have whole, if the last `size` of what went out
        are still here.
        """

    def close(self) -> None:
        """The close-notify goes to take()."""


class Protection(Protocol):
    """What TLS must achieve with one host."""

    @property
    def level(self) -> str:
        """As in tls= of the log."""

    @property
    def tries(self) -> bool:
        """STARTTLS is asked for where it is offered: the level is none of none, and our side of TLS works."""

    @property
    def required(self) -> bool:
        """Above may: nothing is sent in the clear."""

    @property
    def wrapper(self) -> bool:
        """TLS begins at once, without STARTTLS."""

    @property
    def available(self) -> bool:
        """Our side of TLS works: its files were read."""

    @property
    def reuses(self) -> bool:
        """A session may serve more than the deliveries that follow at once."""

    @property
    def identity(self) -> str:
        """What a session must have been opened with, to serve here too; "" for level none."""

    @property
    def secured(self) -> "Callable[[], Coroutine[Any, Any, Protection]] | None":
        """At level dane: gives the one that holds, by the host's TLSA records (PolicyError); this one lets
        nothing through.
        """

    def channel(self) -> Channel: ...


class Policy(Protocol):
    """Which protection a host gets."""

    def protection(self, nexthop: str, host: Host) -> Protection:
        """PolicyError, TableError, Pending."""
