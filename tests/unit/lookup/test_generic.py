"""smtp_generic_maps: which address becomes which (spec: content, section 6)."""

import os
import sqlite3
from pathlib import Path

import pytest

from fastsmtp.errors import Pending, TableError
from fastsmtp.lookup.followed import LOOK_INTERVAL, RETRY_INTERVAL
from fastsmtp.lookup.generic import MEMORY_TIME, Generic, GenericRules

TABLE = (
    "inline:{joe@int.test=joe.out@pub.example, @swap.test=@pub.example, ext@int.test=base@out.example, "
    "ext+own@int.test=own@out.example, at@int.test=@pub.example, bare@int.test=bare, mine=out@pub.example, "
    '{quoted@int.test = "a b"@out.example}, {many@int.test = one@out.example, two@out.example}, '
    "{name@int.test = Some Name <named@out.example>}, {none@int.test = <>}}"
)


def generic(*tables: str, delimiter: str = "+", propagates: bool = False, warn=pytest.fail) -> Generic:
    rules = GenericRules(tables or (TABLE,), delimiter, propagates, "Origin.test", ("local.test",))
    return Generic(rules, warn)


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("joe@int.test", "joe.out@pub.example"),
        ("JOE@INT.test", "joe.out@pub.example"),
        ("other@int.test", None),
        ("", None),
        ("u+tag@swap.test", "u+tag@pub.example"),
        ("ext+tag@int.test", "base@out.example"),
        ("ext+own@int.test", "own@out.example"),
        ("at+tag@int.test", "at@pub.example"),
        ("at@int.test", "at@pub.example"),
        ("bare@int.test", "bare@Origin.test"),
        ("mine@origin.test", "out@pub.example"),
        ("mine@LOCAL.test", "out@pub.example"),
        ("mine+x@local.test", "out@pub.example"),
        ("mine@elsewhere.test", None),
        ("mine", "out@pub.example"),
        ("quoted@int.test", '"a b"@out.example'),
        ('"joe"@int.test', "joe.out@pub.example"),
        ('"u v"@swap.test', '"u v"@pub.example'),
        ("name@int.test", "named@out.example"),
        ("postmaster+x@int.test", None),
    ],
)
def test_address_becomes(address: str, found: str | None) -> None:
    assert generic().find(address) == found


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("ext+tag@int.test", "base+tag@out.example"),
        ("at+tag@int.test", "at+tag@pub.example"),
        ("ext+own@int.test", "own@out.example"),
        ("u+tag@swap.test", "u+tag@pub.example"),
        ("mine+x@local.test", "out+x@pub.example"),
    ],
)
def test_unused_extension_is_propagated_on_request(address: str, found: str) -> None:
    assert generic(propagates=True).find(address) == found


def test_without_a_delimiter_there_is_no_extension() -> None:
    assert generic(delimiter="").find("ext+tag@int.test") is None


def test_result_is_not_looked_up_again() -> None:
    assert generic("inline:{a@b=c@d, c@d=e@f}").find("a@b") == "c@d"


def test_patterns_see_the_whole_address_alone() -> None:
    assert generic("regexp:{{/^u@b$/ c@d}}").find("u+x@b") is None


def test_first_of_several_addresses_counts_with_a_warning() -> None:
    told: list[str] = []
    assert generic(warn=told.append).find("many@int.test") == "one@out.example"
    assert told == ["multi-valued smtp_generic_maps result for many@int.test"]


@pytest.mark.parametrize(
    ("table", "address"), [("fail:x", "a@b"), (TABLE, "none@int.test"), ("inline:{a@b=<}", "a@b")]
)
def test_without_an_answer_the_address_is_nobodys_to_decide(table: str, address: str) -> None:
    with pytest.raises(TableError, match="smtp_generic_maps"):
        generic(table).find(address)


def test_changed_file_is_read_anew_when_it_is_time(tmp_path: Path) -> None:
    path = tmp_path / "generic"
    path.write_text("a@b c@d\n")
    tables = generic(f"texthash:{path}")
    assert not tables.changed(1000.0)
    assert tables.find("a@b") == "c@d"
    path.write_text("a@b other@d\n")
    os.utime(path, (1, 1))
    assert not tables.changed(1000.0 + LOOK_INTERVAL / 2)
    assert tables.find("a@b") == "c@d"
    assert tables.changed(1000.0 + LOOK_INTERVAL)
    assert tables.find("a@b") == "other@d"
    assert not tables.changed(1000.0 + 3 * LOOK_INTERVAL)


def test_list_of_local_domains_is_followed_too(tmp_path: Path) -> None:
    domains = tmp_path / "domains"
    domains.write_text("a.test\n")
    tables = Generic(GenericRules(("inline:{u=x@y}",), "", False, "o.test", (str(domains),)), pytest.fail)
    assert not tables.changed(1.0)
    assert (tables.find("u@a.test"), tables.find("u@b.test")) == ("x@y", None)
    domains.write_text("b.test\n")
    os.utime(domains, (1, 1))
    assert tables.changed(1.0 + LOOK_INTERVAL)
    assert (tables.find("u@a.test"), tables.find("u@b.test")) == (None, "x@y")


def test_table_that_was_missing_is_tried_again(tmp_path: Path) -> None:
    told: list[str] = []
    tables = generic(f"texthash:{tmp_path / 'generic'}", warn=told.append)
    assert "is unavailable" in told[0]
    assert not tables.changed(1.0)
    (tmp_path / "generic").write_text("a@b c@d\n")
    assert tables.changed(1.0 + RETRY_INTERVAL)
    assert tables.find("a@b") == "c@d"


def test_what_a_database_says_is_remembered_for_a_while_alone(tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / "db", isolation_level=None)
    database.execute("CREATE TABLE t (k, v)")
    database.execute("INSERT INTO t VALUES ('a@b', 'c@d')")
    (tmp_path / "table").write_text(f"dbpath = {tmp_path}/db\nquery = SELECT v FROM t WHERE k = '%s'\n")
    tables = generic(f"sqlite:{tmp_path}/table")
    assert tables.volatile
    assert not tables.changed(1.0)
    assert tables.find("a@b") == "c@d"
    database.execute("UPDATE t SET v = 'e@f'")
    assert not tables.changed(1.0 + MEMORY_TIME / 2)
    assert tables.find("a@b") == "c@d"
    assert tables.changed(1.0 + MEMORY_TIME)
    assert tables.find("a@b") == "e@f"
    database.close()


def test_server_that_was_not_asked_yet_is_pending() -> None:
    with pytest.raises(Pending, match="a@b"):
        generic("tcp:localhost:9").find("a@b")
