"""What TLS must achieve with one host, decided before the connection.

    protection.tries, .required     whether TLS is tried at all, and whether nothing goes out without it
    protection.identity             what sessions must have in common to serve each other's mail
    protection.channel()            the client's side of a connection that it is to hold for

Made by the policy, read by whoever opens sessions. Holds no state of a connection.
Source: Postfix smtp_tls_policy(3), TLS_CLIENT_START_PROPS; spec: tls, 5, 6, 14.
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from fastsmtp.tls.channel import Channel, Handshake
from fastsmtp.tls.level import Level

Secured = Callable[[], Coroutine[Any, Any, "Protection"]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """Of one host, for one destination."""

    security: Level
    handshake: Handshake
    available: bool = True  # False: our TLS settings could not be loaded
    wrapper: bool = False  # TLS begins with the connection, without STARTTLS
    reuses: bool = True  # an open session may serve further mail
    identity: str = ""  # empty at level none
    secured: Secured | None = None  # at level dane: gives the one that holds; this one lets nothing through

    @property
    def level(self) -> str:
        """As main.cf has it, and the log."""
        return self.security.word

    @property
    def tries(self) -> bool:
        """TLS is used where the peer offers it."""
        return self.security > Level.NONE and self.available

    @property
    def required(self) -> bool:
        """Nothing goes out without it."""
        return self.security > Level.MAY

    def channel(self) -> Channel:
        """For one connection; nothing happens yet."""
        return Channel(self.handshake)
