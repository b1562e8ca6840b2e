"""Idle sessions by destination and host (spec: routing, 6)."""

from fastsmtp.mail.destination import Destination, Host
from fastsmtp.session.cache import SessionCache

A, B = Destination("smtp", "a.example"), Destination("smtp", "b.example")
MX = Host("mx.example", "192.0.2.1", 25, 10, True)
OTHER = Host("mx2.example", "192.0.2.2", 25, 20, False)


class Idle:
    """What the cache looks at of a session."""

    def __init__(self, host=MX, over=False):
        self.host = host
        self.over = over


def test_youngest_session_of_a_destination_comes_first():
    cache, old, young = SessionCache(), Idle(), Idle()
    cache.checkin(A, old)
    cache.checkin(A, young)
    assert [cache.checkout(A), cache.checkout(A), cache.checkout(A)] == [young, old, None]


def test_session_of_another_destination_is_found_by_host_alone():
    cache, session = SessionCache(), Idle()
    cache.checkin(A, session)
    assert cache.checkout(B) is None
    assert cache.checkout_host(OTHER) is None
    assert cache.checkout_host(MX) is session
    assert cache.checkout(A) is None


def test_discarded_session_is_gone_and_may_be_discarded_again():
    cache, session = SessionCache(), Idle()
    cache.checkin(A, session)
    cache.discard(session)
    cache.discard(session)
    assert cache.checkout_host(MX) is None
    assert repr(cache) == "<SessionCache 0 idle, 0 destinations>"


def test_session_that_has_ended_is_passed_over():
    cache, alive = SessionCache(), Idle()
    cache.checkin(A, alive)
    cache.checkin(A, Idle(over=True))
    assert cache.checkout(A) is alive
    assert len(cache) == 0


def test_drain_takes_out_all():
    cache, sessions = SessionCache(), [Idle(), Idle(OTHER)]
    cache.checkin(A, sessions[0])
    cache.checkin(B, sessions[1])
    assert cache.drain() == sessions
    assert len(cache) == 0
