"""The file under a shard: opening it as SQLite, keeping others out, and saying in words what went wrong.

    connect(path)         a connection, with what all connections of the spool share
    Lock(path)            one writer a shard, across processes (flock; it vanishes with the process)
    trouble(error, path)  sqlite3.Error or OSError -> SpoolError that names the file and what to do
    make_directory(path)  a job's directory, for its owner alone
    check_format(...)     refuses what is not a spool, or is one of another format

A lock file of its own is needed: closing any descriptor of the database would drop SQLite's own locks in this
process. Source: SQLite "How To Corrupt An SQLite Database File" 2.2, "Result and Error Codes"; ours.
"""

import errno
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

from fastsmtp.errors import SpoolError

PRIVATE: Final = 0o700  # the list and the message are in it; Postfix's queue is as private
FORMAT: Final = 1  # PRAGMA user_version of a shard that is complete
APPLICATION_ID: Final = 0x66736D74  # "fsmt"

BUSY_LIMIT: Final = 10.0  # seconds to wait for SQLite's locks: a checkpoint's last step takes milliseconds
KEPT_STATEMENTS: Final = 256  # the prepared appends of 1 to 32 rows among them

PRIMARY_CODE: Final = 0xFF  # SQLite's extended result codes carry the primary one here

FULL: Final = (
    "the disk is full (or that of the directory for temporary files); what was recorded stands: "
    "make room, then run the same command again"
)
DAMAGED: Final = (
    " is damaged ({error}): put back a copy, or move it away to begin the job anew "
    "(which sends again to recipients that are done)"
)
HELD: Final = " is held by another program ({error}): end that program, then try again"
CLOSED: Final = " cannot be opened for writing ({error}): check that it exists and whose it is"
WORDS: Final = {
    sqlite3.SQLITE_FULL: f": {FULL}",
    sqlite3.SQLITE_CORRUPT: DAMAGED,
    sqlite3.SQLITE_NOTADB: DAMAGED,
    sqlite3.SQLITE_BUSY: HELD,
    sqlite3.SQLITE_LOCKED: HELD,
    sqlite3.SQLITE_CANTOPEN: CLOSED,
    sqlite3.SQLITE_READONLY: CLOSED,
    sqlite3.SQLITE_PERM: CLOSED,
    sqlite3.SQLITE_IOERR: ": the disk cannot be read or written ({error})",
}


def connect(path: Path, mode: str = "rw") -> sqlite3.Connection:
    """Opens `path` (`mode` rwc creates it). No transaction is begun unless the SQL says so.

    The connection may pass from thread to thread; two threads must not use it at once. The VFS "unix-excl"
    keeps the locks between connections inside this process, and other processes out: six system calls less a
    write, a quarter of its cost.
    """
    connection = sqlite3.connect(
        f"file:{quote(os.fspath(path))}?mode={mode}&vfs=unix-excl",
        uri=True,
        timeout=BUSY_LIMIT,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=KEPT_STATEMENTS,
    )
    connection.execute(
        "PRAGMA secure_delete = OFF"
    )  # Debian's default zeroes freed pages: a write more for each
    return connection


def check_format(connection: sqlite3.Connection, path: Path) -> None:
    """Raises SpoolError unless the file is a complete spool of the format that this version reads."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID:
        raise SpoolError(f"{path} is not a spool of fastsmtp: name another spool directory")
    if version != FORMAT:
        raise SpoolError(
            f"{path} has spool format {version}, this version reads format {FORMAT}: finish the job "
            "with the version that began it, or name another spool directory"
        )


def trouble(error: sqlite3.Error | OSError, path: Path) -> SpoolError:
    """The SpoolError for `error`, met while working on `path`."""
    if isinstance(error, OSError):
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        return SpoolError(f"{path}: " + (FULL if full else str(error.strerror or error)))
    code = getattr(error, "sqlite_errorcode", None)
    primary = -1 if code is None else code & PRIMARY_CODE
    if "decode to UTF-8" in str(error):  # the module's own error for text that is none: it has no code
        primary = sqlite3.SQLITE_CORRUPT
    return SpoolError(f"{path}" + WORDS.get(primary, ": {error}").format(error=error))


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turns what sqlite3 and the system raise inside into SpoolError."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise trouble(error, path) from error


def make_directory(directory: Path) -> None:
    """Makes it, unless it is there. OSError."""
    directory.mkdir(mode=PRIVATE, parents=True, exist_ok=True)


def sync_directory(directory: Path) -> None:
    """Makes names in it durable: a file that was created or renamed there. OSError passes through."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Lock:
    """The right to write to one shard, held from construction to release(). The file names its process."""

    def __init__(self, shard: Path) -> None:
        path = shard.with_suffix(".lock")
        with translated(path):
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.pread(self._file, 32, 0).decode("ascii", "replace").strip() or "unknown"
                os.close(self._file)
                raise SpoolError(
                    f"{shard} is in use by process {holder}: wait for it to end, or stop it first"
                ) from None
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    @property
    def descriptor(self) -> int:
        """Whoever inherits it holds the lock too; released when all have closed it."""
        return self._file

    def release(self) -> None:
        """Lets others in. The file stays: removing it would let two processes hold two files of one name."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
