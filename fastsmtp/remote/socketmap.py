"""socketmap: netstrings to a server and back; see fastsmtp.lookup.socketmap for what they say.

Source: socketmap_table(5).
"""

from fastsmtp.lookup.remote import Remote
from fastsmtp.lookup.socketmap import REPLY_LIMIT, Socketmap
from fastsmtp.remote.connection import Lost, Stream

LENGTH_DIGITS = 7  # more than REPLY_LIMIT has


class SocketmapConnection:
    """One open stream."""

    def __init__(self, table: Socketmap, stream: Stream) -> None:
        self._table = table
        self._stream = stream

    async def ask(self, key: str) -> str | None:
        stream = self._stream
        stream.writer.write(self._table.request(key))
        digits = b""
        while (digit := await stream.exactly(1)) != b":":
            digits += digit
            if not digit.isdigit() or len(digits) > LENGTH_DIGITS:
                raise Lost(f"the reply is no netstring: it begins {digits!r}")
        if not digits or int(digits) > REPLY_LIMIT:
            raise Lost(f"the reply is longer than {REPLY_LIMIT} bytes")
        payload = await stream.exactly(int(digits) + 1)
        if payload[-1:] != b",":
            raise Lost("the reply is no netstring: it has no comma at its end")
        return self._table.answer(payload[:-1])

    def close(self) -> None:
        self._stream.close()


async def connect(table: Remote, host: str) -> SocketmapConnection:
    assert isinstance(table, Socketmap)
    return SocketmapConnection(table, await Stream.open(host, REPLY_LIMIT))
