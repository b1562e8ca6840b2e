"""The spool that keeps nothing behaves, while it lasts, as the one that keeps all."""

import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from fastsmtp.spool.null import NullSpool
from fastsmtp.spool.records import Spool
from tests.support import spooled
from tests.support.spooled import addresses, outcome

EVERYTHING = (0, 1 << 60, 1 << 30)
LISTED = ("b@x.example", "a@x.example", "A@y.example", "z@b.example", "c@x.example")


@pytest.fixture(params=["shard", "null"])
def spool(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Spool]:
    if request.param == "shard":
        made: Spool = spooled.shard(tmp_path, *LISTED)
    else:
        made = NullSpool(spooled.job(), [(spooled.rows(*LISTED), [])])
    yield made
    made.close()


def test_spool_hands_out_windows_in_order(spool: Spool) -> None:
    assert [recipient.id for recipient in spool.window(1, 4, 2)] == [2, 3]
    assert addresses(spool.window(*EVERYTHING)) == [
        "z@b.example",
        "a@x.example",
        "b@x.example",
        "c@x.example",
        "A@y.example",
    ]


def test_spool_hands_out_destinations_largest_first(spool: Spool) -> None:
    assert [(place.domain, place.waiting) for place in spool.destinations(0, 2)] == [
        ("x.example", 3),
        ("b.example", 1),
    ]
    assert [tuple(place) for place in spool.destinations(2, 2)] == [(3, "y.example", 5, 5, 1)]


def test_spool_counts_and_retries(spool: Spool) -> None:
    first, second, *_ = spool.window(*EVERYTHING)
    spool.append([outcome(first), outcome(second, "deferred", retry_at=9.0)])
    assert (spool.books().sent, spool.books().deferred, spool.books().untried) == (1, 1, 3)
    assert spool.next_due() == 9.0
    assert spool.due(8.0, 9) == []
    (again,) = spool.due(math.inf, 9)
    assert (again.id, again.attempts) == (second.id, 1)
    assert spool.next_due() is None
    spool.append([outcome(again, "bounced")])
    assert (spool.books().bounced, spool.books().deferred, spool.books().waiting) == (1, 0, 3)


def test_what_is_written_ahead_counts_for_nothing_while_the_run_lasts(spool: Spool) -> None:
    first, *_ = spool.window(*EVERYTHING)
    spool.append([], [outcome(first, "unknown")])
    assert (spool.books().unknown, spool.books().untried) == (0, 5)
    spool.append([outcome(first, "sent")], [outcome(first, "deferred", retry_at=1.0)])
    assert (spool.books().sent, spool.books().untried) == (1, 4)
    assert spool.next_due() is None


def test_made_up_recipients_are_spread_over_domains() -> None:
    spool = NullSpool.made(spooled.job(), rows=10, domains=5)
    assert [place.waiting for place in spool.destinations(0, 9)] == [2] * 5
    assert len({recipient.address for recipient in spool.window(*EVERYTHING)}) == 10
    assert list(spool.results(include_waiting=True)) == []
