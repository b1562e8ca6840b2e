"""XOAUTH2: a user and a bearer token in one response.

A refusal comes as a challenge: JSON that says why. It is answered with an empty line; the peer's no follows.
Source: Google's and Microsoft's description of XOAUTH2; spec: sasl, 8.2.
"""

import json
import re

from fastsmtp.sasl.mechanism import NOANONYMOUS, Mechanism, MechanismFailure
from fastsmtp.sasl.prepared import prepared

TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]+=*")  # RFC 6750, 2.1
STATUS = re.compile(r"[A-Za-z0-9_\-]{1,40}")


class Bearer(Mechanism):
    """What both mechanisms for tokens do."""

    properties = frozenset({NOANONYMOUS})
    _farewell = b""  # answers a refusal

    def token(self) -> bytes:
        token = self.login.password
        if not TOKEN.fullmatch(token):
            raise MechanismFailure("the token is none (RFC 6750, 2.1)")
        return token.encode()

    def name_of_user(self) -> bytes:
        self.user()
        try:
            return prepared(self.login.user).encode()
        except ValueError as error:
            raise MechanismFailure(f"the user name holds {error}") from None

    def step(self, challenge: bytes) -> bytes:
        if not self.verified:
            raise MechanismFailure(f"{self.name}: unexpected challenge")
        self.verified = False
        self.remark = status(challenge)
        return self._farewell


class Xoauth2(Bearer):
    name = "XOAUTH2"

    def start(self) -> bytes:
        return b"user=" + self.name_of_user() + b"\x01auth=Bearer " + self.token() + b"\x01\x01"


def status(challenge: bytes) -> str:
    """The one part of a refusal that may be logged; "" if there is none."""
    try:
        told = json.loads(challenge.decode())
    except (ValueError, RecursionError):
        return ""
    found = str(told.get("status", "")) if isinstance(told, dict) else ""
    return found if STATUS.fullmatch(found) else ""
