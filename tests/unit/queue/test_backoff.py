"""Retry times and expiry (spec: queue, 6)."""

import pytest

from fastsmtp.queue.backoff import Backoff

RULES = Backoff(300, 4000, 5 * 86400)


@pytest.mark.parametrize(("age", "wait"), [(0, 300), (100, 300), (2000, 2000), (9000, 4000), (-50, 300)])
def test_wait_follows_the_age_within_bounds(age, wait):
    assert RULES.retry_at(10_000.0, 10_000.0 - age) == 10_000.0 + wait


@pytest.mark.parametrize(("lifetime", "age", "expired"), [(0, 0, True), (100, 99, False), (100, 100, True)])
def test_expiry_comes_with_the_first_failure_past_the_lifetime(lifetime, age, expired):
    assert Backoff(1, 2, lifetime).expired(1000.0, 1000.0 - age) is expired
