"""Idle sessions by destination and host (spec: routing, 6; acceptance 30 and 31 as far as identities go)."""

import pytest

from fastsmtp.mail.destination import Destination, Host
from fastsmtp.session.cache import Counters, Identity, SessionCache

A, B = Destination("smtp", "a.example"), Destination("smtp", "b.example")
MX = Host("mx.example", "192.0.2.1", 25, 10, True)
OTHER = Host("mx2.example", "192.0.2.2", 25, 20, False)
CLEAR = Identity("smtp")


class Idle:
    """What the cache looks at of a session."""

    def __init__(self, host=MX, over=False):
        self.host = host
        self.over = over


def test_oldest_session_of_a_destination_comes_first():
    cache, old, young = SessionCache(), Idle(), Idle()
    cache.checkin(A, old, CLEAR)
    cache.checkin(A, young, CLEAR)
    assert [cache.checkout(A) for _ in range(3)] == [old, young, None]


def test_acceptance_30_session_of_another_destination_is_found_by_host():
    cache, session = SessionCache(), Idle()
    cache.checkin(A, session, CLEAR)
    assert cache.checkout(B) is None
    assert cache.checkout_host(OTHER, CLEAR) is None
    assert cache.checkout_host(MX._replace(name="alias.example"), CLEAR) is session
    assert cache.checkout(A) is None


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(Identity("smtp", tls="secure a.example"), id="acceptance_30_verified_for_one_domain"),
        pytest.param(Identity("smtp", login="user@a.example"), id="acceptance_31_login"),
        pytest.param(Identity("bulk"), id="transport"),
    ],
)
def test_session_of_another_identity_is_never_shared(other):
    cache, session = SessionCache(), Idle()
    cache.checkin(A, session, other)
    assert cache.checkout(B) is None
    assert cache.checkout_host(MX, CLEAR) is None
    assert cache.checkout_host(MX, other) is session


def test_session_that_stands_in_for_a_better_host_is_kept_for_its_host_alone():
    cache, session = SessionCache(), Idle(OTHER)
    cache.checkin(A, session, CLEAR, for_host=True)
    assert cache.checkout(A) is None
    assert cache.checkout_host(OTHER, CLEAR) is session
    assert len(cache) == 0


def test_session_for_one_sender_is_not_given_to_another_of_the_same_destination():
    cache, session = SessionCache(), Idle()
    cache.checkin(A, session, Identity("smtp", login="one"), sender="one@x.example")
    assert cache.checkout(A) is None
    assert cache.checkout(A, "other@x.example") is None
    assert cache.checkout(A, "one@x.example") is session


def test_discarded_session_is_gone_and_may_be_discarded_again():
    cache, session = SessionCache(), Idle()
    cache.checkin(A, session, CLEAR)
    session.host = OTHER  # what it was kept under counts
    cache.discard(session)
    cache.discard(session)
    assert cache.checkout_host(MX, CLEAR) is None
    assert repr(cache) == "<SessionCache 0 idle, 0 destinations>"


def test_session_that_has_ended_is_passed_over():
    cache, alive = SessionCache(), Idle()
    cache.checkin(A, Idle(over=True), CLEAR)
    cache.checkin(A, alive, CLEAR)
    assert cache.checkout(A) is alive
    assert len(cache) == 0


def test_drain_takes_out_all():
    cache, sessions = SessionCache(), [Idle(), Idle(OTHER)]
    cache.checkin(A, sessions[0], CLEAR)
    cache.checkin(B, sessions[1], CLEAR)
    assert cache.drain() == sessions
    assert len(cache) == 0


def test_lookups_are_counted():
    cache = SessionCache()
    for _ in range(2):
        cache.checkin(A, Idle(), CLEAR)
    cache.checkout(A)
    cache.checkout(B)
    cache.checkout_host(MX, CLEAR)
    cache.checkout_host(MX, CLEAR)
    assert cache.take_counters() == Counters(1, 1, 1, 1, 2, 1, 1)
    cache.checkout(A, CLEAR)
    assert cache.take_counters() == Counters(destination_misses=1)
