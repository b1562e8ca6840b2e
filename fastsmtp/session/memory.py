"""What is known of each peer from earlier sessions: asked when a session opens, told what it taught.

    recall(host)                    what is held to be true of it: UNKNOWN_HOST where nothing is
    learn(host, offers=..., ...)    at the end of a session
    ended_after(host, messages)     the peer, not we, ended a session that had carried so many
    save()                          hands what is new to the store; by itself every SAVE_INTERVAL

Of all that passes here only the last LIMIT peers are held in memory; the rest is the store's. Costs one
question to the store for each peer that is new to this run, and nothing a message.
Does not know files (fastsmtp.spool.hosts) nor what a session makes of it. Source: ours.
"""

from collections.abc import Callable, Mapping
from typing import Protocol

from fastsmtp.mail.destination import Host
from fastsmtp.mail.known_host import UNKNOWN_HOST, KnownHost

LIMIT = 10_000  # peers in memory: a few megabytes
SAVE_INTERVAL = 300.0  # seconds: what a killed process forgets
SEEN_INTERVAL = 86400.0  # seconds: a peer that teaches nothing new is written down once in that time

Key = tuple[str, int]  # address, port


class Store(Protocol):
    """What outlives the process."""

    def read(self, address: str, port: int) -> KnownHost | None: ...

    def write(self, hosts: Mapping[Key, KnownHost], oldest: float) -> bool:
        """Takes all of `hosts`, forgets what was seen last before `oldest`; False: not now."""


class NoStore:
    """Nothing outlives the process."""

    def read(self, address: str, port: int) -> KnownHost | None:
        return None

    def write(self, hosts: Mapping[Key, KnownHost], oldest: float) -> bool:
        return True


class HostMemory:
    """`lifetime` in seconds: how long a fact is believed; 0: nothing is remembered. `clock` gives Unix
    time.
    """

    def __init__(self, store: Store, lifetime: float, clock: Callable[[], float]) -> None:
        self.lifetime = lifetime
        self._store = store
        self._clock = clock
        self._hosts: dict[Key, KnownHost] = {}
        self._new: dict[Key, KnownHost] = {}
        self._saved_at = clock()

    def recall(self, host: Host) -> KnownHost:
        """What a session with `host` may start from."""
        key = host.address, host.port
        known = self._hosts.get(key)
        if known is None:
            known = self._store.read(*key) or UNKNOWN_HOST
            if len(self._hosts) >= LIMIT:
                self.save()
                self._hosts.clear()
            self._hosts[key] = known
        return known.without_what_is_older(self._clock() - self.lifetime)

    def learn(self, host: Host, offers: str, window: int, *, plain: bool) -> None:
        """What a session saw: `offers` as in KnownHost, the window it reached, whether it had to turn
        plain.
        """
        known = self.recall(host)
        now = self._clock()
        seen = known._replace(
            offers=offers,
            window=window,
            plain_at=now if plain and not known.plain else known.plain_at,
        )
        if seen != known or now - known.seen_at > SEEN_INTERVAL:
            self._note(host, seen._replace(seen_at=now), now)

    def ended_after(self, host: Host, messages: int) -> None:
        """A limit of its own is likely when it happens again at the same place."""
        known = self.recall(host)
        now = self._clock()
        again = known.messages == messages
        self._note(
            host,
            known._replace(
                messages=messages, closings=known.closings + 1 if again else 1, closed_at=now, seen_at=now
            ),
            now,
        )

    def save(self) -> None:
        """Hands on what is new; what the store cannot take now is kept for the next time."""
        now = self._clock()
        self._saved_at = now
        if self._new and self._store.write(self._new, now - self.lifetime):
            self._new = {}

    def _note(self, host: Host, known: KnownHost, now: float) -> None:
        if not self.lifetime:
            return
        key = host.address, host.port
        self._hosts[key] = self._new[key] = known
        if now - self._saved_at >= SAVE_INTERVAL or len(self._new) >= LIMIT:
            self.save()
