"""Tables in MariaDB: `fastsmtp lookup` against postmap -q, with a server started here."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import servers
from tests.support.lookup_clients import (
    ASCII_KEYS,
    QUERIES,
    QUERY,
    agrees,
    asked_around,
    asked_for_many,
    client_file,
    complaint,
    filled,
    require,
)
from tests.support.postfix import scratch
from tests.support.postmap import lookup
from tests.support.servers import PASSWORD, Server

pytestmark = [pytest.mark.peer]


@pytest.fixture(scope="module")
def mariadb() -> Iterator[Server]:
    require("mariadb", "mysql")
    with scratch("mariadb-") as root, servers.mariadb(Path(root)) as server:

        def quote(text: str) -> str:
            return text.replace("\\", "\\\\").replace("'", "\\'")

        create = f"CREATE USER reader IDENTIFIED BY '{quote(PASSWORD)}'; GRANT SELECT ON mail.* TO reader;\n"
        sql = f"CREATE DATABASE mail CHARACTER SET utf8mb4 COLLATE utf8mb4_bin; USE mail;\n{filled(quote)}"
        servers.mariadb_run(server, sql + create)
        yield server


def mysql_login(server: Server) -> str:
    hosts = f"hosts = inet:127.0.0.1:{server.port}\n"
    return f"{hosts}user = reader\npassword = {PASSWORD}\ndbname = mail\noption_group =\n"


@pytest.mark.parametrize("case", QUERIES)
def test_mariadb_answers_as_postmap(case: str, mariadb: Server, tmp_path: Path) -> None:
    agrees(client_file(tmp_path, "mysql", mysql_login(mariadb) + QUERIES[case]), ASCII_KEYS)


def test_mariadb_speaks_utf8(mariadb: Server, tmp_path: Path) -> None:
    assert lookup(client_file(tmp_path, "mysql", mysql_login(mariadb) + QUERY), "MÜLLER") == (0, "ümlaut\n")


def test_mariadb_is_found_by_its_socket_and_where_another_is_down(mariadb: Server, tmp_path: Path) -> None:
    login = mysql_login(mariadb).partition("\n")[2]
    for hosts in (f"unix:{mariadb.socket}", f"127.0.0.1:1 unix:{mariadb.socket} 127.0.0.1:2"):
        reference = client_file(tmp_path, "mysql", f"hosts = {hosts}\n{login}{QUERY}")
        assert lookup(reference, "u@d.example") == (0, "x@y.example\n")


def test_mariadb_without_the_right_password_says_so_and_never_tells_it(
    mariadb: Server, tmp_path: Path
) -> None:
    login = mysql_login(mariadb).replace(PASSWORD, "wrong-word")
    told = complaint(client_file(tmp_path, "mysql", login + QUERY), "a")
    assert "Access denied for user 'reader'" in told
    assert "wrong-word" not in told


def test_connection_that_mariadb_closed_is_replaced(mariadb: Server, tmp_path: Path) -> None:
    reference = client_file(tmp_path, "mysql", mysql_login(mariadb) + QUERY)
    found = asked_around(reference, lambda: servers.mariadb_run(mariadb, "KILL USER reader;"))
    assert found == ["x@y.example", "plain"]


def test_many_are_asked_at_once_over_few_connections(mariadb: Server, tmp_path: Path) -> None:
    asked_for_many(client_file(tmp_path, "mysql", f"{mysql_login(mariadb)}query = SELECT '%u'\n"))
