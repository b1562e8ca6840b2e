"""TLS sessions that can be resumed, in memory, each with the verdict on the peer that it was made with.

    sessions = Sessions(lifetime, clock)
    sessions.take(key)                      the session and its verdict, or None
    sessions.keep(key, session, verdict)    one for each key, the newest
    sessions.forget(key)                    a handshake failed

A key says with whom, by which settings, and what had to be proved (Protection's session_key): one that was
made without a check is never found where the check is required. Trouble here is never a delivery's: what is
not found costs a full handshake.
Source: Postfix tls_scache(3), smtp_tls_session_cache_timeout; spec: tls, 14."""

from collections import OrderedDict
from collections.abc import Callable

from OpenSSL import SSL

from fastsmtp.tls.verdict import Verdict

LIMIT = 10_000  # sessions; the one used longest ago goes first


class Sessions:
    """By key, the one used last at the end."""

    def __init__(self, lifetime: float, clock: Callable[[], float], limit: int = LIMIT) -> None:
        """`lifetime` in seconds; 0 keeps none. `clock`: any one in seconds."""
        self._lifetime = lifetime
        self._clock = clock
        self._limit = limit
        self._kept: OrderedDict[str, tuple[SSL.Session, Verdict, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def take(self, key: str) -> tuple[SSL.Session, Verdict] | None:
        found = self._kept.get(key)
        if found is None:
            return None
        session, verdict, ends_at = found
        if self._clock() >= ends_at:
            del self._kept[key]
            return None
        self._kept.move_to_end(key)
        return session, verdict

    def keep(self, key: str, session: SSL.Session, verdict: Verdict) -> None:
        if self._lifetime <= 0:
            return
        self._kept[key] = session, verdict, self._clock() + self._lifetime
        self._kept.move_to_end(key)
        if len(self._kept) > self._limit:
            self._kept.popitem(last=False)

    def forget(self, key: str) -> None:
        self._kept.pop(key, None)
