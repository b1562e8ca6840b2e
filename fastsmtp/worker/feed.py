"""From the spool to the queue: keeps the destinations that are being served supplied, and holds no more than
that.

    feed.advance(now)            opens further destinations, hands in retries that are due
    feed.supply(destination)     a queue runs low: the next page of its recipients
    feed.drained(destination)    the spool has no more for it
    feed.change(rules)           a reload: other bounds; the way the list is cut stands
    feed.rest(destination)       its site is dead: it waits in the spool, if it is worth a place in memory

Large destinations come first: they take longest. With a relay there is one destination, and it takes the
whole list. Memory is bounded by `room` recipients and the number of open destinations, whatever the length of
the list.
Source: Postfix qmgr_message_recipient_limit, default_recipient_refill_limit; spec: queue, 3.5.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

from fastsmtp.mail.destination import Destination
from fastsmtp.mail.recipient import Recipient
from fastsmtp.queue.scheduler import Scheduler
from fastsmtp.spool import records
from fastsmtp.spool.records import Spool

PAGE = 500  # recipients read at once for one destination
LOW_WATER = 100  # a queue with fewer gets its next page
DESTINATIONS_PAGE = 500  # destinations read at once
WORTH_RESTING = 500  # ids left that make a dead destination wait in the spool; fewer are deferred one by one
EVERYTHING = 2**62  # beyond any id


Ahead = Callable[[Sequence[Recipient]], None]  # hears of recipients that will wait


class FeedRules(NamedTuple):
    """How the list is cut into destinations, and how much may wait in memory."""

    transport: str
    relay: str  # next-hop of every recipient; "": each recipient's own domain
    room: int  # qmgr_message_recipient_limit
    open_limit: int  # destinations that are served at once
    horizon: float | None  # Unix time: what is deferred beyond it is not for this run; None: all is


class _Source:
    """How far one destination's recipients have been read."""

    __slots__ = ("after", "last")

    def __init__(self, after: int, last: int) -> None:
        self.after = after
        self.last = last


class Feed:
    """Reads the spool for one worker."""

    def __init__(self, spool: Spool, scheduler: Scheduler, rules: FeedRules) -> None:
        self._spool = spool
        self._scheduler = scheduler
        self._rules = rules
        self._sources: dict[Destination, _Source] = {}
        self._resting: dict[Destination, _Source] = {}  # their sites are dead
        self._coming: deque[records.Destination] = deque()  # read, not opened
        self._rank = 0
        self._read_out = False  # every destination was read
        self.ahead: Ahead | None = None
        self.next_due = self._look_up_due()  # Unix time of the earliest retry of this run
        if rules.relay:
            self._read_out = True
            self._open(Destination(rules.transport, rules.relay), 0, EVERYTHING)

    def change(self, rules: FeedRules) -> None:
        """Other bounds, from now on. Which destinations the list has was settled when the run began."""
        self._rules = rules._replace(
            transport=self._rules.transport, relay=self._rules.relay, horizon=self._rules.horizon
        )

    @property
    def exhausted(self) -> bool:
        """Every recipient that was never tried has been handed in."""
        return self._read_out and not (self._coming or self._sources or self._resting)

    def drained(self, destination: Destination) -> bool:
        return destination not in self._sources and destination not in self._resting

    def destination_of(self, recipient: Recipient) -> Destination:
        return Destination(self._rules.transport, self._rules.relay or recipient.domain)

    def advance(self, now: float) -> None:
        """Hands in what there is room for."""
        if self.next_due is not None and self.next_due <= now:
            self._hand_in_retries(now)
        while self._scheduler.held < self._rules.room and len(self._sources) < self._rules.open_limit:
            if not self._coming and not self._read_destinations():
                return
            if self._coming:
                found = self._coming.popleft()
                destination = Destination(self._rules.transport, found.domain)
                self._open(destination, found.first_id - 1, found.last_id)

    def expect(self, retry_at: float) -> None:
        """A recipient was deferred until then."""
        if self._rules.horizon is None and (self.next_due is None or retry_at < self.next_due):
            self.next_due = retry_at

    def supply(self, destination: Destination) -> None:
        """The next page of a destination that has less than LOW_WATER waiting."""
        source = self._sources.get(destination)
        if source is None:
            return
        page = PAGE if self._scheduler.held < self._rules.room else LOW_WATER
        recipients = self._read(destination, source, page)
        if recipients:
            self._offer(destination, recipients)

    def _offer(self, destination: Destination, recipients: Sequence[Recipient]) -> None:
        if self.ahead is not None:
            self.ahead(recipients)
        self._scheduler.offer(destination, recipients)

    def rest(self, destination: Destination) -> None:
        """Its site is dead: what is left of it waits in the spool until wake(). A small rest does not: see
        skip().
        """
        source = self._sources.get(destination)
        if source is not None and source.last - source.after >= WORTH_RESTING:
            self._resting[destination] = self._sources.pop(destination)

    def wake(self) -> None:
        """Destinations that rested and whose sites may live again are supplied."""
        for destination in [d for d in self._resting if not self._scheduler.is_closed(d)]:
            self._sources[destination] = self._resting.pop(destination)
            self.supply(destination)

    def skip(self, destination: Destination) -> list[Recipient]:
        """The next page of a destination that nobody will try now; [] at its end, and while it rests."""
        source = self._sources.get(destination)
        return self._read(destination, source, PAGE) if source is not None else []

    def _open(self, destination: Destination, after: int, last: int) -> None:
        self._sources[destination] = _Source(after, last)
        self.supply(destination)

    def _read(self, destination: Destination, source: _Source, page: int) -> list[Recipient]:
        recipients = self._spool.window(source.after, source.last, page)
        if recipients:
            source.after = recipients[-1].id
        if len(recipients) < page:
            del self._sources[destination]
        return recipients

    def _read_destinations(self) -> bool:
        if self._read_out:
            return False
        page = self._spool.destinations(self._rank, DESTINATIONS_PAGE)
        if page:
            self._rank = page[-1].rank
            self._coming.extend(page)
        self._read_out = not page
        return bool(page)

    def _hand_in_retries(self, now: float) -> None:
        room = self._rules.room - self._scheduler.held
        if room <= 0:
            return
        by_destination: dict[Destination, list[Recipient]] = {}
        horizon = now if self._rules.horizon is None else min(now, self._rules.horizon)
        for recipient in self._spool.due(horizon, min(room, PAGE)):
            by_destination.setdefault(self.destination_of(recipient), []).append(recipient)
        for destination, recipients in by_destination.items():
            self._offer(destination, recipients)
        self.next_due = self._look_up_due()

    def _look_up_due(self) -> float | None:
        due = self._spool.next_due()
        return None if due is None or due > (self._rules.horizon or due) else due
