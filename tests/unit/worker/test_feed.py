"""From the spool to the queue: bounded, largest first, nothing twice."""

import pytest

from fastsmtp.mail.destination import Destination
from fastsmtp.queue.scheduler import Scheduler, SchedulerRules
from fastsmtp.queue.window import Feedback, WindowRules
from fastsmtp.spool.null import NullSpool
from fastsmtp.worker.feed import LOW_WATER, PAGE, Feed, FeedRules
from tests.support.spooled import job, outcome, rows

ONE = Feedback(1, 1)


def feed_of(spool, relay="", room=20_000, open_limit=100, horizon=None):
    rules = SchedulerRules(WindowRules(5, 20, ONE, ONE, 1), 1, 1000, 300.0)
    scheduler = Scheduler(rules, lambda recipient: "Q")
    return Feed(spool, scheduler, FeedRules("smtp", relay, room, open_limit, horizon)), scheduler


def drain(feed, scheduler):
    """Takes every recipient that the feed ever hands in, as a worker would."""
    taken = []
    while True:
        feed.advance(0.0)
        request = scheduler.next(0.0)
        if request is None:
            return taken
        taken += request.recipients
        while (more := scheduler.follow(request.destination, 0.0)) is not None:
            taken += more.recipients
            feed.supply(request.destination) if scheduler.waiting(request.destination) < LOW_WATER else None
        scheduler.leave(request.destination)


@pytest.mark.parametrize("relay", ["", "[relay.example]"])
@pytest.mark.parametrize("domains", [1, 7, 600])
def test_every_recipient_is_handed_in_once(relay, domains):
    spool = NullSpool.made(job(), 3000, domains)
    feed, scheduler = feed_of(spool, relay)
    taken = drain(feed, scheduler)
    assert sorted(recipient.id for recipient in taken) == list(range(1, 3001))
    assert feed.exhausted


def test_relay_is_one_destination():
    _, scheduler = feed_of(NullSpool.made(job(), 10, 5), "[relay.example]")
    assert {r.destination for r in iter(lambda: scheduler.next(0.0), None)} == {
        Destination("smtp", "[relay.example]")
    }


def test_queue_holds_no_more_than_there_is_room_for():
    feed, scheduler = feed_of(NullSpool.made(job(), 50_000, 1000), room=600)
    feed.advance(0.0)
    assert scheduler.held <= 600 + 50  # the last destination that found room
    feed, scheduler = feed_of(NullSpool.made(job(), 50_000, 1), room=20_000)
    feed.advance(0.0)
    assert scheduler.held == PAGE


def test_no_more_destinations_are_open_than_the_limit():
    feed, scheduler = feed_of(NullSpool.made(job(), 50_000, 50), open_limit=3)
    feed.advance(0.0)
    assert scheduler.held == 3 * PAGE


def test_largest_destination_comes_first():
    addresses = [
        f"u{i}@{domain}" for domain, count in (("a.example", 1), ("b.example", 9)) for i in range(count)
    ]
    feed, scheduler = feed_of(NullSpool(job(), [(rows(*addresses), [])]))
    feed.advance(0.0)
    assert scheduler.next(0.0).destination.nexthop == "b.example"


def test_retry_is_handed_in_when_due():
    spool = NullSpool.made(job(), 2, 1)
    feed, scheduler = feed_of(spool)
    taken = drain(feed, scheduler)
    spool.append([outcome(recipient, "deferred", retry_at=500.0) for recipient in taken])
    feed.expect(500.0)
    feed.advance(499.0)
    assert scheduler.held == 0
    feed.advance(500.0)
    assert scheduler.held == 2
    assert feed.next_due is None


def test_run_of_one_attempt_takes_what_waited_and_nothing_new():
    spool = NullSpool.made(job(), 2, 1)
    one, two = spool.window(0, 9, 9)
    spool.append([outcome(one, "deferred", retry_at=5.0)])
    feed, scheduler = feed_of(spool, horizon=100.0)
    feed.advance(1000.0)
    held = scheduler.held
    feed.expect(200.0)
    spool.append([outcome(two, "deferred", retry_at=200.0)])
    feed.advance(1000.0)
    assert scheduler.held == held
    assert feed.next_due is None


def test_large_rest_of_a_dead_destination_waits_in_the_spool():
    feed, scheduler = feed_of(NullSpool.made(job(), 5000, 1))
    feed.advance(0.0)
    (destination,) = {scheduler.next(0.0).destination}
    feed.rest(destination)
    assert feed.skip(destination) == []
    assert not feed.drained(destination)
    feed.wake()
    assert feed.skip(destination) != []


def test_small_rest_of_a_dead_destination_is_given_up_page_by_page():
    feed, scheduler = feed_of(NullSpool.made(job(), PAGE + 20, 1))
    feed.advance(0.0)
    destination = scheduler.next(0.0).destination
    feed.rest(destination)
    assert len(feed.skip(destination)) == 20
    assert feed.skip(destination) == []
    assert feed.drained(destination)
