"""The host memory's file: a small table that the jobs of one spool directory, and their processes, share.

    HostFile(path, warn)
    read(address, port)     what is written of a peer, or None
    write(hosts, oldest)    adds or replaces; forgets rows last seen before `oldest`, and the oldest beyond
    LIMIT
    rows()                  all of it, for people
    close()

A memory, not a record: nothing is synced, a file that is damaged or not ours is warned of once and left
alone, and then, as where another process holds it, the run goes on without. Opened when first asked; made
when there is something to write. Whoever deletes it between two runs loses nothing but what was learned.
Source: ours.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from fastsmtp.mail.known_host import KnownHost
from fastsmtp.spool.storage import make_directory

APPLICATION_ID: Final = 0x66736D68  # "fsmh"
FORMAT: Final = 1
LIMIT: Final = 100_000  # rows: some 10 MiB
PATIENCE: Final = 0.25  # seconds that another process may hold the file: its write takes milliseconds

TABLE: Final = """
    CREATE TABLE IF NOT EXISTS host (
        address TEXT NOT NULL, port INTEGER NOT NULL,
        offers TEXT NOT NULL, plain_at REAL NOT NULL, window INTEGER NOT NULL,
        messages INTEGER NOT NULL, closings INTEGER NOT NULL, closed_at REAL NOT NULL, seen_at REAL NOT NULL,
        PRIMARY KEY (address, port)) WITHOUT ROWID
"""
FACTS: Final = ", ".join(KnownHost._fields)
READ: Final = f"SELECT {FACTS} FROM host WHERE address = ? AND port = ?"
READ_ALL: Final = f"SELECT address, port, {FACTS} FROM host ORDER BY address, port"
WRITE: Final = f"INSERT OR REPLACE INTO host (address, port, {FACTS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
FORGET: Final = "DELETE FROM host WHERE seen_at < ?"
FORGET_OLDEST: Final = """
    DELETE FROM host WHERE (address, port) IN
    (SELECT address, port FROM host ORDER BY seen_at DESC LIMIT -1 OFFSET ?)
"""


class HostFile:
    """`warn` hears once what is wrong with the file."""

    def __init__(self, path: Path, warn: Callable[[str], None]) -> None:
        self._path = path
        self._warn = warn
        self._connection: sqlite3.Connection | None = None
        self._given_up = False

    def read(self, address: str, port: int) -> KnownHost | None:
        """Never raises: what cannot be read is not known."""
        if self._given_up or (self._connection is None and not self._path.exists()):
            return None
        try:
            row = self._open().execute(READ, (address, port)).fetchone()
        except (sqlite3.Error, OSError) as error:
            self._note(error)
            return None
        return None if row is None else KnownHost._make(row)

    def write(self, hosts: Mapping[tuple[str, int], KnownHost], oldest: float) -> bool:
        """All or none; False where another process holds the file: to be repeated."""
        if self._given_up:
            return True
        try:
            make_directory(self._path.parent)
            connection = self._open()
            connection.execute("BEGIN IMMEDIATE")
            with connection:
                connection.executemany(WRITE, [(*key, *known) for key, known in hosts.items()])
                connection.execute(FORGET, (oldest,))
                connection.execute(FORGET_OLDEST, (LIMIT,))
        except (sqlite3.Error, OSError) as error:
            return not self._note(error)
        return True

    def rows(self) -> Iterator[tuple[str, int, KnownHost]]:
        """By address. Nothing where there is no file, or none that can be read."""
        if self._given_up or not self._path.exists():
            return
        try:
            for address, port, *facts in self._open().execute(READ_ALL):
                yield address, port, KnownHost._make(facts)
        except (sqlite3.Error, OSError) as error:
            self._note(error)

    def close(self) -> None:
        """Safe to call twice."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            connection = sqlite3.connect(self._path, timeout=PATIENCE, isolation_level=None)
            try:
                _prepare(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _note(self, error: sqlite3.Error | OSError) -> bool:
        """Whether it may go better the next time; else it is the last time."""
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
            return True
        self._given_up = True
        self.close()
        self._warn(
            f"{self._path}: {error}: going on without what was learned of hosts; remove it to begin anew"
        )
        return False


def _prepare(connection: sqlite3.Connection) -> None:
    """Makes the table in a new file; sqlite3.DatabaseError for a file that is something else."""
    connection.execute("PRAGMA synchronous = OFF")
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if not (application or version or tables):
        connection.execute("BEGIN IMMEDIATE")
        with connection:
            connection.execute(TABLE)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {FORMAT}")
    elif (application, version) != (APPLICATION_ID, FORMAT):
        raise sqlite3.DatabaseError("not a table of hosts that this version reads")
