"""mysql: queries to MySQL and MariaDB, by asyncmy (pip install 'fastsmtp[mysql]').

Values come back as the text that the server writes.
Source: mysql_table(5), dict_mysql(3).
"""

import os
from collections.abc import Mapping
from typing import Any

import asyncmy
from asyncmy.errors import Error, InterfaceError, OperationalError

from fastsmtp.errors import TableError
from fastsmtp.lookup.remote import Remote
from fastsmtp.lookup.sql import SQL, place
from fastsmtp.remote.connection import Lost

LOCAL_SOCKETS = ("/run/mysqld/mysqld.sock", "/var/lib/mysql/mysql.sock", "/tmp/mysql.sock")
TLS = {
    "ca": "tls_CAfile",
    "capath": "tls_CApath",
    "cipher": "tls_ciphers",
    "cert": "tls_cert_file",
    "key": "tls_key_file",
}
DEFAULT_PORT = 3306
CONNECT_LIMIT = 31536000.0  # seconds, the library's most: the pool has a limit of its own
# What the library calls an OperationalError but is the query's fault, not the connection's
LOST = frozenset({1053, 2003, 2006, 2013, 2055, 1927, 4031, 1152, 1153, 1158, 1159, 1160, 1161})


class MysqlConnection:
    """One session of one server."""

    def __init__(self, table: SQL, connection: Any) -> None:
        self._table = table
        self._connection = connection

    async def ask(self, key: str) -> str | None:
        question = self._table.question(key, self._connection.escape_string)
        try:
            async with self._connection.cursor() as cursor:
                await cursor.execute(question)
                has_rows = cursor.description is not None
                rows = await cursor.fetchall() if has_rows else ()
        except Error as error:
            code = error.args[0] if error.args else 0
            if isinstance(error, OperationalError | InterfaceError) and (code in LOST or not code):
                raise Lost(said(error)) from None
            raise TableError(f"{self._table.name}: {said(error)}") from None
        except (RuntimeError, AttributeError):  # what the library makes of a stream that has ended
            raise Lost("the server closed the connection") from None
        if not has_rows and self._table.login.options.get("require_result_set", "yes").lower() != "no":
            raise TableError(f"{self._table.name}: the query gives no rows, and require_result_set is yes")
        return self._table.answer(key, [str(cell) for row in rows for cell in row if cell is not None])

    def close(self) -> None:
        self._connection.close()


async def connect(table: Remote, host: str) -> MysqlConnection:
    assert isinstance(table, SQL)
    login, options = table.login, table.login.options
    try:
        connection = await asyncmy.connect(
            **_where(host),
            user=login.user or None,
            password=login.password.encode(),
            database=login.database or None,
            charset=login.encoding,
            autocommit=True,
            connect_timeout=CONNECT_LIMIT,
            conv={},
            ssl=_secured(options),
            read_default_file=options.get("option_file"),
            read_default_group=options.get("option_group"),
        )
    except Error as error:
        raise Lost(said(error)) from None
    return MysqlConnection(table, connection)


def _secured(options: Mapping[str, str]) -> dict[str, Any] | None:
    """What the library is told of TLS; None: no TLS."""
    given: dict[str, Any] = {name: options[option] for name, option in TLS.items() if option in options}
    if given:
        given["check_hostname"] = options.get("tls_verify_cert", "no").lower() == "yes"
    return given or None


def said(error: Error) -> str:
    """The server's words, without the number."""
    return str(error.args[-1]) if error.args else type(error).__name__


def _where(host: str) -> dict[str, Any]:
    """What of it the library is told."""
    found = place(host)
    if found.path:
        return {"unix_socket": found.path}
    if found.name:
        return {"host": found.name, "port": int(found.port or DEFAULT_PORT)}
    sockets = [path for path in LOCAL_SOCKETS if os.path.exists(path)]
    return {"unix_socket": (sockets or LOCAL_SOCKETS)[0]}
