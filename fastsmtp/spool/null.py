"""A spool that keeps nothing: the same interface, no file, to measure all the rest without it.

    NullSpool(job, chunks)     recipients from a list, held in memory in destination order
    NullSpool.made(job, rows)  recipients made up: user N of `domains` domains, no list at all

Deferred recipients are handed out again from a heap. Nothing survives close(); duplicates are not looked for,
results() is empty. For notices of our own, benchmarks and tests. Source: the idea is OpenSMTPD's
queue_null.c.
"""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Self

from fastsmtp.mail.recipient import Recipient
from fastsmtp.outcome.outcome import BOUNCED, CANCELLED, DEFERRED, EXPIRED, SENT, UNKNOWN, Outcome
from fastsmtp.spool.records import Books, Chunk, Destination, JobRecord, Result


class NullSpool:
    """Hands out recipients, counts outcomes, forgets them."""

    def __init__(self, job: JobRecord, chunks: Iterable[Chunk]) -> None:
        self.job = job
        self.hosts_path: Path | None = None
        good: list[tuple[str, str, int, str, str]] = []
        self._rejected = 0
        for rows, bad in chunks:
            good.extend((domain, key, line, address, fields) for line, address, domain, key, fields in rows)
            self._rejected += len(bad)
        good.sort()
        self._recipients = [
            Recipient(place, address, domain, line, fields, 0, 0.0)
            for place, (domain, _, line, address, fields) in enumerate(good, 1)
        ]
        self._destinations = _destinations(self._recipients)
        self._retries: list[tuple[float, int, Recipient]] = []
        self._retrying: set[int] = set()
        self._count = dict.fromkeys((SENT, BOUNCED, EXPIRED, CANCELLED, UNKNOWN, DEFERRED), 0)
        self._untried = len(self._recipients)

    @classmethod
    def made(cls, job: JobRecord, rows: int, domains: int = 1, fields: str = "") -> Self:
        """A spool of `rows` recipients, spread evenly over `domains` domains under .example."""
        names = [f"domain{number}.example" for number in range(domains)]
        addresses = (
            (line, f"user{line}@{names[line % domains]}", names[line % domains])
            for line in range(1, rows + 1)
        )
        return cls(
            job, [([(line, address, domain, address, fields) for line, address, domain in addresses], [])]
        )

    def destinations(self, after_rank: int, limit: int) -> list[Destination]:
        """As records.Spool says."""
        return self._destinations[after_rank : after_rank + limit]

    def window(self, after_id: int, last_id: int, limit: int) -> list[Recipient]:
        """As records.Spool says."""
        return self._recipients[after_id : min(last_id, after_id + limit)]

    def due(self, now: float, limit: int) -> list[Recipient]:
        """As records.Spool says."""
        due: list[Recipient] = []
        while self._retries and self._retries[0][0] <= now and len(due) < limit:
            due.append(heapq.heappop(self._retries)[2])
        self._retrying.update(recipient.id for recipient in due)
        return sorted(due)

    def flush(self) -> None:
        """As records.Spool says."""
        self._retries = [(0.0, recipient_id, recipient) for _, recipient_id, recipient in self._retries]
        heapq.heapify(self._retries)

    def next_due(self) -> float | None:
        """As records.Spool says."""
        return self._retries[0][0] if self._retries else None

    def append(self, outcomes: Sequence[Outcome], ahead: Sequence[Outcome] = ()) -> None:
        """Counts the outcomes, puts deferred recipients on the heap, forgets all else, and `ahead`."""
        for outcome in outcomes:
            recipient = outcome.recipient
            if recipient.id in self._retrying:
                self._retrying.remove(recipient.id)
                self._count[DEFERRED] -= 1
            else:
                self._untried -= 1
            self._count[outcome.status] += 1
            if outcome.status == DEFERRED:
                again = recipient._replace(
                    attempts=outcome.attempts, first_attempt_at=outcome.first_attempt_at
                )
                heapq.heappush(self._retries, (outcome.retry_at, again.id, again))

    def books(self) -> Books:
        """As records.Spool says."""
        return Books(
            rows=len(self._recipients) + self._rejected,
            sent=self._count[SENT],
            bounced=self._count[BOUNCED],
            expired=self._count[EXPIRED],
            cancelled=self._count[CANCELLED],
            unknown=self._count[UNKNOWN],
            rejected=self._rejected,
            duplicate=0,
            untried=self._untried,
            deferred=self._count[DEFERRED],
        )

    def results(self, include_waiting: bool) -> Iterator[Result]:
        """Nothing: nothing was kept."""
        return iter(())

    def close(self) -> None:
        """Nothing to let go of."""


def _destinations(recipients: Sequence[Recipient]) -> list[Destination]:
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    for recipient in recipients:
        first.setdefault(recipient.domain, recipient.id)
        last[recipient.domain] = recipient.id
    largest = sorted(first, key=lambda domain: (first[domain] - last[domain], first[domain]))
    return [
        Destination(rank, domain, first[domain], last[domain], last[domain] - first[domain] + 1)
        for rank, domain in enumerate(largest, 1)
    ]
