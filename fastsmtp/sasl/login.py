"""LOGIN: the user, then the password, each when asked. What the prompts say does not matter.

Source: draft-murchison-sasl-login; Cyrus SASL.
"""

from fastsmtp.sasl.credentials import Login
from fastsmtp.sasl.mechanism import NOANONYMOUS, Mechanism, MechanismFailure, Peer


class LoginPrompts(Mechanism):
    """A third prompt is a failure."""

    name = "LOGIN"
    properties = frozenset({NOANONYMOUS})

    def __init__(self, login: Login, peer: Peer) -> None:
        super().__init__(login, peer)
        self._answers = [self.password, self.user]  # the last one first

    def start(self) -> None:
        self.user(), self.password()  # what cannot be said is refused before the peer is asked

    def step(self, challenge: bytes) -> bytes:
        if not self._answers:
            raise MechanismFailure("LOGIN: unexpected challenge")
        return self._answers.pop()()
