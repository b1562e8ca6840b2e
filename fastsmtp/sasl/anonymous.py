"""ANONYMOUS: no password at all, only a trace of who we are.

Source: RFC 4505; Cyrus SASL sends the same trace.
"""

from fastsmtp.sasl.mechanism import NOPLAINTEXT, Mechanism


class Anonymous(Mechanism):
    """The last resort, where noanonymous does not stand in the way."""

    name = "ANONYMOUS"
    properties = frozenset({NOPLAINTEXT})

    def start(self) -> bytes:
        return f"anonymous@{self.peer.own_name}".encode()
