"""What becomes of mail whose transport is no SMTP client: error:, retry:, discard:, or one that is not there.

    outcomes(destination, recipients, ...)     one for each: nothing is connected to
    suspended(recipients, dsn, text, ...)      those of a destination that is dead

error:TEXT bounces, retry:TEXT defers, discard:TEXT counts as sent; TEXT may begin with an enhanced status
code. Any other transport is not there: its mail waits until somebody declares it (smtp_transports), and never
goes another way. So does mail whose table has no answer.
Source: Postfix error(8), discard(8), qmgr(8) ("mail transport unavailable"); spec: config, 8.4; queue, 3.2.
"""

import re
from collections.abc import Callable, Sequence

from fastsmtp.mail.destination import Destination
from fastsmtp.mail.recipient import Recipient
from fastsmtp.outcome.outcome import BOUNCED, DEFERRED, SENT, Delays, Outcome
from fastsmtp.worker.sorter import NOWHERE

_CODE = re.compile(r"([245]\.\d{1,3}\.\d{1,3})\s*")
UNAVAILABLE = "4.3.0"
SUSPENDED = "delivery temporarily suspended: "  # Postfix's words for what a dead site was not even offered


def outcomes(
    destination: Destination,
    recipients: Sequence[Recipient],
    *,
    arrived_at: float,
    now: float,
    queue_id: Callable[[Recipient], str],
    soft_bounce: bool,
) -> list[Outcome]:
    """The same for each of `recipients`: an attempt, though nobody was asked."""
    status, dsn, text = _decide(destination)
    if status is BOUNCED and soft_bounce:
        status, dsn = DEFERRED, "4" + dsn[1:]
    return [
        _outcome(recipient, status, dsn, text, arrived_at, now, queue_id)._replace(
            attempts=recipient.attempts + 1, first_attempt_at=recipient.first_attempt_at or now
        )
        for recipient in recipients
    ]


def suspended(
    recipients: Sequence[Recipient],
    dsn: str,
    text: str,
    *,
    arrived_at: float,
    now: float,
    queue_id: Callable[[Recipient], str],
) -> list[Outcome]:
    """For a destination that is dead: deferred with what killed it, and no attempt."""
    return [
        _outcome(recipient, DEFERRED, dsn, SUSPENDED + text, arrived_at, now, queue_id)
        for recipient in recipients
    ]


def _outcome(  # noqa: PLR0917
    recipient: Recipient,
    status: str,
    dsn: str,
    text: str,
    arrived_at: float,
    now: float,
    queue_id: Callable[[Recipient], str],
) -> Outcome:
    """Without a relay and a session."""
    delays = Delays(now - arrived_at, 0.0, 0.0, 0.0)
    return Outcome(
        recipient,
        status,
        dsn,
        text,
        "none",
        recipient.attempts,
        recipient.first_attempt_at,
        now,
        delays,
        "",
        queue_id(recipient),
        0.0,
        "",
        0,
    )


def _decide(destination: Destination) -> tuple[str, str, str]:
    """Status, enhanced status code and text."""
    transport, text = destination
    if transport == NOWHERE:
        return DEFERRED, UNAVAILABLE, text
    if transport == "discard":
        return SENT, "2.0.0", text
    if transport not in ("error", "retry"):
        return DEFERRED, UNAVAILABLE, "mail transport unavailable"
    status, dsn = (BOUNCED, "5.0.0") if transport == "error" else (DEFERRED, "4.0.0")
    code = _CODE.match(text)
    if code is not None:
        dsn, text = code[1], text[code.end() :]
    return status, ("5" if status is BOUNCED else "4") + dsn[1:], text
