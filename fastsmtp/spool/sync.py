"""When the spool's writes reach the disk, and how its write-ahead log stays small: a thread of its own.

    Syncer(path, interval).check()    before each append: raises what went wrong since the last
    Syncer.written(rows)              after each append: wakes the thread where it sleeps; never waits
    Syncer.sync_now()                 in the caller's thread: all that was appended is on the disk
    Syncer.close()                    syncs what is left and ends the thread

| spool_sync | an outcome survives a power cut | cost |
| --- | --- | --- |
| always | as soon as append() has returned | a sync of the loop itself (synchronous = FULL), none here |
| group | within spool_sync_interval of append() | a sync of this thread an interval, if need be |
| none | when the system writes it | none |

A killed process loses nothing in any of them. The thread syncs the log through a descriptor of its own and
copies it into the database through a connection of its own (PASSIVE, which never holds up a writer). Because
a busy writer never lets PASSIVE reach the end, the log would grow for ever; so past LOG_LIMIT the short rest
is copied with the writer shut out (RESTART), and the log begins anew in place: a pause of two syncs for each
LOG_LIMIT written.

What goes wrong here is kept and raised by the next check(). Source: SQLite "Write-Ahead Logging" 2.3, 2.4;
ours.
"""

import os
import sqlite3
from pathlib import Path
from threading import Event, Thread
from typing import Final

from fastsmtp.errors import SpoolError
from fastsmtp.spool.storage import connect, trouble

WRITES_A_CHECKPOINT: Final = 2048  # a write is a page of 4 KiB or two: 8 to 16 MiB
ROWS_A_PAGE: Final = 32  # of outcomes, roughly: a large append counts as several writes
LOG_LIMIT: Final = 16384  # pages: 64 MiB
REST_LIMIT: Final = 256  # pages that may be left for RESTART to copy: a few milliseconds
UNSYNCED_PAUSE: Final = 0.05  # seconds between two looks at the log where nothing is synced


class Syncer:
    """Keeps one shard's log synced and short. `interval` in seconds; None: only short."""

    def __init__(self, path: Path, interval: float | None) -> None:
        self._path = path
        self._interval = interval
        self._writes = 0  # since the last checkpoint; two threads count, and a lost count does no harm
        self._unsynced = False
        self._asleep = False
        self._closing = False
        self._wake = Event()
        self._failure: SpoolError | None = None
        self._connection = connect(path)
        self._log = os.open(f"{path}-wal", os.O_RDONLY | os.O_CLOEXEC)
        self._thread = Thread(target=self._run, name=f"sync {path.name}", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Raises SpoolError if the thread could not do its part: then nothing more may be appended."""
        if self._failure:
            raise self._failure

    def written(self, rows: int) -> None:
        """Says that `rows` outcomes were appended."""
        self._writes += 1 + rows // ROWS_A_PAGE
        self._unsynced = True
        if self._asleep:
            self._asleep = False
            self._wake.set()

    def sync_now(self) -> None:
        """Returns when all that was appended is on the disk. OSError."""
        self._unsynced = False
        os.fdatasync(self._log)

    def close(self) -> None:
        """Ends the thread after a last sync. Raises SpoolError if that, or anything before it, failed."""
        if self._closing:
            return
        self._closing = True
        self._wake.set()
        self._thread.join()
        self._connection.close()
        os.close(self._log)
        if self._failure:
            raise self._failure

    def _run(self) -> None:
        try:
            while not self._closing:
                self._sleep()
                self._sync()
                if self._writes >= WRITES_A_CHECKPOINT:
                    self._checkpoint()
        except (sqlite3.Error, OSError) as error:
            self._failure = trouble(error, self._path)

    def _sleep(self) -> None:
        """Returns an interval after the first write that is not synced yet, or at once when closing."""
        self._wake.clear()
        self._asleep = True
        if (
            not self._unsynced and not self._closing
        ):  # looked at after `_asleep`: a write in between sets the event
            self._wake.wait()
        self._asleep = False
        if not self._closing:
            self._wake.clear()
            self._wake.wait(self._interval or UNSYNCED_PAUSE)

    def _sync(self) -> None:
        if self._unsynced:
            self._unsynced = False  # before the sync: what is written during it is for the next
            if self._interval is not None:
                os.fdatasync(self._log)

    def _checkpoint(self) -> None:
        self._writes = 0
        _, pages, copied = self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        if pages > LOG_LIMIT and pages - copied <= REST_LIMIT:
            self._connection.execute("PRAGMA wal_checkpoint(RESTART)")
