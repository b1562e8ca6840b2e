"""pgsql: queries to PostgreSQL, by libpq as psycopg gives it out (pip install 'fastsmtp[pgsql]').

A query is sent as it is written, in the simple protocol; values come back as the text that the server writes.
libpq is asked without waiting, so that a question can be given up at any moment.
Source: pgsql_table(5), dict_pgsql(3); libpq, "Asynchronous Command Processing".
"""

import asyncio
from typing import Any

import psycopg
from psycopg.pq import Escaping, ExecStatus
from psycopg.pq.abc import PGconn, PGresult

from fastsmtp.errors import TableError
from fastsmtp.lookup.remote import Remote, to_text
from fastsmtp.lookup.sql import SQL, place
from fastsmtp.remote.connection import Lost

ANSWERS = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK, ExecStatus.EMPTY_QUERY)


class PgsqlConnection:
    """One session of one server."""

    def __init__(self, table: SQL, connection: psycopg.AsyncConnection) -> None:
        self._table = table
        self._connection = connection
        self._libpq: PGconn = connection.pgconn

    async def ask(self, key: str) -> str | None:
        result = await self._run(self._table.question(key, self._quote).encode())
        if result.status not in ANSWERS:
            reason = result.error_message.decode("utf-8", "replace").strip()
            raise TableError(f"{self._table.name}: {reason}")
        cells = (
            result.get_value(row, column) for row in range(result.ntuples) for column in range(result.nfields)
        )
        return self._table.answer(key, [to_text(cell, self._table) for cell in cells if cell])

    def _quote(self, text: str) -> str:
        return Escaping(self._libpq).escape_string(text.encode()).decode()

    async def _run(self, query: bytes) -> PGresult:
        """The last result of a query. Lost: the server went away."""
        try:
            self._libpq.send_query(query)
            while self._libpq.flush():
                await self._ready(writing=True)
            last = None
            while True:
                while self._libpq.is_busy():
                    await self._ready()
                    self._libpq.consume_input()
                result = self._libpq.get_result()
                if result is None:
                    break
                last = result
        except psycopg.Error as error:
            raise Lost(str(error).strip()) from None
        if last is None or self._libpq.status != 0:
            raise Lost("the server closed the connection")
        return last

    async def _ready(self, *, writing: bool = False) -> None:
        """Until the socket is."""
        loop = asyncio.get_running_loop()
        socket = self._libpq.socket
        add, remove = (
            (loop.add_writer, loop.remove_writer) if writing else (loop.add_reader, loop.remove_reader)
        )
        ready = loop.create_future()

        def set_ready() -> None:
            if not ready.done():
                ready.set_result(None)

        add(socket, set_ready)
        try:
            await ready
        finally:
            remove(socket)

    def close(self) -> None:
        self._libpq.finish()


async def connect(table: Remote, host: str) -> PgsqlConnection:
    assert isinstance(table, SQL)
    login = table.login
    try:
        connection = await psycopg.AsyncConnection.connect(
            **_where(host),
            user=login.user or None,
            password=login.password or None,
            dbname=login.database or None,
            client_encoding=login.encoding,
            autocommit=True,
        )
    except psycopg.Error as error:
        raise Lost(str(error).strip()) from None
    connection.pgconn.nonblocking = 1
    return PgsqlConnection(table, connection)


def _where(host: str) -> dict[str, Any]:
    """What of it libpq is told."""
    if "://" in host:
        return {"conninfo": host}
    found = place(host)
    given = {"host": found.path or found.name, "port": found.port}
    return {name: value for name, value in given.items() if value}
