"""A peer that does not let us in, by its reply to the greeting, EHLO or HELO; or that we do not talk to,
since TLS must be had and is not.

Source: Postfix smtp_trouble(3), smtp_proto(3); spec: session, 3; tls, 6.1.
"""

from fastsmtp.errors import SessionError
from fastsmtp.wire.reply import Reply


class Refused(SessionError):
    """The peer does not talk to us: `reply` to the greeting, EHLO or HELO, told by `at` (an engine stage)."""

    def __init__(self, at: int, reply: Reply) -> None:
        super().__init__(reply.text)
        self.at = at
        self.reply = reply


NOT_OFFERED = "STARTTLS is not offered"
TURNED_DOWN = "STARTTLS is refused"
NO_ENGINE = "our side of TLS does not work"
UNVERIFIED = "the peer's certificate does not match"
EARLY = "the peer speaks out of turn"
UNAVAILABLE = "for no reason that is known"


class Unprotected(SessionError):
    """Nothing may be sent to this peer: `why` is one of the words above; `reply` the one that refuses."""

    def __init__(self, why: str, reply: Reply | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.reply = reply
