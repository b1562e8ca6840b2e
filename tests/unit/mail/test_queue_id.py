"""Queue ids in Postfix's long form (spec: queue, 12.5)."""

import re

from fastsmtp.mail.queue_id import prefix, queue_id

FORM = re.compile(r"[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]{10,}")


def test_queue_id_matches_what_log_analysers_look_for():
    assert FORM.fullmatch(queue_id(prefix(1_795_000_000.123456), 0))
    assert FORM.fullmatch(queue_id(prefix(1_795_000_000.123456), 10_000_000))


def test_jobs_of_different_moments_never_share_an_id():
    moments = [1_795_000_000 + i / 1000 for i in range(500)]
    assert len({prefix(at) for at in moments}) == 500


def test_ids_sort_by_time_of_arrival():
    prefixes = [prefix(at) for at in (1_700_000_000.0, 1_795_000_000.0, 1_900_000_000.5)]
    assert [p[:6] for p in prefixes] == sorted(p[:6] for p in prefixes)
