"""Questions to name servers and their answers: one socket for many, by UDP, by TCP where that is too small.

    exchange = Exchange(nameservers)
    future = exchange.ask(name, kind)    a future: a Packet, or NoAnswer when every attempt has failed
    exchange.close()

A question goes to one server after the other, so many rounds as the system's resolver would make; an answer
that says "ask another" (SERVFAIL, REFUSED, NOTIMP) does so at once. A server that is silent to everyone is
asked last for a while. At most QUESTIONS_LIMIT are on their way; others wait their turn, but not for one that
has been on its way for long. An answer counts only from the server that was asked, to the socket that asked,
with the number and the question that were sent. A socket is used for SOCKET_USES questions, then comes one
with another port: so a forged answer has to guess the port too.

Does not know what an answer means, and keeps none.
Source: RFC 1035 4.2, 5452, 6891, 7766; resolver(3).
"""

import asyncio
import random
from collections import deque
from collections.abc import Coroutine
from typing import Final

from fastsmtp.route import packet
from fastsmtp.route.nameservers import NameServers
from fastsmtp.route.packet import BadPacket, Packet

QUESTIONS_LIMIT: Final = 200  # on their way at once
LATE: Final = 1.0  # seconds; an answer takes milliseconds, or the name's own servers are in trouble
LATE_LIMIT: Final = 800  # on their way for longer than that, besides
SHUNNED: Final = 30.0  # seconds that a silent server is asked last
SOCKET_USES: Final = 1000
NUMBER_BITS: Final = 16
ASK_ANOTHER: Final = frozenset({packet.SERVFAIL, packet.REFUSED, packet.NOTIMP})

_random = random.SystemRandom().getrandbits


class NoAnswer(Exception):
    """No server had one: SERVFAIL and the like, time-outs, garbled packets, no way there."""


class _Question:
    """One question on its way."""

    __slots__ = (
        "attempt",
        "edns",
        "future",
        "kind",
        "late",
        "name",
        "number",
        "order",
        "port",
        "sent_at",
        "timer",
        "wire_name",
    )

    def __init__(self, name: str, kind: str, future: "asyncio.Future[Packet]") -> None:
        """BadName."""
        self.wire_name = packet.wire_name(name)
        self.name = name.lower()
        self.kind = kind
        self.future = future
        self.attempt = 0  # so many servers were asked
        self.order: list[_Server] = []  # to ask
        self.edns = True
        self.late = False  # gave its place to another question
        self.sent_at = 0.0
        self.number = 0
        self.port: _Port | None = None
        self.timer: asyncio.TimerHandle | None = None

    @property
    def server(self) -> "_Server":
        """The one that was asked last."""
        return self.order[(self.attempt - 1) % len(self.order)]


class _Server:
    """A name server. Times are the loop's."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.address = address
        self.port: _Port | None = None
        self.opening: list[_Question] = []  # wait for another port
        self.heard_at = 0.0
        self.shunned_until = 0.0


class _Port(asyncio.DatagramProtocol):
    """A socket that is connected to one server: the system keeps other senders' packets away."""

    def __init__(self, exchange: "Exchange", server: _Server) -> None:
        self._exchange = exchange
        self.server = server
        self.transport: asyncio.DatagramTransport | None = None
        self.asked: dict[int, _Question] = {}
        self.uses = 0
        self.retired = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]  # uvloop's is no subclass

    def datagram_received(self, data: bytes, addr: object) -> None:
        self._exchange.heard(self, data)

    def error_received(self, exc: Exception) -> None:
        """The system says that nobody listens there: no need to wait for the time-outs."""
        self._exchange.shun(self.server)
        for asked in list(self.asked.values()):
            self._exchange.unheard(asked)

    def ask(self, asked: _Question) -> None:
        number = _random(NUMBER_BITS)
        while number in self.asked:
            number = _random(NUMBER_BITS)
        asked.number, asked.port = number, self
        self.asked[number] = asked
        self.uses += 1
        assert self.transport is not None
        self.transport.sendto(packet.question(number, asked.wire_name, asked.kind, edns=asked.edns))

    def drop(self, asked: _Question) -> None:
        self.asked.pop(asked.number, None)
        asked.port = None
        if self.retired and not self.asked:
            self.close()

    def close(self) -> None:
        if self.transport is not None:
            self.transport.close()


class Exchange:
    """The name servers, for one loop."""

    def __init__(self, nameservers: NameServers) -> None:
        self._servers = [_Server(address) for address in nameservers.servers]
        self._timeout = nameservers.timeout
        self._attempts = nameservers.attempts * len(nameservers.servers)
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[_Question] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._busy = 0  # questions that have a place
        self._late = 0  # and those that gave it away

    def ask(self, name: str, kind: str) -> "asyncio.Future[Packet]":
        """The answer to come. BadName at once."""
        future: asyncio.Future[Packet] = self._loop.create_future()
        asked = _Question(name, kind, future)
        if self._busy >= QUESTIONS_LIMIT:
            self._waiting.append(asked)
        else:
            self._busy += 1
            self._try_next(asked)
        return future

    def close(self) -> None:
        """Whoever still waits is cancelled."""
        for task in self._tasks:
            task.cancel()
        for asked in self._waiting:
            asked.future.cancel()
        for server in self._servers:
            port = server.port
            for asked in (*server.opening, *(port.asked.values() if port is not None else ())):
                if asked.timer is not None:
                    asked.timer.cancel()
                asked.future.cancel()
            if port is not None:
                port.close()

    # One attempt after the other

    def _try_next(self, asked: _Question) -> None:
        if asked.attempt >= self._attempts:
            self._end(asked, NoAnswer(f"no answer for {asked.name} {asked.kind}"))
            return
        if not asked.order:
            now = self._loop.time()
            asked.order = sorted(self._servers, key=lambda server: server.shunned_until > now)
        asked.attempt += 1
        server = asked.server
        if server.port is not None and server.port.uses < SOCKET_USES:
            self._send(asked, server.port)
            return
        server.opening.append(asked)
        if len(server.opening) == 1:
            self._start(self._open(server))

    async def _open(self, server: _Server) -> None:
        """A fresh port for one server; who waited for it asks."""
        try:
            _, port = await self._loop.create_datagram_endpoint(
                lambda: _Port(self, server), remote_addr=server.address
            )
        except OSError:
            self.shun(server)
            waiting, server.opening = server.opening, []
            for asked in waiting:
                self._try_next(asked)
            return
        old, server.port = server.port, port
        if old is not None:
            old.retired = True
            if not old.asked:
                old.close()
        waiting, server.opening = server.opening, []
        for asked in waiting:
            self._send(asked, port)

    def _send(self, asked: _Question, port: _Port) -> None:
        asked.sent_at = self._loop.time()
        if self._timeout > LATE:
            asked.timer = self._loop.call_later(LATE, self._wait_longer, asked)
        else:
            asked.timer = self._loop.call_later(self._timeout, self._time_out, asked)
        port.ask(asked)

    def _wait_longer(self, asked: _Question) -> None:
        """Others do not wait for its place. A server that has been silent to all is not waited for, if there
        is another.
        """
        if not asked.late and self._late < LATE_LIMIT:
            asked.late = True
            self._late += 1
            self._give_place()
        if len(self._servers) > 1 and asked.server.heard_at < asked.sent_at:
            self._time_out(asked)
        else:
            asked.timer = self._loop.call_later(self._timeout - LATE, self._time_out, asked)

    def _time_out(self, asked: _Question) -> None:
        if asked.server.heard_at < asked.sent_at:
            self.shun(asked.server)
        self.unheard(asked)

    def shun(self, server: _Server) -> None:
        """Whoever asks from now on asks the others first."""
        server.shunned_until = self._loop.time() + SHUNNED

    def unheard(self, asked: _Question) -> None:
        """Its time is over, or nobody listens: the next server, or the next round."""
        self._let_go(asked)
        self._try_next(asked)

    def heard(self, port: _Port, data: bytes) -> None:
        """A packet from a server: what is no answer to a question of ours is passed over."""
        number = data[0] << 8 | data[1] if len(data) > 1 else -1
        asked = port.asked.get(number)
        if asked is None:
            return
        port.server.heard_at = self._loop.time()
        port.server.shunned_until = 0.0
        try:
            found = packet.read(data)
        except BadPacket:
            if packet.flags_of(data) & 0xF == packet.FORMERR:
                self._without_edns(asked)
            return
        if not found.truncated and (found.name != asked.name or found.kind != packet.KINDS[asked.kind]):
            return
        if found.truncated:
            self._let_go(asked)
            self._start(self._ask_by_stream(asked))
        else:
            self._take(asked, found)

    def _take(self, asked: _Question, found: Packet) -> None:
        if found.rcode == packet.FORMERR and asked.edns:
            self._without_edns(asked)
        elif found.rcode in ASK_ANOTHER:
            self.unheard(asked)
        else:
            self._let_go(asked)
            self._end(asked, found)

    def _without_edns(self, asked: _Question) -> None:
        """A server from before EDNS: the same question as it was asked in 1987."""
        if asked.edns:
            asked.edns = False
            asked.attempt -= 1
            self.unheard(asked)

    def _let_go(self, asked: _Question) -> None:
        if asked.timer is not None:
            asked.timer.cancel()
            asked.timer = None
        if asked.port is not None:
            asked.port.drop(asked)

    def _end(self, asked: _Question, result: Packet | NoAnswer) -> None:
        if not asked.future.done():
            if isinstance(result, NoAnswer):
                asked.future.set_exception(result)
            else:
                asked.future.set_result(result)
        if asked.late:
            self._late -= 1
        else:
            self._give_place()

    def _give_place(self) -> None:
        """To the next that waits for one."""
        while self._waiting:
            following = self._waiting.popleft()
            if not following.future.done():
                self._try_next(following)
                return
        self._busy -= 1

    # By TCP

    async def _ask_by_stream(self, asked: _Question) -> None:
        """The same question where an answer of any length fits."""
        writer: asyncio.StreamWriter | None = None
        try:
            async with asyncio.timeout(self._timeout):
                reader, writer = await asyncio.open_connection(*asked.server.address)
                number = _random(NUMBER_BITS)
                sent = packet.question(number, asked.wire_name, asked.kind, edns=asked.edns)
                writer.write(len(sent).to_bytes(2, "big") + sent)
                size = int.from_bytes(await reader.readexactly(2), "big")
                found = packet.read(await reader.readexactly(size))
        except (OSError, EOFError, TimeoutError, BadPacket):
            self._try_next(asked)
            return
        finally:
            if writer is not None:
                writer.close()
        if found.id != number or found.name != asked.name or found.truncated:
            self._try_next(asked)
        else:
            self._take(asked, found)

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
