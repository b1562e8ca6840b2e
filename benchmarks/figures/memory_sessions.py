"""Resident memory of a session that is open and waits: 10,000 of them in one process, in the clear.

    python -m benchmarks.figures.memory_sessions [--rounds N]

Each was introduced to a peer that offers what a large receiver does, has carried a message, and is parked
as the session cache parks it, with its timer. The peers are another process; the loopback addresses
127.0.1.x give them as many ports as they need. Counted is what the process grows by, from when it has
carried one message. Source: ours (design page, section 5: at most 8 KiB).
"""

import asyncio
import gc
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import uvloop

from benchmarks import rounds
from benchmarks.figure import Promise, round_count, state
from fastsmtp.conf.settings import Settings
from fastsmtp.mail.destination import Host
from fastsmtp.mail.known_host import UNKNOWN_HOST
from fastsmtp.session.connection import Session
from fastsmtp.session.opening import Meeting, open_session
from fastsmtp.wire.reply import Reply
from fastsmtp.wire.transaction import Transaction
from fastsmtp.worker.client import client_rules
from fastsmtp.worker.protecting import policy
from tests.support.certificates import self_signed
from tests.support.process import free_port
from tests.support.tls_peer import server_context

SESSIONS = 10_000
ADDRESSES = 10  # a thousand sessions each
AT_ONCE = 50
DESCRIPTORS = SESSIONS + 200
OFFERS = (
    b"250-mx.example\r\n250-"
    + b"\r\n250-".join(
        [
            b"SIZE 157286400",
            b"8BITMIME",
            b"STARTTLS",
            b"ENHANCEDSTATUSCODES",
            b"PIPELINING",
            b"CHUNKING",
            b"DSN",
        ]
    )
    + b"\r\n250 SMTPUTF8\r\n"
)
PROMISE = Promise("KiB resident of an idle session among 10,000, in the clear", 8.0, at_least=False)


class IdlePeer(asyncio.Protocol):
    """Says yes to everything."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert hasattr(transport, "write")
        self._write: Callable[[bytes], None] = transport.write
        self._in_content = False
        self._write(b"220 mx.example ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        if self._in_content:
            if data.endswith(b"\r\n.\r\n"):
                self._in_content = False
                self._write(b"250 2.0.0 Ok: queued as 4hpQc80000z0\r\n")
            return
        for line in data.splitlines():
            if line.startswith(b"EHLO"):
                self._write(OFFERS)
            elif line == b"DATA":
                self._in_content = True
                self._write(b"354 go ahead\r\n")
            else:
                self._write(b"250 2.1.0 Ok\r\n")


async def serve(port: int, *, secure: bool) -> None:
    loop = asyncio.get_running_loop()
    context = server_context(self_signed()) if secure else None
    for number in range(1, ADDRESSES + 1):
        await loop.create_server(IdlePeer, f"127.0.1.{number}", port, backlog=1000, ssl=context)
    print("ready", flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


class Driver:
    """Waits for the answer to one message."""

    def __init__(self) -> None:
        self.answer = asyncio.get_running_loop().create_future()

    def content_due(self, session: Session, transaction: Transaction) -> None:
        """Nothing follows."""

    def warned(self, session: Session, reply: Reply) -> None:
        """Nothing is refused."""

    def answered(self, session: Session, transaction: Transaction) -> None:
        self.answer.set_result(None)

    def lost(
        self, session: Session, left: list[Transaction], stage: int, *, timed_out: bool, in_content: bool
    ) -> None:
        raise RuntimeError(f"a session was lost at stage {stage}")


class Opener:
    """Opens sessions as a delivery does."""

    def __init__(self, port: int, *, secure: bool) -> None:
        limits = ["smtp_connection_cache_time_limit=1h", "connection_cache_ttl_limit=1h"]
        level = ["smtp_tls_security_level=encrypt", "smtp_tls_wrappermode=yes"] if secure else []
        settings = Settings.load(None, ["myhostname=me.example", *limits, *level])
        rules = client_rules(settings)
        self._policy = policy(settings, print)
        self._rules = rules.session
        self._deadlines = rules.deadlines
        self._port = port

    async def open(self, number: int) -> Session:
        address = f"127.0.1.{number % ADDRESSES + 1}"
        host = Host("mx.example", address, self._port, 10, best=True)
        meeting = Meeting(
            manner=self._rules.usual,
            known=UNKNOWN_HOST,
            transcript=None,
            looks_for_loops=False,
            age=0.0,
            warn=print,
            inform=print,
            protection=None if self._policy is None else self._policy.protection("mx.example", host),
        )
        session = await open_session(host, self._rules, self._deadlines, meeting)
        driver = Driver()
        session.driver = driver
        session.begin(Transaction(b"s@x.example", [b"r@x.example"], b"Subject: x\r\n\r\nhello\r\n.\r\n"))
        await driver.answer
        session.driver = None
        session.park(lambda session: None)
        return session

    async def open_all(self, first: int, count: int) -> list[Session]:
        sessions: list[Session] = []
        for start in range(first, first + count, AT_ONCE):
            numbers = range(start, min(start + AT_ONCE, first + count))
            sessions += await asyncio.gather(*(self.open(number) for number in numbers))
        return sessions


def resident() -> int:
    """Bytes."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


async def hold(port: int, *, secure: bool) -> None:
    """Prints the bytes that each session adds."""
    opener = Opener(port, secure=secure)
    first = await opener.open_all(0, AT_ONCE)
    before = resident()
    sessions = await opener.open_all(AT_ONCE, SESSIONS - AT_ONCE)
    print((resident() - before) / len(sessions), flush=True)
    for session in first + sessions:
        session.abort()
    await asyncio.sleep(0)


def measure(*words: str) -> float:
    """KiB a session, in a new process, with the peers in another. `secure` among `words`: inside TLS."""
    port = str(free_port())
    command = [sys.executable, "-m", "benchmarks.figures.memory_sessions"]
    with subprocess.Popen(
        [*command, "peers", port, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as peers:
        assert peers.stdin is not None
        assert peers.stdout is not None
        peers.stdout.readline()
        found = subprocess.run(
            [*command, "sessions", port, *words], stdout=subprocess.PIPE, check=True
        ).stdout
        peers.stdin.close()
    size = float(found) / 1024
    rounds.say(f"{SESSIONS:,} sessions: {size:.2f} KiB each")
    return size


def main() -> None:
    state(PROMISE, [measure() for _ in range(round_count(3))])


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    if sys.argv[1:2] == ["peers"]:
        asyncio.run(serve(int(sys.argv[2]), secure="secure" in sys.argv))
    elif sys.argv[1:2] == ["sessions"]:
        uvloop.run(hold(int(sys.argv[2]), secure="secure" in sys.argv))
    else:
        main()
