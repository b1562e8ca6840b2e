"""One worker: the turn of the loop, and the desk that its carriers come to.

    worker = Worker(...); await worker.run()     until nothing is left to do, or stop() was heeded
    worker.stop()                                starts nothing more; what is on its way is finished
    worker.abort()                               ends everything at once
    worker.change(rules, contents)               other settings, for deliveries that start from now on

A turn writes down what was decided, hands in what there is room for, and starts deliveries as far as windows
allow. Turns are asked for by what changes the books (an outcome, a free slot, a timer), many changes in one
turn.
Source: design page, sections 3 and 4; Postfix qmgr(8).
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence

from fastsmtp.delivery.carrier import Carrier
from fastsmtp.delivery.content import Content
from fastsmtp.delivery.desk import Result, Slot
from fastsmtp.errors import Pending, SpoolError
from fastsmtp.mail.destination import Destination
from fastsmtp.mail.request import Request
from fastsmtp.outcome.outcome import Outcome
from fastsmtp.queue.scheduler import Scheduler
from fastsmtp.report.log import Log
from fastsmtp.session.cache import SessionCache
from fastsmtp.session.connection import Session
from fastsmtp.session.memory import HostMemory, Store
from fastsmtp.session.transcript import Transcript
from fastsmtp.worker.asking import Asking
from fastsmtp.worker.feed import LOW_WATER, Feed
from fastsmtp.worker.generations import Generations
from fastsmtp.worker.rules import Rules
from fastsmtp.worker.settle import NEVER, Settler
from fastsmtp.worker.statistics import Statistics
from fastsmtp.worker.unsent import Unsent

COMPLAINTS_LIMIT = 20  # notices of one run: a broken peer must not become a flood
SHORTEST_PAUSE = 0.01  # seconds: what is due but finds no room must not spin


class Worker:
    """Carries one spool's recipients to their outcomes."""

    def __init__(
        self,
        rules: Rules,
        *,
        scheduler: Scheduler,
        feed: Feed,
        settler: Settler,
        contents: Mapping[str, Content],
        hosts: Store,
        log: Log,
        arrived_at: float,
        once: bool,
        shared_message: bool,
    ) -> None:
        """`contents` by transport."""
        self._rules = rules
        self.cache: SessionCache[Session] = SessionCache()
        self.memory = HostMemory(hosts, rules.memory_lifetime, time.time)
        self.log = log
        self._generations = Generations(rules.clients, contents, log)
        self.generations = self._generations.now
        self.arrived_at = arrived_at
        self.clock = time.time
        self.complaints: dict[Transcript, None] = {}  # of which the postmaster is told at the end
        self._scheduler = scheduler
        self._feed = feed
        feed.expected.look_up = self._generations.expect
        feed.when_ready(self._ask_turn, self.failed)
        self._settler = settler
        self._once = once
        self._unsent = Unsent(
            scheduler,
            feed,
            settler,
            arrived_at=arrived_at,
            once=once,
            decided=self._ask_turn,
            failed=self.failed,
        )
        self._shared_message = shared_message
        self.asking = Asking(rules.answers, contents, self.put_back)
        feed.ahead = self.asking.look_ahead
        self._carriers: set[Slot] = set()
        self._statistics = Statistics(self.cache, log, self.clock)
        self._loop = asyncio.get_running_loop()
        self._over: asyncio.Future[None] = self._loop.create_future()
        self._turn_asked = False
        self._held: list[Session] = []  # have something to say, once this turn is on record
        self._stopping = False
        self._paused = False
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = NEVER  # Unix time

    @property
    def busy(self) -> int:
        """Deliveries that run."""
        return self._scheduler.busy

    # Running

    async def run(self) -> None:
        """Until all is decided; with `once`, until all was tried once; after stop(), until nothing is on its
        way.
        """
        self._ask_turn()
        self._statistics.begin(self._loop)
        try:
            await self._over
            self._settler.flush()
        finally:
            await self._let_go()

    def pause(self, paused: bool) -> None:
        """While `paused`, what is on its way is finished and nothing is started."""
        if self._paused is not paused:
            self._paused = paused
            self._ask_turn()

    def stop(self) -> None:
        """What is on its way is finished, nothing is started."""
        self._stopping = True
        self._unsent.stop()
        self._ask_turn()

    def abort(self) -> None:
        """Everything ends now; what is undecided stays in the spool."""
        self._stopping = True
        self._unsent.stop()
        self._settler.forget_ahead()
        for carrier in self._carriers:
            carrier.abort()
        self._finish(None)

    def change(self, rules: Rules, contents: Mapping[str, Content]) -> None:
        """Deliveries that start from now on go by `rules`; those under way end as they began.

        Idle sessions are closed where they would now be opened in another way, or to other hosts.
        """
        if self._generations.change(rules.clients, contents):
            for session in self.cache.drain():
                session.close()
        self._rules = rules
        self.generations = self._generations.now
        self._scheduler.change(rules.scheduler, rules.transports)
        self._feed.change(rules.feed)
        self.memory.lifetime = rules.memory_lifetime
        self._settler.backoff = rules.backoff
        self.asking.change(rules.answers, contents)
        self._ask_turn()

    def _finish(self, error: BaseException | None) -> None:
        if self._over.done():
            return
        if error is None:
            self._over.set_result(None)
        else:
            self._over.set_exception(error)

    async def _let_go(self) -> None:
        """Idle sessions say QUIT; a last turn of the loop carries it out."""
        if self._timer is not None:
            self._timer.cancel()
        for carrier in self._carriers:
            carrier.abort()
        self._statistics.end()
        for session in self.cache.drain():
            session.close()
        self._feed.close()
        self._generations.close()
        await self.asking.close()
        await asyncio.sleep(0)
        self.memory.save()

    # The turn

    def _ask_turn(self) -> None:
        if not self._turn_asked:
            self._turn_asked = True
            self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        self._turn_asked = False
        if self._over.done():
            return
        try:
            self._feed.expect(self._settler.flush())
            if self._held:
                self._release()
            if not (self._stopping or self._paused):
                self._start_deliveries()
        except SpoolError as error:
            self.failed(error)
            return
        if self._scheduler.busy == 0 and not self._turn_asked and self._all_done():
            self._finish(None)
        else:
            self._set_timer()

    def _release(self) -> None:
        """The answers are on record: what waited for that goes out."""
        held, self._held = self._held, []
        for session in held:
            session.release()

    def _start_deliveries(self) -> None:
        now = self.clock()
        if self._scheduler.wake(now):
            self._feed.wake()
        if self._feed.advance(now):
            self._ask_turn()
        if self._feed.undeliverable or self._feed.for_dead:
            self._unsent.decide(soft_bounce=self._rules.soft_bounce)
        while not self.asking.full and (request := self._scheduler.next(now)) is not None:
            if self._scheduler.left < LOW_WATER:  # a window wider than a page
                self._feed.supply(request.destination)
            carrier = Carrier(self, request.destination)
            self._carriers.add(carrier)
            carrier.start(request)

    def _all_done(self) -> bool:
        """Nothing runs, and nothing can start: asked at the end of a turn without deliveries."""
        if self._stopping:
            return True
        waits = self._scheduler.held or not self._feed.exhausted or self.asking
        return not waits and (self._once or self._feed.next_due in (None, NEVER))

    def _set_timer(self) -> None:
        """A turn when the next retry is due or the next dead destination reopens."""
        moments = [
            moment for moment in (self._feed.next_due, self._scheduler.next_wake) if moment is not None
        ]
        at = min(moments, default=NEVER)
        if at in (NEVER, self._timer_at):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = at
        self._timer = self._loop.call_later(max(at - self.clock(), SHORTEST_PAUSE), self._timer_rang)

    def _timer_rang(self) -> None:
        self._timer = None
        self._timer_at = NEVER
        self._ask_turn()

    def add_relay(self, nexthop: str) -> None:
        """A table names it in place of relayhost."""
        self._generations.add_relay(nexthop)

    # The desk

    async def settle(self, question: Callable[[], Result]) -> Result:
        try:
            return question()
        except Pending:
            return await self.asking.answers.settle(question)

    def complain(self, session_transcript: Transcript) -> None:
        if len(self.complaints) < COMPLAINTS_LIMIT:
            self.complaints[session_transcript] = None

    def reusable(self, session: Session, transport: str) -> bool:
        if 0 < session.messages_limit <= session.begun:
            return False
        rules = self.generations[transport].sessions
        return rules.reusable(session.opened_at, session.begun, self._loop.time())

    def keeps(self, destination: Destination) -> bool:
        if self._stopping or self.finishing(destination):
            return False
        return self.generations[destination.transport].sessions.keeps_idle or self._is_permanent(destination)

    def finishing(self, destination: Destination) -> bool:
        if self._stopping:
            return True
        return (
            self._scheduler.waiting(destination) == 0
            and self._feed.drained(destination)
            and destination not in self.asking
            and not self._is_permanent(destination)
        )

    def _is_permanent(self, destination: Destination) -> bool:
        """Its sessions are kept although nothing waits for them: smtp_connection_cache_destinations."""
        permanent = self._rules.clients[destination.transport].permanent
        if permanent is None:
            return False
        try:
            return permanent(destination.nexthop)
        except Pending:
            self.asking.ask_ahead(permanent, destination.nexthop)
            return False

    def follow(self, destination: Destination) -> Request | None:
        if self._stopping or self._paused or self.asking.full:
            return None
        scheduler = self._scheduler
        request = scheduler.follow(destination, self.clock())
        if (request is None or scheduler.left < LOW_WATER) and not self._feed.drained(destination):
            try:
                self._feed.supply(destination)
            except SpoolError as error:
                self.failed(error)
                return request
            if request is None:
                request = scheduler.follow(destination, self.clock())
        return request

    def failed(self, error: BaseException) -> None:
        self._stopping = True
        self._unsent.stop()
        self._finish(error)

    def started(self, request: Request, size: int) -> None:
        if not self._shared_message:  # that one has a line for the whole job
            self.log.active(request.queue_id, request.sender, size, 1)

    def put_back(self, request: Request) -> None:
        self._scheduler.put_back(request)
        self._ask_turn()

    def postpone(self, request: Request) -> None:
        self.asking.postpone(request)

    def join(self, destination: Destination, hosts: object) -> bool:
        return self._scheduler.join(destination, hosts)

    def pass_on(self, request: Request, destination: Destination) -> None:
        for recipient in request.recipients:
            self.log.info(
                f"{request.queue_id}: passing <{recipient.address}> to transport={destination.transport}"
            )
        if destination.transport in self._rules.transports:
            request.destination = destination
            request.start_over()
            self.put_back(request)
        else:
            self.done(request, good=True)
            self._feed.undeliverable.append((destination, request.recipients))
            self._ask_turn()

    def record(self, outcomes: Sequence[Outcome], session: Session | None) -> None:
        self._settler.record(outcomes)
        self._hold(session)

    def write_ahead(self, outcomes: Sequence[Outcome], session: Session | None) -> None:
        self._settler.write_ahead(outcomes)
        self._hold(session)

    def _hold(self, session: Session | None) -> None:
        """Until the end of the turn, which is on record then."""
        if session is not None and not session.held:
            session.held = True
            self._held.append(session)
        self._ask_turn()

    def done(self, request: Request, *, good: bool, dsn: str = "", text: str = "") -> None:
        destination = request.destination
        if self._scheduler.done(destination, self.clock(), good=good, dsn=dsn, text=text):
            self._feed.wake()
        elif not good and self._scheduler.is_closed(destination):
            self._unsent.suspend(destination)

    def ended(self, slot: Slot) -> None:
        self._carriers.discard(slot)
        self._scheduler.leave(slot.destination)
        self._ask_turn()
