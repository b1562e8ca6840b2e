"""Tables that ask a server: `fastsmtp lookup` against postmap -q, with the real server, started here."""

import asyncio
import subprocess
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr
from importlib.util import find_spec
from io import StringIO
from pathlib import Path

import pytest

from fastsmtp.cli.main import main
from fastsmtp.conf.settings import Settings
from fastsmtp.errors import TableError
from fastsmtp.lookup.opening import open_strictly
from fastsmtp.remote.answers import Answers
from fastsmtp.worker.asking import answer_rules
from tests.support import servers
from tests.support.commands import fastsmtp
from tests.support.jobs import Job
from tests.support.postfix import age, scratch
from tests.support.postmap import lookup, postmap_each, types
from tests.support.process import free_port
from tests.support.receiver import Receiver
from tests.support.servers import MANAGER, PASSWORD, SUFFIX, Server
from tests.support.table_server import TableServer, mute, socketmap, tcp

pytestmark = [pytest.mark.peer]


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


@pytest.fixture(scope="module")
def postgres() -> Iterator[Server]:
    require("postgres", "pgsql")
    with scratch("postgres-") as root, servers.postgres(Path(root)) as server:
        command = ["psql", "-q", "-h", root, "-p", str(server.port), "-U", "owner", "-d", "postgres"]
        sql = filled(lambda text: text.replace("'", "''"))
        done = subprocess.run(command, input=sql, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        yield server


def pgsql_login(server: Server) -> str:
    hosts = f"hosts = inet:127.0.0.1:{server.port}\n"
    return f"{hosts}user = owner\npassword = {PASSWORD}\ndbname = postgres\n"


@pytest.mark.parametrize("case", QUERIES)
def test_postgresql_answers_as_postmap(case: str, postgres: Server, tmp_path: Path) -> None:
    agrees(client_file(tmp_path, "pgsql", pgsql_login(postgres) + QUERIES[case]), ASCII_KEYS)


def test_postgresql_speaks_utf8(postgres: Server, tmp_path: Path) -> None:
    assert lookup(client_file(tmp_path, "pgsql", pgsql_login(postgres) + QUERY), "MÜLLER") == (0, "ümlaut\n")


def test_postgresql_has_functions_in_old_client_files(postgres: Server, tmp_path: Path) -> None:
    agrees(client_file(tmp_path, "pgsql", pgsql_login(postgres) + "select_function = upper\n"), ["a", "b"])


def test_postgresql_is_found_by_any_of_its_names(postgres: Server, tmp_path: Path) -> None:
    url = f"postgresql://owner:{PASSWORD.replace(',', '%2C')}@127.0.0.1:{postgres.port}/postgres"
    for hosts in (f"127.0.0.1:{postgres.port}", f"inet:127.0.0.1:1 127.0.0.1:{postgres.port}", url):
        login = pgsql_login(postgres).partition("\n")[2]
        reference = client_file(tmp_path, "pgsql", f"hosts = {hosts}\n{login}{QUERY}")
        assert lookup(reference, "u@d.example") == (0, "x@y.example\n")


def test_postgresql_without_the_right_password_says_so_and_never_tells_it(
    postgres: Server, tmp_path: Path
) -> None:
    login = pgsql_login(postgres).replace(PASSWORD, "wrong-word")
    told = complaint(client_file(tmp_path, "pgsql", login + QUERY), "a")
    assert "password authentication failed" in told
    assert "wrong-word" not in told
    url = f"hosts = postgresql://owner:wrong-word@127.0.0.1:{postgres.port}/postgres\n{QUERY}"
    told = complaint(client_file(tmp_path, "pgsql", url), "a")
    assert "password authentication failed" in told
    assert "wrong-word" not in told


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


PEOPLE = f"""\
dn: {SUFFIX}
objectClass: dcObject
objectClass: organization
o: x

dn: cn=a,{SUFFIX}
objectClass: inetOrgPerson
cn: a
sn: a
mail: u@d.example
mail: second@d.example
description: hidden

dn: cn=b (c)*,{SUFFIX}
objectClass: inetOrgPerson
cn: b (c)*
sn: star
mail: star@e.example

dn: cn=list,{SUFFIX}
objectClass: inetOrgPerson
cn: list
sn: list
mail: list@d.example
seeAlso: cn=a,{SUFFIX}
seeAlso: cn=none,{SUFFIX}
labeledURI: ldap:///{SUFFIX}?mail?sub?(sn=star)

dn: cn=end,{SUFFIX}
objectClass: inetOrgPerson
cn: end
sn: end
mail: end@d.example
title: final
seeAlso: cn=a,{SUFFIX}

dn: cn=loop,{SUFFIX}
objectClass: inetOrgPerson
cn: loop
sn: loop
seeAlso: cn=loop,{SUFFIX}

"""
SEARCHES = {
    "by name": "query_filter = (cn=%s)\nresult_attribute = mail\n",
    "two attributes": "query_filter = (cn=%s)\nresult_attribute = mail, sn\n",
    "format": "query_filter = (cn=%s)\nresult_attribute = mail\nresult_format = %u|%S\n",
    "address": "query_filter = (mail=%u@%d)\nresult_attribute = sn\n",
    "domains": "query_filter = (mail=%s)\nresult_attribute = sn\ndomain = d.example\n",
    "limit": "query_filter = (cn=%s)\nresult_attribute = mail\nexpansion_limit = 1\n",
    "scope": "query_filter = (cn=%s)\nresult_attribute = mail\nscope = base\n",
    "one level": "query_filter = (cn=%s)\nresult_attribute = mail\nscope = one\n",
    "special": "query_filter = (cn=%s)\nresult_attribute = mail\nspecial_result_attribute = seeAlso\n",
    "URL": "query_filter = (cn=%s)\nresult_attribute = mail\nspecial_result_attribute = labeledURI\n",
    "leaf": "query_filter = (cn=%s)\nresult_attribute =\nleaf_result_attribute = mail\n"
    "special_result_attribute = seeAlso\n",
    "terminal": "query_filter = (cn=%s)\nresult_attribute = mail\nterminal_result_attribute = title\n"
    "special_result_attribute = seeAlso\n",
    "base by key": "query_filter = (objectClass=person)\nresult_attribute = mail\nscope = base\n",
    "bad filter": "query_filter = ((cn=%s\nresult_attribute = mail\n",
    "hidden": "query_filter = (cn=%s)\nresult_attribute = description\n",
}
NAMES = ["a", "A", "b (c)*", "*", "list", "end", "none", "u@d.example", "star@e.example", "u@x"]


@pytest.fixture(scope="module")
def slapd() -> Iterator[Server]:
    require("slapd", "ldap")
    with scratch("slapd-") as root, servers.slapd(Path(root), PEOPLE) as server:
        yield server


def ldap_place(server: Server, base: str = SUFFIX) -> str:
    return f"server_host = ldap://127.0.0.1:{server.port}\nversion = 3\nbind = no\nsearch_base = {base}\n"


@pytest.mark.parametrize("case", SEARCHES)
def test_directory_answers_as_postmap(case: str, slapd: Server, tmp_path: Path) -> None:
    base = f"cn=%s,{SUFFIX}" if case == "base by key" else SUFFIX
    agrees(client_file(tmp_path, "ldap", ldap_place(slapd, base) + SEARCHES[case]), NAMES)


def test_directory_shows_to_who_binds_what_it_hides_from_others(slapd: Server, tmp_path: Path) -> None:
    for password, found in ((PASSWORD, (0, "hidden\n")), ("wrong-word", (1, ""))):
        login = f"bind = yes\nbind_dn = {MANAGER}\nbind_pw = {password}\n"
        text = ldap_place(slapd).replace("bind = no\n", login) + SEARCHES["hidden"]
        reference = client_file(tmp_path, "ldap", text)
        agrees(reference, ["a"])
        assert lookup(reference, "a") == found
    told = complaint(reference, "a")
    assert "Invalid credentials" in told
    assert "wrong-word" not in told


def test_entries_that_lead_to_themselves_end_in_an_error(slapd: Server, tmp_path: Path) -> None:
    text = ldap_place(slapd) + SEARCHES["special"] + "recursion_limit = 20\n"
    assert "recursion_limit = 20 is exceeded" in complaint(client_file(tmp_path, "ldap", text), "loop")


def test_search_that_is_given_up_leaves_its_server_usable(slapd: Server, tmp_path: Path) -> None:
    reference = client_file(tmp_path, "ldap", ldap_place(slapd) + SEARCHES["by name"] + "timeout = 5\n")
    table = open_strictly(reference, pytest.fail)

    async def ask() -> str | None:
        answers = Answers(answer_rules(Settings({}))._replace(time_limit=1.5))
        assert await answers.settle(lambda: table.get("a")) is not None
        with servers.stopped(slapd), pytest.raises(TableError, match=r"no answer within 1\.5 seconds"):
            await answers.settle(lambda: table.get("end"))
        found = await answers.settle(lambda: table.get("list"))
        await answers.close()
        return found

    assert asyncio.run(ask()) == "list@d.example"


@pytest.fixture(scope="module")
def memcached() -> Iterator[Server]:
    require("memcached", "memcache")
    with scratch("memcached-") as root, servers.memcached(Path(root)) as server:
        yield server


def test_memcached_answers_as_postmap(memcached: Server, tmp_path: Path) -> None:
    text = f"memcache = inet:127.0.0.1:{memcached.port}\n"
    writing = client_file(tmp_path, "memcache", text + "backup = inline:{b=backed, u@d.example=dom}\n")
    assert postmap_each(writing, ["b", "u@d.example"])["b"] == (0, "backed\n")  # and now memcached knows
    for more in ("", "backup = inline:{c=other}\n", "key_format = %u\n", "domain = d.example\n"):
        agrees(client_file(tmp_path, "memcache", text + more), ["b", "B", "c", "u@d.example", "b@x", "a b"])


REPLIES = {
    b"a": b"OK 1",
    b"A": b"OK two words ",
    b"empty": b"OK ",
    b"temp": b"TEMP later",
    b"perm": b"PERM never",
    b"timeout": b"TIMEOUT ",
    b"odd": b"WHAT x",
    b"bare": b"OK",
    b"not": b"NOTFOUND",
    b"garbage": b"!nonsense,",
    "ü".encode(): "OK ö".encode(),
}


def test_socketmap_answers_as_postmap() -> None:
    keys = ["a", "A", "empty", "temp", "perm", "timeout", "odd", "bare", "not", "garbage", "ü", "x y", "none"]
    with TableServer(socketmap(lambda key: REPLIES.get(key, b"NOTFOUND "))) as server:
        agrees(f"socketmap:inet:127.0.0.1:{server.port}:map", keys)


LINES = {
    b"a": b"200 1",
    b"A": b"200 two%20words",
    b"empty": b"200 ",
    b"temp": b"400 later",
    b"x%20y": b"200 blank",
    b"%25": b"200 percent",
    b"ok": b"250 also",
}


def test_tcp_answers_as_postmap() -> None:
    keys = ["a", "A", "empty", "temp", "x y", "%", "none", "ok"]
    with TableServer(tcp(lambda key: LINES.get(key, b"500 no"))) as server:
        agrees(f"tcp:127.0.0.1:{server.port}", keys)


def test_lost_connection_is_made_anew() -> None:
    lost = iter([None, None, b"200 found"])
    with TableServer(tcp(lambda key: next(lost))) as server:
        assert lookup(f"tcp:127.0.0.1:{server.port}", "a") == (0, "found\n")
        assert server.connections == 3


@pytest.mark.parametrize("kind", kinds())
def test_server_that_is_down_is_named(kind: str, tmp_path: Path) -> None:
    where = f"127.0.0.1:{free_port()}"
    text = f"hosts = {where}\nserver_host = ldap://{where}\nmemcache = inet:{where}\nretry_pause = 0\n{QUERY}"
    told = complaint(client_file(tmp_path, kind, text + "user = nobody\nbind = no\nsearch_base = x\n"), "a")
    assert f"{kind}:{tmp_path}/table: connect to" in told
    assert where in told


@pytest.mark.parametrize("kind", kinds())
def test_server_that_never_answers_is_an_error_in_time(kind: str, tmp_path: Path) -> None:
    with TableServer(mute) as server:
        where = f"127.0.0.1:{server.port}"
        text = f"hosts = {where}\nserver_host = ldap://{where}\nmemcache = inet:{where}\ntimeout = 1\n{QUERY}"
        reference = client_file(tmp_path, kind, text + "user = nobody\nbind = no\nsearch_base = x\n")
        with redirect_stderr(StringIO()) as stderr:
            assert main(["lookup", "-o", "lookup_time_limit=1", reference, "a"]) == 1
        assert f"{kind}:{tmp_path}/table: no answer within 1 seconds" in stderr.getvalue()


def test_addresses_of_a_job_are_replaced_by_what_postgresql_says(
    postgres: Server, receiver: Receiver, tmp_path: Path
) -> None:
    query = "query = SELECT '%u@out.example' WHERE '%d' LIKE 'list%%'\n"
    reference = client_file(tmp_path, "pgsql", pgsql_login(postgres) + query)
    job = Job.write(tmp_path, 300)
    done = fastsmtp("send", *job.arguments(receiver.port, f"smtp_generic_maps={reference}"))
    assert (done.status, done.errors) == (0, "")
    recipients = sorted(each for transaction in receiver.transactions for each in transaction.recipients)
    assert recipients == sorted(f"reader{number}@out.example" for number in range(300))
    assert {row["email"] for row in job.results()} == set(job.expected)
    assert {(row["status"], row["attempts"]) for row in job.results()} == {("sent", "1")}
    content = receiver.transactions[0].content.decode()
    assert f"To: {receiver.transactions[0].recipients[0]}" in content


def test_job_whose_table_has_no_server_is_deferred(receiver: Receiver, tmp_path: Path) -> None:
    job = Job.write(tmp_path, 20)
    reference = f"socketmap:inet:127.0.0.1:{free_port()}:map"
    done = fastsmtp("send", *job.arguments(receiver.port, f"smtp_generic_maps={reference}"), "--once")
    assert done.status == 75
    for row in job.results():
        assert (row["status"], row["dsn"]) == ("deferred", "4.3.0")
        assert row["reply"].startswith('smtp_generic_maps: lookup of "')
        assert f"failed: {reference}: connect to" in row["reply"]
    assert receiver.transactions == []


def test_wire_shows_what_a_server_makes_of_a_header(postgres: Server, tmp_path: Path) -> None:
    query = "query = SELECT '%u@out.example' WHERE '%d' = 'in.example'\n"
    reference = client_file(tmp_path, "pgsql", pgsql_login(postgres) + query)
    (tmp_path / "message").write_text("From: a@in.example\nTo: b@in.example\n\nx\n")
    done = fastsmtp("wire", "-o", f"smtp_generic_maps={reference}", tmp_path / "message")
    assert (done.status, done.errors) == (0, "")
    assert done.output == "From: a@out.example\r\nTo: b@out.example\r\n\r\nx\r\n.\r\n"


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


def test_connection_that_postgresql_closed_is_replaced(postgres: Server, tmp_path: Path) -> None:
    def terminate() -> None:
        sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        command = [
            "psql",
            "-h",
            str(postgres.socket),
            "-p",
            str(postgres.port),
            "-U",
            "owner",
            "-d",
            "postgres",
        ]
        subprocess.run([*command, "-c", sql], capture_output=True, check=True)

    reference = client_file(tmp_path, "pgsql", pgsql_login(postgres) + QUERY)
    assert asked_around(reference, terminate) == ["x@y.example", "plain"]


def test_connection_that_mariadb_closed_is_replaced(mariadb: Server, tmp_path: Path) -> None:
    reference = client_file(tmp_path, "mysql", mysql_login(mariadb) + QUERY)
    found = asked_around(reference, lambda: servers.mariadb_run(mariadb, "KILL USER reader;"))
    assert found == ["x@y.example", "plain"]


@pytest.mark.parametrize("kind", ["pgsql", "mysql"])
def test_many_are_asked_at_once_over_few_connections(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    server = request.getfixturevalue("postgres" if kind == "pgsql" else "mariadb")
    login = pgsql_login(server) if kind == "pgsql" else mysql_login(server)
    table = open_strictly(client_file(tmp_path, kind, f"{login}query = SELECT '%u'\n"), pytest.fail)
    keys = [f"user{number}@x.example" for number in range(2000)]

    async def ask() -> None:
        answers = Answers(answer_rules(Settings({})))
        await answers.settle_each(table.get, keys)
        assert [table.get(key) for key in keys] == [key.partition("@")[0] for key in keys]
        await answers.close()

    asyncio.run(ask())
