"""What is left to do, worked out when a shard is opened: the last outcome of each recipient decides.

    recover(connection) -> Tally     fills the temporary tables below and counts the books

    temp.gap          the ranges of ids without any outcome, ascending: what window() reads
    temp.retry        deferred recipients by the time of their next attempt: what due() reads
    temp.destination  only if there are outcomes: destinations by what is left of them; hides main.destination

All of it is done by SQLite, on disk beyond its cache, so that memory does not grow with the outcomes. A
recipient that was on the wire when the last run ended has no newer outcome and so is in a gap or in the
schedule again. Source: Postfix's restart (spec: queue, 2.4); ours.
"""

import sqlite3
from dataclasses import dataclass
from typing import Final

from fastsmtp.outcome.outcome import DEFERRED

TABLES: Final = (
    "PRAGMA temp.journal_mode = OFF",  # else the DROP of a large table is journalled, page by page, in memory
    "CREATE TABLE temp.gap (first_id INTEGER PRIMARY KEY, last_id INTEGER NOT NULL)",
    """CREATE TABLE temp.retry (
           retry_at REAL, recipient INTEGER, attempts INTEGER NOT NULL, first_attempt_at REAL NOT NULL,
           PRIMARY KEY (retry_at, recipient)) WITHOUT ROWID""",
)
LAST_OUTCOMES: Final = (
    "CREATE TABLE temp.tried (recipient INTEGER PRIMARY KEY, outcome INTEGER)",
    "INSERT INTO temp.tried SELECT recipient, max(id) FROM outcome GROUP BY recipient ORDER BY recipient",
)
COUNT: Final = (
    "SELECT status, count(*) FROM temp.tried JOIN outcome ON outcome.id = tried.outcome GROUP BY status"
)
SCHEDULE: Final = """
    INSERT INTO temp.retry SELECT retry_at, tried.recipient, attempts, first_attempt_at
    FROM temp.tried JOIN outcome ON outcome.id = tried.outcome
    WHERE status = ? ORDER BY retry_at, tried.recipient
"""
GAPS: Final = (
    # The ids of duplicates are no recipients' either: with them the ranges hold recipients alone
    "INSERT INTO temp.tried SELECT id, NULL FROM duplicate",
    "INSERT OR IGNORE INTO temp.tried VALUES (0, NULL)",
    """INSERT INTO temp.gap
       SELECT this.recipient + 1,
              coalesce((SELECT min(recipient) - 1 FROM temp.tried WHERE recipient > this.recipient), :last_id)
       FROM temp.tried AS this
       WHERE this.recipient < :last_id
         AND NOT EXISTS (SELECT 1 FROM temp.tried AS next WHERE next.recipient = this.recipient + 1)
       ORDER BY this.recipient""",
    "DROP TABLE temp.tried",
)
DESTINATIONS: Final = (
    "CREATE TABLE temp.range (first_id INTEGER PRIMARY KEY, last_id, domain)",
    "INSERT INTO temp.range SELECT first_id, last_id, domain FROM main.destination ORDER BY first_id",
    """CREATE TABLE temp.destination (
           rank INTEGER PRIMARY KEY, domain TEXT, first_id INTEGER, last_id INTEGER, count INTEGER)""",
    """INSERT INTO temp.destination (domain, first_id, last_id, count)
       SELECT domain, range.first_id, range.last_id,
              sum(min(gap.last_id, range.last_id) - max(gap.first_id, range.first_id) + 1) AS size
       FROM temp.gap CROSS JOIN temp.range
         ON range.first_id BETWEEN
            (SELECT max(first_id) FROM temp.range WHERE first_id <= gap.first_id) AND gap.last_id
       GROUP BY range.first_id ORDER BY size DESC, range.first_id""",
    "DROP TABLE temp.range",
)


@dataclass(slots=True)
class Tally:
    """The books while the shard is open; `by_status` counts recipients by their last outcome."""

    recipients: int
    rejected: int
    duplicate: int
    untried: int
    by_status: dict[str, int]


def recover(connection: sqlite3.Connection) -> Tally:
    """Prepares `connection` for Recipients and Retries. sqlite3 errors pass through."""
    recipients, rejected, duplicate, last_id = connection.execute(
        "SELECT recipients, rejected, duplicate, last_id FROM job"
    ).fetchone()
    for statement in TABLES:
        connection.execute(statement)
    by_status: dict[str, int] = {}
    if connection.execute("SELECT EXISTS (SELECT 1 FROM outcome)").fetchone()[0]:
        connection.execute("BEGIN")
        for statement in LAST_OUTCOMES:
            connection.execute(statement)
        by_status.update(connection.execute(COUNT))
        connection.execute(SCHEDULE, (DEFERRED,))
        for statement in GAPS:
            connection.execute(statement, {"last_id": last_id} if ":last_id" in statement else ())
        for statement in DESTINATIONS:
            connection.execute(statement)
        connection.execute("COMMIT")
    elif last_id:
        connection.execute("INSERT INTO temp.gap VALUES (1, ?)", (last_id,))
    connection.execute(
        "PRAGMA temp.journal_mode = MEMORY"
    )  # from here on writes are small, and may be repeated
    return Tally(recipients, rejected, duplicate, recipients - sum(by_status.values()), by_status)
