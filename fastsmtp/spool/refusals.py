"""The file of refused passwords: smtp_sasl_auth_cache_name, shared by all processes that name it.

    RefusalFile(path, warn)    a Store for fastsmtp.sasl.refusals: secret, get, put, delete
    close()

It holds digests, and the secret that they are made with: whoever can read it can try out passwords, so only
its owner may. A memory, not a record: a file that is damaged or not ours is warned of once and left alone,
and the run goes on without.
Source: Postfix smtp_sasl_auth_cache(3); the format is ours; spec: sasl, 10.
"""

import os
import secrets
import sqlite3
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Final

from fastsmtp.sasl.refusals import SECRET_SIZE, Refusal

APPLICATION_ID: Final = 0x66737266  # "fsrf"
FORMAT: Final = 1
LIMIT: Final = 10_000  # rows; the oldest are forgotten
PATIENCE: Final = 0.25  # seconds that another process may hold the file: its write takes milliseconds
OWNER_ONLY: Final = 0o600

TABLES: Final = (
    "CREATE TABLE secret (value BLOB NOT NULL)",
    "CREATE TABLE refusal (key TEXT PRIMARY KEY, noted_at REAL NOT NULL, digest BLOB NOT NULL,"
    " dsn TEXT NOT NULL, text TEXT NOT NULL) WITHOUT ROWID",
)
FORGET_OLDEST: Final = """
    DELETE FROM refusal WHERE key IN (SELECT key FROM refusal ORDER BY noted_at DESC LIMIT -1 OFFSET ?)
"""


class RefusalFile:
    """`warn` hears once what is wrong with the file."""

    def __init__(self, path: Path, warn: Callable[[str], None]) -> None:
        self._path = path
        self._warn = warn
        self._connection: sqlite3.Connection | None = None
        self._secret = secrets.token_bytes(SECRET_SIZE)  # until the file's own is read
        self._given_up = False

    def secret(self) -> bytes:
        self._ask("SELECT value FROM secret")
        return self._secret

    def get(self, key: str) -> Refusal | None:
        row = self._ask("SELECT noted_at, digest, dsn, text FROM refusal WHERE key = ?", key)
        return None if row is None else Refusal._make(row)

    def put(self, key: str, refusal: Refusal) -> None:
        self._ask("INSERT OR REPLACE INTO refusal VALUES (?, ?, ?, ?, ?)", key, *refusal)
        self._ask(FORGET_OLDEST, LIMIT)

    def delete(self, key: str) -> None:
        self._ask("DELETE FROM refusal WHERE key = ?", key)

    def close(self) -> None:
        """Safe to call twice."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _ask(self, statement: str, *values: object) -> tuple[object, ...] | None:
        if self._given_up:
            return None
        try:
            row: tuple[object, ...] | None = self._open().execute(statement, values).fetchone()
        except (sqlite3.Error, OSError) as error:
            self._note(error)
            return None
        return row

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, OWNER_ONLY))
            connection = sqlite3.connect(self._path, timeout=PATIENCE, isolation_level=None)
            try:
                self._secret = _prepare(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
            weakref.finalize(self, connection.close)  # settings that are replaced close nothing themselves
        return self._connection

    def _note(self, error: sqlite3.Error | OSError) -> None:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
            return
        self._given_up = True
        self.close()
        self._warn(f"{self._path}: {error}: going on without refused passwords; remove it to begin anew")


def _prepare(connection: sqlite3.Connection) -> bytes:
    """Makes the tables in a new file, and gives its secret; sqlite3.DatabaseError for a file that is
    something else.
    """
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("BEGIN IMMEDIATE")
    with connection:
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if not (application or version or tables):
            for table in TABLES:
                connection.execute(table)
            connection.execute("INSERT INTO secret VALUES (?)", (secrets.token_bytes(SECRET_SIZE),))
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {FORMAT}")
        elif (application, version) != (APPLICATION_ID, FORMAT):
            raise sqlite3.DatabaseError("not a table of refused passwords that this version reads")
        secret: bytes = connection.execute("SELECT value FROM secret").fetchone()[0]
    return secret
