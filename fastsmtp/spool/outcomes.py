"""Outcomes: appended in one write a loop turn, counted in the books, deferrals put on the schedule.

    Outcomes.append(outcomes, ahead)    one transaction, all or none: written when it returns, not yet synced
    Outcomes.due(now, limit)     deferred recipients whose time has come
    Outcomes.next_due()          when to ask again
    Outcomes.books()             the counters, as they stand

The write of a loop turn is one prepared INSERT of as many rows as there are (up to ROWS_A_STATEMENT), which
SQLite commits by itself: a BEGIN and a COMMIT of their own would cost half as much again. Relay and TLS
summary, the same for every message of a session, are kept once (table peer) and named by number. The schedule
is a temporary table, on disk beyond SQLite's cache; recovery.py fills it anew from the outcomes.

`ahead` are rows written before what they speak of has happened (at-most-once: `unknown`, before a message's
end leaves). They stand for a run that ends now: while this one lasts they count for nothing and schedule
nothing, and the next row of the same recipient takes their place.

Does not sync: that is sync.py. sqlite3 errors pass through; the counters then stand as before.
Source: ours (design page, section 3, "Durability is said, not implied").
"""

import sqlite3
from collections.abc import Sequence
from typing import Final

from fastsmtp.mail.recipient import Recipient
from fastsmtp.outcome.outcome import BOUNCED, CANCELLED, DEFERRED, EXPIRED, SENT, UNKNOWN, Outcome
from fastsmtp.spool.records import Books
from fastsmtp.spool.recovery import Tally

ROWS_A_STATEMENT: Final = 32  # each number of rows up to this is a prepared statement of its own
KNOWN_PEERS_LIMIT: Final = 4096  # then the numbers are forgotten, and the texts are written once more

COLUMNS: Final = (
    "recipient, status, dsn, reply, peer, attempts, first_attempt_at, finished_at, delay, queue_id, retry_at"
)
VALUES: Final = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
WIDTH: Final = VALUES.count("?")
APPEND: Final = [
    f"INSERT INTO outcome ({COLUMNS}) VALUES {', '.join([VALUES] * rows)}"
    for rows in range(ROWS_A_STATEMENT + 1)
]
SCHEDULE_WIDTH: Final = 4
SCHEDULE: Final = [
    f"INSERT OR REPLACE INTO temp.retry VALUES {', '.join(['(?, ?, ?, ?)'] * rows)}"
    for rows in range(ROWS_A_STATEMENT + 1)
]

DUE: Final = """
    SELECT recipient.id, address, domain, line, fields,
           chosen.attempts, chosen.first_attempt_at, chosen.retry_at
    FROM (SELECT * FROM temp.retry WHERE retry_at <= ? ORDER BY retry_at, recipient LIMIT ?) AS chosen
    CROSS JOIN recipient ON recipient.id = chosen.recipient
    ORDER BY chosen.retry_at, chosen.recipient
"""


class Outcomes:
    """The writing half of one open shard: `connection` as recovery left it, `tally` as it counted."""

    def __init__(self, connection: sqlite3.Connection, tally: Tally) -> None:
        self._execute = connection.execute
        self._executemany = connection.executemany
        self._tally = tally
        self._retrying: set[int] = (
            set()
        )  # handed out by due(), no outcome yet: counted as deferred, not as untried
        self._peers: dict[tuple[str, str], int] = {}
        self._new_peers: list[tuple[int, str, str]] = []
        self._last_peer: int = self._execute("SELECT coalesce(max(id), 0) FROM peer").fetchone()[0]

    # --- what a loop turn brought

    def append(self, outcomes: Sequence[Outcome], ahead: Sequence[Outcome] = ()) -> None:
        """Records `ahead`, then `outcomes`, all or none. After an error nothing is counted, the call may be
        repeated.
        """
        flat: list[object] = []
        schedule: list[object] = []
        if ahead:
            self._flatten(ahead, flat, [])
        self._flatten(outcomes, flat, schedule)
        if not flat:
            return
        if schedule:  # first: repeated after an error, it changes nothing
            self._insert(SCHEDULE, SCHEDULE_WIDTH, schedule)
        self._write(flat, len(ahead) + len(outcomes))
        self._count(outcomes)

    def _flatten(self, outcomes: Sequence[Outcome], flat: list[object], schedule: list[object]) -> None:
        """The values of the rows; those of deferred ones for the schedule too."""
        peers = self._peers
        extend = flat.extend
        for outcome in outcomes:
            # Unpacked by place: half the cost of asking the tuple for each name
            recipient, status, dsn, reply, relay, attempts, first, finished, delays, tls, queue_id, retry = (
                outcome[:12]
            )
            number = recipient[0]
            peer = peers.get((relay, tls)) or self._name_peer(relay, tls)
            before_active, in_queue, setup, transmission = delays
            delay = before_active + in_queue + setup + transmission
            extend((number, status, dsn, reply, peer, attempts, first, finished, delay, queue_id, retry))
            if status == DEFERRED:
                schedule += (retry, number, attempts, first)

    def _write(self, flat: list[object], rows: int) -> None:
        if rows <= ROWS_A_STATEMENT and not self._new_peers:
            self._execute(APPEND[rows], flat)
            return
        try:
            self._execute("BEGIN IMMEDIATE")
            self._executemany("INSERT INTO peer VALUES (?, ?, ?)", self._new_peers)
            self._insert(APPEND, WIDTH, flat)
            self._execute("COMMIT")
        except sqlite3.Error:
            self._forget_new_peers()
            self._roll_back()
            raise
        self._new_peers.clear()

    def _insert(self, statements: Sequence[str], width: int, flat: list[object]) -> None:
        step = ROWS_A_STATEMENT * width
        for start in range(0, len(flat), step):
            block = flat[start : start + step]
            self._execute(statements[len(block) // width], block)

    def _roll_back(self) -> None:
        # SQLite itself rolls back on some errors (a full disk among them): then there is nothing to do
        try:
            self._execute("ROLLBACK")
        except sqlite3.OperationalError as error:
            if "no transaction is active" not in str(error):
                raise

    def _name_peer(self, relay: str, tls: str) -> int:
        if len(self._peers) >= KNOWN_PEERS_LIMIT:
            self._peers.clear()
        number = self._last_peer = self._last_peer + 1
        self._peers[relay, tls] = number
        self._new_peers.append((number, relay, tls))
        return number

    def _forget_new_peers(self) -> None:
        for _, relay, tls in self._new_peers:
            self._peers.pop((relay, tls), None)
        self._new_peers.clear()

    def _count(self, outcomes: Sequence[Outcome]) -> None:
        tally, retrying = self._tally, self._retrying
        by_status = tally.by_status
        for outcome in outcomes:
            status = outcome[1]
            by_status[status] = by_status.get(status, 0) + 1
        if not retrying:
            tally.untried -= len(outcomes)
            return
        for outcome in outcomes:
            number = outcome[0][0]
            if number in retrying:
                retrying.remove(number)
                by_status[DEFERRED] -= 1
            else:
                tally.untried -= 1

    # --- retries

    def due(self, now: float, limit: int) -> list[Recipient]:
        """Up to `limit` deferred recipients with retry_at <= now, the longest due first, put in order of ids.

        They leave the schedule: each is handed out once, until an outcome defers it again.
        """
        rows = self._execute(DUE, (now, limit)).fetchall()
        if not rows:
            return []
        last_at, last_id = rows[-1][7], rows[-1][0]
        self._execute("DELETE FROM temp.retry WHERE (retry_at, recipient) <= (?, ?)", (last_at, last_id))
        rows.sort()  # by id: those of one domain stand together
        self._retrying.update(row[0] for row in rows)
        return [Recipient._make(row[:7]) for row in rows]

    def flush(self) -> None:
        """The whole schedule is due now, in order of ids."""
        self._execute(
            "INSERT OR REPLACE INTO temp.retry "
            "SELECT 0.0, recipient, attempts, first_attempt_at FROM temp.retry WHERE retry_at > 0"
        )
        self._execute("DELETE FROM temp.retry WHERE retry_at > 0")

    def next_due(self) -> float | None:
        """The earliest retry_at on the schedule; None if it is empty."""
        moment: float | None = self._execute("SELECT min(retry_at) FROM temp.retry").fetchone()[0]
        return moment

    # --- books

    def books(self) -> Books:
        """The counters. What is in flight counts as untried or deferred."""
        tally = self._tally
        count = tally.by_status.get
        return Books(
            rows=tally.recipients + tally.rejected + tally.duplicate,
            sent=count(SENT, 0),
            bounced=count(BOUNCED, 0),
            expired=count(EXPIRED, 0),
            cancelled=count(CANCELLED, 0),
            unknown=count(UNKNOWN, 0),
            rejected=tally.rejected,
            duplicate=tally.duplicate,
            untried=tally.untried,
            deferred=count(DEFERRED, 0),
        )
