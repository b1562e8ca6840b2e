"""pgsql:FILE and mysql:FILE: rows of a database server, asked by the query of the client file FILE.

    hosts                            host[:port], inet:host:port, unix:path, postgresql:// (pgsql): any will
                                     do, tried in random order. localhost: its socket
    user, password, dbname           as the server wants them; the password is shown nowhere
    query, domain, result_format,    see `client`; before there was `query`: table, select_field, where_field,
    expansion_limit                  additional_conditions, select_function (pgsql)
    retry_interval, idle_interval    seconds, 60: a server that failed is left alone, an idle connection kept
    encoding (pgsql), charset (mysql)                              UTF8, utf8mb4
    option_file, option_group, require_result_set, tls_* (mysql)   as mysql_table(5) says

Every column of every row is a value. Each connection quotes the key in its own way (fastsmtp.remote).
Source: pgsql_table(5), mysql_table(5).
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from fastsmtp.conf.lists import split_words
from fastsmtp.errors import TableError
from fastsmtp.lookup.client import Client
from fastsmtp.lookup.remote import Manners, Remote, require
from fastsmtp.lookup.table import Opening, Table

LIBRARIES = {"pgsql": "psycopg", "mysql": "asyncmy"}
OPTIONS = (
    *("option_file", "option_group", "require_result_set", "tls_verify_cert"),
    *("tls_cert_file", "tls_key_file", "tls_CAfile", "tls_CApath", "tls_ciphers"),
)


class Login(NamedTuple):
    """How a server knows us; "" is its own default."""

    user: str
    password: str
    database: str
    encoding: str
    options: dict[str, str]  # of mysql's option_file and tls_*, by their names

    def __repr__(self) -> str:
        return f"<Login {self.user}>"


class Place(NamedTuple):
    """Where a server is: a local socket's path, or a name and port; "" is the library's own default."""

    path: str
    name: str
    port: str


class SQL(Remote):
    """A query to one of several servers that hold the same rows."""

    __slots__ = ("_client", "login")

    def __init__(self, reference: str, client: Client, login: Login, opening: Opening) -> None:
        super().__init__(
            reference,
            reference.partition(":")[0],
            split_words(client.text("hosts")) or ("localhost",),
            Manners(
                retry_interval=client.number("retry_interval", 60),
                idle_interval=client.number("idle_interval", 60),
            ),
            fixed=True,
            folded=opening.fold,
            files=(client.file,),
        )
        self._client = client
        self.login = login

    def asks(self, key: str) -> bool:
        return self._client.question(key, str) is not None

    def question(self, key: str, quote: Callable[[str], str]) -> str:
        """The query for a key that is asked for."""
        return self._client.question(key, quote) or ""

    def answer(self, key: str, values: list[str]) -> str | None:
        """What the values of all rows come to."""
        return self._client.answer(key, values)


def opener(reference: str, name: str, opening: Opening) -> Table:
    kind = reference.partition(":")[0]
    require(LIBRARIES[kind], kind)
    client = Client.read(Path(name), opening, default_query=_old_query)
    if not client.query:
        raise TableError(f"{name}: expected a query")
    login = Login(
        user=client.text("user"),
        password=client.text("password"),
        database=client.text("dbname"),
        encoding=client.text("encoding", "UTF8") if kind == "pgsql" else client.text("charset", "utf8mb4"),
        options={name: client.text(name) for name in OPTIONS if client.text(name)},
    )
    return SQL(reference, client, login, opening)


def place(host: str) -> Place:
    """unix:path, inet:host:port or host:port. `localhost` means the local socket."""
    if host.startswith("unix:"):
        return Place(host.removeprefix("unix:"), "", "")
    text = host.removeprefix("inet:")
    name, colon, port = text.rpartition(":")
    if not colon:
        name, port = text, ""
    name = name.removeprefix("[").removesuffix("]")
    return Place("", "" if name.lower() == "localhost" else name, port)


def _old_query(text: Callable[[str], str]) -> str:
    """The query that the parameters of long ago stand for; "" if they are not there either."""
    if text("select_function"):
        return f"SELECT {text('select_function')}('%s')"
    if not (text("table") and text("select_field") and text("where_field")):
        return ""
    table, field, where = text("table"), text("select_field"), text("where_field")
    return f"SELECT {field} FROM {table} WHERE {where} = '%s' {text('additional_conditions')}"
