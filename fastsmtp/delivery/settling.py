"""What becomes of a request's recipients: outcomes for those decided, the rest kept for the next host.

    settling.settle(session, request, transaction, ...)    a transaction ended
    settling.decide_all(request, verdict, relay)           the same verdict for all that is left
    settling.expect(session, request, transaction)         at-most-once: its end is about to leave
    settling.withdraw(request)                             at-most-once: it was not taken, and shall go
    elsewhere settling.forsake(session, left, ...)                   at-most-once: the run ends

settle and decide_all end in `done` at the Desk, unless recipients are kept: whoever called puts the request
back. With delivery_guarantee = at_most_once no end of data leaves before its recipients are on record as
unknown, and one that is never answered leaves them so.
Does not say what a reply means (fastsmtp.outcome), nor which host is next (Walk).
Source: Postfix smtp_trouble(3), smtp_rcpt(3); spec: routing, 4.5, 5.
"""

from fastsmtp.delivery.desk import DeliveryRules, Desk
from fastsmtp.mail.recipient import Recipient
from fastsmtp.mail.request import Request
from fastsmtp.outcome import classify, status
from fastsmtp.outcome.classify import Verdict
from fastsmtp.outcome.outcome import BOUNCED, DEFERRED, SENT, UNKNOWN, Outcome, as_delays, as_outcome
from fastsmtp.session.connection import Session
from fastsmtp.wire.transaction import Transaction


class Settling:
    """The decisions of one destination's deliveries."""

    def __init__(self, desk: Desk, rules: DeliveryRules) -> None:
        self._desk = desk
        self._rules = rules

    def settle(
        self,
        session: Session,
        request: Request,
        transaction: Transaction,
        failure: Verdict | None,
        *,
        final: bool,
        again: bool = False,
    ) -> Verdict | None:
        """Every recipient of an ended transaction is decided, or kept for the next host: then the verdict
        that keeps them.

        `failure`: the transaction broke off. `final`: there is no further host. `again`: those that it left
        without an answer are kept all the same, for the same one.
        """
        desk = self._desk
        now = desk.clock()
        if transaction.taken:
            assert transaction.end is not None
            verdict = classify.accepted(transaction.end)
            outcomes = self._outcomes(
                request,
                request.recipients,
                verdict,
                relay=session.relay,
                tls=session.tls,
                uses=session.uses,
                now=now,
            )
            desk.record(outcomes, session)
            desk.done(request, good=True)
            return None
        kept = self._decide_each(session, request, transaction, failure, now, final=final, again=again)
        if kept is not None:
            return kept
        if failure is None:
            desk.done(request, good=True)
        else:
            desk.done(request, good=request.transacted, dsn=failure.dsn, text=failure.text)
        return None

    def _decide_each(
        self,
        session: Session,
        request: Request,
        transaction: Transaction,
        failure: Verdict | None,
        now: float,
        *,
        final: bool,
        again: bool = False,
    ) -> Verdict | None:
        """One recipient at a time; the last verdict of those kept for the next host, or None."""
        kept: list[Recipient] = []
        last: Verdict | None = None
        for index, recipient in enumerate(request.recipients):
            verdict = classify.of_transaction(transaction, index, session.name) or failure
            assert verdict is not None
            if not verdict.sent and verdict.soft and (not final or (again and verdict is failure)):
                kept.append(recipient)
                last = verdict
            else:
                outcomes = self._outcomes(
                    request,
                    [recipient],
                    verdict,
                    relay=session.relay,
                    tls=session.tls,
                    uses=session.uses,
                    now=now,
                )
                self._desk.record(outcomes, session)
        request.recipients = kept
        return last

    def decide_all(self, request: Request, verdict: Verdict, relay: str, *, reached: bool = False) -> None:
        """All that is left of a request without a transaction: hosts used up, lookup failed, content
        unusable.
        """
        desk = self._desk
        desk.record(
            self._outcomes(
                request, request.recipients, verdict, relay=relay, tls=verdict.tls, uses=0, now=desk.clock()
            ),
            None,
        )
        good = reached or request.transacted or not verdict.soft or verdict.excused
        desk.done(request, good=good, dsn=verdict.dsn, text=verdict.text)

    # At-most-once

    def expect(self, session: Session, request: Request, transaction: Transaction) -> None:
        """Its end may leave once this is on the disk: those not refused by then are unknown until it is
        answered.
        """
        request.ahead = True
        recipients = [
            recipient
            for recipient, reply in zip(request.recipients, transaction.replies, strict=True)
            if reply is None or reply.digit == 2
        ]
        verdict = classify.not_answered(session.name)
        self._write_ahead(request, recipients, verdict, session)

    def withdraw(self, request: Request) -> None:
        """It did not arrive after all: a run that takes up here sends it."""
        if request.ahead:
            request.ahead = False
            verdict = Verdict(False, True, request.failure_dsn, request.failure_text)
            self._write_ahead(request, request.recipients, verdict, None)

    def forsake(self, session: Session, left: list[Transaction]) -> None:
        """The session is cut off by us: what may have arrived is decided."""
        in_doubt = doubtful(left)
        for transaction in left:
            request: Request = transaction.subject  # type: ignore[assignment]
            if transaction in in_doubt:
                verdict = classify.in_doubt(session.name, timed_out=False)
                self._decide_each(session, request, transaction, verdict, self._desk.clock(), final=False)
            self.withdraw(request)

    def _write_ahead(
        self, request: Request, recipients: list[Recipient], verdict: Verdict, session: Session | None
    ) -> None:
        relay, tls, uses = (
            (session.relay, session.tls, session.uses + 1) if session is not None else ("none", "", 0)
        )
        now = self._desk.clock()
        outcomes = self._outcomes(request, recipients, verdict, relay=relay, tls=tls, uses=uses, now=now)
        self._desk.write_ahead(outcomes, session)

    # Outcomes

    def _outcomes(
        self,
        request: Request,
        recipients: list[Recipient],
        verdict: Verdict,
        *,
        relay: str,
        tls: str,
        uses: int,
        now: float,
    ) -> list[Outcome]:
        """The same verdict for each of `recipients`; `uses` of the session so far."""
        dsn, text, soft = verdict.dsn, verdict.text, verdict.soft
        if self._rules.status_filter is not None and not verdict.in_doubt:
            dsn, text = self._rules.status_filter(dsn, text)
            soft = status.is_soft(dsn)
        word = SENT if verdict.sent else DEFERRED if soft else UNKNOWN if verdict.in_doubt else BOUNCED
        if word is BOUNCED and self._rules.soft_bounce:
            word, dsn = DEFERRED, status.softened(dsn)
        handed_at, ready_at = request.handed_at, request.ready_at
        active_at, arrived_at = request.active_at, self._desk.arrived_at
        delays = as_delays(
            (active_at - arrived_at, handed_at - active_at, ready_at - handed_at, now - ready_at)
        )
        queue_id, sender = request.queue_id, request.sender
        outcomes = []
        for recipient in recipients:
            attempts, first_at = recipient.attempts + 1, recipient.first_attempt_at or handed_at
            reached = (relay, attempts, first_at, now, delays, tls, queue_id, 0.0, sender, uses)
            outcomes.append(as_outcome((recipient, word, dsn, text, *reached)))
        return outcomes


def doubtful(left: list[Transaction]) -> list[Transaction]:
    """Of those without an answer when the stream ended, those that may have arrived."""
    return [transaction for transaction in left if transaction.in_doubt]
