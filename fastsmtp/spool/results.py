"""The results of a shard as rows, straight from SQL.

    read(path, include_waiting=...)    a row for each row of the list: recipients in destination order, then
                                       rejected rows, then duplicates

Reads through a connection of its own, in one transaction: a run may go on meanwhile in this process, in
another thread too, and does not change what is read. The last outcome of each recipient is found by one sort,
on disk beyond SQLite's cache. A recipient that waits has status `deferred`, no `finished`, and the reply of
its last attempt if there was one.

Does not know what the file looks like: fastsmtp.report.results writes it. Source: design page, section 2.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from fastsmtp.outcome.outcome import DEFERRED
from fastsmtp.spool.records import Result
from fastsmtp.spool.storage import check_format, connect, translated

BAD_ADDRESS: Final = "5.1.3"  # RFC 3463: bad destination mailbox address syntax

LAST_OUTCOMES: Final = "CREATE TEMP TABLE last (recipient INTEGER PRIMARY KEY, outcome INTEGER)"
FILL: Final = (
    "INSERT INTO temp.last SELECT recipient, max(id) FROM outcome GROUP BY recipient ORDER BY recipient"
)

RESULTS: Final = f"""
    SELECT address, coalesce(status, '{DEFERRED}'), coalesce(dsn, ''), coalesce(reply, ''),
           coalesce(relay, ''), coalesce(attempts, 0), CAST(coalesce(first_attempt_at, 0) AS INTEGER),
           CASE WHEN status <> '{DEFERRED}' THEN CAST(finished_at AS INTEGER) ELSE 0 END,
           CAST(delay * 100 + 0.5 AS INTEGER) / 100.0, coalesce(tls, ''), coalesce(queue_id, '')
    FROM recipient LEFT JOIN temp.last ON last.recipient = recipient.id
                   LEFT JOIN outcome ON outcome.id = last.outcome
                   LEFT JOIN peer ON peer.id = outcome.peer
    WHERE :include_waiting OR coalesce(status, '{DEFERRED}') <> '{DEFERRED}'
"""
UNSENT: Final = f"""
    SELECT address, 'rejected', '{BAD_ADDRESS}', 'line ' || line || ': ' || reason, '', 0, 0, 0, NULL, '', ''
    FROM rejected
    UNION ALL
    SELECT address, 'duplicate', '', 'line ' || line || ': the address of line ' || first_line || ' again',
           '', 0, 0, 0, NULL, '', ''
    FROM duplicate
"""


def read(path: Path, *, include_waiting: bool) -> Iterator[Result]:
    """Yields a row for each row of the list; those that wait only if asked for. Raises SpoolError."""
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
