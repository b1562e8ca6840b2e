"""ldap: what is searched for and what the entries come to, without a server."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from fastsmtp.errors import TableError
from fastsmtp.lookup.ldap import LDAP, Search, quote_dn, quote_filter
from fastsmtp.lookup.opening import open_strictly

BASE = "search_base = dc=x\nquery_filter = (cn=%s)\nresult_attribute = mail\n"
Entry = Mapping[str, Sequence[str]]


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its library asks servers alone."""
    monkeypatch.setattr("fastsmtp.lookup.remote.find_spec", lambda name: object())


def opened(tmp_path: Path, text: str = BASE) -> LDAP:
    (tmp_path / "table").write_text(text)
    table = open_strictly(f"ldap:{tmp_path}/table", pytest.fail)
    assert isinstance(table, LDAP)
    return table


def answer(table: LDAP, key: str, *replies: Sequence[Entry]) -> tuple[str | None, list[Search]]:
    """What the table makes of a server's replies, and what it searched for."""
    searches, asked, left = table.searches(key), [], list(replies)
    try:
        search = next(searches)
        while True:
            asked.append(search)
            search = searches.send(left.pop(0))
    except StopIteration as end:
        assert not left
        return end.value, asked


def test_values_of_all_entries_are_the_answer(tmp_path: Path) -> None:
    found, asked = answer(opened(tmp_path), "a", [{"Mail": ["a@x", "b@x"]}, {"mail": ["c@x"], "sn": []}])
    assert found == "a@x,b@x,c@x"
    assert asked == [Search("dc=x", "sub", "(cn=a)")]
    assert answer(opened(tmp_path), "a", [])[0] is None


def test_key_is_quoted_in_filter_and_base(tmp_path: Path) -> None:
    table = opened(tmp_path, "search_base = cn=%u,dc=%d\nquery_filter = (cn=%s)\nscope = one\n")
    assert answer(table, "a*,b@x", [])[1] == [Search("cn=a*\\,b,dc=x", "one", "(cn=a\\2a,b@x)")]
    assert answer(table, "bare") == (None, [])
    assert table.get("bare") is None


@pytest.mark.parametrize(
    ("text", "in_filter", "in_dn"),
    [
        ("a*(b)\\\0", "a\\2a\\28b\\29\\5c\\00", "a*(b)\\\\\\00"),
        (' #a, b=c;<d>+"e" ', ' #a, b=c;<d>+"e" ', '\\ #a\\, b\\=c\\;\\<d\\>\\+\\"e\\"\\ '),
        ("#ü", "#ü", "\\#ü"),
    ],
)
def test_text_cannot_leave_its_place(text: str, in_filter: str, in_dn: str) -> None:
    assert quote_filter(text) == in_filter
    assert quote_dn(text) == in_dn


def test_special_values_are_followed(tmp_path: Path) -> None:
    table = opened(tmp_path, BASE + "special_result_attribute = member\n")
    found, asked = answer(
        table,
        "a",
        [{"mail": ["a@x"], "member": ["cn=b", "ldap://h/cn=c%20d?mail?sub?(sn=1)", "LDAP:///cn=e"]}],
        [{"mail": ["b@x"], "member": ["cn=none"]}],
        [],
        [{"mail": ["c@x"]}],
        [],
    )
    assert found == "a@x,b@x,c@x"
    assert asked[1:] == [
        Search("cn=b", "base", "(objectClass=*)"),
        Search("cn=none", "base", "(objectClass=*)"),
        Search("cn=c d", "sub", "(sn=1)"),
        Search("cn=e", "base", "(objectClass=*)"),
    ]


def test_leaf_and_terminal_attributes_decide_what_counts(tmp_path: Path) -> None:
    table = opened(
        tmp_path,
        "search_base = dc=x\nresult_attribute = mail\nleaf_result_attribute = leaf\n"
        "terminal_result_attribute = end\nspecial_result_attribute = member\n",
    )
    assert answer(table, "a", [{"leaf": ["l"], "mail": ["m"]}])[0] == "l,m"
    assert answer(table, "a", [{"leaf": ["l"], "member": ["cn=b"]}], [{"leaf": ["b"]}])[0] == "b"
    assert answer(table, "a", [{"end": ["e"], "mail": ["m"], "leaf": ["l"], "member": ["cn=b"]}])[0] == "e"
    assert table.attributes == ("end", "leaf", "mail", "member")


def test_limits_are_errors(tmp_path: Path) -> None:
    table = opened(tmp_path, BASE + "special_result_attribute = member\nrecursion_limit = 2\n")
    loop = [{"member": ["cn=a"]}]
    with pytest.raises(TableError, match="recursion_limit = 2 is exceeded"):
        answer(table, "a", loop, loop, loop, loop)
    table = opened(tmp_path, BASE + "expansion_limit = 1\n")
    assert table.size_limit == 1
    with pytest.raises(TableError, match="more than expansion_limit = 1"):
        answer(table, "a", [{"mail": ["a", "b"]}])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("bind = sasl\n", "bind = sasl: expected yes or no"),
        ("dereference = 2\n", "dereference = 2: expected 0"),
        ("scope = all\n", "scope = all: expected sub or one or base"),
        ("timeout = x\n", "timeout = x: expected a number"),
        ("query_filter = (cn=%x)\n", 'query_filter: invalid "%x"'),
        ("search_base = %x\n", 'search_base: invalid "%x"'),
    ],
)
def test_file_with_a_fault_opens_no_table(text: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(TableError, match=reason):
        opened(tmp_path, text)


def test_hosts_are_urls_in_the_end(tmp_path: Path) -> None:
    hosts = opened(tmp_path, BASE + "server_host = a, b:9 ldaps://c\nserver_port = 99\n").hosts
    assert hosts == ("ldap://a:99", "ldap://b:9", "ldaps://c")
    assert opened(tmp_path).hosts == ("ldap://localhost:389",)
    assert opened(tmp_path).manners.time_limit == 10
