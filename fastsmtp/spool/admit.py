"""The import: the rows of a list become the recipients of a new shard, in destination order.

    admit(path, job, chunks, progress)    writes NAME.db.part, then renames it to `path`

Rows are staged as they come, sorted once by SQLite (on disk beyond SORT_MEMORY), and compared with their
neighbours for duplicates and for the borders between domains; so memory does not grow with the list. Nothing
is journalled or synced before the end: an import that is interrupted leaves a file that the next one throws
away, and `path` is either absent or complete and on the disk.

Tried: a unique index on the address (random writes once it outgrows the cache), GROUP BY (half a microsecond
a row more than the comparison with neighbours), sorted runs merged in Python (no faster, and a second format
of file). Source: Postfix's recipient order (spec: queue, 3.3) and duplicates (3.1; ours are exact, without
limit).
"""

import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Final

from fastsmtp.errors import SpoolError
from fastsmtp.spool.records import Chunk, JobRecord, Rejected, Row
from fastsmtp.spool.storage import APPLICATION_ID, FORMAT, connect, sync_directory, translated

SCHEMA: Final = Path(__file__).with_name("schema.sql")  # importlib.resources costs as much as SQLite to load
SORT_MEMORY: Final = 8192  # KiB: small enough that a list of 100,000 rows already sorts in runs
STAGE_MEMORY: Final = 1024  # KiB
ROWS_A_STATEMENT: Final = 100  # halves the cost of a row against one at a time; more gains little

STAGE_ONE: Final = "INSERT INTO stage.staged VALUES (?, ?, ?, ?, ?)"
STAGE_MANY: Final = STAGE_ONE + ", (?, ?, ?, ?, ?)" * (ROWS_A_STATEMENT - 1)

# ' ' sorts before every byte of a domain, so the joined text sorts as the pair does, and is compared faster
SORT: Final = """
    INSERT INTO recipient (domain, address, line, fields, key)
    SELECT domain, address, line, fields, nullif(key, address) FROM stage.staged
    ORDER BY domain || ' ' || key, line
"""
# The rows that begin a domain, and those whose address is their neighbour's (`repeats` 1)
COMPARE: Final = """
    INSERT INTO stage.edge (id, repeats)
    SELECT row.id, row.domain = before.domain
    FROM recipient AS row JOIN recipient AS before ON before.id = row.id - 1
    WHERE row.domain <> before.domain
       OR (? AND coalesce(row.key, row.address) = coalesce(before.key, before.address))
"""
TAKE_OUT: Final = (
    """INSERT INTO duplicate (id, line, address, first_line)
       SELECT recipient.id, line, address, 0 FROM stage.edge JOIN recipient USING (id) WHERE repeats""",
    "DELETE FROM recipient WHERE id IN (SELECT id FROM duplicate)",
    # What is left just before a duplicate is the row that it repeats
    """UPDATE duplicate SET first_line =
       (SELECT line FROM recipient WHERE recipient.id < duplicate.id ORDER BY recipient.id DESC LIMIT 1)""",
)
DESTINATIONS: Final = (
    "INSERT INTO stage.border (first_id) SELECT id FROM stage.edge WHERE NOT repeats ORDER BY id",
    """INSERT INTO stage.range (first_id, last_id)
       SELECT this.first_id, coalesce(next.first_id - 1, ?) FROM stage.border AS this
       LEFT JOIN stage.border AS next ON next.rank = this.rank + 1""",
    """INSERT INTO destination (domain, first_id, last_id, count)
       SELECT domain, first_id, last_id, last_id - first_id + 1
              - (SELECT count(*) FROM duplicate WHERE duplicate.id BETWEEN first_id AND last_id) AS size
       FROM stage.range JOIN recipient ON recipient.id = first_id ORDER BY size DESC, first_id""",
)


def admit(path: Path, job: JobRecord, chunks: Iterable[Chunk], progress: Callable[[int], None]) -> None:
    """Creates the shard `path` from `chunks`; the caller holds its lock.

    `progress` is called after each chunk with the number of rows read so far, good and bad. Raises
    SpoolError; what `chunks` raises passes through. In both cases nothing is left behind.
    """
    if path.exists():
        raise SpoolError(f"{path} is there already: a job's recipients are read once")
    part, stage = path.with_name(path.name + ".part"), path.with_name(path.name + ".stage")
    try:
        with translated(path):
            _discard(part, stage)
            connection = connect(part, "rwc")
            try:
                _fill(connection, stage, job, chunks, progress)
            finally:
                connection.close()
            _put_in_place(part, path)
    finally:
        with suppress(OSError):  # what went wrong first is what counts
            _discard(part, stage)


def _fill(
    connection: sqlite3.Connection,
    stage: Path,
    job: JobRecord,
    chunks: Iterable[Chunk],
    progress: Callable[[int], None],
) -> None:
    for pragma in ("journal_mode = OFF", "synchronous = OFF", "locking_mode = EXCLUSIVE"):
        connection.execute(f"PRAGMA {pragma}")
    connection.executescript(SCHEMA.read_text("utf-8"))
    connection.execute("ATTACH ? AS stage", (os.fspath(stage),))
    for pragma in ("journal_mode = OFF", "synchronous = OFF", f"cache_size = -{STAGE_MEMORY}"):
        connection.execute(f"PRAGMA stage.{pragma}")
    connection.execute(f"PRAGMA main.cache_size = -{SORT_MEMORY}")
    connection.execute("CREATE TABLE stage.staged (line, address, domain, key, fields)")
    connection.execute("CREATE TABLE stage.edge (id INTEGER PRIMARY KEY, repeats)")
    connection.execute("CREATE TABLE stage.border (rank INTEGER PRIMARY KEY, first_id)")
    connection.execute("CREATE TABLE stage.range (first_id INTEGER PRIMARY KEY, last_id)")
    connection.execute("BEGIN")
    rejected = _stage(connection, chunks, progress)
    connection.execute(SORT)
    duplicate, last_id = _settle_neighbours(connection, skip=job.duplicates == "skip")
    _record_job(connection, job, rejected, duplicate, last_id)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {FORMAT}")
    connection.execute("COMMIT")


def _stage(connection: sqlite3.Connection, chunks: Iterable[Chunk], progress: Callable[[int], None]) -> int:
    rows = bad_rows = 0
    for good, bad in chunks:
        _stage_rows(connection, good)
        if bad:
            _keep_rejected(connection, bad)
        rows += len(good) + len(bad)
        bad_rows += len(bad)
        progress(rows)
    return bad_rows


def _stage_rows(connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
    whole = len(rows) - len(rows) % ROWS_A_STATEMENT
    flat = tuple(chain.from_iterable(rows[:whole]))
    width = ROWS_A_STATEMENT * 5
    for start in range(0, len(flat), width):
        connection.execute(STAGE_MANY, flat[start : start + width])
    connection.executemany(STAGE_ONE, rows[whole:])


def _keep_rejected(connection: sqlite3.Connection, rows: Sequence[Rejected]) -> None:
    connection.executemany(
        "INSERT INTO rejected (line, address, reason) VALUES (?, ?, ?)",
        ((line, _printable(address), _printable(reason)) for line, address, reason in rows),
    )


def _printable(text: str) -> str:
    # Control characters and bytes that were no text may be what is wrong with it; Postfix shows "?" too
    return text if text.isprintable() else "".join(char if char.isprintable() else "?" for char in text)


def _settle_neighbours(connection: sqlite3.Connection, *, skip: bool) -> tuple[int, int]:
    """Fills `duplicate` and `destination`. Returns the number of duplicates and the highest id."""
    (last_id,) = connection.execute("SELECT coalesce(max(id), 0) FROM recipient").fetchone()
    if not last_id:
        return 0, 0
    connection.execute("INSERT INTO stage.edge VALUES (1, 0)")
    connection.execute(COMPARE, (skip,))
    duplicates = connection.execute(TAKE_OUT[0]).rowcount
    if duplicates:
        for statement in TAKE_OUT[1:]:
            connection.execute(statement)
    borders, ranges, destinations = DESTINATIONS
    connection.execute(borders)
    connection.execute(ranges, (last_id,))
    connection.execute(destinations)
    return duplicates, last_id


def _record_job(
    connection: sqlite3.Connection, job: JobRecord, rejected: int, duplicate: int, last_id: int
) -> None:
    connection.execute(
        "INSERT INTO job VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            job.name,
            job.created_at,
            job.sender,
            job.template,
            job.duplicates,
            job.fields_format,
            json.dumps(job.columns, ensure_ascii=False),
            job.message,
            job.fingerprint,
            last_id - duplicate,
            rejected,
            duplicate,
            last_id,
        ),
    )
    connection.executemany("INSERT INTO setting VALUES (?, ?)", job.settings.items())


def _put_in_place(part: Path, path: Path) -> None:
    """Makes the file durable under its name. `part` has no open connection any more."""
    file = os.open(part, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)
    part.rename(path)
    sync_directory(path.parent)


def _discard(*paths: Path) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
