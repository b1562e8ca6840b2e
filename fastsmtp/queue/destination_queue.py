"""Destination queues: what waits for one destination, what is on its way, how wide the window is.

    open      deliveries start while the window is wider than what runs
    closed    the site is dead: nothing starts until the back-off ends, or a delivery that still runs succeeds

Requests that return (a host left recipients undecided, or closed before it touched them) stand before those
that never started. Owned by the Scheduler, which alone calls what changes it.

Source: Postfix qmgr_queue(3), qmgr_entry(3); spec: queue, 1, 4.
"""

from typing import NamedTuple

from fastsmtp.mail.destination import Destination
from fastsmtp.mail.recipient import Recipient
from fastsmtp.mail.request import Request
from fastsmtp.queue.window import Window, WindowRules


class SchedulerRules(NamedTuple):
    """What is configured for a transport."""

    window: WindowRules
    recipients_per_request: int  # smtp_destination_recipient_limit; 0: no limit
    sessions: int  # running deliveries of the transport at once, all destinations together
    closed_for: float  # seconds that a dead destination is left alone


class Lane:
    """One transport: its limits, and its queues that may start something."""

    def __init__(self, rules: SchedulerRules) -> None:
        self.rules = rules
        self.ready: dict[DestinationQueue, None] = {}  # who was served last stands last
        self.busy = 0

    @property
    def startable(self) -> bool:
        return bool(self.ready) and self.busy < self.rules.sessions


class Crowd:
    """Destinations with the same hosts: together they have no more than one destination's limit."""

    def __init__(self, key: tuple[str, object]) -> None:
        self.key = key  # transport and hosts
        self.members = 0
        self.busy = 0
        self.blocked: dict[DestinationQueue, None] = {}  # could start something, if there were a place


class DestinationQueue:
    """One destination's waiting recipients, running deliveries and window."""

    def __init__(self, destination: Destination, lane: Lane) -> None:
        self.destination = destination
        self.lane = lane
        self.crowd: Crowd | None = None  # joined when its hosts are known
        self.window = Window(lane.rules.window)
        # Lists, though they are taken from the front: an empty deque is ten times the size, and of a list of
        # many domains there are thousands of queues with one recipient each
        self.waiting: list[Recipient] = []
        self.returned: list[Request] = []
        self.busy = 0
        self.closed_until = 0.0  # Unix time, while the window is closed
        self.reason = ("4.3.0", "")  # status and text of the failure that closed it

    def __repr__(self) -> str:
        return f"<{self.destination.nexthop}: {len(self.waiting)} waiting, {self.busy} busy, {self.window!r}>"

    @property
    def idle(self) -> bool:
        """Nothing waits and nothing runs."""
        return not (self.busy or self.waiting or self.returned)

    @property
    def has_work(self) -> bool:
        return bool(self.waiting or self.returned)

    @property
    def crowded(self) -> bool:
        """Those with the same hosts have all the places."""
        limit = self.lane.rules.window.limit
        return self.crowd is not None and 0 < limit <= self.crowd.busy

    @property
    def startable(self) -> bool:
        """A further delivery may start."""
        return not self.window.closed and self.window.size > self.busy and self.has_work
