"""A session: one TCP connection joined to one protocol engine.

    session.begin(t)       a transaction; its end comes to the driver
    session.park(over)     idle from now on; `over` is called when the idle limit ends it or the peer does
    session.close()        QUIT after what was begun, without waiting for its reply unless the settings say so

While it is opened its Steps hear what comes; then the driver (fastsmtp.delivery), of each event once: in a
call it may begin further transactions, which then leave in the same group. A session has one timer, moved
lazily: a busy session touches it once in a deadline's length, not once in a message.

Does not know what a reply means for a recipient, nor whose turn it is.
Source: spec: session, 1, 13, 15; Postfix smtp_chat(3), smtp_skip_quit_response.
"""

import asyncio
from collections.abc import Callable

from fastsmtp.errors import SessionError
from fastsmtp.mail.destination import Host
from fastsmtp.session.cache import Identity
from fastsmtp.session.deadlines import Deadlines
from fastsmtp.session.listeners import Driver, Opening
from fastsmtp.session.outqueue import unacknowledged
from fastsmtp.session.transcript import Transcript
from fastsmtp.session.tunnel import Tunnel
from fastsmtp.wire import engine
from fastsmtp.wire.engine import SessionEngine
from fastsmtp.wire.reply import Reply
from fastsmtp.wire.transaction import Transaction

NEVER = float("inf")
DOT = b".\r\n"


class Session:
    """One connection to one host, from greeting to QUIT, and the asyncio.Protocol of its transport. Ten
    thousand of them may be open: no dict, no future that outlives the opening.
    """

    def __init__(
        self,
        host: Host,
        session_engine: SessionEngine,
        deadlines: Deadlines,
        loop: asyncio.AbstractEventLoop,
        *,
        waits_for_farewell: bool,
    ) -> None:
        self.stand_at([host], 1, stands_in=False)
        self.engine = session_engine
        self.driver: Driver[Session] | None = None
        self.tunnel: Tunnel | None = None  # TLS, where it is in force
        self.broken: SessionError | None = None  # why it is not any more
        self.tls = ""  # for the log and the results: the level, and what became of it
        self.identity = Identity("")  # whom it may serve
        self.opened_at = loop.time()
        self.begun = 0  # transactions,
        self.uses = 0  # and those of them that were answered
        self.messages_limit = 0  # messages that the peer bears; 0: no limit is known
        self.domains: frozenset[str] = frozenset()  # of recipients, where the peer limits them
        self.over = False  # nothing more can be begun
        self.held = False  # nothing goes out until release()
        self.timed_out = False
        self.transcript: Transcript | None = None
        self.dot_delay = 0.0  # seconds between a message's text and its final dot
        self.opening: Opening | None = None  # until that is done
        self.deadlines = deadlines
        self._loop = loop
        self._waits_for_farewell = waits_for_farewell
        self.transport: asyncio.Transport | None = None
        self._writing = False  # the transport holds content that the peer did not take yet
        self._backlog = 0  # how much, when it was last looked at
        self._dotless: bytes | None = None  # content that leaves next, and whose final dot is to be late;
        self._late: bytes | None = None  # the dot and what follows, while they wait
        self._watched = False  # content so large that the system may hold part of it was written
        self._parked: Callable[[Session], None] | None = None
        self._owed = 0  # commands without a reply, when the deadline was set
        self._content_until = 0.0  # per request: when content being written must be out; 0: there is none
        self._deadline_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = NEVER
        self._in_pump = False
        self._unheard = 0  # events of this read that the driver was not told of yet

    @property
    def busy(self) -> bool:
        """Something that was begun is not decided, or not told yet: the refusal of the next one may have come
        along with the answer that is being told.
        """
        return self._unheard > 0 or self.engine.busy

    @property
    def in_content(self) -> bool:
        """Content that was handed to the transport has not all left."""
        return self._writing or self._late is not None

    # What the opening asks

    async def ask(self, line: bytes, command: int, shown: bytes | None = None) -> Reply:
        """See Steps: only while the session is being opened."""
        assert self.opening is not None
        return await self.opening.ask(line, command, shown)

    def go_on(self) -> None:
        """Something is to be said, or waited for in another way."""
        self._flush()
        self._arm()

    # What the driver asks

    def begin(self, transaction: Transaction) -> None:
        """Starts, or puts behind the one under way, a transaction."""
        self.engine.begin(transaction)
        self.begun += 1
        if not self._in_pump:
            self._flush()

    def park(self, over: Callable[["Session"], None]) -> None:
        """Idle from now on; `over` hears of its end."""
        self._parked = over
        self._arm()

    def stand_at(self, hosts: list[Host], sites: int, *, stands_in: bool) -> None:
        """It serves a request of a next-hop with so many sites, whose host it is: hosts[0]. Its refusals are
        tried at those behind it. `stands_in` for a better one that refused one message: it serves no other.
        """
        self.sites = sites
        self.host = host = hosts[0]
        self.hosts = hosts
        self.name = host.label
        self.relay = host.relay
        self.stands_in = stands_in

    def wake(self) -> None:
        """No longer idle: probes the peer with RSET ahead of the first transaction."""
        self._parked = None
        self.engine.probe()

    def close(self) -> None:
        """QUIT, then the end; what was begun is still carried through."""
        if self.over:
            return
        self.over = True
        self._parked = None
        self.engine.quit()
        if not self._in_pump:
            self._flush()

    def release(self) -> None:
        """What an answer set off may go out: the answer is on record. `held` is set by whoever records it."""
        self.held = False
        self._flush()

    def abort(self) -> None:
        """The end, at once, without QUIT."""
        self.over = True
        if self.transport is not None:
            self.transport.abort()

    def forsake(self) -> list[Transaction]:
        """The same, and the driver hears nothing of it: gives what has no answer."""
        self.driver = None
        if self.in_content:
            self._note_unsent()
        left = self.engine.forsake()
        self.abort()
        return left

    # What the transport tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]  # uvloop's transport is no subclass
        # pause_writing() then says that something is not with the system yet
        transport.set_write_buffer_limits(high=0)  # type: ignore[attr-defined]
        self._arm()

    def data_received(self, data: bytes) -> None:
        if self.tunnel is not None:
            data = self.tunnel.open(data)
        if self._writing or self._watched or self._late is not None:
            self._note_unsent()
        self.engine.receive(data)
        self._pump()

    def eof_received(self) -> None:
        """The transport closes itself."""

    def pause_writing(self) -> None:
        self._writing = True
        self._note_backlog()
        self.engine.note_unsent(self._backlog if self.tunnel is None else self.tunnel.unsent(self._backlog))
        if self.deadlines.per_request and not self._content_until:
            self._content_until = self._loop.time() + self.deadlines.content
        self._arm()

    def resume_writing(self) -> None:
        self._writing = False
        self.engine.note_unsent(0)
        self._extend(self._backlog)
        if not self._in_pump:
            self._flush()
        if not self._writing:
            self._content_until = 0.0
        self._arm()

    def _note_unsent(self) -> None:
        """What a reply cannot be about: bytes with us, and those with the system that the peer's did not
        acknowledge. The end of data is always acknowledged before it is answered.
        """
        assert self.transport is not None
        unsent = unacknowledged(self.transport)
        self._watched = unsent > 0
        if self.tunnel is not None:
            unsent = self.tunnel.unsent(unsent)
        self.engine.note_unsent(unsent + len(self._late or b""))

    def end(self, error: SessionError | None) -> None:
        """TLS is over. What was heard in it counts; the last that goes out is what TLS says of it."""
        self.over = True
        self.broken = error
        if error is None:
            self._loop.call_soon(self.abort)
        elif self.transport is not None:
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._late is not None:
            self.engine.note_unsent(len(self._late))
        stage = self.engine.stage
        left = self.engine.forsake(self.timed_out)
        self.over = True
        if self.transcript is not None:
            self.transcript.ended("timed out" if self.timed_out else "connection ended")
        if self.opening is not None:
            self.opening.lost(self.broken, stage, timed_out=self.timed_out)
            return
        parked, self._parked = self._parked, None
        if parked is not None:
            parked(self)
        driver, self.driver = self.driver, None
        if driver is not None:
            driver.lost(self, left, stage, timed_out=self.timed_out, in_content=self.in_content)

    # The pump: events to the driver, bytes to the transport

    def _pump(self) -> None:
        self._in_pump = True
        try:
            events = self.engine.events()
            self._unheard = len(events)
            for kind, subject in events:
                self._unheard -= 1
                if kind == engine.ANSWERED:
                    self.uses += 1
                    if self.driver is not None:
                        self.driver.answered(self, subject)  # type: ignore[arg-type]
                elif kind == engine.CONTENT_DUE:
                    if self.dot_delay:
                        self._dotless = subject.content  # type: ignore[attr-defined]
                    if self.driver is not None:
                        self.driver.content_due(self, subject)  # type: ignore[arg-type]
                else:
                    self._handle_event(kind, subject)
        finally:
            self._in_pump = False
        if not self.held:
            self._flush()

    def _handle_event(self, kind: int, subject: object) -> None:
        if self.opening is not None and kind in _OF_OPENING:
            self.opening.heard(kind, subject)
        elif kind == engine.WARNED:
            if self.driver is not None:
                self.driver.warned(self, subject)  # type: ignore[arg-type]
        elif kind == engine.UNUSABLE:
            self.abort()
        elif kind == engine.CLOSED and self.transport is not None:
            self._hang_up(self.transport)

    def _flush(self) -> None:
        """Writes what may be said, as far as the system takes it: the rest waits for resume_writing()."""
        transport = self.transport
        if self.held or self._writing or self._late is not None:
            return
        if transport is None or transport.is_closing():
            return
        wrote = False
        while pieces := self.engine.take():
            wrote = True
            if self._dotless is not None:
                self._send_dotless(transport, pieces)
                return
            if self.tunnel is not None:
                pieces = self.tunnel.seal(pieces)
                if transport.is_closing():
                    return
            if len(pieces) == 1:
                transport.write(pieces[0])
            else:
                transport.writelines(pieces)
                self._watched = True
            if self.in_content:
                return
        quits = self.over and not self._waits_for_farewell  # all that matters is answered, and QUIT is out
        if quits and self.engine.stage in _TAIL and not self.engine.busy:
            self._hang_up(transport)
        elif wrote or not self.deadlines.per_request or self._owed != self.engine.owed:
            self._arm()

    def _send_dotless(self, transport: asyncio.Transport, pieces: list[bytes]) -> None:
        """All but the final dot, which follows in a segment of its own."""
        assert self._dotless is not None
        text = len(self._dotless) - len(DOT)
        self._dotless = None
        all_of_it = b"".join(pieces)
        self._late = all_of_it[text:]
        self._deadline_at = NEVER
        self._write(transport, all_of_it[:text])
        self._loop.call_later(self.dot_delay, self._send_late, transport)

    def _send_late(self, transport: asyncio.Transport) -> None:
        late, self._late = self._late, None
        if late is not None and not transport.is_closing():
            self._write(transport, late)
            self._flush()

    def _write(self, transport: asyncio.Transport, piece: bytes) -> None:
        transport.writelines([piece] if self.tunnel is None else self.tunnel.seal([piece]))

    def _hang_up(self, transport: asyncio.Transport) -> None:
        if self.tunnel is not None:
            self.tunnel.farewell()
        transport.close()

    # The timer

    def _arm(self) -> None:
        stage = self.engine.stage
        self._owed = self.engine.owed
        if self._writing:
            limit = self.deadlines.content
            if self._content_until:
                limit = self._content_until - self._loop.time()
        elif stage != engine.IDLE or self._parked is not None:
            limit = self.deadlines.stages[stage]
        else:
            self._deadline_at = NEVER
            return
        self._deadline_at = at = self._loop.time() + limit
        if at < self._timer_at:
            self._set_timer(at)

    def _set_timer(self, at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(at, self._check_deadline)
        self._timer_at = at

    def _note_backlog(self) -> int:
        """How much of the content the peer took since the last look."""
        before = self._backlog
        self._backlog = self.transport.get_write_buffer_size() if self.transport is not None else 0
        return max(before - self._backlog, 0)

    def _extend(self, taken: int) -> None:
        """Per request: so many bytes went out."""
        if self._content_until:
            latest = self._loop.time() + self.deadlines.content
            self._content_until = min(self._content_until + taken / self.deadlines.data_rate, latest)

    def _check_deadline(self) -> None:
        self._timer = None
        self._timer_at = NEVER
        if self._deadline_at == NEVER:
            return
        if self._writing and (taken := self._note_backlog()):
            self._extend(taken)
            self._arm()
        elif self._loop.time() < self._deadline_at - 0.001:
            self._set_timer(self._deadline_at)
        elif self._parked is not None:
            parked = self._parked
            self.close()
            parked(self)
        else:
            self.timed_out = True
            self.abort()


_OF_OPENING = frozenset({engine.READY, engine.REFUSED, engine.REPLIED})
_TAIL = frozenset({engine.QUIT, engine.RSET, engine.LONE_END, engine.IDLE})
