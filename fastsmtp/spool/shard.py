"""A shard: one SQLite file with a job's recipients, or a share of them, and what became of each.

    Shard.create(path, job, chunks, ...)   imports a list (admit.py), then opens
    Shard.open(path, ...)                  takes up what is there: exactly what is left is handed out again
    destinations, window, due, next_due    what to send (recipients.py, outcomes.py)
    append, books, results                 what became of it (outcomes.py, results.py)
    close                                  syncs, lets go of the file

Both hold the shard's lock until close(): one writer, else SpoolError. Used by one thread; `results` may be
read in another. This file translates errors once (sqlite3 and OSError to SpoolError) and keeps the
write-ahead log's policy; the SQL is in the files named. Does not know the clock, the loop or the queue.
Source: design page, section 3.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, Literal, Self

from fastsmtp.errors import SpoolError
from fastsmtp.mail.recipient import Recipient
from fastsmtp.outcome.outcome import Outcome
from fastsmtp.spool import results
from fastsmtp.spool.admit import admit
from fastsmtp.spool.outcomes import Outcomes
from fastsmtp.spool.recipients import Recipients
from fastsmtp.spool.records import Books, Chunk, Destination, JobRecord, Result
from fastsmtp.spool.recovery import recover
from fastsmtp.spool.storage import Lock, check_format, connect, make_directory, translated, trouble
from fastsmtp.spool.sync import Syncer

SyncPolicy = Literal["always", "group", "none"]

SYNC_INTERVAL: Final = 0.05  # seconds; spool_sync_interval's default
READ_JOB: Final = """
    SELECT name, created_at, sender, template, duplicates, fields_format, columns, message, fingerprint
    FROM job
"""
HOSTS: Final = "hosts.db"  # beside the directories of the jobs
MEMORY: Final = 4096  # KiB of SQLite's page cache, and as much for the temporary tables


def unheard(rows: int) -> None:
    """A progress callback for nobody."""


class Shard:
    """One open shard. Every call may raise SpoolError; what was recorded before stands."""

    def __init__(self, path: Path, lock: Lock, sync: SyncPolicy, sync_interval: float) -> None:
        self.path = path
        self.hosts_path: Path | None = path.parent.with_name(HOSTS)
        self._lock = lock
        self._syncs_each = sync == "always"  # SQLite does, with each write
        self._connection = connect(path)
        try:
            check_format(self._connection, path)
            self.job = _read_job(self._connection)
            self._prepare(sync)
            self._outcomes = Outcomes(self._connection, recover(self._connection))
            self._recipients = Recipients(self._connection)
            self._syncer = Syncer(path, sync_interval if sync == "group" else None)
        except BaseException:
            self._connection.close()
            raise

    @classmethod
    def create(
        cls,
        path: Path,
        job: JobRecord,
        chunks: Iterable[Chunk],
        *,
        progress: Callable[[int], None] = unheard,
        sync: SyncPolicy = "group",
        sync_interval: float = SYNC_INTERVAL,
    ) -> Self:
        """Imports the list, then opens the shard. Makes the directory; `path` must not exist.

        `progress` gets the number of rows read, after each chunk. What `chunks` raises passes through; then,
        as after SpoolError, there is no shard, and the import begins anew the next time.
        """
        with translated(path):
            make_directory(path.parent)
        return cls._hold(path, sync, sync_interval, lambda: admit(path, job, chunks, progress))

    @classmethod
    def open(cls, path: Path, *, sync: SyncPolicy = "group", sync_interval: float = SYNC_INTERVAL) -> Self:
        """Opens the shard that create() made. `sync_interval` in seconds, for `group`."""
        if not path.exists():
            raise SpoolError(f"{path} does not exist: the job was not begun here")
        return cls._hold(path, sync, sync_interval, lambda: None)

    @classmethod
    def _hold(cls, path: Path, sync: SyncPolicy, sync_interval: float, before: Callable[[], None]) -> Self:
        lock = Lock(path)
        try:
            before()
            with translated(path):
                return cls(path, lock, sync, sync_interval)
        except BaseException:
            lock.release()
            raise

    def _prepare(self, sync: SyncPolicy) -> None:
        for pragma in (
            "journal_mode = WAL",
            f"synchronous = {'FULL' if sync == 'always' else 'NORMAL'}",
            "wal_autocheckpoint = 0",  # the syncer's thread does it
            f"cache_size = -{MEMORY}",
            f"temp.cache_size = -{MEMORY}",
        ):
            self._connection.execute(f"PRAGMA {pragma}")

    # --- what to send

    def destinations(self, after_rank: int, limit: int) -> list[Destination]:
        """The next `limit` destinations behind `after_rank` (0 at first), largest first; [] at the end.

        Those with recipients never tried, as they stood when the shard was opened.
        """
        try:
            return self._recipients.destinations(after_rank, limit)
        except sqlite3.Error as error:
            raise trouble(error, self.path) from error

    def window(self, after_id: int, last_id: int, limit: int) -> list[Recipient]:
        """Up to `limit` recipients never tried before this run, after_id < id <= last_id, ascending.

        A destination's own: after_id = first_id - 1 at first, then the last id that came; [] at the end.
        """
        try:
            return self._recipients.window(after_id, last_id, limit)
        except sqlite3.Error as error:
            raise trouble(error, self.path) from error

    def due(self, now: float, limit: int) -> list[Recipient]:
        """Up to `limit` deferred recipients whose retry_at is not after `now`, in order of ids.

        The longest due come first. Each is handed out once, until an outcome defers it again or the shard is
        reopened. An infinite `now` flushes the schedule.
        """
        try:
            return self._outcomes.due(now, limit)
        except sqlite3.Error as error:
            raise trouble(error, self.path) from error

    def next_due(self) -> float | None:
        """The earliest retry_at on the schedule (Unix time); None if it is empty."""
        try:
            return self._outcomes.next_due()
        except sqlite3.Error as error:
            raise trouble(error, self.path) from error

    def flush(self) -> None:
        """Makes every retry on the schedule due at once."""
        try:
            self._outcomes.flush()
        except sqlite3.Error as error:
            raise trouble(error, self.path) from error

    # --- what became of it

    def append(self, outcomes: Sequence[Outcome], ahead: Sequence[Outcome] = ()) -> None:
        """Records what one loop turn brought, all or none: one write, and no sync but with `always`.

        One outcome for each recipient handed out. `ahead` is what its recipients come to if this run ends
        now, and is on the disk when this returns (outcomes.py). Raises SpoolError, none recorded, also where
        an earlier sync failed.
        """
        self._syncer.check()
        try:
            self._outcomes.append(outcomes, ahead)
            if ahead and not self._syncs_each:
                self._syncer.sync_now()
        except (sqlite3.Error, OSError) as error:
            raise trouble(error, self.path) from error
        self._syncer.written(len(outcomes) + len(ahead))

    def books(self) -> Books:
        """Where the rows of the list stand. Costs nothing."""
        return self._outcomes.books()

    def results(self, include_waiting: bool) -> Iterator[Result]:
        """The rows of the results (results.py), as they stand at the first one asked for."""
        return results.read(self.path, include_waiting=include_waiting)

    def close(self) -> None:
        """Syncs what was appended and lets go of the file and the lock. Safe to call twice."""
        try:
            self._syncer.close()
        finally:
            with translated(self.path):
                self._connection.close()
            self._lock.release()


def _read_job(connection: sqlite3.Connection) -> JobRecord:
    row = connection.execute(READ_JOB).fetchone()
    name, created_at, sender, template, duplicates, fields_format, columns, message, fingerprint = row
    return JobRecord(
        name=name,
        created_at=created_at,
        sender=sender,
        template=template,
        duplicates=duplicates,
        fields_format=fields_format,
        columns=tuple(json.loads(columns)),
        message=message,
        fingerprint=fingerprint,
        settings=dict(connection.execute("SELECT name, value FROM setting")),
    )
