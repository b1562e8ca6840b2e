"""PLAIN: user and password in one response.

Source: RFC 4616; send_cyrus_sasl_authzid.
"""

from fastsmtp.sasl.mechanism import NOANONYMOUS, Mechanism


class Plain(Mechanism):
    """A challenge behind the response is a failure: the password is not said twice."""

    name = "PLAIN"
    properties = frozenset({NOANONYMOUS})

    def start(self) -> bytes:
        user = self.user()
        return b"\0".join((user if self.peer.sends_authzid else b"", user, self.password()))
