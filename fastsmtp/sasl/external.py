"""EXTERNAL: the certificate that we sent over TLS says who we are.

Source: RFC 4422, appendix A.
"""

from fastsmtp.sasl.mechanism import NOANONYMOUS, NODICTIONARY, NOPLAINTEXT, Mechanism


class External(Mechanism):
    """The authorization identity is left to the peer."""

    name = "EXTERNAL"
    properties = frozenset({NOPLAINTEXT, NODICTIONARY, NOANONYMOUS})

    def start(self) -> bytes:
        return b""
