"""One job from its list to its last outcome: opens the spool, puts a worker together, runs it.

    spool = open_spool(job, settings, directory, progress)    imports the list, or takes up an earlier run
    run = Run(job, settings, spool, log, once=...)
    await run.finish(listener)                                carries it out; the listener hears each turn's
                                                              outcomes
    run.stop(), run.abort()                                   from a signal
    apply(settings, run, log, ...)                            a reload: for deliveries that start from now on
    async for outcome in send(job, settings): ...             all of it, for programs

Does not read the command line, show progress or write results.
Source: design page, sections 2 to 4.
"""

import asyncio
import datetime
import importlib
import time
import zlib
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import cast

from fastsmtp.conf.settings import Settings
from fastsmtp.delivery.content import Content
from fastsmtp.delivery.content_rules import ContentRules, Rewriter
from fastsmtp.delivery.rendering import RowRenderer
from fastsmtp.errors import JobError, SpoolError
from fastsmtp.job import rows
from fastsmtp.job.jobfile import Job
from fastsmtp.mail import queue_id
from fastsmtp.mail.fields import FieldsFormat
from fastsmtp.mail.recipient import Recipient
from fastsmtp.outcome.outcome import Outcome
from fastsmtp.queue.scheduler import Scheduler
from fastsmtp.render.template import Template
from fastsmtp.render.verp import Sender
from fastsmtp.report.log import SYSLOG, Log
from fastsmtp.session.memory import NoStore
from fastsmtp.spool import excerpt
from fastsmtp.spool.hosts import HostFile
from fastsmtp.spool.records import JobRecord, Spool
from fastsmtp.spool.shard import Shard, SyncPolicy, unheard
from fastsmtp.spool.shares import alone, recorded, shard_path
from fastsmtp.worker import configure, unbuilt
from fastsmtp.worker.carry import Worker
from fastsmtp.worker.feed import Feed
from fastsmtp.worker.rules import Rules
from fastsmtp.worker.settle import Listener, Settler
from fastsmtp.worker.share import WHOLE, Share, keep
from fastsmtp.worker.sorter import Sorter

APART = 0.001  # seconds between the arrivals of a job's shares: their queue ids must differ
TURNS_AHEAD = 100  # turns whose outcomes wait for a slow consumer of send()


def spool_directory(job: Job, chosen: Path | None) -> Path:
    """Where the job's spool is: `chosen`, or `.fastsmtp` beside the job file; below it a directory by the
    job's name.
    """
    return (chosen or job.path.parent / ".fastsmtp") / job.name


def open_spool(
    job: Job,
    settings: Settings,
    directory: Path,
    progress: Callable[[int], None] = unheard,
    *,
    share: Share = WHOLE,
    begun_at: float | None = None,
) -> Shard:
    """The job's spool, or the shard of one share of it, the list imported. SpoolError, JobError.

    The list is the job's, or the excerpt of an earlier run that `directory` holds (only.py). `progress` hears
    of rows read. `begun_at` (Unix time) is the same for all shares; None: now.
    """
    if share == WHOLE and recorded(directory):
        raise SpoolError(
            f"{directory}: the job was begun with several workers; `fastsmtp send` goes on with it"
        )
    path = shard_path(directory, share.number)
    sync = cast(SyncPolicy, settings.text("spool_sync"))
    interval = settings.seconds("spool_sync_interval")
    if path.exists():
        return Shard.open(path, sync=sync, sync_interval=interval)
    if excerpt.committed(directory):
        record, read = excerpt.read_header(directory).record, excerpt.read_chunks(directory)
    else:
        utf8 = settings.flag("smtputf8_enable")
        if not (utf8 or job.sender.isascii()):
            raise JobError(f"{job.path}: sender = {job.sender}: expected ASCII where smtputf8_enable = no")
        record, read = new_record(job), rows.read(job.recipients, job.fields_format, utf8=utf8)
    begun = record.created_at if begun_at is None else begun_at
    record = replace(record, created_at=begun + share.number * APART)
    chunks = alone(directory, read) if share == WHOLE else keep(read, share)
    return Shard.create(path, record, chunks, progress=progress, sync=sync, sync_interval=interval)


def new_record(job: Job) -> JobRecord:
    """What the spool keeps of a job that begins."""
    return JobRecord(
        name=job.name,
        created_at=time.time(),
        sender=job.sender,
        template=job.template,
        duplicates=job.duplicates,
        fields_format=job.fields_format.to_text(),
        columns=job.fields_format.columns,
        message=job.content,
        fingerprint=fingerprint(job.recipients),
        settings=dict(job.settings),
    )


def fingerprint(recipients: Path) -> str:
    """Tells one list from another: size, time of change, checksum."""
    found = recipients.stat()
    return f"{found.st_size} {found.st_mtime_ns} {_checksum(recipients)}"


def _checksum(path: Path) -> int:
    checksum = 0
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            checksum = zlib.crc32(block, checksum)
    return checksum


def _is_same_list(recipients: Path, recorded_as: str) -> bool:
    """Read again only where size and time leave it open."""
    size, changed_at, checksum = recorded_as.split(" ")
    found = recipients.stat()
    if found.st_size != int(size):
        return False
    return found.st_mtime_ns == int(changed_at) or _checksum(recipients) == int(checksum)


def changes(job: Job, record: JobRecord) -> list[str]:
    """What differs between the job file and the run that it takes up: that run's own values stand."""
    found = []
    if not _is_same_list(job.recipients, record.fingerprint):
        found.append(f"{job.recipients} has changed since the job began: the rows read then are sent")
    if record.message != job.content:
        found.append(f"{job.message} has changed since the job began: the message read then is sent")
    if (record.sender, record.template) != (job.sender, job.template):
        found.append(
            f"{job.path}: sender or template has changed since the job began: the earlier one stands"
        )
    return found


def open_log(settings: Settings, chosen: str | None) -> Log:
    """Where deliveries are logged: `chosen`, or the settings' file, or the system's log. UsageError."""
    return Log.open(
        chosen or settings.text("maillog_file") or SYSLOG,
        settings.text("syslog_name"),
        settings.text("syslog_facility"),
        settings.number("delay_logging_resolution_limit"),
        tells_tls=settings.flag("smtp_log_tls_feature_status"),
    )


class Run:
    """One job under way."""

    def __init__(
        self,
        job: Job,
        settings: Settings,
        spool: Spool,
        log: Log,
        *,
        once: bool = False,
        share: Share = WHOLE,
        complains: bool = True,
    ) -> None:
        """`share`: the part of the limits that is this run's. `complains`: the postmaster hears of peers that
        break the protocol, as notify_classes says.
        """
        record = spool.job
        self.spool = spool
        self._job = job
        self._record = record
        self._shared_message = record.template == "none"
        self._queue_prefix = queue_id.prefix(record.created_at)
        self._share = share
        self._once = once
        self._log = log
        self._settings = settings
        self._complains = complains and record.sender != ""  # never about bounces, nor about notices
        self._rules = self._read(settings)
        self._worker: Worker | None = None
        self._stopped = asyncio.Event()

    @property
    def sessions(self) -> int:
        """Deliveries that run."""
        return self._worker.busy if self._worker is not None else 0

    async def finish(self, listener: Listener | None = None) -> None:
        """Carries the job out; returns when nothing is left to do, or after stop() or abort(). SpoolError."""
        await self._wait_for_start()
        if self._stopped.is_set():
            return
        record, rules = self._record, self._rules
        settler = Settler(
            self.spool, self._log, rules.backoff, record.created_at, one_message_each=not self._shared_message
        )
        settler.listener = listener
        self.spool.flush()
        scheduler = Scheduler(rules.scheduler, self._queue_id, rules.transports)
        contents, sorter = self._contents(), self._sorter()
        hosts = HostFile(self.spool.hosts_path, self._log.warning) if self.spool.hosts_path else None
        self._worker = Worker(
            rules,
            scheduler=scheduler,
            feed=Feed(self.spool, scheduler, rules.feed, sorter),
            settler=settler,
            contents=contents,
            hosts=hosts or NoStore(),
            log=self._log,
            arrived_at=record.created_at,
            once=self._once,
            shared_message=self._shared_message,
        )
        self._log_message("active")
        try:
            await self._worker.run()
        finally:
            if hosts is not None:
                hosts.close()
        self._log_message("removed")
        if self._worker.complaints and not self._stopped.is_set():
            await self._send_notices()

    async def _send_notices(self) -> None:
        """One after another, each with one attempt; what becomes of them is only logged."""
        assert self._worker is not None
        notices = importlib.import_module("fastsmtp.worker.notices")
        job = replace(self._job, start=None, max_age=None)
        for spool in notices.spools(self._worker.complaints, self._settings, self._log.warning):
            await Run(job, self._settings, spool, self._log, once=True, complains=False).finish()

    def change(self, settings: Settings) -> None:
        """Goes by `settings` from now on: they were checked. What is under way ends as it began."""
        self._rules = self._read(settings)
        self._settings = settings
        if self._worker is not None:
            self._worker.change(self._rules, self._contents())

    def _read(self, settings: Settings) -> Rules:
        record = self._record
        return configure.read(
            settings,
            one_each=not self._shared_message or "{{" in record.sender,
            null_sender=not record.sender,
            max_age=self._job.max_age,
            horizon=time.time() if self._once else None,
            share=self._share,
            warn=self._log.warning,
            complains=self._complains,
        )

    def _sorter(self) -> Sorter | None:
        """Where tables choose the way."""
        rules, sender = self._rules.switch, self._record.sender
        if rules is None:
            return None
        module = importlib.import_module("fastsmtp.worker.sorting")
        renderer = self._renderer() if "{{" in sender else None
        sorter: Sorter = module.open_sorter(
            rules, self.spool, sender, renderer, warn=self._log.warning, worker=lambda: self._worker
        )
        return sorter

    def _log_message(self, state: str) -> None:
        """The queue manager's lines for the message that a whole job shares."""
        if not self._shared_message:
            return
        books, message_id = self.spool.books(), queue_id.queue_id(self._queue_prefix, 0)
        if state == "active":
            self._log.active(message_id, self._record.sender, len(self._record.message), books.waiting)
        elif not books.waiting:
            self._log.removed(message_id)
        self._log.flush()

    def pause(self, paused: bool) -> None:
        """Starts nothing while `paused`: whoever hears the outcomes is behind."""
        if self._worker is not None:
            self._worker.pause(paused)

    def stop(self) -> None:
        """Starts nothing more; what is on its way is finished."""
        self._stopped.set()
        if self._worker is not None:
            self._worker.stop()

    def abort(self) -> None:
        """Ends all sessions at once; what was undecided is tried again by the next run."""
        self._stopped.set()
        if self._worker is not None:
            self._worker.abort()

    async def _wait_for_start(self) -> None:
        if self._job.start is not None:
            pause = (self._job.start - datetime.datetime.now(datetime.UTC)).total_seconds()
            if pause > 0:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stopped.wait(), pause)

    def _renderer(self) -> RowRenderer:
        record = self._record
        template = None if self._shared_message else Template(record.message)
        verp = Sender(record.sender) if "{{" in record.sender else None
        return RowRenderer(FieldsFormat.from_text(record.fields_format), template, verp)

    def _queue_id(self, recipient: Recipient) -> str:
        return queue_id.queue_id(self._queue_prefix, 0 if self._shared_message else recipient.id)

    def _contents(self) -> dict[str, Content]:
        """By transport; those that shape it alike have the same."""
        record = self._record
        renderer = self._renderer()
        made: dict[tuple[ContentRules, Rewriter | None], Content] = {}
        found = {}
        for transport, client in self._rules.clients.items():
            key = client.content, client.rewriter
            if key not in made:
                made[key] = Content(
                    client.content,
                    message=record.message if self._shared_message else None,
                    sender=record.sender if "{{" not in record.sender else None,
                    renderer=renderer,
                    rewriter=client.rewriter,
                    note=self._log.info,
                )
            found[transport] = made[key]
        return found


def apply(settings: Settings, run: Run | None, log: Log, chosen: str | None) -> None:
    """A reload of checked settings. The log is opened anew too, as a rotation asks for. UsageError: nothing
    has changed.

    `run` None: it has not begun. `chosen`: where the log goes, whatever the settings say.
    """
    opened = open_log(settings, chosen)
    try:
        if run is not None:
            run.change(settings)
    except BaseException:
        opened.close()
        raise
    log.become(opened)


async def send(
    job: Job, settings: Settings | None = None, *, spool: Path | None = None, once: bool = False
) -> AsyncGenerator[Outcome, None]:
    """Carries a job out and yields each outcome once it is recorded.

    `settings` None: main.cf's defaults and the job's own. Leaving the loop early stops the job in good order;
    running it again goes on. Raises SettingError, JobError, SpoolError.
    """
    settings = settings or Settings.load(job=job.settings, job_file=str(job.path))
    unbuilt.check(settings)
    shard = open_spool(job, settings, spool_directory(job, spool))
    turns: asyncio.Queue[Sequence[Outcome]] = asyncio.Queue()
    log = Log.open(None, settings.text("syslog_name"), settings.text("syslog_facility"))
    run = Run(job, settings, shard, log, once=once)

    def hear(turn: Sequence[Outcome]) -> None:
        turns.put_nowait(turn)
        run.pause(turns.qsize() > TURNS_AHEAD)

    task = asyncio.ensure_future(run.finish(hear))
    task.add_done_callback(lambda done: turns.put_nowait(()))
    try:
        while turn := await turns.get():
            if turns.empty():
                run.pause(False)
            for outcome in turn:
                yield outcome
    finally:
        run.stop()
        try:
            await task
        finally:
            shard.close()
