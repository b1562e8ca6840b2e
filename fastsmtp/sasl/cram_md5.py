"""CRAM-MD5: the peer's challenge, keyed with the password.

Source: RFC 2195.
"""

import hmac

from fastsmtp.sasl.credentials import Login
from fastsmtp.sasl.mechanism import NOANONYMOUS, NOPLAINTEXT, Mechanism, MechanismFailure, Peer


class CramMd5(Mechanism):
    """One challenge, one response."""

    name = "CRAM-MD5"
    properties = frozenset({NOPLAINTEXT, NOANONYMOUS})

    def __init__(self, login: Login, peer: Peer) -> None:
        super().__init__(login, peer)
        self.verified = False  # a yes before the challenge

    def step(self, challenge: bytes) -> bytes:
        if self.verified:
            raise MechanismFailure("CRAM-MD5: unexpected challenge")
        self.verified = True
        return self.user() + b" " + hmac.new(self.password(), challenge, "md5").hexdigest().encode()
