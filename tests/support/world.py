"""A whole run in memory: scripted peers, a scripted DNS, and a clock that jumps to the next timer.

    seen = World(peers={"192.0.2.1": Manner(offers=())}).run(["r@x.example"], smtp_helo_timeout="3")
    seen.outcomes["r@x.example"].status     the last outcome of each
    seen.commands                           every line that any peer heard, contents apart
    seen.conversations[0].spent             seconds from the connection to its end
    seen.log                                what was logged, without times

Everything of the program is real, from the settings to the engine: only the loop's sockets, its clock and the
resolver's questions are not. No time passes.
Source: ours.
"""

import asyncio
import socket
import time
from collections.abc import Mapping, Sequence
from typing import Any
from unittest import mock

from fastsmtp.conf.settings import Settings
from fastsmtp.mail.fields import FieldsFormat
from fastsmtp.outcome.outcome import Outcome
from fastsmtp.report.log import Log
from fastsmtp.report.log_output import Severity
from fastsmtp.route.exchange import NoAnswer
from fastsmtp.route.nameservers import NameServers
from fastsmtp.route.packet import KINDS, NOERROR, NXDOMAIN, Packet, Record
from fastsmtp.spool.null import NullSpool
from fastsmtp.worker.run import Run
from tests.support.delivery import MESSAGE, small_job
from tests.support.jumping import JumpingLoop
from tests.support.memory_peer import Conversation, Manner, MemoryTransport
from tests.support.spooled import job, rows

ADDRESS = "192.0.2.1"  # of the relay that takes all mail unless a test says otherwise
BEGAN_AT = 1_790_000_000.0  # Unix time
BASE = {
    "relayhost": f"[{ADDRESS}]",
    "myhostname": "me.example",
    "smtp_randomize_addresses": "no",
    "initial_destination_concurrency": "1",
    "smtp_destination_concurrency_limit": "1",
}
NO_ANSWER = "no answer"
Answers = Mapping[
    tuple[str, str], Sequence[object] | str
]  # by name and type: data as Record has it, NO_ANSWER


class WorldLoop(JumpingLoop):
    """Its connections are the world's."""

    def __init__(self, world: "World") -> None:
        super().__init__()
        self._world = world

    def unix_time(self) -> float:
        return BEGAN_AT + self.time()

    async def create_connection(  # type: ignore[override]
        self,
        protocol_factory: Any,
        host: str,
        port: int,
        *,
        local_addr: tuple[str, int] | None = None,
        **_: Any,
    ) -> tuple[asyncio.Transport, asyncio.Protocol]:
        return await self._world.connect(protocol_factory, host, port, local_addr)

    async def getaddrinfo(self, host: Any, port: Any, **_: Any) -> Any:
        """The system's resolver knows what the world's `native` holds."""
        found = self._world.native.get(str(host))
        if found is None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [
            (socket.AF_INET6 if ":" in a else socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, 0))
            for a in found
        ]


class Lines:
    """A log in memory."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def prefix(self, program: str, severity: Severity) -> str:
        return f"{program}: "

    def write(self, lines: Sequence[str]) -> None:
        self.lines += lines

    def reopen(self) -> None:
        """Nothing was rotated."""

    def close(self) -> None:
        """Nothing to let go of."""


class Seen:
    """What a run did."""

    def __init__(self) -> None:
        self.outcomes: dict[str, Outcome] = {}
        self.history: list[Outcome] = []
        self.conversations: list[Conversation] = []
        self.refused: list[tuple[str, int]] = []  # address and port of connections that did not come about
        self.connects: list[tuple[float, str]] = []  # asked for: seconds from the beginning, and address
        self.questions: list[tuple[str, str]] = []  # asked of the DNS
        self.nameservers: Sequence[tuple[str, int]] = ()  # that would have been asked
        self.lines: list[str] = []
        self.began_at = 0.0

    @property
    def commands(self) -> list[str]:
        return [line for conversation in self.conversations for line in conversation.commands]

    @property
    def verbs(self) -> list[str]:
        return [line.partition(" ")[0] for line in self.commands]

    @property
    def contents(self) -> list[bytes]:
        return [content for conversation in self.conversations for content in conversation.contents]

    @property
    def log(self) -> str:
        return "\n".join(self.lines)

    @property
    def most_open(self) -> int:
        """How many sessions were open at once."""
        moments = [(c.opened_at, 1) for c in self.conversations]
        moments += [(c.closed_at, -1) for c in self.conversations]
        most = count = 0
        for _, step in sorted(moments):
            count += step
            most = max(most, count)
        return most

    def status(self, address: str = "r@x.example") -> str:
        outcome = self.outcomes[address]
        return f"{outcome.status} {outcome.dsn}"


class Names:
    """A name server in memory, in place of an Exchange. What it has no record of at all does not exist."""

    def __init__(self, names: Answers, seen: Seen) -> None:
        self._names = names
        self._seen = seen

    def ask(self, name: str, kind: str) -> "asyncio.Future[Packet]":
        self._seen.questions.append((name, kind))
        future: asyncio.Future[Packet] = asyncio.get_running_loop().create_future()
        found = self._names.get((name, kind), ())
        if found == NO_ANSWER:
            future.set_exception(NoAnswer(name))
            return future
        known = any(other == name for other, _ in self._names)
        records = [Record(name, kind, 300, data) for data in found]
        rcode = NOERROR if known else NXDOMAIN
        future.set_result(Packet(0, name, KINDS[kind], rcode, False, records, 300))
        return future

    def close(self) -> None:
        """Nothing to let go of."""


class World:
    """Peers by address, names for the DNS and for the system's resolver."""

    def __init__(
        self,
        manner: Manner | None = None,
        *,
        peers: Mapping[str, Manner] | None = None,
        names: Answers | None = None,
        native: Mapping[str, Sequence[str]] | None = None,
        own: Sequence[str] = ("127.0.0.1",),
        unbindable: Mapping[str, str] | None = None,
    ) -> None:
        """`manner` is that of every address that `peers` does not name; `own` are this machine's addresses;
        `unbindable` says why no connection can come from one.
        """
        self._own = frozenset(own)
        self._unbindable = unbindable or {}
        self._manner = manner or Manner()
        self._peers = peers or {}
        self._names = names or {}
        self.native = native or {}
        self._seen = Seen()

    def run(
        self,
        addresses: Sequence[str] = ("r@x.example",),
        *,
        message: bytes = MESSAGE,
        sender: str = "s@x.example",
        once: bool = True,
        age: float = 0.0,
        changes: Sequence[tuple[float, Mapping[str, str]]] = (),
        **settings: str,
    ) -> Seen:
        """One job, to its end. `age`: seconds since it was taken in. `changes`: reloads, so many seconds
        after the beginning, of these settings over the others.
        """
        loop = WorldLoop(self)
        seen = self._seen = Seen()
        seen.began_at = loop.time()
        with (
            mock.patch("time.time", loop.unix_time),
            mock.patch("time.monotonic", loop.time),
            mock.patch("fastsmtp.route.resolver.Exchange", self._exchange),
            mock.patch("fastsmtp.route.own.interface_addresses", return_value=self._own),
            mock.patch("fastsmtp.session.opening.unbindable", self._unbindable.get),
        ):
            try:
                carrying = self._carry(
                    settings, addresses, message=message, sender=sender, once=once, age=age, changes=changes
                )
                loop.run_until_complete(carrying)
            finally:
                loop.close()
        return seen

    async def _carry(
        self,
        settings: Mapping[str, str],
        addresses: Sequence[str],
        *,
        message: bytes,
        sender: str,
        once: bool,
        age: float,
        changes: Sequence[tuple[float, Mapping[str, str]]],
    ) -> None:
        seen = self._seen
        record = job(
            message=message,
            fields_format=FieldsFormat().to_text(),
            sender=sender,
            created_at=time.time() - age,
        )
        lines = Lines()
        seen.lines = lines.lines
        spool = NullSpool(record, [(rows(*addresses), [])])
        run = Run(small_job(), load(settings), spool, Log(lines), once=once)
        loop = asyncio.get_running_loop()
        for after, others in changes:
            loop.call_later(after, run.change, load({**settings, **others}))

        def note(turn: Sequence[Outcome]) -> None:
            seen.history += turn
            seen.outcomes.update((outcome.recipient.address, outcome) for outcome in turn)

        await run.finish(note)
        while any(not conversation.over for conversation in seen.conversations):
            await asyncio.sleep(1)  # what says QUIT in its own time

    def _exchange(self, nameservers: NameServers) -> Names:
        self._seen.nameservers = nameservers.servers
        return Names(self._names, self._seen)

    async def connect(
        self, protocol_factory: Any, host: str, port: int, local: tuple[str, int] | None
    ) -> tuple[asyncio.Transport, asyncio.Protocol]:
        """What the loop is asked for."""
        loop = asyncio.get_running_loop()
        self._seen.connects.append((round(loop.time() - self._seen.began_at, 3), host))
        manner = self._peers.get(host, self._manner)
        if manner.absent:
            self._seen.refused.append((host, port))
            raise ConnectionRefusedError(111, "Connection refused")
        if manner.mute:
            self._seen.refused.append((host, port))
            await asyncio.sleep(1_000_000)
        protocol: asyncio.Protocol = protocol_factory()
        conversation = Conversation(host, port, local[0] if local else "", loop.time())
        self._seen.conversations.append(conversation)
        transport = MemoryTransport(loop, protocol, manner, conversation)
        protocol.connection_made(transport)
        transport.begin()
        return transport, protocol


def load(settings: Mapping[str, str]) -> Settings:
    """The world's own, and these over them."""
    return Settings.load(None, [f"{name}={value}" for name, value in (BASE | dict(settings)).items()])


def address(text: str) -> object:
    """An A or AAAA record."""
    return text


def exchanger(preference: int, host: str) -> object:
    """An MX record."""
    return preference, host
