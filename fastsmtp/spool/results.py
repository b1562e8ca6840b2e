"""The results of a shard as rows, in the order of the results' columns, straight from SQL.

    read(path, include_waiting=...)    recipients in destination order, then rejected rows, then duplicates:
                                       email, status, dsn, reply, relay, attempts, first_attempt, finished,
                                       delay, tls, queue_id

Reads through a connection of its own, in one transaction: a run may go on meanwhile, also in another thread
or process, and does not change what is read. The last outcome of each recipient is found by one sort, on disk
beyond SQLite's cache. A recipient that waits has status `deferred`, an empty `finished`, and the reply of its
last attempt if there was one. Times are ISO 8601 in UTC, to the second; delay is in seconds. Source: design
page, section 2, "The results".
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from fastsmtp.outcome.outcome import DEFERRED
from fastsmtp.spool.storage import check_format, connect, translated

BAD_ADDRESS: Final = "5.1.3"  # RFC 3463: bad destination mailbox address syntax

LAST_OUTCOMES: Final = """
    CREATE TEMP TABLE last (recipient INTEGER PRIMARY KEY, outcome INTEGER)
"""
FILL: Final = (
    "INSERT INTO temp.last SELECT recipient, max(id) FROM outcome GROUP BY recipient ORDER BY recipient"
)


def _moment(column: str) -> str:
    return f"replace(datetime({column}, 'unixepoch'), ' ', 'T') || 'Z'"


RESULTS: Final = f"""
    SELECT * FROM (
        SELECT address, coalesce(status, '{DEFERRED}') AS status, coalesce(dsn, ''), coalesce(reply, ''),
               coalesce(relay, ''), coalesce(attempts, 0),
               CASE WHEN first_attempt_at > 0 THEN {_moment("first_attempt_at")} ELSE '' END,
               CASE WHEN status <> '{DEFERRED}' THEN {_moment("finished_at")} ELSE '' END,
               CASE WHEN delay IS NULL THEN '' ELSE CAST(delay * 100 + 0.5 AS INTEGER) / 100.0 END,
               coalesce(tls, ''), coalesce(queue_id, '')
        FROM recipient LEFT JOIN temp.last ON last.recipient = recipient.id
                       LEFT JOIN outcome ON outcome.id = last.outcome
                       LEFT JOIN peer ON peer.id = outcome.peer
    ) WHERE :include_waiting OR status <> '{DEFERRED}'
"""
UNSENT: Final = f"""
    SELECT address, 'rejected', '{BAD_ADDRESS}', 'line ' || line || ': ' || reason, '', 0, '', '', '', '', ''
    FROM rejected
    UNION ALL
    SELECT address, 'duplicate', '', 'line ' || line || ': the address of line ' || first_line || ' again',
           '', 0, '', '', '', '', ''
    FROM duplicate
"""


def read(path: Path, *, include_waiting: bool) -> Iterator[tuple[object, ...]]:
    """Yields a row for each row of the list. Raises SpoolError."""
    with translated(path):
        connection = connect(path)
        try:
            check_format(connection, path)
            connection.execute("BEGIN")
            connection.execute(LAST_OUTCOMES)
            connection.execute(FILL)
            yield from connection.execute(RESULTS, {"include_waiting": include_waiting})
            yield from connection.execute(UNSENT)
        finally:
            connection.close()
