"""tcp:HOST:PORT asks a server of the user's own, a line for a line.

    C: get u@example.com        S: 200 text    500 text (not found)    400 text (an error)

    table.request(key)    the line to send        table.answer(line)    what the reply says

Blanks, `%` and what cannot be printed travel as %XX, both ways. The table gets whole keys alone, in their own
case. A reply that is malformed, or lost with the connection, is asked for again on a new one.
Source: tcp_table(5); dict_tcp(3).
"""

import re

from fastsmtp.errors import TableError
from fastsmtp.lookup.remote import Manners, Remote, to_bytes, to_text
from fastsmtp.lookup.table import Opening, Table

REPLY_LIMIT = 4096  # bytes, the line end included
MANNERS = Manners(tries=10, pause=1.0, time_limit=100.0)
_REPLY = re.compile(rb"([0-9]{3})[ \t](.*)\Z", re.DOTALL)
_QUOTED = re.compile(rb"%([0-9A-Fa-f]{2})?")


class MalformedReply(ValueError):
    """The line is no reply: worth another try."""


class TCP(Remote):
    __slots__ = ()

    def __init__(self, reference: str, host: str) -> None:
        super().__init__(reference, "tcp", (host,), MANNERS, fixed=False)

    def request(self, key: str) -> bytes:
        return b"get %s\n" % quote(to_bytes(key))

    def answer(self, line: bytes) -> str | None:
        """`line` without its end. TableError: an error. MalformedReply: none of the three."""
        found = _REPLY.match(line)
        if found is None or found[1][:1] not in (b"2", b"4", b"5"):
            raise MalformedReply(f"malformed reply {line[:100]!r}")
        text = unquote(found[2])
        if found[1].startswith(b"4"):
            raise TableError(f"{self.name}: the server reports an error: {text.decode('utf-8', 'replace')}")
        return None if found[1].startswith(b"5") else to_text(text, self)


def quote(key: bytes) -> bytes:
    """With %XX for each byte that is not for a line."""
    return b"".join(b"%c" % byte if 32 < byte < 127 and byte != 37 else b"%%%02X" % byte for byte in key)


def unquote(text: bytes) -> bytes:
    """MalformedReply if a % is not followed by two hexadecimal digits."""

    def value(found: re.Match[bytes]) -> bytes:
        if found[1] is None:
            raise MalformedReply(f"bad %XX in the reply {text[:100]!r}")
        return bytes((int(found[1], 16),))

    return _QUOTED.sub(value, text)


def opener(reference: str, name: str, opening: Opening) -> Table:
    host, _, port = name.rpartition(":")
    if not host or not port:
        raise TableError('bad tcp name: expected "host:port"')
    return TCP(reference, f"inet:{name}")
