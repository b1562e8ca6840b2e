"""`fastsmtp send JOB.toml`: runs one job in the foreground to its end.

Reads the job and the settings, opens the spool (importing the list the first time), carries the job out with
progress on the terminal, writes the results, says what came of it. The first Ctrl-C (or SIGTERM) finishes
what is on its way, the second ends it at once; either way the same command goes on later.

Options: send_options.py. Exit status: design page, section 2.
"""

import asyncio
import signal
import sys
import time

import click
import uvloop

from fastsmtp.cli.options import load_settings
from fastsmtp.cli.progress import Progress, Summary
from fastsmtp.cli.send_options import SendOptions, declare, resume_command
from fastsmtp.conf.settings import Settings
from fastsmtp.errors import SpoolError
from fastsmtp.job import jobfile
from fastsmtp.job.jobfile import Job
from fastsmtp.report import results
from fastsmtp.report.log import SYSLOG, Log
from fastsmtp.spool.records import Books
from fastsmtp.spool.shard import Shard
from fastsmtp.worker.run import Run, changes, open_spool, spool_directory

ALL_SENT = 0
SOME_FAILED = 1
SOME_WAIT = 75
REFRESH = 0.15  # seconds between looks at the books


def send(options: SendOptions) -> int:
    """Carries the job out; the exit status. UsageError before anything was sent, SpoolError."""
    job = jobfile.load(options.job)
    settings = load_settings(options.config, options.overrides, job.settings, job_file=str(options.job))
    if options.results is not None:
        results.check(options.results)
    return Errand(options, job, settings).carry_out()


command = declare(send)


class Errand:
    """One run of the command, its arguments checked."""

    def __init__(self, options: SendOptions, job: Job, settings: Settings) -> None:
        self._options = options
        self._job = job
        self._settings = settings
        self._progress = Progress(0, sys.stderr, options.quiet)
        self._interruptions = 0

    def carry_out(self) -> int:
        """From the spool to the exit status."""
        options = self._options
        began_at = time.monotonic()
        spool = open_spool(self._job, self._settings, spool_directory(self._job, options.spool))
        summary = None
        try:
            for change in changes(self._job, spool.job):
                self._say(f"warning: {change}")
            before = spool.books()
            if before.waiting:
                self._send(spool)
            books = spool.books()
            if options.results is not None:
                results.write(options.results, spool.results(include_waiting=True))
            finished = before.waiting - books.waiting
            seconds = time.monotonic() - began_at
            summary = Summary(books, finished, seconds, options.results, resume_command(options))
        finally:
            self._progress.close(summary)
            spool.close()
        return exit_status(books)

    def _send(self, spool: Shard) -> None:
        settings = self._settings
        log = Log.open(
            self._options.log or settings.text("maillog_file") or SYSLOG,
            settings.text("syslog_name"),
            settings.text("syslog_facility"),
            settings.number("delay_logging_resolution_limit"),
        )
        try:
            run = Run(self._job, settings, spool, log, once=self._options.once)
            uvloop.run(self._watch(run))
        except SpoolError as error:
            error.after_sending = True
            raise
        finally:
            log.close()

    async def _watch(self, run: Run) -> None:
        """Runs the job; the progress looks at the books, signals end it."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._interrupt, run)
        watch = loop.create_task(self._refresh(run))
        try:
            await run.finish()
        finally:
            watch.cancel()
            self._progress.update(run.spool.books(), run.sessions)

    async def _refresh(self, run: Run) -> None:
        while True:
            self._progress.update(run.spool.books(), run.sessions)
            await asyncio.sleep(REFRESH)

    def _interrupt(self, run: Run) -> None:
        self._interruptions += 1
        if self._interruptions == 1:
            self._say(f"stopping; {run.sessions} deliveries are being finished (once more ends them at once)")
            run.stop()
        else:
            run.abort()

    def _say(self, text: str) -> None:
        if not self._options.quiet:
            click.echo(f"fastsmtp send: {text}", err=True)


def exit_status(books: Books) -> int:
    """What the shell is told of a job that stands so."""
    if books.waiting:
        return SOME_WAIT
    failed = books.bounced + books.expired + books.rejected + books.unknown + books.cancelled
    return SOME_FAILED if failed else ALL_SENT
