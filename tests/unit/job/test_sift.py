"""Columns of addresses become rows; what is bad is told apart, fit to be shown."""

import pytest

from fastsmtp.job import sift
from fastsmtp.job.sift import Rejected, Row, Sifter, control_reason, rejected


def sifted(sifter: Sifter, *addresses: str) -> tuple[list[Row], list[Rejected]]:
    good: list[Row] = []
    bad: list[Rejected] = []
    sifter.sift(range(1, len(addresses) + 1), addresses, [""] * len(addresses), good, bad)
    return good, bad


@pytest.mark.parametrize("count", [1, 15, 16, 17, 100, 1000])
def test_odd_address_is_found_wherever_it_stands(count: int) -> None:
    addresses = [f"a{number}@d{number % 7}.example" for number in range(count)]
    for place in {0, count // 2, count - 1}:
        given = [*addresses[:place], "odd", *addresses[place + 1 :]]
        good, bad = sifted(Sifter(), *given)
        assert [row[0] for row in bad] == [place + 1]
        assert [row[1] for row in good] == [address for address in given if address != "odd"]


def test_key_and_domain_are_canonical_in_both_ways() -> None:
    plain = sifted(Sifter(), "Ann@Example.ORG")[0]
    mixed = sifted(Sifter(), "Ann@Example.ORG", '"Ann"@example.org', "Ann@BÜCHER.example")[0]
    assert plain == [(1, "Ann@Example.ORG", "example.org", "ann@example.org", "")]
    assert [row[2:4] for row in mixed] == [
        ("example.org", "ann@example.org"),
        ("example.org", "ann@example.org"),
        ("xn--bcher-kva.example", "ann@xn--bcher-kva.example"),
    ]


def test_bad_domain_rejects_its_rows_alone() -> None:
    good, bad = sifted(Sifter(), "a@b.c", "a@-b.c", "d@b.c", "e@b..c")
    assert [row[0] for row in good] == [1, 3]
    assert [row[0] for row in bad] == [2, 4]


def test_domains_remembered_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sift, "_DOMAINS_LIMIT", 3)
    sifter = Sifter()
    for start in range(0, 20, 2):
        good, bad = sifted(sifter, f"a@d{start}.example", f"a@d{start + 1}.example")
        assert (len(good), bad) == (2, [])
        assert len(sifter._domains) <= 3


def test_rejected_row_can_be_shown() -> None:
    assert rejected(3, " a\x00\udcff\u2028b\t", "bad\n") == (3, "a\ufffd\ufffd\ufffdb", "bad\ufffd")
    assert len(rejected(3, "x" * 1000, "long")[1]) == 320


@pytest.mark.parametrize(
    ("text", "reason"), [("a\tb", ""), ("a\nb", "control"), ("\x7f", "control"), ("\udc80", "UTF-8")]
)
def test_control_reason_names_the_field(text: str, reason: str) -> None:
    found = control_reason("name", text)
    assert (reason in found) if reason else not found
    assert not found or "`name`" in found
