"""Idle sessions: kept for a short time for the next request of the same destination or the same host.

    checkin(destination, session)    keeps it
    checkout(destination)            one that served this destination, the youngest first, or None
    checkout_host(host)              one to this host and port, whoever opened it, or None
    discard(session)                 forgets it: it ended by itself
    drain()                          takes out all of them; the caller closes them

Decides and remembers; never does I/O. Costs the same with ten sessions and with ten thousand.
Source: Postfix smtp_connection_cache_destinations, scache(3); spec: routing, 6.
"""

from typing import Generic, Protocol, TypeVar

from fastsmtp.mail.destination import Destination, Host


class Idle(Protocol):
    """What is asked of a session here."""

    host: Host
    over: bool  # it has ended; that it leaves the cache too comes a moment later


Kept = TypeVar("Kept", bound=Idle)
Key = TypeVar("Key")


class SessionCache(Generic[Kept]):
    """Idle sessions by destination, then by host."""

    def __init__(self) -> None:
        self._by_destination: dict[Destination, dict[Kept, None]] = {}
        self._by_host: dict[tuple[str, int], dict[Kept, None]] = {}
        self._owner: dict[Kept, Destination] = {}

    def __len__(self) -> int:
        return len(self._owner)

    def __repr__(self) -> str:
        return f"<SessionCache {len(self._owner)} idle, {len(self._by_destination)} destinations>"

    def checkin(self, destination: Destination, session: Kept) -> None:
        self._owner[session] = destination
        self._by_destination.setdefault(destination, {})[session] = None
        self._by_host.setdefault(_endpoint(session.host), {})[session] = None

    def checkout(self, destination: Destination) -> Kept | None:
        return self._take_last(self._by_destination.get(destination))

    def checkout_host(self, host: Host) -> Kept | None:
        return self._take_last(self._by_host.get(_endpoint(host)))

    def discard(self, session: Kept) -> None:
        destination = self._owner.pop(session, None)
        if destination is None:
            return
        _remove(self._by_destination, destination, session)
        _remove(self._by_host, _endpoint(session.host), session)

    def drain(self) -> list[Kept]:
        sessions = list(self._owner)
        for session in sessions:
            self.discard(session)
        return sessions

    def _take_last(self, sessions: dict[Kept, None] | None) -> Kept | None:
        while sessions:
            session = next(reversed(sessions))
            self.discard(session)
            if not session.over:
                return session
        return None


def _endpoint(host: Host) -> tuple[str, int]:
    return host.address, host.port


def _remove(index: dict[Key, dict[Kept, None]], key: Key, session: Kept) -> None:
    sessions = index[key]
    del sessions[session]
    if not sessions:
        del index[key]
