"""A shard against a dict: whatever is done to it, in whatever order, both know the same.

A kill is played by going on with a copy of the files as they are at that moment, the log not yet copied into
the database.
"""

import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from fastsmtp.mail.recipient import Recipient
from fastsmtp.outcome.outcome import DEFERRED, Outcome
from fastsmtp.spool.records import Row
from fastsmtp.spool.shard import Shard
from tests.support import spooled
from tests.support.spooled import outcome

STATUSES = ("sent", "bounced", "expired", "cancelled", "unknown", "deferred", "deferred")
UNTRIED = "untried"

addresses = st.builds(
    "{}@{}".format,
    st.sampled_from("abcdeABCDEß-"),
    st.sampled_from(
        ["one.example", "one.example.com", "two.example", "tw.example"]
    ),  # one begins like another
)


class Fate:
    """What the model knows of one recipient."""

    def __init__(self, row: Row) -> None:
        self.row = row
        self.status = UNTRIED
        self.attempts = 0
        self.retry_at = 0.0
        self.in_flight = False
        self.ahead_at = 0.0
        self.ahead = ""  # what the run wrote ahead of it: what it comes to if the run ends

    @property
    def stands(self) -> str:
        """What the last row of it says."""
        return self.ahead or self.status


class SpoolMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.directory = tempfile.TemporaryDirectory()
        self.copies = 0
        self.after_id = 0
        self.now = 0.0
        self.flying: list[Recipient] = []

    @initialize(listed=st.lists(addresses, max_size=60), duplicates=st.sampled_from(["skip", "allow"]))
    def import_list(self, listed: list[str], duplicates: str) -> None:
        rows = spooled.rows(*listed)
        kept: dict[object, Row] = {}
        for row in rows:
            kept.setdefault(row[3] if duplicates == "skip" else row[0], row)
        order = sorted(kept.values(), key=lambda row: (row[2].encode(), row[3].encode(), row[0]))
        self.fates = [Fate(row) for row in order]
        self.rows = len(rows)
        path = Path(self.directory.name) / "0" / "shard-0.db"
        self.shard = Shard.create(path, spooled.job(duplicates=duplicates), [(rows[:7], []), (rows[7:], [])])
        self.numbered()

    def numbered(self) -> None:
        """Ids ascend in order, but leave out the places of duplicates: found out once, they must stay."""
        self.by_id = dict(
            zip((r.id for r in self.shard.window(0, 1 << 40, 1 << 20)), self.fates, strict=True)
        )

    @rule(limit=st.integers(1, 20), reach=st.integers(0, 70))
    def window(self, limit: int, reach: int) -> None:
        last_id = self.after_id + reach
        page = self.shard.window(self.after_id, last_id, limit)
        untouched = [
            number
            for number, fate in self.by_id.items()
            if self.after_id < number <= last_id and fate.status == UNTRIED and not fate.in_flight
        ]
        assert [recipient.id for recipient in page] == untouched[:limit]
        self.after_id = page[-1].id if len(page) == limit else max(self.after_id, last_id)
        self.take_off(page)

    @rule(limit=st.integers(1, 20), later=st.integers(0, 20))
    def due(self, limit: int, later: int) -> None:
        self.now += later
        waiting = sorted(
            (fate.retry_at, number)
            for number, fate in self.by_id.items()
            if fate.status == DEFERRED and not fate.in_flight
        )
        assert self.shard.next_due() == (waiting[0][0] if waiting else None)
        page = self.shard.due(self.now, limit)
        assert [recipient.id for recipient in page] == sorted(
            [number for retry_at, number in waiting if retry_at <= self.now][:limit]
        )
        self.take_off(page)

    def take_off(self, page: list[Recipient]) -> None:
        for recipient in page:
            fate = self.by_id[recipient.id]
            line, address, domain, _, fields = fate.row
            assert recipient[1:6] == (address, domain, line, fields, fate.attempts)
            fate.in_flight = True
        self.flying += page

    @precondition(lambda self: self.flying)
    @rule(data=st.data())
    def append(self, data: st.DataObject) -> None:
        landing = data.draw(st.lists(st.sampled_from(self.flying), unique=True, max_size=50))
        outcomes = []
        for recipient in landing:
            fate = self.by_id[recipient.id]
            fate.status = data.draw(st.sampled_from(STATUSES))
            fate.attempts += 1
            fate.in_flight = False
            fate.ahead = ""
            fate.retry_at = self.now + data.draw(st.integers(0, 40)) if fate.status == DEFERRED else 0.0
            relay = data.draw(
                st.sampled_from(["none", "mx1.example[192.0.2.1]:25", "mx2.example[192.0.2.2]:25"])
            )
            outcomes.append(outcome(recipient, fate.status, retry_at=fate.retry_at, relay=relay))
        self.shard.append(outcomes, self.written_ahead(data, landing))
        self.flying = [recipient for recipient in self.flying if recipient not in landing]

    def written_ahead(self, data: st.DataObject, landing: list[Recipient]) -> list[Outcome]:
        """At-most-once: `unknown` before the end of a message leaves, `deferred` where it was not taken."""
        rows = []
        for recipient in data.draw(st.lists(st.sampled_from(self.flying), unique=True, max_size=9)):
            status = data.draw(st.sampled_from(["unknown", "unknown", DEFERRED]))
            if recipient not in landing:
                fate = self.by_id[recipient.id]
                fate.ahead, fate.ahead_at = status, self.now
            rows.append(outcome(recipient, status, retry_at=self.now if status == DEFERRED else 0.0))
        return rows

    @rule(killed=st.booleans())
    def begin_again(self, killed: bool) -> None:
        old = self.shard.path
        if killed:
            self.copies += 1
            new = old.parent.with_name(str(self.copies))
            shutil.copytree(old.parent, new)
            self.shard.close()
            old = new / old.name
        else:
            self.shard.close()
        self.shard = Shard.open(old)
        self.after_id = 0
        self.flying = []
        for fate in self.by_id.values():
            fate.in_flight = False
            if fate.ahead:
                fate.status, fate.ahead = fate.ahead, ""
                fate.attempts += 1
                fate.retry_at = fate.ahead_at if fate.status == DEFERRED else 0.0
        left: dict[str, int] = {}
        for fate in self.by_id.values():
            if fate.status == UNTRIED:
                left[fate.row[2]] = left.get(fate.row[2], 0) + 1
        destinations = self.shard.destinations(0, 100)
        assert {destination.domain: destination.waiting for destination in destinations} == left
        assert sorted(left.values(), reverse=True) == [destination.waiting for destination in destinations]

    @rule()
    def results(self) -> None:
        expected = [
            (
                fate.row[1],
                DEFERRED if fate.stands == UNTRIED else fate.stands,
                fate.attempts + bool(fate.ahead),
            )
            for fate in self.fates
        ]
        rows = [(row[0], row[1], row[5]) for row in self.shard.results(include_waiting=True)]
        assert rows[: len(expected)] == expected
        assert len(rows) == self.rows
        final = [row for row in self.shard.results(include_waiting=False) if row[1] != "duplicate"]
        assert [(row[0], row[1], row[5]) for row in final] == [row for row in expected if row[1] != DEFERRED]

    @invariant()
    def books_balance(self) -> None:
        if not hasattr(self, "shard"):
            return
        books = self.shard.books()
        count = dict.fromkeys((*STATUSES, UNTRIED), 0)
        for fate in self.fates:
            count[fate.status] += 1
        assert books._asdict() == count | {
            "rows": self.rows,
            "rejected": 0,
            "duplicate": self.rows - len(self.fates),
        }
        assert books.rows == sum(books[1:])

    def teardown(self) -> None:
        if hasattr(self, "shard"):
            self.shard.close()
        self.directory.cleanup()


TestSpoolMachine = SpoolMachine.TestCase
TestSpoolMachine.settings = settings(max_examples=30, stateful_step_count=25)
