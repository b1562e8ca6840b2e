"""Idle sessions: kept for a short time for the next request of the same destination or the same host.

    checkin(destination, session, identity, ...)    keeps it
    checkout(destination, sender)                   one that served it before, the oldest first, or None
    checkout_host(host, identity)                   one to this host and port, whoever opened it, or None
    discard(session)                                forgets it: it ended by itself
    take_counters()                                 what it was good for since the last time
    drain()                                         takes out all of them; the caller closes them

A session serves only those who would have opened it the same way. To the same destination (and sender, where
the login goes by it) that is so; for others its Identity is compared field by field.
One that stands in for a better host that refused one message is kept for its host alone: its destination's
next mail goes to the better host again.

Decides and remembers; never does I/O. Costs the same with ten sessions and with ten thousand.
Source: Postfix smtp_connection_cache_destinations, scache(3), smtp_key(3); spec: routing, 6.4 to 6.7, 6.14.
"""

from typing import Generic, NamedTuple, Protocol, TypeVar

from fastsmtp.mail.destination import Destination, Host


class Identity(NamedTuple):
    """As whom, and how protected, a session was opened: what may not be mixed up between next-hops."""

    transport: str
    login: str = ""  # of SASL; "" where none is used
    tls: str = ""  # level, and all that TLS must achieve by it; "" where it is off


class Counters(NamedTuple):
    """Lookups: those that found a session, and those that did not. The most that were idle at once, and for
    how many destinations and hosts.
    """

    destination_hits: int = 0
    destination_misses: int = 0
    host_hits: int = 0
    host_misses: int = 0
    most: int = 0
    most_destinations: int = 0
    most_hosts: int = 0


class Idle(Protocol):
    """What is asked of a session here."""

    host: Host
    over: bool  # it has ended; that it leaves the cache too comes a moment later


Kept = TypeVar("Kept", bound=Idle)
Key = TypeVar("Key")
_ByDestination = tuple[Destination, str]  # and the sender, where it matters
_ByHost = tuple[str, int, Identity]  # address and port


class SessionCache(Generic[Kept]):
    """Idle sessions by destination, then by host."""

    def __init__(self) -> None:
        self._by_destination: dict[_ByDestination, dict[Kept, None]] = {}
        self._by_host: dict[_ByHost, dict[Kept, None]] = {}
        self._keys: dict[Kept, tuple[_ByDestination | None, _ByHost]] = {}
        self.counters = Counters()

    def __len__(self) -> int:
        return len(self._keys)

    def __repr__(self) -> str:
        return f"<SessionCache {len(self._keys)} idle, {len(self._by_destination)} destinations>"

    def checkin(
        self,
        destination: Destination,
        session: Kept,
        identity: Identity,
        *,
        sender: str = "",
        for_host: bool = False,
    ) -> None:
        """`for_host`: whoever asks for the host may have it; its destination is not offered it."""
        by_destination = None if for_host else (destination, sender)
        by_host = _endpoint(session.host, identity)
        self._keys[session] = by_destination, by_host
        if by_destination is not None:
            self._by_destination.setdefault(by_destination, {})[session] = None
        self._by_host.setdefault(by_host, {})[session] = None
        counters, sizes = self.counters, (len(self._keys), len(self._by_destination), len(self._by_host))
        if any(size > most for size, most in zip(sizes, counters[-3:], strict=True)):
            self.counters = Counters(*counters[:-3], *map(max, sizes, counters[-3:]))

    def take_counters(self) -> Counters:
        """They begin anew."""
        taken, self.counters = self.counters, Counters()
        return taken

    def checkout(self, destination: Destination, sender: str = "") -> Kept | None:
        found = self._take_first(self._by_destination.get((destination, sender)))
        counters = self.counters
        if found is None:
            self.counters = counters._replace(destination_misses=counters.destination_misses + 1)
        else:
            self.counters = counters._replace(destination_hits=counters.destination_hits + 1)
        return found

    def checkout_host(self, host: Host, identity: Identity) -> Kept | None:
        found = self._take_first(self._by_host.get(_endpoint(host, identity)))
        counters = self.counters
        if found is None:
            self.counters = counters._replace(host_misses=counters.host_misses + 1)
        else:
            self.counters = counters._replace(host_hits=counters.host_hits + 1)
        return found

    def discard(self, session: Kept) -> None:
        keys = self._keys.pop(session, None)
        if keys is None:
            return
        by_destination, by_host = keys
        if by_destination is not None:
            _remove(self._by_destination, by_destination, session)
        _remove(self._by_host, by_host, session)

    def drain(self) -> list[Kept]:
        sessions = list(self._keys)
        for session in sessions:
            self.discard(session)
        return sessions

    def _take_first(self, sessions: dict[Kept, None] | None) -> Kept | None:
        while sessions:
            session = next(iter(sessions))
            self.discard(session)
            if not session.over:
                return session
        return None


def _endpoint(host: Host, identity: Identity) -> _ByHost:
    return host.address, host.port, identity


def _remove(index: dict[Key, dict[Kept, None]], key: Key, session: Kept) -> None:
    sessions = index[key]
    del sessions[session]
    if not sessions:
        del index[key]
