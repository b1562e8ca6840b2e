"""The words of the test receiver: how it is to behave, what it took, what it counted.

    Behaviour     options, fixed for the life of a sink
    verdict()     "take", "defer" or "reject": depends on the address alone, so that a test can foretell it
    Envelope      all that is known about a message besides its content
    Tally         counters of a sink, over all its sessions

Source: ours; the options follow Postfix's smtp-sink(1).
"""

import ssl
from collections import Counter
from dataclasses import dataclass, field
from typing import Literal
from zlib import crc32

from fastsmtp.sink.limits import Limits

MESSAGE_SIZE_LIMIT = 64 << 20

Verdict = Literal["take", "defer", "reject"]


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What the peer is to meet. Percentages are of the recipients; 0 switches a limit off."""

    host: str = "sink.example"  # in the greeting
    delay: float = 0.0  # seconds from a group of commands to its replies: a distant peer
    defer: float = 0.0  # per cent answered 450, on every attempt
    reject: float = 0.0  # per cent answered 550
    pipelining: bool = True
    eightbit: bool = True  # 8BITMIME
    chunking: bool = True  # BDAT
    binarymime: bool = False
    limits: Limits = Limits()  # noqa: RUF009  # a tuple: nobody can change it
    esmtp: bool = True  # else EHLO is refused
    messages_per_session: int = 0  # the next MAIL is answered 421
    close_after: int = 0  # messages; then the stream ends without a word
    message_size_limit: int = MESSAGE_SIZE_LIMIT
    tls: ssl.SSLContext | None = None  # STARTTLS with it
    login: str = ""  # user:password without which no MAIL is taken; offered under TLS alone, if there is TLS

    def verdict(self, address: str | bytes) -> Verdict:
        """What RCPT for `address` comes to; case does not matter."""
        if not self.reject and not self.defer:
            return "take"
        octets = address.encode("utf-8", "surrogateescape") if isinstance(address, str) else address
        place = crc32(octets.lower()) * 100.0 / 2**32
        if place < self.reject:
            return "reject"
        return "defer" if place < self.reject + self.defer else "take"


@dataclass(frozen=True, slots=True)
class Envelope:
    """How a message came in."""

    sender: str  # "" is the null sender
    recipients: tuple[str, ...]  # those that were taken
    parameters: tuple[str, ...]  # of MAIL, as sent
    helo: str
    esmtp: bool
    peer: str  # "address:port"
    session: int  # from 1
    number: int  # of the message in its session, from 1
    violations: tuple[str, ...]  # of this message's content


@dataclass(slots=True)
class Tally:
    """Counted since the start. `open` is now; the rest only grows."""

    connections: int = 0
    open: int = 0
    most_open: int = 0  # at once
    messages: int = 0
    recipients: int = 0  # taken, with their message
    deferred: int = 0  # RCPT commands answered 4xx
    rejected: int = 0  # RCPT commands answered 5xx
    bytes: int = 0  # of content, as it was before dot-stuffing
    lost: int = 0  # sessions that ended without QUIT, by the peer
    secured: int = 0  # sessions that went on under TLS
    logins: int = 0
    violations: Counter[str] = field(default_factory=Counter)
