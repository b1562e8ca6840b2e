"""A receiver that holds back its answer to every message until it is told to let go.

    with Holding() as receiver: ... receiver.port ... receiver.held ... receiver.let_go()
    receiver.sessions        of each: the name in EHLO, its recipients, and whether it said QUIT

In a thread of its own, for any number of sessions.
"""

import asyncio
import threading
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from tests.support.process import LOOPBACK

BACKLOG = 1024


@dataclass
class HeldSession:
    """One connection."""

    name: str = ""
    recipients: list[str] = field(default_factory=list)
    taken: int = 0  # messages
    polite: bool = False  # said QUIT


class Holding:
    def __init__(self) -> None:
        self.sessions: list[HeldSession] = []
        self.held = 0  # messages that wait for their answer
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="holding")
        self._free: asyncio.Event

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def let_go(self) -> None:
        """Everything is answered from now on."""
        self._loop.call_soon_threadsafe(self._free.set)

    @property
    def recipients(self) -> list[str]:
        """Of all messages that were taken."""
        return [address for session in self.sessions for address in session.recipients[: session.taken]]

    async def _start(self) -> None:
        self._free = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server = await asyncio.start_server(self._accept, LOOPBACK, 0, backlog=BACKLOG)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._converse(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            return  # the client left, or the test is over
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One recipient a message, no extension."""
        session = HeldSession()
        self.sessions.append(session)
        writer.write(b"220 holding ESMTP\r\n")
        while line := (await reader.readline()).decode().strip():
            verb = line[:4].upper()
            if verb == "EHLO":
                session.name = line[5:]
            elif verb == "RCPT":
                session.recipients.append(line.partition("<")[2].partition(">")[0])
            elif verb == "DATA":
                writer.write(b"354 go\r\n")
                await reader.readuntil(b"\r\n.\r\n")
                self.held += 1
                await self._free.wait()
                self.held -= 1
                session.taken += 1
            session.polite = verb == "QUIT"
            writer.write(b"221 bye\r\n" if session.polite else b"250 ok\r\n")
