"""From the spool to the queue: keeps the destinations that are being served supplied, and holds no more than
that.

    feed.advance(now)            opens further destinations, hands in retries that are due
    feed.supply(destination)     a queue runs low: the next page of its recipients
    feed.drained(destination)    the spool has no more for it
    feed.undeliverable           what came to a destination that is none, for the caller to decide
    feed.change(rules)           a reload: other bounds; the way the list is cut stands
    feed.rest(destination)       its site is dead: it waits in the spool, if it is worth a place in memory

Large destinations come first: they take longest. No more are opened than are soon served, and each waits in
`expected` until its hosts are known. With a relay there is one destination, and it takes the whole list.
Where tables send mail several ways a Sorter reads ahead; what it has sorted for a destination that has enough
waits in the spool, as ranges of ids. Memory is bounded by `room` recipients, the number of open destinations
and RANGES_LIMIT ranges, whatever the length of the list.
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
from fastsmtp.worker.expected import Expected
from fastsmtp.worker.sorter import Sorted, Sorter

PAGE = 500  # recipients read at once for one destination
LOW_WATER = 100  # a queue with fewer gets its next page
DESTINATIONS_PAGE = 500  # destinations read at once
WORTH_RESTING = 500  # ids left that make a dead destination wait in the spool; fewer are deferred one by one
EVERYTHING = 2**62  # beyond any id
RANGES_LIMIT = 20_000  # ranges of ids that were sorted and wait; then nothing more is sorted
STEPS_LIMIT = 4  # pages sorted in one turn of the loop


Ahead = Callable[[str, Sequence[Recipient]], None]  # hears of a transport's recipients that will wait


class FeedRules(NamedTuple):
    """How the list is cut into destinations, and how much may wait in memory."""

    transport: str
    relay: str  # next-hop of every recipient; "": each recipient's own domain
    room: int  # qmgr_message_recipient_limit
    open_limit: int  # destinations that are served at once
    horizon: float | None  # Unix time: what is deferred beyond it is not for this run; None: all is
    transports: frozenset[str] = frozenset()  # those that are SMTP clients; others deliver nothing


class _Source:
    """How far one destination's recipients have been read: ranges of ids, each without its first."""

    __slots__ = ("ranges",)

    def __init__(self, after: int, last: int) -> None:
        self.ranges: deque[tuple[int, int]] = deque([(after, last)])

    @property
    def left(self) -> int:
        """Ids, at most."""
        return sum(last - after for after, last in self.ranges)

    def add(self, after: int, last: int) -> int:
        """Behind those that are there; by how many ranges it grew."""
        if self.ranges and self.ranges[-1][1] == after:
            self.ranges[-1] = self.ranges[-1][0], last
            return 0
        self.ranges.append((after, last))
        return 1


class Feed:
    """Reads the spool for one worker."""

    def __init__(
        self, spool: Spool, scheduler: Scheduler, rules: FeedRules, sorter: Sorter | None = None
    ) -> None:
        """`sorter`: tables send mail several ways."""
        self._spool = spool
        self._scheduler = scheduler
        self._rules = rules
        self._sorter = sorter
        self._ranges = 0  # that were sorted and wait
        self._nowhere: deque[Destination] = deque()  # of what was sorted, those that are no destination
        self.expected = Expected(self._arrive)
        self._changed: Callable[[], None] = _nobody  # hears when there is more in the queue
        self.undeliverable: list[tuple[Destination, list[Recipient]]] = []
        self.for_dead: set[Destination] = set()  # dead destinations that got more
        self._sources: dict[Destination, _Source] = {}
        self._resting: dict[Destination, _Source] = {}  # their sites are dead
        self._coming: deque[records.Destination] = deque()  # read, not opened
        self._rank = 0
        self._read_out = False  # every destination was read
        self.ahead: Ahead | None = None
        self.next_due = self._look_up_due()  # Unix time of the earliest retry of this run
        if sorter is not None:
            self._read_out = True
        elif rules.relay:
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
        if self._sorter is not None and not self._sorter.exhausted:
            return False
        return self._read_out and not (self._coming or self._sources or self._resting or self.expected)

    def drained(self, destination: Destination) -> bool:
        if self._sorter is not None and not self._sorter.exhausted:
            return False
        held = (self._sources, self._resting, self.expected)
        return not any(destination in place for place in held)

    def when_ready(self, ready: Callable[[], None], failed: Callable[[BaseException], None]) -> None:
        """`ready` is called when the answers of tables or of name servers let the feed go on, `failed` when
        they never will.
        """
        self._changed = ready
        if self._sorter is not None:
            self._sorter.ready, self._sorter.failed = ready, failed

    def close(self) -> None:
        if self._sorter is not None:
            self._sorter.close()

    def destination_of(self, recipient: Recipient) -> Destination:
        return Destination(self._rules.transport, self._rules.relay or recipient.domain)

    def advance(self, now: float) -> bool:
        """Hands in what there is room for. True: there is more to do at once, in the next turn."""
        if self.next_due is not None and self.next_due <= now:
            self._hand_in_retries(now)
        if self._sorter is not None:
            return self._sort(self._sorter)
        while self._may_open and (self._coming or self._read_destinations()):
            found = self._coming.popleft()
            destination = Destination(self._rules.transport, found.domain)
            self._open(destination, found.first_id - 1, found.last_id)
        return False

    @property
    def _has_room(self) -> bool:
        return self._scheduler.held + self.expected.recipients < self._rules.room

    @property
    def _may_open(self) -> bool:
        """A further destination would be served soon. Those whose hosts are not known yet do not count."""
        limit = self._rules.open_limit
        few = self._scheduler.ready < limit and len(self._sources) < limit
        return few and self._has_room and not self.expected.full

    def expect(self, retry_at: float) -> None:
        """A recipient was deferred until then."""
        if self._rules.horizon is None and (self.next_due is None or retry_at < self.next_due):
            self.next_due = retry_at

    def supply(self, destination: Destination) -> None:
        """The next page of a destination that has less than LOW_WATER waiting."""
        source = self._sources.get(destination)
        if source is None:
            return
        page = PAGE if self._has_room else LOW_WATER
        recipients = self._read(destination, source, page)
        if recipients:
            self._offer(destination, recipients)

    def _offer(self, destination: Destination, recipients: Sequence[Recipient]) -> None:
        if self.ahead is not None:
            self.ahead(destination.transport, recipients)
        if self._sorter is not None and self._scheduler.is_closed(destination):
            self.for_dead.add(destination)
        if destination in self._scheduler or not self.expected.hold(destination, recipients):
            self._scheduler.offer(destination, recipients)

    def _arrive(self, destination: Destination, recipients: list[Recipient]) -> None:
        """Its hosts are known."""
        self._scheduler.offer(destination, recipients)
        self._changed()

    def rest(self, destination: Destination) -> None:
        """Its site is dead: what is left of it waits in the spool until wake(). A small rest does not: see
        skip().
        """
        source = self._sources.get(destination)
        if source is not None and source.left >= WORTH_RESTING:
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
        recipients: list[Recipient] = []
        while source.ranges and len(recipients) < page:
            after, last = source.ranges[0]
            wanted = page - len(recipients)
            found = self._spool.window(after, last, wanted)
            recipients += found
            if len(found) < wanted or found[-1].id >= last:
                source.ranges.popleft()
                self._ranges -= 1
            else:
                source.ranges[0] = found[-1].id, last
        if not source.ranges:
            del self._sources[destination]
        return recipients

    # Sorted

    def _sort(self, sorter: Sorter) -> bool:
        """Some pages; whether there are more that find room."""
        self._give_up()
        for _ in range(STEPS_LIMIT):
            if not self._has_room or self._ranges >= RANGES_LIMIT:
                break
            step = sorter.step()
            if step is None:
                return bool(self._nowhere)
            self._take(step)
        else:
            return True
        return bool(self._nowhere)

    def _take(self, step: Sorted) -> None:
        """Hands a sorted page in; what its destination has no need of yet stays in the spool."""
        if step.whole is not None:
            destination, first, last = step.whole
            self._append(destination, first - 1, last)
            return
        for destination, recipients in step.recipients.items():
            if destination.transport not in self._rules.transports:
                self.undeliverable.append((destination, recipients))
            elif step.untried and self._scheduler.waiting(destination) >= PAGE:
                for first, last in runs(recipients):
                    self._append(destination, first - 1, last)
            else:
                self._offer(destination, recipients)

    def _append(self, destination: Destination, after: int, last: int) -> None:
        """A range for a destination, which is supplied if it has little."""
        source = self._resting.get(destination) or self._sources.get(destination)
        if source is None:
            self._sources[destination] = source = _Source(after, last)
            self._ranges += 1
        else:
            self._ranges += source.add(after, last)
        if destination.transport not in self._rules.transports:
            self._nowhere.append(destination)
        elif destination in self._sources and self._scheduler.waiting(destination) < LOW_WATER:
            self.supply(destination)

    def _give_up(self) -> None:
        """Some pages of what no transport takes."""
        while self._nowhere and len(self.undeliverable) < STEPS_LIMIT:
            destination = self._nowhere[0]
            source = self._sources.get(destination)
            if source is None:
                self._nowhere.popleft()
            elif page := self._read(destination, source, PAGE):
                self.undeliverable.append((destination, page))

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
        room = self._rules.room - self._scheduler.held - self.expected.recipients
        if room <= 0:
            return
        if self._sorter is not None and self._sorter.has_retries:
            return
        by_destination: dict[Destination, list[Recipient]] = {}
        horizon = now if self._rules.horizon is None else min(now, self._rules.horizon)
        due = self._spool.due(horizon, min(room, PAGE))
        if self._sorter is not None:
            if due:
                self._sorter.add(due)
            self.next_due = self._look_up_due()
            return
        for recipient in due:
            by_destination.setdefault(self.destination_of(recipient), []).append(recipient)
        for destination, recipients in by_destination.items():
            self._offer(destination, recipients)
        self.next_due = self._look_up_due()

    def _look_up_due(self) -> float | None:
        due = self._spool.next_due()
        return None if due is None or due > (self._rules.horizon or due) else due


def runs(recipients: list[Recipient]) -> list[tuple[int, int]]:
    """Their ids, ascending, as ranges without a gap: first and last of each."""
    found: list[tuple[int, int]] = []
    for recipient in recipients:
        if found and found[-1][1] + 1 == recipient.id:
            found[-1] = found[-1][0], recipient.id
        else:
            found.append((recipient.id, recipient.id))
    return found


def _nobody() -> None:
    """Nobody waits for more."""
