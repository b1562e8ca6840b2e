"""What earlier sessions taught of one peer, by its address and port.

A fact ages from the moment it was last seen to hold, each for itself: a peer in daily use whose fault was
mended is not held to it for ever.
Source: ours; issue of each fact: RFC 2920 (grouping), 3030 (CHUNKING), 9422 (LIMITS).
"""

from typing import NamedTuple

SURE = 2  # sessions in a row that ended after as many messages: one may have been chance


class KnownHost(NamedTuple):
    """Times are Unix times in seconds, 0.0 for never."""

    offers: str = ""  # EHLO keywords of the last session, sorted, a blank between two
    plain_at: float = 0.0  # it mishandled commands in groups
    window: int = 0  # messages at once that it took by CHUNKING
    messages: int = 0  # after so many it ended a session,
    closings: int = 0  # so many times in a row
    closed_at: float = 0.0  # the last of them
    seen_at: float = 0.0  # the last session that taught something

    @property
    def plain(self) -> bool:
        """One message at a time, commands of the next only after its answer."""
        return self.plain_at > 0.0

    @property
    def messages_limit(self) -> int:
        """Messages that a session of it bears; 0 is unknown."""
        return self.messages if self.closings >= SURE else 0

    def without_what_is_older(self, than: float) -> "KnownHost":
        """What is still held to be true of it."""
        if self.seen_at <= than:
            return UNKNOWN_HOST
        fresh = self
        if fresh.plain and fresh.plain_at <= than:
            fresh = fresh._replace(plain_at=0.0)
        if fresh.closings and fresh.closed_at <= than:
            fresh = fresh._replace(messages=0, closings=0, closed_at=0.0)
        return fresh


UNKNOWN_HOST = KnownHost()
