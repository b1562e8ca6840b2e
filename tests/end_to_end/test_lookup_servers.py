"""Tables that ask memcached, socketmap and tcp servers, and servers that are down or silent."""

from collections.abc import Iterator
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path

import pytest

from fastsmtp.cli.main import main
from tests.support import servers
from tests.support.commands import fastsmtp
from tests.support.jobs import Job
from tests.support.lookup_clients import (
    QUERY,
    agrees,
    client_file,
    complaint,
    kinds,
    require,
)
from tests.support.postfix import scratch
from tests.support.postmap import lookup, postmap_each
from tests.support.process import free_port
from tests.support.receiver import Receiver
from tests.support.servers import Server
from tests.support.table_server import TableServer, mute, socketmap, tcp

pytestmark = [pytest.mark.peer]


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
