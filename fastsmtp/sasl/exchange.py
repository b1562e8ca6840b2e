"""One authentication as it stands on the wire: AUTH, challenges and responses in base64.

    exchange = Exchange(mechanism)
    exchange.begin()             the AUTH command, without CR LF
    exchange.challenge(text)     what the peer asks, from the text of its 3xx reply
    exchange.prepare(challenge)  what takes long and must be done first, in another thread; None: nothing
    exchange.answer(challenge)   the line that answers it
    exchange.secrets             texts that no log may have, so far: what was said, in base64 and without
    exchange.close()             raises where the peer says yes too early

A first response that would make the command too long for a peer is kept back until the peer asks for it.
All of them raise MechanismFailure; answer() also RoundsExceeded.
Source: RFC 4954, 4; Postfix smtp_sasl_proto(3); spec: sasl, 8.1.
"""

import base64
import binascii
import re
from collections.abc import Callable

from fastsmtp.sasl.mechanism import Mechanism, MechanismFailure

COMMAND_LIMIT = 512  # bytes of AUTH and its first response, CR LF included (RFC 5321, 4.5.3.1.4)
ROUND_LIMIT = 100  # challenges
CANCEL = b"*"
NOTHING = b"="  # a first response that is there, and empty
SHORTEST_SECRET = 8  # characters of a part of a response that is hidden by itself
_BETWEEN = re.compile(rb"[\x00\x01\s,\"]+")
_NAME = re.compile(rb"^[a-z0-9\-]{1,20}=")


class RoundsExceeded(Exception):
    """The peer asks and asks."""


class EarlyChallenge(MechanismFailure):
    """The peer asked something where it should only have said that it waits."""


class Exchange:
    """Of one session."""

    __slots__ = ("_held", "_mechanism", "_rounds", "secrets")

    def __init__(self, mechanism: Mechanism) -> None:
        self._mechanism = mechanism
        self._held: bytes | None = None
        self._rounds = 0
        self.secrets: set[str] = set()

    def begin(self) -> bytes:
        mechanism = self._mechanism
        command = b"AUTH " + mechanism.name.encode()
        first = mechanism.start()
        if first is None:
            return command
        line = command + b" " + (self._encoded(first) or NOTHING)
        if len(line) + len(b"\r\n") > COMMAND_LIMIT:
            self._held = first
            return command
        return line

    def challenge(self, text: str) -> bytes:
        """`text` of the reply's last line, without the code."""
        try:
            return base64.b64decode(text.strip(" ").encode("ascii"), validate=True)
        except (binascii.Error, UnicodeEncodeError):
            raise MechanismFailure("malformed base64 in a challenge") from None

    def prepare(self, challenge: bytes | None) -> Callable[[], None] | None:
        """`challenge` None: before begin()."""
        return None if self._held is not None else self._mechanism.prepare(challenge)

    def answer(self, challenge: bytes) -> bytes:
        self._rounds += 1
        if self._rounds > ROUND_LIMIT:
            raise RoundsExceeded
        held, self._held = self._held, None
        if held is None:
            return self._encoded(self._mechanism.step(challenge))
        if challenge:
            raise EarlyChallenge(f"non-empty initial {self._mechanism.name} challenge")
        return self._encoded(held)

    def close(self) -> None:
        """The peer says yes."""
        if self._held is not None or not self._mechanism.verified:
            raise MechanismFailure(
                f"{self._mechanism.name}: the server said yes before it had proved that it knows the password"
            )

    def _encoded(self, response: bytes) -> bytes:
        line = base64.b64encode(response)
        user = self._mechanism.login.user
        for part in (line, response, *(_NAME.sub(b"", each) for each in _BETWEEN.split(response))):
            text = part.decode("utf-8", "replace")
            if len(text) >= SHORTEST_SECRET and text != user:
                self.secrets.add(text)
        return line
