"""A shard from create() to close() and back: what is handed out, what is recorded, what is left."""

import math
from pathlib import Path

import pytest

from fastsmtp.errors import SpoolError
from fastsmtp.mail.recipient import Recipient
from fastsmtp.spool.records import Books, Destination, Spool
from fastsmtp.spool.shard import Shard
from tests.support import spooled
from tests.support.spooled import addresses, outcome

EVERYTHING = (0, 1 << 60, 1 << 30)


def reopened(shard: Shard) -> Shard:
    shard.close()
    return Shard.open(shard.path)


def test_window_hands_out_recipients_in_destination_order(tmp_path: Path) -> None:
    shard = spooled.shard(tmp_path, "b@x.example", "z@b.example", "A@x.example")
    assert shard.window(*EVERYTHING) == [
        Recipient(1, "z@b.example", "b.example", 2, "fields of 2", 0, 0.0),
        Recipient(2, "A@x.example", "x.example", 3, "fields of 3", 0, 0.0),
        Recipient(3, "b@x.example", "x.example", 1, "fields of 1", 0, 0.0),
    ]
    shard.close()


def test_window_stays_in_its_range_and_limit(tmp_path: Path) -> None:
    shard = spooled.shard(tmp_path, *(f"u{number}@x.example" for number in range(9)))
    assert [recipient.id for recipient in shard.window(2, 7, 3)] == [3, 4, 5]
    assert [recipient.id for recipient in shard.window(5, 7, 3)] == [6, 7]
    assert shard.window(7, 7, 3) == []
    shard.close()


def test_destinations_come_largest_first_in_pages(tmp_path: Path) -> None:
    shard = spooled.shard(tmp_path, "a@one.example", "a@two.example", "b@two.example", "a@alone.example")
    assert shard.destinations(0, 2) == [
        Destination(1, "two.example", 3, 4, 2),
        Destination(2, "alone.example", 1, 1, 1),
    ]
    assert shard.destinations(2, 2) == [Destination(3, "one.example", 2, 2, 1)]
    assert shard.destinations(3, 2) == []
    shard.close()


def test_reopened_shard_hands_out_only_those_without_an_outcome(tmp_path: Path) -> None:
    shard = spooled.shard(tmp_path, *(f"u{number}@x.example" for number in range(1, 9)), "a@y.example")
    window = shard.window(*EVERYTHING)
    shard.append([outcome(window[place]) for place in (0, 2, 3, 8)])
    shard = reopened(shard)
    assert [recipient.id for recipient in shard.window(*EVERYTHING)] == [2, 5, 6, 7, 8]
    assert [recipient.id for recipient in shard.window(2, 7, 2)] == [5, 6]
    assert shard.destinations(0, 9) == [Destination(1, "x.example", 1, 8, 5)]
    shard.close()


def test_reopened_shard_that_is_done_has_nothing_left(tmp_path: Path) -> None:
    shard = spooled.shard(tmp_path, "a@x.example", "b@x.example", "B@x.example")
    shard.append([outcome(recipient, "bounced") for recipient in shard.window(*EVERYTHING)])
    shard = reopened(shard)
    assert shard.window(*EVERYTHING) == []
    assert shard.destinations(0, 9) == []
    assert shard.next_due() is None
    assert shard.books().waiting == 0
    shard.close()


def test_deferred_recipient_is_due_at_its_time_and_once(tmp_path: Path) -> None:
    shard = spooled.shard(tmp_path, "a@x.example")
    (recipient,) = shard.window(*EVERYTHING)
    shard.append([outcome(recipient, "deferred", retry_at=500.25, first_attempt_at=400.5)])
    assert shard.next_due() == 500.25
    assert shard.due(500.0, 9) == []
    assert shard.due(500.25, 9) == [recipient._replace(attempts=1, first_attempt_at=400.5)]
    assert shard.due(math.inf, 9) == []
    assert shard.next_due() is None
    shard.close()


def test_recipients_that_are_due_together_come_in_destination_order(tmp_path: Path) -> None:
    shard = spooled.shard(tmp_path, "a@x.example", "b@x.example", "a@y.example", "b@y.example")
    first = shard.window(*EVERYTHING)
    for recipient, retry_at in zip(first, (4.0, 2.0, 3.0, 1.0), strict=True):
        shard.append([outcome(recipient, "deferred", retry_at=retry_at)])
    assert addresses(shard.due(math.inf, 3)) == ["b@x.example", "a@y.example", "b@y.example"]
    assert addresses(shard.due(math.inf, 3)) == ["a@x.example"]
    shard.close()


def test_recipient_handed_out_for_a_retry_is_due_again_after_reopening(tmp_path: Path) -> None:
    shard = spooled.shard(tmp_path, "a@x.example")
    shard.append([outcome(recipient, "deferred", retry_at=5.0) for recipient in shard.window(*EVERYTHING)])
    assert len(shard.due(5.0, 9)) == 1
    shard = reopened(shard)
    assert shard.window(*EVERYTHING) == []
    assert [recipient.attempts for recipient in shard.due(5.0, 9)] == [1]
    shard.close()


def test_last_outcome_of_several_is_what_counts_after_reopening(tmp_path: Path) -> None:
    shard = spooled.shard(tmp_path, "a@x.example", "b@x.example")
    shard.append([outcome(recipient, "deferred", retry_at=5.0) for recipient in shard.window(*EVERYTHING)])
    one, two = shard.due(5.0, 9)
    shard.append([outcome(one, "deferred", retry_at=7.0), outcome(two, "sent")])
    shard = reopened(shard)
    assert shard.next_due() == 7.0
    assert [(recipient.id, recipient.attempts) for recipient in shard.due(7.0, 9)] == [(one.id, 2)]
    assert shard.books() == Books(2, 1, 0, 0, 0, 0, 0, 0, 0, 1)
    shard.close()


def test_deferral_without_an_attempt_counts_as_one_recipient(tmp_path: Path) -> None:
    shard = spooled.shard(tmp_path, "a@x.example")
    (recipient,) = shard.window(*EVERYTHING)
    shard.append([outcome(recipient, "deferred", attempts=0, first_attempt_at=0.0, retry_at=5.0)])
    (recipient,) = shard.due(5.0, 9)
    shard.append([outcome(recipient, "sent")])
    assert shard.books() == Books(1, 1, 0, 0, 0, 0, 0, 0, 0, 0)
    shard.close()


@pytest.mark.parametrize("status", ["sent", "bounced", "expired", "cancelled", "unknown"])
def test_final_outcome_is_in_the_books_before_and_after_reopening(tmp_path: Path, status: str) -> None:
    shard = spooled.shard(tmp_path, "a@x.example", "b@x.example")
    shard.append([outcome(shard.window(0, 1, 1)[0], status)])
    expected = Books(2, 0, 0, 0, 0, 0, 0, 0, 1, 0)._replace(**{status: 1})
    assert shard.books() == expected
    shard = reopened(shard)
    assert shard.books() == expected
    shard.close()


def test_large_append_is_recorded_whole(tmp_path: Path) -> None:
    shard = spooled.shard(tmp_path, *(f"u{number:03}@x.example" for number in range(100)))
    shard.append([outcome(recipient) for recipient in shard.window(*EVERYTHING)])
    shard.append([])
    shard = reopened(shard)
    assert shard.books().sent == 100
    assert shard.window(*EVERYTHING) == []
    shard.close()


def test_reopened_shard_knows_its_job(tmp_path: Path) -> None:
    shard = reopened(spooled.shard(tmp_path, "a@x.example"))
    assert shard.job == spooled.job()
    shard.close()


def test_shard_is_a_spool_and_closes_twice(tmp_path: Path) -> None:
    shard: Spool = spooled.shard(tmp_path, "a@x.example")
    shard.close()
    shard.close()


@pytest.mark.parametrize("sync", ["always", "group", "none"])
def test_outcomes_stand_under_every_sync_policy(tmp_path: Path, sync: str) -> None:
    spooled.shard(tmp_path, "a@x.example").close()
    shard = Shard.open(tmp_path / "shard-0.db", sync=sync, sync_interval=0.001)  # type: ignore[arg-type]
    shard.append([outcome(recipient) for recipient in shard.window(*EVERYTHING)])
    shard = reopened(shard)
    assert shard.books().sent == 1
    shard.close()


def test_second_opening_names_the_process_that_has_it(tmp_path: Path) -> None:
    shard = spooled.shard(tmp_path, "a@x.example")
    with pytest.raises(SpoolError, match=r"shard-0\.db is in use by process \d+: wait"):
        Shard.open(shard.path)
    shard.close()


def test_opening_what_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(SpoolError, match=r"shard-0\.db does not exist"):
        Shard.open(tmp_path / "shard-0.db")
    assert list(tmp_path.iterdir()) == []


def test_flush_makes_the_whole_schedule_due_once(tmp_path: Path) -> None:
    shard = spooled.shard(tmp_path, "a@x.example", "b@x.example", "c@x.example")
    one, two, _ = shard.window(*EVERYTHING)
    shard.append([outcome(one, "deferred", retry_at=9e9), outcome(two, "deferred", retry_at=8e9)])
    shard.flush()
    assert shard.next_due() == 0.0
    assert addresses(shard.due(1.0, 9)) == ["a@x.example", "b@x.example"]
    assert shard.next_due() is None
    shard.close()


def test_directory_of_a_new_shard_is_its_owners_alone(tmp_path: Path) -> None:
    directory = tmp_path / "spool" / "letter"
    spooled.shard(directory, "a@x.example").close()
    assert directory.stat().st_mode & 0o777 == 0o700
