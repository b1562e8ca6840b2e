"""memcache: `get KEY` to memcached; see fastsmtp.lookup.memcache.

Source: memcached's protocol.txt, "Retrieval command".
"""

from fastsmtp.lookup.memcache import Memcache
from fastsmtp.lookup.remote import Remote, to_text
from fastsmtp.remote.connection import Lost, Stream


class MemcacheConnection:
    """One open stream."""

    def __init__(self, table: Memcache, stream: Stream) -> None:
        self._table = table
        self._stream = stream

    async def ask(self, key: str) -> str | None:
        table, stream = self._table, self._stream
        stream.writer.write(table.request(key))
        line = (await stream.line()).rstrip(b"\r")
        if line == b"END":
            return None
        size = line.rpartition(b" ")[2]
        if not line.startswith(b"VALUE ") or not size.isdigit():
            raise Lost(f"unexpected reply {line[:100]!r}")
        if int(size) > table.data_limit:
            raise Lost(f"the value is longer than data_size_limit = {table.data_limit}")
        value = (await stream.exactly(int(size) + 2))[:-2]
        if (await stream.line()).rstrip(b"\r") != b"END":
            raise Lost("the reply has no end")
        return to_text(value, table)

    def close(self) -> None:
        self._stream.close()


async def connect(table: Remote, host: str) -> MemcacheConnection:
    assert isinstance(table, Memcache)
    return MemcacheConnection(table, await Stream.open(host, table.line_limit))
