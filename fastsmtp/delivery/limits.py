"""What a peer's LIMITS leave of a session and of a request.

    open_to_more(session, destination)    a further transaction may be begun as far as session and peer go
    split(session, request)               cuts the request down to what the peer takes in one transaction; the
                                          rest, as a request of its own that was not tried, or None

RCPTMAX counts recipients of a transaction, RCPTDOMAINMAX different domains of a whole session, MAILMAX
transactions of a session. A session whose domains are used up takes no other: what follows opens a new one.
Source: RFC 9422.
"""

from fastsmtp.mail.destination import Destination
from fastsmtp.mail.request import Request
from fastsmtp.session.connection import Session


def open_to_more(session: Session, destination: Destination) -> bool:
    """Neither ended, nor suspect, nor at a limit: whatever waits for the destination next fits."""
    engine = session.engine
    if session.over or engine.suspect or engine.spent:
        return False
    full = 0 < engine.domain_limit <= len(session.domains)
    return not full or session.domains == {destination.nexthop}


def split(session: Session, request: Request) -> Request | None:
    """Keeps the first recipients that fit."""
    engine = session.engine
    if not engine.recipient_limit and not engine.domain_limit:
        return None
    recipients = request.recipients
    count = min(engine.recipient_limit or len(recipients), len(recipients))
    if engine.domain_limit:
        count = _within_domains(session, request, count)
    if count == len(recipients):
        return None
    rest = Request(request.destination, recipients[count:], request.queue_id, request.active_at)
    request.recipients = recipients[:count]
    return rest


def _within_domains(session: Session, request: Request, count: int) -> int:
    """How many of the first `count` recipients fit; those count as said. At least one always does: what is
    one too many is the peer's to refuse.
    """
    for place, recipient in enumerate(request.recipients[:count]):
        if recipient.domain not in session.domains:
            if len(session.domains) >= session.engine.domain_limit and place:
                return place
            session.domains |= {recipient.domain}
    return count
