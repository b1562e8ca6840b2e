"""How long a session waits at each stage for the peer's next bytes.

Each limit is for a single wait, not for a whole reply or transaction (Postfix without
smtp_per_request_deadline).
Source: Postfix smtp_*_timeout; spec: session, 13.
"""

from typing import NamedTuple


class Deadlines(NamedTuple):
    """Seconds."""

    connect: float  # 0: the system's own limit
    content: float  # without a byte taken by the peer
    stages: tuple[float, ...]  # by engine stage
