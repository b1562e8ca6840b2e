"""A list of tables: the first that finds or fails decides."""

import pytest

from fastsmtp.errors import TableError
from fastsmtp.lookup.maps import Maps


def maps(*words: str) -> Maps:
    return Maps.open("transport_maps", words, print)


def test_first_table_that_finds_decides() -> None:
    tables = maps("inline:{a=1}", "inline:{a=2, b=3}")
    assert [tables.find(key) for key in "abc"] == ["1", "3", None]


def test_failing_table_hides_those_after_it_and_none_before() -> None:
    with pytest.raises(TableError, match='transport_maps: lookup of "k" failed: fail:x'):
        maps("fail:x", "static:y").find("k")
    assert maps("static:y", "fail:x").find("k") == "y"


def test_empty_answer_is_an_error() -> None:
    with pytest.raises(TableError, match="gives an empty text"):
        maps("inline:{ a= }", "static:x").find("a")


def test_empty_key_is_never_looked_up() -> None:
    assert maps("fail:x").find("") is None


def test_part_of_an_address_is_kept_from_patterns() -> None:
    tables = maps("regexp:{ {/./ pattern} }", "inline:{example.com=plain}")
    assert tables.find("example.com") == "pattern"
    assert tables.find("example.com", partial=True) == "plain"


def test_no_tables_are_false() -> None:
    assert not maps()
    assert maps("static:x")
