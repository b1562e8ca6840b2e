"""`fastsmtp send JOB.toml`: runs one job in the foreground to its end.

Reads the job and the settings, opens the spool (importing the list the first time), carries the job out with
progress on the terminal, writes the results, says what came of it. The first Ctrl-C (or SIGTERM) finishes
what is on its way, the second ends it at once; either way the same command goes on later. SIGHUP has the
settings read anew (send_reload.py).

With --workers it is send_crew.py that carries the job out, imported for that alone.

Options: send_options.py. Exit status: design page, section 2.
"""

import asyncio
import importlib
import signal
import time
from datetime import UTC, datetime
from pathlib import Path

import uvloop

from fastsmtp.cli.options import load_settings, warn
from fastsmtp.cli.progress import Summary
from fastsmtp.cli.send_options import SendOptions, declare, resume_command
from fastsmtp.cli.send_reload import Done, Reloads
from fastsmtp.cli.send_words import COMMAND, display, exit_status, stopping
from fastsmtp.conf.settings import Settings
from fastsmtp.errors import SpoolError, UsageError
from fastsmtp.job import jobfile
from fastsmtp.job.jobfile import Job
from fastsmtp.report import results
from fastsmtp.spool.shard import Shard
from fastsmtp.spool.shares import recorded
from fastsmtp.worker import configure, unbuilt
from fastsmtp.worker.reload import renew
from fastsmtp.worker.run import Run, apply, changes, open_log, open_spool, spool_directory

IMPORT_NOTE = 3.0  # seconds between lines while the list is read
REFRESH = 0.15  # seconds between looks at the books


def send(options: SendOptions) -> int:
    """Carries the job out; the exit status. UsageError before anything was sent, SpoolError."""
    job, settings = load(options)
    configure.check(settings)
    for warning in unbuilt.check(settings):
        warn(warning)
    if options.results is not None:
        results.check(options.results)
    directory = spool_directory(job, options.spool)
    if options.only:
        directory = importlib.import_module("fastsmtp.worker.only").prepare(directory, options.only)
    if options.workers > 1 or recorded(directory):
        crewed = importlib.import_module("fastsmtp.cli.send_crew")
        status = crewed.send(options, job, settings, directory)
        if status is not None:
            return int(status)
    return Errand(options, job, settings, directory).carry_out()


def load(options: SendOptions) -> tuple[Job, Settings]:
    """The job and the settings it runs with. UsageError with the faults of both."""
    faults: list[UsageError] = []
    job = None
    try:
        job = jobfile.load(options.job)
    except UsageError as error:
        faults.append(error)
    own, lines = (job.settings, job.setting_lines) if job is not None else ({}, {})
    try:
        settings = load_settings(
            options.config, options.overrides, own, job_file=str(options.job), job_lines=lines
        )
    except UsageError as error:
        faults.append(error)
    if faults or job is None:
        raise UsageError.gather(faults)
    return job, settings


command = declare(send)


class Errand:
    """One run of the command, its arguments checked."""

    def __init__(self, options: SendOptions, job: Job, settings: Settings, directory: Path) -> None:
        self._options = options
        self._job = job
        self._directory = directory
        self._progress = display(options, settings)
        place = spool_directory(job, options.spool)
        self._reloads = Reloads(settings, self._read_anew, place, say=self._say, hung_up=self._hung_up)
        self._run: Run | None = None
        self._interruptions = 0
        self._told_at = time.monotonic()

    def carry_out(self) -> int:
        """From the spool to the exit status."""
        with self._reloads:
            return self._carry_out()

    def _carry_out(self) -> int:
        options = self._options
        began_at = time.monotonic()
        spool = open_spool(self._job, self._reloads.settings, self._directory, self._imported)
        summary = None
        try:
            before = spool.books()
            self._tell_changes(changes(self._job, spool.job), is_over=not before.waiting)
            if before.waiting:
                self._send(spool)
            books = spool.books()
            finished = before.waiting - books.waiting
            summary = Summary(books, finished, time.monotonic() - began_at, None, resume_command(options))
            if options.results is not None:
                results.write(options.results, spool.results(include_waiting=True))
                summary = summary._replace(results=options.results, seconds=time.monotonic() - began_at)
        finally:
            self._progress.close(summary)
            spool.close()
        return exit_status(books)

    def _read_anew(self, settings: Settings) -> tuple[Settings, list[str]]:
        return renew(settings, self._options.config, self._options.overrides, self._job)

    def _say(self, text: str) -> None:
        self._progress.say(f"{COMMAND}: {text}")

    def _imported(self, rows: int) -> None:
        self._reloads.attend()
        now = time.monotonic()
        if now >= self._told_at + IMPORT_NOTE:
            self._told_at = now
            self._progress.say(f"{COMMAND}: {rows:,} rows of the list read")

    def _tell_changes(self, found: list[str], *, is_over: bool) -> None:
        if found and is_over:
            raise UsageError(
                *found,
                f"nothing was sent: job {self._job.name} is over; expected another `name` in "
                f"{self._job.path} for a new one, or {self._directory} removed",
            )
        for change in found:
            self._progress.say(f"{COMMAND}: warning: {change}")

    def _announce_start(self) -> None:
        start = self._job.start
        if start is not None and start > datetime.now(UTC):
            self._progress.say(
                f"{COMMAND}: nothing is sent before {start:%Y-%m-%d %H:%M:%S %Z}, the job's start"
            )

    def _send(self, spool: Shard) -> None:
        reloads = self._reloads
        log = open_log(reloads.settings, self._options.log)
        try:
            run = self._run = Run(self._job, reloads.settings, spool, log, once=self._options.once)

            def take(settings: Settings, done: Done) -> None:
                apply(settings, run, log, self._options.log)
                done(())

            reloads.taken_by = take
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
        self._announce_start()
        watch = loop.create_task(self._refresh(run))
        try:
            await run.finish()
        finally:
            watch.cancel()
            self._progress.update(run.spool.books(), run.sessions)

    async def _refresh(self, run: Run) -> None:
        while True:
            self._reloads.attend()
            self._progress.update(run.spool.books(), run.sessions)
            await asyncio.sleep(REFRESH)

    def _hung_up(self) -> None:
        """Nobody sees the progress any more: what is on its way is finished."""
        if self._run is None:
            raise KeyboardInterrupt
        self._run.stop()

    def _interrupt(self, run: Run) -> None:
        self._interruptions += 1
        if self._interruptions == 1:
            self._progress.say(stopping(run.sessions))
            run.stop()
        else:
            run.abort()
