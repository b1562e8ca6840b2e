"""A delivery slot of one destination: carries its requests one after another, over as few sessions as serve.

    carrier.start(request)     from a free place in the destination's window until nothing follows

For each request the hosts are tried in order: a soft failure keeps what is undecided for the next host, a
hard one bounces at once, the last host's soft failure defers. What a session left untouched goes back to the
queue and costs no attempt. While one message's content is on its way the next request is fetched, so that its
commands travel along.

Opening a session is a task; everything on an open session runs in callbacks.
Does not choose requests, does not write outcomes down: the Desk does.
Source: Postfix smtp_connect(3), smtp_trouble(3), smtp_reuse(3); spec: session, 3, 15; routing, 4 to 6.
"""

import asyncio
import os

from fastsmtp.delivery.desk import Desk
from fastsmtp.errors import ContentError, SessionError, SessionTimeout
from fastsmtp.mail.destination import Destination, Host
from fastsmtp.mail.recipient import Recipient
from fastsmtp.mail.request import Request
from fastsmtp.outcome import classify, status
from fastsmtp.outcome.classify import Verdict
from fastsmtp.outcome.outcome import BOUNCED, DEFERRED, SENT, Delays, Outcome
from fastsmtp.route.resolver import LookupFailure
from fastsmtp.session import stages
from fastsmtp.session.connection import Refused, Session
from fastsmtp.session.opening import open_session
from fastsmtp.wire import engine
from fastsmtp.wire.transaction import Transaction

LOOP_PORT = 25  # elsewhere one's own name may well answer
SPARED_LIMIT = 3  # times a request may come back untouched before it counts as a failure of the site


class Carrier:
    """One delivery at a time, and while a session is open one more behind it."""

    __slots__ = ("_desk", "_session", "_task", "destination")

    def __init__(self, desk: Desk, destination: Destination) -> None:
        self._desk = desk
        self.destination = destination
        self._session: Session | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self, request: Request) -> None:
        """Carries `request`, then what follows it; the Desk's `ended` tells when nothing does."""
        request.handed_at = self._desk.clock()
        if not request.hosts:
            session = self._desk.cache.checkout(self.destination)
            if session is not None:
                self._go_to(request, session)
                session.wake()
                self._take_over(session, request)
                return
        self._task = asyncio.get_running_loop().create_task(self._open(request))
        self._task.add_done_callback(self._opened)

    def _opened(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._desk.failed(error)

    # From a request to a session

    async def _open(self, request: Request) -> None:
        """Walks down the hosts until one takes us in; decides the request where none does."""
        desk = self._desk
        try:
            if not request.hosts:
                request.hosts = await desk.router.hosts(self.destination.nexthop)
            verdict: Verdict | None = None
            while (place := self._next_place(request)) is not None:
                host = request.hosts[place]
                request.host_index = place + 1
                self._count_address(request, host)
                session, verdict = await self._try_host(host)
                if session is not None:
                    session.hosts = [host, *request.hosts[request.host_index :]]
                    self._take_over(session, request)
                    return
                assert verdict is not None
                if not verdict.soft:
                    break
                self._note_failure(request, verdict, host)
            self._decide_all(request, verdict, request.failure_relay)
        except LookupFailure as failure:
            self._decide_all(request, Verdict(False, failure.soft, failure.dsn, failure.text), "none")
        self._go_on()

    async def _try_host(self, host: Host) -> tuple[Session | None, Verdict | None]:
        """A session with this host, or what its failure means."""
        desk = self._desk
        if not host.best:
            kept = desk.cache.checkout_host(host)
            if kept is not None:
                kept.wake()
                return kept, None
        try:
            session = await open_session(host, desk.sessions, desk.deadlines)
        except Refused as refusal:
            soften = refusal.at == engine.GREETING and desk.rules.skips_5xx_greeting
            return None, classify.unwelcome(refusal.reply, host.label, soften=soften)
        except SessionError as error:
            return None, classify.stream_failure(
                host.label, error.stage, timed_out=isinstance(error, SessionTimeout)
            )
        except OSError as error:
            reason = "Connection timed out" if isinstance(error, TimeoutError) else _reason(error)
            text = f"connect to {host.relay}: {reason}"
            desk.log.info(text)
            return None, Verdict(False, True, status.NO_CONNECTION, text)
        if host.port == LOOP_PORT and desk.sessions.is_own_name(session.engine.peer_name):
            session.close()
            own_name = desk.sessions.own_name.decode()
            desk.log.warning(f"host {host.relay} replied to HELO/EHLO with my own hostname {own_name}")
            return None, classify.looping(self.destination.nexthop, is_best=host.best)
        return session, None

    def _next_place(self, request: Request) -> int | None:
        """Where the next host to try stands: at the end of a site's limits, the first of the next site."""
        hosts, place, rules = request.hosts, request.host_index, self._desk.rules
        over_limit = (0 < rules.addresses_limit <= request.addresses_tried) or (
            0 < rules.sessions_limit <= request.sessions_tried
        )
        while place < len(hosts) and hosts[place].site == request.site and over_limit:
            place += 1
        return place if place < len(hosts) else None

    def _used_up(self, request: Request) -> bool:
        """No further host is tried for it."""
        return self._next_place(request) is None

    @staticmethod
    def _count_address(request: Request, host: Host) -> None:
        if host.site != request.site:
            request.site = host.site
            request.addresses_tried = request.sessions_tried = 0
        request.addresses_tried += 1

    def _go_to(self, request: Request, session: Session) -> None:
        """The request's first host is the one that the session is open to."""
        request.hosts = session.hosts
        request.host_index = 1
        self._count_address(request, session.host)

    def _note_failure(self, request: Request, verdict: Verdict, host: Host) -> None:
        request.failure_dsn = verdict.dsn
        request.failure_text = verdict.text
        request.failure_relay = host.relay if verdict.dsn != status.NO_CONNECTION else "none"
        if not self._used_up(request) and verdict.dsn != status.NO_CONNECTION:
            self._desk.log.info(f"{request.queue_id}: {verdict.text}")

    # On a session

    def _take_over(self, session: Session, request: Request) -> None:
        self._session = session
        session.driver = self
        if not (self._begin(session, request) or self._begin_next(session)):
            self._release(session)

    def _begin(self, session: Session, request: Request) -> bool:
        """Puts the request's transaction on the session; False: it was decided here."""
        desk = self._desk
        request.ready_at = desk.clock()
        request.sessions_tried += 1
        relay = session.relay
        try:
            transaction = desk.content.transaction(request, session.engine.offers)
        except ContentError as error:
            self._decide_all(
                request, Verdict(False, error.soft, error.dsn, error.reason), "none", reached=True
            )
            return False
        limit = session.engine.size_limit
        if 0 < limit < transaction.size:
            text = f"message size {transaction.size} exceeds size limit {limit} of server {session.name}"
            self._decide_all(request, Verdict(False, False, status.TOO_LARGE, text), relay, reached=True)
            return False
        desk.started(request, transaction.size)
        session.begin(transaction)
        return True

    def _begin_next(self, session: Session) -> bool:
        """The next request that this session can take, if one waits."""
        desk = self._desk
        while not session.over and not session.engine.suspect and desk.reusable(session):
            request = desk.follow(self.destination)
            if request is None:
                return False
            request.handed_at = desk.clock()
            self._go_to(request, session)
            if self._begin(session, request):
                return True
        return False

    def content_due(self, session: Session) -> None:
        if not self._begin_next(session) and (
            self._desk.finishing(self.destination) or not self._desk.reusable(session)
        ):
            session.close()

    def answered(self, session: Session, transaction: Transaction) -> None:
        request: Request = transaction.subject  # type: ignore[assignment]
        request.transacted = True
        if session.uses > 1 and request.spared < SPARED_LIMIT and classify.sends_away(transaction):
            self._spare(request)
            session.close()
        else:
            self._settle(session, request, transaction)
        if not session.busy and not self._begin_next(session):
            self._release(session)

    def lost(
        self, session: Session, left: list[Transaction], stage: int, *, timed_out: bool, in_content: bool
    ) -> None:
        if self._session is session:
            self._session = None
        elif not left:
            return
        where = stages.SENDING_CONTENT if in_content else stages.STAGES[stage]
        failure = classify.stream_failure(session.name, where, timed_out=timed_out)
        for transaction in left:
            request: Request = transaction.subject  # type: ignore[assignment]
            if self._spares(session, transaction, request):
                self._spare(request)
            else:
                self._settle(session, request, transaction, failure)
        self._go_on()

    def _spares(self, session: Session, transaction: Transaction, request: Request) -> bool:
        """The session ended before it touched this transaction: another one shall carry it, at no cost."""
        return session.uses > 0 and transaction.untouched and request.spared < SPARED_LIMIT

    def _spare(self, request: Request) -> None:
        request.spared += 1
        request.hosts = []
        request.host_index = 0
        request.site = -1
        self._desk.put_back(request)

    def _release(self, session: Session) -> None:
        """Nothing more for it to do: kept for a while, or closed; the slot goes on without it."""
        self._session = None
        session.driver = None
        desk = self._desk
        if not session.over:
            if session.engine.suspect or not desk.reusable(session) or not desk.keeps(self.destination):
                session.close()
            else:
                desk.cache.checkin(self.destination, session)
                session.park(desk.cache.discard)
        self._go_on()

    def _go_on(self) -> None:
        """The slot is free: the next request, with a session of its own, or the end."""
        self._task = None
        self._desk.ended(self)

    def abort(self) -> None:
        """Ends what is under way at once; nothing is decided by it."""
        if self._task is not None:
            self._task.cancel()
        if self._session is not None:
            self._session.driver = None
            self._session.abort()

    # Decisions

    def _settle(
        self, session: Session, request: Request, transaction: Transaction, failure: Verdict | None = None
    ) -> None:
        """Every recipient of an ended transaction is decided, or kept for the next host."""
        desk = self._desk
        now = desk.clock()
        if transaction.taken:
            assert transaction.end is not None
            verdict = classify.accepted(transaction.end)
            outcomes = self._outcomes(
                request, request.recipients, verdict, relay=session.relay, uses=session.uses, now=now
            )
            desk.record(outcomes, session)
            desk.done(request, good=True)
            return
        kept = self._decide_each(session, request, transaction, failure, now)
        if kept is not None:
            self._note_failure(request, kept, session.host)
            desk.put_back(request)
        elif failure is None:
            desk.done(request, good=True)
        else:
            desk.done(request, good=request.transacted, dsn=failure.dsn, text=failure.text)

    def _decide_each(
        self,
        session: Session,
        request: Request,
        transaction: Transaction,
        failure: Verdict | None,
        now: float,
    ) -> Verdict | None:
        """One recipient at a time; the last verdict of those kept for the next host, or None."""
        final = self._used_up(request)
        kept: list[Recipient] = []
        last: Verdict | None = None
        for index, recipient in enumerate(request.recipients):
            verdict = classify.of_transaction(transaction, index, session.name) or failure
            assert verdict is not None
            if not verdict.sent and verdict.soft and not final:
                kept.append(recipient)
                last = verdict
            else:
                outcomes = self._outcomes(
                    request, [recipient], verdict, relay=session.relay, uses=session.uses, now=now
                )
                self._desk.record(outcomes, session)
        request.recipients = kept
        return last

    def _decide_all(
        self, request: Request, verdict: Verdict | None, relay: str, *, reached: bool = False
    ) -> None:
        """All that is left of a request without a transaction: hosts used up, lookup failed, content
        unusable.
        """
        if verdict is None:
            verdict = Verdict(False, True, request.failure_dsn, request.failure_text)
        desk = self._desk
        desk.record(
            self._outcomes(request, request.recipients, verdict, relay=relay, uses=0, now=desk.clock()), None
        )
        good = reached or request.transacted or not verdict.soft
        desk.done(request, good=good, dsn=verdict.dsn, text=verdict.text)

    def _outcomes(
        self,
        request: Request,
        recipients: list[Recipient],
        verdict: Verdict,
        *,
        relay: str,
        uses: int,
        now: float,
    ) -> list[Outcome]:
        """The same verdict for each of `recipients`; `uses` of the session so far."""
        dsn = verdict.dsn
        word = SENT if verdict.sent else DEFERRED if verdict.soft else BOUNCED
        if word is BOUNCED and self._desk.rules.soft_bounce:
            word, dsn = DEFERRED, status.softened(dsn)
        handed_at, ready_at = request.handed_at, request.ready_at
        delays = Delays(
            request.active_at - self._desk.arrived_at,
            handed_at - request.active_at,
            ready_at - handed_at,
            now - ready_at,
        )
        return [
            Outcome(
                recipient,
                word,
                dsn,
                verdict.text,
                relay,
                recipient.attempts + 1,
                recipient.first_attempt_at or handed_at,
                now,
                delays,
                "",
                request.queue_id,
                0.0,
                request.sender,
                uses,
            )
            for recipient in recipients
        ]


def _reason(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else str(error)
