"""The test receiver as a server: sockets in front of dialogues.

    sink = Sink(Behaviour(...), on_message=...)
    port = await sink.start("127.0.0.1", 0)      # 0: a port that is free
    await sink.stop()                            # closes every session at once

`async with Sink() as sink` starts it on a free port of 127.0.0.1 (`sink.port`). `on_message(envelope,
content)` is called for each message before its reply goes out; `content` is free of dot-stuffing.
`sink.tally` counts.

A delay holds each group's replies back for the same time, so that they arrive as over a long line: in order,
and with as many groups under way as the peer cares to send.

Source: ours. Runs on asyncio's loop and on uvloop's.
"""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self, cast

from fastsmtp.sink.behaviour import Behaviour, Envelope, Tally
from fastsmtp.sink.dialogue import Dialogue

LISTEN_BACKLOG = 4096
ACCEPTING = 3  # turns of asyncio's loop until a connection that was just accepted is a session

OnMessage = Callable[[Envelope, bytes], None]


class Sink:
    """A listening test receiver."""

    def __init__(self, behaviour: Behaviour | None = None, on_message: OnMessage | None = None) -> None:
        self.behaviour = behaviour or Behaviour()
        self.tally = Tally()
        self.port = 0
        self._on_message = on_message
        self._server: asyncio.Server | None = None
        self._sessions: set[Session] = set()

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listen; returns the port. Raises OSError if the address cannot be had."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._session, host, port, backlog=LISTEN_BACKLOG)
        self.port = self._server.sockets[0].getsockname()[1]
        return self.port

    async def stop(self) -> None:
        """Listen no more, and end what is open."""
        if self._server is None:
            return
        self._server.close()
        for _ in range(ACCEPTING):
            await asyncio.sleep(0)
        for session in list(self._sessions):
            session.abort()
        while self._sessions:
            await asyncio.sleep(0)
        await self._server.wait_closed()
        self._server = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self.stop()

    def _session(self) -> "Session":
        return Session(self.behaviour, self.tally, self._sessions, self._on_message)


class Session(asyncio.Protocol):
    """One connection."""

    def __init__(
        self, behaviour: Behaviour, tally: Tally, sessions: set["Session"], on_message: OnMessage | None
    ) -> None:
        self._behaviour = behaviour
        self._tally = tally
        self._sessions = sessions
        self._on_message = on_message
        self._transport: asyncio.Transport
        self._dialogue: Dialogue
        self._loop = asyncio.get_running_loop()
        self._handshake: asyncio.Task[None] | None = None
        self._ahead = b""  # came inside TLS before we heard that it is in force

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are none by inheritance
        self._sessions.add(self)
        self._tally.connections += 1
        self._tally.open += 1
        self._tally.most_open = max(self._tally.most_open, self._tally.open)
        peer = transport.get_extra_info("peername")
        self._dialogue = Dialogue(
            self._behaviour,
            self._tally.connections,
            f"{peer[0]}:{peer[1]}" if peer else "",
            self._tally,
            self._on_message or ignore,
        )
        self._reply(self._dialogue.greeting())

    def data_received(self, data: bytes) -> None:
        dialogue = self._dialogue
        if dialogue.commands.closing:
            return
        if self._handshake is not None and dialogue.commands.upgrading:
            self._ahead += data
            return
        replies = dialogue.receive(data)
        if replies or dialogue.commands.closing:
            self._reply(replies)

    def connection_lost(self, exc: Exception | None) -> None:
        self._sessions.discard(self)
        self._tally.open -= 1
        if self._dialogue.commands.ending == "lost":
            self._tally.lost += 1

    def pause_writing(self) -> None:
        """A peer that does not read its replies is not read from."""
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._transport.resume_reading()

    def abort(self) -> None:
        self._dialogue.commands.ending = "stopped"
        self._transport.abort()

    def _reply(self, replies: bytes) -> None:
        closing = self._dialogue.commands.closing
        if self._behaviour.delay:
            self._loop.call_later(self._behaviour.delay, self._write, replies, closing)
        else:
            self._write(replies, closing)

    def _write(self, replies: bytes, closing: bool) -> None:
        if self._transport.is_closing():
            return
        if replies:
            self._transport.write(replies)
        if closing:
            self._transport.close()
        elif self._dialogue.commands.upgrading and self._handshake is None:
            self._transport.pause_reading()  # what comes is for TLS
            self._handshake = self._loop.create_task(self._secure())

    async def _secure(self) -> None:
        """The connection under TLS; a peer that breaks the handshake off is lost."""
        context = self._behaviour.tls
        assert context is not None
        try:
            transport = await self._loop.start_tls(self._transport, self, context, server_side=True)
        except OSError:
            self._transport.abort()
            return
        assert transport is not None
        self._transport = transport
        self._dialogue.commands.secure()
        ahead, self._ahead = self._ahead, b""
        if ahead:
            self.data_received(ahead)


def ignore(_envelope: Envelope, _content: bytes) -> None:
    """For a sink that nobody listens to."""
