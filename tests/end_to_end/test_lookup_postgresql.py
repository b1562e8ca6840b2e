"""Tables in PostgreSQL: `fastsmtp lookup` against postmap -q, and jobs, with a server started here."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import servers
from tests.support.commands import fastsmtp
from tests.support.jobs import Job
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
from tests.support.receiver import Receiver
from tests.support.servers import PASSWORD, Server

pytestmark = [pytest.mark.peer]


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


def test_many_are_asked_at_once_over_few_connections(postgres: Server, tmp_path: Path) -> None:
    asked_for_many(client_file(tmp_path, "pgsql", f"{pgsql_login(postgres)}query = SELECT '%u'\n"))


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


def test_wire_shows_what_a_server_makes_of_a_header(postgres: Server, tmp_path: Path) -> None:
    query = "query = SELECT '%u@out.example' WHERE '%d' = 'in.example'\n"
    reference = client_file(tmp_path, "pgsql", pgsql_login(postgres) + query)
    (tmp_path / "message").write_text("From: a@in.example\nTo: b@in.example\n\nx\n")
    done = fastsmtp("wire", "-o", f"smtp_generic_maps={reference}", tmp_path / "message")
    assert (done.status, done.errors) == (0, "")
    assert done.output == "From: a@out.example\r\nTo: b@out.example\r\n\r\nx\r\n.\r\n"
