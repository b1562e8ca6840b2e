"""The lines about idle sessions: when, in which words, and none where there is nothing to tell."""

import re
from collections.abc import Callable
from unittest import mock

from fastsmtp.report.log import Log
from fastsmtp.session.cache import Counters
from fastsmtp.worker.statistics import INTERVAL, Statistics
from tests.support.memory_peer import Manner
from tests.support.world import ADDRESS, Lines, World

OTHER = "192.0.2.2"
TOLD = """\
scache: statistics: start interval DATE
scache: statistics: domain lookup hits=1 miss=1 success=50%
scache: statistics: address lookup hits=0 miss=2 success=0%
scache: statistics: max simultaneous domains=1 addresses=2 connection=2"""


def told(seen) -> str:
    lines = [line for line in seen.lines if line.startswith("scache: ")]
    return re.sub(r"[A-Z][a-z][a-z] [ \d]\d [\d:]{8}", "DATE", "\n".join(lines))


def run(**settings: str):
    """The first host keeps one recipient for the second, and is free for the next one meanwhile."""
    defers = Manner(answers={"RCPT": ["450 4.2.0 later", "250 ok"]})
    return World(peers={ADDRESS: defers, OTHER: Manner(delay=3.0)}).run(
        ["r1@x.example", "r2@x.example"],
        relayhost=f"[{ADDRESS}], [{OTHER}]",
        smtp_destination_recipient_limit="1",
        connection_cache_ttl_limit="1h",
        **settings,
    )


def test_idle_sessions_are_told_of_at_the_end() -> None:
    assert told(run(smtp_connection_cache_time_limit="20")) == TOLD


def test_run_that_kept_no_session_says_nothing() -> None:
    assert told(run(smtp_connection_cache_on_demand="no")) == ""


class Spans:
    """A cache with something to tell of each span, and a loop whose timer the test rings."""

    def __init__(self, *counters: Counters) -> None:
        self.counters = list(counters)
        self.spans: list[float] = []
        self.ring: Callable[[], None] = lambda: None

    def take_counters(self) -> Counters:
        return self.counters.pop(0)

    def call_later(self, delay: float, call: Callable[..., None], *arguments: object) -> mock.Mock:
        self.spans.append(delay)
        self.ring = lambda: call(*arguments)
        return mock.Mock()


def test_each_span_of_ten_minutes_is_told_of_by_itself() -> None:
    spans = Spans(Counters(2, 2, 0, 0, 1, 1, 1), Counters(host_misses=5), Counters(0, 0, 3, 1, 4, 2, 2))
    lines = Lines()
    statistics = Statistics(spans, Log(lines), lambda: 0.0)
    statistics.begin(spans)  # type: ignore[arg-type]
    spans.ring()
    assert [line.partition("domain lookup ")[2] for line in lines.lines][1] == "hits=2 miss=2 success=50%"
    told_so_far = len(lines.lines)
    spans.ring()
    assert len(lines.lines) == told_so_far  # no session was idle
    statistics.end()
    assert [line.partition("address lookup ")[2] for line in lines.lines][6] == "hits=3 miss=1 success=75%"
    assert spans.spans == [INTERVAL] * 3
