"""AUTH as the test receiver takes it: PLAIN and LOGIN, one user.

    login = Login("user:password")
    login.begin(b"AUTH PLAIN ...")   the reply to the command; `waits` while a response of the peer is due
    login.answer(line)               the reply to that line
    login.done                       the peer is who it says

Source: RFC 4954; 4616 (PLAIN); draft-murchison-sasl-login (LOGIN).
"""

import base64
import binascii
import hmac
from typing import Final

OFFER: Final = "AUTH PLAIN LOGIN"
TAKEN: Final = b"235 2.7.0 Authenticated\r\n"
WRONG: Final = b"535 5.7.8 User or password is wrong\r\n"
NOT_BASE64: Final = b"501 5.5.2 Not base64\r\n"
CANCELLED: Final = b"501 5.7.0 Given up\r\n"
UNKNOWN: Final = b"504 5.5.4 Mechanism not known\r\n"
ASK_USER: Final = b"334 VXNlcm5hbWU6\r\n"
ASK_PASSWORD: Final = b"334 UGFzc3dvcmQ6\r\n"
ASK_PLAIN: Final = b"334 \r\n"


class Login:
    """One session's."""

    __slots__ = ("_asked", "_expected", "_user", "done")

    def __init__(self, expected: str) -> None:
        """`expected`: user:password; the user holds no colon."""
        user, _, password = expected.partition(":")
        self._expected = user.encode(), password.encode()
        self._asked = b""  # what the peer answers next
        self._user = b""
        self.done = False

    @property
    def waits(self) -> bool:
        return self._asked != b""

    def begin(self, line: bytes) -> bytes:
        _, mechanism, *initial = [*line.split(b" "), b""][:3]
        if self.done:
            return b"503 5.5.1 Authenticated already\r\n"
        if mechanism.upper() == b"PLAIN":
            return self._ask(ASK_PLAIN, initial[0] if initial else b"")
        if mechanism.upper() == b"LOGIN":
            return self._ask(ASK_USER, initial[0] if initial else b"")
        return UNKNOWN

    def _ask(self, challenge: bytes, response: bytes) -> bytes:
        self._asked = challenge
        return self.answer(response) if response else challenge

    def answer(self, line: bytes) -> bytes:
        asked, self._asked = self._asked, b""
        if line == b"*":
            return CANCELLED
        try:
            given = base64.b64decode(b"" if line == b"=" else line, validate=True)
        except binascii.Error:
            return NOT_BASE64
        if asked == ASK_USER:
            self._user = given
            self._asked = ASK_PASSWORD
            return ASK_PASSWORD
        if asked == ASK_PASSWORD:
            return self._judge(self._user, given)
        _, user, password = [*given.split(b"\0"), b"", b""][:3]
        return self._judge(user, password)

    def _judge(self, user: bytes, password: bytes) -> bytes:
        wanted_user, wanted_password = self._expected
        right = hmac.compare_digest(user, wanted_user) and hmac.compare_digest(password, wanted_password)
        self.done = right
        return TAKEN if right else WRONG
