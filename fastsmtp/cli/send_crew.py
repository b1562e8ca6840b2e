"""`fastsmtp send --workers N`: one job, several processes, shown and ended as if it were one.

    send(options, job, settings, directory) -> the exit status, or None: the job has one shard, send it so

The number of shards is settled when a job begins and stands from then on; it is never more than the limits
have work for. Progress, signals, results and summary are those of send.py; the processes are the crew's
(fastsmtp/daemon/crew.py), which this process leads without sending itself.
Source: ours (design page, sections 2 and 4).
"""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from types import FrameType

import click

from fastsmtp.cli.progress import Summary
from fastsmtp.cli.send_options import SendOptions, resume_command
from fastsmtp.cli.send_reload import Done, Reloads
from fastsmtp.cli.send_words import COMMAND, SOME_WAIT, display, exit_status, say, stopping
from fastsmtp.conf.settings import Settings
from fastsmtp.daemon.crew import Crew
from fastsmtp.daemon.orders import Order
from fastsmtp.errors import UsageError
from fastsmtp.job.jobfile import Job
from fastsmtp.report import results
from fastsmtp.spool import results as spooled
from fastsmtp.spool.records import Books, Result
from fastsmtp.spool.shard import Shard
from fastsmtp.spool.shares import Shares
from fastsmtp.worker.reload import renew
from fastsmtp.worker.run import spool_directory
from fastsmtp.worker.share import most, narrowest

LIMITS = "the transports' destination_concurrency_limit and default_process_limit allow"


def send(options: SendOptions, job: Job, settings: Settings, directory: Path) -> int | None:
    """Carries the job out, or leaves it to a single process. UsageError, SpoolError."""
    limits = limits_of(settings)
    wanted = most(options.workers, *limits)
    shares = Shares(directory, wanted)
    try:
        count = shares.count
        at_once = most(count, *limits)
        if count != wanted:
            say(options, f"the job was begun with --workers {count}, which stands")
        elif wanted < options.workers:
            say(options, f"the number of workers is {wanted}: {LIMITS} no more")
        if at_once < count:
            say(options, f"{at_once} of {count} workers send at a time: {LIMITS} no more")
        if count == 1:
            return None
        return CrewErrand(options, job, settings, directory, shares=shares, at_once=at_once).carry_out()
    finally:
        shares.release()


def limits_of(settings: Settings) -> tuple[int, int]:
    """What the workers must share."""
    return narrowest(settings), settings.number("default_process_limit")


class CrewErrand:
    """One run of the command with several workers, its arguments checked."""

    def __init__(
        self,
        options: SendOptions,
        job: Job,
        settings: Settings,
        directory: Path,
        *,
        shares: Shares,
        at_once: int,
    ) -> None:
        self._options = options
        self._shares = shares
        self._at_once = at_once
        order = Order(
            job=str(options.job),
            config=None if options.config is None else str(options.config),
            overrides=options.overrides,
            directory=str(directory),
            begun_at=time.time(),
            log=options.log,
            once=options.once,
        )
        self._crew = Crew(order, shares.count, shares.descriptor, self._warn)
        self._progress = display(options, settings)
        self._job = job
        place = spool_directory(job, options.spool)
        self._reloads = Reloads(settings, self._read_anew, place, say=self._say, hung_up=self._crew.stop)
        self._reloads.taken_by = self._reload
        self._interruptions = 0

    def carry_out(self) -> int:
        """From the shards to the exit status."""
        with self._reloads:
            return self._carry_out()

    def _carry_out(self) -> int:
        crew, options = self._crew, self._options
        began_at = time.monotonic()
        summary = None
        try:
            if not self._enlist():
                return SOME_WAIT
            before = crew.books
            with self._interruptible():
                crew.send(self._at_once, self._show)
            books = self._final_books()
            finished = before.waiting - books.waiting
            summary = Summary(books, finished, time.monotonic() - began_at, None, resume_command(options))
            if options.results is not None:
                results.write(options.results, self._results())
                summary = summary._replace(results=options.results, seconds=time.monotonic() - began_at)
        finally:
            crew.dismiss()
            self._progress.close(summary)
            self._tell_of_losses()
        return exit_status(books) if crew.complete else SOME_WAIT

    def _enlist(self) -> bool:
        """Whether all have their rows; UsageError where they say why not. Nothing is sent before that."""
        crew = self._crew
        crew.enlist(self._reloads.attend)
        if crew.refusals:
            problems, crew.refusals = tuple(dict.fromkeys(crew.refusals)), []
            raise UsageError(*problems)
        if crew.lost:
            return False
        self._shares.imported()
        return True

    @contextmanager
    def _interruptible(self) -> Iterator[None]:
        """The first signal stops the crew, the second ends it."""
        before = {
            number: signal.signal(number, self._interrupt) for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        self._interruptions += 1
        if self._interruptions == 1:
            self._progress.say(stopping(self._crew.sessions))
            self._crew.stop()
        else:
            self._crew.abort()

    def _read_anew(self, settings: Settings) -> tuple[Settings, list[str]]:
        return renew(settings, self._options.config, self._options.overrides, self._job)

    def _reload(self, settings: Settings, done: Done) -> None:
        """Every worker reads them itself. The limits must have work for all that send."""
        at_once = most(self._at_once, *limits_of(settings))
        if at_once < self._at_once:
            done([f"{self._at_once} workers send at a time: {LIMITS} no more than {at_once}"])
        else:
            self._crew.reload(done)

    def _show(self) -> None:
        self._reloads.attend()
        self._progress.update(self._crew.books, self._crew.sessions)

    def _say(self, text: str) -> None:
        self._progress.say(f"{COMMAND}: {text}")

    def _warn(self, text: str) -> None:
        self._say(f"warning: {text}")

    def _final_books(self) -> Books:
        """As the workers closed them; the shard of one that was lost is asked itself."""
        found = []
        for index, books in enumerate(self._crew.books_of_shares):
            if books is None or index in self._crew.lost:
                shard = Shard.open(self._shares.path(index))
                books = shard.books()
                shard.close()
            found.append(books)
        return Books.total(found)

    def _results(self) -> Iterator[Result]:
        """The shards in turn: their processes have ended, which SQLite's locks ask for."""
        paths = map(self._shares.path, range(self._shares.count))
        return chain.from_iterable(spooled.read(path, include_waiting=True) for path in paths)

    def _tell_of_losses(self) -> None:
        crew, options = self._crew, self._options
        if crew.complete:
            return
        lines = list(dict.fromkeys(crew.refusals))
        for index, status in sorted(crew.lost.items()):
            how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
            lines.append(f"worker {index + 1} of {self._shares.count} {how}: its recipients wait")
        for line in (*lines, f"to go on with them: {resume_command(options)}"):
            click.echo(f"fastsmtp send: {line}", err=True)
