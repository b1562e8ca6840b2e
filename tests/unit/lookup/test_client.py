"""Client files and sqlite: faults, limits, a database that is busy."""

import sqlite3
from pathlib import Path

import pytest

from fastsmtp.errors import TableError
from fastsmtp.lookup.client import fill
from fastsmtp.lookup.opening import open_strictly
from fastsmtp.lookup.table import Table


@pytest.fixture
def database(tmp_path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(tmp_path / "db")
    database.execute("CREATE TABLE t (k, v)")
    database.executemany("INSERT INTO t VALUES (?, ?)", [("a", "1"), ("a", "2"), ("b", "3")])
    database.commit()
    return database


def opened(tmp_path: Path, text: str) -> Table:
    (tmp_path / "table").write_text(text.replace("DB", str(tmp_path / "db")))
    return open_strictly(f"sqlite:{tmp_path}/table", pytest.fail)


QUERY = "dbpath = DB\nquery = SELECT v FROM t WHERE k = '%s'\n"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("dbpath = DB\n", "expected dbpath and query"),
        ("query = x\n", "expected dbpath and query"),
        ("dbpath = DB\nquery = SELECT '%x'\n", 'invalid "%x"'),
        ("dbpath = DB\nquery = SELECT '%\n", 'invalid "%"'),
        (QUERY + "expansion_limit = many\n", "expected a number"),
        ("dbpath\n", "missing '='"),
        ("dbpath = DB/none\nquery = SELECT 1\n", "unable to open"),
    ],
)
def test_client_file_with_a_fault_opens_no_table(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(TableError, match=complaint):
        opened(tmp_path, text)


def test_values_beyond_the_limit_are_an_error(tmp_path: Path, database: sqlite3.Connection) -> None:
    table = opened(tmp_path, QUERY + "expansion_limit = 1\n")
    assert table.get("B") == "3"
    with pytest.raises(TableError, match="more than expansion_limit = 1"):
        table.get("a")
    database.close()


def test_database_that_is_locked_is_an_error(tmp_path: Path, database: sqlite3.Connection) -> None:
    table = opened(tmp_path, QUERY)
    database.execute("BEGIN EXCLUSIVE")
    with pytest.raises(TableError, match="locked"):
        table.get("a")
    database.rollback()
    assert table.get("a") == "1,2"
    database.close()


def test_change_is_seen_at_once(tmp_path: Path, database: sqlite3.Connection) -> None:
    table = opened(tmp_path, QUERY)
    assert table.get("c") is None
    database.execute("INSERT INTO t VALUES ('c', '4')")
    database.commit()
    assert table.get("c") == "4"
    database.close()


def test_table_cannot_write(tmp_path: Path, database: sqlite3.Connection) -> None:
    table = opened(tmp_path, "dbpath = DB\nquery = DELETE FROM t WHERE k = '%s'\n")
    with pytest.raises(TableError, match="readonly"):
        table.get("a")
    database.close()


@pytest.mark.parametrize(
    ("template", "value", "key", "expected"),
    [
        ("%s %u %d", "u@d.e", "k", "u@d.e u d.e"),
        ("%S %U %D %1 %2", "v", "u@d.e", "u@d.e u d.e e d"),
        ("%3", "v", "u@d.e", None),
        ("%d", "u", "k@x", None),
        ("%u", "@d", "k@x", None),
        ("%u", "u", "k@x", "u"),
        ("100%%", "v", "k", "100%"),
    ],
)
def test_letters_stand_for_parts_of_value_and_key(
    template: str, value: str, key: str, expected: str | None
) -> None:
    assert fill(template, value, key, str) == expected
