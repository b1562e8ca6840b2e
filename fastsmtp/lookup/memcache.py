"""memcache:FILE: values of a memcached server, as the client file FILE says.

    memcache        inet:host:port or unix:path; inet:localhost:11211
    key_format      the key, with the letters of `query`; %s
    domain          patterns: only whole addresses in these domains are looked up
    backup          a table that is asked where memcached knows nothing, or does not answer
    timeout         seconds, 2        max_try  2        retry_pause  seconds, 1
    line_size_limit, data_size_limit  bytes of a reply, 1024 and 10240

    table.request(key)      the command to send

Only read from: what the backup knows is not put into memcached (ttl and flags count for nothing).
Source: memcache_table(5); memcached's protocol.txt.
"""

from pathlib import Path

from fastsmtp.errors import Pending, TableError
from fastsmtp.lookup.client import Client
from fastsmtp.lookup.remote import Manners, Remote, to_bytes
from fastsmtp.lookup.table import Opening, Table

KEY_LIMIT = 250  # bytes, memcached's


class Memcache(Remote):
    """One server, and what is asked where it knows nothing."""

    __slots__ = ("_backup", "_client", "data_limit", "line_limit")

    def __init__(self, reference: str, client: Client, backup: Table | None, opening: Opening) -> None:
        manners = Manners(
            tries=client.number("max_try", 2),
            pause=client.number("retry_pause", 1),
            time_limit=client.number("timeout", 2) * max(client.number("max_try", 2), 1),
        )
        host = client.text("memcache", "inet:localhost:11211")
        files = (client.file, *(backup.files if backup else ()))
        super().__init__(
            reference, "memcache", (host,), manners, fixed=True, folded=opening.fold, files=files
        )
        self._client = client
        self._backup = backup
        self.line_limit = client.number("line_size_limit", 1024)
        self.data_limit = client.number("data_size_limit", 10240)

    def asks(self, key: str) -> bool:
        name = self._client.question(key, str)
        if name is None:
            return False
        data = to_bytes(name)
        return 0 < len(data) <= KEY_LIMIT and not any(byte <= 32 or byte == 127 for byte in data)

    def get(self, key: str) -> str | None:
        try:
            found = super().get(key)
        except Pending:
            raise
        except TableError:
            if self._backup is None:
                raise
            found = None
        if found is None and self._backup is not None:
            return self._backup.get(key)
        return found

    def request(self, key: str) -> bytes:
        return b"get %s\r\n" % to_bytes(self._client.question(key, str) or "")


def opener(reference: str, name: str, opening: Opening) -> Table:
    client = Client.read(Path(name), opening, query="key_format", default_query=lambda text: "%s")
    backup = client.text("backup")
    return Memcache(reference, client, opening.open_table(backup) if backup else None, opening)
