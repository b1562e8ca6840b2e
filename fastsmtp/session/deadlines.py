"""How long a session waits at each stage for the peer.

Each limit is for a single wait: a byte begins it anew. With `per_request` it is for all of a command and its
reply, and for all of a content: that one grows with each byte that goes out, by what `data_rate` allows,
but is never more than `content` away.
Source: Postfix smtp_*_timeout, smtp_per_request_deadline, smtp_min_data_rate; spec: session, 13.
"""

from typing import NamedTuple


class Deadlines(NamedTuple):
    """Seconds."""

    connect: float  # 0: the system's own limit
    content: float  # without a byte taken by the peer
    stages: tuple[float, ...]  # by engine stage
    per_request: bool
    data_rate: int  # bytes a second

    def of_handshake(self, stage: int) -> "Deadlines":
        """While TLS is negotiated `stage` has the limit, whatever the peer owes us."""
        return self._replace(stages=(self.stages[stage],) * len(self.stages))
