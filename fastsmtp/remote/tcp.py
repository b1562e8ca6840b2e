"""tcp: a line to a server and a line back; see fastsmtp.lookup.tcp for what they say.

Source: tcp_table(5).
"""

from fastsmtp.lookup.remote import Remote
from fastsmtp.lookup.tcp import REPLY_LIMIT, TCP, MalformedReply
from fastsmtp.remote.connection import Lost, Stream


class TCPConnection:
    """One open stream."""

    def __init__(self, table: TCP, stream: Stream) -> None:
        self._table = table
        self._stream = stream

    async def ask(self, key: str) -> str | None:
        self._stream.writer.write(self._table.request(key))
        try:
            return self._table.answer(await self._stream.line())
        except MalformedReply as error:
            raise Lost(str(error)) from None

    def close(self) -> None:
        self._stream.close()


async def connect(table: Remote, host: str) -> TCPConnection:
    assert isinstance(table, TCP)
    return TCPConnection(table, await Stream.open(host, REPLY_LIMIT))
