"""Turn-taking, windows, dead destinations (spec: queue, 4 and 5)."""

from fastsmtp.mail.destination import Destination, Host
from fastsmtp.mail.recipient import Recipient
from fastsmtp.queue import scheduler as module
from fastsmtp.queue.destination_queue import SchedulerRules
from fastsmtp.queue.scheduler import Scheduler
from fastsmtp.queue.window import Feedback, WindowRules

ONE = Feedback(1, 1)
A, B = Destination("smtp", "a.example"), Destination("smtp", "b.example")


def scheduler(per_request=1, sessions=100, initial=5, limit=20):
    rules = SchedulerRules(WindowRules(initial, limit, ONE, ONE, 1), per_request, sessions, 300.0)
    return Scheduler(rules, lambda recipient: f"Q{recipient.id}")


def recipients(count, start=1, domain="a.example"):
    return [Recipient(i, f"r{i}@{domain}", domain, i, "", 0, 0.0) for i in range(start, start + count)]


def started(s, now=0.0):
    found = []
    while (request := s.next(now)) is not None:
        found.append(request)
    return found


def test_new_destination_starts_with_the_initial_width():
    s = scheduler()
    s.offer(A, recipients(50))
    assert len(started(s)) == 5
    assert s.busy == 5
    assert s.held == 45


def test_hundred_and_twenty_recipients_are_three_requests():
    s = scheduler(per_request=50)
    s.offer(A, recipients(120))
    assert [len(request.recipients) for request in started(s)] == [50, 50, 20]


def test_addresses_outside_ascii_have_requests_of_their_own():
    s = scheduler(per_request=50)
    mixed = [
        one._replace(address=f"é{one.id}@a.example") if one.id in (3, 4) else one for one in recipients(6)
    ]
    s.offer(A, mixed)
    assert [[one.id for one in request.recipients] for request in started(s)] == [[1, 2], [3, 4], [5, 6]]


def test_destinations_take_turns():
    s = scheduler(initial=3)
    s.offer(A, recipients(10))
    s.offer(B, recipients(10, 100, "b.example"))
    assert [request.destination for request in started(s)] == [A, B, A, B, A, B]


def test_session_limit_bounds_all_destinations_together():
    s = scheduler(sessions=4)
    s.offer(A, recipients(10))
    s.offer(B, recipients(10, 100, "b.example"))
    assert len(started(s)) == 4


def test_follow_keeps_the_place_in_the_window():
    s = scheduler(initial=1)
    s.offer(A, recipients(3))
    started(s)
    assert s.follow(A, 0.0).recipients[0].id == 2
    assert s.busy == 1


def test_follow_gives_nothing_where_the_window_has_narrowed():
    s = scheduler(initial=5)
    s.offer(A, recipients(30))
    started(s)
    s.done(A, 0.0, good=False, dsn="4.4.1", text="x")
    assert s.follow(A, 0.0) is None


def test_returned_request_comes_before_those_that_never_started():
    s = scheduler(initial=1)
    s.offer(A, recipients(3))
    (request,) = started(s)
    request.hosts = [Host("mx", "192.0.2.1", 25, 0, True)]
    s.put_back(request)
    assert s.waiting(A) == 2
    assert s.follow(A, 0.0) is None  # it must go to another host: only a new delivery takes it
    s.leave(A)
    assert s.next(0.0) is request


def test_request_that_starts_over_goes_to_any_session_of_its_destination():
    s = scheduler(initial=1)
    s.offer(A, recipients(3))
    (request,) = started(s)
    request.hosts = [Host("mx", "192.0.2.1", 25, 0, True)]
    request.start_over()
    s.put_back(request)
    assert s.waiting(A) == 3
    assert s.follow(A, 0.0) is request
    assert s.follow(A, 0.0).recipients[0].id == 2


def test_dead_destination_starts_nothing_until_its_time_is_over():
    s = scheduler()
    s.offer(A, recipients(30))
    started(s)
    for _ in range(3):
        s.done(A, 1000.0, good=False, dsn="4.4.1", text="connect: refused")
    for _ in range(5):
        s.leave(A)
    assert s.is_closed(A)
    assert s.next(1001.0) is None
    dropped, dsn, text = s.drop_closed(A)
    assert (len(dropped), dsn, text) == (25, "4.4.1", "connect: refused")
    assert s.next_wake == 1300.0
    assert not s.wake(1299.0)
    assert s.wake(1300.0)
    s.offer(A, recipients(30, 100))
    assert len(started(s, 1300.0)) == 5


def test_success_of_a_running_delivery_revives_a_dead_destination():
    s = scheduler()
    s.offer(A, recipients(30))
    started(s)
    for _ in range(3):
        s.done(A, 1000.0, good=False, dsn="4.4.1", text="x")
    s.leave(A)
    assert s.done(A, 1001.0, good=True)
    assert not s.is_closed(A)
    assert not s.done(A, 1002.0, good=True)


def test_idle_destination_is_forgotten_with_all_it_learned():
    s = scheduler()
    s.offer(A, recipients(1))
    started(s)
    s.done(A, 0.0, good=True)
    s.leave(A)
    assert repr(s) == "<Scheduler 0 destinations, 0 waiting, 0 busy>"


def test_transports_take_turns_within_limits_of_their_own():
    wide = SchedulerRules(WindowRules(5, 20, ONE, ONE, 1), 1, 100, 300.0)
    narrow = SchedulerRules(WindowRules(2, 2, ONE, ONE, 1), 50, 1, 60.0)
    s = Scheduler(wide, lambda recipient: "Q", {"bulk": narrow})
    bulk, other = Destination("bulk", "a.example"), Destination("bulk", "b.example")
    s.offer(A, recipients(20))
    s.offer(bulk, recipients(80, 100))
    s.offer(other, recipients(80, 300))
    found = started(s)
    assert [request.destination.transport for request in found].count("bulk") == 1
    assert found[1].destination == bulk
    assert len(found[1].recipients) == 50
    s.leave(bulk)
    assert s.next(0.0).destination == other
    s.change(wide, {"bulk": narrow._replace(sessions=3)})
    assert [request.destination.transport for request in started(s)] == ["bulk"] * 2


def crowded(limit=3):
    """Two destinations, with five deliveries started between them before their hosts were known."""
    s = scheduler(initial=limit, limit=limit)
    s.offer(A, recipients(10))
    s.offer(B, recipients(10, 100, "b.example"))
    return s, started(s)


def test_destinations_with_the_same_hosts_share_a_limit():
    s, requests = crowded()
    assert len(requests) == 6
    for request in requests:
        if not s.join(request.destination, "hosts"):
            request.start_over()
            s.put_back(request)
            s.leave(request.destination)
    assert s.busy == 3
    assert started(s) == []


def test_place_that_is_free_goes_to_whoever_waits():
    s, requests = crowded(limit=2)
    for request in requests:
        if not s.join(request.destination, "hosts"):
            s.put_back(request)
            s.leave(request.destination)
    assert started(s) == []
    running = [request.destination for request in requests[:2]]
    served = []
    for _ in range(18):
        s.leave(running.pop())
        (request,) = started(s)
        running.append(request.destination)
        served.append(request.destination)
    assert {A, B} == set(served)
    assert s.busy == 2


def test_other_hosts_and_other_transports_are_no_crowd():
    s, requests = crowded()
    assert all(s.join(request.destination, request.destination.nexthop) for request in requests)


def test_crowd_is_forgotten_with_its_destinations():
    s, requests = crowded()
    for request in requests:
        s.join(request.destination, "hosts")
        s.leave(request.destination)
    while (request := s.next(0.0)) is not None:
        s.join(request.destination, "hosts")
        s.leave(request.destination)
    assert s.held == 0
    assert s.join(A, "hosts")


def test_dead_destinations_that_are_remembered_are_bounded(monkeypatch):
    monkeypatch.setattr(module, "CLOSED_LIMIT", 3)
    s = scheduler(initial=1)
    dead = [Destination("smtp", f"{number}.example") for number in range(5)]
    for now, destination in enumerate(dead):
        s.offer(destination, recipients(1))
        s.next(0.0)
        s.done(destination, float(now), good=False)
        s.leave(destination)
    assert [destination in s for destination in dead] == [False, False, True, True, True]
    assert s.next_wake == 302.0


def test_those_that_could_start_are_counted_over_all_transports():
    s = scheduler(initial=1)
    other = Destination("slow", "a.example")
    for destination in (A, B, other):
        s.offer(destination, recipients(2))
    assert s.ready == 3
    assert s.next(0.0) is not None
    assert s.ready == 2
    assert A in s
