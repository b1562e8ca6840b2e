"""Questions to name servers and their answers: one socket for many, by UDP, by TCP where that is too small.

    exchange = Exchange(nameservers)
    future = exchange.ask(name, kind)    a future: a Packet, or NoAnswer when every attempt has failed
    exchange.close()

A question goes to one server after the other, so many rounds as the system's resolver would make; an answer
that says "ask another" (SERVFAIL, REFUSED, NOTIMP) does so at once. At most QUESTIONS_LIMIT are on their way;
others wait their turn. An answer counts only from the server that was asked, to the socket that asked, with
the number and the question that were sent. A socket is used for SOCKET_USES questions, then comes one with
another port: so a forged answer has to guess the port too.

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
SOCKET_USES: Final = 1000
NUMBERS: Final = 1 << 16
ASK_ANOTHER: Final = frozenset({packet.SERVFAIL, packet.REFUSED, packet.NOTIMP})

_number = random.SystemRandom().randrange


class NoAnswer(Exception):
    """No server had one: SERVFAIL and the like, time-outs, garbled packets, no way there."""


class _Question:
    """One question on its way."""

    __slots__ = ("attempt", "edns", "future", "kind", "name", "number", "port", "timer")

    def __init__(self, name: str, kind: str, future: "asyncio.Future[Packet]") -> None:
        self.name = name
        self.kind = kind
        self.future = future
        self.attempt = 0  # so many servers were asked
        self.edns = True
        self.number = 0
        self.port: _Port | None = None
        self.timer: asyncio.TimerHandle | None = None


class _Port(asyncio.DatagramProtocol):
    """A socket that is connected to one server: the system keeps other senders' packets away."""

    def __init__(self, heard: "Exchange") -> None:
        self._exchange = heard
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
        for asked in list(self.asked.values()):
            self._exchange.unheard(asked)

    def ask(self, asked: _Question) -> None:
        number = _number(NUMBERS)
        while number in self.asked:
            number = _number(NUMBERS)
        asked.number, asked.port = number, self
        self.asked[number] = asked
        self.uses += 1
        assert self.transport is not None
        self.transport.sendto(packet.question(number, asked.name, asked.kind, edns=asked.edns))

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
        self._servers = nameservers.servers
        self._timeout = nameservers.timeout
        self._attempts = nameservers.attempts * len(nameservers.servers)
        self._loop = asyncio.get_running_loop()
        self._ports: dict[int, _Port] = {}  # by place of the server
        self._opening: dict[int, list[_Question]] = {}
        self._waiting: deque[_Question] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._busy = 0

    def ask(self, name: str, kind: str) -> "asyncio.Future[Packet]":
        """The answer to come. BadName at once."""
        packet.wire_name(name)
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
        for port in self._ports.values():
            for asked in list(port.asked.values()):
                if asked.timer is not None:
                    asked.timer.cancel()
                asked.future.cancel()
            port.close()
        self._ports.clear()

    # One attempt after the other

    def _try_next(self, asked: _Question) -> None:
        if asked.attempt >= self._attempts:
            self._end(asked, NoAnswer(f"no answer for {asked.name} {asked.kind}"))
            return
        place = asked.attempt % len(self._servers)
        asked.attempt += 1
        port = self._ports.get(place)
        if port is not None and port.uses < SOCKET_USES:
            self._send(asked, port)
            return
        waiting = self._opening.setdefault(place, [])
        waiting.append(asked)
        if len(waiting) == 1:
            self._start(self._open(place))

    async def _open(self, place: int) -> None:
        """A fresh port for one server; who waited for it asks."""
        try:
            _, port = await self._loop.create_datagram_endpoint(
                lambda: _Port(self), remote_addr=self._servers[place]
            )
        except OSError:
            for asked in self._opening.pop(place):
                self._try_next(asked)
            return
        old = self._ports.get(place)
        if old is not None:
            old.retired = True
            if not old.asked:
                old.close()
        self._ports[place] = port
        for asked in self._opening.pop(place):
            self._send(asked, port)

    def _send(self, asked: _Question, port: _Port) -> None:
        asked.timer = self._loop.call_later(self._timeout, self.unheard, asked)
        port.ask(asked)

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
        try:
            found = packet.read(data)
        except BadPacket:
            if packet.flags_of(data) & 0xF == packet.FORMERR:
                self._without_edns(asked)
            return
        if not found.truncated and (
            found.name != asked.name.lower() or found.kind != packet.KINDS[asked.kind]
        ):
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
        while self._waiting:
            following = self._waiting.popleft()
            if not following.future.done():
                self._try_next(following)
                return
        self._busy -= 1

    # By TCP

    async def _ask_by_stream(self, asked: _Question) -> None:
        """The same question where an answer of any length fits."""
        server = self._servers[(asked.attempt - 1) % len(self._servers)]
        writer: asyncio.StreamWriter | None = None
        try:
            async with asyncio.timeout(self._timeout):
                reader, writer = await asyncio.open_connection(*server)
                number = _number(NUMBERS)
                sent = packet.question(number, asked.name, asked.kind, edns=asked.edns)
                writer.write(len(sent).to_bytes(2, "big") + sent)
                size = int.from_bytes(await reader.readexactly(2), "big")
                found = packet.read(await reader.readexactly(size))
        except (OSError, EOFError, TimeoutError, BadPacket):
            self._try_next(asked)
            return
        finally:
            if writer is not None:
                writer.close()
        if found.id != number or found.name != asked.name.lower() or found.truncated:
            self._try_next(asked)
        else:
            self._take(asked, found)

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
