"""What a kind of server must offer: `connect` in its module, and a connection that answers questions.

    connection = await connect(table, host)    OSError or Lost: this host cannot be used now
    await connection.ask(key)                  a text, None for "not found"; TableError: that is the answer;
                                               OSError or Lost: no answer, and no connection any more
    connection.close()

Time limits, tries and the choice of a host are the pool's business.
Source: ours.
"""

import asyncio
from typing import Protocol

UNIX, INET = "unix", "inet"


class Lost(Exception):
    """A connection broke, or could not be made, or said what nobody understands. Never leaves this room."""


class Connection(Protocol):
    """One connection to one server; one question at a time."""

    async def ask(self, key: str) -> str | None: ...
    def close(self) -> None: ...


class Stream:
    """A connection that carries a protocol of lines and lengths."""

    __slots__ = ("reader", "writer")

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def open(cls, host: str, limit: int) -> "Stream":
        """`host` is inet:name:port or unix:path. `limit`: the longest line that is taken in."""
        kind, _, place = host.partition(":")
        if kind == UNIX:
            return cls(*await asyncio.open_unix_connection(place, limit=limit))
        name, _, port = place.rpartition(":")
        return cls(*await asyncio.open_connection(name.strip("[]"), port, limit=limit))

    async def line(self) -> bytes:
        """Up to LF, without it. Lost: the stream ended, or it is too long."""
        try:
            return (await self.reader.readuntil(b"\n"))[:-1]
        except asyncio.IncompleteReadError:
            raise Lost("the connection was closed") from None
        except asyncio.LimitOverrunError:
            raise Lost("the reply is too long") from None

    async def exactly(self, size: int) -> bytes:
        try:
            return await self.reader.readexactly(size)
        except asyncio.IncompleteReadError:
            raise Lost("the connection was closed") from None

    def close(self) -> None:
        self.writer.transport.abort()
