"""socketmap:inet:HOST:PORT:MAP and socketmap:unix:PATH:MAP ask a server of the user's own, in netstrings.

    C: 17:MAP u@example.com,        S: 10:OK a@b.test,    11:NOTFOUND ,    TEMP, TIMEOUT, PERM and a reason

    table.request(key)      the netstring to send        table.answer(payload)    what the reply says

TEMP, TIMEOUT and PERM are errors all three. The table gets whole keys alone, in their own case. A key beyond
KEY_LIMIT is not asked for: not found.
Source: socketmap_table(5); dict_sockmap(3).
"""

from fastsmtp.errors import TableError
from fastsmtp.lookup.remote import Manners, Remote, to_bytes, to_text
from fastsmtp.lookup.table import Opening, Table

KEY_LIMIT = 10_000  # bytes
REPLY_LIMIT = 100_000  # bytes
MANNERS = Manners(tries=1, idle_interval=10.0, lifetime=100.0, time_limit=100.0)
FAILURES = {b"TEMP": "temporary error", b"TIMEOUT": "time-out", b"PERM": "permanent error"}
SYNTAX = 'expected "inet:host:port:map" or "unix:path:map"'


class Socketmap(Remote):
    """One map of one server."""

    __slots__ = ("_map",)

    def __init__(self, reference: str, host: str, map_name: str) -> None:
        super().__init__(reference, "socketmap", (host,), MANNERS, fixed=False)
        self._map = to_bytes(map_name)

    def asks(self, key: str) -> bool:
        return len(to_bytes(key)) <= KEY_LIMIT

    def request(self, key: str) -> bytes:
        question = b"%s %s" % (self._map, to_bytes(key))
        return b"%d:%s," % (len(question), question)

    def answer(self, payload: bytes) -> str | None:
        """TableError: an error, or a reply that is none."""
        word, blank, text = payload.partition(b" ")
        if word == b"OK" and blank:
            return to_text(text, self)
        if word == b"NOTFOUND":
            return None
        if word in FAILURES:
            reason = text.decode("utf-8", "replace").strip()
            raise TableError(
                f"{self.name}: the server reports a {FAILURES[word]}: {reason or 'no reason given'}"
            )
        raise TableError(f"{self.name}: unexpected reply {payload[:100]!r}")


def opener(reference: str, name: str, opening: Opening) -> Table:
    host, colon, map_name = name.rpartition(":")
    kind, _, place = host.partition(":")
    if not colon or not map_name or not place or kind not in ("inet", "unix"):
        raise TableError(f"bad socketmap name: {SYNTAX}")
    if kind == "inet" and not (":" in place and all(place.rpartition(":")[::2])):
        raise TableError(f"bad socketmap name: {SYNTAX}")
    return Socketmap(reference, host, map_name)
