"""What a mechanism is: bytes from the peer in, bytes for the peer out.

    mechanism = Plain(login, peer)
    mechanism.start()             the initial response; None: the peer speaks first
    mechanism.prepare(challenge)  what takes long and must be computed, in another thread, before the step
                                  (None: before the start); it gives None where nothing does
    mechanism.step(challenge)     the response to a challenge
    mechanism.verified            the peer has proved all that the mechanism asks of it: before that, its yes
                                  is not believed

Base64 and commands are the Exchange's. start(), prepare() and step() raise MechanismFailure: then the peer is
told so and nothing more.
Source: RFC 4422; the properties of Cyrus SASL; spec: sasl, 5, 8.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from fastsmtp.sasl.credentials import Login, encoded

NOPLAINTEXT: Final = "noplaintext"  # a listener does not learn the password,
NOACTIVE: Final = "noactive"  # nor does one who takes the peer's place,
NODICTIONARY: Final = "nodictionary"  # nor can it be guessed from what was heard
NOANONYMOUS: Final = "noanonymous"
MUTUAL_AUTH: Final = "mutual_auth"  # the peer proves that it knows the password
FORWARD_SECRECY: Final = "forward_secrecy"
PROPERTIES: Final = (NOPLAINTEXT, NOACTIVE, NODICTIONARY, NOANONYMOUS, MUTUAL_AUTH, FORWARD_SECRECY)

SERVICE: Final = "smtp"


class MechanismFailure(Exception):
    """The mechanism cannot go on: the peer broke its rules, or did not prove itself, or the credentials do
    not fit. Says why, without any secret.
    """


class Peer(NamedTuple):
    """Who asks, and who is asked."""

    host: str  # the server's name
    port: int
    own_name: str  # myhostname
    sends_authzid: bool = False  # send_cyrus_sasl_authzid


class Mechanism:
    """One authentication by one mechanism."""

    name: str
    properties: frozenset[str]

    def __init__(self, login: Login, peer: Peer) -> None:
        self.login = login
        self.peer = peer
        self.verified = True
        self.remark = ""  # what the peer said of its refusal that may be logged

    def start(self) -> bytes | None:
        return None

    def prepare(self, challenge: bytes | None) -> Callable[[], None] | None:
        return None

    def step(self, challenge: bytes) -> bytes:
        raise MechanismFailure(f"{self.name}: unexpected challenge")

    # What most of them need

    def user(self) -> bytes:
        """The user's name, which must be there."""
        user = encoded(self.login.user)
        if not user:
            raise MechanismFailure(f"{self.name} needs a user name")
        if b"\0" in user:
            raise MechanismFailure("the user name holds a NUL")
        return user

    def password(self) -> bytes:
        password = encoded(self.login.password)
        if b"\0" in password:
            raise MechanismFailure("the password holds a NUL")
        return password
