"""A receiver far away: the test sink behind a proxy that holds back every byte, both ways, in this process.

    with LongLine(Behaviour(...), delay=0.1) as line: ... line.port ... line.sink.tally

Bytes keep their order and their cuts; a connection is passed on at once, its bytes are late. Loopback only.
Source: ours.
"""

import asyncio
import threading
from types import TracebackType
from typing import Self, cast

from fastsmtp.sink.behaviour import Behaviour
from fastsmtp.sink.receiver import Sink

LOOPBACK = "127.0.0.1"


class Half(asyncio.Protocol):
    """One end of a connection: what arrives here leaves at the other end later."""

    def __init__(self, delay: float) -> None:
        self.delay = delay
        self.other: Half | None = None
        self.transport: asyncio.Transport | None = None
        self._early: list[bytes] = []  # came before there was another end

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def join(self, other: "Half") -> None:
        self.other, other.other = other, self
        for data in self._early:
            self.data_received(data)

    def data_received(self, data: bytes) -> None:
        if self.other is None:
            self._early.append(data)
            return
        asyncio.get_running_loop().call_later(self.delay, self.other.pass_on, data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.other is not None:
            asyncio.get_running_loop().call_later(self.delay, self.other.leave)

    def pass_on(self, data: bytes) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(data)

    def leave(self) -> None:
        if self.transport is not None:
            self.transport.close()


class LongLine:
    def __init__(self, behaviour: Behaviour, delay: float) -> None:
        self.sink = Sink(behaviour)
        self.port = 0
        self._delay = delay
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="long line", daemon=True)
        self._joining: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _open(self) -> None:
        await self.sink.start(LOOPBACK, 0)
        self._server = await self._loop.create_server(self._accept, LOOPBACK, 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        self._server.close()
        await self.sink.stop()
        await asyncio.sleep(2 * self._delay)

    def _accept(self) -> Half:
        half = Half(self._delay)
        task = self._loop.create_task(self._connect(half))
        self._joining.add(task)
        task.add_done_callback(self._joining.discard)
        return half

    async def _connect(self, half: Half) -> None:
        _, far = await self._loop.create_connection(lambda: Half(self._delay), LOOPBACK, self.sink.port)
        half.join(far)
        far.join(half)
