"""The fate of one recipient after one attempt, as spool, results and log take it.

Statuses: `sent`, `bounced`, `expired`, `cancelled` and `unknown` end a recipient; `deferred` does not, and
carries `retry_at`. (`rejected` and `duplicate` rows never become recipients; the spool alone knows them.)

Source: Postfix's delivery status lines (spec: queue, 12.1); design page, section 2, "The results".
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Final, NamedTuple

from fastsmtp.mail.recipient import Recipient

SENT = "sent"
BOUNCED = "bounced"
DEFERRED = "deferred"
EXPIRED = "expired"
CANCELLED = "cancelled"
UNKNOWN = "unknown"

FINAL = frozenset({SENT, BOUNCED, EXPIRED, CANCELLED, UNKNOWN})


class Delays(NamedTuple):
    """Postfix's delays=a/b/c/d, in seconds (spec: queue, 12.2)."""

    before_active: float  # arrival to the last entry into the active queue
    in_queue: float  # active to handed over
    setup: float  # handed over to ready for MAIL: DNS, connects, greeting, TLS
    transmission: float  # from there to the reply


class Outcome(NamedTuple):
    """What became of `recipient` in this attempt."""

    recipient: Recipient
    status: str
    dsn: str  # RFC 3463
    reply: str  # one line: the peer's words, or ours where no peer spoke
    relay: str  # "host[address]:port" or "none"
    attempts: int  # this one included
    first_attempt_at: float  # Unix time
    finished_at: float  # Unix time
    delays: Delays
    tls: str  # "" in the clear
    queue_id: str
    retry_at: float  # Unix time; 0.0 unless deferred
    sender: str  # envelope sender; "" is the null sender
    conn_use: int  # transactions on the session so far, this one included


# Delays._make and Outcome._make, without a line of Python each
as_delays: Final[Callable[[Iterable[object]], Delays]] = partial(tuple.__new__, Delays)
as_outcome: Final[Callable[[Iterable[object]], Outcome]] = partial(tuple.__new__, Outcome)
