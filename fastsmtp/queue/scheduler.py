"""Whose turn it is: transports take turns, and a transport's destinations; each destination within its
window, each transport within its session limit.

    offer(destination, recipients)      recipients wait; returned at once if the site is dead
    next(now)                           a request to start a delivery with, or None
    follow(destination, now)            the next one for a delivery that has a session open, or None
    join(destination, hosts)            those with the same hosts share a limit; False: no place
    put_back(request)                   it waits again, before those that never started
    done(request, good, ...)            a request is decided
    leave(destination)                  a delivery that next() started is over
    change(rules)                       other limits, for whatever starts from now on
    wake(now)                           reopens what was closed long enough

Holds no more than it was offered; forgets a destination, and all learned of it, when nothing waits and
nothing runs.
Source: Postfix qmgr_transport(3), qmgr_queue(3), SCHEDULER_README; spec: queue, 4 and 5.
"""

import heapq
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from fastsmtp.mail.destination import Destination
from fastsmtp.mail.recipient import Recipient
from fastsmtp.mail.request import Request
from fastsmtp.queue.destination_queue import Crowd, DestinationQueue, Lane, SchedulerRules

CLOSED_LIMIT = 10_000  # dead destinations that are remembered; beyond, the longest dead get another chance


class Scheduler:
    """Destination queues in turn."""

    def __init__(
        self,
        rules: SchedulerRules,
        queue_id: Callable[[Recipient], str],
        others: Mapping[str, SchedulerRules] = MappingProxyType({}),
    ) -> None:
        """`others`: rules of transports that have their own; `rules` are those of the rest."""
        self._rules = rules
        self._others = others
        self.queue_id = queue_id
        self._queues: dict[Destination, DestinationQueue] = {}
        self._crowds: dict[tuple[str, object], Crowd] = {}  # by transport and hosts
        self._lanes: dict[str, Lane] = {}  # by transport, whose turn it is next first
        self._closed: list[tuple[float, int, DestinationQueue]] = []
        self.busy = 0
        self.held = 0  # recipients that wait
        self.left = 0  # of them, for the destination whose request was taken last

    def __repr__(self) -> str:
        return f"<Scheduler {len(self._queues)} destinations, {self.held} waiting, {self.busy} busy>"

    def change(
        self, rules: SchedulerRules, others: Mapping[str, SchedulerRules] = MappingProxyType({})
    ) -> None:
        """Other limits. What runs beyond them ends by itself; nothing starts in its place."""
        self._rules = rules
        self._others = others
        for transport, lane in self._lanes.items():
            lane.rules = others.get(transport, rules)
        for queue in list(self._queues.values()):
            queue.window.change(queue.lane.rules.window)
            self._mark(queue)

    def __contains__(self, destination: Destination) -> bool:
        """Something of it waits or runs, or its site is dead."""
        return destination in self._queues

    @property
    def ready(self) -> int:
        """Destinations that could start a delivery, if there were sessions enough."""
        return sum(len(lane.ready) for lane in self._lanes.values())

    # What comes in

    def offer(self, destination: Destination, recipients: Sequence[Recipient]) -> None:
        """Recipients wait for their turn; of a dead destination too: `drop_closed` gives those."""
        queue = self._queue(destination)
        queue.waiting.extend(recipients)
        self.held += len(recipients)
        self._mark(queue)

    def put_back(self, request: Request) -> None:
        queue = self._queue(request.destination)
        queue.returned.append(request)
        self.held += len(request.recipients)
        self._mark(queue)

    # What goes out

    def next(self, now: float) -> Request | None:
        """A request that a new delivery starts with; the delivery counts as busy until leave()."""
        queue = self._next_queue()
        if queue is None:
            return None
        lane = queue.lane
        request = self._take(queue, now)
        queue.busy += 1
        lane.busy += 1
        self.busy += 1
        if queue.crowd is not None:
            queue.crowd.busy += 1
        self._mark(queue)
        return request

    def _next_queue(self) -> DestinationQueue | None:
        """Of the transport whose turn it is, the destination whose turn it is."""
        while (lane := self._next_lane()) is not None:
            queue = next(iter(lane.ready))
            del lane.ready[queue]
            if not queue.crowded:
                return queue
            assert queue.crowd is not None
            queue.crowd.blocked[queue] = None
        return None

    def join(self, destination: Destination, hosts: object) -> bool:
        """Its hosts are known: destinations with the same ones share a limit from now on. False: there is no
        place for the delivery that asks; it shall leave, and put its request back.
        """
        queue = self._queue(destination)
        if queue.crowd is None:
            key = destination.transport, hosts
            queue.crowd = crowd = self._crowds.get(key) or Crowd(key)
            self._crowds[key] = crowd
            crowd.members += 1
            crowd.busy += queue.busy
        limit = queue.lane.rules.window.limit
        return limit == 0 or queue.crowd.busy <= limit

    def _next_lane(self) -> Lane | None:
        """Transports take turns."""
        for transport, lane in self._lanes.items():
            if lane.startable:
                if len(self._lanes) > 1:
                    self._lanes[transport] = self._lanes.pop(transport)
                return lane
        return None

    def follow(self, destination: Destination, now: float) -> Request | None:
        """A request for a delivery of this destination that goes on: it keeps its place in the window.

        None too where the window has become narrower than what runs, or where a request waits that must go to
        another host: next() gives that one.
        """
        queue: DestinationQueue | None = self._queues.get(destination)
        if queue is None or not (queue.waiting or queue.returned):
            return None
        if queue.returned and queue.returned[0].hosts:
            return None
        if queue.window.closed or queue.busy > queue.window.size:
            return None
        request = self._take(queue, now)
        if not queue.waiting:
            self._mark(queue)
        return request

    def waiting(self, destination: Destination) -> int:
        """Recipients of it that wait here, but for those that must go to another host."""
        queue = self._queues.get(destination)
        if queue is None:
            return 0
        untouched = sum(len(request.recipients) for request in queue.returned if not request.hosts)
        return len(queue.waiting) + untouched

    # How it went

    def done(
        self, destination: Destination, now: float, *, good: bool, dsn: str = "", text: str = ""
    ) -> bool:
        """Feedback of one decided request: did it reach the site? True: a dead site is alive again."""
        queue = self._queue(destination)
        window = queue.window
        was_closed, size = window.closed, window.size
        if good:
            window.good(queue.busy or 1)
            if window.size == size and not was_closed:
                return False  # nothing that `_mark` looks at has changed
        else:
            window.bad()
            if window.closed and queue.closed_until <= now:
                queue.reason = (dsn, text)
                queue.closed_until = now + queue.lane.rules.closed_for
                heapq.heappush(self._closed, (queue.closed_until, id(queue), queue))
                if len(self._closed) > CLOSED_LIMIT:
                    self.wake(self._closed[0][0])
        self._mark(queue)
        return was_closed and not window.closed

    def leave(self, destination: Destination) -> None:
        """A delivery that next() started is over."""
        queue = self._queue(destination)
        queue.busy -= 1
        queue.lane.busy -= 1
        self.busy -= 1
        if (crowd := queue.crowd) is not None:
            crowd.busy -= 1
            self._let_in(crowd)
        self._mark(queue)

    def _let_in(self, crowd: Crowd) -> None:
        """A place is free: for the first that waits for one and can use it."""
        while crowd.blocked:
            queue = next(iter(crowd.blocked))
            del crowd.blocked[queue]
            self._mark(queue)
            if queue in queue.lane.ready:
                return

    # Dead destinations

    def is_closed(self, destination: Destination) -> bool:
        queue = self._queues.get(destination)
        return queue is not None and queue.window.closed

    def drop_closed(self, destination: Destination) -> tuple[list[Recipient], str, str]:
        """Takes out what waits for a dead destination; the status and text of its death."""
        queue = self._queue(destination)
        dropped = list(queue.waiting)
        queue.waiting.clear()
        for request in queue.returned:
            dropped += request.recipients
        queue.returned.clear()
        self.held -= len(dropped)
        self._mark(queue)
        return dropped, queue.reason[0], queue.reason[1]

    def wake(self, now: float) -> bool:
        """Reopens what was closed long enough; whether there was any."""
        woken = False
        while self._closed and self._closed[0][0] <= now:
            queue = heapq.heappop(self._closed)[2]
            queue.closed_until = 0.0
            if queue.window.closed:
                queue.window.reopen(queue.busy)
            self._mark(queue)
            woken = True
        return woken

    @property
    def next_wake(self) -> float | None:
        """When wake() has something to do (Unix time)."""
        return self._closed[0][0] if self._closed else None

    # The books

    def _queue(self, destination: Destination) -> DestinationQueue:
        queue: DestinationQueue | None = self._queues.get(destination)
        if queue is None:
            queue = self._queues[destination] = DestinationQueue(destination, self._lane(destination))
        return queue

    def _lane(self, destination: Destination) -> Lane:
        lane = self._lanes.get(destination.transport)
        if lane is None:
            lane = Lane(self._others.get(destination.transport, self._rules))
            self._lanes[destination.transport] = lane
        return lane

    def _take(self, queue: DestinationQueue, now: float) -> Request:
        if queue.returned:
            request = queue.returned.pop(0)
            self.held -= len(request.recipients)
            return request
        waiting = queue.waiting
        limit = queue.lane.rules.recipients_per_request or len(waiting)
        recipients = waiting[:limit]
        # One outside ASCII asks for SMTPUTF8: a peer without it must not refuse the others along with it
        is_ascii = recipients[0].address.isascii()
        for place, recipient in enumerate(recipients):
            if recipient.address.isascii() is not is_ascii:
                del recipients[place:]
                break
        del waiting[: len(recipients)]
        self.held -= len(recipients)
        self.left = len(waiting)
        return Request(queue.destination, recipients, self.queue_id(recipients[0]), now)

    def _mark(self, queue: DestinationQueue) -> None:
        """Keeps `ready` of its lane true after any change of a queue, and forgets an idle one."""
        ready = queue.lane.ready
        if queue.startable:
            ready[queue] = None
            return
        ready.pop(queue, None)
        if queue.idle and not queue.window.closed:
            self._queues.pop(queue.destination, None)
            if queue.crowd is not None:
                self._quit(queue, queue.crowd)

    def _quit(self, queue: DestinationQueue, crowd: Crowd) -> None:
        queue.crowd = None
        crowd.blocked.pop(queue, None)
        crowd.members -= 1
        if not crowd.members:
            del self._crowds[crowd.key]
