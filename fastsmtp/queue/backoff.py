"""When a deferred recipient is tried again, and when it is too old for that.

Source: Postfix minimal_backoff_time, maximal_backoff_time, maximal_queue_lifetime; spec: queue, 6.
"""

from typing import NamedTuple


class Backoff(NamedTuple):
    """Seconds. The wait follows the message's age, so that it doubles from one attempt to the next."""

    shortest: float
    longest: float
    lifetime: float  # 0: one attempt

    def retry_at(self, now: float, created_at: float) -> float:
        """Unix time of the next attempt."""
        return now + min(max(now - created_at, self.shortest), self.longest)

    def expired(self, now: float, created_at: float) -> bool:
        """Asked after a failed attempt alone: an overdue message still gets one."""
        return now - created_at >= self.lifetime
