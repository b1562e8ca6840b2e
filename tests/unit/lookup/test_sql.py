"""pgsql: and mysql: client files, without a server."""

from pathlib import Path

import pytest

from fastsmtp.errors import Pending, TableError
from fastsmtp.lookup.opening import open_strictly
from fastsmtp.lookup.sql import SQL, Place, place


def opened(tmp_path: Path, text: str, kind: str = "pgsql") -> SQL:
    (tmp_path / "table").write_text(text)
    table = open_strictly(f"{kind}:{tmp_path}/table", pytest.fail)
    assert isinstance(table, SQL)
    return table


QUERY = "query = SELECT v FROM t WHERE k = '%s'\n"


def test_key_is_quoted_in_the_query_and_folded(tmp_path: Path) -> None:
    table = opened(tmp_path, QUERY)
    assert table.question("o'k", lambda text: text.replace("'", "''")) == "SELECT v FROM t WHERE k = 'o''k'"
    with pytest.raises(Pending) as caught:
        table.get("MÜLLER")
    assert caught.value.key == "müller"


def test_key_that_the_file_leaves_out_is_not_asked_for(tmp_path: Path) -> None:
    table = opened(tmp_path, QUERY + "domain = d.example\n")
    assert [table.get(key) for key in ("u", "@d.example", "u@e.example")] == [None] * 3
    with pytest.raises(Pending):
        table.get("u@d.example")
    assert opened(tmp_path, "query = SELECT '%3'\n").get("u@d.example") is None


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("table = t\nselect_field = v\nwhere_field = k\n", "SELECT v FROM t WHERE k = 'x' "),
        (
            "table=t\nselect_field=v\nwhere_field=k\nadditional_conditions=AND a\n",
            "SELECT v FROM t WHERE k = 'x' AND a",
        ),
        ("select_function = f\n", "SELECT f('x')"),
    ],
)
def test_old_parameters_make_a_query(text: str, query: str, tmp_path: Path) -> None:
    assert opened(tmp_path, text).question("x", str) == query


@pytest.mark.parametrize("kind", ["pgsql", "mysql"])
def test_file_with_a_fault_opens_no_table(kind: str, tmp_path: Path) -> None:
    for text, reason in (
        ("user = x\n", "expected a query"),
        (QUERY + "retry_interval = soon\n", r"table: retry_interval = soon: expected a number"),
        (QUERY + "expansion_limit = -1\n", "expansion_limit = -1: expected a number"),
        ("query = %q\n", 'invalid "%q"'),
        ("password sesame\n", r"table:1: missing '=' after the name: expected name = value\Z"),
    ):
        with pytest.raises(TableError, match=reason):
            opened(tmp_path, text, kind)
    with pytest.raises(TableError, match="No such file"):
        open_strictly(f"{kind}:{tmp_path}/none", pytest.fail)


@pytest.mark.parametrize(
    ("kind", "library"), [("pgsql", "psycopg"), ("mysql", "asyncmy"), ("ldap", "bonsai")]
)
def test_missing_library_is_named_with_its_extra(
    kind: str, library: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fastsmtp.lookup.remote.find_spec", lambda name: None)
    with pytest.raises(TableError, match=rf"{library} is not installed: pip install 'fastsmtp\[{kind}\]'"):
        open_strictly(f"{kind}:{tmp_path}/table", pytest.fail)


def test_password_is_in_no_warning_of_its_file(tmp_path: Path) -> None:
    told: list[str] = []
    (tmp_path / "table").write_text(f" password = sesame\npassword = sesame\npassword = other\n{QUERY}")
    open_strictly(f"pgsql:{tmp_path}/table", told.append)
    assert [text.partition("table:")[2] for text in told] == [
        "1: a logical line must not start with a blank: ignored",
        f"3: overriding earlier entry: password ({tmp_path}/table:2)",
    ]


def test_password_is_in_no_text_that_stands_for_the_table(tmp_path: Path) -> None:
    table = opened(tmp_path, QUERY + "user = u\npassword = sesame\n")
    assert table.login.password == "sesame"
    assert "sesame" not in repr(table) + repr(table.login) + str(table.login)


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ("unix:/run/x", Place("/run/x", "", "")),
        ("inet:db.example:99", Place("", "db.example", "99")),
        ("db.example", Place("", "db.example", "")),
        ("[::1]:99", Place("", "::1", "99")),
        ("LOCALHOST", Place("", "", "")),
        ("inet:localhost:99", Place("", "", "99")),
    ],
)
def test_host_is_a_socket_or_a_name_and_port(host: str, found: Place) -> None:
    assert place(host) == found


def test_hosts_and_intervals_have_defaults(tmp_path: Path) -> None:
    table = opened(tmp_path, QUERY)
    assert (table.hosts, table.manners.retry_interval, table.manners.idle_interval) == (
        ("localhost",),
        60,
        60,
    )
    table = opened(tmp_path, QUERY + "hosts = a b,c\nretry_interval = 5\nidle_interval = 6\n", "mysql")
    assert (table.hosts, table.manners.retry_interval, table.manners.idle_interval) == (("a", "b", "c"), 5, 6)
    assert table.login.encoding == "utf8mb4"
