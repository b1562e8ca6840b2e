"""A peer that does not let us in: its reply to the greeting, EHLO or HELO.

Source: Postfix smtp_trouble(3); spec: session, 3.
"""

from fastsmtp.errors import SessionError
from fastsmtp.wire.reply import Reply


class Refused(SessionError):
    """The peer does not talk to us: `reply` to the greeting, EHLO or HELO, told by `at` (an engine stage)."""

    def __init__(self, at: int, reply: Reply) -> None:
        super().__init__(reply.text)
        self.at = at
        self.reply = reply
