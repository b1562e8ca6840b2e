"""The keys that are tried for an address or a destination, and their order."""

from collections.abc import Iterable

import pytest

from fastsmtp.errors import TableError
from fastsmtp.lookup.keys import (
    Key,
    destination_keys,
    email_keys,
    find,
    spellings,
    split_extension,
    transport_keys,
)
from fastsmtp.lookup.maps import Maps


def texts(keys: Iterable[Key]) -> list[str]:
    return [key.text for key in keys]


def email(address: str, delimiter: str = "+", local: str = "") -> list[str]:
    return texts(email_keys(address, delimiter, lambda domain: domain == local))


def test_address_is_tried_whole_then_without_extension_then_by_domain() -> None:
    assert email("u+e@d") == ["u+e@d", "u@d", "@d"]
    assert email("u+e@d", local="d") == ["u+e@d", "u@d", "u+e", "u", "@d"]
    assert email("u+e@d", delimiter="") == ["u+e@d", "@d"]
    assert email("u@d", local="d") == ["u@d", "u", "@d"]
    assert email("u+e") == ["u+e", "u"]


def test_quoted_local_part_is_tried_in_both_spellings() -> None:
    assert email('"a b"@d') == ['"a b"@d', "a b@d", "@d"]
    assert spellings(r'"a\"\\b"') == (r'"a\"\\b"', r'a"\b')
    assert spellings('"') == ('"',)


def test_only_the_whole_address_reaches_patterns() -> None:
    assert [key for key in email_keys("u+e@d", "+", lambda _: True) if not key.partial] == [
        Key("u+e@d", False)
    ]


def test_transport_keys_go_up_the_domain_and_end_with_a_star() -> None:
    assert texts(transport_keys("u@a.b.c", "", bare=False)) == ["u@a.b.c", "a.b.c", ".b.c", ".c", "*"]
    assert texts(transport_keys("u+e@b.c", "+", bare=True)) == ["u+e@b.c", "u@b.c", "b.c", "c", "*"]
    whole = [key.text for key in transport_keys("u@a.b.c", "", bare=False) if not key.partial]
    assert whole == ["u@a.b.c", "*"]


def test_destination_in_brackets_or_with_a_port_is_one_key() -> None:
    assert texts(destination_keys("mx.b.c")) == ["mx.b.c", ".b.c", ".c"]
    assert texts(destination_keys("[mx.b.c]:587")) == ["[mx.b.c]:587"]
    assert texts(destination_keys("b.c:25")) == ["b.c:25"]


@pytest.mark.parametrize(
    ("local", "delimiter", "expected"),
    [
        ("u+e-f", "+-", ("u", "e-f")),
        ("u-e+f", "+-", ("u", "e+f")),
        ("+e", "+", ("+e", "")),
        ("u+", "+", ("u", "")),
        ("MAILER-daemon", "-", ("MAILER-daemon", "")),
        ("owner-list", "-", ("owner-list", "")),
        ("list-request", "-", ("list-request", "")),
        ("list-request+x", "-+", ("list", "request+x")),
        ("owner-list+x", "-+", ("owner-list", "x")),
    ],
)
def test_extension_begins_at_the_first_delimiter(
    local: str, delimiter: str, expected: tuple[str, str]
) -> None:
    assert split_extension(local, delimiter) == expected


def test_each_key_goes_through_all_tables_before_the_next() -> None:
    maps = Maps.open("smtp_generic_maps", ["inline:{@d=domain}", "inline:{u@d=user}"], pytest.fail)
    assert find(maps, email_keys("u+e@d", "+", lambda _: False)) == (Key("u@d", True), "user")
    assert find(maps, email_keys("v@d", "+", lambda _: False)) == (Key("@d", True), "domain")
    assert find(maps, email_keys("v@x", "+", lambda _: False)) is None


def test_failing_table_ends_the_search() -> None:
    maps = Maps.open("transport_maps", ["fail:x", "static:y"], pytest.fail)
    with pytest.raises(TableError):
        find(maps, transport_keys("u@d", "", bare=False))
