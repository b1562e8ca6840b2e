"""What idle sessions were good for, in the words of Postfix's scache(8): every ten minutes, and at the end.

    statistics = Statistics(cache, log, clock)
    statistics.begin(loop)      the first span begins
    statistics.end()            the last one is told of

A span in which no session was idle has no lines. Each span is counted for itself.
Source: Postfix scache(8), scache_status_update_time; spec: routing, 6.14.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

from fastsmtp.report.log import Log
from fastsmtp.session.cache import Counters

INTERVAL = 600.0  # seconds


class Counting(Protocol):
    """The cache of idle sessions."""

    def take_counters(self) -> Counters: ...


class Statistics:
    """The lines of one worker."""

    def __init__(self, cache: Counting, log: Log, clock: Callable[[], float]) -> None:
        """`clock` gives Unix time."""
        self._cache = cache
        self._log = log
        self._clock = clock
        self._since = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, loop: asyncio.AbstractEventLoop) -> None:
        self._since = self._clock()
        self._timer = loop.call_later(INTERVAL, self._tell_and_go_on, loop)

    def _tell_and_go_on(self, loop: asyncio.AbstractEventLoop) -> None:
        self._tell()
        self.begin(loop)

    def end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._tell()

    def _tell(self) -> None:
        counters = self._cache.take_counters()
        if not counters.most or not self._log.listening:
            return
        since = time.strftime("%b %e %H:%M:%S", time.localtime(self._since))
        self._log.statistics(
            f"start interval {since}",
            f"domain lookup {_lookups(counters.destination_hits, counters.destination_misses)}",
            f"address lookup {_lookups(counters.host_hits, counters.host_misses)}",
            f"max simultaneous domains={counters.most_destinations} addresses={counters.most_hosts} "
            f"connection={counters.most}",
        )


def _lookups(hits: int, misses: int) -> str:
    return f"hits={hits} miss={misses} success={100 * hits // max(hits + misses, 1)}%"
