"""A delivery slot of one destination: carries its requests one after another, over as few sessions as serve.

    carrier.start(request)     from a free place in the destination's window until nothing follows

The Walk finds a session for a request; Settling decides its recipients when the transaction has ended, and
keeps those that the next host shall have. What a session left untouched goes back to the queue and costs no
attempt. While one message's content is on its way the next request is fetched, so that its commands travel
along.

It goes by the desk's generation of the moment that it was made. After a reload it finishes what it has begun,
and takes nothing more: a new carrier goes on, with the session too where the new settings allow.

Opening a session is a task; everything on an open session runs in callbacks.
Does not choose requests, does not write outcomes down: the Desk does.
Source: Postfix smtp_connect(3), smtp_reuse(3); spec: session, 3, 15; routing, 6.
"""

import asyncio

from fastsmtp.delivery import limits
from fastsmtp.delivery.desk import Desk
from fastsmtp.delivery.entry import Entry
from fastsmtp.delivery.protecting import Protecting
from fastsmtp.delivery.settling import Settling, doubtful
from fastsmtp.delivery.walk import Walk
from fastsmtp.errors import ContentError, Pending
from fastsmtp.mail.destination import Destination
from fastsmtp.mail.request import Request
from fastsmtp.outcome import classify, status
from fastsmtp.outcome.classify import Verdict
from fastsmtp.session import stages
from fastsmtp.session.connection import Session
from fastsmtp.session.transcript import PROTOCOL
from fastsmtp.wire.reply import Reply
from fastsmtp.wire.transaction import Transaction

POSTPONED_LIMIT = (
    20  # times a request may wait for tables; who asks more often never gets an answer that stays
)
XFORWARD = "XFORWARD helo/protocol command"  # as Postfix calls it
SPARED_LIMIT = 3  # times a request may come back untouched before it counts as a failure of the site


class Carrier:
    """One delivery at a time, and while a session is open one more behind it."""

    def __init__(self, desk: Desk, destination: Destination) -> None:
        self._desk = desk
        self._generation = desk.generations[destination.transport]
        self._protecting = Protecting(desk, destination)
        opened = Entry(desk, destination, self._protecting).open
        self._walk = Walk(desk, destination, opened, self._protecting.identity)
        self._settling = Settling(desk, self._generation.rules)
        self.destination = destination
        self._session: Session | None = None
        self._sender = ""  # that it is for, where that matters
        self._rest: Request | None = None  # what the peer's limits left of the last request
        self._task: asyncio.Task[None] | None = None

    def start(self, request: Request) -> None:
        """Carries `request`, then what follows it; the Desk's `ended` tells when nothing does."""
        request.handed_at = self._desk.clock()
        if request.site < 0:
            self._sender = self._protecting.sender(request)
            session = self._desk.cache.checkout(self.destination, self._sender)
            if session is not None:
                self._start_on(session, request)
                self._walk.wake(session)
                self._take_over(session, request)
                return
        self._task = asyncio.get_running_loop().create_task(self._open(request))
        self._task.add_done_callback(self._opened)

    def _opened(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._desk.failed(error)

    async def _open(self, request: Request) -> None:
        """Takes over the session that the walk finds; decides the request where it finds none."""
        found = await self._walk.session(request)
        if isinstance(found, Session):
            self._take_over(found, request)
            return
        if found is None:
            request.start_over()
            self._put_back(request)
        elif isinstance(found, Verdict):
            self._settling.decide_all(request, found, request.failure_relay)
        else:
            self._desk.pass_on(request, found)
        self._go_on()

    # On a session

    def _take_over(self, session: Session, request: Request) -> None:
        self._session = session
        session.driver = self
        if self._begin(session, request) or self._begin_next(session):
            self._fill_window(session)
        else:
            self._release(session)

    def _start_on(self, session: Session, request: Request) -> None:
        """The request's first host is the one that the session is open to."""
        request.sites = session.sites
        request.site = session.host.site
        request.hosts = session.hosts
        request.host_index = request.addresses_tried = 1
        request.sessions_tried = 0

    def _begin(self, session: Session, request: Request) -> bool:
        """Puts the request's transaction on the session; False: it was decided here, or waits for a table."""
        desk = self._desk
        request.ready_at = desk.clock()
        request.sessions_tried += 1
        relay = session.relay
        self._rest = limits.split(session, request)
        try:
            transaction = self._generation.content.transaction(
                request, session.engine.offers, chunked=session.engine.chunking
            )
        except Pending:
            self._postpone(request)
            return False
        except ContentError as error:
            self._settling.decide_all(
                request, Verdict(False, error.soft, error.dsn, error.reason), "none", reached=True
            )
            return False
        if transaction.utf8 and "SMTPUTF8" not in session.engine.offers:
            self._leave_to_others(session, request)
            return False
        limit = session.engine.size_limit
        if 0 < limit < transaction.size:
            text = f"message size {transaction.size} exceeds size limit {limit} of server {session.name}"
            self._settling.decide_all(
                request, Verdict(False, False, status.TOO_LARGE, text), relay, reached=True
            )
            return False
        desk.started(request, transaction.size)
        if transaction.chunked and self._generation.rules.at_most_once:
            self._settling.expect(session, request, transaction)
        session.begin(transaction)
        return True

    def _postpone(self, request: Request) -> None:
        """A table's server must be asked first: nothing was begun, and it costs no attempt."""
        if request.postponed < POSTPONED_LIMIT:
            request.postponed += 1
            request.start_over()
            self._desk.postpone(request)
            return
        text = "the answers of lookup tables do not stay: is lookup_cache_limit too low?"
        self._settling.decide_all(
            request, Verdict(False, True, status.UNAVAILABLE, text), "none", reached=True
        )

    def _leave_to_others(self, session: Session, request: Request) -> None:
        """This peer cannot take it; another host of its next-hop may."""
        verdict = classify.no_smtputf8(session.name)
        if self._walk.used_up(request):
            self._settling.decide_all(request, verdict, session.relay, reached=True)
        else:
            self._desk.log.info(f"{request.queue_id}: {verdict.text}")
            self._walk.note_failure(request, verdict, session.host)
            self._put_back(request)

    def _begin_next(self, session: Session) -> bool:
        """The next request that this session can take, if one waits."""
        desk = self._desk
        if self._generation is not desk.generations[self.destination.transport] or session.stands_in:
            return False
        while limits.open_to_more(session, self.destination) and desk.reusable(
            session, self.destination.transport
        ):
            request, self._rest = self._rest or desk.follow(self.destination), None
            if request is None:
                return False
            if self._protecting.by_sender and not self._serves(session, request):
                return False
            request.handed_at = desk.clock()
            self._start_on(session, request)
            if self._begin(session, request):
                return True
        return False

    def _serves(self, session: Session, request: Request) -> bool:
        """Its sender has the session's login; else another session shall carry it."""
        if self._protecting.serves(session, request):
            self._sender = self._protecting.sender(request)
            return True
        self._put_back(request)
        return False

    def _fill_window(self, session: Session) -> None:
        """By BDAT several messages are on their way at once."""
        while session.engine.room and self._begin_next(session):
            pass

    def content_due(self, session: Session, transaction: Transaction) -> None:
        if self._generation.rules.at_most_once:
            request: Request = transaction.subject  # type: ignore[assignment]
            self._settling.expect(session, request, transaction)
        if not self._begin_next(session) and (
            self._outdated
            or session.engine.spent
            or self._desk.finishing(self.destination)
            or not self._desk.reusable(session, self.destination.transport)
        ):
            session.close()

    def warned(self, session: Session, reply: Reply) -> None:
        self._desk.log.warning(classify.refused(reply, session.name, XFORWARD).text)

    def answered(self, session: Session, transaction: Transaction) -> None:
        request: Request = transaction.subject  # type: ignore[assignment]
        if session.uses > 1 and request.spared < SPARED_LIMIT and classify.sends_away(transaction):
            self._desk.memory.ended_after(session.host, session.uses - 1)
            self._spare(request)
            session.close()
        else:
            request.transacted = True
            self._settle(session, request, transaction)
        if not session.busy and not self._begin_next(session):
            self._release(session)
        elif session.engine.room:
            self._fill_window(session)

    def lost(
        self, session: Session, left: list[Transaction], stage: int, *, timed_out: bool, in_content: bool
    ) -> None:
        if self._session is session:
            self._session = None
        elif not left:
            return
        self._learn(session)
        if left and session.uses > 0 and not session.engine.plain and left[0].untouched:
            self._desk.memory.ended_after(session.host, session.uses)
        in_doubt = doubtful(left) if self._generation.rules.at_most_once else []
        touched = []
        for transaction in left:
            request: Request = transaction.subject  # type: ignore[assignment]
            if self._spares(session, transaction, request, behind=transaction is not left[0]):
                self._spare(request)
            else:
                touched.append(transaction)
        for transaction in touched:  # last: a failure may close the destination, for those put back too
            request = transaction.subject  # type: ignore[assignment]
            if not timed_out and self._renews(session, transaction, request):
                self._renew(request)
            elif transaction in in_doubt:
                in_doubt_verdict = classify.in_doubt(session.name, timed_out=timed_out)
                self._settle(session, request, transaction, in_doubt_verdict)
            else:
                where = stages.of(transaction, stage, in_content=in_content)
                failure = classify.stream_failure(session.name, where, timed_out=timed_out)
                if self._protecting.may_go_clear(session, request):
                    self._go_clear(session, request, transaction, failure)
                else:
                    self._settle(session, request, transaction, failure)
        self._go_on()

    def _settle(
        self, session: Session, request: Request, transaction: Transaction, failure: Verdict | None = None
    ) -> None:
        """What the transaction decided is recorded; what it left undecided goes on to the next host."""
        final = transaction.taken or self._walk.used_up(request)
        kept = self._settling.settle(session, request, transaction, failure, final=final)
        if kept is not None:
            self._walk.note_failure(request, kept, session.host)
            self._put_back(request)

    def _spares(self, session: Session, transaction: Transaction, request: Request, *, behind: bool) -> bool:
        """The session ended before it touched this transaction: another one shall carry it, at no cost.

        `behind`: the end is to be blamed on another one.
        """
        used = behind or session.uses > 0 or session.engine.plain
        return used and transaction.untouched and request.spared < SPARED_LIMIT

    def _spare(self, request: Request) -> None:
        request.spared += 1
        request.start_over()
        self._put_back(request)

    @staticmethod
    def _renews(session: Session, transaction: Transaction, request: Request) -> bool:
        """A session that served before broke, and nothing of the message has left: its host gets a fresh
        one, once.
        """
        unsent = transaction.data is None and not transaction.in_doubt
        return session.uses > 0 and unsent and not request.renewed

    def _renew(self, request: Request) -> None:
        request.renewed = True
        self._connect_again(request)

    def _go_clear(
        self, session: Session, request: Request, transaction: Transaction, failure: Verdict
    ) -> None:
        """TLS that may fail did, at last: those without an answer go to the same host without it, once."""
        request.clear = session.host.address
        final = self._walk.used_up(request)
        if self._settling.settle(session, request, transaction, failure, final=final, again=True) is not None:
            self._desk.log.info(f"{request.queue_id}: {failure.text}")
            self._connect_again(request)

    def _connect_again(self, request: Request) -> None:
        """To the same host, and no session is counted twice."""
        request.fresh = True
        request.host_index -= 1
        request.addresses_tried -= 1
        request.sessions_tried -= 1
        self._put_back(request)

    def _put_back(self, request: Request) -> None:
        self._settling.withdraw(request)
        self._desk.put_back(request)

    def _release(self, session: Session) -> None:
        """Nothing more for it to do: kept for a while, or closed; the slot goes on without it."""
        self._learn(session)
        self._session = None
        session.driver = None
        desk = self._desk
        if not session.over:
            serves = desk.reusable(session, self.destination.transport) and desk.keeps(self.destination)
            if session.engine.suspect or session.engine.spent or self._outdated or not serves:
                session.close()
            else:
                sender, for_host = self._sender, session.stands_in
                desk.cache.checkin(
                    self.destination, session, session.identity, sender=sender, for_host=for_host
                )
                session.park(desk.cache.discard)
        self._go_on()

    def _learn(self, session: Session) -> None:
        """What later sessions with the peer start from, and what the postmaster is to know."""
        engine, transcript = session.engine, session.transcript
        if transcript is not None and PROTOCOL in transcript.told and engine.suspect:
            self._desk.complain(transcript)
        offers = " ".join(sorted(engine.offers))
        window = engine.window if engine.chunking else 0
        self._desk.memory.learn(session.host, offers, window, plain=engine.plain)

    @property
    def _outdated(self) -> bool:
        """A reload has changed what the session was opened with."""
        return self._generation.epoch != self._desk.generations[self.destination.transport].epoch

    def _go_on(self) -> None:
        """The slot is free: the next request, with a session of its own, or the end."""
        self._task = None
        rest, self._rest = self._rest, None
        if rest is not None:
            self._desk.put_back(rest)
        self._desk.ended(self)

    def abort(self) -> None:
        """Ends what is under way at once; nothing is decided by it, but at-most-once what is in doubt
        then.
        """
        if self._task is not None:
            self._task.cancel()
        session = self._session
        if session is not None:
            left = session.forsake()
            if self._generation.rules.at_most_once:
                self._settling.forsake(session, left)
