"""Outcomes reach the spool before anyone else; deferrals get a time or expire."""

import pytest

from fastsmtp.errors import SpoolError
from fastsmtp.queue.backoff import Backoff
from fastsmtp.report.log import Log
from fastsmtp.spool.null import NullSpool
from fastsmtp.worker.settle import NEVER, Settler
from tests.support.spooled import job, outcome

RULES = Backoff(300, 4000, 1000)


def settler(spool=None, arrived_at=0.0):
    spool = spool or NullSpool.made(job(), 3)
    return Settler(spool, Log(None), RULES, arrived_at, one_message_each=True), spool


def heard_by(s):
    heard = []
    s.listener = heard.extend
    return heard


def test_outcomes_wait_for_the_end_of_the_turn():
    s, spool = settler()
    heard = heard_by(s)
    one, two, _ = spool.window(0, 9, 9)
    s.record([outcome(one)])
    s.record([outcome(two)])
    assert heard == []
    assert s.flush() == NEVER
    assert [o.recipient for o in heard] == [one, two]
    assert spool.books().sent == 2


def test_deferral_gets_its_next_attempt():
    s, spool = settler()
    heard = heard_by(s)
    s.record([outcome(spool.window(0, 9, 1)[0], "deferred", retry_at=0.0, finished_at=100.0)])
    assert s.flush() == 400.0
    assert heard[0].retry_at == 400.0
    assert s.flush() == NEVER


def test_deferral_past_the_lifetime_expires():
    s, spool = settler()
    heard = heard_by(s)
    s.record([outcome(spool.window(0, 9, 1)[0], "deferred", retry_at=0.0, finished_at=1000.0)])
    assert s.flush() == NEVER
    assert heard[0].status == "expired"


def test_nothing_is_told_that_the_spool_did_not_take():
    class Full(NullSpool):
        def append(self, outcomes, ahead=()):
            raise SpoolError("disk full")

    s, spool = settler(Full.made(job(), 3))
    heard = heard_by(s)
    s.record([outcome(spool.window(0, 9, 1)[0])])
    with pytest.raises(SpoolError):
        s.flush()
    assert heard == []


def test_what_is_written_ahead_goes_with_the_turn_and_is_told_to_nobody():
    class Ahead(NullSpool):
        def append(self, outcomes, ahead=()):
            written.append((list(outcomes), list(ahead)))

    written = []
    s, spool = settler(Ahead.made(job(), 3))
    heard = heard_by(s)
    one, two, _ = spool.window(0, 9, 9)
    s.write_ahead([outcome(one, "unknown")])
    s.record([outcome(two)])
    s.flush()
    s.write_ahead([outcome(two, "unknown")])
    s.flush()
    assert written == [([outcome(two)], [outcome(one, "unknown")]), ([], [outcome(two, "unknown")])]
    assert heard == [outcome(two)]


def test_what_was_written_ahead_of_a_step_not_made_is_forgotten():
    s, spool = settler()
    s.write_ahead([outcome(spool.window(0, 9, 1)[0], "unknown")])
    s.forget_ahead()
    assert s.flush() == NEVER
