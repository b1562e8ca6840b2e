"""From the spool to the queue: bounded, largest first, nothing twice."""

import asyncio

import pytest

from fastsmtp.errors import Pending, TableError
from fastsmtp.mail.destination import Destination
from fastsmtp.queue.destination_queue import SchedulerRules
from fastsmtp.queue.scheduler import Scheduler
from fastsmtp.queue.window import Feedback, WindowRules
from fastsmtp.spool.null import NullSpool
from fastsmtp.worker import feed as module
from fastsmtp.worker.feed import LOW_WATER, PAGE, Feed, FeedRules
from fastsmtp.worker.sorter import Sorter
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


# Sorted by tables


def sorted_feed(spool, question=None, domain_question=None, room=20_000, answers=None):
    rules = SchedulerRules(WindowRules(5, 20, ONE, ONE, 1), 1, 1000, 300.0)
    scheduler = Scheduler(rules, lambda recipient: "Q")
    sorter = Sorter(spool, question, domain_question, lambda: answers, lambda: None)
    rules = FeedRules("smtp", "", room, 100, None, frozenset({"smtp", "bulk"}))
    return Feed(spool, scheduler, rules, sorter), scheduler


def by_parity(recipient):
    return Destination("bulk" if recipient.id % 2 else "smtp", "[relay.example]")


def by_domain(domain):
    return Destination("smtp", "[relay.example]" if domain.endswith(("0.example", "1.example")) else domain)


@pytest.mark.parametrize("way", [{"question": by_parity}, {"domain_question": by_domain}])
@pytest.mark.parametrize("domains", [1, 7, 600])
@pytest.mark.parametrize("room", [20_000, 700])
def test_sorted_recipients_are_handed_in_once(way, domains, room):
    spool = NullSpool.made(job(), 3000, domains)
    feed, scheduler = sorted_feed(spool, room=room, **way)
    taken = drain(feed, scheduler)
    assert sorted(recipient.id for recipient in taken) == list(range(1, 3001))
    assert feed.exhausted


def test_many_domains_of_one_next_hop_are_one_destination():
    feed, scheduler = sorted_feed(NullSpool.made(job(), 3000, 600), domain_question=by_domain)
    feed.advance(0.0)
    assert not feed.drained(Destination("smtp", "[relay.example]"))
    assert repr(scheduler).startswith("<Scheduler ")


def test_slow_destination_takes_no_room_from_others():
    feed, scheduler = sorted_feed(NullSpool.made(job(), 50_000, 1), by_parity)
    while feed.advance(0.0):
        pass
    assert scheduler.held < 2 * 2 * PAGE
    assert feed.exhausted is False


def test_memory_of_ranges_is_bounded(monkeypatch):
    monkeypatch.setattr(module, "RANGES_LIMIT", 600)
    feed, scheduler = sorted_feed(NullSpool.made(job(), 50_000, 1), by_parity)
    for _ in range(100):
        feed.advance(0.0)
    assert feed._ranges <= 600 + PAGE
    taken = drain(feed, scheduler)
    assert len(taken) == 50_000


def test_transport_that_is_none_gets_nothing_and_its_mail_is_given_out():
    def nowhere(domain):
        return Destination("error", "closed")

    feed, scheduler = sorted_feed(NullSpool.made(job(), 3000, 7), domain_question=nowhere)
    found = []
    while not feed.exhausted:
        feed.advance(0.0)
        found += [recipient for _, page in feed.undeliverable for recipient in page]
        assert sum(len(page) for _, page in feed.undeliverable) <= 4 * PAGE
        feed.undeliverable.clear()
    assert len(found) == 3000
    assert scheduler.held == 0


def test_table_without_an_answer_is_given_out_with_its_reason():
    def broken(recipient):
        raise TableError("no table")

    feed, _ = sorted_feed(NullSpool.made(job(), 3, 1), broken)
    feed.advance(0.0)
    ((destination, page),) = feed.undeliverable
    assert (destination, len(page)) == (Destination("", "no table"), 3)


class Server:
    """Answers that come when the test says so."""

    def __init__(self):
        self.known = set()
        self.asked = []

    def question(self, recipient):
        if recipient.id not in self.known:
            raise Pending(None, str(recipient.id))
        return Destination("smtp", "[relay.example]")

    async def settle_each(self, question, subjects):
        self.asked.append(len(subjects))
        await asyncio.sleep(0)
        self.known |= {subject.id for subject in subjects}


def test_servers_are_asked_for_a_page_at_once_and_the_loop_goes_on():
    async def run():
        server = Server()
        feed, scheduler = sorted_feed(NullSpool.made(job(), 1200, 1), server.question, answers=server)
        ready = asyncio.Event()
        feed.when_ready(ready.set, pytest.fail)
        for _ in range(3):
            assert not feed.advance(0.0)
            await ready.wait()
            ready.clear()
        feed.advance(0.0)
        return server.asked, scheduler.held

    asked, held = asyncio.run(run())
    assert asked == [500, 500, 200]
    assert held <= 1200


def test_retries_are_sorted_anew():
    spool = NullSpool.made(job(), 2, 1)
    feed, scheduler = sorted_feed(spool, by_parity)
    taken = drain(feed, scheduler)
    spool.append([outcome(recipient, "deferred", retry_at=500.0) for recipient in taken])
    feed.expect(500.0)
    feed.advance(500.0)
    assert scheduler.held == 2
    assert feed.next_due is None


def test_mail_for_a_dead_destination_is_told_of():
    spool = NullSpool.made(job(), 3000, 1)
    feed, scheduler = sorted_feed(spool, by_parity)
    dead = Destination("bulk", "[relay.example]")
    scheduler.offer(dead, spool.window(0, 1, 1))
    for _ in range(5):
        scheduler.done(dead, 0.0, good=False, dsn="4.4.1", text="refused")
    assert scheduler.is_closed(dead)
    feed.advance(0.0)
    assert feed.for_dead == {dead}


class LookUps:
    """Of hosts: they end when the test says so."""

    def __init__(self):
        self.begun = {}

    def __call__(self, destination, found):
        self.begun[destination.nexthop] = found
        return True

    def end(self, *nexthops):
        for nexthop in nexthops or tuple(self.begun):
            self.begun.pop(nexthop)()


def looking(*arguments, **options):
    feed, scheduler = feed_of(*arguments, **options)
    feed.expected.look_up = LookUps()
    return feed, scheduler, feed.expected.look_up


def test_nothing_is_handed_in_before_its_hosts_are_known():
    feed, scheduler, look_ups = looking(NullSpool.made(job(), 9, 3))
    changed = []
    feed.when_ready(lambda: changed.append(scheduler.held), pytest.fail)
    feed.advance(0.0)
    assert (scheduler.held, feed.expected.recipients, changed) == (0, 9, [])
    late, *others = look_ups.begun
    look_ups.end(*others)
    assert changed == [3, 6]
    assert not feed.exhausted
    assert not feed.drained(Destination("smtp", late))
    look_ups.end(late)
    assert feed.exhausted
    assert feed.drained(Destination("smtp", late))
    assert len(drain(feed, scheduler)) == 9


def test_names_that_take_long_hold_up_no_others():
    feed, scheduler, look_ups = looking(NullSpool.made(job(), 3000, 3000), open_limit=100)
    taken = 0
    while len(look_ups.begun) < 1000:  # one in three is never answered
        feed.advance(0.0)
        pending = sorted(name for name in look_ups.begun if int(name[6:-8]) % 3)
        look_ups.end(*pending) if pending else None
        while (request := scheduler.next(0.0)) is not None:
            taken += 1
            scheduler.leave(request.destination)
    assert taken == 2000


def test_no_more_domains_are_opened_than_are_soon_served():
    feed, scheduler = feed_of(NullSpool.made(job(), 5000, 5000), open_limit=100)
    feed.advance(0.0)
    assert scheduler.held == scheduler.ready == 100


def test_what_waits_for_hosts_counts_as_held():
    feed, scheduler, look_ups = looking(NullSpool.made(job(), 50_000, 1000), room=600)
    feed.advance(0.0)
    assert 600 <= feed.expected.recipients < 600 + PAGE
    look_ups.end()
    feed.advance(0.0)
    assert scheduler.held + feed.expected.recipients < 600 + PAGE


def test_retries_wait_for_their_hosts_too():
    spool = NullSpool.made(job(), 1, 1)
    feed, scheduler, look_ups = looking(spool)
    feed.advance(0.0)
    look_ups.end()
    (recipient,) = scheduler.next(0.0).recipients
    scheduler.leave(Destination("smtp", recipient.domain))
    spool.append([outcome(recipient, "deferred", retry_at=5.0)])
    feed.expect(5.0)
    feed.advance(6.0)
    assert (scheduler.held, feed.expected.recipients) == (0, 1)


def test_fault_of_the_servers_hands_is_told():
    class Broken(Server):
        async def settle_each(self, question, subjects):
            raise ZeroDivisionError

    async def run():
        broken, told = Broken(), []
        feed, _ = sorted_feed(NullSpool.made(job(), 3, 1), broken.question, answers=broken)
        feed.when_ready(pytest.fail, told.append)
        assert not feed.advance(0.0)
        while not told:
            await asyncio.sleep(0)
        return told

    (error,) = asyncio.run(run())
    assert isinstance(error, ZeroDivisionError)
