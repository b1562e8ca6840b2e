"""Which recipients and which part of the limits are a worker's."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastsmtp.conf.settings import Settings
from fastsmtp.worker import configure
from fastsmtp.worker.share import WHOLE, Share, keep, most, portion

COUNTS = st.integers(1, 9)


def shares(count: int) -> list[Share]:
    return [Share(number, count) for number in range(count)]


def row(line: int, address: str) -> tuple[int, str, str, str, str]:
    return line, address, address.rpartition("@")[2].lower(), address.lower(), ""


@given(COUNTS, st.integers(0, 500))
def test_portions_add_up_to_the_limit_and_differ_by_one_at_most(count: int, limit: int) -> None:
    portions = [portion(limit, share) for share in shares(count)]
    assert sum(portions) == limit
    assert max(portions) - min(portions) <= 1


@given(COUNTS, st.integers(0, 20), st.integers(1, 20))
def test_no_worker_is_without_a_session(workers: int, concurrency: int, sessions: int) -> None:
    count = most(workers, concurrency, sessions)
    assert 1 <= count <= workers
    for limit in (concurrency, sessions):
        assert limit == 0 or min(portion(limit, share) for share in shares(count)) >= 1


@given(COUNTS, st.lists(st.emails(), max_size=50), st.integers(0, 30))
def test_every_row_falls_to_one_share(count: int, addresses: list[str], bad_rows: int) -> None:
    good = [row(line, address) for line, address in enumerate(addresses, 1)]
    bad = [(line, "", "no address") for line in range(100, 100 + bad_rows)]
    found_good: list[object] = []
    found_bad: list[object] = []
    for share in shares(count):
        for mine, refused in keep([(good, bad)], share):
            found_good += mine
            found_bad += refused
    assert sorted(map(repr, found_good)) == sorted(map(repr, good))
    assert sorted(map(repr, found_bad)) == sorted(map(repr, bad))


def test_equal_addresses_fall_to_one_share_whatever_their_case() -> None:
    rows = [row(1, "Ada@X.example"), row(2, "ada@x.example"), row(3, "ADA@x.EXAMPLE")]
    sizes = [[len(good) for good, _ in keep([(rows, [])], share)] for share in shares(5)]
    assert sorted(sizes) == [[0], [0], [0], [0], [3]]


def test_shares_of_a_list_are_of_one_size() -> None:
    rows = [row(line, f"reader{line}@list{line % 7}.example") for line in range(3000)]
    for share in shares(3):
        ((mine, _),) = keep([(rows, [])], share)
        assert 900 < len(mine) < 1100


def rules_of(share: Share, *overrides: str) -> configure.Rules:
    return configure.read(
        Settings.load(None, overrides),
        one_each=False,
        null_sender=False,
        max_age=None,
        horizon=None,
        share=share,
    )


def windows(count: int, *overrides: str) -> Sequence[tuple[int, int, int]]:
    found = [rules_of(share, *overrides).scheduler for share in shares(count)]
    return [(rules.window.initial, rules.window.limit, rules.sessions) for rules in found]


def test_one_worker_has_all_limits() -> None:
    assert rules_of(WHOLE).scheduler.window.limit == 20
    assert rules_of(WHOLE).feed.room == 20_000


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ((), [(2, 7, 34), (2, 7, 33), (1, 6, 33)]),
        (("smtp_destination_concurrency_limit=0",), [(2, 0, 34), (2, 0, 33), (1, 0, 33)]),
        (("initial_destination_concurrency=2",), [(1, 7, 34), (1, 7, 33), (1, 6, 33)]),
    ],
)
def test_workers_divide_the_limits(overrides: tuple[str, ...], expected: list[tuple[int, int, int]]) -> None:
    assert windows(3, *overrides) == expected
