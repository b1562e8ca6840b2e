"""Client files of tables that ask a server, the rows that those serve, and postmap to compare with.

client_file(directory, kind, text)   writes one: the reference to it
agrees(reference, keys)              `fastsmtp lookup` says of each key what postmap -q says
complaint(reference, key)            what it says of a key that has no answer
filled(quote)                        SQL that makes the table of ROWS; QUERIES asks for it
asked_around(reference, break_connections), asked_for_many(reference)      as a run asks
require(server, kind), kinds()       what can run here
"""

import asyncio
from collections.abc import Callable
from contextlib import redirect_stderr
from importlib.util import find_spec
from io import StringIO
from pathlib import Path

import pytest

from fastsmtp.cli.main import main
from fastsmtp.conf.settings import Settings
from fastsmtp.lookup.opening import open_strictly
from fastsmtp.remote.answers import Answers
from fastsmtp.worker.asking import answer_rules
from tests.support import servers
from tests.support.postfix import age
from tests.support.postmap import lookup, postmap_each, types

ROWS = [
    *(("a", "1"), ("a", "2"), ("u@d.example", "x@y.example"), ("u", "local"), ("d.example", "dom")),
    *(("o'k", "quoted"), ("example", "top"), ("empty", ""), ("null", None), ("u@e.example", "plain")),
    *(("@d.example", "at"), ("back\\slash", "kept"), ("müller", "ümlaut"), ('do"uble', "q")),
]
KEYS = ["a", "A", "u@d.example", "u@e.example", "v@d.example", "u@x", "u", "o'k", "empty", "null", "no"]
KEYS += [
    "@d.example",
    "u@d.example.",
    "u@.example",
    "back\\slash",
    "müller",
    'do"uble',
    "o'; DROP TABLE t; --",
]
ASCII_KEYS = [key for key in KEYS if key.isascii()]  # Postfix 3.7 speaks latin1 to databases
QUERY = "query = SELECT v FROM t WHERE k = '%s'\n"
QUERIES = {
    "whole key": QUERY,
    "local part": "query = SELECT v FROM t WHERE k = '%u'\n",
    "domain": "query = SELECT v FROM t WHERE k = '%d'\n",
    "labels": "query = SELECT v FROM t WHERE k = '%1' OR k = '%2'\n",
    "parts of the key": QUERY + "result_format = %s %U@%D.%1%%\n",
    "parts of the value": QUERY + "result_format = %u at %d\n",
    "limit": QUERY + "expansion_limit = 1\n",
    "domains": QUERY + "domain = d.example, other\n",
    "two columns": "query = SELECT v, k FROM t WHERE k = '%s'\n",
    "other types": "query = SELECT n, f FROM t WHERE k = '%s'\n",
    "no rows": "query = SET @x = '%s'\n",
    "bad SQL": "query = SELECT nothing FROM nowhere WHERE k = '%s'\n",
    "of long ago": "table = t\nselect_field = v\nwhere_field = k\nadditional_conditions = and n < 100\n",
}


def literal(value: str | None, quote: Callable[[str], str]) -> str:
    return "NULL" if value is None else f"'{quote(value)}'"


def filled(quote: Callable[[str], str]) -> str:
    """SQL that makes the table of ROWS."""
    rows = [
        f"({literal(key, quote)}, {literal(value, quote)}, {number}, {number + 0.5})"
        for number, (key, value) in enumerate(ROWS)
    ]
    return (
        "CREATE TABLE t (k VARCHAR(40), v VARCHAR(40), n INTEGER, f NUMERIC(9, 2));\n"
        f"INSERT INTO t VALUES {', '.join(rows)};\n"
    )


def require(server: str, kind: str) -> None:
    if reason := servers.missing(server):
        pytest.skip(reason)
    if kind == "ldap" and find_spec("bonsai") is None:
        pytest.skip("bonsai is not installed")
    if kind not in types():
        pytest.skip(f"Postfix has no {kind} here")


def kinds() -> list[str]:
    """Client files that work here."""
    return ["pgsql", "mysql", "memcache", *(["ldap"] if find_spec("bonsai") else [])]


def client_file(directory: Path, kind: str, text: str) -> str:
    (directory / "table").write_text(text)
    age(directory / "table")
    return f"{kind}:{directory}/table"


def agrees(reference: str, keys: list[str]) -> None:
    assert {key: lookup(reference, key) for key in keys} == postmap_each(reference, keys)


def complaint(reference: str, key: str) -> str:
    with redirect_stderr(StringIO()) as stderr:
        assert main(["lookup", reference, key]) == 1
    return stderr.getvalue()


def asked_around(reference: str, break_connections: Callable[[], None]) -> list[str | None]:
    """The table's answer before and after its server closed all connections."""
    table = open_strictly(reference, pytest.fail)

    async def ask() -> list[str | None]:
        answers = Answers(answer_rules(Settings({})))
        found = [await answers.settle(lambda: table.get("u@d.example"))]
        await asyncio.to_thread(break_connections)
        found.append(await answers.settle(lambda: table.get("u@e.example")))
        await answers.close()
        return found

    return asyncio.run(ask())


def asked_for_many(reference: str) -> None:
    """Many are asked at once, over few connections; each gets its own answer."""
    table = open_strictly(reference, pytest.fail)
    keys = [f"user{number}@x.example" for number in range(2000)]

    async def ask() -> None:
        answers = Answers(answer_rules(Settings({})))
        await answers.settle_each(table.get, keys)
        assert [table.get(key) for key in keys] == [key.partition("@")[0] for key in keys]
        await answers.close()

    asyncio.run(ask())
