"""What nobody carries is decided: mail without a transport, and mail for a site that is dead.

    unsent.decide(soft_bounce=...)    what the feed has given out since the last turn
    unsent.suspend(destination)       its site has just died: what waits is deferred, without network
    unsent.stop()                     nothing more is decided

A long rest of a dead destination waits in the spool, if the run is not one attempt alone; a short one is
deferred page by page, a page a turn, so that others go on.
Source: Postfix qmgr_queue(3), qmgr_defer(3); spec: queue, 4.6.
"""

import asyncio
import time
from collections.abc import Callable, Sequence

from fastsmtp.errors import SpoolError
from fastsmtp.mail.destination import Destination
from fastsmtp.mail.recipient import Recipient
from fastsmtp.queue.scheduler import Scheduler
from fastsmtp.worker import undeliverable
from fastsmtp.worker.feed import Feed
from fastsmtp.worker.settle import Settler


class Unsent:
    """Decisions without a delivery, for one worker."""

    def __init__(
        self,
        scheduler: Scheduler,
        feed: Feed,
        settler: Settler,
        *,
        arrived_at: float,
        once: bool,
        decided: Callable[[], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        """`decided` is called when there is something to write down, `failed` when the spool breaks."""
        self._scheduler = scheduler
        self._feed = feed
        self._settler = settler
        self._arrived_at = arrived_at
        self._once = once
        self._decided = decided
        self._failed = failed
        self._stopped = False

    def stop(self) -> None:
        self._stopped = True

    def decide(self, *, soft_bounce: bool) -> None:
        """What has no transport, and what came for a site that is dead."""
        feed = self._feed
        unsent, feed.undeliverable = feed.undeliverable, []
        for destination, recipients in unsent:
            self._settler.record(
                undeliverable.outcomes(
                    destination,
                    recipients,
                    arrived_at=self._arrived_at,
                    now=time.time(),
                    queue_id=self._scheduler.queue_id,
                    soft_bounce=soft_bounce,
                )
            )
        dead, feed.for_dead = feed.for_dead, set()
        for destination in dead:
            self.suspend(destination)
        self._decided()

    def suspend(self, destination: Destination) -> None:
        """What waits in memory for a dead site is deferred at once; a long rest waits in the spool."""
        dropped, dsn, text = self._scheduler.drop_closed(destination)
        self._defer(dropped, dsn, text)
        if not self._once:
            self._feed.rest(destination)
        self._skip(destination, dsn, text)

    def _skip(self, destination: Destination, dsn: str, text: str) -> None:
        """A page a turn, so that others go on."""
        if self._stopped or not self._scheduler.is_closed(destination):
            return
        try:
            page = self._feed.skip(destination)
        except SpoolError as error:
            self._failed(error)
            return
        if page:
            self._defer(page, dsn, text)
            asyncio.get_running_loop().call_soon(self._skip, destination, dsn, text)

    def _defer(self, recipients: Sequence[Recipient], dsn: str, text: str) -> None:
        self._settler.record(
            undeliverable.suspended(
                recipients,
                dsn,
                text,
                arrived_at=self._arrived_at,
                now=time.time(),
                queue_id=self._scheduler.queue_id,
            )
        )
        self._decided()
