"""Recipients as they go out: the window of those never tried, and the destinations that have some.

    Recipients.window(after_id, last_id, limit)     never tried before this run, ascending ids
    Recipients.destinations(after_rank, limit)      domains with such recipients, largest first

What had an outcome when the spool was opened is skipped by ranges (table temp.gap, made by recovery.py), so
that a million recipients that are done cost nothing. Within a run the caller's `after_id` keeps a recipient
from going out twice. Does not write. Source: ours; the order is that of Postfix's queue manager (spec: queue,
3.3).
"""

import sqlite3
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

from fastsmtp.mail.recipient import Recipient
from fastsmtp.spool.records import Destination

# The gaps in which after_id lies or that begin behind it, each read as one range of the table
WINDOW: Final = """
    SELECT recipient.id, address, domain, line, fields
    FROM temp.gap CROSS JOIN recipient
      ON recipient.id BETWEEN max(gap.first_id, :start) AND min(gap.last_id, :last_id)
    WHERE gap.first_id <= :last_id
      AND gap.first_id >= (SELECT coalesce(max(first_id), 0) FROM temp.gap WHERE first_id <= :start)
    ORDER BY gap.first_id, recipient.id LIMIT :limit
"""
# temp.destination, where recovery made one, stands before main.destination
DESTINATIONS: Final = """
    SELECT rank, domain, first_id, last_id, count FROM destination WHERE rank > ? ORDER BY rank LIMIT ?
"""


# Recipient._make, without a line of Python a row
as_recipient: Final[Callable[[Iterable[object]], Recipient]] = partial(tuple.__new__, Recipient)


class Recipients:
    """Reads one open shard through `connection`, which recovery has prepared. sqlite3 errors pass through."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute

    def window(self, after_id: int, last_id: int, limit: int) -> list[Recipient]:
        """Up to `limit` recipients never tried before this run, after_id < id <= last_id, ascending."""
        bounds = {"start": after_id + 1, "last_id": last_id, "limit": limit}
        return [as_recipient((*row, 0, 0.0)) for row in self._execute(WINDOW, bounds)]  # never tried

    def destinations(self, after_rank: int, limit: int) -> list[Destination]:
        """The next `limit` destinations behind `after_rank`, largest first; [] at the end."""
        return list(map(Destination._make, self._execute(DESTINATIONS, (after_rank, limit))))
