"""A worker process: one share of a job, one loop, in the hands of the crew that started it (crew.py).

    main(number, of)    the process, from the first line of its standard input to its end

Imports its share of the list or takes its shard up, waits for the word to go, sends, closes, reports
(orders.py). Told so, it reads the settings anew, at any time. Standard output is the crew's; what is for
people goes to standard error, through the crew where it can.

Ctrl-C and a hangup reach the whole process group of a terminal: they are ignored, and the crew says what to
do. SIGTERM for this process alone is taken as STOP. When the crew's end of the pipe closes, because that
process was killed, the worker stops too.
Source: ours (design page, section 4).
"""

import asyncio
import os
import signal
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import uvloop

from fastsmtp.conf.settings import Settings
from fastsmtp.daemon.orders import (
    ABORT,
    ENDED,
    READY,
    REFUSED,
    RELOAD,
    RELOADED,
    SENDING,
    STOP,
    Lines,
    Order,
    Report,
    command_of,
    line,
    order_of,
)
from fastsmtp.errors import FastsmtpError, SpoolError, UsageError
from fastsmtp.job import jobfile
from fastsmtp.spool.shard import Shard
from fastsmtp.worker.reload import renew
from fastsmtp.worker.run import Run, apply, changes, open_log, open_spool
from fastsmtp.worker.share import Share

ORDERS = 0  # standard input
REPORTS = 1  # standard output
REPORT_EVERY = 0.2  # seconds


def main(number: int, of: int) -> None:
    """The worker of share `number` (from 0) of so many. Its crew blocked both signals before it began."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGHUP})
    orders = Orders()
    first = orders.next()
    if first is None:
        return
    try:
        Duty(Share(number, of), order_of(first), orders).carry_out()
    except (UsageError, SpoolError) as error:
        report(Report(REFUSED, (), said=problems(error)))


def problems(error: FastsmtpError) -> list[str]:
    return list(error.problems) if isinstance(error, UsageError) else [" ".join(str(error).split())]


def report(message: Report) -> None:
    """Tells the crew; a crew that is gone needs no report."""
    os.set_blocking(REPORTS, True)
    with suppress(BrokenPipeError):
        os.write(REPORTS, line(message))


class Orders:
    """What the crew said and was not heeded yet."""

    def __init__(self) -> None:
        self._lines = Lines(ORDERS)
        self._waiting: deque[str] = deque()

    @property
    def ended(self) -> bool:
        return self._lines.ended

    def next(self) -> str | None:
        """The next line, when it comes; None at the end."""
        while not self._waiting and not self._lines.ended:
            self._waiting.extend(self._lines.read())
        return self._waiting.popleft() if self._waiting else None

    def arrived(self) -> list[str]:
        """What has come by now."""
        self._waiting.extend(self._lines.read())
        found = list(self._waiting)
        self._waiting.clear()
        return found


class Duty:
    """What a worker process does, once."""

    def __init__(self, share: Share, order: Order, orders: Orders) -> None:
        """UsageError."""
        self._share = share
        self._order = order
        self._orders = orders
        self._config = None if order.config is None else Path(order.config)
        self._job = jobfile.load(Path(order.job))
        self._settings = Settings.load(self._config, order.overrides, self._job.settings, job_file=order.job)
        self._log = open_log(self._settings, order.log)

    def carry_out(self) -> None:
        """From the shard to the last report. UsageError, SpoolError."""
        order = self._order
        try:
            spool = open_spool(
                self._job, self._settings, Path(order.directory), share=self._share, begun_at=order.begun_at
            )
            try:
                report(Report(READY, spool.books(), said=changes(self._job, spool.job)))
                self._obey(spool)
                books = spool.books()
            finally:
                spool.close()
        finally:
            self._log.close()
        report(Report(ENDED, books))

    def _obey(self, spool: Shard) -> None:
        """Waits for the word, and sends."""
        part = self._next_part()
        if part is not None and spool.books().waiting:
            run = Run(self._job, self._settings, spool, self._log, once=self._order.once, share=part)
            uvloop.run(self._send(run))

    def _next_part(self) -> Share | None:
        """The word to go, or None to stop; meanwhile the settings may be read anew."""
        while (told := self._orders.next()) is not None:
            command = command_of(told)
            if command != RELOAD:
                return command if isinstance(command, Share) else None
            self._reload(None)
        return None

    def _reload(self, run: Run | None) -> None:
        """Reads the settings anew, and reports how that went."""
        said: Sequence[str] = ()
        try:
            settings, _ = renew(self._settings, self._config, self._order.overrides, self._job)
            apply(settings, run, self._log, self._order.log)
            self._settings = settings
        except UsageError as error:
            said = error.problems
        report(Report(RELOADED, (), said=said))
        os.set_blocking(REPORTS, run is None)

    async def _send(self, run: Run) -> None:
        loop = asyncio.get_running_loop()
        os.set_blocking(ORDERS, False)
        loop.add_reader(ORDERS, self._heed, run)
        loop.add_signal_handler(signal.SIGTERM, run.stop)
        self._heed(run)  # what came along with the word to go
        reports = loop.create_task(self._report(run))
        try:
            await run.finish()
        finally:
            reports.cancel()
            loop.remove_reader(ORDERS)

    def _heed(self, run: Run) -> None:
        for text in self._orders.arrived():
            told = command_of(text)
            if told == STOP:
                run.stop()
            elif told == ABORT:
                run.abort()
            elif told == RELOAD:
                self._reload(run)
        if self._orders.ended:
            asyncio.get_running_loop().remove_reader(ORDERS)
            run.stop()

    async def _report(self, run: Run) -> None:
        """A line that fits into the pipe whole or, where the crew does not read, is dropped."""
        os.set_blocking(REPORTS, False)
        while True:
            with suppress(BlockingIOError, BrokenPipeError):
                os.write(REPORTS, line(Report(SENDING, run.spool.books(), run.sessions)))
            await asyncio.sleep(REPORT_EVERY)
