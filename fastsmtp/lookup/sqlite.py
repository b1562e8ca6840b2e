"""sqlite:FILE: rows of an SQLite database, asked by the query of the client file FILE (see `client`).

    dbpath    the database; opened for reading, when the table is. The first column of each row counts

The database is a local file: a question takes microseconds and is asked at once. While another program
keeps it locked the question fails after LOCK_LIMIT, and what hangs on it is deferred.
Source: sqlite_table(5).
"""

import sqlite3
from pathlib import Path
from urllib.parse import quote as quote_path
from weakref import finalize

from fastsmtp.errors import TableError
from fastsmtp.lookup.client import Client
from fastsmtp.lookup.table import Opening, Table, fold

LOCK_LIMIT = 0.1  # seconds that a question may wait for a writer; deliveries stand still meanwhile


class SQLite(Table):
    __slots__ = ("__weakref__", "_client", "_database", "_folded")

    def __init__(self, reference: str, client: Client, database: sqlite3.Connection, *, folded: bool) -> None:
        super().__init__(reference, fixed=True, files=(client.file,), volatile=True)
        self._client = client
        self._database = database
        finalize(self, database.close)  # a table has no end of its own: nobody closes it
        self._folded = folded

    def get(self, key: str) -> str | None:
        if self._folded:
            key = fold(key)
        question = self._client.question(key, quote)
        if question is None:
            return None
        try:
            rows = self._database.execute(question).fetchall()
        except sqlite3.Error as error:
            raise TableError(f"{self.name}: {error}") from None
        return self._client.answer(key, [str(row[0]) for row in rows if row[0] is not None])


def quote(text: str) -> str:
    """`text` for use between single quotes."""
    return text.replace("'", "''")


def opener(reference: str, name: str, opening: Opening) -> Table:
    client = Client.read(Path(name), opening)
    path = client.text("dbpath")
    if not path or not client.query:
        raise TableError(f"{name}: expected dbpath and query")
    try:
        # Asked in one thread, but the table may be collected, and its database closed, in another.
        database = sqlite3.connect(
            f"file:{quote_path(path)}?mode=ro", uri=True, timeout=LOCK_LIMIT, check_same_thread=False
        )
    except sqlite3.Error as error:
        raise TableError(f"open {path}: {error}") from None
    return SQLite(reference, client, database, folded=opening.fold)
