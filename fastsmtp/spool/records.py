"""The words of the spool's interface: what goes in and out beside recipients and outcomes.

    JobRecord    what a job began with, so that a continued run goes on with the same message and sender
    Books        how many rows of the list stand where; they balance at any moment
    Destination  one domain of the list and the range of its recipients' ids
    Spool        the interface itself: Shard (SQLite) and NullSpool (nothing) have it

Knows no SQL and no file. Source: ours (design page, section 3, "The books always balance").
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol

from fastsmtp.mail.recipient import Recipient
from fastsmtp.outcome.outcome import Outcome

# As fastsmtp.job.rows gives them: (line, address, domain, key, fields) and (line, address, reason)
Row = tuple[int, str, str, str, str]
Rejected = tuple[int, str, str]
# As fastsmtp.report.results takes them: email, status, dsn, reply, relay, attempts, first_attempt, finished
# (both whole seconds of Unix time, 0 for none), delay (seconds, None for none), tls, queue_id
Result = tuple[str, str, str, str, str, int, int, int, float | None, str, str]
Chunk = tuple[Sequence[Row], Sequence[Rejected]]


@dataclass(frozen=True, slots=True)
class JobRecord:
    """A job as the spool keeps it. Times are Unix times in seconds."""

    name: str
    created_at: float
    sender: str
    template: str  # "none" or "jinja"
    duplicates: str  # "skip" or "allow"
    fields_format: str  # how Recipient.fields is packed (fastsmtp.job.rows)
    columns: tuple[str, ...]  # names of the packed fields
    message: bytes
    fingerprint: str  # of the list
    settings: Mapping[str, str] = field(default_factory=dict)


class Books(NamedTuple):
    """Rows of the list by what became of them.

    rows = sent + bounced + expired + cancelled + unknown + rejected + duplicate + untried + deferred, where
    untried and deferred count those in flight too: the spool learns of a delivery when its outcome is
    appended.
    """

    rows: int
    sent: int
    bounced: int
    expired: int
    cancelled: int
    unknown: int
    rejected: int
    duplicate: int
    untried: int
    deferred: int

    @property
    def waiting(self) -> int:
        """Recipients without a final outcome, in flight or not."""
        return self.untried + self.deferred

    @classmethod
    def total(cls, books: Iterable["Books"]) -> "Books":
        """The books of several shards as those of one job."""
        return cls(*map(sum, zip(cls(*[0] * len(cls._fields)), *books, strict=True)))


class Destination(NamedTuple):
    """One domain that has recipients never tried when the spool was opened."""

    rank: int  # from 1, the largest first: the place to go on from
    domain: str
    first_id: int
    last_id: int
    waiting: int  # recipients never tried when the spool was opened


class Spool(Protocol):
    """What the worker needs of a spool. Every call may raise SpoolError; then nothing more may be sent."""

    job: JobRecord
    hosts_path: Path | None  # where what is learned of hosts is kept, for all jobs beside this one

    def destinations(self, after_rank: int, limit: int) -> list[Destination]:
        """The next `limit` destinations behind `after_rank`, largest first; [] at the end."""

    def window(self, after_id: int, last_id: int, limit: int) -> list[Recipient]:
        """Up to `limit` recipients never tried before this run, after_id < id <= last_id, ascending."""

    def due(self, now: float, limit: int) -> list[Recipient]:
        """Up to `limit` deferred recipients whose time has come, by id; each once until its next outcome."""

    def next_due(self) -> float | None:
        """When the next of `due` becomes due; None if nothing is scheduled."""

    def flush(self) -> None:
        """Makes every retry on the schedule due at once: who starts a run by hand wants it."""

    def append(self, outcomes: Sequence[Outcome], ahead: Sequence[Outcome] = ()) -> None:
        """Records the outcomes of one loop turn, all or none. `ahead`: what recipients that are still in
        flight come to if the run ends now; on the disk, whatever the policy, when this returns.
        """

    def books(self) -> Books:
        """Where the rows of the list stand."""

    def results(self, include_waiting: bool) -> Iterable[Result]:
        """A row for each row of the list; those that wait only if asked for."""

    def close(self) -> None:
        """Makes all durable and lets go of the spool. Safe to call twice."""
