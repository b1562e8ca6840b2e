"""Refused passwords (spec: sasl, 10)."""

import pytest

from fastsmtp.sasl import refusals
from fastsmtp.sasl.credentials import Login
from fastsmtp.sasl.refusals import MemoryStore, Refusals

NOW = 1_000_000.0
BAD = Login("user", "bad")


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def test_refused_password_is_known(store: MemoryStore) -> None:
    known = Refusals(store, 60.0)
    assert known.find("mx.test", BAD, NOW) is None
    known.note("mx.test", BAD, "5.7.8", "535 5.7.8 no", NOW)
    found = known.find("MX.test", BAD, NOW + 59.9)
    assert found is not None
    assert (found.dsn, found.text) == ("5.7.8", "535 5.7.8 no")
    assert known.find("other.test", BAD, NOW) is None
    assert known.find("mx.test", Login("other", "bad"), NOW) is None
    assert b"bad" not in found.digest


@pytest.mark.parametrize(("login", "now"), [(BAD, NOW + 60), (BAD, NOW - 1), (Login("user", "good"), NOW)])
def test_expired_and_changed_ones_are_deleted(store: MemoryStore, login: Login, now: float) -> None:
    known = Refusals(store, 60.0)
    known.note("mx.test", BAD, "5.7.8", "535 no", NOW)
    assert known.find("mx.test", login, now) is None
    assert known.find("mx.test", BAD, NOW) is None


def test_memory_is_bounded(store: MemoryStore) -> None:
    known = Refusals(store, 60.0)
    for number in range(refusals.MEMORY_LIMIT + 1):
        known.note(f"mx{number}.test", BAD, "5.7.8", "535 no", NOW)
    assert known.find("mx0.test", BAD, NOW) is None
    assert known.find(f"mx{refusals.MEMORY_LIMIT}.test", BAD, NOW) is not None
